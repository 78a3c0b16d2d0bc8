// The secrets of one launch: fetched from the vault, sorted by the way they go, and made known to
// the log, which masks them.
#pragma once

#include "runtime/credential_source.hpp"
#include "runtime/http_client/http_client.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/manifest/connector_spec.hpp"

#include <string>
#include <utility>
#include <vector>

namespace gatehouse::runtime {

struct LaunchSecrets {
    std::vector<std::pair<std::string, Secret>> env; // variable name, value
    std::vector<HttpSecretHeader> headers;
};

// `log` may be null. Errors: GH-A102 with the command that sets it, GH-A105.
Result<LaunchSecrets> fetch_secrets(const ConnectorSpec& spec, CredentialSource& source,
                                    ConnectorLog* log);

} // namespace gatehouse::runtime
