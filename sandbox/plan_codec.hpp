// PlanImage: a LaunchPlan checked and laid out as the record that gatehouse-jail reads
// (plan_wire.hpp). Pure. It refers to the texts of the plan, so that secrets are copied once, into
// the caller's memory.
#pragma once

#include "runtime/base/result.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/plan_wire.hpp"
#include "sandbox/seccomp/filter.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace gatehouse::sandbox {

// What the launcher adds to a plan. `filters` outlives the image.
struct JailSettings {
    wire::Identity identity;
    wire::Cgroups cgroups = {};
    const Filters* filters = nullptr;
};

// The uids in the sandbox: in root mode the plan's own, else `outer` mapped to one fixed inner uid.
// Error GH-S610: root mode and no foreign uid.
Result<wire::Identity> choose_identity(bool root_mode, std::uint32_t plan_uid,
                                       std::uint32_t outer_uid, std::uint32_t outer_gid);

class PlanImage {
  public:
    // The plan and the settings outlive the image. Error GH-S610, where = "plan".
    static Result<PlanImage> make(const LaunchPlan& plan, const JailSettings& settings);

    std::size_t size_bytes() const { return size_bytes_; }
    // `target` has exactly size_bytes() bytes, all zero.
    void write_to(std::span<std::byte> target) const;

  private:
    struct Record {
        wire::Tag tag;
        std::string_view first;
        std::string_view second; // after `separator`
        char separator = 0;
        bool two_parts = false;
        bool is_text = true; // ends with a NUL
        std::size_t size_bytes() const;
    };

    void add_text(wire::Tag tag, std::string_view text);
    void add_pair(wire::Tag tag, std::string_view first, char separator, std::string_view second);
    void add_bytes(wire::Tag tag, const void* bytes, std::size_t size_bytes);
    std::string_view keep(std::string text);
    void add_environment(const LaunchPlan& plan);
    void add_generated_files(const LaunchPlan& plan, const wire::Identity& identity);

    std::vector<Record> records_;
    std::vector<std::unique_ptr<std::string>> kept_; // generated texts; their addresses stay
    std::size_t size_bytes_ = sizeof(wire::PlanHeader);
};

} // namespace gatehouse::sandbox
