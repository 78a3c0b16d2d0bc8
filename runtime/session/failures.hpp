// The Errors of calls that got no answer, in one place so that their words agree. Pure.
#pragma once

#include "runtime/base/error.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace gatehouse::runtime::failures {

// The session ended (`reason`) before the answer; nothing of the call had reached the connector.
Error never_sent(const Error& reason);
// As above, but the connector had got the call, or part of it.
Error may_have_run(const Error& reason);
Error no_answer_within(std::chrono::milliseconds deadline);
Error no_slot_within(std::chrono::milliseconds deadline, int concurrency);
Error queue_full(std::size_t queued_count);
Error cancelled(std::string_view reason);
Error answer_too_long(std::size_t length_bytes, std::size_t max_bytes);
Error answer_unreadable(std::string why);

// Why a session ended.
Error stdout_closed();
Error stdin_closed();
Error stopped();

} // namespace gatehouse::runtime::failures
