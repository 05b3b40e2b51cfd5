// SPDX-License-Identifier: MIT
// Counters that count in the program's own way.
#include "support/text.hpp"

#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <cstdint>
#include <string>

namespace {

// For numbers that one thread writes: no lock prefix, and no page for each thread.
struct one_writer {
    static constexpr bool is_sharded = false;

    template <class Number>
    static void add(std::atomic<std::uint64_t>* cell, Number n) noexcept {
        auto const before = std::bit_cast<Number>(cell->load(std::memory_order_relaxed));
        cell->store(std::bit_cast<std::uint64_t>(static_cast<Number>(before + n)), std::memory_order_relaxed);
    }
};
static_assert(tacho::cell_policy<one_writer>);
static_assert(!tacho::cell_policy<int> && !tacho::cell_policy<tacho::unit::seconds>);

}  // namespace

TEST(a_cell_policy_of_ones_own, counts_integers_doubles_and_what_goes_down) {
    tacho::registry registry;
    tacho::counter<"jobs", one_writer, tacho::label<"queue">> jobs{registry};
    tacho::counter<"spent", one_writer, double> spent{registry};
    tacho::up_down_counter<"waiting", one_writer> waiting{registry};
    auto const mail = jobs.bind("mail");
    mail.inc(2);
    jobs("mail").inc();
    spent.inc(0.25);
    spent.inc(0.5);
    waiting.inc(3);
    waiting.dec();
    std::string const page{tacho::endpoint{registry}.respond({.method = "GET"}).body()};
    EXPECT_EQ(test::value_of(page, "jobs_total{queue=\"mail\"}"), "3");
    EXPECT_EQ(test::value_of(page, "spent_total"), "0.75");
    EXPECT_EQ(test::value_of(page, "waiting"), "2");
}
