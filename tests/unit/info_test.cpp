// SPDX-License-Identifier: MIT
#include "support/heap.hpp"
#include "support/text.hpp"

#include "tacho/export/delta_memory.hpp"
#include "tacho/export/memory_transport.hpp"
#include "tacho/export/pusher.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using test::as_json;
using test::as_openmetrics;
using test::as_text;

using build_info = tacho::info<"build", tacho::label<"version">, tacho::label<"commit">>;

// CONFORMANCE table 1.8, 17, 58
TEST(an_info, is_a_gauge_of_one_in_text_and_an_info_in_openmetrics) {
    tacho::registry registry;
    build_info build{registry, "Which build runs"};
    build.set("1.2.3", "abc");
    EXPECT_EQ(as_text(registry),
              "# HELP build_info Which build runs\n# TYPE build_info gauge\n"
              "build_info{commit=\"abc\",version=\"1.2.3\"} 1\n");
    EXPECT_EQ(as_text(registry), as_text(registry, tacho::text_format::prometheus_1_0_0));
    EXPECT_EQ(as_openmetrics(registry),
              "# TYPE build info\n# HELP build Which build runs\n"
              "build_info{commit=\"abc\",version=\"1.2.3\"} 1\n# EOF\n");
}

// CONFORMANCE 170, 174, 175, 176
TEST(an_info, is_a_sum_that_does_not_only_grow_in_otlp) {
    tacho::registry registry{test::fixed()};
    build_info build{registry.scope("shop"), "Which build runs"};
    build.set("1.2.3", "abc");
    EXPECT_EQ(as_json(registry, {}),
              R"({"resourceMetrics":[{"resource":{"attributes":[]},"scopeMetrics":[{"scope":{"name":"shop"},)"
              R"("metrics":[{"name":"build","description":"Which build runs",)"
              R"("sum":{"aggregationTemporality":2,"isMonotonic":false,"dataPoints":[)"
              R"({"startTimeUnixNano":"1700000000000000000","timeUnixNano":"1700000001000000000",)"
              R"("attributes":[{"key":"version","value":{"stringValue":"1.2.3"}},)"
              R"({"key":"commit","value":{"stringValue":"abc"}}],"asInt":"1"}]}}]}]}]})");
}

TEST(an_info, shows_nothing_before_it_is_set) {
    tacho::registry registry;
    build_info build{registry, "Which build runs"};
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(as_openmetrics(registry), "# EOF\n");
    EXPECT_EQ(as_json(registry), "{}");
}

TEST(an_info, shows_only_what_was_set_last) {
    tacho::registry registry;
    tacho::info<"leader", tacho::label<"name">> leader{registry};
    auto const shown = [&] { return as_text(registry).substr(sizeof "# TYPE leader_info gauge"); };
    leader.set("a");
    EXPECT_EQ(shown(), "leader_info{name=\"a\"} 1\n");
    leader.set("b");
    EXPECT_EQ(shown(), "leader_info{name=\"b\"} 1\n");
    leader.set("a");
    EXPECT_EQ(shown(), "leader_info{name=\"a\"} 1\n");
    leader.set("a");
    EXPECT_EQ(shown(), "leader_info{name=\"a\"} 1\n");
}

TEST(an_info, is_one_also_where_two_share_their_identity) {
    tacho::registry registry;
    build_info one{registry}, other{registry};
    one.set("1", "a");
    other.set("2", "b");
    EXPECT_EQ(as_text(registry), "# TYPE build_info gauge\nbuild_info{commit=\"b\",version=\"2\"} 1\n");
}

TEST(an_info, does_not_repeat_its_suffix) {
    tacho::registry registry;
    tacho::info<"build.info", tacho::label<"version">> build{registry};
    tacho::info<"info", tacho::label<"a">> info{registry};
    build.set("1");
    info.set("x");
    EXPECT_EQ(as_openmetrics(registry),
              "# TYPE build info\nbuild_info{version=\"1\"} 1\n# TYPE info info\ninfo_info{a=\"x\"} 1\n# EOF\n");
    EXPECT_NE(as_json(registry).find(R"("name":"build.info")"), std::string::npos);
}

// CONFORMANCE 44, 49
TEST(an_info, collides_with_what_has_its_names) {
    test::heard heard;
    tacho::registry registry;
    tacho::gauge<"build"> gauge{registry};
    tacho::gauge<"stack_info"> other{registry};
    build_info build{registry};
    tacho::info<"stack", tacho::label<"a">> stack{registry};
    tacho::info<"target", tacho::label<"a">> target{registry};
    EXPECT_FALSE(build.ok());
    EXPECT_FALSE(stack.ok());
    EXPECT_FALSE(target.ok());
    EXPECT_EQ(heard.count(), 3);
    build.set("1", "a");  // works, and counts for nothing
    EXPECT_EQ(as_text(registry).find("build_info"), std::string::npos);
}

TEST(an_info, is_the_same_in_a_snapshot) {
    tacho::registry registry{test::fixed()};
    build_info build{registry};
    build.set("1", "a");
    auto const before = registry.snapshot();
    auto const page = as_text(registry), request = as_json(registry);
    build.set("2", "b");
    EXPECT_EQ(as_text(before), page);
    EXPECT_EQ(as_json(before), request);
    EXPECT_NE(as_text(registry), page);
}

// CONFORMANCE 133: it is a level, so each report has it.
TEST(an_info, is_cumulative_where_deltas_are_preferred) {
    tacho::registry registry{test::fixed()};
    build_info build{registry};
    build.set("1", "a");
    tacho::delta_memory memory;
    tacho::resource const about;
    for (int i = 0; i < 2; ++i) {
        tacho::byte_buffer buffer;
        tacho::otlp_json_encoder encoder{buffer, about, test::now};
        tacho::delta_memory::stage stage{memory, encoder, tacho::temporality_preference::delta};
        registry.visit(stage, tacho::order::by_scope);
        ASSERT_TRUE(encoder.finish());
        EXPECT_EQ(encoder.points(), 1u);
        EXPECT_NE(buffer.view().find(R"("aggregationTemporality":2)"), std::string_view::npos);
        memory.commit(test::now);
    }
}

// CONFORMANCE 28: a missing value is left out.
TEST(an_info, leaves_out_what_is_not_known) {
    tacho::registry registry;
    tacho::info<"build", tacho::label<"version">, tacho::label<"dirty", std::optional<bool>>> build{registry};
    build.set("1", std::nullopt);
    EXPECT_EQ(as_text(registry), "# TYPE build_info gauge\nbuild_info{version=\"1\"} 1\n");
}

TEST(an_info, reaches_no_limit_by_being_set_again) {
    test::heard heard;
    tacho::registry registry;
    tacho::info<"i", tacho::label<"a", int>, tacho::series_limit<1>> info{registry};
    for (int i = 0; i < 1000; ++i) {
        info.set(i);
        EXPECT_EQ(as_text(registry), "# TYPE i_info gauge\ni_info{a=\"" + std::to_string(i) + "\"} 1\n");
        info.set(i / 2);
        EXPECT_EQ(as_text(registry), "# TYPE i_info gauge\ni_info{a=\"" + std::to_string(i / 2) + "\"} 1\n");
    }
    EXPECT_EQ(heard.count(), 0) << heard.text();
}

TEST(an_info, of_few_known_label_sets_is_set_for_ever_too) {
    test::heard heard;
    tacho::registry registry;
    tacho::info<"role", tacho::label<"leads", bool>> role{registry};
    for (int i = 0; i < 10'000; ++i) role.set(i % 2 == 0);
    EXPECT_EQ(as_text(registry), "# TYPE role_info gauge\nrole_info{leads=\"false\"} 1\n");
    EXPECT_LT(registry.health().kept_series, 100u);
}

TEST(an_info, with_a_value_that_is_not_listed_shows_the_overflow_series_until_it_is_set_again) {
    test::heard heard;
    tacho::registry registry;
    tacho::info<"i", tacho::label<"a", tacho::one_of<"x", "y">>> info{registry};
    info.set("x");
    info.set(std::string{"z"});
    EXPECT_EQ(as_text(registry), "# TYPE i_info gauge\ni_info{otel_metric_overflow=\"true\"} 1\n");
    info.set("y");
    EXPECT_EQ(as_text(registry), "# TYPE i_info gauge\ni_info{a=\"y\"} 1\n");
}

TEST(an_info, takes_a_million_label_sets_in_a_bounded_heap) {
    test::heard heard;
    tacho::registry registry;
    tacho::info<"leader", tacho::label<"name", int>> leader{registry};
    tacho::memory_transport receiver;  // what is never delivered must not keep anything
    receiver.answer_with({.status = 400});
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, receiver};
    leader.set(-1);
    EXPECT_FALSE(pusher.flush());
    std::size_t after_warm_up = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        leader.set(i);
        if (i == 100'000) after_warm_up = test::heap_in_use();
    }
    EXPECT_LT(test::heap_in_use(), after_warm_up + (1u << 16));
    EXPECT_EQ(as_text(registry), "# TYPE leader_info gauge\nleader_info{name=\"999999\"} 1\n");
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
}

TEST(a_snapshot, keeps_the_info_that_it_shows) {
    tacho::registry registry;
    tacho::info<"i", tacho::label<"a", int>> info{registry};
    info.set(7);
    auto const before = registry.snapshot();
    for (int i = 0; i < 200; ++i) info.set(1000 + i);
    EXPECT_EQ(as_text(before), "# TYPE i_info gauge\ni_info{a=\"7\"} 1\n");
}

TEST(an_info_named_at_run_time, is_as_a_typed_one) {
    tacho::registry registry;
    auto const build = tacho::add_info(registry, {.name = "build", .labels = {"version", "commit"}});
    ASSERT_TRUE(build.ok());
    EXPECT_EQ(as_text(registry), "");
    build.set({"1", "a"});
    build.set({"2", "b"});
    EXPECT_EQ(as_text(registry), "# TYPE build_info gauge\nbuild_info{commit=\"b\",version=\"2\"} 1\n");
    test::heard heard;
    build.set({"3"});
    EXPECT_EQ(as_text(registry), "# TYPE build_info gauge\nbuild_info{commit=\"b\",version=\"2\"} 1\n");
    EXPECT_EQ(heard.count(), 1);
}

// CONFORMANCE 58
TEST(an_info_named_at_run_time, is_refused_a_unit_and_without_labels) {
    test::heard heard;
    tacho::registry registry;
    EXPECT_FALSE(tacho::add_info(registry, {.name = "a", .unit = "s", .labels = {"x"}}).ok());
    EXPECT_FALSE(tacho::add_info(registry, {.name = "b"}).ok());
    EXPECT_FALSE(tacho::add_info(registry, {.name = "2", .labels = {"x"}}).ok());
    auto const problems = registry.problems();
    ASSERT_EQ(problems.size(), 3u);
    EXPECT_EQ(problems[0], "the info \"a\" was not registered: an info has no unit; leave it out");
    EXPECT_EQ(problems[1],
              "the info \"b\" was not registered: an info has labels, which are what it shows; give it one");
}

}  // namespace
