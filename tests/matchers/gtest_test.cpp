// SPDX-License-Identifier: MIT
// The matchers for GoogleTest: what they match, and what they say when they don't.
#include "tacho/adapter/gtest.hpp"
#include "reference/metrics.hpp"
#include "support/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

// The namespace differs where TACHO_PORTABLE is defined.
#define AS_TEXT(word) #word
#define IN_TEXT(word) AS_TEXT(word)

namespace {

using tacho::has_bucket;
using tacho::has_count;
using tacho::has_no_series;
using tacho::has_series;
using tacho::has_sum;
using testing::AllOf;
using testing::DoubleNear;
using testing::Gt;
using testing::Not;

struct shop {
    tacho::registry registry{test::fixed()};
    tacho::counter<"http.requests", tacho::label<"verb">, tacho::label<"code", int>> requests{registry};
    tacho::histogram<"latency", tacho::unit::seconds> latency{registry, "", {0.1, 1}};
    tacho::counter<"hits", tacho::label<"from">> hits{registry};

    shop() {
        requests("GET", 200).inc(3);
        requests("POST", 500).inc();
        latency.observe(0.25);
    }
};

template <class Matcher, class Source>
std::string explained(Matcher const& matcher, Source const& source) {
    testing::StringMatchResultListener listener;
    static_cast<void>(testing::ExplainMatchResult(matcher, source, &listener));
    return listener.str();
}

TEST(has_series, matches_a_value_exactly_or_by_a_matcher) {
    shop s;
    EXPECT_THAT(s.registry, has_series("http.requests", {{"code", 200}, {"verb", "GET"}}, 3));
    EXPECT_THAT(s.registry, has_series("http_requests_total", {{"code", "200"}, {"verb", "GET"}}, 3u));
    EXPECT_THAT(s.registry.snapshot(),
                has_series("http.requests", {{"code", 200}, {"verb", "GET"}}, DoubleNear(2.9, 0.2)));
    EXPECT_THAT(s.registry, has_series("http.requests", {{"code", 200}, {"verb", "GET"}}));
    EXPECT_THAT(s.registry, Not(has_series("http.requests", {{"code", 200}, {"verb", "GET"}}, 4)));
    EXPECT_THAT(s.registry, Not(has_series("http.requests", {{"code", 200}}, Gt(0))));
    EXPECT_THAT(s.registry, Not(has_series("http.requests", {{"code", 200}})));
    EXPECT_THAT(s.registry, Not(has_series("nothing", {}, testing::IsNan())));
    tacho::counter<"large"> large{s.registry};
    constexpr auto many = (std::uint64_t{1} << 53) + 1;
    large.inc(many);
    EXPECT_THAT(s.registry, AllOf(has_series("large", {}, many), Not(has_series("large", {}, many - 1))));
}

TEST(has_no_series, matches_one_that_is_not_there_or_none_of_an_instrument) {
    shop s;
    EXPECT_THAT(s.registry, has_no_series("http.requests", {{"code", 404}, {"verb", "GET"}}));
    EXPECT_THAT(s.registry, has_no_series("hits"));
    EXPECT_THAT(s.registry, has_no_series("nothing"));
    EXPECT_THAT(s.registry, Not(has_no_series("http.requests")));
    EXPECT_THAT(s.registry, Not(has_no_series("http.requests", {{"code", 200}, {"verb", "GET"}})));
    EXPECT_THAT(s.registry, Not(has_no_series("latency")));
}

TEST(matchers_of_histograms, see_count_sum_and_buckets) {
    shop s;
    EXPECT_THAT(s.registry, AllOf(has_count("latency", {}, 1), has_sum("latency", {}, 0.25),
                                  has_bucket("latency", {}, 0.1, 0), has_bucket("latency", {}, 1, 1)));
    EXPECT_THAT(s.registry, Not(has_bucket("latency", {}, 0.5, 1)));
    EXPECT_THAT(s.registry, Not(has_series("latency", {}, 1)));
}

TEST(a_matcher_that_fails, shows_the_value_that_is_there) {
    EXPECT_NONFATAL_FAILURE(
        {
            shop s;
            EXPECT_THAT(s.registry, has_series("http.requests", {{"verb", "GET"}, {"code", 200}}, 4));
        },
        "Value of: s.registry\n"
        "Expected: has http.requests{code=\"200\",verb=\"GET\"}, whose value is 4\n"
        "  Actual: a registry of 3 instruments (of type tacho::" IN_TEXT(TACHO_ABI) "::registry), "
        "where http.requests{code=\"200\",verb=\"GET\"} 3");
    EXPECT_NONFATAL_FAILURE(
        {
            shop s;
            EXPECT_THAT(s.registry.snapshot(), has_sum("latency", {}, Gt(0.5)));
        },
        "Expected: has latency, whose sum is > 0.5\n"
        "  Actual: a snapshot (of type tacho::" IN_TEXT(TACHO_ABI) "::snapshot), where latency count 1, sum 0.25");
}

TEST(a_matcher_that_fails, shows_the_nearest_series_with_its_value) {
    shop s;
    EXPECT_EQ(explained(has_series("http.requests", {{"verb", "POST"}, {"code", 501}}, 1), s.registry),
              "where there is no series http.requests{code=\"501\",verb=\"POST\"}; the nearest is "
              "http.requests{code=\"500\",verb=\"POST\"} 1");
    EXPECT_EQ(explained(has_series("http.request", {{"verb", "POST"}, {"code", 500}}, 1), s.registry),
              "where there is no instrument \"http.request\"; the nearest is \"http.requests\"");
    EXPECT_EQ(explained(has_series("hits", {{"from", "home"}}), s.registry),
              "where there is no series hits{from=\"home\"}; there is none of that instrument");
    EXPECT_EQ(explained(has_bucket("latency", {}, 0.5, 1), s.registry),
              "where latency has no bound 0.5; its bounds are 0.1, 1, +Inf");
    EXPECT_EQ(explained(has_no_series("http.requests"), s.registry),
              "where http.requests{code=\"200\",verb=\"GET\"} 3, and 1 more");
}

TEST(a_matcher, describes_what_it_wants) {
    auto const words = [](auto const& matcher, bool negated = false) {
        return testing::DescribeMatcher<tacho::registry const&>(matcher, negated);
    };
    EXPECT_EQ(words(has_series("a", {{"y", true}, {"x", 1}}, 2)), "has a{x=\"1\",y=\"true\"}, whose value is 2");
    EXPECT_EQ(words(has_series("a", {}, 2), true), "has no a, whose value is 2");
    EXPECT_EQ(words(has_series("a")), "has a");
    EXPECT_EQ(words(has_no_series("a")), "has no series of a");
    EXPECT_EQ(words(has_no_series("a", {{"x", 1}})), "has no a{x=\"1\"}");
    EXPECT_EQ(words(has_count("a", {}, Gt(2))), "has a, whose count is > 2");
    EXPECT_EQ(words(has_bucket("a", {}, 0.5, 2)), "has a, whose bucket up to 0.5 is 2");
}

TEST(a_lint, of_a_whole_registry_is_one_line_of_a_test) {
    tacho::registry registry;
    tacho::counter<"shop.orders"> orders{registry, "Orders"};
    EXPECT_THAT(tacho::lint(registry), testing::IsEmpty());
    EXPECT_NONFATAL_FAILURE(
        {
            tacho::registry other;
            tacho::counter<"shop.lateOrders"> late(other, "Late ones");
            tacho::lint_options options;
            options.opentelemetry = false;
            EXPECT_THAT(tacho::lint(other, options), testing::IsEmpty());
        },
        "  Actual: { shop.lateOrders (shop_lateOrders_total): its name is in camelCase; name it \"shop.late_orders\" "
        "[https://prometheus.io/docs/instrumenting/writing_exporters/#naming] }");
}

// Its names are those of the service that it stands for, which are made for Prometheus.
TEST(the_reference_service, keeps_the_conventions_of_prometheus) {
    tacho::registry registry;
    ogx::metrics const reference{registry};
    EXPECT_THAT(tacho::lint(registry, {.opentelemetry = false}), testing::IsEmpty());
    for (auto const& one : tacho::lint(registry))
        EXPECT_THAT(one.wrong, testing::AnyOf("its name ends with total", "its name has its unit",
                                              "the name of an up-down counter is not a plural"));
}

}  // namespace
