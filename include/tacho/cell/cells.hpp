// SPDX-License-Identifier: MIT
// tacho: how a number is counted by many threads at once: sharded by thread, or shared.
#pragma once

#include "tacho/cell/arena.hpp"
#include "tacho/cell/slots.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

inline word& in_slot(word* cell, std::size_t offset) noexcept {
    return *reinterpret_cast<word*>(reinterpret_cast<std::byte*>(cell) + offset);
}

// Relaxed throughout: a count orders nothing else, and each cell's own history is coherent.
template <class Number>
void add_owned(word& cell, Number n, std::memory_order order = std::memory_order_relaxed) noexcept {
    auto const before = cell.load(std::memory_order_relaxed);
    if constexpr (std::integral<Number>)  // two's complement: a thread's part may overflow where the sum doesn't
        cell.store(before + static_cast<std::uint64_t>(n), order);
    else
        cell.store(std::bit_cast<std::uint64_t>(std::bit_cast<Number>(before) + n), order);
}

inline void add_shared(word& cell, std::uint64_t n, std::memory_order order = std::memory_order_relaxed) noexcept {
    cell.fetch_add(n, order);
}
inline void add_shared(word& cell, std::int64_t n, std::memory_order order = std::memory_order_relaxed) noexcept {
    cell.fetch_add(static_cast<std::uint64_t>(n), order);  // two's complement: the same bits
}
inline void add_shared(word& cell, double n, std::memory_order order = std::memory_order_relaxed) noexcept {
    auto seen = cell.load(std::memory_order_relaxed);
    while (!cell.compare_exchange_weak(seen, std::bit_cast<std::uint64_t>(std::bit_cast<double>(seen) + n), order,
                                       std::memory_order_relaxed)) {
    }
}

}  // namespace detail

/// How the cells of an instrument are stored; an option of every instrument.
namespace cells {

/// Each thread counts in memory of its own and a reader adds up: about half a nanosecond an increment and no
/// contention, for 8 bytes per cell and thread that counts there. The default of counters and histograms. Not for
/// signal handlers: one that counts what the code it interrupts is counting can lose an increment.
struct sharded {
    static constexpr bool is_sharded = true;  ///< a number for each thread

    /// Adds to the calling thread's own number. Wait-free; takes a mutex at a thread's first count of all.
    template <class Number>
    static void add([[maybe_unused]] detail::word* cell, [[maybe_unused]] Number n) noexcept {
        if constexpr (detail::recording) {
            auto offset = detail::own_offset;
            if (offset == 0) [[unlikely]] {
                offset = detail::claim_slot();
                if (offset == 0) return detail::add_shared(*cell, n);
            }
            detail::add_owned(detail::in_slot(cell, offset), n);
        }
    }
};

/// One atomic number that all threads write: 2 ns alone and more under contention, 8 bytes whatever the number of
/// threads. The default of gauges and up-down counters, of which a sharded one would show values that never existed;
/// the choice for very many series written by very many threads, and in signal handlers; not for exponential histograms
/// there, which lock even so.
struct shared {
    static constexpr bool is_sharded = false;  ///< one number

    /// Adds atomically. Lock-free; of doubles a loop that others may make try again.
    template <class Number>
    static void add([[maybe_unused]] detail::word* cell, [[maybe_unused]] Number n) noexcept {
        if constexpr (detail::recording) detail::add_shared(*cell, n);
    }
    /// Stores, relaxed: whoever is last stays.
    template <class Number>
    static void set([[maybe_unused]] detail::word* cell, [[maybe_unused]] Number n) noexcept {
        if constexpr (detail::recording) cell->store(std::bit_cast<std::uint64_t>(n), std::memory_order_relaxed);
    }
};

}  // namespace cells

namespace detail {

// Its negative; of the smallest integer, which has none, itself.
template <class Number>
[[nodiscard]] constexpr Number negated(Number n) noexcept {
    if constexpr (std::same_as<Number, std::int64_t>)
        return static_cast<std::int64_t>(std::uint64_t{0} - static_cast<std::uint64_t>(n));
    else
        return -n;
}

// Where the slots end that a reader has to look at, in bytes from the first.
inline std::size_t end_of_slots(bool sharded) noexcept {
    return (sharded ? slots_in_use() : 1) << slot_shift;
}

// The sums of `Count` neighbouring cells over all slots, as bits of numbers. They stay in registers while the slots
// pass by: cell by cell takes twice as long, because the numbers of one cell compete for the same few places in the
// cache.
template <class Number, std::size_t Count>
void read_cells(word* first, std::size_t end, std::uint64_t* bits) noexcept {
    [&]<std::size_t... At>(std::index_sequence<At...>) {
        Number sums[Count]{};
        for (std::size_t offset = 0; offset < end; offset += slot_bytes) {
            word* const own = &in_slot(first, offset);
            ((sums[At] =
                  static_cast<Number>(sums[At] + std::bit_cast<Number>(own[At].load(std::memory_order_relaxed)))),
             ...);
        }
        ((bits[At] = std::bit_cast<std::uint64_t>(sums[At])), ...);
    }
    (std::make_index_sequence<Count>{});
}

// Where an instrument that could not be registered counts: written by all, read by none.
// Default visibility: a plug-in that comes and goes takes no others each time.
[[gnu::visibility("default")]] inline constinit std::atomic<word*> discard_page{nullptr};
[[gnu::visibility("default")]] word* discard_cells() noexcept;
// Relaxed: who has a pointer to them got it from who made them, or from somebody who did.
[[nodiscard]] inline bool are_discard_cells(word const* run) noexcept {
    return run == discard_page.load(std::memory_order_relaxed);
}
#if TACHO_BODIES
TACHO_FUNCTION word* discard_cells() noexcept {
    // The fallback is only reached when the process never got a chunk, and then all threads use slot 0: none has looked
    // anything up before, since it is settled with the first instrument.
    static constinit word last_resort[cells_per_page]{};
    // No static object with a guard: a child of fork() would wait for ever for a thread that was making it.
    // Acquire and release: who finds the cells finds them zeroed.
    if (auto* const made = discard_page.load(std::memory_order_acquire)) return made;
    word* const reserved = sharded_arena.allocate(cells_per_page);
    word* const own = reserved != nullptr ? reserved : last_resort;
    word* other = nullptr;
    if (discard_page.compare_exchange_strong(other, own, std::memory_order_acq_rel, std::memory_order_acquire))
        return own;
    if (reserved != nullptr) sharded_arena.release(reserved, cells_per_page);
    return other;
}
#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
