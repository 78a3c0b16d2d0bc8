// Journal: the append-only, hash-chained audit record (data/journal/*.jsonl). One JSON line per
// record; `hash` is the SHA-256 over the line's bytes before `,"hash":`, `prev` the hash of the
// record before. Appends are gathered and written with one write() per loop turn; the awaiting
// callers resume after it, so a call cannot go on before its intent is written. One event loop.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

enum class RecordKind { intent, outcome, denial, sign_in_refused, admin, daemon };

// Fields left empty are not written. Large fields are given as digest and size by the caller.
struct JournalRecord {
    RecordKind kind = RecordKind::admin;
    std::uint64_t call = 0; // joins intent and outcome; 0 if none
    std::string principal;
    std::string address;
    std::string client; // clientInfo name/version, if known
    std::string virtual_server;
    std::string connector;
    std::uint64_t instance = 0;
    std::string method;         // of MCP; empty for tools/call
    std::string tool;           // or prompt, URI, task id: what was asked for
    std::string_view arguments; // raw JSON; kept whole up to 4 KiB, else cut with digest and size
    std::string decision;       // "allow" | "deny"
    std::string rule;           // name of the deciding rule; "exposure" or "default" otherwise
    std::string reason;         // reason code of a denial or failure, GH-…
    std::string credential;     // "name@version" of each, comma separated
    std::string outcome;        // "result", "tool_error", "error", "may_have_run", …
    std::uint64_t result_bytes = 0;
    std::string result_sha256;
    std::int64_t latency_us = -1;
    std::string action; // admin: "agent.create", "secret.set" …
    std::string target; // admin: what it was done to
};

struct JournalOptions {
    std::filesystem::path folder;
    std::uint64_t segment_max_bytes = 64ULL << 20;
    bool sync_to_disk = false; // audit.durability: disk (group fsync)
    // After so many records one that says how far back calls are open, so that the next start
    // need not read more.
    std::uint64_t mark_every = 1 << 16;
};

class Journal {
  public:
    // Opens the newest segment, cuts a torn last line, continues seq and chain, and closes the
    // calls that an earlier run left without an outcome (may_have_run, GH-G905), ahead of any other
    // record. GH-G901 if not writable.
    static Result<std::unique_ptr<Journal>> open(Executor executor, const Clock& clock,
                                                 JournalOptions options);
    ~Journal();
    // Puts the record into the turn's batch now, so it need not live on. Completes when it is
    // written; GH-G901 if it could not be (tried anew with each append). Value: seq.
    Task<Result<std::uint64_t>> append(const JournalRecord& record);
    // For places that cannot wait; written with the turn's batch, errors only logged.
    void append_later(const JournalRecord& record);
    std::uint64_t last_seq() const;

  private:
    struct Impl;
    explicit Journal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

struct JournalVerdict {
    std::uint64_t record_count = 0;
    std::optional<std::string> problem; // "segment …, line 17, seq 1234: hash does not match"
};
// Reads the folder without a daemon and proves the chain.
Result<JournalVerdict> verify_journal(const std::filesystem::path& folder);
// The newest `count` lines, oldest first.
Result<std::vector<std::string>> tail_journal(const std::filesystem::path& folder,
                                              std::size_t count);

} // namespace gatehouse::gateway
