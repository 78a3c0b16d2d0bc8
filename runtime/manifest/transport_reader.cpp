#include "runtime/manifest/transport_reader.hpp"

#include "runtime/http_client/address_rules.hpp"
#include "runtime/http_client/http_target.hpp"
#include "runtime/manifest/source_check.hpp"

#include <system_error>
#include <utility>

namespace gatehouse::runtime {

namespace {

void refuse_for_other_transport(const ConnectorSpec& spec, const Field& field, Transport due) {
    if (field.present() && spec.transport != due) {
        field.fail_at_key("GH-C506",
                          std::string("belongs to the transport ") + to_text(due) +
                              ", and this connector's is " + to_text(spec.transport),
                          std::string("Remove it, or write transport: ") + to_text(due));
    }
}

void read_http(const Field& field, HttpSpec& spec) {
    const MapFields http(field, {"port", "path"});
    read_count(http["port"], spec.port, {1, 65'535});
    const Field path = http["path"];
    std::string text;
    if (!read_text(path, text, {.max_bytes = 1024})) {
        return;
    }
    if (text[0] != '/' || !parse_http_target("http://localhost" + text)) {
        path.fail("GH-C506", shown(text) + " is not the path of a URL",
                  "Begin it with '/', and write other characters than ASCII as %XX");
        return;
    }
    spec.path = std::move(text);
}

void read_remote(const Field& field, ConnectorSpec& spec) {
    const MapFields remote(field, {"ca_file", "allow_private"});
    read_boolean(remote["allow_private"], spec.remote.allow_private);
    const Field ca_file = remote["ca_file"];
    std::string text;
    if (!read_text(ca_file, text)) {
        return;
    }
    std::error_code problem;
    const auto path = std::filesystem::canonical(spec.manifest_path.parent_path() / text, problem);
    if (problem || !std::filesystem::is_regular_file(path, problem)) {
        ca_file.fail("GH-C509", shown(text) + " is not a file that can be opened",
                     "The path counts from the manifest's folder");
        return;
    }
    spec.remote.ca_file = path;
}

// Whether the name itself says that the host is this one or near; what an ordinary name leads to is
// only known, and checked, when it is dialled.
bool names_private_host(const std::string& host) {
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(host, no_address);
    if (!no_address) {
        return private_address_rule(address).has_value();
    }
    constexpr std::string_view local_end = ".localhost";
    return host == "localhost" || (host.size() > local_end.size() && host.ends_with(local_end));
}

void read_remote_url(const Field& field, RemoteSpec& spec) {
    std::string text;
    if (!read_text(field, text, {.max_bytes = 4096})) {
        return;
    }
    const auto target = parse_http_target(text);
    if (!target) {
        field.fail("GH-C506", "the URL cannot be used: " + target.error().why,
                   "Write it like https://mcp.example.com/mcp");
        return;
    }
    const bool near = names_private_host(target->host);
    if (near && !spec.allow_private) {
        field.fail("GH-C506", "leads to this machine or its network",
                   "Write run.remote.allow_private: true if that is meant");
    } else if (target->scheme == HttpScheme::http && !near) {
        field.fail("GH-C506", "secrets and calls would travel unprotected", "Use https");
    } else if (target->scheme == HttpScheme::http && !spec.ca_file.empty()) {
        field.fail("GH-C506", "run.remote.ca_file says nothing about a URL without TLS",
                   "Use https, or remove ca_file");
    }
    spec.url = std::move(text);
}

} // namespace

void refuse_for_remote(const ConnectorSpec& spec, const Field& field) {
    if (field.present() && spec.transport == Transport::remote) {
        field.fail_at_key("GH-C506",
                          "is for a process of this machine, and this connector runs elsewhere",
                          "Remove it, or change run.transport");
    }
}

void read_transport(const MapFields& run, ConnectorSpec& spec) {
    if (const auto choice = read_choice(run["transport"], {"stdio", "http", "remote"})) {
        spec.transport = static_cast<Transport>(*choice);
    }
    refuse_for_other_transport(spec, run["http"], Transport::http);
    read_http(run["http"], spec.http);
    refuse_for_other_transport(spec, run["remote"], Transport::remote);
    read_remote(run["remote"], spec);
}

void read_source(const Field& source_field, ConnectorSpec& spec) {
    const MapFields source(source_field, {"dir", "remote"});
    const bool is_remote = spec.transport == Transport::remote;
    const Field dir_field = is_remote ? source["dir"] : source.required("dir");
    const Field remote_field = is_remote ? source.required("remote") : source["remote"];
    refuse_for_remote(spec, dir_field);
    refuse_for_other_transport(spec, remote_field, Transport::remote);
    const MapFields dir(dir_field, {"path"});
    const Field path_field = dir.required("path");
    std::string path;
    if (read_text(path_field, path) && !is_remote) {
        spec.source_dir = check_source_folder(path_field, spec.manifest_path.parent_path() / path);
    }
    const MapFields remote(remote_field, {"url"});
    const Field url = remote.required("url");
    if (is_remote) {
        read_remote_url(url, spec.remote);
    }
}

} // namespace gatehouse::runtime
