#include "gateway/journal/open_intents.hpp"

#include "gateway/journal/record_line.hpp"
#include "gateway/journal/segment.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/log.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>

namespace gatehouse::gateway {

namespace {

std::uint64_t leading_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// The writer puts kind and call first, before anything that a client can choose.
constexpr std::string_view kind_key = ",\"kind\":\"";

std::string_view after_kind_key(std::string_view line) {
    const auto found = line.find(kind_key);
    return found == std::string_view::npos ? std::string_view()
                                           : line.substr(found + kind_key.size());
}

std::string text_member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

JournalRecord closing_of(std::uint64_t call, std::string_view line) {
    // Arguments may nest deeper than is parsed here; then the closing has the call's number alone.
    const auto parsed = parse_json(line);
    const Json intent = parsed && parsed->is_object() ? *parsed : Json::object();
    JournalRecord record;
    record.kind = RecordKind::outcome;
    record.call = call;
    record.principal = text_member(intent, "principal");
    record.virtual_server = text_member(intent, "virtual_server");
    record.connector = text_member(intent, "connector");
    record.method = text_member(intent, "method");
    record.tool = text_member(intent, "tool");
    record.reason = "GH-G905";
    record.outcome = "may_have_run";
    return record;
}

// Takes the lines from the newest to the oldest.
class OpenIntentSearch {
  public:
    // False: no older line matters.
    bool add(std::string_view line) {
        const auto parts = parse_record_line(line);
        if (!parts) {
            return true; // what proves the chain tells of it
        }
        if (parts->seq < oldest_) {
            return false;
        }
        std::string_view rest = after_kind_key(line);
        if (take(rest, "outcome\",\"call\":")) {
            closed_.insert(leading_number(rest));
        } else if (take(rest, "intent\",\"call\":")) {
            const std::uint64_t call = leading_number(rest);
            if (closed_.erase(call) == 0) {
                closings_.push_back(closing_of(call, line));
            }
        } else if (take(rest, "daemon\",\"action\":\"")) {
            return add_daemon(rest);
        }
        return true;
    }
    std::vector<JournalRecord> result() && {
        std::ranges::reverse(closings_);
        return std::move(closings_);
    }

  private:
    static bool take(std::string_view& text, std::string_view start) {
        if (!text.starts_with(start)) {
            return false;
        }
        text.remove_prefix(start.size());
        return true;
    }

    bool add_daemon(std::string_view rest) {
        if (take(rest, action_daemon_start) && rest.starts_with('"')) {
            return false; // it came after the closings of all runs before
        }
        if (oldest_ == 0 && take(rest, action_journal_mark) && take(rest, "\",\"target\":\"")) {
            oldest_ = leading_number(rest);
            return oldest_ != 0;
        }
        return true;
    }

    std::uint64_t oldest_ = 0;
    std::unordered_set<std::uint64_t> closed_;
    std::vector<JournalRecord> closings_;
};

// False: the search is over.
Result<bool> search_segment(const std::filesystem::path& file, OpenIntentSearch& search) {
    auto lines = BackwardLines::open(file);
    if (!lines) {
        return lines.error();
    }
    auto torn = lines->skip_torn_tail();
    if (!torn) {
        return torn.error();
    }
    for (;;) {
        auto line = lines->next();
        if (!line) {
            return line.error();
        }
        if (!*line) {
            return true;
        }
        if (!search.add(**line)) {
            return false;
        }
    }
}

} // namespace

Result<std::vector<JournalRecord>> closings_of_open_intents(const std::filesystem::path& folder) {
    auto segments = list_segments(folder);
    if (!segments) {
        return segments.error();
    }
    OpenIntentSearch search;
    bool goes_on = true;
    for (auto file = segments->rbegin(); file != segments->rend() && goes_on; ++file) {
        auto searched = search_segment(*file, search);
        if (!searched && searched.error().code == "GH-G902") {
            log_warn("journal: older calls without an outcome are not looked for: " +
                     to_text(searched.error()));
            break;
        }
        if (!searched) {
            return searched.error();
        }
        goes_on = *searched;
    }
    return std::move(search).result();
}

void OpenIntents::add(const JournalRecord& record, std::uint64_t seq) {
    if (record.call == 0) {
        return;
    }
    if (record.kind == RecordKind::intent) {
        open_.emplace(record.call, seq);
    } else if (record.kind == RecordKind::outcome) {
        if (auto closed = open_.extract(record.call)) {
            closed_in_batch_.emplace_back(closed.key(), closed.mapped());
        }
    }
}

void OpenIntents::batch_lost(std::uint64_t good_seq) {
    for (const auto& [call, seq] : closed_in_batch_) {
        open_.emplace(call, seq);
    }
    closed_in_batch_.clear();
    std::erase_if(open_, [good_seq](const auto& entry) { return entry.second > good_seq; });
}

std::uint64_t OpenIntents::oldest_seq() const {
    std::uint64_t oldest = 0;
    for (const auto& entry : open_) {
        oldest = oldest == 0 ? entry.second : std::min(oldest, entry.second);
    }
    return oldest;
}

} // namespace gatehouse::gateway
