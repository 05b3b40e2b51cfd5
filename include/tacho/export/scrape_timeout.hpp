// SPDX-License-Identifier: MIT
// tacho: how long a scrape may take, by what its client says.
// Rule: https://prometheus.io/docs/instrumenting/writing_exporters/ and the header X-Prometheus-Scrape-Timeout-Seconds
#pragma once

#include "tacho/core/names.hpp"
#include "tacho/core/text.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// Seconds in decimal digits, with a point or without, at most a day; 0 for anything else.
constexpr std::chrono::nanoseconds seconds_of(std::string_view header) noexcept {
    constexpr std::int64_t a_second = 1'000'000'000, a_day = 86'400;
    auto const text = trimmed(header);
    std::int64_t seconds = 0, parts = 0;
    std::size_t i = 0;
    for (; i < text.size() && is_digit(text[i]); ++i) seconds = (std::min)(seconds * 10 + (text[i] - '0'), a_day);
    if (i != text.size()) {
        if (i == 0 || text[i] != '.' || i + 1 == text.size()) return {};
        std::int64_t place = a_second;
        for (++i; i < text.size() && is_digit(text[i]); ++i) parts += (text[i] - '0') * (place /= 10);
        if (i != text.size()) return {};
    }
    return std::chrono::nanoseconds{seconds * a_second + parts};
}

// What is left for callbacks: a tenth, at most half a second, is for the page and the way.
constexpr std::chrono::nanoseconds time_for_callbacks(std::string_view header) noexcept {
    auto const given = seconds_of(header);
    return given - (std::min)(given / 10, std::chrono::nanoseconds{std::chrono::milliseconds{500}});
}

// When callbacks must have ended: never when the header says nothing.
[[nodiscard]] inline std::chrono::steady_clock::time_point end_of_callbacks(std::string_view header) noexcept {
    auto const time = time_for_callbacks(header);
    return time.count() == 0 ? (std::chrono::steady_clock::time_point::max)() : std::chrono::steady_clock::now() + time;
}

}  // namespace tacho::inline TACHO_ABI::detail
