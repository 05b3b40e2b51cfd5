// For tests: how much of the heap is in use.
#pragma once

#include <malloc.h>

#include <cstddef>

namespace test {

inline std::size_t heap_in_use() {
    struct mallinfo2 const info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

}  // namespace test
