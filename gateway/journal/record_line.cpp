#include "gateway/journal/record_line.hpp"

#include "runtime/base/json.hpp"

#include <array>
#include <charconv>

namespace gatehouse::gateway {

namespace {

constexpr std::string_view seq_key = "{\"seq\":";
constexpr std::string_view prev_key = ",\"prev\":\"";
constexpr std::string_view hash_key = "\",\"hash\":\"";
constexpr std::string_view line_end = "\"}";
constexpr std::size_t digest_length = std::tuple_size_v<HexDigest>;
constexpr std::size_t tail_length =
    prev_key.size() + digest_length + hash_key.size() + digest_length + line_end.size();

std::string_view kind_text(RecordKind kind) {
    switch (kind) {
    case RecordKind::intent:
        return "intent";
    case RecordKind::outcome:
        return "outcome";
    case RecordKind::denial:
        return "denial";
    case RecordKind::sign_in_refused:
        return "sign_in_refused";
    case RecordKind::admin:
        return "admin";
    case RecordKind::daemon:
        return "daemon";
    }
    return "unknown";
}

template <class Number>
void put_number(std::string& buffer, Number number) {
    std::array<char, 24> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    buffer.append(text.data(), static_cast<std::size_t>(end - text.data()));
}

template <class Number>
void put_number_field(std::string& buffer, std::string_view key, Number number) {
    buffer += key;
    put_number(buffer, number);
}

// At most max_bytes, not in the middle of a UTF-8 character.
std::string_view cut_text(std::string_view text, std::size_t max_bytes) {
    if (text.size() <= max_bytes) {
        return text;
    }
    std::size_t size = max_bytes;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
        --size;
    }
    return text.substr(0, size);
}

bool needs_no_escape(std::string_view text) {
    // Branch-free, so that it runs over several bytes at once.
    unsigned found = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        found |= static_cast<unsigned>(byte < 0x20) | static_cast<unsigned>(byte >= 0x7F) |
                 static_cast<unsigned>(byte == '"') | static_cast<unsigned>(byte == '\\');
    }
    return found == 0;
}

void put_text(std::string& buffer, std::string_view text) {
    if (needs_no_escape(text)) {
        buffer += '"';
        buffer += text;
        buffer += '"';
    } else {
        buffer += json_quote(text);
    }
}

// `key` is written as it stands: `,"name":`.
void put_field(std::string& buffer, std::string_view key, std::string_view text) {
    if (!text.empty()) {
        buffer += key;
        put_text(buffer, cut_text(text, journal_field_max_bytes));
    }
}

bool all_hex(std::string_view text) {
    for (const char c : text) {
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

} // namespace

void RecordWriter::write_time(WallTime time, std::string& buffer) {
    const auto since_epoch = time.time_since_epoch();
    const auto second = std::chrono::floor<std::chrono::seconds>(since_epoch);
    if (second.count() != second_) {
        second_ = second.count();
        second_text_ = rfc3339_text(WallTime(second));
        second_text_.resize(second_text_.size() - std::string_view("000000Z").size());
    }
    auto micros =
        std::chrono::duration_cast<std::chrono::microseconds>(since_epoch - second).count();
    std::array<char, 7> digits{'0', '0', '0', '0', '0', '0', 'Z'};
    for (std::size_t i = 6; i-- > 0; micros /= 10) {
        digits[i] = static_cast<char>('0' + micros % 10);
    }
    buffer += second_text_;
    buffer.append(digits.data(), digits.size());
}

void RecordWriter::write_arguments(std::string_view arguments, std::string& buffer) {
    if (arguments.empty()) {
        return;
    }
    if (arguments.size() > journal_arguments_max_bytes) {
        buffer += ",\"arguments_head\":";
        put_text(buffer, cut_text(arguments, journal_arguments_max_bytes));
        put_number_field(buffer, ",\"arguments_bytes\":", arguments.size());
        buffer += ",\"arguments_sha256\":\"";
        buffer += digest_text(hasher_.hex(arguments));
        buffer += '"';
        return;
    }
    buffer += ",\"arguments\":";
    const std::size_t start = buffer.size();
    buffer += arguments;
    // In valid JSON a control character is white space between tokens; a newline would end the
    // record.
    for (std::size_t i = start; i < buffer.size(); ++i) {
        buffer[i] = static_cast<unsigned char>(buffer[i]) < 0x20 ? ' ' : buffer[i];
    }
}

void RecordWriter::write(const JournalRecord& record, WallTime time, ChainPosition& chain,
                         std::string& buffer) {
    const std::size_t start = buffer.size();
    put_number_field(buffer, seq_key, chain.seq + 1);
    buffer += ",\"time\":\"";
    write_time(time, buffer);
    buffer += "\",\"kind\":\"";
    buffer += kind_text(record.kind);
    buffer += '"';
    if (record.call != 0) {
        put_number_field(buffer, ",\"call\":", record.call);
    }
    put_field(buffer, ",\"principal\":", record.principal);
    put_field(buffer, ",\"address\":", record.address);
    put_field(buffer, ",\"client\":", record.client);
    put_field(buffer, ",\"virtual_server\":", record.virtual_server);
    put_field(buffer, ",\"connector\":", record.connector);
    if (record.instance != 0) {
        put_number_field(buffer, ",\"instance\":", record.instance);
    }
    put_field(buffer, ",\"method\":", record.method);
    put_field(buffer, ",\"tool\":", record.tool);
    write_arguments(record.arguments, buffer);
    put_field(buffer, ",\"decision\":", record.decision);
    put_field(buffer, ",\"rule\":", record.rule);
    put_field(buffer, ",\"reason\":", record.reason);
    put_field(buffer, ",\"credential\":", record.credential);
    put_field(buffer, ",\"outcome\":", record.outcome);
    if (record.result_bytes != 0) {
        put_number_field(buffer, ",\"result_bytes\":", record.result_bytes);
    }
    put_field(buffer, ",\"result_sha256\":", record.result_sha256);
    if (record.latency_us >= 0) {
        put_number_field(buffer, ",\"latency_us\":", record.latency_us);
    }
    put_field(buffer, ",\"action\":", record.action);
    put_field(buffer, ",\"target\":", record.target);
    buffer += prev_key;
    buffer += digest_text(chain.hash);
    buffer += '"';
    chain.hash = hasher_.hex(std::string_view(buffer).substr(start));
    chain.seq += 1;
    buffer += hash_key.substr(1);
    buffer += digest_text(chain.hash);
    buffer += line_end;
    buffer += '\n';
}

std::optional<RecordLineParts> parse_record_line(std::string_view line) {
    if (line.size() < seq_key.size() + tail_length || !line.starts_with(seq_key)) {
        return std::nullopt;
    }
    RecordLineParts parts;
    const char* digits = line.data() + seq_key.size();
    const auto number = std::from_chars(digits, line.data() + line.size(), parts.seq);
    if (number.ec != std::errc{} || *digits == '0' || *number.ptr != ',') {
        return std::nullopt;
    }
    std::string_view tail = line.substr(line.size() - tail_length);
    const auto take = [&tail](std::size_t size) {
        const std::string_view part = tail.substr(0, size);
        tail.remove_prefix(size);
        return part;
    };
    const bool prev_named = take(prev_key.size()) == prev_key;
    parts.prev = take(digest_length);
    const bool hash_named = take(hash_key.size()) == hash_key;
    parts.hash = take(digest_length);
    if (!prev_named || !hash_named || tail != line_end || !all_hex(parts.prev) ||
        !all_hex(parts.hash)) {
        return std::nullopt;
    }
    // The quote that closes `prev` is still hashed; the comma before "hash" is not.
    const auto hashed_end = static_cast<std::size_t>(parts.hash.data() - line.data());
    parts.hashed = line.substr(0, hashed_end - hash_key.size() + 1);
    return parts;
}

} // namespace gatehouse::gateway
