// SPDX-License-Identifier: MIT
// tacho: small questions to a piece of text, without locale.
#pragma once

#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n\f\v";
    auto const first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

[[nodiscard]] constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// A number of decimal digits alone, up to `most`. Not by std::from_chars(), whose table of letters would be a unique
// variable in plug-ins, and keep them in memory.
[[nodiscard]] constexpr std::optional<std::uint64_t> whole_number(std::string_view digits,
                                                                  std::uint64_t most) noexcept {
    std::uint64_t number = 0;
    for (char const c : digits) {
        auto const digit = static_cast<std::uint64_t>(c) - '0';
        if (c < '0' || c > '9' || digit > most || number > (most - digit) / 10) return {};
        number = number * 10 + digit;
    }
    if (digits.empty()) return {};
    return number;
}

// -1 for what is none.
[[nodiscard]] constexpr int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

}  // namespace tacho::inline TACHO_ABI::detail
