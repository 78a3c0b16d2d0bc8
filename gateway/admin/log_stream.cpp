#include "gateway/admin/log_stream.hpp"

#include "gateway/admin/admin_json.hpp"

#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t page_text_max_bytes = 4 << 20;
constexpr std::size_t batch_max_count = 256;

std::vector<runtime::LogRecord> read_next(runtime::ConnectorLog& log, std::uint64_t cursor) {
    if (log.last_seq() <= cursor) {
        return {};
    }
    auto page = log.read(runtime::LogFilter(), cursor, batch_max_count, page_text_max_bytes);
    return std::move(page.records);
}

std::vector<runtime::LogRecord> read_page(runtime::ConnectorLog& log, const LogQuery& query) {
    const runtime::LogFilter all;
    auto page = query.after ? log.read(all, *query.after, query.count, page_text_max_bytes)
                            : log.read_last(all, query.count);
    return std::move(page.records);
}

// Index of the first record that is kept, so that the newest stay within the page's bytes.
std::size_t page_begin(const std::vector<runtime::LogRecord>& records) {
    std::size_t bytes = 0;
    std::size_t begin = records.size();
    while (begin > 0) {
        bytes += records[begin - 1].text.size();
        if (bytes > page_text_max_bytes) {
            break;
        }
        --begin;
    }
    return begin;
}

std::string lines_of(const std::vector<runtime::LogRecord>& records) {
    std::string lines;
    for (const runtime::LogRecord& record : records) {
        lines += dump_json(record_json(record));
        lines += '\n';
    }
    return lines;
}

} // namespace

HttpReply log_page(runtime::ConnectorLog& log, const LogQuery& query) {
    const auto records = read_page(log, query);
    const std::size_t begin = page_begin(records);
    Json list = Json::array();
    for (std::size_t i = begin; i < records.size(); ++i) {
        list.push_back(record_json(records[i]));
    }
    Json json = Json::object();
    json["records"] = std::move(list);
    json["last_seq"] = log.last_seq();
    json["truncated"] = begin > 0;
    return json_reply(200, json);
}

Task<void> LogFollow::pause() {
    if (ended_) {
        co_return;
    }
    timer_.expires_after(poll_interval);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer_.async_wait(token);
}

Task<void> stream_log(std::shared_ptr<LogFollow> follow, runtime::ConnectorLog& log, LogQuery query,
                      HttpResponder& responder) {
    std::vector<std::pair<std::string, std::string>> headers;
    headers.emplace_back("Cache-Control", "no-store");
    std::string content_type = "application/x-ndjson";
    bool open = co_await responder.start_stream(200, std::move(content_type), std::move(headers));
    std::vector<runtime::LogRecord> records = read_page(log, query);
    std::uint64_t cursor = query.after.value_or(log.last_seq());
    auto last_written = std::chrono::steady_clock::now();
    while (open && !follow->ended()) {
        const bool silent =
            std::chrono::steady_clock::now() - last_written >= LogFollow::heartbeat_interval;
        if (!records.empty() || silent) {
            cursor = records.empty() ? cursor : records.back().seq;
            std::string lines = records.empty() ? "\n" : lines_of(records);
            open = co_await responder.write(std::move(lines));
            last_written = std::chrono::steady_clock::now();
        } else {
            co_await follow->pause();
        }
        records = read_next(log, cursor);
    }
    if (open) {
        co_await responder.finish();
    }
}

} // namespace gatehouse::gateway
