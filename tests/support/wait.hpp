// SPDX-License-Identifier: MIT
// For tests: waiting for a condition, with a limit.
#pragma once

#include <chrono>
#include <thread>

namespace test {

// Whether it came to hold within twenty seconds.
template <class Condition>
bool wait_until(Condition&& condition) {
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}

}  // namespace test
