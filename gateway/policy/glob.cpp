#include "gateway/policy/glob.hpp"

#include "gateway/policy/policy.hpp"

#include <algorithm>

namespace gatehouse::gateway {

// One '*' is remembered at a time: a later one that is reached makes the earlier final, so there is
// no recursion, and the work is at most the product of the two lengths.
bool glob_matches(std::string_view glob, std::string_view text) {
    std::size_t g = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_text = 0;
    while (t < text.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            star_text = t;
        } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
            ++g;
            ++t;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    return glob.find_first_not_of('*', g) == std::string_view::npos;
}

GlobList::GlobList(const std::vector<std::string>& globs) : any_(globs.empty()) {
    for (const std::string& glob : globs) {
        if (glob == "*") {
            any_ = true;
        } else if (glob.find_first_of("*?") == std::string::npos) {
            names_.push_back(glob);
        } else {
            globs_.push_back(glob);
        }
    }
}

GlobStart GlobList::start() const {
    GlobStart start;
    if (any_ || names_.size() + globs_.size() != 1) {
        return start;
    }
    const std::string_view only = names_.empty() ? globs_.front() : names_.front();
    const std::string_view literal = only.substr(0, only.find_first_of("*?"));
    // Where a name ends, the text's end is part of what must fit: its zeros.
    const std::size_t count = literal.size() + (literal.size() == only.size() ? 1 : 0);
    auto* const mask = reinterpret_cast<unsigned char*>(&start.mask);
    std::fill_n(mask, std::min(count, sizeof(start.mask)), static_cast<unsigned char>(0xFF));
    start.bytes = first_bytes(literal);
    return start;
}

bool GlobList::matches(std::string_view text) const {
    const auto same = [text](const std::string& name) { return name == text; };
    const auto fits = [text](const std::string& glob) { return glob_matches(glob, text); };
    return any_ || std::any_of(names_.begin(), names_.end(), same) ||
           std::any_of(globs_.begin(), globs_.end(), fits);
}

} // namespace gatehouse::gateway
