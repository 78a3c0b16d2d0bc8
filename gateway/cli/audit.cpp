#include "gateway/cli/commands.hpp"
#include "gateway/cli/views.hpp"
#include "gateway/journal/journal.hpp"

#include <ostream>
#include <utility>

namespace gatehouse::gateway {

namespace {

Result<std::filesystem::path> journal_folder(const CliContext& context,
                                             const AuditArguments& arguments) {
    std::filesystem::path data = arguments.data;
    if (data.empty()) {
        auto found = find_data_folder(context.options);
        if (!found) {
            return std::move(found).error();
        }
        data = std::move(*found);
    }
    std::filesystem::path folder = data / "journal";
    std::error_code problem;
    if (!std::filesystem::is_directory(folder, problem)) {
        return Error{"GH-N404", "no journal here", folder.string(),
                     problem ? problem.message() : "it is not a folder",
                     "Name the daemon's data folder with --data DIR"};
    }
    return folder;
}

} // namespace

ExitCode run_audit_tail(CliContext& context, const AuditArguments& arguments) {
    const auto folder = journal_folder(context, arguments);
    if (!folder) {
        return fail_with(context, folder.error());
    }
    const auto lines = tail_journal(folder.value(), arguments.count);
    if (!lines) {
        return fail_with(context, lines.error());
    }
    if (context.wants_value()) {
        for (const std::string& line : lines.value()) {
            context.out << line << (line.ends_with('\n') ? "" : "\n");
        }
    } else {
        context.out << render_table(audit_table(lines.value()), context.table_style());
    }
    return ExitCode::ok;
}

ExitCode run_audit_verify(CliContext& context, const AuditArguments& arguments) {
    const auto folder = journal_folder(context, arguments);
    if (!folder) {
        return fail_with(context, folder.error());
    }
    const auto verdict = verify_journal(folder.value());
    if (!verdict) {
        return fail_with(context, verdict.error());
    }
    const JournalVerdict& found = verdict.value();
    if (found.problem) {
        print_error(context,
                    Error{"GH-G902", "the journal does not verify", folder.value().string(),
                          *found.problem,
                          "Records from there on are not proven; keep the folder and look who "
                          "could write to it"});
        return ExitCode::audit_failed;
    }
    if (context.wants_value()) {
        Json json = Json::object();
        json["ok"] = true;
        json["record_count"] = found.record_count;
        print_value(context, json);
    } else {
        context.out << "ok: " << found.record_count << " records, the chain is whole\n";
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
