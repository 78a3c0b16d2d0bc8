// An MCP server over stdio that breaks as it is told to; README.md says how. What breaks it is in
// process_faults and protocol_faults.
#include "connectors/faulty/output.hpp"
#include "connectors/faulty/process_faults.hpp"
#include "connectors/faulty/server.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using faulty::Options;
using faulty::Server;

constexpr std::size_t read_bytes = 64 * 1024;

int wrong_usage() {
    constexpr std::string_view text = "faulty: see README.md for the options\n";
    [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    return 2;
}

bool read_flag(std::string_view name, Options& options) {
    if (name == "--ignore-term") {
        faulty::ignore_term();
    } else if (name == "--ignore-eof") {
        options.ignore_eof = true;
    } else if (name == "--early-list-changed") {
        options.early_list_changed = true;
    } else {
        return false;
    }
    return true;
}

bool read_value(std::string_view name, const char* value, Options& options) {
    if (name == "--at") {
        options.at = value;
    } else if (name == "--kind") {
        options.fault.kind = value;
    } else if (name == "--n") {
        options.fault.n = std::atol(value);
    } else if (name == "--ms") {
        options.fault.ms = std::atol(value);
    } else if (name == "--once") {
        options.once = value;
    } else if (name == "--if") {
        options.when = value;
    } else if (name == "--tools") {
        options.tools_count = std::atol(value);
    } else {
        return false;
    }
    return true;
}

class Loop {
  public:
    explicit Loop(Options options) : ignore_eof_(options.ignore_eof), server_(std::move(options)) {}

    int run() {
        server_.reach("start");
        for (;;) {
            pollfd in{STDIN_FILENO, POLLIN, 0};
            const int ready = ::poll(&in, server_.reads() && !ended_ ? 1 : 0, server_.wait_ms());
            if (ready < 0 && errno != EINTR) {
                return 1;
            }
            if (ready > 0 && !read_some()) {
                if (!ignore_eof_) {
                    return 0;
                }
                ended_ = true;
            }
            server_.on_time();
        }
    }

  private:
    bool read_some() {
        const ssize_t n = ::read(STDIN_FILENO, buffer_.get(), read_bytes);
        if (n <= 0) {
            return n < 0 && errno == EINTR;
        }
        partial_.append(buffer_.get(), static_cast<std::size_t>(n));
        std::size_t begin = 0;
        for (std::size_t end = partial_.find('\n'); end != std::string::npos && server_.reads();
             end = partial_.find('\n', begin)) {
            server_.on_line(std::string_view(partial_).substr(begin, end - begin));
            begin = end + 1;
        }
        partial_.erase(0, begin);
        return true;
    }

    bool ignore_eof_;
    bool ended_ = false;
    Server server_;
    std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(read_bytes);
    std::string partial_;
};

} // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        if (read_flag(argv[i], options)) {
            continue;
        }
        if (i + 1 == argc || !read_value(argv[i], argv[i + 1], options)) {
            return wrong_usage();
        }
        ++i;
    }
    return Loop(std::move(options)).run();
}
