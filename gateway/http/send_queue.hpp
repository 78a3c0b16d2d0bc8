// SendQueue: the bytes of answers on their way out, in their original strings, gathered into one
// write. Pure.
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace gatehouse::gateway {

class SendQueue {
  public:
    // Keeps the string; sends `length` bytes of it from `offset` (both clamped to its size).
    void push(std::string bytes, std::size_t offset = 0, std::size_t length = std::string::npos);
    bool empty() const { return first_ == pieces_.size(); }
    std::size_t size_bytes() const { return size_bytes_; }
    // The next pieces to write, at most gather_max_count; valid until the queue changes.
    std::span<const boost::asio::const_buffer> gather();
    void consume(std::size_t bytes);
    void clear();

    static constexpr std::size_t gather_max_count = 64;

  private:
    struct Piece {
        std::string storage;
        std::size_t offset;
        std::size_t length;
    };
    std::vector<Piece> pieces_;
    std::size_t first_ = 0;
    std::size_t size_bytes_ = 0;
    std::vector<boost::asio::const_buffer> gathered_;
};

} // namespace gatehouse::gateway
