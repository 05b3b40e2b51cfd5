// SPDX-License-Identifier: MIT
// Views: CONFORMANCE 142-144, and DESIGN's one stream per instrument.
#include "support/text.hpp"
#include "support/verb.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace {

using test::as_json;
using test::as_text;
using test::value_of;
using test::verb;

tacho::registry_options with_views(std::vector<tacho::view> views) {
    auto options = test::fixed();
    options.views = std::move(views);
    return options;
}

TEST(a_pattern, matches_as_shells_do) {
    using tacho::detail::is_match;
    EXPECT_TRUE(is_match("*", ""));
    EXPECT_TRUE(is_match("*", "http.requests"));
    EXPECT_TRUE(is_match("http.*", "http."));
    EXPECT_TRUE(is_match("*.duration", "http.server.duration"));
    EXPECT_TRUE(is_match("h*p.*s", "http.requests"));
    EXPECT_TRUE(is_match("a*b*c", "axbxbxc"));
    EXPECT_TRUE(is_match("a?c", "abc"));
    EXPECT_TRUE(is_match("**", "x"));
    EXPECT_TRUE(is_match("", ""));
    EXPECT_FALSE(is_match("", "x"));
    EXPECT_FALSE(is_match("a?c", "ac"));
    EXPECT_FALSE(is_match("http.*", "https"));
    EXPECT_FALSE(is_match("a*b*c", "axbx"));
    EXPECT_FALSE(is_match("?", ""));
}

TEST(a_view, selects_by_all_that_it_names) {
    tacho::registry registry{with_views({{.name = "h.*", .describe = "by name"},
                                         {.scope = "s?op", .describe = "by scope"},
                                         {.scope_version = "2", .describe = "by version"},
                                         {.kind = tacho::instrument_kind::gauge, .describe = "by kind"},
                                         {.unit = "By", .describe = "by unit"},
                                         {.name = "x", .unit = "s", .describe = "never"}})};
    tacho::counter<"h.a"> by_name{registry, "own"};
    tacho::counter<"b"> by_scope{registry.scope("shop"), "own"};
    tacho::counter<"c"> by_version{registry.scope("other", "2"), "own"};
    tacho::gauge<"d"> by_kind{registry, "own"};
    tacho::counter<"e", tacho::unit::bytes> by_unit{registry, "own"};
    tacho::counter<"x"> by_none{registry, "own"};
    auto const page = as_text(registry);
    for (auto const* line : {"# HELP h_a_total by name\n", "# HELP b_total by scope\n", "# HELP c_total by version\n",
                             "# HELP d by kind\n", "# HELP e_bytes_total by unit\n", "# HELP x_total own\n"})
        EXPECT_NE(page.find(line), std::string::npos) << line << "is not in\n" << page;
}

TEST(a_view, renames_in_every_format) {
    tacho::registry registry{with_views({{.name = "lib.calls", .rename = "shop.calls", .describe = "Better"}})};
    tacho::counter<"lib.calls", tacho::unit::seconds, double> calls{registry, "Calls"};
    calls.inc(1.5);
    EXPECT_EQ(as_text(registry),
              "# HELP shop_calls_seconds_total Better\n# TYPE shop_calls_seconds_total counter\n"
              "shop_calls_seconds_total 1.5\n");
    EXPECT_NE(as_json(registry).find(R"("name":"shop.calls","description":"Better","unit":"s")"), std::string::npos);
    EXPECT_NE(test::as_openmetrics(registry).find("# UNIT shop_calls_seconds seconds\n"), std::string::npos);
}

TEST(a_view, drops_what_then_records_nothing_and_is_no_error) {
    test::heard const errors;
    tacho::registry registry{with_views({{.name = "noisy.*", .drop = true}})};
    tacho::counter<"noisy.calls", tacho::label<"a">> calls{registry};
    tacho::counter<"noisy.plain"> plain{registry};
    tacho::histogram<"noisy.time", tacho::unit::seconds> time{registry};
    tacho::info<"noisy.info", tacho::label<"a">> info{registry};
    bool was_called = false;
    tacho::observable_gauge<"noisy.value"> value{registry, "", [&] {
                                                     was_called = true;
                                                     return 1;
                                                 }};
    auto const named = tacho::add_counter(registry, {.name = "noisy.named", .labels = {"a"}});
    auto const kept = calls.bind("x");
    kept.inc();
    calls("y").inc();
    plain.inc(3);
    time.observe(1);
    info.set("x");
    named.bind({"x"}).inc();
    EXPECT_FALSE(calls.remove("x"));
    calls.clear();
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(as_json(registry), "{}");
    EXPECT_FALSE(was_called);
    for (bool const ok : {calls.ok(), plain.ok(), time.ok(), info.ok(), value.ok(), named.ok()}) EXPECT_TRUE(ok);
    EXPECT_TRUE(registry.list().empty());
    EXPECT_TRUE(registry.problems().empty());
    EXPECT_EQ(test::heard::text(), "");
}

TEST(a_later_view, takes_back_what_an_earlier_one_drops) {
    tacho::registry registry{with_views({{.drop = true}, {.name = "http.*", .drop = false}})};
    tacho::counter<"http.calls"> http{registry};
    tacho::counter<"other"> other{registry};
    ASSERT_EQ(registry.list().size(), 1u);
    EXPECT_EQ(registry.list()[0].describe.name, "http.calls");
}

TEST(a_view, keeps_the_labels_that_it_names_and_adds_up_the_rest) {
    tacho::registry registry{with_views({{.name = "calls", .keep_labels = {{"code", "verb"}}}})};
    tacho::counter<"calls", tacho::label<"user">, tacho::label<"code", int>, tacho::label<"verb", verb>> calls{
        registry};
    calls("ann", 200, verb::get).inc();
    calls("bob", 200, verb::get).inc(2);
    calls.bind("cid", 404, verb::post).inc();
    EXPECT_EQ(as_text(registry),
              "# TYPE calls_total counter\n"
              "calls_total{code=\"200\",verb=\"GET\"} 3\n"
              "calls_total{code=\"404\",verb=\"POST\"} 1\n");
    EXPECT_EQ(as_json(registry).find("user"), std::string::npos);
    EXPECT_NE(as_json(registry).find(R"([{"key":"code","value":{"intValue":"200"}},{"key":"verb")"), std::string::npos);
    EXPECT_EQ(registry.list()[0].labels, (std::vector<std::string>{"code", "verb"}));
    // The series is the one that is left of its labels.
    EXPECT_TRUE(calls.remove("dan", 200, verb::get));
    EXPECT_EQ(value_of(as_text(registry), "calls_total{code=\"200\",verb=\"GET\"}"), "");
}

TEST(a_label, is_left_out_as_soon_as_one_view_leaves_it_out) {
    tacho::registry registry{with_views({{.leave_out_labels = {"user"}}, {.keep_labels = {{"user", "code"}}}})};
    tacho::counter<"calls", tacho::label<"user">, tacho::label<"code", int>, tacho::label<"x">> calls{registry};
    calls("ann", 200, "y").inc();
    EXPECT_EQ(value_of(as_text(registry), "calls_total{code=\"200\"}"), "1");
}

TEST(a_view, that_keeps_no_label_makes_one_series) {
    tacho::registry registry{with_views({{.keep_labels = std::vector<tacho::label_name>{}}})};
    tacho::counter<"calls", tacho::label<"user">> calls{registry};
    tacho::counter<"by.verb", tacho::label<"verb", verb>> by_verb{registry};
    EXPECT_EQ(as_text(registry), "");  // as ever: a series with labels is shown from its first use on
    calls("ann").inc();
    calls("bob").inc();
    by_verb(verb::get).inc();
    by_verb(verb::post).inc();
    by_verb(static_cast<verb>(7)).inc();  // not listed: beyond the limit, as everywhere
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "calls_total"), "2");
    EXPECT_EQ(value_of(page, "by_verb_total"), "2");
    EXPECT_EQ(value_of(page, "by_verb_total{otel_metric_overflow=\"true\"}"), "1");
    calls.clear();
    EXPECT_EQ(value_of(as_text(registry), "calls_total"), "");
    calls("cid").inc();
    EXPECT_EQ(value_of(as_text(registry), "calls_total"), "1");
}

TEST(a_view, is_seen_by_instruments_named_at_run_time) {
    tacho::registry registry{with_views({{.leave_out_labels = {"b"}}})};
    auto const calls = tacho::add_counter(registry, {.name = "calls", .labels = {"a", "b", "c"}});
    calls.bind({"1", "2", "3"}).inc();
    calls.bind({"1", "x", "3"}).inc();
    EXPECT_EQ(value_of(as_text(registry), "calls_total{a=\"1\",c=\"3\"}"), "2");
    test::heard const errors;
    calls.bind({"1", "3"}).inc();  // it still takes three values
    EXPECT_NE(test::heard::text().find("label values than it has labels (2 in place of 3), which"), std::string::npos);
    EXPECT_TRUE(calls.remove({"1", "y", "3"}));
    EXPECT_FALSE(calls.remove({"1", "y", "3"}));
}

TEST(a_view, has_what_observables_observe_added_up) {
    tacho::registry registry{with_views({{.leave_out_labels = {"core"}}})};
    auto const give = [](auto& observe) {
        observe(2, "0", "user");
        observe(3, "1", "user");
        observe(5, "0", "system");
    };
    using core = tacho::label<"core">;
    using mode = tacho::label<"mode">;
    tacho::observable_counter<"cpu.ticks", core, mode> ticks{registry, "", give};
    tacho::observable_up_down_counter<"threads", core, mode> threads{registry, "", give};
    tacho::observable_gauge<"load", core, mode> load{registry, "", give};
    for (int round = 0; round < 2; ++round) {
        auto const page = as_text(registry);
        EXPECT_EQ(value_of(page, "cpu_ticks_total{mode=\"user\"}"), "5");
        EXPECT_EQ(value_of(page, "threads{mode=\"user\"}"), "5");
        EXPECT_EQ(value_of(page, "load{mode=\"user\"}"), "3");  // the last one
        EXPECT_EQ(value_of(page, "cpu_ticks_total{mode=\"system\"}"), "5");
    }
}

TEST(a_view, adds_up_what_several_callables_observe) {
    tacho::registry registry{with_views({{.leave_out_labels = {{"shard", "other"}}}})};  // both, and no iterators
    using shard = tacho::label<"shard">;
    tacho::observable_counter<"reads", shard> one{registry, "", [](auto& observe) { observe(10, "a"); }};
    tacho::observable_counter<"reads", shard> two{registry, "", [](auto& observe) { observe(5, "b"); }};
    EXPECT_EQ(value_of(as_text(registry), "reads_total"), "15");
    auto const start = [&] {
        auto const json = as_json(registry);
        return json.substr(json.find("startTime"), 40);
    };
    auto const first = start();
    EXPECT_EQ(start(), first);
    EXPECT_EQ(value_of(as_text(registry), "reads_total"), "15");
}

TEST(what_several_callables_observe, beyond_the_limit_goes_on_from_one_start) {  // CONFORMANCE 134, 145
    static tacho::unix_nanos time = 0;
    time = test::now;
    auto options = test::fixed();
    options.series_limit = 1;
    options.now = []() noexcept { return time += 1'000'000'000; };
    test::heard const errors;
    tacho::registry registry{options};
    auto const many = [](int base) {
        return [base](auto& observe) {
            for (int i = 0; i < 4; ++i) observe(10, base + i);
        };
    };
    using x = tacho::label<"x", int>;
    tacho::observable_counter<"c", x> a{registry, "", many(0)}, b{registry, "", many(100)};
    auto const start_of_overflow = [&] {
        auto const json = as_json(registry);
        auto const at = json.find("otel.metric.overflow");
        EXPECT_NE(at, std::string::npos);
        EXPECT_NE(json.find("\"asInt\":\"70\"", at), std::string::npos) << json;
        return json.substr(json.rfind("startTime", at), 40);
    };
    auto const first = start_of_overflow();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(start_of_overflow(), first);
}

TEST(a_view, can_not_call_a_state_set_what_no_label_is_called) {
    test::heard const errors;
    tacho::registry registry{with_views({{.rename = "otel.metric.overflow"}})};
    tacho::state_set<"job.state", verb> state{registry};
    EXPECT_FALSE(state.ok());
}

TEST(a_view, gives_histograms_other_bounds) {
    tacho::registry registry{
        with_views({{.name = "*", .bounds = {{1, 2.5}}}, {.name = "one.bucket", .bounds = std::vector<double>{}}})};
    tacho::histogram<"time", tacho::label<"a">> time{registry, "", {5, 10, 20}};
    tacho::histogram<"one.bucket"> one{registry};
    tacho::gauge<"no.histogram"> gauge{registry};
    time("x").observe(2);
    time.bind("x").observe(7);
    one.observe(3);
    EXPECT_TRUE(gauge.ok());
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "time_bucket{a=\"x\",le=\"1\"}"), "0");
    EXPECT_EQ(value_of(page, "time_bucket{a=\"x\",le=\"2.5\"}"), "1");
    EXPECT_EQ(value_of(page, "time_bucket{a=\"x\",le=\"+Inf\"}"), "2");
    EXPECT_EQ(page.find("le=\"5\""), std::string::npos);
    EXPECT_EQ(value_of(page, "one_bucket_bucket{le=\"+Inf\"}"), "1");
    EXPECT_NE(as_json(registry).find(R"("explicitBounds":[1,2.5])"), std::string::npos);
}

TEST(a_view, limits_series_before_the_instrument_and_the_registry_do) {
    tacho::registry registry{with_views({{.name = "calls", .series_limit = 2}})};
    tacho::counter<"calls", tacho::label<"a", int>, tacho::series_limit<100>> calls{registry};
    for (int i = 0; i < 5; ++i) calls(i).inc();
    EXPECT_EQ(value_of(as_text(registry), "calls_total{otel_metric_overflow=\"true\"}"), "3");
    EXPECT_EQ(registry.list()[0].series_limit, 2u);
}

TEST(a_limit, counts_what_is_left_after_a_view_took_labels_away) {  // CONFORMANCE 145
    tacho::registry registry{with_views({{.leave_out_labels = {"user"}, .series_limit = 2}})};
    tacho::counter<"calls", tacho::label<"user", int>, tacho::label<"ok", bool>> calls{registry};
    for (int i = 0; i < 1000; ++i) calls(i, i % 2 == 0).inc();
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
    EXPECT_EQ(value_of(as_text(registry), "calls_total{ok=\"true\"}"), "500");
}

TEST(a_view_that_can_not_be, is_ignored_and_named) {
    test::heard const errors;
    tacho::registry registry{with_views({{.name = "a", .rename = "no name"},
                                         {.name = "a", .describe = "fine"},
                                         {.kind = tacho::instrument_kind::counter, .bounds = {{1}}},
                                         {.bounds = {{2, 1}}}})};
    auto const problems = registry.problems();
    ASSERT_EQ(problems.size(), 3u);
    EXPECT_EQ(problems[0].substr(0, 62), "views[0] is ignored: it renames to \"no name\": a name begins wi");
    EXPECT_EQ(problems[1].substr(0, 62), "views[2] is ignored: it gives bounds to a kind of instrument t");
    EXPECT_EQ(problems[2], "views[3] is ignored: its bounds should be finite, strictly increasing and at most 256");
    EXPECT_EQ(std::count(test::heard::text().begin(), test::heard::text().end(), '\n'), 3);
    EXPECT_EQ(registry.health().failed_registrations, 0u);
    tacho::counter<"a"> a{registry, "own"};
    tacho::histogram<"h"> h{registry, "", {1, 2}};
    EXPECT_NE(as_text(registry).find("# HELP a_total fine"), std::string::npos);
    EXPECT_EQ(value_of(as_text(registry), "h_bucket{le=\"2\"}"), "0");
}

TEST(two_instruments, that_a_view_gives_one_name_collide) {
    test::heard const errors;
    tacho::registry registry{with_views({{.name = "http.*", .rename = "http"}})};
    tacho::counter<"http.a"> a{registry};
    tacho::counter<"http.b", tacho::label<"x">> b{registry};
    tacho::counter<"http.c"> same{registry};
    EXPECT_TRUE(a.ok());
    EXPECT_FALSE(b.ok());
    EXPECT_TRUE(same.ok());  // now it is the same instrument, and they count together
    a.inc();
    same.inc();
    EXPECT_EQ(value_of(as_text(registry), "http_total"), "2");
}

TEST(a_state_set, that_a_view_calls_like_one_of_its_labels_is_refused) {
    test::heard const errors;
    tacho::registry registry{with_views({{.name = "job.state", .rename = "name"}})};
    tacho::state_set<"job.state", verb, tacho::label<"name">> state{registry};
    EXPECT_FALSE(state.ok());
    EXPECT_NE(registry.problems().at(0).find("two labels \"name\""), std::string::npos);
}

}  // namespace
