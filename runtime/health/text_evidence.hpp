// TextEvidence: what the text of tool errors and of stderr hints at. Text proves nothing: anyone
// can write "401", and a tool may quote it. So all that comes of it is a suspicion, which makes a
// connector degraded and never more. Pure.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/health/cause_class.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

enum class TextOrigin {
    tool_error, // of a result with isError, or a JSON-RPC error's message: one is enough
    log_line,   // of stderr: three within a minute are needed
};

enum class TextHint { nothing, auth, downstream };
// The patterns alone. Looks at the first 4 KiB.
TextHint hint_of_text(std::string_view text);

class TextEvidence {
  public:
    // Cheap for text without a hint; at most 50 log lines a second are looked at.
    void add(TextOrigin origin, std::string_view text, WallTime now);
    void reset();

    // True until nothing new was seen for a minute.
    std::optional<DatedCause> suspected_auth(WallTime now) const;
    std::optional<DatedCause> suspected_downstream(WallTime now) const;

  private:
    struct Suspicion {
        std::deque<WallTime> seen; // log lines of the last minute, at most 3
        std::optional<DatedCause> fact;
    };
    static void suspect(Suspicion& suspicion, TextOrigin origin, Error cause, WallTime now);
    static std::optional<DatedCause> current(const Suspicion& suspicion, WallTime now);

    Suspicion auth_;
    Suspicion downstream_;
    WallTime second_; // in which lines_looked_at_ were looked at
    int lines_looked_at_ = 0;
};

} // namespace gatehouse::runtime
