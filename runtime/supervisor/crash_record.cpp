#include "runtime/supervisor/crash_record.hpp"

#include "runtime/supervisor/small_file.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t crash_file_max_bytes = 4ULL << 20;
constexpr std::size_t crash_number_digits_count = 20; // of any 64-bit number

Error parse_crash_error(const Json& json) {
    return Error{json.value("code", ""), json.value("what", ""), json.value("where", ""),
                 json.value("why", ""), json.value("action", "")};
}

Json crash_exit_json(const ExitEvidence& exit) {
    return Json{{"result", exit.result},
                {"code", exit.code},
                {"signal", exit.signal},
                {"core", exit.core},
                {"uptime_ms", exit.uptime.count()},
                {"mem_peak", exit.memory_peak_bytes},
                {"mem_max", exit.memory_max_bytes}};
}

ExitEvidence parse_crash_exit(const Json& json) {
    ExitEvidence exit;
    exit.result = json.value("result", "");
    exit.code = json.value("code", 0);
    exit.signal = json.value("signal", 0);
    exit.core = json.value("core", false);
    exit.uptime = std::chrono::milliseconds(json.value("uptime_ms", std::int64_t{0}));
    exit.memory_peak_bytes = json.value("mem_peak", std::uint64_t{0});
    exit.memory_max_bytes = json.value("mem_max", std::uint64_t{0});
    return exit;
}

Json crashed_call_json(const CrashedCall& call) {
    return Json{{"id", call.id.value},
                {"method", call.method},
                {"target", call.target},
                {"age_ms", call.age.count()},
                {"told", call.told}};
}

CrashedCall parse_crashed_call(const Json& json) {
    CrashedCall call;
    call.id = CallId{json.value("id", std::uint64_t{0})};
    call.method = json.value("method", "");
    call.target = json.value("target", "");
    call.age = std::chrono::milliseconds(json.value("age_ms", std::int64_t{0}));
    call.told = json.value("told", "");
    return call;
}

// The number of the instance first, with all its digits, so that the names sort by age.
std::filesystem::path crash_file_name(const CrashRecord& record) {
    const std::string number = std::to_string(record.instance.value);
    return std::string(crash_number_digits_count - number.size(), '0') + number + ".json";
}

std::vector<std::filesystem::path> crash_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        if (entry.path().extension() == ".json") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

Json crash_json(const CrashRecord& record) {
    Json calls = Json::array();
    for (const CrashedCall& call : record.calls) {
        calls.push_back(crashed_call_json(call));
    }
    return Json{{"connector", record.connector},        {"instance", record.instance.value},
                {"time", rfc3339_text(record.time)},    {"cause", error_json(record.cause)},
                {"exit", crash_exit_json(record.exit)}, {"calls", std::move(calls)},
                {"last_lines", record.last_lines},      {"log_cursor", record.log_cursor}};
}

// A damaged file is foreign text as any other: what has another type than it should is refused.
std::optional<CrashRecord> parse_crash(const Json& json) try {
    const auto time = parse_rfc3339(json.at("time").get<std::string>());
    if (!time) {
        return std::nullopt;
    }
    CrashRecord record;
    record.connector = json.at("connector").get<std::string>();
    record.instance = InstanceId{json.at("instance").get<std::uint64_t>()};
    record.time = *time;
    record.cause = parse_crash_error(json.at("cause"));
    record.exit = parse_crash_exit(json.at("exit"));
    for (const Json& call : json.at("calls")) {
        record.calls.push_back(parse_crashed_call(call));
    }
    record.last_lines = json.at("last_lines").get<std::vector<std::string>>();
    record.log_cursor = json.value("log_cursor", std::uint64_t{0});
    return record;
} catch (const Json::exception&) {
    return std::nullopt;
}

Result<void> CrashStore::add(const CrashRecord& record) {
    if (folder_.empty()) {
        return {};
    }
    const std::filesystem::path own = folder_ / record.connector;
    // Never worth holding up the loop for a slow disk.
    auto kept = replace_small_file(own / crash_file_name(record), dump_json(crash_json(record)),
                                   Durability::process);
    const auto files = crash_files(own);
    for (std::size_t index = 0; index + kept_max_count < files.size(); ++index) {
        std::error_code ignored;
        std::filesystem::remove(files[index], ignored);
    }
    return kept;
}

std::vector<CrashRecord> CrashStore::list(const ConnectorName& name) const {
    std::vector<CrashRecord> records;
    if (folder_.empty()) {
        return records;
    }
    auto files = crash_files(folder_ / name.str());
    std::reverse(files.begin(), files.end());
    for (const auto& file : files) {
        const auto text = read_small_file(file, crash_file_max_bytes);
        const auto json = text ? parse_json(*text) : Result<Json>(Error{"GH-M403", "", "", "", ""});
        if (auto record = json ? parse_crash(*json) : std::nullopt) {
            records.push_back(std::move(*record));
        }
    }
    return records;
}

} // namespace gatehouse::runtime
