// Which addresses a connector's URL may lead to when nobody allowed private ones: a name that
// anyone can point anywhere must not reach this host, its network or a cloud's metadata service.
// Pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string_view>

namespace gatehouse::runtime {

// The rule that refuses the address, as words ("loopback, 127.0.0.0/8"); empty for a public one.
// An IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4) counts as that IPv4 address.
std::optional<std::string_view> private_address_rule(const boost::asio::ip::address& address);

} // namespace gatehouse::runtime
