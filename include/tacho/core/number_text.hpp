// SPDX-License-Identifier: MIT
// tacho: numbers as text: integers in full, doubles as the shortest text that reads back as the same number.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/floating.hpp"
#include "tacho/core/shortest_decimal.hpp"
#include "tacho/version.hpp"

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// What a number is: decides how it is added up and written.
enum class number_kind : unsigned char { unsigned_integer, signed_integer, floating };

/// A number read from a cell.
struct number {
    number_kind kind;    ///< which of the three it is
    std::uint64_t bits;  ///< of it, as a cell has them

    /// The value, where `kind` says unsigned_integer.
    [[nodiscard]] constexpr std::uint64_t as_unsigned() const noexcept { return bits; }
    /// The value, where `kind` says signed_integer.
    [[nodiscard]] constexpr std::int64_t as_signed() const noexcept { return static_cast<std::int64_t>(bits); }
    /// The value, where `kind` says floating.
    [[nodiscard]] constexpr double as_double() const noexcept {
        switch (kind) {
            case number_kind::unsigned_integer: return static_cast<double>(bits);
            case number_kind::signed_integer: return static_cast<double>(as_signed());
            case number_kind::floating: break;
        }
        return std::bit_cast<double>(bits);
    }
};

namespace detail {

// More than any number takes: 20 digits and a sign, or 17 digits, sign, point and exponent.
inline constexpr std::size_t number_room = 32;

// The eight digits of a number below 10^8, one a byte, the first in the lowest. Halves, then pairs, then digits are
// parted in all lanes at once: quotients q by a rounded reciprocal of the divisor d, and q | (x - q * d) << s is
// (x << s) - q * ((d << s) - 1).
[[nodiscard]] constexpr std::uint64_t eight_digits(std::uint64_t value) noexcept {
    std::uint64_t const halves = (value << 32) - value / 10000 * ((std::uint64_t{10000} << 32) - 1);
    std::uint64_t const hundreds = (halves * 10486 >> 20) & 0x0000007F0000007Fu;
    std::uint64_t const pairs = (halves << 16) - hundreds * ((100u << 16) - 1);
    std::uint64_t const tens = (pairs * 103 >> 10) & 0x000F000F000F000Fu;
    return (pairs << 8) - tens * ((10u << 8) - 1);
}
inline constexpr std::uint64_t eight_zeros = 0x3030303030303030u;

inline char* write_eight(std::uint64_t value, char* out) noexcept {
    std::uint64_t const text = eight_digits(value) + eight_zeros;
    std::memcpy(out, &text, 8);
    return out + 8;
}
// As eight_digits() gives them, without leading zeros; touches eight bytes.
inline char* write_without_zeros(std::uint64_t digits, char* out) noexcept {
    auto const zeros = static_cast<unsigned>(std::countr_zero(digits | std::uint64_t{1} << 56)) / 8;  // "0" stays
    std::uint64_t const text = (digits + eight_zeros) >> (zeros * 8);
    std::memcpy(out, &text, 8);
    return out + 8 - zeros;
}
// Of a number below 10^8.
inline char* write_up_to_eight(std::uint64_t value, char* out) noexcept {
    return write_without_zeros(eight_digits(value), out);
}
[[gnu::noinline]] inline char* write_more_than_eight(std::uint64_t value, char* out) noexcept {
    constexpr std::uint64_t e8 = 100'000'000;
    if (value < e8 * e8) return write_eight(value % e8, write_up_to_eight(value / e8, out));
    out = write_up_to_eight(value / (e8 * e8), out);
    value %= e8 * e8;
    return write_eight(value % e8, write_eight(value / e8, out));
}

// Without a branch on the number of digits, where std::to_chars has several that numbers of all sizes mislead.
inline char* write_integer(std::uint64_t value, char* out) noexcept {
    if constexpr (std::endian::native != std::endian::little) return std::to_chars(out, out + number_room, value).ptr;
    return value < 100'000'000 ? write_up_to_eight(value, out) : write_more_than_eight(value, out);
}
inline char* write_integer(std::int64_t value, char* out) noexcept {
    auto magnitude = static_cast<std::uint64_t>(value);
    if (value < 0) {
        *out++ = '-';
        magnitude = 0 - magnitude;
    }
    return write_integer(magnitude, out);
}

// NaN, +Inf and -Inf as Prometheus spells them; nullptr for a finite number.
inline char const* special_name(double value) noexcept {
    if (is_finite(value)) return nullptr;
    return is_nan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

// As Go's strconv.FormatFloat(v, 'g', -1, 64) and std::to_chars with chars_format::general: in full from 0.0001 to
// below 10^6, else with an exponent. Zero has no sign. A third faster than std::to_chars.
char* write_canonical(double value, char* out) noexcept;

#if TACHO_BODIES

// The digits of a decimal one after the other, without zeros at either end, and the power of ten of the first one.
struct decimal_digits {
    explicit decimal_digits(decimal const& of) noexcept {
        constexpr std::uint64_t e8 = 100'000'000;
        auto const first = of.digits / (e8 * e8), middle = of.digits / e8 % e8, last = of.digits % e8;
        auto const eight = eight_digits(middle), other = eight_digits(last);
        text[0] = static_cast<char>('0' + first);
        write_eight(middle, text + 1);
        write_eight(last, text + 9);
        if (first == 0) begin = middle != 0 ? 1 + zeros_before(eight) : 9 + zeros_before(other);
        auto const behind = last != 0 ? zeros_behind(other) : middle != 0 ? 8 + zeros_behind(eight) : 16;
        size = static_cast<int>(17 - begin - behind);
        exponent = of.exponent + 16 - static_cast<int>(begin);
    }
    // Of eight digits that are not all zeros, as eight_digits() gives them.
    static std::size_t zeros_before(std::uint64_t digits) noexcept {
        return static_cast<std::size_t>(std::countr_zero(digits)) / 8;
    }
    static std::size_t zeros_behind(std::uint64_t digits) noexcept {
        return static_cast<std::size_t>(std::countl_zero(digits)) / 8;
    }

    char text[17 + 24]{};  // copied in pieces of fixed size, which go beyond the digits
    std::size_t begin = 0;
    int size = 0;
    int exponent = 0;
};

inline char* write_exponent(int exponent, char* out) noexcept {
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    auto const size = exponent < 0 ? -exponent : exponent;
    if (size >= 100) *out++ = static_cast<char>('0' + size / 100);
    *out++ = static_cast<char>('0' + size / 10 % 10);
    *out++ = static_cast<char>('0' + size % 10);
    return out;
}

TACHO_FUNCTION char* write_canonical(double value, char* out) noexcept {
    if (char const* const name = special_name(value)) {
        auto const size = std::strlen(name);
        std::memcpy(out, name, size);
        return out + size;
    }
    if (value == 0) {
        *out = '0';
        return out + 1;
    }
    if constexpr (std::endian::native != std::endian::little)
        return std::to_chars(out, out + number_room, value, std::chars_format::general).ptr;
    if (value < 0) {
        *out++ = '-';
        value = -value;
    }
    decimal_digits const d{shortest_decimal(value)};
    char const* const digits = d.text + d.begin;
    if (d.exponent < -4 || d.exponent >= 6) {
        out[0] = digits[0];
        out[1] = '.';
        std::memcpy(out + 2, digits + 1, 16);
        return write_exponent(d.exponent, out + (d.size > 1 ? d.size + 1 : 1));
    }
    if (d.exponent < 0) {
        std::memcpy(out, "0.000", 5);
        out += 1 - d.exponent;
        std::memcpy(out, digits, 17);
        return out + d.size;
    }
    auto const whole = d.exponent + 1;  // digits before the point
    std::memcpy(out, "000000", 6);
    if (d.size <= whole) {
        std::memcpy(out, digits, static_cast<std::size_t>(d.size));
        return out + whole;
    }
    std::memcpy(out, digits, 8);
    out[whole] = '.';
    std::memcpy(out + whole + 1, digits + whole, 16);
    return out + d.size + 1;
}

#endif

// A sample's value: whole numbers in full as far as a double counts exactly, which also is four times as fast.
inline char* write_double(double value, char* out) noexcept {
    constexpr double exact = 9007199254740992.0;  // 2^53
    if (value > -exact && value < exact)
        if (auto const whole = static_cast<std::int64_t>(value); static_cast<double>(whole) == value)
            return write_integer(whole, out);
    return write_canonical(value, out);
}

inline char* write_number(number value, char* out) noexcept {
    switch (value.kind) {
        case number_kind::unsigned_integer: return write_integer(value.as_unsigned(), out);
        case number_kind::signed_integer: return write_integer(value.as_signed(), out);
        case number_kind::floating: break;
    }
    return write_double(value.as_double(), out);
}

// A bucket's bound as OpenMetrics wants it: with a point or an exponent.
inline char* write_openmetrics_bound(double value, char* out) noexcept {
    char* end = write_canonical(value, out);
    std::string_view const written{out, static_cast<std::size_t>(end - out)};
    if (is_finite(value) && written.find_first_of(".e") == std::string_view::npos) {
        *end++ = '.';
        *end++ = '0';
    }
    return end;
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
