#include "gateway/cli/admin_client.hpp"

#include "runtime/base/secret.hpp"
#include "runtime/http_client/sse_reader.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace gatehouse::gateway {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using UnixStream = asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::uint64_t answer_max_bytes = 64ULL << 20;
constexpr std::size_t event_max_bytes = 1 << 20;
constexpr std::chrono::seconds stream_silence_max{45};

Error unreachable_error(const std::filesystem::path& socket, std::string why,
                        bool forbidden = false) {
    return Error{"GH-N503", "cannot reach the daemon", socket.string(), std::move(why),
                 forbidden ? "Run this as root or as the user the daemon runs as"
                           : "Start it with `gatehouse serve --config FILE`, or name its socket "
                             "with --socket PATH"};
}

// One connection. Each step runs its own small loop so that it ends at the deadline.
class Exchange {
  public:
    explicit Exchange(std::filesystem::path path) : path_(std::move(path)), socket_(context_) {
        parser_.body_limit(answer_max_bytes);
    }

    Result<void> connect(std::chrono::milliseconds deadline) {
        if (path_.native().size() > 107) {
            return unreachable_error(path_,
                                     "the path is longer than the 107 bytes a socket may have");
        }
        return finish(deadline, [this](auto done) {
            socket_.async_connect(UnixStream::endpoint(path_.native()), std::move(done));
        });
    }

    Result<void> send(const AdminRequest& request, std::chrono::milliseconds deadline) {
        head_ =
            request.method + " " + request.target + " HTTP/1.1\r\nHost: gatehouse\r\n" +
            "Connection: close\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n" +
            (request.last_event_id.empty() ? ""
                                           : "Last-Event-ID: " + request.last_event_id + "\r\n") +
            "\r\n";
        const std::array<asio::const_buffer, 2> pieces{asio::buffer(head_),
                                                       asio::buffer(request.body)};
        return finish(deadline, [this, pieces](auto done) {
            asio::async_write(socket_, pieces, std::move(done));
        });
    }

    Result<void> read_all(std::chrono::milliseconds deadline) {
        return finish(deadline, [this](auto done) {
            http::async_read(socket_, buffer_, parser_, std::move(done));
        });
    }

    Result<void> read_some(std::chrono::milliseconds deadline) {
        return finish(deadline, [this](auto done) {
            http::async_read_some(socket_, buffer_, parser_, std::move(done));
        });
    }

    Result<void> read_head(std::chrono::milliseconds deadline) {
        parser_.body_limit(boost::none);
        return finish(deadline, [this](auto done) {
            http::async_read_header(socket_, buffer_, parser_, std::move(done));
        });
    }

    bool done() const { return parser_.is_done(); }
    int status() const { return static_cast<int>(parser_.get().result_int()); }
    std::string& body() { return parser_.get().body(); }

  private:
    template <class Start>
    Result<void> finish(std::chrono::milliseconds deadline, Start start) {
        error_code outcome = asio::error::would_block;
        bool ended = false;
        start([&outcome, &ended](error_code error, std::size_t = 0) {
            outcome = error;
            ended = true;
        });
        context_.restart();
        context_.run_for(deadline);
        if (!ended) {
            error_code ignored;
            socket_.close(ignored);
            context_.restart();
            context_.run();
            return unreachable_error(path_, "no answer within " + std::to_string(deadline.count()) +
                                                " ms");
        }
        if (!outcome) {
            return {};
        }
        const bool forbidden = outcome == boost::system::errc::permission_denied;
        return unreachable_error(path_, outcome.message(), forbidden);
    }

    std::filesystem::path path_;
    asio::io_context context_{1};
    UnixStream::socket socket_;
    boost::beast::flat_buffer buffer_;
    http::response_parser<http::string_body> parser_;
    std::string head_;
};

// Hands over the events in `bytes`; false: the reader wants no more.
Result<bool> hand_over_events(runtime::SseReader& events, std::string_view bytes,
                              FollowReader& reader) {
    while (!bytes.empty()) {
        const auto used = events.read(bytes);
        if (!used) {
            return used.error();
        }
        bytes.remove_prefix(*used);
        const auto event = events.take();
        if (event && !reader.on_event(event->type, event->data)) {
            return false;
        }
    }
    return reader.on_sign();
}

Error bad_answer(std::string why) {
    return Error{"GH-N502", "the daemon's answer is not usable", "", std::move(why),
                 "Check that the gatehouse command and the daemon have one version"};
}

std::string problem_member(const Json& problem, const char* key) {
    const auto found = problem.find(key);
    return found != problem.end() && found->is_string() ? found->get<std::string>() : std::string();
}

} // namespace

Error error_of_problem(int status, std::string_view body) {
    const auto problem = parse_json(body, 8);
    if (!problem || !problem->is_object() || problem_member(*problem, "code").empty()) {
        return Error{"GH-N500", "the daemon answered with status " + std::to_string(status), "", "",
                     "Look into the daemon's log"};
    }
    return Error{problem_member(*problem, "code"), problem_member(*problem, "what"),
                 problem_member(*problem, "where"), problem_member(*problem, "why"),
                 problem_member(*problem, "action")};
}

Result<Json> AdminClient::request(const AdminRequest& request) const {
    const auto end = std::chrono::steady_clock::now() + request.deadline;
    const auto left = [end] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
    };
    Exchange exchange(socket_);
    auto step = exchange.connect(left());
    if (step) {
        step = exchange.send(request, left());
    }
    if (step) {
        step = exchange.read_all(left());
    }
    if (!step) {
        return std::move(step).error();
    }
    if (exchange.status() < 200 || exchange.status() > 299) {
        return error_of_problem(exchange.status(), exchange.body());
    }
    if (exchange.body().empty()) {
        return Json(nullptr);
    }
    auto parsed = parse_json(exchange.body());
    wipe(exchange.body()); // it may hold a token
    return parsed ? std::move(parsed) : Result<Json>(bad_answer(parsed.error().why));
}

Result<FollowEnd> AdminClient::follow(const std::string& target, std::string& last_event_id,
                                      FollowReader& reader) const {
    constexpr std::chrono::milliseconds head_deadline{15'000};
    Exchange exchange(socket_);
    AdminRequest request;
    request.target = target;
    request.last_event_id = last_event_id;
    auto step = exchange.connect(head_deadline);
    if (step) {
        step = exchange.send(request, head_deadline);
    }
    if (step) {
        step = exchange.read_head(head_deadline);
    }
    if (step && exchange.status() != 200) {
        step = exchange.done() ? Result<void>() : exchange.read_all(head_deadline);
        return step ? error_of_problem(exchange.status(), exchange.body())
                    : std::move(step).error();
    }
    if (!step) {
        return std::move(step).error();
    }
    reader.on_begin();
    runtime::SseReader events(event_max_bytes, last_event_id);
    while (step) {
        const auto wanted = hand_over_events(events, exchange.body(), reader);
        exchange.body().clear();
        last_event_id = events.last_event_id();
        if (!wanted) {
            return wanted.error();
        }
        if (!*wanted) {
            return FollowEnd::reader_done;
        }
        if (exchange.done()) {
            break;
        }
        step = exchange.read_some(stream_silence_max);
    }
    return FollowEnd::broken;
}

} // namespace gatehouse::gateway
