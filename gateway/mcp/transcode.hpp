// Between the two eras: what a client's params become for a connector, and what a connector's
// result or error becomes for a client. Nothing large is rebuilt: a result is cut at the few places
// that change, and its largest untouched piece stays where it is. Pure.
#pragma once

#include "gateway/http/server.hpp"
#include "gateway/mcp/messages.hpp"
#include "gateway/mcp/protocol.hpp"
#include "runtime/connector_call.hpp"

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

constexpr int rpc_missing_capability = -32021; // MCP 2026-07-28, schema
constexpr int rpc_legacy_not_found = -32002;   // MCP up to 2025-11-25, resources
// Of the task that params or a result are about, where they are not a task's own.
constexpr std::string_view related_task_pointer =
    "/_meta/io.modelcontextprotocol~1related-task/taskId";
constexpr std::string_view tasks_extension = "io.modelcontextprotocol/tasks";

// Replaces `length` bytes at `offset` of a text.
struct TextEdit {
    std::size_t offset = 0;
    std::size_t length = 0;
    std::string text;
};
using TextEdits = std::vector<TextEdit>;

// An edit that replaces `part`, which lies in `whole`.
TextEdit replace_part(std::string_view whole, std::string_view part, std::string text);
// The text with all edits made; they do not overlap and may stand in any order.
std::string edited(std::string_view text, TextEdits edits);
// A reply of prefix, edited body, suffix.
HttpReply spliced_reply(std::string prefix, runtime::CallReply reply, TextEdits edits);

// What a result needs to be right for a client of the other era: resultType, ttlMs and cacheScope
// (only where the modern schema asks for them) come or go, and so do modern keys of `_meta`.
TextEdits era_edits(std::string_view method, Era connector, Era client, std::string_view result);

// What a modern connector's result is; all others are complete.
enum class ResultKind { complete, input_required, task };
ResultKind result_kind(const runtime::CallReply& reply);

// An error as the client of that era knows it. `uri`: as the client wrote it; empty unless the
// request was about a resource.
struct ForeignError {
    int http_status = 200;
    std::string text; // raw JSON of the error; empty: the connector's own bytes are right
};
ForeignError client_error(Era connector, Era client, std::string_view uri, std::string_view error);

// The inside of a `_meta` for the connector, without braces: what a client sent, without what
// belongs to the hop between client and gateway. Empty: nothing is left.
std::string meta_for_connector(std::string_view meta);

// Adds a member to the text of an object that is not closed yet.
void append_param(std::string& text, std::string_view key, std::string_view raw_value);
// Closes params for a connector that were begun with "{": adds those members of the client's params
// that are passed on as they are, and what is left of its `_meta`.
std::string params_for_connector(std::string text, std::string_view params,
                                 std::initializer_list<std::string_view> passed_on,
                                 std::string_view meta);

// notifications/progress for the client: its own token in place of the session's.
std::string progress_message(std::string_view client_token, std::string_view connector_params);
std::string log_message(std::string_view connector_params);
// The level in params of notifications/message; empty if it has none.
std::string log_level_in(std::string_view connector_params);

// The literal of the task's id in the result of a request that makes or names a task: "/taskId",
// "/task/taskId", or in `_meta` the related task's. Empty if there is none.
std::optional<std::string_view> task_id_in(std::string_view result);

// Translates the related task in `_meta` of params or of an answer; the same text if it names none.
// `translate` gives the other side's id, or nothing to leave it.
using TranslateId = std::function<std::optional<std::string>(const std::string& id)>;
std::string with_related_task(std::string_view raw, const TranslateId& translate);

} // namespace gatehouse::gateway
