// SPDX-License-Identifier: MIT
// tacho: the shortest decimal that reads back as the same double.
// Rule: Raffaello Giulietti, "The Schubfach way to render doubles", 2020
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/platform.hpp"
#include "tacho/version.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tacho::inline TACHO_ABI::detail {

struct product_128 {
    std::uint64_t high, low;
};
[[nodiscard]] constexpr product_128 portable_product_128(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t const a0 = a & 0xFFFFFFFFu, a1 = a >> 32, b0 = b & 0xFFFFFFFFu, b1 = b >> 32;
    std::uint64_t const middle = a1 * b0 + (a0 * b0 >> 32), other = (middle & 0xFFFFFFFFu) + a0 * b1;
    return {a1 * b1 + (middle >> 32) + (other >> 32), other << 32 | (a0 * b0 & 0xFFFFFFFFu)};
}
[[nodiscard]] constexpr product_128 multiply(std::uint64_t a, std::uint64_t b) noexcept {
#if TACHO_USES_INT128
    __extension__ using wide = unsigned __int128;
    auto const both = static_cast<wide>(a) * b;
    return {static_cast<std::uint64_t>(both >> 64), static_cast<std::uint64_t>(both)};
#else
    return portable_product_128(a, b);
#endif
}

// A decimal: digits * 10^exponent.
struct decimal {
    std::uint64_t digits;
    int exponent;
};

#if TACHO_BODIES

// floor(log10(2^e)), of three quarters of it, and floor(log2(10^e)), of all exponents that doubles have.
[[nodiscard]] constexpr int log10_of_power_of_2(int e) noexcept {
    return (e * 1262611) >> 22;
}
[[nodiscard]] constexpr int log10_of_three_quarters(int e) noexcept {
    return (e * 1262611 - 524031) >> 22;
}
[[nodiscard]] constexpr int log2_of_power_of_10(int e) noexcept {
    return (e * 1741647) >> 19;
}

// 10^e for each e that is needed, rounded up to 128 bits, of which the first one is set: computed from what it is,
// once for each program that is compiled, in place of a page of numbers that nobody can check.
inline constexpr int least_power_of_10 = -292, greatest_power_of_10 = 324;

class powers_of_10 {
public:
    constexpr powers_of_10() noexcept {
        number exact{1};  // 10^e
        std::size_t size = 1;
        for (int e = 0; e <= greatest_power_of_10; ++e) {
            at(e) = rounded_up(exact, size, false);
            std::uint64_t carry = 0;
            for (std::size_t i = 0; i < size; ++i) {
                carry += std::uint64_t{exact[i]} * 10;
                exact[i] = static_cast<std::uint32_t>(carry);
                carry >>= 32;
            }
            if (carry != 0) exact[size++] = static_cast<std::uint32_t>(carry);
        }
        number below{};  // 2^1151 / 10^-e, rounded down; never exact, and 128 bits of it are left in the end
        size = 36;
        below[size - 1] = 1u << 31;
        for (int e = -1; e >= least_power_of_10; --e) {
            std::uint64_t rest = 0;
            for (std::size_t i = size; i-- > 0;) {
                rest = rest << 32 | below[i];
                below[i] = static_cast<std::uint32_t>(rest / 10);
                rest %= 10;
            }
            if (below[size - 1] == 0) --size;
            at(e) = rounded_up(below, size, true);
        }
    }
    [[nodiscard]] constexpr product_128 const& operator[](int e) const noexcept {
        return all_[static_cast<std::size_t>(e - least_power_of_10)];
    }

private:
    using number = std::array<std::uint32_t, 36>;  // the lowest bits first

    constexpr product_128& at(int e) noexcept { return all_[static_cast<std::size_t>(e - least_power_of_10)]; }

    // The first 128 bits, and one more when something follows.
    static constexpr product_128 rounded_up(number const& of, std::size_t size, bool more) noexcept {
        std::uint64_t first[6] = {};
        for (std::size_t i = 0; i < 6 && i < size; ++i) first[i] = of[size - 1 - i];
        auto const shift = static_cast<unsigned>(std::countl_zero(of[size - 1]));
        auto const shifted = [&](std::size_t i) {
            return ((first[i] << 32 | first[i + 1]) << shift >> 32) & 0xFFFFFFFFu;
        };
        product_128 out{shifted(0) << 32 | shifted(1), shifted(2) << 32 | shifted(3)};
        more = more || shifted(4) != 0;
        for (std::size_t i = 5; i < size && !more; ++i) more = of[size - 1 - i] != 0;
        if (more && ++out.low == 0) ++out.high;
        return out;
    }

    std::array<product_128, greatest_power_of_10 - least_power_of_10 + 1> all_{};
};

// Made where it is used first.
template <class = void>
inline constexpr powers_of_10 all_powers_of_10{};

// The upper 64 bits of a product of 192 bits, the last one of which says whether any below them is set, too.
[[nodiscard]] constexpr std::uint64_t rounded_to_odd(product_128 const& power, std::uint64_t by) noexcept {
    auto const low = multiply(power.low, by), high = multiply(power.high, by);
    auto const middle = high.low + low.high;
    return (high.high + (middle < low.high ? 1 : 0)) | (middle > 1 ? 1 : 0);
}

// Of a finite number above 0, the digits may end with zeros.
[[nodiscard]] constexpr decimal shortest_decimal(double value) noexcept {
    auto const bits = std::bit_cast<std::uint64_t>(value);
    constexpr std::uint64_t hidden = std::uint64_t{1} << 52;
    auto const fraction = bits & (hidden - 1);
    auto const biased = static_cast<int>(bits >> 52 & 0x7FF);
    // The number is c * 2^q; what rounds to it lies between the middles to its neighbours, of which the lower one is
    // nearer where the exponent changes.
    auto const c = biased == 0 ? fraction : fraction | hidden;
    int const q = (biased == 0 ? 1 : biased) - 1075;
    bool const nearer_below = fraction == 0 && biased > 1;
    int const k = nearer_below ? log10_of_three_quarters(q) : log10_of_power_of_2(q);
    int const h = q + log2_of_power_of_10(-k) + 1;
    auto const& power = all_powers_of_10<>[-k];
    // Four times the number and its borders, in units of 10^k.
    auto const below = rounded_to_odd(power, (4 * c - (nearer_below ? 1 : 2)) << h);
    auto const middle = rounded_to_odd(power, 4 * c << h);
    auto const above = rounded_to_odd(power, (4 * c + 2) << h);
    // The borders themselves round to the even one.
    auto const lower = below + (c & 1), upper = above - (c & 1);

    auto const s = middle / 4;
    if (s >= 10) {  // one digit less, if just one such decimal lies between the borders
        auto const tens = s / 10;
        bool const down = lower <= 40 * tens, up = 40 * tens + 40 <= upper;
        if (down != up) return {tens + (up ? 1 : 0), k + 1};
    }
    bool const down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down != up) return {s + (up ? 1 : 0), k};
    // Both do: the nearer one, or the even one.
    auto const half = 4 * s + 2;
    return {s + (middle > half || (middle == half && (s & 1) != 0) ? 1 : 0), k};
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
