#include "runtime/supervisor/crash_record.hpp"
#include "runtime/supervisor/desired_state.hpp"
#include "runtime/supervisor/instance_ids.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <string>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

struct KeptFolder {
    KeptFolder() {
        std::string pattern = "/tmp/gh-kept-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~KeptFolder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

CrashRecord crash_of(std::uint64_t instance) {
    CrashRecord record;
    record.connector = "notes";
    record.instance = InstanceId{instance};
    record.time = WallTime(std::chrono::seconds(1'700'000'000));
    record.cause = Error{"GH-P303", "the connector ended", "notes", "out of memory", "raise it"};
    record.exit.result = "oom";
    record.exit.signal = 9;
    record.exit.uptime = std::chrono::milliseconds(1234);
    record.calls = {{CallId{7}, "tools/call", "echo", std::chrono::milliseconds(5), "retried"}};
    record.last_lines = {"one", "two \x01"};
    record.log_cursor = 42;
    return record;
}

} // namespace

TEST_CASE("a stop outlives the daemon, and a start takes it back") {
    const KeptFolder folder;
    const auto file = folder.path / "desired.json";
    const ConnectorName notes("notes");
    {
        DesiredState state(file);
        CHECK_FALSE(state.stopped(notes));
        REQUIRE(state.set_stopped(notes, true));
        REQUIRE(state.set_stopped(ConnectorName("mail"), true));
    }
    {
        DesiredState state(file);
        CHECK(state.stopped(notes));
        REQUIRE(state.set_stopped(notes, false));
    }
    const DesiredState state(file);
    CHECK_FALSE(state.stopped(notes));
    CHECK(state.stopped(ConnectorName("mail")));
}

TEST_CASE("a damaged desired state stops nothing") {
    const KeptFolder folder;
    for (const char* text : {"", "[", "[]", "{}", R"({"stopped":7})", R"({"stopped":[7]})"}) {
        std::ofstream(folder.path / "desired.json") << text;
        const DesiredState state(folder.path / "desired.json");
        CHECK_FALSE(state.stopped(ConnectorName("notes")));
    }
}

TEST_CASE("a desired state that cannot be kept still holds, and says so") {
    DesiredState state("/proc/nowhere/desired.json");
    const auto kept = state.set_stopped(ConnectorName("notes"), true);
    REQUIRE_FALSE(kept);
    CHECK(kept.error().code == "GH-L802");
    CHECK(state.stopped(ConnectorName("notes")));
}

TEST_CASE("a desired state that could not be kept is written by the next try") {
    const KeptFolder folder;
    const auto place = folder.path / "data";
    std::ofstream(place) << "in the way";
    const ConnectorName notes("notes");
    DesiredState state(place / "desired.json");
    REQUIRE_FALSE(state.set_stopped(notes, true));
    std::filesystem::remove(place);
    REQUIRE(state.set_stopped(notes, true));
    CHECK(DesiredState(place / "desired.json").stopped(notes));
}

TEST_CASE("instance numbers are never used again, also after a kill of the daemon") {
    const KeptFolder folder;
    std::uint64_t last = 0;
    for (int run = 0; run < 3; ++run) {
        InstanceIds ids(folder.path / "instances");
        for (int count = 0; count < 1'500; ++count) {
            const auto id = ids.next().value;
            REQUIRE(id > last);
            last = id;
        }
    }
}

TEST_CASE("a crash record comes back from the disk as it was") {
    const KeptFolder folder;
    REQUIRE(CrashStore(folder.path).add(crash_of(12)));
    const auto records = CrashStore(folder.path).list(ConnectorName("notes"));
    REQUIRE(records.size() == 1);
    CHECK(crash_json(records[0]) == crash_json(crash_of(12)));
    CHECK(records[0].calls[0].told == "retried");
    CHECK(records[0].exit.uptime == std::chrono::milliseconds(1234));
    CHECK(CrashStore(folder.path).list(ConnectorName("other")).empty());
}

TEST_CASE("of the crash records the newest twenty are kept, the newest first") {
    const KeptFolder folder;
    CrashStore store(folder.path);
    for (std::uint64_t instance = 95; instance < 125; ++instance) {
        REQUIRE(store.add(crash_of(instance)));
    }
    const auto records = store.list(ConnectorName("notes"));
    REQUIRE(records.size() == CrashStore::kept_max_count);
    CHECK(records.front().instance.value == 124);
    CHECK(records.back().instance.value == 105);
}

TEST_CASE("a damaged crash record is left out") {
    const KeptFolder folder;
    CrashStore store(folder.path);
    REQUIRE(store.add(crash_of(1)));
    for (const char* text : {"", "{", "{}", R"({"time":"now"})", R"({"time":7,"calls":7})"}) {
        std::ofstream(folder.path / "notes" / "00000000000000000009.json") << text;
        CHECK(store.list(ConnectorName("notes")).size() == 1);
    }
}
