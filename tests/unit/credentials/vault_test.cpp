#include "gateway/credentials/vault.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

const SecretName api("api-token");
const SecretName other("other");

struct Bench {
    std::filesystem::path folder;
    std::filesystem::path key_file;
    ManualClock clock;
    std::unique_ptr<Store> store;

    Bench() {
        std::string pattern = "/tmp/gh_vault_XXXXXX";
        folder = ::mkdtemp(pattern.data());
        key_file = folder / "keys" / "vault.key";
        store = Store::open(folder / "store.sqlite").value();
    }
    ~Bench() { std::filesystem::remove_all(folder); }

    Result<std::unique_ptr<Vault>> try_open() { return Vault::open(*store, clock, key_file); }
    std::unique_ptr<Vault> open() {
        auto vault = try_open();
        if (!vault) {
            FAIL(to_text(vault.error()));
        }
        return std::move(vault).value();
    }
    std::string refusal() {
        auto vault = try_open();
        return vault ? "" : vault.error().code;
    }
    std::string blob(const std::string& column, const SecretName& name) {
        auto rows = store->query("SELECT " + column + " FROM secrets WHERE name = ?", {name.str()});
        REQUIRE(rows);
        return std::get<std::string>(rows->at(0).at(0));
    }
    void put(const std::string& column, const SecretName& name, const std::string& bytes) {
        REQUIRE(store->execute("UPDATE secrets SET " + column + " = CAST(? AS BLOB) WHERE name = ?",
                               {bytes, name.str()}));
    }
    void replace_key(const std::string& bytes) {
        std::filesystem::remove(key_file);
        {
            std::ofstream(key_file, std::ios::binary) << bytes;
        }
        std::filesystem::permissions(key_file, std::filesystem::perms::owner_read);
    }
};

void set(Vault& vault, const SecretName& name, std::string value) {
    auto done = vault.set(name, Secret(std::move(value)));
    if (!done) {
        FAIL(to_text(done.error()));
    }
}

std::string read(Vault& vault, const SecretName& name) {
    auto value = vault.shared_secret(name);
    return value ? std::string(value->reveal()) : value.error().code;
}

const std::vector<std::string> sealed_columns{"wrap_nonce", "wrapped_key", "nonce", "ciphertext"};

} // namespace

TEST_CASE("the first start makes a key file that only its owner can read") {
    Bench bench;
    bench.open();
    struct stat facts{};
    REQUIRE(::stat(bench.key_file.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777U) == 0400);
    CHECK(facts.st_size == 32);
    CHECK(facts.st_uid == ::geteuid());
    CHECK_FALSE(std::filesystem::exists(bench.key_file.string() + ".new"));
}

TEST_CASE("a secret survives a restart, and a new version replaces the old one") {
    Bench bench;
    const std::string binary("\0\n\xff secret", 10);
    {
        auto vault = bench.open();
        set(*vault, api, "first");
        set(*vault, api, binary);
        CHECK(vault->version(api) == 2);
    }
    auto vault = bench.open();
    CHECK(read(*vault, api) == binary);
    REQUIRE(vault->list().size() == 1);
    CHECK(vault->list()[0].name == "api-token");
    CHECK(vault->list()[0].version == 2);
    CHECK(vault->list()[0].set_at == rfc3339_text(bench.clock.wall_now()));
    CHECK(vault->version(other) == 0);
    CHECK(read(*vault, other) == "GH-A102");
}

TEST_CASE("a removed secret is gone, and its versions are never used again") {
    Bench bench;
    auto vault = bench.open();
    set(*vault, api, "one");
    REQUIRE(vault->remove(api));
    CHECK(read(*vault, api) == "GH-A102");
    CHECK(vault->version(api) == 0);
    CHECK(vault->remove(api).error().code == "GH-A102");
    vault = bench.open();
    CHECK(read(*vault, api) == "GH-A102");
    set(*vault, api, "two");
    CHECK(vault->version(api) == 2);
}

TEST_CASE("names and sizes have limits") {
    Bench bench;
    auto vault = bench.open();
    for (const auto& bad : {std::string(), std::string("A"), std::string("a b"), std::string("a/b"),
                            std::string(65, 'a')}) {
        CHECK(vault->set(SecretName(bad), Secret(std::string("x"))).error().code == "GH-A108");
    }
    CHECK(vault->set(SecretName(std::string(64, 'a')), Secret(std::string("x"))));
    CHECK(vault->set(api, Secret()).error().code == "GH-A109");
    CHECK(vault->set(api, Secret(std::string(65'537, 'x'))).error().code == "GH-A109");
    CHECK(vault->version(api) == 0);
    set(*vault, api, std::string(65'536, 'x'));
    CHECK(read(*vault, api).size() == 65'536);
}

TEST_CASE("no file of the store ever holds a value") {
    Bench bench;
    auto vault = bench.open();
    const std::string value = "correct-horse-battery-staple";
    set(*vault, api, value);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(bench.folder)) {
        if (!entry.is_regular_file()) {
            continue;
        }
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(in), {}};
        CHECK(bytes.find(value) == std::string::npos);
        CHECK(bytes.find(value.substr(0, 12)) == std::string::npos);
    }
}

TEST_CASE("a flipped bit in any byte of a record fails authentication") {
    Bench bench;
    auto vault = bench.open();
    set(*vault, api, "value");
    for (const auto& column : sealed_columns) {
        const std::string good = bench.blob(column, api);
        for (std::size_t i = 0; i < good.size(); ++i) {
            std::string bad = good;
            bad[i] = static_cast<char>(bad[i] ^ 0x10);
            bench.put(column, api, bad);
            CHECK(read(*vault, api) == "GH-A107");
        }
        bench.put(column, api, good.substr(0, good.size() - 1));
        CHECK(read(*vault, api) == "GH-A107");
        bench.put(column, api, "");
        CHECK(read(*vault, api) == "GH-A107");
        bench.put(column, api, good);
    }
    CHECK(read(*vault, api) == "value");
}

TEST_CASE("two rows' ciphertexts cannot be swapped, not even with their keys") {
    Bench bench;
    auto vault = bench.open();
    set(*vault, api, "first!");
    set(*vault, other, "second");
    for (const auto& column : sealed_columns) {
        const std::string mine = bench.blob(column, api);
        const std::string theirs = bench.blob(column, other);
        bench.put(column, api, theirs);
        bench.put(column, other, mine);
        CHECK(read(*vault, api) == "GH-A107");
        CHECK(read(*vault, other) == "GH-A107");
    }
    vault = bench.open();
    CHECK(read(*vault, api) == "GH-A107");
}

TEST_CASE("an earlier version's row cannot be put back") {
    Bench bench;
    auto vault = bench.open();
    set(*vault, api, "old");
    std::vector<std::string> old;
    for (const auto& column : sealed_columns) {
        old.push_back(bench.blob(column, api));
    }
    set(*vault, api, "new");
    for (std::size_t i = 0; i < old.size(); ++i) {
        bench.put(sealed_columns[i], api, old[i]);
    }
    CHECK(read(*vault, api) == "GH-A107");
}

TEST_CASE("a missing key file seals the vault while secrets are stored, and no new key is made") {
    Bench bench;
    set(*bench.open(), api, "value");
    std::filesystem::rename(bench.key_file, bench.folder / "away");
    auto sealed = bench.try_open();
    REQUIRE_FALSE(sealed);
    CHECK(sealed.error().code == "GH-A105");
    CHECK(sealed.error().where == bench.key_file.string());
    CHECK(sealed.error().action.find("backup") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(bench.key_file));
    std::filesystem::rename(bench.folder / "away", bench.key_file);
    CHECK(read(*bench.open(), api) == "value");
}

TEST_CASE("a lost key file is made anew while no secret is stored") {
    Bench bench;
    bench.open();
    std::filesystem::remove(bench.key_file);
    set(*bench.open(), api, "value");
    CHECK(read(*bench.open(), api) == "value");
}

TEST_CASE("another key is refused at the start while secrets are stored") {
    Bench bench;
    set(*bench.open(), api, "value");
    bench.replace_key(std::string(32, 'k'));
    auto refused = bench.try_open();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "GH-A106");
    CHECK(refused.error().why.find("not the key") != std::string::npos);
}

TEST_CASE("a key file of a wrong mode, size, kind or owner is refused") {
    Bench bench;
    bench.open();
    for (const unsigned mode : {0600U, 0440U, 0404U, 0500U, 04400U}) {
        CAPTURE(mode);
        REQUIRE(::chmod(bench.key_file.c_str(), mode) == 0);
        CHECK(bench.refusal() == "GH-A106");
    }
    REQUIRE(::chmod(bench.key_file.c_str(), 0400) == 0);
    CHECK(bench.refusal().empty());
    for (const std::size_t size : {0U, 31U, 33U}) {
        bench.replace_key(std::string(size, 'k'));
        CHECK(bench.refusal() == "GH-A106");
    }
    bench.replace_key(std::string(32, 'k'));
    std::filesystem::rename(bench.key_file, bench.folder / "away");
    std::filesystem::create_symlink(bench.folder / "away", bench.key_file);
    CHECK(bench.refusal() == "GH-A106");
    std::filesystem::remove(bench.key_file);
    std::filesystem::create_directory(bench.key_file);
    CHECK(bench.refusal() == "GH-A106");
    std::filesystem::remove(bench.key_file);
    REQUIRE(::mkfifo(bench.key_file.c_str(), 0400) == 0);
    CHECK(bench.refusal() == "GH-A106");
    bench.replace_key(std::string(32, 'k'));
    if (::geteuid() == 0) {
        REQUIRE(::chown(bench.key_file.c_str(), 12345, 12345) == 0);
        CHECK(bench.refusal() == "GH-A106");
    } else {
        WARN("not root: a key file of another owner is not tried");
    }
}
