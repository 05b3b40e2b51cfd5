// SPDX-License-Identifier: MIT
// tacho: keeps an exception, such as one for lack of memory, from leaving the library.
#pragma once

#include "tacho/version.hpp"

namespace tacho::inline TACHO_ABI::detail {

// Runs f; false when it threw. Without exceptions the standard library ends the program instead, and f always returns.
template <class F>
bool attempt(F&& f) noexcept {
#if defined(__cpp_exceptions)
    try {
        f();
    } catch (...) {
        return false;
    }
#else
    f();
#endif
    return true;
}

}  // namespace tacho::inline TACHO_ABI::detail
