// SPDX-License-Identifier: MIT
// tacho: the lines of counters, and of the buckets of histograms, which most of a page are.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/core/platform.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#if TACHO_BODIES && TACHO_USES_SSE2
#include <emmintrin.h>
#endif

namespace tacho::inline TACHO_ABI::detail {

// A line for each, of its text and its number.
char* write_number_lines(std::span<series* const> of, number_kind kind, std::uint64_t const* bits, char* out) noexcept;

// What they take at most. To look at each text would take a twentieth of the time of a line, so it is only done where
// one of the family is so long that it would be asked for much too much.
std::size_t number_lines_room(std::span<series* const> of) noexcept;
[[nodiscard]] inline std::size_t number_lines_room(family const& of, std::span<series* const> lines) noexcept {
    auto const longest = of.longest_text();
    if (longest > 256) [[unlikely]]
        return number_lines_room(lines);
    return lines.size() * (longest + number_room + 1);
}

// A line for each bucket, cumulative, that begins with `begun` and then tells the bound; of the first one `begun` is
// written already. Into room for all of them, each with bound_label::room, `number_room` and a line feed.
char* write_bucket_lines(family const& of, bool openmetrics, std::span<std::uint64_t const> counts,
                         std::string_view begun, char* out) noexcept;

#if TACHO_BODIES

[[gnu::always_inline]] inline void copy_32(char const* from, char* out) noexcept {
    std::memcpy(out, from, 16);
    std::memcpy(out + 16, from + 16, 16);
}
// Of mostly 32 to 200 bytes, of which memcpy() takes a third just to be called. Without a loop up to 96; the last block
// overlaps the one before it.
[[gnu::always_inline]] inline char* copy_text(std::string_view from, char* out) noexcept {
    char const* const at = from.data();
    auto const size = from.size();
    if (size < 32) [[unlikely]] {
        std::memcpy(out, at, size);
        return out + size;
    }
    copy_32(at, out);
    if (size > 64) {
        copy_32(at + 32, out + 32);
        for (std::size_t i = 64; i + 32 < size; i += 32) copy_32(at + i, out + i);
    }
    copy_32(at + size - 32, out + size - 32);
    return out + size;
}

template <class Write>
[[gnu::always_inline]] inline char* write_line(series const& of, char* out, Write&& write_number) noexcept {
    out = write_number(copy_text(of.text(), out));
    *out++ = '\n';
    return out;
}

#if TACHO_USES_SSE2

// Two integers as text, whose digits are worked out side by side: a tenth less for a line than one by one.
class two_integers {
public:
    two_integers(std::uint64_t first, std::uint64_t second) noexcept : values_{first, second} {
        // See eight_digits(). In lanes of 64 bits, then 32, then 16, which is what there are multiplications for. Of a
        // number of more digits it comes to anything, which write() doesn't look at.
        auto const both = _mm_unpacklo_epi64(lane(first), lane(second));
        auto const upper = _mm_srli_epi64(_mm_mul_epu32(both, _mm_set1_epi64x(0xD1B71759)), 45);  // by 10000
        auto const lower = _mm_sub_epi64(both, _mm_mul_epu32(upper, _mm_set1_epi64x(10000)));
        auto const halves = _mm_or_si128(upper, _mm_slli_epi64(lower, 32));
        auto const above = _mm_slli_epi32(halves, 16);
        auto const hundreds = _mm_srli_epi16(_mm_mulhi_epu16(_mm_or_si128(halves, above), _mm_set1_epi16(10486)), 4);
        auto const pairs = _mm_sub_epi16(above, _mm_mullo_epi16(hundreds, _mm_set1_epi32(100 << 16 | 0xFFFF)));
        auto const tens = _mm_mulhi_epu16(pairs, _mm_set1_epi16(6554));
        auto const digits =
            _mm_sub_epi16(_mm_slli_epi16(pairs, 8), _mm_mullo_epi16(tens, _mm_set1_epi16((10 << 8) - 1)));
        digits_[0] = static_cast<std::uint64_t>(_mm_cvtsi128_si64(digits));
        digits_[1] = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(digits, digits)));
    }
    [[nodiscard]] char* write(std::size_t which, char* out) const noexcept {
        return values_[which] < 100'000'000 ? write_without_zeros(digits_[which], out)
                                            : write_more_than_eight(values_[which], out);
    }

private:
    static __m128i lane(std::uint64_t value) noexcept { return _mm_cvtsi64_si128(static_cast<long long>(value)); }

    std::uint64_t values_[2], digits_[2];
};

#endif

[[gnu::noinline]] TACHO_FUNCTION std::size_t number_lines_room(std::span<series* const> of) noexcept {
    auto room = of.size() * (number_room + 1);
    for (auto const* const s : of) room += s->text().size();
    return room;
}

TACHO_FUNCTION char* write_number_lines(std::span<series* const> of, number_kind kind, std::uint64_t const* bits,
                                        char* out) noexcept {
    std::size_t i = 0;
    if (kind != number_kind::unsigned_integer) {
        for (; i < of.size(); ++i)
            out = write_line(*of[i], out, [&](char* at) { return write_number({kind, bits[i]}, at); });
        return out;
    }
#if TACHO_USES_SSE2
    for (; i + 2 <= of.size(); i += 2) {
        two_integers const numbers{bits[i], bits[i + 1]};
        out = write_line(*of[i], out, [&](char* at) { return numbers.write(0, at); });
        out = write_line(*of[i + 1], out, [&](char* at) { return numbers.write(1, at); });
    }
#endif
    for (; i < of.size(); ++i) out = write_line(*of[i], out, [&](char* at) { return write_integer(bits[i], at); });
    return out;
}

TACHO_FUNCTION char* write_bucket_lines(family const& of, bool openmetrics, std::span<std::uint64_t const> counts,
                                        std::string_view begun, char* out) noexcept {
    auto const line = [&](std::size_t i, auto const& write_number) {
        if (i != 0) out = copy_text(begun, out);
        out = write_number((openmetrics ? of.bucket_openmetrics(i) : of.bucket_text(i)).write(out));
        *out++ = '\n';
    };
    std::size_t i = 0;
    std::uint64_t up_to = 0;
#if TACHO_USES_SSE2
    for (; i + 2 <= counts.size(); i += 2) {
        auto const first = up_to + counts[i];
        up_to = first + counts[i + 1];
        two_integers const numbers{first, up_to};
        line(i, [&](char* at) { return numbers.write(0, at); });
        line(i + 1, [&](char* at) { return numbers.write(1, at); });
    }
#endif
    for (; i < counts.size(); ++i) {
        up_to += counts[i];
        line(i, [&](char* at) { return write_integer(up_to, at); });
    }
    return out;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
