#include "gateway/cli/secret_input.hpp"

#include <cerrno>
#include <csignal>
#include <ostream>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace gatehouse::gateway {

namespace {

void note_interrupt(int) {}

// Switches the terminal's echo off for its lifetime. Ctrl-C meanwhile ends the read instead of the
// process, which would leave the terminal without echo.
class EchoOff {
  public:
    explicit EchoOff(int fd) : fd_(fd) {
        struct sigaction interrupt{};
        interrupt.sa_handler = note_interrupt;
        ::sigaction(SIGINT, &interrupt, &interrupt_before_);
        if (::tcgetattr(fd_, &before_) == 0) {
            termios silent = before_;
            silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            active_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
        }
    }
    ~EchoOff() {
        if (active_) {
            ::tcsetattr(fd_, TCSAFLUSH, &before_);
        }
        ::sigaction(SIGINT, &interrupt_before_, nullptr);
    }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;

  private:
    int fd_;
    termios before_{};
    struct sigaction interrupt_before_{};
    bool active_ = false;
};

Error secret_input_error(const std::string& name, std::string why) {
    return Error{"GH-A109", "cannot read the value of the secret", name, std::move(why),
                 "Give it on standard input: gatehouse secret set " + name + " < FILE"};
}

// Up to the end of input, or of the line on a terminal. The buffer never moves, so that no copy of
// the value stays behind in freed memory.
Result<Secret> read_bounded(int fd, const std::string& name, bool line_only) {
    std::string text;
    text.resize(secret_max_bytes + 2);
    std::size_t size = 0;
    bool ended = false;
    while (!ended && size < text.size()) {
        const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR && !line_only) {
            continue;
        }
        if (got < 0) {
            wipe(text);
            return secret_input_error(name, errno == EINTR ? "interrupted" : errno_text(errno));
        }
        size += static_cast<std::size_t>(got);
        ended = got == 0 || (line_only && text[size - 1] == '\n');
    }
    if (size > 0 && text[size - 1] == '\n') {
        --size;
    }
    Secret value(std::string(text.data(), size));
    wipe(text);
    if (value.empty()) {
        return secret_input_error(name, "it is empty");
    }
    if (value.size_bytes() > secret_max_bytes) {
        return secret_input_error(name, "it is longer than 64 KiB");
    }
    return value;
}

} // namespace

Result<Secret> read_secret_value(int fd, const std::string& name, std::ostream& prompt_to) {
    if (::isatty(fd) != 1) {
        return read_bounded(fd, name, false);
    }
    prompt_to << "value of '" << name << "' (not shown): " << std::flush;
    const EchoOff silent(fd);
    auto value = read_bounded(fd, name, true);
    prompt_to << '\n';
    return value;
}

} // namespace gatehouse::gateway
