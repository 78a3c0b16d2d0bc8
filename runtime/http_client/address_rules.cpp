#include "runtime/http_client/address_rules.hpp"

#include <array>
#include <cstdint>

namespace gatehouse::runtime {

namespace {

namespace ip = boost::asio::ip;

struct Range4 {
    std::uint32_t start;
    int prefix_bits;
    std::string_view rule;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return a << 24 | b << 16 | c << 8 | d;
}

// The first match decides, so the narrower range stands first.
constexpr std::array refused_v4 = {
    Range4{v4(169, 254, 169, 254), 32, "cloud metadata service, 169.254.169.254"},
    Range4{v4(168, 63, 129, 16), 32, "cloud metadata service, 168.63.129.16"},
    Range4{v4(0, 0, 0, 0), 8, "unspecified, 0.0.0.0/8"},
    Range4{v4(10, 0, 0, 0), 8, "private, 10.0.0.0/8"},
    Range4{v4(100, 64, 0, 0), 10, "carrier-grade NAT, 100.64.0.0/10"},
    Range4{v4(127, 0, 0, 0), 8, "loopback, 127.0.0.0/8"},
    Range4{v4(169, 254, 0, 0), 16, "link-local, 169.254.0.0/16"},
    Range4{v4(172, 16, 0, 0), 12, "private, 172.16.0.0/12"},
    Range4{v4(192, 0, 0, 0), 24, "reserved, 192.0.0.0/24"},
    Range4{v4(192, 0, 2, 0), 24, "documentation, 192.0.2.0/24"},
    Range4{v4(192, 168, 0, 0), 16, "private, 192.168.0.0/16"},
    Range4{v4(198, 18, 0, 0), 15, "benchmarking, 198.18.0.0/15"},
    Range4{v4(198, 51, 100, 0), 24, "documentation, 198.51.100.0/24"},
    Range4{v4(203, 0, 113, 0), 24, "documentation, 203.0.113.0/24"},
    Range4{v4(224, 0, 0, 0), 4, "multicast, 224.0.0.0/4"},
    Range4{v4(240, 0, 0, 0), 4, "reserved, 240.0.0.0/4"},
};

std::optional<std::string_view> refusing_rule_v4(std::uint32_t address) {
    for (const Range4& range : refused_v4) {
        if (((address ^ range.start) >> (32 - range.prefix_bits)) == 0) {
            return range.rule;
        }
    }
    return std::nullopt;
}

std::uint32_t v4_at(const ip::address_v6::bytes_type& bytes, std::size_t offset) {
    return v4(bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]);
}

bool starts_with(const ip::address_v6::bytes_type& bytes, std::string_view prefix) {
    for (std::size_t i = 0; i < prefix.size(); ++i) {
        if (bytes[i] != static_cast<unsigned char>(prefix[i])) {
            return false;
        }
    }
    return true;
}

constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
constexpr std::string_view translated("\0\0\0\0\0\0\0\0\xff\xff\0\0", 12);
constexpr std::string_view compatible("\0\0\0\0\0\0\0\0\0\0\0\0", 12);
constexpr std::string_view nat64("\0\x64\xff\x9b\0\0\0\0\0\0\0\0", 12);
constexpr std::string_view local_nat64("\0\x64\xff\x9b\0\x01", 6);
constexpr std::string_view six_to_four("\x20\x02", 2);
constexpr std::string_view teredo("\x20\x01\0\0", 4);
constexpr std::string_view documentation("\x20\x01\x0d\xb8", 4);

std::optional<std::string_view> refusing_rule_v6(const ip::address_v6& address) {
    const auto bytes = address.to_bytes();
    if (address.is_unspecified()) {
        return "unspecified, ::";
    }
    if (address.is_loopback()) {
        return "loopback, ::1";
    }
    for (const std::string_view prefix : {mapped, translated, compatible, nat64}) {
        if (starts_with(bytes, prefix)) {
            return refusing_rule_v4(v4_at(bytes, 12));
        }
    }
    if (starts_with(bytes, six_to_four)) {
        return refusing_rule_v4(v4_at(bytes, 2));
    }
    if (starts_with(bytes, local_nat64)) {
        return "local NAT64, 64:ff9b:1::/48";
    }
    if (starts_with(bytes, teredo)) {
        return "Teredo, 2001::/32";
    }
    if (starts_with(bytes, documentation)) {
        return "documentation, 2001:db8::/32";
    }
    if ((bytes[0] & 0xfe) == 0xfc) {
        return "private, fc00::/7";
    }
    if (bytes[0] == 0xfe && (bytes[1] & 0x80) != 0) {
        return "link-local, fe80::/10 and fec0::/10";
    }
    if (bytes[0] == 0xff) {
        return "multicast, ff00::/8";
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string_view> private_address_rule(const ip::address& address) {
    return address.is_v4() ? refusing_rule_v4(address.to_v4().to_uint())
                           : refusing_rule_v6(address.to_v6());
}

} // namespace gatehouse::runtime
