// SPDX-License-Identifier: MIT
// tacho: the buckets of one sign of an exponential histogram: added up, made coarser, and taken off each other.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#all-scales-use-the-logarithm-function
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/exponential_index.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tacho::inline TACHO_ABI {

/// The most buckets of one sign that an exponential histogram may be given.
inline constexpr std::size_t max_exponential_buckets = 168;

/// How an exponential histogram counts.
struct exponential_shape {
    std::size_t max_buckets = 160;  ///< of each sign, 4 to 168; where values spread further, the buckets become wider
    double zero_threshold = 0;      ///< a value whose amount is not above it counts as zero

    friend bool operator==(exponential_shape const&, exponential_shape const&) = default;
};

/// Buckets beside each other; counts[i] is of (base^(offset + i), base^(offset + i + 1)].
struct exponential_buckets {
    /// The index of the first bucket; bucket i holds (base^i, base^(i+1)], where base is 2^(2^-scale).
    std::int32_t offset = 0;
    std::span<std::uint64_t const> counts;  ///< one for each bucket from there on, not cumulative
};

namespace detail {

// Whether buckets `low` to `high` are more than `most` when 2^by neighbours are one.
[[nodiscard]] constexpr bool are_too_many(std::int64_t low, std::int64_t high, int by, std::size_t most) noexcept {
    return (high >> by) - (low >> by) >= static_cast<std::int64_t>(most);
}

// A row of counts of at most 168 neighbouring buckets. Its scale is 20 less `coarse`, so that all-zero is an empty one.
class exponential_counts {
public:
    exponential_counts() = default;
    exponential_counts(int coarse, exponential_buckets const& from) noexcept;

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] int coarse() const noexcept { return coarse_; }
    [[nodiscard]] exponential_buckets view() const noexcept {
        return {static_cast<std::int32_t>(low_), {counts_.data(), size_}};
    }
    [[nodiscard]] std::uint64_t total() const noexcept;

    // Makes it a row of zeros at a place, of the same scale, and gives them to be written.
    std::span<std::uint64_t> reserve(std::int64_t low, std::size_t size) noexcept;
    void set_coarse(int coarse) noexcept { coarse_ = coarse; }

    // Makes 2^by neighbours one. The bounds of the wider buckets are among those of the narrower ones.
    void shrink(int by) noexcept;

    // Adds another row, at the finest scale at which both together are at most `most` buckets.
    void add(exponential_counts const& other, std::size_t most) noexcept;

    // Takes off what an earlier reading of the same buckets counted, and leaves out empty buckets at both ends.
    void subtract(exponential_counts earlier) noexcept;

private:
    [[nodiscard]] std::int64_t last() const noexcept { return low_ + static_cast<std::int64_t>(size_) - 1; }

    // Where the i-th count goes in a row that is coarser by 2^by.
    [[nodiscard]] std::size_t place_in(exponential_counts const& row, std::size_t i, int by) const noexcept {
        return static_cast<std::size_t>(((low_ + static_cast<std::int64_t>(i)) >> by) - row.low_);
    }

    void extend(std::int64_t low, std::int64_t high) noexcept;

    std::int64_t low_ = 0;
    std::size_t size_ = 0;
    int coarse_ = 0;
    std::array<std::uint64_t, max_exponential_buckets> counts_{};
};

#if TACHO_BODIES

TACHO_FUNCTION exponential_counts::exponential_counts(int coarse, exponential_buckets const& from) noexcept
    : coarse_(coarse) {
    reserve(from.offset, from.counts.size());
    std::copy(from.counts.begin(), from.counts.end(), counts_.begin());
}

TACHO_FUNCTION std::uint64_t exponential_counts::total() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < size_; ++i) sum += counts_[i];
    return sum;
}

TACHO_FUNCTION std::span<std::uint64_t> exponential_counts::reserve(std::int64_t low, std::size_t size) noexcept {
    low_ = low;
    size_ = size;
    std::fill_n(counts_.begin(), size, std::uint64_t{0});
    return {counts_.data(), size};
}

TACHO_FUNCTION void exponential_counts::shrink(int by) noexcept {
    if (by <= 0) return;
    coarse_ += by;
    if (size_ == 0) return;
    auto const low = low_ >> by, high = last() >> by;
    for (std::size_t i = 0; i < size_; ++i) {
        auto const count = counts_[i];
        counts_[i] = 0;
        counts_[static_cast<std::size_t>(((low_ + static_cast<std::int64_t>(i)) >> by) - low)] += count;
    }
    low_ = low;
    size_ = static_cast<std::size_t>(high - low + 1);
}

TACHO_FUNCTION void exponential_counts::add(exponential_counts const& other, std::size_t most) noexcept {
    if (other.size_ == 0) return;
    if (size_ == 0) {
        *this = other;
        return;
    }
    shrink(other.coarse_ - coarse_);
    int by = coarse_ - other.coarse_;
    int more = 0;
    while (are_too_many((std::min)(low_, other.low_ >> by), (std::max)(last(), other.last() >> by), more, most)) ++more;
    shrink(more);
    by += more;
    extend((std::min)(low_, other.low_ >> by), (std::max)(last(), other.last() >> by));
    for (std::size_t i = 0; i < other.size_; ++i) counts_[other.place_in(*this, i, by)] += other.counts_[i];
}

TACHO_FUNCTION void exponential_counts::subtract(exponential_counts earlier) noexcept {
    shrink(earlier.coarse_ - coarse_);
    int const by = coarse_ - earlier.coarse_;
    for (std::size_t i = 0; i < earlier.size_; ++i)
        if (auto const place = earlier.place_in(*this, i, by); place < size_) counts_[place] -= earlier.counts_[i];
    while (size_ != 0 && counts_[size_ - 1] == 0) --size_;
    std::size_t first = 0;
    while (first < size_ && counts_[first] == 0) ++first;
    std::copy(counts_.begin() + static_cast<std::ptrdiff_t>(first),
              counts_.begin() + static_cast<std::ptrdiff_t>(size_), counts_.begin());
    size_ -= first;
    low_ += static_cast<std::int64_t>(first);
}

TACHO_FUNCTION void exponential_counts::extend(std::int64_t low, std::int64_t high) noexcept {
    auto const ahead = static_cast<std::size_t>(low_ - low);
    auto const size = static_cast<std::size_t>(high - low + 1);
    std::copy_backward(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(size_),
                       counts_.begin() + static_cast<std::ptrdiff_t>(size_ + ahead));
    std::fill_n(counts_.begin(), ahead, std::uint64_t{0});
    std::fill(counts_.begin() + static_cast<std::ptrdiff_t>(ahead + size_),
              counts_.begin() + static_cast<std::ptrdiff_t>(size), std::uint64_t{0});
    low_ = low;
    size_ = size;
}

#endif

}  // namespace detail

/// What an exponential histogram counted, at one moment.
struct exponential_value {
    std::uint64_t count;           ///< always the sum of the buckets and of zero_count
    double sum;                    ///< also of negative values
    std::uint64_t zero_count;      ///< values whose amount is not above the zero threshold
    int scale;                     ///< of both signs
    exponential_buckets positive;  ///< of values above the zero threshold
    exponential_buckets negative;  ///< by their amounts
};

}  // namespace tacho::inline TACHO_ABI
