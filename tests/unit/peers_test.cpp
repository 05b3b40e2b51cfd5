// SPDX-License-Identifier: MIT
// What has been wrong in pages and requests of other libraries, and is not here. What has a home of its own is tested
// there: sums of fractions, small bounds and edges in instruments_test.cpp, equal hashes in collision_test.cpp, expiry
// and removal in lifetime_test.cpp, weights of codings in compression_test.cpp, numbers and locales in text_test.cpp,
// and what many threads do at once in tests/threads.
#include "support/json_reader.hpp"
#include "support/numbers.hpp"
#include "support/page_reader.hpp"
#include "support/text.hpp"

#include "tacho/export/endpoint.hpp"
#include "tacho/export/memory_transport.hpp"
#include "tacho/export/pusher.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using tacho::label;

using test::infinity;
using test::nan;

enum class lamp { red, green };
consteval auto label_values(lamp) {
    return tacho::labels<lamp>({{lamp::red, "red"}, {lamp::green, "green"}});
}

// Each kind that a page can show, with a label or without.
template <class... Label>
struct every_kind {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", Label...> c{registry, "C\nc"};
    tacho::counter<"d", double, Label...> d{registry, "D\nd"};
    tacho::up_down_counter<"u", Label...> u{registry, "U\nu"};
    tacho::gauge<"g", Label...> g{registry, "G\ng"};
    tacho::histogram<"h", Label...> h{registry, "H\nh", {1}};
    tacho::state_set<"s", lamp, Label...> s{registry, "S\ns"};
    tacho::info<"i", label<"x">> i{registry, "I\ni"};
    tacho::observable_counter<"oc"> oc{registry, "OC\noc", [] { return 0; }};
    tacho::observable_up_down_counter<"ou"> ou{registry, "OU\nou", [] { return 0; }};
    tacho::observable_gauge<"og"> og{registry, "OG\nog", [] { return 0; }};
};

test::page_reader read(std::string const& page, bool openmetrics) {
    SCOPED_TRACE(page);
    std::optional<test::page_reader> got;
    EXPECT_EQ(test::why_refused([&] { got.emplace(page, openmetrics); }), "");
    return got ? std::move(*got) : test::page_reader{"", false};
}

std::string page_of(tacho::registry& registry, bool openmetrics) {
    return openmetrics ? test::as_openmetrics(registry) : test::as_text(registry);
}

// Elsewhere one kind has no HELP or TYPE, or a line feed in HELP is not escaped, and the whole scrape fails.
TEST(every_kind_of_instrument, has_its_type_and_its_description_in_one_line) {
    every_kind<> all;
    all.i.set("1");
    for (bool const openmetrics : {false, true}) {
        auto const page = read(page_of(all.registry, openmetrics), openmetrics);
        EXPECT_EQ(page.types.size(), 10u);
        EXPECT_EQ(page.helps.size(), 10u);
        for (auto const& [family, help] : page.helps) {
            EXPECT_EQ(help.find('\n'), help.size() / 2) << family;
            EXPECT_TRUE(page.types.contains(family)) << family;
        }
    }
}

// Elsewhere what is zero is left out, as if it were not there.
TEST(every_kind_of_instrument, is_shown_at_zero) {
    every_kind<> all;
    for (bool const openmetrics : {false, true}) {
        auto const page = read(page_of(all.registry, openmetrics), openmetrics);
        for (auto const name : {"c_total", "d_total", "u", "g", "h_sum", "h_count", "oc_total", "ou", "og"})
            EXPECT_EQ(page.samples.count({name, {}}), 1u) << name;
        for (auto const& [of, value] : page.samples) EXPECT_EQ(value, "0") << of.first;
        EXPECT_EQ(page.samples.size(), 13u);
    }
    auto const request = test::json_reader::read(test::as_json(all.registry));
    EXPECT_EQ(request["resourceMetrics"].items[0]["scopeMetrics"].items[0]["metrics"].items.size(), 9u);  // no info yet
}

// Elsewhere `_sum` and `_count` have no labels.
TEST(every_kind_of_instrument, has_its_labels_on_each_of_its_lines) {
    every_kind<label<"l">> all;
    all.c("v").inc();
    all.d("v").inc(0.5);
    all.u("v").inc();
    all.g("v").set(1);
    all.h("v").observe(0.5);
    all.s("v").set(lamp::red);
    tacho::endpoint endpoint{all.registry, {.created = true}};
    for (std::string const accept : {"text/plain", "application/openmetrics-text"}) {
        bool const openmetrics = accept != "text/plain";
        auto const page = read(std::string{endpoint.respond({.accept = accept}).body()}, openmetrics);
        std::size_t lines = 0;
        for (auto const& [of, value] : page.samples) {
            if (of.first.starts_with('o')) continue;
            EXPECT_EQ(of.second.count("l"), 1u) << of.first;
            ++lines;
        }
        EXPECT_EQ(lines, openmetrics ? 13u : 10u);
    }
}

// Elsewhere six decimals are left of a number, 0.1 + 0.2 is 0.3, and NaN is called Nan.
TEST(a_page, has_numbers_in_full) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"small", double> small{registry};
    tacho::gauge<"sum"> sum{registry};
    tacho::gauge<"none"> none{registry};
    tacho::gauge<"large", std::int64_t> large{registry};
    small.inc(1e-9);
    sum.set(0.1 + 0.2);
    none.set(nan);
    large.set((std::int64_t{1} << 53) + 1);
    for (bool const openmetrics : {false, true}) {
        auto const page = page_of(registry, openmetrics);
        EXPECT_EQ(test::value_of(page, "small_total"), "1e-09");
        EXPECT_EQ(test::value_of(page, "sum"), "0.30000000000000004");
        EXPECT_EQ(test::value_of(page, "none"), "NaN");
        EXPECT_EQ(test::value_of(page, "large"), "9007199254740993");
    }
}

// The points of the metric that is called so.
std::vector<test::json> points(test::json const& request, std::string_view name, std::string const& kind) {
    for (auto const& metric : request["resourceMetrics"].items[0]["scopeMetrics"].items[0]["metrics"].items)
        if (metric["name"].text == name) return metric[kind]["dataPoints"].items;
    return {};
}

// Elsewhere infinity is `null` in JSON, 2^53 + 1 is gone through a double, and 1e-9 is 0. CONFORMANCE 170-175
TEST(a_request, has_numbers_in_full) {
    tacho::registry registry{test::fixed()};
    tacho::gauge<"level", label<"of">> level{registry};
    tacho::counter<"large"> large{registry};
    level("inf").set(infinity);
    level("less").set(-infinity);
    level("nan").set(nan);
    level("small").set(1e-9);
    large.inc((std::uint64_t{1} << 53) + 1);
    auto const request = test::json_reader::read(test::as_json(registry));
    std::set<std::string> values;
    for (auto const& point : points(request, "level", "gauge")) values.insert(point["asDouble"].text);
    EXPECT_EQ(values, (std::set<std::string>{"Infinity", "-Infinity", "NaN", "1e-09"}));
    ASSERT_EQ(points(request, "large", "sum").size(), 1u);
    EXPECT_EQ(points(request, "large", "sum")[0]["asInt"].text, "9007199254740993");
    EXPECT_EQ(points(request, "large", "sum")[0]["asInt"].what, test::json::is::text);
}

// Elsewhere the largest value begins at the smallest positive double, so that a 0.0 alone is reported as 2.2e-308.
TEST(a_request, tells_no_smallest_and_largest_value_that_nobody_observed) {
    tacho::registry registry{test::fixed()};
    tacho::histogram<"h"> h{registry, "", {1}};
    tacho::exponential_histogram<"e"> e{registry};
    h.observe(0.0);
    e.observe(0.0);
    auto const request = test::json_reader::read(test::as_json(registry));
    for (auto const& [name, kind] : {std::pair{"h", "histogram"}, {"e", "exponentialHistogram"}}) {
        auto const all = points(request, name, kind);
        ASSERT_EQ(all.size(), 1u) << name;
        EXPECT_FALSE(all[0].has("min") || all[0].has("max")) << name;
        EXPECT_EQ(all[0]["sum"].text, "0") << name;
        EXPECT_EQ(all[0]["count"].text, "1") << name;
    }
}

// Elsewhere a NaN poisons a counter for good, in every reader.
TEST(a_counter_of_doubles, counts_on_after_what_is_no_number) {
    test::heard const quiet;
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", double> c{registry};
    c.inc(0.25);
    for (double const bad : {nan, infinity, -infinity}) c.inc(bad);
    c.inc(0.25);
    for (bool const openmetrics : {false, true})
        EXPECT_EQ(test::value_of(page_of(registry, openmetrics), "c_total"), "0.5");
    auto const all = points(test::json_reader::read(test::as_json(registry)), "c", "sum");
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0]["asDouble"].text, "0.5");
}

// Elsewhere a flush makes the next scrape show families twice.
TEST(a_page, is_the_same_before_and_after_a_flush) {
    every_kind<> all;
    all.i.set("1");
    tacho::memory_transport transport;
    tacho::pusher pusher{all.registry, {.url = "http://test/v1/metrics"}, transport};
    tacho::endpoint endpoint{all.registry};
    for (auto const accept : {"text/plain", "application/openmetrics-text"}) {
        std::string const before{endpoint.respond({.accept = accept}).body()};
        ASSERT_TRUE(pusher.flush());
        std::string const after{endpoint.respond({.accept = accept}).body()};
        EXPECT_EQ(before, after);
        EXPECT_EQ(read(after, after.ends_with("# EOF\n")).types.size(), 10u);
    }
    EXPECT_EQ(transport.requests().size(), 2u);
}

// Elsewhere labels are joined without borders, or told apart by a hash alone.
TEST(many_series, are_not_mixed_up) {
    tacho::registry registry{{.series_limit = 30'000, .now = &test::fixed_time}};
    tacho::counter<"c", label<"a">, label<"b">> c{registry};
    for (unsigned i = 0; i < 20'000; ++i) {
        // The digits of one number, with the border between two labels at each place in turn.
        auto const digits = std::to_string(100'000 + i / 5 * 5);
        auto const border = 1 + i % 5;
        c(std::string_view{digits}.substr(0, border), std::string_view{digits}.substr(border)).inc(i + 1);
    }
    auto const page = test::as_text(registry);
    std::string_view rest = page;
    rest.remove_prefix(rest.find('\n') + 1);  // the type
    std::set<std::string_view> names, values;
    while (!rest.empty()) {
        auto const line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        names.insert(line.substr(0, line.rfind(' ')));
        values.insert(line.substr(line.rfind(' ')));
    }
    EXPECT_EQ(names.size(), 20'000u);
    EXPECT_EQ(values.size(), 20'000u);
}

// Elsewhere numbers have a comma under a German locale, and the scrape fails.
TEST(pages_and_requests, do_not_depend_on_the_locale) {
    every_kind<> all;
    all.d.inc(1.5);
    all.g.set(1234567.25);
    all.h.observe(0.5);
    tacho::histogram<"t"> t{all.registry, "", {0.25, 2.5e6}};
    t.observe(1e6);
    auto const printed = [&] {
        std::string page;
        tacho::endpoint endpoint{all.registry, {.created = true}};
        for (auto const accept : {"text/plain", "application/openmetrics-text"})
            page += endpoint.respond({.accept = accept}).body();
        return page + test::as_json(all.registry);
    };
    auto const before = printed();
    char const* const chosen = std::getenv("TACHO_TEST_COMMA_LOCALE");
    ASSERT_NE(chosen, nullptr) << "set it to the name of a locale whose decimal point is a comma";
    ASSERT_NE(std::setlocale(LC_ALL, chosen), nullptr) << chosen;
    ASSERT_STREQ(std::localeconv()->decimal_point, ",");
    auto const after = printed();
    std::setlocale(LC_ALL, "C");
    EXPECT_EQ(before, after);
}

}  // namespace
