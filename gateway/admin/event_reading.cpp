// The readings of the events.
#include "gateway/admin/log_reading.hpp"

#include "gateway/admin/admin_json.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t event_batch_max_count = 256;

class EventSource final : public FollowSource {
  public:
    EventSource(runtime::EventLog& events, const EventQuery& query)
        : events_(events), filter_(query.filter), newest_count_(query.count),
          catching_up_(!query.reads_forward()), cursor_(query.after.value_or(0)) {}

    std::uint64_t cursor() const override { return cursor_; }

    Piece next() override {
        const std::uint64_t last = events_.last_seq();
        if (!catching_up_ && last <= cursor_) {
            return {};
        }
        runtime::EventFilter filter = filter_;
        filter.after_seq = cursor_;
        filter.newest = std::exchange(catching_up_, false);
        filter.max_count = filter.newest ? newest_count_ : event_batch_max_count;
        const std::vector<runtime::Event> found = events_.read(filter);
        Piece piece;
        for (const runtime::Event& event : found) {
            append_sse_event(piece.text, event.seq, "event", dump_json(event_json(event)));
        }
        // A full batch may not be the end; less than that is.
        piece.more = !filter.newest && found.size() >= event_batch_max_count;
        cursor_ = piece.more ? found.back().seq : std::max(cursor_, last);
        if (filter.newest) {
            // A reader that has seen nothing yet shall miss nothing if it must connect again.
            piece.text += "id: " + std::to_string(cursor_) + "\n\n";
        }
        return piece;
    }

  private:
    runtime::EventLog& events_;
    runtime::EventFilter filter_;
    std::size_t newest_count_;
    bool catching_up_;
    std::uint64_t cursor_;
};

} // namespace

HttpReply event_page(runtime::EventLog& events, const EventQuery& query) {
    runtime::EventFilter filter = query.filter;
    filter.after_seq = query.after.value_or(0);
    filter.max_count = query.count;
    filter.newest = !query.reads_forward();
    const std::uint64_t last = events.last_seq();
    const std::vector<runtime::Event> found = events.read(filter);
    Json list = Json::array();
    for (const runtime::Event& event : found) {
        list.push_back(event_json(event));
    }
    const bool more = !filter.newest && found.size() >= query.count;
    Json json = Json::object();
    json["events"] = std::move(list);
    json["last_seq"] = last;
    json["next"] = more ? found.back().seq : last;
    json["more"] = more;
    return json_reply(200, json);
}

std::unique_ptr<FollowSource> follow_events(runtime::EventLog& events, EventQuery query) {
    return std::make_unique<EventSource>(events, query);
}

} // namespace gatehouse::gateway
