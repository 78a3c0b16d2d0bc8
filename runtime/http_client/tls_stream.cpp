// The only unit with the TLS stream; it also compiles that part of Asio for the whole project.
#include "runtime/http_client/byte_stream.hpp"
#include "runtime/http_client/own_socket.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/write.hpp>
#include <openssl/x509v3.h>

namespace gatehouse::runtime {

namespace ssl = boost::asio::ssl;

class TlsTrust {
  public:
    TlsTrust() : context_(ssl::context::tls_client) {}
    ssl::context& context() { return context_; }

  private:
    ssl::context context_;
};

namespace {

constexpr std::string_view alpn_http11 = "\x08http/1.1";

Error tls_failure(const std::string& host, std::string why, std::string action) {
    return Error{"GH-D203", "no secure connection to the connector's server", host, std::move(why),
                 std::move(action)};
}

class TlsStream final : public ByteStream {
  public:
    TlsStream(const Executor& executor, UniqueFd socket, ssl::context& context)
        : stream_(adopt_socket(executor, std::move(socket)), context) {}

    Task<boost::system::error_code> handshake() {
        boost::system::error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        co_await stream_.async_handshake(ssl::stream_base::client, token);
        co_return error;
    }

    Task<StreamRead> read_some(asio::mutable_buffer buffer) override {
        StreamRead read;
        auto token = asio::redirect_error(asio::use_awaitable, read.error);
        auto target = asio::buffer(buffer);
        read.bytes = co_await stream_.async_read_some(target, token);
        co_return read;
    }

    Task<boost::system::error_code> write(WriteBuffers buffers) override {
        boost::system::error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        co_await asio::async_write(stream_, buffers, token);
        co_return error;
    }

    // Without a farewell: the framing of HTTP already told the end, and it could block.
    void close() override {
        boost::system::error_code ignored;
        stream_.next_layer().close(ignored);
    }

    int native_handle() override { return stream_.next_layer().native_handle(); }
    SSL* ssl_handle() { return stream_.native_handle(); }

  private:
    ssl::stream<StreamSocket> stream_;
};

// What the certificate must be for, checked by OpenSSL inside the handshake.
bool expect_host(SSL* handle, std::string host) {
    X509_VERIFY_PARAM* const rules = ::SSL_get0_param(handle);
    ::X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ::SSL_set_verify(handle, SSL_VERIFY_PEER, nullptr);
    boost::system::error_code no_address;
    asio::ip::make_address(host, no_address);
    if (!no_address) {
        return ::X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1;
    }
    if (host.ends_with('.')) {
        host.pop_back();
    }
    return SSL_set_tlsext_host_name(handle, host.c_str()) == 1 &&
           ::X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size()) == 1;
}

Error handshake_failure(SSL* handle, const std::string& host, boost::system::error_code error) {
    const long verdict = ::SSL_get_verify_result(handle);
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        return tls_failure(host, "its certificate is for another host",
                           "correct the host in the connector's URL");
    }
    if (verdict != X509_V_OK) {
        return tls_failure(host,
                           std::string("its certificate is not trusted: ") +
                               ::X509_verify_cert_error_string(verdict),
                           "renew the server's certificate, or give the file of the authority "
                           "that issued it");
    }
    return tls_failure(host, error.message(),
                       "check that the port speaks TLS 1.2 or newer, and the server's log");
}

} // namespace

Result<std::shared_ptr<TlsTrust>> load_tls_trust(const std::string& ca_file) {
    auto trust = std::make_shared<TlsTrust>();
    ssl::context& context = trust->context();
    boost::system::error_code failure;
    if (ca_file.empty()) {
        context.set_default_verify_paths(failure);
    } else {
        context.load_verify_file(ca_file, failure);
    }
    SSL_CTX* const handle = context.native_handle();
    const bool set = ::SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION) == 1 &&
                     ::SSL_CTX_set_alpn_protos(
                         handle, reinterpret_cast<const unsigned char*>(alpn_http11.data()),
                         static_cast<unsigned>(alpn_http11.size())) == 0;
    if (failure || !set) {
        return Error{"GH-D203", "the trusted certificates cannot be read",
                     ca_file.empty() ? "the system's store" : ca_file, failure.message(),
                     "give a readable PEM file of certificates"};
    }
    return trust;
}

Task<Result<std::shared_ptr<ByteStream>>> make_tls_stream(Executor executor, UniqueFd socket,
                                                          TlsWanted wanted) {
    auto stream = std::make_shared<TlsStream>(executor, std::move(socket), wanted.trust->context());
    if (!expect_host(stream->ssl_handle(), wanted.host)) {
        co_return tls_failure(wanted.host, "its name cannot be checked",
                              "correct the host in the connector's URL");
    }
    wanted.limit->set_interrupt([weak = std::weak_ptr<TlsStream>(stream)] {
        if (const auto alive = weak.lock()) {
            alive->close();
        }
    });
    auto shaking = stream->handshake();
    const boost::system::error_code error = co_await std::move(shaking);
    if (error) {
        co_return handshake_failure(stream->ssl_handle(), wanted.host, error);
    }
    co_return std::static_pointer_cast<ByteStream>(stream);
}

} // namespace gatehouse::runtime
