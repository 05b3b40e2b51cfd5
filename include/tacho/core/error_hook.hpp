// SPDX-License-Identifier: MIT
// tacho: where the library says what went wrong, since it never throws and never stops the program.
#pragma once

#include "tacho/version.hpp"

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// How much a message matters. `debug` says what was decided, `warning` that something was ignored and a default
/// taken, `error` that something asked for does not work.
enum class severity : unsigned char { debug, warning, error };

/// As messages begin: `warning`. In static storage.
[[nodiscard]] constexpr std::string_view to_string(severity s) noexcept {
    switch (s) {
        case severity::debug: return "debug";
        case severity::warning: return "warning";
        case severity::error: break;
    }
    return "error";
}

/// Receives each message: one sentence or two, without a line end, that name the culprit and the cure. May be called
/// from any thread, several at once, and never while the library holds a lock; it must not throw.
using error_hook = void (*)(severity, std::string_view message) noexcept;

/// The hook that is installed at first: warnings and errors go to stderr, a line each; debug messages nowhere.
inline void print_to_stderr(severity s, std::string_view message) noexcept {
    if (s == severity::debug) return;
    auto const level = to_string(s);
    std::fprintf(stderr, "tacho: %.*s: %.*s\n", static_cast<int>(level.size()), level.data(),
                 static_cast<int>(message.size()), message.data());
}

namespace detail {

// Default visibility: one hook a process, however many shared objects were built with -fvisibility=hidden.
[[gnu::visibility("default")]] inline constinit std::atomic<error_hook> installed_hook{&print_to_stderr};

}  // namespace detail

/// Installs a hook for the whole process and returns the one before; nullptr silences the library. Thread-safe.
inline error_hook set_error_hook(error_hook hook) noexcept {
    // Release and acquire: whatever the program set up before installing its hook is seen by the hook.
    return detail::installed_hook.exchange(hook, std::memory_order_acq_rel);
}

/// Sends one message to the installed hook. Costs one load when the library is silenced; neither locks nor allocates.
inline void report(severity s, std::string_view message) noexcept {
    if (auto const hook = detail::installed_hook.load(std::memory_order_acquire)) hook(s, message);
}

namespace detail {

// Joins without allocating, for what is said where there may be no memory; a longer message is cut off.
inline void report_joined(severity s, std::initializer_list<std::string_view> parts) noexcept {
    char message[640];
    std::size_t size = 0;
    for (auto const& part : parts)
        for (char const c : part)
            if (size < sizeof message) message[size++] = c;
    report(s, {message, size});
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
