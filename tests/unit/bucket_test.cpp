// Both ways of finding a bucket, by the definition: the number of bounds below the value.
#include "tacho/cell/histogram_cells.hpp"
#include "tacho/core/bounds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace {

std::size_t by_definition(std::span<double const> bounds, double value) {
    return static_cast<std::size_t>(std::count_if(bounds.begin(), bounds.end(), [&](double b) { return b < value; }));
}

void expect_same(std::span<double const> bounds, double value) {
    auto const expected = by_definition(bounds, value);
    EXPECT_EQ(tacho::detail::bucket_of(bounds, value), expected) << value << " among " << bounds.size();
    EXPECT_EQ(tacho::detail::search_bucket(bounds, value), expected) << value << " among " << bounds.size();
#if defined(__SSE2__)
    EXPECT_EQ(tacho::detail::count_bucket(bounds, value), expected) << value << " among " << bounds.size();
#endif
}

// CONFORMANCE 126: (lower, upper], at each bound, one unit in the last place to either side, and at the ends.
TEST(a_bucket, is_found_at_every_bound_and_beside_it) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
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
        for (double const bound : bounds)
            for (double const value : {bound, std::nextafter(bound, infinity), std::nextafter(bound, -infinity)})
                expect_same(bounds, value);
        for (double const value : {0.0, -0.0, smallest, -smallest, largest, -largest, infinity, -infinity})
            expect_same(bounds, value);
    }
}

}  // namespace
