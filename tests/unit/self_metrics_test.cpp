// SPDX-License-Identifier: MIT
// What a registry tells of itself: its list of instruments, the overflow hook, and both as metrics.
#include "tacho/process/self_metrics.hpp"
#include "support/page_reader.hpp"
#include "support/text.hpp"
#include "support/verb.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using test::as_text;
using test::value_of;
using test::verb;

TEST(a_list, counts_of_observables_what_the_last_round_showed) {
    tacho::registry registry;
    int round = 0;
    tacho::observable_gauge<"pids", tacho::label<"pid", int>> pids{registry, "", [&](auto& observe) {
                                                                       ++round;
                                                                       for (int i = 0; i < 3; ++i)
                                                                           observe(1, round * 10 + i);
                                                                   }};
    for (int i = 0; i < 5; ++i) static_cast<void>(as_text(registry));
    EXPECT_EQ(registry.list()[0].series, 3u);
}

TEST(a_list, names_each_instrument_with_its_labels_and_series) {
    tacho::registry registry;
    EXPECT_TRUE(registry.list().empty());
    tacho::histogram<"b", tacho::unit::seconds, tacho::label<"x.y">, tacho::label<"z", bool>> b{
        registry.scope("shop", "2"), "B", {1, 2}};
    auto const c = tacho::add_counter(registry, {.name = "c", .labels = {"l"}, .series_limit = 2});
    std::optional<tacho::observable_gauge<"a">> a{std::in_place, registry, "", [] { return 1; }};
    tacho::state_set<"d", verb, tacho::label<"x">> d{registry};
    auto const never_set = d.bind("x");
    tacho::info<"e", tacho::label<"x">> e{registry};
    e.set("1");
    e.set("2");
    b("1", true).observe(1);
    b("2", true).observe(1);
    for (auto const value : {"1", "2", "3", "4"}) c.bind({value}).inc();

    auto const list = registry.list();
    ASSERT_EQ(list.size(), 5u);
    EXPECT_EQ(list[0].series, 0u);  // not observed yet
    EXPECT_EQ(list[3].series, 0u);  // not set yet
    EXPECT_EQ(list[4].series, 1u);
    EXPECT_EQ(list[0].describe.name, "a");
    EXPECT_TRUE(list[0].describe.observable);
    EXPECT_EQ(list[1].describe.prometheus_name, "b_seconds");
    EXPECT_EQ(list[1].describe.scope.version, "2");
    EXPECT_EQ(list[1].describe.unit, "s");
    EXPECT_EQ(list[1].describe.bounds, (std::vector<double>{1, 2}));
    EXPECT_EQ(list[1].labels, (std::vector<std::string>{"x.y", "z"}));
    EXPECT_EQ(list[1].series, 2u);
    EXPECT_EQ(list[1].series_limit, 2000u);
    EXPECT_EQ(list[2].describe.kind, tacho::instrument_kind::counter);
    EXPECT_EQ(list[2].series, 3u);  // two, and the overflow series
    EXPECT_EQ(list[2].series_limit, 2u);
    EXPECT_EQ(list[2].overflowed_measurements, 2u);
    b.remove("1", true);
    a.reset();
    ASSERT_EQ(registry.list().size(), 4u);
    EXPECT_EQ(registry.list()[0].series, 1u);
}

std::vector<std::string>& overflowing() {
    static std::vector<std::string> names;
    return names;
}

TEST(the_overflow_hook, hears_once_of_each_instrument_beyond_its_limit) {
    test::heard const errors;
    overflowing().clear();
    tacho::registry_options options;
    options.series_limit = 1;
    options.on_overflow = [](tacho::descriptor const& of) noexcept { overflowing().push_back(of.name); };
    tacho::registry registry{options};
    tacho::counter<"a", tacho::label<"x", int>> a{registry};
    tacho::histogram<"b", tacho::label<"x", int>> b{registry};
    tacho::gauge<"c", tacho::label<"x", int>> c{registry};
    a(1).inc();
    EXPECT_TRUE(overflowing().empty());
    for (int i = 0; i < 9; ++i) {
        a(i).inc();
        b.bind(i).observe(1);
    }
    c(1).set(1);
    EXPECT_EQ(overflowing(), (std::vector<std::string>{"a", "b"}));
}

TEST(the_overflow_hook, may_use_the_registry) {
    test::heard const errors;
    static tacho::registry* in = nullptr;
    tacho::registry_options options;
    options.series_limit = 1;
    options.on_overflow = [](tacho::descriptor const& of) noexcept {
        tacho::counter<"overflows", tacho::label<"of">, tacho::series_limit<9>> counted{*in};
        counted(of.name).inc();
        EXPECT_EQ(in->list().size(), 2u);
    };
    tacho::registry registry{options};
    in = &registry;
    tacho::counter<"a", tacho::label<"x", int>> a{registry};
    a(1).inc();
    a(2).inc();
    EXPECT_EQ(registry.list().size(), 1u);
}

#if defined(__cpp_exceptions)
TEST(self_metrics, show_what_was_not_recorded_as_meant) {
    test::heard const errors;
    tacho::registry registry;
    tacho::counter<"calls", tacho::label<"x", int>, tacho::series_limit<2>> calls{registry.scope("shop")};
    for (int i = 0; i < 5; ++i) calls(i).inc();
    calls(0).inc(-1);
    auto const removed = calls.bind(1);
    calls.remove(1);
    tacho::counter<"calls", tacho::label<"y">> refused{registry.scope("shop")};
    tacho::observable_gauge<"throws"> throws{registry, "", []() -> int { throw std::runtime_error{"x"}; }};
    std::optional<tacho::self_metrics> own{registry};

    auto const all = as_text(registry);
    auto const page = as_text(registry);  // what went wrong in the first collection is in the second
    auto const value = [&](std::string const& name, std::string const& labels) {
        return value_of(page, name + "{" + labels + "otel_scope_version=\"" + std::string{tacho::version} +
                                  (labels.empty() ? "\"}" : "\",scope=\"shop\"}"));
    };
    std::string const scope = "otel_scope_name=\"tacho\",";
    std::string const of_calls = "instrument=\"calls_total\"," + scope;
    EXPECT_EQ(value("tacho_instrument_series", of_calls), "2");
    EXPECT_EQ(value("tacho_instrument_overflowed_total", of_calls), "3");
    EXPECT_EQ(value("tacho_instrument_dropped_total", of_calls), "1");
    auto const plain = [&](std::string const& name) {
        return value_of(page, name + "{" + scope + "otel_scope_version=\"" + std::string{tacho::version} + "\"}");
    };
    EXPECT_EQ(plain("tacho_series_kept"), "1");
    EXPECT_EQ(plain("tacho_registrations_failed_total"), "1");
    EXPECT_EQ(plain("tacho_callbacks_failed_total"), "2");  // registered before, so it is called before
    EXPECT_EQ(plain("tacho_callbacks_late_total"), "0");
    EXPECT_EQ(plain("tacho_reads_torn_total"), "0");
    own.reset();
    EXPECT_EQ(as_text(registry).find("tacho_"), std::string::npos);
}
#endif

// CONFORMANCE 224: snake_case, the library's own prefix, `_total` for counters and for nothing else; nothing is
// measured that would have a unit.
TEST(self_metrics, are_named_as_metrics_should_be) {
    test::heard const errors;
    tacho::registry registry{test::fixed()};
    tacho::counter<"calls"> calls{registry};
    tacho::self_metrics const own{registry};
    test::page_reader const page{as_text(registry), false};
    EXPECT_EQ(page.types.size(), 9u);
    for (auto const& [name, type] : page.types) {
        if (name == "calls_total") continue;
        EXPECT_TRUE(name.starts_with("tacho_")) << name;
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), name.npos) << name;
        EXPECT_EQ(name.find("__"), name.npos) << name;
        EXPECT_EQ(name.ends_with("_total"), type == "counter") << name;
        EXPECT_NE(page.helps.find(name), page.helps.end()) << name;
    }
}

TEST(self_metrics, add_up_what_differs_in_constant_labels_alone) {
    tacho::registry registry;
    tacho::scope const plain{registry};
    tacho::counter<"reads", tacho::label<"x">> one{plain.with_labels({{"shard", "1"}})};
    tacho::counter<"reads", tacho::label<"x">> two{plain.with_labels({{"shard", "2"}})};
    one("a").inc();
    two("a").inc();
    two("b").inc();
    tacho::self_metrics const own{registry};
    auto const page = as_text(registry);
    EXPECT_NE(
        page.find("tacho_instrument_series{instrument=\"reads_total\",otel_scope_name=\"tacho\",otel_scope_version=\"" +
                  std::string{tacho::version} + "\"} 3\n"),
        std::string::npos)
        << page;
}

}  // namespace
