#include "gateway/cli/follow_loop.hpp"

#include <algorithm>
#include <ostream>
#include <thread>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t event_json_max_depth = 16;

class PrintingReader final : public FollowReader {
  public:
    PrintingReader(CliContext& context, const FollowRequest& request)
        : context_(context), request_(request) {}

    void on_begin() override {
        if (away_) {
            context_.err << "the daemon is back; going on where it stopped\n";
        }
        away_ = false;
        attempts_ = 0;
    }
    bool on_event(std::string_view type, std::string_view data) override {
        const auto json = parse_json(data, event_json_max_depth);
        return !json || request_.on_event(type, *json);
    }
    bool on_sign() override {
        context_.out.flush();
        return context_.out.good() && !output_is_abandoned();
    }

    // Says it once, and waits.
    void wait_for_daemon() {
        if (!away_) {
            context_.err << "the daemon is gone; waiting for it to come back\n" << std::flush;
        }
        away_ = true;
        std::this_thread::sleep_for(follow_retry_wait(attempts_++));
    }

  private:
    CliContext& context_;
    const FollowRequest& request_;
    bool away_ = false;
    int attempts_ = 0;
};

} // namespace

std::chrono::milliseconds follow_retry_wait(int attempts) {
    constexpr int doublings_max = 5;
    constexpr std::chrono::milliseconds longest{2'000};
    return std::min(longest,
                    std::chrono::milliseconds(100) * (1 << std::min(attempts, doublings_max)));
}

ExitCode follow_loop(CliContext& context, const FollowRequest& request) {
    const auto client = connect_admin(context.options);
    if (!client) {
        return fail_with(context, client.error());
    }
    PrintingReader reader(context, request);
    std::string last_event_id;
    bool begun = false;
    for (;;) {
        const auto end = client.value().follow(request.target, last_event_id, reader);
        const bool away = !end && end.error().code == "GH-N503";
        if (!end && (!away || !begun)) {
            return fail_with(context, end.error());
        }
        if (end && *end == FollowEnd::reader_done) {
            return ExitCode::ok;
        }
        begun = true;
        if (output_is_abandoned()) {
            return ExitCode::ok;
        }
        reader.wait_for_daemon();
    }
}

} // namespace gatehouse::gateway
