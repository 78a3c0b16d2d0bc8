#include "gateway/store/migrations.hpp"
#include "gateway/store/store.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>
#include <sys/stat.h>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

class Folder {
  public:
    Folder() {
        std::string pattern = "/tmp/gh_store_XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::filesystem::path file() const { return path_ / "store.sqlite"; }

  private:
    std::filesystem::path path_;
};

unsigned mode_of(const std::filesystem::path& file) {
    struct stat facts{};
    REQUIRE(::stat(file.c_str(), &facts) == 0);
    return facts.st_mode & 07777U;
}

std::unique_ptr<Store> open_store(const std::filesystem::path& file) {
    auto store = Store::open(file);
    if (!store) {
        FAIL(to_text(store.error()));
    }
    return std::move(store).value();
}

std::int64_t count_of(Store& store, std::string_view sql) {
    auto rows = store.query(sql);
    REQUIRE(rows);
    return std::get<std::int64_t>(rows->at(0).at(0));
}

// A file as an earlier release left it.
void make_earlier(const std::filesystem::path& file, int version) {
    auto store = open_store(file);
    for (const char* table : {"secrets", "secret_versions", "vault_key", "agents"}) {
        REQUIRE(store->execute(std::string("DROP TABLE ") + table));
    }
    for (const StoreMigration& step : store_migrations()) {
        if (step.version > version) {
            break;
        }
        // Statements of a step end with ");" or "STRICT;"; the store takes one at a time.
        std::string_view rest = step.sql;
        for (auto end = rest.find(';'); end != std::string_view::npos; end = rest.find(';')) {
            REQUIRE(store->execute(rest.substr(0, end)));
            rest.remove_prefix(end + 1);
        }
    }
    if (version >= 1) {
        REQUIRE(store->execute("INSERT INTO agents VALUES ('ci', CAST(? AS BLOB), 'abcd', 'now')",
                               {std::string(32, '\x01')}));
    }
    REQUIRE(store->execute("PRAGMA user_version=" + std::to_string(version)));
}

} // namespace

TEST_CASE("a new store has the newest schema, WAL, foreign keys, full sync and mode 0600") {
    Folder folder;
    auto store = open_store(folder.file());
    CHECK(store->schema_version() == store_migrations().back().version);
    CHECK(std::get<std::string>(store->query("PRAGMA journal_mode").value()[0][0]) == "wal");
    CHECK(count_of(*store, "PRAGMA foreign_keys") == 1);
    CHECK(count_of(*store, "PRAGMA synchronous") == 2);
    REQUIRE(store->execute("INSERT INTO secret_versions VALUES ('a', 1)"));
    CHECK(mode_of(folder.file()) == 0600);
    CHECK(mode_of(folder.file().string() + "-wal") == 0600);
}

TEST_CASE("migrations are numbered without gaps") {
    int expected = 1;
    for (const StoreMigration& step : store_migrations()) {
        CHECK(step.version == expected++);
    }
}

TEST_CASE("every earlier version is migrated and keeps its rows") {
    for (int version = 0; version <= store_migrations().back().version; ++version) {
        CAPTURE(version);
        Folder folder;
        make_earlier(folder.file(), version);
        auto store = open_store(folder.file());
        CHECK(store->schema_version() == store_migrations().back().version);
        CHECK(count_of(*store, "SELECT count(*) FROM agents") == (version >= 1 ? 1 : 0));
        CHECK(count_of(*store, "SELECT count(*) FROM secrets") == 0);
    }
}

TEST_CASE("a newer schema is refused with both versions named and left untouched") {
    Folder folder;
    {
        REQUIRE(open_store(folder.file())->execute("PRAGMA user_version=99"));
    }
    auto refused = Store::open(folder.file());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "GH-G910");
    CHECK(refused.error().where == folder.file().string());
    CHECK(refused.error().why.find("99") != std::string::npos);
}

TEST_CASE("a file that is no database, another program's, or in no folder is refused") {
    Folder folder;
    {
        std::ofstream(folder.file()) << std::string(4096, 'x');
    }
    auto garbage = Store::open(folder.file());
    REQUIRE_FALSE(garbage);
    CHECK(garbage.error().code == "GH-G910");
    std::filesystem::remove(folder.file());
    {
        REQUIRE(open_store(folder.file())->execute("PRAGMA application_id=7"));
    }
    auto foreign = Store::open(folder.file());
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().why.find("another program") != std::string::npos);
    auto nowhere = Store::open(folder.file() / "deeper");
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().code == "GH-G910");
}

TEST_CASE("an existing file that others can read is made private") {
    Folder folder;
    open_store(folder.file());
    std::filesystem::permissions(folder.file(), std::filesystem::perms(0644));
    auto store = open_store(folder.file());
    CHECK(mode_of(folder.file()) == 0600);
}

TEST_CASE("values come back as they went in, zero bytes and all") {
    Folder folder;
    auto store = open_store(folder.file());
    REQUIRE(store->execute("CREATE TABLE t (a, b, c BLOB)"));
    const std::string bytes("\0\xff\x01\0z", 5);
    REQUIRE(store->execute("INSERT INTO t VALUES (?, ?, CAST(? AS BLOB))",
                           {nullptr, std::int64_t{-5}, bytes}));
    auto rows = store->query("SELECT a, b, c FROM t WHERE c = CAST(? AS BLOB)", {bytes});
    REQUIRE(rows);
    REQUIRE(rows->size() == 1);
    CHECK(std::holds_alternative<std::nullptr_t>((*rows)[0][0]));
    CHECK(std::get<std::int64_t>((*rows)[0][1]) == -5);
    CHECK(std::get<std::string>((*rows)[0][2]) == bytes);
}

TEST_CASE("a failed, thrown or nested transaction leaves nothing behind") {
    Folder folder;
    auto store = open_store(folder.file());
    const auto insert = [&] {
        return store->execute("INSERT INTO secret_versions VALUES ('a', 1)");
    };
    auto failed = store->transaction([&]() -> Result<void> {
        REQUIRE(insert());
        return insert();
    });
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == "GH-G911");
    CHECK(count_of(*store, "SELECT count(*) FROM secret_versions") == 0);
    CHECK_THROWS(store->transaction([&]() -> Result<void> {
        REQUIRE(insert());
        throw std::runtime_error("planned");
    }));
    CHECK(count_of(*store, "SELECT count(*) FROM secret_versions") == 0);
    auto nested = store->transaction([&]() -> Result<void> {
        REQUIRE(insert());
        return store->transaction(insert);
    });
    CHECK_FALSE(nested);
    CHECK(count_of(*store, "SELECT count(*) FROM secret_versions") == 0);
    CHECK(store->transaction(insert));
    CHECK(count_of(*store, "SELECT count(*) FROM secret_versions") == 1);
}

TEST_CASE("foreign keys hold and wrong statements are GH-G911") {
    Folder folder;
    auto store = open_store(folder.file());
    auto orphan = store->execute("INSERT INTO secrets VALUES ('x', 1, 'now', CAST('' AS BLOB), "
                                 "CAST('' AS BLOB), CAST('' AS BLOB), CAST('' AS BLOB))");
    REQUIRE_FALSE(orphan);
    CHECK(orphan.error().code == "GH-G911");
    CHECK(store->query("SELECT nonsense").error().code == "GH-G911");
    CHECK(store->query("SELECT ?").error().code == "GH-G911");
    CHECK(store->query("SELECT 1; SELECT 2").error().code == "GH-G911");
    CHECK(store->query("").error().code == "GH-G911");
}
