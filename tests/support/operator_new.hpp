// SPDX-License-Identifier: MIT
// For tests: the program's own operator new and delete, by malloc and free. For one file of a program, which defines
// test::may_have_memory().
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace test {

// Called before each request for memory; false lets it fail.
[[nodiscard]] bool may_have_memory() noexcept;

}  // namespace test

// Not inlined, or g++ 12 takes the pair for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
    return test::may_have_memory() ? std::malloc(size) : nullptr;
}
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (void* const memory = operator new(size, std::nothrow)) return memory;
    throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
