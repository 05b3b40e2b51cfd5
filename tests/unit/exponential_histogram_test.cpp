// SPDX-License-Identifier: MIT
#include "support/numbers.hpp"
#include "support/text.hpp"

#include "tacho/export/delta_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using test::as_json;
using test::as_openmetrics;
using test::as_text;

using test::infinity;
constexpr int finest = tacho::max_exponential_scale, coarsest = tacho::min_exponential_scale;

// 2^e for every exponent a double can have.
double power(int e) {
    return std::ldexp(1.0, e);
}
// The index of the bucket that begins at 2^e.
std::int64_t begins_at(std::int64_t e, int scale) {
    return scale > 0 ? e * (std::int64_t{1} << scale) : e >> -scale;
}

// CONFORMANCE 128, 129: an exact power of two lands in the lower bucket.
TEST(an_exponential_index, of_a_power_of_two_is_that_of_the_bucket_it_ends) {
    for (int scale = coarsest; scale <= finest; ++scale)
        for (int e = -1074; e <= 1023; ++e) {
            double const v = power(e);
            auto const own = scale > 0 ? begins_at(e, scale) - 1 : begins_at(e - 1, scale);
            ASSERT_EQ(tacho::exponential_index(v, scale), own) << e << " at " << scale;
            if (e > -1022) {
                ASSERT_EQ(tacho::exponential_index(std::nextafter(v, 0), scale), own) << e << " at " << scale;
            }
            if (e >= -1040) {  // below, the next number is too far away to be in the next bucket
                ASSERT_EQ(tacho::exponential_index(std::nextafter(v, infinity), scale), begins_at(e, scale))
                    << e << " at " << scale;
            }
        }
}

// CONFORMANCE 128: every bound and the numbers beside it, as far as a long double tells them apart.
TEST(an_exponential_index, changes_between_the_two_doubles_around_each_bound) {
    using wide = long double;
    if (std::numeric_limits<wide>::digits < 64) GTEST_SKIP() << "a long double is no finer than a double here";
    std::mt19937_64 random{1};
    int checked = 0;
    for (int scale = 1; scale <= finest; ++scale) {
        auto const bounds = std::int64_t{1} << scale;
        for (std::int64_t n = 1; n < std::min<std::int64_t>(bounds, 4096); ++n) {
            auto const i = bounds <= 4096 ? n : std::uniform_int_distribution<std::int64_t>{1, bounds - 1}(random);
            auto const bound = std::exp2(static_cast<wide>(i) / static_cast<wide>(bounds));
            auto below = static_cast<double>(bound);
            if (static_cast<wide>(below) > bound) below = std::nextafter(below, 0);
            auto const above = std::nextafter(below, infinity);
            constexpr auto doubt = 4 * std::numeric_limits<wide>::epsilon();
            if (bound - static_cast<wide>(below) < doubt || static_cast<wide>(above) - bound < doubt) continue;
            for (int e : {0, -1000, 500}) {
                auto const first = begins_at(e, scale) + i;
                ASSERT_EQ(tacho::exponential_index(std::ldexp(below, e), scale), first - 1) << i << " at " << scale;
                ASSERT_EQ(tacho::exponential_index(std::ldexp(above, e), scale), first) << i << " at " << scale;
            }
            ++checked;
        }
    }
    EXPECT_GT(checked, 40000);
}

// CONFORMANCE 129: two neighbours are one bucket of the next coarser scale.
TEST(an_exponential_index, halves_from_scale_to_scale) {
    std::mt19937_64 random{2};
    for (int n = 0; n < 100000; ++n) {
        auto const v = std::bit_cast<double>(random() >> 1);
        if (!std::isfinite(v) || v == 0) continue;
        for (int scale = finest; scale > coarsest; --scale)
            ASSERT_EQ(tacho::exponential_index(v, scale) >> 1, tacho::exponential_index(v, scale - 1)) << v << scale;
    }
}

// CONFORMANCE 129
TEST(an_exponential_index, of_the_extremes_is_right) {
    constexpr double smallest = 5e-324, normal = std::numeric_limits<double>::min(),
                     largest = std::numeric_limits<double>::max();
    EXPECT_EQ(tacho::exponential_index(smallest, 0), -1075);
    EXPECT_EQ(tacho::exponential_index(3 * smallest, 0), -1073);
    EXPECT_EQ(tacho::exponential_index(normal, 0), -1023);
    EXPECT_EQ(tacho::exponential_index(std::nextafter(normal, 0), 0), -1023);
    EXPECT_EQ(tacho::exponential_index(largest, 0), 1023);
    EXPECT_EQ(tacho::exponential_index(smallest, finest), -1074 * (1 << 20) - 1);
    EXPECT_EQ(tacho::exponential_index(largest, finest), 1024 * (1 << 20) - 1);
    EXPECT_EQ(tacho::exponential_index(smallest, coarsest), -2);
    EXPECT_EQ(tacho::exponential_index(1, coarsest), -1);
    EXPECT_EQ(tacho::exponential_index(largest, coarsest), 0);
}

// What an exponential histogram shows.
struct shown {
    std::uint64_t count = 0, zeros = 0;
    double sum = 0;
    int scale = 0;
    std::map<std::int64_t, std::uint64_t> positive, negative;
    std::size_t size = 0;  // of the larger side
};

shown of(tacho::exponential_value const& value) {
    shown out{value.count, value.zero_count, value.sum, value.scale, {}, {}, 0};
    auto const add = [&](auto& side, tacho::exponential_buckets const& from) {
        for (std::size_t i = 0; i < from.counts.size(); ++i)
            if (from.counts[i] != 0) side[from.offset + static_cast<std::int64_t>(i)] = from.counts[i];
        out.size = std::max(out.size, from.counts.size());
    };
    add(out.positive, value.positive);
    add(out.negative, value.negative);
    return out;
}

template <class Source>
shown read(Source const& from) {
    struct {
        shown seen;
        void number(tacho::family const&, tacho::series const&, tacho::number) {}
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&) {}
        void exponential_histogram(tacho::family const&, tacho::series const&, tacho::exponential_value const& value) {
            seen = of(value);
        }
    } visitor;
    from.visit(visitor);
    return visitor.seen;
}

// The same by the definition: the finest scale at which each sign spans at most `most` buckets.
shown expected(std::vector<double> const& values, std::size_t most = 160, double threshold = 0, int at_most = finest) {
    for (int scale = at_most;; --scale) {
        shown out;
        out.scale = scale;
        for (double const v : values) {
            ++out.count;
            out.sum += v;
            if (std::fabs(v) <= threshold)
                ++out.zeros;
            else
                ++(v < 0 ? out.negative : out.positive)[tacho::exponential_index(std::fabs(v), scale)];
        }
        auto const span = [](auto const& side) {
            return side.empty() ? 0 : static_cast<std::size_t>(side.rbegin()->first - side.begin()->first) + 1;
        };
        out.size = std::max(span(out.positive), span(out.negative));
        if (out.size <= most) return out;
    }
}

void expect_same(shown const& is, shown const& should) {
    EXPECT_EQ(is.count, should.count);
    EXPECT_EQ(is.zeros, should.zeros);
    EXPECT_EQ(is.scale, should.scale);
    EXPECT_EQ(is.positive, should.positive);
    EXPECT_EQ(is.negative, should.negative);
    EXPECT_EQ(is.size, should.size);
    EXPECT_NEAR(is.sum, should.sum, 1e-9 * std::fabs(should.sum) + 1e-300);
}

// CONFORMANCE 128, 170, 173, 175, 176
TEST(an_exponential_histogram, is_whole_in_otlp) {
    tacho::registry registry{test::fixed()};
    tacho::exponential_histogram<"latency", tacho::unit::seconds, tacho::label<"api">, tacho::max_buckets<4>> latency{
        registry.scope("shop"), "How long", tacho::zero_threshold{0.001}};
    for (double const v : {1.0, 2.0, 4.0, 8.0, 0.0, 0.001}) latency("models").observe(v);
    EXPECT_EQ(as_json(registry, {}),
              R"({"resourceMetrics":[{"resource":{"attributes":[]},"scopeMetrics":[{"scope":{"name":"shop"},)"
              R"("metrics":[{"name":"latency","description":"How long","unit":"s",)"
              R"("exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[)"
              R"({"startTimeUnixNano":"1700000000000000000","timeUnixNano":"1700000001000000000",)"
              R"("attributes":[{"key":"api","value":{"stringValue":"models"}}],"count":"6","sum":15.001,"scale":0,)"
              R"("zeroCount":"2","positive":{"offset":-1,"bucketCounts":["1","1","1","1"]},)"
              R"("negative":{"offset":0,"bucketCounts":[]},"zeroThreshold":0.001}]}}]}]}]})");
}

// CONFORMANCE 48, 129, 173: one without labels is there from the start, at the finest scale.
TEST(an_exponential_histogram, that_has_seen_nothing_is_empty) {
    tacho::registry registry{test::fixed()};
    tacho::exponential_histogram<"h"> h{registry};
    EXPECT_NE(as_json(registry).find(
                  R"("count":"0","sum":0,"scale":20,"zeroCount":"0","positive":{"offset":0,"bucketCounts":[]},)"
                  R"("negative":{"offset":0,"bucketCounts":[]},"zeroThreshold":0})"),
              std::string::npos)
        << as_json(registry);
}

// CONFORMANCE 129: with at most one value a sign, the scale is the finest.
TEST(an_exponential_histogram, of_one_value_a_sign_has_the_finest_scale) {
    tacho::registry registry;
    tacho::exponential_histogram<"h"> h{registry};
    std::vector<double> const values{1e300, 1e300, -1e-300, 1e300};
    for (double const v : values) h.observe(v);
    EXPECT_EQ(read(registry).scale, 20);
    expect_same(read(registry), expected(values));
}

// A child of fork() has the slot of a thread that was just moving its buckets, half of which are in two areas.
TEST(an_exponential_histogram, moves_its_buckets_to_where_another_move_was_left_undone) {
    using namespace tacho::detail;
    constexpr tacho::exponential_shape shape{.max_buckets = 4};
    word cells[exponential_cell_count(shape.max_buckets)]{};
    std::uint64_t seen = 0;
    auto const observe = [&](double value, std::size_t spare) {
        for (std::size_t i = 0; i < shape.max_buckets; ++i)
            cells[exponential_areas + spare * shape.max_buckets + i] = 7;
        observe_exponential_owned(cells, shape, value);
        exponential_reading all;
        read_exponential_slot(cells, shape.max_buckets, all);
        EXPECT_EQ(all.count, ++seen) << value;
        EXPECT_EQ(all.torn_slots, 0u);
    };
    observe(1, 2);
    observe(1.5, 2);
    observe(4, 0);  // the first move was to the third area, and this one is back
    observe(1e300, 2);
    observe(0x1p1000, 0);
    for (double v = 1; v < 1e300; v *= 16) observe_exponential_owned(cells, shape, v), ++seen;  // in each bucket
    exponential_reading all;
    read_exponential_slot(cells, shape.max_buckets, all);
    EXPECT_EQ(all.count, seen);
}

// CONFORMANCE 124
TEST(an_exponential_histogram, has_no_sum_once_it_saw_a_negative_value) {
    tacho::registry registry{test::fixed()};
    tacho::exponential_histogram<"h"> h{registry};
    h.observe(3);
    EXPECT_NE(as_json(registry).find("\"sum\":3"), std::string::npos);
    h.observe(-1);
    EXPECT_EQ(as_json(registry).find("\"sum\""), std::string::npos);
    EXPECT_NE(as_json(registry).find(R"("negative":{"offset":-1,"bucketCounts":["1"]})"), std::string::npos);
}

// CONFORMANCE 128
TEST(an_exponential_histogram, counts_what_is_not_above_its_threshold_as_zero) {
    tacho::registry registry;
    tacho::exponential_histogram<"h"> h{registry, "", tacho::zero_threshold{0.5}};
    std::vector<double> const values{0, -0.0, 0.5, -0.5, 0.25, 5e-324, std::nextafter(0.5, 1), -0.75};
    for (double const v : values) h.observe(v);
    EXPECT_EQ(read(registry).zeros, 6u);
    expect_same(read(registry), expected(values, 160, 0.5));
    tacho::registry other;
    tacho::exponential_histogram<"h"> none{other};
    for (double const v : {0.0, -0.0, 5e-324}) none.observe(v);
    EXPECT_EQ(read(other).zeros, 2u);
}

// CONFORMANCE 123
TEST(an_exponential_histogram, drops_and_counts_what_has_no_bucket) {
    test::heard heard;
    tacho::registry registry;
    tacho::exponential_histogram<"h"> h{registry};
    for (double const v : {std::numeric_limits<double>::quiet_NaN(), infinity, -infinity}) h.observe(v);
    EXPECT_EQ(read(registry).count, 0u);
    EXPECT_EQ(registry.health().dropped_measurements, 3u);
    EXPECT_EQ(heard.count(), 1);
}

// CONFORMANCE 128, 129: in whatever order they come.
TEST(an_exponential_histogram, keeps_the_finest_scale_at_which_all_values_fit) {
    std::mt19937_64 random{3};
    for (int round = 0; round < 300; ++round) {
        tacho::registry registry;
        tacho::exponential_histogram<"h"> h{registry};
        tacho::exponential_histogram<"s", tacho::max_buckets<7>, tacho::cells::shared> small{registry};
        std::lognormal_distribution<double> spread{0, std::ldexp(1.0, round % 12 - 6)};
        std::vector<double> values;
        for (int i = 0; i < 1 + round; ++i) values.push_back(spread(random) * (random() % 4 == 0 ? -1 : 1));
        if (round % 3 == 0) std::sort(values.begin(), values.end());
        if (round % 3 == 1) std::sort(values.rbegin(), values.rend());
        struct {
            std::map<std::string, shown> seen;
            void number(tacho::family const&, tacho::series const&, tacho::number) {}
            void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&) {}
            void exponential_histogram(tacho::family const& f, tacho::series const&,
                                       tacho::exponential_value const& value) {
                seen[f.describe().name] = of(value);
            }
        } visitor;
        for (double const v : values) {
            h.observe(v);
            small.observe(v);
        }
        registry.visit(visitor);
        expect_same(visitor.seen["h"], expected(values));
        expect_same(visitor.seen["s"], expected(values, 7));
        if (HasFailure()) return;
    }
}

// CONFORMANCE 129
TEST(an_exponential_histogram, holds_the_whole_range_of_doubles) {
    std::vector<double> const values{5e-324,
                                     std::numeric_limits<double>::min(),
                                     1,
                                     -std::numeric_limits<double>::max(),
                                     std::numeric_limits<double>::max() / 4,
                                     -5e-324};
    tacho::registry registry;
    tacho::exponential_histogram<"h"> h{registry};
    for (double const v : values) h.observe(v);
    expect_same(read(registry), expected(values));
    EXPECT_EQ(read(registry).scale, -4);
    tacho::registry other;
    tacho::exponential_histogram<"h", tacho::max_buckets<4>> four{other};
    for (double const v : values) four.observe(v);
    expect_same(read(other), expected(values, 4));
    EXPECT_EQ(read(other).scale, -10);
}

TEST(an_exponential_histogram, adds_up_threads_of_different_scales) {
    std::mt19937_64 random{4};
    for (int round = 0; round < 20; ++round) {
        tacho::registry registry;
        tacho::exponential_histogram<"h", tacho::max_buckets<20>> h{registry};
        std::vector<double> all;
        for (int t = 0; t < 3; ++t) {
            std::lognormal_distribution<double> spread{t * 3.0, std::ldexp(1.0, round % 8 - 6 + t)};
            std::vector<double> values;
            for (int i = 0; i < 50; ++i) values.push_back(spread(random) * (random() % 4 == 0 ? -1 : 1));
            all.insert(all.end(), values.begin(), values.end());
            std::thread{[&] {
                for (double const v : values) h.observe(v);
            }}.join();
        }
        expect_same(read(registry), expected(all, 20));
    }
}

// CONFORMANCE 103, 210
TEST(an_exponential_histogram, is_left_out_of_text_which_is_said_once) {
    test::heard heard;
    tacho::registry registry;
    tacho::exponential_histogram<"h"> h{registry, "Help"};
    tacho::exponential_histogram<"i"> i{registry};
    h.observe(1);
    for (int n = 0; n < 3; ++n) {
        EXPECT_EQ(as_text(registry), "");
        EXPECT_EQ(as_openmetrics(registry), "# EOF\n");
        EXPECT_EQ(as_openmetrics(registry.snapshot()), "# EOF\n");
    }
    EXPECT_EQ(heard.count(), 2);
    EXPECT_NE(heard.text().find("the exponential histogram \"h\" is left out of scrapes"), std::string::npos);
}

TEST(an_exponential_histogram, is_the_same_in_a_snapshot) {
    tacho::registry registry{test::fixed()};
    tacho::exponential_histogram<"h", tacho::label<"n", int>> h{registry};
    tacho::counter<"c"> c{registry};
    for (int n = 0; n < 5; ++n)
        for (int i = 0; i < 10 * n; ++i) h(n).observe(i * n - 3);
    auto const snapshot = registry.snapshot();
    auto const request = as_json(registry);
    h(1).observe(1e9);
    EXPECT_EQ(as_json(snapshot), request);
    EXPECT_NE(as_json(registry), request);
}

// Collects what a stage shows.
struct collector {
    std::vector<shown> seen;
    std::vector<tacho::temporality> temporalities;
    std::vector<tacho::unix_nanos> starts;

    void number(tacho::family const&, tacho::series const&, tacho::number, tacho::unix_nanos, tacho::temporality) {}
    void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&, tacho::unix_nanos,
                   tacho::temporality) {}
    void states(tacho::family const&, tacho::series const&, tacho::states_value) {}
    void exponential_histogram(tacho::family const&, tacho::series const&, tacho::exponential_value const& value,
                               tacho::unix_nanos start, tacho::temporality t) {
        seen.push_back(of(value));
        temporalities.push_back(t);
        starts.push_back(start);
    }
};

struct deltas {
    tacho::registry registry{test::fixed()};
    tacho::exponential_histogram<"h"> h{registry};
    tacho::delta_memory memory;

    void observe(std::vector<double> const& values) {
        for (double const v : values) h.observe(v);
    }
    collector show(tacho::temporality_preference preferred = tacho::temporality_preference::delta) {
        collector out;
        tacho::delta_memory::stage stage{memory, out, preferred};
        registry.visit(stage, tacho::order::by_scope);
        return out;
    }
};

// CONFORMANCE 133, 134
TEST(the_deltas_of_an_exponential_histogram, have_the_coarser_of_two_scales) {
    deltas d;
    std::vector<double> const first{1, 1.5, 2, -3, 0}, second{1.25, 1e6, 0, -3}, third{1.25, 1.25};
    d.observe(first);
    auto shown = d.show();
    ASSERT_EQ(shown.seen.size(), 1u);
    EXPECT_EQ(shown.temporalities[0], tacho::temporality::delta);
    expect_same(shown.seen[0], expected(first));
    d.memory.commit(test::now + 5);

    d.observe(second);
    auto const scale = read(d.registry).scale;
    shown = d.show();
    ASSERT_EQ(shown.seen.size(), 1u);
    EXPECT_EQ(shown.starts[0], test::now + 5);
    EXPECT_LT(scale, expected(first).scale);
    expect_same(shown.seen[0], expected(second, 160, 0, scale));

    // What was not delivered comes again, with what came since.
    d.observe(third);
    auto both = second;
    both.insert(both.end(), third.begin(), third.end());
    shown = d.show();
    ASSERT_EQ(shown.seen.size(), 1u);
    EXPECT_EQ(shown.starts[0], test::now + 5);
    expect_same(shown.seen[0], expected(both, 160, 0, scale));
    d.memory.commit(test::now + 6);
    EXPECT_TRUE(d.show().seen.empty());  // nothing new
    d.observe({0});
    expect_same(d.show().seen.at(0), expected({0}, 160, 0, scale));
}

TEST(the_deltas_of_an_exponential_histogram, add_up_to_its_total) {
    deltas d;
    std::mt19937_64 random{5};
    std::map<std::int64_t, std::uint64_t> positive, negative;
    std::uint64_t count = 0;
    for (int round = 0; round < 200; ++round) {
        std::lognormal_distribution<double> spread{0, 0.001 * round};
        for (int i = 0; i < 3; ++i) d.observe({spread(random) * (random() % 2 == 0 ? -1 : 1)});
        for (auto const& s : d.show().seen) {
            count += s.count;
            auto const total = read(d.registry);
            // By the scale of the end, which is the coarsest.
            for (auto const& [i, n] : s.positive) positive[s.scale * 10000000000 + i] += n;
            for (auto const& [i, n] : s.negative) negative[s.scale * 10000000000 + i] += n;
            EXPECT_EQ(s.count, 3u);
            EXPECT_EQ(s.scale, total.scale);
        }
        d.memory.commit(test::now);
    }
    auto const total = read(d.registry);
    EXPECT_EQ(count, total.count);
    auto const at_end = [&](auto const& side) {
        std::map<std::int64_t, std::uint64_t> out;
        for (auto const& [key, n] : side) {
            auto const scale = (key + 5000000000) / 10000000000;
            out[(key - scale * 10000000000) >> (scale - total.scale)] += n;
        }
        return out;
    };
    EXPECT_EQ(at_end(positive), total.positive);
    EXPECT_EQ(at_end(negative), total.negative);
}

TEST(the_deltas_of_an_exponential_histogram, are_totals_where_these_are_preferred) {
    deltas d;
    d.observe({1, 2});
    for (int i = 0; i < 2; ++i) {
        auto const shown = d.show(tacho::temporality_preference::cumulative);
        ASSERT_EQ(shown.seen.size(), 1u);
        EXPECT_EQ(shown.temporalities[0], tacho::temporality::cumulative);
        EXPECT_EQ(shown.seen[0].count, 2u);
        d.memory.commit(test::now);
    }
}

TEST(an_exponential_histogram, times_in_its_unit) {
    tacho::registry registry;
    tacho::exponential_histogram<"h", tacho::unit::nanoseconds> h{registry};
    { auto const timing = h.time(); }
    h.time().cancel();
    EXPECT_EQ(read(registry).count, 1u);
    h.observe(std::chrono::hours{1});
    EXPECT_GE(read(registry).sum, 3.6e12);
}

// A series that was removed and made again starts anew, in the same cells or in others.
TEST(an_exponential_histogram, starts_anew_after_it_was_removed) {
    tacho::registry registry{test::fixed()};
    tacho::exponential_histogram<"h", tacho::label<"a">> h{registry};
    for (double v = 1e-3; v < 1e3; v *= 1.1) h("x").observe(v);
    EXPECT_LT(read(registry).scale, 20);
    EXPECT_TRUE(h.remove("x"));
    EXPECT_EQ(as_json(registry), "{}");
    h("x").observe(-3);
    expect_same(read(registry), expected({-3}));
}

TEST(an_exponential_histogram, of_another_shape_collides) {
    test::heard heard;
    tacho::registry registry;
    tacho::exponential_histogram<"h"> h{registry}, same{registry};
    tacho::exponential_histogram<"h", tacho::max_buckets<100>> fewer{registry};
    tacho::exponential_histogram<"h"> wider{registry, "", tacho::zero_threshold{1}};
    EXPECT_TRUE(same.ok());
    EXPECT_FALSE(fewer.ok());
    EXPECT_FALSE(wider.ok());
    h.observe(1);
    same.observe(1);
    for (double v = 1e-100; v < 1e100; v *= 10) fewer.observe(v);  // counts for nothing
    EXPECT_EQ(read(registry).count, 2u);
}

TEST(an_exponential_histogram_named_at_run_time, is_as_a_typed_one) {
    tacho::registry registry{test::fixed()};
    auto const h = tacho::add_exponential_histogram(registry, {.name = "h", .unit = "s", .labels = {"a"}},
                                                    {.max_buckets = 10, .zero_threshold = 0.5});
    ASSERT_TRUE(h.ok());
    std::vector<double> const values{0.25, 1, 3, 100};
    auto const x = h.bind({"x"});
    for (double const v : values) x.observe(v);
    expect_same(read(registry), expected(values, 10, 0.5));
}

TEST(an_exponential_histogram_named_at_run_time, is_refused_a_shape_it_can_not_have) {
    test::heard heard;
    tacho::registry registry;
    auto const ok = [&](tacho::exponential_shape const& shape) {
        return tacho::add_exponential_histogram(registry, {.name = "h"}, shape).ok();
    };
    EXPECT_FALSE(ok({.max_buckets = 3}));
    EXPECT_FALSE(ok({.max_buckets = 169}));
    EXPECT_FALSE(ok({.zero_threshold = -1}));
    EXPECT_FALSE(ok({.zero_threshold = infinity}));
    EXPECT_FALSE(ok({.zero_threshold = std::numeric_limits<double>::quiet_NaN()}));
    EXPECT_FALSE(tacho::add_exponential_histogram(registry, {.name = "h", .bounds = {1, 2}}).ok());
    EXPECT_EQ(registry.problems().size(), 6u);
    EXPECT_TRUE(ok({.max_buckets = 168}));
}

}  // namespace
