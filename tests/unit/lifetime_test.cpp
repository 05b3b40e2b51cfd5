// SPDX-License-Identifier: MIT
// Series that are removed or expire, and what may outlive them.
#include "support/heap.hpp"
#include "support/load.hpp"
#include "support/text.hpp"
#include "support/verb.hpp"
#include "tacho/export/memory_transport.hpp"
#include "tacho/export/pusher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

using test::as_text;
using test::value_of;
using test::verb;

// A clock that tests move, for registries.
tacho::unix_nanos time_now = test::now;  // earlier than what encoders are told
tacho::unix_nanos manual_time() noexcept {
    return time_now;
}
void pass(std::uint64_t seconds) {
    time_now += seconds * 1'000'000'000u;
}
tacho::registry_options by_hand() {
    return {.now = &manual_time};
}

using labelled_counter = tacho::counter<"c", tacho::label<"a">>;
using expiring = tacho::counter<"c", tacho::label<"a">, tacho::expire_after<60>>;

TEST(a_removed_series, is_shown_no_more_and_starts_anew) {
    time_now = test::now;
    tacho::registry registry{by_hand()};
    labelled_counter c{registry};
    c("x").inc(5);
    c("y").inc(7);
    EXPECT_TRUE(c.remove("x"));
    EXPECT_FALSE(c.remove("x"));
    EXPECT_FALSE(c.remove("never"));
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{a=\"y\"} 7\n");
    time_now += 1;
    c("x").inc();
    EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"x\"}"), "1");
    // CONFORMANCE 134: it starts when it was born again.
    EXPECT_NE(test::as_json(registry).find("\"startTimeUnixNano\":\"" + std::to_string(time_now)), std::string::npos)
        << test::as_json(registry);
}

TEST(a_removed_series, may_be_named_by_values_that_have_to_be_mended) {
    tacho::registry registry;
    labelled_counter c{registry};
    c("a\xFF").inc();
    EXPECT_TRUE(c.remove("a\xFF"));
    c(std::string(5000, 'x')).inc();
    EXPECT_TRUE(c.remove(std::string(6000, 'x')));
    EXPECT_EQ(as_text(registry), "");
}

TEST(a_removed_series, makes_room_below_the_limit) {
    test::heard heard;
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"a", int>, tacho::series_limit<2>> c{registry};
    for (int i = 0; i < 100; ++i) {
        c(i).inc();
        c(i + 1000).inc();
        EXPECT_TRUE(c.remove(i));
        EXPECT_TRUE(c.remove(i + 1000));
    }
    EXPECT_EQ(heard.count(), 0) << heard.text();
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
}

// While a removal asks what time it is, another thread counts, or waits to.
labelled_counter* counted_meanwhile = nullptr;
std::atomic<bool> has_counted{false};
std::thread counting;
tacho::unix_nanos time_of_removal() noexcept {
    if (auto* const c = std::exchange(counted_meanwhile, nullptr)) {
        counting = std::thread{[c] {
            (*c)("x").inc(7);
            has_counted = true;
        }};
        for (int i = 0; i < 100 && !has_counted; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return test::now;
}

TEST(a_series_that_is_being_removed, is_found_no_more) {
    tacho::registry registry{{.now = &time_of_removal}};
    labelled_counter c{registry};
    c("x").inc();
    counted_meanwhile = &c;
    EXPECT_TRUE(c.remove("x"));
    counting.join();
    EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"x\"}"), "7");
}

TEST(removed_series, leave_places_that_a_page_passes_over) {
    tacho::registry registry;
    labelled_counter c{registry};
    for (int i = 0; i < 30; ++i) c(std::to_string(i)).inc();
    for (int i = 8; i < 30; ++i) c.remove(std::to_string(i));
    for (int i = 0; i < 200; ++i) {  // so many that their memory is given back
        c("z").inc();
        c.remove("z");
    }
    ASSERT_LT(registry.health().kept_series, 100u);
    auto const text = as_text(registry);
    EXPECT_EQ(value_of(text, "c_total{a=\"7\"}"), "1") << text;
    EXPECT_EQ(value_of(text, "c_total{a=\"8\"}"), "") << text;
}

// A page is read place by place, and what is removed and made again meanwhile may come to stand in a place that is read
// later. It is on the page once, whichever of the two it is. Where no places are free, those that are made again fill
// up the strip of eight in which the list ends.
template <class Instrument>
void replace_while_listed(bool replaced_is_listed_already, bool places_are_free) {
    tacho::registry registry;
    Instrument c{registry};
    auto const record = [&](int i) {
        if constexpr (requires { c(i).inc(); })
            c(i).inc();
        else
            c(i).observe(1);
    };
    for (int i = 0; i < (places_are_free ? 40 : 20); ++i) record(i);
    for (int i = 20; i < 40; ++i) c.remove(i);
    for (int i = 0; places_are_free && i < 200; ++i) {  // so many that their memory is given back
        record(1000);
        c.remove(1000);
    }
    struct {
        void number(tacho::family const&, tacho::series const& s, tacho::number) { note(s); }
        void histogram(tacho::family const&, tacho::series const& s, tacho::histogram_value const&) { note(s); }
        void note(tacho::series const& s) {
            ++seen[std::string{s.value(0)}];
            if (seen.size() == 4 && !std::exchange(done, true)) replace();
        }
        std::function<void()> replace;
        std::map<std::string, int> seen{};
        bool done = false;
    } visitor{[&] {
        for (int i = replaced_is_listed_already ? 0 : 16; i < (replaced_is_listed_already ? 4 : 20); ++i) {
            EXPECT_TRUE(c.remove(i));
            record(i);
        }
        c.remove(10);  // and is not made again
        record(2000);
    }};
    registry.visit(visitor);
    std::map<std::string, int> expected;
    for (int i = 0; i < 20; ++i) expected[std::to_string(i)] = 1;
    EXPECT_EQ(visitor.seen, expected);
    visitor.seen.clear();
    registry.visit(visitor);
    expected.erase("10");
    expected["2000"] = 1;
    EXPECT_EQ(visitor.seen, expected);
}

TEST(series_that_are_replaced_while_a_page_is_read, are_on_it_once) {
    for (bool const listed_already : {true, false})
        for (bool const places_are_free : {true, false}) {
            replace_while_listed<tacho::counter<"c", tacho::label<"a", int>>>(listed_already, places_are_free);
            replace_while_listed<tacho::gauge<"g", std::int64_t, tacho::label<"a", int>>>(listed_already,
                                                                                          places_are_free);
            replace_while_listed<tacho::histogram<"h", tacho::label<"a", int>>>(listed_already, places_are_free);
        }
}

TEST(an_instrument_of_enums, that_ends_is_not_written_to_by_the_removal_of_a_series) {
    tacho::registry registry;
    tacho::counter<"of.enums", tacho::label<"on", bool>> stays{registry};
    auto ends = std::make_unique<tacho::counter<"of.enums", tacho::label<"on", bool>>>(registry);
    (*ends)(true).inc();
    ends.reset();
    EXPECT_TRUE(stays.remove(true));  // AddressSanitizer would tell
    stays(true).inc(2);
    EXPECT_EQ(value_of(as_text(registry), "of_enums_total{on=\"true\"}"), "2");
}

TEST(a_handle, of_a_removed_series_records_for_nobody) {
    tacho::registry registry;
    labelled_counter c{registry};
    auto const old = c.bind("x");
    EXPECT_TRUE(c.remove("x"));
    for (int i = 0; i < 200; ++i) {  // others come and go, and would be given its cells
        c(std::to_string(i)).inc();
        EXPECT_TRUE(c.remove(std::to_string(i)));
    }
    c("x").inc();
    old.inc(1000);
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{a=\"x\"} 1\n");
    EXPECT_GE(registry.health().kept_series, 1u);
}

TEST(a_handle, may_outlive_series_instrument_and_registry) {
    std::optional<tacho::registry> registry{std::in_place};
    std::optional<labelled_counter> c{std::in_place, *registry};
    std::optional<tacho::histogram<"h", tacho::unit::seconds, tacho::label<"a">>> h{std::in_place, *registry};
    auto const first = c->bind("x");
    auto timing = (*h)("x").time();
    c->remove("x");
    h->clear();
    auto const copy = first;
    c.reset();
    h.reset();
    registry.reset();
    copy.inc();
    timing.stop();
}

TEST(clear, removes_every_series_and_the_overflow) {
    test::heard heard;
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"a", int>, tacho::series_limit<2>> c{registry};
    for (int i = 0; i < 5; ++i) c(i).inc();
    c.clear();
    EXPECT_EQ(as_text(registry), "");
    for (int i = 0; i < 3; ++i) c(i).inc();
    EXPECT_EQ(value_of(as_text(registry), "c_total{otel_metric_overflow=\"true\"}"), "1");
}

TEST(a_removed_series, of_enums_is_found_no_more) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"verb", verb>> c{registry}, same{registry};
    c(verb::get).inc(3);
    same(verb::get).inc(3);
    EXPECT_TRUE(same.remove(verb::get));
    EXPECT_EQ(as_text(registry), "");
    c(verb::get).inc();
    same(verb::get).inc();
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{verb=\"GET\"} 2\n");
    EXPECT_FALSE(c.remove(static_cast<verb>(9)));
}

TEST(a_removed_series, of_enums_is_kept_up_to_the_limit) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"verb", verb>, tacho::series_limit<100>> c{registry};
    int removed = 0;
    int const rounds = test::emulated ? 110 : 1000;  // each removal beyond the limit waits for a while
    for (int i = 0; i < rounds; ++i) {
        c(verb::get).inc();
        removed += c.remove(verb::get) ? 1 : 0;
    }
    EXPECT_EQ(removed, 100);
    EXPECT_EQ(registry.health().kept_series, 100u);
    EXPECT_EQ(value_of(as_text(registry), "c_total{verb=\"GET\"}"), std::to_string(rounds - 100));
}

TEST(an_instrument_named_at_run_time, removes_its_series_too) {
    tacho::registry registry;
    auto const c = tacho::add_counter(registry, {.name = "c", .labels = {"a", "b"}});
    c.bind({"1", "2"}).inc();
    c.bind({"1", "3"}).inc();
    EXPECT_FALSE(c.remove({"1"}));
    EXPECT_TRUE(c.remove({"1", "2"}));
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{a=\"1\",b=\"3\"} 1\n");
    c.clear();
    EXPECT_EQ(as_text(registry), "");
    auto const plain = tacho::add_counter(registry, {.name = "plain"});
    plain.bind().inc();
    EXPECT_FALSE(plain.remove({}));
    plain.clear();
    EXPECT_EQ(value_of(as_text(registry), "plain_total"), "1");
}

TEST(a_snapshot, keeps_the_series_it_shows) {
    tacho::registry registry;
    labelled_counter c{registry};
    c("x").inc(5);
    auto const snapshot = registry.snapshot();
    c.remove("x");
    for (int i = 0; i < 200; ++i) {
        c(std::to_string(i)).inc();
        c.remove(std::to_string(i));
    }
    EXPECT_EQ(as_text(snapshot), "# TYPE c_total counter\nc_total{a=\"x\"} 5\n");
}

TEST(a_snapshot, that_is_assigned_to_lets_go_of_series_before_their_families) {
    tacho::registry registry;
    auto const of_one_that_ended = [&] {
        labelled_counter c{registry};
        c("x").inc(5);
        return registry.snapshot();
    };
    auto kept = of_one_that_ended(), copied = kept;
    EXPECT_EQ(as_text(copied), "# TYPE c_total counter\nc_total{a=\"x\"} 5\n");
    kept = of_one_that_ended();
    copied = kept;  // the last to know the first one
    EXPECT_EQ(as_text(copied), as_text(kept));
    kept = registry.snapshot();
    copied = std::move(kept);
    EXPECT_EQ(as_text(copied), "");
    std::vector<tacho::snapshot> several;
    for (int i = 0; i < 3; ++i) several.push_back(of_one_that_ended());
    several.erase(several.begin());
    EXPECT_EQ(as_text(several.front()), "# TYPE c_total counter\nc_total{a=\"x\"} 5\n");
}

// ---- Expiry.

// Which is not before a whole second, in which times are kept, has passed as often.
TEST(a_series_that_expires, does_so_no_earlier_than_said) {
    time_now = test::now / 1'000'000'000u * 1'000'000'000u + 999'000'000u;
    tacho::registry registry{by_hand()};
    tacho::counter<"c", tacho::label<"a">, tacho::expire_after<1>> c{registry};
    c("x").inc();
    time_now += 900'000'000u;  // another second by the clock
    EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"x\"}"), "1");
    time_now += 1'100'000'000u;
    c("x").inc();
    static_cast<void>(as_text(registry));  // sees it in use
    time_now += 990'000'000u;
    EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"x\"}"), "2");
    pass(2);
    EXPECT_EQ(as_text(registry), "");
    time_now = test::now;
}

TEST(a_series_that_expires, makes_room_at_the_limit_once_a_scrape_has_removed_it) {
    for (bool const by_clear : {false, true}) {
        test::heard heard;
        tacho::registry registry{by_hand()};
        tacho::counter<"c", tacho::label<"a">, tacho::expire_after<60>, tacho::series_limit<3>> c{registry};
        c("a").inc();
        pass(16);
        c("b").inc();
        pass(34);
        c("z").inc();
        pass(11);
        EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"a\"}"), "");
        pass(1);
        if (by_clear) {
            c.clear();
            for (auto const* const name : {"d", "e"}) c(name).inc();
        }
        c("a").inc();
        EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"a\"}"), "1") << as_text(registry);
        EXPECT_EQ(registry.health().overflowed_measurements, 0u);
        EXPECT_EQ(heard.count(), 0) << heard.text();
    }
}

TEST(a_series_that_expires, does_so_by_its_last_use_and_not_by_its_age) {
    tacho::registry registry{by_hand()};
    expiring c{registry};
    c("busy").inc();
    c("idle").inc();
    for (int i = 0; i < 10; ++i) {
        pass(20);
        c("busy").inc();
        static_cast<void>(as_text(registry));  // looks after them
    }
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{a=\"busy\"} 11\n");
    pass(3);
    c("idle").inc();
    EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"idle\"}"), "1");
}

TEST(a_series_that_expires, does_not_while_a_handle_holds_it) {
    tacho::registry registry{by_hand()};
    expiring c{registry};
    {
        auto const held = c.bind("held");
        pass(600);
        static_cast<void>(as_text(registry));
        pass(600);
        held.inc();
        EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"held\"}"), "1");
    }
    pass(600);
    EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"held\"}"), "1");  // used since the scrape before
    pass(600);
    EXPECT_EQ(as_text(registry), "");
}

TEST(a_series_that_expires, survives_a_clock_that_goes_back) {
    tacho::registry registry{by_hand()};
    expiring c{registry};
    c("x").inc();
    time_now -= 1'000'000'000'000u;
    EXPECT_EQ(value_of(as_text(registry), "c_total{a=\"x\"}"), "1");
    time_now += 1'000'000'000'000u;
}

TEST(a_series_that_expires, is_found_anew_by_an_instrument_that_did_not_ask_for_expiry) {
    tacho::registry registry{by_hand()};
    tacho::counter<"c", tacho::label<"verb", verb>, tacho::expire_after<10>> c{registry};
    tacho::counter<"c", tacho::label<"verb", verb>> same{registry};
    same(verb::get).inc();
    pass(60);
    EXPECT_EQ(as_text(registry), "");
    same(verb::get).inc(4);
    EXPECT_EQ(value_of(as_text(registry), "c_total{verb=\"GET\"}"), "4");
}

TEST(a_series_that_expires, can_be_of_enums) {
    tacho::registry registry{by_hand()};
    tacho::counter<"c", tacho::label<"verb", verb>, tacho::expire_after<10>> c{registry};
    c(verb::get).inc();
    pass(5);
    c(verb::post).inc();
    static_cast<void>(as_text(registry));
    pass(6);
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total{verb=\"POST\"} 1\n");
}

TEST(a_series_that_expires, makes_room_at_the_limit_without_a_scrape) {
    time_now = test::now / 1'000'000'000u * 1'000'000'000u;  // else a series stays for a second more
    test::heard heard;
    tacho::registry registry{by_hand()};
    auto const c = tacho::add_counter(
        registry, {.name = "c", .labels = {"a"}, .series_limit = 10, .expire_after = std::chrono::seconds{8}});
    for (int i = 0; i < 1000; ++i) {
        c.bind({std::to_string(i)}).inc();
        pass(1);
    }
    EXPECT_EQ(heard.count(), 0) << heard.text();
}

// A million label sets, of which some hundreds are in use at a time.
TEST(a_family_with_expiry, takes_a_million_label_sets_in_a_bounded_heap) {
    test::heard heard;
    tacho::registry registry{by_hand()};
    tacho::counter<"c", tacho::label<"user", int>, tacho::expire_after<60>> c{registry};
    tacho::histogram<"h", tacho::unit::seconds, tacho::label<"user", int>, tacho::expire_after<60>> h{registry};
    std::size_t after_warm_up = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        c(i).inc();
        if (i % 4 == 0) h(i).observe(0.1);
        if (i % 10 == 0) pass(1);
        if (i == 100'000) after_warm_up = test::heap_in_use();
    }
    EXPECT_LT(test::heap_in_use(), after_warm_up + (1u << 20));
    EXPECT_LT(registry.health().kept_series, 4000u);
    EXPECT_EQ(registry.health().overflowed_measurements, 0u) << heard.text();
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "c_total{user=\"999999\"}"), "1");
    EXPECT_EQ(page.find("user=\"5\""), std::string::npos);
}

// Of each round one stays for good, beside those that went.
TEST(series_that_come, take_the_memory_of_those_of_their_size_that_went) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"a">, tacho::label<"b">> c{registry};
    auto const value = [](int i) {
        return std::to_string(100'000 + i) + std::string(static_cast<std::size_t>(i % 5), '"');
    };
    std::size_t after_warm_up = 0;
    constexpr int rounds = 1000, at_once = 64, warm_up = 100;
    for (int round = 0; round < rounds; ++round) {
        if (round == warm_up) after_warm_up = test::heap_in_use();
        int const first = round * at_once;
        for (int i = first; i < first + at_once; ++i) c(value(i), "x").inc(static_cast<std::uint64_t>(i));
        for (int i = first; i < first + at_once - 1; ++i) EXPECT_TRUE(c.remove(value(i), "x"));
    }
    EXPECT_LT(test::heap_in_use(), after_warm_up + (rounds - warm_up) * 500);
    auto const page = as_text(registry);
    EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 1 + rounds);
    for (int i = at_once - 1; i < rounds * at_once; i += at_once) {
        auto shown = std::to_string(100'000 + i);
        for (int k = 0; k < i % 5; ++k) shown += "\\\"";
        EXPECT_EQ(value_of(page, "c_total{a=\"" + shown + "\",b=\"x\"}"), std::to_string(i));
    }
}

// Values of any length, so that few fit where others were, and one in a hundred stays.
TEST(series_that_stay, do_not_keep_the_memory_of_those_that_went) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"a">> c{registry};
    auto const value = [](std::uint64_t i) {
        return std::to_string(i) + std::string(static_cast<std::size_t>(i * 0x9E3779B97F4A7C15u >> 54), 'x');
    };
    auto const before = test::heap_in_use();
    constexpr std::uint64_t stay = 1000, every = 100, at_once = 200;
    for (std::uint64_t i = 0; i < stay * every; ++i) {
        c(value(i)).inc();
        if (i >= at_once && i % every != at_once % every) c.remove(value(i - at_once));
    }
    // Some 600 bytes of text each, and the index.
    EXPECT_LT(test::heap_in_use() - before, (stay + at_once + 2000) * 1500);
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
}

TEST(a_family, gives_the_memory_of_its_series_back_when_they_are_removed) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"a">> c{registry};
    auto const before = test::heap_in_use();
    for (int i = 0; i < 2000; ++i) c(std::string(500, 'x') + std::to_string(i)).inc();
    auto const with_all = test::heap_in_use();
    c.clear();
    for (int i = 0; i < 4000; ++i) {  // the memory of those that were removed is given back now and then
        c("y").inc();
        c.remove("y");
    }
    EXPECT_LE(test::heap_in_use() - before, (with_all - before) / 4);  // AddressSanitizer's heap says 0 to all
    EXPECT_LT(registry.health().kept_series, 100u);
}

// But for its free cells and their addresses, which the next one takes: where cells are sparse, not on the heap.
TEST(an_instrument_that_ends, leaves_nothing_on_the_heap) {
    auto const make_and_end = [] {
        tacho::registry registry;
        tacho::counter<"c", tacho::label<"a", int>, tacho::series_limit<100'000>> c{registry};
        for (int i = 0; i < 100'000; ++i) c(i).inc();
    };
    auto const at_first = test::heap_in_use();
    make_and_end();
    auto const before = test::heap_in_use();
    EXPECT_LT(before, at_first + 100'000 * 2 * 10);
    make_and_end();
    EXPECT_LT(test::heap_in_use(), before + 100'000);  // glibc counts what it keeps to give out again
}

// While somebody reads, it is kept until it has been collected; not because somebody did.
TEST(an_instrument_that_ends, is_kept_for_no_reader_that_has_ended) {
    tacho::registry registry;
    { tacho::reader const gone{registry}; }
    auto const make_and_end = [&] {
        tacho::counter<"c", tacho::label<"a", int>> c{registry};
        for (int i = 0; i < 100; ++i) c(i).inc();
    };
    for (int i = 0; i < 10; ++i) make_and_end();
    auto const before = test::heap_in_use();
    for (int i = 0; i < 100; ++i) make_and_end();
    EXPECT_LT(test::heap_in_use(), before + 100'000);
}

TEST(an_instrument_without_labels, has_its_series_whatever_the_limit) {
    test::heard heard;
    tacho::registry registry{{.series_limit = 0}};
    tacho::counter<"c"> c{registry};
    c.inc();
    EXPECT_EQ(as_text(registry), "# TYPE c_total counter\nc_total 1\n");
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
    EXPECT_EQ(heard.count(), 0) << heard.text();
}

// So that neighbours are neighbours again.
TEST(an_instrument_that_ends, leaves_its_cells_to_the_next_in_their_order) {
    auto const places = [] {
        tacho::registry registry;
        // Of a number of buckets that nobody else has.
        tacho::histogram<"h", tacho::label<"a", int>> h{registry, "", tacho::bounds::linear(1, 1, 53)};
        for (int i = 0; i < 50; ++i) h(i).observe(1);
        std::vector<tacho::detail::word*> found;
        struct {
            void number(tacho::family const&, tacho::series const&, tacho::number) {}
            void histogram(tacho::family const&, tacho::series const& s, tacho::histogram_value) {
                to.push_back(s.cells());
            }
            std::vector<tacho::detail::word*>& to;
        } visitor{found};
        registry.visit(visitor);
        return found;
    };
    auto const first = places();
    ASSERT_EQ(first.size(), 50u);
    EXPECT_EQ(places(), first);
}

TEST(a_thousand_series_of_three_labels, take_less_than_200_bytes_each) {
    auto const make = [](tacho::registry& in) {
        tacho::counter<"bench.requests", tacho::label<"api">, tacho::label<"method">, tacho::label<"status", int>> c{
            in};
        for (int i = 0; i < 1000; ++i) c("/v1/vector_stores/" + std::to_string(i / 20), "DELETE", 200 + i % 20).inc();
        return c.bind("/v1/vector_stores/0", "DELETE", 200);  // keeps all of them
    };
    tacho::registry warm, registry;
    static_cast<void>(make(warm));
    auto const before = test::heap_in_use();
    auto const kept = make(registry);
    auto const after = test::heap_in_use();
    ASSERT_EQ(registry.health().overflowed_measurements, 0u);
    EXPECT_LE(after - before + 1000 * sizeof(tacho::detail::word), 200u * 1000);
}

// ---- Readers who report what happened in between.

struct delivered_counts {
    std::map<std::string, std::string> values;  // of label a, in the last request
    explicit delivered_counts(tacho::memory_transport const& from) {
        if (from.requests().empty()) return;
        auto const body = from.requests().back().body;
        for (std::size_t at = 0; (at = body.find("{\"stringValue\":\"", at)) != std::string::npos;) {
            at += 16;
            auto const label = body.substr(at, body.find('"', at) - at);
            auto const value = body.find("\"asInt\":\"", at);
            if (value == std::string::npos) break;
            values[label] = body.substr(value + 9, body.find('"', value + 9) - value - 9);
        }
    }
};

TEST(a_pusher_of_deltas, delivers_the_last_values_of_a_removed_series) {
    tacho::registry registry;
    labelled_counter c{registry};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, transport};
    c("x").inc(5);
    c("y").inc(1);
    ASSERT_TRUE(pusher.flush());
    c("x").inc(2);
    c.remove("x");
    ASSERT_TRUE(pusher.flush());
    EXPECT_EQ(delivered_counts{transport}.values["x"], "2");
    c("x").inc(10);  // in the place of the other one
    c("z").inc(20);
    ASSERT_TRUE(pusher.flush());
    EXPECT_EQ(delivered_counts{transport}.values["x"], "10");
    EXPECT_EQ(delivered_counts{transport}.values["z"], "20");
    ASSERT_TRUE(pusher.flush());
    EXPECT_EQ(transport.requests().size(), 3u);
}

TEST(a_pusher_of_deltas, keeps_removed_series_until_it_has_delivered_them) {
    test::heard heard;
    tacho::registry registry;
    labelled_counter c{registry};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, transport};
    std::uint64_t sum = 0;
    for (int i = 0; i < 300; ++i) {
        c(std::to_string(i)).inc(2);
        c.remove(std::to_string(i));
    }
    transport.answer_with({.status = 400});
    EXPECT_FALSE(pusher.flush());
    ASSERT_TRUE(pusher.flush());
    for (auto const& [label, value] : delivered_counts{transport}.values) sum += std::stoull(value);
    EXPECT_EQ(sum, 600u);
    for (int i = 0; i < 1000; ++i) c("again" + std::to_string(i)).inc();
    EXPECT_LT(registry.health().kept_series, 100u);
}

}  // namespace
