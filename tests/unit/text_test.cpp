// SPDX-License-Identifier: MIT
// UTF-8, bounds, and numbers as text.
#include "tacho/core/bounds.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/core/shortest_decimal.hpp"
#include "tacho/core/utf8.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <string_view>

namespace {

// CONFORMANCE 27
TEST(text_from_outside, has_each_ill_formed_sequence_replaced) {
    auto const mended = [](std::string_view text) { return tacho::to_utf8(text); };
    std::string const r = "\xEF\xBF\xBD";
    EXPECT_EQ(mended("plain"), "plain");
    EXPECT_EQ(mended("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    EXPECT_EQ(mended("a\xFFz"), "a" + r + "z");
    EXPECT_EQ(mended("\x80"), r);                          // a continuation alone
    EXPECT_EQ(mended("\xC0\xAF"), r + r);                  // overlong
    EXPECT_EQ(mended("\xE0\x80\x80"), r + r + r);          // overlong
    EXPECT_EQ(mended("\xED\xA0\x80"), r + r + r);          // a surrogate
    EXPECT_EQ(mended("\xF4\x90\x80\x80"), r + r + r + r);  // beyond U+10FFFF
    EXPECT_EQ(mended("\xE2\x82"), r);                      // cut off: one replacement
    EXPECT_EQ(mended("\xF0\x9F\x98z"), r + "z");
    EXPECT_EQ(mended(std::string_view{"a\0b", 3}), (std::string{"a\0b", 3}));
}

TEST(text_from_outside, is_valid_after_mending_whatever_it_was) {
    std::mt19937 random{1};
    for (int i = 0; i < 20000; ++i) {
        std::string bytes(random() % 12, '\0');
        for (auto& c : bytes) c = static_cast<char>(random() % 4 == 0 ? random() % 128 : 128 + random() % 128);
        auto const mended = tacho::to_utf8(bytes);
        EXPECT_TRUE(tacho::is_valid_utf8(mended));
        EXPECT_EQ(tacho::is_valid_utf8(bytes), mended == bytes);
    }
}

TEST(text_from_outside, is_cut_at_a_code_point) {
    char room[8];
    EXPECT_EQ(tacho::copy_as_utf8("ab\xE2\x82\xAC", room, 4), 2u);
    EXPECT_EQ(tacho::copy_as_utf8("ab\xE2\x82\xAC", room, 5), 5u);
}

std::string canonical(double value) {
    char room[tacho::detail::number_room];
    return {room, tacho::detail::write_canonical(value, room)};
}
std::string sample(double value) {
    char room[tacho::detail::number_room];
    return {room, tacho::detail::write_double(value, room)};
}
std::string openmetrics_bound(double value) {
    char room[tacho::detail::number_room];
    return {room, tacho::detail::write_openmetrics_bound(value, room)};
}

// CONFORMANCE 29, 30, 32
TEST(a_bound, is_written_as_go_writes_it) {
    EXPECT_EQ(canonical(0.0001), "0.0001");
    EXPECT_EQ(canonical(0.00001), "1e-05");
    EXPECT_EQ(canonical(100000), "100000");
    EXPECT_EQ(canonical(1e6), "1e+06");
    EXPECT_EQ(canonical(1234567), "1.234567e+06");
    EXPECT_EQ(canonical(123456789), "1.23456789e+08");
    EXPECT_EQ(canonical(1e23), "1e+23");
    EXPECT_EQ(canonical(1.1e23), "1.1e+23");
    EXPECT_EQ(canonical(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
    EXPECT_EQ(canonical(std::numeric_limits<double>::denorm_min()), "5e-324");
    EXPECT_EQ(canonical(-0.0), "0");
    EXPECT_EQ(canonical(std::numeric_limits<double>::infinity()), "+Inf");
    EXPECT_EQ(canonical(-std::numeric_limits<double>::infinity()), "-Inf");
    EXPECT_EQ(canonical(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

// CONFORMANCE 34
TEST(a_bound, has_a_point_or_an_exponent_in_openmetrics) {
    EXPECT_EQ(openmetrics_bound(1), "1.0");
    EXPECT_EQ(openmetrics_bound(100000), "100000.0");
    EXPECT_EQ(openmetrics_bound(0.5), "0.5");
    EXPECT_EQ(openmetrics_bound(1e6), "1e+06");
    EXPECT_EQ(openmetrics_bound(std::numeric_limits<double>::infinity()), "+Inf");
}

// CONFORMANCE 33, 37
TEST(a_sample, shows_whole_numbers_in_full) {
    EXPECT_EQ(sample(0), "0");
    EXPECT_EQ(sample(-0.0), "0");
    EXPECT_EQ(sample(1234567), "1234567");
    EXPECT_EQ(sample(-42), "-42");
    EXPECT_EQ(sample(9007199254740991.0), "9007199254740991");
    EXPECT_EQ(sample(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(sample(1e-9), "1e-09");
    char room[tacho::detail::number_room];
    EXPECT_EQ(std::string(room, tacho::detail::write_integer(std::numeric_limits<std::uint64_t>::max(), room)),
              "18446744073709551615");
    EXPECT_EQ(std::string(room, tacho::detail::write_integer(std::numeric_limits<std::int64_t>::min(), room)),
              "-9223372036854775808");
}

template <class Integer>
void expect_as_to_chars(Integer value) {
    char room[tacho::detail::number_room], expected[tacho::detail::number_room];
    std::string_view const written{room, tacho::detail::write_integer(value, room)};
    EXPECT_EQ(written, std::string_view(expected, std::to_chars(expected, std::end(expected), value).ptr));
}
void expect_as_to_chars_with_neighbours(std::uint64_t value) {
    for (std::uint64_t const v : {value - 1, value, value + 1}) {
        expect_as_to_chars(v);
        expect_as_to_chars(static_cast<std::int64_t>(v));
        expect_as_to_chars(static_cast<std::int64_t>(0 - v));
    }
}

// Its digits are taken by multiplications that are right for some numbers only: so all edges, and many in between.
TEST(an_integer, is_written_as_std_to_chars_writes_it) {
    std::uint64_t power = 1;
    for (int i = 0; i < 20; ++i, power *= 10)
        for (std::uint64_t digit = 1; digit <= 9; ++digit) expect_as_to_chars_with_neighbours(power * digit);
    for (int i = 0; i < 64; ++i) expect_as_to_chars_with_neighbours(std::uint64_t{1} << i);
    std::mt19937_64 random{3};
    for (int i = 0; i < 200'000; ++i) expect_as_to_chars_with_neighbours(random() >> random() % 64);
}

// In four digits lie all the carries that a pair or a half can have.
TEST(an_integer, of_up_to_eight_digits_is_right_in_each_half) {
    for (std::uint64_t half = 0; half < 10'000; ++half) {
        expect_as_to_chars(half);
        expect_as_to_chars(half * 10'000);
        expect_as_to_chars(half * 10'000 + 9'999);
        expect_as_to_chars(99'990'000 + half);
    }
}

TEST(a_sample, reads_back_as_the_same_number) {
    std::mt19937_64 random{2};
    for (int i = 0; i < 100000; ++i) {
        auto const value = std::bit_cast<double>(random());
        if (!std::isfinite(value)) continue;
        EXPECT_EQ(std::strtod(sample(value).c_str(), nullptr), value);
        EXPECT_LT(sample(value).size(), tacho::detail::number_room);
    }
}

std::string by_the_standard_library(double value) {
    char room[64];
    return {room, std::to_chars(room, room + sizeof room, value, std::chars_format::general).ptr};
}
void expect_as_the_standard_library_with_neighbours(double value) {
    for (double const v : {value, std::nextafter(value, 0.0), std::nextafter(value, 1e308)})
        if (v != 0 && std::isfinite(v)) {
            ASSERT_EQ(canonical(v), by_the_standard_library(v));
            ASSERT_EQ(canonical(-v), by_the_standard_library(-v));
        }
}

// Where the distance to the neighbours changes, where a digit more or less is written, and in between.
TEST(a_double, is_written_as_std_to_chars_writes_it) {
    for (int e = -1074; e < 1024; ++e) expect_as_the_standard_library_with_neighbours(std::ldexp(1.0, e));
    for (int e = -323; e < 309; ++e)
        for (int digits = 1; digits < 100; ++digits)
            expect_as_the_standard_library_with_neighbours(
                std::strtod((std::to_string(digits) + "e" + std::to_string(e)).c_str(), nullptr));
    for (std::uint64_t bits = 1; bits < 3000; ++bits)  // the smallest
        expect_as_the_standard_library_with_neighbours(std::bit_cast<double>(bits));
    for (int i = 1; i < 200'000; ++i) {  // few digits, as people write them
        expect_as_the_standard_library_with_neighbours(i / 100.0);
        expect_as_the_standard_library_with_neighbours(i / 100'000.0);
    }
    std::mt19937_64 random{5};
    for (int i = 0; i < 500'000; ++i) expect_as_the_standard_library_with_neighbours(std::bit_cast<double>(random()));
    for (int i = 0; i < 500'000; ++i)  // without exponent
        expect_as_the_standard_library_with_neighbours(
            std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 32) - 77));
}

TEST(a_product_of_128_bits, is_the_same_by_parts) {
    using tacho::detail::multiply, tacho::detail::portable_product_128;
    std::mt19937_64 random{6};
    for (int i = 0; i < 100'000; ++i) {
        std::uint64_t const a = random() >> random() % 64, b = ~std::uint64_t{0} << random() % 64;
        for (std::uint64_t const by : {b, b - 1, random()}) {
            EXPECT_EQ(multiply(a, by).high, portable_product_128(a, by).high) << a << " " << by;
            EXPECT_EQ(multiply(a, by).low, portable_product_128(a, by).low) << a << " " << by;
        }
    }
}

// A number with a comma would fail a whole scrape.
TEST(a_sample, does_not_depend_on_the_locale) {
    char const* const chosen = std::getenv("TACHO_TEST_COMMA_LOCALE");
    ASSERT_NE(chosen, nullptr) << "set it to the name of a locale whose decimal point is a comma";
    ASSERT_NE(std::setlocale(LC_ALL, chosen), nullptr) << chosen;
    ASSERT_STREQ(std::localeconv()->decimal_point, ",");
    EXPECT_EQ(sample(1.5), "1.5");
    EXPECT_EQ(canonical(1234.5), "1234.5");
    std::setlocale(LC_ALL, "C");
}

TEST(bounds, are_finite_strictly_increasing_and_few) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    double const sorted[] = {-1, 0, 0.5}, equal[] = {1, 1}, falling[] = {2, 1}, infinite[] = {1, infinity},
                 not_a_number[] = {std::numeric_limits<double>::quiet_NaN()};
    EXPECT_TRUE(tacho::are_bounds(sorted));
    EXPECT_TRUE(tacho::are_bounds({}));
    EXPECT_FALSE(tacho::are_bounds(equal));
    EXPECT_FALSE(tacho::are_bounds(falling));
    EXPECT_FALSE(tacho::are_bounds(infinite));
    EXPECT_FALSE(tacho::are_bounds(not_a_number));
    EXPECT_FALSE(tacho::are_bounds(std::vector<double>(tacho::max_bounds + 1)));
}

TEST(bounds, can_be_made_by_rule) {
    constexpr auto linear = tacho::bounds::linear(1, 2, 3);
    EXPECT_EQ(std::vector<double>(linear.view().begin(), linear.view().end()), (std::vector<double>{1, 3, 5}));
    constexpr auto exponential = tacho::bounds::exponential(1, 10, 3);
    EXPECT_EQ(std::vector<double>(exponential.view().begin(), exponential.view().end()),
              (std::vector<double>{1, 10, 100}));
}

// CONFORMANCE 126
TEST(default_bounds, fit_the_unit_and_are_bounds) {
    EXPECT_EQ(tacho::default_bounds("s").front(), 0.005);
    EXPECT_EQ(tacho::default_bounds("s").back(), 10);
    EXPECT_EQ(tacho::default_bounds("").size(), 15u);
    EXPECT_EQ(tacho::default_bounds("ms").back(), 10000);
    for (auto const unit : {"s", "By", "1", "", "ms"}) EXPECT_TRUE(tacho::are_bounds(tacho::default_bounds(unit)));
}

}  // namespace
