// tacho: a fast hash of label values; it only narrows a search, keys are always compared in full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tacho::inline v0::detail {

// One round of multiply and fold (MurmurHash's 64-bit multiplier): a full 64-bit product isn't portable, and the tags
// and the table's index only need bits that depend on all input.
[[nodiscard]] inline std::uint64_t mix(std::uint64_t hash, std::uint64_t bits) noexcept {
    hash = (hash ^ bits) * 0xC6A4A7935BD1E995u;
    return hash ^ (hash >> 29);
}

// Eight bytes a round; lengths are mixed in, so that ("ab", "c") and ("a", "bc") differ.
[[nodiscard]] inline std::uint64_t hash_of(std::span<std::string_view const> values) noexcept {
    std::uint64_t hash = 0x9E3779B97F4A7C15u;
    for (auto const& value : values) {
        char const* at = value.data();
        std::size_t left = value.size();
        hash = mix(hash, left);
        for (std::uint64_t bits = 0; left >= 8; at += 8, left -= 8) {
            std::memcpy(&bits, at, 8);
            hash = mix(hash, bits);
        }
        if (left != 0) {
            std::uint64_t bits = 0;
            std::memcpy(&bits, at, left);
            hash = mix(hash, bits);
        }
    }
    return mix(hash, hash >> 32);
}

}  // namespace tacho::inline v0::detail
