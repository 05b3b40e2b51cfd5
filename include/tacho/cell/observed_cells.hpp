// tacho: the cells of one observable series: its value, since when it counts, and when it was last observed.
#pragma once

#include "tacho/cell/arena.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/number_text.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tacho::inline v0::detail {

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

}  // namespace tacho::inline v0::detail
