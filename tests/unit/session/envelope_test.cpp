#include "runtime/session/envelope.hpp"
#include "runtime/session/id_guess.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace gatehouse;
using namespace gatehouse::runtime;

TEST_CASE("a request gives its raw id, its plain method and its raw params") {
    const std::string text =
        R"({"jsonrpc":"2.0","id":"a\"1","method":"tools\/call","params":{"n":1}})";
    const auto envelope = read_envelope(text);
    REQUIRE(envelope);
    CHECK(envelope->kind == MessageKind::request);
    CHECK(envelope->id == R"("a\"1")");
    CHECK(envelope->method == "tools/call");
    CHECK(envelope->params == R"({"n":1})");
    CHECK(envelope->result.empty());
}

TEST_CASE("a method without an id is a notification") {
    const auto envelope = read_envelope(R"({"method":"x","jsonrpc":"2.0"})");
    REQUIRE(envelope);
    CHECK(envelope->kind == MessageKind::notification);
    CHECK(envelope->id.empty());
    CHECK(envelope->params.empty());
}

TEST_CASE("a response may come in the order of any SDK") {
    const auto first = read_envelope(R"({"jsonrpc":"2.0","id":7,"result":{"x":[1]}})");
    const auto last = read_envelope(R"( {"result" : {"x":[1]} ,"jsonrpc":"2.0","id":7} )");
    REQUIRE(first);
    REQUIRE(last);
    CHECK(first->kind == MessageKind::response);
    CHECK(last->id == "7");
    CHECK(last->result == R"({"x":[1]})");
    const auto error =
        read_envelope(R"({"jsonrpc":"2.0","id":-7,"error":{"code":1,"message":""}})");
    REQUIRE(error);
    CHECK(error->error == R"({"code":1,"message":""})");
}

TEST_CASE("a key written with escapes is the same key") {
    const auto envelope = read_envelope(R"({"\u006asonrpc":"2.0","\u0069d":1,"result":{}})");
    REQUIRE(envelope);
    CHECK(envelope->id == "1");
}

TEST_CASE("what is no JSON-RPC message is refused") {
    for (const char* text : {"[]",
                             "1",
                             "\"x\"",
                             "{}",
                             R"({"jsonrpc":"2.0"})",
                             R"({"jsonrpc":"1.0","id":1,"result":{}})",
                             R"({"jsonrpc":2.0,"id":1,"result":{}})",
                             R"({"id":1,"result":{}})",
                             R"({"jsonrpc":"2.0","id":null,"method":"x"})",
                             R"({"jsonrpc":"2.0","id":1.5,"method":"x"})",
                             R"({"jsonrpc":"2.0","id":1e3,"method":"x"})",
                             R"({"jsonrpc":"2.0","id":[],"method":"x"})",
                             R"({"jsonrpc":"2.0","id":true,"method":"x"})",
                             R"({"jsonrpc":"2.0","id":1,"method":1})",
                             R"({"jsonrpc":"2.0","id":1,"method":"x","params":1})",
                             R"({"jsonrpc":"2.0","id":1,"method":"x","params":null})",
                             R"({"jsonrpc":"2.0","id":1,"method":"x","result":{}})",
                             R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})",
                             R"({"jsonrpc":"2.0","id":1,"error":"x"})",
                             R"({"jsonrpc":"2.0","result":{}})",
                             R"({"jsonrpc":"2.0","id":1})",
                             R"({"jsonrpc":"2.0","id":1,"id":2,"result":{}})"}) {
        INFO(text);
        const auto envelope = read_envelope(text);
        REQUIRE_FALSE(envelope);
        CHECK(envelope.error().code == "GH-M403");
    }
}

TEST_CASE("the id of a broken message stands in where") {
    CHECK(read_envelope(R"({"jsonrpc":"1.0","id":5,"result":{}})").error().where == "5");
    CHECK(read_envelope(R"({"jsonrpc":"2.0","id":5,"result":{"a":1,"a":2}})").error().where == "5");
    CHECK(read_envelope(R"({"result":{"a":1,"a":2},"jsonrpc":"2.0","id":5})").error().where == "5");
    CHECK(
        read_envelope("{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"a\":\"\xff\"}}").error().where ==
        "5");
    CHECK(read_envelope("Server started on port 5").error().where.empty());
}

TEST_CASE("members beyond the known ones are passed over, a flood of them is refused") {
    CHECK(read_envelope(R"({"jsonrpc":"2.0","id":1,"result":{},"x":1,"y":{"id":2}})")->id == "1");
    std::string flood = R"({"jsonrpc":"2.0")";
    for (int i = 0; i < 100; ++i) {
        flood += ",\"x" + std::to_string(i) + "\":1";
    }
    CHECK_FALSE(read_envelope(flood + R"(,"id":1,"result":{}})"));
}

TEST_CASE("the id of a cut line is guessed from its head or its tail") {
    CHECK(guess_id(R"({"jsonrpc":"2.0","id":12,"result":{"x":"aaa)", "bbb\"}}") == "12");
    CHECK(guess_id(R"({"result":{"x":"aaa)", R"(bb"},"jsonrpc":"2.0","id":34})") == "34");
    CHECK(guess_id(R"({"result":{"x":"aaa)", R"(bb"}, "id" : 34 , "jsonrpc": "2.0" } )") == "34");
    CHECK(guess_id(R"({"result":{"x":"aaa)", "bb\"}}").empty());
    CHECK(guess_id(R"({"method":"x","id":1,"params":{"x":"aaa)", "bb\"}}").empty());
    CHECK(guess_id("aaaa", R"(,"id":34})").empty());
}

TEST_CASE("only ids of the gateway's own form are read") {
    CHECK(upstream_id_of("1") == 1);
    CHECK(upstream_id_of("18446744073709551615") == 18446744073709551615ULL);
    for (const char* text :
         {"", "0", "01", "-1", "1.0", "1e1", "\"1\"", "18446744073709551616", " 1"}) {
        CHECK_FALSE(upstream_id_of(text));
    }
}

TEST_CASE("an error without an integer code and a message is no answer") {
    const auto with_error = [](const std::string& error) {
        return read_envelope(R"({"jsonrpc":"2.0","id":1,"error":)" + error + "}").has_value();
    };
    CHECK(with_error(R"({"code":-32602,"message":"no","data":[1]})"));
    CHECK_FALSE(with_error("{}"));
    CHECK_FALSE(with_error(R"({"code":"x","message":"no"})"));
    CHECK_FALSE(with_error(R"({"code":1,"message":4})"));
    CHECK_FALSE(with_error(R"({"code":1.5,"message":"no"})"));
}

TEST_CASE("an id that is neither a string nor an integer is not repeated") {
    for (const char* id : {"{}", "[1]", "true", "1.5"}) {
        INFO(id);
        const auto envelope =
            read_envelope(std::string(R"({"jsonrpc":"2.0","method":"x","id":)") + id + "}");
        REQUIRE_FALSE(envelope);
        CHECK(envelope.error().where.empty());
    }
}
