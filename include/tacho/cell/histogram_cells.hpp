// SPDX-License-Identifier: MIT
// tacho: the cells of one histogram, and how they are read while other threads write them.
#pragma once

#include "tacho/cell/cells.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tacho::inline TACHO_ABI::detail {

// The layout of a run: observations begun, the sum, then a count for each bucket. There is no cell for the number of
// observations: it is the sum of the buckets that were read, so the bucket up to +Inf can't disagree with it.
inline constexpr std::size_t begun_cell = 0;
inline constexpr std::size_t sum_cell = 1;
inline constexpr std::size_t first_bucket_cell = 2;

[[nodiscard]] constexpr std::size_t histogram_cell_count(std::size_t bound_count) noexcept {
    return first_bucket_cell + bound_count + 1;
}
static_assert(histogram_cell_count(256) <= cells_per_page);

template <bool Owned, class Number>
[[gnu::always_inline]] inline void add_released(word& cell, Number n) noexcept {
    if constexpr (Owned)
        add_owned(cell, n, std::memory_order_release);
    else
        add_shared(cell, n, std::memory_order_release);
}

// One observation by the owner of a slot, or in the common slot. Each store is a release, and their order is what makes
// a reader's checks work. Whoever sees `begun` at k (acquire) sees all of the observations before the k-th; whoever
// sees anything of the k-th (acquire) sees `begun` at k or more.
template <bool IntoSum, bool Owned>
[[gnu::always_inline]] inline void observe_at(word* own, std::size_t bucket, [[maybe_unused]] double value) noexcept {
    add_released<Owned>(own[begun_cell], std::uint64_t{1});
    if constexpr (IntoSum) add_released<Owned>(own[sum_cell], value);
    add_released<Owned>(own[first_bucket_cell + bucket], std::uint64_t{1});
}

// By a thread that has no slot yet, or can't have one. Not inlined: it would cost the others registers.
template <bool IntoSum>
[[gnu::noinline]] void observe_without_slot(word* run, std::size_t bucket, double value) noexcept {
    auto const offset = claim_slot();
    if (offset == 0)
        observe_at<IntoSum, false>(run, bucket, value);
    else
        observe_at<IntoSum, true>(&in_slot(run, offset), bucket, value);
}

template <class Cells, bool IntoSum>
void observe(word* run, std::size_t bucket, double value) noexcept {
    if constexpr (!Cells::is_sharded)
        observe_at<IntoSum, false>(run, bucket, value);
    else if (auto const offset = own_offset; offset != 0) [[likely]]
        observe_at<IntoSum, true>(&in_slot(run, offset), bucket, value);
    else
        observe_without_slot<IntoSum>(run, bucket, value);
}

struct histogram_reading {
    double sum = 0;
    std::uint64_t count = 0;
    std::size_t torn_slots = 0;  // that changed faster than they could be read
};

// Adds one slot's numbers to `buckets` and `total`. A cut is exact when the buckets add up to the observations begun by
// the end of reading: they count completed ones only, and the sum is then of just these. A cut between two equal values
// of `begun` lacks at most the observation in flight of each thread that writes here, in the buckets or in the sum; it
// is what can be had when a writer is preempted halfway.
inline void read_histogram_slot(word* own, std::span<std::uint64_t> buckets, histogram_reading& total) noexcept {
    constexpr int tries = 256;  // one or two do, unless several saturated threads share the common slot
    std::uint64_t seen[cells_per_page];
    for (int attempt = 1;; ++attempt) {
        auto const begun = own[begun_cell].load(std::memory_order_acquire);
        if (begun == 0) return;  // never used
        std::uint64_t count = 0;
#pragma GCC unroll 4  // these two loops, one bucket at a time, take a tenth of the time of a histogram's lines
        for (std::size_t i = 0; i < buckets.size(); ++i) {
            seen[i] = own[first_bucket_cell + i].load(std::memory_order_acquire);
            count += seen[i];
        }
        auto const sum = std::bit_cast<double>(own[sum_cell].load(std::memory_order_acquire));
        auto const begun_by_now = own[begun_cell].load(std::memory_order_relaxed);  // after the acquires above
        bool const whole = begun_by_now == count || begun_by_now == begun;
        if (!whole && attempt < tries) continue;
#pragma GCC unroll 4
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

}  // namespace tacho::inline TACHO_ABI::detail
