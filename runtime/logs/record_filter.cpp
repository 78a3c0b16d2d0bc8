#include "runtime/logs/record_filter.hpp"

#include <algorithm>
#include <re2/re2.h>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t pattern_max_bytes = 4096;
constexpr std::int64_t clock_step_us = std::int64_t{300} * 1'000'000;

} // namespace

Result<void> check_filter(const LogFilter& filter) {
    Error error{"GH-C532", "the pattern is no regular expression", filter.grep.substr(0, 80), "",
                "write it in the syntax of RE2, or put a backslash before special characters"};
    if (filter.grep.size() > pattern_max_bytes) {
        error.why = "it is longer than " + std::to_string(pattern_max_bytes) + " bytes";
        return error;
    }
    const re2::RE2 pattern(filter.grep, re2::RE2::Quiet);
    if (!pattern.ok()) {
        error.why = pattern.error();
        return error;
    }
    return {};
}

PatternCache::PatternCache() = default;
PatternCache::~PatternCache() = default;

std::shared_ptr<const re2::RE2> PatternCache::get(const std::string& pattern) {
    if (pattern.empty()) {
        return nullptr;
    }
    if (!compiled_ || text_ != pattern) {
        compiled_ = std::make_shared<const re2::RE2>(pattern, re2::RE2::Quiet);
        text_ = pattern;
    }
    return compiled_;
}

RecordFilter::RecordFilter(const LogFilter& filter, std::shared_ptr<const re2::RE2> pattern)
    : filter_(filter), pattern_(std::move(pattern)) {
    if (filter.since) {
        since_us_ = micros_of(*filter.since);
    }
    if (filter.until) {
        until_us_ = micros_of(*filter.until);
        end_us_ = until_us_ > INT64_MAX - clock_step_us ? INT64_MAX : until_us_ + clock_step_us;
    }
}

bool RecordFilter::calls_match(const RecordView& record) const {
    const auto* const begin = record.calls.data();
    const auto* const end = begin + record.calls_count;
    return !filter_.call || std::find(begin, end, filter_.call->value) != end;
}

bool RecordFilter::passes(const RecordView& record) const {
    if (record.time_us < since_us_ || record.time_us > until_us_ ||
        record.level < filter_.min_level || (filter_.stream && *filter_.stream != record.stream) ||
        (filter_.instance && filter_.instance->value != record.instance) ||
        (!filter_.member.empty() && filter_.member != record.member) || !calls_match(record)) {
        return false;
    }
    return pattern_ == nullptr ||
           (pattern_->ok() &&
            re2::RE2::PartialMatch(re2::StringPiece(record.text.data(), record.text.size()),
                                   *pattern_));
}

} // namespace gatehouse::runtime
