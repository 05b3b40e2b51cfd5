// SPDX-License-Identifier: MIT
// tacho: all series of a family, in places that another may take over.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/series/series.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

namespace tacho::inline TACHO_ABI::detail {

// Blocks of places, each twice as large as the one before, which never move: read without a lock while one writer at a
// time adds and removes.
class series_list {
public:
    series_list() = default;
    series_list(series_list const&) = delete;
    series_list& operator=(series_list const&) = delete;
    ~series_list();

    // Calls f(series&) for each, in order of their places. Series added or removed meanwhile may be missed.
    template <class F>
    void for_each(F&& f) const {
        auto const size = size_.load(std::memory_order_acquire);
        for (std::size_t i = 0; i < size;) {
            auto const [block, at] = place_of(i);
            auto const* const places = blocks_[block].load(std::memory_order_relaxed);
            for (std::size_t k = at; k < block_size(block) && i < size; ++k, ++i)
                // Acquire: the series was written before it was put there.
                if (series* const s = places[k].load(std::memory_order_acquire)) f(*s);
        }
    }

    // Places that are read together because that is faster.
    static constexpr std::size_t strip = 8;

    // The same a strip at a time, of those for which listed(series&): f(std::span<series* const>, word* cells). `cells`
    // is nullptr unless all places of the strip have a series that is listed and their cells are neighbours, which is
    // how they are given out: then it is the first one's, and neither is looked at one by one, if all_listed().
    template <class Listed, class All, class F>
    void for_each_strip(Listed&& listed, All&& all_listed, F&& f) const {
        auto const size = size_.load(std::memory_order_acquire);
        for (std::size_t i = 0, block = 0; i < size; i += block_size(block++)) {
            auto const* const places = blocks_[block].load(std::memory_order_relaxed);
            auto const* const heads = heads_of(places, block);
            auto const end = (std::min)(block_size(block), size - i);
            for (std::size_t k = 0; k < end; k += strip) {
                series* found[strip];
                std::size_t count = 0;
                // The next strip's texts, to be there by then: many series take a fifth more time without.
                if (k + 2 * strip <= end) prefetch(places + k + strip, all_of_strip{});
                // Acquire: the series were there before they were joined.
                word* cells = heads[k / strip].load(std::memory_order_acquire);
                if (cells != nullptr && !all_listed()) [[unlikely]]
                    cells = nullptr;
                if (cells != nullptr) [[likely]] {
                    gather(places + k, found, all_of_strip{});
                    count = strip;
                } else {
                    for (std::size_t at = k; at < k + strip && at < end; ++at)
                        if (series* const s = places[at].load(std::memory_order_acquire); s != nullptr && listed(*s))
                            found[count++] = s;
                }
                if (count != 0) f(std::span<series* const>{found, count}, cells);
            }
        }
    }

    // Whether there is room at the end for one more; false without memory.
    [[nodiscard]] bool make_room() noexcept;
    // The next place; after make_room().
    [[nodiscard]] std::uint32_t next() const noexcept {
        return static_cast<std::uint32_t>(size_.load(std::memory_order_relaxed));
    }
    void put(std::uint32_t place, series* s) noexcept;

    // No text of any series that is, or ever was, in the list is longer. Relaxed: put() gives it before the series.
    [[nodiscard]] std::size_t longest_text() const noexcept { return longest_text_.load(std::memory_order_relaxed); }

    // Series of one cell only: after put(), notes if the strip of this place is whole and its cells are neighbours.
    void join(std::uint32_t place) noexcept;
    // One of its strip has been removed. Also by threads that neither add nor remove others.
    void part(std::uint32_t place) const noexcept;

private:
    static constexpr std::size_t first_block = 8;
    static constexpr std::size_t block_size(std::size_t block) noexcept { return first_block << block; }
    static_assert(first_block % strip == 0);
    using all_of_strip = std::make_index_sequence<strip>;  // one by one, without a loop: a third of its instructions
    template <std::size_t... At>
    static void gather(std::atomic<series*> const* from, series** to, std::index_sequence<At...>) noexcept {
        ((to[At] = from[At].load(std::memory_order_relaxed)), ...);
    }
    template <std::size_t... At>
    static void prefetch(std::atomic<series*> const* from, std::index_sequence<At...>) noexcept {
        // As numbers: nothing may be added to a pointer to no series.
        auto const fetch = [](series* s) {
            auto const at = reinterpret_cast<std::uintptr_t>(s);
            __builtin_prefetch(reinterpret_cast<void const*>(at));       // NOLINT(performance-no-int-to-ptr)
            __builtin_prefetch(reinterpret_cast<void const*>(at + 64));  // NOLINT(performance-no-int-to-ptr)
        };
        (fetch(from[At].load(std::memory_order_relaxed)), ...);
    }

    // Behind the places of a block: for each strip its first cell if it is whole, else nullptr.
    static std::atomic<word*>* heads_of(std::atomic<series*> const* places, std::size_t block) noexcept {
        static_assert(sizeof(std::atomic<word*>) == sizeof(std::atomic<series*>));
        return reinterpret_cast<std::atomic<word*>*>(const_cast<std::atomic<series*>*>(places) + block_size(block));
    }
    static std::pair<std::size_t, std::size_t> place_of(std::size_t i) noexcept {
        auto const block = static_cast<std::size_t>(std::bit_width(i / first_block + 1)) - 1;
        return {block, i - first_block * ((std::size_t{1} << block) - 1)};
    }

    std::atomic<std::size_t> size_{0}, longest_text_{0};
    std::array<std::atomic<std::atomic<series*>*>, 28> blocks_{};
};

#if TACHO_BODIES

TACHO_FUNCTION series_list::~series_list() {
    for (auto& block : blocks_) std::free(block.load(std::memory_order_relaxed));
}

TACHO_FUNCTION bool series_list::make_room() noexcept {
    auto const [block, at] = place_of(size_.load(std::memory_order_relaxed));
    if (block >= blocks_.size()) return false;
    if (blocks_[block].load(std::memory_order_relaxed) != nullptr) return true;
    void* const made = std::calloc(block_size(block) + block_size(block) / strip,
                                   sizeof(std::atomic<series*>));  // zeroed: nobody's places, and no heads
    blocks_[block].store(static_cast<std::atomic<series*>*>(made),
                         std::memory_order_relaxed);  // published by size_
    return made != nullptr;
}

TACHO_FUNCTION void series_list::put(std::uint32_t place, series* s) noexcept {
    auto const [block, at] = place_of(place);
    if (s != nullptr) longest_text_.store((std::max)(longest_text(), s->text().size()), std::memory_order_relaxed);
    blocks_[block].load(std::memory_order_relaxed)[at].store(s, std::memory_order_release);
    if (place == size_.load(std::memory_order_relaxed)) size_.store(place + std::size_t{1}, std::memory_order_release);
}

TACHO_FUNCTION void series_list::join(std::uint32_t place) noexcept {
    auto const [block, at] = place_of(place);
    auto const* const places = blocks_[block].load(std::memory_order_relaxed);
    auto const* const of_strip = places + at / strip * strip;
    auto const is_whole = [&] {
        series const* const first = of_strip[0].load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < strip; ++i) {
            series const* const s = of_strip[i].load(std::memory_order_relaxed);
            if (s == nullptr || s->life().is_removed(std::memory_order_seq_cst) || s->cells() != first->cells() + i)
                return false;
        }
        return true;
    };
    if (!is_whole()) return;
    auto& head = heads_of(places, block)[at / strip];
    // In one order with the removal of an idle one, which is under no mutex, and its part(): either it is seen to be
    // removed below, or it is parted after this.
    head.store(of_strip[0].load(std::memory_order_relaxed)->cells(), std::memory_order_seq_cst);
    if (!is_whole()) head.store(nullptr, std::memory_order_relaxed);
}

TACHO_FUNCTION void series_list::part(std::uint32_t place) const noexcept {
    auto const [block, at] = place_of(place);
    auto& head = heads_of(blocks_[block].load(std::memory_order_relaxed), block)[at / strip];
    head.store(nullptr, std::memory_order_seq_cst);  // see join()
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
