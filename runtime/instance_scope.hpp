// InstanceScope: whom one instance of a connector serves (manifest: run.instances.scope). Pure.
#pragma once

namespace gatehouse::runtime {

// `automatic` starts as shared and becomes session for a connector that was seen to ask its client
// for input.
enum class InstanceScope { shared, member, session, automatic }; // "auto" in the manifest

constexpr const char* to_text(InstanceScope scope) {
    constexpr const char* words[] = {"shared", "member", "session", "auto"};
    return words[static_cast<int>(scope)];
}

} // namespace gatehouse::runtime
