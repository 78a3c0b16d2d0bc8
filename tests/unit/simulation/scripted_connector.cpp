#include "tests/unit/simulation/scripted_connector.hpp"

#include "tests/unit/simulation/virtual_time.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace gatehouse::simulation {

namespace {

constexpr std::string_view tag_key = "\"tag\":\"c";

int tag_in(const std::string& line) {
    const std::size_t at = line.find(tag_key);
    return at == std::string::npos ? -1 : std::atoi(line.c_str() + at + tag_key.size());
}

std::string id_in(const std::string& line) {
    const std::size_t start = line.find("\"id\":") + 5;
    return line.substr(start, line.find_first_of(",}", start) - start);
}

} // namespace

Manners draw_manners(Random& random) {
    Manners manners;
    const auto sometimes = [&random](int most) {
        return random.percent(50) ? 0 : random.between(1, most);
    };
    manners.answer_max_ms = random.percent(50) ? 50 : random.between(50, 4'000);
    manners.silent = sometimes(40);
    manners.late = sometimes(20);
    manners.twice = sometimes(30);
    manners.unknown_id = sometimes(30);
    manners.garbage = sometimes(30);
    manners.pieces = sometimes(60);
    if (random.percent(50)) {
        manners.dies_at = random.time_between(0, 6'000);
        manners.dies_mid_line = random.percent(50);
    }
    if (random.percent(30)) {
        manners.deaf_from = random.time_between(0, 3'000);
        manners.deaf_for = random.time_between(10, 30'000);
    }
    return manners;
}

ScriptedConnector::ScriptedConnector(Executor executor, Ends ends, Manners manners, Random& random)
    : executor_(executor), input_(executor, ends.input.release()),
      output_(executor, ends.output.release()), manners_(manners), random_(random),
      said_(executor) {}

void ScriptedConnector::start(TaskGroup& group) {
    group_ = &group;
    group.spawn("connector reads", read(*this));
    group.spawn("connector writes", write(*this));
    if (manners_.dies_at >= milliseconds(0)) {
        group.spawn("connector dies", die(*this));
    }
}

Task<void> ScriptedConnector::pause(ScriptedConnector& self, milliseconds time) {
    auto waiting = self.said_.wait_for(time);
    co_await std::move(waiting);
}

Task<void> ScriptedConnector::read(ScriptedConnector& self) {
    std::array<char, 4096> block;
    for (;;) {
        const milliseconds now = VirtualTime::passed();
        const bool deaf = self.manners_.deaf_from >= milliseconds(0) &&
                          now >= self.manners_.deaf_from &&
                          now < self.manners_.deaf_from + self.manners_.deaf_for;
        if (deaf && !self.dead_) {
            auto waiting = pause(self, self.manners_.deaf_from + self.manners_.deaf_for - now);
            co_await std::move(waiting);
            continue;
        }
        boost::system::error_code failure;
        auto token = asio::redirect_error(asio::use_awaitable, failure);
        auto reading = self.input_.async_read_some(asio::buffer(block), token);
        const std::size_t count = co_await std::move(reading);
        if (failure) {
            break;
        }
        self.all_received_.append(block.data(), count);
        self.held_.append(block.data(), count);
        for (std::size_t end; (end = self.held_.find('\n')) != std::string::npos;) {
            const std::string line = self.held_.substr(0, end);
            self.held_.erase(0, end + 1);
            self.accept(line);
        }
    }
    self.input_over_ = true;
    self.said_.notify();
}

void ScriptedConnector::accept(const std::string& line) {
    const int tag = tag_in(line);
    if (tag < 0 || line.find("\"tools/call\"") == std::string::npos) {
        return;
    }
    on_call(tag);
    if (dead_) {
        return;
    }
    if (random_.percent(manners_.garbage)) {
        say(random_.percent(50) ? "no JSON at all" : R"({"jsonrpc":"2.0","result":{}})");
    }
    if (random_.percent(manners_.unknown_id)) {
        say(answer_line(std::to_string(random_.between(0, 100'000) + 1'000'000), tag));
    }
    if (random_.percent(manners_.silent)) {
        return;
    }
    const bool late = random_.percent(manners_.late);
    const milliseconds delay = late ? random_.time_between(5'000, 60'000)
                                    : random_.time_between(0, manners_.answer_max_ms);
    std::string id = id_in(line);
    if (manners_.swaps_ids) {
        std::swap(id, last_id_);
        if (id.empty()) {
            return;
        }
    }
    group_->spawn("answer", answer(*this, std::move(id), tag, delay));
}

std::string ScriptedConnector::answer_line(const std::string& id, int tag) {
    const std::string body = R"({"tag":"c)" + std::to_string(tag) + R"("})";
    if (random_.percent(manners_.error)) {
        return R"({"jsonrpc":"2.0","id":)" + id +
               R"(,"error":{"code":-32000,"message":"no","data":)" + body + "}}";
    }
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + body + "}";
}

Task<void> ScriptedConnector::answer(ScriptedConnector& self, std::string id, int tag,
                                     milliseconds delay) {
    asio::steady_timer timer(self.executor_, delay);
    co_await timer.async_wait(asio::use_awaitable);
    self.say(self.answer_line(id, tag));
    if (self.random_.percent(self.manners_.twice)) {
        self.say(self.answer_line(id, tag));
    }
}

void ScriptedConnector::say(const std::string& line) {
    if (!dead_) {
        to_say_ += line + "\n";
        said_.notify();
    }
}

Task<void> ScriptedConnector::write(ScriptedConnector& self) {
    while (!self.dead_ && !self.input_over_) {
        if (self.to_say_.empty()) {
            auto waiting = self.said_.wait_for(std::chrono::hours(1));
            co_await std::move(waiting);
            continue;
        }
        const bool piece = self.random_.percent(self.manners_.pieces);
        const auto all = static_cast<int>(self.to_say_.size());
        const auto count = static_cast<std::size_t>(piece ? self.random_.between(1, all) : all);
        const std::string now = self.to_say_.substr(0, count);
        self.to_say_.erase(0, count);
        boost::system::error_code failure;
        auto token = asio::redirect_error(asio::use_awaitable, failure);
        auto writing = asio::async_write(self.output_, asio::buffer(now), token);
        co_await std::move(writing);
        if (failure) {
            break;
        }
        if (piece) {
            asio::steady_timer timer(self.executor_, self.random_.time_between(1, 30));
            co_await timer.async_wait(asio::use_awaitable);
        }
    }
}

Task<void> ScriptedConnector::die(ScriptedConnector& self) {
    asio::steady_timer timer(self.executor_, self.manners_.dies_at);
    co_await timer.async_wait(asio::use_awaitable);
    self.dead_ = true;
    self.to_say_.clear();
    boost::system::error_code ignored;
    if (self.manners_.dies_mid_line) {
        self.output_.write_some(asio::buffer(R"({"jsonrpc":"2.0","id":1,"resu)", 28), ignored);
    }
    self.on_death();
    self.output_.close(ignored);
    self.said_.notify();
}

} // namespace gatehouse::simulation
