#include "gateway/admin/log_reading.hpp"

#include "gateway/admin/admin_json.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <iterator>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t page_text_max_bytes = 4 << 20;
constexpr std::size_t follow_batch_max_count = 256;
constexpr std::size_t follow_batch_max_bytes = 256 << 10;
constexpr std::chrono::seconds page_time_max{5};

using LogRecords = std::vector<runtime::LogRecord>;

std::size_t text_bytes(const LogRecords& records) {
    std::size_t bytes = 0;
    for (const runtime::LogRecord& record : records) {
        bytes += record.text.size();
    }
    return bytes;
}

// The newest records that fit a filter, looked for backwards in steps.
class NewestRecords {
  public:
    NewestRecords(runtime::ConnectorLog& log, const LogQuery& query)
        : log_(log), filter_(query.filter), wanted_(query.count) {}

    bool done() const { return done_; }
    void step() {
        const bool first = before_ == 0;
        runtime::LogPage page = log_.read_last(filter_, wanted_ - records_.size(), before_);
        next_ = first ? page.next : next_;
        bytes_ += text_bytes(page.records);
        records_.insert(records_.begin(), std::make_move_iterator(page.records.begin()),
                        std::make_move_iterator(page.records.end()));
        cut_by_size();
        before_ = page.oldest;
        done_ = truncated_ || records_.size() >= wanted_ || !page.more || page.oldest <= 1;
    }
    LogRecords& records() { return records_; }
    // Everything up to it has been looked at.
    std::uint64_t next() const { return next_; }
    bool truncated() const { return truncated_; }

  private:
    // Within the page's bytes the newest stay.
    void cut_by_size() {
        std::size_t cut = 0;
        while (bytes_ > page_text_max_bytes && cut + 1 < records_.size()) {
            bytes_ -= records_[cut].text.size();
            ++cut;
        }
        records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(cut));
        truncated_ = truncated_ || cut > 0;
    }

    runtime::ConnectorLog& log_;
    runtime::LogFilter filter_;
    std::size_t wanted_;
    LogRecords records_;
    std::size_t bytes_ = 0;
    std::uint64_t before_ = 0;
    std::uint64_t next_ = 0;
    bool truncated_ = false;
    bool done_ = false;
};

struct LogPageAnswer {
    LogRecords records;
    std::uint64_t next = 0;
    bool more = false;
    bool truncated = false;
};

HttpReply page_reply(const LogPageAnswer& page, std::uint64_t last_seq) {
    Json list = Json::array();
    for (const runtime::LogRecord& record : page.records) {
        list.push_back(record_json(record));
    }
    Json json = Json::object();
    json["records"] = std::move(list);
    json["last_seq"] = last_seq;
    json["next"] = page.next;
    json["more"] = page.more;
    json["truncated"] = page.truncated;
    return json_reply(200, json);
}

class LogSource final : public FollowSource {
  public:
    LogSource(runtime::ConnectorLog& log, const LogQuery& query)
        : log_(log), filter_(query.filter), newest_(log, query),
          catching_up_(!query.reads_forward()), cursor_(query.after.value_or(0)) {
        const LogQuery plain;
        whole_ = query.filter.grep.empty() && query.filter.member.empty() && !query.filter.call &&
                 !query.filter.instance && !query.filter.stream && !query.filter.since &&
                 !query.filter.until && !query.filter.previous &&
                 query.filter.min_level == plain.filter.min_level && query.after;
    }

    std::uint64_t cursor() const override { return cursor_; }

    Piece next() override {
        if (catching_up_) {
            newest_.step();
            catching_up_ = !newest_.done();
            if (catching_up_) {
                return {{}, true};
            }
            const LogRecords records = std::move(newest_.records());
            Piece piece{events_of(records), true};
            cursor_ = newest_.next();
            // A reader that has seen nothing yet shall miss nothing if it must connect again.
            piece.text += "id: " + std::to_string(cursor_) + "\n\n";
            return piece;
        }
        if (log_.last_seq() <= cursor_) {
            return {};
        }
        const runtime::LogPage page =
            log_.read(filter_, cursor_, follow_batch_max_count, follow_batch_max_bytes);
        Piece piece{gap_before(page.records) + events_of(page.records), page.more};
        cursor_ = std::max(cursor_, page.next);
        return piece;
    }

  private:
    static std::string events_of(const LogRecords& records) {
        std::string events;
        for (const runtime::LogRecord& record : records) {
            append_sse_event(events, record.seq, "record", dump_json(record_json(record)));
        }
        return events;
    }
    // A reader that was away for longer than the retention is told how much it missed.
    std::string gap_before(const LogRecords& records) {
        std::string gap;
        if (whole_ && !records.empty() && records.front().seq > cursor_ + 1) {
            const std::uint64_t missed = records.front().seq - cursor_ - 1;
            append_sse_event(gap, records.front().seq - 1, "gap",
                             "{\"missed\":" + std::to_string(missed) + "}");
        }
        return gap;
    }

    runtime::ConnectorLog& log_;
    runtime::LogFilter filter_;
    NewestRecords newest_;
    bool catching_up_;
    bool whole_ = false; // no filter: the seqs have no gaps of their own
    std::uint64_t cursor_;
};

} // namespace

Task<HttpReply> log_page(runtime::ConnectorLog& log, LogQuery query) {
    const auto executor = co_await asio::this_coro::executor;
    const auto deadline = std::chrono::steady_clock::now() + page_time_max;
    const auto late = [deadline] { return std::chrono::steady_clock::now() > deadline; };
    LogPageAnswer answer;
    if (query.reads_forward()) {
        answer.next = query.after.value_or(0);
        answer.more = true;
        while (answer.records.empty() && answer.more && !late()) {
            runtime::LogPage page =
                log.read(query.filter, answer.next, query.count, page_text_max_bytes);
            answer.records = std::move(page.records);
            answer.next = page.next;
            answer.more = page.more;
            co_await asio::post(executor, asio::use_awaitable);
        }
    } else {
        NewestRecords newest(log, query);
        while (!newest.done() && !late()) {
            newest.step();
            co_await asio::post(executor, asio::use_awaitable);
        }
        answer.records = std::move(newest.records());
        answer.next = newest.next();
        answer.truncated = newest.truncated() || !newest.done();
    }
    co_return page_reply(answer, log.last_seq());
}

std::unique_ptr<FollowSource> follow_log(runtime::ConnectorLog& log, LogQuery query) {
    return std::make_unique<LogSource>(log, query);
}

} // namespace gatehouse::gateway
