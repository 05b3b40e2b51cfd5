// SPDX-License-Identifier: MIT
// tacho: a clock that stands still until a test moves it.
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <chrono>

namespace tacho::inline TACHO_ABI {

/// While it lives, the library's clocks show its time instead of the system's, in all threads: `tacho::manual_clock
/// clock; ... clock.advance(250ms);`. They are what timers go by, durations of requests and scrapes, the times at which
/// series are born, removed and expire, those of pushed points and of exemplars, and set_to_current_time(). It begins
/// at the start of 2026, UTC, unless told otherwise. Not by it go deadlines and waits, such as the interval of a
/// pusher, which tests replace by flush(); and registries whose registry_options::now was set.
///
/// Make it before what it is to time, and end it after: a timer that began by another clock has a wrong duration. Of
/// several, the last one made counts, and they end in reverse order. Its members may be called by any thread.
class manual_clock {
public:
    using duration = std::chrono::nanoseconds;           ///< what it counts in
    using time_point = std::chrono::sys_time<duration>;  ///< of the wall clock, which timers see as well

    /// Stands still at this time from now on.
    explicit manual_clock(time_point begin = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}) noexcept {
        set(begin);
    }
    manual_clock(manual_clock const&) = delete;
    manual_clock& operator=(manual_clock const&) = delete;
    ~manual_clock() { detail::set_time.store(before_, std::memory_order_relaxed); }

    /// The time that it shows.
    [[nodiscard]] time_point now() const noexcept {
        return time_point{duration{static_cast<duration::rep>(detail::set_time.load(std::memory_order_relaxed))}};
    }
    /// Also backwards, as a system's clock may go when it is corrected; timers then see times below zero. Not to 1970
    /// or before.
    void advance(duration by) noexcept {
        detail::set_time.fetch_add(static_cast<unix_nanos>(by.count()), std::memory_order_relaxed);
    }
    /// The same to a time of the wall clock.
    void set(time_point to) noexcept {
        detail::set_time.store(static_cast<unix_nanos>(to.time_since_epoch().count()), std::memory_order_relaxed);
    }

private:
    unix_nanos const before_ = detail::set_time.load(std::memory_order_relaxed);
};

}  // namespace tacho::inline TACHO_ABI
