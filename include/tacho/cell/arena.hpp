// SPDX-License-Identifier: MIT
// tacho: the memory in which cells live.
#pragma once

#include "tacho/cell/slots.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/core/platform.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>

#if TACHO_USES_SPARSE_PAGES
#include <sys/mman.h>
#endif

namespace tacho::inline TACHO_ABI::detail {

// One number that may change at any time: eight bytes, an integer or the bits of a double.
using word = std::atomic<std::uint64_t>;
static_assert(sizeof(word) == 8 && word::is_always_lock_free);

// Cells in one page of one slot, and so the most that one series may have.
inline constexpr std::size_t cells_per_page = slot_bytes / sizeof(word);

// Fresh zeroed memory of `pages` pages, which the operating system provides page by page as they are touched; nullptr
// when it can't be had. Never given back.
inline std::byte* reserve_pages(std::size_t pages) noexcept {
#if TACHO_USES_SPARSE_PAGES && defined(MAP_ANONYMOUS)
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#if defined(MAP_NORESERVE)
    flags |= MAP_NORESERVE;  // most slots' pages will never be touched
#endif
    void* const memory = ::mmap(nullptr, pages * slot_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
#if defined(MADV_NOHUGEPAGE)
    ::madvise(memory, pages * slot_bytes, MADV_NOHUGEPAGE);  // else one touched slot costs 2 MiB: 150 times as much
#endif
    return static_cast<std::byte*>(memory);
#else
    return static_cast<std::byte*>(std::calloc(pages, slot_bytes));
#endif
}

// Zeroes a run in all slots. Relaxed: a mutex orders it before the next user. Looking first keeps pages that nobody has
// touched from becoming resident.
inline void clear_cells(word* cells, std::size_t count, bool sharded) noexcept {
    auto const end = sharded ? slots_in_use() : 1;
    for (std::size_t slot = 0; slot < end; ++slot) {
        auto* const own = reinterpret_cast<word*>(reinterpret_cast<std::byte*>(cells) + (slot << slot_shift));
        for (std::size_t i = 0; i < count; ++i)
            if (own[i].load(std::memory_order_relaxed) != 0) own[i].store(0, std::memory_order_relaxed);
    }
}

// Hands out runs of neighbouring cells, zeroed; a run's address is that of its cells in slot 0. Takes a mutex: used
// when a series is born or dies, never when one is written or read.
class arena {
public:
    constexpr explicit arena(bool sharded) noexcept : sharded_(sharded) {}
    arena(arena const&) = delete;
    arena& operator=(arena const&) = delete;

    // `count` is 1 .. cells_per_page. nullptr when memory can't be had.
    [[nodiscard]] word* allocate(std::size_t count) noexcept;

    // Takes a run back. Nobody may write to it any more.
    void release(word* cells, std::size_t count) noexcept;

private:
    // Some free runs of one length, given out in the order in which they came back: those of a family are neighbours
    // again then, which are read faster. Not a list through the cells themselves: what is recorded by an instrument
    // that has ended, as by detached threads during exit, must not lead anybody astray.
    struct free_runs {
        static constexpr std::uint32_t most = 56;
        free_runs* next;
        std::uint32_t begin, end;
        word* runs[most];
    };

    gated_mutex mutex_;
    word* next_ = nullptr;
    std::size_t left_ = 0;
    free_runs* free_[cells_per_page + 1]{};  // of each length: one with room, maybe, and such as had none
    free_runs* spare_ = nullptr;             // empty ones
    bool sharded_;
};

#if TACHO_BODIES

TACHO_FUNCTION word* arena::allocate(std::size_t count) noexcept {
    std::lock_guard const lock{mutex_};
    if (free_runs* const of = free_[count]) {
        word* const cells = of->runs[of->begin++];
        if (of->begin == of->end) {
            free_[count] = of->next;
            of->next = spare_;
            spare_ = of;
        }
        return cells;
    }
    if (left_ < count) {
        std::byte* chunk = reserve_pages(sharded_ ? fix_slot_count() : 1);
        if (chunk == nullptr && sharded_ && next_ == nullptr) {
            chunk = reserve_pages(fall_back_to_used_slots());
        }
        if (chunk == nullptr) return nullptr;
        // The cells that are left over in the old chunk stay unused: at most one series' worth.
        next_ = reinterpret_cast<word*>(chunk);  // all-zero bytes are a zero cell; placing each would touch it
        left_ = cells_per_page;
    }
    word* const cells = next_;
    next_ += count;
    left_ -= count;
    return cells;
}

TACHO_FUNCTION void arena::release(word* cells, std::size_t count) noexcept {
    clear_cells(cells, count, sharded_);
    std::lock_guard const lock{mutex_};
    free_runs*& of = free_[count];
    if (of != nullptr && of->end == free_runs::most && of->begin > 0) {
        of->runs[--of->begin] = cells;
        return;
    }
    if (of == nullptr || of->end == free_runs::most) {
        free_runs* added = spare_;
        if (added != nullptr)
            spare_ = added->next;
        else
            added = static_cast<free_runs*>(std::malloc(sizeof(free_runs)));
        if (added == nullptr) return;  // out of memory: the cells stay unused
        added->next = of;
        added->begin = added->end = 0;
        of = added;
    }
    of->runs[of->end++] = cells;
}

#endif

// They live as long as the process: cells may be written during its very last moments.
[[gnu::visibility("default")]] inline constinit arena sharded_arena{true};
[[gnu::visibility("default")]] inline constinit arena shared_arena{false};

}  // namespace tacho::inline TACHO_ABI::detail
