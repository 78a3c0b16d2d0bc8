#include "connectors/faulty/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <mutex>

namespace faulty {

bool write_bytes(std::string_view bytes) {
    static std::mutex one_at_a_time;
    const std::lock_guard held(one_at_a_time);
    while (!bytes.empty()) {
        const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

void write_line(std::initializer_list<std::string_view> parts) {
    std::string line;
    for (const std::string_view part : parts) {
        line.append(part);
    }
    line.push_back('\n');
    write_bytes(line);
}

void answer_result(std::string_view id, std::string_view result) {
    write_line({R"({"jsonrpc":"2.0","id":)", id, R"(,"result":)", result, "}"});
}

void answer_text(std::string_view id, std::string_view inner) {
    write_line({R"({"jsonrpc":"2.0","id":)", id, R"(,"result":{"content":[{"type":"text","text":")",
                inner, "\"}]}}"});
}

void refuse(std::string_view id, std::string_view code, std::string_view message) {
    write_line({R"({"jsonrpc":"2.0","id":)", id, R"(,"error":{"code":)", code, R"(,"message":")",
                message, "\"}}"});
}

} // namespace faulty
