#include "gateway/cli/fact_text.hpp"

#include "gateway/cli/json_field.hpp"
#include "gateway/cli/table.hpp"

#include <algorithm>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t label_width = 14;
constexpr std::size_t text_column = 2 + label_width;

} // namespace

void FactText::line(std::string_view text) {
    out_ += text;
    out_ += '\n';
}

void FactText::section(std::string_view title) {
    out_ += '\n';
    line(title);
}

void FactText::fact(std::string_view label, std::string_view text) {
    if (text.empty() || text == "-") {
        return;
    }
    const std::string lines = wrapped_text(text, width_, text_column);
    out_ += "  ";
    out_ += label;
    out_.append(label.size() < label_width ? label_width - label.size() : 1, ' ');
    out_ += lines.substr(std::min(text_column, lines.size()));
}

void FactText::list(std::string_view label, const Json& texts) {
    for (const Json& text : texts) {
        if (text.is_string()) {
            fact(label, text.get<std::string>());
            label = "";
        }
    }
}

void FactText::block(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        out_ += "  ";
        line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::string joined_texts(std::initializer_list<std::string> parts) {
    std::string text;
    for (const std::string& part : parts) {
        if (!part.empty()) {
            text += (text.empty() ? "" : ", ") + part;
        }
    }
    return text;
}

std::string counted(const Json& object, const char* key, std::string_view noun) {
    const std::uint64_t count = count_field(object, key);
    return count == 0 ? "" : std::to_string(count) + " " + std::string(noun);
}

} // namespace gatehouse::gateway
