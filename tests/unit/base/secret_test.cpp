#include "runtime/base/secret.hpp"

#include <catch2/catch.hpp>

using gatehouse::Secret;

TEST_CASE("a secret wipes the text it was made from and equals only the same bytes") {
    std::string text = "hunter2";
    const Secret secret(std::move(text));
    CHECK(text.empty());
    CHECK(secret.equals("hunter2"));
    CHECK_FALSE(secret.equals("hunter"));
    CHECK_FALSE(secret.equals("hunter3"));
    CHECK_FALSE(secret.equals("hunter2hunter2"));
    CHECK_FALSE(Secret().equals("x"));
    CHECK(Secret().equals(""));
}
