// SPDX-License-Identifier: MIT
// All ways of finding a bucket, by the definition: the number of bounds below the value.
#include "tacho/cell/bucket_table.hpp"
#include "tacho/core/bounds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace {

std::size_t by_definition(std::span<double const> bounds, double value) {
    return static_cast<std::size_t>(std::count_if(bounds.begin(), bounds.end(), [&](double b) { return b < value; }));
}

void expect_same(tacho::detail::bucket_table const& table, std::span<double const> bounds, double value) {
    auto const expected = by_definition(bounds, value);
    EXPECT_EQ(table.find(value), expected) << value << " among " << bounds.size();
    EXPECT_EQ(tacho::detail::search_bucket(bounds, value), expected) << value << " among " << bounds.size();
}

// Values at each bound, one unit in the last place to either side, between bounds, and at the ends.
void expect_right(std::span<double const> bounds) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double smallest = std::numeric_limits<double>::denorm_min();
    constexpr double least = std::numeric_limits<double>::min();
    constexpr double largest = std::numeric_limits<double>::max();
    tacho::detail::bucket_table const table{bounds};
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        double const bound = bounds[i];
        for (double const value : {bound, std::nextafter(bound, infinity), std::nextafter(bound, -infinity), -bound,
                                   bound * 1.01, bound / 2 + bounds[i == 0 ? 0 : i - 1] / 2})
            expect_same(table, bounds, value);
    }
    for (double const value : {0.0, -0.0, smallest, -smallest, least, -least, largest, -largest, infinity, -infinity})
        expect_same(table, bounds, value);
    // None of them holds NaN, but no cell behind them does either.
    for (double const nan : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::quiet_NaN()})
        EXPECT_LE(table.find(nan), bounds.size());
}

// CONFORMANCE 126: (lower, upper], at each bound, one unit in the last place to either side, and at the ends.
TEST(a_bucket, is_found_at_every_bound_and_beside_it) {
    constexpr double smallest = std::numeric_limits<double>::denorm_min();
    constexpr double largest = std::numeric_limits<double>::max();
    std::mt19937_64 random{5};
    for (std::size_t size = 0; size <= tacho::max_bounds; size = size < 40 ? size + 1 : size + 24) {
        std::vector<double> bounds;
        for (std::size_t i = 0; i < size; ++i)
            bounds.push_back(
                std::ldexp(static_cast<double>(random() % 2001) - 1000, static_cast<int>(random() % 200) - 100));
        if (size > 3) bounds.insert(bounds.end(), {0.0, smallest, -largest});
        std::sort(bounds.begin(), bounds.end());
        bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
        expect_right(bounds);
    }
}

// What a table of pieces is for: positive bounds, zero, and the ends of what a double can be.
TEST(a_bucket, is_found_among_bounds_of_any_size_and_distance) {
    std::mt19937_64 random{6};
    std::uniform_real_distribution<double> exponent{-1, 1};
    int divided = 0;
    for (int round = 0; round < 2000; ++round) {
        std::vector<double> bounds;
        double const range = std::ldexp(1, static_cast<int>(random() % 10));  // from 2^-1 ... 2^1 to all doubles
        for (auto left = random() % 40 + 1; left != 0; --left)
            bounds.push_back(round % 5 == 0 ? std::ldexp(static_cast<double>(random()), -1074)  // subnormal ones too
                                            : std::exp2(exponent(random) * range * 2));
        if (round % 3 == 0) bounds.push_back(round % 2 == 0 ? 0.0 : -0.0);
        if (round % 7 == 0) bounds.push_back(std::numeric_limits<double>::denorm_min());
        if (round % 11 == 0) bounds.push_back(std::numeric_limits<double>::max());
        std::sort(bounds.begin(), bounds.end());
        bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
        if (std::isinf(bounds.back())) bounds.pop_back();
        expect_right(bounds);
        divided += tacho::detail::bucket_table{bounds}.searches() ? 0 : 1;
    }
    EXPECT_GT(divided, 500);
    EXPECT_LT(divided, 2000);
}

TEST(usual_bounds, need_one_comparison) {
    std::vector<double> one_to_hundred(100);
    std::iota(one_to_hundred.begin(), one_to_hundred.end(), 1);
    for (auto const& bounds : {tacho::default_bounds("s"), tacho::default_bounds("By"), tacho::default_bounds("1"),
                               tacho::default_bounds("")}) {
        EXPECT_FALSE(tacho::detail::bucket_table{bounds}.searches());
        expect_right(bounds);
    }
    EXPECT_FALSE(tacho::detail::bucket_table{one_to_hundred}.searches());
    EXPECT_TRUE(tacho::detail::bucket_table{std::span{one_to_hundred}.first(0)}.searches());
}

}  // namespace
