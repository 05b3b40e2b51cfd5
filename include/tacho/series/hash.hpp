// SPDX-License-Identifier: MIT
// tacho: a fast hash of label values, which only narrows a search, and their comparison in full.
#pragma once

#include "tacho/version.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI::detail {

// Labels are short: a general memcpy or memcmp of a few bytes costs more than all the rest of a look-up. These take
// them as one or two loads that may overlap, and never read beyond the text.
template <class Piece>
[[nodiscard]] inline std::uint64_t load(char const* at) noexcept {
    Piece piece;
    std::memcpy(&piece, at, sizeof piece);
    return piece;
}
// The bytes of a text of 1 to 7 as a number; texts of the same length give the same number only when they are the same.
[[nodiscard, gnu::always_inline]] inline std::uint64_t load_short(char const* at, std::size_t size) noexcept {
    if (size >= 4) return load<std::uint32_t>(at) | load<std::uint32_t>(at + size - 4) << 32;
    if (size >= 2) return load<std::uint16_t>(at) | load<std::uint16_t>(at + size - 2) << 16;
    return static_cast<unsigned char>(*at);
}
[[nodiscard, gnu::always_inline]] inline bool is_same_text(char const* a, char const* b, std::size_t size) noexcept {
    auto const differ = [&]<class Piece>(Piece, std::size_t at) { return load<Piece>(a + at) ^ load<Piece>(b + at); };
    if (size >= 8) {
        for (std::size_t i = 0; i + 8 < size; i += 8)
            if (differ(std::uint64_t{}, i) != 0) return false;
        return differ(std::uint64_t{}, size - 8) == 0;
    }
    if (size >= 4) return (differ(std::uint32_t{}, 0) | differ(std::uint32_t{}, size - 4)) == 0;
    if (size >= 2) return (differ(std::uint16_t{}, 0) | differ(std::uint16_t{}, size - 2)) == 0;
    return size == 0 || *a == *b;
}

// One round, by MurmurHash's multiplier. It takes no bit to a lower one: what the last letters of values are, which
// stand in the highest bits, is turned to where the next round takes it to all.
[[nodiscard]] inline std::uint64_t mix(std::uint64_t hash, std::uint64_t bits) noexcept {
    return std::rotl((hash + bits) * 0xC6A4A7935BD1E995u, 32);
}

// A round for each eight bytes that have begun. Lengths are mixed in, so that ("ab", "c") and ("a", "bc") differ.
[[nodiscard, gnu::always_inline]] inline std::uint64_t mix(std::uint64_t hash, std::string_view value) noexcept {
    char const* const at = value.data();
    auto const size = value.size();
    hash += size * 0x9E3779B97F4A7C15u;  // "1111" and "11111" are the same number
    if (size < 8) return mix(hash, size == 0 ? 0 : load_short(at, size));
    for (std::size_t i = 0; i + 8 < size; i += 8) hash = mix(hash, load<std::uint64_t>(at + i));
    return mix(hash, load<std::uint64_t>(at + size - 8));
}

// Without a loop where the number of values is compiled in, as below. All bits of the last round depend on all input
// but for its turn; the end folds them, since the lowest tell the place in a table, and the highest are compared there.
template <std::size_t Count>
[[nodiscard]] inline std::uint64_t hash_of(std::span<std::string_view const, Count> values) noexcept {
    std::uint64_t hash = 0x9E3779B97F4A7C15u;
    if constexpr (Count == std::dynamic_extent)
        for (auto const& value : values) hash = mix(hash, value);
    else
        [&]<std::size_t... At>(std::index_sequence<At...>) {
            ((hash = mix(hash, values[At])), ...);
        }
    (std::make_index_sequence<Count>{});
    hash = (hash ^ hash >> 32) * 0xC6A4A7935BD1E995u;
    return hash ^ hash >> 29;
}

// Whether all are shorter than `size`, a power of two.
template <std::size_t Count>
[[nodiscard]] inline bool are_shorter_than(std::size_t size, std::span<std::string_view const, Count> values) noexcept {
    std::size_t sizes = 0;
    if constexpr (Count == std::dynamic_extent)
        for (auto const& value : values) sizes |= value.size();
    else
        [&]<std::size_t... At>(std::index_sequence<At...>) {
            sizes = (std::size_t{0} | ... | values[At].size());
        }
    (std::make_index_sequence<Count>{});
    return sizes < size;
}

}  // namespace tacho::inline TACHO_ABI::detail
