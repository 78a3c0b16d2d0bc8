// Every attempt of the corpus, outside as a control and inside, against the table ATTEMPTS.md. With
// GATEHOUSE_ATTEMPTS_OUT=FILE the table as it came out is written there.
#include "tests/process/sandbox_fixture.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::testing;
using namespace std::chrono_literals;

namespace {

constexpr const char* secret_variable = "GATEHOUSE_CORPUS_SECRET";
constexpr std::size_t least_attempts = 90;
char memory_canary[16] = "canary\n";

struct Row {
    std::string name;
    std::string what;
    std::string root;
    std::string user;
    std::string control;
};

// The part before the colon; the reason after it is for readers and may differ between kernels.
std::string verdict_of(const std::string& cell) {
    return cell.substr(0, cell.find(':'));
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

// "refused: EPERM" gives "EPERM".
std::string detail_of(const std::string& output) {
    const std::string line = first_line(output);
    const auto colon = line.find(": ");
    return colon == std::string::npos ? line : line.substr(colon + 2);
}

std::map<std::string, Row> read_table() {
    std::map<std::string, Row> rows;
    std::ifstream file(GH_ATTEMPTS_TABLE);
    for (std::string line; std::getline(file, line);) {
        std::vector<std::string> cells;
        std::istringstream stream(line);
        for (std::string cell; std::getline(stream, cell, '|');) {
            const auto first = cell.find_first_not_of(' ');
            const auto last = cell.find_last_not_of(' ');
            cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
        }
        if (cells.size() == 6) {
            rows[cells[1]] = {cells[1], cells[2], cells[3], cells[4], cells[5]};
        }
    }
    return rows;
}

void write_table(const std::string& path, const std::vector<Row>& rows) {
    std::ofstream file(path);
    file
        << "# Hostile attempts\n\n"
           "Made by the test program `process_sandbox` (`corpus_test.cpp`) and compared by it: the "
           "verdict before each\ncolon. *root* and *user*: how the attempt ended in the sandbox of "
           "a daemon run by root and by an ordinary\nuser. *control*: the same attempt by root "
           "without a sandbox.\n\n"
           "| attempt | on | root | user | control |\n|---|---|---|---|---|\n";
    for (const Row& row : rows) {
        file << "| " << row.name << " | " << row.what << " | " << row.root << " | " << row.user
             << " | " << row.control << " |\n";
    }
}

UniqueFd bound_unix(const std::string& name, bool abstract) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    REQUIRE(name.size() + 2 < sizeof address.sun_path);
    std::copy(name.begin(), name.end(), address.sun_path + (abstract ? 1 : 0));
    const auto size = abstract ? offsetof(sockaddr_un, sun_path) + 1 + name.size() : sizeof address;
    UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(size)) == 0);
    REQUIRE(listen(listener.get(), 64) == 0);
    return listener;
}

UniqueFd bound_inet(int type, std::string& port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    UniqueFd fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
    REQUIRE(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE((type != SOCK_STREAM || listen(fd.get(), 64) == 0));
    REQUIRE(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = std::to_string(ntohs(address.sin_port));
    return fd;
}

// This process plays the daemon: it has data, sockets, a canary in memory and an open descriptor.
class Prey {
  public:
    explicit Prey(const SandboxFixture& fixture) : code_(fixture.code_dir()) {
        const auto state = folder_.path() / "state";
        std::filesystem::create_directories(state / "other");
        std::filesystem::create_directories(outside_volume());
        std::filesystem::create_directories(folder_.path() / "data");
        write_file(state / "other" / "file", "other\n", 0666);
        write_file(folder_.path() / "canary", "canary\n", 0666);
        inherited_ = UniqueFd(open((folder_.path() / "canary").c_str(), O_RDONLY));
        // Inheritable on purpose.
        REQUIRE(fcntl(inherited_.get(), F_SETFD, 0) == 0);
        REQUIRE(setenv(secret_variable, "secret", 1) == 0);
        path_socket_ = bound_unix((folder_.path() / "admin.sock").string(), false);
        abstract_socket_ = bound_unix(abstract_, true);
        tcp_ = bound_inet(SOCK_STREAM, tcp_port_);
        udp_ = bound_inet(SOCK_DGRAM, udp_port_);
    }
    ~Prey() { unsetenv(secret_variable); }
    Prey(const Prey&) = delete;
    Prey& operator=(const Prey&) = delete;

    std::vector<std::string> command(const std::string& attempt, bool inside) const {
        char address[32];
        std::snprintf(address, sizeof address, "%p", static_cast<void*>(memory_canary));
        const auto path = [&](const char* name) { return (folder_.path() / name).string(); };
        return {inside ? "./victim_corpus" : (code_ / "victim_corpus").string(),
                attempt,
                "daemon=" + std::to_string(getpid()),
                "address=" + std::string(address),
                "inherited=" + std::to_string(inherited_.get()),
                "variable=" + std::string(secret_variable),
                "canary=" + path("canary"),
                "data=" + path("data"),
                "other_state=" + path("state/other/file"),
                "volume=" + (inside ? "/data/own" : outside_volume().string()),
                "code=" + (inside ? "/app" : code_.string()),
                "socket=" + path("admin.sock"),
                "abstract=" + abstract_,
                "port=" + tcp_port_,
                "udp=" + udp_port_,
                "mark=" + mark_};
    }
    std::filesystem::path outside_volume() const { return folder_.path() / "outside"; }
    std::filesystem::path inside_volume() const { return folder_.path() / "state" / "own"; }
    const std::string& mark() const { return mark_; }

  private:
    TemporaryFolder folder_;
    std::filesystem::path code_;
    UniqueFd inherited_;
    UniqueFd path_socket_;
    UniqueFd abstract_socket_;
    UniqueFd tcp_;
    UniqueFd udp_;
    std::string abstract_ = unique_mark();
    std::string mark_ = unique_mark();
    std::string tcp_port_;
    std::string udp_port_;
};

bool wants_to_outlive(const std::string& name) {
    return name.rfind("outlive-", 0) == 0;
}

// Ended by the test, because outside nobody else does.
bool end_survivors(const std::string& mark) {
    const auto survivors = processes_with(mark);
    for (const int pid : survivors) {
        kill(pid, SIGKILL);
    }
    return !survivors.empty();
}

std::string control_of(const Prey& prey, const std::string& name) {
    const std::string output = run_outside(prey.command(name, false));
    if (wants_to_outlive(name)) {
        return end_survivors(prey.mark()) ? "succeeds" : "cannot: it ended by itself";
    }
    return output.rfind("harm", 0) == 0 ? "succeeds" : "cannot: " + detail_of(output);
}

std::string inside_of(SandboxFixture& fixture, const Prey& prey, const std::string& name) {
    sandbox::LaunchPlan plan = fixture.plan(prey.command(name, true));
    plan.volumes.push_back({prey.inside_volume(), "own"});
    plan.limits = {64ULL << 20, 16ULL << 20, 8ULL << 20, 32, 128, 0};
    const Run run = fixture.run_plan(std::move(plan));
    if (run.error) {
        return "not launched: " + first_line(to_text(*run.error));
    }
    if (wants_to_outlive(name)) {
        const bool ended = eventually(5s, [&] { return processes_with(prey.mark()).empty(); });
        end_survivors(prey.mark());
        return ended && run.outcome.kind == sandbox::EndKind::exited
                   ? "contained: ended with its tree"
                   : "NOT contained: outlived";
    }
    if (run.outcome.kind == sandbox::EndKind::signaled) {
        const char* signal_name = sigabbrev_np(run.outcome.signal);
        return "contained: SIG" + std::string(signal_name == nullptr ? "?" : signal_name);
    }
    if (run.outcome.kind != sandbox::EndKind::exited || run.outcome.code > 1) {
        return "untried: " + (run.output.empty() ? to_text(run.outcome) : detail_of(run.output));
    }
    return (run.outcome.code == 1 ? "contained: " : "NOT contained: ") + detail_of(run.output);
}

std::vector<Row> attempts_of(const SandboxFixture& fixture) {
    std::vector<Row> rows;
    std::istringstream list(
        run_outside({(fixture.code_dir() / "victim_corpus").string(), "--list"}));
    for (std::string line; std::getline(list, line);) {
        const auto tab = line.find('\t');
        REQUIRE(tab != std::string::npos);
        rows.push_back({line.substr(0, tab), line.substr(tab + 1), "", "", ""});
    }
    return rows;
}

} // namespace

TEST_CASE("each attempt of the corpus ends as the table of attempts says") {
    SandboxFixture fixture;
    const Prey prey(fixture);
    const auto table = read_table();
    std::vector<Row> rows = attempts_of(fixture);
    CHECK(rows.size() >= least_attempts);
    CHECK(table.size() >= rows.size());
    const bool by_root = geteuid() == 0;
    for (Row& row : rows) {
        const auto found = table.find(row.name);
        const Row expected = found == table.end() ? Row{} : found->second;
        row.root = expected.root;
        row.user = expected.user;
        row.control = expected.control;
        (by_root ? row.root : row.user) = inside_of(fixture, prey, row.name);
        if (by_root) {
            row.control = control_of(prey, row.name);
        }
        CAPTURE(row.name, row.root, row.user, row.control);
        CHECK(verdict_of(row.root) == verdict_of(expected.root));
        CHECK(verdict_of(row.user) == verdict_of(expected.user));
        CHECK(verdict_of(row.control) == verdict_of(expected.control));
    }
    CHECK(std::string(memory_canary) == "canary\n");
    if (const char* path = std::getenv("GATEHOUSE_ATTEMPTS_OUT"); path != nullptr) {
        write_table(path, rows);
    }
}
