// SPDX-License-Identifier: MIT
// tacho: the time, from a source that a test can replace.
#pragma once

#include "tacho/version.hpp"

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>

namespace tacho::inline TACHO_ABI {

/// Nanoseconds since the Unix epoch (1970-01-01 UTC): the only time that leaves the process.
using unix_nanos = std::uint64_t;

/// A source of wall-clock time for start times and time stamps. `now()` is thread-safe and does not throw.
template <class T>
concept clock = requires(T& source) {
    { source.now() }
    noexcept->std::same_as<unix_nanos>;
};

namespace detail {

// The whole second since 1970 at which this has come.
[[nodiscard]] constexpr std::uint32_t second_at(unix_nanos time) noexcept {
    return static_cast<std::uint32_t>((time + 999'999'999u) / 1'000'000'000u);
}

// The time that a test has set, and all clocks below show instead of their own; 0 when there is none. Relaxed: it
// orders nothing.
[[gnu::visibility("default")]] inline constinit std::atomic<unix_nanos> set_time{0};

}  // namespace detail

/// The system's wall clock, or a manual_clock's time while there is one.
struct system_clock {
    // Default visibility, as for all that is kept as a pointer: it is the program's, and stays when a plug-in goes.
    /// The time by CLOCK_REALTIME or its like: it may jump when somebody sets the clock.
    [[nodiscard, gnu::visibility("default")]] static unix_nanos now() noexcept {
        using namespace std::chrono;
        if (auto const set = detail::set_time.load(std::memory_order_relaxed); set != 0) [[unlikely]]
            return set;
        return static_cast<unix_nanos>(
            duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
    }
};

/// What timers go by, of std::chrono's kind: std::chrono::steady_clock, or a manual_clock's time while there is one.
/// Beside the system's clock, asking whether there is one costs nothing that can be measured.
struct steady_clock {
    using duration = std::chrono::nanoseconds;                 ///< what it counts in
    using rep = duration::rep;                                 ///< as std::chrono asks of a clock
    using period = duration::period;                           ///< the same
    using time_point = std::chrono::time_point<steady_clock>;  ///< of this clock alone
    static constexpr bool is_steady = true;                    ///< but for a test that moves it backwards

    /// Thread-safe; neither locks nor allocates.
    [[nodiscard]] static time_point now() noexcept {
        if (auto const set = detail::set_time.load(std::memory_order_relaxed); set != 0) [[unlikely]]
            return time_point{duration{static_cast<rep>(set)}};
        return time_point{std::chrono::steady_clock::now().time_since_epoch()};
    }
};

static_assert(clock<system_clock>);

}  // namespace tacho::inline TACHO_ABI
