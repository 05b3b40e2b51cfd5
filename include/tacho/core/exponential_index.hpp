// SPDX-License-Identifier: MIT
// tacho: which bucket of an exponential histogram a value belongs to, exactly.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/floating.hpp"
#include "tacho/version.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tacho::inline TACHO_ABI {

/// The finest and the coarsest scale. At scale s a bucket's upper bound is 2^(2^-s) times its lower one: at 20 they
/// are so narrow that any value has one to itself, at -10 three cover all doubles.
inline constexpr int max_exponential_scale = 20;
/// The coarsest scale: at -10 one bucket spans 1024 powers of two, so that three hold all doubles.
inline constexpr int min_exponential_scale = -10;

namespace detail {

// 128 bits of a number in [1, 2): one before the point, 127 behind it.
struct long_fraction {
    std::uint64_t high, low;
};

// The 128 bits of a product, in two halves; 64 by 64 bits to 128 is no portable operation.
[[nodiscard]] constexpr long_fraction full_product(std::uint64_t a, std::uint64_t b) noexcept {
    constexpr std::uint64_t half = 0xFFFFFFFFu;
    auto const low = (a & half) * (b & half);
    auto const first = (a >> 32) * (b & half) + (low >> 32);
    auto const second = (a & half) * (b >> 32) + (first & half);
    return {(a >> 32) * (b >> 32) + (first >> 32) + (second >> 32), (second << 32) | (low & half)};
}

// a * b, of which only the last bits may be wrong, halved when it is 2 or more.
[[nodiscard]] constexpr long_fraction product(long_fraction a, long_fraction b, bool& halved) noexcept {
    auto const top = full_product(a.high, b.high);
    auto const one = full_product(a.high, b.low), other = full_product(a.low, b.high);
    auto const middle = one.high + other.high;  // a.low * b.low is below what is kept
    auto const carry = one.low > ~other.low ? std::uint64_t{1} : std::uint64_t{0};
    auto const low = top.low + middle + carry;
    auto const high = top.high + (middle < one.high ? 1u : 0u) + (low < top.low ? 1u : 0u);
    halved = high >> 63 != 0;
    if (halved) return {high, low};
    return {high << 1 | low >> 63, low << 1};
}

// 2^(1/2), 2^(1/4), ... 2^(1/256).
inline constexpr long_fraction roots_of_two[] = {
    {0xB504F333F9DE6484u, 0x597D89B3754ABE9Fu}, {0x9837F0518DB8A96Fu, 0x46AD23182E42F6F6u},
    {0x8B95C1E3EA8BD6E6u, 0xFBE4628758A53C90u}, {0x85AAC367CC487B14u, 0xC5C95B8C2154C1B2u},
    {0x82CD8698AC2BA1D7u, 0x3E2A475B46520BFFu}, {0x8164D1F3BC030773u, 0x7BE56527BD14DEF4u},
    {0x80B1ED4FD999AB6Cu, 0x25335719B6E6FD20u}, {0x8058D7D2D5E5F6B0u, 0x94D589F608EE4AA2u},
};

inline constexpr int table_scale = 8;
inline constexpr std::size_t table_size = std::size_t{1} << table_scale;
inline constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << 52) - 1;

// The mantissas in 512ths, each with at most one bound of scale 8 in it, because the buckets are wider: the bucket in
// which each begins, in the lowest byte, and above it where that one ends. Bounds are mantissas rounded down, which
// compare with a double's as the true bounds do: these are irrational, so no double is one. Both in one number, so that
// there is one read from a value to its bucket, as in bucket_table.hpp. 4 KiB.
struct exponential_table {
    std::array<std::uint64_t, 2 * table_size> pieces{};

    constexpr exponential_table() noexcept {
        std::array<std::uint64_t, table_size + 1> bounds{};
        std::array<long_fraction, table_size> exact{};
        exact[0] = {std::uint64_t{1} << 63, 0};
        bool halved = false;
        for (std::size_t i = 1; i < table_size; ++i) {
            auto const last = static_cast<std::size_t>(std::countr_zero(i));  // the finest root that i is made of
            exact[i] =
                product(exact[i & (i - 1)], roots_of_two[static_cast<std::size_t>(table_scale) - 1 - last], halved);
            bounds[i] = exact[i].high >> 11 & mantissa_mask;
        }
        bounds[table_size] = mantissa_mask + 1;  // above all
        std::size_t bucket = 0;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            while (bounds[bucket + 1] <= static_cast<std::uint64_t>(i) << 43) ++bucket;
            pieces[i] = bounds[bucket + 1] << 8 | bucket;
        }
    }
};
extern exponential_table const scale_8;
#if TACHO_BODIES
TACHO_FUNCTION constinit exponential_table const scale_8{};
#endif

// 2^exponent * (1 + (below + 1) / 2^52): a value by the number just below it. Bounds belong to the bucket they end, so
// all that matters is how many bounds are not above that number.
struct split_value {
    std::int64_t exponent;
    std::uint64_t below;
};
// Right if is_split(): else it is at most the smallest normal number, or negative.
[[nodiscard]] inline split_value split_normal(double value) noexcept {
    auto const bits = std::bit_cast<std::uint64_t>(value) - 1;
    return {static_cast<std::int64_t>(bits >> 52) - 1023, bits & mantissa_mask};
}
[[nodiscard]] inline bool is_split(split_value v) noexcept {
    return v.exponent != -1023;
}

[[nodiscard]] inline split_value split(double positive) noexcept {
    if (auto const simply = split_normal(positive); is_split(simply)) [[likely]]
        return simply;
    // A subnormal's leading one is not implied.
    auto const whole = std::bit_cast<std::uint64_t>(positive);
    int const shift = std::countl_zero(whole) - 11;
    auto const mantissa = whole << shift & mantissa_mask;
    auto const exponent = std::int64_t{-1022} - shift;
    return mantissa != 0 ? split_value{exponent, mantissa - 1} : split_value{exponent - 1, mantissa_mask};
}

[[nodiscard]] inline std::int64_t index_at_scale_8(split_value v) noexcept {
    auto const piece = scale_8.pieces[static_cast<std::size_t>(v.below >> 43)];
    auto const beyond = piece <= (v.below << 8 | 0xFF) ? 1u : 0u;
    return v.exponent * static_cast<std::int64_t>(table_size) + static_cast<std::int64_t>((piece & 0xFF) + beyond);
}

// Where in its power of two a mantissa lies, at a finer scale: a binary digit of the logarithm for each squaring. What
// is cut off makes it wrong by less than 2^-120, and no double is nearer to a bound than 2^-78 of it.
[[nodiscard]] inline std::int64_t count_bounds_exactly(std::uint64_t mantissa, int scale) noexcept {
    long_fraction x{(mantissa | (mantissa_mask + 1)) << 11, 0};
    std::int64_t digits = 0;
    for (int i = 0; i < scale; ++i) {
        bool halved = false;
        x = product(x, x, halved);
        digits = digits * 2 + (halved ? 1 : 0);
    }
    return digits;
}

// The index at a scale above 8: by the logarithm, unless that is too near to a whole number to be trusted.
[[nodiscard]] inline std::int64_t index_at_fine_scale(split_value v, int scale) noexcept {
    auto const first = v.exponent * (std::int64_t{1} << scale);
    auto const mantissa = v.below + 1;
    if (mantissa > mantissa_mask) return first + (std::int64_t{1} << scale) - 1;  // a power of two ends a bucket
    auto const places = times_power_of_two(
        binary_logarithm(std::bit_cast<double>(std::uint64_t{1023} << 52 | mantissa)), scale);  // 0 to 2^20
    auto const whole = round_down(places);
    // A logarithm that is wrong by 2^-52 makes it wrong by 2^-32; this allows for a hundred times as much.
    constexpr double doubt = 0x1p-25;
    if (places - whole < doubt || places - whole > 1 - doubt) [[unlikely]]
        return first + count_bounds_exactly(mantissa, scale);
    return first + static_cast<std::int64_t>(whole);
}

}  // namespace detail

/// The index i of the bucket (2^(i * 2^-scale), 2^((i + 1) * 2^-scale)] that holds a positive finite value. Exact for
/// every double, subnormal ones included; about 3 ns up to scale 8, 12 above.
[[nodiscard]] inline std::int32_t exponential_index(double positive, int scale) noexcept {
    auto const v = detail::split(positive);
    auto const index = scale <= detail::table_scale ? detail::index_at_scale_8(v) >> (detail::table_scale - scale)
                                                    : detail::index_at_fine_scale(v, scale);
    return static_cast<std::int32_t>(index);
}

}  // namespace tacho::inline TACHO_ABI
