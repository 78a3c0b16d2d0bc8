#include "gateway/mcp/request_state.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <sodium.h>
#include <vector>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t state_nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t state_tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t state_key_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
// Before the text: the kind and the time of expiry.
constexpr std::size_t state_head_bytes = 1 + sizeof(std::int64_t);
constexpr std::size_t sealed_max_bytes = connector_state_max_bytes * 3 / 2;

const unsigned char* state_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* state_bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

void append_counted(std::string& out, std::string_view part) {
    std::uint64_t size = part.size();
    for (int i = 0; i < 8; ++i, size >>= 8) {
        out.push_back(static_cast<char>(size & 0xFF));
    }
    out += part;
}

std::string associated_data(const StateBinding& binding) {
    std::string data;
    append_counted(data, "gatehouse requestState 1");
    append_counted(data, binding.principal);
    append_counted(data, binding.virtual_server);
    append_counted(data, binding.connector);
    append_counted(data, binding.method);
    append_counted(data, binding.params_digest);
    return data;
}

void append_time(std::string& out, SteadyTime time) {
    auto count = static_cast<std::uint64_t>(time.time_since_epoch().count());
    for (int i = 0; i < 8; ++i, count >>= 8) {
        out.push_back(static_cast<char>(count & 0xFF));
    }
}

SteadyTime read_time(std::string_view bytes) {
    std::uint64_t count = 0;
    for (std::size_t i = 8; i-- > 0;) {
        count = (count << 8) | static_cast<unsigned char>(bytes[i]);
    }
    return SteadyTime(SteadyTime::duration(static_cast<std::int64_t>(count)));
}

std::string to_base64url(std::string_view bytes) {
    constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(text.data(), text.size(), state_bytes(bytes), bytes.size(), variant);
    text.pop_back(); // the terminator
    return text;
}

// Strict: no padding, no white space, nothing behind, no other spelling of the same bytes.
std::optional<std::string> from_base64url(std::string_view text) {
    std::string bytes(text.size() / 4 * 3 + 3, '\0');
    std::size_t size = 0;
    const int decoded =
        sodium_base642bin(state_bytes(bytes), bytes.size(), text.data(), text.size(), nullptr,
                          &size, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    if (decoded != 0) {
        return std::nullopt;
    }
    bytes.resize(size);
    return bytes;
}

Secret new_state_key() {
    GH_ASSERT(sodium_init() >= 0);
    std::string bytes(state_key_bytes, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return Secret(std::move(bytes));
}

bool changes_with_retry(std::string_view key) {
    return key == "inputResponses" || key == "requestState" || key == "_meta";
}

} // namespace

RequestStates::RequestStates(const Clock& clock, std::chrono::milliseconds lifetime)
    : clock_(clock), lifetime_(lifetime), key_(new_state_key()) {}

std::string RequestStates::seal(const StateBinding& binding, StateKind kind,
                                std::string_view text) const {
    std::string plain(1, static_cast<char>(kind));
    append_time(plain, clock_.steady_now() + lifetime_);
    plain += text;
    const std::string bound = associated_data(binding);
    std::string sealed(state_nonce_bytes + plain.size() + state_tag_bytes, '\0');
    randombytes_buf(sealed.data(), state_nonce_bytes);
    unsigned long long written = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        state_bytes(sealed) + state_nonce_bytes, &written, state_bytes(std::string_view(plain)),
        plain.size(), state_bytes(std::string_view(bound)), bound.size(), nullptr,
        state_bytes(sealed), state_bytes(key_.reveal()));
    GH_ASSERT(state_nonce_bytes + written == sealed.size());
    return to_base64url(sealed);
}

std::optional<OpenedState> RequestStates::open(const StateBinding& binding,
                                               std::string_view sealed) const {
    if (sealed.size() > sealed_max_bytes) {
        return std::nullopt;
    }
    const auto bytes = from_base64url(sealed);
    if (!bytes || bytes->size() < state_nonce_bytes + state_head_bytes + state_tag_bytes) {
        return std::nullopt;
    }
    const std::string bound = associated_data(binding);
    const std::string_view ciphertext = std::string_view(*bytes).substr(state_nonce_bytes);
    std::string plain(ciphertext.size() - state_tag_bytes, '\0');
    unsigned long long written = 0;
    const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
        state_bytes(plain), &written, nullptr, state_bytes(ciphertext), ciphertext.size(),
        state_bytes(std::string_view(bound)), bound.size(), state_bytes(std::string_view(*bytes)),
        state_bytes(key_.reveal()));
    if (opened != 0 || clock_.steady_now() >= read_time(std::string_view(plain).substr(1))) {
        return std::nullopt;
    }
    OpenedState state;
    state.kind = static_cast<StateKind>(plain.front());
    state.text = plain.substr(state_head_bytes);
    return state;
}

std::string retry_digest(std::string_view params) {
    std::vector<runtime::JsonMember> kept;
    if (auto members = runtime::object_members(params)) {
        kept = std::move(*members);
    }
    std::erase_if(kept, [](const runtime::JsonMember& one) { return changes_with_retry(one.key); });
    std::sort(kept.begin(), kept.end(),
              [](const auto& left, const auto& right) { return left.key < right.key; });
    crypto_generichash_state hash;
    constexpr std::size_t digest_bytes = 32;
    crypto_generichash_init(&hash, nullptr, 0, digest_bytes);
    const auto add = [&hash](std::string_view part) {
        std::string size;
        append_counted(size, part);
        crypto_generichash_update(&hash, state_bytes(std::string_view(size)), size.size());
    };
    for (const runtime::JsonMember& member : kept) {
        add(member.key);
        add(member.value);
    }
    std::string digest(digest_bytes, '\0');
    crypto_generichash_final(&hash, state_bytes(digest), digest.size());
    return digest;
}

} // namespace gatehouse::gateway
