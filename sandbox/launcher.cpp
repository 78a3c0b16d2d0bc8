#include "sandbox/launcher.hpp"

#include "sandbox/cgroup.hpp"
#include "sandbox/child_process_impl.hpp"
#include "sandbox/features.hpp"
#include "sandbox/jail_spawn.hpp"
#include "sandbox/launch_error.hpp"
#include "sandbox/launch_files.hpp"
#include "sandbox/plan_codec.hpp"
#include "sandbox/seccomp/filter.hpp"

#include <boost/asio/steady_timer.hpp>
#include <unistd.h>

namespace gatehouse::sandbox {
namespace {

// Shared with the timer's handler, which may run after launch() has returned.
struct LaunchDeadline {
    ChildProcess::Impl* child = nullptr; // null once the launch is decided
    bool passed = false;
};

Error deadline_error(const std::string& connector, std::chrono::milliseconds deadline) {
    return Error("GH-P306", "connector '" + connector + "' could not be started", "sandbox",
                 "the command was not executed within " + std::to_string(deadline.count()) + " ms",
                 "check the load of the machine and the speed of the file system under the "
                 "connector's code");
}

wire::Cgroups cgroups_of(const CgroupSupport& support, std::size_t entrance_count) {
    wire::Cgroups cgroups = {};
    if (support.version != CgroupVersion::none) {
        cgroups.version = support.version == CgroupVersion::v1 ? 1 : 2;
        cgroups.entrance_count = static_cast<std::uint32_t>(entrance_count);
        cgroups.limits_memory = support.memory ? 1 : 0;
        cgroups.limits_pids = support.pids ? 1 : 0;
    }
    return cgroups;
}

// The tree's group, and the descriptors through which the jail enters it.
struct LaunchGroup {
    std::unique_ptr<Cgroup> group; // null where there are none
    std::vector<UniqueFd> entrances;
};

Result<LaunchGroup> make_group(CgroupHome& home, const LaunchPlan& plan) {
    auto group = home.make(plan.connector, plan.limits);
    if (!group) {
        return std::move(group).error();
    }
    LaunchGroup made;
    made.group = std::move(*group);
    if (made.group) {
        auto entrances = made.group->open_entrances();
        if (!entrances) {
            return std::move(entrances).error();
        }
        made.entrances = std::move(*entrances);
    }
    return made;
}

} // namespace

struct Launcher::Impl {
    Executor executor;
    std::filesystem::path jail_path;
    Filters filters;
    Mode mode = Mode::unsupported;
    std::shared_ptr<CgroupHome> cgroups;

    // Everything up to the running jail; nothing in it waits.
    Result<std::unique_ptr<ChildProcess::Impl>> start(const LaunchPlan& plan) const;
};

Result<std::unique_ptr<ChildProcess::Impl>> Launcher::Impl::start(const LaunchPlan& plan) const {
    const bool root_mode = mode == Mode::root;
    auto identity = choose_identity(root_mode, plan.uid, geteuid(), getegid());
    if (!identity) {
        return std::move(identity).error();
    }
    auto group = make_group(*cgroups, plan);
    if (!group) {
        return std::move(group).error();
    }
    JailSettings settings;
    settings.cgroups = cgroups_of(cgroups->support(), group->entrances.size());
    settings.identity = *identity;
    settings.filters = &filters;
    auto image = PlanImage::make(plan, settings);
    if (!image) {
        return std::move(image).error();
    }
    if (auto prepared = prepare_volumes(plan, root_mode); !prepared) {
        return std::move(prepared).error();
    }
    auto plan_fd = write_plan(*image);
    if (!plan_fd) {
        return std::move(plan_fd).error();
    }
    auto pipes = open_launch_pipes();
    if (!pipes) {
        return std::move(pipes).error();
    }
    JailDescriptors descriptors = {pipes->child[0].get(), pipes->child[1].get(),
                                   pipes->child[2].get(), pipes->control_child.get(),
                                   plan_fd->get()};
    for (const UniqueFd& entrance : group->entrances) {
        descriptors.push_back(entrance.get());
    }
    auto process = spawn_jail(executor, jail_path, plan.connector, descriptors);
    if (!process) {
        return std::move(process).error();
    }
    auto jail = std::make_shared<JailProcess>(std::move(*process));
    auto child = std::make_unique<ChildProcess::Impl>(executor, std::move(jail),
                                                      std::move(pipes->control_parent));
    child->connector = plan.connector;
    if (group->group) {
        const bool is_v1 = cgroups->support().version == CgroupVersion::v1;
        child->memory_watch = MemoryWatch::start(executor, group->group->watch_memory(), is_v1);
        child->jail->group = std::move(group->group);
    }
    child->stdin_fd = std::move(pipes->parent[0]);
    child->stdout_fd = std::move(pipes->parent[1]);
    child->stderr_fd = std::move(pipes->parent[2]);
    return child;
}

Launcher::Launcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Launcher::~Launcher() = default;

Result<std::unique_ptr<Launcher>> Launcher::make(Executor executor,
                                                 std::filesystem::path jail_path) {
    auto filters = compile_filters();
    if (!filters) {
        return std::move(filters).error();
    }
    auto impl = std::make_unique<Impl>();
    impl->executor = std::move(executor);
    impl->jail_path = std::move(jail_path);
    impl->filters = std::move(*filters);
    impl->mode = probe_mode();
    if (impl->mode == Mode::unsupported) {
        return Error("GH-S610", "connectors cannot be isolated", "step 'mode'",
                     "the daemon is uid 0 without CAP_SYS_ADMIN",
                     "run it as an ordinary user, or as root with CAP_SYS_ADMIN");
    }
    impl->cgroups = CgroupHome::open();
    if (access(impl->jail_path.c_str(), X_OK) != 0) {
        return Error("GH-S610", "connectors cannot be isolated", impl->jail_path.string(),
                     errno_text(errno),
                     "install gatehouse-jail beside gatehouse, executable for its user");
    }
    return std::unique_ptr<Launcher>(new Launcher(std::move(impl)));
}

Task<Result<std::unique_ptr<ChildProcess>>> Launcher::launch(LaunchPlan plan,
                                                             std::chrono::milliseconds deadline) {
    const std::string connector = plan.connector;
    auto started = impl_->start(plan);
    plan.secret_env.clear(); // wiped here; the jail holds the only other copy and wipes it at exec
    if (!started) {
        co_return std::move(started).error();
    }
    std::unique_ptr<ChildProcess::Impl> child = std::move(*started);

    // Past the deadline the tree is killed, which ends the reports below.
    auto watch = std::make_shared<LaunchDeadline>();
    watch->child = child.get();
    asio::steady_timer timer(impl_->executor, deadline);
    timer.async_wait([watch](boost::system::error_code error) {
        if (!error && watch->child != nullptr) {
            watch->passed = true;
            watch->child->kill_tree();
        }
    });
    struct Disarm {
        std::shared_ptr<LaunchDeadline> watch;
        ~Disarm() { watch->child = nullptr; }
    };
    const Disarm disarm(watch);

    while (!child->running && !child->reported) {
        const auto report = co_await child->next_report();
        if (!report) {
            break;
        }
        child->absorb(*report);
    }
    watch->child = nullptr;
    if (child->running) {
        co_return std::make_unique<ChildProcess>(std::move(child));
    }
    child->kill_tree();
    co_await child->gone();
    const Outcome outcome = child->settle();
    if (watch->passed) {
        co_return deadline_error(connector, deadline);
    }
    co_return launch_error(connector, outcome, child->detail);
}

} // namespace gatehouse::sandbox
