// For tests: how much of the heap is in use.
#pragma once

#include <cstddef>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace test {

// 0 where nobody knows.
inline std::size_t heap_in_use() {
#if defined(__GLIBC__)
    struct mallinfo2 const info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

}  // namespace test
