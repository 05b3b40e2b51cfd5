// SPDX-License-Identifier: MIT
// tacho: the slots and looks of threads that a child of fork() doesn't have.
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/cell/slots.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <new>

namespace tacho::inline TACHO_ABI::detail {

struct [[gnu::visibility("default")]] forked_cells;  // the program's, in a plug-in too

// Frees what threads of the parent own: nobody else would, since they don't end here. What they counted stays until the
// counts start anew.
struct forked_cells final : fork_witness {
    TACHO_FUNCTION void on_fork(fork_event what) noexcept override;

    fork_watch watch{*this};
};

#if TACHO_BODIES

TACHO_FUNCTION void forked_cells::on_fork(fork_event what) noexcept {
    if (what != fork_event::in_child) return;
    // Relaxed throughout: there is one thread.
    auto const own = own_offset >> slot_shift;
    auto const used = thread_slots.used.load(std::memory_order_relaxed);
    thread_slots.free_count = 0;
    for (auto slot = used; slot-- > 1;) {
        if (slot == own) continue;
        thread_slots.free[thread_slots.free_count++] =
            static_cast<std::uint16_t>(slot);  // the lowest last: it is taken first
        looking_slots[slot].since.store(0, std::memory_order_relaxed);
        looking_slots[slot].depth = 0;
    }
    thread_slots.left.store(thread_slots.count - used + thread_slots.free_count, std::memory_order_relaxed);
    // Of the looks, those of the thread that is left go on.
    for (std::size_t side = 0; side < epochs.counted.size(); ++side)
        epochs.counted[side].since.store(counted_here.on[side], std::memory_order_relaxed);
    // Linux hands the registration for membarrier() on; where it did not, the first remover registers anew.
}

#endif

// Watches from the first registry on. Never destroyed.
#if TACHO_BODIES
[[gnu::visibility("default"), gnu::noinline]] inline void watch_cells_at_fork() {
    // A child would wait for ever for a guard of the static object that another thread held: a change from before it is
    // taken until after it is given back, so that none is forked meanwhile.
    changing const guarded;
    static forked_cells& instance = *new forked_cells;
    static_cast<void>(instance);
}
#endif

}  // namespace tacho::inline TACHO_ABI::detail
