// Globs compiled for speed: most entries of a rule are plain names, which compare in one memcmp.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

class GlobList {
  public:
    explicit GlobList(const std::vector<std::string>& globs);
    // An empty list matches every text.
    bool matches(std::string_view text) const;

  private:
    std::vector<std::string> names_;
    std::vector<std::string> globs_;
    bool any_ = false;
};

} // namespace gatehouse::gateway
