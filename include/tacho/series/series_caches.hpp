// SPDX-License-Identifier: MIT
// tacho: where instruments of few known label combinations find their series without looking them up.
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/series/series.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <span>
#include <vector>

namespace tacho::inline TACHO_ABI::detail {

// The cells of each combination, nullptr where they aren't known, and the series that they are of: apart, because a
// look-up that hits needs just the cells. They belong to the instrument.
struct series_cache {
    std::span<std::atomic<word*>> cells;
    std::span<std::atomic<series*>> from;

    void fill(std::size_t place, series& s) const noexcept {
        // Each a release, matched by an acquire: who found the cells of a series may find the one after it here.
        from[place].store(&s, std::memory_order_release);
        cells[place].store(s.cells(), std::memory_order_release);
    }
};

// Those of all instruments of one family. One thread at a time.
class series_caches {
public:
    // False without memory.
    [[nodiscard]] bool add(series_cache cache) noexcept;
    void drop(series_cache cache) noexcept;
    // It is found there no more by those who begin to look later.
    void forget(series const& gone) noexcept;

private:
    std::vector<series_cache> all_;
};

#if TACHO_BODIES

TACHO_FUNCTION bool series_caches::add(series_cache cache) noexcept {
    return attempt([&] { all_.push_back(cache); });
}

TACHO_FUNCTION void series_caches::drop(series_cache cache) noexcept {
    std::erase_if(all_, [&](auto const& c) { return c.cells.data() == cache.cells.data(); });
}

TACHO_FUNCTION void series_caches::forget(series const& gone) noexcept {
    for (auto const& cache : all_)
        for (std::size_t i = 0; i < cache.from.size(); ++i)
            if (cache.from[i].load(std::memory_order_relaxed) == &gone)
                cache.cells[i].store(nullptr, std::memory_order_relaxed);
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
