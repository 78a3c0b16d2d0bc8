#include "gateway/http/request_parser.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace gatehouse::gateway {

namespace http = boost::beast::http;

namespace {
// More fields than any client sends; keeps a head of two-byte fields from costing thousands of
// strings.
constexpr std::size_t request_max_field_count = 128;

bool all_digits(RequestParser::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}
} // namespace

RequestParser::RequestParser(HttpRequest& request, std::uint64_t body_max_bytes)
    : request_(request), body_max_bytes_(body_max_bytes) {
    body_limit(boost::none); // the limit is ours, because the head must be refused first
}

void RequestParser::on_request_impl(http::verb, string_view method, string_view target, int version,
                                    error_code&) {
    request_.method.assign(method.data(), method.size());
    request_.target.assign(target.data(), target.size());
    request_.headers.reserve(12);
    http11_ = version == 11;
}

void RequestParser::on_response_impl(int, string_view, int, error_code& error) {
    error = http::error::bad_method;
}

void RequestParser::on_field_impl(http::field field, string_view name, string_view value,
                                  error_code& error) {
    if (head_done_) {
        return; // trailers are read and ignored
    }
    if (request_.headers.size() >= request_max_field_count) {
        error = http::error::header_limit;
        return;
    }
    switch (field) {
    case http::field::host:
        if (std::exchange(has_host_, true)) {
            error = http::error::bad_field;
        }
        break;
    case http::field::content_length:
        // A list of equal lengths is legal but only ever sent to confuse.
        if (std::exchange(has_length_, true) || !all_digits(value)) {
            error = http::error::multiple_content_length;
        }
        break;
    case http::field::transfer_encoding:
        if (std::exchange(has_transfer_encoding_, true) ||
            !boost::beast::iequals(value, "chunked")) {
            error = http::error::bad_transfer_encoding;
        }
        break;
    case http::field::expect:
        expect_ = boost::beast::iequals(value, "100-continue") ? Expect::expect_continue
                                                               : Expect::unknown;
        break;
    default:
        break;
    }
    request_.headers.emplace_back(std::string(name.data(), name.size()),
                                  std::string(value.data(), value.size()));
}

void RequestParser::on_header_impl(error_code& error) {
    head_done_ = true;
    if (http11_ && !has_host_) {
        error = http::error::bad_field;
    } else if (has_transfer_encoding_ && (has_length_ || !http11_)) {
        error = http::error::bad_transfer_encoding;
    }
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) {}

std::size_t RequestParser::on_body_impl(string_view body, error_code& error) {
    return on_chunk_body_impl(body.size(), body, error);
}

void RequestParser::on_chunk_header_impl(std::uint64_t size, string_view, error_code& error) {
    if (size > body_max_bytes_ - std::min<std::uint64_t>(body_max_bytes_, request_.body.size())) {
        error = http::error::body_limit;
    }
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) {
    if (body.size() >
        body_max_bytes_ - std::min<std::uint64_t>(body_max_bytes_, request_.body.size())) {
        error = http::error::body_limit;
        return 0;
    }
    request_.body.append(body.data(), body.size());
    return body.size();
}

void RequestParser::on_finish_impl(error_code&) {}

} // namespace gatehouse::gateway
