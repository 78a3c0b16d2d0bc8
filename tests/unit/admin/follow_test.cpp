#include "tests/unit/admin/admin_fixture.hpp"

#include <atomic>
#include <functional>

using namespace admin_test;

namespace {

void append_line(AdminFixture& fixture, const std::string& text) {
    fixture.on_loop([&] {
        auto log = fixture.connectors.log(ConnectorName("notes"));
        REQUIRE(log);
        log.value()->append(runtime::LogStream::standard_error,
                            runtime::LogContext{InstanceId{1}, "", {}}, text);
    });
}

class CollectingReader final : public FollowReader {
  public:
    explicit CollectingReader(std::function<bool(const std::vector<std::string>&)> more)
        : more_(std::move(more)) {}
    bool on_event(std::string_view type, std::string_view data) override {
        const auto json = parse_json(data);
        texts.push_back(std::string(type) + " " +
                        (json ? json->value("text", json->dump()) : std::string("?")));
        return more_(texts);
    }
    std::vector<std::string> texts;

  private:
    std::function<bool(const std::vector<std::string>&)> more_;
};

constexpr const char* notes_follow = "/api/v1/connectors/notes/logs?follow=true";

} // namespace

TEST_CASE("following a log hands over old and new lines in order, each once") {
    AdminFixture fixture;
    append_line(fixture, "before");
    CollectingReader reader([&](const std::vector<std::string>& seen) {
        if (seen.size() < 4) {
            append_line(fixture, "new " + std::to_string(seen.size()));
        }
        return seen.size() < 4;
    });
    std::string cursor;
    const auto ended = fixture.client.follow(notes_follow, cursor, reader);
    REQUIRE(ended);
    CHECK(*ended == FollowEnd::reader_done);
    CHECK(reader.texts == std::vector<std::string>{"record before", "record new 1", "record new 2",
                                                   "record new 3"});
    CHECK(cursor == "4");
}

TEST_CASE("a follower that comes back goes on after the last line it saw") {
    AdminFixture fixture;
    for (int i = 1; i <= 5; ++i) {
        append_line(fixture, "line " + std::to_string(i));
    }
    CollectingReader reader([](const auto& seen) { return seen.size() < 2; });
    std::string cursor = "3";
    REQUIRE(fixture.client.follow(notes_follow, cursor, reader));
    CHECK(reader.texts == std::vector<std::string>{"record line 4", "record line 5"});
}

TEST_CASE("a follow with a filter shows only what fits, old and new") {
    AdminFixture fixture;
    append_line(fixture, "good 1");
    append_line(fixture, "bad 2");
    CollectingReader reader([&](const std::vector<std::string>& seen) {
        if (seen.size() == 1) {
            append_line(fixture, "bad 3");
            append_line(fixture, "good 4");
        }
        return seen.size() < 2;
    });
    std::string cursor;
    REQUIRE(fixture.client.follow(std::string(notes_follow) + "&grep=good", cursor, reader));
    CHECK(reader.texts == std::vector<std::string>{"record good 1", "record good 4"});
}

TEST_CASE("a follower is told the end when the daemon stops, and knows where to go on") {
    auto fixture = std::make_unique<AdminFixture>();
    const AdminClient client = fixture->client;
    append_line(*fixture, "started");
    std::promise<void> first_line;
    std::atomic<bool> orderly = false;
    std::string cursor;
    std::thread thread([&] {
        CollectingReader reader([&](const auto&) {
            first_line.set_value();
            return true;
        });
        const auto ended = client.follow(notes_follow, cursor, reader);
        orderly = ended.has_value() && *ended == FollowEnd::broken;
    });
    first_line.get_future().wait();
    fixture.reset();
    thread.join();
    CHECK(orderly);
    CHECK(cursor == "1");
}

TEST_CASE("following what is not there, or by a bad query, is refused before it begins") {
    AdminFixture fixture;
    CollectingReader reader([](const auto&) { return true; });
    std::string cursor;
    const auto code = [&](const char* target) {
        const auto ended = fixture.client.follow(target, cursor, reader);
        return ended ? std::string("followed") : ended.error().code;
    };
    CHECK(code("/api/v1/connectors/nope/logs?follow=true") == "GH-N404");
    CHECK(code("/api/v1/connectors/notes/logs?follow=true&grep=%28") == "GH-C532");
    CHECK(code("/api/v1/events?follow=true") == "GH-N501");
    CHECK(reader.texts.empty());
}
