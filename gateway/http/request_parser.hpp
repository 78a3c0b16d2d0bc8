// RequestParser: Beast's HTTP/1 parser writing straight into an HttpRequest, with the checks
// against request smuggling that Beast leaves to its user. No I/O.
#pragma once

#include "gateway/http/server.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>

namespace gatehouse::gateway {

class RequestParser final : public boost::beast::http::basic_parser<true> {
  public:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;

    // The request is filled in; it outlives the parser, which is used for one request.
    RequestParser(HttpRequest& request, std::uint64_t body_max_bytes);

    bool http11() const { return http11_; }
    bool expects_continue() const { return expect_ == Expect::expect_continue; }
    // An expectation that this server cannot meet (417).
    bool expects_unknown() const { return expect_ == Expect::unknown; }

  private:
    enum class Expect { none, expect_continue, unknown };

    void on_request_impl(boost::beast::http::verb verb, string_view method, string_view target,
                         int version, error_code& error) override;
    void on_response_impl(int status, string_view reason, int version, error_code& error) override;
    void on_field_impl(boost::beast::http::field field, string_view name, string_view value,
                       error_code& error) override;
    void on_header_impl(error_code& error) override;
    void on_body_init_impl(const boost::optional<std::uint64_t>& length,
                           error_code& error) override;
    std::size_t on_body_impl(string_view body, error_code& error) override;
    void on_chunk_header_impl(std::uint64_t size, string_view extensions,
                              error_code& error) override;
    std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body,
                                   error_code& error) override;
    void on_finish_impl(error_code& error) override;

    HttpRequest& request_;
    std::uint64_t body_max_bytes_;
    Expect expect_ = Expect::none;
    bool http11_ = false;
    bool head_done_ = false;
    bool has_host_ = false;
    bool has_length_ = false;
    bool has_transfer_encoding_ = false;
};

} // namespace gatehouse::gateway
