// SPDX-License-Identifier: MIT
// What OpenTelemetry's instruments and attributes become in Prometheus' formats.
#include "support/text.hpp"
#include "tacho/export/accept.hpp"
#include "tacho/export/endpoint.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace {

using tacho::label;
using test::as_openmetrics;
using test::as_text;

// CONFORMANCE 208
TEST(a_sum, is_a_counter_if_it_only_grows_and_else_a_gauge) {
    tacho::registry registry;
    tacho::counter<"a"> a{registry};
    tacho::up_down_counter<"b"> b{registry};
    tacho::gauge<"c"> c{registry};
    tacho::observable_counter<"d"> d{registry, "", [] { return 1; }};
    tacho::observable_up_down_counter<"e"> e{registry, "", [] { return -1; }};
    EXPECT_EQ(as_text(registry),
              "# TYPE a_total counter\na_total 0\n# TYPE b gauge\nb 0\n# TYPE c gauge\nc 0\n"
              "# TYPE d_total counter\nd_total 1\n# TYPE e gauge\ne -1\n");
}

// CONFORMANCE 209: min and max have no place there.
TEST(a_histogram, has_cumulative_buckets_up_to_infinity_and_a_sum) {
    tacho::registry registry;
    tacho::histogram<"h"> h{registry, "", {1, 2}};
    for (double const v : {0.5, 1.5, 1.5, 9.0}) h.observe(v);
    EXPECT_EQ(as_text(registry),
              "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"+Inf\"} 4\n"
              "h_sum 12.5\nh_count 4\n");
}

// CONFORMANCE 28, 212
TEST(an_attribute, that_is_no_text_is_shown_as_json_would_show_it) {
    tacho::registry registry;
    tacho::counter<"c", label<"flag", bool>, label<"number", std::int64_t>, label<"text">> c{registry};
    c(true, std::numeric_limits<std::int64_t>::min(), "").inc();
    c(false, 42, "a").inc();
    auto const page = as_text(registry);
    EXPECT_EQ(test::value_of(page, "c_total{flag=\"true\",number=\"-9223372036854775808\"}"), "1") << page;
    EXPECT_EQ(test::value_of(page, "c_total{flag=\"false\",number=\"42\",text=\"a\"}"), "1") << page;
}

// CONFORMANCE 60
TEST(an_instrument_without_description, has_no_help_line) {
    tacho::registry registry;
    tacho::counter<"a"> a{registry};
    tacho::gauge<"b"> b{registry, ""};
    EXPECT_EQ(as_text(registry).find("# HELP"), std::string::npos);
    EXPECT_EQ(as_openmetrics(registry).find("# HELP"), std::string::npos);
}

// CONFORMANCE 47
TEST(a_series, is_shown_to_every_client_alike_whether_it_changed_or_not) {
    tacho::registry registry;
    tacho::counter<"c", label<"a">> c{registry};
    c("1").inc();
    tacho::endpoint one{registry}, other{registry};
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(one.respond({}).body(), "# TYPE c_total counter\nc_total{a=\"1\"} 1\n");
        EXPECT_EQ(other.respond({}).body(), "# TYPE c_total counter\nc_total{a=\"1\"} 1\n");
    }
}

// CONFORMANCE 38, 66, 67, 219: a line is a name, labels and a number; no time, and no exemplar.
TEST(a_line, ends_with_its_number) {
    tacho::registry registry;
    tacho::counter<"c", label<"a">> c{registry};
    tacho::histogram<"h"> h{registry};
    c("1").inc();
    h.observe(3);
    for (auto const& page : {as_text(registry), as_openmetrics(registry)})
        for (std::size_t at = 0; at < page.size();) {
            auto const line = page.substr(at, page.find('\n', at) - at);
            at += line.size() + 1;
            if (line.starts_with('#')) continue;
            EXPECT_EQ(line.find(' '), line.rfind(' ')) << line;
        }
}

// CONFORMANCE 202: our words for units are the specification's, where Prometheus' own translator differs.
TEST(a_unit, that_prometheus_calls_otherwise_has_the_word_of_the_specification) {
    EXPECT_EQ(tacho::unit_word("TiBy").view(), "tebibytes");
    EXPECT_EQ(tacho::unit_word("kBy").view(), "kilobytes");
    EXPECT_EQ(tacho::unit_word("KBy").view(), "KBy");
}

// CONFORMANCE 220
TEST(text_0_0_4, is_what_anybody_gets_who_asks_for_what_we_have_not) {
    for (auto const accept :
         {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
          "application/x-protobuf", "application/openmetrics-text;version=2.0.0"})
        EXPECT_EQ(tacho::content_type(tacho::negotiate(accept)), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace
