#include "runtime/base/log.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"
#include "runtime/session/request_text.hpp"
#include "runtime/session/session_core.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view offered_version = "2025-11-25";
constexpr std::array<std::string_view, 4> spoken_versions = {"2024-11-05", "2025-03-26",
                                                             "2025-06-18", "2025-11-25"};
constexpr int tool_pages_max_count = 1000;
constexpr std::size_t catalogue_max_bytes = 64ULL << 20;

Error wrong_answer(std::string what, std::string why) {
    return Error{"GH-M403", std::move(what), "", std::move(why),
                 "see the connector's log, and report it to the connector's author"};
}

// Turns a reply that is no result into the Error of the step `doing`.
Error failed_step(const CallReply& reply, const std::string& doing) {
    if (reply.end == CallEnd::error) {
        std::string message;
        if (const auto literal = find_member(reply.body(), "message")) {
            message = string_value(*literal).value_or("");
        }
        return wrong_answer("the connector refused " + doing, message.substr(0, 512));
    }
    Error failure = reply.failure;
    failure.where = doing;
    if (reply.end == CallEnd::timed_out) {
        failure = Error{"GH-P306", "the connector did not answer " + doing + " in time", doing,
                        "it is slow to start, or speaks no MCP on its stdout",
                        "see the connector's log, or raise run.timeouts.startup in its manifest"};
    }
    const bool ended = reply.end == CallEnd::may_have_run || reply.end == CallEnd::never_sent;
    if (ended && failure.code == "GH-P301") {
        // The words for a caller ("may have run") would mislead here: nobody called a tool yet.
        failure = Error{"GH-P301", "the connector ended before it answered " + doing, doing,
                        failure.why, "see the connector's log"};
    }
    return failure;
}

struct ToolCollection {
    std::vector<Tool>& tools;
    std::size_t max_count;
    std::size_t total_bytes = 0;
    std::unordered_set<std::string> names = {};
};

Result<void> add_tool(ToolCollection& collection, std::string_view definition) {
    const auto name_literal = find_member(definition, "name");
    auto name = name_literal ? string_value(*name_literal) : std::nullopt;
    if (!name || name->empty()) {
        return wrong_answer("tools/list holds a tool without a name", "");
    }
    if (!collection.names.insert(*name).second) {
        std::string shown;
        append_quoted(name->substr(0, 128), shown);
        log_warn("GH-M405 a connector lists the tool " + shown + " twice; the first is kept");
        return {};
    }
    collection.total_bytes += definition.size();
    if (collection.tools.size() >= collection.max_count ||
        collection.total_bytes > catalogue_max_bytes) {
        return wrong_answer("the connector lists too many tools",
                            "more than " + std::to_string(collection.max_count) +
                                " or than 64 MiB");
    }
    collection.tools.push_back(Tool{std::move(*name), std::string(definition)});
    return {};
}

Result<void> add_page(ToolCollection& collection, std::string_view result) {
    const auto list = find_member(result, "tools");
    if (!list) {
        return wrong_answer("the answer to tools/list has no tools", "");
    }
    const auto definitions = array_elements(*list);
    if (!definitions) {
        return wrong_answer("the answer to tools/list is malformed", "tools is not an array");
    }
    for (const std::string_view definition : *definitions) {
        if (auto added = add_tool(collection, definition); !added) {
            return added;
        }
    }
    return {};
}

// The raw cursor of the next page; empty when this page is the last. null and "" count as absent,
// because some servers write their empty fields out.
std::string next_cursor(std::string_view result) {
    const auto cursor = find_member(result, "nextCursor");
    const bool present = cursor && cursor->size() > 2 && cursor->front() == '"';
    return present ? std::string(*cursor) : std::string();
}

} // namespace

Task<CallReply> SessionCore::ask(std::shared_ptr<SessionCore> core, std::string method,
                                 std::string params, SteadyTime until) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = std::move(method);
    call->params = std::move(params);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    call->deadline = std::max(left, std::chrono::milliseconds(0));
    return perform(std::move(core), std::move(call), Lane::direct);
}

Result<void> SessionCore::note_initialize_answer(std::string_view result) {
    const auto version = find_member(result, "protocolVersion");
    const std::string spoken = version ? string_value(*version).value_or("") : "";
    if (std::find(spoken_versions.begin(), spoken_versions.end(), spoken) ==
        spoken_versions.end()) {
        return Error{"GH-M404", "the connector speaks an unknown protocol version", "initialize",
                     "it answered '" + spoken.substr(0, 64) +
                         "'; known are 2024-11-05 to 2025-11-25",
                     "use a release of the connector that speaks one of them"};
    }
    introduction_ = Catalogue();
    introduction_.protocol_version = spoken;
    introduction_.server_info = std::string(find_member(result, "serverInfo").value_or("{}"));
    if (const auto instructions = find_member(result, "instructions")) {
        introduction_.instructions = string_value(*instructions).value_or("");
    }
    const auto tools = find_pointer(result, "/capabilities/tools");
    offers_tools_ = tools && tools->front() == '{';
    return {};
}

Task<Result<Catalogue>> SessionCore::handshake(std::shared_ptr<SessionCore> core,
                                               SteadyTime until) {
    std::string params = "{\"protocolVersion\":";
    append_quoted(offered_version, params);
    params += R"(,"capabilities":{},"clientInfo":{"name":"gatehouse","version":)";
    append_quoted(GATEHOUSE_VERSION, params);
    params += "}}";
    auto asking = ask(core, "initialize", std::move(params), until);
    const CallReply reply = co_await std::move(asking);
    if (reply.end != CallEnd::result) {
        co_return failed_step(reply, "initialize");
    }
    if (auto noted = core->note_initialize_answer(reply.body()); !noted) {
        co_return std::move(noted).error();
    }
    append_notification("notifications/initialized", "", core->output_->buffer());
    core->output_->flush_soon();
    auto listing = list_tools(core, until);
    Result<Catalogue> catalogue = co_await std::move(listing);
    co_return catalogue;
}

Task<bool> SessionCore::ping(std::shared_ptr<SessionCore> core, SteadyTime until) {
    auto asking = ask(std::move(core), "ping", "", until);
    const CallReply reply = co_await std::move(asking);
    // An error is an answer too: some connectors do not know ping, and are alive.
    co_return reply.end == CallEnd::result || reply.end == CallEnd::error;
}

Task<Result<Catalogue>> SessionCore::list_tools(std::shared_ptr<SessionCore> core,
                                                SteadyTime until) {
    Catalogue catalogue = core->introduction_;
    ToolCollection collection{catalogue.tools, core->options_.catalogue_items_max_count};
    std::unordered_set<std::string> seen_cursors;
    std::string cursor;
    for (int page = 0; core->offers_tools_; ++page) {
        std::string params = cursor.empty() ? "" : "{\"cursor\":" + cursor + "}";
        auto asking = ask(core, "tools/list", std::move(params), until);
        const CallReply reply = co_await std::move(asking);
        if (reply.end != CallEnd::result) {
            co_return failed_step(reply, "tools/list");
        }
        if (auto added = add_page(collection, reply.body()); !added) {
            co_return std::move(added).error();
        }
        cursor = next_cursor(reply.body());
        if (cursor.empty()) {
            break;
        }
        if (page + 1 == tool_pages_max_count || !seen_cursors.insert(cursor).second) {
            co_return wrong_answer("the connector's tools/list does not end",
                                   page + 1 == tool_pages_max_count ? "more than 1000 pages"
                                                                    : "a cursor came twice");
        }
    }
    co_return catalogue;
}

} // namespace gatehouse::runtime
