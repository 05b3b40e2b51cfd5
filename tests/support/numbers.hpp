// SPDX-License-Identifier: MIT
// For tests: doubles that are no numbers or larger than any, and those that a text tells.
#pragma once

#include <charconv>
#include <clocale>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace test {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// What is all of the text, whatever the locale. libc++ reads no doubles by std::from_chars before its version 20.
inline std::optional<double> parsed(std::string_view text) {
    double value = 0;
#if defined(__cpp_lib_to_chars)
    auto const end = text.data() + text.size();
    auto const read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
#else
    static auto const classic = ::newlocale(LC_ALL_MASK, "C", nullptr);
    std::string const whole{text};
    char* end = nullptr;
    value = ::strtod_l(whole.c_str(), &end, classic);
    if (whole.empty() || end != whole.c_str() + whole.size()) return std::nullopt;
#endif
    return value;
}

}  // namespace test
