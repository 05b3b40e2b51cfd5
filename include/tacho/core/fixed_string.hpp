// SPDX-License-Identifier: MIT
// tacho: text as a template argument, so that a name is checked while the program compiles.
#pragma once

#include "tacho/version.hpp"

#include <cstddef>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// The text of a string literal, usable as a template argument: `counter<"requests">`.
/// N counts the terminating zero. The members are public because a template argument must be a structural type.
template <std::size_t N>
struct fixed_string {
    char text[N]{};  ///< with a zero at its end; public, since a template argument's members have to be

    /// Implicit, so that a template takes a literal: `counter<"requests">`.
    consteval fixed_string(char const (&literal)[N]) noexcept {  // implicit: this is what lets a literal be an argument
        for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
    }

    /// The text without the zero.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }
    /// Characters, the zero not counted.
    [[nodiscard]] static constexpr std::size_t size() noexcept { return N - 1; }
};

}  // namespace tacho::inline TACHO_ABI
