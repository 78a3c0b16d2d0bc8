#include "runtime/session/open_inputs.hpp"

#include "runtime/session/json_scan.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

// The same id may be spelled with other escapes in a notification than in the request.
bool same_raw_id(std::string_view a, std::string_view b) {
    return a == b ||
           (a.starts_with('"') && b.starts_with('"') && string_value(a) == string_value(b));
}

} // namespace

bool OpenInputs::holds(std::string_view raw_id) const {
    return std::any_of(items_.begin(), items_.end(), [raw_id](const OpenInput& input) {
        return same_raw_id(input.raw_id, raw_id);
    });
}

std::uint64_t OpenInputs::add(OpenInput input) {
    input.serial = ++last_serial_;
    items_.push_back(std::move(input));
    return last_serial_;
}

std::optional<OpenInput> OpenInputs::take_at(std::vector<OpenInput>::iterator at) {
    if (at == items_.end()) {
        return std::nullopt;
    }
    std::optional<OpenInput> taken(std::move(*at));
    items_.erase(at);
    return taken;
}

std::optional<OpenInput> OpenInputs::take(std::uint64_t serial) {
    return take_at(std::find_if(items_.begin(), items_.end(), [serial](const OpenInput& input) {
        return input.serial == serial;
    }));
}

std::optional<OpenInput> OpenInputs::take_named(std::string_view raw_id) {
    return take_at(std::find_if(items_.begin(), items_.end(), [raw_id](const OpenInput& input) {
        return same_raw_id(input.raw_id, raw_id);
    }));
}

std::optional<OpenInput> OpenInputs::take_of(const PendingCall& call) {
    return take_at(std::find_if(items_.begin(), items_.end(),
                                [&call](const OpenInput& input) { return input.call == &call; }));
}

std::optional<OpenInput> OpenInputs::take_any() {
    return take_at(items_.begin());
}

} // namespace gatehouse::runtime
