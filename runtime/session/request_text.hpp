// The bytes of what the gateway writes to a connector, one line each, spliced from raw JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

struct RequestText {
    std::uint64_t id = 0;
    std::string_view method; // plain text
    std::string_view
        params; // valid raw JSON, empty for none; line breaks between its tokens are allowed
    bool with_progress_token =
        false;                  // then params is an object or empty, and its `_meta` gets the token
    std::string_view meta = {}; // raw members for `_meta`; then the same holds
};

// Appends the request and its newline.
void append_request(const RequestText& request, std::string& out);
void append_notification(std::string_view method, std::string_view params, std::string& out);
void append_cancelled(std::uint64_t id, std::string_view reason, std::string& out);
// Answers to the connector's own requests; `raw_id` as received. Exactly one of `result` and
// `error` (valid raw JSON) is not empty.
void append_answer(std::string_view raw_id, std::string_view result, std::string_view error,
                   std::string& out);
void append_refusal(std::string_view raw_id, int code, std::string_view why, std::string& out);
void append_empty_result(std::string_view raw_id, std::string& out);
void append_method_not_found(std::string_view raw_id, std::string_view method, std::string& out);

} // namespace gatehouse::runtime
