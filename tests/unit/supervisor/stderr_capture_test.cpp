#include "runtime/supervisor/stderr_capture.hpp"

#include "runtime/base/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

struct CaptureStage {
    CaptureStage() {
        int ends[2] = {-1, -1};
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        reader = UniqueFd(ends[0]);
        writer = UniqueFd(ends[1]);
        handlers.on_lines = [this](std::span<const LogLine> batch) {
            for (const LogLine& line : batch) {
                lines.push_back((line.continued ? "+" : "") + std::string(line.text));
            }
        };
        handlers.on_skipped = [this](const SkippedLines& more) {
            skipped.lines += more.lines;
            skipped.bytes += more.bytes;
        };
    }

    void start() {
        capture = std::make_unique<StderrCapture>(loop.get_executor(), std::move(reader), handlers);
        group.spawn("capture", capture->run());
    }
    void write(std::string_view text) const {
        REQUIRE(::write(writer.get(), text.data(), text.size()) ==
                static_cast<ssize_t>(text.size()));
    }
    void run_until(const std::function<bool()>& done) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!done()) {
            REQUIRE(std::chrono::steady_clock::now() < until);
            loop.run_for(std::chrono::milliseconds(10));
            loop.restart();
        }
    }
    void run_to_end() {
        run_until([&] { return group.running_count() == 0; });
    }

    asio::io_context loop{1};
    UniqueFd reader;
    UniqueFd writer;
    CaptureHandlers handlers;
    std::vector<std::string> lines;
    SkippedLines skipped;
    std::unique_ptr<StderrCapture> capture;
    TaskGroup group{loop.get_executor()};
};

} // namespace

TEST_CASE("stderr comes out in lines, an unfinished one after a second or at the end") {
    CaptureStage stage;
    stage.start();
    stage.write("one\ntwo\nprompt> ");
    stage.run_until([&] { return stage.lines.size() == 2; });
    CHECK(stage.lines == std::vector<std::string>{"one", "two"});
    stage.run_until([&] { return stage.lines.size() == 3; });
    CHECK(stage.lines.back() == "prompt> ");
    stage.write("yes\nlast");
    stage.writer.reset();
    stage.run_to_end();
    CHECK(stage.lines == std::vector<std::string>{"one", "two", "prompt> ", "+yes", "last"});
}

TEST_CASE("over the rate limit a capture reads on and counts exactly what it skips") {
    CaptureStage stage;
    stage.handlers.advise = [&] {
        CaptureAdvice advice;
        advice.what = stage.lines.empty() ? CaptureAdvice::What::take : CaptureAdvice::What::skip;
        return advice;
    };
    stage.start();
    stage.write("first\n");
    stage.run_until([&] { return stage.lines.size() == 1; });
    std::thread flood([&] {
        const std::string block = std::string(99, 'x') + "\n";
        for (int count = 0; count < 50'000; ++count) {
            stage.write(block);
        }
        stage.writer.reset();
    });
    stage.run_to_end();
    flood.join();
    CHECK(stage.lines.size() == 1);
    CHECK(stage.skipped.lines == 50'000);
    CHECK(stage.skipped.bytes == 5'000'000);
}

TEST_CASE("a capture that is told to wait leaves the bytes in the pipe, and loses none") {
    CaptureStage stage;
    bool open = false;
    stage.handlers.advise = [&] {
        CaptureAdvice advice;
        advice.what = open ? CaptureAdvice::What::take : CaptureAdvice::What::wait;
        advice.wait = std::chrono::milliseconds(5);
        return advice;
    };
    stage.start();
    stage.write("kept\n");
    stage.loop.run_for(std::chrono::milliseconds(50));
    stage.loop.restart();
    CHECK(stage.lines.empty());
    open = true;
    stage.writer.reset();
    stage.run_to_end();
    CHECK(stage.lines == std::vector<std::string>{"kept"});
}

TEST_CASE("others have their turn while a connector floods its stderr") {
    CaptureStage stage;
    std::size_t bytes = 0;
    std::size_t most_between = 0;
    std::size_t at_last_turn = 0;
    stage.handlers.on_lines = [&](std::span<const LogLine> batch) {
        for (const LogLine& line : batch) {
            bytes += line.text.size() + 1;
        }
    };
    stage.start();
    bool flooding = true;
    std::function<void()> other = [&] {
        most_between = std::max(most_between, bytes - at_last_turn);
        at_last_turn = bytes;
        if (flooding) {
            asio::post(stage.loop, other);
        }
    };
    asio::post(stage.loop, other);
    std::thread flood([&] {
        const std::string block = std::string(4095, 'x') + "\n";
        for (int count = 0; count < 5'000; ++count) {
            stage.write(block);
        }
        stage.writer.reset();
    });
    stage.run_to_end();
    flood.join();
    flooding = false;
    CHECK(bytes == 5'000U * 4096U);
    // One turn that found the pipe empty early, and one whole.
    CHECK(most_between <= 2 * StderrCapture::turn_max_bytes);
}

TEST_CASE("stop ends a capture that waits, and hands out what it has") {
    CaptureStage stage;
    stage.start();
    stage.write("half a li");
    stage.loop.run_for(std::chrono::milliseconds(20));
    stage.loop.restart();
    stage.capture->stop();
    stage.run_to_end();
    CHECK(stage.lines == std::vector<std::string>{"half a li"});
}
