// tacho: all series of a family, in places that another may take over.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/series/series.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

namespace tacho::inline v0::detail {

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

    // The same with up to `Most` at a time, of those for which keep(series&): f(std::span<series* const>).
    template <std::size_t Most, class Keep, class F>
    void for_each_run(Keep&& keep, F&& f) const {
        auto const size = size_.load(std::memory_order_acquire);
        for (std::size_t i = 0, block = 0; i < size; i += block_size(block++)) {
            auto const* const places = blocks_[block].load(std::memory_order_relaxed);
            auto const end = (std::min)(block_size(block), size - i);
            series* run[Most];
            std::size_t count = 0;
            for (std::size_t k = 0; k < end; ++k) {
                series* const s = places[k].load(std::memory_order_acquire);  // as above
                if (s == nullptr || !keep(*s)) continue;
                // Its text is read when the run is complete. Many series take a sixth more time without.
                __builtin_prefetch(reinterpret_cast<char const*>(s) + 64);
                __builtin_prefetch(reinterpret_cast<char const*>(s) + 128);
                run[count++] = s;
                if (count != Most) continue;
                f(std::span<series* const>{run, Most});
                count = 0;
            }
            if (count != 0) f(std::span<series* const>{run, count});
        }
    }

    // Whether there is room at the end for one more; false without memory.
    [[nodiscard]] bool make_room() noexcept;
    // The next place; after make_room().
    [[nodiscard]] std::uint32_t next() const noexcept {
        return static_cast<std::uint32_t>(size_.load(std::memory_order_relaxed));
    }
    void put(std::uint32_t place, series* s) noexcept;

private:
    static constexpr std::size_t first_block = 8;
    static constexpr std::size_t block_size(std::size_t block) noexcept { return first_block << block; }
    static std::pair<std::size_t, std::size_t> place_of(std::size_t i) noexcept {
        auto const block = static_cast<std::size_t>(std::bit_width(i / first_block + 1)) - 1;
        return {block, i - first_block * ((std::size_t{1} << block) - 1)};
    }

    std::atomic<std::size_t> size_{0};
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
    void* const made = std::calloc(block_size(block), sizeof(std::atomic<series*>));  // zeroed: nobody's places
    blocks_[block].store(static_cast<std::atomic<series*>*>(made),
                         std::memory_order_relaxed);  // published by size_
    return made != nullptr;
}

TACHO_FUNCTION void series_list::put(std::uint32_t place, series* s) noexcept {
    auto const [block, at] = place_of(place);
    blocks_[block].load(std::memory_order_relaxed)[at].store(s, std::memory_order_release);
    if (place == size_.load(std::memory_order_relaxed)) size_.store(place + std::size_t{1}, std::memory_order_release);
}

#endif

}  // namespace tacho::inline v0::detail
