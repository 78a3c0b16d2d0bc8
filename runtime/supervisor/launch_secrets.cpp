#include "runtime/supervisor/launch_secrets.hpp"

namespace gatehouse::runtime {

namespace {

Error unset_secret_error(Error cause, const CredentialSpec& credential) {
    if (cause.code == "GH-A102") {
        cause.what = "the secret '" + credential.secret.str() + "' is not set";
        cause.where = "credentials[" + credential.name + "]";
        cause.action = "run `gatehouse secret set " + credential.secret.str() + "`";
    }
    return cause;
}

Secret header_secret(const std::string& shape, const Secret& token) {
    const std::size_t at = shape.find(header_token_mark);
    std::string value;
    // Room from the start: a text that grows would leave a copy behind.
    value.reserve(shape.size() + token.size_bytes());
    value.append(shape, 0, at);
    value.append(token.reveal());
    value.append(shape, at + header_token_mark.size());
    return Secret(std::move(value));
}

} // namespace

Result<LaunchSecrets> fetch_secrets(const ConnectorSpec& spec, CredentialSource& source,
                                    ConnectorLog* log) {
    LaunchSecrets made;
    std::vector<std::string> masked;
    for (const auto& credential : spec.credentials) {
        auto secret = source.shared_secret(credential.secret);
        if (!secret) {
            return unset_secret_error(std::move(secret).error(), credential);
        }
        masked.emplace_back(secret->reveal());
        if (credential.header.empty()) {
            made.env.emplace_back(credential.env, std::move(*secret));
        } else {
            made.headers.push_back(
                {credential.header, header_secret(credential.header_value, *secret)});
        }
    }
    if (log != nullptr) {
        log->set_secrets(std::move(masked));
    }
    return made;
}

} // namespace gatehouse::runtime
