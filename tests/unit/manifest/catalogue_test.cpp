#include "runtime/manifest/catalogue.hpp"
#include "runtime/manifest/credential_reader.hpp"
#include "runtime/manifest/run_reader.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace gatehouse::runtime;
using namespace std::chrono_literals;

// A folder with source/, of its own for one test.
class SourceFolder {
  public:
    SourceFolder() {
        static int count = 0;
        path_ = fs::temp_directory_path() / ("gatehouse_manifest_" + std::to_string(::getpid()) +
                                             "_" + std::to_string(++count));
        fs::create_directories(path_ / "source/bin");
        program("source/bin/server", 0755);
    }
    ~SourceFolder() { fs::remove_all(path_); }
    void program(const std::string& name, unsigned mode) const {
        std::ofstream(path_ / name) << "#!/bin/sh\n";
        fs::permissions(path_ / name, static_cast<fs::perms>(mode));
    }
    void link(const std::string& name, const std::string& target) const {
        fs::create_symlink(target, path_ / "source" / name);
    }
    std::variant<ConnectorSpec, Issues> load(const std::string& command,
                                             const std::string& rest = "") const {
        return load_connector_text(path_ / "notes.yaml",
                                   "apiVersion: gatehouse/v1\nkind: Connector\n"
                                   "metadata: {name: notes}\nsource: {dir: {path: ./source}}\n"
                                   "run:\n  command: [" +
                                       command + "]\n" + rest);
    }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

std::string outcome(const std::variant<ConnectorSpec, Issues>& result) {
    if (std::holds_alternative<ConnectorSpec>(result)) {
        return "good";
    }
    return std::get<Issues>(result).front().code + ": " + std::get<Issues>(result).front().message;
}

bool refused(const std::variant<ConnectorSpec, Issues>& result, const std::string& code,
             const std::string& words) {
    const std::string text = outcome(result);
    INFO(text);
    return text.compare(0, code.size(), code) == 0 && text.find(words) != std::string::npos;
}

TEST_CASE("a program of the source folder is found with and without a leading dot") {
    const SourceFolder folder;
    CHECK(outcome(folder.load("./bin/server")) == "good");
    CHECK(outcome(folder.load("bin/server")) == "good");
    CHECK(outcome(folder.load("bin/../bin/server")) == "good");
}

TEST_CASE("the source folder is absolute and free of links and dots") {
    const SourceFolder folder;
    const auto result = folder.load("bin/server");
    REQUIRE(outcome(result) == "good");
    CHECK(std::get<ConnectorSpec>(result).source_dir == fs::canonical(folder.path() / "source"));
}

TEST_CASE("a missing program and one without the execute bit are told apart") {
    const SourceFolder folder;
    folder.program("source/plain", 0644);
    CHECK(refused(folder.load("./nothing"), "GH-C510", "does not exist"));
    CHECK(refused(folder.load("./plain"), "GH-C510", "is not executable"));
    CHECK(refused(folder.load("./bin"), "GH-C510", "is not a file"));
}

TEST_CASE("a program outside of the source folder is refused, by path and by link") {
    const SourceFolder folder;
    folder.program("outside", 0755);
    folder.link("escape", "../outside");
    folder.link("loop", "loop");
    CHECK(refused(folder.load("../outside"), "GH-C510", "leads out"));
    CHECK(refused(folder.load("bin/../../outside"), "GH-C510", "leads out"));
    CHECK(refused(folder.load("./escape"), "GH-C510", "link to a place"));
    CHECK(refused(folder.load("./loop"), "GH-C510", "does not exist"));
}

TEST_CASE("a link to a program of the system works, as virtual environments have it") {
    const SourceFolder folder;
    folder.link("shell", "/bin/sh");
    folder.link("inner", "bin/server");
    CHECK(outcome(folder.load("./shell")) == "good");
    CHECK(outcome(folder.load("./inner")) == "good");
}

TEST_CASE("a bare name is looked for in the system's folders only") {
    const SourceFolder folder;
    CHECK(outcome(folder.load("sh")) == "good");
    CHECK(refused(folder.load("server"), "GH-C510", "is not in /usr/local/bin, /usr/bin or /bin"));
    CHECK(refused(folder.load(".."), "GH-C510", "is not in"));
    CHECK(refused(folder.load("/bin/sh"), "GH-C510", "absolute path"));
}

TEST_CASE("words after the first are taken as they are, empty ones too") {
    const SourceFolder folder;
    const auto result = folder.load("sh, -c, \"echo $HOME; rm\", \"\", \"${X}\"");
    REQUIRE(outcome(result) == "good");
    CHECK(std::get<ConnectorSpec>(result).command ==
          std::vector<std::string>{"sh", "-c", "echo $HOME; rm", "", "${X}"});
}

TEST_CASE("what stands in place of a secret never appears in a message") {
    const SourceFolder folder;
    for (const char* secret :
         {"secret: sk-live-123", "secret: {ref: sk-live-123_}", "secret: {ref: [sk-live-123]}",
          "secret: {value: sk-live-123}", "secret: {ref: &x sk-live-123_}"}) {
        const auto result =
            folder.load("sh", "credentials:\n  - {name: a, kind: api_key, " + std::string(secret) +
                                  ", inject: {env: {name: T}}}\n");
        REQUIRE(std::holds_alternative<Issues>(result));
        for (const Issue& issue : std::get<Issues>(result)) {
            CHECK(to_text(issue).find("live-123") == std::string::npos);
        }
    }
    const auto result = folder.load("sh", "  env: {TOKEN: 9876543210}\n");
    CHECK(to_text(std::get<Issues>(result).front()).find("9876543210") == std::string::npos);
}

TEST_CASE("names of variables that steer the loader or the search path are refused") {
    for (const char* name :
         {"PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_", "", "1A", "A-B", "A B", "Ä", "A="}) {
        CHECK_FALSE(env_name_problem(name).empty());
    }
    for (const char* name : {"A", "_", "PATHS", "LDX", "a1_B"}) {
        CHECK(env_name_problem(name).empty());
    }
}

TEST_CASE("the shortest series of failures is the sum of the doubled delays up to the longest") {
    RestartSpec spec;
    CHECK(shortest_failure_series(spec) == 243s);
    spec.failures = 1;
    CHECK(shortest_failure_series(spec) == 0s);
    spec.failures = 3;
    spec.initial = 90s;
    CHECK(shortest_failure_series(spec) == 120s);
}

TEST_CASE("a restart budget at the edge of its window is accepted, one beyond it is refused") {
    const SourceFolder folder;
    CHECK(outcome(folder.load("sh", "restart: {failures: 3, initial: 1s, window: 3s}\n")) ==
          "good");
    CHECK(refused(folder.load("sh", "restart: {failures: 3, initial: 1s, window: 2s}\n"), "GH-C506",
                  "never be used up"));
    CHECK(outcome(folder.load(
              "sh", "restart: {policy: never, failures: 3, initial: 1s, window: 2s}\n")) == "good");
}

std::variant<ConnectorSpec, Issues> load_remote(const SourceFolder& folder, const std::string& url,
                                                const std::string& rest = "") {
    return load_connector_text(folder.path() / "crm.yaml",
                               "apiVersion: gatehouse/v1\nkind: Connector\n"
                               "metadata: {name: crm}\nsource: {remote: {url: \"" +
                                   url + "\"}}\nrun:\n  transport: remote\n" + rest);
}

TEST_CASE("a connector over HTTP listens on port 8000 at /mcp, or where its manifest says") {
    const SourceFolder folder;
    const auto usual = folder.load("sh", "  transport: http\n");
    REQUIRE(outcome(usual) == "good");
    CHECK(std::get<ConnectorSpec>(usual).transport == Transport::http);
    CHECK(std::get<ConnectorSpec>(usual).http.port == 8000);
    CHECK(std::get<ConnectorSpec>(usual).http.path == "/mcp");
    const auto other =
        folder.load("sh", "  transport: http\n  http: {port: 65535, path: \"/a/b?c=1\"}\n");
    REQUIRE(outcome(other) == "good");
    CHECK(std::get<ConnectorSpec>(other).http.port == 65535);
    CHECK(std::get<ConnectorSpec>(other).http.path == "/a/b?c=1");
    for (const char* path : {"mcp", "/a b", "/a#b", "/\\t", "/{x}"}) {
        CHECK_FALSE(outcome(folder.load("sh", "  transport: http\n  http: {path: \"" +
                                                  std::string(path) + "\"}\n")) == "good");
    }
}

TEST_CASE("a remote connector has a URL and no process, and its secret goes into a header") {
    const SourceFolder folder;
    folder.program("ca.pem", 0644);
    const auto result =
        load_remote(folder, "https://mcp.example.com/mcp",
                    "  remote: {ca_file: ca.pem}\ncredentials:\n"
                    "  - {name: a, kind: api_key, secret: {ref: crm-key}, inject: {header: {name: "
                    "Authorization, value: \"Bearer ${token}\"}}}\n");
    REQUIRE(outcome(result) == "good");
    const auto& spec = std::get<ConnectorSpec>(result);
    CHECK(spec.remote.url == "https://mcp.example.com/mcp");
    CHECK(spec.remote.ca_file == fs::canonical(folder.path() / "ca.pem"));
    CHECK_FALSE(spec.remote.allow_private);
    CHECK(spec.command.empty());
    REQUIRE(spec.credentials.size() == 1);
    CHECK(spec.credentials[0].header == "Authorization");
    CHECK(spec.credentials[0].header_value == "Bearer ${token}");
    CHECK(spec.credentials[0].env.empty());
}

TEST_CASE("a URL to this machine or without TLS needs the weakening that is named for it") {
    const SourceFolder folder;
    const std::string allowed = "  remote: {allow_private: true}\n";
    for (const char* url : {"http://127.0.0.1:9000/mcp", "http://localhost/mcp", "http://[::1]/",
                            "https://10.1.2.3/mcp", "http://a.localhost:1/", "http://192.168.0.1/",
                            "https://169.254.169.254/"}) {
        INFO(url);
        CHECK(refused(load_remote(folder, url), "GH-C506", "this machine"));
        CHECK(outcome(load_remote(folder, url, allowed)) == "good");
    }
    for (const char* url : {"http://mcp.example.com/", "http://8.8.8.8/", "http://notlocalhost/"}) {
        INFO(url);
        CHECK(refused(load_remote(folder, url, allowed), "GH-C506", "unprotected"));
        CHECK(refused(load_remote(folder, url), "GH-C506", "unprotected"));
    }
    CHECK(outcome(load_remote(folder, "https://8.8.8.8/")) == "good");
    CHECK(refused(load_remote(folder, "ftp://example.com/"), "GH-C506", "neither http nor https"));
}

TEST_CASE("headers that HTTP or MCP own, and malformed ones, are refused in any case") {
    for (const char* name : {"Host", "CONTENT-LENGTH", "accept", "Mcp-Session-Id", "mcp-method",
                             "MCP-Protocol-Version", "Proxy-Authorization", "Transfer-Encoding", "",
                             "a b", "a:b", "\u00e9", "a\n"}) {
        INFO(name);
        CHECK_FALSE(header_name_problem(name).empty());
    }
    for (const char* name : {"Authorization", "X-Api-Key", "api_key", "Cookie"}) {
        CHECK(header_name_problem(name).empty());
    }
}

TEST_CASE("the scope of instances is auto unless the manifest says another") {
    const SourceFolder folder;
    CHECK(std::get<ConnectorSpec>(folder.load("sh")).instances.scope == InstanceScope::automatic);
    for (const auto scope : {InstanceScope::shared, InstanceScope::member, InstanceScope::session,
                             InstanceScope::automatic}) {
        const auto result = folder.load(
            "sh", "  instances: {scope: " + std::string(to_text(scope)) + ", max: 3}\n");
        REQUIRE(outcome(result) == "good");
        CHECK(std::get<ConnectorSpec>(result).instances.scope == scope);
        CHECK(std::get<ConnectorSpec>(result).instances.max == 3);
    }
}

TEST_CASE("the hint is the nearest key, or none if all are far") {
    const std::vector<std::string_view> keys{"command", "env", "timeouts", "memory", "to"};
    CHECK(nearest_word("comand", keys) == "command");
    CHECK(nearest_word("commnad", keys) == "command");
    CHECK(nearest_word("timeout", keys) == "timeouts");
    CHECK(nearest_word("environment", keys) == "env");
    CHECK(nearest_word("mem", keys) == "memory");
    CHECK(nearest_word("image", keys).empty());
    CHECK(nearest_word("x", keys).empty());
    CHECK(nearest_word("", keys).empty());
    CHECK(nearest_word(std::string(100'000, 'c'), keys).empty());
}

TEST_CASE("issues come in the order of their places, and their number is bounded") {
    const SourceFolder folder;
    std::string rest = "sandbox: {nothing: 1}\nlogs: {max_bytes: 5}\nrestart: {nothing: 1}\n";
    const auto three = folder.load("sh", rest);
    REQUIRE(std::get<Issues>(three).size() == 3);
    CHECK(std::get<Issues>(three)[0].line < std::get<Issues>(three)[1].line);
    CHECK(std::get<Issues>(three)[1].line < std::get<Issues>(three)[2].line);
    for (int i = 0; i < 20'000; ++i) {
        rest += "k" + std::to_string(i) + ": 1\n";
    }
    CHECK(std::get<Issues>(folder.load("sh", rest)).size() == issues_max_count + 1);
}

TEST_CASE("an unreadable manifest has its own issue only, not one per missing key") {
    const auto result = load_connector("/nonexistent/notes.yaml");
    REQUIRE(std::holds_alternative<Issues>(result));
    CHECK(std::get<Issues>(result).size() == 1);
}

TEST_CASE("health, keep_warm, queue_max and backpressure have the documented defaults") {
    const SourceFolder folder;
    const auto result = folder.load("sh");
    const auto& spec = std::get<ConnectorSpec>(result);
    CHECK(spec.health.liveness.period == std::chrono::seconds(15));
    CHECK(spec.health.liveness.timeout == std::chrono::seconds(5));
    CHECK(spec.health.liveness.failures == 3);
    CHECK(spec.health.catalogue_period == std::chrono::minutes(10));
    CHECK(spec.health.deep.tool.empty());
    CHECK(spec.health.slo_p95.count() == 0);
    CHECK(spec.instances.keep_warm.count() == 0);
    CHECK(spec.queue_max == 4096);
    CHECK(spec.log_backpressure == LogBackpressure::drop);
}

TEST_CASE("health, keep_warm, queue_max and backpressure are read") {
    const SourceFolder folder;
    const auto result = folder.load(
        "sh", "  instances: {keep_warm: true}\n  queue_max: 7\n"
              "health:\n  liveness: {period: 1s, timeout: 500ms, failures: 2}\n"
              "  catalogue: {period: 1m}\n"
              "  deep: {tool: get_me, args: {deep: {n: 1, on: true}, list: [a]}, period: 30s}\n"
              "  slo: {p95: 5s}\nlogs: {backpressure: block}\n");
    REQUIRE(outcome(result) == "good");
    const auto& spec = std::get<ConnectorSpec>(result);
    CHECK(spec.health.liveness.timeout == milliseconds(500));
    CHECK(spec.health.deep.tool == "get_me");
    CHECK(spec.health.deep.arguments == R"({"deep":{"n":1,"on":true},"list":["a"]})");
    CHECK(spec.health.slo_p95 == std::chrono::seconds(5));
    CHECK(spec.instances.keep_warm == keep_warm_always);
    CHECK(spec.queue_max == 7);
    CHECK(spec.log_backpressure == LogBackpressure::block);
}

TEST_CASE("a deep probe needs a tool, and keep_warm an instance for everybody") {
    const SourceFolder folder;
    CHECK(outcome(folder.load("sh", "health: {deep: {period: 1m}}\n")) != "good");
    CHECK(outcome(folder.load("sh", "  instances: {scope: member, keep_warm: 5m}\n")) != "good");
    CHECK(outcome(folder.load("sh", "  instances: {scope: auto, keep_warm: 5m}\n")) == "good");
}

TEST_CASE("a restart budget that the backoff can never reach is refused") {
    const SourceFolder folder;
    CHECK(outcome(folder.load("sh", "restart: {failures: 10, window: 1m}\n")) != "good");
    CHECK(outcome(folder.load("sh", "restart: {failures: 10, window: 30m}\n")) == "good");
}

} // namespace
