// SPDX-License-Identifier: MIT
// tacho: what changes of a series, or is asked seldom: its times, its place, who holds it, and whether it is removed.
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/series/reader_clock.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <cstdint>

namespace tacho::inline TACHO_ABI::detail {

// Lies apart from the labels, the text and the cells, so that a scrape, which reads the texts of all series in a row,
// does not read through this as well.
class series_life {
public:
    series_life(unix_nanos birth, std::uint32_t ordinal, std::uint32_t generation, std::uint32_t in_block) noexcept
        : birth_(birth), ordinal_(ordinal), generation_(generation), in_block_(in_block & 0x7FFFFFu), linked_(1) {}

    [[nodiscard]] unix_nanos birth() const noexcept { return birth_; }
    [[nodiscard]] unix_nanos end() const noexcept { return end_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint32_t ordinal() const noexcept { return ordinal_; }
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }
    // Bytes from the beginning of the block of memory that it is in.
    [[nodiscard]] std::uint32_t in_block() const noexcept { return in_block_; }

    void hold() noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }  // by somebody who has it already
    void release() noexcept {
        // Release: what was recorded through a handle happened before the memory is somebody else's.
        holders_.fetch_sub(1, std::memory_order_release);
    }
    [[nodiscard]] bool is_held() const noexcept { return holders_.load(std::memory_order_acquire) != 0; }

    [[nodiscard]] bool is_removed(std::memory_order order = std::memory_order_acquire) const noexcept {
        return state_.load(order) == state::removed;
    }

    // Notes that it is in use; false when it has been removed.
    bool touch() noexcept {
        auto seen = state_.load(std::memory_order_relaxed);
        while (seen == state::idle)
            if (state_.compare_exchange_weak(seen, state::touched, std::memory_order_relaxed)) return true;
        return seen == state::touched;
    }
    // Whether it was touched since the last call.
    bool was_touched() noexcept {
        auto seen = state::touched;
        return state_.compare_exchange_strong(seen, state::idle, std::memory_order_relaxed);
    }

    // Removes it, with `when_idle` unless it was touched meanwhile. False when it was not this call that removed it.
    // Only the one call that did says when. The stamp is taken afterwards: a reader whose collection began at that
    // stamp or later has seen it removed, with its last values. Until then it counts as removed just now.
    bool remove(reader_clock& readers, unix_nanos now, bool when_idle) noexcept;
    // Takes the stamp of a removed one, should the thread that removed it not have come to that: whoever is made in its
    // place has a later one.
    void stamp(reader_clock& readers) noexcept {
        auto unset = never;
        // Release: who knows that it was removed by then knows when it ended, if this thread removed it.
        if (removed_at_.load(std::memory_order_relaxed) == never)
            removed_at_.compare_exchange_strong(unset, readers.next(), std::memory_order_release,
                                                std::memory_order_relaxed);
    }
    [[nodiscard]] bool was_removed_by(std::uint64_t stamp) const noexcept {
        return removed_at_.load(std::memory_order_acquire) <= stamp;
    }
    // Whether it is removed, and was not yet at the stamp `since`.
    [[nodiscard]] bool was_removed_since(std::uint64_t since) const noexcept {
        return is_removed() && removed_at_.load(std::memory_order_relaxed) > since;
    }

    // Under the table's mutex: whether it can be found.
    [[nodiscard]] bool is_linked() const noexcept { return linked_ != 0; }
    void unlink() noexcept { linked_ = 0; }

    // In a child of fork(), while there is one thread: nothing of it has been delivered.
    void begin_anew(unix_nanos now) noexcept {
        birth_ = now;
        ++generation_;
    }

private:
    // Recorded since it was last looked after, not recorded since, or removed for good. Only families whose series
    // expire tell the first two apart.
    enum class state : std::uint8_t { touched, idle, removed };
    static constexpr std::uint64_t never = ~std::uint64_t{0};  // no reader has collected that far

    unix_nanos birth_;
    std::atomic<unix_nanos> end_{0};
    std::atomic<std::uint64_t> removed_at_{never};
    std::atomic<std::uint32_t> holders_{0};
    std::uint32_t ordinal_;
    std::uint32_t generation_;
    std::uint32_t in_block_ : 23;  // a block is no larger than a huge page, or than one series with 2 MiB of text
    std::uint32_t linked_ : 1;
    std::atomic<state> state_{state::idle};  // its birth is its first use
};

#if TACHO_BODIES

TACHO_FUNCTION bool series_life::remove(reader_clock& readers, unix_nanos now, bool when_idle) noexcept {
    auto seen = state_.load(std::memory_order_relaxed);
    do {
        if (seen == state::removed || (when_idle && seen != state::idle)) return false;
        // A release, matched by the acquire in is_removed(), and in one order with what series_list::join() does.
    } while (!state_.compare_exchange_weak(seen, state::removed, std::memory_order_seq_cst, std::memory_order_relaxed));
    end_.store(now, std::memory_order_relaxed);
    stamp(readers);
    return true;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
