// SPDX-License-Identifier: MIT
// Exponential histograms that many threads observe and others read. Run under ThreadSanitizer as well.
#include "support/latch.hpp"
#include "support/load.hpp"
#include "support/text.hpp"

#include "tacho/export/delta_memory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <map>
#include <thread>
#include <vector>

namespace {

using test::scale;

// What is shown of the one instrument, by bucket; negative buckets have keys of their own.
struct reader {
    std::map<std::int64_t, std::uint64_t> buckets;
    std::uint64_t count = 0;
    double sum = 0;
    int at_scale = 0;

    void number(tacho::family const&, tacho::series const&, tacho::number) {}
    void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&) {}
    void exponential_histogram(tacho::family const&, tacho::series const&, tacho::exponential_value const& value) {
        count = value.count;
        sum = value.sum;
        at_scale = value.scale;
        buckets[zeros] = value.zero_count;
        add(value.positive, 0);
        add(value.negative, negative);
    }
    void exponential_histogram(tacho::family const& f, tacho::series const& s, tacho::exponential_value const& value,
                               tacho::unix_nanos, tacho::temporality) {
        exponential_histogram(f, s, value);
    }
    void number(tacho::family const&, tacho::series const&, tacho::number, tacho::unix_nanos, tacho::temporality) {}
    void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&, tacho::unix_nanos,
                   tacho::temporality) {}
    void states(tacho::family const&, tacho::series const&, tacho::states_value) {}

    // The same buckets as they are at a coarser scale.
    [[nodiscard]] std::map<std::int64_t, std::uint64_t> at(int coarser) const {
        std::map<std::int64_t, std::uint64_t> out;
        for (auto const& [key, n] : buckets) {
            auto const from = key == zeros ? zeros : key >= negative / 2 ? negative : 0;
            out[from + ((key - from) >> (at_scale - coarser))] += n;
        }
        return out;
    }
    [[nodiscard]] std::uint64_t total() const {
        std::uint64_t all = 0;
        for (auto const& [key, n] : buckets) all += n;
        return all;
    }

private:
    static constexpr std::int64_t negative = std::int64_t{1} << 40, zeros = std::int64_t{1} << 50;
    void add(tacho::exponential_buckets const& side, std::int64_t from) {
        for (std::size_t i = 0; i < side.counts.size(); ++i)
            buckets[from + side.offset + static_cast<std::int64_t>(i)] += side.counts[i];
    }
};

// Values that spread ever further, in both directions and on both sides of zero, so that all buckets keep moving.
double value(int thread, int i, int of) {
    auto const reach = 300.0 * i / of;
    double const amount = std::exp2((i % 2 == 0 ? reach : -reach) * (i % 7 + 1) / 7);
    if (i % 11 == 0) return 0;
    return (i + thread) % 3 == 0 ? -amount : amount;
}

template <class Histogram>
void expect_all_are_counted_while_others_read(int threads) {
    tacho::registry registry;
    Histogram h{registry};
    int const each = 16000 * scale / threads;
    std::atomic<bool> stop{false};
    std::thread scraper{[&] {
        reader before;
        tacho::delta_memory memory;
        std::uint64_t delivered = 0;
        do {
            reader now;
            registry.visit(now);
            ASSERT_EQ(now.count, now.total());
            ASSERT_LE(now.at_scale, before.count == 0 ? 20 : before.at_scale);
            // No bucket ever goes down: what was seen is in the bucket that it is in now.
            auto is = now.at(now.at_scale);
            if (before.count != 0) {
                for (auto const& [key, n] : before.at(now.at_scale)) ASSERT_GE(is[key], n) << key;
            }
            before = now;

            reader since;
            tacho::delta_memory::stage stage{memory, since, tacho::temporality_preference::delta};
            registry.visit(stage);
            ASSERT_EQ(since.count, since.total());
            delivered += since.count;
            memory.commit(1);
        } while (!stop.load());
        reader since;
        tacho::delta_memory::stage stage{memory, since, tacho::temporality_preference::delta};
        registry.visit(stage);
        EXPECT_EQ(delivered + since.count, static_cast<std::uint64_t>(threads * each));
    }};
    test::latch start{threads};
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t)
        writers.emplace_back([&, t] {
            start.arrive_and_wait();
            auto const handle = h.bind();
            for (int i = 0; i < each; ++i) handle.observe(value(t, i, each));
        });
    for (auto& w : writers) w.join();
    stop = true;
    scraper.join();

    reader last, alone;
    registry.visit(last);
    tacho::registry other;
    Histogram one{other};
    for (int t = 0; t < threads; ++t)
        for (int i = 0; i < each; ++i) one.observe(value(t, i, each));
    other.visit(alone);
    EXPECT_EQ(last.count, static_cast<std::uint64_t>(threads) * static_cast<std::uint64_t>(each));
    EXPECT_EQ(last.at_scale, alone.at_scale);
    EXPECT_EQ(last.buckets, alone.buckets);
}

class an_exponential_histogram_of_threads : public testing::TestWithParam<int> {};

// CONFORMANCE 96, 128, 129
TEST_P(an_exponential_histogram_of_threads, loses_nothing) {
    expect_all_are_counted_while_others_read<tacho::exponential_histogram<"e">>(GetParam());
}
TEST_P(an_exponential_histogram_of_threads, loses_nothing_in_shared_cells) {
    expect_all_are_counted_while_others_read<tacho::exponential_histogram<"e", tacho::cells::shared>>(GetParam());
}
TEST_P(an_exponential_histogram_of_threads, loses_nothing_in_few_buckets) {
    expect_all_are_counted_while_others_read<tacho::exponential_histogram<"e", tacho::max_buckets<4>>>(GetParam());
}
INSTANTIATE_TEST_SUITE_P(of, an_exponential_histogram_of_threads, testing::Values(1, 2, 8, 64));

// CONFORMANCE 129: a reader always finds whole buckets, in the ring that is left or in the wider one.
TEST(an_exponential_histogram_under_load, is_whole_while_its_buckets_become_wider) {
    for (int round = 0; round < 100 * scale; ++round) {
        tacho::registry registry;
        tacho::exponential_histogram<"e"> e{registry};
        constexpr std::uint64_t at_first = 1000;
        std::uint64_t const each = 40;
        for (std::uint64_t i = 0; i < at_first; ++i) e.observe(1);
        test::latch start{2};
        std::atomic<bool> stop{false};
        std::thread writer{[&] {
            start.arrive_and_wait();
            auto const mine = e.bind();
            for (std::uint64_t i = 0; i < at_first; ++i) mine.observe(1);
            for (std::uint64_t i = 0; i < each; ++i) mine.observe(1 + std::ldexp(1.0, static_cast<int>(i) - 20));
            stop = true;
        }};
        start.arrive_and_wait();
        std::uint64_t before = at_first;
        do {
            struct : reader {
                void exponential_histogram(tacho::family const&, tacho::series const&,
                                           tacho::exponential_value const& value) {
                    count = value.count;  // and nothing else, to be back soon
                }
            } now;
            registry.visit(now);
            EXPECT_GE(now.count, before) << round;
            EXPECT_LE(now.count, 2 * at_first + each) << round;
            before = now.count;
        } while (!stop.load(std::memory_order_relaxed));
        writer.join();
    }
}

// Each observation adds 1 to the sum: it differs from the count by those in flight, one a writer.
TEST(an_exponential_histogram_under_load, has_the_sum_of_what_it_counted) {
    tacho::registry registry;
    tacho::exponential_histogram<"e"> e{registry};
    std::atomic<bool> stop{false};
    std::vector<std::thread> writers;
    for (int w = 0; w < 2; ++w)
        writers.emplace_back([&] {
            while (!stop.load(std::memory_order_relaxed)) e.observe(1);
        });
    for (int i = 0; i < 300 * scale; ++i) {
        reader now;
        registry.visit(now);
        EXPECT_LE(std::abs(now.sum - static_cast<double>(now.count)), 2.0);
    }
    stop = true;
    for (auto& w : writers) w.join();
}

}  // namespace
