// SPDX-License-Identifier: MIT
// tacho: a value, or the reason why there is none.
#pragma once

#include "tacho/version.hpp"

#include <optional>
#include <string>
#include <utility>

namespace tacho::inline TACHO_ABI {

/// Why something failed: a sentence that names the culprit and the cure.
struct error {
    std::string message;  ///< for people; ends without a full stop
};

/// Holds a T or an error. Check it like an optional; `message()` says why there is none.
template <class T>
class [[nodiscard]] result {
public:
    /// Implicit: `return value;`
    result(T value) : value_(std::move(value)) {}
    /// Implicit: `return error{"..."};`
    result(tacho::error why) : message_(std::move(why.message)) {}

    /// Whether there is a value.
    [[nodiscard]] explicit operator bool() const noexcept { return value_.has_value(); }
    /// The same.
    [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }

    /// The value. Without one the behaviour is undefined, here and below: check first.
    [[nodiscard]] T& operator*() & noexcept { return *value_; }
    /// The same of a result that is const.
    [[nodiscard]] T const& operator*() const& noexcept { return *value_; }
    /// The value, to be moved from.
    [[nodiscard]] T&& operator*() && noexcept { return *std::move(value_); }
    /// A member of the value.
    [[nodiscard]] T* operator->() noexcept { return &*value_; }
    /// The same of a result that is const.
    [[nodiscard]] T const* operator->() const noexcept { return &*value_; }

    /// The reason; empty when there is a value.
    [[nodiscard]] std::string const& message() const noexcept { return message_; }

private:
    std::optional<T> value_;
    std::string message_;
};

}  // namespace tacho::inline TACHO_ABI
