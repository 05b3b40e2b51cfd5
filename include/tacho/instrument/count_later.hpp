// SPDX-License-Identifier: MIT
// tacho: counting for a scope: increments that are added at its end, and exceptions that leave it.
#pragma once

#include "tacho/version.hpp"

#include <exception>
#include <limits>
#include <utility>

namespace tacho::inline TACHO_ABI {

/// Adds up in a number of its own, which the compiler may keep in a register, and counts the sum when it ends or is
/// flushed: for the hottest loops. One thread at a time; holds its series alive. `Handle` is a counter's.
template <class Handle, class Number>
class [[nodiscard]] counter_batch {
public:
    /// Of this handle, with nothing added up yet.
    explicit counter_batch(Handle into) noexcept : into_(std::move(into)) {}
    counter_batch(counter_batch&& other) noexcept : into_(other.into_), sum_(std::exchange(other.sum_, Number{})) {}
    counter_batch& operator=(counter_batch&&) = delete;
    ~counter_batch() { flush(); }

    /// Adds one to its own number.
    void inc() noexcept { sum_ += Number{1}; }
    /// What a counter drops is not added up either.
    template <class Amount>
    void inc(Amount amount) noexcept requires requires(Handle const& h) {
        h.inc(amount);
    }
    {
        auto const n = static_cast<Number>(amount);
        if (amount >= 0 && n <= (std::numeric_limits<Number>::max)()) [[likely]]
            sum_ += n;
        else
            into_.inc(amount);
    }
    /// Counts now what was added up so far.
    void flush() noexcept {
        if (sum_ != Number{}) into_.inc(std::exchange(sum_, Number{}));
    }

private:
    Handle into_;
    Number sum_{};
};

/// Counts one when an exception leaves the scope in which it lives. Stays where it was made.
template <class Handle>
class [[nodiscard]] exception_counter {
public:
    /// Of this handle, from now on.
    explicit exception_counter(Handle in) noexcept : in_(std::move(in)) {}
    exception_counter(exception_counter const&) = delete;
    exception_counter& operator=(exception_counter const&) = delete;
    ~exception_counter() {
        if (now() > before_) in_.inc();
    }

private:
    // Exceptions that pass; nobody asks where nothing is recorded.
    static int now() noexcept { return detail::recording ? std::uncaught_exceptions() : 0; }

    Handle in_;
    int before_ = now();
};

}  // namespace tacho::inline TACHO_ABI
