// The bare HTTP-to-stdio bridge: what a gateway cannot beat. It owns ids as a gateway must, and
// does nothing else: no authentication, policy, journal, sandbox, session or check of any byte. One
// thread, epoll.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gatehouse::bench {

class Bridge {
  public:
    // Takes the pipes of a connector that has done its handshake, and a listening socket.
    Bridge(int listener, int to_child, int from_child);
    // Serves until the connector ends; returns then.
    void run();

  private:
    struct Connection {
        int fd = -1;
        std::string in;
        std::string out; // what the socket did not take at once
    };
    struct Pending {
        int fd = -1;
        std::uint64_t generation =
            0; // so that an answer never reaches a newer connection of the same fd
        std::string id;
        std::string token;      // the caller's progressToken as it wrote it; empty: none
        bool streaming = false; // an event stream has begun
    };

    void accept_all();
    void on_readable(int fd);
    void take_requests(Connection& connection);
    void on_writable(int fd);
    bool on_child_readable();
    void answer(std::string_view line);
    void report(std::string_view line);
    Connection* connection_of(const Pending& pending);
    void pass_on(std::string_view body, std::uint64_t own);
    void send(Connection& connection, std::string_view head, std::string_view body_front,
              std::string_view id, std::string_view body_back);
    void flush_child();
    void close(int fd);

    int listener_;
    int to_child_;
    int from_child_;
    int epoll_;
    std::unordered_map<int, Connection> connections_;
    std::unordered_map<int, std::uint64_t> generations_;
    std::unordered_map<std::uint64_t, Pending> pending_;
    std::uint64_t next_id_ = 1;
    std::uint64_t next_generation_ = 1;
    std::string child_out_;
    std::string child_in_;
    std::size_t child_scanned_ = 0; // child_in_ up to here holds no newline
    std::vector<char> buffer_;
};

} // namespace gatehouse::bench
