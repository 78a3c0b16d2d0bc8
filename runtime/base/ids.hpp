// Strong identifiers: a ConnectorName cannot be passed where a ToolName is due. Pure values.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace gatehouse {

// A text identifier. Tag makes the type distinct; the text is compared byte by byte.
template <class Tag>
class TextId {
  public:
    TextId() = default;
    explicit TextId(std::string text) : text_(std::move(text)) {}

    const std::string& str() const { return text_; }
    bool empty() const { return text_.empty(); }
    friend bool operator==(const TextId&, const TextId&) = default;
    friend std::strong_ordering operator<=>(const TextId& a, const TextId& b) {
        return a.text_.compare(b.text_) <=> 0;
    }

  private:
    std::string text_;
};

// A counted identifier, unique within one run of the daemon; 0 means "none".
template <class Tag>
struct NumberId {
    std::uint64_t value = 0;
    friend auto operator<=>(const NumberId&, const NumberId&) = default;
};

using ConnectorName = TextId<struct ConnectorNameTag>;         // metadata.name of a manifest
using VirtualServerName = TextId<struct VirtualServerNameTag>; // path segment of /v/<name>/mcp
using PrincipalId = TextId<struct PrincipalIdTag>;             // "agent:ci"
using SecretName = TextId<struct SecretNameTag>;   // name used by `gatehouse secret set`
using SessionId = TextId<struct SessionIdTag>;     // Mcp-Session-Id, 128 random bits
using CallId = NumberId<struct CallIdTag>;         // one call through the gateway
using InstanceId = NumberId<struct InstanceIdTag>; // one process tree of a connector

} // namespace gatehouse

template <class Tag>
struct std::hash<gatehouse::TextId<Tag>> {
    std::size_t operator()(const gatehouse::TextId<Tag>& id) const {
        return std::hash<std::string>{}(id.str());
    }
};
template <class Tag>
struct std::hash<gatehouse::NumberId<Tag>> {
    std::size_t operator()(const gatehouse::NumberId<Tag>& id) const {
        return std::hash<std::uint64_t>{}(id.value);
    }
};
