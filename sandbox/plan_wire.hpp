// The bytes between the daemon and gatehouse-jail: the plan in a memfd, reports and commands over
// the control socket. Both sides are built from one tree, so the layout is the machine's own. Pure;
// used by plan_codec (daemon) and jail/plan_view (helper), so nothing here allocates.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gatehouse::sandbox::wire {

inline constexpr std::uint32_t plan_magic = 0x4c504847; // "GHPL"
inline constexpr std::uint32_t plan_version = 3;
inline constexpr std::size_t max_plan_bytes = 4U << 20;
inline constexpr std::size_t max_argument_count = 512;
inline constexpr std::size_t max_environment_count = 512;
inline constexpr std::size_t max_volume_count = 32;
inline constexpr std::size_t max_file_count = 16;
inline constexpr std::size_t max_filter_count = 4096; // BPF instructions; the kernel's own bound
inline constexpr std::size_t record_alignment = 8;

// Descriptors of gatehouse-jail; 0, 1 and 2 are the connector's own.
inline constexpr int control_fd = 3;
inline constexpr int plan_fd = 4;
inline constexpr int first_cgroup_fd = 5; // Cgroups::entrance_count of them
inline constexpr std::size_t max_cgroup_fd_count = 4;

enum class Tag : std::uint32_t {
    connector = 1,        // text
    code_dir = 2,         // text
    argument = 3,         // text, repeated in order
    environment = 4,      // text "NAME=value", repeated
    volume = 5,           // two texts: path on the host, name; repeated
    file = 6,             // two texts: path below /etc, content; repeated
    limits = 7,           // Limits
    identity = 8,         // Identity
    connector_filter = 9, // sock_filter[]
    init_filter = 10,     // sock_filter[]
    cgroups = 11,         // Cgroups
};

// The plan: PlanHeader, then record_count records, each a RecordHeader and size_bytes of payload,
// padded with zero bytes to record_alignment. A text carries its final NUL and no other (two texts:
// two NULs).
struct PlanHeader {
    std::uint32_t magic;
    std::uint32_t version;
    std::uint32_t total_bytes;
    std::uint32_t record_count;
};
struct RecordHeader {
    std::uint32_t tag;
    std::uint32_t size_bytes;
};

struct Limits {
    std::uint64_t memory_bytes;
    std::uint64_t tmp_bytes;
    std::uint64_t file_bytes;
    std::uint64_t pids;
    std::uint64_t nofile;
};

// The control groups of the tree. Version 1: the entrances are `tasks` files; 2: one folder; 0:
// none.
struct Cgroups {
    std::uint32_t version;
    std::uint32_t entrance_count;
    std::uint32_t limits_memory; // 1: in force there, so that no rlimit has to stand in for it
    std::uint32_t limits_pids;
};

struct Identity {
    std::uint32_t root_mode; // 1: foreign uids in the initial user namespace; 0: own user namespace
    std::uint32_t connector_uid;
    std::uint32_t connector_gid;
    std::uint32_t init_uid;  // root mode
    std::uint32_t outer_uid; // ordinary user: what connector_uid is on the host
    std::uint32_t outer_gid;
};

enum class ReportKind : std::uint32_t {
    init_started = 1, // carries the pidfd of init as SCM_RIGHTS
    running = 2,      // exec of the connector succeeded
    step_failed = 3,  // step, detail, number = errno
    exec_failed = 4,  // number = errno
    exited = 5,       // number = exit status
    signaled = 6,     // number = signal, extra = 1 if a core was written
    dialed = 7,       // request; number = errno, or 0 with the connecting socket as SCM_RIGHTS
    // From the connector to init: its filter is loaded; carries the listener as SCM_RIGHTS.
    filter_loaded = 8,
    // The connector is killed for it: number = the call's, extra = its architecture (AUDIT_ARCH_…).
    forbidden_call = 9,
};

// One packet from the jail. Texts end with a NUL inside their array.
struct Report {
    std::uint32_t kind;
    std::int32_t number;
    std::int32_t extra;
    std::uint32_t request; // of the dial command
    char step[32];
    char detail[208];
};

enum class CommandKind : std::uint32_t {
    signal = 1, // signal the connector: signal_number
    dial = 2,   // connect to the loopback of the namespace: request, family, port
};

// One packet to init. What a kind does not use is zero.
struct Command {
    std::uint32_t kind;
    std::uint32_t signal_number;
    std::uint32_t request; // the number that comes back in the report
    std::uint16_t family;  // AF_INET: 127.0.0.1, AF_INET6: ::1
    std::uint16_t port;
};

} // namespace gatehouse::sandbox::wire
