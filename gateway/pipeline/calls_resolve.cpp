// What a request is about, and whose that is.
#include "gateway/pipeline/calls.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/watched_task.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

std::string text_of(std::string_view literal) {
    return runtime::string_value(literal).value_or("");
}

// params in one pass; `kind` and `method` are set.
void read_params(McpCall& call) {
    const auto members = runtime::object_members(call.message().envelope.params);
    if (!members) {
        return;
    }
    const bool by_uri = call.kind == TargetKind::resource;
    const std::string_view named =
        by_uri ? "uri" : (call.kind == TargetKind::task ? "taskId" : "name");
    const bool modern = call.message().era == Era::modern;
    for (const runtime::JsonMember& member : *members) {
        if (member.key == named) {
            call.name = text_of(member.value);
        } else if (member.key == "arguments") {
            call.arguments = member.value;
        } else if (member.key == "task" && !modern && call.method == "tools/call") {
            call.as_task = member.value.starts_with('{');
        } else if (member.key == "inputResponses" && modern) {
            call.input_responses = member.value;
        } else if (member.key == "requestState" && modern) {
            call.request_state = member.value;
        }
    }
}

// The ref of completion/complete decides the kind.
void read_ref(McpCall& call) {
    const std::string_view params = call.message().envelope.params;
    call.completion_ref = std::string(runtime::find_member(params, "ref").value_or(""));
    const auto uri = runtime::find_member(call.completion_ref, "uri");
    const auto name = runtime::find_member(call.completion_ref, "name");
    call.kind = uri ? TargetKind::resource : TargetKind::prompt;
    call.name = text_of(uri ? *uri : name.value_or(""));
}

TargetKind kind_of(std::string_view method) {
    if (method.starts_with("tasks/")) {
        return TargetKind::task;
    }
    if (method.starts_with("resources/")) {
        return TargetKind::resource;
    }
    return method == "tools/call" ? TargetKind::tool : TargetKind::prompt;
}

} // namespace

// False if its target is not known.
bool Calls::resolve(McpCall& call) {
    call.method = call.message().envelope.method;
    call.kind = kind_of(call.method);
    if (call.method == "completion/complete") {
        read_ref(call);
    } else {
        read_params(call);
    }
    return find_target(call);
}

bool Calls::find_target(McpCall& call) {
    VirtualServer& server = call.request().server();
    if (call.kind == TargetKind::tool) {
        call.tools = server.served();
        call.tool = call.tools->find(call.name);
        return call.tool != nullptr;
    }
    if (call.kind == TargetKind::task) {
        if (auto task = task_ids_.find(owner_of(call), call.name)) {
            call.target = ServedTarget{std::move(task->connector), std::move(task->upstream_id)};
            call.task_tool = std::move(task->tool);
        }
        return call.known();
    }
    if (call.method == "completion/complete") {
        if (auto found = server.find_completion(call.completion_ref, call.caller())) {
            call.target = std::move(found->target);
            call.completion_ref = std::move(found->ref);
            call.kind =
                found->kind == PolicyKind::resource ? TargetKind::resource : TargetKind::prompt;
        }
        return call.known();
    }
    if (runtime::task_watched(call.name)) {
        return false; // no URI, but what would pass for one further on
    }
    call.target = call.kind == TargetKind::prompt ? server.find_prompt(call.name, call.caller())
                                                  : server.find_resource(call.name, call.caller());
    return call.known();
}

TaskOwner Calls::owner_of(const McpCall& call) const {
    return {call.request().principal().id(), call.request().server().config().name};
}

} // namespace gatehouse::gateway
