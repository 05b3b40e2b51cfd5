// SPDX-License-Identifier: MIT
// The time as tests set it: whatever the library times is then known to the nanosecond.
#include "support/text.hpp"
#include "tacho/testing.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace std::chrono_literals;
using tacho::snapshot;

TEST(a_manual_clock, stands_still_until_it_is_moved) {
    tacho::manual_clock clock;
    auto const begin = tacho::system_clock::now();
    EXPECT_EQ(begin, 1'767'225'600'000'000'000u);  // 2026-01-01T00:00:00Z
    EXPECT_EQ(tacho::system_clock::now(), begin);
    clock.advance(1ns);
    EXPECT_EQ(tacho::system_clock::now(), begin + 1);
    clock.advance(-1ns);
    EXPECT_EQ(tacho::system_clock::now(), begin);
    clock.set(std::chrono::sys_days{std::chrono::year{2001} / 9 / 9} + 1h + 46min + 40s);
    EXPECT_EQ(tacho::system_clock::now(), 1'000'000'000'000'000'000u);
    EXPECT_EQ(clock.now().time_since_epoch(), 1'000'000'000s);
}

TEST(a_manual_clock, gives_back_the_clock_that_was_before) {
    {
        tacho::manual_clock const outer{std::chrono::sys_seconds{100s}};
        { tacho::manual_clock const inner{std::chrono::sys_seconds{200s}}; }
        EXPECT_EQ(tacho::system_clock::now(), 100'000'000'000u);
    }
    auto const before = std::chrono::steady_clock::now().time_since_epoch();
    auto const ours = tacho::steady_clock::now().time_since_epoch();
    EXPECT_GE(ours, before);
    EXPECT_LE(ours, std::chrono::steady_clock::now().time_since_epoch());
    auto const wall = std::chrono::nanoseconds{std::chrono::system_clock::now().time_since_epoch()};
    EXPECT_GT(tacho::system_clock::now(), static_cast<std::uint64_t>((wall - 1h).count()));
}

TEST(a_timer, observes_what_a_manual_clock_says) {
    tacho::manual_clock clock;
    tacho::registry registry;
    tacho::histogram<"seconds", tacho::unit::seconds, tacho::label<"a">> seconds{registry, "", {0.25, 1}};
    tacho::exponential_histogram<"ms", tacho::unit::milliseconds> ms{registry};
    {
        auto const timing = seconds("x").time();
        auto const other = ms.time();
        clock.advance(250ms);
    }
    EXPECT_EQ(snapshot(registry)["seconds"]({{"a", "x"}}).sum(), 0.25);
    EXPECT_EQ(snapshot(registry)["seconds"]({{"a", "x"}}).bucket(0.25), 1);
    EXPECT_EQ(snapshot(registry)["ms"].sum(), 250);
    auto const start = tacho::steady_clock::now();
    clock.advance(2s);
    seconds("y").observe(tacho::steady_clock::now() - start);
    EXPECT_EQ(snapshot(registry)["seconds"]({{"a", "y"}}).sum(), 2);
}

TEST(a_manual_clock, is_the_same_in_all_threads) {
    tacho::manual_clock clock;
    tacho::registry registry;
    tacho::histogram<"h", tacho::unit::seconds> h{registry};
    auto timing = h.time();
    std::thread{[&] { clock.advance(7s); }}.join();
    timing.stop();
    EXPECT_EQ(snapshot(registry)["h"].sum(), 7);
}

TEST(a_request, is_measured_by_a_manual_clock) {
    tacho::manual_clock clock;
    tacho::registry registry;
    tacho::observable_gauge<"slow"> slow{registry, "", [&] {
                                             clock.advance(100ms);
                                             return 1;
                                         }};
    tacho::endpoint endpoint{registry, {.watcher = std::make_shared<tacho::scrape_metrics>(registry)}};
    EXPECT_EQ(endpoint.respond({.method = "GET"}).status(), 200);
    EXPECT_DOUBLE_EQ(snapshot(registry)["tacho.scrape.duration"].sum(), 0.1);
}

// A handle holds it in use until its end, which may be long after a scrape has last seen it.
TEST(series, do_not_expire_until_as_long_after_their_last_handle) {
    tacho::manual_clock clock{std::chrono::sys_seconds{1'000s}};
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"a">, tacho::expire_after<60>> c{registry};
    {
        auto held = c.bind("x");
        held.inc();
        EXPECT_EQ(test::value_of(test::as_text(registry), "c_total{a=\"x\"}"), "1");
        clock.advance(100s);
        held.inc();
        auto moved = std::move(held);
        auto copy = moved;
        copy.inc();
    }
    EXPECT_EQ(test::value_of(test::as_text(registry), "c_total{a=\"x\"}"), "3");
    clock.advance(59s);
    EXPECT_EQ(test::value_of(test::as_text(registry), "c_total{a=\"x\"}"), "3");
    clock.advance(2s);
    EXPECT_EQ(test::count(test::as_text(registry), "c_total{"), 0u);
}

TEST(series, are_born_and_expire_by_a_manual_clock) {
    tacho::manual_clock clock{std::chrono::sys_seconds{1'000s}};
    tacho::registry registry;
    tacho::counter<"fleeting", tacho::label<"a">, tacho::expire_after<60>> fleeting{registry};
    tacho::gauge<"last"> last{registry};
    clock.advance(500ms);
    fleeting("x").inc();
    last.set_to_current_time();
    EXPECT_EQ(snapshot(registry)["last"].value(), 1000.5);
    auto const page = [&] {
        tacho::endpoint shown{registry, {.created = true}};
        return std::string{shown.respond({"GET", "application/openmetrics-text"}).body()};
    };
    EXPECT_NE(page().find("fleeting_created{a=\"x\"} 1000.5\n"), std::string::npos) << page();
    for (int i = 0; i < 5; ++i) {
        clock.advance(60s);
        fleeting("y").inc();  // looks after the others
    }
    EXPECT_FALSE(snapshot(registry)["fleeting"]({{"a", "x"}}).exists());
    EXPECT_EQ(snapshot(registry)["fleeting"]({{"a", "y"}}), 5);
}

TEST(pushed_points, carry_the_time_of_a_manual_clock) {
    tacho::manual_clock clock{std::chrono::sys_seconds{1'000s}};
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::memory_transport receiver;
    tacho::pusher pusher{registry, {}, receiver};
    hits.inc();
    clock.advance(5s);
    ASSERT_TRUE(pusher.flush());
    auto const body = receiver.requests().front().body;
    EXPECT_NE(body.find("\"startTimeUnixNano\":\"1000000000000\",\"timeUnixNano\":\"1005000000000\""), body.npos)
        << body;
}

}  // namespace
