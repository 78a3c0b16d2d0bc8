#include "runtime/http_client/response_parser.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

namespace gatehouse::runtime {

namespace beast_http = boost::beast::http;

namespace {

constexpr std::size_t response_max_field_count = 128;

} // namespace

std::string_view HttpResponseHead::header(std::string_view name) const {
    for (const auto& [known, value] : headers) {
        if (boost::beast::iequals(known, name)) {
            return value;
        }
    }
    return {};
}

ResponseParser::ResponseParser() {
    header_limit(response_head_max_bytes);
    body_limit(boost::none); // the reader of the body counts
    eager(false);            // one piece of the body at a time, so that none is stored
}

void ResponseParser::on_request_impl(beast_http::verb, string_view, string_view, int,
                                     error_code& error) {
    error = beast_http::error::bad_status;
}

void ResponseParser::on_response_impl(int status, string_view, int, error_code&) {
    head_.status = static_cast<unsigned>(status);
}

void ResponseParser::on_field_impl(beast_http::field field, string_view name, string_view value,
                                   error_code& error) {
    if (head_done_) {
        return; // trailers are read and ignored
    }
    if (head_.headers.size() >= response_max_field_count) {
        error = beast_http::error::header_limit;
        return;
    }
    if (field == beast_http::field::content_length) {
        if (std::exchange(has_length_, true)) {
            error = beast_http::error::multiple_content_length;
        }
    } else if (field == beast_http::field::transfer_encoding) {
        if (std::exchange(has_transfer_encoding_, true) ||
            !boost::beast::iequals(value, "chunked")) {
            error = beast_http::error::bad_transfer_encoding;
        }
    }
    head_.headers.emplace_back(std::string(name.data(), name.size()),
                               std::string(value.data(), value.size()));
}

void ResponseParser::on_header_impl(error_code& error) {
    head_done_ = true;
    if (has_transfer_encoding_ && has_length_) {
        error = beast_http::error::bad_transfer_encoding;
    }
}

void ResponseParser::on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) {}

std::size_t ResponseParser::on_body_impl(string_view body, error_code& error) {
    return on_chunk_body_impl(body.size(), body, error);
}

void ResponseParser::on_chunk_header_impl(std::uint64_t, string_view, error_code&) {}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t, string_view body, error_code&) {
    GH_ASSERT(piece_.empty());
    piece_ = std::string_view(body.data(), body.size());
    return body.size();
}

void ResponseParser::on_finish_impl(error_code&) {}

} // namespace gatehouse::runtime
