// An MCP server over stdio that echoes: one poll loop, no threads, no allocation per call. It is
// what the tests and the benchmark drive, so it must never be the bottleneck.
#include "connectors/echo/server.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace {

using echo_connector::Server;
using std::chrono::steady_clock;

constexpr std::size_t read_bytes = 256 * 1024;
constexpr std::size_t flush_bytes = 256 * 1024; // written early, so that big answers do not pile up
constexpr std::size_t max_line_bytes = 128 << 20;

bool write_all(const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        done += static_cast<std::size_t>(n);
    }
    return true;
}

int poll_timeout(const Server& server) {
    const auto due = server.next_due();
    if (!due) {
        return -1;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*due - steady_clock::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, 60'000));
}

class Loop {
  public:
    // Runs until stdin ends or stdout breaks; returns the exit code.
    int run() {
        while (true) {
            pollfd in{STDIN_FILENO, POLLIN, 0};
            const int ready = ::poll(&in, 1, poll_timeout(server_));
            if (ready < 0 && errno != EINTR) {
                return 1;
            }
            if (ready > 0 && !read_some()) {
                return 0;
            }
            server_.on_time(steady_clock::now(), out_);
            if (!flush()) {
                return 1;
            }
        }
    }

  private:
    bool flush() {
        const bool good = out_.empty() || write_all(out_);
        out_.clear();
        return good;
    }

    bool read_some() {
        const ssize_t n = ::read(STDIN_FILENO, buffer_.get(), read_bytes);
        if (n < 0) {
            return errno == EINTR || errno == EAGAIN;
        }
        if (n == 0) {
            return false;
        }
        std::string_view fresh(buffer_.get(), static_cast<std::size_t>(n));
        const auto now = steady_clock::now();
        for (std::size_t end = fresh.find('\n'); end != std::string_view::npos;
             end = fresh.find('\n')) {
            if (partial_.empty()) {
                server_.on_line(fresh.substr(0, end), now, out_);
            } else {
                partial_.append(fresh.substr(0, end));
                server_.on_line(partial_, now, out_);
                partial_.clear();
            }
            fresh.remove_prefix(end + 1);
            if (out_.size() > flush_bytes && !flush()) {
                return false;
            }
        }
        partial_.append(fresh);
        return partial_.size() <= max_line_bytes;
    }

    Server server_;
    std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(read_bytes);
    std::string partial_; // the begin of a line whose end has not come yet
    std::string out_;
};

} // namespace

int main() {
    return Loop().run();
}
