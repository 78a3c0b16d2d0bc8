#include "gateway/cli/context.hpp"

#include "gateway/cli/yaml_text.hpp"
#include "gateway/config/gateway_reader.hpp"

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t table_max_width = 100;
constexpr std::size_t table_min_width = 40;

bool wants_colour(int fd) {
    const char* no_colour = std::getenv("NO_COLOR");
    return ::isatty(fd) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

std::size_t terminal_width(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return table_max_width;
    }
    return std::clamp<std::size_t>(size.ws_col, table_min_width, table_max_width);
}

// The gateway file alone: a broken manifest must not keep anyone from the daemon that runs.
Result<GatewayConfig> read_gateway_file(const GlobalOptions& options) {
    auto file = find_config(options);
    if (!file) {
        return std::move(file).error();
    }
    GatewayReading reading = read_gateway(runtime::read_document(*file));
    if (!reading.issues.empty()) {
        return Error{"GH-C531", "cannot read the gateway file", file->string(),
                     runtime::to_text(reading.issues.front()),
                     "See all problems with `gatehouse validate`, or name the daemon's socket with "
                     "--socket PATH"};
    }
    return std::move(reading.config);
}

} // namespace

CliContext make_cli_context(GlobalOptions options, std::ostream& out, std::ostream& err) {
    return CliContext{.options = std::move(options),
                      .out = out,
                      .err = err,
                      .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                      .out_colour = wants_colour(STDOUT_FILENO),
                      .err_colour = wants_colour(STDERR_FILENO),
                      .out_width = terminal_width(STDOUT_FILENO),
                      .now = SystemClock().wall_now()};
}

void print_error(CliContext& context, const Error& error) {
    const std::string place = error.where.empty() ? "" : " (" + escape_controls(error.where) + ")";
    context.err << tinted("error:", Tint::bad, context.err_colour) << ' '
                << escape_controls(error.what) << place << " [" << escape_controls(error.code)
                << "]\n";
    // A refused configuration says all its problems, a line each.
    for (std::size_t begin = 0; begin < error.why.size();) {
        const std::size_t end = std::min(error.why.find('\n', begin), error.why.size());
        context.err << (begin == 0 ? "  why: " : "       ")
                    << escape_controls(std::string_view(error.why).substr(begin, end - begin))
                    << '\n';
        begin = end + 1;
    }
    if (!error.action.empty()) {
        context.err << "  do:  " << escape_controls(error.action) << '\n';
    }
}

ExitCode fail_with(CliContext& context, const Error& error) {
    print_error(context, error);
    return exit_code_of(error);
}

void print_value(CliContext& context, const Json& json) {
    if (context.options.format == OutputFormat::yaml) {
        context.out << yaml_text(json);
    } else {
        context.out << shown_json_text(json) << '\n';
    }
}

std::optional<Json> ask_daemon(CliContext& context, const AdminRequest& request, ExitCode& code) {
    const auto client = connect_admin(context.options);
    if (!client) {
        code = fail_with(context, client.error());
        return std::nullopt;
    }
    auto answer = client.value().request(request);
    if (!answer) {
        code = fail_with(context, answer.error());
        return std::nullopt;
    }
    return std::move(*answer);
}

std::optional<Json> ask_daemon(CliContext& context, const std::string& resource, ExitCode& code) {
    AdminRequest request;
    request.target = "/api/v1/" + resource;
    return ask_daemon(context, request, code);
}

bool output_is_abandoned() {
    pollfd output{STDOUT_FILENO, 0, 0};
    return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

Result<std::filesystem::path> find_config(const GlobalOptions& options) {
    const bool given = !options.config.empty();
    const std::filesystem::path file = given ? options.config : "gatehouse.yaml";
    std::error_code problem;
    if (std::filesystem::exists(file, problem)) {
        return file;
    }
    return Error{"GH-C530", "no gateway file", file.string(),
                 problem ? problem.message() : "there is no such file",
                 "Name it with --config FILE or GATEHOUSE_CONFIG, or run where gatehouse.yaml is"};
}

Result<AdminClient> connect_admin(const GlobalOptions& options) {
    if (!options.socket.empty()) {
        return AdminClient(options.socket);
    }
    auto config = read_gateway_file(options);
    if (!config) {
        return std::move(config).error();
    }
    return AdminClient(config->admin_socket);
}

Result<std::filesystem::path> find_data_folder(const GlobalOptions& options) {
    auto config = read_gateway_file(options);
    if (!config) {
        return std::move(config).error();
    }
    return std::move(config->data);
}

} // namespace gatehouse::gateway
