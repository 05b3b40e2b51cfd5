// tacho: numbers as text: integers in full, doubles as the shortest text that reads back as the same number.
#pragma once

#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tacho::inline v0 {

/// What a number is: decides how it is added up and written.
enum class number_kind : unsigned char { unsigned_integer, signed_integer, floating };

/// A number read from a cell.
struct number {
    number_kind kind;
    std::uint64_t bits;

    [[nodiscard]] constexpr std::uint64_t as_unsigned() const noexcept { return bits; }
    [[nodiscard]] constexpr std::int64_t as_signed() const noexcept { return static_cast<std::int64_t>(bits); }
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

inline char* write_integer(std::uint64_t value, char* out) noexcept {
    return std::to_chars(out, out + number_room, value).ptr;
}
inline char* write_integer(std::int64_t value, char* out) noexcept {
    return std::to_chars(out, out + number_room, value).ptr;
}

// NaN, +Inf and -Inf as Prometheus spells them; nullptr for a finite number.
inline char const* special_name(double value) noexcept {
    if (std::isfinite(value)) return nullptr;
    return std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

// As Go's strconv.FormatFloat(v, 'g', -1, 64): to_chars without `general` gives 1e-04 for 0.0001. Zero has no sign.
inline char* write_canonical(double value, char* out) noexcept {
    if (char const* const name = special_name(value)) {
        auto const size = std::strlen(name);
        std::memcpy(out, name, size);
        return out + size;
    }
    return std::to_chars(out, out + number_room, value == 0 ? 0.0 : value, std::chars_format::general).ptr;
}

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
    if (std::isfinite(value) && written.find_first_of(".e") == std::string_view::npos) {
        *end++ = '.';
        *end++ = '0';
    }
    return end;
}

}  // namespace detail

}  // namespace tacho::inline v0
