// For tests: how much is enough where each step takes many times as long as elsewhere.
#pragma once

namespace test {

// Under ThreadSanitizer and where a program, and not a processor, executes them, tests repeat a tenth as often.
#if defined(__SANITIZE_THREAD__) || defined(TACHO_TEST_EMULATED)
inline constexpr int scale = 1;
#else
inline constexpr int scale = 10;
#endif

}  // namespace test
