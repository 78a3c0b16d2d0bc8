// The readings of a connector's log and of the events: one page, and the source of a follow. Both
// read from disk a bounded piece at a time.
#pragma once

#include "gateway/admin/admin_query.hpp"
#include "gateway/admin/follow.hpp"
#include "gateway/http/server.hpp"
#include "runtime/base/task.hpp"
#include "runtime/events/event_log.hpp"
#include "runtime/logs/log_store.hpp"

#include <memory>

namespace gatehouse::gateway {

// {"records": […], "last_seq": N, "next": N, "more": bool, "truncated": bool}: `next` goes into
// `after` to read on; truncated: older lines were left out, as a page has 4 MiB of text at most and
// looks for 5 s at most. The log outlives it.
Task<HttpReply> log_page(runtime::ConnectorLog& log, LogQuery query);
// Events of type "record", and "gap" with {"missed": N} where lines are no longer on disk.
std::unique_ptr<FollowSource> follow_log(runtime::ConnectorLog& log, LogQuery query);

// {"events": […], "last_seq": N, "next": N, "more": bool}
HttpReply event_page(runtime::EventLog& events, const EventQuery& query);
// Events of type "event".
std::unique_ptr<FollowSource> follow_events(runtime::EventLog& events, EventQuery query);

} // namespace gatehouse::gateway
