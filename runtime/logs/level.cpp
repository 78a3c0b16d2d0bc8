#include "runtime/logs/level.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace gatehouse::runtime {

namespace {

using LevelWord = std::pair<std::string_view, LogLevel>;

constexpr std::array<LevelWord, 23> level_words{{
    {"trace", LogLevel::trace},      {"finest", LogLevel::trace},
    {"verbose", LogLevel::trace},    {"debug", LogLevel::debug},
    {"dbg", LogLevel::debug},        {"info", LogLevel::info},
    {"information", LogLevel::info}, {"inf", LogLevel::info},
    {"notice", LogLevel::notice},    {"warn", LogLevel::warning},
    {"warning", LogLevel::warning},  {"wrn", LogLevel::warning},
    {"error", LogLevel::error},      {"err", LogLevel::error},
    {"severe", LogLevel::error},     {"critical", LogLevel::critical},
    {"crit", LogLevel::critical},    {"fatal", LogLevel::critical},
    {"alert", LogLevel::critical},   {"emergency", LogLevel::critical},
    {"emerg", LogLevel::critical},   {"panic", LogLevel::critical},
    {"dpanic", LogLevel::critical},
}};

constexpr std::size_t level_word_max_bytes = 11;

constexpr char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
}

constexpr bool is_letter(char byte) {
    return lower(byte) >= 'a' && lower(byte) <= 'z';
}

bool same_word(std::string_view word, std::string_view known) {
    if (word.size() != known.size()) {
        return false;
    }
    for (std::size_t at = 0; at < word.size(); ++at) {
        if (lower(word[at]) != known[at]) {
            return false;
        }
    }
    return true;
}

constexpr bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

// What is looked at; a level further behind is none.
constexpr std::size_t looked_at_max_bytes = 2048;
constexpr std::size_t prefix_tokens_max_count = 6;

LogLevel level_of_number(std::string_view digits) {
    // pino and bunyan.
    constexpr std::array<std::pair<std::string_view, LogLevel>, 6> numbers{{
        {"10", LogLevel::trace},
        {"20", LogLevel::debug},
        {"30", LogLevel::info},
        {"40", LogLevel::warning},
        {"50", LogLevel::error},
        {"60", LogLevel::critical},
    }};
    for (const auto& [known, level] : numbers) {
        if (digits == known) {
            return level;
        }
    }
    return LogLevel::none;
}

bool is_level_key(std::string_view key) {
    return key == "level" || key == "severity" || key == "lvl" || key == "levelname" ||
           key == "log.level" || key == "level_name" || key == "severityText";
}

// The text of a JSON string that begins at `at`, without its quotes; moves `at` behind it. Escapes
// stay as they are: no level word has any.
std::string_view json_string(std::string_view json, std::size_t& at) {
    const std::size_t begin = ++at;
    while (at < json.size() && json[at] != '"') {
        at += json[at] == '\\' ? 2 : 1;
    }
    const std::size_t end = std::min(at, json.size());
    at = end + 1;
    return json.substr(begin, end - begin);
}

std::string_view json_word(std::string_view json, std::size_t at) {
    const std::size_t begin = json.find_first_not_of(" \t:", at);
    if (begin == std::string_view::npos) {
        return {};
    }
    if (json[begin] == '"') {
        std::size_t from = begin;
        return json_string(json, from);
    }
    const std::size_t end = json.find_first_of(",} \t", begin);
    return json.substr(begin, end == std::string_view::npos ? end : end - begin);
}

// The level member of the outermost object.
LogLevel json_level(std::string_view json) {
    int depth = 0;
    for (std::size_t at = 0; at < json.size();) {
        const char byte = json[at];
        if (byte == '"') {
            const std::string_view text = json_string(json, at);
            const std::size_t next = json.find_first_not_of(" \t", at);
            const bool is_key = next < json.size() && json[next] == ':';
            if (depth != 1 || !is_key || !is_level_key(text)) {
                continue;
            }
            const std::string_view word = json_word(json, next + 1);
            return parse_log_level(word).value_or(level_of_number(word));
        }
        depth += byte == '{' || byte == '[' ? 1 : 0;
        depth -= byte == '}' || byte == ']' ? 1 : 0;
        ++at;
    }
    return LogLevel::none;
}

// "<3>text", as systemd and the kernel understand it: facility * 8 + severity.
LogLevel syslog_level(std::string_view line) {
    constexpr std::array<LogLevel, 8> severities = {
        LogLevel::critical, LogLevel::critical, LogLevel::critical, LogLevel::error,
        LogLevel::warning,  LogLevel::notice,   LogLevel::info,     LogLevel::debug};
    unsigned value = 0;
    std::size_t at = 1;
    for (; at < line.size() && at < 4 && is_digit(line[at]); ++at) {
        value = value * 10 + static_cast<unsigned>(line[at] - '0');
    }
    const bool closed = at > 1 && at < line.size() && line[at] == '>' && value < 192;
    return closed ? severities.at(value % severities.size()) : LogLevel::none;
}

// "E1125 08:00:00.000000 …"
LogLevel glog_level(std::string_view line) {
    constexpr std::string_view letters = "IWEF";
    constexpr std::array<LogLevel, 4> levels = {LogLevel::info, LogLevel::warning, LogLevel::error,
                                                LogLevel::critical};
    const std::size_t letter = line.empty() ? letters.npos : letters.find(line[0]);
    if (letter == letters.npos || line.size() < 9 || line[5] != ' ' || line[8] != ':') {
        return LogLevel::none;
    }
    for (const std::size_t at : {1U, 2U, 3U, 4U, 6U, 7U}) {
        if (!is_digit(line[at])) {
            return LogLevel::none;
        }
    }
    return levels.at(letter);
}

// level=warn, lvl=warn or severity=warn as a word of its own.
LogLevel logfmt_level(std::string_view line) {
    for (std::size_t at = line.find('='); at != std::string_view::npos;
         at = line.find('=', at + 1)) {
        const std::size_t begin = line.find_last_of(" \t", at);
        const std::size_t from = begin == std::string_view::npos ? 0 : begin + 1;
        const std::string_view key = line.substr(from, at - from);
        if (!is_level_key(key)) {
            continue;
        }
        std::string_view value = line.substr(at + 1);
        value.remove_prefix(value.starts_with('"') ? 1 : 0);
        return parse_log_level(value.substr(0, value.find_first_of("\" \t\r")))
            .value_or(LogLevel::none);
    }
    return LogLevel::none;
}

// Blanks and the escape sequences of colours.
void skip_blanks(std::string_view& line) {
    while (!line.empty()) {
        if (line[0] == ' ' || line[0] == '\t') {
            line.remove_prefix(1);
        } else if (line.starts_with("\x1b[")) {
            const std::size_t end = line.find_first_not_of("0123456789;", 2);
            line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
        } else {
            return;
        }
    }
}

bool is_all_caps(std::string_view word) {
    for (const char letter : word) {
        if (letter < 'A' || letter > 'Z') {
            return false;
        }
    }
    return true;
}

constexpr bool is_time_mark(char byte) {
    return byte == '-' || byte == ':' || byte == '.' || byte == ',' || byte == '/' || byte == '+' ||
           byte == 'T' || byte == 'Z';
}

bool is_time(std::string_view token) {
    bool digits = false;
    for (const char byte : token) {
        digits = digits || is_digit(byte);
        if (!is_digit(byte) && !is_time_mark(byte)) {
            return false;
        }
    }
    return digits;
}

// Names of errors and warnings as Python and Node print them: "ValueError: …".
LogLevel exception_level(std::string_view word) {
    if (word.ends_with("Error") || word.ends_with("Exception")) {
        return LogLevel::error;
    }
    return word.ends_with("Warning") ? LogLevel::warning : LogLevel::none;
}

// One token of a prefix. `plain`: it was no time and no level, so the message has begun.
struct TokenLevel {
    LogLevel level = LogLevel::none;
    bool plain = false;
};

TokenLevel token_level(std::string_view token) {
    const bool bracketed = token.front() == '[' || token.front() == '(';
    token.remove_prefix(bracketed ? 1 : 0);
    std::size_t end = 0;
    while (end < token.size() && (is_letter(token[end]) || token[end] == '.')) {
        ++end;
    }
    const std::string_view word = token.substr(0, end);
    const std::string_view mark = token.substr(end);
    const bool marked = bracketed ? !mark.empty() : mark.starts_with(':');
    if (marked || (mark.empty() && is_all_caps(word))) {
        if (const auto level = parse_log_level(word)) {
            return {*level, false};
        }
    }
    if (mark == ":" && exception_level(word) != LogLevel::none) {
        return {exception_level(word), false};
    }
    while (!token.empty() && (token.back() == ']' || token.back() == ')')) {
        token.remove_suffix(1);
    }
    return {LogLevel::none, !bracketed && !is_time(token)};
}

// "[ERROR] …", "ERROR: …", "ERROR:name:…", "2026-11-25 08:00:00,000 - name - ERROR - …",
// "[2026-11-25T08:00:00Z INFO crate] …", "(node:7) Warning: …".
LogLevel prefix_level(std::string_view line) {
    bool after_dash = false;
    for (std::size_t count = 0; count < prefix_tokens_max_count; ++count) {
        skip_blanks(line);
        const std::string_view token = line.substr(0, line.find_first_of(" \t\x1b"));
        if (token.empty()) {
            break;
        }
        const TokenLevel found = token_level(token);
        if (found.level != LogLevel::none) {
            return found.level;
        }
        line.remove_prefix(token.size());
        const bool separator = token == "-" || token == "|";
        // Between separators stands a name, as in Python's usual format.
        if (found.plain && !separator && !after_dash) {
            break;
        }
        after_dash = separator;
    }
    return LogLevel::none;
}

// What the debug package of Node writes: "name:part text +12ms", or "2026-…Z name:part text".
bool is_node_debug(std::string_view line) {
    skip_blanks(line);
    std::string_view token = line.substr(0, line.find(' '));
    const bool dated = token.size() == 24 && token.back() == 'Z' && is_time(token);
    if (dated) {
        line.remove_prefix(token.size());
        skip_blanks(line);
        token = line.substr(0, line.find_first_of(" \x1b"));
    }
    const std::size_t colon = token.find(':');
    if (colon == 0 || colon == std::string_view::npos || colon + 1 == token.size() ||
        !is_letter(token[0]) || !is_letter(token[colon + 1])) {
        return false;
    }
    const std::size_t plus = line.rfind('+');
    if (dated || plus == std::string_view::npos || plus + 2 >= line.size()) {
        return dated;
    }
    const std::size_t unit = line.find_first_not_of("0123456789", plus + 1);
    const std::string_view word = unit < line.size() ? line.substr(unit, 2) : "";
    return unit > plus + 1 && (word == "ms" || word.starts_with('s') || word.starts_with('m'));
}

bool is_failure_banner(std::string_view line) {
    return line.starts_with("Traceback (most recent call last)") || line.starts_with("Uncaught ");
}

bool is_panic(std::string_view line) {
    return line.starts_with("thread '") && line.find("panicked at") != std::string_view::npos;
}

} // namespace

const char* to_text(LogLevel level) {
    constexpr std::array<const char*, 8> words = {"",       "trace",   "debug", "info",
                                                  "notice", "warning", "error", "critical"};
    return words.at(static_cast<std::size_t>(level));
}

std::optional<LogLevel> parse_log_level(std::string_view word) {
    if (word.empty() || word.size() > level_word_max_bytes) {
        return std::nullopt;
    }
    for (const auto& [known, level] : level_words) {
        if (same_word(word, known)) {
            return level;
        }
    }
    return std::nullopt;
}

LogLevel detect_level(std::string_view line) {
    line = line.substr(0, looked_at_max_bytes);
    skip_blanks(line);
    if (line.empty()) {
        return LogLevel::none;
    }
    if (line[0] == '{') {
        return json_level(line);
    }
    if (line[0] == '<') {
        return syslog_level(line);
    }
    for (const auto find : {glog_level, prefix_level, logfmt_level}) {
        if (const LogLevel level = find(line); level != LogLevel::none) {
            return level;
        }
    }
    if (is_panic(line)) {
        return LogLevel::critical;
    }
    if (is_failure_banner(line)) {
        return LogLevel::error;
    }
    return is_node_debug(line) ? LogLevel::debug : LogLevel::none;
}

LogLevel mcp_level(std::string_view params_json) {
    return json_level(params_json.substr(0, looked_at_max_bytes));
}

} // namespace gatehouse::runtime
