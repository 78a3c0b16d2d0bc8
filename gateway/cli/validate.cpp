#include "gateway/cli/commands.hpp"
#include "gateway/config/gateway_config.hpp"

#include <ostream>

namespace gatehouse::gateway {

namespace {

Json issue_json(const runtime::Issue& issue) {
    Json json = Json::object();
    json["file"] = issue.file;
    json["line"] = issue.line;
    json["column"] = issue.column;
    json["path"] = issue.path;
    json["code"] = issue.code;
    json["message"] = issue.message;
    json["hint"] = issue.hint;
    return json;
}

} // namespace

ExitCode run_validate(CliContext& context, const std::vector<std::filesystem::path>& files) {
    const runtime::Issues issues = validate_files(files);
    if (context.wants_value()) {
        Json list = Json::array();
        for (const runtime::Issue& issue : issues) {
            list.push_back(issue_json(issue));
        }
        Json json = Json::object();
        json["ok"] = issues.empty();
        json["issues"] = std::move(list);
        print_value(context, json);
    } else {
        for (const runtime::Issue& issue : issues) {
            context.err << escape_controls(runtime::to_text(issue)) << '\n';
        }
    }
    if (!issues.empty()) {
        context.err << issues.size() << (issues.size() == 1 ? " problem\n" : " problems\n");
        return ExitCode::invalid_manifest;
    }
    if (!context.wants_value()) {
        context.out << "ok: " << files.size() << (files.size() == 1 ? " file\n" : " files\n");
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
