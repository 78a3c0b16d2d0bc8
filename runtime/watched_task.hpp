// What a connector may be asked to tell of besides its resources: its tasks (the extension
// io.modelcontextprotocol/tasks of MCP 2026-07-28). ConnectorDirectory::watch_resource takes such a
// task in the place of a URI, so that it is counted, kept and asked for again as one. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

// No URI begins with a control character; who takes URIs from clients refuses those that do.
constexpr std::string_view watched_task_mark = "\x01task:";

inline std::string watched_task(std::string_view task_id) {
    return std::string(watched_task_mark) + std::string(task_id);
}

// The task's id; empty if it is the URI of a resource that is watched.
inline std::optional<std::string_view> task_watched(std::string_view subject) {
    return subject.starts_with(watched_task_mark)
               ? std::optional(subject.substr(watched_task_mark.size()))
               : std::nullopt;
}

} // namespace gatehouse::runtime
