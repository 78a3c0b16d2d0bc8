#include "runtime/base/assert.hpp"
#include "runtime/http_client/http_failures.hpp"
#include "runtime/http_client/http_pool.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

namespace gatehouse::runtime {

namespace {

constexpr int interim_responses_max_count = 8;
// A body that says how long it is gets its memory at once, up to this much on its word alone.
constexpr std::size_t body_reserve_max_bytes = 1ULL << 20;

} // namespace

HttpExchange::HttpExchange(std::shared_ptr<HttpPool> pool,
                           std::unique_ptr<HttpConnection> connection,
                           std::shared_ptr<WaitLimit> limit)
    : pool_(std::move(pool)), connection_(std::move(connection)), limit_(std::move(limit)),
      parser_(std::make_unique<ResponseParser>()) {
    limit_->set_interrupt([weak = std::weak_ptr<ByteStream>(connection_->stream)] {
        if (const auto stream = weak.lock()) {
            stream->close();
        }
    });
}

HttpExchange::~HttpExchange() {
    limit_->release();
}

const HttpResponseHead& HttpExchange::head() const {
    return parser_->head();
}

bool HttpExchange::is_event_stream() const {
    const std::string_view type = header("content-type");
    const std::string_view kind = type.substr(0, type.find_first_of("; \t"));
    return status() / 100 == 2 && boost::beast::iequals(kind, "text/event-stream");
}

// Puts what is in the buffer to the parser, until there is a piece of the body, or it wants more.
Result<void> HttpExchange::parse_some() {
    HttpConnection& connection = *connection_;
    connection.begin += std::exchange(piece_used_bytes_, 0);
    while (connection.begin < connection.end && !parser_->is_done() && piece_.empty()) {
        const bool had_head = parser_->is_header_done();
        boost::system::error_code failure;
        const auto bytes = asio::const_buffer(connection.buffer.data() + connection.begin,
                                              connection.end - connection.begin);
        const std::size_t used = parser_->put(bytes, failure);
        piece_ = parser_->take_piece();
        if (piece_.empty()) {
            connection.begin += used;
        } else {
            piece_used_bytes_ = used;
        }
        if (failure == boost::beast::http::error::need_more) {
            break;
        }
        if (failure) {
            return http_failures::bad_answer(pool_->target(), failure.message());
        }
        if (!had_head && parser_->is_header_done()) {
            break; // the head is looked at before the body
        }
    }
    return {};
}

Task<Result<void>> HttpExchange::read_more() {
    HttpConnection& connection = *connection_;
    if (connection.buffer.empty()) {
        connection.buffer.resize(response_buffer_bytes);
    }
    const std::size_t kept = connection.end - connection.begin;
    std::memmove(connection.buffer.data(), connection.buffer.data() + connection.begin, kept);
    connection.begin = 0;
    connection.end = kept;
    if (kept == connection.buffer.size()) {
        co_return http_failures::bad_answer(pool_->target(), "a header or trailer is too long");
    }
    auto reading = connection.stream->read_some(
        asio::buffer(connection.buffer.data() + kept, connection.buffer.size() - kept));
    const StreamRead read = co_await std::move(reading);
    if (limit_->cut() != WaitCut::none) {
        co_return http_failures::cut(pool_->target(), *limit_, "the answer");
    }
    if (read.error == asio::error::operation_aborted) {
        co_return http_failures::aborted(); // the waiting coroutine was cancelled
    }
    received_anything_ = received_anything_ || read.bytes > 0;
    connection.end += read.bytes;
    if (read.error == asio::error::eof && parser_->is_header_done() && parser_->need_eof()) {
        boost::system::error_code failure;
        parser_->put_eof(failure);
        co_return Result<void>();
    }
    if (read.error) {
        co_return http_failures::broken(pool_->target(), read.error == asio::error::eof
                                                             ? "the server closed it"
                                                             : read.error.message());
    }
    co_return Result<void>();
}

Task<Result<void>> HttpExchange::read_head() {
    for (int interim = 0;;) {
        if (auto parsed = parse_some(); !parsed) {
            co_return std::move(parsed).error();
        }
        if (parser_->is_header_done()) {
            const unsigned status = head().status;
            if (status / 100 != 1) {
                break;
            }
            if (status == 101 || ++interim > interim_responses_max_count) {
                co_return http_failures::bad_answer(pool_->target(), "an interim answer (1xx)");
            }
            parser_ = std::make_unique<ResponseParser>();
            continue;
        }
        auto reading = read_more();
        Result<void> more = co_await std::move(reading);
        if (!more) {
            co_return std::move(more).error();
        }
    }
    const std::string_view encoding = head().header("content-encoding");
    if (!encoding.empty() && !boost::beast::iequals(encoding, "identity")) {
        co_return http_failures::bad_answer(pool_->target(), "it is compressed, unasked");
    }
    if (parser_->is_done()) {
        finish();
    }
    co_return Result<void>();
}

Task<Result<std::optional<std::string_view>>> HttpExchange::read_some(SteadyTime until) {
    using Piece = std::optional<std::string_view>;
    piece_ = std::string_view();
    while (connection_) {
        limit_->set_deadline(until);
        if (auto parsed = parse_some(); !parsed) {
            co_return std::move(parsed).error();
        }
        if (!piece_.empty()) {
            co_return Piece(piece_);
        }
        if (parser_->is_done()) {
            finish();
            break;
        }
        auto reading = read_more();
        Result<void> more = co_await std::move(reading);
        if (!more) {
            co_return std::move(more).error();
        }
    }
    co_return Piece();
}

Task<Result<std::string>> HttpExchange::read_all(std::size_t max_bytes, SteadyTime until) {
    std::string body;
    const auto length = parser_->content_length();
    if (length && *length > max_bytes) {
        co_return http_failures::answer_too_long(pool_->target(), max_bytes);
    }
    body.reserve(std::min<std::uint64_t>(length.value_or(0), body_reserve_max_bytes));
    for (;;) {
        auto reading = read_some(until);
        Result<std::optional<std::string_view>> piece = co_await std::move(reading);
        if (!piece) {
            co_return std::move(piece).error();
        }
        if (!*piece) {
            break;
        }
        if (body.size() + (*piece)->size() > max_bytes) {
            co_return http_failures::answer_too_long(pool_->target(), max_bytes);
        }
        body.append(**piece);
    }
    co_return body;
}

bool HttpExchange::try_finish() {
    do {
        piece_ = std::string_view();
        if (connection_ == nullptr || !parse_some()) {
            break;
        }
        if (parser_->is_done()) {
            finish();
        }
    } while (!piece_.empty());
    return complete();
}

void HttpExchange::finish() {
    // Bytes behind the answer belong to nothing that was asked.
    const bool clean = connection_->begin == connection_->end && !parser_->need_eof();
    if (clean && parser_->keep_alive() && limit_->cut() == WaitCut::none) {
        pool_->give_back(std::move(connection_));
    }
    connection_.reset();
    limit_->release();
}

} // namespace gatehouse::runtime
