// EventLog: what happened to connectors and to the daemon, in order, on disk (data/events), kept
// over restarts of the daemon: the history that `gatehouse events` shows. Few and small, unlike
// logs. One event loop; readers read by cursor.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

enum class EventKind {
    health,    // from one word of health to another
    lifecycle, // an instance went from one state to another
    exit,      // an instance ended; `cause` says why
    restart,   // an attempt is due; `text` says when
    catalogue, // its tools, prompts or resources changed
    breaker,   // calls to a host are held back, or let through again
    verb,      // an operator asked for something
    config,    // a manifest was added, changed or removed
    secret,    // a secret it uses was set or removed
    daemon,    // the daemon started, reloaded, or ends
};

std::string_view to_text(EventKind kind);
std::optional<EventKind> parse_event_kind(std::string_view text);

struct Event {
    std::uint64_t seq = 0; // from 1, without gaps; set by the log
    WallTime time;         // set by the log
    EventKind kind = EventKind::daemon;
    std::string connector; // empty: of the daemon itself
    InstanceId instance;   // 0 if none
    std::string from;      // health, lifecycle, breaker: the word before …
    std::string to;        // … and after
    std::optional<Error> cause;
    std::string text; // one line for the reader, without the names above
};

struct EventFilter {
    std::uint64_t after_seq = 0;
    std::optional<WallTime> since;
    std::string connector;         // empty: all
    std::optional<EventKind> kind; // nothing: all
    std::size_t max_count = 1'000;
    bool newest = false; // the newest max_count instead of the oldest; oldest first all the same
};

class EventLog {
  public:
    // GH-L802 if the folder cannot be used. A torn tail is cut.
    static Result<std::unique_ptr<EventLog>> open(const Clock& clock, std::filesystem::path folder,
                                                  std::uint64_t max_bytes = 64ULL << 20);
    virtual ~EventLog() = default;

    // Never fails towards the caller: what cannot be written is counted and logged once.
    virtual void append(Event event) = 0;
    virtual std::vector<Event> read(const EventFilter& filter) = 0;
    virtual std::uint64_t last_seq() const = 0;
    virtual std::uint64_t lost_count() const = 0;
};

} // namespace gatehouse::runtime
