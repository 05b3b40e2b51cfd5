// SPDX-License-Identifier: MIT
// tacho: from a value to its bucket, by a table of where the bounds are.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/floating.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace tacho::inline TACHO_ABI::detail {

// How many bounds lie below a value, which is the index of the bucket (bounds[i-1], bounds[i]] that holds it. By a
// binary search without branches: the processor can't guess them, and a wrong guess costs more than the search (11
// bounds: 5 ns, std::lower_bound 18).
[[nodiscard]] inline std::size_t search_bucket(std::span<double const> bounds, double value) noexcept {
    double const* at = bounds.data();
    std::size_t left = bounds.size();
    for (; left > 1; left -= left / 2) at += static_cast<std::size_t>(at[left / 2 - 1] < value) * (left / 2);
    auto const before = static_cast<std::size_t>(at - bounds.data());
    return before + (left == 1 && *at < value ? 1 : 0);
}

// The line of numbers in pieces, each with at most one bound in it: the bits of a positive double grow with it, so its
// exponent and as many bits of its mantissa as are needed say which piece it is in, and one comparison says on which
// side of the bound. Bounds with a sign are searched, and those that would need too many pieces, as they lie very near
// to each other.
//
// What counts is how long it takes from a value to the place of its bucket, more than how many instructions that takes:
// a Zen 3 lets what the next observation reads wait until it knows where this one writes. So the way has one read from
// a table, and integers only: 5 ns there, and 8 with two reads, one behind the other, and a comparison of doubles.
class bucket_table {
public:
    // The bounds have to live as long, and not to move. Allocates; throws for lack of memory.
    explicit bucket_table(std::span<double const> bounds);

    // The index of the bucket that holds a value; as many as there are bounds beyond the last. Not for NaN, which a
    // program may overlook that is compiled with -ffast-math: it has some bucket then, and no cell beyond them.
    [[nodiscard]] std::size_t find(double value) const noexcept {
        if (last_ == 0) [[unlikely]]
            return search_bucket(bounds_, value);
        // Values below zero have their sign for a first bit: they are before all pieces, and below all bounds.
        auto const bits = std::bit_cast<std::int64_t>(value);
        auto const at = std::clamp((bits >> shift_) - before_, std::int64_t{0}, last_);
        auto const& in = pieces_[static_cast<std::size_t>(at)];
        return in.start + (in.bound < bits ? std::size_t{1} : 0);
    }

    [[nodiscard]] bool searches() const noexcept { return last_ == 0; }

private:
    struct piece {
        std::int64_t bound;  // the bits of the first one that is not before it; behind the last, above all
        std::size_t start;   // how many are before it
    };
    static constexpr std::int64_t most_pieces = 1024;

    [[nodiscard]] bool divide(int shift);

    std::span<double const> bounds_;
    std::vector<piece> pieces_;
    int shift_ = 0;
    std::int64_t before_ = 0;  // the first piece, which is all before that of the first positive bound
    std::int64_t last_ = 0;    // counted from that one; 0 without pieces
};

#if TACHO_BODIES

TACHO_FUNCTION bucket_table::bucket_table(std::span<double const> bounds) : bounds_(bounds) {
    if (bounds.empty() || is_negative(bounds.front()) || bounds.back() == 0) return;
    for (int shift = 52; shift > 40; --shift)
        if (divide(shift)) return;
}

// With pieces of so many bits; false when two bounds would be in one, or the pieces too many.
TACHO_FUNCTION bool bucket_table::divide(int shift) {
    auto const piece_of = [shift](double value) { return std::bit_cast<std::int64_t>(value) >> shift; };
    auto const together = [&](double a, double b) { return piece_of(a) == piece_of(b); };
    if (std::adjacent_find(bounds_.begin(), bounds_.end(), together) != bounds_.end()) return false;
    auto const before = piece_of(bounds_[bounds_.front() > 0 ? 0 : 1]) - 1;  // where zero is
    auto const pieces = piece_of(bounds_.back()) - before + 2;
    if (pieces > most_pieces) return false;
    shift_ = shift;
    before_ = before;
    last_ = pieces - 1;
    pieces_.reserve(static_cast<std::size_t>(pieces));
    std::size_t passed = 0;
    for (std::int64_t at = 0; at < pieces; ++at) {
        auto const begin = std::bit_cast<double>((before + at) << shift);
        while (at != 0 && passed < bounds_.size() && bounds_[passed] < begin) ++passed;
        pieces_.push_back({passed < bounds_.size() ? std::bit_cast<std::int64_t>(bounds_[passed])
                                                   : (std::numeric_limits<std::int64_t>::max)(),
                           passed});
    }
    return true;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
