// SPDX-License-Identifier: MIT
// What a program's own tests see: instruments by name, series by labels, and the nearest ones where there is none.
#include "support/text.hpp"
#include "tacho/testing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using tacho::snapshot;

enum class state { idle, running };
consteval auto label_values(state) {
    return tacho::labels<state>({{state::idle, "idle"}, {state::running, "running"}});
}

struct looked_up_shop {
    tacho::registry registry{test::fixed()};
    tacho::counter<"http.requests", tacho::label<"verb">, tacho::label<"http.code", int>> requests{registry};
    tacho::counter<"hits", tacho::label<"cached", std::optional<bool>>> hits{registry};
    tacho::gauge<"room.temperature", tacho::unit::celsius> temperature{registry};
    tacho::histogram<"http.duration", tacho::unit::seconds> duration{registry, "", {0.1, 1}};
    tacho::exponential_histogram<"rpc.duration"> rpc{registry};
    tacho::state_set<"job.state", state, tacho::label<"job">> jobs{registry};

    looked_up_shop() {
        requests("GET", 200).inc(3);
        requests("POST", 500).inc();
    }
};

template <class Shown>
std::string printed(Shown const& shown) {
    std::ostringstream to;
    to << shown;
    return to.str();
}

TEST(a_look_up, finds_an_instrument_by_any_of_its_names) {
    looked_up_shop s;
    for (auto const name : {"http.requests", "http_requests_total", "http_requests"}) {
        auto const found = snapshot(s.registry)[name];
        EXPECT_TRUE(found.exists()) << name;
        EXPECT_EQ(found.series().size(), 2u) << name;
        EXPECT_EQ(found({{"verb", "GET"}, {"http.code", 200}}), 3) << name;
    }
    EXPECT_EQ(s.registry.snapshot()["room_temperature_celsius"].value(), 0);
}

TEST(a_look_up, minds_no_order_of_labels_and_takes_them_by_both_names) {
    looked_up_shop s;
    auto const requests = snapshot(s.registry)["http.requests"];
    EXPECT_EQ(requests({{"http.code", 200}, {"verb", "GET"}}).value(), 3);
    EXPECT_EQ(requests({{"http_code", "200"}, {"verb", std::string{"GET"}}}).value(), 3);
    tacho::series_reading const other = requests[{{"verb", "POST"}, {"http.code", std::uint16_t{500}}}];
    EXPECT_EQ(other, 1);
    EXPECT_FALSE(requests({{"verb", "GET"}}).exists());
    EXPECT_FALSE(requests({{"verb", "GET"}, {"http.code", 200}, {"more", "1"}}).exists());
}

TEST(a_look_up, gives_what_compares_and_computes_as_a_number) {
    looked_up_shop s;
    auto const all = snapshot(s.registry);
    EXPECT_GT(all["http.requests"]({{"verb", "GET"}, {"http.code", 200}}), 2);
    EXPECT_LE(all["http.requests"]({{"verb", "POST"}, {"http.code", 500}}), 1.0);
    EXPECT_DOUBLE_EQ(all["http.requests"]({{"verb", "GET"}, {"http.code", 200}}) / 2, 1.5);
    EXPECT_NEAR(all["room.temperature"].value(), 0, 1e-9);
    EXPECT_TRUE(std::isnan(all["http.requests"]({{"verb", "PUT"}, {"http.code", 200}})));
    EXPECT_TRUE(std::isnan(all["http.duration"]({})));  // a histogram has count() and sum()
    // NaN would be true, and what isn't there equal to nothing.
    static_assert(!std::is_constructible_v<bool, tacho::series_reading>);
    static_assert(!std::is_constructible_v<bool, tacho::number_reading>);
    static_assert(!std::equality_comparable<tacho::series_reading>);
}

TEST(a_look_up, takes_a_missing_label_for_one_without_text) {
    looked_up_shop s;
    s.hits(true).inc(2);
    s.hits(std::nullopt).inc(5);
    auto const hits = snapshot(s.registry)["hits"];
    EXPECT_EQ(hits({{"cached", true}}), 2);
    EXPECT_EQ(hits({}), 5);
    EXPECT_EQ(hits({{"cached", ""}}), 5);
    EXPECT_EQ(hits.value(), 5);
}

TEST(a_look_up, needs_no_labels_that_all_series_carry_and_takes_them) {
    tacho::registry registry{{.constant_labels = {{"region", "eu"}}}};
    tacho::counter<"reads", tacho::label<"from">> reads{registry.scope("db", "2")};
    reads("disk").inc();
    auto const found = snapshot(registry)["reads"];
    EXPECT_EQ(found({{"from", "disk"}}), 1);
    EXPECT_EQ(found({{"region", "eu"}, {"from", "disk"}, {"otel_scope_name", "db"}}), 1);
    EXPECT_FALSE(found({{"region", "us"}, {"from", "disk"}}).exists());
    EXPECT_FALSE(found({{"region", "eu"}}).exists());
    EXPECT_EQ(found({{"from", "disk"}}).text(), "reads{from=\"disk\",region=\"eu\"} 1");
    EXPECT_EQ(snapshot(registry)["reads_total"].text(),
              "reads_total{from=\"disk\",otel_scope_name=\"db\",otel_scope_version=\"2\",region=\"eu\"} 1");
}

TEST(a_look_up, sees_the_overflow_series) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"a">, tacho::series_limit<1>> c{registry};
    test::heard const heard;
    c("1").inc();
    c("2").inc(7);
    EXPECT_EQ(snapshot(registry)["c"]({{"otel.metric.overflow", true}}), 7);
}

TEST(a_look_up, of_a_histogram_gives_count_sum_and_cumulative_buckets) {
    looked_up_shop s;
    for (double const value : {0.05, 0.1, 0.5, 3.0}) s.duration.observe(value);
    auto const found = snapshot(s.registry)["http.duration"];
    EXPECT_EQ(found.count(), 4u);
    EXPECT_DOUBLE_EQ(found.sum(), 3.65);
    EXPECT_EQ(found.bucket(0.1), 2);
    EXPECT_EQ(found.bucket(1), 3);
    EXPECT_EQ(found.bucket(std::numeric_limits<double>::infinity()), 4);
    EXPECT_FALSE(found.bucket(0.2).exists());
    EXPECT_EQ(found.bucket(0.2).text(), "http.duration has no bound 0.2; its bounds are 0.1, 1, +Inf");
    EXPECT_EQ(found.text(), "http.duration count 4, sum 3.65");
    EXPECT_EQ(found.bucket(0.1).text(), "http.duration up to 0.1: 2");
}

TEST(a_look_up, of_an_exponential_histogram_gives_count_and_sum) {
    looked_up_shop s;
    s.rpc.observe(2.5);
    auto const found = snapshot(s.registry)["rpc.duration"];
    EXPECT_EQ(found.count(), 1);
    EXPECT_EQ(found.sum(), 2.5);
    EXPECT_EQ(found.bucket(1).text(),
              "rpc.duration is of the kind exponential histogram, which has no buckets with bounds");
}

TEST(a_look_up, of_a_state_set_has_a_series_for_each_state) {
    looked_up_shop s;
    s.jobs("nightly").set(state::running);
    auto const jobs = snapshot(s.registry)["job.state"];
    EXPECT_EQ(jobs({{"job", "nightly"}, {"job.state", "running"}}), 1);
    EXPECT_EQ(jobs({{"job", "nightly"}, {"job_state", "idle"}}), 0);
    EXPECT_EQ(jobs.text(),
              "job.state{job=\"nightly\",job.state=\"idle\"} 0\njob.state{job=\"nightly\",job.state=\"running\"} 1");
}

TEST(a_look_up, sees_observables_as_of_now) {
    tacho::registry registry;
    int value = 1;
    tacho::observable_gauge<"level"> level{registry, "", [&] { return value; }};
    EXPECT_EQ(snapshot(registry)["level"].value(), 1);
    value = 2;
    EXPECT_EQ(snapshot(registry)["level"].value(), 2);
}

TEST(a_number, compares_exactly) {
    tacho::registry registry;
    tacho::counter<"many"> many{registry};
    constexpr auto large = (std::uint64_t{1} << 53) + 1;
    many.inc(large);
    tacho::gauge<"below", std::int64_t> below{registry};
    below.set(-1);
    auto const all = snapshot(registry);
    EXPECT_EQ(all["many"].value(), large);
    EXPECT_NE(all["many"].value(), large - 1);
    EXPECT_EQ(all["below"].value(), -1);
    EXPECT_NE(all["below"].value(), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(all["below"].value(), -1.0);
    EXPECT_NE(all["below"].value(), all["many"].value());
}

TEST(a_number_that_is_not_there, is_nan_and_equal_to_nothing) {
    looked_up_shop s;
    auto const none = snapshot(s.registry)["nothing"].value();
    EXPECT_FALSE(none.exists());
    EXPECT_TRUE(std::isnan(static_cast<double>(none)));
    EXPECT_FALSE(none == 0);
    EXPECT_FALSE(none == none);
}

TEST(what_is_not_there, names_the_nearest_instrument) {
    looked_up_shop s;
    EXPECT_EQ(printed(snapshot(s.registry)["http.request"].value()),
              "there is no instrument \"http.request\"; the nearest is \"http.requests\"");
    EXPECT_EQ(printed(snapshot(s.registry)["room_temprature_celsius"]({{"a", 1}})),
              "there is no instrument \"room_temprature_celsius\"; the nearest is \"room_temperature_celsius\"");
    tacho::registry const empty;
    EXPECT_EQ(printed(snapshot(empty)["x"]), "there is no instrument \"x\"; there is none at all");
}

TEST(what_is_not_there, names_the_nearest_series_with_its_value) {
    looked_up_shop s;
    auto const requests = snapshot(s.registry)["http.requests"];
    EXPECT_EQ(printed(requests({{"verb", "GET"}, {"http.code", 201}})),
              "there is no series http.requests{http.code=\"201\",verb=\"GET\"}; the nearest is "
              "http.requests{http.code=\"200\",verb=\"GET\"} 3");
    EXPECT_EQ(printed(requests({{"verb", "POSTS"}, {"http.code", 500}}).value()),
              "there is no series http.requests{http.code=\"500\",verb=\"POSTS\"}; the nearest is "
              "http.requests{http.code=\"500\",verb=\"POST\"} 1");
    EXPECT_EQ(printed(requests.value()),
              "there is no series http.requests without labels; the nearest is "
              "http.requests{http.code=\"200\",verb=\"GET\"} 3");
    EXPECT_EQ(printed(snapshot(s.registry)["hits"]({{"cached", true}})),
              "there is no series hits{cached=\"true\"}; there is none of that instrument");
}

TEST(what_has_no_such_number, says_what_it_has) {
    looked_up_shop s;
    auto const all = snapshot(s.registry);
    EXPECT_EQ(printed(all["http.duration"].value()),
              "http.duration is of the kind histogram, which has no value; it has count() and sum()");
    EXPECT_EQ(printed(all["room.temperature"].count()),
              "room.temperature is of the kind gauge, which has no count; it has a value()");
    EXPECT_EQ(printed(all["room.temperature"].sum()),
              "room.temperature is of the kind gauge, which has no sum; it has a value()");
}

TEST(what_a_look_up_found, outlives_snapshot_and_registry) {
    std::optional<tacho::instrument_reading> kept;
    {
        looked_up_shop s;
        kept = snapshot(s.registry)["http.requests"];
    }
    EXPECT_EQ((*kept)({{"verb", "GET"}, {"http.code", 200}}), 3);
}

}  // namespace
