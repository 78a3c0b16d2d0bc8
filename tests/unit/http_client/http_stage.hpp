// A client against a scripted server, and the short forms the tests use.
#pragma once

#include "runtime/http_client/http_client.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/run_task.hpp"

#include <catch2/catch.hpp>

namespace gatehouse::test {

using namespace gatehouse::runtime;
using namespace std::chrono_literals;

inline SteadyTime in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

inline HttpTarget target_of(const std::string& url) {
    HttpTarget target = *parse_http_target(url);
    target.allow_private = true;
    return target;
}

inline HttpClientRequest post(std::string body, std::chrono::milliseconds time = 5s) {
    HttpClientRequest request;
    request.body = std::move(body);
    request.head_until = in(time);
    return request;
}

inline HttpClientRequest get(std::chrono::milliseconds time = 5s) {
    HttpClientRequest request;
    request.method = "GET";
    request.repeatable = true;
    request.head_until = in(time);
    return request;
}

struct HttpStage {
    explicit HttpStage(const std::string& url, HttpClientOptions options = {})
        : client(loop.get_executor(), target_of(url), std::move(options)) {}
    explicit HttpStage(HttpTarget target, HttpClientOptions options = {})
        : client(loop.get_executor(), std::move(target), std::move(options)) {}

    HttpReply ask(HttpClientRequest request) {
        return run_task(loop, client.request(std::move(request)));
    }
    Result<std::string> body_of(HttpReply& reply, std::size_t max_bytes = 1 << 20) {
        REQUIRE(reply.exchange);
        return run_task(loop, reply.exchange->read_all(max_bytes, in(5s)));
    }
    // The next piece of a stream; "<end>" or the Error's code if there is none.
    std::string piece_of(HttpReply& reply, std::chrono::milliseconds time = 5s) {
        REQUIRE(reply.exchange);
        const auto piece = run_task(loop, reply.exchange->read_some(in(time)));
        if (!piece) {
            return piece.error().code;
        }
        return *piece ? std::string(**piece) : "<end>";
    }

    asio::io_context loop{1};
    HttpClient client;
};

} // namespace gatehouse::test
