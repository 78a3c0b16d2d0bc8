#include "runtime/logs/file_window.hpp"

#include "runtime/logs/record_codec.hpp"

#include <cerrno>
#include <unistd.h>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t window_bytes = 128 * 1024;

} // namespace

std::string_view FileWindow::at(std::uint64_t offset) {
    const bool inside = offset >= start_ && offset <= start_ + bytes_.size();
    const std::size_t rest = inside ? bytes_.size() - (offset - start_) : 0;
    if (!inside || (rest < record_max_bytes && !at_end_)) {
        fill(offset);
    }
    return std::string_view(bytes_).substr(offset - start_);
}

void FileWindow::fill(std::uint64_t offset) {
    start_ = offset;
    bytes_.resize(window_bytes);
    std::size_t have = 0;
    while (have < bytes_.size()) {
        const auto count = ::pread(fd_, bytes_.data() + have, bytes_.size() - have,
                                   static_cast<off_t>(offset + have));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            break;
        }
        have += static_cast<std::size_t>(count);
    }
    bytes_.resize(have);
    at_end_ = have < window_bytes;
}

} // namespace gatehouse::runtime
