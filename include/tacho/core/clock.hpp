// tacho: the time, from a source that a test can replace.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>

namespace tacho::inline v0 {

/// Nanoseconds since the Unix epoch (1970-01-01 UTC): the only time that leaves the process.
using unix_nanos = std::uint64_t;

/// A source of wall-clock time for start times and time stamps. `now()` is thread-safe and does not throw.
template <class T>
concept clock = requires(T& source) {
    { source.now() }
    noexcept->std::same_as<unix_nanos>;
};

/// The system's wall clock.
struct system_clock {
    // Default visibility, as for all that is kept as a pointer: it is the program's, and stays when a plug-in goes.
    /// The time by CLOCK_REALTIME or its like: it may jump when somebody sets the clock.
    [[nodiscard, gnu::visibility("default")]] static unix_nanos now() noexcept {
        using namespace std::chrono;
        return static_cast<unix_nanos>(
            duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
    }
};

static_assert(clock<system_clock>);

}  // namespace tacho::inline v0
