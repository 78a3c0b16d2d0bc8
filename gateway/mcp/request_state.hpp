// RequestStates: the requestState that modern clients carry between the rounds of one request (MCP
// 2026-07-28, multi round-trip requests). It is opaque to them and hostile when it comes back: an
// AEAD (XChaCha20-Poly1305, a key of this run of the daemon) binds it to who asked, what was asked,
// and when. Sealing does not make it single-use: who redeems one sees to that. One event loop.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/secret.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

// What a state holds: the state a modern connector gave, or the name of a call that is parked here.
enum class StateKind : unsigned char { connector = 1, parked = 2 };

// The request a state belongs to. It opens on no other.
struct StateBinding {
    std::string_view principal;
    std::string_view virtual_server;
    std::string_view connector;
    std::string_view method;
    std::string_view params_digest; // see retry_digest
};

struct OpenedState {
    StateKind kind = StateKind::connector;
    std::string text;
};

// The longest state that is taken from a connector; the sealed form is about a third longer.
constexpr std::size_t connector_state_max_bytes = 64ULL << 10;

class RequestStates {
  public:
    // A state is worth nothing after `lifetime`.
    explicit RequestStates(const Clock& clock,
                           std::chrono::milliseconds lifetime = std::chrono::minutes(15));

    // base64url without padding.
    std::string seal(const StateBinding& binding, StateKind kind, std::string_view text) const;
    // Empty alike for what was not made here, was changed by a byte, has expired, or belongs to
    // another principal or request.
    std::optional<OpenedState> open(const StateBinding& binding, std::string_view sealed) const;

  private:
    const Clock& clock_;
    std::chrono::milliseconds lifetime_;
    Secret key_;
};

// What stays the same between a request and its retry: 32 bytes over the members of `params` but
// inputResponses, requestState and _meta, in any order of the members. Their values count byte by
// byte: a client repeats what it sent. `params`: a valid raw object, or empty.
std::string retry_digest(std::string_view params);

} // namespace gatehouse::gateway
