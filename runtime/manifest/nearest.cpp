#include "runtime/manifest/field.hpp"

#include <algorithm>
#include <numeric>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t hint_word_max_bytes =
    40; // longer words are no typing mistakes, and cost time
constexpr std::size_t hint_max_distance = 2;
constexpr std::size_t hint_prefix_min_bytes = 3;

// Levenshtein's distance, row by row.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

} // namespace

std::string nearest_word(const std::string& word, const std::vector<std::string_view>& known) {
    if (word.empty() || word.size() > hint_word_max_bytes) {
        return "";
    }
    std::string best;
    std::size_t best_distance = hint_max_distance + 1;
    for (const std::string_view candidate : known) {
        // A distance as long as the word itself would suggest anything for "to" or "a".
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance && distance < std::min(word.size(), candidate.size())) {
            best = candidate;
            best_distance = distance;
        }
    }
    for (const std::string_view candidate : known) {
        const std::size_t shared = std::min(word.size(), candidate.size());
        if (best.empty() && shared >= hint_prefix_min_bytes &&
            std::string_view(word).substr(0, shared) == candidate.substr(0, shared)) {
            best = candidate;
        }
    }
    return best;
}

} // namespace gatehouse::runtime
