#include "gateway/journal/journal.hpp"

#include "gateway/journal/record_line.hpp"
#include "gateway/journal/segment_writer.hpp"
#include "runtime/base/log.hpp"

#include <boost/asio/associated_executor.hpp>
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
    AppendWaiterOf(Handler handler, const Executor& loop)
        : handler_(std::move(handler)),
          executor_(asio::prefer(asio::get_associated_executor(handler_, loop),
                                 asio::execution::outstanding_work.tracked)) {}
    // Posted, so that the caller never runs inside the journal's own work.
    void resume(AppendResult result) override {
        asio::post(executor_, [handler = std::move(handler_), value = std::move(result)]() mutable {
            std::move(handler)(std::move(value));
        });
    }

  private:
    Handler handler_;
    Executor executor_;
};

struct AppendWait {
    std::unique_ptr<AppendWaiter> waiter;
    std::uint64_t seq = 0;
};
using AppendWaits = std::vector<AppendWait>;

void resume_all(AppendWaits waits, const Result<void>& outcome) {
    for (AppendWait& wait : waits) {
        wait.waiter->resume(outcome ? AppendResult(wait.seq) : AppendResult(outcome.error()));
    }
}

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
    JournalCore(Executor loop, const Clock& clock, SegmentWriter writer, bool sync)
        : loop_(std::move(loop)), clock_(clock), segments_(std::move(writer)),
          good_(segments_.recovered()), ahead_(good_) {
        if (sync) {
            sync_thread_ = std::make_unique<asio::thread_pool>(1);
        }
    }

    std::uint64_t last_seq() const { return good_.seq; }

    std::uint64_t add(const JournalRecord& record, std::unique_ptr<AppendWaiter> waiter) {
        records_.write(record, clock_.wall_now(), ahead_, batch_);
        const std::uint64_t seq = ahead_.seq;
        if (waiter) {
            waits_.push_back({std::move(waiter), seq});
        }
        if (batch_.size() >= batch_max_bytes) {
            flush();
        } else if (!flush_posted_) {
            flush_posted_ = true;
            asio::post(loop_, [core = shared_from_this()] {
                core->flush_posted_ = false;
                core->flush();
            });
        }
        return seq;
    }

    // Nothing stays in memory, and nobody waits on the sync thread any more.
    void close() {
        flush();
        if (sync_thread_) {
            sync_thread_->join();
            // What the joined sync did not cover is synced here; its completion may never be run.
            const Result<void> outcome = sync_files(segments_.take_unsynced());
            resume_all(std::exchange(sync_running_, {}), last_sync_);
            resume_all(std::exchange(sync_next_, {}), outcome);
        }
    }

  private:
    void flush() {
        if (batch_.empty()) {
            return;
        }
        const Result<void> written = segments_.write(batch_, good_.seq + 1);
        batch_.clear();
        AppendWaits waits = std::exchange(waits_, {});
        if (!written) {
            ahead_ = good_;
            note_failure(written);
            resume_all(std::move(waits), written);
            return;
        }
        good_ = ahead_;
        note_failure(written);
        if (!sync_thread_) {
            resume_all(std::move(waits), written);
            return;
        }
        std::move(waits.begin(), waits.end(), std::back_inserter(sync_next_));
        start_sync();
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
        resume_all(std::exchange(sync_running_, {}), last_sync_);
        start_sync();
    }

    Executor loop_;
    const Clock& clock_;
    SegmentWriter segments_;
    RecordWriter records_;
    ChainPosition good_;  // of the last record written
    ChainPosition ahead_; // of the last record in the batch
    std::string batch_;
    AppendWaits waits_;
    bool flush_posted_ = false;
    bool failing_ = false;

    std::unique_ptr<asio::thread_pool> sync_thread_;
    bool sync_busy_ = false;
    AppendWaits sync_running_;
    AppendWaits sync_next_;
    Result<void> last_sync_; // written by the sync thread while sync_busy_, read by the loop after
};

namespace {

struct StartAppend {
    std::shared_ptr<JournalCore> core;
    Executor loop;

    template <class Handler>
    void operator()(Handler&& handler, JournalRecord record) const {
        using Waiter = AppendWaiterOf<std::decay_t<Handler>>;
        core->add(record, std::make_unique<Waiter>(std::forward<Handler>(handler), loop));
    }
};

} // namespace

struct Journal::Impl {
    Executor loop;
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
    auto core =
        std::make_shared<JournalCore>(executor, clock, std::move(*writer), options.sync_to_disk);
    auto impl = std::make_unique<Impl>(Impl{std::move(executor), std::move(core)});
    return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Task<Result<std::uint64_t>> Journal::append(JournalRecord record) {
    using Signature = void(AppendResult);
    return asio::async_initiate<const asio::use_awaitable_t<>, Signature>(
        StartAppend{impl_->core, impl_->loop}, asio::use_awaitable, std::move(record));
}

void Journal::append_later(JournalRecord record) {
    impl_->core->add(record, nullptr);
}

std::uint64_t Journal::last_seq() const {
    return impl_->core->last_seq();
}

} // namespace gatehouse::gateway
