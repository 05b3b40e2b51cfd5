// tacho: from label values to a series: read without a lock, written under one.
#pragma once

#include "tacho/series/series.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#include <string_view>

namespace tacho::inline v0::detail {

// An open-addressing hash table that only grows. Readers probe the newest published table; a writer, of which there is
// one at a time, adds to it, or copies it into one of twice the size and publishes that. Old tables are kept until the
// end, because a reader may still be in one: together they are no larger than the newest.
class series_index {
public:
    series_index() = default;
    series_index(series_index const&) = delete;
    series_index& operator=(series_index const&) = delete;
    ~series_index() {
        for (table* t = newest_.load(std::memory_order_relaxed); t != nullptr;) {
            table* const older = t->older;
            std::free(t);
            t = older;
        }
    }

    // Lock-free; allocates nothing.
    [[nodiscard]] series* find(std::uint64_t hash, std::span<std::string_view const> values) const noexcept {
        // Acquire: the table's contents were written before it was published.
        table const* const t = newest_.load(std::memory_order_acquire);
        if (t == nullptr) return nullptr;
        auto const wanted = tag_of(hash);
        for (std::size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
            // Acquire, matched by the release in put(): whoever sees a tag sees the entry and the series behind it.
            auto const tag = t->tags()[i].load(std::memory_order_acquire);
            if (tag == 0) return nullptr;
            if (tag != wanted) continue;
            series* const found = t->entries()[i].load(std::memory_order_relaxed);
            if (found->has(values)) return found;
        }
    }

    // Makes sure that the next insert() finds a place; false when memory can't be had. One writer at a time.
    [[nodiscard]] bool make_room() noexcept {
        table* const t = newest_.load(std::memory_order_relaxed);                 // only writers change it
        if (t != nullptr && (t->size + 1) * 3 <= (t->mask + 1) * 2) return true;  // at most two thirds full
        table* const grown = make_table(t == nullptr ? 8 : (t->mask + 1) * 2);
        if (grown == nullptr) return false;
        grown->older = t;
        for (std::size_t i = 0; t != nullptr && i <= t->mask; ++i)
            if (t->tags()[i].load(std::memory_order_relaxed) != 0)
                put(*grown, t->hashes()[i], t->entries()[i].load(std::memory_order_relaxed));
        newest_.store(grown, std::memory_order_release);  // publishes everything put so far
        return true;
    }

    // After make_room().
    void insert(std::uint64_t hash, series* added) noexcept {
        put(*newest_.load(std::memory_order_relaxed), hash, added);
    }

private:
    // Followed in memory by the entries, the full hashes, which only writers use, and the tags.
    struct table {
        table* older;
        std::size_t mask;
        std::size_t size;

        [[nodiscard]] std::atomic<series*>* entries() const noexcept {
            return reinterpret_cast<std::atomic<series*>*>(const_cast<table*>(this) + 1);
        }
        [[nodiscard]] std::uint64_t* hashes() const noexcept {
            return reinterpret_cast<std::uint64_t*>(entries() + mask + 1);
        }
        [[nodiscard]] std::atomic<std::uint32_t>* tags() const noexcept {
            return reinterpret_cast<std::atomic<std::uint32_t>*>(hashes() + mask + 1);
        }
    };

    // The upper half of the hash, which the place in the table doesn't depend on; 0 marks a free place.
    static std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32) | 1u; }

    static table* make_table(std::size_t places) noexcept {
        // Zeroed memory is a table of free places.
        void* const memory =
            std::calloc(1, sizeof(table) + places * (sizeof(std::atomic<series*>) + sizeof(std::uint64_t) +
                                                     sizeof(std::atomic<std::uint32_t>)));
        return memory == nullptr ? nullptr : new (memory) table{nullptr, places - 1, 0};
    }

    static void put(table& t, std::uint64_t hash, series* added) noexcept {
        std::size_t i = hash & t.mask;
        while (t.tags()[i].load(std::memory_order_relaxed) != 0) i = (i + 1) & t.mask;
        t.hashes()[i] = hash;
        t.entries()[i].store(added, std::memory_order_relaxed);
        t.tags()[i].store(tag_of(hash), std::memory_order_release);  // last: it makes the entry visible
        ++t.size;
    }

    std::atomic<table*> newest_{nullptr};
};

}  // namespace tacho::inline v0::detail
