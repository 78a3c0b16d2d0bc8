#include "runtime/session/attribution.hpp"

namespace gatehouse::runtime {

namespace {

constexpr std::size_t abandoned_max_count = 1024;

} // namespace

void AbandonedCalls::add(std::uint64_t id) {
    if (ids_.size() < abandoned_max_count) {
        ids_.insert(id);
    } else {
        overflowed_ = true;
    }
}

} // namespace gatehouse::runtime
