#include "connectors/echo/server.hpp"

#include "connectors/echo/json_view.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace echo_connector {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t max_sleepers_count = 4096;
constexpr long long max_sleep_ms = 3'600'000;
constexpr long long max_blob_bytes = 64LL << 20;
constexpr int progress_steps = 10; // notifications per sleep, the answer not counted

constexpr std::array<std::string_view, 4> versions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                      "2024-11-05"};

constexpr std::string_view tools_json =
    R"({"tools":[)"
    R"({"name":"echo","title":"Echo","description":"Answers with the text it was given.",)"
    R"("inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],)"
    R"("additionalProperties":false},"annotations":{"readOnlyHint":true}},)"
    R"({"name":"add","title":"Add","description":"Adds two numbers.",)"
    R"("inputSchema":{"type":"object","properties":{"a":{"type":"number"},"b":{"type":"number"}},)"
    R"("required":["a","b"],"additionalProperties":false},)"
    R"("outputSchema":{"type":"object","properties":{"sum":{"type":"number"}},"required":["sum"]},)"
    R"("annotations":{"readOnlyHint":true}},)"
    R"({"name":"blob","title":"Blob","description":"Answers with a text of the given size.",)"
    R"("inputSchema":{"type":"object","properties":{"bytes":{"type":"integer","minimum":0,)"
    R"("maximum":67108864}},"required":["bytes"],"additionalProperties":false},)"
    R"("annotations":{"readOnlyHint":true}},)"
    R"({"name":"report","title":"Report","description":"Answers as echo does, after one report of progress.",)"
    R"("inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],)"
    R"("additionalProperties":false},"annotations":{"readOnlyHint":true}},)"
    R"({"name":"sleep","title":"Sleep","description":"Answers after the given time, with progress.",)"
    R"("inputSchema":{"type":"object","properties":{"ms":{"type":"integer","minimum":0,)"
    R"("maximum":3600000}},"required":["ms"],"additionalProperties":false},)"
    R"("annotations":{"readOnlyHint":true}}]})";

void append(std::string& out, std::initializer_list<std::string_view> parts) {
    for (std::string_view part : parts) {
        out.append(part);
    }
}

void answer(std::string& out, std::string_view id, std::string_view result) {
    append(out, {R"({"jsonrpc":"2.0","id":)", id, R"(,"result":)", result, "}\n"});
}

void refuse(std::string& out, std::string_view id, std::string_view code,
            std::string_view message) {
    append(out, {R"({"jsonrpc":"2.0","id":)", id, R"(,"error":{"code":)", code, R"(,"message":")",
                 message, "\"}}\n"});
}

// `inner` is the inside of a JSON string.
void answer_text(std::string& out, std::string_view id, std::string_view inner) {
    append(out, {R"({"jsonrpc":"2.0","id":)", id,
                 R"(,"result":{"content":[{"type":"text","text":")", inner, "\"}]}}\n"});
}

void answer_tool_error(std::string& out, std::string_view id, std::string_view message) {
    append(out,
           {R"({"jsonrpc":"2.0","id":)", id, R"(,"result":{"content":[{"type":"text","text":")",
            message, "\"}],\"isError\":true}}\n"});
}

std::optional<double> number(std::string_view raw) {
    double value = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (raw.empty() || error != std::errc{} || end != raw.data() + raw.size() ||
        !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

// 5.0 counts as 5: JSON has one kind of number.
std::optional<long long> count(std::string_view raw, long long max) {
    const std::optional<double> value = number(raw);
    if (!value || *value < 0 || *value > static_cast<double>(max) || std::floor(*value) != *value) {
        return std::nullopt;
    }
    return static_cast<long long>(*value);
}

std::string_view print(double value, std::array<char, 32>& buffer) {
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

void initialize(std::string_view id, std::string_view params, std::string& out) {
    Wanted wanted[] = {{"protocolVersion"}};
    cut_members(params, wanted);
    const std::string_view asked = unquoted(wanted[0].value);
    const bool known = std::find(versions.begin(), versions.end(), asked) != versions.end();
    append(out, {R"({"jsonrpc":"2.0","id":)", id, R"(,"result":{"protocolVersion":")",
                 known ? asked : versions.front(),
                 R"(","capabilities":{"tools":{}},"serverInfo":{"name":"echo","title":"Echo",)",
                 R"("version":"0.1.0"}}})", "\n"});
}

void call_echo(std::string_view id, std::string_view arguments, std::string& out) {
    Wanted wanted[] = {{"text"}};
    if (!cut_members(arguments, wanted) || !is_string(wanted[0].value)) {
        return answer_tool_error(out, id, "text must be a string");
    }
    answer_text(out, id, unquoted(wanted[0].value));
}

void report_progress(std::string& out, std::string_view token, std::string_view progress,
                     std::string_view total) {
    append(out, {R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)",
                 token, R"(,"progress":)", progress, R"(,"total":)", total, "}}\n"});
}

std::string_view progress_token(std::string_view meta) {
    Wanted token[] = {{"progressToken"}};
    cut_members(meta, token);
    return token[0].value;
}

void call_report(std::string_view id, std::string_view arguments, std::string_view meta,
                 std::string& out) {
    if (const std::string_view token = progress_token(meta); !token.empty()) {
        report_progress(out, token, "1", "1");
    }
    call_echo(id, arguments, out);
}

void call_add(std::string_view id, std::string_view arguments, std::string& out) {
    Wanted wanted[] = {{"a"}, {"b"}};
    cut_members(arguments, wanted);
    const std::optional<double> a = number(wanted[0].value);
    const std::optional<double> b = number(wanted[1].value);
    if (!a || !b || !std::isfinite(*a + *b)) {
        return answer_tool_error(out, id, "a and b must be numbers with a finite sum");
    }
    std::array<char, 32> buffer{};
    const std::string_view sum = print(*a + *b, buffer);
    append(out,
           {R"({"jsonrpc":"2.0","id":)", id, R"(,"result":{"content":[{"type":"text","text":")",
            sum, R"("}],"structuredContent":{"sum":)", sum, "}}}\n"});
}

void call_blob(std::string_view id, std::string_view arguments, std::string& out) {
    Wanted wanted[] = {{"bytes"}};
    cut_members(arguments, wanted);
    const std::optional<long long> bytes = count(wanted[0].value, max_blob_bytes);
    if (!bytes) {
        return answer_tool_error(out, id, "bytes must be an integer from 0 to 67108864");
    }
    append(out,
           {R"({"jsonrpc":"2.0","id":)", id, R"(,"result":{"content":[{"type":"text","text":")"});
    out.append(static_cast<std::size_t>(*bytes), 'x');
    out.append("\"}]}}\n");
}

} // namespace

void Server::on_line(std::string_view line, TimePoint now, std::string& out) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
        return;
    }
    Wanted wanted[] = {{"id"}, {"method"}, {"params"}};
    if (!cut_members(line, wanted)) {
        return refuse(out, "null", "-32700", "not a JSON object");
    }
    const std::string_view id = wanted[0].value;
    const std::string_view method = unquoted(wanted[1].value);
    if (!id.empty() && !method.empty()) {
        return on_request(id, method, wanted[2].value, now, out);
    }
    if (method == "notifications/cancelled") {
        cancel(wanted[2].value);
    }
}

void Server::on_request(std::string_view id, std::string_view method, std::string_view params,
                        TimePoint now, std::string& out) {
    if (method == "tools/call") {
        return call_tool(id, params, now, out);
    }
    if (method == "initialize") {
        return initialize(id, params, out);
    }
    if (method == "tools/list") {
        return answer(out, id, tools_json);
    }
    if (method == "ping") {
        return answer(out, id, "{}");
    }
    refuse(out, id, "-32601", "method not found");
}

void Server::call_tool(std::string_view id, std::string_view params, TimePoint now,
                       std::string& out) {
    Wanted wanted[] = {{"name"}, {"arguments"}, {"_meta"}};
    cut_members(params, wanted);
    const std::string_view name = unquoted(wanted[0].value);
    const std::string_view arguments = wanted[1].value;
    if (name == "echo") {
        return call_echo(id, arguments, out);
    }
    if (name == "add") {
        return call_add(id, arguments, out);
    }
    if (name == "blob") {
        return call_blob(id, arguments, out);
    }
    if (name == "report") {
        return call_report(id, arguments, wanted[2].value, out);
    }
    if (name == "sleep") {
        return sleep(id, arguments, wanted[2].value, now, out);
    }
    refuse(out, id, "-32602", "unknown tool");
}

void Server::sleep(std::string_view id, std::string_view arguments, std::string_view meta,
                   TimePoint now, std::string& out) {
    Wanted wanted[] = {{"ms"}};
    cut_members(arguments, wanted);
    const std::optional<long long> length = count(wanted[0].value, max_sleep_ms);
    if (!length) {
        return answer_tool_error(out, id, "ms must be an integer from 0 to 3600000");
    }
    if (sleepers_.size() >= max_sleepers_count) {
        return answer_tool_error(out, id, "too many calls sleep already");
    }
    sleepers_.push_back(
        {std::string(id), std::string(progress_token(meta)), now, milliseconds(*length)});
}

void Server::cancel(std::string_view params) {
    Wanted wanted[] = {{"requestId"}};
    cut_members(params, wanted);
    std::erase_if(sleepers_, [&](const Sleeper& s) { return s.id == wanted[0].value; });
}

TimePoint Server::due(const Sleeper& sleeper) {
    if (sleeper.token.empty()) {
        return sleeper.start + sleeper.length;
    }
    return sleeper.start + sleeper.length * (sleeper.steps_done + 1) / (progress_steps + 1);
}

void Server::on_time(TimePoint now, std::string& out) {
    for (std::size_t i = 0; i < sleepers_.size();) {
        Sleeper& sleeper = sleepers_[i];
        while (!sleeper.token.empty() && sleeper.steps_done < progress_steps &&
               due(sleeper) <= now) {
            ++sleeper.steps_done;
            report_progress(out, sleeper.token, std::to_string(sleeper.steps_done),
                            std::to_string(progress_steps));
        }
        if (sleeper.start + sleeper.length > now) {
            ++i;
            continue;
        }
        answer_text(out, sleeper.id, "slept " + std::to_string(sleeper.length.count()) + " ms");
        sleepers_.erase(sleepers_.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

std::optional<TimePoint> Server::next_due() const {
    if (sleepers_.empty()) {
        return std::nullopt;
    }
    TimePoint first = TimePoint::max();
    for (const Sleeper& sleeper : sleepers_) {
        first = std::min(first, due(sleeper));
    }
    return first;
}

} // namespace echo_connector
