// RecordFilter: a LogFilter made ready for many records. Pure.
#pragma once

#include "runtime/logs/log_store.hpp"
#include "runtime/logs/record_codec.hpp"

#include <memory>
#include <string>

namespace re2 {
class RE2;
}

namespace gatehouse::runtime {

// Compiles a pattern once for all pages of a reader. One at a time is kept.
class PatternCache {
  public:
    PatternCache();
    ~PatternCache();
    // Null for the empty pattern; one that is not ok() for a bad one.
    std::shared_ptr<const re2::RE2> get(const std::string& pattern);

  private:
    std::string text_;
    std::shared_ptr<const re2::RE2> compiled_;
};

class RecordFilter {
  public:
    // `previous` of the filter has become an instance.
    RecordFilter(const LogFilter& filter, std::shared_ptr<const re2::RE2> pattern);

    bool passes(const RecordView& record) const;
    bool has_pattern() const { return pattern_ != nullptr; }
    std::int64_t since_us() const { return since_us_; }
    // Nothing that was written after this time can pass, unless the clock was set back by more than
    // five minutes.
    std::int64_t end_us() const { return end_us_; }

  private:
    bool calls_match(const RecordView& record) const;

    const LogFilter& filter_;
    std::shared_ptr<const re2::RE2> pattern_;
    std::int64_t since_us_ = INT64_MIN;
    std::int64_t until_us_ = INT64_MAX;
    std::int64_t end_us_ = INT64_MAX;
};

} // namespace gatehouse::runtime
