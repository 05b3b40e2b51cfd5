// SPDX-License-Identifier: MIT
// tacho: places of things that are used again, one for each thread that needs one at the same time.
#pragma once

#include "tacho/core/fork.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tacho::inline TACHO_ABI::detail {

class [[gnu::visibility("default")]] place_pool;  // the program's, in a plug-in too

// Which places of an array of 16 are taken. They are never waited for.
class place_pool final : public fork_witness {
public:
    static constexpr std::size_t size = 16;

    place_pool() = default;
    place_pool(place_pool const&) = delete;
    place_pool& operator=(place_pool const&) = delete;

    // The lowest free place, so that n at a time never use more than the first n; `size` when the first `most` are
    // taken.
    [[nodiscard]] std::size_t take(std::size_t most = size) noexcept {
        auto taken = taken_.load(std::memory_order_relaxed);
        for (;;) {
            auto const place = static_cast<std::size_t>(std::countr_one(taken));
            if (place >= most) return size;
            // Acquire: sees what is in the place as whoever gave it back left it.
            if (taken_.compare_exchange_weak(taken, taken | bit(place), std::memory_order_acquire,
                                             std::memory_order_relaxed))
                return place;
        }
    }
    void give_back(std::size_t place) noexcept { taken_.fetch_and(~bit(place), std::memory_order_release); }

    // Whether what is in a place that was just taken must be made anew, and not even destroyed: nobody in a child of
    // fork() gives back what other threads had taken, and they may have been changing it. Said once.
    [[nodiscard]] bool was_left(std::size_t place) noexcept {
        // Relaxed: it is set while there is one thread, and asked by the one thread that has the place.
        if ((left_.load(std::memory_order_relaxed) & bit(place)) == 0) return false;
        left_.fetch_and(~bit(place), std::memory_order_relaxed);
        return true;
    }

    void on_fork(fork_event what) noexcept override {
        if (what != fork_event::in_child) return;
        left_.fetch_or(taken_.exchange(0, std::memory_order_relaxed), std::memory_order_relaxed);
    }

private:
    static constexpr std::uint32_t bit(std::size_t place) noexcept { return std::uint32_t{1} << place; }

    std::atomic<std::uint32_t> taken_{0};  // a bit for each place
    std::atomic<std::uint32_t> left_{0};
    fork_watch watch_{*this};
};

}  // namespace tacho::inline TACHO_ABI::detail
