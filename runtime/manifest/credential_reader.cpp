#include "runtime/manifest/credential_reader.hpp"

#include "runtime/manifest/run_reader.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t credentials_max_count = 64;

// What the transport itself says with each request.
constexpr std::array<std::string_view, 16> owned_headers = {
    "accept",         "accept-encoding",   "connection", "content-encoding",
    "content-length", "content-type",      "expect",     "host",
    "keep-alive",     "last-event-id",     "origin",     "te",
    "trailer",        "transfer-encoding", "upgrade",    "user-agent"};

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

// A token of RFC 9110.
bool is_header_token(const std::string& name) {
    return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

void read_header_value(const Field& field, std::string& out) {
    std::string text;
    if (!read_text(field, text, {.max_bytes = 1024})) {
        return;
    }
    const std::size_t at = text.find(header_token_mark);
    const bool once =
        at != std::string::npos && text.find(header_token_mark, at + 1) == std::string::npos;
    if (!once) {
        field.fail("GH-C506", "does not hold ${token} exactly once",
                   "Write it like \"Bearer ${token}\"; the secret is put in its place");
        return;
    }
    const bool plain =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
    if (!plain || text.front() == ' ' || text.back() == ' ') {
        field.fail("GH-C506", "a header's value is ASCII without blanks at its ends",
                   "Write it like \"Bearer ${token}\"");
        return;
    }
    out = std::move(text);
}

void read_env_injection(const Field& field, CredentialSpec& credential) {
    const MapFields env(field, {"name"});
    const Field name = env.required("name");
    if (read_text(name, credential.env)) {
        const std::string problem = env_name_problem(credential.env);
        if (!problem.empty()) {
            name.fail("GH-C506", problem, env_name_hint);
        }
    }
}

void read_header_injection(const Field& field, CredentialSpec& credential) {
    const MapFields header(field, {"name", "value"});
    const Field name = header.required("name");
    if (read_text(name, credential.header)) {
        const std::string problem = header_name_problem(credential.header);
        if (!problem.empty()) {
            name.fail("GH-C506", problem, "Use the header the server documents for its keys");
        }
    }
    read_header_value(header.required("value"), credential.header_value);
}

void read_injection(const Field& field, const ConnectorSpec& spec, CredentialSpec& credential) {
    const MapFields inject(field, {"env", "header"});
    const Field env = inject["env"];
    const Field header = inject["header"];
    read_env_injection(env, credential);
    read_header_injection(header, credential);
    if (env.present() && header.present()) {
        header.fail_at_key("GH-C506", "a secret goes one way, and env is there too",
                           "Remove one of env and header");
    } else if (field.present() && field.node().kind == NodeKind::map && !env.present() &&
               !header.present()) {
        field.fail("GH-C505", "says no way for the secret", "Add env or header");
    }
    if (header.present() && spec.transport == Transport::stdio) {
        header.fail_at_key("GH-C506", "a connector over stdio gets no headers", "Use env");
    } else if (env.present() && spec.transport == Transport::remote) {
        env.fail_at_key("GH-C506", "a remote connector has no environment here", "Use header");
    }
}

void read_credential(const Field& item, const ConnectorSpec& spec, CredentialSpec& credential) {
    const MapFields fields(item, {"name", "kind", "scope", "secret", "inject"});
    read_name(fields.required("name"), credential.name);
    read_choice(fields.required("kind"), {"api_key", "service_account"});
    read_choice(fields["scope"], {"shared"});
    const MapFields secret(fields.required("secret"), {"ref"});
    std::string ref;
    if (read_name(secret.required("ref"), ref, 64)) {
        credential.secret = SecretName(ref);
    }
    read_injection(fields.required("inject"), spec, credential);
}

} // namespace

std::string header_name_problem(const std::string& name) {
    if (!is_header_token(name)) {
        return "not a valid name of a header";
    }
    const std::string lower = lower_case(name);
    const bool owned =
        std::find(owned_headers.begin(), owned_headers.end(), lower) != owned_headers.end();
    if (owned || lower.starts_with("mcp-") || lower.starts_with("proxy-")) {
        return "the header " + name + " belongs to the protocol and cannot be set";
    }
    return "";
}

void read_credentials(const Field& field, ConnectorSpec& spec) {
    std::set<std::string> names;
    std::set<std::string> variables;
    std::set<std::string> headers;
    for (const Field& item : read_list(field, credentials_max_count)) {
        CredentialSpec credential;
        read_credential(item, spec, credential);
        if (!credential.name.empty() && !names.insert(credential.name).second) {
            item.fail("GH-C508", "a second credential named " + shown(credential.name),
                      "Rename one of them");
        }
        if (!credential.env.empty() && spec.env.count(credential.env) != 0) {
            item.fail("GH-C508", "its variable " + credential.env + " is also set in run.env",
                      "Remove it from run.env");
        }
        if (!credential.env.empty() && !variables.insert(credential.env).second) {
            item.fail("GH-C508",
                      "its variable " + credential.env + " is used by another credential",
                      "Use another name");
        }
        if (!credential.header.empty() && !headers.insert(lower_case(credential.header)).second) {
            item.fail("GH-C508",
                      "its header " + credential.header + " is used by another credential",
                      "Use another name");
        }
        spec.credentials.push_back(std::move(credential));
    }
}

} // namespace gatehouse::runtime
