#include "runtime/base/cause_codes.hpp"

#include "runtime/base/cause_tables.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace gatehouse {

namespace {

std::vector<CauseCode> joined_cause_codes() {
    std::vector<CauseCode> all;
    for (const auto part : {access_cause_codes(), config_cause_codes(), downstream_cause_codes(),
                            protocol_cause_codes(), names_cause_codes(), process_cause_codes(),
                            limits_cause_codes()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

} // namespace

std::span<const CauseCode> all_cause_codes() {
    static const std::vector<CauseCode> all = joined_cause_codes();
    return all;
}

const CauseCode* find_cause_code(std::string_view code) {
    std::string wanted(code.substr(0, 16));
    for (char& letter : wanted) {
        letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    if (!wanted.starts_with("GH-")) {
        wanted.insert(0, "GH-");
    }
    const auto all = all_cause_codes();
    const auto found = std::lower_bound(
        all.begin(), all.end(), wanted,
        [](const CauseCode& entry, const std::string& text) { return entry.code < text; });
    return found != all.end() && found->code == wanted ? &*found : nullptr;
}

} // namespace gatehouse
