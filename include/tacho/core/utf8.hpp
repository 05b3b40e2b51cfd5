// SPDX-License-Identifier: MIT
// tacho: text from outside made valid UTF-8, since one bad byte makes a reader refuse a whole scrape.
// Rule: https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf (table 3-7, and "maximal subpart" in section 3.9)
#pragma once

#include "tacho/version.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace tacho::inline TACHO_ABI {

namespace detail {

struct utf8_step {
    std::size_t size;  // bytes to take: a code point, or the ill-formed bytes that one U+FFFD replaces
    bool valid;
};

// Looks at the sequence that begins at `at`.
constexpr utf8_step next_utf8(std::string_view text, std::size_t at) noexcept {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const first = byte(at);
    if (first < 0x80) return {1, true};
    if (first < 0xC2 || first > 0xF4) return {1, false};
    std::size_t const length = first < 0xE0 ? 2u : first < 0xF0 ? 3u : 4u;
    // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    unsigned char low = 0x80, high = 0xBF;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    for (std::size_t i = 1; i < length; ++i) {
        if (at + i >= text.size() || byte(at + i) < low || byte(at + i) > high) return {i, false};
        low = 0x80;
        high = 0xBF;
    }
    return {length, true};
}

}  // namespace detail

/// Whether text is UTF-8 by RFC 3629: no overlong forms, no surrogates. In one pass; allocates nothing.
[[nodiscard]] constexpr bool is_valid_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        auto const step = detail::next_utf8(text, i);
        if (!step.valid) return false;
        i += step.size;
    }
    return true;
}

/// Copies `text` to `out`, at most `room` bytes and never part of a code point; each ill-formed sequence becomes
/// U+FFFD. Returns the bytes written.
constexpr std::size_t copy_as_utf8(std::string_view text, char* out, std::size_t room) noexcept {
    constexpr std::string_view replacement = "\xEF\xBF\xBD";
    std::size_t written = 0;
    for (std::size_t i = 0; i < text.size();) {
        auto const step = detail::next_utf8(text, i);
        auto const piece = step.valid ? text.substr(i, step.size) : replacement;
        if (written + piece.size() > room) break;
        for (char const c : piece) out[written++] = c;
        i += step.size;
    }
    return written;
}

/// Whether two texts are the same once they are valid UTF-8.
[[nodiscard]] constexpr bool is_same_as_utf8(std::string_view a, std::string_view b) noexcept {
    std::size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        auto const x = detail::next_utf8(a, i), y = detail::next_utf8(b, j);
        if (x.valid != y.valid || (x.valid && a.substr(i, x.size) != b.substr(j, y.size))) {
            constexpr std::string_view replacement = "\xEF\xBF\xBD";  // may be written out in one of them
            if ((x.valid ? a.substr(i, x.size) : replacement) != (y.valid ? b.substr(j, y.size) : replacement))
                return false;
        }
        i += x.size;
        j += y.size;
    }
    return i == a.size() && j == b.size();
}

/// The same as a string.
[[nodiscard]] inline std::string to_utf8(std::string_view text) {
    std::string out(text.size() * 3, '\0');  // U+FFFD takes three bytes
    out.resize(copy_as_utf8(text, out.data(), out.size()));
    return out;
}

}  // namespace tacho::inline TACHO_ABI
