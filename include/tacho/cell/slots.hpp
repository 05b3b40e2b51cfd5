// SPDX-License-Identifier: MIT
// tacho: which thread owns which slot, so that a thread can count on memory that no other thread writes.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/core/platform.hpp"
#include "tacho/version.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace tacho::inline TACHO_ABI {

/// The most slots a process can be given.
inline constexpr std::size_t max_slots = 4096;

namespace detail {

// A slot costs address space and no memory until its thread counts, which holds where pages are provided on demand and
// there are addresses to spare. Elsewhere everything lives in the common slot: slower, with the same numbers.
#if TACHO_USES_SPARSE_PAGES
inline constexpr std::size_t default_slots = 256;
#else
inline constexpr std::size_t default_slots = 1;
#endif

// Slot 0 is nobody's: every thread may write there, with atomic adds. Slots 1, 2, ... have one owner at a time, which
// counts by load, add, store: no lock prefix and no cache line that another thread writes. A slot's memory is the page
// at `slot << slot_shift` bytes into each chunk of cells, so that a thread's number for a cell is one addition away.
inline constexpr std::size_t slot_shift = 12;
inline constexpr std::size_t slot_bytes = std::size_t{1} << slot_shift;

// The offset of this thread's slot; 0 until it has claimed one, and again after it has given it back.
// Constant-initialized, so that an access needs no guard. Default visibility: one owner a thread, not one a library.
#if defined(__GLIBC__)
// In a shared object the default model costs a function call, 2 to 2.5 ns, this one 0.5. Its eight bytes fit into the
// reserve that glibc keeps for objects which are loaded later.
[[gnu::tls_model("initial-exec"), gnu::visibility("default")]] inline constinit thread_local std::size_t own_offset = 0;
#else
[[gnu::visibility("default")]] inline constinit thread_local std::size_t own_offset = 0;
#endif

enum class slot_state : unsigned char { not_claimed, owned, ended };
[[gnu::visibility("default")]] inline constinit thread_local slot_state own_state = slot_state::not_claimed;

// All slots of the process. It has no destructor to run, so that threads may still count while the program exits.
struct slot_table {
    gated_mutex mutex;                            // guards `free` and `count`
    std::array<std::uint16_t, max_slots> free{};  // given back; the last one is taken first, which keeps `used` low
    std::size_t free_count = 0;
    std::size_t count = default_slots;                 // slots that exist, the common one included
    bool in_use = false;                               // a chunk was laid out for `count` slots, so it is final
    std::atomic<std::size_t> used{1};                  // slots 0 .. used-1 may hold numbers
    std::atomic<std::size_t> left{default_slots - 1};  // a hint that spares threads without a slot the mutex
};
[[gnu::visibility("default")]] inline constinit slot_table thread_slots{};

struct [[gnu::visibility("default")]] slot_lease;  // the program's, in a plug-in too

// Gives this thread's slot back when the thread ends. The numbers stay where they are; the next owner adds to them.
struct slot_lease {
    slot_lease() = default;
    slot_lease(slot_lease const&) = delete;
    slot_lease& operator=(slot_lease const&) = delete;
    ~slot_lease() {
        if (own_state != slot_state::owned) return;  // always with MinGW, where that variable ends before this object
        // Later thread-local destructors of this thread may still count: they use the common slot.
        own_state = slot_state::ended;
        auto const slot = own_offset >> slot_shift;
        own_offset = 0;
        // The mutex orders this thread's last stores before the next owner's first loads.
        std::lock_guard const lock{thread_slots.mutex};
        thread_slots.free[thread_slots.free_count++] = static_cast<std::uint16_t>(slot);
        thread_slots.left.fetch_add(1, std::memory_order_relaxed);
    }
};

// Tries to make this thread an owner and returns its offset, or 0: the common slot. Allocates nothing.
// Default visibility: else a plug-in would be kept in memory by the destructor of each thread that it came to first.
[[gnu::visibility("default")]] std::size_t claim_slot() noexcept;
#if TACHO_BODIES
[[gnu::noinline, gnu::cold]] TACHO_FUNCTION std::size_t claim_slot() noexcept {
    if (own_state != slot_state::not_claimed) return own_offset;
    // Relaxed: a stale hint costs one visit to the mutex or one more atomic add, never a number.
    if (thread_slots.left.load(std::memory_order_relaxed) == 0) return 0;
    std::size_t slot = 0;
    {
        std::lock_guard const lock{thread_slots.mutex};
        auto const used = thread_slots.used.load(std::memory_order_relaxed);  // only changed under the mutex
        if (thread_slots.free_count != 0) {
            slot = thread_slots.free[--thread_slots.free_count];
        } else if (used < thread_slots.count) {
            slot = used;
            // Release, matched by the acquire in slots_in_use(): a reader that learns of the slot sees all before it.
            thread_slots.used.store(used + 1, std::memory_order_release);
        } else {
            return 0;
        }
        thread_slots.left.fetch_sub(1, std::memory_order_relaxed);
    }
    thread_local slot_lease lease;  // its destructor is registered here, at the thread's first count
    static_cast<void>(lease);
    own_state = slot_state::owned;
    own_offset = slot << slot_shift;
    return own_offset;
}
#endif

// How many slots a reader has to look at.
inline std::size_t slots_in_use() noexcept {
    return thread_slots.used.load(std::memory_order_acquire);
}

// The number of slots from now on; the layout of a chunk depends on it.
inline std::size_t fix_slot_count() noexcept {
    std::lock_guard const lock{thread_slots.mutex};
    thread_slots.in_use = true;
    return thread_slots.count;
}

// For a process that can't have even one chunk of that size: no further thread gets a slot, and all share slot 0. Those
// that have one already keep it, and so need a page each. Returns how many that is. Only before any cell exists.
inline std::size_t fall_back_to_used_slots() noexcept {
    std::lock_guard const lock{thread_slots.mutex};
    thread_slots.count = thread_slots.used.load(std::memory_order_relaxed);
    thread_slots.left.store(thread_slots.free_count, std::memory_order_relaxed);
    return thread_slots.count;
}

}  // namespace detail

/// Sets how many threads can count on memory of their own at the same time (default 255, plus one slot that all others
/// share); more cost address space, 4 KiB a slot for each 512 cells, not memory. 1 gives every thread the shared slot.
/// Only before the first sharded instrument is made: returns false, and changes nothing, once it is too late, or when
/// `count` is 0, above `max_slots` or below what threads have already, to look up or to count.
inline bool set_slot_count(std::size_t count) noexcept {
    std::lock_guard const lock{detail::thread_slots.mutex};
    auto& thread_slots = detail::thread_slots;
    if (thread_slots.in_use || count == 0 || count > max_slots ||
        thread_slots.used.load(std::memory_order_relaxed) > count)
        return false;
    thread_slots.count = count;
    thread_slots.left.store(count - thread_slots.used.load(std::memory_order_relaxed) + thread_slots.free_count,
                            std::memory_order_relaxed);
    return true;
}

}  // namespace tacho::inline TACHO_ABI
