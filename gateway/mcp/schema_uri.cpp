#include "gateway/mcp/schema_uri.hpp"

#include <cctype>

namespace gatehouse::gateway {

namespace {

struct UriParts {
    std::string scheme;    // with its colon, or empty
    std::string authority; // with its slashes, or empty
    std::string path;
    std::string query; // with its question mark, or empty
};

std::size_t scheme_length(std::string_view uri) {
    const auto colon = uri.find(':');
    if (colon == std::string_view::npos || uri.find_first_of("/?#") < colon || colon == 0) {
        return 0;
    }
    return colon + 1;
}

UriParts split_uri(std::string_view uri) {
    UriParts parts;
    const std::size_t scheme = scheme_length(uri);
    parts.scheme = std::string(uri.substr(0, scheme));
    uri.remove_prefix(scheme);
    if (uri.starts_with("//")) {
        const auto end = std::min(uri.find_first_of("/?", 2), uri.size());
        parts.authority = std::string(uri.substr(0, end));
        uri.remove_prefix(end);
    }
    const auto question = std::min(uri.find('?'), uri.size());
    parts.path = std::string(uri.substr(0, question));
    parts.query = std::string(uri.substr(question));
    return parts;
}

std::string without_dot_segments(std::string_view path) {
    std::vector<std::string_view> kept;
    const bool absolute = path.starts_with('/');
    bool folder = false;
    std::size_t start = absolute ? 1 : 0;
    while (start <= path.size()) {
        const auto end = std::min(path.find('/', start), path.size());
        const std::string_view segment = path.substr(start, end - start);
        folder = segment == "." || segment == "..";
        if (segment == "..") {
            if (!kept.empty()) {
                kept.pop_back();
            }
        } else if (segment != ".") {
            kept.push_back(segment);
        }
        start = end + 1;
    }
    std::string result = absolute ? "/" : "";
    for (std::size_t i = 0; i < kept.size(); ++i) {
        result.append(i == 0 ? "" : "/").append(kept[i]);
    }
    return folder && !kept.empty() ? result + "/" : result;
}

std::string percent_decoded(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escaped = text[i] == '%' && i + 2 < text.size() &&
                             std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                             std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
        if (escaped) {
            result.push_back(
                static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
            i += 2;
        } else {
            result.push_back(text[i]);
        }
    }
    return result;
}

} // namespace

SchemaUri resolve_schema_uri(const std::string& base, const std::string& reference) {
    SchemaUri result;
    const auto hash = std::min(reference.find('#'), reference.size());
    if (hash < reference.size()) {
        result.fragment = percent_decoded(std::string_view(reference).substr(hash + 1));
    }
    if (hash == 0) {
        result.base = base;
        return result;
    }
    UriParts parts = split_uri(std::string_view(reference).substr(0, hash));
    const UriParts context = split_uri(base);
    if (parts.scheme.empty()) {
        parts.scheme = context.scheme;
        if (parts.authority.empty()) {
            parts.authority = context.authority;
            if (!parts.path.starts_with('/')) {
                const auto slash = context.path.rfind('/');
                const bool rooted = slash == std::string::npos && !context.authority.empty();
                const std::string folder =
                    slash == std::string::npos ? "" : context.path.substr(0, slash + 1);
                parts.path = (rooted ? "/" : folder) + parts.path;
            }
        }
        parts.path = without_dot_segments(parts.path);
    }
    result.base = parts.scheme + parts.authority + parts.path + parts.query;
    return result;
}

std::optional<std::vector<std::string>> json_pointer_tokens(std::string_view pointer) {
    std::vector<std::string> tokens;
    if (pointer.empty()) {
        return tokens;
    }
    if (pointer.front() != '/') {
        return std::nullopt;
    }
    for (const char c : pointer) {
        if (c == '/') {
            tokens.emplace_back();
        } else {
            tokens.back().push_back(c);
        }
    }
    for (std::string& token : tokens) {
        for (auto at = token.find('~'); at != std::string::npos; at = token.find('~', at + 1)) {
            const char next = at + 1 < token.size() ? token[at + 1] : '\0';
            if (next != '0' && next != '1') {
                return std::nullopt;
            }
            token.replace(at, 2, next == '0' ? "~" : "/");
        }
    }
    return tokens;
}

std::string json_pointer_token(std::string_view token) {
    std::string result;
    for (const char c : token) {
        if (c == '~') {
            result += "~0";
        } else if (c == '/') {
            result += "~1";
        } else {
            result.push_back(c);
        }
    }
    return result;
}

} // namespace gatehouse::gateway
