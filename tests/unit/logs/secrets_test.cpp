#include "runtime/logs/line_splitter.hpp"
#include "runtime/logs/secret_masker.hpp"
#include "tests/unit/logs/log_fixture.hpp"

#include <random>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

// What a capture does: lines and pieces of a stream that comes in reads of some size, with a pause
// of a second after each.
void capture(FileLog& log, std::string_view stream, std::size_t read_bytes) {
    LineSplitter splitter([&](std::string_view text) { return log.hold_back(text); });
    std::vector<LogLine> lines;
    for (std::size_t at = 0; at < stream.size(); at += read_bytes) {
        splitter.feed(stream.substr(at, read_bytes), lines);
        log.append_lines(LogStream::standard_error, of(1), lines);
        lines.clear();
        splitter.flush(lines);
        log.append_lines(LogStream::standard_error, of(1), lines);
        lines.clear();
    }
    splitter.finish(lines);
    log.append_lines(LogStream::standard_error, of(1), lines);
}

std::string joined(const std::vector<LogRecord>& records) {
    std::string text;
    for (const LogRecord& record : records) {
        text += record.text;
    }
    return text;
}

} // namespace

TEST_CASE("secrets never reach the disk in raw, base64, percent-encoded or JSON form") {
    TempFolder folder;
    ManualClock clock;
    auto opened = open_file(clock, unlimited(folder.path));
    FileLog& log = *opened;
    log.set_secrets({"s3cr3t/T0ken+\"x\"", "short"});
    const std::vector<std::string> lines = {
        "token s3cr3t/T0ken+\"x\" used twice s3cr3t/T0ken+\"x\"",
        "b64 czNjcjN0L1Qwa2VuKyJ4Ig==",       // of the secret alone
        "basic dXNlcjpzM2NyM3QvVDBrZW4rIngi", // of user:secret
        "url ?t=s3cr3t%2FT0ken%2B%22x%22 and %2f s3cr3t%2fT0ken%2b%22x%22",
        R"({"token":"s3cr3t/T0ken+\"x\""})",
        "too short to mask: short",
    };
    for (const auto& line : lines) {
        log.append(LogStream::standard_error, of(1), line);
    }
    const std::string disk = read_file(folder.path / Segment::file_name(1));
    for (const char* form :
         {"s3cr3t/T0", "czNjcjN0L1Qwa2Vu", "zM2NyM3QvVDBrZW4r", "s3cr3t%2F", "s3cr3t%2f"}) {
        CHECK(disk.find(form) == std::string::npos);
    }
    const auto records = read_all(log);
    CHECK(records.at(0).text == "token *** used twice ***");
    CHECK_THAT(records.at(3).text, Catch::StartsWith("url ?t=*** and"));
    CHECK(records.at(4).text == R"({"token":"***"})");
    CHECK(records.at(5).text == lines[5]);
}

TEST_CASE("each line of a secret of several lines is masked") {
    SecretMasker masker;
    masker.set_secrets({"-----BEGIN KEY-----\nMIIEvQIBADAN\n-----END KEY-----\n"});
    std::string line = "key is MIIEvQIBADAN";
    CHECK(masker.mask(line));
    CHECK(line == "key is ***");
}

TEST_CASE("a secret split over two writes, at any byte, is masked, also across the pause") {
    TempFolder folder;
    ManualClock clock;
    auto log = open_file(clock, unlimited(folder.path));
    const std::string secret = "hunter2-hunter2-x";
    log->set_secrets({secret});
    const std::string stream = "user=root password=" + secret + " and more\n";
    for (std::size_t size = 1; size <= stream.size(); ++size) {
        const std::uint64_t before = log->last_seq();
        capture(*log, stream, size);
        const std::string text = joined(read_all(*log, {}, before));
        REQUIRE(text == "user=root password=*** and more");
    }
    CHECK(read_file(folder.path / Segment::file_name(1)).find("hunter2") == std::string::npos);
}

TEST_CASE("a secret over the border of two pieces of a long line is masked") {
    ManualClock clock;
    const std::string secret = "correct-horse-battery";
    for (std::size_t shift = 0; shift <= secret.size(); ++shift) {
        TempFolder folder;
        auto log = open_file(clock, unlimited(folder.path));
        log->set_secrets({secret});
        const std::string begin(log_line_max_bytes - shift, 'x');
        capture(*log, begin + secret + std::string(100, 'y') + "\n", 1 << 20);
        const auto records = read_all(*log);
        REQUIRE(records.size() == 2);
        REQUIRE(joined(records) == begin + "***" + std::string(100, 'y'));
    }
}

TEST_CASE("random texts with secrets in them never let a form of one through") {
    std::mt19937 random(11);
    const std::string letters = "ab+/c";
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::string> secrets;
        for (int count = 0; count < 3; ++count) {
            std::string secret;
            for (std::size_t size = 6 + random() % 6; secret.size() < size;) {
                secret.push_back(letters[random() % letters.size()]);
            }
            secrets.push_back(secret);
        }
        std::string text;
        while (text.size() < 60) {
            text +=
                random() % 2 == 0 ? secrets[random() % 3] : std::string(1, letters[random() % 5]);
        }
        SecretMasker masker;
        masker.set_secrets(secrets);
        const bool some =
            std::any_of(secrets.begin(), secrets.end(), [&](const std::string& secret) {
                return text.find(secret) != std::string::npos;
            });
        std::string masked = text;
        REQUIRE(masker.mask(masked) == masker.found_in(text));
        REQUIRE((!some || masked != text));
        for (const std::string& secret : secrets) {
            REQUIRE(masked.find(secret) == std::string::npos);
        }
        // Cutting the text anywhere else than in a secret must not change what is masked.
        const std::size_t at = random() % text.size();
        const std::string head = text.substr(0, at);
        const std::size_t cut = at - masker.hold_back(head);
        std::string first = text.substr(0, cut);
        std::string second = text.substr(cut);
        masker.mask(first);
        masker.mask(second);
        for (const std::string& secret : secrets) {
            REQUIRE((first + second).find(secret) == std::string::npos);
        }
    }
}

TEST_CASE("a secret in a line is reported with its stream, at most once a minute") {
    TempFolder folder;
    ManualClock clock;
    auto log = open_file(clock, unlimited(folder.path));
    std::vector<std::string> seen;
    log->set_on_secret_seen([&](LogStream stream, const LogContext& context) {
        seen.push_back(to_text(stream) + std::to_string(context.instance.value));
        log->append(LogStream::supervisor, context, "a credential was in its output (GH-S603)");
    });
    log->set_secrets({"hunter2-hunter2"});
    log->append(LogStream::standard_error, of(4), "no secret");
    CHECK(seen.empty());
    for (int count = 0; count < 5; ++count) {
        log->append(LogStream::standard_error, of(4), "it is hunter2-hunter2");
    }
    CHECK(seen == std::vector<std::string>{"stderr4"});
    clock.advance(std::chrono::seconds(61));
    log->append(LogStream::mcp, of(5), "it is hunter2-hunter2");
    CHECK(seen.size() == 2);
    CHECK(seen.back() == "mcp5");
}
