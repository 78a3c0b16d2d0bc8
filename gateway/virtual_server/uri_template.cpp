#include "gateway/virtual_server/uri_template.hpp"

#include <algorithm>

namespace gatehouse::gateway {

namespace {

constexpr std::string_view within_segment = "/?#"; // what a plain value escapes
constexpr std::string_view within_path = "?#";
constexpr std::string_view within_query = "#";
constexpr std::string_view nothing_excluded;

bool expression_names_are_valid(std::string_view names) {
    return !names.empty() && std::all_of(names.begin(), names.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '%' || c == ',' || c == '*' || c == ':' || c == '-';
    });
}

// Which ends of a match so far can be reached; index i is the gap before byte i of the URI.
using Reached = std::vector<char>;

void pass_literal(std::string_view literal, std::string_view uri, Reached& reached) {
    Reached after(reached.size(), 0);
    for (std::size_t at = 0; at + literal.size() <= uri.size(); ++at) {
        if (reached[at] != 0 && uri.compare(at, literal.size(), literal) == 0) {
            after[at + literal.size()] = 1;
        }
    }
    reached = std::move(after);
}

void pass_run(char lead, std::string_view excluded, std::string_view uri, Reached& reached) {
    char running = 0;
    for (std::size_t at = 0; at < uri.size(); ++at) {
        const bool starts = reached[at] != 0 && (lead == 0 || uri[at] == lead);
        const bool goes_on = running != 0 && excluded.find(uri[at]) == std::string_view::npos;
        const bool begins =
            starts && (lead != 0 || excluded.find(uri[at]) == std::string_view::npos);
        running = begins || goes_on ? 1 : 0;
        reached[at + 1] = reached[at + 1] != 0 || running != 0 ? 1 : 0;
    }
}

} // namespace

bool UriTemplate::add_expression(std::string_view inside, std::vector<Part>& parts) {
    const char first = inside.empty() ? '\0' : inside.front();
    Part part;
    part.excluded = within_segment;
    if (first == '+' || first == '#') {
        part.excluded = nothing_excluded;
    } else if (first == '/' || first == ';') {
        part.excluded = within_path;
    } else if (first == '?' || first == '&') {
        part.excluded = within_query;
    }
    const bool has_operator = std::string_view("+#./;?&").find(first) != std::string_view::npos;
    part.lead = has_operator && first != '+' ? first : '\0';
    if (!expression_names_are_valid(inside.substr(has_operator ? 1 : 0))) {
        return false;
    }
    const bool merges =
        !parts.empty() && parts.back().literal.empty() && parts.back().lead == 0 && part.lead == 0;
    if (merges) {
        const bool wider = part.excluded.size() < parts.back().excluded.size();
        parts.back().excluded = wider ? part.excluded : parts.back().excluded;
    } else {
        parts.push_back(std::move(part));
    }
    return true;
}

std::optional<UriTemplate> UriTemplate::compile(std::string_view text) {
    UriTemplate made;
    if (text.size() > uri_max_bytes) {
        return std::nullopt;
    }
    while (!text.empty()) {
        const std::size_t open = std::min(text.find_first_of("{}"), text.size());
        if (open > 0) {
            made.parts_.push_back({std::string(text.substr(0, open)), 0, nothing_excluded});
        }
        text.remove_prefix(open);
        if (text.empty()) {
            break;
        }
        const std::size_t close = text.find('}');
        if (text.front() == '}' || close == std::string_view::npos ||
            !add_expression(text.substr(1, close - 1), made.parts_)) {
            return std::nullopt;
        }
        text.remove_prefix(close + 1);
    }
    if (made.parts_.size() > uri_template_parts_max_count) {
        return std::nullopt;
    }
    return made;
}

bool UriTemplate::makes(std::string_view uri) const {
    if (uri.size() > uri_max_bytes) {
        return false;
    }
    // Most templates are told apart by how they begin and end.
    if (!parts_.empty() &&
        (!uri.starts_with(parts_.front().literal) || !uri.ends_with(parts_.back().literal))) {
        return false;
    }
    Reached reached(uri.size() + 1, 0);
    reached[0] = 1;
    for (const Part& part : parts_) {
        if (part.literal.empty()) {
            pass_run(part.lead, part.excluded, uri, reached);
        } else {
            pass_literal(part.literal, uri, reached);
        }
    }
    return reached.back() != 0;
}

std::string UriTemplate::sample() const {
    std::string text;
    for (const Part& part : parts_) {
        text += part.literal;
        if (part.lead != 0) {
            text += part.lead;
        }
        text += part.literal.empty() ? "x" : "";
    }
    return text;
}

} // namespace gatehouse::gateway
