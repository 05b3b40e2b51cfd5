// tacho: a value, or the reason why there is none.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace tacho::inline v0 {

/// Why something failed: a sentence that names the culprit and the cure.
struct error {
    std::string message;
};

/// Holds a T or an error. Check it like an optional; `message()` says why there is none.
template <class T>
class [[nodiscard]] result {
public:
    result(T value) : value_(std::move(value)) {}                   // implicit: `return value;`
    result(tacho::error why) : message_(std::move(why.message)) {}  // implicit: `return error{"..."};`

    [[nodiscard]] explicit operator bool() const noexcept { return value_.has_value(); }
    [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }

    [[nodiscard]] T& operator*() & noexcept { return *value_; }
    [[nodiscard]] T const& operator*() const& noexcept { return *value_; }
    [[nodiscard]] T&& operator*() && noexcept { return *std::move(value_); }
    [[nodiscard]] T* operator->() noexcept { return &*value_; }
    [[nodiscard]] T const* operator->() const noexcept { return &*value_; }

    /// The reason; empty when there is a value.
    [[nodiscard]] std::string const& message() const noexcept { return message_; }

private:
    std::optional<T> value_;
    std::string message_;
};

}  // namespace tacho::inline v0
