// The daemon's way into a connector's network namespace: what it carries, how it fails, and what it
// leaves behind.
#include "tests/process/dial_fixture.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::testing;
using namespace std::chrono_literals;

namespace {

int int_option(int fd, int level, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    REQUIRE(getsockopt(fd, level, option, &value, &size) == 0);
    return value;
}

} // namespace

TEST_CASE("a dialled connection carries a megabyte both ways, on IPv4 and on IPv6 alone") {
    DialFixture fixture;
    for (const char* mode : {"echo", "echo6"}) {
        INFO(mode);
        RunningConnector connector = fixture.start({"./connector_listener", mode, "8000"});
        const UniqueFd socket = fixture.dial_ok(connector, 8000);
        std::string sent(1U << 20, '\0');
        for (std::size_t i = 0; i < sent.size(); ++i) {
            sent[i] = static_cast<char>(i * 31 + i / 251);
        }
        CHECK(fixture.exchange(socket.get(), sent) == sent);
        fixture.stop(connector);
    }
}

TEST_CASE("a dialled socket is non-blocking, close-on-exec and without delay") {
    DialFixture fixture;
    RunningConnector connector = fixture.start({"./connector_listener", "echo", "8000"});
    const UniqueFd socket = fixture.dial_ok(connector, 8000);
    CHECK((fcntl(socket.get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(int_option(socket.get(), IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(int_option(socket.get(), SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
    fixture.stop(connector);
}

TEST_CASE("a port on which nothing listens is GH-P313, and a later dial finds the listener") {
    DialFixture fixture;
    RunningConnector connector = fixture.start({"./connector_listener", "echo", "8000"});
    const auto refused = fixture.dial(connector, 8001, 5s);
    REQUIRE_FALSE(refused.has_value());
    INFO(to_text(refused.error()));
    CHECK(refused.error().code == "GH-P313");
    CHECK(refused.error().where.find("port 8001") != std::string::npos);
    CHECK_FALSE(refused.error().action.empty());
    CHECK(fixture.dial(connector, 8000, 5s).has_value());
    fixture.stop(connector);
}

TEST_CASE("a dial to a port of the ephemeral range does not meet itself") {
    DialFixture fixture;
    RunningConnector connector = fixture.start({"./connector_listener", "echo", "8000"});
    const auto before = std::chrono::steady_clock::now();
    int refused = 0;
    constexpr int dial_count = 30'000; // more than the ports that the kernel chooses from
    fixture.complete(fixture.count_refused(connector, 40'000, dial_count, refused));
    CHECK(refused == dial_count);
    const std::chrono::duration<double, std::micro> taken =
        std::chrono::steady_clock::now() - before;
    std::printf("a refused dial, both families: %.0f us\n", taken.count() / dial_count);
    fixture.stop(connector);
}

TEST_CASE("a listener that never accepts is GH-P314 within the deadline") {
    DialFixture fixture;
    RunningConnector connector = fixture.start({"./connector_listener", "full", "8000"});
    std::vector<UniqueFd> kept;
    std::optional<Error> error;
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i < 16 && !error; ++i) {
        auto answer = fixture.dial(connector, 8000, 200ms);
        if (answer) {
            kept.push_back(std::move(*answer));
        } else {
            error = answer.error();
        }
    }
    REQUIRE(error);
    CHECK(error->code == "GH-P314");
    CHECK(std::chrono::steady_clock::now() - before < 5s);
    fixture.stop(connector);
}

TEST_CASE("two connectors that listen on the same port do not meet") {
    DialFixture fixture;
    RunningConnector one = fixture.start({"./connector_listener", "greet", "8000", "one"});
    RunningConnector two = fixture.start({"./connector_listener", "greet", "8000", "two"});
    for (int i = 0; i < 3; ++i) {
        const UniqueFd to_two = fixture.dial_ok(two, 8000);
        const UniqueFd to_one = fixture.dial_ok(one, 8000);
        CHECK(fixture.read_all(to_one.get()) == "one");
        CHECK(fixture.read_all(to_two.get()) == "two");
    }
    fixture.stop(one);
    CHECK(fixture.read_all(fixture.dial_ok(two, 8000).get()) == "two");
    fixture.stop(two);
}

TEST_CASE("a dial after the end is GH-P315, and so is one that is under way at the end") {
    DialFixture fixture;
    RunningConnector connector = fixture.start({"./connector_listener", "full", "8000"});
    fixture.freeze_init(connector); // it answers nothing any more
    std::optional<Error> error;
    const auto before = std::chrono::steady_clock::now();
    TaskGroup dials(fixture.loop().get_executor());
    dials.spawn("dial", fixture.dial_into(connector, 8000, error));
    fixture.loop().restart();
    fixture.loop().poll(); // the command is sent
    CHECK_FALSE(error);
    fixture.stop(connector);
    fixture.complete(dials.join());
    REQUIRE(error);
    CHECK(error->code == "GH-P315");
    CHECK(std::chrono::steady_clock::now() - before < 10s);

    const auto late = fixture.dial(connector, 8000, 5s);
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code == "GH-P315");
}

TEST_CASE("an init that does not answer is GH-P314, and only so many dials wait for it") {
    DialFixture fixture;
    RunningConnector connector = fixture.start({"./connector_listener", "greet", "8000", "x"});
    CHECK(fixture.dial(connector, 8000, 5s).has_value());
    const auto before = descriptors_of("self");
    fixture.freeze_init(connector);
    for (int i = 0; i < 64; ++i) {
        const auto late = fixture.dial(connector, 8000, 1ms);
        REQUIRE_FALSE(late.has_value());
        CHECK(late.error().code == "GH-P314");
    }
    const auto over = fixture.dial(connector, 8000, 1ms);
    REQUIRE_FALSE(over.has_value());
    CHECK(over.error().code == "GH-P316");

    // The 64 answers come now; nobody waits for them, so that their sockets are closed.
    REQUIRE(kill(fixture.init_of(connector), SIGCONT) == 0);
    CHECK(eventually(5s, [&] { return fixture.dial(connector, 8000, 5s).has_value(); }));
    CHECK(descriptors_of("self") == before);
    fixture.stop(connector);
}

TEST_CASE("two hundred dials at once: those within the bound succeed, the others are GH-P316") {
    DialFixture fixture;
    RunningConnector connector = fixture.start({"./connector_listener", "greet", "8000", "x"});
    int connected = 0;
    int refused_by_bound = 0;
    {
        TaskGroup group(fixture.loop().get_executor());
        for (int i = 0; i < 200; ++i) {
            group.spawn("dial", fixture.dial_and_count(connector, connected, refused_by_bound));
        }
        fixture.complete(group.join());
    }
    CHECK(connected >= 64);
    CHECK(connected + refused_by_bound == 200);
    CHECK(fixture.dial(connector, 8000, 5s).has_value());
    fixture.stop(connector);
}

TEST_CASE("a thousand dials leave no descriptor in the daemon nor in init") {
    DialFixture fixture;
    RunningConnector connector = fixture.start({"./connector_listener", "greet", "8000", "x"});
    CHECK(fixture.dial(connector, 8000, 5s).has_value());
    const auto own = descriptors_of("self");
    const int init = fixture.init_of(connector);
    // Root counts init's descriptors; its own user cannot, but can give it a limit that a leak
    // reaches.
    const bool counted = descriptors_of(std::to_string(init)).has_value();
    const rlimit low = {32, 32};
    REQUIRE((prlimit(init, RLIMIT_NOFILE, &low, nullptr) == 0 || counted));
    for (int i = 0; i < 500; ++i) {
        CHECK(fixture.dial(connector, 8000, 5s).has_value());
        CHECK_FALSE(fixture.dial(connector, 8001, 5s).has_value());
    }
    CHECK(descriptors_of("self") == own);
    if (counted) {
        // The control socket, the signalfd and the filter's listener; init closes its copy just
        // after it has sent it.
        CHECK(eventually(5s, [&] { return descriptors_of(std::to_string(init)) == 3; }));
    }
    fixture.stop(connector);
}

TEST_CASE("a daemon that may open no more loses the dial, not its place") {
    DialFixture fixture;
    RunningConnector connector = fixture.start({"./connector_listener", "greet", "8000", "x"});
    CHECK(fixture.dial(connector, 8000, 5s).has_value());
    rlimit before = {};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit low = {3, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
    int right = 0;
    for (int i = 0; i < 100; ++i) { // more than may be under way
        const auto answer = fixture.dial(connector, 8000, 5s);
        right += !answer && answer.error().why.find("EMFILE") != std::string::npos ? 1 : 0;
    }
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(right == 100);
    CHECK(fixture.dial(connector, 8000, 5s).has_value());
    fixture.stop(connector);
}

TEST_CASE("a connector that keeps descriptors in flight stops neither dials nor launches") {
    DialFixture fixture;
    rlimit before = {};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit low = {256,
                        before.rlim_max}; // as ordinary users have it, lower than a connector's
    REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
    RunningConnector hoarder = fixture.start({"./connector_listener", "hoard", "8000"});
    CHECK(fixture.dial(hoarder, 8000, 5s).has_value());
    RunningConnector other = fixture.start({"./connector_listener", "greet", "8000", "x"});
    CHECK(fixture.dial(other, 8000, 5s).has_value());
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    fixture.stop(other);
    fixture.stop(hoarder);
}

TEST_CASE("the connector cannot take init's control socket") {
    DialFixture fixture;
    // Control: outside, a socket of another process of the same user is taken and used.
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); // for kernels with Yama
    const std::string program = (fixture.code_dir() / "victim_take_socket").string();
    const std::string control =
        run_outside({program, std::to_string(getpid()), std::to_string(ends[1])});
    INFO(control);
    CHECK(control.rfind("SUCCEEDED", 0) == 0);
    char byte = 0;
    CHECK(recv(ends[0], &byte, 1, MSG_DONTWAIT) == 1);
    close(ends[0]);
    close(ends[1]);

    const Run run = fixture.run({"./victim_take_socket", "1", "3"});
    INFO(run.output << run.errors);
    CHECK(run.output.rfind("blocked", 0) == 0);
}
