#include "sandbox/plan_codec.hpp"

#include "runtime/base/assert.hpp"
#include "sandbox/plan_check.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace gatehouse::sandbox {
namespace {

// Inside the user namespace of an ordinary user; any number but 0 would do.
constexpr std::uint32_t inner_uid = 1000;
// Root mode: init and the watcher. Two, so that it is never the connector's own.
constexpr std::uint32_t init_uid = 65533;
constexpr std::uint32_t other_init_uid = 65532;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> default_environment = {{
    {"PATH", "/usr/local/bin:/usr/bin:/bin"},
    {"HOME", "/tmp"},
    {"TMPDIR", "/tmp"},
    {"LANG", "C.UTF-8"},
}};

std::size_t padded_size(std::size_t size_bytes) {
    return (size_bytes + wire::record_alignment - 1) & ~(wire::record_alignment - 1);
}

template <class List>
bool has_variable(const List& list, std::string_view name) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& entry) { return entry.first == name; });
}

std::string passwd_text(const wire::Identity& identity) {
    const std::string uid = std::to_string(identity.connector_uid);
    const std::string gid = std::to_string(identity.connector_gid);
    return "root:x:0:0:root:/:/usr/sbin/nologin\n"
           "connector:x:" +
           uid + ":" + gid +
           ":connector:/tmp:/usr/sbin/nologin\n"
           "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n";
}

std::string group_text(const wire::Identity& identity) {
    return "root:x:0:\nconnector:x:" + std::to_string(identity.connector_gid) +
           ":\nnogroup:x:65534:\n";
}

std::string hosts_text(const std::string& connector) {
    return "127.0.0.1 localhost " + connector + "\n::1 localhost\n";
}

} // namespace

Result<wire::Identity> choose_identity(bool root_mode, std::uint32_t plan_uid,
                                       std::uint32_t outer_uid, std::uint32_t outer_gid) {
    wire::Identity identity = {};
    if (!root_mode) {
        identity.connector_uid = inner_uid;
        identity.connector_gid = inner_uid;
        identity.outer_uid = outer_uid;
        identity.outer_gid = outer_gid;
        return identity;
    }
    if (plan_uid == 0) {
        return Error(
            "GH-S610", "the connector cannot be started", "step 'identity'",
            "a daemon run by root must give each connector a uid of its own, and the plan has none",
            "report this: the supervisor assigns these uids");
    }
    identity.root_mode = 1;
    identity.connector_uid = plan_uid;
    identity.connector_gid = plan_uid;
    identity.init_uid = plan_uid == init_uid ? other_init_uid : init_uid;
    return identity;
}

std::size_t PlanImage::Record::size_bytes() const {
    return first.size() + (two_parts ? 1 + second.size() : 0) + (is_text ? 1 : 0);
}

Result<PlanImage> PlanImage::make(const LaunchPlan& plan, const JailSettings& settings) {
    if (auto checked = check_plan(plan); !checked) {
        return std::move(checked).error();
    }
    PlanImage image;
    image.add_bytes(wire::Tag::identity, &settings.identity, sizeof settings.identity);
    const ResourceLimits& from = plan.limits;
    const wire::Limits limits = {from.memory_bytes, from.tmp_bytes, from.file_bytes, from.pids,
                                 from.nofile};
    image.add_bytes(wire::Tag::limits, &limits, sizeof limits);
    image.add_bytes(wire::Tag::cgroups, &settings.cgroups, sizeof settings.cgroups);
    image.add_text(wire::Tag::connector, plan.connector);
    image.add_text(wire::Tag::code_dir, plan.code_dir.native());
    for (const std::string& argument : plan.command) {
        image.add_text(wire::Tag::argument, argument);
    }
    image.add_environment(plan);
    for (const StateVolume& volume : plan.volumes) {
        image.add_pair(wire::Tag::volume, volume.host_path.native(), '\0', volume.name);
    }
    image.add_generated_files(plan, settings.identity);
    const Filters& filters = *settings.filters;
    image.add_bytes(wire::Tag::connector_filter, filters.connector.data(),
                    filters.connector.size());
    image.add_bytes(wire::Tag::init_filter, filters.init.data(), filters.init.size());
    if (image.size_bytes_ > wire::max_plan_bytes) {
        return Error("GH-S610", "the launch plan cannot be carried out", "plan",
                     "arguments and environment are larger than 4 MiB together",
                     "pass large data in a file of the connector's code or volume");
    }
    return image;
}

void PlanImage::add_text(wire::Tag tag, std::string_view text) {
    records_.push_back({tag, text, {}, 0, false, true});
    size_bytes_ += sizeof(wire::RecordHeader) + padded_size(records_.back().size_bytes());
}

void PlanImage::add_pair(wire::Tag tag, std::string_view first, char separator,
                         std::string_view second) {
    records_.push_back({tag, first, second, separator, true, true});
    size_bytes_ += sizeof(wire::RecordHeader) + padded_size(records_.back().size_bytes());
}

void PlanImage::add_bytes(wire::Tag tag, const void* bytes, std::size_t size_bytes) {
    const std::string_view kept = keep(std::string(static_cast<const char*>(bytes), size_bytes));
    records_.push_back({tag, kept, {}, 0, false, false});
    size_bytes_ += sizeof(wire::RecordHeader) + padded_size(size_bytes);
}

std::string_view PlanImage::keep(std::string text) {
    kept_.push_back(std::make_unique<std::string>(std::move(text)));
    return *kept_.back();
}

void PlanImage::add_environment(const LaunchPlan& plan) {
    for (const auto& [name, value] : default_environment) {
        if (!has_variable(plan.env, name) && !has_variable(plan.secret_env, name)) {
            add_pair(wire::Tag::environment, name, '=', value);
        }
    }
    for (const auto& [name, value] : plan.env) {
        if (!has_variable(plan.secret_env, name)) {
            add_pair(wire::Tag::environment, name, '=', value);
        }
    }
    for (const auto& [name, value] : plan.secret_env) {
        add_pair(wire::Tag::environment, name, '=', value.reveal());
    }
}

void PlanImage::add_generated_files(const LaunchPlan& plan, const wire::Identity& identity) {
    add_pair(wire::Tag::file, "passwd", '\0', keep(passwd_text(identity)));
    add_pair(wire::Tag::file, "group", '\0', keep(group_text(identity)));
    add_pair(wire::Tag::file, "hosts", '\0', keep(hosts_text(plan.connector)));
    add_pair(wire::Tag::file, "hostname", '\0', keep(plan.connector + "\n"));
    add_pair(wire::Tag::file, "resolv.conf", '\0', "# no egress: there is no name server\n");
    add_pair(wire::Tag::file, "nsswitch.conf", '\0',
             "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n");
}

void PlanImage::write_to(std::span<std::byte> target) const {
    GH_ASSERT(target.size() == size_bytes_);
    std::byte* at = target.data();
    const auto put = [&at](const void* bytes, std::size_t size_bytes) {
        if (size_bytes > 0) {
            std::memcpy(at, bytes, size_bytes);
        }
        at += size_bytes;
    };
    const wire::PlanHeader header = {wire::plan_magic, wire::plan_version,
                                     static_cast<std::uint32_t>(size_bytes_),
                                     static_cast<std::uint32_t>(records_.size())};
    put(&header, sizeof header);
    for (const Record& record : records_) {
        const std::size_t size_bytes = record.size_bytes();
        const wire::RecordHeader head = {static_cast<std::uint32_t>(record.tag),
                                         static_cast<std::uint32_t>(size_bytes)};
        put(&head, sizeof head);
        std::byte* const start = at;
        put(record.first.data(), record.first.size());
        if (record.two_parts) {
            put(&record.separator, 1);
            put(record.second.data(), record.second.size());
        }
        at = start + padded_size(size_bytes);
    }
    GH_ASSERT(at == target.data() + target.size());
}

} // namespace gatehouse::sandbox
