#include "gateway/policy/policy.hpp"

#include <catch2/catch.hpp>
#include <chrono>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

using Test = ArgumentCondition::Test;

PolicyRule rule(std::string name, bool allow) {
    PolicyRule made;
    made.name = std::move(name);
    made.allow = allow;
    return made;
}

Policy compile(std::vector<PolicyRule> rules) {
    auto policy = Policy::compile(rules);
    if (!policy) {
        FAIL(to_text(policy.error()));
    }
    return std::move(policy).value();
}

PolicyQuestion question(std::string_view tool, std::string_view arguments = {}) {
    return {"agent:ci", "demo", "notes", tool, arguments};
}

ArgumentCondition condition(std::string pointer, Test test, std::vector<std::string> values) {
    ArgumentCondition made;
    made.pointer = std::move(pointer);
    made.test = test;
    made.values = std::move(values);
    return made;
}

ArgumentCondition number_condition(std::string pointer, Test test, double number) {
    auto made = condition(std::move(pointer), test, {});
    made.number = number;
    return made;
}

ArgumentCondition presence(std::string pointer, bool present) {
    auto made = condition(std::move(pointer), Test::present, {});
    made.present = present;
    return made;
}

// Whether a rule with this condition is the one that decides.
bool holds(const ArgumentCondition& tested, std::string_view arguments) {
    auto deny = rule("tested", false);
    deny.arguments.push_back(tested);
    const Policy policy = compile({deny});
    const auto answer = policy.decide(question("add", arguments));
    CHECK(answer.allowed == (answer.rule == "default"));
    return answer.rule == "tested";
}

} // namespace

TEST_CASE("a replaced policy decides at once, and answers of the old ones keep their names") {
    Policy policy = compile({rule("first", false)});
    std::vector<PolicyAnswer> answers{policy.decide(question("list"))};
    for (const char* name : {"second", "first", "third"}) {
        policy.replace(compile({rule(name, name[0] == 's')}));
        answers.push_back(policy.decide(question("list")));
    }
    policy.replace(compile({}));
    answers.push_back(policy.decide(question("list")));
    std::vector<std::string> names;
    for (const PolicyAnswer& answer : answers) {
        names.emplace_back(answer.rule);
    }
    CHECK(names == std::vector<std::string>{"first", "second", "first", "third", "default"});
    CHECK(answers[1].allowed);
    CHECK_FALSE(answers[3].allowed);
}

TEST_CASE("without rules everything exposed is allowed by default") {
    const auto answer = compile({}).decide(question("add"));
    CHECK(answer.allowed);
    CHECK(answer.rule == "default");
}

TEST_CASE("the first rule that matches decides, in both orders") {
    auto allow = rule("readers", true);
    allow.tools = {"get_*"};
    const auto deny = rule("nothing-else", false);
    const Policy strict = compile({allow, deny});
    CHECK(strict.decide(question("get_me")).allowed);
    CHECK(strict.decide(question("get_me")).rule == "readers");
    CHECK_FALSE(strict.decide(question("delete_me")).allowed);
    CHECK(strict.decide(question("delete_me")).rule == "nothing-else");
    const Policy closed = compile({deny, allow});
    CHECK_FALSE(closed.decide(question("get_me")).allowed);
}

TEST_CASE("each part of a rule must match, and any entry of a part suffices") {
    auto deny = rule("narrow", false);
    deny.principals = {"agent:cd", "agent:c?"};
    deny.virtual_servers = {"demo"};
    deny.connectors = {"jira", "not*"};
    deny.tools = {"add", "delete_*"};
    const Policy policy = compile({deny});
    CHECK_FALSE(policy.decide(question("add")).allowed);
    CHECK_FALSE(policy.decide(question("delete_all")).allowed);
    CHECK(policy.decide(question("list")).allowed);
    CHECK(policy.decide(question("addx")).allowed);
    CHECK(policy.decide(question("ADD")).allowed);
    CHECK(policy.decide({"agent:other", "demo", "notes", "add", {}}).allowed);
    CHECK(policy.decide({"agent:ci", "other", "notes", "add", {}}).allowed);
    CHECK(policy.decide({"agent:ci", "demo", "github", "add", {}}).allowed);
}

TEST_CASE("equals compares strings, numbers and other values by meaning") {
    const auto text = condition("/path", Test::equals, {R"("/etc")"});
    CHECK(holds(text, R"({"path":"/etc"})"));
    CHECK(holds(text, R"({ "p\u0061th" : "\/\u0065tc" })"));
    CHECK_FALSE(holds(text, R"({"path":"/etcx"})"));
    CHECK_FALSE(holds(text, R"({"path":["/etc"]})"));
    CHECK_FALSE(holds(text, R"({"other":"/etc"})"));
    const auto one = condition("/n", Test::equals, {"1"});
    for (const char* same : {"1", "1.0", "1e0", "10e-1", "0.01E+2", "1.000"}) {
        CHECK(holds(one, std::string(R"({"n":)") + same + "}"));
    }
    for (const char* other : {"-1", "10", "1.0000000000000000000001", "\"1\"", "true", "null"}) {
        CHECK_FALSE(holds(one, std::string(R"({"n":)") + other + "}"));
    }
    // Doubles cannot tell these two apart.
    CHECK_FALSE(
        holds(condition("/n", Test::equals, {"9007199254740993"}), R"({"n":9007199254740992})"));
    CHECK(holds(condition("/n", Test::equals, {"-0"}), R"({"n":0.0e99})"));
    CHECK_FALSE(holds(condition("/n", Test::equals, {"1e999999"}), R"({"n":1e999998})"));
    CHECK(holds(condition("/n", Test::equals, {"true"}), R"({"n":true})"));
    CHECK_FALSE(holds(condition("/n", Test::equals, {"true"}), R"({"n":"true"})"));
    CHECK(holds(condition("/n", Test::equals, {"null"}), R"({"n":null})"));
    CHECK_FALSE(holds(condition("/n", Test::equals, {"null"}), "{}"));
}

TEST_CASE("equals compares lists in order and objects without") {
    const auto list = condition("/v", Test::equals, {R"([1,"a",{"x":1,"y":[]}])"});
    CHECK(holds(list, R"({"v": [ 1.0 , "\u0061", {"y":[ ],"\u0078":1} ]})"));
    CHECK_FALSE(holds(list, R"({"v":["a",1,{"x":1,"y":[]}]})"));
    CHECK_FALSE(holds(list, R"({"v":[1,"a",{"x":1}]})"));
    CHECK_FALSE(holds(list, R"({"v":[1,"a",{"x":1,"z":[]}]})"));
    CHECK_FALSE(holds(list, R"({"v":[1,"a"]})"));
}

TEST_CASE("in holds for any of its values and for no other") {
    const auto any = condition("/env", Test::in, {R"("prod")", R"("stage")", "3"});
    CHECK(holds(any, R"({"env":"prod"})"));
    CHECK(holds(any, R"({"env":"st\u0061ge"})"));
    CHECK(holds(any, R"({"env":3.0})"));
    CHECK_FALSE(holds(any, R"({"env":"dev"})"));
    CHECK_FALSE(holds(any, "{}"));
}

TEST_CASE("matches looks for its pattern in the unescaped text of strings only") {
    const auto etc = condition("/path", Test::matches, {"^/etc(/|$)"});
    CHECK(holds(etc, R"({"path":"/etc/passwd"})"));
    CHECK(holds(etc, R"({"path":"\u002f\u0065tc\/passwd"})"));
    CHECK(holds(etc, R"({"\u0070ath":"/etc"})"));
    CHECK(holds(etc, R"({"path":"/etc/\ud800"})"));
    CHECK_FALSE(holds(etc, R"({"path":"/home/etc"})"));
    CHECK_FALSE(holds(etc, R"({"path":"/etcetera"})"));
    CHECK_FALSE(holds(etc, R"({"path":["/etc"]})"));
    CHECK_FALSE(holds(condition("/n", Test::matches, {"1"}), R"({"n":1})"));
    CHECK(holds(condition("/n", Test::matches, {"1"}), R"({"n":"x1y"})"));
}

TEST_CASE("less and greater compare numbers only and strictly") {
    const auto less = number_condition("/n", Test::less, 10);
    CHECK(holds(less, R"({"n":9.99})"));
    CHECK(holds(less, R"({"n":-1e400})"));
    CHECK(holds(less, R"({"n":1e-999})"));
    CHECK_FALSE(holds(less, R"({"n":10})"));
    CHECK_FALSE(holds(less, R"({"n":"5"})"));
    CHECK_FALSE(holds(less, R"({"n":null})"));
    CHECK_FALSE(holds(less, "{}"));
    const auto greater = number_condition("/n", Test::greater, 10);
    CHECK(holds(greater, R"({"n":10.01})"));
    CHECK(holds(greater, R"({"n":1e400})"));
    CHECK_FALSE(holds(greater, R"({"n":10})"));
    CHECK_FALSE(holds(greater, R"({"n":-1e400})"));
    CHECK_FALSE(holds(greater, R"({"n":1e-999})"));
}

TEST_CASE("present tells absent from null, at any depth of the pointer") {
    CHECK(holds(presence("/force", true), R"({"force":null})"));
    CHECK_FALSE(holds(presence("/force", true), R"({"farce":1})"));
    CHECK_FALSE(holds(presence("/force", true), ""));
    CHECK(holds(presence("/force", false), ""));
    CHECK(holds(presence("/force", false), "{}"));
    CHECK_FALSE(holds(presence("/force", false), R"({"force":false})"));
    CHECK(holds(presence("/a~1b/1/~0c", true), R"({"a/b":[0,{"~c":1}]})"));
    CHECK_FALSE(holds(presence("/a~1b/2", true), R"({"a/b":[0,1]})"));
}

TEST_CASE("all conditions of a rule must hold") {
    auto deny = rule("both", false);
    deny.arguments = {condition("/a", Test::equals, {"1"}), condition("/b", Test::equals, {"2"})};
    const Policy policy = compile({deny});
    CHECK_FALSE(policy.decide(question("add", R"({"b":2,"a":1})")).allowed);
    CHECK(policy.decide(question("add", R"({"a":1})")).allowed);
    CHECK(policy.decide(question("add", R"({"a":1,"b":3})")).allowed);
}

TEST_CASE("a tool is hidden when no arguments could ever allow it") {
    auto hidden = rule("hidden", false);
    hidden.tools = {"delete_*"};
    auto careful = rule("careful", false);
    careful.tools = {"add"};
    careful.arguments = {condition("/n", Test::equals, {"1"})};
    auto exception = rule("exception", true);
    exception.tools = {"delete_draft"};
    exception.arguments = {condition("/n", Test::equals, {"1"})};
    const Policy policy = compile({careful, exception, hidden});
    CHECK(policy.may_ever_allow(question("add")));
    CHECK(policy.may_ever_allow(question("list")));
    CHECK(policy.may_ever_allow(question("delete_draft")));
    CHECK_FALSE(policy.may_ever_allow(question("delete_all")));
    const Policy closed = compile({careful, rule("rest", false)});
    CHECK_FALSE(closed.may_ever_allow(question("add")));
}

TEST_CASE("a rule that cannot be compiled is named") {
    for (const auto& bad :
         {condition("path", Test::equals, {"1"}), condition("/~2", Test::equals, {"1"}),
          condition("/p", Test::equals, {}), condition("/p", Test::equals, {"1", "2"}),
          condition("/p", Test::equals, {"{"}), condition("/p", Test::in, {}),
          condition("/p", Test::matches, {"("}), condition("/p", Test::matches, {"(?=x)"}),
          condition("/p", Test::matches, {"((a{1000}){1000}){1000}"})}) {
        auto broken = rule("broken", false);
        broken.arguments = {bad};
        auto refused = Policy::compile({broken});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == "GH-C506");
        CHECK(refused.error().where.find("'broken'") != std::string::npos);
    }
}

TEST_CASE("globs match whole texts") {
    for (const auto& [glob, text] :
         std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                          {"*", ""},
                                                          {"*", "abc"},
                                                          {"a*c", "abbc"},
                                                          {"a?c", "abc"},
                                                          {"*b*", "abc"},
                                                          {"**", "x"},
                                                          {"a*b*c", "aXbbXc"},
                                                          {"*aab", "aaaab"},
                                                          {"?*?", "ab"}}) {
        CAPTURE(glob, text);
        CHECK(glob_matches(glob, text));
    }
    for (const auto& [glob, text] :
         std::vector<std::pair<std::string, std::string>>{{"", "a"},
                                                          {"a", ""},
                                                          {"?", ""},
                                                          {"a*c", "abd"},
                                                          {"a?c", "ac"},
                                                          {"*b", "abc"},
                                                          {"a", "ab"},
                                                          {"?*?", "a"},
                                                          {"a*b*c", "acb"}}) {
        CAPTURE(glob, text);
        CHECK_FALSE(glob_matches(glob, text));
    }
    std::string hostile;
    for (int i = 0; i < 30; ++i) {
        hostile += "*a";
    }
    CHECK_FALSE(glob_matches(hostile + "b", std::string(2000, 'a')));
}

TEST_CASE("a rule that names a kind concerns only the kinds it names") {
    auto deny = rule("private", false);
    deny.prompts = {"private_*"};
    deny.resources = {"note://private/*", "file:*"};
    const Policy policy = compile({deny});
    const auto decide = [&policy](PolicyKind kind, std::string_view name) {
        PolicyQuestion asked = question(name);
        asked.kind = kind;
        CHECK(policy.decide(asked).allowed == policy.may_ever_allow(asked));
        return policy.decide(asked).allowed;
    };
    CHECK_FALSE(decide(PolicyKind::prompt, "private_one"));
    CHECK(decide(PolicyKind::prompt, "note://private/1"));
    CHECK(decide(PolicyKind::prompt, "public"));
    CHECK_FALSE(decide(PolicyKind::resource, "note://private/1"));
    CHECK_FALSE(decide(PolicyKind::resource, "file:///a"));
    CHECK(decide(PolicyKind::resource, "private_one"));
    CHECK(decide(PolicyKind::tool, "private_one"));
    CHECK(decide(PolicyKind::tool, "note://private/1"));
}

TEST_CASE("a rule that names no kind concerns all, one for tools leaves the others alone") {
    auto deny = rule("nobody", false);
    auto tools = rule("tools", true);
    tools.tools = {"*"};
    const Policy closed = compile({tools, deny});
    for (const auto kind : {PolicyKind::tool, PolicyKind::prompt, PolicyKind::resource}) {
        PolicyQuestion asked = question("anything");
        asked.kind = kind;
        CHECK(closed.decide(asked).allowed == (kind == PolicyKind::tool));
        CHECK(closed.decide(asked).rule == (kind == PolicyKind::tool ? "tools" : "nobody"));
    }
}

TEST_CASE("argument conditions decide about tools and prompts, never about resources") {
    auto deny = rule("absent", false);
    deny.arguments = {presence("/reason", false)};
    const Policy policy = compile({deny});
    PolicyQuestion asked = question("x", R"({"other":"1"})");
    CHECK_FALSE(policy.decide(asked).allowed);
    asked.kind = PolicyKind::prompt;
    CHECK_FALSE(policy.decide(asked).allowed);
    asked.arguments = R"({"reason":"because"})";
    CHECK(policy.decide(asked).allowed);
    asked.kind = PolicyKind::resource;
    asked.arguments = {};
    CHECK(policy.decide(asked).allowed);
}

TEST_CASE("decision cost", "[.bench]") {
    std::vector<PolicyRule> rules;
    for (int i = 0; i < 100; ++i) {
        auto made = rule("rule-" + std::to_string(i), false);
        made.principals = {"agent:ci"};
        made.connectors = {i % 2 == 0 ? "notes" : "no*"};
        made.tools = {"tool_" + std::to_string(i), "danger_" + std::to_string(i) + "_*"};
        rules.push_back(made);
    }
    auto last = rule("paths", false);
    last.tools = {"read_*"};
    last.arguments = {condition("/path", Test::matches, {"^/etc(/|$)"})};
    rules.push_back(last);
    const Policy policy = compile(rules);
    const std::string arguments = R"({"path":"/home/someone/notes.txt","limit":100})";
    constexpr int rounds = 1'000'000;
    for (const char* tool : {"list", "read_file"}) {
        const auto start = std::chrono::steady_clock::now();
        int allowed = 0;
        for (int i = 0; i < rounds; ++i) {
            allowed += policy.decide(question(tool, arguments)).allowed ? 1 : 0;
        }
        const std::chrono::duration<double, std::micro> spent =
            std::chrono::steady_clock::now() - start;
        CHECK(allowed == rounds);
        WARN(tool << ": " << spent.count() / rounds << " us a decision");
    }
}
