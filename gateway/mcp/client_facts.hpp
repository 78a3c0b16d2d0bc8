// What a client says of itself, as connectors and the journal know it: made once for a legacy
// session, kept for modern clients, which say it again with every request. One event loop.
#pragma once

#include "runtime/connector_call.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

struct KnownClient : runtime::Caller {
    std::string text; // "name/version" for the journal; may be empty
};

// A client's capabilities and name together may not be longer.
constexpr std::size_t client_facts_max_bytes = 16 * 1024;

// `capabilities` and `client_info` are raw JSON of any kind; what is no object counts as absent.
KnownClient describe_client(const PrincipalId& principal, std::string_view capabilities,
                            std::string_view client_info);

// Whether the client declared it: "elicitation", "sampling", "roots", …
bool declares(const runtime::Caller& caller, std::string_view capability);

class KnownClients {
  public:
    // The same object for the same words of the same principal, most of the time.
    std::shared_ptr<const KnownClient>
    find(const PrincipalId& principal, std::string_view capabilities, std::string_view client_info);

  private:
    std::array<std::shared_ptr<const KnownClient>, 256> slots_;
};

} // namespace gatehouse::gateway
