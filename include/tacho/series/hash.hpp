// SPDX-License-Identifier: MIT
// tacho: a fast hash of label values, which only narrows a search, and their comparison in full.
#pragma once

#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// Labels are short: a general memcpy or memcmp of a few bytes costs more than all the rest of a look-up. These take
// them as one or two loads that may overlap, and never read beyond the text.
template <class Piece>
[[nodiscard]] inline std::uint64_t load(char const* at) noexcept {
    Piece piece;
    std::memcpy(&piece, at, sizeof piece);
    return piece;
}
// The bytes of a text of 1 to 8 as a number; texts of the same length give the same number only when they are the same.
[[nodiscard]] inline std::uint64_t load_short(char const* at, std::size_t size) noexcept {
    if (size >= 4) return load<std::uint32_t>(at) | load<std::uint32_t>(at + size - 4) << 32;
    if (size >= 2) return load<std::uint16_t>(at) | load<std::uint16_t>(at + size - 2) << 16;
    return static_cast<unsigned char>(*at);
}
[[nodiscard]] inline bool is_same_text(char const* a, char const* b, std::size_t size) noexcept {
    if (size <= 8) return size == 0 || load_short(a, size) == load_short(b, size);
    for (std::size_t i = 0; i + 8 < size; i += 8)
        if (load<std::uint64_t>(a + i) != load<std::uint64_t>(b + i)) return false;
    return load<std::uint64_t>(a + size - 8) == load<std::uint64_t>(b + size - 8);
}

// One round of multiply and fold (MurmurHash's 64-bit multiplier): a full 64-bit product isn't portable, and the tags
// and the table's index only need bits that depend on all input.
[[nodiscard]] inline std::uint64_t mix(std::uint64_t hash, std::uint64_t bits) noexcept {
    hash = (hash ^ bits) * 0xC6A4A7935BD1E995u;
    return hash ^ (hash >> 29);
}

// A round for each eight bytes that have begun. Lengths are mixed in, so that ("ab", "c") and ("a", "bc") differ.
[[nodiscard]] inline std::uint64_t hash_of(std::span<std::string_view const> values) noexcept {
    std::uint64_t hash = 0x9E3779B97F4A7C15u;
    for (auto const& value : values) {
        char const* const at = value.data();
        auto const size = value.size();
        auto const length = size * 0x9E3779B97F4A7C15u;
        if (size <= 8) {
            hash = mix(hash, (size == 0 ? 0 : load_short(at, size)) + length);
        } else {
            for (std::size_t i = 0; i + 8 < size; i += 8) hash = mix(hash, load<std::uint64_t>(at + i));
            hash = mix(hash, load<std::uint64_t>(at + size - 8) + length);
        }
    }
    return mix(hash, hash >> 32);
}

}  // namespace tacho::inline TACHO_ABI::detail
