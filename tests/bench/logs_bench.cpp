// Figures of the log store: capture into it, searching a gigabyte by time, following. Prints one
// row a figure. bench_logs [folder] [megabytes]; the folder is made below it and removed at the
// end.
#include "runtime/base/log.hpp"
#include "runtime/base/task_group.hpp"
#include "runtime/logs/file_log.hpp"
#include "runtime/logs/line_splitter.hpp"
#include "runtime/supervisor/stderr_capture.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

using Seconds = std::chrono::duration<double>;

double now_s() {
    return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_s() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void row(const char* name, double value, const char* unit, double second = 0,
         const char* second_unit = "") {
    std::printf("%-44s %12.1f %-10s", name, value, unit);
    if (*second_unit != '\0') {
        std::printf(" %12.1f %s", second, second_unit);
    }
    std::printf("\n");
    std::fflush(stdout);
}

FileLogOptions bench_options(const std::filesystem::path& folder) {
    FileLogOptions options;
    options.folder = folder;
    options.max_bytes = 8ULL << 30;
    options.rate.lines_per_second = 0;
    return options;
}

std::unique_ptr<FileLog> open_bench(const Clock& clock, const std::filesystem::path& folder) {
    auto log = FileLog::open(clock, bench_options(folder));
    if (!log) {
        std::fprintf(stderr, "%s\n", to_text(log.error()).c_str());
        std::exit(1);
    }
    return std::move(*log);
}

// A megabyte of lines as programs write them.
std::string sample(std::size_t line_bytes, bool json) {
    std::string text;
    for (int count = 0; text.size() < (1U << 20); ++count) {
        std::string line = json ? R"({"level":30,"time":1700000000000,"pid":7,"msg":"request )"
                                : "2026-11-25 08:00:00,123 INFO handler served request ";
        line += std::to_string(count);
        line.resize(std::max(line.size(), line_bytes - 3), 'x');
        text += line + (json ? "\"}\n" : "\n");
    }
    return text;
}

LogContext bench_context() {
    LogContext context;
    context.instance = InstanceId{1};
    context.calls = {CallId{1}, CallId{2}};
    return context;
}

void bench_direct(const char* name, FileLog& log, std::uint64_t bytes, const std::string& text) {
    LineSplitter splitter([&](std::string_view rest) { return log.hold_back(rest); });
    std::vector<LogLine> lines;
    const LogContext context = bench_context();
    const std::uint64_t first = log.last_seq();
    const double begin = now_s();
    const double cpu_begin = cpu_s();
    std::uint64_t done = 0;
    while (done < bytes) {
        for (std::size_t at = 0; at < text.size(); at += 64 * 1024) {
            const std::string_view piece = std::string_view(text).substr(at, 64 * 1024);
            splitter.feed(piece, lines);
            log.append_lines(LogStream::standard_error, context, lines);
            lines.clear();
            done += piece.size();
        }
    }
    const double took = now_s() - begin;
    // Beside others on the machine only the second figure means something.
    const std::string per_cpu =
        std::to_string(static_cast<int>(static_cast<double>(done) / 1e6 / (cpu_s() - cpu_begin)));
    row(name, static_cast<double>(done) / 1e6 / took, "MB/s",
        static_cast<double>(log.last_seq() - first) / took / 1e3,
        ("k records/s, " + per_cpu + " MB per CPU second").c_str());
}

struct Pipe {
    Pipe() {
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            std::exit(1);
        }
        reader = UniqueFd(ends[0]);
        writer = UniqueFd(ends[1]);
    }
    void flood(std::uint64_t bytes, const std::string& text) {
        for (std::uint64_t done = 0; done < bytes;) {
            const auto count = ::write(writer.get(), text.data(), text.size());
            if (count <= 0) {
                break;
            }
            done += static_cast<std::uint64_t>(count);
        }
        writer.reset();
    }
    UniqueFd reader;
    UniqueFd writer;
};

void bench_pipe(const char* name, FileLog& log, std::uint64_t bytes, const std::string& text) {
    asio::io_context loop(1);
    Pipe pipe;
    const LogContext context = bench_context();
    CaptureHandlers handlers;
    handlers.on_lines = [&](std::span<const LogLine> lines) {
        log.append_lines(LogStream::standard_error, context, lines);
    };
    handlers.on_skipped = [&](const SkippedLines& skipped) {
        log.count_dropped(context, skipped.lines, skipped.bytes);
    };
    handlers.advise = [&] { return log.advise(LogStream::standard_error, InstanceId{1}); };
    handlers.hold_back = [&](std::string_view rest) { return log.hold_back(rest); };
    StderrCapture capture(loop.get_executor(), std::move(pipe.reader), handlers);
    TaskGroup group(loop.get_executor());
    group.spawn("capture", capture.run());
    const double begin = now_s();
    const double cpu_begin = cpu_s();
    std::thread writer([&] { pipe.flood(bytes, text); });
    loop.run();
    writer.join();
    const double took = now_s() - begin;
    row(name, static_cast<double>(bytes) / 1e6 / took, "MB/s", 100 * (cpu_s() - cpu_begin) / took,
        "% of a core, reader");
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.at(values.size() / 2);
}

// The first 100 records after a point in time; `fresh`: each by a log that was opened for it.
void bench_since(const char* name, const std::filesystem::path& folder, bool fresh, int rounds) {
    SystemClock clock;
    auto log = open_bench(clock, folder);
    const WallTime first = log->read({}, 0, 1, 1000).records.at(0).time;
    const WallTime last = log->read_last({}, 1, 0).records.at(0).time;
    std::vector<double> took;
    for (int round = fresh ? 0 : -rounds; round < rounds; ++round) {
        if (fresh) {
            log = open_bench(clock, folder);
        }
        LogFilter filter;
        filter.since = first + (last - first) * ((round + rounds) % rounds + 1) / (rounds + 2);
        const double begin = now_s();
        const LogPage page = log->read(filter, 0, 100, 1 << 20);
        if (round >= 0) {
            took.push_back((now_s() - begin) * 1e3);
        }
        if (page.records.size() != 100 ||
            micros_of(page.records.at(0).time) < micros_of(*filter.since)) {
            std::fprintf(stderr, "since found %zu records\n", page.records.size());
            std::exit(1);
        }
    }
    row(name, median(took), "ms median", *std::max_element(took.begin(), took.end()), "ms worst");
}

void bench_grep(const std::filesystem::path& folder) {
    SystemClock clock;
    auto log = open_bench(clock, folder);
    LogFilter filter;
    filter.grep = "nowhere[0-9]";
    std::vector<double> pages;
    const double begin = now_s();
    std::uint64_t cursor = 0;
    for (bool more = true; more && pages.size() < 300;) {
        const double page_begin = now_s();
        const LogPage page = log->read(filter, cursor, 100, 1 << 20);
        pages.push_back((now_s() - page_begin) * 1e3);
        cursor = page.next;
        more = page.more;
    }
    const double took = now_s() - begin;
    row("grep, nothing found", static_cast<double>(pages.size()) * 1.048576 / took, "MB/s",
        *std::max_element(pages.begin(), pages.end()), "ms worst page");
}

// 2,000 lines a second and a reader that polls every 50 ms in the same loop, as `logs -f` does.
void bench_follow(const std::filesystem::path& folder) {
    SystemClock clock;
    auto log = open_bench(clock, folder);
    asio::io_context loop(1);
    asio::steady_timer write_timer(loop);
    asio::steady_timer read_timer(loop);
    std::vector<double> lags;
    std::uint64_t cursor = log->last_seq();
    const double end = now_s() + 5;
    std::function<void()> write = [&] {
        for (int count = 0; count < 10; ++count) {
            log->append(LogStream::standard_error, bench_context(), "a line of a steady writer");
        }
        write_timer.expires_at(write_timer.expiry() + std::chrono::milliseconds(5));
        write_timer.async_wait([&](const boost::system::error_code& error) {
            if (!error && now_s() < end) {
                write();
            }
        });
    };
    std::function<void()> read = [&] {
        const LogPage page = log->read({}, cursor, 1000, 1 << 20);
        const WallTime now = clock.wall_now();
        for (const auto& record : page.records) {
            lags.push_back(Seconds(now - record.time).count() * 1e3);
        }
        cursor = page.next;
        read_timer.expires_after(std::chrono::milliseconds(50));
        read_timer.async_wait([&](const boost::system::error_code& error) {
            if (!error && now_s() < end) {
                read();
            }
        });
    };
    write_timer.expires_after(std::chrono::milliseconds(0));
    write();
    read();
    loop.run();
    std::sort(lags.begin(), lags.end());
    row("follow at 2,000 lines/s, lag p99", lags.at(lags.size() * 99 / 100), "ms",
        static_cast<double>(lags.size()) / 5, "lines/s");
}

} // namespace

int main(int argc, char** argv) {
    set_log_level(gatehouse::LogLevel::warn);
    std::string folder = std::string(argc > 1 ? argv[1] : "/tmp") + "/gh-bench-logs-XXXXXX";
    const std::uint64_t bytes = (argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1024) << 20;
    if (::mkdtemp(folder.data()) == nullptr) {
        std::perror("mkdtemp");
        return 1;
    }
    const std::filesystem::path root = folder;
    SystemClock clock;
    const std::string text = sample(120, false);
    bench_direct("direct, lines of 120 bytes", *open_bench(clock, root / "big"), bytes, text);
    bench_since("since on that log, index not in memory", root / "big", true, 20);
    bench_since("since on that log, index in memory", root / "big", false, 200);
    bench_grep(root / "big");
    std::filesystem::remove_all(root / "big");
    bench_direct("direct, JSON lines of 300 bytes", *open_bench(clock, root / "json"), bytes / 2,
                 sample(300, true));
    std::filesystem::remove_all(root / "json");
    {
        auto log = open_bench(clock, root / "masked");
        log->set_secrets(
            {"sk-ant-0123456789abcdef", "p4ssw0rd!x/y", "ghp_ABCDEFGHIJKLMNOPQRSTUVW"});
        bench_direct("direct, 3 secrets to mask", *log, bytes / 2, text);
    }
    std::filesystem::remove_all(root / "masked");
    bench_pipe("pipe, lines of 120 bytes", *open_bench(clock, root / "pipe"), bytes / 2, text);
    std::filesystem::remove_all(root / "pipe");
    {
        FileLogOptions limited;
        limited.folder = root / "flood";
        auto log = FileLog::open(clock, limited);
        bench_pipe("pipe, flood over the rate limit", **log, bytes / 2, text);
    }
    bench_follow(root / "follow");
    std::filesystem::remove_all(root);
    return 0;
}
