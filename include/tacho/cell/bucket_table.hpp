// SPDX-License-Identifier: MIT
// tacho: from a value to its bucket, by a table of where the bounds are.
#pragma once

#include "tacho/cell/histogram_cells.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace tacho::inline TACHO_ABI::detail {

// The line of numbers in pieces, each with at most one bound in it: the bits of a positive double grow with it, so its
// exponent and as many bits of its mantissa as are needed say which piece it is in, and one comparison says on which
// side of the bound. 11 bounds: a whole observation takes 2.5 ns, and 4.8 where it compares with all of them, two at a
// time. Bounds with a sign, and those that lie very near to each other, are searched.
class bucket_table {
public:
    // The bounds have to live as long, and not to move. Allocates; throws for lack of memory.
    explicit bucket_table(std::span<double const> bounds);

    // The index of the bucket that holds a value; as many as there are bounds beyond the last. Not for NaN.
    [[nodiscard]] std::size_t find(double value) const noexcept {
        if (starts_.empty()) [[unlikely]]
            return bucket_of(bounds_, value);
        // Values below zero have their sign for a first bit, and are before all pieces.
        auto const piece = (std::bit_cast<std::int64_t>(value) >> shift_) - before_;
        std::size_t const start = starts_[static_cast<std::size_t>(std::clamp(piece, std::int64_t{0}, last_))];
        return start + (padded_[start] < value ? 1 : 0);
    }

    [[nodiscard]] bool searches() const noexcept { return starts_.empty(); }

private:
    static constexpr std::int64_t most_pieces = 1024;  // of two bytes

    [[nodiscard]] bool divide(int shift);

    std::span<double const> bounds_;
    std::vector<std::uint16_t> starts_;  // how many bounds are before each piece
    std::vector<double> padded_;         // the bounds, and infinity
    int shift_ = 0;
    std::int64_t before_ = 0, last_ = 0;  // the first piece, which is all before that of the first positive bound
};

#if TACHO_BODIES

TACHO_FUNCTION bucket_table::bucket_table(std::span<double const> bounds) : bounds_(bounds) {
    if (bounds.empty() || std::signbit(bounds.front()) || bounds.back() == 0) return;
    for (int shift = 52; shift > 40; --shift)
        if (divide(shift)) break;
    if (starts_.empty()) return;
    padded_.assign(bounds.begin(), bounds.end());
    padded_.push_back(std::numeric_limits<double>::infinity());
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
    starts_.reserve(static_cast<std::size_t>(pieces));
    starts_.push_back(0);
    std::size_t passed = 0;
    for (std::int64_t piece = 1; piece < pieces; ++piece) {
        auto const begin = std::bit_cast<double>((before + piece) << shift);
        while (passed < bounds_.size() && bounds_[passed] < begin) ++passed;
        starts_.push_back(static_cast<std::uint16_t>(passed));
    }
    return true;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
