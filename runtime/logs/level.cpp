#include "runtime/logs/level.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace gatehouse::runtime {

namespace {

using LevelWord = std::pair<std::string_view, LogLevel>;

constexpr std::array<LevelWord, 24> level_words{{
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
    {"dpanic", LogLevel::critical},  {"log", LogLevel::info},
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
    std::size_t end = 0;
    while (end < line.size() && is_letter(line[end])) {
        ++end;
    }
    const bool marked = end < line.size() && line[end] == ':';
    return marked ? parse_log_level(line.substr(0, end)).value_or(LogLevel::none) : LogLevel::none;
}

LogLevel mcp_level(std::string_view params_json) {
    constexpr std::string_view key = "\"level\":\"";
    const std::size_t at = params_json.find(key);
    if (at == std::string_view::npos) {
        return LogLevel::none;
    }
    const std::string_view rest = params_json.substr(at + key.size());
    return parse_log_level(rest.substr(0, rest.find('"'))).value_or(LogLevel::none);
}

} // namespace gatehouse::runtime
