// SPDX-License-Identifier: MIT
// For tests: how much of the heap is in use.
#pragma once

#include <cstddef>

// AddressSanitizer has a heap of its own.
#if defined(__SANITIZE_ADDRESS__)
#define TACHO_TEST_SANITIZED_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TACHO_TEST_SANITIZED_HEAP 1
#endif
#endif
#if defined(TACHO_TEST_SANITIZED_HEAP)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#elif defined(__GLIBC__)
#include <malloc.h>
#endif

namespace test {

// 0 where nobody knows.
inline std::size_t heap_in_use() {
#if defined(TACHO_TEST_SANITIZED_HEAP)
    return __sanitizer_get_current_allocated_bytes();
#elif defined(__GLIBC__)
    struct mallinfo2 const info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

}  // namespace test
