#include "gateway/http/reply_head.hpp"

#include <array>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <ctime>

namespace gatehouse::gateway {

namespace {

void append_number(std::string& text, std::size_t number, int base = 10) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    text.append(digits.data(), end);
}

bool is_field_name(std::string_view name) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && others.find(c) == std::string_view::npos) {
            return false;
        }
    }
    return !name.empty();
}

// The framing is the server's own; a second one would let an answer be read in two ways.
bool is_framing_field(std::string_view name) {
    return boost::beast::iequals(name, "content-length") ||
           boost::beast::iequals(name, "transfer-encoding") ||
           boost::beast::iequals(name, "connection");
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ");
    const std::size_t start = text.size();
    text.append(value);
    for (std::size_t i = start; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            text[i] = ' ';
        }
    }
    text.append("\r\n");
}

void append_status_line(std::string& text, int status) {
    if (status == 200) {
        text.append("HTTP/1.1 200 OK\r\n");
        return;
    }
    const auto reason = boost::beast::http::obsolete_reason(
        boost::beast::http::int_to_status(static_cast<unsigned>(status)));
    text.append("HTTP/1.1 ");
    append_number(text, static_cast<std::size_t>(status));
    text.append(" ").append(reason.data(), reason.size()).append("\r\n");
}

void append_framing(std::string& text, const ReplyHead& head) {
    if (head.framing == ReplyHead::Framing::length) {
        text.append("Content-Length: ");
        append_number(text, head.length_bytes);
        text.append("\r\n");
    } else if (head.framing == ReplyHead::Framing::chunked) {
        text.append("Transfer-Encoding: chunked\r\n");
    }
    if (!head.keep_alive) {
        text.append("Connection: close\r\n");
    } else if (!head.http11) {
        text.append("Connection: keep-alive\r\n");
    }
}

} // namespace

std::string reply_head_text(const ReplyHead& head) {
    std::string text;
    text.reserve(256);
    append_status_line(text, head.status);
    if (!head.content_type.empty()) {
        append_field(text, "Content-Type", head.content_type);
    }
    if (head.headers != nullptr) {
        for (const auto& [name, value] : *head.headers) {
            if (is_field_name(name) && !is_framing_field(name)) {
                append_field(text, name, value);
            }
        }
    }
    if (!head.date.empty()) {
        text.append("Date: ").append(head.date).append("\r\n");
    }
    append_framing(text, head);
    text.append("\r\n");
    return text;
}

std::string chunk_head_text(std::size_t bytes) {
    std::string text;
    append_number(text, bytes, 16);
    text.append("\r\n");
    return text;
}

std::string http_date_text(std::chrono::system_clock::time_point time) {
    static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> text;
    const int length =
        std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                      days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                      months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                      parts.tm_hour, parts.tm_min, parts.tm_sec);
    return std::string(text.data(), static_cast<std::size_t>(length));
}

} // namespace gatehouse::gateway
