// SPDX-License-Identifier: MIT
// How things are measured: an operation and its proof, alone or by two threads at once, and whole pages of text.
#pragma once

#include "table.hpp"
#include "tacho/registry/registry.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

// Set before benchmarks are registered.
struct effort {
    double seconds = 0.05;  // of one repetition
    int repetitions = 21;
    int rounds = 41;
    double stall = 1;  // seconds in which the slowest look-up is sought
    int pushes = 60;   // of many series, one a second
};
inline effort how_hard;

// Operations between two looks at the clock, and the length of input tables. A quarter of it is learnt by heart by the
// branch predictor of a Zen 4: a search in 11 bounds then takes 6 ns instead of 17.
inline constexpr std::size_t batch = 65536;

// What each operation of a batch is given. An array, whose address the compiler knows, so that no load comes before.
template <class T>
using input_table = std::array<T, batch>;

// Threads that live as long as the program. They write every cell once before it is measured, because a library that
// keeps numbers by thread has to add up over all of them.
class crowd {
public:
    static constexpr std::size_t size = 3;

    crowd();
    ~crowd();
    crowd(crowd const&) = delete;
    crowd& operator=(crowd const&) = delete;

    // Calls work(0), work(1), ... in `threads` of its threads at the same time.
    void run(std::size_t threads, std::function<void(std::size_t)> const& work);

private:
    void live(std::size_t who);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void(std::size_t)> const* work_ = nullptr;
    std::size_t threads_ = 0;  // that have a part in the work
    std::size_t busy_ = 0;     // that have not finished it
    std::uint64_t round_ = 0;
    bool end_ = false;
    std::vector<std::thread> members_;
};
[[nodiscard]] crowd& the_crowd();

// Calls f in each thread of the crowd and in this one.
void touch_by_all(std::function<void()> const& f);

// Whether all that was done since the last call was counted. A benchmark whose proof fails has no number.
using proof = std::function<bool(double batches)>;

// The proof of a number that goes up by `per_batch` with each batch of operations.
[[nodiscard]] proof goes_up_by(double per_batch, std::function<double()> read);

// The sum of all numbers in a registry, the observations of histograms included.
[[nodiscard]] double total(tacho::registry const& in);

// An operation, called with its number in the batch, and the proof that it happens.
template <class Op>
struct subject {
    Op op;
    proof holds;
};
template <class Op>
subject(Op, proof) -> subject<Op>;

// Takes down a measurement whose proof failed; the program then fails.
void disprove(std::string const& name);
[[nodiscard]] std::vector<std::string> const& disproved();

// Eight operations, so that the loop around them doesn't count: it alone takes one cycle or two, depending on where the
// linker puts it, and a relaxed store takes one. The barrier keeps the compiler from joining neighbours.
template <class Op>
inline void eight(Op const& op, std::size_t first) {
#pragma GCC unroll 8
    for (std::size_t i = first; i < first + 8; ++i) {
        op(i);
        benchmark::ClobberMemory();
    }
}

// An operation in a local variable, such as one that holds a handle, as a function of a program would. Not destroyed: a
// destructor that isn't inlined knows its address, and then the barrier makes the compiler read it again each time.
template <class Op>
union local {
    Op op;

    explicit local(Op const& from) : op(from) {}
    local(local const&) = delete;
    local& operator=(local const&) = delete;
    ~local() {}
};

// Measures the operation in this thread.
template <class Op>
void one_thread(std::string const& name, subject<Op> const& of) {
    auto const run = [name, of](benchmark::State& state) {
        local<Op> const own{of.op};
        for (auto _ : state)
            for (std::size_t i = 0; i < batch; i += 8) eight(own.op, i);
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
        if (of.holds(static_cast<double>(state.iterations()))) return;
        disprove(name);
        state.SkipWithError("it did not count what was done");
    };
    benchmark::RegisterBenchmark(name.c_str(), run)->MinTime(how_hard.seconds)->Repetitions(how_hard.repetitions);
}

// When a thread of the crowd began its work and when it ended.
struct stretch {
    std::chrono::steady_clock::time_point begin, end;
};

// Nanoseconds of these stretches; not a number when they did not lie side by side for four fifths of the time.
[[nodiscard]] double side_by_side(std::span<stretch const> of);

// Nanoseconds an operation takes each of `threads` threads that do it at the same time; not a number when they did not.
template <class Op>
[[nodiscard]] double together(std::size_t threads, std::size_t operations, Op const& of) {
    std::array<stretch, crowd::size> took{};
    std::atomic<std::size_t> here{0};
    the_crowd().run(threads, [&](std::size_t who) {
        local<Op> const own{of};
        std::size_t const first = who * batch / 2, last = first + operations;
        here.fetch_add(1);
        while (here.load() < threads) {
        }
        took[who].begin = std::chrono::steady_clock::now();
        for (std::size_t i = first; i < last; i += 8) eight(own.op, i % batch);
        took[who].end = std::chrono::steady_clock::now();
    });
    return side_by_side({took.data(), threads}) / static_cast<double>(operations);
}

// One of those that are measured side by side in a round.
struct contestant {
    std::string name;
    std::function<double()> measure;
};

// A contestant of `threads` threads. So many operations, whole batches where the proof wants them, that it takes a
// millisecond or two: long against the start, short against a time slice.
template <class Op>
[[nodiscard]] contestant by_threads(std::string const& name, std::size_t threads, std::size_t operations,
                                    subject<Op> const& of) {
    return {name, [=] {
                double const ns = together(threads, operations, of.op);
                if (!of.holds(static_cast<double>(threads * operations) / batch)) disprove(name);
                return ns;
            }};
}

// Measures the contestants one after another in random order, again and again. A round counts if, before and after it,
// a bare atomic that two threads share took at least three times as long as one that a single thread has, and if all
// its threads ran side by side: else a neighbour on the machine took one of the processors. A round that doesn't count
// is tried again a few times.
void rounds(std::string const& name, std::vector<contestant> contestants);

// Seconds of processor time that this thread has used.
[[nodiscard]] double thread_seconds() noexcept;

// How often this thread has allocated memory.
[[nodiscard]] std::uint64_t allocations() noexcept;

// Measures `make`, which makes a page of `parts` parts; `change` is called before each, unmeasured, so that no branch
// predictor learns a page by heart. `holds` looks at the last page.
void pages(std::string const& name, std::size_t parts, std::function<void()> change, std::function<void()> make,
           std::function<bool()> holds);

// What push_rows runs in a process of its own, where nobody else needs memory: prints what an increment takes before
// and during so many pushes, the memory after the first of them and after all, and how many failed.
int push_to_a_slow_receiver(int pushes);

void counter_rows(table& to);
void gauge_rows(table& to);
void histogram_rows(table& to);
void lookup_rows(table& to);
void text_rows(table& to);
void stall_rows(table& to);
void otlp_rows(table& to);
void memory_rows(table& to);
void series_rows(table& to);
void push_rows(table& to);
void compile_rows(table& to);
void httplib_rows(table& to);
void thread_rows(table& to);

}  // namespace bench
