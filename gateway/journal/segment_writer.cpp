#include "gateway/journal/segment_writer.hpp"

#include "runtime/base/log.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gatehouse::gateway {

namespace {

Result<std::shared_ptr<UniqueFd>> lock_folder(const std::filesystem::path& folder) {
    std::error_code failed;
    if (std::filesystem::create_directories(folder, failed)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
    }
    if (failed) {
        return journal_error("the journal's folder cannot be made", folder, failed.value());
    }
    auto fd =
        std::make_shared<UniqueFd>(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!*fd) {
        return journal_error("the journal's folder cannot be opened", folder, errno);
    }
    // Two writers would break the chain.
    if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
        return Error{"GH-G901", "the journal cannot be written", folder.string(),
                     "another process is writing it",
                     "stop the other Gatehouse on this data folder"};
    }
    return fd;
}

} // namespace

Result<SegmentWriter> SegmentWriter::open(const std::filesystem::path& folder,
                                          std::uint64_t segment_max_bytes) {
    SegmentWriter writer;
    writer.folder_ = folder;
    writer.segment_max_bytes_ = segment_max_bytes;
    auto locked = lock_folder(folder);
    if (!locked) {
        return locked.error();
    }
    writer.folder_fd_ = std::move(*locked);
    auto recovered = writer.recover();
    if (!recovered) {
        return recovered.error();
    }
    return writer;
}

Result<void> SegmentWriter::recover() {
    auto segments = list_segments(folder_);
    if (!segments) {
        return segments.error();
    }
    // From the newest back to the first that holds a record: a crash can leave an empty one behind.
    bool newest = true;
    for (auto file = segments->rbegin(); file != segments->rend() && recovered_.seq == 0; ++file) {
        auto done = recover_segment(*file, newest);
        if (!done) {
            return done;
        }
        newest = false;
    }
    if (segments->empty()) {
        return start_segment(1);
    }
    const auto named = segment_first_seq(segments->back().filename().string());
    const bool empty = good_bytes_ == 0;
    if (empty && *named != recovered_.seq + 1) {
        return journal_damaged_error(segments->back(), "records before this segment are missing");
    }
    return {};
}

Result<void> SegmentWriter::recover_segment(const std::filesystem::path& file, bool newest) {
    auto lines = BackwardLines::open(file);
    if (!lines) {
        return lines.error();
    }
    auto torn = lines->skip_torn_tail();
    if (!torn) {
        return torn.error();
    }
    if (*torn > 0 && !newest) {
        return journal_damaged_error(file, "it ends in the middle of a record");
    }
    auto line = lines->next();
    if (!line) {
        return line.error();
    }
    if (*line) {
        const auto parts = parse_record_line(**line);
        JournalHasher hasher;
        if (!parts || digest_text(hasher.hex(parts->hashed)) != parts->hash) {
            return journal_damaged_error(file, "its last record was changed");
        }
        recovered_.seq = parts->seq;
        std::copy(parts->hash.begin(), parts->hash.end(), recovered_.hash.begin());
    }
    if (!newest) {
        return {};
    }
    if (*torn > 0) {
        log_warn("journal: cut " + std::to_string(*torn) + " bytes of an unfinished record off " +
                 file.string());
    }
    return open_end(file, lines->file_bytes() - *torn);
}

Result<void> SegmentWriter::open_end(const std::filesystem::path& file, std::uint64_t good_bytes) {
    auto fd = std::make_shared<UniqueFd>(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!*fd) {
        return journal_error("a journal segment cannot be opened", file, errno);
    }
    if (fd_ && end_written_) {
        unsynced_.push_back(std::move(fd_));
    }
    end_written_ = false;
    file_ = file;
    fd_ = std::move(fd);
    good_bytes_ = good_bytes;
    cut_pending_ = true;
    return cut_back();
}

Result<void> SegmentWriter::start_segment(std::uint64_t first_seq) {
    const auto file = folder_ / segment_name(first_seq);
    // A file of that name can only be the rest of an attempt that wrote no record.
    auto opened = open_end(file, 0);
    folder_changed_ = true;
    return opened;
}

Result<void> SegmentWriter::cut_back() {
    if (cut_pending_) {
        if (::ftruncate(fd_->get(), static_cast<off_t>(good_bytes_)) != 0) {
            return journal_error("a journal segment cannot be cut back", file_, errno);
        }
        cut_pending_ = false;
    }
    return {};
}

// A full segment ends, and so does one that somebody else cut, grew or removed: writing on would
// hide it.
Result<void> SegmentWriter::check_end(std::uint64_t first_seq) {
    auto cut = cut_back();
    if (!cut) {
        return cut;
    }
    struct stat facts{};
    if (::fstat(fd_->get(), &facts) != 0) {
        return journal_error("a journal segment cannot be examined", file_, errno);
    }
    const bool touched = facts.st_nlink == 0 || facts.st_size != static_cast<off_t>(good_bytes_);
    if (touched) {
        log_error("journal: another program changed or removed " + file_.string() +
                  "; going on in a new segment");
        const auto next = folder_ / segment_name(first_seq);
        if (next == file_ && facts.st_nlink != 0) {
            return Error{"GH-G901", "the journal cannot be written", file_.string(),
                         "another program writes to it",
                         "keep other programs away from the folder"};
        }
        return start_segment(first_seq);
    }
    return {};
}

Result<void> SegmentWriter::write(std::string_view lines, std::uint64_t first_seq) {
    auto checked = check_end(first_seq);
    if (!checked) {
        return checked;
    }
    if (good_bytes_ > 0 && good_bytes_ + lines.size() > segment_max_bytes_) {
        auto started = start_segment(first_seq);
        if (!started) {
            return started;
        }
    }
    std::size_t done = 0;
    while (done < lines.size()) {
        const ssize_t written = ::pwrite(fd_->get(), lines.data() + done, lines.size() - done,
                                         static_cast<off_t>(good_bytes_ + done));
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            const int failure = written < 0 ? errno : ENOSPC;
            cut_pending_ = true;
            (void)cut_back(); // if it fails too, the next write tries it first
            return journal_error("the journal cannot be written", file_, failure);
        }
        done += static_cast<std::size_t>(written);
    }
    good_bytes_ += lines.size();
    end_written_ = true;
    return {};
}

std::vector<std::shared_ptr<UniqueFd>> SegmentWriter::take_unsynced() {
    auto files = std::move(unsynced_);
    unsynced_.clear();
    if (end_written_) {
        files.push_back(fd_);
        end_written_ = false;
    }
    if (folder_changed_) {
        files.push_back(folder_fd_);
        folder_changed_ = false;
    }
    return files;
}

} // namespace gatehouse::gateway
