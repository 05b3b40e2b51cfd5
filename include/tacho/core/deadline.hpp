// SPDX-License-Identifier: MIT
// tacho: a deadline that another thread may bring forward: one budget for connecting, sending and all retries.
#pragma once

#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

namespace tacho::inline TACHO_ABI {

/// A point of the steady clock. Any thread may ask, and bring it forward, at any time.
class deadline {
public:
    using clock = std::chrono::steady_clock;  ///< steady: it is not set by anybody

    /// At this point of time. Implicit: where one is wanted that nobody brings forward, a point of time will do.
    deadline(clock::time_point at) noexcept : at_(at.time_since_epoch().count()) {}
    deadline(deadline const&) = delete;
    deadline& operator=(deadline const&) = delete;

    /// When it is, as far as anybody has said by now.
    [[nodiscard]] clock::time_point when() const noexcept {
        // Relaxed: the value says all there is to know; a reader who misses a change asks again soon.
        return clock::time_point{clock::duration{at_.load(std::memory_order_relaxed)}};
    }
    /// Whether it is time to give up.
    [[nodiscard]] bool passed() const noexcept { return clock::now() >= when(); }
    /// Never negative.
    [[nodiscard]] std::chrono::milliseconds remaining() const noexcept {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(when() - clock::now());
        return (std::max)(left, std::chrono::milliseconds{0});
    }
    /// Brings it forward; never puts it off.
    void no_later_than(clock::time_point at) noexcept {
        auto const wanted = at.time_since_epoch().count();
        auto seen = at_.load(std::memory_order_relaxed);
        while (wanted < seen && !at_.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) {
        }
    }

private:
    std::atomic<clock::rep> at_;
};

}  // namespace tacho::inline TACHO_ABI
