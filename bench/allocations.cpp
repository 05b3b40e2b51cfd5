// SPDX-License-Identifier: MIT
// Counts what this program and its libraries allocate, by standing in front of the C library's allocator.
#include "harness.hpp"

#include <cstdlib>

namespace {

// By thread, and no atomic: the peers allocate so often that the counting itself must cost next to nothing.
constinit thread_local std::uint64_t count = 0;

}  // namespace

std::uint64_t bench::allocations() noexcept {
    return count;
}

#if defined(__GLIBC__)
extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
    ++count;
    return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
    ++count;
    return __libc_calloc(number, size);
}
void* realloc(void* old, std::size_t size) {
    ++count;
    return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++count;
    return __libc_memalign(alignment, size);
}
}
#endif
