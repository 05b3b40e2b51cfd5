// SPDX-License-Identifier: MIT
// tacho: label values as Prometheus text, escaped once when a series is born.
// Rule: https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information
#pragma once

#include "tacho/version.hpp"

#include <cstddef>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// The length of a label value with `\`, line feed and `"` escaped; the same in text and OpenMetrics.
[[nodiscard]] constexpr std::size_t escaped_size(std::string_view value) noexcept {
    std::size_t size = value.size();
    for (char const c : value) size += (c == '\\' || c == '\n' || c == '"') ? 1 : 0;
    return size;
}

constexpr char* write_text(std::string_view text, char* out) noexcept {
    for (char const c : text) *out++ = c;
    return out;
}

constexpr char* write_escaped(std::string_view value, char* out) noexcept {
    for (char const c : value) {
        if (c == '\\' || c == '\n' || c == '"') *out++ = '\\';
        *out++ = c == '\n' ? 'n' : c;
    }
    return out;
}

}  // namespace tacho::inline TACHO_ABI::detail
