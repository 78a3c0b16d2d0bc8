// What `describe` shows of one connector.
#include "gateway/admin/admin_json.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

// Keys end in _bytes and _ms where the numbers have units; 0 means no limit only where said.
Json limits_json(const runtime::ConnectorSpec& spec) {
    Json json = Json::object();
    if (spec.transport != runtime::Transport::remote) {
        json["memory_bytes"] = spec.sandbox.limits.memory_bytes;
        json["tmp_bytes"] = spec.sandbox.limits.tmp_bytes;
        json["pids"] = spec.sandbox.limits.pids;
        json["nofile"] = spec.sandbox.limits.nofile;
    }
    json["concurrency"] = spec.concurrency;
    json["queue"] = spec.queue_max;
    json["instances"] = spec.instances.max;
    json["call_ms"] = spec.timeouts.call.count();
    json["startup_ms"] = spec.timeouts.startup.count();
    json["log_bytes"] = spec.log_max_bytes;
    return json;
}

Json credentials_json(const std::vector<runtime::CredentialSpec>& credentials) {
    Json list = Json::array();
    for (const runtime::CredentialSpec& credential : credentials) {
        Json json = Json::object();
        json["name"] = credential.name;
        json["secret"] = credential.secret.str();
        json["into"] = credential.env.empty() ? "header " + credential.header
                                              : "environment " + credential.env;
        list.push_back(std::move(json));
    }
    return list;
}

} // namespace

Json detail_json(const runtime::ConnectorDetail& detail) {
    Json json = evident_status_json(detail.status);
    Json instances = Json::array();
    for (const runtime::ConnectorStatus& instance : detail.instances) {
        instances.push_back(status_json(instance));
    }
    json["instances"] = std::move(instances);
    json["breakers"] = breakers_json(detail.breakers);
    json["limits"] = limits_json(detail.spec);
    json["credentials"] = credentials_json(detail.spec.credentials);
    json["manifest"] = detail.spec.manifest_path.string();
    json["source"] = detail.spec.transport == runtime::Transport::remote
                         ? detail.spec.remote.url
                         : detail.spec.source_dir.string();
    return json;
}

} // namespace gatehouse::gateway
