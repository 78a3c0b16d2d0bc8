#include "runtime/http_client/dialler.hpp"

#include "runtime/http_client/address_rules.hpp"
#include "runtime/http_client/http_failures.hpp"
#include "runtime/http_client/own_socket.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <netinet/tcp.h>
#include <vector>

namespace gatehouse::runtime {

namespace {

using boost::asio::ip::tcp;
using Address = boost::asio::ip::address;

constexpr int lookups_max_count = 8;
constexpr std::size_t addresses_max_count = 8;
// One silent address may not use up the time of those behind it.
constexpr std::chrono::seconds connect_max{5};

Result<UniqueFd> open_socket(const HttpTarget& target, int family) {
    UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        return http_failures::not_connected(
            target, boost::system::error_code(errno, boost::system::system_category()));
    }
    const int yes = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return socket;
}

// What may be dialled; the Error of the last refusal if nothing may.
Result<std::vector<Address>> allowed_addresses(const HttpTarget& target,
                                               const std::vector<Address>& addresses) {
    std::vector<Address> allowed;
    Error refusal = http_failures::no_address(target, "its DNS answer is empty");
    for (const Address& address : addresses) {
        const auto rule = target.allow_private ? std::nullopt : private_address_rule(address);
        if (rule) {
            refusal = http_failures::address_refused(target, address.to_string(), *rule);
        } else if (allowed.size() < addresses_max_count) {
            allowed.push_back(address);
        }
    }
    if (allowed.empty()) {
        return refusal;
    }
    return allowed;
}

// Its own object, so that the interrupts can outlive the coroutine.
struct Attempt {
    explicit Attempt(StreamSocket opened)
        : socket(std::move(opened)), timer(socket.get_executor()) {}
    void close() {
        boost::system::error_code ignored;
        socket.close(ignored);
    }
    StreamSocket socket;
    asio::steady_timer timer;
    bool too_slow = false;
};

Task<boost::system::error_code> connect_to(std::shared_ptr<Attempt> attempt, tcp::endpoint to) {
    attempt->timer.expires_after(connect_max);
    attempt->timer.async_wait([weak = std::weak_ptr<Attempt>(attempt)](auto failure) {
        const auto alive = weak.lock();
        if (!failure && alive) {
            alive->too_slow = true;
            alive->close();
        }
    });
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    StreamSocket::endpoint_type endpoint(to);
    co_await attempt->socket.async_connect(endpoint, token);
    attempt->timer.cancel();
    co_return attempt->too_slow ? asio::error::timed_out : error;
}

} // namespace

struct Dialler::Resolution {
    Resolution(const Executor& executor, std::shared_ptr<int> running)
        : resolver(executor), done(executor), lookups(std::move(running)) {
        ++*lookups;
    }
    ~Resolution() { --*lookups; }

    tcp::resolver resolver;
    asio::steady_timer done;
    std::shared_ptr<int> lookups;
    bool finished = false;
    boost::system::error_code error;
    std::vector<Address> addresses;
};

Dialler::Dialler(Executor executor, const HttpTarget& target)
    : executor_(std::move(executor)), target_(target) {}

Task<Result<std::vector<Address>>> Dialler::resolve(std::shared_ptr<WaitLimit> limit) {
    boost::system::error_code no_address;
    const Address literal = asio::ip::make_address(target_.host, no_address);
    if (!no_address) {
        co_return std::vector<Address>(1, literal);
    }
    if (*lookups_ >= lookups_max_count) {
        co_return http_failures::no_address(target_, "earlier lookups of it are still running");
    }
    // The callback owns the resolution: getaddrinfo runs on in its thread when the caller gives up.
    auto resolution = std::make_shared<Resolution>(executor_, lookups_);
    resolution->done.expires_at(SteadyTime::max());
    resolution->resolver.async_resolve(
        target_.host, "", [resolution](boost::system::error_code error, const auto& results) {
            resolution->error = error;
            for (const auto& entry : results) {
                resolution->addresses.push_back(entry.endpoint().address());
            }
            resolution->finished = true;
            resolution->done.cancel();
        });
    limit->set_interrupt([weak = std::weak_ptr<Resolution>(resolution)] {
        if (const auto alive = weak.lock()) {
            alive->done.cancel();
        }
    });
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await resolution->done.async_wait(token);
    if (!resolution->finished) {
        co_return http_failures::no_address(target_, "the lookup was given up");
    }
    if (resolution->error) {
        co_return http_failures::no_address(target_, resolution->error.message());
    }
    co_return std::move(resolution->addresses);
}

Task<Result<UniqueFd>> Dialler::connect(std::shared_ptr<WaitLimit> limit) {
    if (target_.dial) {
        auto dialling = target_.dial();
        Result<UniqueFd> dialled = co_await std::move(dialling);
        co_return dialled;
    }
    auto resolving = resolve(limit);
    const Result<std::vector<Address>> resolved = co_await std::move(resolving);
    if (!resolved) {
        co_return resolved.error();
    }
    const Result<std::vector<Address>> allowed = allowed_addresses(target_, *resolved);
    if (!allowed) {
        co_return allowed.error();
    }
    boost::system::error_code error;
    for (const Address& address : *allowed) {
        const tcp::endpoint endpoint(address, target_.port);
        Result<UniqueFd> opened = open_socket(target_, endpoint.protocol().family());
        if (!opened) {
            co_return std::move(opened).error();
        }
        auto attempt = std::make_shared<Attempt>(adopt_socket(executor_, std::move(*opened)));
        limit->set_interrupt([weak = std::weak_ptr<Attempt>(attempt)] {
            if (const auto alive = weak.lock()) {
                alive->close();
            }
        });
        auto connecting = connect_to(attempt, endpoint);
        error = co_await std::move(connecting);
        if (!error && limit->cut() == WaitCut::none) {
            co_return UniqueFd(attempt->socket.release());
        }
        if (limit->cut() != WaitCut::none) {
            break;
        }
    }
    co_return error == asio::error::timed_out ? http_failures::timed_out(target_, "connecting")
                                              : http_failures::not_connected(target_, error);
}

Task<Result<std::shared_ptr<ByteStream>>> Dialler::dial(std::shared_ptr<WaitLimit> limit) {
    auto connecting = connect(limit);
    Result<UniqueFd> socket = co_await std::move(connecting);
    if (limit->cut() != WaitCut::none) {
        co_return http_failures::cut(target_, *limit, "connecting");
    }
    if (!socket) {
        co_return std::move(socket).error();
    }
    if (target_.scheme == HttpScheme::http) {
        co_return make_plain_stream(executor_, std::move(*socket));
    }
    if (!trust_) {
        auto loaded = load_tls_trust(target_.ca_file);
        if (!loaded) {
            co_return std::move(loaded).error();
        }
        trust_ = std::move(*loaded);
    }
    TlsWanted wanted{trust_, target_.host, limit};
    auto securing = make_tls_stream(executor_, std::move(*socket), std::move(wanted));
    Result<std::shared_ptr<ByteStream>> stream = co_await std::move(securing);
    if (limit->cut() != WaitCut::none) {
        co_return http_failures::cut(target_, *limit, "the TLS handshake");
    }
    co_return stream;
}

} // namespace gatehouse::runtime
