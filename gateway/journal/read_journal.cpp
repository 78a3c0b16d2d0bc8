#include "gateway/journal/journal.hpp"

#include "gateway/journal/record_line.hpp"
#include "gateway/journal/segment.hpp"
#include "runtime/base/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <functional>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t read_bytes = 256 * 1024;

// Follows the chain line by line. A problem is the end: what comes after it proves nothing.
class ChainCheck {
  public:
    // The reason the line does not continue the chain; empty if it does.
    std::optional<std::string> add(std::string_view line) {
        const auto parts = parse_record_line(line);
        if (!parts) {
            return "not a record";
        }
        if (digest_text(hasher_.hex(parts->hashed)) != parts->hash) {
            return "the hash does not match the record";
        }
        if (parts->seq != chain_.seq + 1) {
            return "its number should be " + std::to_string(chain_.seq + 1);
        }
        if (parts->prev != digest_text(chain_.hash)) {
            return "it does not continue the record before it";
        }
        chain_.seq = parts->seq;
        std::copy(parts->hash.begin(), parts->hash.end(), chain_.hash.begin());
        return std::nullopt;
    }
    std::uint64_t seq() const { return chain_.seq; }

  private:
    JournalHasher hasher_;
    ChainPosition chain_;
};

struct SegmentReader {
    const std::filesystem::path& file;
    ChainCheck& chain;
    std::uint64_t line_number = 0;

    std::string problem(std::string_view line, const std::string& why) const {
        const auto parts = parse_record_line(line);
        return "segment " + file.filename().string() + ", line " + std::to_string(line_number) +
               ", seq " + std::to_string(parts ? parts->seq : chain.seq() + 1) + ": " + why;
    }

    // Takes the whole lines of `buffer` and leaves the rest in it.
    std::optional<std::string> take_lines(std::string& buffer) {
        std::size_t start = 0;
        for (auto end = buffer.find('\n'); end != std::string::npos;
             end = buffer.find('\n', start)) {
            const std::string_view line = std::string_view(buffer).substr(start, end - start);
            line_number += 1;
            if (const auto why = chain.add(line)) {
                return problem(line, *why);
            }
            start = end + 1;
        }
        buffer.erase(0, start);
        if (buffer.size() > journal_line_max_bytes) {
            line_number += 1;
            return problem("", "longer than any record");
        }
        return std::nullopt;
    }

    Result<std::optional<std::string>> run() {
        const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) {
            return journal_error("a journal segment cannot be read", file, errno);
        }
        std::string buffer;
        for (;;) {
            const std::size_t kept = buffer.size();
            buffer.resize(kept + read_bytes);
            const ssize_t got = ::read(fd.get(), buffer.data() + kept, read_bytes);
            buffer.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
            if (got < 0 && errno != EINTR) {
                return journal_error("a journal segment cannot be read", file, errno);
            }
            if (got == 0) {
                break;
            }
            auto found = take_lines(buffer);
            if (found) {
                return found;
            }
        }
        if (buffer.empty()) {
            return std::optional<std::string>();
        }
        line_number += 1;
        return std::optional<std::string>(
            problem(buffer, "not finished; a crash does that, and the next start cuts it off"));
    }
};

Result<std::optional<std::string>> check_segment(const std::filesystem::path& file,
                                                 ChainCheck& chain) {
    const auto named = segment_first_seq(file.filename().string());
    if (*named != chain.seq() + 1) {
        return std::optional<std::string>("segment " + file.filename().string() + ", line 1, seq " +
                                          std::to_string(chain.seq() + 1) +
                                          ": records before this segment are missing");
    }
    return SegmentReader{file, chain}.run();
}

} // namespace

Result<JournalVerdict> verify_journal(const std::filesystem::path& folder) {
    auto segments = list_segments(folder);
    if (!segments) {
        return segments.error();
    }
    JournalVerdict verdict;
    ChainCheck chain;
    for (const auto& file : *segments) {
        auto checked = check_segment(file, chain);
        if (!checked) {
            return checked.error();
        }
        verdict.record_count = chain.seq();
        verdict.problem = std::move(*checked);
        if (verdict.problem) {
            break;
        }
    }
    return verdict;
}

Result<std::vector<std::string>> tail_journal(const std::filesystem::path& folder,
                                              std::size_t count) {
    auto segments = list_segments(folder);
    if (!segments) {
        return segments.error();
    }
    std::vector<std::string> lines;
    for (auto file = segments->rbegin(); file != segments->rend() && lines.size() < count; ++file) {
        auto reader = BackwardLines::open(*file);
        if (!reader) {
            return reader.error();
        }
        auto torn = reader->skip_torn_tail();
        if (!torn) {
            return torn.error();
        }
        while (lines.size() < count) {
            auto line = reader->next();
            if (!line) {
                return line.error();
            }
            if (!*line) {
                break;
            }
            lines.emplace_back(**line);
        }
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
}

} // namespace gatehouse::gateway
