// Facts about one thing, a line each: "  label       text". Used by status and describe. Pure.
#pragma once

#include "runtime/base/json.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

class FactText {
  public:
    explicit FactText(std::size_t width) : width_(width) {}

    // A line as it is; the caller escapes what is foreign in it.
    void line(std::string_view text);
    // "Title" with an empty line before it.
    void section(std::string_view title);
    // Nothing if there is no text. Escaped; what is too long goes on under its beginning.
    void fact(std::string_view label, std::string_view text);
    // The label stands before the first only.
    void list(std::string_view label, const Json& texts);
    // A ready block, such as a table, each line with two blanks before it.
    void block(std::string_view text);

    std::string take() { return std::move(out_); }

  private:
    std::size_t width_;
    std::string out_;
};

// Those that are not empty, with ", " between them.
std::string joined_texts(std::initializer_list<std::string> parts);
// "3 failed"; empty for none.
std::string counted(const Json& object, const char* key, std::string_view noun);

} // namespace gatehouse::gateway
