// The corpus: small hostile attempts in one program, chosen by name. An attempt exits 0 if it did
// its harm, 1 if it was refused (the line names the errno), 2 if it could not be tried.
#pragma once

#include <cerrno>
#include <cstring>
#include <map>
#include <span>
#include <string>

namespace corpus {

// What the test prepared on the host: pid and memory of the daemon, ports, paths.
class Targets {
  public:
    Targets(int argc, char** argv);
    const std::string& text(const char* name) const;
    long number(const char* name) const;
    // A path in the folder that the attempt may write: the volume inside.
    std::string in_volume(const char* name) const { return text("volume") + "/" + name; }

  private:
    std::map<std::string, std::string> values_;
};

enum class Verdict { harm = 0, refused = 1, untried = 2 };

struct Answer {
    Verdict verdict;
    std::string text;
};

inline Answer harm(std::string text) {
    return {Verdict::harm, std::move(text)};
}
inline Answer refused(std::string text) {
    return {Verdict::refused, std::move(text)};
}
inline Answer untried(std::string text) {
    return {Verdict::untried, std::move(text)};
}

inline std::string errno_name(int number) {
    const char* name = strerrorname_np(number);
    return name != nullptr ? name : std::to_string(number);
}

// Of a call that does harm by succeeding.
inline Answer by_result(long result) {
    return result >= 0 ? harm("the call succeeded") : refused(errno_name(errno));
}

// For calls whose harmless form is refused by what the call looks at: that errno shows that the
// kernel would have done it.
inline Answer by_result_or(long result, int reached) {
    if (result < 0 && errno == reached) {
        return harm("the kernel went as far as " + errno_name(reached));
    }
    return by_result(result);
}

struct Attempt {
    const char* name;
    const char* what;
    Answer (*run)(const Targets&);
};

std::span<const Attempt> file_attempts();
std::span<const Attempt> place_attempts();
std::span<const Attempt> process_attempts();
std::span<const Attempt> identity_attempts();
std::span<const Attempt> namespace_attempts();
std::span<const Attempt> mount_attempts();
std::span<const Attempt> kernel_attempts();
std::span<const Attempt> socket_attempts();
std::span<const Attempt> bomb_attempts();
std::span<const Attempt> outlive_attempts();

} // namespace corpus
