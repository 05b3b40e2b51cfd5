// SPDX-License-Identifier: MIT
// tacho: how far readers have come who report what happened in between, and so must see what is removed once more.
#pragma once

#include "tacho/version.hpp"

#include <atomic>
#include <cstdint>

namespace tacho::inline TACHO_ABI::detail {

struct [[gnu::visibility("default")]] reader_clock;  // the program's, in a plug-in too

// Counts removals of series and families. A reader remembers where the clock stood when it last collected.
struct reader_clock {
    std::atomic<std::uint64_t> now{0};
    std::atomic<std::uint64_t> settled{~std::uint64_t{0}};  // every reader has collected what was removed up to here

    // The stamp of what has just been removed. Release: whoever reads the new time sees the removal.
    std::uint64_t next() noexcept { return now.fetch_add(1, std::memory_order_acq_rel) + 1; }
};

}  // namespace tacho::inline TACHO_ABI::detail
