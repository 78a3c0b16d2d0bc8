// Open intents: calls whose intent stands in the journal and whose outcome does not. A run that
// ends without a word leaves some; the next start closes each with one outcome of its own. Used by
// the journal. Not safe for threads.
#pragma once

#include "gateway/journal/journal.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gatehouse::gateway {

constexpr std::string_view action_daemon_start = "daemon.start";
// Written from time to time; its target is the number of the oldest record that an intent without
// an outcome had then, or 0. What is older needs no look at the next start.
constexpr std::string_view action_journal_mark = "journal.mark";

// What has to be appended for every intent that an earlier run left open, oldest first. Reads
// backward to the last start of the daemon, or as far as the newest mark says. A damaged segment
// ends the search with a warning. Error GH-G901.
Result<std::vector<JournalRecord>> closings_of_open_intents(const std::filesystem::path& folder);

// Those of this run, while records are put into batches that are written whole or not at all.
class OpenIntents {
  public:
    void add(const JournalRecord& record, std::uint64_t seq);
    void batch_written() { closed_in_batch_.clear(); }
    // Records behind good_seq do not stand.
    void batch_lost(std::uint64_t good_seq);
    // 0 if none is open.
    std::uint64_t oldest_seq() const;

  private:
    std::unordered_map<std::uint64_t, std::uint64_t> open_; // call → seq of its intent
    std::vector<std::pair<std::uint64_t, std::uint64_t>> closed_in_batch_;
};

} // namespace gatehouse::gateway
