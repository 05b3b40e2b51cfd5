// SPDX-License-Identifier: MIT
// tacho: a mutex that is there before a program's first line runs, and until its last has.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/platform.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <mutex>
#include <type_traits>

#if TACHO_BODIES
#include <thread>
#endif

namespace tacho::inline TACHO_ABI::detail {

// For short changes. Whoever has to wait lets others run meanwhile: without the system's help, which would need
// something that lasts, too.
class yielding_mutex {
public:
    constexpr yielding_mutex() noexcept = default;
    yielding_mutex(yielding_mutex const&) = delete;
    yielding_mutex& operator=(yielding_mutex const&) = delete;

    // Acquire, matched by the release in unlock(): who holds it sees what was changed while others did.
    void lock() noexcept {
        while (locked_.exchange(true, std::memory_order_acquire)) wait();
    }
    void unlock() noexcept { locked_.store(false, std::memory_order_release); }

private:
    // Looking only: many that wait don't take the line from each other by writing to it.
    void wait() const noexcept;

    std::atomic<bool> locked_{false};
};

#if TACHO_BODIES
TACHO_FUNCTION void yielding_mutex::wait() const noexcept {
    while (locked_.load(std::memory_order_relaxed)) std::this_thread::yield();
}
#endif

// Static objects count before and after main(), in no order among each other: what they lock must not have to be made
// first, nor be destroyed. std::mutex is like that on Linux; libstdc++'s on Windows is neither.
using lasting_mutex = std::conditional_t<TACHO_USES_STD_MUTEX != 0 && std::is_trivially_destructible_v<std::mutex>,
                                         std::mutex, yielding_mutex>;
static_assert(std::is_trivially_destructible_v<lasting_mutex>);

}  // namespace tacho::inline TACHO_ABI::detail
