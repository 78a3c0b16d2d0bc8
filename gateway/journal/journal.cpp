#include "gateway/journal/journal.hpp"

#include "gateway/journal/open_intents.hpp"
#include "gateway/journal/record_line.hpp"
#include "gateway/journal/segment_writer.hpp"
#include "runtime/base/log.hpp"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <utility>

namespace gatehouse::gateway {

namespace {

using AppendResult = Result<std::uint64_t>;

// A batch this large is written at once instead of at the end of the loop's turn: the buffer's
// bound.
constexpr std::size_t batch_max_bytes = 1 << 20;

// Someone who awaits an append.
class AppendWaiter {
  public:
    virtual ~AppendWaiter() = default;
    virtual void resume(AppendResult result) = 0;
};

template <class Handler>
class AppendWaiterOf final : public AppendWaiter {
  public:
    explicit AppendWaiterOf(Handler handler) : handler_(std::move(handler)) {}
    void resume(AppendResult result) override { std::move(handler_)(std::move(result)); }

  private:
    Handler handler_;
};

struct AppendWait {
    std::unique_ptr<AppendWaiter> waiter;
    std::uint64_t seq = 0;
};
using AppendWaits = std::vector<AppendWait>;

// Resumes the callers inside this call: the last thing that a turn of the journal's own does.
void resume_all(AppendWaits waits, const Result<void>& outcome) {
    for (AppendWait& wait : waits) {
        wait.waiter->resume(outcome ? AppendResult(wait.seq) : AppendResult(outcome.error()));
    }
}

// For the places where the caller would run inside somebody else's work.
void post_resume_all(const Executor& loop, AppendWaits waits, const Result<void>& outcome) {
    if (!waits.empty()) {
        auto tracked = asio::prefer(loop, asio::execution::outstanding_work.tracked);
        asio::post(tracked, [waits = std::move(waits), outcome]() mutable {
            resume_all(std::move(waits), outcome);
        });
    }
}

// A record in the batch; `flush_number` tells which flush decides over it.
struct AddedRecord {
    std::uint64_t seq = 0;
    std::uint64_t flush_number = 0;
};

// Runs on the sync thread. fsync and not fdatasync: it serves the folder too, and for a file that
// has grown the two cost the same.
Result<void> sync_files(const std::vector<std::shared_ptr<UniqueFd>>& files) {
    for (const auto& file : files) {
        if (::fsync(file->get()) != 0) {
            return journal_error("the journal cannot be synced to disk", "", errno);
        }
    }
    return {};
}

} // namespace

// Lives as long as the posted flush that may outlast the journal.
class JournalCore final : public std::enable_shared_from_this<JournalCore> {
  public:
    JournalCore(Executor loop, const Clock& clock, SegmentWriter writer,
                const JournalOptions& options)
        : loop_(std::move(loop)), clock_(clock), segments_(std::move(writer)),
          good_(segments_.recovered()), ahead_(good_), mark_every_(options.mark_every),
          mark_seq_(good_.seq) {
        if (options.sync_to_disk) {
            sync_thread_ = std::make_unique<asio::thread_pool>(1);
        }
    }

    std::uint64_t last_seq() const { return good_.seq; }

    AddedRecord add(const JournalRecord& record) {
        if (batch_.size() >= batch_max_bytes) {
            flush_and_post();
        }
        if (batch_.empty()) {
            put_owed();
        }
        if (ahead_.seq - mark_seq_ >= mark_every_) {
            put_mark();
        }
        put(record);
        post_flush();
        return {ahead_.seq, flush_number_};
    }

    // These come before every other record: whatever is written next is written with them.
    void owe(std::vector<JournalRecord> records) {
        owed_ = std::move(records);
        if (!owed_.empty()) {
            put_owed();
            post_flush();
        }
    }

    void wait(const AddedRecord& added, std::unique_ptr<AppendWaiter> waiter) {
        AppendWait entry{std::move(waiter), added.seq};
        if (added.flush_number == flush_number_) {
            waits_.push_back(std::move(entry));
            return;
        }
        // Its flush was before the caller came to wait. The record is certain to stand only if no
        // flush has failed since.
        AppendWaits late;
        late.push_back(std::move(entry));
        if (last_failure_ && added.flush_number <= failed_flush_number_) {
            post_resume_all(loop_, std::move(late), *last_failure_);
        } else if (sync_thread_) {
            std::move(late.begin(), late.end(), std::back_inserter(sync_next_));
            start_sync();
        } else {
            post_resume_all(loop_, std::move(late), {});
        }
    }

    // Nothing stays in memory, and nobody waits on the sync thread any more.
    void close() {
        flush_and_post();
        if (sync_thread_) {
            sync_thread_->join();
            // What the joined sync did not cover is synced here; its completion may never be run.
            const Result<void> outcome = sync_files(segments_.take_unsynced());
            post_resume_all(loop_, std::exchange(sync_running_, {}), last_sync_);
            post_resume_all(loop_, std::exchange(sync_next_, {}), outcome);
        }
    }

  private:
    void put(const JournalRecord& record) {
        records_.write(record, clock_.wall_now(), ahead_, batch_);
        intents_.add(record, ahead_.seq);
    }

    void put_owed() {
        for (const JournalRecord& record : owed_) {
            put(record);
        }
    }

    void put_mark() {
        JournalRecord mark;
        mark.kind = RecordKind::daemon;
        mark.action = std::string(action_journal_mark);
        mark.target = std::to_string(intents_.oldest_seq());
        put(mark);
        mark_seq_ = ahead_.seq;
    }

    void post_flush() {
        if (flush_posted_) {
            return;
        }
        flush_posted_ = true;
        asio::post(loop_, [core = shared_from_this()] {
            core->flush_posted_ = false;
            const Result<void> written = core->flush();
            resume_all(std::exchange(core->decided_, {}), written);
        });
    }

    // Leaves those whom it has decided over in decided_, for its caller to resume.
    Result<void> flush() {
        if (batch_.empty()) {
            return {};
        }
        Result<void> written = segments_.write(batch_, good_.seq + 1);
        batch_.clear();
        AppendWaits waits = std::exchange(waits_, {});
        if (written) {
            good_ = ahead_;
            owed_.clear();
            intents_.batch_written();
        } else {
            ahead_ = good_;
            intents_.batch_lost(good_.seq);
            mark_seq_ = std::min(mark_seq_, good_.seq);
            last_failure_ = written;
            failed_flush_number_ = flush_number_;
        }
        ++flush_number_;
        note_failure(written);
        if (written && sync_thread_) {
            std::move(waits.begin(), waits.end(), std::back_inserter(sync_next_));
            start_sync();
        } else {
            decided_ = std::move(waits);
        }
        return written;
    }

    void flush_and_post() {
        const Result<void> written = flush();
        post_resume_all(loop_, std::exchange(decided_, {}), written);
    }

    // Logged when it begins and when it ends; a full disk must not fill the log as well.
    void note_failure(const Result<void>& written) {
        if (!written && !failing_) {
            log_error("journal: " + to_text(written.error()) + "; calls are refused meanwhile");
        }
        if (written && failing_) {
            log_info("journal: can be written again");
        }
        failing_ = !written;
    }

    // One sync at a time; what is appended meanwhile joins the next.
    void start_sync() {
        if (sync_busy_ || sync_next_.empty()) {
            return;
        }
        sync_busy_ = true;
        sync_running_ = std::exchange(sync_next_, {});
        auto loop = asio::prefer(loop_, asio::execution::outstanding_work.tracked);
        asio::post(*sync_thread_, [core = shared_from_this(), files = segments_.take_unsynced(),
                                   loop = std::move(loop)] {
            core->last_sync_ = sync_files(files);
            asio::post(loop, [core] { core->sync_done(); });
        });
    }

    void sync_done() {
        sync_busy_ = false;
        if (!last_sync_) {
            log_error("journal: " + to_text(last_sync_.error()));
        }
        post_resume_all(loop_, std::exchange(sync_running_, {}), last_sync_);
        start_sync();
    }

    Executor loop_;
    const Clock& clock_;
    SegmentWriter segments_;
    RecordWriter records_;
    ChainPosition good_;  // of the last record written
    ChainPosition ahead_; // of the last record in the batch
    std::string batch_;
    std::vector<JournalRecord> owed_; // until they are written
    OpenIntents intents_;
    std::uint64_t mark_every_;
    std::uint64_t mark_seq_; // of the last mark, or where this run began
    AppendWaits waits_;
    AppendWaits decided_;
    std::uint64_t flush_number_ = 1;
    std::uint64_t failed_flush_number_ = 0;
    std::optional<Result<void>> last_failure_;
    bool flush_posted_ = false;
    bool failing_ = false;

    std::unique_ptr<asio::thread_pool> sync_thread_;
    bool sync_busy_ = false;
    AppendWaits sync_running_;
    AppendWaits sync_next_;
    Result<void> last_sync_; // written by the sync thread while sync_busy_, read by the loop after
};

namespace {

struct StartAppendWait {
    std::shared_ptr<JournalCore> core;
    AddedRecord added;

    template <class Handler>
    void operator()(Handler&& handler) const {
        using Waiter = AppendWaiterOf<std::decay_t<Handler>>;
        core->wait(added, std::make_unique<Waiter>(std::forward<Handler>(handler)));
    }
};

} // namespace

struct Journal::Impl {
    std::shared_ptr<JournalCore> core;
};

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() {
    impl_->core->close();
}

Result<std::unique_ptr<Journal>> Journal::open(Executor executor, const Clock& clock,
                                               JournalOptions options) {
    auto writer = SegmentWriter::open(options.folder, options.segment_max_bytes);
    if (!writer) {
        return writer.error();
    }
    auto closings = closings_of_open_intents(options.folder);
    if (!closings) {
        return closings.error();
    }
    if (!closings->empty()) {
        log_warn("journal: " + std::to_string(closings->size()) +
                 " calls of an earlier run have no outcome; recorded as may_have_run (GH-G905)");
    }
    auto core =
        std::make_shared<JournalCore>(std::move(executor), clock, std::move(*writer), options);
    core->owe(std::move(*closings));
    auto impl = std::make_unique<Impl>(Impl{std::move(core)});
    return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Task<Result<std::uint64_t>> Journal::append(const JournalRecord& record) {
    using Signature = void(AppendResult);
    const AddedRecord added = impl_->core->add(record);
    return asio::async_initiate<const asio::use_awaitable_t<>, Signature>(
        StartAppendWait{impl_->core, added}, asio::use_awaitable);
}

void Journal::append_later(const JournalRecord& record) {
    impl_->core->add(record);
}

std::uint64_t Journal::last_seq() const {
    return impl_->core->last_seq();
}

} // namespace gatehouse::gateway
