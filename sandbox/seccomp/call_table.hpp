// What a connector may ask of the kernel, as tables. Pure data; compiled by filter.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gatehouse::sandbox {

// One argument compared after masking; the mask also cuts off upper halves that the kernel ignores.
struct ArgumentRule {
    const char* call;
    unsigned argument;
    std::uint64_t mask;
    std::uint64_t value;
};

// socket(domain, type & 0xf, protocol) with every field compared.
struct SocketRule {
    int domain;
    int type;     // -1: any
    int protocol; // -1: any
};

// A call of init with some arguments compared, 32 bits of each, since the kernel reads no more.
struct InitCallRule {
    const char* call;
    struct Comparison {
        unsigned argument;
        std::uint32_t value;
    } compared[3];
    std::size_t comparison_count;
};

std::span<const char* const> allowed_calls();
std::span<const ArgumentRule> allowed_with_argument();
std::span<const SocketRule> allowed_sockets();
// Answered with EPERM: calls that tell of an attack or of a wrong connector.
std::span<const char* const> loud_calls();
std::span<const ArgumentRule> loud_with_argument();
// What gatehouse-jail's init needs after the connector has started.
std::span<const char* const> init_calls();
// What it needs to dial the connector's port, and to answer for calls of a foreign ABI.
std::span<const InitCallRule> init_calls_with_arguments();

} // namespace gatehouse::sandbox
