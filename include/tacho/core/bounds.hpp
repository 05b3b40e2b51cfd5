// SPDX-License-Identifier: MIT
// tacho: the upper bounds of a histogram's buckets, checked while compiling.
#pragma once

#include "tacho/version.hpp"

#include <array>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// The largest number of bounds that an instrument takes; one more bucket, up to +Inf, follows them.
inline constexpr std::size_t max_bounds = 256;

/// Whether bounds are finite and strictly increasing, and few enough.
[[nodiscard]] constexpr bool are_bounds(std::span<double const> values) noexcept {
    if (values.size() > max_bounds) return false;
    for (std::size_t i = 0; i < values.size(); ++i) {
        constexpr double largest = (std::numeric_limits<double>::max)();
        if (!(values[i] >= -largest && values[i] <= largest)) return false;  // also refuses NaN
        if (i != 0 && !(values[i - 1] < values[i])) return false;
    }
    return true;
}

namespace detail {
// Not constexpr, so that a constant expression that reaches it doesn't compile; the compiler then shows this name.
inline void histogram_bounds_must_be_finite_and_strictly_increasing() noexcept {}
}  // namespace detail

/// Upper bounds of buckets: bucket i counts values in (bounds[i-1], bounds[i]]. Written as a list at the place of use,
/// `{0.1, 0.5, 1}`, and wrong ones don't compile. For bounds known only at run time see `add_histogram`.
class bounds {
public:
    /// Bounds as they stand in the source: what is not finite or does not increase doesn't compile.
    consteval bounds(std::initializer_list<double> values) {
        if (values.size() <= max_bounds)
            for (double const v : values) values_[size_++] = v == 0 ? 0.0 : v;  // no minus zero in an `le`
        if (size_ != values.size() || !are_bounds(view())) {
            detail::histogram_bounds_must_be_finite_and_strictly_increasing();
            // clang before 15 gets here at run time, for a histogram at namespace scope: then it is not registered.
            values_[0] = std::numeric_limits<double>::quiet_NaN();
            size_ = 1;
        }
    }

    /// `count` bounds: start, start + width, ...
    [[nodiscard]] static consteval bounds linear(double start, double width, std::size_t count) {
        bounds out{};
        for (std::size_t i = 0; i < count && i < max_bounds; ++i)
            out.values_[out.size_++] = start + width * static_cast<double>(i);
        if (out.size_ != count || !are_bounds(out.view()))
            detail::histogram_bounds_must_be_finite_and_strictly_increasing();
        return out;
    }

    /// `count` bounds: start, start * factor, ...
    [[nodiscard]] static consteval bounds exponential(double start, double factor, std::size_t count) {
        bounds out{};
        for (double value = start; out.size_ < count && out.size_ < max_bounds; value *= factor)
            out.values_[out.size_++] = value;
        if (out.size_ != count || !are_bounds(out.view()))
            detail::histogram_bounds_must_be_finite_and_strictly_increasing();
        return out;
    }

    /// As long as this lives.
    [[nodiscard]] constexpr std::span<double const> view() const noexcept { return {values_.data(), size_}; }

private:
    std::array<double, max_bounds> values_{};
    std::size_t size_ = 0;
};

namespace detail {
// The defaults of the Prometheus client libraries, of the OpenTelemetry SDK, and powers that fit the unit.
inline constexpr std::array seconds_bounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
inline constexpr std::array bytes_bounds{64.0,     256.0,     1024.0,    4096.0,     16384.0,    65536.0,
                                         262144.0, 1048576.0, 4194304.0, 16777216.0, 67108864.0, 268435456.0};
inline constexpr std::array ratio_bounds{0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0};
inline constexpr std::array other_bounds{0.0,   5.0,   10.0,   25.0,   50.0,   75.0,   100.0,  250.0,
                                         500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0};
}  // namespace detail

/// The bounds of a histogram that names none, by its unit: `s`, `By`, `1`, and the OpenTelemetry SDK's for all others.
[[nodiscard]] constexpr std::span<double const> default_bounds(std::string_view unit) noexcept {
    if (unit == "s") return detail::seconds_bounds;
    if (unit == "By") return detail::bytes_bounds;
    if (unit == "1") return detail::ratio_bounds;
    return detail::other_bounds;
}

}  // namespace tacho::inline TACHO_ABI
