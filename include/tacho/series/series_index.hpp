// SPDX-License-Identifier: MIT
// tacho: from label values to a series: read without a lock, written under one.
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/series/series.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// An open-addressing hash table. Readers probe the newest published table; a writer, of which there is one at a time,
// adds to it, marks places as left, or copies what is in it into another one and publishes that. Old tables are kept
// until no reader can be in one. Reading is for those who are `looking`.
class series_index {
public:
    series_index() = default;
    series_index(series_index const&) = delete;
    series_index& operator=(series_index const&) = delete;
    ~series_index();

    // Lock-free; allocates nothing.
    template <std::size_t Count>
    [[nodiscard]] series* find(std::uint64_t hash, std::span<std::string_view const, Count> values) const noexcept {
        // Acquire: the table's contents were written before it was published.
        table const* const t = newest_.load(std::memory_order_acquire);
        if (t == nullptr) return nullptr;
        auto const wanted = tag_of(hash);
        for (std::size_t i = t->place_of(hash);; i = (i + 1) & t->mask) {
            // Acquire, matched by the releases in put(): whoever sees a tag sees the entry, and whoever sees an entry
            // the series. A place that is given to another meanwhile has that one's entry: keys are compared in full.
            auto const tag = t->tags()[i].load(std::memory_order_acquire);
            if (tag == 0) return nullptr;
            if (tag != wanted) continue;
            series* const found = t->entries()[i].load(std::memory_order_acquire);
            // Where its values are, which else is known when its beginning has come: a sixth of the time among 10 000.
            __builtin_prefetch(reinterpret_cast<char const*>(found) + 64);
            if (found->has(values)) return found;
        }
    }

    // Makes sure that the next insert() finds a place; false when memory can't be had. One writer at a time.
    [[nodiscard]] bool make_room() noexcept;

    // Readers that begin to look later don't find it. It is there.
    void erase(std::uint64_t hash, series const* gone) noexcept;

    // Whether there are tables to be given back, and it is time to try: each time in vain doubles the tries let pass,
    // as asking who looks interrupts all threads. One writer at a time, as for all that follows.
    [[nodiscard]] bool is_due() noexcept {
        if (old_ == nullptr) return false;
        if (passed_ < let_pass_) {
            ++passed_;
            return false;
        }
        return true;
    }

    // Frees the tables that were left in this epoch or before.
    void give_back(std::uint64_t finished) noexcept;

    // After make_room().
    void insert(std::uint64_t hash, series* added) noexcept;

private:
    // Small, so that those of ten thousand series stay in the first cache.
    using tag_type = std::uint16_t;

    // Followed in memory by the entries and the tags.
    struct table {
        table* older;
        std::uint64_t left_in;  // the epoch in which another took its place
        std::size_t mask;
        std::size_t size;   // series in it
        std::size_t taken;  // places that are not free: those, and those left

        // Where the search for a hash begins: its lower bits tell, which are all of a std::size_t or more.
        [[nodiscard]] std::size_t place_of(std::uint64_t hash) const noexcept {
            return static_cast<std::size_t>(hash) & mask;
        }
        [[nodiscard]] std::atomic<series*>* entries() const noexcept {
            return reinterpret_cast<std::atomic<series*>*>(const_cast<table*>(this) + 1);
        }
        [[nodiscard]] std::atomic<tag_type>* tags() const noexcept {
            return reinterpret_cast<std::atomic<tag_type>*>(entries() + mask + 1);
        }
    };

    // A place that was taken: a search goes on there.
    static constexpr tag_type left = 1;

    // The upper bits of the hash, which the place in the table doesn't depend on; 0 marks a free place.
    static tag_type tag_of(std::uint64_t hash) noexcept { return static_cast<tag_type>(hash >> 48 | 2u); }

    static table* make_table(std::size_t places) noexcept {
        // Zeroed memory is a table of free places.
        void* const memory =
            std::calloc(1, sizeof(table) + places * (sizeof(std::atomic<series*>) + sizeof(std::atomic<tag_type>)));
        return memory == nullptr ? nullptr : new (memory) table{nullptr, 0, places - 1, 0, 0};
    }

    static void put(table& t, std::uint64_t hash, series* added) noexcept {
        std::size_t i = t.place_of(hash);
        while (t.tags()[i].load(std::memory_order_relaxed) > left) i = (i + 1) & t.mask;
        if (t.tags()[i].load(std::memory_order_relaxed) == 0) ++t.taken;
        t.entries()[i].store(added, std::memory_order_release);
        t.tags()[i].store(tag_of(hash), std::memory_order_release);  // last: it makes the entry visible
        ++t.size;
    }

    std::atomic<table*> newest_{nullptr};
    table* old_ = nullptr;  // replaced, newest first
    std::uint32_t let_pass_ = 0, passed_ = 0;
};

#if TACHO_BODIES

TACHO_FUNCTION series_index::~series_index() {
    std::free(newest_.load(std::memory_order_relaxed));
    give_back(~std::uint64_t{0});
}

TACHO_FUNCTION bool series_index::make_room() noexcept {
    table* const t = newest_.load(std::memory_order_relaxed);                  // only writers change it
    if (t != nullptr && (t->taken + 1) * 3 <= (t->mask + 1) * 2) return true;  // at most two thirds full
    // As large as before when half of the places or more were left.
    std::size_t const places = t == nullptr ? 8 : t->size * 2 <= t->taken ? t->mask + 1 : (t->mask + 1) * 2;
    table* const grown = make_table(places);
    if (grown == nullptr) return false;
    for (std::size_t i = 0; t != nullptr && i <= t->mask; ++i)
        if (t->tags()[i].load(std::memory_order_relaxed) > left) {
            series* const s = t->entries()[i].load(std::memory_order_relaxed);
            put(*grown, s->hash(), s);
        }
    newest_.store(grown, std::memory_order_release);  // publishes everything put so far
    if (t != nullptr) {
        t->left_in = end_epoch();
        t->older = old_;
        old_ = t;
    }
    return true;
}

TACHO_FUNCTION void series_index::erase(std::uint64_t hash, series const* gone) noexcept {
    table& t = *newest_.load(std::memory_order_relaxed);
    std::size_t i = t.place_of(hash);
    while (t.entries()[i].load(std::memory_order_relaxed) != gone ||
           t.tags()[i].load(std::memory_order_relaxed) <= left)
        i = (i + 1) & t.mask;
    t.tags()[i].store(left, std::memory_order_release);
    --t.size;
}

TACHO_FUNCTION void series_index::give_back(std::uint64_t finished) noexcept {
    for (table** at = &old_; *at != nullptr;) {
        table* const t = *at;
        if (t->left_in > finished) {
            at = &t->older;
        } else {
            *at = t->older;
            std::free(t);
        }
    }
    passed_ = 0;
    let_pass_ = old_ == nullptr ? 0 : (std::min)(let_pass_ * 2 + 1, 1023u);
}

TACHO_FUNCTION void series_index::insert(std::uint64_t hash, series* added) noexcept {
    put(*newest_.load(std::memory_order_relaxed), hash, added);
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
