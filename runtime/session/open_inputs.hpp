// OpenInputs: the questions of a connector to its client that are not answered yet. Bounded. Pure.
#pragma once

#include "runtime/connector_call.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

struct PendingCall;

constexpr std::size_t open_inputs_max_count = 64;
constexpr std::size_t input_max_bytes = 1ULL << 20;

struct OpenInput {
    std::uint64_t serial = 0;
    std::string raw_id; // the connector's, as received
    std::shared_ptr<InputRequest> request;
    PendingCall* call = nullptr; // that it belongs to; null: to the whole session
};

class OpenInputs {
  public:
    bool full() const { return items_.size() >= open_inputs_max_count; }
    bool holds(std::string_view raw_id) const;
    // The serial number; the connector may use an id again once it is answered.
    std::uint64_t add(OpenInput input);
    // Each takes one out.
    std::optional<OpenInput> take(std::uint64_t serial);
    std::optional<OpenInput> take_named(std::string_view raw_id);
    std::optional<OpenInput> take_of(const PendingCall& call);
    std::optional<OpenInput> take_any();

  private:
    std::optional<OpenInput> take_at(std::vector<OpenInput>::iterator at);

    std::vector<OpenInput> items_;
    std::uint64_t last_serial_ = 0;
};

} // namespace gatehouse::runtime
