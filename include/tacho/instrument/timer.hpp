// SPDX-License-Identifier: MIT
// tacho: a timer: measures how long a scope takes, in the unit of the histogram it records into.
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/version.hpp"

#include <chrono>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

// How many of this unit a second has; 0 for a unit that is none of time.
[[nodiscard]] constexpr double per_second(std::string_view ucum) noexcept {
    if (ucum == "s") return 1;
    if (ucum == "ms") return 1e3;
    if (ucum == "us") return 1e6;
    return ucum == "ns" ? 1e9 : 0;
}

template <class Unit>
concept unit_of_time = (per_second(Unit::ucum) != 0);

template <class Unit, class Rep, class Period>
[[nodiscard]] constexpr double in_unit(std::chrono::duration<Rep, Period> time) noexcept {
    return std::chrono::duration<double>(time).count() * per_second(Unit::ucum);
}

}  // namespace detail

/// Records the time from its birth to its end, by tacho::steady_clock or another one of std::chrono's kind. Movable;
/// holds its series alive. `Handle` is a histogram's, `Unit` its unit, one of time. Where the labels are known only at
/// the end, take the time yourself:
/// `auto const start = tacho::steady_clock::now(); ... duration(status).observe(tacho::steady_clock::now() - start);`
template <class Handle, class Unit, class Clock = steady_clock>
class [[nodiscard]] timer {
public:
    /// Starts now.
    explicit timer(Handle into) noexcept : into_(std::move(into)), start_(now()) {}
    timer(timer&& other) noexcept
        : into_(other.into_), start_(other.start_), runs_(std::exchange(other.runs_, false)) {}
    timer& operator=(timer&&) = delete;
    ~timer() { stop(); }

    /// The time since the start, in the histogram's unit; 0 with TACHO_OFF, since it isn't taken.
    [[nodiscard]] double elapsed() const noexcept { return detail::in_unit<Unit>(now() - start_); }
    /// Records now, once; the end then records nothing.
    void stop() noexcept {
        if (std::exchange(runs_, false)) into_.observe(elapsed());
    }
    /// Records nothing.
    void cancel() noexcept { runs_ = false; }

private:
    static typename Clock::time_point now() noexcept {
        if constexpr (detail::recording)
            return Clock::now();
        else
            return {};
    }

    Handle into_;
    typename Clock::time_point start_;
    bool runs_ = true;
};

}  // namespace tacho::inline TACHO_ABI
