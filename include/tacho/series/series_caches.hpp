// tacho: where instruments of few known label combinations find their series without looking them up.
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/series/series.hpp"

#include <atomic>
#include <span>
#include <vector>

namespace tacho::inline v0::detail {

// The place of one combination. Empty while `cells` is nullptr.
struct cached_series {
    std::atomic<word*> cells{nullptr};
    std::atomic<series*> from{nullptr};

    void fill(series& s) noexcept {
        // Each a release, matched by an acquire: who found the cells of a series may find the one after it here.
        from.store(&s, std::memory_order_release);
        cells.store(s.cells(), std::memory_order_release);
    }
};

// The places of all instruments of one family. One thread at a time.
class series_caches {
public:
    // False without memory.
    [[nodiscard]] bool add(std::span<cached_series> cache) noexcept;
    void drop(std::span<cached_series> cache) noexcept;
    // It is found there no more by those who begin to look later.
    void forget(series const& gone) noexcept;

private:
    std::vector<std::span<cached_series>> all_;
};

#if TACHO_BODIES

TACHO_FUNCTION bool series_caches::add(std::span<cached_series> cache) noexcept {
    return attempt([&] { all_.push_back(cache); });
}

TACHO_FUNCTION void series_caches::drop(std::span<cached_series> cache) noexcept {
    std::erase_if(all_, [&](auto const& c) { return c.data() == cache.data(); });
}

TACHO_FUNCTION void series_caches::forget(series const& gone) noexcept {
    for (auto const& cache : all_)
        for (auto& place : cache)
            if (place.from.load(std::memory_order_relaxed) == &gone)
                place.cells.store(nullptr, std::memory_order_relaxed);
}

#endif

}  // namespace tacho::inline v0::detail
