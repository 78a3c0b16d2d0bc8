#include "runtime/manifest/run_reader.hpp"

#include "runtime/base/units.hpp"
#include "runtime/manifest/scalar.hpp"
#include "runtime/manifest/source_check.hpp"
#include "runtime/manifest/transport_reader.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

// What one launch plan carries; the sandbox refuses more.
constexpr std::size_t command_words_max_count = 512;
constexpr std::size_t env_max_count = 400;

void read_env(const Field& env, ConnectorSpec& spec) {
    if (env.present() && env.node().members.size() > env_max_count) {
        env.fail("GH-C506", "more than " + std::to_string(env_max_count) + " variables",
                 "Put them into a file of the source folder");
    }
    for (const auto& [name, value] : read_entries(env)) {
        std::string text;
        const std::string problem = env_name_problem(name);
        if (!problem.empty()) {
            value.fail_at_key("GH-C506", problem, env_name_hint);
        }
        if (read_text(value, text, {.min_bytes = 0})) {
            spec.env[name] = std::move(text);
        }
    }
}

void read_command(const Field& command, ConnectorSpec& spec) {
    const std::vector<Field> words = read_list(command, command_words_max_count);
    if (command.present() && command.node().kind == NodeKind::sequence && words.empty()) {
        command.fail("GH-C506", "is empty", "Name the program to run");
    }
    for (const Field& word : words) {
        std::string text;
        const bool is_program = spec.command.empty();
        if (!read_text(word, text, {.min_bytes = is_program ? std::size_t{1} : std::size_t{0}})) {
            spec.command.emplace_back(); // keeps the places of the other words
            continue;
        }
        if (is_program) {
            check_command(word, text, spec.source_dir);
        }
        spec.command.push_back(std::move(text));
    }
}

void read_timeouts(const Field& field, TimeoutSpec& spec) {
    const MapFields timeouts(field, {"startup", "call", "drain", "stop"});
    const DurationRange wait{milliseconds(1), hours(24)};
    const DurationRange grace{milliseconds(0), hours(1)};
    read_duration(timeouts["startup"], spec.startup, wait);
    read_duration(timeouts["call"], spec.call, wait);
    read_duration(timeouts["drain"], spec.drain, grace);
    read_duration(timeouts["stop"], spec.stop, grace);
}

// A duration, or true for always.
void read_keep_warm(const Field& field, InstanceSpec& spec) {
    const bool boolean = field.present() && field.node().kind == NodeKind::scalar &&
                         scalar_type(field.node()) == ScalarType::boolean;
    if (boolean) {
        bool always = false;
        read_boolean(field, always);
        spec.keep_warm = always ? keep_warm_always : milliseconds(0);
        return;
    }
    read_duration(field, spec.keep_warm, {milliseconds(0), hours(24 * 30)});
}

void read_instances(const Field& field, InstanceSpec& spec) {
    const MapFields instances(field, {"scope", "min", "max", "idle_after", "keep_warm"});
    if (const auto scope =
            read_choice(instances["scope"], {"shared", "member", "session", "auto"})) {
        spec.scope = static_cast<InstanceScope>(*scope);
    }
    const bool apart = spec.scope == InstanceScope::member || spec.scope == InstanceScope::session;
    read_count(instances["min"], spec.min, {0, 1});
    if (spec.min > 0 && apart) {
        instances["min"].fail("GH-C506", "1 needs an instance that serves everybody",
                              "Remove it, or use the scope shared or auto");
    }
    read_count(instances["max"], spec.max, {1, 1024});
    read_duration(instances["idle_after"], spec.idle_after, {seconds(1), hours(24 * 30)});
    read_keep_warm(instances["keep_warm"], spec);
    if (spec.keep_warm.count() > 0 && apart) {
        instances["keep_warm"].fail("GH-C506", "needs an instance that serves everybody",
                                    "Remove it, or use the scope shared or auto");
    }
}

} // namespace

std::string env_name_problem(const std::string& name) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool valid =
        !name.empty() && name.size() <= 128 && letter(name[0]) &&
        std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
    if (!valid) {
        return "not a valid name of an environment variable";
    }
    if (name == "PATH" || name.compare(0, 3, "LD_") == 0) {
        return "the variable " + name + " belongs to the sandbox and cannot be set";
    }
    return "";
}

MapFields run_fields(const Field& run) {
    return {run,
            {"transport", "command", "env", "http", "remote", "instances", "timeouts",
             "concurrency", "queue_max", "validate"}};
}

void read_run(const MapFields& run, ConnectorSpec& spec) {
    const bool remote = spec.transport == Transport::remote;
    refuse_for_remote(spec, run["command"]);
    refuse_for_remote(spec, run["env"]);
    if (!remote) {
        read_command(run.required("command"), spec);
        read_env(run["env"], spec);
    }
    read_instances(run["instances"], spec.instances);
    read_timeouts(run["timeouts"], spec.timeouts);
    read_count(run["concurrency"], spec.concurrency, {1, 1024});
    read_count(run["queue_max"], spec.queue_max, {0, 65'536});
    read_boolean(run["validate"], spec.validate);
}

milliseconds shortest_failure_series(const RestartSpec& spec) {
    milliseconds sum{0};
    milliseconds delay = std::min(spec.initial, spec.max);
    for (int failure = 1; failure < spec.failures; ++failure) {
        sum += delay;
        delay = std::min(delay * 2, spec.max);
    }
    return sum;
}

void read_restart(const Field& field, RestartSpec& spec) {
    const MapFields restart(
        field, {"policy", "initial", "max", "jitter", "failures", "window", "reset_after"});
    const DurationRange delay{milliseconds(1), hours(24)};
    if (const auto choice = read_choice(restart["policy"], {"always", "on-failure", "never"})) {
        spec.policy = static_cast<RestartPolicy>(*choice);
    }
    read_duration(restart["initial"], spec.initial, delay);
    read_duration(restart["max"], spec.max, delay);
    read_number(restart["jitter"], spec.jitter, {0, 0.9});
    read_count(restart["failures"], spec.failures, {1, 1000});
    read_duration(restart["window"], spec.window, {milliseconds(1), hours(24 * 30)});
    read_duration(restart["reset_after"], spec.reset_after, delay);
    if (spec.initial > spec.max) {
        field.fail_at_key("GH-C506",
                          "initial (" + duration_text(spec.initial) + ") is longer than max (" +
                              duration_text(spec.max) + ")",
                          "Make max at least initial");
        return;
    }
    const milliseconds series = shortest_failure_series(spec);
    if (spec.policy != RestartPolicy::never && series > spec.window) {
        field.fail_at_key("GH-C506",
                          "the budget can never be used up: " + std::to_string(spec.failures) +
                              " failures take at least " + duration_text(series) +
                              " of backoff, the window is " + duration_text(spec.window),
                          "Lengthen window, or lower failures or max");
    }
}

} // namespace gatehouse::runtime
