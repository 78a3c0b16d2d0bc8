// How lists are read that come in pages.
#include "runtime/session/catalogue_reader.hpp"

#include "runtime/base/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <optional>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

Task<CallReply> reply_of(std::string body) {
    CallReply reply;
    reply.end = CallEnd::result;
    reply.frame = std::move(body);
    reply.body_length = reply.frame.size();
    co_return reply;
}

Task<void> read_into(AskConnector ask, std::optional<Result<CatalogueList>>& read) {
    auto reading = read_list(std::move(ask), ListKind::tools, 100);
    read = co_await std::move(reading);
}

CatalogueList list_of_pages(std::vector<std::string> pages) {
    asio::io_context loop(1);
    std::optional<Result<CatalogueList>> read;
    TaskGroup tasks(loop.get_executor());
    std::size_t next = 0;
    tasks.spawn("read", read_into([&](const std::string&,
                                      const std::string&) { return reply_of(pages.at(next++)); },
                                  read));
    loop.run();
    REQUIRE(read);
    REQUIRE(read->has_value());
    return std::move(**read);
}

} // namespace

TEST_CASE("a list holds as long as the shortest of its pages says") {
    const std::string item = R"({"tools":[{"name":"a"}],"nextCursor":"c","ttlMs":9000})";
    CHECK(list_of_pages({R"({"tools":[],"ttlMs":5000})"}).ttl_ms == 5000);
    CHECK(list_of_pages({item, R"({"tools":[{"name":"b"}],"ttlMs":7000})"}).ttl_ms == 7000);
    CHECK(list_of_pages({item, R"({"tools":[{"name":"b"}]})"}).ttl_ms == 0);
    CHECK(list_of_pages({R"({"tools":[]})"}).ttl_ms == 0);
    for (const std::string odd : {"-5", "1.5", "\"5\"", "1e3", "null", "99999999999999999999"}) {
        CHECK(list_of_pages({R"({"tools":[],"ttlMs":)" + odd + "}"}).ttl_ms == 0);
    }
    CHECK(list_of_pages({item, R"({"tools":[{"name":"b"}]})"}).items.size() == 2);
}
