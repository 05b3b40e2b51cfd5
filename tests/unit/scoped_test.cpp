// SPDX-License-Identifier: MIT
// What records at the end of a scope: timers by any clock, batches, exceptions; and the time of the last event.
#include "support/text.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using test::as_text;
using test::value_of;

// Goes on by ten milliseconds each time it is asked.
struct stepping_clock {
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<stepping_clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;
    static time_point now() noexcept { return time_point{duration{now_ += 10}}; }
    static inline rep now_ = 0;
};

TEST(a_timer, takes_any_clock) {
    tacho::registry registry;
    tacho::histogram<"plain", tacho::unit::seconds> plain{registry};
    tacho::histogram<"labelled", tacho::unit::milliseconds, tacho::label<"a">> labelled{registry};
    { auto const timing = plain.time<stepping_clock>(); }
    { auto const timing = labelled("x").time<stepping_clock>(); }
    { auto const timing = labelled.bind("x").time<stepping_clock>(); }
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "plain_seconds_sum"), "0.01");
    EXPECT_EQ(value_of(page, "labelled_milliseconds_sum{a=\"x\"}"), "20");
}

TEST(a_histogram_of_time, observes_durations_in_its_unit) {
    tacho::registry registry;
    tacho::histogram<"s", tacho::unit::seconds> s{registry};
    tacho::histogram<"us", tacho::unit::microseconds, tacho::label<"status", int>> us{registry};
    s.observe(std::chrono::milliseconds{1500});
    us(200).observe(std::chrono::milliseconds{3});  // the label is known only now
    us.bind(200).observe(std::chrono::nanoseconds{500});
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "s_seconds_sum"), "1.5");
    EXPECT_EQ(value_of(page, "us_microseconds_sum{status=\"200\"}"), "3000.5");
}

TEST(a_batch, counts_at_its_end_and_when_it_is_flushed) {
    tacho::registry registry;
    tacho::counter<"c"> c{registry};
    tacho::counter<"d", double, tacho::label<"a">> d{registry};
    {
        auto batch = c.batch();
        for (int i = 0; i < 5; ++i) batch.inc();
        EXPECT_EQ(value_of(as_text(registry), "c_total"), "0");
        batch.flush();
        EXPECT_EQ(value_of(as_text(registry), "c_total"), "5");
        auto moved = std::move(batch);
        moved.inc(2);
    }
    EXPECT_EQ(value_of(as_text(registry), "c_total"), "7");
    { d.bind("x").batch().inc(0.5); }
    {
        test::heard heard;
        auto batch = c.batch();
        batch.inc(-1);  // dropped, as by the counter
        auto doubles = d.bind("x").batch();
        for (double const bad : {-1.0, std::numeric_limits<double>::quiet_NaN()}) doubles.inc(bad);
        doubles.inc(1);
        doubles.inc((std::numeric_limits<long double>::max)());  // infinite as a double, where it is larger
        doubles.inc(std::numeric_limits<float>::infinity());
    }
    bool const is_larger = std::numeric_limits<long double>::max_exponent > std::numeric_limits<double>::max_exponent;
    EXPECT_EQ(registry.health().dropped_measurements, is_larger ? 5u : 4u);
    EXPECT_EQ(value_of(as_text(registry), "c_total"), "7");
    if (is_larger) {
        EXPECT_EQ(value_of(as_text(registry), "d_total{a=\"x\"}"), "1.5");
    }
}

#if defined(__cpp_exceptions)
TEST(exceptions, are_counted_when_they_leave_the_scope_and_only_then) {
    tacho::registry registry;
    tacho::counter<"plain"> plain{registry};
    tacho::counter<"labelled", tacho::label<"a">> labelled{registry};
    auto const throwing = [&](bool throws) {
        auto const by_name = plain.count_exceptions();
        auto const by_look_up = labelled("x").count_exceptions();
        if (throws) throw std::runtime_error("as asked");
    };
    throwing(false);
    EXPECT_THROW(throwing(true), std::runtime_error);
    try {
        throw std::runtime_error("outside");
    } catch (std::runtime_error const&) {
        throwing(false);
    }
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "plain_total"), "1");
    EXPECT_EQ(value_of(page, "labelled_total{a=\"x\"}"), "1");
}
#endif

TEST(a_gauge, can_be_set_to_the_current_time) {
    tacho::registry registry;
    tacho::gauge<"last", tacho::unit::seconds> last{registry};
    tacho::gauge<"whole", std::int64_t, tacho::label<"a">> whole{registry};
    auto const before = static_cast<double>(tacho::system_clock::now()) / 1e9;
    last.set_to_current_time();
    whole("x").set_to_current_time();
    auto const after = static_cast<double>(tacho::system_clock::now()) / 1e9;
    auto const value = std::stod(value_of(as_text(registry), "last_seconds"));
    EXPECT_GE(value, before);
    EXPECT_LE(value, after);
    EXPECT_GE(std::stod(value_of(as_text(registry), "whole{a=\"x\"}")), std::floor(before));
}

TEST(a_gauge, goes_down_by_the_smallest_integer_without_harm) {
    tacho::registry registry;
    tacho::gauge<"g", std::int64_t> g{registry};
    tacho::up_down_counter<"u"> u{registry};
    constexpr auto smallest = std::numeric_limits<std::int64_t>::min();
    g.dec(smallest);
    u.dec(smallest);
    EXPECT_EQ(value_of(as_text(registry), "g"), "-9223372036854775808");
    EXPECT_EQ(value_of(as_text(registry), "u"), "-9223372036854775808");
}

// What a thread has added may be more than the sum may be, whose bits it does not change.
TEST(an_up_down_counter, goes_beyond_the_largest_integer_and_back) {
    tacho::registry registry;
    tacho::up_down_counter<"u", std::int64_t, tacho::cells::sharded> u{registry};
    constexpr auto most = (std::numeric_limits<std::int64_t>::max)();
    u.inc(most);
    std::thread{[&] { u.dec(most); }}.join();
    u.inc(1);
    EXPECT_EQ(value_of(as_text(registry), "u"), "1");
}

TEST(labels, from_a_closed_list_are_found_without_a_hash_and_others_overflow) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    using method = tacho::one_of<"GET", "POST", "other">;
    tacho::counter<"c", tacho::label<"method", method>, tacho::label<"on", std::optional<method>>> c{registry};
    char const* const pointer = "POST";
    c("GET", std::nullopt).inc();
    c(std::string{"GET"}, "other").inc(2);
    c(pointer, std::string_view{"GET"}).inc(3);
    c("get", std::nullopt).inc(4);
    c("", std::nullopt).inc(5);
    EXPECT_EQ(
        as_text(registry),
        "# TYPE c_total counter\n"
        "c_total{method=\"GET\"} 1\nc_total{method=\"GET\",on=\"other\"} 2\nc_total{method=\"POST\",on=\"GET\"} 3\n"
        "c_total{otel_metric_overflow=\"true\"} 9\n");
}

}  // namespace
