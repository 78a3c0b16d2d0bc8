#include "runtime/events/event_log.hpp"

#include "runtime/base/log.hpp"
#include "runtime/events/event_codec.hpp"
#include "runtime/events/event_files.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::array<std::string_view, 10> event_kind_words = {
    "health",  "lifecycle", "exit",   "restart", "catalogue",
    "breaker", "verb",      "config", "secret",  "daemon"};

// The newest ones are kept in memory: whoever follows reads no file.
constexpr std::size_t events_in_memory_count = 1024;
constexpr std::size_t event_text_max_bytes = 2048;

void clip(std::string& text) {
    if (text.size() > event_text_max_bytes) {
        text.resize(event_text_max_bytes);
        text += " …";
    }
}

void clip_texts(Event& event) {
    clip(event.text);
    if (event.cause) {
        clip(event.cause->what);
        clip(event.cause->where);
        clip(event.cause->why);
        clip(event.cause->action);
    }
}

class FileEventLog final : public EventLog {
  public:
    FileEventLog(const Clock& clock, EventFiles files, std::uint64_t next_seq)
        : clock_(clock), files_(std::move(files)), next_seq_(next_seq), memory_from_(next_seq) {}

    void append(Event event) override {
        event.seq = next_seq_;
        event.time = clock_.wall_now();
        clip_texts(event);
        const auto written = files_.append(encode_event(event), event.seq);
        if (!written) {
            ++lost_count_;
            if (!std::exchange(told_, true)) {
                log_error(to_text(written.error()));
            }
            return;
        }
        told_ = false;
        ++next_seq_;
        memory_.push_back(std::move(event));
        if (memory_.size() > events_in_memory_count) {
            memory_.pop_front();
            memory_from_ = memory_.front().seq;
        }
    }

    std::vector<Event> read(const EventFilter& filter) override {
        return filter.newest ? read_newest(filter) : read_oldest(filter);
    }

    std::uint64_t last_seq() const override { return next_seq_ - 1; }
    std::uint64_t lost_count() const override { return lost_count_; }

  private:
    std::vector<Event> read_oldest(const EventFilter& filter) const {
        std::vector<Event> found;
        if (filter.after_seq >= last_seq()) {
            return found; // nothing is behind the end, whatever cursor was given
        }
        const auto& files = files_.files();
        for (std::size_t at = 0; at < files.size() && filter.after_seq + 1 < memory_from_; ++at) {
            const bool passed =
                at + 1 < files.size() && files[at + 1].first_seq <= filter.after_seq + 1;
            if (!passed && files[at].first_seq < memory_from_) {
                read_file(files[at], filter, filter.max_count - found.size(), found);
            }
        }
        for (const Event& event : memory_) {
            if (found.size() >= filter.max_count) {
                break;
            }
            if (fits(event, filter)) {
                found.push_back(event);
            }
        }
        return found;
    }

    // Of the events that are in files alone, the oldest `max_count` that fit.
    void read_file(const EventFiles::File& file, const EventFilter& filter, std::size_t max_count,
                   std::vector<Event>& found) const {
        const std::string content = EventFiles::content(file);
        std::size_t begin = 0;
        std::size_t count = 0;
        while (begin < content.size() && count < max_count) {
            const std::size_t end = content.find('\n', begin);
            if (end == content.npos) {
                return;
            }
            const auto event =
                event_of(std::string_view(content).substr(begin, end - begin), filter);
            begin = end + 1;
            if (event && event->seq >= memory_from_) {
                return;
            }
            if (event) {
                found.push_back(*event);
                ++count;
            }
        }
    }

    std::vector<Event> read_newest(const EventFilter& filter) const {
        std::vector<Event> found; // newest first
        for (auto event = memory_.rbegin(); event != memory_.rend(); ++event) {
            if (found.size() < filter.max_count && fits(*event, filter)) {
                found.push_back(*event);
            }
        }
        const auto& files = files_.files();
        for (auto file = files.rbegin(); file != files.rend(); ++file) {
            if (found.size() >= filter.max_count || filter.after_seq + 1 >= memory_from_) {
                break;
            }
            if (file->first_seq < memory_from_) {
                read_file_backwards(*file, filter, found);
            }
        }
        std::reverse(found.begin(), found.end());
        return found;
    }

    void read_file_backwards(const EventFiles::File& file, const EventFilter& filter,
                             std::vector<Event>& found) const {
        const std::string content = EventFiles::content(file);
        std::size_t end = content.rfind('\n');
        while (end != content.npos && found.size() < filter.max_count) {
            const std::size_t before = end == 0 ? content.npos : content.rfind('\n', end - 1);
            const std::size_t begin = before == content.npos ? 0 : before + 1;
            const auto event =
                event_of(std::string_view(content).substr(begin, end - begin), filter);
            if (event && event->seq < memory_from_) {
                found.push_back(*event);
            }
            end = before;
        }
    }

    static std::optional<Event> event_of(std::string_view line, const EventFilter& filter) {
        if (!may_fit(line, filter)) {
            return std::nullopt;
        }
        auto event = decode_event(line);
        return event && fits(*event, filter) ? event : std::nullopt;
    }

    const Clock& clock_;
    EventFiles files_;
    std::uint64_t next_seq_;
    std::uint64_t memory_from_; // seq from which on memory_ has all
    std::deque<Event> memory_;
    std::uint64_t lost_count_ = 0;
    bool told_ = false;
};

} // namespace

std::string_view to_text(EventKind kind) {
    return event_kind_words[static_cast<std::size_t>(kind)];
}

std::optional<EventKind> parse_event_kind(std::string_view text) {
    for (std::size_t index = 0; index < event_kind_words.size(); ++index) {
        if (event_kind_words[index] == text) {
            return static_cast<EventKind>(index);
        }
    }
    return std::nullopt;
}

Result<std::unique_ptr<EventLog>> EventLog::open(const Clock& clock, std::filesystem::path folder,
                                                 std::uint64_t max_bytes) {
    EventFiles files(std::move(folder), max_bytes);
    const auto next_seq = files.open();
    if (!next_seq) {
        return next_seq.error();
    }
    std::unique_ptr<EventLog> log =
        std::make_unique<FileEventLog>(clock, std::move(files), next_seq.value());
    return log;
}

} // namespace gatehouse::runtime
