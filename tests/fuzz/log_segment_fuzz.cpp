// The bytes of a segment as the disk might give them back: opening, reading in both directions and
// appending must work on whatever is there. With "v2" at the front, the rest is put behind a good
// header and a few good records, and the first bytes say where a good file is damaged.
#include "runtime/base/assert.hpp"
#include "runtime/base/log.hpp"
#include "runtime/logs/file_log.hpp"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

constexpr std::uint32_t seed = 42;

std::string good_file() {
    SegmentHeader header;
    header.seed = seed;
    std::string bytes = encode_segment_header(header);
    for (std::uint64_t seq = 1; seq <= 20; ++seq) {
        RecordView record;
        record.seq = seq;
        record.instance = 1;
        const std::string text(static_cast<std::size_t>(seq) * 7, 'x');
        record.text = text;
        encode_record(record, seed, bytes);
    }
    return bytes;
}

std::string file_of(std::string_view data) {
    if (!data.starts_with("v2") || data.size() < 4) {
        return std::string(data);
    }
    std::string bytes = good_file();
    const std::size_t at =
        (static_cast<unsigned char>(data[2]) * 256U + static_cast<unsigned char>(data[3])) %
        bytes.size();
    data.remove_prefix(4);
    // Damage in the middle for an even place, another tail for an odd one.
    if (at % 2 == 0) {
        bytes.replace(at, data.size(), data);
        return bytes;
    }
    return bytes.substr(0, at).append(data);
}

void check_order(const std::vector<LogRecord>& records) {
    for (const LogRecord& record : records) {
        GH_ASSERT(record.text.size() <= log_line_max_bytes);
        GH_ASSERT(record.calls.size() <= record_calls_max_count);
    }
}

void read_all(FileLog& log) {
    std::uint64_t cursor = 0;
    for (bool more = true; more;) {
        const LogPage page = log.read({}, cursor, 16, 4096);
        check_order(page.records);
        GH_ASSERT(page.next > cursor || !page.more);
        cursor = page.next;
        more = page.more;
    }
    check_order(log.read_last({}, 1000, 0).records);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::string folder = [] {
        set_log_level(gatehouse::LogLevel::off);
        std::string pattern = "/tmp/gh-fuzz-logs-XXXXXX";
        GH_ASSERT(::mkdtemp(pattern.data()) != nullptr);
        return pattern;
    }();
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    const std::string bytes = file_of({reinterpret_cast<const char*>(data), size});
    std::ofstream(folder + "/" + Segment::file_name(1).string(), std::ios::binary) << bytes;
    ManualClock clock;
    FileLogOptions options;
    options.folder = folder;
    auto log = FileLog::open(clock, options);
    GH_ASSERT(log.has_value());
    read_all(**log);
    (*log)->append(LogStream::supervisor, {}, "after");
    const auto last = (*log)->read_last({}, 1, 0).records;
    GH_ASSERT(last.size() == 1 && last[0].text == "after");
    log->reset();
    std::filesystem::remove_all(folder);
    return 0;
}
