#include "connectors/faulty/server.hpp"

#include "connectors/echo/json_view.hpp"
#include "connectors/faulty/output.hpp"
#include "connectors/faulty/process_faults.hpp"
#include "connectors/faulty/protocol_faults.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace faulty {
namespace {

using echo_connector::cut_members;
using echo_connector::unquoted;
using echo_connector::Wanted;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view open_schema = R"({"type":"object","additionalProperties":true})";

long number(std::string_view raw) {
    long value = 0;
    std::from_chars(raw.data(), raw.data() + raw.size(), value);
    return value;
}

// False if the file was there already.
bool make_mark(const std::string& path) {
    const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    ::close(fd);
    return true;
}

std::string tool_json(std::string_view name, std::string_view hints) {
    std::string json = R"({"name":")";
    json.append(name).append(R"(","description":"A tool.","inputSchema":)").append(open_schema);
    return json.append(R"(,"annotations":)").append(hints).append("}");
}

} // namespace

bool Server::reach(std::string_view stage) {
    const bool due = options_.when.empty() || ::access(options_.when.c_str(), F_OK) == 0;
    if (options_.at != stage || !due || (!options_.once.empty() && !make_mark(options_.once))) {
        return false;
    }
    do_fault(options_.fault);
    return true;
}

void Server::on_line(std::string_view line) {
    Wanted wanted[] = {{"id"}, {"method"}, {"params"}};
    if (!cut_members(line, wanted)) {
        return;
    }
    const std::string_view method = unquoted(wanted[1].value);
    if (method == "notifications/cancelled") {
        return on_cancel(wanted[2].value);
    }
    if (!wanted[0].value.empty() && !method.empty()) {
        on_request(wanted[0].value, method, wanted[2].value);
    }
}

void Server::on_request(std::string_view id, std::string_view method, std::string_view params) {
    if (method == "initialize") {
        if (options_.early_list_changed) {
            write_line({R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})"});
        }
        reach("initialize");
        return answer_result(
            id, R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},)"
                R"("logging":{}},"serverInfo":{"name":"faulty","version":"0.1.0"}})");
    }
    if (method == "tools/list") {
        reach("list");
        return list_tools(id);
    }
    if (method == "tools/call") {
        return call(id, params);
    }
    if (method == "ping" || method == "logging/setLevel") {
        return answer_result(id, "{}");
    }
    refuse(id, "-32601", "method not found");
}

void Server::list_tools(std::string_view id) {
    std::string tools = tool_json("ok", R"({"readOnlyHint":true})") + "," +
                        tool_json("fault", R"({"readOnlyHint":false})") + "," +
                        tool_json("read", R"({"readOnlyHint":true})");
    for (long i = 0; i < options_.tools_count; ++i) {
        tools += "," + tool_json("tool_" + std::to_string(i), R"({"readOnlyHint":true})");
    }
    answer_result(id, R"({"tools":[)" + tools + "]}");
}

void Server::call(std::string_view id, std::string_view params) {
    Wanted wanted[] = {{"name"}, {"arguments"}};
    cut_members(params, wanted);
    const std::string_view name = unquoted(wanted[0].value);
    if (name == "fault" || name == "read") {
        Fault fault;
        fault.id = id;
        return call_fault(std::move(fault), wanted[1].value);
    }
    call_ok(id, wanted[1].value);
}

void Server::call_ok(std::string_view id, std::string_view arguments) {
    Wanted wanted[] = {{"text"}, {"ms"}};
    cut_members(arguments, wanted);
    const std::string text =
        wanted[0].value.empty() ? "ok" : std::string(unquoted(wanted[0].value));
    const long ms = number(wanted[1].value);
    if (ms == 0) {
        return answer_text(id, text);
    }
    const std::string kept(id);
    later(ms, {{}, kept, false, [kept, text] { answer_text(kept, text); }});
}

void Server::call_fault(Fault fault, std::string_view arguments) {
    Wanted wanted[] = {{"kind"}, {"n"}, {"ms"}, {"text"}, {"after_ms"}, {"meta"}, {"once"}};
    cut_members(arguments, wanted);
    fault.kind = unquoted(wanted[0].value);
    fault.n = number(wanted[1].value);
    fault.ms = number(wanted[2].value);
    fault.text = unquoted(wanted[3].value);
    fault.meta = wanted[5].value;
    const std::string once(unquoted(wanted[6].value));
    if (!once.empty() && !make_mark(once)) {
        return answer_text(fault.id, "done already");
    }
    if (wanted[4].value.empty()) {
        return do_fault(fault);
    }
    answer_text(fault.id, "soon");
    fault.id.clear();
    later(number(wanted[4].value), {{}, "", true, [this, fault] { do_fault(fault); }});
}

void Server::do_fault(const Fault& fault) {
    if (do_timed_fault(fault) || do_protocol_fault(fault)) {
        return;
    }
    const bool known = do_process_fault(fault);
    if (!fault.id.empty()) {
        known ? answer_text(fault.id, "done") : refuse(fault.id, "-32602", "unknown kind");
    }
}

// Those that need the loop.
bool Server::do_timed_fault(const Fault& fault) {
    if (fault.kind == "deaf") {
        reads_ = false;
        return true;
    }
    if (fault.kind == "late") {
        const std::string id = fault.id;
        later(fault.ms, {{}, id, true, [id] { answer_text(id, "late"); }});
        return true;
    }
    if (fault.kind == "answer_when_cancelled") {
        answer_when_cancelled_.push_back(fault.id);
        return true;
    }
    if (fault.kind == "exit_later") {
        later(fault.ms, {{}, "", true, [n = fault.n] { ::_exit(static_cast<int>(n)); }});
        return true;
    }
    if (fault.kind == "mark") {
        make_mark("/data/state/mark");
        answer_text(fault.id, "done");
        return true;
    }
    if (fault.kind == "list_changed") {
        write_line({R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})"});
        answer_text(fault.id, "done");
        return true;
    }
    return false;
}

void Server::on_cancel(std::string_view params) {
    Wanted wanted[] = {{"requestId"}};
    cut_members(params, wanted);
    const std::string id(wanted[0].value);
    std::erase_if(laters_, [&](const Later& l) { return !l.keep && l.id == id; });
    if (std::erase(answer_when_cancelled_, id) > 0) {
        answer_text(id, "after all");
    }
}

void Server::later(long ms, Later what) {
    what.due = steady_clock::now() + milliseconds(ms);
    laters_.push_back(std::move(what));
}

void Server::on_time() {
    const auto now = steady_clock::now();
    for (std::size_t i = 0; i < laters_.size();) {
        if (laters_[i].due > now) {
            ++i;
            continue;
        }
        const auto act = std::move(laters_[i].act);
        laters_.erase(laters_.begin() + static_cast<std::ptrdiff_t>(i));
        act();
    }
}

int Server::wait_ms() const {
    if (laters_.empty()) {
        return -1;
    }
    TimePoint first = TimePoint::max();
    for (const Later& l : laters_) {
        first = std::min(first, l.due);
    }
    const auto left = std::chrono::ceil<milliseconds>(first - steady_clock::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, 60'000));
}

} // namespace faulty
