// SPDX-License-Identifier: MIT
// Labels that all series of a registry or a scope carry.
#include "support/text.hpp"
#include "tacho/export/memory_transport.hpp"
#include "tacho/export/pusher.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace {

using test::as_json;
using test::as_text;
using test::count;
using test::value_of;

tacho::registry_options with_labels(std::vector<tacho::attribute> labels) {
    auto options = test::fixed();
    options.constant_labels = std::move(labels);
    return options;
}

TEST(a_constant_label, is_on_each_series_in_every_format) {
    tacho::registry registry{with_labels({{"region", "eu\"1"}, {"az.name", "b"}, {"empty", ""}})};
    tacho::counter<"c", tacho::label<"code", int>> c{registry};
    tacho::histogram<"h"> h{registry, "", {1}};
    tacho::gauge<"g"> g{registry.scope("shop", "1")};
    c(200).inc();
    h.observe(2);
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, R"(c_total{az_name="b",code="200",region="eu\"1"})"), "1");
    EXPECT_EQ(value_of(page, R"(h_bucket{az_name="b",region="eu\"1",le="+Inf"})"), "1");
    EXPECT_EQ(value_of(page, R"(g{az_name="b",otel_scope_name="shop",otel_scope_version="1",region="eu\"1"})"), "0");
    auto const json = as_json(registry);
    EXPECT_NE(
        json.find(R"("attributes":[{"key":"az.name","value":{"stringValue":"b"}},)"
                  R"({"key":"region","value":{"stringValue":"eu\"1"}},{"key":"code","value":{"intValue":"200"}}])"),
        std::string::npos)
        << json;
    EXPECT_EQ(json.find("empty"), std::string::npos);
    EXPECT_EQ(json.find("otel_scope"), std::string::npos);
    EXPECT_EQ(count(json, "az.name"), 3u);
}

// CONFORMANCE 147, 174: an integer of OTLP has 64 bits with a sign; what has no place there is a text.
TEST(a_label, of_an_integer_that_otlp_has_none_for_is_a_text_there) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"u", std::uint64_t>> c{registry};
    tacho::counter<"d", tacho::label<"i", std::int64_t>> d{registry};
    std::uint64_t const most = std::uint64_t{1} << 63;
    for (auto const value : {std::uint64_t{0}, most - 1, most, most * 2 - 1}) c(value).inc();
    d((std::numeric_limits<std::int64_t>::min)()).inc();
    d((std::numeric_limits<std::int64_t>::max)()).inc();
    auto const json = as_json(registry);
    for (auto const shown :
         {R"("u","value":{"intValue":"0"}})", R"("u","value":{"intValue":"9223372036854775807"}})",
          R"("u","value":{"stringValue":"9223372036854775808"}})",
          R"("u","value":{"stringValue":"18446744073709551615"}})",
          R"("i","value":{"intValue":"-9223372036854775808"}})", R"("i","value":{"intValue":"9223372036854775807"}})"})
        EXPECT_EQ(count(json, shown), 1u) << shown << " in " << json;
    EXPECT_EQ(value_of(as_text(registry), R"(c_total{u="18446744073709551615"})"), "1");
}

TEST(a_constant_label, is_on_the_overflow_series_too) {
    tacho::registry registry{with_labels({{"region", "eu"}})};
    tacho::counter<"c", tacho::label<"a", int>, tacho::series_limit<1>> c{registry};
    c(1).inc();
    c(2).inc();
    EXPECT_EQ(value_of(as_text(registry), R"(c_total{otel_metric_overflow="true",region="eu"})"), "1");
    EXPECT_NE(as_json(registry).find(R"("attributes":[{"key":"otel.metric.overflow","value":{"boolValue":true}},)"
                                     R"({"key":"region","value":{"stringValue":"eu"}}])"),
              std::string::npos);
}

TEST(a_scope, adds_labels_to_those_of_its_registry) {
    tacho::registry registry{with_labels({{"region", "eu"}})};
    auto const shard = registry.scope("db").with_labels({{"shard", "3"}}).with_labels({{"role", "main"}});
    tacho::counter<"reads"> reads{shard};
    EXPECT_EQ(value_of(as_text(registry), R"(reads_total{otel_scope_name="db",region="eu",role="main",shard="3"})"),
              "0");
}

TEST(two_scopes, that_differ_in_constant_labels_share_a_name_and_are_one_metric) {
    tacho::registry registry{test::fixed()};
    tacho::scope const plain{registry};
    tacho::counter<"reads", tacho::label<"table">> one{plain.with_labels({{"shard", "1"}}), "Reads"};
    tacho::counter<"reads", tacho::label<"table">> two{plain.with_labels({{"shard", "2"}}), "Reads"};
    one("t").inc();
    two("t").inc(2);
    ASSERT_TRUE(one.ok() && two.ok());
    EXPECT_EQ(as_text(registry),
              "# HELP reads_total Reads\n# TYPE reads_total counter\n"
              "reads_total{shard=\"1\",table=\"t\"} 1\nreads_total{shard=\"2\",table=\"t\"} 2\n");
    auto const json = as_json(registry);
    EXPECT_EQ(count(json, "\"name\":\"reads\""), 1u) << json;
    EXPECT_EQ(count(json, "\"asInt\""), 2u);
    EXPECT_EQ(count(json, "},{\"startTimeUnixNano\""), 1u);
    // The same labels are the same instrument, in whatever order they come.
    tacho::counter<"x"> x{plain.with_labels({{"a", "1"}, {"b", "2"}})};
    tacho::counter<"x"> same{plain.with_labels({{"b", "2"}, {"a", "1"}})};
    x.inc();
    same.inc();
    EXPECT_EQ(value_of(as_text(registry), R"(x_total{a="1",b="2"})"), "2");
}

TEST(two_scopes, whose_labels_do_not_tell_them_apart_collide) {
    test::heard const errors;
    tacho::registry registry{test::fixed()};
    tacho::scope const plain{registry};
    tacho::counter<"a", tacho::label<"shard">> all{plain};
    tacho::counter<"a"> one{plain.with_labels({{"shard", "1"}})};  // all("1") would be the same series
    EXPECT_FALSE(one.ok());
    tacho::counter<"b"> without{plain};
    tacho::counter<"b"> with{plain.with_labels({{"shard", "1"}})};  // never the same
    EXPECT_TRUE(with.ok());
    tacho::counter<"c"> c{plain.with_labels({{"shard", "1"}}), "One"};
    tacho::counter<"c"> other_words{plain.with_labels({{"shard", "2"}}), "Two"};
    EXPECT_FALSE(other_words.ok());  // one metric has one description
    EXPECT_EQ(registry.problems().back(),
              "the counter \"c\" was not registered: its Prometheus name \"c_total\" is in use by the counter \"c\", "
              "which differs in description. Make both the same, or rename one");
    tacho::gauge<"d"> d{plain.with_labels({{"shard", "1"}})};
    tacho::up_down_counter<"d"> other_kind{plain.with_labels({{"shard", "2"}})};
    EXPECT_FALSE(other_kind.ok());
}

TEST(a_constant_label, that_can_not_be_is_left_out_and_named) {
    test::heard const errors;
    tacho::registry registry{with_labels({{"1st", "x"}, {"a.b", "1"}, {"a_b", "2"}, {"otel.scope.x", "y"}})};
    ASSERT_EQ(registry.problems().size(), 3u);
    EXPECT_TRUE(registry.problems()[0].starts_with("the constant label \"1st\" is left out: it should begin"));
    EXPECT_EQ(registry.problems()[1],
              "the constant label \"a_b\" is left out: there is another one of its name; leave one of them out");
    auto const scope = tacho::scope{registry}.with_labels({{"a.b", "3"}, {"c", "4"}});
    EXPECT_EQ(registry.problems().size(), 4u);
    tacho::counter<"n"> n{scope};
    EXPECT_EQ(value_of(as_text(registry), R"(n_total{a_b="1",c="4"})"), "0");
    EXPECT_EQ(registry.health().failed_registrations, 0u);

    std::vector<tacho::attribute> many;
    for (char c = 'a'; c <= 'z'; ++c) many.push_back({std::string(1, c), "v"});
    tacho::registry full{with_labels(many)};
    EXPECT_EQ(full.problems().size(), 10u);
    tacho::counter<"n", tacho::label<"l0">, tacho::label<"l1">, tacho::label<"l2">, tacho::label<"l3">,
                   tacho::label<"l4">, tacho::label<"l5">, tacho::label<"l6">, tacho::label<"l7">, tacho::label<"l8">,
                   tacho::label<"l9">, tacho::label<"la">, tacho::label<"lb">, tacho::label<"lc">, tacho::label<"ld">,
                   tacho::label<"le">, tacho::label<"lf">>
        most{full.scope("s", "1")};
    most("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f").inc();
    EXPECT_EQ(count(as_text(full), "=\""), 34u);  // 16 constant, 16 own, 2 of the scope
}

TEST(an_instrument, can_not_have_a_label_that_is_constant) {
    test::heard const errors;
    tacho::registry registry{with_labels({{"region", "eu"}, {"le", "x"}})};
    tacho::counter<"a", tacho::label<"region">> a{registry};
    tacho::histogram<"h"> h{registry};
    auto const named = tacho::add_gauge(registry, {.name = "n", .labels = {"region"}});
    EXPECT_FALSE(a.ok());
    EXPECT_FALSE(h.ok());
    EXPECT_FALSE(named.ok());
    EXPECT_EQ(
        registry.problems()[0],
        "the counter \"a\" was not registered: its series would have two labels \"region\". Of its own labels, the "
        "constant ones of its scope and registry, a histogram's le and a state set's name, rename one");
    EXPECT_EQ(as_text(registry), "");
}

TEST(constant_labels, of_invalid_or_endless_text_are_mended) {
    tacho::registry registry{with_labels({{"a", "\xff"}, {"b", std::string(5000, 'x')}})};
    tacho::counter<"n"> n{registry};
    auto const page = as_text(registry);
    EXPECT_NE(page.find("a=\"\xEF\xBF\xBD\""), std::string::npos);
    EXPECT_NE(page.find("b=\"" + std::string(1024, 'x') + "\""), std::string::npos);
}

TEST(deltas, of_two_scopes_under_one_name_are_one_metric_too) {
    tacho::registry registry{test::fixed()};
    tacho::scope const plain{registry};
    tacho::counter<"reads"> one{plain.with_labels({{"shard", "1"}})};
    tacho::counter<"reads"> two{plain.with_labels({{"shard", "2"}})};
    tacho::memory_transport receiver;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, receiver};
    one.inc(5);
    two.inc(7);
    ASSERT_TRUE(pusher.flush());
    one.inc();
    ASSERT_TRUE(pusher.flush());
    ASSERT_EQ(receiver.requests().size(), 2u);
    EXPECT_EQ(count(receiver.requests()[0].body, "\"name\":\"reads\""), 1u);
    EXPECT_EQ(count(receiver.requests()[0].body, "\"asInt\":\"7\""), 1u);
    EXPECT_EQ(count(receiver.requests()[1].body, "\"asInt\":\"1\""), 1u);
}

}  // namespace
