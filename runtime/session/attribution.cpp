#include "runtime/session/attribution.hpp"

#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t abandoned_max_count = 1024;

} // namespace

bool AbandonedCalls::add(JustAbandoned call) {
    if (ids_.size() >= abandoned_max_count) {
        overflowed_ = true;
        return false;
    }
    ids_.insert(call.id);
    recent_.push_back(std::move(call));
    return true;
}

void AbandonedCalls::answered(std::uint64_t id) {
    if (ids_.erase(id) > 0) {
        std::erase_if(recent_, [id](const JustAbandoned& call) { return call.id == id; });
    }
}

std::optional<JustAbandoned> AbandonedCalls::overdue(SteadyTime now) {
    if (recent_.empty() || recent_.front().patience_until > now) {
        return std::nullopt;
    }
    std::optional<JustAbandoned> first(std::move(recent_.front()));
    recent_.pop_front();
    return first;
}

} // namespace gatehouse::runtime
