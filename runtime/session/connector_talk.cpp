#include "runtime/session/connector_talk.hpp"

#include "runtime/session/json_scan.hpp"
#include "runtime/session/log_level.hpp"

namespace gatehouse::runtime {

bool asks_client(std::string_view method) {
    return method == "elicitation/create" || method == "sampling/createMessage" ||
           method == "roots/list";
}

bool names_its_subject(std::string_view method) {
    return method == "notifications/resources/updated" || method == "notifications/tasks/status" ||
           method == "notifications/tasks" || method == "notifications/elicitation/complete";
}

std::span<const ListKind> lists_changed_by(std::string_view method) {
    static constexpr ListKind tools[] = {ListKind::tools};
    static constexpr ListKind prompts[] = {ListKind::prompts};
    // Templates have no notification of their own.
    static constexpr ListKind resources[] = {ListKind::resources, ListKind::resource_templates};
    if (method == "notifications/tools/list_changed") {
        return tools;
    }
    if (method == "notifications/prompts/list_changed") {
        return prompts;
    }
    return method == "notifications/resources/list_changed" ? std::span<const ListKind>(resources)
                                                            : std::span<const ListKind>();
}

bool wants_log(const ConnectorCall& call, Era connector, std::string_view params) {
    if (!severity_of(call.log_level)) {
        return connector == Era::legacy;
    }
    const auto literal = find_member(params, "level");
    const auto level = literal ? string_value(*literal) : std::nullopt;
    return level_reaches(level.value_or(""), call.log_level);
}

bool is_gateways_own(const ConnectorCall& call) {
    return call.caller == nullptr && !call.on_input && !call.on_log;
}

} // namespace gatehouse::runtime
