#include "gateway/config/gateway_config.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace gatehouse::gateway;
using gatehouse::runtime::ConnectorSpec;
using gatehouse::runtime::Issue;
using gatehouse::runtime::Issues;
using Test = ArgumentCondition::Test;
using namespace std::chrono_literals;

const fs::path example = fs::path(GH_SOURCE_DIR) / "tests/unit/config/example";

// A folder of its own for one test, removed with it.
class TestFolder {
  public:
    TestFolder() {
        static int count = 0;
        path_ = fs::temp_directory_path() /
                ("gatehouse_config_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
        fs::create_directories(path_ / "source");
    }
    ~TestFolder() { fs::remove_all(path_); }
    fs::path write(const std::string& name, const std::string& text) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text;
        return path_ / name;
    }
    fs::path connector(const std::string& file, const std::string& name) const {
        return write(file, "apiVersion: gatehouse/v1\nkind: Connector\nmetadata:\n  name: " + name +
                               "\nsource: {dir: {path: " + (path_ / "source").string() +
                               "}}\nrun: {command: [sh]}\n");
    }
    fs::path gateway(const std::string& rest) const {
        return write("gatehouse.yaml", "apiVersion: gatehouse/v1\nkind: Gateway\n" + rest);
    }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

LoadedConfig load_good(const fs::path& file) {
    auto result = load_config(file);
    if (const auto* issues = std::get_if<Issues>(&result)) {
        for (const Issue& issue : *issues) {
            UNSCOPED_INFO(to_text(issue));
        }
        FAIL("the file has issues");
    }
    return std::get<LoadedConfig>(std::move(result));
}

Issues load_bad(const fs::path& file) {
    auto result = load_config(file);
    REQUIRE(std::holds_alternative<Issues>(result));
    return std::get<Issues>(std::move(result));
}

std::string place(const Issue& issue) {
    return fs::path(issue.file).filename().string() + " " + issue.code + " " +
           std::to_string(issue.line) + ":" + std::to_string(issue.column) + " " + issue.path;
}

TEST_CASE("every key of a manifest arrives in its field") {
    const LoadedConfig loaded = load_good(example / "gatehouse.yaml");
    REQUIRE(loaded.connectors.size() == 2);
    const ConnectorSpec& notes = loaded.connectors[0];
    CHECK(notes.name.str() == "notes");
    CHECK(notes.title == "Notes");
    CHECK(notes.description == "Notes of the team");
    CHECK(notes.owner == "team-devtools");
    CHECK(notes.labels.at("tier") == "prod");
    CHECK(notes.manifest_path == example / "manifests/notes.yaml");
    CHECK(notes.source_dir == fs::canonical(example / "source"));
    CHECK(notes.command == std::vector<std::string>{"./server.sh", "--port", "8080", ""});
    CHECK(notes.env == std::map<std::string, std::string>{{"LOG_LEVEL", "info"}, {"EMPTY", ""}});
    CHECK(notes.instances.min == 1);
    CHECK(notes.instances.idle_after == 5min);
    CHECK(notes.timeouts.startup == 10s);
    CHECK(notes.timeouts.call == 20s);
    CHECK(notes.timeouts.drain == 0s);
    CHECK(notes.timeouts.stop == 500ms);
    CHECK(notes.concurrency == 4);
    CHECK_FALSE(notes.validate);
    REQUIRE(notes.credentials.size() == 1);
    CHECK(notes.credentials[0].name == "api");
    CHECK(notes.credentials[0].secret.str() == "notes-token");
    CHECK(notes.credentials[0].env == "NOTES_TOKEN");
    CHECK(notes.sandbox.writable == std::vector<std::string>{"state", "cache"});
    CHECK(notes.sandbox.limits.memory_bytes == 64ULL << 20);
    CHECK(notes.sandbox.limits.tmp_bytes == 1ULL << 20);
    CHECK(notes.sandbox.limits.pids == 10);
    CHECK(notes.sandbox.limits.nofile == 100);
    CHECK(notes.restart.policy == gatehouse::runtime::RestartPolicy::always);
    CHECK(notes.restart.initial == 2s);
    CHECK(notes.restart.max == 30s);
    CHECK(notes.restart.jitter == 0.1);
    CHECK(notes.restart.failures == 5);
    CHECK(notes.restart.window == 10min);
    CHECK(notes.restart.reset_after == 1min);
    CHECK(notes.log_max_bytes == 1ULL << 20);
}

TEST_CASE("a manifest with the required keys only has every default") {
    const ConnectorSpec tickets = load_good(example / "gatehouse.yaml").connectors[1];
    const ConnectorSpec defaults;
    CHECK(tickets.title == "tickets");
    CHECK(tickets.env.empty());
    CHECK(tickets.instances.idle_after == defaults.instances.idle_after);
    CHECK(tickets.timeouts.call == defaults.timeouts.call);
    CHECK(tickets.concurrency == 16);
    CHECK(tickets.validate);
    CHECK(tickets.sandbox.limits.memory_bytes == defaults.sandbox.limits.memory_bytes);
    CHECK(tickets.restart.policy == gatehouse::runtime::RestartPolicy::on_failure);
    CHECK(tickets.log_max_bytes == defaults.log_max_bytes);
}

TEST_CASE("every key of a gateway file arrives in its field") {
    const GatewayConfig config = load_good(example / "gatehouse.yaml").gateway;
    CHECK(config.file == example / "gatehouse.yaml");
    CHECK(config.listen_host == "127.0.0.2");
    CHECK(config.listen_port == 9090);
    CHECK(config.data == example / "state");
    CHECK(config.admin_socket == example / "state/run/admin.sock");
    CHECK(config.public_url == "https://gatehouse.example");
    CHECK(config.manifests == std::vector<fs::path>{example / "manifests/notes.yaml",
                                                    example / "manifests/tickets.yaml"});
    CHECK(config.allowed_hosts ==
          std::vector<std::string>{"gatehouse.internal", "gatehouse.internal:8443"});
    CHECK(config.vault_key == "/etc/gatehouse/vault.key");
    CHECK(config.durability == AuditDurability::disk);
    CHECK(config.limits.body_bytes == 1ULL << 20);
    CHECK(config.limits.sessions == 10);
    CHECK(config.limits.calls_in_flight == 20);
    CHECK(config.limits.result_bytes == 2ULL << 20);
}

TEST_CASE("a virtual server has its audience and its exposed connectors") {
    const auto servers = load_good(example / "gatehouse.yaml").gateway.virtual_servers;
    REQUIRE(servers.size() == 1);
    CHECK(servers[0].name.str() == "demo");
    CHECK(servers[0].title == "Demo");
    CHECK(servers[0].audience.agents == std::vector<std::string>{"ci", "nightly"});
    CHECK(servers[0].audience.everyone);
    REQUIRE(servers[0].connectors.size() == 2);
    const ExposedConnector& notes = servers[0].connectors[0];
    CHECK(notes.prefix.empty());
    CHECK(notes.tools.allow == std::vector<std::string>{"*_note", "list"});
    CHECK(notes.tools.deny == std::vector<std::string>{"delete_*"});
    CHECK(notes.tools.rename.at("add_note") == "create");
    CHECK(notes.tools.describe.at("create") == "Adds a note");
    CHECK(notes.prompts.allow == std::vector<std::string>{"summary"});
    CHECK(notes.prompts.deny == std::vector<std::string>{"draft_*"});
    CHECK(notes.resources.allow == std::vector<std::string>{"note://*"});
    CHECK(notes.resources.deny == std::vector<std::string>{"note://private/*"});
    CHECK(servers[0].connectors[1].prompts.allow == std::vector<std::string>{"*"});
    CHECK(servers[0].connectors[1].resources.deny.empty());
    CHECK(servers[0].connectors[1].prefix == "tickets_");
    CHECK(servers[0].connectors[1].tools.allow == std::vector<std::string>{"*"});
}

TEST_CASE("policy rules keep their order, and their values are JSON literals") {
    const auto policy = load_good(example / "gatehouse.yaml").gateway.policy;
    REQUIRE(policy.size() == 3);
    CHECK(policy[0].name == "no-etc");
    CHECK_FALSE(policy[0].allow);
    CHECK(policy[0].principals == std::vector<std::string>{"agent:*"});
    CHECK(policy[0].connectors == std::vector<std::string>{"notes", "tick*"});
    const auto& arguments = policy[0].arguments;
    REQUIRE(arguments.size() == 6);
    CHECK(arguments[0].test == Test::matches);
    CHECK(arguments[0].values == std::vector<std::string>{"^/etc"});
    CHECK(arguments[1].test == Test::equals);
    CHECK(arguments[1].values == std::vector<std::string>{"\"rw\""});
    CHECK(arguments[2].test == Test::in);
    CHECK(arguments[2].values == std::vector<std::string>{"1", "2.5", "true", "null", "\"no\""});
    CHECK(arguments[3].test == Test::less);
    CHECK(arguments[3].number == 10);
    CHECK(arguments[4].test == Test::greater);
    CHECK(arguments[4].number == -0.5);
    CHECK(arguments[5].test == Test::present);
    CHECK_FALSE(arguments[5].present);
    CHECK(policy[1].tools.empty());
    CHECK(policy[1].prompts == std::vector<std::string>{"private_*"});
    CHECK(policy[1].resources == std::vector<std::string>{"note://private/*"});
    CHECK(policy[2].allow);
}

TEST_CASE("two tools that the file itself gives one name are refused, with both of them named") {
    const TestFolder folder;
    folder.connector("notes.yaml", "notes");
    folder.connector("tickets.yaml", "tickets");
    const std::string start = "manifests: [notes.yaml, tickets.yaml]\nvirtual_servers:\n"
                              "  - name: demo\n    connectors:\n"
                              "      - {name: notes, prefix: a_, tools: {rename: {add: create}}}\n";
    const auto issues = load_bad(folder.gateway(
        start + "      - {name: tickets, prefix: \"\", tools: {allow: [\"*\", a_create]}}\n"));
    REQUIRE(issues.size() == 1);
    CHECK(place(issues[0]) == "gatehouse.yaml GH-C508 8:44 virtual_servers[0].connectors[1].tools");
    CHECK(issues[0].message.find(R"("add" of connector "notes")") != std::string::npos);
    CHECK(issues[0].message.find(R"("a_create" of connector "tickets")") != std::string::npos);
    // What hangs on a wildcard is known only when the tools are.
    load_good(folder.gateway(start +
                             "      - {name: tickets, prefix: \"\", tools: {allow: [\"a_*\"]}}\n"));
    load_good(folder.gateway(start + "      - {name: tickets, prefix: \"\", tools: "
                                     "{allow: [a_create], deny: [\"*_create\"]}}\n"));
}

TEST_CASE("a gateway file with the required keys only has every default") {
    const TestFolder folder;
    const GatewayConfig config = load_good(folder.gateway("manifests: []\n")).gateway;
    CHECK(config.listen_host == "127.0.0.1");
    CHECK(config.listen_port == 8080);
    CHECK(config.public_url == "http://127.0.0.1:8080");
    CHECK(config.data == folder.path() / "data");
    CHECK(config.admin_socket == folder.path() / "data/admin.sock");
    CHECK(config.vault_key == folder.path() / "data/keys/vault.key");
    CHECK(config.durability == AuditDurability::process);
    CHECK(config.limits.sessions == 20'000);
}

TEST_CASE("loopback names and addresses are listened on, the public URL follows") {
    const TestFolder folder;
    const auto url = [&](const std::string& client) {
        return load_good(folder.gateway("manifests: []\nlisten: {client: \"" + client + "\"}\n"))
            .gateway.public_url;
    };
    CHECK(url("localhost:1") == "http://127.0.0.1:1");
    CHECK(url("127.1.2.3:0") == "http://127.1.2.3:0");
    CHECK(url("[::1]:65535") == "http://[::1]:65535");
}

TEST_CASE("addresses beyond this machine are refused while there is no TLS") {
    const TestFolder folder;
    for (const char* client :
         {"0.0.0.0:80", "[::]:80", "10.0.0.1:80", "example.com:80", ":80", "127.0.0.1", "::1:80",
          "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1:65536"}) {
        INFO(client);
        const Issues issues = load_bad(
            folder.gateway("manifests: []\nlisten: {client: \"" + std::string(client) + "\"}\n"));
        REQUIRE(issues.size() == 1);
        CHECK(place(issues[0]) == "gatehouse.yaml GH-C506 4:18 listen.client");
    }
}

TEST_CASE("a manifests folder gives its connectors by name of file, without other kinds and hidden "
          "files") {
    const TestFolder folder;
    folder.connector("zeta.yaml", "first");
    folder.connector("alpha.yaml", "second");
    folder.connector("alpha.yaml.bak", "third");
    folder.write(".hidden.yaml", "broken: [");
    folder.write("other.yaml", "apiVersion: gatehouse/v1\nkind: Gateway\nmanifests: x\n");
    const LoadedConfig loaded = load_good(folder.gateway("manifests: .\n"));
    REQUIRE(loaded.connectors.size() == 2);
    CHECK(loaded.connectors[0].name.str() == "second");
    CHECK(loaded.connectors[1].name.str() == "first");
}

TEST_CASE("a list of manifests keeps its order") {
    const TestFolder folder;
    folder.connector("b.yaml", "b");
    folder.connector("a.yaml", "a");
    const LoadedConfig loaded = load_good(folder.gateway("manifests: [b.yaml, ./a.yaml]\n"));
    REQUIRE(loaded.connectors.size() == 2);
    CHECK(loaded.connectors[0].name.str() == "b");
}

TEST_CASE("two connectors of one name are a conflict at the second") {
    const TestFolder folder;
    folder.connector("a.yaml", "notes");
    folder.connector("b.yaml", "notes");
    const Issues issues = load_bad(folder.gateway("manifests: .\n"));
    REQUIRE(issues.size() == 1);
    CHECK(place(issues[0]) == "b.yaml GH-C508 4:9 metadata.name");
    CHECK(issues[0].message.find("a.yaml") != std::string::npos);
}

TEST_CASE("the issues of the gateway file and of all manifests come together") {
    const TestFolder folder;
    folder.connector("a.yaml", "Bad");
    folder.write("b.yaml", "kind: Connector\nkind: [\n");
    const Issues issues =
        load_bad(folder.gateway("manifests: .\nlimits: {body: 4}\naudit: {durabilty: disk}\n"));
    REQUIRE(issues.size() == 4);
    CHECK(place(issues[0]) == "gatehouse.yaml GH-C503 4:16 limits.body");
    CHECK(place(issues[1]) == "gatehouse.yaml GH-C502 5:9 audit.durabilty");
    CHECK(place(issues[2]) == "a.yaml GH-C506 4:9 metadata.name");
    CHECK(issues[3].code == "GH-C501");
}

TEST_CASE("a connector whose name cannot be read is not reported as unknown as well") {
    const TestFolder folder;
    folder.connector("a.yaml", "\"Bad\"");
    const Issues issues = load_bad(folder.gateway(
        "manifests: .\nvirtual_servers: [{name: demo, connectors: [{name: notes}]}]\n"));
    CHECK(issues.size() == 1);
}

TEST_CASE("an unknown connector is named with its place and the known ones") {
    const TestFolder folder;
    folder.connector("a.yaml", "notes");
    folder.connector("b.yaml", "github");
    const Issues issues = load_bad(folder.gateway(
        "manifests: .\nvirtual_servers: [{name: demo, connectors: [{name: jira}]}]\n"));
    REQUIRE(issues.size() == 1);
    CHECK(place(issues[0]) == "gatehouse.yaml GH-C508 4:52 virtual_servers[0].connectors[0].name");
    CHECK(issues[0].hint == "Known: github, notes");
}

TEST_CASE("a listed manifest that is missing or of another kind is an issue") {
    const TestFolder folder;
    folder.write("other.yaml", "apiVersion: gatehouse/v1\nkind: Gateway\nmanifests: x\n");
    const Issues issues = load_bad(folder.gateway("manifests: [nothing.yaml, other.yaml]\n"));
    REQUIRE(issues.size() >= 2);
    CHECK(place(issues[0]) == "nothing.yaml GH-C509 0:0 ");
    CHECK(place(issues[1]).substr(0, 10) == "other.yaml");
}

TEST_CASE("a gateway file that is missing is one issue") {
    const Issues issues = load_bad("/nonexistent/gatehouse.yaml");
    REQUIRE(issues.size() == 1);
    CHECK(issues[0].code == "GH-C509");
}

TEST_CASE("a manifest that two files name is reported once") {
    const TestFolder folder;
    const fs::path manifest = folder.connector("a.yaml", "Bad");
    const fs::path gateway = folder.gateway("manifests: .\n");
    CHECK(validate_files({gateway, manifest}).size() == 1);
    CHECK(validate_files({manifest}).size() == 1);
    CHECK(validate_files({}).empty());
}

TEST_CASE("the logs of all connectors together have a bound and an age") {
    const TestFolder folder;
    const GatewayLogs defaults = load_good(folder.gateway("manifests: .\n")).gateway.logs;
    CHECK(defaults.max_bytes == 4ULL << 30);
    CHECK(defaults.retention.count() == 0);
    const std::string text = "manifests: .\nlogs: {max_bytes: 10MiB, retention: 7d}\n";
    const GatewayLogs logs = load_good(folder.gateway(text)).gateway.logs;
    CHECK(logs.max_bytes == 10ULL << 20);
    CHECK(logs.retention == std::chrono::hours(7 * 24));
}

TEST_CASE("a policy may name operators, whom no audience knows") {
    const TestFolder folder;
    const std::string start = "manifests: .\npolicy:\n  - {name: a, effect: deny, principals: [";
    for (const std::string good : {"operator:*", "operator:uid:0", "agent:ci", "*"}) {
        CHECK(load_good(folder.gateway(start + "'" + good + "']}\n")).gateway.policy.size() == 1);
    }
    for (const std::string bad : {"operator:", "uid:0", "ci", "operators:*"}) {
        CHECK(load_bad(folder.gateway(start + "'" + bad + "']}\n")).front().code == "GH-C506");
    }
}

} // namespace
