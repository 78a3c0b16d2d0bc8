#include "gateway/mcp/transcode.hpp"

#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace gatehouse::gateway {

namespace {

using runtime::find_member;
using runtime::JsonMember;
using runtime::object_members;
using runtime::string_value;

// A key as it reads; most are written without escapes.
std::string plain_key(std::string_view raw) {
    if (raw.find('\\') == std::string_view::npos) {
        return std::string(raw);
    }
    return string_value("\"" + std::string(raw) + "\"").value_or(std::string(raw));
}

bool is_protocol_key(std::string_view key) {
    return key.starts_with(meta_protocol_prefix);
}

bool belongs_to_hop(std::string_view key) {
    return key == "progressToken" || is_protocol_key(key);
}

// Of the protocol's keys, but for the slash, which some write as "\\/".
constexpr std::string_view protocol_word = "io.modelcontextprotocol";

bool mentions(std::string_view text, std::string_view word) {
    return ::memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
}

void append_member(std::string& inside, std::string_view raw_key, std::string_view raw_value) {
    inside += inside.empty() ? "\"" : ",\"";
    inside += raw_key;
    inside += "\":";
    inside += raw_value;
}

template <class Keep>
std::string members_kept(std::string_view object, const Keep& keep) {
    std::string inside;
    const auto members = object_members(object);
    if (!members) {
        return inside;
    }
    for (const JsonMember& member : *members) {
        if (keep(plain_key(member.key))) {
            append_member(inside, member.key, member.value);
        }
    }
    return inside;
}

std::size_t offset_of(std::string_view whole, std::string_view part) {
    return static_cast<std::size_t>(part.data() - whole.data());
}

// Where a member begins (its key's quote) and ends in the text of its object.
std::size_t begin_of(std::string_view whole, const JsonMember& member) {
    return offset_of(whole, member.key) - 1;
}
std::size_t end_of(std::string_view whole, const JsonMember& member) {
    return offset_of(whole, member.value) + member.value.size();
}

// Takes members out together with one comma each.
template <class Remove>
void remove_members(std::string_view object, const std::vector<JsonMember>& members,
                    const Remove& remove, TextEdits& edits) {
    std::size_t last_kept_end = 0;
    bool any_kept = false;
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (!remove(members[i])) {
            any_kept = true;
            last_kept_end = end_of(object, members[i]);
            continue;
        }
        std::size_t next = i + 1;
        while (next < members.size() && remove(members[next])) {
            ++next;
        }
        const bool at_end = next == members.size();
        const std::size_t from = at_end && any_kept ? last_kept_end : begin_of(object, members[i]);
        const std::size_t until =
            at_end ? end_of(object, members[next - 1]) : begin_of(object, members[next]);
        edits.push_back({from, until - from, ""});
        i = next - 1;
    }
}

bool is_modern_member(std::string_view raw_key) {
    constexpr std::string_view names[] = {"resultType", "ttlMs", "cacheScope"};
    return std::any_of(std::begin(names), std::end(names),
                       [&](std::string_view name) { return runtime::spells(raw_key, name); });
}

TextEdits edits_for_modern(std::string_view method, std::string_view result) {
    TextEdits edits;
    std::string added = R"("resultType":"complete")";
    if (method == "resources/read") {
        added += R"(,"ttlMs":0,"cacheScope":"private")";
    }
    // What a legacy connector says of the kind of its result means nothing.
    const auto foreign = [](const JsonMember& member) { return is_modern_member(member.key); };
    bool empty = true;
    if (const auto members = object_members(result)) {
        remove_members(result, *members, foreign, edits);
        empty = std::all_of(members->begin(), members->end(), foreign);
    }
    edits.push_back({1, 0, added + (empty ? "" : ",")});
    return edits;
}

// How long what was read holds is the connector's word; for whom, is not: policy decides who may
// read it, so that no cache may show it to others.
void keep_private(std::string_view result, std::string& added, TextEdits& edits) {
    if (!find_member(result, "ttlMs")) {
        added += R"(,"ttlMs":0)";
    }
    const auto scope = find_member(result, "cacheScope");
    if (!scope) {
        added += R"(,"cacheScope":"private")";
    } else if (*scope != R"("private")") {
        edits.push_back(replace_part(result, *scope, R"("private")"));
    }
}

TextEdits edits_within_modern(std::string_view method, std::string_view result) {
    TextEdits edits;
    std::string added;
    // A result without a type means "complete"; clients insist on its saying so.
    const auto type = find_member(result, "resultType");
    if (!type) {
        added = R"(,"resultType":"complete")";
    }
    if (method == "resources/read" && (!type || *type == R"("complete")")) {
        keep_private(result, added, edits);
    }
    if (!added.empty()) {
        const auto members = object_members(result);
        const bool empty = !members || members->empty();
        edits.push_back({1, 0, added.substr(1) + (empty ? "" : ",")});
    }
    return edits;
}

TextEdits edits_for_legacy(std::string_view result) {
    TextEdits edits;
    const auto members = object_members(result);
    if (!members) {
        return edits;
    }
    std::string kept_meta;
    bool meta_changes = false;
    for (const JsonMember& member : *members) {
        if (runtime::spells(member.key, "_meta") && mentions(member.value, protocol_word)) {
            meta_changes = true;
            kept_meta = members_kept(member.value,
                                     [](std::string_view key) { return !is_protocol_key(key); });
            if (!kept_meta.empty()) {
                edits.push_back(replace_part(result, member.value, "{" + kept_meta + "}"));
            }
        }
    }
    const bool meta_goes = meta_changes && kept_meta.empty();
    const auto remove = [meta_goes](const JsonMember& member) {
        return is_modern_member(member.key) || (meta_goes && runtime::spells(member.key, "_meta"));
    };
    remove_members(result, *members, remove, edits);
    return edits;
}

void put_in_order(TextEdits& edits) {
    // An insertion stands before a removal that begins at its place.
    std::sort(edits.begin(), edits.end(), [](const TextEdit& left, const TextEdit& right) {
        return std::pair(left.offset, left.length) < std::pair(right.offset, right.length);
    });
}

// The text from `from` to `until` with the edits that begin there.
std::string edited_piece(std::string_view text, std::span<const TextEdit> edits, std::size_t from,
                         std::size_t until) {
    std::string made;
    for (const TextEdit& edit : edits) {
        made += text.substr(from, edit.offset - from);
        made += edit.text;
        from = edit.offset + edit.length;
    }
    made += text.substr(from, until - from);
    return made;
}

} // namespace

TextEdit replace_part(std::string_view whole, std::string_view part, std::string text) {
    return {offset_of(whole, part), part.size(), std::move(text)};
}

std::string edited(std::string_view text, TextEdits edits) {
    put_in_order(edits);
    return edited_piece(text, edits, 0, text.size());
}

HttpReply spliced_reply(std::string prefix, runtime::CallReply reply, TextEdits edits) {
    put_in_order(edits);
    const std::string_view body = reply.body();
    // The largest piece between two edits stays in the frame.
    std::size_t stays_from = 0;
    std::size_t stays_until = edits.empty() ? body.size() : edits.front().offset;
    std::size_t before = 0; // edits in front of it
    for (std::size_t i = 0; i < edits.size(); ++i) {
        const std::size_t from = edits[i].offset + edits[i].length;
        const std::size_t until = i + 1 < edits.size() ? edits[i + 1].offset : body.size();
        if (until - from > stays_until - stays_from) {
            stays_from = from;
            stays_until = until;
            before = i + 1;
        }
    }
    const std::span<const TextEdit> all(edits);
    HttpReply out;
    out.body_prefix = std::move(prefix);
    out.body_prefix += edited_piece(body, all.first(before), 0, stays_from);
    out.body_suffix = edited_piece(body, all.subspan(before), stays_until, body.size());
    out.body_suffix += "}";
    out.body_offset = reply.body_offset + stays_from;
    out.body_length = stays_until - stays_from;
    out.body = std::move(reply.frame);
    return out;
}

TextEdits era_edits(std::string_view method, Era connector, Era client, std::string_view result) {
    if (result.empty() || result.front() != '{') {
        return {};
    }
    if (connector == client) {
        return client == Era::modern ? edits_within_modern(method, result) : TextEdits();
    }
    return client == Era::modern ? edits_for_modern(method, result) : edits_for_legacy(result);
}

ResultKind result_kind(const runtime::CallReply& reply) {
    if (reply.era == Era::legacy || reply.end != runtime::CallEnd::result) {
        return ResultKind::complete;
    }
    const auto raw = find_member(reply.body(), "resultType");
    const auto type = raw ? string_value(*raw) : std::nullopt;
    if (type == "input_required") {
        return ResultKind::input_required;
    }
    return type == "task" ? ResultKind::task : ResultKind::complete;
}

std::string meta_for_connector(std::string_view meta) {
    if (meta.empty() || meta.front() != '{') {
        return "";
    }
    return members_kept(meta, [](std::string_view key) { return !belongs_to_hop(key); });
}

void append_param(std::string& text, std::string_view key, std::string_view raw_value) {
    text += text.ends_with('{') ? "\"" : ",\"";
    text += key;
    text += "\":";
    text += raw_value;
}

std::string params_for_connector(std::string text, std::string_view params,
                                 std::initializer_list<std::string_view> passed_on,
                                 std::string_view meta) {
    for (const std::string_view key : passed_on) {
        if (const auto value = find_member(params, key)) {
            append_param(text, key, *value);
        }
    }
    const std::string kept = meta_for_connector(meta);
    if (!kept.empty()) {
        append_param(text, "_meta", "{" + kept + "}");
    }
    text += '}';
    return text;
}

std::string progress_message(std::string_view client_token, std::string_view connector_params) {
    std::string text =
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)";
    text += client_token;
    const std::string kept =
        members_kept(connector_params, [](std::string_view key) { return key != "progressToken"; });
    if (!kept.empty()) {
        text += "," + kept;
    }
    text += "}}";
    return text;
}

std::string log_message(std::string_view connector_params) {
    std::string text = R"({"jsonrpc":"2.0","method":"notifications/message","params":)";
    text += connector_params;
    text += "}";
    return text;
}

std::string log_level_in(std::string_view connector_params) {
    const auto raw = find_member(connector_params, "level");
    return raw ? string_value(*raw).value_or("") : "";
}

std::optional<std::string_view> task_id_in(std::string_view result) {
    if (const auto direct = find_member(result, "taskId")) {
        return direct;
    }
    if (const auto made = runtime::find_pointer(result, "/task/taskId")) {
        return made;
    }
    return runtime::find_pointer(result, related_task_pointer);
}

std::string with_related_task(std::string_view raw, const TranslateId& translate) {
    const auto literal = mentions(raw, "related-task")
                             ? runtime::find_pointer(raw, related_task_pointer)
                             : std::nullopt;
    const auto id = literal ? string_value(*literal) : std::nullopt;
    const auto other = id ? translate(*id) : std::nullopt;
    if (!other) {
        return std::string(raw);
    }
    return edited(raw, {replace_part(raw, *literal, json_quote(*other))});
}

} // namespace gatehouse::gateway
