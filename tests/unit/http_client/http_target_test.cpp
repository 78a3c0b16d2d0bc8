#include "runtime/http_client/address_rules.hpp"
#include "runtime/http_client/http_target.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse::runtime;

TEST_CASE("a URL gives scheme, host, port and path") {
    const auto plain = parse_http_target("http://Tools.Example:8080/mcp?x=1");
    REQUIRE(plain);
    CHECK(plain->scheme == HttpScheme::http);
    CHECK(plain->host == "tools.example");
    CHECK(plain->port == 8080);
    CHECK(plain->path == "/mcp?x=1");
    CHECK(plain->authority() == "tools.example:8080");
    CHECK(plain->shown() == "http://tools.example:8080/mcp");
    const auto secure = parse_http_target("HTTPS://example.com");
    REQUIRE(secure);
    CHECK(secure->scheme == HttpScheme::https);
    CHECK(secure->port == 443);
    CHECK(secure->path == "/");
    CHECK(secure->authority() == "example.com");
    const auto six = parse_http_target("http://[::1]:81?q");
    REQUIRE(six);
    CHECK(six->host == "::1");
    CHECK(six->path == "/?q");
    CHECK(six->authority() == "[::1]:81");
}

TEST_CASE("a URL that could mean something else is refused") {
    for (const char* url : {"ftp://a/",        "file:///etc/passwd",
                            "a.example/mcp",   "//a/",
                            "http://",         "http:///x",
                            "http://user@a/",  "http://user:pw@a/",
                            "http://a@b@c/",   "http://a/#top",
                            "http://a b/",     "http://a/x\r\nHost: b",
                            "http://a\\b/",    "http://a:0/",
                            "http://a:65536/", "http://a:x/",
                            "http://a:/",      "http://a:80:80/",
                            "http://[::1/",    "http://[a]/",
                            "http://[::1]x/",  "http://[fe80::1%25eth0]/",
                            "http://.a/",      "http://a..b/",
                            "http://%61/",     "http://\xc3\xa4/"}) {
        INFO(url);
        const auto target = parse_http_target(url);
        REQUIRE(!target);
        CHECK(target.error().code == "GH-C503");
        CHECK(to_text(target.error()).find("pw") == std::string::npos);
    }
    CHECK(!parse_http_target("http://a/" + std::string(5000, 'x')));
}

TEST_CASE("addresses that are not public are refused in every form they can be written in") {
    const auto refused = [](const char* text) {
        return private_address_rule(boost::asio::ip::make_address(text)).has_value();
    };
    for (const char* address : {"127.0.0.1",
                                "127.255.255.255",
                                "0.0.0.0",
                                "0.1.2.3",
                                "10.1.2.3",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.168.1.1",
                                "169.254.169.254",
                                "169.254.0.1",
                                "168.63.129.16",
                                "100.64.0.1",
                                "100.127.255.255",
                                "192.0.0.8",
                                "198.18.0.1",
                                "224.0.0.1",
                                "239.1.1.1",
                                "240.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "fc00::1",
                                "fdff::1",
                                "fd00:ec2::254",
                                "fe80::1",
                                "febf::1",
                                "fec0::1",
                                "ff02::1",
                                "::ffff:127.0.0.1",
                                "::ffff:169.254.169.254",
                                "::ffff:0:10.0.0.1",
                                "::10.0.0.1",
                                "64:ff9b::10.0.0.1",
                                "64:ff9b:1::1",
                                "2002:7f00:1::",
                                "2002:a00:1::1",
                                "2001::1",
                                "2001:db8::1"}) {
        INFO(address);
        CHECK(refused(address));
    }
    for (const char* address :
         {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
          "11.0.0.1", "168.63.129.17", "169.253.1.1", "192.167.1.1", "223.255.255.255",
          "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
          "2002:808:808::", "2001:4860::1"}) {
        INFO(address);
        CHECK(!refused(address));
    }
}
