// SPDX-License-Identifier: MIT
// The linter: each convention with a name that breaks it and the one that keeps it.
#include "support/text.hpp"
#include "tacho/testing.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using tacho::instrument_kind;

struct described {
    instrument_kind kind = instrument_kind::counter;
    std::string name;
    std::string unit = {};
    std::vector<std::string_view> labels = {};
    std::string description = "Described";
};

// What is found in an instrument, by its description.
std::vector<tacho::finding> found_in(described const& d, tacho::lint_options const& by = {},
                                     tacho::registry_options options = {}) {
    tacho::registry registry{std::move(options)};
    tacho::instrument_options const o{.name = d.name, .description = d.description, .unit = d.unit, .labels = d.labels};
    switch (d.kind) {
        case instrument_kind::counter: {
            auto const made = tacho::add_counter(registry, o);
            return lint(registry, by);
        }
        case instrument_kind::up_down_counter: {
            auto const made = tacho::add_up_down_counter(registry, o);
            return lint(registry, by);
        }
        case instrument_kind::gauge: {
            auto const made = tacho::add_gauge(registry, o);
            return lint(registry, by);
        }
        case instrument_kind::histogram: {
            auto const made = tacho::add_histogram(registry, o);
            return lint(registry, by);
        }
        case instrument_kind::info: {
            auto const made = tacho::add_info(registry, o);
            return lint(registry, by);
        }
        default: break;
    }
    return {};
}

std::string said(std::vector<tacho::finding> const& all) {
    std::string text;
    for (auto const& one : all) text += one.text() + '\n';
    return text;
}

constexpr auto counter = instrument_kind::counter;
constexpr auto up_down = instrument_kind::up_down_counter;
constexpr auto gauge = instrument_kind::gauge;
constexpr auto histogram = instrument_kind::histogram;

struct convention {
    described wrong;
    std::string_view words;  // of what is wrong, and the cure
    described right;
};

convention const conventions[] = {
    {{.name = "shop.orders", .description = ""},
     "it has no description; give it one, which is its # HELP",
     {.name = "shop.orders"}},
    {{gauge, "shop.orders_total"},
     "only a counter's name ends with _total; make it a counter, or name it \"shop.orders\"",
     {counter, "shop.orders"}},
    {{histogram, "shop.delay", "ms"},
     "its unit, milliseconds, is no base unit; record seconds",
     {histogram, "shop.delay", "s"}},
    {{gauge, "shop.memory_kilobytes"},
     "its unit, kilobytes, is no base unit; record bytes",
     {gauge, "shop.memory", "By"}},
    {{gauge, "shop.age_days"}, "its unit, days, is no base unit; record seconds", {gauge, "shop.age", "s"}},
    {{gauge, "shop.load", "%"},
     "its unit, percent, is no base unit; record ratios from 0 to 1",
     {gauge, "shop.load", "1"}},
    {{histogram, "shop.delay_ms"},
     "its name abbreviates a unit, \"ms\"; give it the unit",
     {histogram, "shop.delay", "s"}},
    {{histogram, "shop.delay_s", "s"},
     "its name abbreviates a unit, \"s\"; leave it out: a scrape appends the unit",
     {histogram, "shop.delay", "s"}},
    {{counter, "shop.ms.served", "{request}"},
     "its name abbreviates a unit, \"ms\"; give it the unit",
     {counter, "shop.served", "{request}"}},
    {{counter, "shop.sent_kb"}, "its name abbreviates a unit, \"kb\"", {counter, "shop.sent", "By"}},
    {{gauge, "shop.queue_gauge"},
     "its name tells a type of metric, \"gauge\"; leave the word out",
     {gauge, "shop.queue"}},
    {{counter, "shop.counter.orders"}, "its name tells a type of metric, \"counter\"", {counter, "shop.orders"}},
    {{counter, "shop.orderCount"},
     "its name is in camelCase; name it \"shop.order_count\"",
     {counter, "shop.order_count"}},
    {{counter, "shop.orders", "", {"fromCountry"}},
     "its label \"fromCountry\" is in camelCase; name it \"from_country\"",
     {counter, "shop.orders", "", {"from_country"}}},
    {{gauge, "shop.order_count"},
     "its name ends with _count, as samples of histograms do; name it \"shop.order\"",
     {counter, "shop.order_count"}},
    {{gauge, "shop.price_sum"}, "its name ends with _sum", {gauge, "shop.price"}},
    {{gauge, "shop.ice_bucket"}, "its name ends with _bucket", {gauge, "shop.bucket_of_ice"}},
    {{gauge, "shop.build_info"},
     "only an info's name ends with _info; make it a tacho::info",
     {instrument_kind::info, "shop.build_info", "", {"version"}}},
    {{counter, "shop.orders", "", {"le"}},
     "its label \"le\" is one that histograms and summaries have of their own",
     {counter, "shop.orders", "", {"level"}}},
    {{histogram, "shop.size", "By", {"quantile"}},
     "its label \"quantile\" is one",
     {histogram, "shop.size", "By", {"part"}}},

    {{counter, "shop.Orders"},
     "a name is in lower case, its words between _ and its namespaces between dots; name it \"shop.orders\"",
     {counter, "shop.orders"}},
    {{counter, "shop.late-orders"},
     "its words between _ and its namespaces between dots; name it \"shop.late_orders\"",
     {counter, "shop.late_orders"}},
    {{counter, "shop/orders"}, "name it \"shop_orders\"", {counter, "shop.orders"}},
    {{counter, "shop..orders"}, "a name has one delimiter at a time, and none at its end", {counter, "shop.orders"}},
    {{counter, "shop.orders_"}, "a name has one delimiter at a time, and none at its end", {counter, "shop.orders"}},
    {{counter, "orders"},
     "its name has no namespace; put that of the program before it, as in \"shop.orders\"",
     {counter, "shop.orders"}},
    {{counter, "shop.orders_total"},
     "its name ends with total; name it \"shop.orders\", to which a scrape appends _total",
     {counter, "shop.orders"}},
    {{histogram, "shop.delay_seconds", "s"},
     "its name has its unit; name it \"shop.delay\", to which a scrape appends it",
     {histogram, "shop.delay", "s"}},
    {{counter, "shop.bytes_sent", "By"},
     "its name has its unit; leave it out: a scrape appends the unit",
     {counter, "shop.sent", "By"}},
    {{counter, "shop.sent.bytes", "By"}, "its name has its unit; name it \"shop.sent\"", {counter, "shop.sent", "By"}},
    {{histogram, "shop.delay", "seconds"},
     "its unit, \"seconds\", is no code of UCUM; write s",
     {histogram, "shop.delay", "s"}},
    {{gauge, "shop.memory", "MB"}, "its unit, \"MB\", is no code of UCUM; write By", {gauge, "shop.memory", "By"}},
    {{counter, "shop.orders", "1{order}"},
     "its unit counts, and needs no 1; write \"{order}\"",
     {counter, "shop.orders", "{order}"}},
    {{counter, "shop.orders", "{orders}"},
     "its unit says what is counted in the plural, \"{orders}\"; write {order}",
     {counter, "shop.orders", "{order}"}},
    {{counter, "shop.tries", "{retries}"}, "write {retry}", {counter, "shop.tries", "{retry}"}},
    {{up_down, "shop.open_orders"},
     "the name of an up-down counter is not a plural; say what of them there is",
     {up_down, "shop.order.open"}},
    {{histogram, "shop.delays", "s"},
     "the name of what has a unit is not a plural",
     {counter, "shop.delays", "{delay}"}},
};

TEST(the_linter, finds_what_breaks_a_convention_and_nothing_in_what_keeps_it) {
    for (auto const& [wrong, words, right] : conventions) {
        auto const text = said(found_in(wrong));
        EXPECT_NE(text.find(words), text.npos)
            << wrong.name << " should be found: " << words << "\nbut there is: " << text;
        EXPECT_EQ(said(found_in(right)), "") << right.name;
    }
}

TEST(the_linter, says_one_thing_once) {
    for (auto const& [wrong, words, right] : conventions) {
        auto const all = found_in(wrong);
        std::set<std::string> distinct;
        for (auto const& one : all) distinct.insert(one.text());
        EXPECT_EQ(distinct.size(), all.size()) << said(all);
    }
    EXPECT_EQ(found_in({histogram, "shop.delay", "ms"}).size(), 1u);
}

TEST(the_linter, has_nothing_against_names_that_only_look_wrong) {
    for (auto const& right : std::vector<described>{
             {counter, "http.server.requests", "{request}"},
             {histogram, "http.server.request.duration", "s"},
             {gauge, "process.open_fds"},
             {up_down, "shop.time_series"},
             {up_down, "shop.access"},
             {counter, "shop.counters_opened"},
             {counter, "shop.gas", "{part}"},
             {gauge, "disk.progress", "1"},
             {histogram, "rpc.speed", "By/s"},
             {gauge, "room.temperature", "Cel"},
             {counter, "s.requests"},
         })
        EXPECT_EQ(said(found_in(right)), "") << right.name;
}

TEST(the_linter, tells_a_name_that_is_also_a_namespace) {
    tacho::registry registry;
    tacho::counter<"shop.orders"> orders{registry, "Orders"};
    tacho::counter<"shop.orders_late"> other{registry, "Late ones"};
    EXPECT_EQ(said(lint(registry)), "");
    tacho::counter<"shop.orders.late"> within{registry.scope("late"), "Late ones"};
    tacho::counter<"shop.orders.lost"> lost{registry, "Lost ones"};
    EXPECT_EQ(lint(registry).size(), 1u);
    EXPECT_NE(said(lint(registry))
                  .find("shop.orders (shop_orders_total): its name is also the namespace of "
                        "shop.orders.late; rename one of them"),
              std::string::npos)
        << said(lint(registry));
}

TEST(the_linter, goes_by_the_names_that_the_registry_shows) {
    auto const without_suffixes = [] {
        return tacho::registry_options{.translation =
                                           tacho::translation_strategy::underscore_escaping_without_suffixes};
    };
    EXPECT_NE(
        said(found_in({counter, "shop.orders"}, {}, without_suffixes()))
            .find("shop.orders (shop_orders): a counter's name should end with _total; use a translation strategy"),
        std::string::npos);
    tacho::registry viewed{{.views = {{.name = "shop.Orders", .rename = "shop.orders"}}}};
    tacho::counter<"shop.Orders"> orders{viewed, "Orders"};
    EXPECT_EQ(said(lint(viewed)), "");
}

TEST(the_linter, leaves_out_a_convention_or_an_instrument_where_it_is_told_to) {
    described const both{counter, "shop.ordersTotal_total"};
    EXPECT_EQ(found_in(both).size(), 3u) << said(found_in(both));
    EXPECT_EQ(found_in(both, {.opentelemetry = false}).size(), 1u);
    EXPECT_EQ(found_in(both, {.prometheus = false}).size(), 2u);
    EXPECT_EQ(found_in(both, {.except = {"other", "shop.orders*"}}).size(), 0u);
    EXPECT_EQ(found_in(both, {.except = {"other", "shop.orders"}}).size(), 3u);
}

TEST(a_finding, is_printed_with_both_names_the_cure_and_the_source) {
    auto const all = found_in({counter, "shop.orders_total"});
    ASSERT_EQ(all.size(), 1u);
    std::ostringstream printed;
    printed << all.front();
    EXPECT_EQ(printed.str(),
              "shop.orders_total (shop_orders_total): its name ends with total; name it \"shop.orders\", to which a "
              "scrape appends _total [https://opentelemetry.io/docs/specs/semconv/general/naming/#metrics]");
    EXPECT_EQ(all.front().instrument, "shop.orders_total");
    EXPECT_EQ(all.front().prometheus_name, "shop_orders_total");
}

TEST(the_librarys_own_metrics, keep_all_conventions) {
    tacho::registry registry;
    tacho::self_metrics const itself{registry};
    tacho::push_metrics const pushes{registry};
    tacho::scrape_metrics const scrapes{registry};
    tacho::http::server_metrics const requests{registry, {.body_sizes = true}};
    tacho::process_metrics const process{registry};
    tacho::build_info const build{registry, {.program = "shop"}};
    EXPECT_GT(registry.list().size(), 20u);
    EXPECT_EQ(said(lint(registry)), "");
}

}  // namespace
