#include "sandbox/jail/plan_view.hpp"

#include <cstring>

namespace gatehouse::jail {
namespace {

// True if the payload is one text: its only NUL is the last byte.
bool is_text(const unsigned char* payload, std::size_t size_bytes) {
    return size_bytes > 0 && std::memchr(payload, 0, size_bytes) == payload + size_bytes - 1;
}

const char* as_text(const unsigned char* payload) {
    return reinterpret_cast<const char*>(payload);
}

bool read_text(const unsigned char* payload, std::size_t size_bytes, const char*& out) {
    if (out != nullptr || !is_text(payload, size_bytes)) {
        return false;
    }
    out = as_text(payload);
    return true;
}

template <std::size_t N>
bool append_text(const unsigned char* payload, std::size_t size_bytes, const char* (&list)[N],
                 std::size_t& count) {
    if (count + 1 >= N || !is_text(payload, size_bytes)) {
        return false;
    }
    list[count++] = as_text(payload);
    return true;
}

template <std::size_t N>
bool append_pair(const unsigned char* payload, std::size_t size_bytes, TextPair (&list)[N],
                 std::size_t& count) {
    const void* end = size_bytes == 0 ? nullptr : std::memchr(payload, 0, size_bytes);
    if (count >= N || end == nullptr) {
        return false;
    }
    const auto first_size = static_cast<const unsigned char*>(end) - payload + 1;
    const auto* second = payload + first_size;
    if (!is_text(second, size_bytes - static_cast<std::size_t>(first_size))) {
        return false;
    }
    list[count++] = {as_text(payload), as_text(second)};
    return true;
}

template <class T>
bool read_struct(const unsigned char* payload, std::size_t size_bytes, T& out, bool& seen) {
    if (seen || size_bytes != sizeof(T)) {
        return false;
    }
    std::memcpy(&out, payload, sizeof(T));
    seen = true;
    return true;
}

bool read_filter(const unsigned char* payload, std::size_t size_bytes, Filter& out) {
    const std::size_t count = size_bytes / sizeof(sock_filter);
    if (out.count != 0 || count == 0 || size_bytes % sizeof(sock_filter) != 0 ||
        count > wire::max_filter_count) {
        return false;
    }
    out.instructions = reinterpret_cast<const sock_filter*>(payload);
    out.count = static_cast<unsigned short>(count);
    return true;
}

bool read_record(std::uint32_t tag, const unsigned char* payload, std::size_t size_bytes,
                 PlanView& plan) {
    switch (static_cast<wire::Tag>(tag)) {
    case wire::Tag::connector:
        return read_text(payload, size_bytes, plan.connector);
    case wire::Tag::code_dir:
        return read_text(payload, size_bytes, plan.code_dir);
    case wire::Tag::argument:
        return append_text(payload, size_bytes, plan.arguments, plan.argument_count);
    case wire::Tag::environment:
        return append_text(payload, size_bytes, plan.environment, plan.environment_count);
    case wire::Tag::volume:
        return append_pair(payload, size_bytes, plan.volumes, plan.volume_count);
    case wire::Tag::file:
        return append_pair(payload, size_bytes, plan.files, plan.file_count);
    case wire::Tag::limits:
        return read_struct(payload, size_bytes, plan.limits, plan.has_limits);
    case wire::Tag::identity:
        return read_struct(payload, size_bytes, plan.identity, plan.has_identity);
    case wire::Tag::cgroups:
        return read_struct(payload, size_bytes, plan.cgroups, plan.has_cgroups);
    case wire::Tag::connector_filter:
        return read_filter(payload, size_bytes, plan.connector_filter);
    case wire::Tag::init_filter:
        return read_filter(payload, size_bytes, plan.init_filter);
    }
    return false; // an unknown record could be a restriction this build does not know
}

// A name that becomes a path component: not empty, no slash, not "." or "..".
bool is_component(const char* name) {
    return name[0] != '\0' && std::strchr(name, '/') == nullptr && std::strcmp(name, ".") != 0 &&
           std::strcmp(name, "..") != 0;
}

// Version 2 has one entrance; limits without a group would be limits that nobody keeps.
bool are_cgroups_sound(const wire::Cgroups& cgroups) {
    switch (cgroups.version) {
    case 0:
        return cgroups.entrance_count == 0 && cgroups.limits_memory == 0 &&
               cgroups.limits_pids == 0;
    case 1:
        return cgroups.entrance_count > 0 && cgroups.entrance_count <= wire::max_cgroup_fd_count;
    case 2:
        return cgroups.entrance_count == 1;
    default:
        return false;
    }
}

bool is_complete(const PlanView& plan) {
    if (plan.connector == nullptr || plan.code_dir == nullptr || plan.argument_count == 0 ||
        plan.connector_filter.count == 0 || plan.init_filter.count == 0 || !plan.has_limits ||
        !plan.has_identity || !plan.has_cgroups || !are_cgroups_sound(plan.cgroups) ||
        plan.code_dir[0] != '/' || plan.arguments[0][0] == '\0') {
        return false;
    }
    for (std::size_t i = 0; i < plan.volume_count; ++i) {
        if (!is_component(plan.volumes[i].second) || plan.volumes[i].first[0] != '/') {
            return false;
        }
    }
    for (std::size_t i = 0; i < plan.file_count; ++i) {
        if (!is_component(plan.files[i].first)) {
            return false;
        }
    }
    // Kernel uid 0 never enters the sandbox, and init is somebody else than the connector.
    return !plan.root_mode() ||
           (plan.identity.connector_uid != 0 && plan.identity.connector_gid != 0 &&
            plan.identity.init_uid != 0 && plan.identity.init_uid != plan.identity.connector_uid);
}

} // namespace

bool decode_plan(const unsigned char* bytes, std::size_t size_bytes, PlanView& plan) {
    wire::PlanHeader header;
    if (size_bytes < sizeof header || size_bytes > wire::max_plan_bytes) {
        return false;
    }
    std::memcpy(&header, bytes, sizeof header);
    if (header.magic != wire::plan_magic || header.version != wire::plan_version ||
        header.total_bytes != size_bytes) {
        return false;
    }
    std::size_t offset = sizeof header;
    for (std::uint32_t i = 0; i < header.record_count; ++i) {
        wire::RecordHeader record;
        if (size_bytes - offset < sizeof record) {
            return false;
        }
        std::memcpy(&record, bytes + offset, sizeof record);
        offset += sizeof record;
        const std::size_t padded = (std::size_t{record.size_bytes} + wire::record_alignment - 1) &
                                   ~(wire::record_alignment - 1);
        if (padded > size_bytes - offset ||
            !read_record(record.tag, bytes + offset, record.size_bytes, plan)) {
            return false;
        }
        offset += padded;
    }
    return offset == size_bytes && is_complete(plan);
}

} // namespace gatehouse::jail
