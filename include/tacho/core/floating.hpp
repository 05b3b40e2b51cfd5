// SPDX-License-Identifier: MIT
// tacho: what is asked of doubles where programs record, without <cmath>.
#pragma once

#include "tacho/version.hpp"

namespace tacho::inline TACHO_ABI::detail {

// That header declares the special functions of mathematics, too: it takes an eighth of the time in which a file with a
// counter is compiled. These are what its functions come to.
[[nodiscard]] constexpr bool is_nan(double value) noexcept {
    return __builtin_isnan(value);
}
[[nodiscard]] constexpr bool is_finite(double value) noexcept {
    return __builtin_isfinite(value);
}
[[nodiscard]] inline bool is_negative(double value) noexcept {  // also -0
    return __builtin_signbit(value);
}
[[nodiscard]] inline bool is_whole(double value) noexcept {
    return __builtin_trunc(value) == value;
}
[[nodiscard]] inline double absolute(double value) noexcept {
    return __builtin_fabs(value);
}
[[nodiscard]] inline double round_down(double value) noexcept {
    return __builtin_floor(value);
}
[[nodiscard]] inline double binary_logarithm(double value) noexcept {
    return __builtin_log2(value);
}
[[nodiscard]] inline double times_power_of_two(double value, int exponent) noexcept {
    return __builtin_ldexp(value, exponent);
}

}  // namespace tacho::inline TACHO_ABI::detail
