// SecretMasker: replaces known secrets in a log line by "***", also in the forms in which programs
// print them by accident: base64 (any alignment, both alphabets), percent-encoded, JSON-escaped,
// single lines of a longer text. It cannot find a secret that was transformed otherwise. Pure.
#pragma once

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
    // Returns whether something was masked.
    bool mask(std::string& line) const;

  private:
    void add_form(std::string form);
    void forget();
    std::vector<std::string> forms_; // longest first
};

} // namespace gatehouse::runtime
