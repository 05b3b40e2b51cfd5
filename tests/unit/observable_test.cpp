// SPDX-License-Identifier: MIT
#include "support/heap.hpp"
#include "support/numbers.hpp"
#include "support/text.hpp"
#include "support/verb.hpp"

#include "tacho/export/delta_memory.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/export/memory_transport.hpp"
#include "tacho/export/pusher.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using test::as_json;
using test::as_text;
using test::value_of;
using test::verb;

using test::infinity;
using test::nan;

// A clock that stands still unless a test moves it.
tacho::unix_nanos stepped_now = test::now;
tacho::unix_nanos stepped_time() noexcept {
    return stepped_now;
}
tacho::registry_options stepped() {
    stepped_now = test::now;
    return {.now = &stepped_time};
}
constexpr tacho::unix_nanos a_second = 1'000'000'000u;

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

// Lets more time pass than a callback has.
void take_longer_than(std::chrono::milliseconds timeout) {
    auto const end = std::chrono::steady_clock::now() + timeout + std::chrono::milliseconds{1};
    while (std::chrono::steady_clock::now() <= end) {
    }
}

// CONFORMANCE 113, 120
TEST(an_observable_gauge, asks_its_callable_for_a_value_each_time) {
    tacho::registry registry;
    double degrees = 21.5;
    tacho::observable_gauge<"room.temperature", tacho::unit::celsius> t{registry, "Room", [&] { return degrees; }};
    EXPECT_TRUE(t.ok());
    EXPECT_EQ(as_text(registry),
              "# HELP room_temperature_celsius Room\n# TYPE room_temperature_celsius gauge\n"
              "room_temperature_celsius 21.5\n");
    degrees = nan;
    EXPECT_EQ(value_of(as_text(registry), "room_temperature_celsius"), "NaN");
    degrees = 3;
    EXPECT_EQ(value_of(as_text(registry), "room_temperature_celsius"), "3");
}

TEST(an_observable_gauge, observes_each_label_set) {
    tacho::registry registry;
    tacho::observable_gauge<"queue.length", tacho::label<"queue">> q{registry, "", [](auto& observe) {
                                                                         observe(3, "mail");
                                                                         observe(5.5, std::string{"print"});
                                                                     }};
    EXPECT_EQ(as_text(registry),
              "# TYPE queue_length gauge\nqueue_length{queue=\"mail\"} 3\nqueue_length{queue=\"print\"} 5.5\n");
}

TEST(an_observable_gauge, may_have_nothing_to_show) {
    tacho::registry registry;
    std::optional<int> level;
    tacho::observable_gauge<"level", std::int64_t> g{registry, "", [&](auto& observe) {
                                                         if (level) observe(*level);
                                                     }};
    EXPECT_EQ(as_text(registry), "");
    level = -7;
    EXPECT_EQ(value_of(as_text(registry), "level"), "-7");
}

TEST(an_observable_gauge, shows_the_last_of_several_values_of_a_series) {
    tacho::registry registry;
    tacho::observable_gauge<"g", tacho::label<"a">> g{registry, "", [](auto& observe) {
                                                          observe(1, "x");
                                                          observe(2, "x");
                                                      }};
    EXPECT_EQ(value_of(as_text(registry), "g{a=\"x\"}"), "2");
}

TEST(an_observable, shows_whole_integers) {
    tacho::registry registry;
    tacho::observable_counter<"c"> c{registry, "", [] { return (std::uint64_t{1} << 53) + 1; }};
    tacho::observable_up_down_counter<"u"> u{registry, "", [] { return std::numeric_limits<std::int64_t>::min(); }};
    tacho::observable_counter<"s", double> s{registry, "", [] { return 0.5; }};
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "c_total"), "9007199254740993");
    EXPECT_EQ(value_of(page, "u"), "-9223372036854775808");
    EXPECT_EQ(value_of(page, "s_total"), "0.5");
}

// CONFORMANCE 50, 122
TEST(an_observable, drops_and_counts_values_that_it_can_not_have) {
    test::heard heard;
    tacho::registry registry;
    tacho::observable_counter<"c", tacho::label<"n", int>> c{registry, "", [](auto& observe) {
                                                                 observe(-1, 1);
                                                                 observe(7, 2);
                                                             }};
    tacho::observable_counter<"d", double, tacho::label<"n", int>> d{registry, "", [](auto& observe) {
                                                                         observe(nan, 1);
                                                                         observe(-0.5, 2);
                                                                         observe(infinity, 3);
                                                                     }};
    tacho::observable_up_down_counter<"u", double> u{registry, "", [] { return -infinity; }};
    tacho::observable_up_down_counter<"v"> v{registry, "", [] { return ~std::uint64_t{0}; }};
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{n=\"2\"} 7\n");
    EXPECT_EQ(registry.health().dropped_measurements, 6u);
    EXPECT_EQ(heard.count(), 4) << heard.text();
}

// CONFORMANCE 121, 133
TEST(a_series_that_is_no_longer_observed, is_no_longer_shown_until_it_is_again) {
    tacho::registry registry;
    bool there = true;
    tacho::observable_counter<"c", tacho::label<"a">> c{registry, "", [&](auto& observe) {
                                                            observe(1, "steady");
                                                            if (there) observe(5, "x");
                                                        }};
    EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"x\"}"), "5");
    there = false;
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{a=\"steady\"} 1\n");
    EXPECT_FALSE(contains(as_json(registry), "\"x\""));
    there = true;
    EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"x\"}"), "5");
}

// CONFORMANCE 120
TEST(a_callable, runs_once_in_each_collection) {
    tacho::registry registry;
    int calls = 0;
    tacho::observable_gauge<"g"> g{registry, "", [&] { return ++calls; }};
    tacho::endpoint endpoint{registry};
    EXPECT_TRUE(contains(std::string{endpoint.respond({}).body()}, "g 1\n"));
    auto const snapshot = registry.snapshot();
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(value_of(as_text(snapshot), "g"), "2");
    EXPECT_EQ(value_of(as_text(snapshot), "g"), "2");
    EXPECT_EQ(value_of(as_text(registry), "g"), "3");
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {}, transport};
    ASSERT_TRUE(pusher.flush());
    EXPECT_TRUE(contains(transport.requests().at(0).body, "\"asDouble\":4")) << transport.requests()[0].body;
}

TEST(a_callable, does_not_run_when_nothing_is_shown) {
    tacho::registry registry;
    int calls = 0;
    tacho::observable_gauge<"g"> g{registry, "", [&] { return ++calls; }};
    tacho::endpoint endpoint{registry};
    EXPECT_EQ(endpoint.respond({"HEAD", ""}).status(), 200);
    EXPECT_EQ(endpoint.respond({"POST", ""}).status(), 405);
    endpoint.enable(false);
    EXPECT_EQ(endpoint.respond({}).status(), 404);
    EXPECT_EQ(calls, 0);
}

// CONFORMANCE 116
TEST(two_observables, with_one_identity_show_what_both_observe) {
    tacho::registry registry;
    using queue_length = tacho::observable_gauge<"queue.length", tacho::label<"queue">>;
    queue_length a{registry, "", [](auto& observe) { observe(1, "a"); }};
    std::optional<queue_length> b{std::in_place, registry, "", [](auto& observe) { observe(2, "b"); }};
    EXPECT_EQ(as_text(registry),
              "# TYPE queue_length gauge\nqueue_length{queue=\"a\"} 1\nqueue_length{queue=\"b\"} 2\n");
    b.reset();
    EXPECT_EQ(as_text(registry), "# TYPE queue_length gauge\nqueue_length{queue=\"a\"} 1\n");
}

// CONFORMANCE 113: another kind of instrument.
TEST(an_observable, does_not_share_its_name_with_an_instrument_that_records) {
    test::heard heard;
    tacho::registry registry;
    tacho::counter<"c"> recorded{registry};
    bool called = false;
    tacho::observable_counter<"c"> observed{registry, "", [&] {
                                                called = true;
                                                return 1;
                                            }};
    EXPECT_FALSE(observed.ok());
    EXPECT_EQ(value_of(as_text(registry), "c_total"), "0");
    EXPECT_FALSE(called);
    EXPECT_TRUE(contains(registry.problems().at(0), "the observable counter \"c\" was not registered"))
        << registry.problems()[0];
}

// CONFORMANCE 145
TEST(an_observable, adds_up_what_is_beyond_its_limit_of_series) {
    test::heard heard;
    tacho::registry registry;
    using counter = tacho::observable_counter<"c", tacho::label<"n", int>, tacho::series_limit<2>>;
    auto const observe_ten = [](auto& observe) {
        for (int i = 0; i < 10; ++i) observe(i, i);
    };
    counter c{registry, "", observe_ten};
    tacho::observable_gauge<"g", tacho::label<"v", verb>> g{registry, "", [](auto& observe) {
                                                                observe(1, static_cast<verb>(7));
                                                                observe(2, static_cast<verb>(8));
                                                            }};
    for (int i = 0; i < 2; ++i) {
        auto const page = as_text(registry);
        EXPECT_EQ(value_of(page, "c_total{otel_metric_overflow=\"true\"}"), "44");  // 2 to 9
        EXPECT_EQ(value_of(page, "g{otel_metric_overflow=\"true\"}"), "2");
    }
    counter same{registry, "", [](auto& observe) { observe(100, 100); }};
    EXPECT_EQ(value_of(as_text(registry), "c_total{otel_metric_overflow=\"true\"}"), "144");
}

TEST(an_observable, takes_what_its_callable_refers_to) {
    tacho::registry registry;
    int const value = 3;
    tacho::observable_gauge<"g"> g{registry, "", [&]() -> int const& { return value; }};
    EXPECT_EQ(value_of(as_text(registry), "g"), "3");
}

// As of one that has a series of its own. CONFORMANCE 145
TEST(an_observable, counts_the_last_of_several_values_beyond_its_limit_too) {
    test::heard const quiet;
    tacho::registry registry;
    tacho::observable_counter<"c", tacho::label<"n">, tacho::series_limit<2>> c{
        registry, "", [](auto& observe) {
            for (int const value : {1, 2})
                for (auto const n : {"a", "b", "c", "d"}) observe(value, n);
        }};
    for (int i = 0; i < 2; ++i) {
        auto const page = as_text(registry);
        EXPECT_EQ(value_of(page, "c_total{n=\"a\"}"), "2");
        EXPECT_EQ(value_of(page, "c_total{otel_metric_overflow=\"true\"}"), "4") << page;
    }
}

// CONFORMANCE 145
TEST(an_observable, has_room_for_as_many_series_as_one_round_observes_whatever_others_did) {
    test::heard heard;
    tacho::registry registry;
    int round = 0;
    tacho::observable_counter<"c", tacho::label<"n", int>, tacho::series_limit<3>> c{registry, "", [&](auto& observe) {
                                                                                         for (int i = 0; i < 3; ++i)
                                                                                             observe(round,
                                                                                                     round * 3 + i);
                                                                                     }};
    for (; round < 100; ++round) {
        auto const value = std::to_string(round);
        std::string expected = "# TYPE c_total counter\n";
        for (int i = 0; i < 3; ++i) expected += "c_total{n=\"" + std::to_string(round * 3 + i) + "\"} " + value + "\n";
        auto const page = as_text(registry);
        EXPECT_EQ(page.size(), expected.size()) << page;
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(value_of(page, "c_total{n=\"" + std::to_string(round * 3 + i) + "\"}"), value);
    }
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
    EXPECT_EQ(heard.count(), 0) << heard.text();
}

// CONFORMANCE 145
TEST(an_observable, shows_what_it_showed_before_rather_than_what_is_new) {
    test::heard heard;
    tacho::registry registry;
    std::string observed = "ab";
    tacho::observable_counter<"c", tacho::label<"n">, tacho::series_limit<2>> c{
        registry, "", [&](auto& observe) {
            for (char const& n : observed) observe(1, std::string_view{&n, 1});
        }};
    auto const shown = [&] { return as_text(registry).substr(sizeof "# TYPE c_total counter"); };
    std::string const a = "c_total{n=\"a\"} 1\n", b = "c_total{n=\"b\"} 1\n";
    EXPECT_EQ(shown(), a + b);
    observed = "cdefab";
    auto const page = shown();
    EXPECT_EQ(value_of(page, "c_total{n=\"a\"}"), "1");
    EXPECT_EQ(value_of(page, "c_total{n=\"b\"}"), "1");
    EXPECT_EQ(value_of(page, "c_total{otel_metric_overflow=\"true\"}"), "4");
    EXPECT_EQ(page.size(), a.size() + b.size() + sizeof "c_total{otel_metric_overflow=\"true\"} 4\n" - 1) << page;
    observed = "bf";
    EXPECT_EQ(value_of(shown(), "c_total{n=\"f\"}"), "1");
    EXPECT_EQ(shown().size(), a.size() + b.size());
}

TEST(an_observable_gauge, shows_of_what_is_beyond_its_limit_the_last_value) {
    test::heard heard;
    tacho::registry registry;
    tacho::observable_gauge<"g", tacho::label<"n", int>, tacho::series_limit<2>> g{registry, "", [](auto& observe) {
                                                                                       for (int i = 0; i < 10; ++i)
                                                                                           observe(i, i);
                                                                                       observe(20, 2);
                                                                                   }};
    for (int i = 0; i < 2; ++i) EXPECT_EQ(value_of(as_text(registry), "g{otel_metric_overflow=\"true\"}"), "20");
}

// CONFORMANCE 134
TEST(a_series_that_made_room, starts_anew_when_it_is_observed_again) {
    tacho::registry registry{stepped()};
    std::string observed;
    std::uint64_t total = 0;
    tacho::observable_counter<"c", tacho::label<"a">, tacho::series_limit<1>> c{
        registry, "", [&](auto& observe) { observe(total, observed); }};
    tacho::memory_transport transport, deltas;
    tacho::pusher pusher{registry, {}, transport};
    auto const push = [&](std::string const& a, std::uint64_t value) {
        stepped_now += 100;
        observed = a;
        total = value;
        EXPECT_TRUE(pusher.flush());
        return transport.requests().back().body;
    };
    auto const starts_at = [](tacho::unix_nanos since) {
        return "\"startTimeUnixNano\":\"" + std::to_string(test::now + since) + "\"";
    };
    EXPECT_TRUE(contains(push("x", 10), starts_at(0)));
    EXPECT_TRUE(contains(push("x", 11), starts_at(0)));
    EXPECT_TRUE(contains(push("y", 1), starts_at(200)));
    EXPECT_TRUE(contains(push("x", 12), starts_at(300)));  // x has made room for y
    EXPECT_TRUE(contains(push("x", 13), starts_at(300)));
}

TEST(a_series_that_made_room, has_deltas_of_its_own_when_it_is_observed_again) {
    tacho::registry registry{stepped()};
    std::string observed;
    std::uint64_t total = 0;
    tacho::observable_counter<"c", tacho::label<"a">, tacho::series_limit<1>> c{
        registry, "", [&](auto& observe) { observe(total, observed); }};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, transport};
    auto const push = [&](std::string const& a, std::uint64_t value) {
        observed = a;
        total = value;
        EXPECT_TRUE(pusher.flush());
        return transport.requests().back().body;
    };
    auto const body = [](char const* delta) { return "\"asInt\":\"" + std::string{delta} + "\""; };
    EXPECT_TRUE(contains(push("x", 10), body("10")));
    EXPECT_TRUE(contains(push("y", 7), body("7")));
    EXPECT_TRUE(contains(push("x", 13), body("13")));
    EXPECT_TRUE(contains(push("x", 14), body("1")));
}

TEST(a_series_that_is_left_out_for_a_round, goes_on_where_it_was_while_there_is_room) {
    tacho::registry registry{stepped()};
    std::string observed;
    std::uint64_t total = 0;
    tacho::observable_counter<"c", tacho::label<"a">, tacho::series_limit<2>> c{
        registry, "", [&](auto& observe) { observe(total, observed); }};
    tacho::memory_transport transport, totals;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, transport};
    tacho::pusher cumulative{registry, {}, totals};
    auto const push = [&](std::string const& a, std::uint64_t value, char const* delta) {
        stepped_now += 100;
        observed = a;
        total = value;
        EXPECT_TRUE(pusher.flush() && cumulative.flush());
        EXPECT_TRUE(contains(transport.requests().back().body, "\"asInt\":\"" + std::string{delta} + "\""));
    };
    push("x", 10, "10");
    push("y", 7, "7");
    push("x", 13, "3");
    EXPECT_TRUE(contains(totals.requests().back().body, "\"startTimeUnixNano\":\"" + std::to_string(test::now)));
    push("y", 8, "1");
}

// CONFORMANCE 134: also where others have made room.
TEST(a_delta_of_an_observable, begins_where_the_last_one_ended) {
    tacho::registry registry{stepped()};
    std::string observed;
    tacho::observable_counter<"c", tacho::label<"a">, tacho::series_limit<1>> c{
        registry, "", [&](auto& observe) { observe(1, observed); }};
    tacho::delta_memory memory;
    auto const start_of = [&](char const* a) {
        struct {
            tacho::unix_nanos start = 0;
            void number(tacho::family const&, tacho::series const&, tacho::number, tacho::unix_nanos since,
                        tacho::temporality) {
                start = since;
            }
            void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&, tacho::unix_nanos,
                           tacho::temporality) {}
        } encoder;
        stepped_now += 100;
        observed = a;
        tacho::delta_memory::stage stage{memory, encoder, tacho::temporality_preference::delta};
        registry.visit(stage);
        memory.commit(stepped_now);
        return encoder.start - test::now;
    };
    EXPECT_EQ(start_of("x"), 0u);
    EXPECT_EQ(start_of("y"), 100u);
    EXPECT_EQ(start_of("z"), 200u);
    EXPECT_NE(registry.health().kept_series, 0u);
}

#if defined(__cpp_exceptions)
TEST(a_series, makes_no_room_because_its_callable_failed) {
    test::heard heard;
    tacho::registry registry;
    std::uint64_t total = 10;
    bool broken = false;
    tacho::observable_counter<"c", tacho::label<"a">, tacho::series_limit<1>> c{
        registry, "", [&](auto& observe) {
            if (!broken) return observe(total, "x");
            observe(1, "y");
            throw std::runtime_error{"no sensor"};
        }};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, transport};
    ASSERT_TRUE(pusher.flush());
    broken = true;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(pusher.flush());
    broken = false;
    total = 13;
    ASSERT_TRUE(pusher.flush());
    EXPECT_TRUE(contains(transport.requests().back().body, "\"asInt\":\"3\"")) << transport.requests().back().body;
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
}

TEST(a_callable_that_always_fails, leaves_room_for_another) {
    test::heard heard;
    tacho::registry registry;
    int n = 0;
    using gauge = tacho::observable_gauge<"g", tacho::label<"n", int>, tacho::series_limit<2>>;
    gauge failing{registry, "", [&](auto& observe) {
                      for (int i = 0; i < 2; ++i) observe(1, ++n);
                      throw std::runtime_error{"no sensor"};
                  }};
    gauge good{registry, "", [](auto& observe) { observe(7, 0); }};
    for (int i = 0; i < 100; ++i) EXPECT_EQ(as_text(registry), "# TYPE g gauge\ng{n=\"0\"} 7\n");
}
#endif

TEST(a_snapshot, keeps_the_observed_series_it_shows) {
    tacho::registry registry;
    int n = 0;
    tacho::observable_gauge<"g", tacho::label<"n", int>, tacho::series_limit<1>> g{
        registry, "", [&](auto& observe) { observe(n, n); }};
    std::vector<tacho::snapshot> kept;
    for (; n < 50; ++n) kept.push_back(registry.snapshot());
    for (int i = 0; i < 50; ++i) {
        auto const text = std::to_string(i);
        EXPECT_EQ(value_of(as_text(kept[static_cast<std::size_t>(i)]), "g{n=\"" + text + "\"}"), text);
    }
}

TEST(a_snapshot, says_the_same_time_of_a_series_that_has_made_room) {
    tacho::registry registry{stepped()};
    int n = 0;
    tacho::observable_counter<"c", tacho::label<"n", int>, tacho::series_limit<1>> c{
        registry, "", [&](auto& observe) { observe(n, n); }};
    auto const snapshot = registry.snapshot();
    auto const before = as_json(snapshot);
    for (stepped_now += 100; n < 10; ++n) static_cast<void>(as_json(registry));
    EXPECT_EQ(as_json(snapshot), before);
}

TEST(an_observable, takes_a_million_label_sets_in_a_bounded_heap) {
    test::heard heard;
    tacho::registry registry;
    int first = 0;
    tacho::observable_counter<"c", tacho::label<"process", int>, tacho::series_limit<100>> c{
        registry, "", [&](auto& observe) {
            for (int i = first; i < first + 100; ++i) observe(i, i);
        }};
    tacho::memory_transport receiver;  // what is never delivered must not keep anything
    receiver.answer_with({.status = 400});
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, receiver};
    EXPECT_FALSE(pusher.flush());
    struct counting {
        void number(tacho::family const&, tacho::series const& s, tacho::number) { s.is_overflow() ? ++lost : ++shown; }
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&) {}
        std::size_t shown = 0, lost = 0;
    } seen;
    std::size_t after_warm_up = 0;
    for (; first < 1'000'000; first += 100) {
        registry.visit(seen);
        if (first == 100'000) after_warm_up = test::heap_in_use();
    }
    EXPECT_LT(test::heap_in_use(), after_warm_up + (1u << 16));
    EXPECT_EQ(seen.shown, 1'000'000u);
    EXPECT_EQ(seen.lost, 0u);
    EXPECT_LE(registry.health().kept_series, 200u);
    EXPECT_EQ(heard.text().find("limit of series"), std::string::npos) << heard.text();
}

TEST(a_series_that_is_no_longer_observed, gives_its_place_back_where_series_expire) {
    test::heard heard;
    tacho::registry registry{stepped()};
    std::string const* shown = nullptr;
    tacho::observable_gauge<"g", tacho::label<"a">, tacho::series_limit<1>, tacho::expire_after<10>> g{
        registry, "", [&](auto& observe) {
            if (shown != nullptr) observe(1, *shown);
        }};
    for (std::string const name : {"a", "b", "c"}) {
        shown = &name;
        for (int i = 0; i < 5; ++i) {  // long beyond the time of one that is not observed
            EXPECT_EQ(as_text(registry), "# TYPE g gauge\ng{a=\"" + name + "\"} 1\n");
            stepped_now += 5 * a_second;
        }
        shown = nullptr;
        for (int i = 0; i < 5; ++i) {
            EXPECT_EQ(as_text(registry), "");
            stepped_now += 5 * a_second;
        }
    }
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
}

// CONFORMANCE 134: instrument creation if seen in the first interval, else the collection before.
TEST(an_observable_counter, counts_since_its_creation_or_the_collection_before_its_first_value) {
    tacho::registry registry{stepped()};
    bool late_one = false;
    tacho::observable_counter<"c", tacho::label<"a">> c{registry, "", [&](auto& observe) {
                                                            observe(1, "first");
                                                            if (late_one) observe(2, "late");
                                                        }};
    auto const start = [&](tacho::unix_nanos nanos, char const* series) {
        auto const wanted = "\"startTimeUnixNano\":\"" + std::to_string(nanos) + "\",\"timeUnixNano\":\"" +
                            std::to_string(test::now + a_second) + "\",\"attributes\":[{\"key\":\"a\",\"value\":{" +
                            "\"stringValue\":\"" + series + "\"}}]";
        return wanted;
    };
    stepped_now += 100;
    EXPECT_TRUE(contains(as_json(registry), start(test::now, "first"))) << as_json(registry);
    stepped_now += 100;
    static_cast<void>(as_text(registry));
    stepped_now += 100;
    late_one = true;
    auto const json = as_json(registry);
    EXPECT_TRUE(contains(json, start(test::now, "first"))) << json;
    EXPECT_TRUE(contains(json, start(test::now + 200, "late"))) << json;
}

TEST(an_observable_counter, that_goes_down_has_begun_anew) {
    tacho::registry registry{stepped()};
    std::uint64_t total = 10;
    tacho::observable_counter<"c"> c{registry, "", [&] { return total; }};
    static_cast<void>(as_json(registry));
    stepped_now += 100;
    total = 12;
    EXPECT_TRUE(contains(as_json(registry), "\"startTimeUnixNano\":\"" + std::to_string(test::now) + "\""));
    stepped_now += 100;
    total = 3;
    auto const json = as_json(registry);
    EXPECT_TRUE(contains(json, "\"startTimeUnixNano\":\"" + std::to_string(test::now + 100) + "\"")) << json;
    EXPECT_TRUE(contains(json, "\"asInt\":\"3\"")) << json;
    stepped_now += 100;
    total = 4;
    EXPECT_TRUE(contains(as_json(registry), "\"startTimeUnixNano\":\"" + std::to_string(test::now + 100) + "\""));
}

// CONFORMANCE 132
TEST(an_observable, is_pushed_as_its_kind_and_the_preference_say) {
    struct {
        tacho::temporality_preference preferred;
        char const* second_total;
        char const* temporality;
    } const table[] = {
        {tacho::temporality_preference::cumulative, "\"asInt\":\"25\"", "\"aggregationTemporality\":2"},
        {tacho::temporality_preference::delta, "\"asInt\":\"15\"", "\"aggregationTemporality\":1"},
        {tacho::temporality_preference::lowmemory, "\"asInt\":\"25\"", "\"aggregationTemporality\":2"},
    };
    for (auto const& row : table) {
        tacho::registry registry;
        std::uint64_t total = 10;
        tacho::observable_counter<"c"> c{registry, "", [&] { return total; }};
        tacho::memory_transport transport;
        tacho::pusher pusher{registry, {.temporality = row.preferred}, transport};
        ASSERT_TRUE(pusher.flush());
        total = 25;
        ASSERT_TRUE(pusher.flush());
        auto const body = transport.requests().at(1).body;
        EXPECT_TRUE(contains(body, row.second_total)) << body;
        EXPECT_TRUE(contains(body, row.temporality)) << body;
    }
}

TEST(an_observable_up_down_counter, is_pushed_as_a_total_whatever_is_preferred) {
    tacho::registry registry;
    tacho::observable_up_down_counter<"used"> used{registry, "", [] { return 5; }};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, transport};
    ASSERT_TRUE(pusher.flush());
    ASSERT_TRUE(pusher.flush());
    EXPECT_TRUE(contains(transport.requests().at(1).body, "\"asInt\":\"5\""));
    EXPECT_TRUE(contains(transport.requests().at(1).body, "\"aggregationTemporality\":2"));
}

TEST(a_delta_of_an_observable_counter, begins_anew_with_it) {
    tacho::registry registry;
    std::uint64_t total = 10;
    tacho::observable_counter<"c"> c{registry, "", [&] { return total; }};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, transport};
    ASSERT_TRUE(pusher.flush());
    total = 4;
    ASSERT_TRUE(pusher.flush());
    EXPECT_TRUE(contains(transport.requests().at(1).body, "\"asInt\":\"4\"")) << transport.requests()[1].body;
}

TEST(a_delta_of_an_observable_counter, does_not_repeat_what_was_delivered_before_its_callable_failed) {
    test::heard heard;
    tacho::registry registry;
    std::uint64_t total = 10;
    tacho::counter<"other"> other{registry};
    tacho::observable_counter<"c"> c{registry, "", [&](auto& observe) {
                                         if (total != 0) observe(total);
                                     }};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, transport};
    ASSERT_TRUE(pusher.flush());
    total = 0;
    other.inc();
    ASSERT_TRUE(pusher.flush());
    total = 13;
    ASSERT_TRUE(pusher.flush());
    EXPECT_FALSE(contains(transport.requests().at(1).body, "\"c\""));
    EXPECT_TRUE(contains(transport.requests().at(2).body, "\"asInt\":\"3\"")) << transport.requests()[2].body;
}

TEST(a_delta_of_an_observable_counter, covers_what_a_failed_push_showed_though_the_next_one_did_not_show_it) {
    test::heard heard;
    tacho::registry registry;
    std::uint64_t total = 10;
    tacho::observable_counter<"c"> c{registry, "", [&](auto& observe) {
                                         if (total != 0) observe(total);
                                     }};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, transport};
    ASSERT_TRUE(pusher.flush());
    total = 30;
    transport.answer_with({.status = 400});
    ASSERT_FALSE(pusher.flush());
    total = 0;
    ASSERT_TRUE(pusher.flush());
    total = 33;
    ASSERT_TRUE(pusher.flush());
    EXPECT_TRUE(contains(transport.requests().back().body, "\"asInt\":\"23\"")) << transport.requests().back().body;
}

#if defined(__cpp_exceptions)
// CONFORMANCE 120, 141
TEST(a_callable_that_throws, costs_its_own_values_of_that_collection) {
    test::heard heard;
    tacho::registry registry;
    bool broken = false;
    tacho::observable_gauge<"before"> before{registry, "", [] { return 1; }};
    tacho::observable_gauge<"g", tacho::label<"a">> g{registry, "", [&](auto& observe) {
                                                          observe(1, "x");
                                                          if (broken) throw std::runtime_error{"no sensor"};
                                                      }};
    tacho::observable_gauge<"later"> later{registry, "", [] { return 2; }};
    EXPECT_EQ(value_of(as_text(registry), "g{a=\"x\"}"), "1");
    broken = true;
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(as_text(registry), "# TYPE before gauge\nbefore 1\n# TYPE later gauge\nlater 2\n");
    EXPECT_EQ(registry.health().failed_callbacks, 2u);
    EXPECT_EQ(registry.health().dropped_measurements, 2u);
    EXPECT_EQ(heard.count(), 1) << heard.text();
    EXPECT_TRUE(contains(heard.text(), "the callback of the observable gauge \"g\" threw an exception"))
        << heard.text();
    broken = false;
    EXPECT_EQ(value_of(as_text(registry), "g{a=\"x\"}"), "1");
}
#endif

// CONFORMANCE 120
TEST(a_callable_that_takes_too_long, costs_its_own_values_of_that_collection) {
    test::heard heard;
    std::chrono::milliseconds const timeout{100};
    tacho::registry registry{{.callback_timeout = timeout}};
    bool slow = true;
    tacho::observable_gauge<"g"> g{registry, "", [&] {
                                       if (slow) take_longer_than(timeout);
                                       return 1;
                                   }};
    for (int i = 0; i < 2; ++i) EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(registry.health().late_callbacks, 2u);
    EXPECT_EQ(registry.health().dropped_measurements, 2u);
    EXPECT_EQ(heard.count(), 1) << heard.text();
    EXPECT_TRUE(contains(heard.text(), "the callback of the observable gauge \"g\" takes longer than callback_timeout"))
        << heard.text();
    slow = false;
    EXPECT_EQ(value_of(as_text(registry), "g"), "1");
}

TEST(a_callable_that_takes_too_long, costs_no_other_its_values) {
    test::heard heard;
    std::chrono::milliseconds const timeout{200};
    tacho::registry registry{{.callback_timeout = timeout}};
    tacho::observable_gauge<"slow"> slow{registry, "", [&] {
                                             take_longer_than(timeout);
                                             return 1;
                                         }};
    tacho::observable_gauge<"fast"> fast{registry, "", [] { return 2; }};
    EXPECT_EQ(as_text(registry), "# TYPE fast gauge\nfast 2\n");
}

TEST(a_collection, calls_no_callable_when_its_time_is_over) {
    test::heard heard;
    tacho::registry registry;
    int calls = 0;
    tacho::observable_gauge<"g"> g{registry, "", [&] { return ++calls; }};
    tacho::reader reader{registry};
    struct ignore {
        void number(tacho::family const&, tacho::series const&, tacho::number) { ++numbers; }
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&) {}
        int numbers = 0;
    } seen;
    using clock = std::chrono::steady_clock;
    reader.visit(seen, clock::now() + std::chrono::hours{1});
    reader.visit(seen, clock::now());  // shows what is there
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(seen.numbers, 2);
}

TEST(a_collection, stops_calling_when_its_time_is_over) {
    test::heard heard;
    tacho::registry registry;
    auto const until = std::chrono::steady_clock::now() + std::chrono::milliseconds{250};
    tacho::observable_gauge<"slow"> slow{registry, "", [&] {
                                             while (std::chrono::steady_clock::now() <= until) {
                                             }
                                             return 1;
                                         }};
    bool called = false;
    tacho::observable_gauge<"next"> next{registry, "", [&] { return called = true, 2; }};
    tacho::reader reader{registry};
    struct {
        void number(tacho::family const&, tacho::series const&, tacho::number) { ++numbers; }
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&) {}
        int numbers = 0;
    } seen;
    reader.visit(seen, until);
    EXPECT_FALSE(called);
    EXPECT_EQ(seen.numbers, 0);
    EXPECT_EQ(registry.health().late_callbacks, 2u);
    EXPECT_EQ(heard.count(), 2) << heard.text();
}

TEST(a_callable, may_record_register_and_ask_for_health) {
    tacho::registry registry;
    tacho::counter<"looks", tacho::label<"by">> looks{registry};
    std::optional<tacho::counter<"made">> made;
    std::optional<tacho::observable_gauge<"nested">> nested;
    tacho::observable_gauge<"g"> g{registry, "", [&] {
                                       looks("g").inc();
                                       auto const handle = looks.bind("handle");
                                       handle.inc();
                                       if (!made) {
                                           made.emplace(registry);
                                           nested.emplace(registry, "", [] { return 7; });
                                       } else {
                                           made.reset();
                                           nested.reset();
                                       }
                                       return registry.health().failed_registrations;
                                   }};
    auto page = as_text(registry);
    EXPECT_EQ(value_of(page, "g"), "0");
    EXPECT_EQ(value_of(page, "looks_total{by=\"g\"}"), "1");
    EXPECT_EQ(value_of(page, "made_total"), "0");
    EXPECT_EQ(value_of(page, "nested"), "");  // from the next collection on
    page = as_text(registry);
    EXPECT_EQ(value_of(page, "looks_total{by=\"handle\"}"), "2");
    EXPECT_EQ(value_of(page, "made_total"), "");
    EXPECT_EQ(value_of(page, "nested"), "");
}

TEST(a_callable_that_registers_another, has_it_called_in_the_next_collection) {
    tacho::registry registry;
    std::optional<tacho::observable_gauge<"second">> second;
    tacho::observable_gauge<"first"> first{registry, "", [&] {
                                               if (!second) second.emplace(registry, "", [] { return 2; });
                                               return 1;
                                           }};
    EXPECT_EQ(as_text(registry), "# TYPE first gauge\nfirst 1\n");
    EXPECT_EQ(as_text(registry), "# TYPE first gauge\nfirst 1\n# TYPE second gauge\nsecond 2\n");
}

TEST(a_callable_that_removes_those_before_and_after_it, leaves_the_others_their_turn) {
    tacho::registry registry;
    std::optional<tacho::observable_gauge<"a">> a;
    std::optional<tacho::observable_gauge<"c">> c;
    a.emplace(registry, "", [] { return 1; });
    tacho::observable_gauge<"b"> b{registry, "", [&] {
                                       a.reset();
                                       c.reset();
                                       return 2;
                                   }};
    c.emplace(registry, "", [] { return 3; });
    tacho::observable_gauge<"d"> d{registry, "", [] { return 4; }};
    EXPECT_EQ(as_text(registry), "# TYPE b gauge\nb 2\n# TYPE d gauge\nd 4\n");
}

TEST(a_callable_that_ends_its_own_instrument, is_destroyed_after_it_returns) {
    tacho::registry registry;
    std::optional<tacho::observable_gauge<"g", tacho::label<"a">>> g;
    auto const token = std::make_shared<int>(3);
    std::weak_ptr<int> const alive = token;
    bool alive_inside = false;
    g.emplace(registry, "", [&, held = token](auto& observe) {
        g.reset();
        alive_inside = alive.use_count() == 2 && *held == 3;
        observe(1, "after the end");
    });
    EXPECT_EQ(as_text(registry), "");
    EXPECT_TRUE(alive_inside);
    EXPECT_EQ(alive.use_count(), 1);
    EXPECT_EQ(as_text(registry), "");
}

TEST(a_callable_that_collects, sees_the_values_before) {
    tacho::registry registry;
    tacho::endpoint endpoint{registry};
    std::string inner;
    int calls = 0;
    tacho::observable_gauge<"g"> g{registry, "", [&] {
                                       ++calls;
                                       inner = endpoint.respond({}).body();
                                       static_cast<void>(registry.snapshot());
                                       return calls;
                                   }};
    EXPECT_EQ(value_of(as_text(registry), "g"), "1");
    EXPECT_EQ(inner, "");
    EXPECT_EQ(value_of(as_text(registry), "g"), "2");
    EXPECT_EQ(value_of(inner, "g"), "1");
    EXPECT_EQ(calls, 2);
}

TEST(an_error_hook_that_collects, is_called_under_no_lock) {
    static tacho::registry* current = nullptr;
    static std::uint64_t late = 0;
    std::chrono::milliseconds const timeout{2};
    tacho::registry registry{{.callback_timeout = timeout}};
    current = &registry;
    auto* const before = tacho::set_error_hook([](tacho::severity, std::string_view) noexcept {
        static_cast<void>(current->snapshot());
        late = current->health().late_callbacks;
    });
    tacho::observable_gauge<"g"> g{registry, "", [&] {
                                       take_longer_than(timeout);
                                       return 1;
                                   }};
    static_cast<void>(as_text(registry));
    tacho::set_error_hook(before);
    EXPECT_EQ(late, 1u);
}

TEST(an_observable, may_outlive_its_registry) {
    std::optional<tacho::registry> registry{std::in_place};
    tacho::observable_gauge<"g"> g{*registry, "", [] { return 1; }};
    tacho::endpoint endpoint{*registry};
    registry.reset();
    EXPECT_TRUE(contains(std::string{endpoint.respond({}).body()}, "g 1\n"));
}

// CONFORMANCE 120
TEST(an_observation, gives_the_values_of_several_instruments) {
    tacho::registry registry;
    auto const scope = registry.scope("memory");
    tacho::observable_up_down_counter<"used", tacho::unit::bytes> used{scope};
    tacho::observable_counter<"swaps", tacho::label<"way", verb>> swaps{scope};
    int calls = 0;
    {
        tacho::observation both{[&](tacho::observer& observe) {
                                    ++calls;
                                    observe(used, 1024);
                                    observe(swaps, 3u, verb::get);
                                },
                                used, swaps};
        auto const page = as_text(registry);
        EXPECT_EQ(value_of(page, "used_bytes{otel_scope_name=\"memory\"}"), "1024");
        EXPECT_EQ(value_of(page, "swaps_total{otel_scope_name=\"memory\",way=\"GET\"}"), "3") << page;
        EXPECT_EQ(calls, 1);
    }
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(calls, 1);
}

// CONFORMANCE 120: a declared set
TEST(an_observation, drops_and_reports_once_values_of_instruments_that_it_does_not_list) {
    test::heard heard;
    tacho::registry registry;
    tacho::observable_gauge<"listed"> listed{registry};
    tacho::observable_gauge<"other"> other{registry};
    tacho::observation one{[&](auto& observe) {
                               observe(listed, 1);
                               observe(other, 2);
                           },
                           listed};
    for (int i = 0; i < 2; ++i) EXPECT_EQ(as_text(registry), "# TYPE listed gauge\nlisted 1\n");
    EXPECT_EQ(heard.count(), 1) << heard.text();
    EXPECT_TRUE(contains(heard.text(), "\"other\" was given a value by an observation that does not list it"))
        << heard.text();
    EXPECT_EQ(registry.health().dropped_measurements, 2u);
}

TEST(an_observation, leaves_out_an_instrument_of_another_scope_or_registry) {
    test::heard heard;
    tacho::registry registry, elsewhere;
    tacho::observable_gauge<"a"> a{registry};
    tacho::observable_gauge<"b"> b{elsewhere};
    tacho::observable_gauge<"c"> c{registry.scope("another")};
    tacho::observation all{[&](auto& observe) {
                               observe(a, 1);
                               observe(b, 2);
                               observe(c, 3);
                           },
                           a, b, c};
    EXPECT_EQ(as_text(registry), "# TYPE a gauge\na 1\n");
    EXPECT_EQ(as_text(elsewhere), "");
    ASSERT_EQ(registry.problems().size(), 2u);
    EXPECT_TRUE(contains(registry.problems()[0],
                         "an observation of the observable gauge \"a\" also lists the "
                         "observable gauge \"b\", which is of another scope or registry"))
        << registry.problems()[0];
}

TEST(an_observation, passes_over_an_instrument_that_is_not_registered) {
    test::heard heard;
    tacho::registry registry;
    tacho::counter<"taken"> taken{registry};
    tacho::observable_counter<"taken"> refused{registry};
    tacho::observable_gauge<"g"> g{registry};
    tacho::observation both{[&](auto& observe) {
                                observe(refused, 5);
                                observe(g, 1);
                            },
                            refused, g};
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "taken_total"), "0");
    EXPECT_EQ(value_of(page, "g"), "1");
    EXPECT_EQ(registry.health().dropped_measurements, 0u);
}

TEST(an_observation, may_be_a_member_beside_its_instruments) {
    struct memory {
        explicit memory(tacho::scope const& in) : used{in, "Used"}, idle{in, "Idle"} {}
        tacho::observable_gauge<"used"> used;
        tacho::observable_gauge<"idle"> idle;
        int size = 10, taken = 4;
        tacho::observation both{[this](tacho::observer& observe) {
                                    observe(used, taken);
                                    observe(idle, size - taken);
                                },
                                used, idle};
    };
    tacho::registry registry;
    memory m{registry};
    EXPECT_EQ(value_of(as_text(registry), "idle"), "6");
}

TEST(an_observable, of_the_default_registry_needs_no_scope) {
    tacho::observable_gauge<"observable.of.the.default.registry"> g{"Says seven", [] { return 7; }};
    EXPECT_EQ(value_of(as_text(tacho::default_registry()), "observable_of_the_default_registry"), "7");
}

TEST(a_named_observable, shows_what_its_callable_observes) {
    tacho::registry registry;
    std::vector<tacho::named_observable> kept;
    kept.push_back(
        tacho::add_observable_gauge(registry, {.name = "queue.length", .labels = {"queue"}}, [](auto& observe) {
            observe(3.5, {"mail"});
            std::string_view const labels[] = {"print"};
            observe(5, labels);
        }));
    kept.push_back(tacho::add_observable_counter(registry, {.name = "read", .unit = "By"}, [] { return 7u; }));
    kept.push_back(tacho::add_observable_up_down_counter(registry, {.name = "used"}, [] { return -1; }));
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "queue_length{queue=\"mail\"}"), "3.5");
    EXPECT_EQ(value_of(page, "queue_length{queue=\"print\"}"), "5");
    EXPECT_EQ(value_of(page, "read_bytes_total"), "7");
    EXPECT_EQ(value_of(page, "used"), "-1");
    kept.erase(kept.begin());
    EXPECT_EQ(value_of(as_text(registry), "queue_length{queue=\"mail\"}"), "");
    EXPECT_EQ(value_of(as_text(registry), "used"), "-1");
}

TEST(a_named_observable, that_is_wrong_is_not_called) {
    test::heard heard;
    tacho::registry registry;
    int calls = 0;
    auto const g = tacho::add_observable_gauge(registry, {.name = "9lives"}, [&] { return ++calls; });
    EXPECT_FALSE(g.ok());
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(calls, 0);
}

TEST(a_named_observable, drops_and_counts_values_with_another_number_of_labels) {
    test::heard heard;
    tacho::registry registry;
    auto const g = tacho::add_observable_gauge(registry, {.name = "g", .labels = {"a"}}, [] { return 1; });
    EXPECT_TRUE(g.ok());
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(registry.health().dropped_measurements, 1u);
}

// CONFORMANCE 120
TEST(an_observation, gives_the_values_of_instruments_named_at_run_time_too) {
    tacho::registry registry;
    tacho::observable_gauge<"typed", tacho::label<"a">> typed{registry};
    auto const length = tacho::add_observable_gauge(registry, {.name = "queue.length", .labels = {"queue"}});
    auto const read = tacho::add_observable_counter(registry, {.name = "read", .labels = {"disk", "way"}});
    auto const used = tacho::add_observable_up_down_counter(registry, {.name = "used"});
    tacho::observation all{[&](tacho::observer& observe) {
                               observe(typed, 1.5, "x");
                               observe(length, 2.5, {"mail"});
                               std::vector<std::string_view> const labels{"sda", "in"};
                               observe(read, 7, labels);
                               observe(used, -3);
                           },
                           typed, length, read, used};
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "typed{a=\"x\"}"), "1.5");
    EXPECT_EQ(value_of(page, "queue_length{queue=\"mail\"}"), "2.5");
    EXPECT_EQ(value_of(page, "read_total{disk=\"sda\",way=\"in\"}"), "7");
    EXPECT_EQ(value_of(page, "used"), "-3");
    EXPECT_EQ(registry.health().dropped_measurements, 0u);
}

TEST(an_observation, lists_as_many_instruments_as_a_running_program_has) {
    tacho::registry registry;
    std::vector<tacho::named_observable> sensors;
    for (auto const* const name : {"a", "b", "c"})
        sensors.push_back(tacho::add_observable_gauge(registry, {.name = name}));
    tacho::observation all{[&](tacho::observer& observe) {
                               for (std::size_t i = 0; i < sensors.size(); ++i) observe(sensors[i], i);
                           },
                           sensors};
    auto const expected = "# TYPE a gauge\na 0\n# TYPE b gauge\nb 1\n# TYPE c gauge\nc 2\n";
    EXPECT_EQ(as_text(registry), expected);
    sensors.reserve(100);  // moves them
    EXPECT_EQ(as_text(registry), expected);
}

TEST(an_observation, of_no_instruments_is_not_called) {
    tacho::registry registry;
    int calls = 0;
    tacho::observation none{[&](tacho::observer&) { ++calls; }, std::span<tacho::named_observable const>{}};
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(calls, 0);
}

TEST(an_observation, drops_and_counts_what_does_not_fit_an_instrument_named_at_run_time) {
    test::heard heard;
    tacho::registry registry;
    auto const listed = tacho::add_observable_counter(registry, {.name = "listed", .labels = {"a"}});
    auto const whole = tacho::add_observable_up_down_counter(registry, {.name = "whole", .labels = {"a"}});
    auto const other = tacho::add_observable_gauge(registry, {.name = "other"});
    auto const refused = tacho::add_observable_gauge(registry, {.name = "9lives"});
    EXPECT_FALSE(refused.ok());
    tacho::observation some{[&](auto& observe) {
                                observe(listed, 1);              // no label value
                                observe(listed, 1, {"x", "y"});  // too many
                                observe(listed, -1, {"x"});      // negative
                                observe(listed, 2.5, {"x"});     // not whole
                                observe(listed, nan, {"x"});
                                observe(listed, 0x1p64, {"x"});  // too large
                                observe(whole, 0x1p63, {"x"});   // too large
                                observe(other, 1);               // not listed
                                observe(refused, 1);             // not registered, which was said
                                observe(listed, 3.0, {"z"});
                                observe(whole, -0x1p63, {"z"});
                            },
                            listed, whole, refused};
    EXPECT_EQ(as_text(registry),
              "# TYPE listed_total counter\nlisted_total{a=\"z\"} 3\n# TYPE whole gauge\n"
              "whole{a=\"z\"} -9223372036854775808\n");
    EXPECT_EQ(registry.health().dropped_measurements, 8u);
    EXPECT_TRUE(contains(heard.text(), "\"other\" was given a value by an observation that does not list it"));
    EXPECT_TRUE(contains(heard.text(), "\"listed\" was given another number of label values"));
}

}  // namespace
