#include "runtime/logs/secret_masker.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/secret.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view base64_standard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64_url_safe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The characters of a base64 text that depend on the secret alone, when `shift` bytes of something
// else stand before it in the encoded text ("user:secret" of HTTP basic authentication).
std::string base64_core(std::string_view secret, std::size_t shift, std::string_view alphabet) {
    const std::size_t first_bit = shift * 8;
    const std::size_t end_bit = first_bit + secret.size() * 8;
    const auto bit_at = [&](std::size_t bit) {
        const auto byte = static_cast<unsigned char>(secret[(bit - first_bit) / 8]);
        return (byte >> (7 - (bit - first_bit) % 8)) & 1U;
    };
    std::string core;
    for (std::size_t bit = (first_bit + 5) / 6 * 6; bit + 6 <= end_bit; bit += 6) {
        unsigned value = 0;
        for (std::size_t offset = 0; offset < 6; ++offset) {
            value = value << 1U | bit_at(bit + offset);
        }
        core.push_back(alphabet[value]);
    }
    return core;
}

// Characters that some encoders leave alone besides letters and digits: RFC 3986, Python's quote,
// JavaScript's encodeURIComponent and encodeURI, HTML forms.
constexpr std::array<std::string_view, 5> unescaped_sets = {"-_.~", "-_.~/", "-_.~!*'()",
                                                            "-_.~!*'();/?:@&=+$,#", "-_.*"};

bool is_letter_or_digit(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9');
}

std::string percent_encoded(std::string_view text, std::string_view unescaped,
                            std::string_view digits) {
    std::string encoded;
    for (const char character : text) {
        if (is_letter_or_digit(character) || unescaped.find(character) != std::string_view::npos) {
            encoded.push_back(character);
            continue;
        }
        const auto byte = static_cast<unsigned char>(character);
        encoded.push_back('%');
        encoded.push_back(digits[byte >> 4U]);
        encoded.push_back(digits[byte & 15U]);
    }
    return encoded;
}

// A form writes a blank as a plus sign.
std::string with_plus_for_blank(std::string text) {
    for (std::size_t at = text.find("%20"); at != std::string::npos; at = text.find("%20", at)) {
        text.replace(at, 3, "+");
    }
    return text;
}

constexpr std::size_t block_bytes = 2;

std::size_t block_slot(std::string_view text, std::size_t at, std::size_t bits) {
    const auto first = static_cast<unsigned char>(text[at]);
    const auto second = static_cast<unsigned char>(text[at + 1]);
    return ((first * 37U) ^ (second << 4U)) & ((1U << bits) - 1U);
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

} // namespace

SecretMasker::~SecretMasker() {
    forget();
}

void SecretMasker::forget() {
    for (auto& form : forms_) {
        wipe(form);
    }
    forms_.clear();
}

void SecretMasker::add_form(std::string form) {
    const bool known = std::find(forms_.begin(), forms_.end(), form) != forms_.end();
    if (form.size() >= secret_min_bytes && !known) {
        forms_.push_back(std::move(form));
    }
}

void SecretMasker::add_forms_of(const std::string& secret) {
    for (std::size_t shift = 0; shift < 3; ++shift) {
        add_form(base64_core(secret, shift, base64_standard));
        add_form(base64_core(secret, shift, base64_url_safe));
    }
    for (const std::string_view unescaped : unescaped_sets) {
        for (const std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
            std::string encoded = percent_encoded(secret, unescaped, digits);
            add_form(with_plus_for_blank(encoded));
            add_form(std::move(encoded));
        }
    }
    std::string quoted = json_quote(secret);
    add_form(quoted.substr(1, quoted.size() - 2));
    wipe(quoted);
    for (auto& line : lines_of(secret)) {
        add_form(std::move(line));
    }
}

void SecretMasker::set_secrets(std::vector<std::string> secrets) {
    forget();
    for (auto& secret : secrets) {
        if (secret.size() >= secret_min_bytes) {
            add_forms_of(secret);
        }
        wipe(secret);
    }
    std::sort(forms_.begin(), forms_.end(), [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() > b.size() : a < b;
    });
    build_table();
}

void SecretMasker::build_table() {
    shortest_bytes_ = forms_.empty() ? 0 : std::min<std::size_t>(forms_.back().size(), 255);
    const std::size_t furthest = shortest_bytes_ < block_bytes ? 0 : shortest_bytes_ - 1;
    shift_.fill(static_cast<std::uint8_t>(furthest));
    for (const auto& form : forms_) {
        for (std::size_t at = 0; at + block_bytes <= shortest_bytes_; ++at) {
            const auto shift = static_cast<std::uint8_t>(shortest_bytes_ - block_bytes - at);
            auto& known = shift_.at(block_slot(form, at, table_bits));
            known = std::min(known, shift);
        }
    }
}

std::size_t SecretMasker::match_at(std::string_view line, std::size_t at) const {
    const std::string_view rest = line.substr(at);
    for (const auto& form : forms_) {
        if (rest.starts_with(form)) {
            return form.size();
        }
    }
    return 0;
}

SecretMasker::Match SecretMasker::next_match(std::string_view line, std::size_t from) const {
    if (forms_.empty()) {
        return {};
    }
    // `end` is where the shortest form would end if it began at the place looked at.
    for (std::size_t end = from + shortest_bytes_; end <= line.size();) {
        const std::size_t shift = shift_[block_slot(line, end - block_bytes, table_bits)];
        if (shift > 0) {
            end += shift;
            continue;
        }
        const std::size_t at = end - shortest_bytes_;
        if (const std::size_t size = match_at(line, at); size > 0) {
            return Match{at, size};
        }
        ++end;
    }
    return {};
}

bool SecretMasker::mask(std::string& line) const {
    constexpr std::string_view mark = "***";
    Match match = next_match(line, 0);
    if (match.size == 0) {
        return false;
    }
    std::string masked;
    masked.reserve(line.size());
    std::size_t copied = 0;
    while (match.size > 0) {
        std::size_t end = match.at + match.size;
        masked.append(line, copied, match.at - copied).append(mark);
        // Another secret may begin inside this one and reach further.
        Match next = next_match(line, match.at + 1);
        for (; next.size > 0 && next.at < end; next = next_match(line, next.at + 1)) {
            end = std::max(end, next.at + next.size);
        }
        copied = end;
        match = next;
    }
    masked.append(line, copied);
    wipe(line);
    line = std::move(masked);
    return true;
}

std::size_t SecretMasker::hold_back(std::string_view unfinished) const {
    if (forms_.empty()) {
        return 0;
    }
    const std::size_t longest = forms_.front().size();
    // A form that may begin at `at` and is not finished, or is finished and reaches over the cut.
    const auto reaches = [&](std::size_t at, std::size_t cut) {
        const std::string_view rest = unfinished.substr(at);
        return std::any_of(forms_.begin(), forms_.end(), [&](const std::string& form) {
            const std::size_t size = std::min(form.size(), rest.size());
            const bool over = form.size() > rest.size() || at + form.size() > cut;
            return over && rest.substr(0, size) == std::string_view(form).substr(0, size);
        });
    };
    std::size_t cut = unfinished.size();
    for (std::size_t at = cut; at > 0 && cut - at < longest;) {
        --at;
        if (reaches(at, cut)) {
            cut = at;
        }
    }
    return unfinished.size() - cut;
}

} // namespace gatehouse::runtime
