#include "runtime/events/event_codec.hpp"

#include "runtime/base/json.hpp"

#include <boost/crc.hpp>
#include <charconv>
#include <cstdint>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t crc_digits_count = 8;
constexpr std::size_t event_head_bytes = crc_digits_count + 1;

std::uint32_t crc_of_event(std::string_view json) {
    boost::crc_32_type crc;
    crc.process_bytes(json.data(), json.size());
    return crc.checksum();
}

std::string crc_text(std::uint32_t crc) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(crc_digits_count, '0');
    for (std::size_t at = 0; at < crc_digits_count; ++at) {
        text[crc_digits_count - 1 - at] = digits[(crc >> (4 * at)) & 15U];
    }
    return text;
}

Json event_error_json(const Error& error) {
    Json json = Json::object();
    json["code"] = error.code;
    json["what"] = error.what;
    json["where"] = error.where;
    json["why"] = error.why;
    json["action"] = error.action;
    return json;
}

std::string text_member(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_member(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::optional<Error> error_member(const Json& json) {
    const auto found = json.find("cause");
    if (found == json.end() || !found->is_object()) {
        return std::nullopt;
    }
    return Error{text_member(*found, "code"), text_member(*found, "what"),
                 text_member(*found, "where"), text_member(*found, "why"),
                 text_member(*found, "action")};
}

std::string quoted_member(std::string_view key, std::string_view value) {
    return "\"" + std::string(key) + "\":" + json_quote(value);
}

} // namespace

std::string encode_event(const Event& event) {
    Json json = Json::object();
    const auto since_epoch = event.time.time_since_epoch();
    json["seq"] = event.seq;
    json["us"] = std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
    json["kind"] = to_text(event.kind);
    json["connector"] = event.connector;
    json["instance"] = event.instance.value;
    json["from"] = event.from;
    json["to"] = event.to;
    if (event.cause) {
        json["cause"] = event_error_json(*event.cause);
    }
    json["text"] = event.text;
    const std::string text = dump_json(json);
    return crc_text(crc_of_event(text)) + " " + text + "\n";
}

bool is_whole_event(std::string_view line) {
    if (line.size() <= event_head_bytes || line[crc_digits_count] != ' ') {
        return false;
    }
    return line.substr(0, crc_digits_count) ==
           crc_text(crc_of_event(line.substr(event_head_bytes)));
}

std::optional<Event> decode_event(std::string_view line) {
    if (!is_whole_event(line)) {
        return std::nullopt;
    }
    const auto json = parse_json(line.substr(event_head_bytes));
    if (!json || !json.value().is_object()) {
        return std::nullopt;
    }
    const auto kind = parse_event_kind(text_member(json.value(), "kind"));
    if (!kind) {
        return std::nullopt;
    }
    Event event;
    event.seq = number_member(json.value(), "seq");
    event.time = WallTime(std::chrono::duration_cast<WallTime::duration>(
        std::chrono::microseconds(static_cast<std::int64_t>(number_member(json.value(), "us")))));
    event.kind = *kind;
    event.connector = text_member(json.value(), "connector");
    event.instance = InstanceId{number_member(json.value(), "instance")};
    event.from = text_member(json.value(), "from");
    event.to = text_member(json.value(), "to");
    event.cause = error_member(json.value());
    event.text = text_member(json.value(), "text");
    return event;
}

bool may_fit(std::string_view line, const EventFilter& filter) {
    if (filter.kind && line.find(quoted_member("kind", to_text(*filter.kind))) == line.npos) {
        return false;
    }
    return filter.connector.empty() ||
           line.find(quoted_member("connector", filter.connector)) != line.npos;
}

bool fits(const Event& event, const EventFilter& filter) {
    return event.seq > filter.after_seq && (!filter.since || event.time >= *filter.since) &&
           (filter.connector.empty() || event.connector == filter.connector) &&
           (!filter.kind || event.kind == *filter.kind);
}

} // namespace gatehouse::runtime
