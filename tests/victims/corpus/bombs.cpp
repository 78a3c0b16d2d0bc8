// Bombs with a bound, each beyond the limits that the test gives (64 MiB of memory, 16 MiB of /tmp,
// files of 8 MiB, 32 processes, 128 descriptors); and children that want to outlive their parent.
#include "tests/victims/corpus/corpus.hpp"

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace corpus {
namespace {

constexpr std::size_t mebibyte = 1U << 20;
constexpr std::size_t bomb_bytes = 160 * mebibyte;

Answer fill_mapping(int flags, int fd) {
    void* pages = mmap(nullptr, bomb_bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (pages == MAP_FAILED) {
        return refused(errno_name(errno));
    }
    std::memset(pages, 1, bomb_bytes);
    return harm("160 MiB are held");
}

Answer private_memory(const Targets&) {
    return fill_mapping(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}
Answer shared_memory(const Targets&) {
    return fill_mapping(MAP_SHARED | MAP_ANONYMOUS, -1);
}
Answer memory_file(const Targets&) {
    const int fd = memfd_create("bomb", MFD_CLOEXEC);
    return ftruncate(fd, bomb_bytes) == 0 ? fill_mapping(MAP_SHARED, fd)
                                          : refused(errno_name(errno));
}

// Files of at most 4 MiB, each within the limit of one file.
Answer fill_folder(const std::string& folder, std::size_t bytes) {
    const std::vector<char> block(mebibyte, 'x');
    std::vector<std::string> made;
    Answer answer = harm("all of it was written");
    for (std::size_t written = 0; written < bytes && answer.verdict == Verdict::harm;) {
        made.push_back(folder + "/bomb-" + std::to_string(made.size()));
        const int fd = open(made.back().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        for (int i = 0; i < 4 && answer.verdict == Verdict::harm; ++i, written += mebibyte) {
            if (write(fd, block.data(), mebibyte) != static_cast<ssize_t>(mebibyte)) {
                answer = refused(errno_name(errno != 0 ? errno : ENOSPC));
            }
        }
        close(fd);
    }
    for (const std::string& path : made) {
        unlink(path.c_str());
    }
    return answer;
}
Answer fill_tmp(const Targets&) {
    return fill_folder("/tmp", 48 * mebibyte);
}
Answer fill_shared_folder(const Targets&) {
    return fill_folder("/dev/shm", 48 * mebibyte);
}
Answer fill_volume(const Targets& targets) {
    return fill_folder(targets.text("volume"), 192 * mebibyte);
}

Answer many_files(const std::string& folder) {
    Answer answer = harm("all of them were made");
    int made = 0;
    for (; made < 20'000; ++made) {
        const std::string path = folder + "/inode-" + std::to_string(made);
        const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) {
            answer = refused(errno_name(errno));
            break;
        }
        close(fd);
    }
    while (made-- > 0) {
        unlink((folder + "/inode-" + std::to_string(made)).c_str());
    }
    return answer;
}
Answer inodes_of_tmp(const Targets&) {
    return many_files("/tmp");
}
Answer inodes_of_volume(const Targets& targets) {
    return many_files(targets.text("volume"));
}

Answer large_file(const Targets& targets) {
    std::signal(SIGXFSZ, SIG_IGN);
    const std::string path = targets.in_volume("bomb");
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const Answer answer = by_result(ftruncate(fd, static_cast<off_t>(bomb_bytes)));
    unlink(path.c_str());
    return answer;
}

Answer many_processes(const Targets&) {
    std::vector<pid_t> children;
    Answer answer = harm("200 processes live");
    for (int i = 0; i < 200; ++i) {
        const pid_t pid = fork();
        if (pid == 0) {
            pause();
            _exit(0);
        }
        if (pid < 0) {
            answer = refused(errno_name(errno));
            break;
        }
        children.push_back(pid);
    }
    for (const pid_t pid : children) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    return answer;
}

Answer many_descriptors(const Targets&) {
    for (int i = 0; i < 1000; ++i) {
        if (dup(0) < 0) {
            return refused(errno_name(errno));
        }
    }
    return harm("1,000 descriptors are open");
}

Answer many_pipes(const Targets&) {
    for (int i = 0; i < 64; ++i) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[1], F_SETPIPE_SZ, 1 << 21) < 0) {
            return refused(errno_name(errno));
        }
    }
    return harm("64 pipes of 2 MiB");
}

// The child that stays has the mark in its command line, so the test can look for it.
Answer leave(bool new_session, bool twice, bool stubborn) {
    const pid_t pid = fork();
    if (pid != 0) {
        if (twice) {
            waitpid(pid, nullptr, 0);
        }
        return pid > 0 ? harm("left behind") : refused(errno_name(errno));
    }
    if (new_session) {
        setsid();
    }
    if (twice && fork() != 0) {
        _exit(0);
    }
    for (int number = 1; stubborn && number < 32; ++number) {
        std::signal(number, SIG_IGN);
    }
    for (int fd = 0; fd < 16; ++fd) {
        close(fd);
    }
    sleep(60);
    _exit(0);
}
Answer leave_child(const Targets&) {
    return leave(false, false, false);
}
Answer leave_session(const Targets&) {
    return leave(true, false, false);
}
Answer leave_daemon(const Targets&) {
    return leave(true, true, false);
}
Answer leave_stubborn(const Targets&) {
    return leave(true, true, true);
}
Answer leave_vigil(const Targets&) {
    const pid_t pid = fork();
    if (pid == 0) {
        // Has a child that starts another whenever it dies.
        for (int fd = 0; fd < 16; ++fd) {
            close(fd);
        }
        setsid();
        for (int i = 0; i < 20; ++i) {
            const pid_t child = fork();
            if (child == 0) {
                sleep(3);
                _exit(0);
            }
            waitpid(child, nullptr, 0);
        }
        _exit(0);
    }
    return pid > 0 ? harm("left behind") : refused(errno_name(errno));
}

constexpr Attempt bombs[] = {
    {"bomb-private", "160 MiB of private memory", private_memory},
    {"bomb-shared", "160 MiB of shared memory", shared_memory},
    {"bomb-memfd", "160 MiB in a memfd", memory_file},
    {"bomb-tmp", "48 MiB in /tmp", fill_tmp},
    {"bomb-shm", "48 MiB in /dev/shm", fill_shared_folder},
    {"bomb-volume", "192 MiB in its volume", fill_volume},
    {"bomb-inodes-tmp", "20,000 files in /tmp", inodes_of_tmp},
    {"bomb-inodes-volume", "20,000 files in its volume", inodes_of_volume},
    {"bomb-file", "one file of 160 MiB", large_file},
    {"bomb-fork", "200 processes", many_processes},
    {"bomb-descriptors", "1,000 descriptors", many_descriptors},
    {"bomb-pipes", "64 pipes of 2 MiB", many_pipes},
};

constexpr Attempt outliving[] = {
    {"outlive-child", "a child that stays", leave_child},
    {"outlive-session", "a child in its own session", leave_session},
    {"outlive-daemon", "a double fork", leave_daemon},
    {"outlive-stubborn", "the same, deaf to signals", leave_stubborn},
    {"outlive-vigil", "a parent that replaces its child", leave_vigil},
};

} // namespace

std::span<const Attempt> bomb_attempts() {
    return bombs;
}

std::span<const Attempt> outlive_attempts() {
    return outliving;
}

} // namespace corpus
