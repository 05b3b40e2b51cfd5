// SPDX-License-Identifier: MIT
// When a series began, as OpenMetrics tells it to who wants to know.
#include "support/text.hpp"
#include "tacho/encode/line_names.hpp"
#include "tacho/export/endpoint.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using tacho::label;

tacho::unix_nanos creation_clock = 0;
tacho::registry_options on_creation_clock() {
    return {.now = []() noexcept { return creation_clock; }};
}

std::string dated(tacho::registry& registry, std::string_view accept = "application/openmetrics-text") {
    tacho::endpoint endpoint{registry, {.created = true}};
    return std::string{endpoint.respond({"GET", accept}).body()};
}

// CONFORMANCE 39, 41
TEST(a_time_in_openmetrics, is_seconds_in_plain_decimal) {
    auto const text = [](tacho::unix_nanos time) {
        char room[64];
        return std::string{room, tacho::detail::write_seconds(time, room)};
    };
    EXPECT_EQ(text(0), "0.0");
    EXPECT_EQ(text(1), "0.000000001");
    EXPECT_EQ(text(1'700'000'000'000'000'000u), "1700000000.0");
    EXPECT_EQ(text(1'520'879'607'789'000'000u), "1520879607.789");
    EXPECT_EQ(text(1'700'000'000'120'000'030u), "1700000000.12000003");
}

// CONFORMANCE 52, 218: after the other samples of its label set, of counters and histograms only.
TEST(created, follows_the_samples_of_each_series_of_a_counter_or_histogram) {
    creation_clock = test::now;
    tacho::registry registry{on_creation_clock()};
    tacho::counter<"c", label<"a">> c{registry};
    tacho::counter<"d", double> d{registry};
    tacho::gauge<"g"> g{registry};
    tacho::histogram<"h", label<"a">> h{registry, "", {1}};
    tacho::histogram<"i"> i{registry, "", {-1}};
    tacho::up_down_counter<"u"> u{registry};
    c("1").inc(3);
    creation_clock += 1'500'000'000u;
    c("2").inc(4);
    h("1").observe(0.5);
    EXPECT_EQ(dated(registry),
              "# TYPE c counter\n"
              "c_total{a=\"1\"} 3\nc_created{a=\"1\"} 1700000000.0\n"
              "c_total{a=\"2\"} 4\nc_created{a=\"2\"} 1700000001.5\n"
              "# TYPE d counter\nd_total 0\nd_created 1700000000.0\n"
              "# TYPE g gauge\ng 0\n"
              "# TYPE h histogram\nh_bucket{a=\"1\",le=\"1.0\"} 1\nh_bucket{a=\"1\",le=\"+Inf\"} 1\n"
              "h_sum{a=\"1\"} 0.5\nh_count{a=\"1\"} 1\nh_created{a=\"1\"} 1700000001.5\n"
              "# TYPE i histogram\ni_bucket{le=\"-1.0\"} 0\ni_bucket{le=\"+Inf\"} 0\ni_created 1700000000.0\n"
              "# TYPE u gauge\nu 0\n# EOF\n");
}

// CONFORMANCE 52
TEST(created, is_another_time_when_a_series_begins_anew) {
    creation_clock = test::now;
    tacho::registry registry{on_creation_clock()};
    tacho::counter<"c", label<"a">> c{registry};
    c("1").inc();
    EXPECT_EQ(test::value_of(dated(registry), "c_created{a=\"1\"}"), "1700000000.0");
    creation_clock += 1;
    EXPECT_TRUE(c.remove("1"));
    c("1").inc();
    EXPECT_EQ(test::value_of(dated(registry), "c_created{a=\"1\"}"), "1700000000.000000001");
}

// CONFORMANCE 38, 52, 219
TEST(created, is_in_no_other_format_and_not_there_unless_asked_for) {
    creation_clock = test::now;
    tacho::registry registry{on_creation_clock()};
    tacho::counter<"c"> c{registry};
    EXPECT_EQ(dated(registry, "text/plain;version=1.0.0"), "# TYPE c_total counter\nc_total 0\n");
    EXPECT_EQ(dated(registry, ""), "# TYPE c_total counter\nc_total 0\n");
    EXPECT_EQ(test::as_openmetrics(registry), "# TYPE c counter\nc_total 0\n# EOF\n");
}

// CONFORMANCE 44
TEST(created, has_a_name_that_no_other_instrument_can_have) {
    test::heard const heard;
    tacho::registry registry;
    tacho::counter<"c"> c{registry};
    EXPECT_FALSE(tacho::add_gauge(registry, {.name = "c.created"}).ok());
}

// CONFORMANCE 20, 64
TEST(created, is_told_under_a_name_that_needs_quotes_or_escapes) {
    creation_clock = test::now;
    auto options = on_creation_clock();
    options.translation = tacho::translation_strategy::no_translation;
    tacho::registry registry{options};
    tacho::counter<"a.b_total", label<"c.d">> c{registry};
    tacho::counter<"unknown.c"> unknown{registry};  // is no counter in OpenMetrics
    c("1").inc();
    EXPECT_EQ(dated(registry, "application/openmetrics-text;escaping=allow-utf-8"),
              "# TYPE \"a.b\" counter\n{\"a.b_total\",\"c.d\"=\"1\"} 1\n"
              "{\"a.b_created\",\"c.d\"=\"1\"} 1700000000.0\n"
              "# TYPE \"unknown.c\" unknown\n{\"unknown.c\"} 0\n# EOF\n");
    EXPECT_EQ(dated(registry, "application/openmetrics-text;escaping=dots"),
              "# TYPE a_dot_b_ counter\na_dot_b__total{c_dot_d=\"1\"} 1\n"
              "a_dot_b__created{c_dot_d=\"1\"} 1700000000.0\n"
              "# TYPE unknown_dot_c unknown\nunknown_dot_c 0\n# EOF\n");
}

}  // namespace
