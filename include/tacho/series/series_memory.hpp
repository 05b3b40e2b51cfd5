// SPDX-License-Identifier: MIT
// tacho: the memory of a family's series, in which those that were made one after another lie side by side.
#pragma once

#include "tacho/cell/exemplar_slot.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/large_memory.hpp"
#include "tacho/series/series_life.hpp"
#include "tacho/series/series_storage.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

// AddressSanitizer knows of whole blocks only, unless it is told of what is in them.
#if defined(__SANITIZE_ADDRESS__)
#define TACHO_TELL_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TACHO_TELL_SANITIZER 1
#endif
#endif
#if defined(TACHO_TELL_SANITIZER)
extern "C" void __asan_poison_memory_region(void const volatile*, std::size_t);
extern "C" void __asan_unpoison_memory_region(void const volatile*, std::size_t);
#endif

namespace tacho::inline TACHO_ABI::detail {

// What is released must not be used until it is given out again.
inline void forbid([[maybe_unused]] void* from, [[maybe_unused]] std::size_t size) noexcept {
#if defined(TACHO_TELL_SANITIZER)
    __asan_poison_memory_region(from, size);
#endif
}
inline void allow([[maybe_unused]] void* from, [[maybe_unused]] std::size_t size) noexcept {
#if defined(TACHO_TELL_SANITIZER)
    __asan_unpoison_memory_region(from, size);
#endif
}

// Blocks of series: what a scrape reads of them from the front, their lives from the back. It then reads texts in a
// row, on few pages, whatever else the program allocates: the text of 10 000 counters in a heap full of holes took it
// thrice as long where each series was a piece of its own. A block grows with the family, and goes when its last series
// does; until then others of the same size take over the places of those that went. One thread at a time.
class series_memory {
public:
    // Behind its life a series has room for exemplars, and if it may expire, for when it was seen in use.
    explicit series_memory(series_storage const& of) noexcept
        : life_size_(sizeof(series_life) + of.exemplars * sizeof(exemplar_slot) + (of.expire_after != 0 ? 8 : 0)) {}
    series_memory(series_memory const&) = delete;
    series_memory& operator=(series_memory const&) = delete;
    // All series have been released.
    ~series_memory() { std::free(last_); }

    struct room {
        void* series = nullptr;
        void* life = nullptr;
        std::uint32_t in_block = 0;  // of the life
    };
    // Room for a series of this size, aligned for pointers, and for its life; nullptr where memory can't be had.
    [[nodiscard]] room allocate(std::size_t size) noexcept;
    // Of a series of this size.
    void release(void* series, std::size_t size, series_life& life) noexcept;

private:
    struct hole {
        hole* next;
        std::uint32_t size, life;  // where in the block that one is
    };
    struct block {
        block *before, *after;  // of those with holes
        hole* holes;
        std::uint32_t living, empty;  // series, and holes
    };
    static constexpr std::size_t block_size = (sizeof(block) + 7) & ~std::size_t{7};
    static constexpr std::size_t aligned(std::size_t size) noexcept {
        return (std::max)(sizeof(hole), (size + 7) & ~std::size_t{7});
    }
    static_assert(alignof(series_life) <= 8 && alignof(exemplar_slot) <= 8);
    static_assert(huge_page < 1u << 23);  // see series_life::in_block()

    [[nodiscard]] bool begin_block(std::size_t size) noexcept;
    [[nodiscard]] room fill_hole(std::size_t size) noexcept;
    void drop(block& b) noexcept;
    void link(block& b) noexcept;
    void unlink(block& b) noexcept;

    std::size_t life_size_;
    std::size_t living_ = 0, empty_ = 0;  // in all blocks
    block* last_ = nullptr;
    char* front_ = nullptr;  // between these the last block has room
    char* back_ = nullptr;
    block* with_holes_ = nullptr;
};

#if TACHO_BODIES

TACHO_FUNCTION series_memory::room series_memory::allocate(std::size_t size) noexcept {
    size = aligned(size);
    if (auto const found = fill_hole(size); found.series != nullptr) return found;
    if (static_cast<std::size_t>(back_ - front_) < size + life_size_ && !begin_block(size)) return {};
    ++last_->living;
    ++living_;
    front_ += size;
    back_ -= life_size_;
    return {front_ - size, back_, static_cast<std::uint32_t>(back_ - reinterpret_cast<char*>(last_))};
}

TACHO_FUNCTION bool series_memory::begin_block(std::size_t size) noexcept {
    // A family of one series takes no more than that, one of hundreds a thirtieth too much. More than 64 KiB would be
    // no faster, until a huge page is an eighth of all.
    constexpr std::size_t few = 8, most_bytes = 65536;
    auto const one = size + life_size_;
    bool const is_huge = one <= huge_page / 8 && living_ >= 8 * huge_page / one && empty_ <= living_;
    auto const together = std::clamp((std::max)(living_ / 32, (std::min)(living_, few)), std::size_t{1},
                                     (std::max)(most_bytes / one, std::size_t{1}));
    // Where sizes differ so much that few of those that come fit where others were, a series is a block of its own
    // again: else one that stays would keep a block, be it one in a thousand.
    auto const whole = is_huge ? huge_page : block_size + (empty_ > living_ ? 1 : together) * one;
    void* const memory = is_huge ? allocate_huge_pages(1) : std::malloc(whole);
    if (memory == nullptr) return false;
    if (last_ != nullptr && last_->living == 0) drop(*last_);
    last_ = new (memory) block{nullptr, nullptr, nullptr, 0, 0};
    front_ = static_cast<char*>(memory) + block_size;
    back_ = static_cast<char*>(memory) + whole;
    return true;
}

TACHO_FUNCTION series_memory::room series_memory::fill_hole(std::size_t size) noexcept {
    int tries = 32;  // so that it takes a bounded time; the sizes of most families are few
    for (block* b = with_holes_; b != nullptr && tries > 0; b = b->after)
        for (hole** at = &b->holes; *at != nullptr && tries > 0; at = &(*at)->next, --tries) {
            hole* const found = *at;
            if (found->size != size) continue;
            *at = found->next;
            if (b->holes == nullptr) unlink(*b);
            --b->empty;
            --empty_;
            ++b->living;
            ++living_;
            void* const life = reinterpret_cast<char*>(b) + found->life;
            allow(found, size);
            allow(life, life_size_);
            return {found, life, found->life};
        }
    return {};
}

TACHO_FUNCTION void series_memory::release(void* series, std::size_t size, series_life& life) noexcept {
    auto const in_block = life.in_block();
    auto* const from = reinterpret_cast<block*>(reinterpret_cast<char*>(&life) - in_block);
    --living_;
    if (--from->living == 0 && from != last_) {
        drop(*from);
        return;
    }
    ++from->empty;
    ++empty_;
    size = aligned(size);
    if (from->holes == nullptr) link(*from);
    from->holes = new (series) hole{from->holes, static_cast<std::uint32_t>(size), in_block};
    forbid(static_cast<char*>(series) + sizeof(hole), size - sizeof(hole));
    forbid(&life, life_size_);
}

TACHO_FUNCTION void series_memory::drop(block& b) noexcept {
    if (b.holes != nullptr) unlink(b);
    empty_ -= b.empty;
    std::free(&b);
}

TACHO_FUNCTION void series_memory::link(block& b) noexcept {
    b.before = nullptr;
    b.after = with_holes_;
    if (with_holes_ != nullptr) with_holes_->before = &b;
    with_holes_ = &b;
}

TACHO_FUNCTION void series_memory::unlink(block& b) noexcept {
    (b.before != nullptr ? b.before->after : with_holes_) = b.after;
    if (b.after != nullptr) b.after->before = b.before;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
