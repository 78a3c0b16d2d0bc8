// The parts of a dial that need no child: packets with descriptors, the table of what is under way,
// and the texts.
#include "sandbox/control_packet.hpp"
#include "sandbox/dial_error.hpp"
#include "sandbox/dial_socket.hpp"
#include "sandbox/dial_table.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/socket.h>
#include <vector>

using namespace gatehouse;
using namespace gatehouse::sandbox;
using State = ControlPacket::State;

namespace {

struct SocketPair {
    SocketPair() {
        int ends[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
        daemon = UniqueFd(ends[0]);
        jail = UniqueFd(ends[1]);
    }
    UniqueFd daemon;
    UniqueFd jail;
};

// One packet with copies of /dev/null attached.
void send_packet(int socket_fd, std::size_t size_bytes, std::size_t descriptor_count) {
    std::vector<char> bytes(size_bytes + 1);
    const UniqueFd null_device(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const std::vector<int> fds(descriptor_count, null_device.get());
    std::vector<char> space(CMSG_SPACE(sizeof(int) * descriptor_count));
    iovec part = {bytes.data(), size_bytes};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor_count > 0) {
        message.msg_control = space.data();
        message.msg_controllen = space.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
        std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * descriptor_count);
    }
    REQUIRE(sendmsg(socket_fd, &message, MSG_DONTWAIT) == static_cast<ssize_t>(size_bytes));
}

std::ptrdiff_t open_count() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
}

std::shared_ptr<PendingDial> make_dial(asio::io_context& loop) {
    return std::make_shared<PendingDial>(loop.get_executor(),
                                         std::chrono::steady_clock::now() + std::chrono::hours(1));
}

DialAnswer answer_with_descriptor() {
    DialAnswer answer;
    answer.socket = UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    return answer;
}

} // namespace

TEST_CASE("a whole packet keeps its one descriptor, close-on-exec") {
    const SocketPair pair;
    send_packet(pair.jail.get(), sizeof(wire::Report), 1);
    send_packet(pair.jail.get(), sizeof(wire::Report), 0);
    const ControlPacket packet = receive_control_packet(pair.daemon.get());
    CHECK(packet.state == State::whole);
    REQUIRE(packet.attached);
    CHECK((fcntl(packet.attached.get(), F_GETFD) & FD_CLOEXEC) != 0);
    const ControlPacket plain = receive_control_packet(pair.daemon.get());
    CHECK(plain.state == State::whole);
    CHECK_FALSE(plain.attached);
    CHECK(receive_control_packet(pair.daemon.get()).state == State::nothing_yet);
}

TEST_CASE("of short, long and empty packets, and of several descriptors, nothing stays open") {
    const SocketPair pair;
    const auto before = open_count();
    for (const std::size_t size : {std::size_t{1}, sizeof(wire::Report) - 1,
                                   sizeof(wire::Report) + 1, sizeof(wire::Report) * 4}) {
        send_packet(pair.jail.get(), size, 1);
        const ControlPacket packet = receive_control_packet(pair.daemon.get());
        CHECK(packet.state == State::odd);
        CHECK_FALSE(packet.attached);
    }
    for (const std::size_t count : {2, 3, 200}) {
        send_packet(pair.jail.get(), sizeof(wire::Report), count);
        const ControlPacket packet = receive_control_packet(pair.daemon.get());
        CHECK(packet.state == State::whole);
        CHECK_FALSE(packet.attached);
    }
    send_packet(pair.jail.get(), 0, 1);
    CHECK(receive_control_packet(pair.daemon.get()).state == State::closed);
    CHECK(open_count() == before);
}

TEST_CASE("a hang-up is told as closed") {
    SocketPair pair;
    pair.jail.reset();
    CHECK(receive_control_packet(pair.daemon.get()).state == State::closed);
}

TEST_CASE("answers reach their own dial, in any order, and once") {
    asio::io_context loop(1);
    DialTable table;
    const auto one = make_dial(loop);
    const auto two = make_dial(loop);
    REQUIRE(table.add(one));
    REQUIRE(table.add(two));
    CHECK(one->number != two->number);
    DialAnswer refused;
    refused.error_number = ECONNREFUSED;
    table.answer(two->number, std::move(refused));
    REQUIRE(two->answer);
    CHECK(two->answer->error_number == ECONNREFUSED);
    CHECK_FALSE(one->answer);
    table.answer(one->number, answer_with_descriptor());
    REQUIRE(one->answer);
    CHECK(one->answer->socket);
    CHECK(table.unanswered_count() == 0);
}

TEST_CASE("an answer that nobody waits for is closed") {
    asio::io_context loop(1);
    DialTable table;
    auto given_up = make_dial(loop);
    const auto before = open_count(); // after the first timer, which opens the loop's own
    const std::uint32_t number = (table.add(given_up), given_up->number);
    given_up.reset();
    table.answer(number, answer_with_descriptor());
    table.answer(number, answer_with_descriptor());
    table.answer(12345, answer_with_descriptor());
    CHECK(open_count() == before);
}

TEST_CASE("a dial that was given up keeps its place until it is answered") {
    asio::io_context loop(1);
    DialTable table;
    for (std::size_t i = 0; i < DialTable::max_unanswered_count; ++i) {
        REQUIRE(table.add(make_dial(loop)));
    }
    const auto late = make_dial(loop);
    CHECK_FALSE(table.add(late));
    table.answer(1, DialAnswer());
    CHECK(table.add(late));
    table.remove(late->number);
    CHECK(table.unanswered_count() == DialTable::max_unanswered_count - 1);
}

TEST_CASE("closing the table answers every dial with the end") {
    asio::io_context loop(1);
    DialTable table;
    const auto dial = make_dial(loop);
    REQUIRE(table.add(dial));
    table.close();
    CHECK(table.closed());
    REQUIRE(dial->answer);
    CHECK(dial->answer->error_number == dial_ended_errno);
}

TEST_CASE("only a TCP socket of the asked family is taken") {
    const UniqueFd tcp4(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const UniqueFd udp(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const SocketPair pair;
    CHECK(is_stream_socket(tcp4.get(), AF_INET));
    CHECK_FALSE(is_stream_socket(tcp4.get(), AF_INET6));
    CHECK_FALSE(is_stream_socket(udp.get(), AF_INET));
    CHECK_FALSE(is_stream_socket(file.get(), AF_INET));
    CHECK_FALSE(is_stream_socket(pair.jail.get(), AF_INET));
}

TEST_CASE("each way in which a dial fails has its code and its advice") {
    const std::pair<int, const char*> codes[] = {{ECONNREFUSED, "GH-P313"},
                                                 {ETIMEDOUT, "GH-P314"},
                                                 {dial_ended_errno, "GH-P315"},
                                                 {dial_full_errno, "GH-P316"},
                                                 {EADDRNOTAVAIL, "GH-P316"}};
    for (const auto& [error_number, code] : codes) {
        const Error error = dial_error("db", 8000, error_number, std::chrono::milliseconds(1500));
        CHECK(error.code == code);
        CHECK(error.what.find("connector 'db'") == 0);
        CHECK(error.where.find("port 8000") == 0);
        CHECK_FALSE(error.why.empty());
        CHECK_FALSE(error.action.empty());
    }
}
