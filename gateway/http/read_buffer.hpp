// ReadBuffer: received bytes that nobody consumed yet, contiguous, as Beast's parser wants them.
// Unlike Beast's flat_buffer, consuming never moves the write position, so a read may be under way
// meanwhile.
#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace gatehouse::gateway {

class ReadBuffer {
  public:
    std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }
    void consume(std::size_t bytes) { begin_ += std::min(bytes, size()); }
    void commit(std::size_t bytes) { end_ += bytes; }

    // Room to read into: at least one byte, unless max_bytes unconsumed bytes are stored already
    // (then empty). Moves the stored bytes, so no read may be under way.
    boost::asio::mutable_buffer prepare(std::size_t max_bytes) {
        if (empty()) {
            begin_ = end_ = 0;
        }
        if (size() >= max_bytes) {
            return {};
        }
        if (capacity_ - end_ < start_bytes / 4) {
            make_room(max_bytes);
        }
        return {data_.get() + end_, capacity_ - end_};
    }

    // At least this capacity, for a body that comes in pieces; no read may be under way.
    void reserve(std::size_t bytes) {
        if (capacity_ < bytes) {
            reallocate(bytes);
        }
    }
    // Gives back what a large request needed, so that an idle connection is small.
    void release_if_large() {
        if (empty() && capacity_ > 4 * start_bytes) {
            data_.reset();
            capacity_ = begin_ = end_ = 0;
        }
    }

  private:
    static constexpr std::size_t start_bytes = 4096; // what an idle connection keeps

    void make_room(std::size_t max_bytes) {
        const std::size_t stored = size();
        std::size_t wanted = std::max(start_bytes, capacity_);
        if (stored * 2 > wanted) {
            wanted = std::min(wanted * 2, std::max(max_bytes, start_bytes));
        }
        if (wanted > capacity_) {
            reallocate(wanted);
        } else if (stored > 0) {
            std::memmove(data_.get(), data_.get() + begin_, stored);
            begin_ = 0;
            end_ = stored;
        }
    }

    void reallocate(std::size_t capacity) {
        std::unique_ptr<char[]> larger(new char[capacity]);
        const std::size_t stored = size();
        if (stored > 0) {
            std::memcpy(larger.get(), data_.get() + begin_, stored);
        }
        data_ = std::move(larger);
        capacity_ = capacity;
        begin_ = 0;
        end_ = stored;
    }

    std::unique_ptr<char[]> data_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace gatehouse::gateway
