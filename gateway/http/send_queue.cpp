#include "gateway/http/send_queue.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {
// Done pieces are cut off the front in batches of this size, so that a long stream stays linear.
constexpr std::size_t send_queue_cut_count = 64;
} // namespace

void SendQueue::push(std::string bytes, std::size_t offset, std::size_t length) {
    offset = std::min(offset, bytes.size());
    length = std::min(length, bytes.size() - offset);
    if (length == 0) {
        return;
    }
    size_bytes_ += length;
    pieces_.push_back(Piece{std::move(bytes), offset, length});
}

std::span<const boost::asio::const_buffer> SendQueue::gather() {
    gathered_.clear();
    const std::size_t last = std::min(pieces_.size(), first_ + gather_max_count);
    for (std::size_t i = first_; i < last; ++i) {
        gathered_.emplace_back(pieces_[i].storage.data() + pieces_[i].offset, pieces_[i].length);
    }
    return gathered_;
}

void SendQueue::consume(std::size_t bytes) {
    size_bytes_ -= bytes;
    while (bytes > 0) {
        Piece& piece = pieces_[first_];
        const std::size_t taken = std::min(bytes, piece.length);
        piece.offset += taken;
        piece.length -= taken;
        bytes -= taken;
        if (piece.length == 0) {
            piece.storage = std::string();
            ++first_;
        }
    }
    if (first_ == pieces_.size()) {
        clear();
    } else if (first_ >= send_queue_cut_count) {
        pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
}

void SendQueue::clear() {
    pieces_.clear();
    first_ = 0;
    size_bytes_ = 0;
}

} // namespace gatehouse::gateway
