#include "sandbox/cgroup_places.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gatehouse::sandbox {
namespace {

std::vector<std::string_view> split_at(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

bool lists_word(std::string_view list, std::string_view word) {
    for (const std::string_view part : split_at(list, ',')) {
        if (part == word) {
            return true;
        }
    }
    return false;
}

// The kernel writes a space in a path as "\040".
std::string unescape_mount_path(std::string_view text) {
    std::string path;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octal = [&](std::size_t at) {
            return at < text.size() && text[at] >= '0' && text[at] <= '7' ? text[at] - '0' : -1;
        };
        if (text[i] == '\\' && octal(i + 1) >= 0 && octal(i + 2) >= 0 && octal(i + 3) >= 0) {
            path += static_cast<char>(octal(i + 1) * 64 + octal(i + 2) * 8 + octal(i + 3));
            i += 3;
        } else {
            path += text[i];
        }
    }
    return path;
}

// The path in /proc/self/cgroup of the hierarchy with this controller; "" names version 2.
std::optional<std::string_view> own_group(std::string_view own_groups,
                                          std::string_view controller) {
    for (const std::string_view line : split_at(own_groups, '\n')) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
        if (second == line.npos) {
            continue;
        }
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        if (controller.empty() ? controllers.empty() : lists_word(controllers, controller)) {
            return line.substr(second + 1);
        }
    }
    return std::nullopt;
}

struct CgroupMount {
    std::string root;  // the group that is mounted
    std::string point; // where
    std::string_view options;
    bool is_unified = false;
};

std::optional<CgroupMount> read_mount(std::string_view line) {
    const std::size_t dash = line.find(" - ");
    if (dash == line.npos) {
        return std::nullopt;
    }
    const auto before = split_at(line.substr(0, dash), ' ');
    const auto after = split_at(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3 || (after[0] != "cgroup" && after[0] != "cgroup2")) {
        return std::nullopt;
    }
    CgroupMount mount;
    mount.root = unescape_mount_path(before[3]);
    mount.point = unescape_mount_path(before[4]);
    mount.options = after[2];
    mount.is_unified = after[0] == "cgroup2";
    return mount;
}

// A container sees its group as the root of the mount, and often the path of the host in
// /proc/self/cgroup: what lies below the mounted group counts.
std::filesystem::path folder_of(const CgroupMount& mount, std::string_view group) {
    std::string_view below = group;
    if (mount.root != "/") {
        if (group.substr(0, mount.root.size()) != mount.root) {
            return mount.point;
        }
        below.remove_prefix(mount.root.size());
    }
    while (!below.empty() && below.back() == '/') {
        below.remove_suffix(1);
    }
    return mount.point + std::string(below);
}

} // namespace

CgroupPlaces cgroup_places(std::string_view mountinfo, std::string_view own_groups) {
    CgroupPlaces places;
    const std::pair<std::string_view, std::filesystem::path*> wanted[] = {
        {"memory", &places.memory},
        {"pids", &places.pids},
        {"cpu", &places.cpu},
        {"cpuacct", &places.cpuacct},
    };
    for (const std::string_view line : split_at(mountinfo, '\n')) {
        const auto mount = read_mount(line);
        if (!mount) {
            continue;
        }
        if (mount->is_unified) {
            if (const auto group = own_group(own_groups, ""); group && places.unified.empty()) {
                places.unified = folder_of(*mount, *group);
            }
            continue;
        }
        for (const auto& [controller, place] : wanted) {
            const auto group = own_group(own_groups, controller);
            if (group && place->empty() && lists_word(mount->options, controller)) {
                *place = folder_of(*mount, *group);
            }
        }
    }
    return places;
}

} // namespace gatehouse::sandbox
