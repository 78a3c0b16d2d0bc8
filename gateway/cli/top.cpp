#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"

#include <algorithm>
#include <ostream>
#include <thread>
#include <vector>

namespace gatehouse::gateway {

namespace {

constexpr std::chrono::seconds refresh_interval{2};
constexpr std::string_view clear_screen = "\033[H\033[2J";

double number_of(const Json& connector, const char* key) {
    const Json& value = member_field(connector, key);
    return value.is_number() ? value.get<double>() : -1.0;
}

// The greatest first; equal ones by name.
Json sorted_connectors(const Json& list, const std::string& by) {
    const char* key = by == "mem" ? "memory_bytes" : by == "calls" ? "calls_recent" : "cpu_percent";
    std::vector<Json> rows(list.begin(), list.end());
    std::sort(rows.begin(), rows.end(), [key](const Json& a, const Json& b) {
        const double left = number_of(a, key);
        const double right = number_of(b, key);
        return left == right ? text_field(a, "name") < text_field(b, "name") : left > right;
    });
    return Json(rows);
}

std::string totals_line(const Json& list) {
    std::uint64_t memory = 0;
    std::uint64_t calls = 0;
    std::uint64_t flying = 0;
    std::uint64_t ready = 0;
    double cpu = 0;
    for (const Json& connector : list) {
        memory += count_field(connector, "memory_bytes");
        calls += count_field(connector, "calls_recent");
        flying += count_field(connector, "in_flight");
        ready += count_field(connector, "instances_ready");
        cpu += std::max(0.0, number_of(connector, "cpu_percent"));
    }
    return std::to_string(list.size()) + " connectors, " + std::to_string(ready) +
           " instances ready, CPU " + std::to_string(static_cast<int>(cpu + 0.5)) + "%, memory " +
           memory_text(memory, 0) + ", " + std::to_string(calls) + " calls in 5 min, " +
           std::to_string(flying) + " in flight\n";
}

void print_top(CliContext& context, const Json& answer, const TopArguments& arguments) {
    const Json list = sorted_connectors(member_field(answer, "connectors"), arguments.sort);
    if (context.wants_value()) {
        Json json = Json::object();
        json["connectors"] = list;
        print_value(context, json);
    } else if (context.options.format == OutputFormat::name) {
        for (const Json& connector : list) {
            context.out << escape_controls(text_field(connector, "name")) << '\n';
        }
    } else {
        context.out << totals_line(list) << render_table(top_table(list), context.table_style());
    }
}

} // namespace

ExitCode run_top(CliContext& context, const TopArguments& arguments) {
    ExitCode code = ExitCode::ok;
    const bool table = !context.wants_value() && context.options.format != OutputFormat::name;
    const bool again = table && context.out_is_terminal && !arguments.once;
    do {
        const auto answer = ask_daemon(context, std::string("connectors"), code);
        if (!answer) {
            return code;
        }
        context.out << (again ? clear_screen : "");
        print_top(context, *answer, arguments);
        context.out.flush();
        if (again) {
            std::this_thread::sleep_for(refresh_interval);
        }
    } while (again && context.out.good());
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
