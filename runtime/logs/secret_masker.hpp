// SecretMasker: replaces known secrets in a log line by "***", also in the forms in which programs
// print them by accident: base64 (any alignment, both alphabets), percent-encoded (as URIs and as
// forms), JSON-escaped, single lines of a longer text. It cannot find a secret that was transformed
// otherwise. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

class SecretMasker {
  public:
    static constexpr std::size_t secret_min_bytes = 6;

    SecretMasker() = default;
    ~SecretMasker();
    SecretMasker(const SecretMasker&) = delete;
    SecretMasker& operator=(const SecretMasker&) = delete;

    // Replaces the earlier set. Values under secret_min_bytes are left out: masking them would
    // blank ordinary text.
    void set_secrets(std::vector<std::string> secrets);
    bool empty() const { return forms_.empty(); }

    // Whether some secret is in it.
    bool found_in(std::string_view line) const { return next_match(line, 0).size > 0; }
    // Returns whether something was masked.
    bool mask(std::string& line) const;
    // How many bytes at the end may be the beginning of a secret, or would cut one that is there.
    std::size_t hold_back(std::string_view unfinished) const;

  private:
    static constexpr std::size_t table_bits = 12;
    struct Match {
        std::size_t at = 0;
        std::size_t size = 0; // 0: none
    };
    void add_forms_of(const std::string& secret);
    void add_form(std::string form);
    void forget();
    void build_table();
    // The leftmost match from `from` on, the longest of several there.
    Match next_match(std::string_view line, std::size_t from) const;
    std::size_t match_at(std::string_view line, std::size_t at) const;

    std::vector<std::string> forms_; // longest first
    std::size_t shortest_bytes_ = 0;
    // How far the search may go on when these two bytes stand at the end of its window, for all
    // forms at once (after Wu and Manber).
    std::array<std::uint8_t, 1U << table_bits> shift_{};
};

} // namespace gatehouse::runtime
