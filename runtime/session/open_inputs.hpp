// OpenInputs: the questions of a connector to its client that are not answered yet. Bounded. Pure;
// used by the sessions of both transports, whose calls have a type each.
#pragma once

#include "runtime/connector_call.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

constexpr std::size_t open_inputs_max_count = 64;
constexpr std::size_t input_max_bytes = 1ULL << 20;

// The same id may be spelled with other escapes in a notification than in the request.
bool same_raw_id(std::string_view a, std::string_view b);

template <class Call>
struct OpenInput {
    std::uint64_t serial = 0;
    std::string raw_id; // the connector's, as received
    std::shared_ptr<InputRequest> request;
    Call* call = nullptr; // that it belongs to; null: to the whole session
};

template <class Call>
class OpenInputs {
  public:
    using Input = OpenInput<Call>;

    bool full() const { return items_.size() >= open_inputs_max_count; }
    bool holds(std::string_view raw_id) const {
        return std::any_of(items_.begin(), items_.end(), named(raw_id));
    }
    // The serial number; the connector may use an id again once it is answered.
    std::uint64_t add(Input input) {
        input.serial = ++last_serial_;
        items_.push_back(std::move(input));
        return last_serial_;
    }
    // Each takes one out.
    std::optional<Input> take(std::uint64_t serial) {
        return take_first([serial](const Input& input) { return input.serial == serial; });
    }
    std::optional<Input> take_named(std::string_view raw_id) { return take_first(named(raw_id)); }
    std::optional<Input> take_of(const Call& call) {
        return take_first([&call](const Input& input) { return input.call == &call; });
    }
    std::optional<Input> take_any() {
        return take_first([](const Input&) { return true; });
    }

  private:
    static auto named(std::string_view raw_id) {
        return [raw_id](const Input& input) { return same_raw_id(input.raw_id, raw_id); };
    }
    template <class Wanted>
    std::optional<Input> take_first(const Wanted& wanted) {
        const auto at = std::find_if(items_.begin(), items_.end(), wanted);
        if (at == items_.end()) {
            return std::nullopt;
        }
        std::optional<Input> taken(std::move(*at));
        items_.erase(at);
        return taken;
    }

    std::vector<Input> items_;
    std::uint64_t last_serial_ = 0;
};

} // namespace gatehouse::runtime
