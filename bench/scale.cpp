// SPDX-License-Identifier: MIT
// What many series and many threads change about the cost of an increment, and many series about that of a line.
#include "harness.hpp"
#include "pages.hpp"
#include "tacho/export/endpoint.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

many_counters& a_million() {
    static many_counters instance{1'000'000};
    return instance;
}

namespace {

// Threads that have counted, and live as long as this.
class idle_threads {
public:
    idle_threads(std::size_t count, std::function<void()> const& touch) {
        for (std::size_t i = 0; i < count; ++i)
            members_.emplace_back([this, &touch] {
                touch();
                std::unique_lock lock{mutex_};
                ++begun_;
                one_begun_.notify_one();
                ended_.wait(lock, [this] { return end_; });
            });
        std::unique_lock lock{mutex_};
        one_begun_.wait(lock, [&] { return begun_ == count; });
    }
    ~idle_threads() {
        {
            std::lock_guard const lock{mutex_};
            end_ = true;
        }
        ended_.notify_all();
        for (auto& m : members_) m.join();
    }
    idle_threads(idle_threads const&) = delete;
    idle_threads& operator=(idle_threads const&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable one_begun_, ended_;  // else each that begins wakes all before it, also while one measures
    std::size_t begun_ = 0;
    bool end_ = false;
    std::vector<std::thread> members_;
};

constexpr std::size_t counted_alone = 500'000;

// The million, and the hand loop that knows its lines.
class million_pages {
public:
    million_pages() {
        pages(
            "text/1000000/tacho", ours_.size(), [this] { ours_.change(); },
            [this] { benchmark::DoNotOptimize(endpoint_.respond({}).body().data()); }, [this] { return agree(); });
        pages(
            "text/1000000/hand", ours_.size(), [this] { change_by_hand(); }, [this] { by_hand_.make(); },
            [this] { return agree(); });
    }

private:
    void change_by_hand() {
        ++steps_by_hand_;
        for (std::size_t i = 0; i < by_hand_.lines.size(); ++i) by_hand_.lines[i].number += amount(i, steps_by_hand_);
    }
    bool agree() {
        // One of them counts in another benchmark, too.
        auto const besides = static_cast<std::uint64_t>(total(ours_.registry()) - ours_.added());
        by_hand_.lines[counted_alone].number += besides - std::exchange(besides_, besides);
        while (ours_.steps() < steps_by_hand_) ours_.change();
        while (steps_by_hand_ < ours_.steps()) change_by_hand();
        by_hand_.make();
        return endpoint_.respond({}).body() == by_hand_.text();
    }

    many_counters& ours_ = a_million();
    tacho::endpoint endpoint_{ours_.registry()};
    hand_loop by_hand_{endpoint_.respond({}).body()};
    std::size_t steps_by_hand_ = ours_.steps();
    std::uint64_t besides_ = 0;
};

struct world {
    tacho::registry registry;
    tacho::counter<"bench.integers"> integers{registry};
    tacho::counter_handle<std::uint64_t, tacho::cells::sharded> handle = integers.bind();
};

}  // namespace

void series_rows(table& to) {
    static world w;
    touch_by_all([] { w.handle.inc(); });
    one_thread("series/1", subject{[handle = w.handle](std::size_t) { handle.inc(); },
                                   goes_up_by(batch, [] { return total(w.registry); })});
    one_thread("series/1000000",
               subject{[handle = a_million().handle(counted_alone)](std::size_t) { handle.inc(); },
                       goes_up_by(batch, [] { return total(a_million().registry()) - a_million().added(); })});
    static million_pages const pages_of_a_million;
    to.add({"text of 1000000 counters, a line", "text/1000000/tacho", "text/10000/tacho", "tacho, 10000 counters", "ns",
            2.3});
    to.add({"text of 1000000 counters, a line", "text/1000000/tacho", "text/1000000/hand", "hand loop", "ns", 1.25});
    to.add({"counter, inc, one of 1000000 series", "series/1000000", "series/1", "tacho, the only series", "ns", 1.25});
}

void thread_rows(table& to) {
    static world w;
    touch_by_all([] { w.handle.inc(); });
    auto const holds = goes_up_by(batch, [] { return total(w.registry); });
    auto const by_one_of = [=](std::string const& name, std::size_t live) {
        auto const run = [=](benchmark::State& state) {
            idle_threads const others{live - crowd::size, [] { w.handle.inc(0); }};
            auto const inc = [handle = w.handle](std::size_t) { handle.inc(); };
            local<decltype(inc)> const own{inc};
            for (auto _ : state)
                for (std::size_t i = 0; i < batch; i += 8) eight(own.op, i);
            state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
            if (!holds(static_cast<double>(state.iterations()))) disprove(name);
        };
        benchmark::RegisterBenchmark(name.c_str(), run)->MinTime(how_hard.seconds)->Repetitions(how_hard.repetitions);
    };
    by_one_of("threads/3", 3);
    by_one_of("threads/200", 200);
    to.add({"counter, inc, 200 threads live", "threads/200", "threads/3", "tacho, 3 threads live", "ns", 1.25});
}

}  // namespace bench
