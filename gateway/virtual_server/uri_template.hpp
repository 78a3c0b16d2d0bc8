// UriTemplate: whether a URI may have been made from an RFC 6570 template (levels 1 to 3; the
// modifiers of level 4 are read as if they were absent). It finds owners, it extracts nothing, so
// where the RFC leaves several readings it takes the wider one. Pure; the work is bounded by the
// length of the URI times the template's parts.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

constexpr std::size_t uri_max_bytes = 4096; // longer ones match no template
constexpr std::size_t uri_template_parts_max_count = 33;

class UriTemplate {
  public:
    // Empty: it is malformed, too long or has too many parts.
    static std::optional<UriTemplate> compile(std::string_view text);
    bool makes(std::string_view uri) const;
    // A URI that the template makes, to see whether another template makes it too.
    std::string sample() const;

  private:
    // A literal; or an expression, which is a run of characters, behind `lead` if that is not 0.
    struct Part {
        std::string literal;
        char lead = 0;
        std::string_view excluded; // characters that the run cannot hold
    };
    static bool add_expression(std::string_view inside, std::vector<Part>& parts);
    std::vector<Part> parts_;
};

} // namespace gatehouse::gateway
