#include "tests/unit/http_client/http_stage.hpp"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

// A self-signed certificate with its key, for the names of `subject_alt_name`.
struct Identity {
    explicit Identity(const char* subject_alt_name, long valid_from = -60, long valid_for = 3600)
        : key(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate(X509_new(), X509_free) {
        X509_set_version(certificate.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), valid_from);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_from + valid_for);
        X509_set_pubkey(certificate.get(), key.get());
        X509_NAME* const name = X509_get_subject_name(certificate.get());
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
        X509_set_issuer_name(certificate.get(), name);
        add(NID_basic_constraints, "critical,CA:TRUE");
        add(NID_subject_alt_name, subject_alt_name);
        X509_sign(certificate.get(), key.get(), EVP_sha256());
    }
    void add(int kind, const char* value) {
        X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
        X509_add_ext(certificate.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }
    std::string file() const {
        const auto path = std::filesystem::temp_directory_path() /
                          ("gatehouse-tls-" + std::to_string(::getpid()) + ".pem");
        std::FILE* const out = std::fopen(path.c_str(), "w");
        PEM_write_X509(out, certificate.get());
        std::fclose(out);
        return path.string();
    }
    std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key;
    std::unique_ptr<X509, void (*)(X509*)> certificate;
};

class TlsBytes final : public PeerBytes {
  public:
    TlsBytes(int socket, SSL_CTX* context) : PeerBytes(socket), ssl_(SSL_new(context)) {
        SSL_set_fd(ssl_, socket);
    }
    ~TlsBytes() override { SSL_free(ssl_); }
    bool begin() override {
        // OpenSSL writes without MSG_NOSIGNAL; only this server's thread may do so.
        sigset_t broken_pipe;
        ::sigemptyset(&broken_pipe);
        ::sigaddset(&broken_pipe, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
        return SSL_accept(ssl_) == 1;
    }
    long read(char* into, std::size_t size) override {
        return SSL_read(ssl_, into, static_cast<int>(size));
    }
    long write(const char* from, std::size_t size) override {
        return SSL_write(ssl_, from, static_cast<int>(size));
    }

  private:
    SSL* ssl_;
};

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void* seen) {
    static_cast<Noted<std::string>*>(seen)->add(
        std::string(reinterpret_cast<const char*>(in), in_size));
    *out = in + 1;
    *out_size = in[0];
    return SSL_TLSEXT_ERR_OK;
}

struct TlsServer {
    explicit TlsServer(const Identity& identity, int newest = TLS1_3_VERSION)
        : context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free),
          server([this](Peer& peer, int) { serve(peer); },
                 [this](int socket) { return std::make_unique<TlsBytes>(socket, context.get()); }) {
        SSL_CTX_use_certificate(context.get(), identity.certificate.get());
        SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
        SSL_CTX_set_security_level(context.get(), 0);
        SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context.get(), newest);
        SSL_CTX_set_alpn_select_cb(context.get(), &choose_alpn, &alpn);
    }
    void serve(Peer& peer) {
        while (auto request = peer.read_request()) {
            bodies.add(request->body);
            peer.answer("200 OK", "", std::string(request->body.size(), 'y'));
        }
    }
    HttpTarget target(const std::string& host, const std::string& ca_file) const {
        HttpTarget target = target_of("https://" + host + ":" + std::to_string(server.port()));
        target.ca_file = ca_file;
        return target;
    }

    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context;
    Noted<std::string> alpn;
    Noted<std::string> bodies;
    LoopbackServer server;
};

} // namespace

TEST_CASE("TLS: a trusted certificate for the host or the address is accepted") {
    const Identity identity("DNS:localhost,IP:127.0.0.1");
    TlsServer server(identity);
    for (const std::string host : {"localhost", "127.0.0.1"}) {
        HttpStage stage(server.target(host, identity.file()));
        for (const std::size_t size : {5UL, 300'000UL}) {
            HttpReply reply = stage.ask(post(std::string(size, 'x')));
            INFO(to_text(reply.failure));
            const auto body = stage.body_of(reply);
            REQUIRE(body);
            CHECK(*body == std::string(size, 'y'));
        }
        CHECK(stage.client.open_connections() == 1);
    }
    CHECK(server.server.accepted() == 2);
    CHECK(server.alpn.all().at(0) == "\x08http/1.1");
    CHECK(server.bodies.size() == 4);
}

TEST_CASE("TLS: a certificate for another host is refused, and nothing is sent") {
    const Identity identity("DNS:other.example,IP:127.0.0.2");
    TlsServer server(identity);
    for (const std::string host : {"localhost", "127.0.0.1"}) {
        HttpStage stage(server.target(host, identity.file()));
        const HttpReply reply = stage.ask(post("secret"));
        CHECK(reply.failure.code == "GH-D203");
        CHECK(reply.failure.why.find("another host") != std::string::npos);
        CHECK(reply.sent == HttpSent::never_sent);
    }
    CHECK(server.bodies.size() == 0);
}

TEST_CASE("TLS: an untrusted and an expired certificate are refused") {
    const Identity unknown("DNS:localhost");
    TlsServer untrusted(unknown);
    HttpStage stage(untrusted.target("localhost", ""));
    const HttpReply refused = stage.ask(post("secret"));
    CHECK(refused.failure.code == "GH-D203");
    CHECK(refused.failure.why.find("not trusted") != std::string::npos);

    const Identity old("DNS:localhost", -7200, 3600);
    TlsServer expired(old);
    HttpStage second(expired.target("localhost", old.file()));
    const HttpReply late = second.ask(post("secret"));
    CHECK(late.failure.code == "GH-D203");
    CHECK(late.failure.why.find("expired") != std::string::npos);
    CHECK(untrusted.bodies.size() + expired.bodies.size() == 0);
}

TEST_CASE("TLS: older than 1.2 is refused") {
    const Identity identity("DNS:localhost");
    TlsServer server(identity, TLS1_1_VERSION);
    HttpStage stage(server.target("localhost", identity.file()));
    const HttpReply reply = stage.ask(post("secret"));
    CHECK(reply.failure.code == "GH-D203");
    CHECK(server.bodies.size() == 0);
}

TEST_CASE("TLS: a server that speaks none, or says nothing, is told from the others") {
    LoopbackServer plain([](Peer& peer, int number) {
        if (number == 0) {
            peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
        }
        peer.client_closed();
    });
    HttpStage stage("https://127.0.0.1:" + std::to_string(plain.port()));
    CHECK(stage.ask(post("x")).failure.code == "GH-D203");
    const HttpReply silent = stage.ask(post("x", 200ms));
    CHECK(silent.failure.code == "GH-D204");
    CHECK(silent.sent == HttpSent::never_sent);
}

TEST_CASE("TLS: a file of authorities that is none is an error that names it") {
    HttpTarget target = target_of("https://127.0.0.1:1");
    target.ca_file = "/no/such/file.pem";
    LoopbackServer server([](Peer& peer, int) { peer.client_closed(); });
    target.port = server.port();
    HttpStage stage(std::move(target));
    const HttpReply reply = stage.ask(post("x"));
    CHECK(reply.failure.code == "GH-D203");
    CHECK(reply.failure.where == "/no/such/file.pem");
}
