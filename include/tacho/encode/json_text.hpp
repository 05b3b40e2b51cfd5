// SPDX-License-Identifier: MIT
// tacho: text and numbers as JSON.
// Rule: https://www.rfc-editor.org/rfc/rfc8259#section-7
#pragma once

#include "tacho/core/floating.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// Room for a text in quotes: a control character takes 6, as \u001f.
[[nodiscard]] constexpr std::size_t json_string_room(std::size_t size) noexcept {
    return size * 6 + 2 + 8;  // plain text is written eight bytes at a time
}

// Whether one of eight bytes may have to be written otherwise: a control character, `"`, `\` or one beyond ASCII. A
// byte that borrows from the next may make that one look special, never the reverse.
[[nodiscard]] constexpr bool may_be_special(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t each = 0x0101010101010101u;
    return ((bytes | (bytes - each * 0x20) | ((bytes ^ each * '"') - each) | ((bytes ^ each * '\\') - each)) &
            (each * 0x80)) != 0;
}

// Writes `text` in quotes. Ill-formed UTF-8 becomes U+FFFD, because a resource or a scope may bring any bytes.
inline char* write_json_string(std::string_view text, char* out) noexcept {
    auto const copy = [](std::string_view from, char* to) {
        std::memcpy(to, from.data(), from.size());
        return to + from.size();
    };
    *out++ = '"';
    for (std::size_t i = 0; i < text.size();) {
        if (i + 8 <= text.size()) {
            std::uint64_t bytes;
            std::memcpy(&bytes, text.data() + i, 8);
            if (!may_be_special(bytes)) {
                std::memcpy(out, &bytes, 8);
                out += 8;
                i += 8;
                continue;
            }
        }
        auto const c = static_cast<unsigned char>(text[i]);
        if (c >= 0x80) {
            auto const step = next_utf8(text, i);
            out = copy(step.valid ? text.substr(i, step.size) : std::string_view{"\xEF\xBF\xBD"}, out);
            i += step.size;
            continue;
        }
        if (c == '"' || c == '\\') {
            *out++ = '\\';
            *out++ = text[i];
        } else if (c < 0x20) {
            constexpr char hex[] = "0123456789abcdef";
            out = copy("\\u00", out);
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        } else {
            *out++ = text[i];
        }
        ++i;
    }
    *out++ = '"';
    return out;
}
[[nodiscard]] inline std::string_view text_between(char const* begin, char const* end) noexcept {
    return {begin, static_cast<std::size_t>(end - begin)};
}

// JSON has no word for what isn't finite; proto3's JSON mapping writes these as strings.
inline std::string_view json_number(double value, char* room) noexcept {
    if (is_nan(value)) return "\"NaN\"";
    if (!is_finite(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return text_between(room, write_double(value, room));
}

template <class Writer>
void write_json_string(Writer& to, std::string_view text) noexcept {
    to.write(json_string_room(text.size()), [&](char* out) { return write_json_string(text, out); });
}

}  // namespace tacho::inline TACHO_ABI::detail
