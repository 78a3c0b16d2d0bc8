#include "runtime/logs/log_store.hpp"

#include <utility>

namespace gatehouse::runtime {

std::vector<std::string> LineSplitter::feed(std::string_view bytes) {
    std::vector<std::string> lines;
    while (!bytes.empty()) {
        const std::size_t newline = bytes.find('\n');
        const std::size_t room = line_max_bytes - partial_.size();
        const std::size_t length = newline == std::string_view::npos ? bytes.size() : newline;
        if (length > room) {
            partial_.append(bytes.substr(0, room));
            bytes.remove_prefix(room);
            lines.push_back(std::exchange(partial_, {}));
            continue;
        }
        partial_.append(bytes.substr(0, length));
        if (newline == std::string_view::npos) {
            break;
        }
        bytes.remove_prefix(length + 1);
        lines.push_back(std::exchange(partial_, {}));
    }
    return lines;
}

std::string LineSplitter::flush() {
    return std::exchange(partial_, {});
}

} // namespace gatehouse::runtime
