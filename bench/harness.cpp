// SPDX-License-Identifier: MIT
// Threads, proofs and rounds.
#include "harness.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

namespace bench {

namespace {

// Keeps a thread on the `place`-th processor that the program may use. Two threads that wake at the same moment on a
// busy machine otherwise run one after the other, on the same processor.
void stay_at([[maybe_unused]] std::size_t place) {
#if defined(__linux__)
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    std::vector<std::size_t> processors;
    for (std::size_t i = 0; i < CPU_SETSIZE; ++i)
        if (CPU_ISSET(i, &allowed)) processors.push_back(i);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processors[place % processors.size()], &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
#endif
}

}  // namespace

crowd::crowd() {
    for (std::size_t who = 0; who < size; ++who)
        members_.emplace_back([this, who] {
            stay_at(who);
            live(who);
        });
}

crowd::~crowd() {
    {
        std::lock_guard const lock{mutex_};
        end_ = true;
    }
    changed_.notify_all();
    for (auto& m : members_) m.join();
}

void crowd::run(std::size_t threads, std::function<void(std::size_t)> const& work) {
    std::unique_lock lock{mutex_};
    work_ = &work;
    threads_ = busy_ = threads;
    ++round_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return busy_ == 0; });
}

void crowd::live(std::size_t who) {
    std::unique_lock lock{mutex_};
    for (std::uint64_t seen = 0;;) {
        changed_.wait(lock, [&] { return end_ || round_ != seen; });
        if (end_) return;
        seen = round_;
        if (who >= threads_) continue;
        lock.unlock();
        (*work_)(who);
        lock.lock();
        if (--busy_ == 0) changed_.notify_all();
    }
}

crowd& the_crowd() {
    static crowd instance;
    return instance;
}

void touch_by_all(std::function<void()> const& f) {
    std::mutex one_at_a_time;  // not everything that is touched may be touched by two
    the_crowd().run(crowd::size, [&](std::size_t) {
        std::lock_guard const lock{one_at_a_time};
        f();
    });
    f();
}

proof goes_up_by(double per_batch, std::function<double()> read) {
    auto const last = std::make_shared<double>(read());  // all copies of the proof look at the same number
    return [=](double batches) {
        double const before = *last;
        *last = read();
        return *last - before == batches * per_batch;
    };
}

double total(tacho::registry const& in) {
    struct adder {
        double sum = 0;
        void number(tacho::family const&, tacho::series const&, tacho::number n) { sum += n.as_double(); }
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const& h) {
            sum += static_cast<double>(h.count);
        }
        void exponential_histogram(tacho::family const&, tacho::series const&, tacho::exponential_value const& x) {
            sum += static_cast<double>(x.count);
        }
    } all;
    in.visit(all);
    return all.sum;
}

namespace {
std::vector<std::string> failed;
}

void disprove(std::string const& name) {
    if (std::find(failed.begin(), failed.end(), name) == failed.end()) failed.push_back(name);
}
std::vector<std::string> const& disproved() {
    return failed;
}

double side_by_side(std::span<stretch const> of) {
    auto first_begin = of.front().begin, last_begin = first_begin;
    auto first_end = of.front().end, last_end = first_end;
    std::chrono::duration<double, std::nano> sum{0};
    for (auto const& s : of) {
        first_begin = std::min(first_begin, s.begin);
        last_begin = std::max(last_begin, s.begin);
        first_end = std::min(first_end, s.end);
        last_end = std::max(last_end, s.end);
        sum += s.end - s.begin;
    }
    if ((first_end - last_begin) * 5 < (last_end - first_begin) * 4) return std::numeric_limits<double>::quiet_NaN();
    return sum.count() / static_cast<double>(of.size());
}

void rounds(std::string const& name, std::vector<contestant> contestants) {
    static std::atomic<std::uint64_t> bare{0};
    auto const run = [contestants = std::move(contestants)](benchmark::State& state) mutable {
        static std::minstd_rand order{1};
        auto const add = [](std::size_t) { bare.fetch_add(1, std::memory_order_relaxed); };
        for (auto _ : state) {
            bool quiet = false;
            for (int attempt = 0; attempt < 5 && !quiet; ++attempt) {
                double const before = together(2, 3 * batch, add);
                quiet = true;
                std::shuffle(contestants.begin(), contestants.end(), order);
                for (auto const& c : contestants) {
                    double const ns = c.measure();
                    state.counters[c.name] = ns;
                    quiet &= !std::isnan(ns);
                }
                double const after = together(2, 3 * batch, add);
                double const alone = together(1, 12 * batch, add);
                state.counters["bare x2"] = (before + after) / 2;
                state.counters["bare x1"] = alone;
                quiet &= before >= 3 * alone && after >= 3 * alone;  // false for what isn't a number
            }
            state.counters["quiet"] = quiet;
        }
    };
    benchmark::RegisterBenchmark(name.c_str(), run)->Iterations(1)->Repetitions(how_hard.rounds);
}

double thread_seconds() noexcept {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void pages(std::string const& name, std::size_t parts, std::function<void()> change, std::function<void()> make,
           std::function<bool()> holds) {
    auto const run = [=](benchmark::State& state) {
        make();  // warm
        std::uint64_t allocated = 0;
        for (auto _ : state) {
            change();
            auto const allocated_before = allocations();
            double const start = thread_seconds();
            make();
            state.SetIterationTime(thread_seconds() - start);
            allocated = allocations() - allocated_before;
        }
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(parts));
        state.counters["allocations"] = static_cast<double>(allocated);
        if (holds()) return;
        disprove(name);
        state.SkipWithError("it did not make the right page");
    };
    benchmark::RegisterBenchmark(name.c_str(), run)
        ->UseManualTime()
        ->MinTime(how_hard.seconds)
        ->Repetitions(how_hard.repetitions);
}

}  // namespace bench
