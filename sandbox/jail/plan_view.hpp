// PlanView: the plan decoded in place. Pointers into the plan's bytes, which outlive it; no
// allocation. Every length and count is checked, so foreign bytes give `false`, never a read
// outside. Pure.
#pragma once

#include "sandbox/plan_wire.hpp"

#include <linux/filter.h>

namespace gatehouse::jail {

namespace wire = gatehouse::sandbox::wire;

struct TextPair {
    const char* first = nullptr;
    const char* second = nullptr;
};

struct Filter {
    const sock_filter* instructions = nullptr;
    unsigned short count = 0;
};

struct PlanView {
    const char* connector = nullptr;
    const char* code_dir = nullptr;
    const char* arguments[wire::max_argument_count + 1] = {}; // ends with nullptr, as exec wants it
    const char* environment[wire::max_environment_count + 1] = {};
    std::size_t argument_count = 0;
    std::size_t environment_count = 0;
    TextPair volumes[wire::max_volume_count] = {};
    std::size_t volume_count = 0;
    TextPair files[wire::max_file_count] = {};
    std::size_t file_count = 0;
    wire::Limits limits = {};
    wire::Identity identity = {};
    wire::Cgroups cgroups = {};
    bool has_limits = false;
    bool has_identity = false;
    bool has_cgroups = false;
    Filter connector_filter;
    Filter init_filter;

    bool root_mode() const { return identity.root_mode != 0; }
};

// `bytes` must be aligned to wire::record_alignment (a mapping is).
bool decode_plan(const unsigned char* bytes, std::size_t size_bytes, PlanView& plan);

} // namespace gatehouse::jail
