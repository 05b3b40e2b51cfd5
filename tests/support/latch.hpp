// SPDX-License-Identifier: MIT
// A std::latch. That of libstdc++ 12 may sleep for ever where it has no futex, as with MinGW: it looks whether it has
// to, and takes the mutex under which it is woken only then.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace test {

class latch {
public:
    explicit latch(std::ptrdiff_t count) : left_(count) {}

    void count_down() {
        std::lock_guard const lock{mutex_};
        if (--left_ == 0) done_.notify_all();
    }
    void wait() {
        std::unique_lock lock{mutex_};
        done_.wait(lock, [&] { return left_ == 0; });
    }
    void arrive_and_wait() {
        count_down();
        wait();
    }

private:
    std::mutex mutex_;
    std::condition_variable done_;
    std::ptrdiff_t left_;
};

}  // namespace test
