// SPDX-License-Identifier: MIT
// tacho: environment variables that switch something on.
#pragma once

#include "tacho/env/source.hpp"
#include "tacho/version.hpp"

#include <string_view>

namespace tacho::inline TACHO_ABI::env {

/// Whether a text means yes: 1, true, yes or on, in any case, blanks around it ignored. Anything else means no.
[[nodiscard]] constexpr bool is_truthy(std::string_view text) noexcept {
    text = detail::trimmed(text);
    for (std::string_view const yes : {"1", "true", "yes", "on"})
        if (detail::equals_ignoring_case(text, yes)) return true;
    return false;
}

/// Whether a text means no for sure: 0, false, no or off, or nothing at all.
[[nodiscard]] constexpr bool is_falsy(std::string_view text) noexcept {
    text = detail::trimmed(text);
    for (std::string_view const no : {"", "0", "false", "no", "off"})
        if (detail::equals_ignoring_case(text, no)) return true;
    return false;
}

/// Whether the environment variable `name` means yes; unset means no.
[[nodiscard]] inline bool flag(char const* name) noexcept {
    auto const value = detail::process_variable(name);
    return value && is_truthy(*value);
}

}  // namespace tacho::inline TACHO_ABI::env
