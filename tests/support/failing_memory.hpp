// SPDX-License-Identifier: MIT
// For tests: memory that can't be had. Each request of one thread for some fails in turn: by operator new and, where
// the linker is told to wrap them, by malloc, calloc, realloc, aligned_alloc and mmap. It replaces operator new:
// for one file of a program.
#pragma once

#include "support/operator_new.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <new>
#include <string>
#include <utility>

#if defined(TACHO_TEST_WRAPPED_MALLOC)
#include <sys/mman.h>
#endif

namespace test {

// How many more succeed before one fails, on this thread; below zero all do.
inline thread_local long before_failure = -1;
inline std::atomic<long> failed_requests{0};

// Whether it is the one that fails.
inline bool has_to_fail() noexcept {
    if (before_failure < 0 || before_failure-- != 0) return false;
    ++failed_requests;
    return true;
}

// Nothing fails on this thread while it lives.
class enough_memory {
public:
    enough_memory() noexcept : left_(std::exchange(before_failure, -1)) {}
    enough_memory(enough_memory const&) = delete;
    enough_memory& operator=(enough_memory const&) = delete;
    ~enough_memory() { before_failure = left_; }

private:
    long left_;
};

bool may_have_memory() noexcept {
#if defined(TACHO_TEST_WRAPPED_MALLOC)
    return true;  // it is malloc that fails
#else
    return !has_to_fail();
#endif
}

// What a test is given to do with the request that fails this time.
class one_failure {
public:
    explicit one_failure(long allowed) noexcept : allowed_(allowed) {}

    // Does it without that memory; whether it ended without std::bad_alloc.
    template <class F>
    bool operator()(F&& f) const {
        bool ended = true;
        before_failure = allowed_;
        try {
            f();
        } catch (std::bad_alloc const&) {
            ended = false;
        }
        before_failure = -1;
        return ended;
    }
    // Lets another thread have it.
    void hand_to(std::atomic<long>& other) const { other = allowed_; }

private:
    long allowed_;
};

// Calls f(one_failure) again and again, from the failure of the first request until there are fewer requests; returns
// how many there were.
template <class F>
long with_each_failure(F&& f) {
    for (long allowed = 0;; ++allowed) {
        SCOPED_TRACE("without the memory of request " + std::to_string(allowed));
        failed_requests = 0;
        f(one_failure{allowed});
        if (failed_requests == 0 || testing::Test::HasFailure()) return allowed;
    }
}

}  // namespace test

#if defined(TACHO_TEST_WRAPPED_MALLOC)

// The linker gives these names to what the program calls, and to the real ones.
extern "C" {

void* __real_malloc(std::size_t);
void* __real_calloc(std::size_t, std::size_t);
void* __real_realloc(void*, std::size_t);
void* __real_aligned_alloc(std::size_t, std::size_t);
void* __real_mmap(void*, std::size_t, int, int, int, ::off_t);

void* __wrap_malloc(std::size_t size) {
    return test::has_to_fail() ? nullptr : __real_malloc(size);
}
void* __wrap_calloc(std::size_t count, std::size_t size) {
    return test::has_to_fail() ? nullptr : __real_calloc(count, size);
}
void* __wrap_realloc(void* old, std::size_t size) {
    return test::has_to_fail() ? nullptr : __real_realloc(old, size);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
    return test::has_to_fail() ? nullptr : __real_aligned_alloc(alignment, size);
}
void* __wrap_mmap(void* at, std::size_t size, int protection, int flags, int file, ::off_t offset) {
    return test::has_to_fail() ? MAP_FAILED : __real_mmap(at, size, protection, flags, file, offset);
}
}

#endif
