// ResponseParser: Beast's HTTP/1 parser for one response, with the checks that Beast leaves to its
// user. The body is not stored: each call gives at most one piece of it, as a view into the bytes
// that were put in. No I/O.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::runtime {

using HttpHeader = std::pair<std::string, std::string>;

struct HttpResponseHead {
    unsigned status = 0;
    std::vector<HttpHeader> headers; // in their order, as written

    // The first header of that name, in any case of letters; empty if there is none.
    std::string_view header(std::string_view name) const;
};

constexpr std::uint32_t response_head_max_bytes = 32U << 10;

class ResponseParser final : public boost::beast::http::basic_parser<false> {
  public:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;

    ResponseParser();

    HttpResponseHead& head() { return head_; }
    // The piece of the body that the last put() met, empty if it met none.
    std::string_view take_piece() { return std::exchange(piece_, std::string_view()); }

  private:
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

    HttpResponseHead head_;
    std::string_view piece_;
    bool head_done_ = false;
    bool has_length_ = false;
    bool has_transfer_encoding_ = false;
};

} // namespace gatehouse::runtime
