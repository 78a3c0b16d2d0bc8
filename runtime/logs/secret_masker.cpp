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

std::string percent_encoded(std::string_view text, std::string_view digits) {
    constexpr std::string_view unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    std::string encoded;
    for (const char character : text) {
        if (unreserved.find(character) != std::string_view::npos) {
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

void SecretMasker::set_secrets(std::vector<std::string> secrets) {
    forget();
    for (auto& secret : secrets) {
        if (secret.size() < secret_min_bytes) {
            continue;
        }
        for (std::size_t shift = 0; shift < 3; ++shift) {
            add_form(base64_core(secret, shift, base64_standard));
            add_form(base64_core(secret, shift, base64_url_safe));
        }
        add_form(percent_encoded(secret, "0123456789ABCDEF"));
        add_form(percent_encoded(secret, "0123456789abcdef"));
        std::string quoted = json_quote(secret);
        add_form(quoted.substr(1, quoted.size() - 2));
        wipe(quoted);
        for (auto& line : lines_of(secret)) {
            add_form(std::move(line));
        }
        wipe(secret);
    }
    std::sort(forms_.begin(), forms_.end(), [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() > b.size() : a < b;
    });
}

bool SecretMasker::mask(std::string& line) const {
    constexpr std::string_view mark = "***";
    bool masked = false;
    for (const auto& form : forms_) {
        for (std::size_t at = line.find(form); at != std::string::npos;
             at = line.find(form, at + mark.size())) {
            line.replace(at, form.size(), mark);
            masked = true;
        }
    }
    return masked;
}

} // namespace gatehouse::runtime
