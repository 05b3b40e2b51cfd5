// SPDX-License-Identifier: MIT
// tacho: reads single members of a small JSON object, such as a receiver's answer.
#pragma once

#include "tacho/core/text.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

constexpr std::size_t skip_blank(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) ++at;
    return at;
}

// The end of the value that begins at `at`: of a string its closing quote, of an object or array its closing bracket,
// whatever is in it. What isn't JSON ends somewhere, at the latest at the end of the text.
constexpr std::size_t end_of_value(std::string_view text, std::size_t at) noexcept {
    int depth = 0;
    bool quoted = false;
    for (; at < text.size(); ++at) {
        char const c = text[at];
        if (quoted) {
            if (c == '\\') ++at;
            if (c == '"') {
                quoted = false;
                if (depth == 0) return at + 1;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return at;
            if (--depth == 0) return at + 1;
        } else if (depth == 0 && (c == ',' || c == ':' || c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
            return at;
        }
    }
    return text.size();
}

// The text of an object's member, quotes and brackets included; empty when there is none. Any bytes may be asked.
constexpr std::string_view json_member(std::string_view object, std::string_view name) noexcept {
    std::size_t at = skip_blank(object, 0);
    if (at >= object.size() || object[at] != '{') return {};
    for (++at;;) {
        at = skip_blank(object, at);
        if (at >= object.size() || object[at] != '"') return {};
        auto const key_end = end_of_value(object, at);
        if (key_end < at + 2) return {};
        auto const key = object.substr(at + 1, key_end - at - 2);
        at = skip_blank(object, key_end);
        if (at >= object.size() || object[at] != ':') return {};
        at = skip_blank(object, at + 1);
        auto const end = end_of_value(object, at);
        if (key == name) return object.substr(at, end - at);
        at = skip_blank(object, end);
        if (at >= object.size() || object[at] != ',') return {};
        ++at;
    }
}

// An unsigned number, or a string that holds one; 0 for anything else.
inline std::uint64_t json_unsigned(std::string_view value) noexcept {
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    return whole_number(value, ~std::uint64_t{0}).value_or(0);
}

// Text from outside as part of a message: at most 200 bytes of valid UTF-8 without control characters.
inline std::string for_message(std::string_view text) {
    auto out = to_utf8(text.substr(0, 200));
    for (auto& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return out;
}

// A string's content, its escapes as they stand, fit for a message; empty for anything else.
inline std::string json_message(std::string_view value) {
    if (value.size() < 2 || value.front() != '"') return {};
    return for_message(value.substr(1, value.size() - 2));
}

}  // namespace tacho::inline TACHO_ABI::detail
