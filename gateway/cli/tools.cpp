#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/yaml_text.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t arguments_max_bytes = 4 << 20;
// The manifest's deadline of a call ends it; this is for a daemon that does not answer at all.
constexpr std::chrono::minutes call_deadline{30};

Error unusable_arguments(const std::string& where, std::string why) {
    return Error{"GH-N400", "the tool's arguments cannot be used", where, std::move(why),
                 R"(Give a JSON object: --json '{"text": "hi"}', --json @FILE, or --json - for )"
                 "standard input"};
}

// Reads one byte more than allowed, so that too much is seen.
std::string read_bounded(std::istream& input) {
    std::string text(arguments_max_bytes + 1, '\0');
    input.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(input.gcount()));
    return text;
}

Result<Json> tool_call_arguments(const std::string& given) {
    if (given.empty()) {
        return Json::object();
    }
    std::string text = given;
    std::string where = "--json";
    if (given == "-") {
        where = "standard input";
        text = read_bounded(std::cin);
    } else if (given.front() == '@') {
        where = given.substr(1);
        std::ifstream file(where, std::ios::binary);
        if (!file) {
            return unusable_arguments(where, "the file cannot be read");
        }
        text = read_bounded(file);
    }
    if (text.size() > arguments_max_bytes) {
        return unusable_arguments(where, "they are larger than 4 MiB");
    }
    auto parsed = parse_json(text);
    if (!parsed) {
        return unusable_arguments(where, parsed.error().why);
    }
    if (!parsed->is_object()) {
        return unusable_arguments(where, "they are no JSON object");
    }
    return parsed;
}

// Texts as they are, of everything else what it is.
void print_tool_result(CliContext& context, const Json& result) {
    std::size_t texts = 0;
    for (const Json& block : member_field(result, "content")) {
        const std::string text = text_field(block, "text");
        if (text_field(block, "type") == "text") {
            ++texts;
            // A text of several lines stays so; what would steer the terminal does not.
            for (std::size_t begin = 0; begin <= text.size();) {
                const std::size_t end = std::min(text.find('\n', begin), text.size());
                const std::string line = text.substr(begin, end - begin);
                context.out << (context.out_is_terminal ? escape_controls(line) : line);
                context.out << (end < text.size() || !text.ends_with('\n') ? "\n" : "");
                begin = end + 1;
            }
            continue;
        }
        context.out << "[" << escape_controls(shown_field(block, "type")) << " "
                    << escape_controls(shown_field(block, "mimeType")) << " "
                    << escape_controls(shown_field(block, "uri")) << "]\n";
    }
    const Json& structured = member_field(result, "structuredContent");
    if (texts == 0 && !structured.is_null()) {
        context.out << shown_json_text(structured) << '\n';
    }
}

} // namespace

ExitCode run_tools(CliContext& context, const std::string& name) {
    ExitCode code = ExitCode::ok;
    const auto answer = ask_daemon(context, "connectors/" + name + "/tools", code);
    if (!answer) {
        return code;
    }
    const Json& tools = member_field(*answer, "tools");
    if (context.wants_value()) {
        print_value(context, *answer);
    } else if (!tools.is_array() || tools.empty()) {
        context.err << (tools.is_array() ? name + " has no tools\n"
                                         : name + " has never started: gatehouse wake " + name +
                                               " asks it what it has\n");
    } else if (context.options.format == OutputFormat::name) {
        for (const Json& tool : tools) {
            context.out << escape_controls(text_field(tool, "name")) << '\n';
        }
    } else {
        context.out << render_table(
            tools_table(tools, context.options.format == OutputFormat::wide),
            context.table_style());
    }
    return ExitCode::ok;
}

ExitCode run_call(CliContext& context, const CallArguments& arguments) {
    auto given = tool_call_arguments(arguments.json);
    if (!given) {
        print_error(context, given.error());
        return ExitCode::usage;
    }
    Json wanted = Json::object();
    wanted["tool"] = arguments.tool;
    wanted["arguments"] = std::move(*given);
    if (!arguments.as_agent.empty()) {
        wanted["as"] = arguments.as_agent;
    }
    const std::string body = dump_json(wanted);
    AdminRequest request;
    request.method = "POST";
    request.target = "/api/v1/connectors/" + arguments.name + "/call";
    request.body = body;
    request.deadline = call_deadline;
    ExitCode code = ExitCode::ok;
    const auto answer = ask_daemon(context, request, code);
    if (!answer) {
        return code;
    }
    const Json& result = member_field(*answer, "result");
    if (context.wants_value()) {
        print_value(context, *answer);
    } else {
        print_tool_result(context, result);
    }
    if (member_field(result, "isError") == Json(true)) {
        context.err << "the tool says that it failed\n";
        return ExitCode::failed;
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
