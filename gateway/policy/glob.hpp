// Globs compiled for speed: most entries of a rule are plain names, which compare in one memcmp.
// Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

// The first bytes of a text as one number, zeros behind a shorter one.
inline std::uint64_t first_bytes(std::string_view text) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data(), std::min(text.size(), sizeof(bytes)));
    return bytes;
}

// What the first bytes of every text that a list matches have in common: most lists of a policy are
// refused by one comparison.
struct GlobStart {
    std::uint64_t mask = 0;
    std::uint64_t bytes = 0;
    bool fits(std::uint64_t first) const { return (first & mask) == bytes; }
};

class GlobList {
  public:
    explicit GlobList(const std::vector<std::string>& globs);
    // An empty list matches every text.
    bool matches(std::string_view text) const;
    // For a list of one entry; that of any other fits every text.
    GlobStart start() const;

  private:
    std::vector<std::string> names_;
    std::vector<std::string> globs_;
    bool any_ = false;
};

} // namespace gatehouse::gateway
