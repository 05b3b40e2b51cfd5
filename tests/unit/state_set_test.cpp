// SPDX-License-Identifier: MIT
#include "support/text.hpp"

#include "tacho/export/delta_memory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using test::as_json;
using test::as_openmetrics;
using test::as_text;

enum class job_state { idle, running, failed, unlisted };
consteval auto label_values(job_state) {
    return tacho::labels<job_state>(
        {{job_state::idle, "idle"}, {job_state::running, "running"}, {job_state::failed, "\"failed\"\n"}});
}
using unlabelled = tacho::state_set<"job.state", job_state>;
using labelled = tacho::state_set<"job.state", job_state, tacho::label<"job">>;

std::string bit_of(std::string const& page, std::string const& state, std::string const& labels = {}) {
    return test::value_of(page, "job_state{" + labels + "job_state=\"" + state + "\"}");
}
std::string bits(tacho::registry const& registry, std::string const& labels = {}) {
    auto const page = as_text(registry);
    return bit_of(page, "idle", labels) + bit_of(page, "running", labels) + bit_of(page, "\\\"failed\\\"\\n", labels);
}

// CONFORMANCE table 1.8, 17, 58: a sample for each state, 0 or 1, no unit, the label named like the family.
TEST(a_state_set, is_gauges_in_text_and_a_stateset_in_openmetrics) {
    tacho::registry registry;
    labelled state{registry, "What each job does"};
    state("mail").set(job_state::running);
    std::string const lines =
        "job_state{job=\"mail\",job_state=\"idle\"} 0\n"
        "job_state{job=\"mail\",job_state=\"running\"} 1\n"
        "job_state{job=\"mail\",job_state=\"\\\"failed\\\"\\n\"} 0\n";
    EXPECT_EQ(as_text(registry), "# HELP job_state What each job does\n# TYPE job_state gauge\n" + lines);
    EXPECT_EQ(as_text(registry), as_text(registry, tacho::text_format::prometheus_1_0_0));
    EXPECT_EQ(as_openmetrics(registry),
              "# TYPE job_state stateset\n# HELP job_state What each job does\n" + lines + "# EOF\n");
}

// CONFORMANCE 170, 174, 175, 176: the attribute is called like the metric, as it is written.
TEST(a_state_set, is_a_point_for_each_state_in_otlp) {
    tacho::registry registry{test::fixed()};
    labelled state{registry};
    state("mail").set(job_state::failed);
    auto const point = [](char const* name, char const* value) {
        return std::string{R"({"startTimeUnixNano":"1700000000000000000","timeUnixNano":"1700000001000000000",)"
                           R"("attributes":[{"key":"job","value":{"stringValue":"mail"}},)"
                           R"({"key":"job.state","value":{"stringValue":")"} +
               name + R"("}}],"asInt":")" + value + "\"}";
    };
    EXPECT_EQ(as_json(registry, {}),
              R"({"resourceMetrics":[{"resource":{"attributes":[]},"scopeMetrics":[{"scope":{"name":""},)"
              R"("metrics":[{"name":"job.state",)"
              R"("sum":{"aggregationTemporality":2,"isMonotonic":false,"dataPoints":[)" +
                  point("idle", "0") + "," + point("running", "0") + "," + point("\\\"failed\\\"\\u000a", "1") +
                  "]}}]}]}]}");
}

TEST(a_state_set, is_in_the_state_that_was_set_last) {
    tacho::registry registry;
    unlabelled state{registry};
    state.set(job_state::idle);
    EXPECT_EQ(bits(registry), "100");
    state.set(job_state::failed);
    EXPECT_EQ(bits(registry), "001");
}

TEST(a_state_set, may_be_in_several_states) {
    tacho::registry registry;
    unlabelled state{registry};
    state.set(job_state::idle, true);
    state.set(job_state::failed, true);
    EXPECT_EQ(bits(registry), "101");
    state.set(job_state::idle, false);
    state.set(job_state::running, false);
    EXPECT_EQ(bits(registry), "001");
}

// CONFORMANCE 48
TEST(a_state_set, without_labels_is_shown_from_the_start_and_a_series_from_its_first_set) {
    tacho::registry registry;
    unlabelled state{registry};
    EXPECT_EQ(bits(registry), "000");
    tacho::registry other;
    labelled by_job{other};
    auto const mail = by_job.bind("mail");
    EXPECT_EQ(as_text(other), "");
    mail.set(job_state::idle, false);
    EXPECT_EQ(bits(other, "job=\"mail\","), "000");
    mail.set(job_state::idle);
    EXPECT_EQ(bits(other, "job=\"mail\","), "100");
}

TEST(a_state_set, keeps_its_states_when_a_second_one_has_its_identity) {
    tacho::registry registry;
    unlabelled one{registry};
    one.set(job_state::running);
    unlabelled other{registry};
    EXPECT_EQ(bits(registry), "010");
}

TEST(a_state_set, drops_and_counts_a_state_that_is_not_listed) {
    test::heard heard;
    tacho::registry registry;
    unlabelled state{registry};
    state.set(job_state::idle);
    state.set(job_state::unlisted);
    state.set(job_state::unlisted, true);
    EXPECT_EQ(bits(registry), "100");
    EXPECT_EQ(registry.health().dropped_measurements, 2u);
    EXPECT_EQ(heard.count(), 1);
}

TEST(a_state_set, is_the_same_in_a_snapshot) {
    tacho::registry registry{test::fixed()};
    labelled state{registry};
    state("mail").set(job_state::running);
    state("web").set(job_state::idle);
    auto const snapshot = registry.snapshot();
    auto const page = as_text(registry), request = as_json(registry);
    state("web").set(job_state::failed);
    EXPECT_EQ(as_text(snapshot), page);
    EXPECT_EQ(as_json(snapshot), request);
}

TEST(a_state_set, is_not_shown_to_a_visitor_who_takes_numbers_only) {
    tacho::registry registry;
    unlabelled state{registry};
    struct {
        int seen = 0;
        void number(tacho::family const&, tacho::series const&, tacho::number) { ++seen; }
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&) { ++seen; }
    } numbers;
    registry.visit(numbers);
    registry.snapshot().visit(numbers);
    EXPECT_EQ(numbers.seen, 0);
}

// CONFORMANCE 133
TEST(a_state_set, is_cumulative_where_deltas_are_preferred) {
    tacho::registry registry{test::fixed()};
    unlabelled state{registry};
    tacho::delta_memory memory;
    tacho::resource const about;
    for (int i = 0; i < 2; ++i) {
        tacho::byte_buffer buffer;
        tacho::otlp_json_encoder encoder{buffer, about, test::now};
        tacho::delta_memory::stage stage{memory, encoder, tacho::temporality_preference::delta};
        registry.visit(stage, tacho::order::by_scope);
        ASSERT_TRUE(encoder.finish());
        EXPECT_EQ(encoder.points(), 3u);
        EXPECT_NE(buffer.view().find(R"("aggregationTemporality":2)"), std::string_view::npos);
        memory.commit(test::now);
    }
}

TEST(a_state_set, beyond_its_limit_is_the_overflow_series) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::state_set<"job.state", job_state, tacho::label<"job">, tacho::series_limit<1>> state{registry};
    state("a").set(job_state::idle);
    state("b").set(job_state::running);
    EXPECT_EQ(bits(registry, "otel_metric_overflow=\"true\","), "010");
    EXPECT_NE(as_json(registry).find(R"([{"key":"otel.metric.overflow","value":{"boolValue":true}},)"
                                     R"({"key":"job.state","value":{"stringValue":"running"}}],"asInt":"1")"),
              std::string::npos);
}

TEST(a_state_set, of_other_states_collides) {
    test::heard heard;
    tacho::registry registry;
    unlabelled state{registry};
    auto const other = tacho::add_state_set(registry, {.name = "job.state"}, {"idle", "running"});
    auto const same = tacho::add_state_set(registry, {.name = "job.state"}, {"idle", "running", "\"failed\"\n"});
    EXPECT_FALSE(other.ok());
    ASSERT_TRUE(same.ok());
    same.bind().set("running");
    EXPECT_EQ(bits(registry), "010");
}

TEST(a_state_set, has_up_to_63_states) {
    tacho::registry registry;
    std::vector<std::string> names;
    for (int i = 0; i < 64; ++i) names.push_back("s" + std::to_string(i));
    std::vector<std::string_view> const all{names.begin(), names.end()};
    test::heard heard;
    EXPECT_FALSE(tacho::add_state_set(registry, {.name = "a"}, all).ok());
    EXPECT_FALSE(tacho::add_state_set(registry, {.name = "a"}, {}).ok());
    auto const set = tacho::add_state_set(registry, {.name = "a"}, std::span{all}.first(63));
    ASSERT_TRUE(set.ok());
    set.bind().set("s62");
    auto const page = as_text(registry);
    EXPECT_EQ(test::value_of(page, "a{a=\"s62\"}"), "1");
    EXPECT_EQ(test::value_of(page, "a{a=\"s61\"}"), "0");
    EXPECT_EQ(page.find("s63"), std::string::npos);
}

TEST(a_state_set_named_at_run_time, is_as_a_typed_one) {
    tacho::registry registry;
    auto const set = tacho::add_state_set(registry, {.name = "job.state", .labels = {"job"}}, {"idle", "running"});
    ASSERT_TRUE(set.ok());
    auto const mail = set.bind({"mail"});
    mail.set("idle");
    mail.set("running", true);
    auto const page = as_text(registry);
    EXPECT_EQ(bit_of(page, "idle", "job=\"mail\","), "1");
    EXPECT_EQ(bit_of(page, "running", "job=\"mail\","), "1");
    test::heard heard;
    mail.set("other");
    EXPECT_EQ(heard.count(), 1);
    EXPECT_EQ(as_text(registry), page);
}

// CONFORMANCE 23, 58
// They are shown as valid UTF-8, and found as they were given.
TEST(a_state_set_named_at_run_time, finds_a_state_of_any_bytes) {
    tacho::registry registry;
    auto const s = tacho::add_state_set(registry, {.name = "s"}, {"caf\xe9", "tea"});
    ASSERT_TRUE(s.ok());
    s.bind().set("caf\xe9");
    EXPECT_EQ(registry.health().dropped_measurements, 0u);
    EXPECT_EQ(test::value_of(as_text(registry), "s{s=\"caf\xEF\xBF\xBD\"}"), "1") << as_text(registry);
}

TEST(a_state_set_named_at_run_time, is_refused_what_a_typed_one_is) {
    test::heard heard;
    tacho::registry registry;
    EXPECT_FALSE(tacho::add_state_set(registry, {.name = "a", .unit = "s"}, {"x"}).ok());
    EXPECT_FALSE(tacho::add_state_set(registry, {.name = "a.b", .labels = {"a_b"}}, {"x"}).ok());
    EXPECT_FALSE(tacho::add_state_set(registry, {.name = "otel.scope.name"}, {"x"}).ok());
    EXPECT_FALSE(tacho::add_state_set(registry, {.name = "a"}, {"x", "x"}).ok());
    EXPECT_FALSE(tacho::add_state_set(registry, {.name = "a"}, {""}).ok());
    EXPECT_EQ(registry.problems().size(), 5u);
    tacho::add_state_set(registry, {.name = "2"}, {"x"}).bind().set("x");  // counts for nothing
    EXPECT_EQ(as_text(registry), "");
}

}  // namespace
