// SPDX-License-Identifier: MIT
// tacho: the ways to write a Prometheus name for a client that can't read all of its characters.
// Rule: https://prometheus.io/docs/instrumenting/escaping_schemes/
#pragma once

#include "tacho/core/utf8.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// How a client wants names that have more in them than ASCII letters, digits and `_`; all others are the same in each.
/// Of `a.b_c`: `a_b_c`, `"a.b_c"`, `a_dot_b__c` and `U__a_2e_b__c`.
enum class escaping : unsigned char { underscores, allow_utf_8, dots, values };

/// As an Accept header and a content type name it (https://prometheus.io/docs/instrumenting/escaping_schemes/).
[[nodiscard]] constexpr std::string_view to_string(escaping names) noexcept {
    switch (names) {
        case escaping::allow_utf_8: return "allow-utf-8";
        case escaping::dots: return "dots";
        case escaping::values: return "values";
        case escaping::underscores: break;
    }
    return "underscores";
}

namespace detail {

constexpr bool is_plain_character(char c, bool first) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

// Whether a name is the same in every escaping. One rule for names of metrics and of labels: a colon, which only the
// former could have, can be in none of ours, and may be in a key of the resource, which becomes a label.
[[nodiscard]] constexpr bool is_plain_name(std::string_view name) noexcept {
    for (std::size_t i = 0; i < name.size(); ++i)
        if (!is_plain_character(name[i], i == 0)) return false;
    return !name.empty();
}

// The most that write_escaped_name() writes: `U__`, and `_dot_` for a byte.
[[nodiscard]] constexpr std::size_t escaped_name_room(std::size_t name) noexcept {
    return 5 * name + 3;
}

constexpr char* write_code_point(std::string_view utf8, char* out) noexcept {
    auto const lead = static_cast<unsigned char>(utf8.front());
    auto code = static_cast<unsigned>(utf8.size() == 1 ? lead : lead & (0xFFu >> (utf8.size() + 1)));
    for (char const c : utf8.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
    bool begun = false;
    for (int shift = 20; shift >= 0; shift -= 4) {
        auto const digit = code >> shift & 0xFu;
        begun |= digit != 0 || shift == 0;
        if (begun) *out++ = "0123456789abcdef"[digit];
    }
    return out;
}

// Writes a name of valid UTF-8 as an escaping has it, and returns the end; what allow-utf-8 has it, without quotes.
// As Prometheus' own code does, which is not quite what its page says: lower-case digits, two underscores for what dots
// doesn't name, and a plain name as it is.
constexpr char* write_escaped_name(std::string_view name, escaping names, char* out) noexcept {
    bool const as_it_is = names == escaping::allow_utf_8 || is_plain_name(name);
    if (!as_it_is && names == escaping::values)
        for (char const c : {'U', '_', '_'}) *out++ = c;
    for (std::size_t i = 0; i < name.size();) {
        auto const character = name.substr(i, next_utf8(name, i).size);
        char const c = character.front();
        std::string_view as = character;
        if (!as_it_is && c == '_' && names != escaping::underscores)
            as = "__";
        else if (!as_it_is && !is_plain_character(c, i == 0)) {
            if (names == escaping::values) {
                *out++ = '_';
                out = write_code_point(character, out);
            }
            as = names == escaping::dots ? (c == '.' ? "_dot_" : "__") : "_";
        }
        for (char const one : as) *out++ = one;
        i += character.size();
    }
    return out;
}

// The same in memory of its own, for what isn't written again and again.
[[nodiscard]] inline std::string escaped_name(std::string_view name, escaping names) {
    std::string text(escaped_name_room(name.size()), '\0');
    text.resize(static_cast<std::size_t>(write_escaped_name(name, names, text.data()) - text.data()));
    return text;
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
