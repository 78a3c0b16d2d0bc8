#include "runtime/manifest/source_check.hpp"

#include <algorithm>
#include <array>
#include <system_error>

namespace gatehouse::runtime {

namespace {

namespace fs = std::filesystem;

constexpr const char* code_command = "GH-C510";
constexpr std::array<const char*, 3> program_folders{"/usr/local/bin", "/usr/bin", "/bin"};

enum class Found { missing, no_file, not_executable, good };

Found find_program(const fs::path& path) {
    std::error_code problem;
    const fs::file_status status = fs::status(path, problem);
    if (!fs::exists(status)) {
        return Found::missing;
    }
    if (!fs::is_regular_file(status)) {
        return Found::no_file;
    }
    constexpr auto any_execute =
        fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
    // The bits and not access(2): the sandbox runs the connector as another user than the one who
    // asks here.
    return (status.permissions() & any_execute) == fs::perms::none ? Found::not_executable
                                                                   : Found::good;
}

bool is_below(const fs::path& path, const fs::path& folder) {
    const fs::path relative = path.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

// A link may lead to what the sandbox shows at the same place: the folder itself, or the system's
// programs.
bool is_visible_in_sandbox(const fs::path& path, const fs::path& source_dir) {
    std::error_code problem;
    const fs::path target = fs::canonical(path, problem);
    return !problem && (is_below(target, source_dir) || is_below(target, "/usr"));
}

void check_named_program(const Field& field, const std::string& program) {
    Found best = Found::missing;
    for (const char* folder : program_folders) {
        const fs::path path = fs::path(folder) / program;
        const Found found = find_program(path);
        if (found == Found::good && !is_visible_in_sandbox(path, "/usr")) {
            field.fail(code_command,
                       path.string() + " is a link to a place that is not in the sandbox",
                       "Install the program below /usr, or copy it into the source folder");
            return;
        }
        if (found == Found::good) {
            return;
        }
        best = std::max(best, found);
    }
    if (best == Found::missing || best == Found::no_file) {
        field.fail(code_command, shown(program) + " is not in /usr/local/bin, /usr/bin or /bin",
                   "Install it, or write './" + program + "' for a file of the source folder");
    } else if (best == Found::not_executable) {
        field.fail(code_command, shown(program) + " is found, but is not executable",
                   "Set its mode with chmod +x");
    }
}

void check_program_below(const Field& field, const std::string& program,
                         const fs::path& source_dir) {
    const fs::path path = (source_dir / program).lexically_normal();
    if (!is_below(path, source_dir)) {
        field.fail(code_command, shown(program) + " leads out of the source folder",
                   "Only the source folder is in the sandbox; put the program into it");
        return;
    }
    switch (find_program(path)) {
    case Found::missing:
        field.fail(code_command, path.string() + " does not exist",
                   "Check the path; it counts from the source folder");
        return;
    case Found::no_file:
        field.fail(code_command, path.string() + " is not a file",
                   "Name the program, not a folder");
        return;
    case Found::not_executable:
        field.fail(code_command, path.string() + " is not executable",
                   "Run chmod +x on it, or name its interpreter first: [python3, " + program + "]");
        return;
    case Found::good:
        break;
    }
    if (!is_visible_in_sandbox(path, source_dir)) {
        field.fail(code_command, path.string() + " is a link to a place that is not in the sandbox",
                   "Copy the program into the source folder");
    }
}

// A connector could talk to whoever listens on a unix socket in its folder: a read-only mount does
// not stop connect(2), and Landlock has no right for it yet.
fs::path socket_in(const fs::path& folder) {
    constexpr std::size_t entries_max_count = 200'000;
    std::size_t count = 0;
    std::error_code problem;
    const auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at(folder, options, problem), end;
         !problem && at != end && count < entries_max_count; at.increment(problem), ++count) {
        std::error_code unreadable;
        if (at->symlink_status(unreadable).type() == fs::file_type::socket) {
            return at->path();
        }
    }
    return {};
}

} // namespace

fs::path check_source_folder(const Field& field, const fs::path& path) {
    std::error_code problem;
    const fs::path folder = fs::canonical(path, problem);
    if (problem) {
        field.fail("GH-C509",
                   "the folder " + path.string() + " cannot be opened: " + problem.message(),
                   "The path counts from the manifest's folder");
        return {};
    }
    if (!fs::is_directory(folder, problem)) {
        field.fail("GH-C509", path.string() + " is not a folder",
                   "Name the folder that holds the connector");
        return {};
    }
    const fs::path socket = socket_in(folder);
    if (!socket.empty()) {
        field.fail("GH-C511", "the folder holds the unix socket " + socket.string(),
                   "Move the socket away: the connector could reach its listener from the sandbox");
    }
    return folder;
}

void check_command(const Field& field, const std::string& program, const fs::path& source_dir) {
    if (program.find('/') == std::string::npos) {
        check_named_program(field, program);
    } else if (program[0] == '/') {
        field.fail(code_command, shown(program) + " is an absolute path",
                   "Write a bare name for a program of /usr/bin, or a path from the source folder");
    } else if (!source_dir.empty()) {
        check_program_below(field, program, source_dir);
    }
}

} // namespace gatehouse::runtime
