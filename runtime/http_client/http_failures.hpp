// The Errors of the HTTP client, in one place so that their words agree. Pure.
#pragma once

#include "runtime/base/error.hpp"
#include "runtime/http_client/http_target.hpp"
#include "runtime/http_client/wait_limit.hpp"

#include <boost/system/error_code.hpp>
#include <string>
#include <string_view>

namespace gatehouse::runtime::http_failures {

Error no_address(const HttpTarget& target, std::string why);                   // GH-D201
Error not_connected(const HttpTarget& target, boost::system::error_code code); // GH-D202
Error broken(const HttpTarget& target, std::string why);                       // GH-D202
Error timed_out(const HttpTarget& target, std::string_view doing);             // GH-D204
Error credential_refused(const HttpTarget& target);                            // GH-A103: 401
Error access_refused(const HttpTarget& target);                                // GH-A104: 403
Error server_error(const HttpTarget& target, unsigned status);                 // GH-D205
Error rate_limited(const HttpTarget& target);                                  // GH-D206
Error address_refused(const HttpTarget& target, std::string address, std::string_view rule); // D208
Error redirected(const HttpTarget& target, unsigned status, std::string_view location); // GH-D209
Error unexpected_status(const HttpTarget& target, unsigned status);                     // GH-D210
Error bad_answer(const HttpTarget& target, std::string why);                            // GH-M403
Error answer_too_long(const HttpTarget& target, std::size_t max_bytes);                 // GH-M402
Error too_many_connections(const HttpTarget& target, std::size_t max_count);            // GH-R701
Error bad_request_header(const HttpTarget& target, std::string name);                   // GH-C503
Error aborted();                                                                        // GH-R704

// Why a wait was cut; `doing` is what was waited for. The limit is cut.
Error cut(const HttpTarget& target, const WaitLimit& limit, std::string_view doing);

} // namespace gatehouse::runtime::http_failures
