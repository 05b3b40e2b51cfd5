// SPDX-License-Identifier: MIT
#include "support/json_reader.hpp"
#include "support/numbers.hpp"
#include "support/text.hpp"
#include "support/verb.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <thread>

namespace {

using test::as_text;
using test::value_of;
using test::verb;

using test::infinity;
using test::nan;

// CONFORMANCE 48, 222
TEST(a_counter, is_shown_at_zero_from_the_start) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "0");
}

TEST(a_counter, adds_what_it_is_given) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
    hits.inc();
    hits.inc(41u);
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "42");
}

// CONFORMANCE 37
TEST(a_counter, counts_exactly_up_to_its_last_integer) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
    hits.inc((std::uint64_t{1} << 53) + 1);  // no double can hold it
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "9007199254740993");
    hits.inc(std::numeric_limits<std::uint64_t>::max() - (std::uint64_t{1} << 53) - 1);
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "18446744073709551615");
}

// As docs/recording.md says.
TEST(a_counter, begins_anew_beyond_its_last_integer_and_stays_beyond_its_last_double) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
    tacho::counter<"cpu", double> cpu{registry};
    hits.inc(std::numeric_limits<std::uint64_t>::max());
    hits.inc(5u);
    for (double const amount : {std::numeric_limits<double>::max(), std::numeric_limits<double>::max(), 1.0})
        cpu.inc(amount);
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "4");
    EXPECT_EQ(value_of(as_text(registry), "cpu_total"), "+Inf");
}

// CONFORMANCE 50, 122. A counter that can be set down is none.
TEST(a_counter, drops_and_counts_what_would_make_it_go_down_or_end) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
    tacho::counter<"cpu", double> cpu{registry};
    hits.inc(-1);
    cpu.inc(0.5);
    for (double const bad : {-0.5, nan, infinity, -infinity}) cpu.inc(bad);
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "0");
    EXPECT_EQ(value_of(as_text(registry), "cpu_total"), "0.5");
    EXPECT_EQ(registry.health().dropped_measurements, 5u);
    EXPECT_EQ(heard.count(), 2) << heard.text();  // the first of each instrument
    EXPECT_NE(heard.text().find("\"cpu\""), std::string::npos);
}

TEST(a_counter, shows_each_label_set_once_with_its_labels_sorted) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits", tacho::label<"verb", verb>, tacho::label<"api">, tacho::label<"code", int>> hits{registry};
    hits(verb::get, "models", 200).inc();
    hits(verb::get, "models", 200).inc();
    hits(verb::post, "models", -1).inc();
    EXPECT_EQ(as_text(registry),
              "# TYPE hits_total counter\n"
              "hits_total{api=\"models\",code=\"200\",verb=\"GET\"} 2\n"
              "hits_total{api=\"models\",code=\"-1\",verb=\"POST\"} 1\n");
}

TEST(a_handle, records_where_the_look_up_does) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits", tacho::label<"api">> hits{registry};
    auto const handle = hits.bind("a");
    handle.inc();
    hits("a").inc(2);
    EXPECT_EQ(value_of(as_text(registry), "hits_total{api=\"a\"}"), "3");
}

TEST(a_handle, outlives_its_instrument_and_its_registry) {
    std::optional<tacho::registry> registry{test::fixed()};
    auto hits = std::make_unique<tacho::counter<"hits", tacho::label<"api">>>(*registry);
    auto const handle = hits->bind("a");
    hits.reset();
    handle.inc();
    EXPECT_EQ(as_text(*registry), "");
    registry.reset();
    handle.inc();
}

TEST(a_handle, may_be_given_another_series_when_its_instrument_has_ended) {  // under AddressSanitizer
    tacho::registry registry;
    auto first = std::make_optional<tacho::counter<"a", tacho::label<"x">>>(registry);
    tacho::counter<"b", tacho::label<"x">> second{registry};
    auto handle = first->bind("1");
    first.reset();
    handle = second.bind("2");
    handle.inc();
    auto copy = handle;
    handle = copy;
    handle.inc();
    EXPECT_EQ(value_of(as_text(registry), "b_total{x=\"2\"}"), "2");
}

TEST(a_handle, that_was_moved_from_counts_in_nobody_elses_series) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"x", int>, tacho::series_limit<5000>> c{registry};
    auto first = c.bind(-1);
    { auto const moved = std::move(first); }
    c.remove(-1);
    for (int i = 0; i < 3000; ++i) {  // long enough for memory that nobody holds to be given to others
        c(i).inc();
        c.remove(i);
    }
    auto const other = c.bind(-2);
    for (int i = 0; i < 1000; ++i) c(i).inc(0);
    first.inc();
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "c_total{x=\"-2\"}"), "0");
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(value_of(page, "c_total{x=\"" + std::to_string(i) + "\"}"), "0");
}

TEST(an_instrument, may_outlive_its_registry) {
    std::optional<tacho::registry> registry{test::fixed()};
    tacho::counter<"hits"> hits{*registry};
    registry.reset();
    hits.inc();
    EXPECT_TRUE(hits.ok());
}

TEST(an_instrument, disappears_from_a_scrape_when_it_ends) {
    tacho::registry registry{test::fixed()};
    {
        tacho::gauge<"level"> level{registry};
        EXPECT_NE(as_text(registry), "");
    }
    EXPECT_EQ(as_text(registry), "");
}

TEST(an_instrument, shares_its_numbers_with_one_of_the_same_identity) {
    tacho::registry registry{test::fixed()};
    auto first = std::make_unique<tacho::counter<"hits">>(registry, "Hits");
    tacho::counter<"hits"> second{registry, "Hits"};
    first->inc();
    second.inc();
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "2");
    first.reset();
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "2");
}

TEST(an_instrument, starts_anew_when_its_name_is_registered_again) {
    tacho::registry registry{test::fixed()};
    std::make_unique<tacho::counter<"hits">>(registry)->inc();
    tacho::counter<"hits"> again{registry};
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "0");
}

// CONFORMANCE 44, 65, 216
TEST(two_instruments, that_would_share_a_prometheus_name_are_told_apart_at_registration) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"req.bytes"> first{registry};
    tacho::counter<"req", tacho::unit::bytes> second{registry};
    EXPECT_TRUE(first.ok());
    EXPECT_FALSE(second.ok());
    second.inc();
    first.inc();
    EXPECT_EQ(as_text(registry), "# TYPE req_bytes_total counter\nreq_bytes_total 1\n");
    ASSERT_EQ(registry.problems().size(), 1u);
    EXPECT_EQ(
        registry.problems()[0],
        "the counter \"req\" was not registered: its Prometheus name \"req_bytes_total\" is in use by the counter "
        "\"req.bytes\". Rename one of them");
    EXPECT_EQ(registry.health().failed_registrations, 1u);
    EXPECT_EQ(heard.text(), "error: " + registry.problems()[0] + "\n");
}

// CONFORMANCE 116: both are exported, and it is said, where Prometheus has a name for each.
TEST(two_instruments, of_one_name_and_scope_that_differ_are_both_exported_with_a_warning) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::gauge<"load", tacho::unit::seconds> time{registry};
    tacho::gauge<"load", tacho::unit::seconds> same{registry};
    EXPECT_EQ(heard.text(), "");
    tacho::gauge<"load", tacho::unit::bytes> size{registry};
    EXPECT_EQ(
        heard.text(),
        "warning: the gauge \"load\" was registered beside the gauge \"load\", which differs in unit: OTLP has two "
        "metrics of one name in one scope then, which receivers may mix up. Make both the same, or rename one\n");
    ASSERT_EQ(registry.problems().size(), 1u);
    EXPECT_EQ(registry.health().failed_registrations, 0u);
    for (int i = 0; i < 3; ++i) tacho::gauge<"load", tacho::unit::celsius>{registry}.set(1);
    EXPECT_EQ(heard.count(), 1);  // the same of instruments that come and go is said once
    EXPECT_EQ(registry.problems().size(), 1u);
    tacho::gauge<"load"> elsewhere{registry.scope("other")};
    EXPECT_EQ(heard.count(), 1);
    time.set(1);
    size.set(2);
    EXPECT_EQ(as_text(registry),
              "# TYPE load gauge\nload{otel_scope_name=\"other\"} 0\n"
              "# TYPE load_bytes gauge\nload_bytes 2\n"
              "# TYPE load_seconds gauge\nload_seconds 1\n");
    auto const json = test::json_reader::read(test::as_json(registry));
    auto const& scopes = json["resourceMetrics"].items.at(0)["scopeMetrics"].items;
    ASSERT_EQ(scopes.size(), 2u);
    EXPECT_EQ(scopes[0]["metrics"].items.size() + scopes[1]["metrics"].items.size(), 3u);
}

// CONFORMANCE 114, 116: OpenTelemetry takes these for one name, Prometheus for two.
TEST(two_instruments, whose_names_differ_in_the_case_of_letters_are_both_exported_with_a_warning) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"jobs.done"> lower{registry};
    tacho::counter<"jobs.Done"> upper{registry};
    tacho::counter<"jobs.Done"> same{registry};
    tacho::counter<"jobs.DONE"> elsewhere{registry.scope("other")};
    EXPECT_EQ(
        heard.text(),
        "warning: the counter \"jobs.Done\" was registered beside the counter \"jobs.done\", which differs in the "
        "case of letters: OTLP has two metrics of one name in one scope then, which receivers may mix up. Make "
        "both the same, or rename one\n");
    EXPECT_EQ(as_text(registry),
              "# TYPE jobs_DONE_total counter\njobs_DONE_total{otel_scope_name=\"other\"} 0\n"
              "# TYPE jobs_Done_total counter\njobs_Done_total 0\n"
              "# TYPE jobs_done_total counter\njobs_done_total 0\n");
}

// CONFORMANCE 44: a gauge may not be what a histogram's or counter's samples are called.
TEST(two_instruments, collide_in_the_names_of_their_samples_too) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::histogram<"x"> x{registry};
    tacho::counter<"y"> y{registry};
    EXPECT_FALSE((tacho::gauge<"x_count">{registry}.ok()));
    EXPECT_FALSE((tacho::gauge<"x_bucket">{registry}.ok()));
    EXPECT_FALSE((tacho::gauge<"x_sum">{registry}.ok()));
    EXPECT_FALSE((tacho::gauge<"y">{registry}.ok()));  // OpenMetrics names the counter's family y
    EXPECT_FALSE((tacho::gauge<"y_created">{registry}.ok()));
    EXPECT_TRUE((tacho::gauge<"x_max">{registry}.ok()));
}

TEST(two_instruments, of_one_name_and_scope_with_different_labels_collide) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits", tacho::label<"a">> first{registry};
    tacho::counter<"hits", tacho::label<"b">> second{registry};
    EXPECT_FALSE(second.ok());
    EXPECT_NE(registry.problems()[0].find("which differs in labels. Make both the same"), std::string::npos);
    tacho::counter<"hits", tacho::label<"b">> third{registry, "Described"};
    EXPECT_NE(registry.problems()[1].find("which differs in description and labels. Make"), std::string::npos);
    tacho::gauge<"level", tacho::unit::bytes> level{registry, "One"};
    tacho::gauge<"level", std::int64_t, tacho::unit::bytes> other{registry, "Two"};
    EXPECT_NE(registry.problems()[2].find("which differs in type of number and description."), std::string::npos);
}

// A sharded cell is written where the memory of a shared one has ended.
TEST(two_instruments, of_one_name_with_different_cells_collide) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits", tacho::cells::shared> shared{registry};
    tacho::counter<"hits"> sharded{registry};
    tacho::histogram<"h"> first{registry};
    tacho::histogram<"h", tacho::cells::shared> second{registry};
    sharded.inc();
    second.observe(1);
    EXPECT_FALSE(sharded.ok());
    EXPECT_FALSE(second.ok());
    EXPECT_EQ(value_of(as_text(registry), "hits_total"), "0");
    EXPECT_EQ(value_of(as_text(registry), "h_count"), "0");
}

// The resource is shown as target_info, whose family OpenMetrics calls target.
TEST(an_instrument, can_not_have_the_names_of_the_resource) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    EXPECT_FALSE((tacho::gauge<"target.info">{registry}.ok()));
    EXPECT_FALSE((tacho::gauge<"target">{registry}.ok()));
    EXPECT_FALSE((tacho::counter<"target">{registry}.ok()));
    EXPECT_TRUE((tacho::gauge<"target.size">{registry}.ok()));
    EXPECT_EQ(
        registry.problems()[0],
        "the gauge \"target.info\" was not registered: the Prometheus name \"target_info\" is the one under which "
        "the program's resource is shown. Rename it");
}

// CONFORMANCE 214
TEST(two_scopes, may_use_one_name_and_stand_under_one_heading) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> b{registry.scope("b", "2"), "Of b"};
    tacho::counter<"hits"> a{registry.scope("a"), "Of a"};
    tacho::counter<"hits"> none{registry};
    a.inc();
    EXPECT_EQ(as_text(registry),
              "# TYPE hits_total counter\n"
              "hits_total 0\n"
              "hits_total{otel_scope_name=\"a\"} 1\n"
              "hits_total{otel_scope_name=\"b\",otel_scope_version=\"2\"} 0\n");
}

TEST(two_scopes, may_not_use_one_name_without_scope_labels) {
    test::heard heard;
    tacho::registry registry{test::fixed(false)};
    tacho::counter<"hits"> a{registry.scope("a")};
    tacho::counter<"hits"> b{registry.scope("b")};
    EXPECT_TRUE(a.ok());
    EXPECT_FALSE(b.ok());
    EXPECT_EQ(as_text(registry), "# TYPE hits_total counter\nhits_total 0\n");
}

TEST(a_gauge, shows_the_last_value_whatever_it_is) {
    tacho::registry registry{test::fixed()};
    tacho::gauge<"level", tacho::label<"room">> level{registry};
    level("a").set(21.5);
    level("b").set(nan);
    level("c").set(-infinity);
    auto const d = level.bind("d");
    d.inc(2);
    d.dec();
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "level{room=\"a\"}"), "21.5");
    EXPECT_EQ(value_of(page, "level{room=\"b\"}"), "NaN");
    EXPECT_EQ(value_of(page, "level{room=\"c\"}"), "-Inf");
    EXPECT_EQ(value_of(page, "level{room=\"d\"}"), "1");
}

TEST(a_gauge, can_hold_an_integer) {
    tacho::registry registry{test::fixed()};
    tacho::gauge<"level", std::int64_t> level{registry};
    level.set(std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(value_of(as_text(registry), "level"), "-9223372036854775808");
}

TEST(an_up_down_counter, counts_down_when_a_tracked_scope_ends_however_it_ends) {
    tacho::registry registry{test::fixed()};
    tacho::up_down_counter<"busy", tacho::label<"api">> busy{registry};
    auto const shown = [&] { return value_of(as_text(registry), "busy{api=\"a\"}"); };
    {
        auto first = busy("a").track();
        auto const moved = std::move(first);
        EXPECT_EQ(shown(), "1");
#if defined(__cpp_exceptions)
        EXPECT_THROW(
            {
                auto const second = busy("a").track();
                EXPECT_EQ(shown(), "2");
                throw std::runtime_error("out");
            },
            std::runtime_error);
#endif
        EXPECT_EQ(shown(), "1");
    }
    EXPECT_EQ(shown(), "0");
    busy("a").dec(3);
    EXPECT_EQ(shown(), "-3");
}

TEST(an_up_down_counter, drops_what_would_end_it) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::up_down_counter<"busy", double> busy{registry};
    busy.inc(nan);
    busy.inc(infinity);
    busy.inc(1.5);
    EXPECT_EQ(value_of(as_text(registry), "busy"), "1.5");
    EXPECT_EQ(registry.health().dropped_measurements, 2u);
}

// CONFORMANCE 53, 126: buckets are (lower, upper].
TEST(a_histogram, puts_a_value_at_a_bound_below_it) {
    tacho::registry registry{test::fixed()};
    tacho::histogram<"h"> h{registry, "", {-1, 0, 0.1, 10}};
    for (double const bound : {-1.0, 0.0, 0.1, 10.0})
        for (double const value : {std::nextafter(bound, -infinity), bound, std::nextafter(bound, infinity)})
            h.observe(value);
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "h_bucket{le=\"-1\"}"), "2");
    EXPECT_EQ(value_of(page, "h_bucket{le=\"0\"}"), "5");
    EXPECT_EQ(value_of(page, "h_bucket{le=\"0.1\"}"), "8");
    EXPECT_EQ(value_of(page, "h_bucket{le=\"10\"}"), "11");
    EXPECT_EQ(value_of(page, "h_bucket{le=\"+Inf\"}"), "12");
    EXPECT_EQ(value_of(page, "h_count"), "12");
}

TEST(a_histogram, takes_the_smallest_and_the_largest_numbers) {
    tacho::registry registry{test::fixed()};
    tacho::histogram<"h"> h{registry, "", {0, 1}};
    h.observe(std::numeric_limits<double>::denorm_min());
    h.observe(-std::numeric_limits<double>::max());
    h.observe(std::numeric_limits<double>::max());
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "h_bucket{le=\"0\"}"), "1");
    EXPECT_EQ(value_of(page, "h_bucket{le=\"1\"}"), "2");
    EXPECT_EQ(value_of(page, "h_bucket{le=\"+Inf\"}"), "3");
}

// A sum that is a number today must be one tomorrow. CONFORMANCE 54, 123
TEST(a_histogram, is_not_poisoned_by_what_is_no_number) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::histogram<"h"> h{registry, "", {1}};
    h.observe(nan);
    h.observe(infinity);
    h.observe(-infinity);
    h.observe(0.25);
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "h_bucket{le=\"1\"}"), "2");
    EXPECT_EQ(value_of(page, "h_count"), "3");
    EXPECT_EQ(value_of(page, "h_sum"), "0.25");
    EXPECT_EQ(registry.health().dropped_measurements, 1u);
}

// Elsewhere 1000 observations of 0.25 sum to 0, and the family vanishes while nothing changes.
TEST(a_histogram, keeps_fractions_in_its_sum_and_is_shown_when_it_has_seen_nothing) {
    tacho::registry registry{test::fixed()};
    tacho::histogram<"h"> h{registry, "", {1}};
    EXPECT_EQ(as_text(registry),
              "# TYPE h histogram\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n");
    for (int i = 0; i < 1000; ++i) h.observe(0.25);
    EXPECT_EQ(value_of(as_text(registry), "h_sum"), "250");
}

TEST(a_histogram, tells_very_small_bounds_apart) {
    tacho::registry registry{test::fixed()};
    tacho::histogram<"h"> h{registry, "", {1e-7, 5e-7}};
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "h_bucket{le=\"1e-07\"}"), "0");
    EXPECT_EQ(value_of(page, "h_bucket{le=\"5e-07\"}"), "0");
}

// With clang before 15 the bounds of a histogram at namespace scope get as far as this.
TEST(a_histogram, with_bounds_that_fall_is_refused_when_it_registers) {
    test::heard heard;
    tacho::registry registry;
    std::array const falling{2.0, 1.0};
    tacho::detail::instrument_spec spec;
    spec.name = spec.prometheus_name = "h";
    spec.kind = tacho::instrument_kind::histogram;
    spec.bounds = falling;
    tacho::registration const wrong{registry, spec};
    EXPECT_EQ(wrong.held(), nullptr);
    EXPECT_EQ(
        registry.problems()[0],
        "the histogram \"h\" was not registered: its bounds should be finite, strictly increasing and at most 256");
}

// CONFORMANCE 127
TEST(a_histogram, may_have_no_bounds_at_all) {
    tacho::registry registry{test::fixed()};
    tacho::histogram<"h"> h{registry, "", {}};
    h.observe(3);
    EXPECT_EQ(as_text(registry), "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 3\nh_count 1\n");
}

TEST(a_timer, records_once_in_the_unit_of_its_histogram) {
    tacho::registry registry{test::fixed()};
    tacho::histogram<"h", tacho::unit::milliseconds, tacho::label<"api">> h{registry};
    {
        auto timing = h("a").time();
        auto const moved = std::move(timing);
    }
    {
        auto timing = h("a").time();
        timing.stop();
    }
    h.bind("a").time().cancel();
    EXPECT_EQ(value_of(as_text(registry), "h_milliseconds_count{api=\"a\"}"), "2");
}

template <class T>
concept can_time = requires(T& h) {
    h.time();
};
static_assert(can_time<tacho::histogram<"h", tacho::unit::seconds>>);
static_assert(!can_time<tacho::histogram<"h", tacho::unit::bytes>>);

// What must not compile.
using by_verb_and_api = tacho::counter<"c", tacho::label<"verb", verb>, tacho::label<"api">, tacho::label<"n", int>>;
template <class... Args>
concept callable_with = requires(by_verb_and_api& c, Args... args) {
    c(args...).inc();  // a wrong call gives nothing to record in, and says why when it is compiled
};
static_assert(callable_with<verb, char const*, int>);
static_assert(callable_with<verb, std::string, short>);
static_assert(!callable_with<char const*, verb, int>);           // swapped
static_assert(!callable_with<verb, char const*>);                // missing
static_assert(!callable_with<verb, char const*, int, int>);      // surplus
static_assert(!callable_with<int, char const*, int>);            // a number is no enum
static_assert(!callable_with<verb, std::nullptr_t, int>);        // no text
static_assert(!callable_with<verb, char const*, std::int64_t>);  // might lose its value
static_assert(!callable_with<verb, char const*, unsigned>);      // might change its sign
static_assert(!callable_with<verb, char const*, bool>);
static_assert(!callable_with<verb, char const*, char>);
static_assert(!std::is_copy_constructible_v<by_verb_and_api> && !std::is_move_constructible_v<by_verb_and_api>);
template <class T>
concept can_inc_by_double = requires(T& c) {
    c.inc(0.5);
};
static_assert(!can_inc_by_double<tacho::counter<"c">> && can_inc_by_double<tacho::counter<"c", double>>);

TEST(labels, that_are_missing_or_empty_are_left_out) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"a", std::optional<std::string_view>>, tacho::label<"b">> c{registry};
    c(std::nullopt, "x").inc();
    c("", "x").inc();
    c("y", "").inc();
    char const* none = nullptr;
    c("y", none).inc();
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{b=\"x\"} 2\nc_total{a=\"y\"} 2\n");
}

TEST(labels, of_booleans_and_enums_alone_need_no_hash) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"on", bool>, tacho::label<"verb", std::optional<verb>>> c{registry};
    for (bool const on : {false, true}) {
        c(on, std::nullopt).inc();
        for (auto const v : {verb::get, verb::post, verb::other}) c(on, v).inc(on ? 2 : 1);
    }
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "c_total{on=\"true\"}"), "1");
    EXPECT_EQ(value_of(page, "c_total{on=\"false\",verb=\"GET\"}"), "1");
    EXPECT_EQ(value_of(page, "c_total{on=\"true\",verb=\"other\"}"), "2");
    EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 1 + 8);
}

enum class colour { red, blue, green, white, black };
consteval auto label_values(colour) {
    return tacho::labels<colour>({{colour::black, "black"},
                                  {colour::white, "white"},
                                  {colour::blue, "blue"},
                                  {colour::red, "GET"},
                                  {colour::green, "green"}});
}

TEST(labels, of_two_enums_under_one_name_do_not_mix) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"what", verb>> verbs{registry};
    tacho::counter<"c", tacho::label<"what", colour>> colours{registry};
    tacho::counter<"c", tacho::label<"what">> texts{registry};
    for (int round = 0; round < 2; ++round) {
        verbs(verb::get).inc();
        verbs(verb::post).inc();
        colours(colour::red).inc();
        colours(colour::black).inc();
        colours(colour::green).inc();
        texts("GET").inc();
    }
    EXPECT_EQ(as_text(registry),
              "# TYPE c_total counter\nc_total{what=\"GET\"} 6\nc_total{what=\"POST\"} 2\n"
              "c_total{what=\"black\"} 2\nc_total{what=\"green\"} 2\n");
}

TEST(labels, of_enums_beyond_the_limit_are_counted_as_beyond_it_each_time) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"verb", verb>, tacho::series_limit<1>> c{registry};
    for (int round = 0; round < 3; ++round)
        for (auto const v : {verb::get, verb::post, verb::other}) c(v).inc();
    EXPECT_EQ(value_of(as_text(registry), "c_total{otel_metric_overflow=\"true\"}"), "6");
    EXPECT_EQ(registry.health().overflowed_measurements, 6u);
}

TEST(labels, with_an_unlisted_enumerator_count_in_the_overflow_series) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"dense", tacho::label<"verb", verb>> dense{registry};
    tacho::counter<"hashed", tacho::label<"verb", verb>, tacho::label<"x">> hashed{registry};
    dense(static_cast<verb>(77)).inc();
    hashed(static_cast<verb>(-1), "x").inc();
    EXPECT_EQ(value_of(as_text(registry), "dense_total{otel_metric_overflow=\"true\"}"), "1");
    EXPECT_EQ(value_of(as_text(registry), "hashed_total{otel_metric_overflow=\"true\"}"), "1");
}

// CONFORMANCE 7, 26
TEST(labels, are_escaped_and_nothing_else_is) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"path">> c{registry};
    c("C:\\x\"\n\t\r").inc();
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{path=\"C:\\\\x\\\"\\n\t\r\"} 1\n");
}

TEST(labels, of_invalid_utf_8_are_mended_before_they_name_a_series) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"a">> c{registry};
    c("x\xFF").inc();
    c("x\xFE").inc();
    c("x\xEF\xBF\xBD").inc();
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{a=\"x\xEF\xBF\xBD\"} 3\n");
}

TEST(labels, of_a_megabyte_are_cut_to_the_limit) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"a">, tacho::label<"b">> c{registry};
    std::string const huge(1'000'000, 'x');
    c(huge, "1").inc();
    c(huge + "y", "1").inc();
    c(std::string(1023, 'x') + "\xC3\xA9", "2").inc();  // a code point that does not fit is left out
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "c_total{a=\"" + std::string(1024, 'x') + "\",b=\"1\"}"), "2");
    EXPECT_EQ(value_of(page, "c_total{a=\"" + std::string(1023, 'x') + "\",b=\"2\"}"), "1");
}

TEST(labels, are_compared_in_full_and_with_their_borders) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"a">, tacho::label<"b">> c{registry};
    c("ab", "c").inc();
    c("a", "bc").inc();
    c("abc", "").inc();
    EXPECT_EQ(std::as_const(registry).health().overflowed_measurements, 0u);
    auto const page = as_text(registry);
    EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 1 + 3);
}

// CONFORMANCE 145
TEST(a_series_limit, counts_every_measurement_exactly_once) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"n", int>, tacho::series_limit<3>> c{registry};
    for (int i = 0; i < 3; ++i) c(i).inc();
    EXPECT_EQ(as_text(registry).find("overflow"), std::string::npos);
    for (int i = 0; i < 10; ++i) c(i).inc();
    auto const page = as_text(registry);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(value_of(page, "c_total{n=\"" + std::to_string(i) + "\"}"), "2");
    EXPECT_EQ(value_of(page, "c_total{otel_metric_overflow=\"true\"}"), "7");
    EXPECT_EQ(registry.health().overflowed_measurements, 7u);
    EXPECT_EQ(heard.count(), 1) << heard.text();
}

TEST(a_series_limit, is_2000_unless_said_otherwise) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    for (int i = 0; i < 2001; ++i) c(i).inc();
    auto const page = as_text(registry);
    EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 1 + 2001);
    EXPECT_EQ(value_of(page, "c_total{otel_metric_overflow=\"true\"}"), "1");
}

TEST(a_named_instrument, is_as_good_as_a_typed_one) {
    tacho::registry registry{test::fixed()};
    auto const hits = tacho::add_counter(registry, {.name = "my.hits", .unit = "By", .labels = {"api", "code"}});
    auto const level = tacho::add_gauge(registry, {.name = "level", .description = "The level"});
    auto const busy = tacho::add_up_down_counter(registry, {.name = "busy"});
    auto const cpu = tacho::add_double_counter(registry, {.name = "cpu", .unit = "s"});
    auto const sizes = tacho::add_histogram(registry, {.name = "sizes", .bounds = {1, 2}});
    hits.bind({"a", "200"}).inc(3);
    level.bind().set(1.5);
    busy.bind().dec();
    cpu.bind().inc(0.5);
    sizes.bind().observe(2);
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "my_hits_bytes_total{api=\"a\",code=\"200\"}"), "3");
    EXPECT_EQ(value_of(page, "level"), "1.5");
    EXPECT_EQ(value_of(page, "busy"), "-1");
    EXPECT_EQ(value_of(page, "cpu_seconds_total"), "0.5");
    EXPECT_EQ(value_of(page, "sizes_bucket{le=\"2\"}"), "1");
}

// CONFORMANCE 48
TEST(a_named_instrument, without_labels_is_shown_from_the_start) {
    tacho::registry registry{test::fixed()};
    auto const c = tacho::add_counter(registry, {.name = "c"});
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total 0\n");
}

TEST(a_named_instrument, that_is_wrong_names_culprit_and_cure_and_works_for_nothing) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    struct {
        tacho::instrument_options given;
        char const* expected;
    } const table[] = {
        {{.name = "9lives"}, "the histogram \"9lives\" was not registered: a name begins with a letter"},
        {{.name = ""}, "the histogram \"\" was not registered: a name begins with a letter"},
        {{.name = "bad\xFF\n"}, "was not registered: a name begins with a letter"},
        {{.name = "a", .labels = {"ok", "__no"}}, "its label \"__no\" should begin with a letter"},
        {{.name = "a", .labels = {"x.y", "x_y"}},
         "its label \"x_y\" has the same Prometheus name as another of its labels, x_y"},
        {{.name = "a", .labels = {"le"}}, "its label \"le\" has the name of the buckets' own label"},
        {{.name = "a", .expire_after = std::chrono::seconds{1}}, "it has no labels, and its one series can't expire"},
        {{.name = "a", .labels = {"x"}, .expire_after = std::chrono::seconds{-1}}, "can't expire after -1 s"},
        {{.name = "a", .bounds = {2, 1}}, "its bounds should be finite, strictly increasing"},
        {{.name = "a", .bounds = {nan}}, "its bounds should be finite, strictly increasing"},
        {{.name = "a", .unit = std::string_view{"0123456789012345678901234567890123456789012345678901234567890123"}},
         "its unit has more than 63 characters; shorten it"},
    };
    for (auto const& row : table) {
        auto const h = tacho::add_histogram(registry, row.given);
        EXPECT_FALSE(h.ok());
        h.bind().observe(1);
        EXPECT_NE(registry.problems().back().find(row.expected), std::string::npos) << registry.problems().back();
    }
    EXPECT_EQ(as_text(registry), "");
}

TEST(a_named_instrument, has_a_unit_of_utf_8) {
    tacho::registry registry;
    auto const c = tacho::add_counter(registry, {.name = "c", .unit = "\xffs"});
    ASSERT_TRUE(c.ok());
    EXPECT_EQ(registry.list().at(0).describe.unit, "\uFFFDs");
}

// A pointer that is null at run time.
TEST(an_optional_label, is_missing_where_a_text_is_none) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"m", std::optional<tacho::one_of<"GET", "PUT">>>> c{registry};
    tacho::counter<"d", tacho::label<"m", std::optional<std::string_view>>> d{registry};
    char const *none = nullptr, *get = "GET";
    c(none).inc();
    c(get).inc(2);
    d(none).inc(3);
    EXPECT_EQ(as_text(registry),
              "# TYPE c_total counter\nc_total 1\nc_total{m=\"GET\"} 2\n# TYPE d_total counter\nd_total 3\n");
    EXPECT_EQ(heard.count(), 0) << heard.text();
}

TEST(a_named_instrument, takes_label_values_with_and_without_braces) {
    tacho::registry registry{test::fixed()};
    auto const one = tacho::add_counter(registry, {.name = "one", .labels = {"a"}});
    auto const two = tacho::add_counter(registry, {.name = "two", .labels = {"a", "b"}});
    std::string const text = "x";
    std::vector<std::string_view> const both{"x", "y"};
    char const literal[] = "x";
    one.bind("x").inc();
    one.bind(text).inc();
    one.bind(literal).inc();
    one.bind({"x"}).inc();
    one.bind({text}).inc();
    two.bind("x", "y").inc();
    two.bind(text, std::string_view{"y"}).inc();
    two.bind(both).inc();
    two.bind({"x", "y"}).inc();
    EXPECT_EQ(as_text(registry),
              "# TYPE one_total counter\none_total{a=\"x\"} 5\n"
              "# TYPE two_total counter\ntwo_total{a=\"x\",b=\"y\"} 4\n");
    EXPECT_TRUE(one.remove("x"));
    EXPECT_TRUE(two.remove(text, "y"));
    EXPECT_FALSE(two.remove("x", "y"));
    EXPECT_FALSE(two.remove("x"));
}

TEST(a_named_instrument, discards_what_has_the_wrong_number_of_labels) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    auto const c = tacho::add_counter(registry, {.name = "c", .labels = {"a"}});
    c.bind({"1", "2"}).inc();
    c.bind().inc();
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(registry.health().dropped_measurements, 2u);
}

TEST(a_snapshot, shows_what_the_registry_showed_and_outlives_it) {
    std::optional<tacho::registry> registry{test::fixed()};
    auto c = std::make_unique<tacho::counter<"c", tacho::label<"a">>>(*registry);
    auto h = std::make_unique<tacho::histogram<"h">>(*registry, "", tacho::bounds{1, 2});
    (*c)("x").inc(5);
    h->observe(1.5);
    auto const live = as_text(*registry);
    auto const snapshot = registry->snapshot();
    (*c)("x").inc();
    (*c)("y").inc();
    c.reset();
    h.reset();
    registry.reset();
    EXPECT_EQ(as_text(snapshot), live);
}

TEST(a_reader, sees_an_ended_instrument_until_it_has_committed) {
    tacho::registry registry{test::fixed()};
    tacho::reader reader{registry};
    {
        tacho::counter<"c"> c{registry};
        c.inc(3);
    }
    struct sum {
        std::uint64_t value = 0;
        void number(tacho::family const&, tacho::series const&, tacho::number n) { value += n.bits; }
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&) {}
    };
    sum first, second, third;
    reader.visit(first);
    reader.visit(second);
    reader.commit();
    reader.visit(third);
    EXPECT_EQ(first.value, 3u);
    EXPECT_EQ(second.value, 3u);
    EXPECT_EQ(third.value, 0u);
}

TEST(the_default_registry, is_used_by_an_instrument_that_is_given_none) {
    tacho::counter<"of.the.default.registry"> c{"Counts"};
    c.inc();
    EXPECT_EQ(value_of(as_text(tacho::default_registry()), "of_the_default_registry_total"), "1");
}

}  // namespace
