// SPDX-License-Identifier: MIT
// tacho: the cells of one observable series: its value, since when it counts, and when it was last observed.
#pragma once

#include "tacho/cell/arena.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tacho::inline TACHO_ABI::detail {

// The layout of a run. The value comes first, where that of any other series is.
inline constexpr std::size_t observed_value_cell = 0;
inline constexpr std::size_t observed_start_cell = 1;  // nanoseconds since the epoch; 0 before the first value
inline constexpr std::size_t observed_round_cell = 2;  // the last round of callbacks that observed it; 0 before
inline constexpr std::size_t observed_cell_count = 3;

// Whether a total is lower than it was, though totals only grow: it began anew.
[[nodiscard]] constexpr bool fell(number now, std::uint64_t before) noexcept {
    if (now.kind == number_kind::floating) return now.as_double() < number{now.kind, before}.as_double();
    return now.kind == number_kind::signed_integer ? now.as_signed() < number{now.kind, before}.as_signed()
                                                   : now.bits < before;
}

// Shows a value that a round observed. `start` is since when it counts if it is the first, or, for a total, if it began
// anew. One writer at a time; readers may see one cell new and another old, of neighbouring rounds.
inline void publish(word* run, number value, bool is_total, unix_nanos start, std::uint64_t round) noexcept {
    // Relaxed but for the round: whoever sees the round (acquire) sees the value and the start of it, or later ones.
    auto& start_cell = run[observed_start_cell];
    bool const anew = is_total && fell(value, run[observed_value_cell].load(std::memory_order_relaxed));
    if (anew || start_cell.load(std::memory_order_relaxed) == 0) start_cell.store(start, std::memory_order_relaxed);
    run[observed_value_cell].store(value.bits, std::memory_order_relaxed);
    run[observed_round_cell].store(round, std::memory_order_release);
}

// Whether it was observed in this round or a later one.
[[nodiscard]] inline bool was_observed(word* run, std::uint64_t since_round) noexcept {
    auto const round = run[observed_round_cell].load(std::memory_order_acquire);
    return round != 0 && round >= since_round;
}

[[nodiscard]] inline unix_nanos observed_start(word* run) noexcept {
    return run[observed_start_cell].load(std::memory_order_relaxed);
}

// How the rounds of callbacks go for one family. For the thread of the round under way only.
class observed_rounds {
public:
    // A callback of the family is about to run. True for the first one of a round.
    bool begin(std::uint64_t round) noexcept {
        if (round_ == round) return false;
        if (!failed_) complete_ = round_;
        round_ = round;
        failed_ = false;
        series_ = 0;
        return true;
    }
    // What a callback observed is not shown: the round knows of some series no more than the one before.
    void fail() noexcept { failed_ = true; }

    // The last round before this one in which no callback failed, and 1 if there is none: what was not observed since
    // then was left out on purpose.
    [[nodiscard]] std::uint64_t complete() const noexcept { return (std::max)(complete_, std::uint64_t{1}); }

    // Counts one more series of this round; false when it would be one too many.
    [[nodiscard]] bool admit(std::size_t limit) noexcept {
        if (series_ == limit) return false;
        ++series_;
        return true;
    }

private:
    std::uint64_t round_ = 0, complete_ = 0;
    std::size_t series_ = 0;
    bool failed_ = false;
};

}  // namespace tacho::inline TACHO_ABI::detail
