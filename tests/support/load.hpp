// SPDX-License-Identifier: MIT
// For tests: how much is enough where each step takes many times as long as elsewhere, and what isn't there.
#pragma once

namespace test {

// Whether QEMU executes this, and answers for the system.
#if defined(TACHO_TEST_EMULATED)
inline constexpr bool emulated = true;
#else
inline constexpr bool emulated = false;
#endif

// Under ThreadSanitizer, and where it is emulated, a test repeats a tenth as often.
#if defined(__SANITIZE_THREAD__) || defined(TACHO_TEST_EMULATED)
inline constexpr int scale = 1;
#else
inline constexpr int scale = 10;
#endif

}  // namespace test
