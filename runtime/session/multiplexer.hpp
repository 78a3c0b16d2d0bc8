// Multiplexer: the ids used with one connector, and what waits for each. Pure. Callers' own ids
// never come near it, so that two callers who both say `"id":1` cannot meet. An id is used once, so
// a late, duplicate or invented answer finds nothing. The progress token of a call is its id.
#pragma once

#include "runtime/session/id_guess.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string_view>

namespace gatehouse::runtime {

template <class Waiting>
class Multiplexer {
  public:
    // The id that `waiting` is now known by. The caller keeps the object alive until it is taken or
    // forgotten.
    std::uint64_t add(Waiting& waiting) {
        const std::uint64_t id = next_id_++;
        waiting_.emplace(id, &waiting);
        return id;
    }
    // An id whose answer nothing waits for.
    std::uint64_t reserve() { return next_id_++; }
    // What an answer with this raw id belongs to, taken out; null if nothing waits for it.
    Waiting* take_answered(std::string_view raw_id) {
        Waiting* const waiting = find(raw_id);
        if (waiting != nullptr) {
            waiting_.erase(*upstream_id_of(raw_id));
        }
        return waiting;
    }
    // Stays in; for notifications that belong to a call.
    Waiting* find(std::string_view raw_id) const {
        const auto id = upstream_id_of(raw_id);
        const auto found = id ? waiting_.find(*id) : waiting_.end();
        return found == waiting_.end() ? nullptr : found->second;
    }
    void forget(std::uint64_t id) { waiting_.erase(id); }
    // Some entry, or null when empty; to end all of them one by one.
    Waiting* any() const { return waiting_.empty() ? nullptr : waiting_.begin()->second; }

    std::size_t size() const { return waiting_.size(); }
    template <class Visitor>
    void for_each(Visitor&& visit) const {
        for (const auto& entry : waiting_) {
            visit(*entry.second);
        }
    }

  private:
    std::uint64_t next_id_ = 1;
    boost::unordered_flat_map<std::uint64_t, Waiting*> waiting_;
};

} // namespace gatehouse::runtime
