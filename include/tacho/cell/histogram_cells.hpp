// tacho: the cells of one histogram, and how they are read while other threads write them.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "tacho/cell/cells.hpp"

namespace tacho::inline v0::detail {

// The layout of a run: observations begun, the sum, then a count for each bucket. There is no cell for the number of
// observations: it is the sum of the buckets that were read, so the bucket up to +Inf can't disagree with it.
inline constexpr std::size_t begun_cell = 0;
inline constexpr std::size_t sum_cell = 1;
inline constexpr std::size_t first_bucket_cell = 2;

[[nodiscard]] constexpr std::size_t histogram_cell_count(std::size_t bound_count) noexcept {
    return first_bucket_cell + bound_count + 1;
}
static_assert(histogram_cell_count(256) <= cells_per_page);

// The index of the bucket (bounds[i-1], bounds[i]] that holds a value; bounds.size() beyond the last. Not for NaN.
[[nodiscard]] inline std::size_t bucket_of(std::span<double const> bounds, double value) noexcept {
    return static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
}

// One observation by the owner of a slot, or in the common slot. The order is what makes a reader's check work: begun
// before sum before bucket. Whoever sees a bucket's new count (acquire) therefore sees the sum that belongs to it, and
// whoever sees that sum sees that the observation was begun.
template <class Cells>
void observe(word* run, std::size_t bucket, double value, bool into_sum) noexcept {
    auto offset = Cells::is_sharded ? own_offset : 0;
    if (Cells::is_sharded && offset == 0) offset = claim_slot();
    word* const own = &in_slot(run, offset);
    if (offset != 0) [[likely]] {
        add_owned(own[begun_cell], std::uint64_t{1});
        if (into_sum) add_owned(own[sum_cell], value, std::memory_order_release);
        add_owned(own[first_bucket_cell + bucket], std::uint64_t{1}, std::memory_order_release);
    } else {
        add_shared(own[begun_cell], std::uint64_t{1});
        if (into_sum) add_shared(own[sum_cell], value, std::memory_order_release);
        add_shared(own[first_bucket_cell + bucket], std::uint64_t{1}, std::memory_order_release);
    }
}

struct histogram_reading {
    double sum = 0;
    std::uint64_t count = 0;
    std::size_t torn_slots = 0;  // whose sum may be ahead of their buckets by the observation in flight
};

// Adds one slot's numbers to `buckets` and `total`. A cut is whole when the buckets add up to the observations begun:
// each bucket read is at most its value at the end, they count completed observations only, and `begun` is read last.
inline void read_histogram_slot(word* own, std::span<std::uint64_t> buckets, histogram_reading& total) noexcept {
    if (own[begun_cell].load(std::memory_order_relaxed) == 0) return;  // never used
    constexpr int tries = 8;  // one saturated writer disturbs 1 cut in 1000; one that is preempted halfway disturbs all
    std::uint64_t seen[cells_per_page];
    for (int attempt = 1;; ++attempt) {
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < buckets.size(); ++i) {
            seen[i] = own[first_bucket_cell + i].load(std::memory_order_acquire);
            count += seen[i];
        }
        auto const sum = std::bit_cast<double>(own[sum_cell].load(std::memory_order_acquire));
        bool const whole = own[begun_cell].load(std::memory_order_relaxed) == count;
        if (!whole && attempt < tries) continue;
        for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += seen[i];
        total.sum += sum;
        total.count += count;
        if (!whole) ++total.torn_slots;
        return;
    }
}

// Reads a histogram's run into `buckets`, one number a bucket, not cumulative; `count` is always their sum.
[[nodiscard]] inline histogram_reading read_histogram(word* run, bool sharded,
                                                      std::span<std::uint64_t> buckets) noexcept {
    std::fill(buckets.begin(), buckets.end(), std::uint64_t{0});
    histogram_reading total;
    auto const end = (sharded ? slots_in_use() : 1) << slot_shift;
    for (std::size_t offset = 0; offset < end; offset += slot_bytes)
        read_histogram_slot(&in_slot(run, offset), buckets, total);
    return total;
}

}  // namespace tacho::inline v0::detail
