// SPDX-License-Identifier: MIT
// tacho: who is looking at what may be removed, so that its memory is given back only when nobody can see it any more.
// Rule: https://man7.org/linux/man-pages/man2/membarrier.2.html
#pragma once

#include "tacho/cell/slots.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/core/platform.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#if TACHO_USES_MEMBARRIER
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tacho::inline TACHO_ABI::detail {

// When a thread began to look; 0 while it does not. A line each, because a look-up writes it.
struct alignas(64) looking_record {
    std::atomic<std::uint64_t> since{0};
    std::uint32_t depth = 0;  // its owner's alone
};
inline constexpr std::uint32_t is_counted = ~std::uint32_t{0};  // the depth of a record that counts many threads

// Epochs are counted up each time something is unlinked. What was unlinked in epoch e may be seen by those who began to
// look in e or before, and by nobody who began later.
struct epoch_table {
    std::atomic<std::uint64_t> now{2};  // not less, so that finished_epoch() is 0 only when it can't tell
    std::atomic<bool> has_membarrier{false};

    // Threads without a slot are counted, on the side on which they began: new ones on the present side, so that the
    // other one runs dry however many there are.
    std::array<looking_record, 2> counted{looking_record{0, is_counted}, looking_record{0, is_counted}};
    std::atomic<unsigned> side{0};
    gated_mutex mutex;               // guards what follows
    std::uint64_t began_before = 2;  // epochs before this one: who began in them is on the side that runs dry
    std::uint64_t counted_out = 2;   // epochs before this one: who began in them has ended
};
[[gnu::visibility("default")]] inline constinit epoch_table epochs{};

// Which of the counted looks are this thread's own, by side, and the epoch in which the first of them began.
struct own_looks {
    std::array<std::uint64_t, 2> on{};
    std::uint64_t since = 0;
};
[[gnu::visibility("default")]] inline constinit thread_local own_looks counted_here{};

// By slot. Apart from the table, and all zero, so that it takes no room in a program, and no memory until a slot looks.
[[gnu::visibility("default")]] inline constinit std::array<looking_record, max_slots> looking_slots{};

// g++ says that ThreadSanitizer doesn't know fences. The checks that these are for don't depend on what it knows.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

// A look has to be announced before anything is read, and whoever removes has to see the announcement: a full fence on
// one side, and one on the other. Linux lets the side that removes pay for both by interrupting all threads
// (membarrier(2)), so that a look-up costs two plain stores. Where it can't be had, both sides pay.
inline void fence_of_looker() noexcept {
    // Relaxed: whoever still reads false takes the fence that works in any case.
    if (epochs.has_membarrier.load(std::memory_order_relaxed))
        std::atomic_signal_fence(std::memory_order_seq_cst);
    else
        std::atomic_thread_fence(std::memory_order_seq_cst);
}

// False when looks that were announced without a fence may not be seen, and so nothing may be given back.
inline bool fence_of_remover() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
#if TACHO_USES_MEMBARRIER && defined(SYS_membarrier)
    constexpr int private_expedited = 1 << 3, register_private_expedited = 1 << 4;
    auto const interrupt_all = [] { return ::syscall(SYS_membarrier, private_expedited, 0, 0) == 0; };
    if (epochs.has_membarrier.load(std::memory_order_relaxed) && interrupt_all()) return true;
    // The first time in a process; looks of before had a fence of their own.
    if (::syscall(SYS_membarrier, register_private_expedited, 0, 0) == 0) {
        epochs.has_membarrier.store(true, std::memory_order_relaxed);
        return interrupt_all();
    }
#endif
    return !epochs.has_membarrier.load(std::memory_order_relaxed);
}

// While it lives, nothing that its thread finds is given back. Guards of one thread may nest, and end in any order.
class looking {
public:
    looking() noexcept {
        auto offset = own_offset;
        if (offset == 0) [[unlikely]]
            offset = claim_slot();
        if (offset == 0) [[unlikely]] {
            auto const side = epochs.side.load(std::memory_order_relaxed);
            auto& own = counted_here;
            if (own.on[0] + own.on[1] == 0) own.since = epochs.now.load(std::memory_order_acquire);
            ++own.on[side];
            record_ = &epochs.counted[side];
            record_->since.fetch_add(1, std::memory_order_relaxed);  // ordered by the fence
            std::atomic_thread_fence(std::memory_order_seq_cst);
            return;
        }
        record_ = &looking_slots[offset >> slot_shift];
        if (record_->depth++ == 0) {
            // Acquire: who begins in an epoch sees all that was unlinked before it. Release: who sees this record in
            // its new epoch knows that its owner is done with all it read in earlier ones.
            record_->since.store(epochs.now.load(std::memory_order_acquire), std::memory_order_release);
            fence_of_looker();
        }
    }
    // For what is never given back: announces nothing.
    explicit looking(std::nullptr_t) noexcept : record_(nullptr) {}
    looking(looking&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
    looking& operator=(looking&&) = delete;
    ~looking() {
        if (record_ == nullptr) return;
        // Release: whoever sees the end knows that nothing is read any more.
        if (record_->depth == is_counted) {
            --counted_here.on[static_cast<std::size_t>(record_ - epochs.counted.data())];
            record_->since.fetch_sub(1, std::memory_order_release);
        } else if (--record_->depth == 0)
            record_->since.store(0, std::memory_order_release);
    }

private:
    looking_record* record_;
};

// Whether this thread looks.
[[nodiscard]] inline bool is_looking() noexcept {
    auto const slot = own_offset >> slot_shift;
    return (slot != 0 && looking_slots[slot].depth != 0) || counted_here.on[0] + counted_here.on[1] != 0;
}

// To be called after unlinking something: the epoch in which it was unlinked. Release: see `looking`.
inline std::uint64_t end_epoch() noexcept {
    return epochs.now.fetch_add(1, std::memory_order_acq_rel);
}

// All counted threads that began to look in an epoch before this one have ended. Whoever began before an epoch, on
// whichever side, has ended once the side that runs dry was seen empty (it holds those who read `side` before it last
// changed), new ones were sent there, and then the other side was seen empty too; or both at once. The looks of the
// thread that asks don't hold up: where nobody else is counted, it knows when they began. Else a thread without a slot,
// which removes while it looks, would get back twice as late what it removed.
inline std::uint64_t counted_out_before(std::uint64_t now) noexcept {
    auto& e = epochs;
    std::lock_guard const lock{e.mutex};
    auto const present = e.side.load(std::memory_order_relaxed);
    if (e.counted[1 - present].since.load(std::memory_order_acquire) == 0) {
        e.counted_out = e.began_before;
        e.began_before = now;
        if (e.counted[present].since.load(std::memory_order_acquire) == 0) e.counted_out = now;
        e.side.store(1 - present, std::memory_order_relaxed);
    }
    auto const& own = counted_here;
    for (unsigned side = 0; side < 2; ++side)
        if (e.counted[side].since.load(std::memory_order_acquire) != own.on[side]) return e.counted_out;
    auto const own_since = own.on[0] + own.on[1] == 0 ? now : own.since;
    return (std::max)(e.counted_out, (std::min)(now, own_since));
}

// What was unlinked in the epoch that this returns, or before, is seen by nobody any more. 0 if that can't be told.
inline std::uint64_t finished_epoch() noexcept {
    auto const now =
        epochs.now.load(std::memory_order_acquire);  // before the fence: so is all that was unlinked by then
    if (!fence_of_remover()) return 0;
    // Acquire throughout: what lookers read happened before what is now done with its memory.
    auto oldest = (std::min)(now, counted_out_before(now));
    auto const end = slots_in_use();
    for (std::size_t slot = 1; slot < end; ++slot)
        if (auto const since = looking_slots[slot].since.load(std::memory_order_acquire); since != 0)
            oldest = (std::min)(oldest, since);
    return oldest - 1;
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace tacho::inline TACHO_ABI::detail
