// SPDX-License-Identifier: MIT
// tacho: the cells of one exponential histogram, whose buckets become wider as values spread, while others read them.
#pragma once

#include "tacho/cell/cells.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/exponential_counts.hpp"
#include "tacho/core/exponential_index.hpp"
#include "tacho/core/floating.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#if TACHO_BODIES
#include <thread>
#endif

namespace tacho::inline TACHO_ABI::detail {

// The layout of a run: observations begun, the sum, the zeros, a lock that only the common slot needs, a window for
// each sign, then three areas of buckets: one for each sign, and a spare one. To make its buckets wider, a sign's
// writer counts them together in the spare area and then says so in the sign's window, one number: a reader always
// finds whole buckets, in the one area or in the other, even while the writer is preempted. The area that was left is
// zeroed and is the next spare one.
inline constexpr std::size_t exponential_begun = 0;
inline constexpr std::size_t exponential_sum = 1;
inline constexpr std::size_t exponential_zeros = 2;
inline constexpr std::size_t exponential_lock = 3;
inline constexpr std::size_t exponential_windows = 4;  // of positive and of negative values
inline constexpr std::size_t exponential_areas = 6;

[[nodiscard]] constexpr std::size_t exponential_cell_count(std::size_t max_buckets) noexcept {
    return exponential_areas + 3 * max_buckets;
}
static_assert(exponential_cell_count(max_exponential_buckets) <= cells_per_page);

// Which buckets a sign's area holds. The area is a ring: bucket `low` is at `turn`, and those after it follow, so that
// a window can grow at either end without moving what is counted. All-zero bits are an empty window of scale 20.
struct exponential_window {
    std::int32_t low = 0;
    std::uint32_t width = 0;
    std::uint32_t turn = 0;
    int coarse = 0;          // 20 less the scale
    std::uint32_t area = 0;  // of negative values it is the one after; both begin with 0

    [[nodiscard]] static exponential_window of(std::uint64_t bits) noexcept {
        return {static_cast<std::int32_t>(static_cast<std::uint32_t>(bits)),
                static_cast<std::uint32_t>(bits >> 32 & 255), static_cast<std::uint32_t>(bits >> 40 & 255),
                static_cast<int>(bits >> 48 & 31), static_cast<std::uint32_t>(bits >> 53)};
    }
    [[nodiscard]] std::uint64_t bits() const noexcept {
        return static_cast<std::uint32_t>(low) | std::uint64_t{width} << 32 | std::uint64_t{turn} << 40 |
               static_cast<std::uint64_t>(coarse) << 48 | std::uint64_t{area} << 53;
    }
    [[nodiscard]] std::int64_t last() const noexcept { return std::int64_t{low} + width - 1; }
    // The cell of the bucket that is `i` after `low`.
    [[nodiscard]] std::size_t cell(std::size_t i, std::size_t max_buckets) const noexcept {
        auto const at = i + turn;
        return exponential_areas + area * max_buckets + (at < max_buckets ? at : at - max_buckets);
    }
};
// The window of a sign, with its area counted from 0 for both.
[[nodiscard]] inline exponential_window window_of(std::uint64_t bits, bool negative) noexcept {
    auto window = exponential_window::of(bits);
    if (negative) window.area = window.area == 2 ? 0 : window.area + 1;
    return window;
}
// Release, as all stores here: whoever sees one (acquire) sees all before it, and so a window that was left.
inline void publish(word& cell, exponential_window window, bool negative) noexcept {
    if (negative) window.area = window.area == 0 ? 2 : window.area - 1;
    cell.store(window.bits(), std::memory_order_release);
}

// Makes room for bucket `index` of a sign, and gives its cell. Seldom: a window grows by every bucket at most once at
// each scale, and there are 31 scales.
std::size_t widen(word* own, std::size_t max_buckets, bool negative, std::int64_t index) noexcept;
#if TACHO_BODIES
[[gnu::noinline, gnu::cold]] TACHO_FUNCTION std::size_t widen(word* own, std::size_t max_buckets, bool negative,
                                                              std::int64_t index) noexcept {
    word& cell = own[exponential_windows + (negative ? 1 : 0)];
    auto window = window_of(cell.load(std::memory_order_relaxed), negative);
    if (window.width == 0) {
        window.low = static_cast<std::int32_t>(index);
        window.width = 1;
        publish(cell, window, negative);
        return window.cell(0, max_buckets);
    }
    int by = 0;
    while (are_too_many((std::min)(index, std::int64_t{window.low}), (std::max)(index, window.last()), by, max_buckets))
        ++by;
    if (by != 0) {
        auto const other =
            window_of(own[exponential_windows + (negative ? 0 : 1)].load(std::memory_order_relaxed), !negative);
        exponential_window wider;
        wider.low = window.low >> by;
        wider.width = static_cast<std::uint32_t>((window.last() >> by) - wider.low + 1);
        wider.coarse = window.coarse + by;
        wider.area = 3 - window.area - other.area;
        // It is zero, but where a thread was here when its process forked: in the child the slot is another's, which
        // goes on from what was half done.
        for (std::size_t i = 0; i < max_buckets; ++i)
            own[exponential_areas + wider.area * max_buckets + i].store(0, std::memory_order_release);
        for (std::uint32_t i = 0; i < window.width; ++i) {
            auto const place = static_cast<std::size_t>(((std::int64_t{window.low} + i) >> by) - wider.low);
            add_owned(own[wider.cell(place, max_buckets)],
                      own[window.cell(i, max_buckets)].load(std::memory_order_relaxed), std::memory_order_release);
        }
        publish(cell, wider, negative);
        for (std::uint32_t i = 0; i < window.width; ++i)
            own[window.cell(i, max_buckets)].store(0, std::memory_order_release);
        window = wider;
        index >>= by;
    }
    if (index < window.low) {
        auto const more = static_cast<std::uint32_t>(window.low - index);
        window.low = static_cast<std::int32_t>(index);
        window.width += more;
        window.turn =
            window.turn >= more ? window.turn - more : window.turn + static_cast<std::uint32_t>(max_buckets) - more;
        publish(cell, window, negative);
    } else if (index > window.last()) {
        window.width = static_cast<std::uint32_t>(index - window.low) + 1;
        publish(cell, window, negative);
    }
    return window.cell(static_cast<std::size_t>(index - window.low), max_buckets);
}
#endif

// The order of the stores is that of histogram_cells.hpp, and for the same reader's checks.
inline void count_exponential(word* own, std::size_t cell, double value) noexcept {
    add_owned(own[exponential_begun], std::uint64_t{1}, std::memory_order_release);
    add_owned(own[exponential_sum], value, std::memory_order_release);
    add_owned(own[cell], std::uint64_t{1}, std::memory_order_release);
}

[[gnu::noinline]] inline void observe_any_exponential(word* own, exponential_shape const& shape,
                                                      double value) noexcept {
    auto const amount = absolute(value);
    std::size_t cell = exponential_zeros;
    if (amount > shape.zero_threshold) {
        bool const negative = value < 0;
        auto const bits = own[exponential_windows + (negative ? 1 : 0)].load(std::memory_order_relaxed);
        auto const window = window_of(bits, negative);
        auto const index = exponential_index(amount, max_exponential_scale - window.coarse);
        auto const place = static_cast<std::uint32_t>(index) - static_cast<std::uint32_t>(window.low);
        cell = place < window.width ? window.cell(place, shape.max_buckets)
                                    : widen(own, shape.max_buckets, negative, index);
    }
    count_exponential(own, cell, value);
}

// One observation by whoever is the only writer of these cells. What most observations are, a positive number of a
// bucket that is there at a scale of at most 8, calls nothing, and so has no registers to keep: 5 ns become 3.
inline void observe_exponential_owned(word* own, exponential_shape const& shape, double value) noexcept {
    auto const window = exponential_window::of(own[exponential_windows].load(std::memory_order_relaxed));
    auto const split = split_normal(value);
    constexpr int least_coarse = max_exponential_scale - table_scale;
    if (value > shape.zero_threshold && is_split(split) && window.coarse >= least_coarse) [[likely]] {
        auto const index = index_at_scale_8(split) >> (window.coarse - least_coarse);
        auto const place = static_cast<std::uint32_t>(index) - static_cast<std::uint32_t>(window.low);
        if (place < window.width) [[likely]]
            return count_exponential(own, window.cell(place, shape.max_buckets), value);
    }
    observe_any_exponential(own, shape, value);
}

// The common slot has many writers, of which one writes at a time. Its lock says of which process: in a child of fork()
// nobody has what a thread of the parent held.
void observe_exponential_locked(word* own, exponential_shape const& shape, double value) noexcept;
#if TACHO_BODIES
[[gnu::noinline]] TACHO_FUNCTION void observe_exponential_locked(word* own, exponential_shape const& shape,
                                                                 double value) noexcept {
    word& lock = own[exponential_lock];
    auto const taken = std::uint64_t{this_process()} + 1;
    for (int tries = 0;; ++tries) {
        auto free = lock.load(std::memory_order_relaxed);
        // Acquire: what the last writer wrote is seen.
        if (free != taken &&
            lock.compare_exchange_weak(free, taken, std::memory_order_acquire, std::memory_order_relaxed))
            break;
        if (tries >= 64) std::this_thread::yield();  // its holder was preempted
    }
    observe_exponential_owned(own, shape, value);
    lock.store(0, std::memory_order_release);
}
#endif

// Finite values only.
template <class Cells>
void observe_exponential(word* run, exponential_shape const& shape, double value) noexcept {
    auto offset = Cells::is_sharded ? own_offset : 0;
    if (Cells::is_sharded && offset == 0) offset = claim_slot();
    if (offset != 0) [[likely]]
        return observe_exponential_owned(&in_slot(run, offset), shape, value);
    observe_exponential_locked(run, shape, value);
}

// What several slots counted, added up.
struct exponential_reading {
    exponential_counts positive, negative;
    std::uint64_t zero_count = 0;
    std::uint64_t count = 0;
    double sum = 0;
    std::size_t torn_slots = 0;  // that changed faster than they could be read

    [[nodiscard]] exponential_value value() const noexcept {
        auto const coarse = positive.empty() ? negative.coarse() : positive.coarse();
        return {count, sum, zero_count, max_exponential_scale - coarse, positive.view(), negative.view()};
    }
};

inline std::uint64_t read_exponential_window(word const* own, exponential_window window, std::size_t max_buckets,
                                             exponential_counts& into) noexcept {
    std::uint64_t sum = 0;
    into.set_coarse(window.coarse);
    auto const counts = into.reserve(window.low, window.width);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        counts[i] = own[window.cell(i, max_buckets)].load(std::memory_order_acquire);
        sum += counts[i];
    }
    return sum;
}

// Adds one slot's numbers. Begins anew when a window has moved to another area, which it does at most 30 times in its
// life, and otherwise accepts what read_histogram_slot() does, and for the same reasons. A writer that does nothing but
// observe writes 20 times while 160 buckets are read: then the sum may be ahead of the buckets by that, which is
// counted.
inline void read_exponential_slot(word const* own, std::size_t max_buckets, exponential_reading& total) noexcept {
    constexpr int tries = 256;
    exponential_counts positive, negative;
    for (int attempt = 1;; ++attempt) {
        auto const begun = own[exponential_begun].load(std::memory_order_acquire);
        if (begun == 0) return;  // never used
        auto const up = window_of(own[exponential_windows].load(std::memory_order_acquire), false);
        auto const down = window_of(own[exponential_windows + 1].load(std::memory_order_acquire), true);
        auto const zeros = own[exponential_zeros].load(std::memory_order_acquire);
        auto count = zeros + read_exponential_window(own, up, max_buckets, positive);
        count += read_exponential_window(own, down, max_buckets, negative);
        auto const sum = std::bit_cast<double>(own[exponential_sum].load(std::memory_order_acquire));
        // After the acquires above: had they seen anything of a wider window, this sees that it is in force.
        auto const begun_by_now = own[exponential_begun].load(std::memory_order_relaxed);
        auto const up_by_now = exponential_window::of(own[exponential_windows].load(std::memory_order_relaxed));
        auto const down_by_now = exponential_window::of(own[exponential_windows + 1].load(std::memory_order_relaxed));
        bool const moved = up_by_now.coarse != up.coarse || down_by_now.coarse != down.coarse;
        bool const whole = begun_by_now == count || begun_by_now == begun;
        if (moved || (!whole && attempt < tries)) continue;
        total.positive.add(positive, max_buckets);
        total.negative.add(negative, max_buckets);
        total.zero_count += zeros;
        total.count += count;
        total.sum += sum;
        if (!whole) ++total.torn_slots;
        return;
    }
}

[[nodiscard]] inline exponential_reading read_exponential(word* run, bool sharded, std::size_t max_buckets) noexcept {
    exponential_reading total;
    auto const end = (sharded ? slots_in_use() : 1) << slot_shift;
    for (std::size_t offset = 0; offset < end; offset += slot_bytes)
        read_exponential_slot(&in_slot(run, offset), max_buckets, total);
    // One scale for both signs: the coarser.
    if (!total.positive.empty() && !total.negative.empty()) {
        total.positive.shrink(total.negative.coarse() - total.positive.coarse());
        total.negative.shrink(total.positive.coarse() - total.negative.coarse());
    }
    return total;
}

}  // namespace tacho::inline TACHO_ABI::detail
