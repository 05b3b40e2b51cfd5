// SPDX-License-Identifier: MIT
// What an OTLP request remembers for the next one changes nothing about it.
#include "support/text.hpp"

#include "tacho/encode/otlp_points.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace {

enum class traffic_light { red, green };
consteval auto label_values(traffic_light) {
    return tacho::labels<traffic_light>({{traffic_light::red, "red"}, {traffic_light::green, "green"}});
}

std::string request(tacho::registry const& of, tacho::unix_nanos time, tacho::otlp_points* known = nullptr) {
    static tacho::resource const about{{"service.name", "test"}};
    tacho::byte_buffer buffer;
    tacho::otlp_json_encoder encoder{buffer, about, time, known};
    of.visit(encoder, tacho::order::by_scope);
    return encoder.finish() ? std::string{buffer.view()} : "failed";
}

tacho::unix_nanos points_clock = test::now;
tacho::unix_nanos ticking() noexcept {
    return points_clock;
}

// Everything that has points.
struct everything {
    tacho::registry registry{{.now = &ticking}};
    tacho::counter<"hits", tacho::label<"api">, tacho::label<"code", int>, tacho::series_limit<100>> hits{registry};
    tacho::counter<"cpu", double> cpu{registry};
    tacho::up_down_counter<"busy", tacho::label<"api">> busy{registry};
    tacho::gauge<"level"> level{registry};
    tacho::histogram<"took", tacho::label<"api">> took{registry, "", {1, 2.5, 1e7}};
    tacho::exponential_histogram<"spread", tacho::label<"api">> spread{registry};
    tacho::state_set<"light", traffic_light, tacho::label<"street">> lamp{registry};
    tacho::observable_counter<"read", tacho::label<"disk", int>> read{registry, "", [this](auto& observe) {
                                                                          for (int i = 0; i < 12; ++i)
                                                                              observe(reads += 1, i);
                                                                      }};
    std::uint64_t reads = 0;

    void record(int step) {
        for (int i = 0; i < 30; ++i) {
            auto const api = "/v1/\"" + std::to_string(i) + std::string(static_cast<std::size_t>(i), 'x');
            hits(api, i * step).inc(std::uint64_t{1} << (step * 7 % 64));
            busy(api).inc(i - step);
            took(api).observe(i);
            spread(api).observe(i);
        }
        cpu.inc(step / 3.0);
        level.set(step / 7.0);
        lamp("main").set(step % 2 == 0 ? traffic_light::red : traffic_light::green);
    }
};

TEST(a_request_that_remembers_the_last_one, is_the_same_to_the_byte) {
    everything e;
    tacho::otlp_points known;
    for (int step = 0; step < 20; ++step) {
        points_clock += 1'000'000'000u;
        e.record(step);
        if (step == 10) e.reads = 0;  // begins anew
        auto const reads = e.reads;
        auto const expected = request(e.registry, points_clock);
        e.reads = reads;
        EXPECT_EQ(request(e.registry, points_clock, &known), expected) << step;
    }
}

TEST(a_request_that_remembers_the_last_one, knows_series_that_took_the_place_of_others) {
    everything e;
    tacho::otlp_points known;
    for (int step = 0; step < 200; ++step) {
        points_clock += 1'000'000'000u;
        e.hits("/", step).inc();
        e.hits("/", step + 1).inc();
        e.hits.remove("/", step - 10);
        EXPECT_EQ(e.reads = 0, 0u);
        auto const expected = request(e.registry, points_clock);
        e.reads = 0;
        EXPECT_EQ(request(e.registry, points_clock, &known), expected) << step;
    }
}

// Numbers of all lengths, with and without sign, of series that come and go, at times that go back and forth.
TEST(a_request_that_remembers_the_last_one, is_the_same_whatever_the_numbers) {
    std::mt19937_64 random{7};
    auto const begin = points_clock;
    for (int round = 0; round < 20; ++round) {
        points_clock = begin;
        tacho::registry registry{{.now = &ticking}};
        tacho::up_down_counter<"balance", tacho::label<"n", int>, tacho::series_limit<100>> balance{registry};
        tacho::gauge<"level", std::int64_t, tacho::label<"n", int>, tacho::series_limit<100>> level{registry};
        tacho::counter<"hits", tacho::label<"n">, tacho::series_limit<100>> hits{registry};
        tacho::otlp_points known;
        for (int step = 0; step < 100; ++step) {
            points_clock += random() % 8 == 0 ? 0 : random() % 1'000'000'000;
            if (random() % 16 == 0) points_clock -= 1'000'000'000;
            for (int i = 0; i < 40; ++i) {
                auto const n = static_cast<int>(random() % 40);
                auto const signed_number = static_cast<std::int64_t>(random()) >> random() % 64;
                level(n).set(signed_number);
                if (random() % 4 == 0) balance(n).inc(signed_number);
                auto const text = std::string(static_cast<std::size_t>(n), '"') + std::to_string(n);
                hits(text).inc(random() % 200 == 0 ? random() : random() % 10);
                if (round % 2 != 0 && random() % 64 == 0) balance.remove(n);
                if (round % 2 != 0 && random() % 64 == 0) hits.remove(text);
                if (round % 4 == 3 && random() % 2048 == 0) hits.clear();
            }
            ASSERT_EQ(request(registry, points_clock, &known), request(registry, points_clock)) << round << " " << step;
        }
    }
}

TEST(a_request_that_remembers_the_last_one, writes_times_of_any_length) {
    everything e;
    e.record(1);
    tacho::otlp_points known;
    for (tacho::unix_nanos const time : {points_clock, tacho::unix_nanos{5}, points_clock, ~tacho::unix_nanos{0},
                                         tacho::unix_nanos{1'000'000'000'000'000'000u}, points_clock + 1}) {
        e.reads = 0;
        auto const expected = request(e.registry, time);
        e.reads = 0;
        EXPECT_EQ(request(e.registry, time, &known), expected) << time;
    }
}

TEST(what_is_known_of_points, is_bounded_by_what_is_shown) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits", tacho::label<"n", int>, tacho::series_limit<1000>> hits{registry};
    std::optional<tacho::gauge<"level">> level{registry};
    tacho::otlp_points known;
    auto const bytes = [&] {
        static_cast<void>(request(registry, test::now, &known));
        return known.bytes();
    };
    for (int i = 0; i < 10; ++i) hits(i).inc();
    auto const of_ten = bytes();
    EXPECT_GT(of_ten, 0u);
    EXPECT_EQ(bytes(), of_ten);
    for (int i = 10; i < 1000; ++i) hits(i).inc();
    auto const of_thousand = bytes();
    EXPECT_GT(of_thousand, 50 * of_ten);

    // Others come and go.
    for (int i = 1000; i < 10'000; ++i) {
        hits.remove(i - 1000);
        hits(i).inc();
        if (i % 100 == 0) {
            EXPECT_LT(bytes(), 4 * of_thousand);
        }
    }
    for (int i = 9000; i < 9990; ++i) hits.remove(i);
    bytes();
    EXPECT_LT(bytes(), of_thousand / 5);
    hits.clear();
    level.reset();
    bytes();
    EXPECT_EQ(bytes(), 0u);
}

}  // namespace
