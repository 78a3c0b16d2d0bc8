// Reads one gateway file into a GatewayConfig, without looking at the manifests it names; what it
// says about connectors is handed out with its places, for load.cpp to check against them. Touches
// the disk only to see what is in the manifests folder.
#pragma once

#include "gateway/config/gateway_config.hpp"
#include "runtime/manifest/document.hpp"
#include "runtime/manifest/field.hpp"

#include <string>
#include <vector>

namespace gatehouse::gateway {

// A name in the gateway file that must be that of a connector or of a virtual server.
struct NameReference {
    enum class Kind { connector, virtual_server };
    Kind kind = Kind::connector;
    std::string name;
    runtime::Place place;
    std::string path;
};

struct GatewayReading {
    GatewayConfig config; // complete if there are no issues; config.manifests: see the next two
    bool manifests_from_folder = false; // then gateway files among them are left out
    bool manifests_found = false;       // false: config.manifests is not all of them
    std::vector<NameReference> references;
    runtime::Issues issues;
    runtime::KnownKeys known_keys;
};

GatewayReading read_gateway(runtime::Document document);

// The parts of the file with a reader of their own.
void read_virtual_servers(const runtime::Field& list, GatewayReading& reading);
void read_policy(const runtime::Field& list, GatewayReading& reading);
// listen, public_url and allowed_hosts; config.data is read before.
void read_listen(const runtime::MapFields& root, GatewayConfig& config);

// Globs, each not empty; without wildcards one is a reference to a name.
void read_globs(const runtime::Field& list, std::vector<std::string>& out);
void note_reference(GatewayReading& reading, NameReference::Kind kind, const runtime::Field& field);

} // namespace gatehouse::gateway
