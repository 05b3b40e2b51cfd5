// SPDX-License-Identifier: MIT
// tacho: how the series of a table are made, removed and given back.
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/cell/observed_cells.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/series/hash.hpp"
#include "tacho/series/identity.hpp"
#include "tacho/series/series_table.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>

#if TACHO_BODIES
#include <thread>
#endif

namespace tacho::inline TACHO_ABI {

#if TACHO_BODIES

TACHO_FUNCTION series_table::series_table(label_schema schema, series_storage storage)
    : schema_(std::move(schema)), storage_(std::move(storage)) {
    // Makes looks cheap from the first one on. Tables are made within a change, under the registry's mutex, so that
    // no child of fork() has the guard taken and waits for it.
    static bool const prepared = detail::fence_of_remover();
    static_cast<void>(prepared);
}

TACHO_FUNCTION series_table::~series_table() {
    list_.for_each([this](series& s) { destroy(s); });
    removed_.for_each_unlisted([this](series& s) { destroy(s); });
}

TACHO_FUNCTION series* series_table::overflow() noexcept {
    overflowed_.fetch_add(1, std::memory_order_relaxed);  // a count, which orders nothing
    if (series* const found = overflow_.load(std::memory_order_acquire)) return found;
    std::lock_guard const lock{mutex_};
    if (series* const found = overflow_.load(std::memory_order_relaxed)) return found;
    series* const made = add({}, true);
    overflow_.store(made, std::memory_order_release);
    return made;
}

TACHO_FUNCTION bool series_table::remove(std::span<std::string_view const> values) noexcept {
    return detail::with_identity(values, [this](auto valid) {
        auto const hash = detail::hash_of(valid);
        bool was_there = false;
        patiently([&] {
            series* const found = index_.find(hash, valid);
            if (found == nullptr) return true;
            if (!has_room_for_removed()) return false;
            was_there = remove_and_bury(*found);
            return true;
        });
        return was_there;
    });
}

TACHO_FUNCTION void series_table::clear() noexcept {
    std::lock_guard const lock{mutex_};
    remove_those([](series&) { return true; });
}

TACHO_FUNCTION void series_table::remove_unobserved(std::uint64_t since_round) noexcept {
    if (regular_.load(std::memory_order_relaxed) <= storage_.limit) return;  // rounds follow each other
    patiently([&] {
        return remove_those(
            [&](series& s) { return !s.is_overflow() && !detail::was_observed(s.cells(), since_round); });
    });
}

TACHO_FUNCTION void series_table::show_only(series const& s) noexcept {
    std::uint64_t turn = 0;
    {
        detail::looking const look;
        series const* shown = &s;
        while (shown != nullptr && (turn = take_turn(*shown)) == 0)
            shown = shown->is_overflow() ? overflow() : find_or_create(detail::label_values_of{*shown, schema_}.view());
        if (shown == nullptr) return;
    }
    auto const is_older = [&](series& other) { return other.cells()->load(std::memory_order_relaxed) < turn; };
    patiently([&] { return remove_those(is_older); });
}

TACHO_FUNCTION void series_table::keep_removed() noexcept {
    std::lock_guard const lock{mutex_};
    gives_back_ = false;
}

TACHO_FUNCTION bool series_table::add_cache(detail::series_cache cache) noexcept {
    std::lock_guard const lock{mutex_};
    return caches_.add(cache);
}

TACHO_FUNCTION void series_table::drop_cache(detail::series_cache cache) noexcept {
    std::lock_guard const lock{mutex_};
    caches_.drop(cache);
}

TACHO_FUNCTION void series_table::fill_cache(detail::series_cache cache, std::size_t place, series& s) noexcept {
    std::lock_guard const lock{mutex_};
    if (!s.life().is_removed()) cache.fill(place, s);
}

TACHO_FUNCTION void series_table::start_anew(bool clear_cells) noexcept {
    overflowed_.store(0, std::memory_order_relaxed);
    list_.for_each([&](series& s) {
        s.life().begin_anew(storage_.now());
        if (clear_cells) detail::clear_cells(s.cells(), storage_.cells, storage_.sharded);
        for (std::size_t i = 0; i < storage_.exemplars; ++i) s.exemplar_at(i).clear();
    });
}

TACHO_FUNCTION void series_table::repair_exemplars() noexcept {
    if (storage_.exemplars == 0) return;
    list_.for_each([&](series& s) {
        for (std::size_t i = 0; i < storage_.exemplars; ++i) s.exemplar_at(i).repair();
    });
}

TACHO_FUNCTION bool series_table::patience::wait(bool for_looks) noexcept {
    using namespace std::chrono_literals;
    if (yields_ < 1000) {
        ++yields_;
        std::this_thread::yield();
        return true;
    }
    if (!for_looks || detail::is_looking()) return false;  // this thread's own look would not end before
    auto const now = std::chrono::steady_clock::now();
    if (end_ == std::chrono::steady_clock::time_point{}) end_ = now + 200ms;
    if (now >= end_) return false;
    std::this_thread::sleep_for(1ms);
    return true;
}

TACHO_FUNCTION std::uint64_t series_table::take_turn(series const& s) noexcept {
    std::lock_guard const lock{mutex_};
    if (s.life().is_removed()) return 0;
    s.cells()->store(++turns_, std::memory_order_relaxed);
    return turns_;
}

TACHO_FUNCTION series* series_table::make(std::span<std::string_view const> values) noexcept {
    return detail::with_identity(values, [this](auto valid) { return create(valid); });
}

TACHO_FUNCTION series* series_table::create(std::span<std::string_view const> values) noexcept {
    auto const hash = detail::hash_of(values);
    // Looked at before the search. Acquire: a limit that is seen as reached was reached by series that the search
    // sees, so what it does not find has to be counted beyond the limit. Else the count is looked at again below.
    bool const is_full = regular_.load(std::memory_order_acquire) >= storage_.most_found();
    if (series* const found = index_.find(hash, values); found != nullptr && is_usable(*found)) return found;
    if (is_full && !idle_.is_time_to_sweep()) return overflow();
    {
        std::lock_guard const lock{mutex_};
        give_back_now_and_then();
        if (series* const found = index_.find(hash, values)) {
            if (is_usable(*found)) return found;
            bury(*found);  // it has expired
        }
        if (idle_.is_time_to_sweep()) sweep();
        auto const count = regular_.load(std::memory_order_relaxed);
        if (count < storage_.most_found() && index_.find(hash, values) == nullptr) {
            if (!index_.make_room()) return nullptr;
            series* const made = add(values, false);
            if (made == nullptr) return nullptr;
            index_.insert(hash, made);
            regular_.store(count + 1, std::memory_order_release);  // after the insertion: see above
            return made;
        }
    }
    return overflow();
}

TACHO_FUNCTION series* series_table::add(std::span<std::string_view const> values, bool overflow) noexcept {
    auto const place = removed_.free_place(list_.next());
    if (place.ordinal == list_.next() && !list_.make_room()) return nullptr;
    detail::word* const cells = arena().allocate(storage_.cells);
    if (cells == nullptr) return nullptr;
    auto const now = has_removed_ ? storage_.readers->next() : 0;
    series* const made =
        series::make(memory_, schema_, values, overflow, place.ordinal, place.generation, now, cells, storage_);
    if (made == nullptr) {
        arena().release(cells, storage_.cells);
        return nullptr;
    }
    removed_.take(place);
    if (now != 0) last_made_.store(now, std::memory_order_relaxed);  // before join(): see for_each_strip()
    list_.put(place.ordinal, made);
    if (storage_.cells == 1) list_.join(place.ordinal);
    return made;
}

TACHO_FUNCTION bool series_table::has_room_for_removed() noexcept {
    give_back_now_and_then();
    return removed_.size() < storage_.most_removed();
}

TACHO_FUNCTION bool series_table::remove_and_bury(series& s) noexcept {
    // Not found any more, and only then removed: else what others find and count in between, for as long as this thread
    // isn't given the processor, would be counted for nobody. They wait for the mutex instead.
    unlink(s);
    bool const was_there = s.life().remove(*storage_.readers, storage_.now(), false);
    list_.part(s.ordinal());
    keep(s);
    return was_there;
}

TACHO_FUNCTION void series_table::bury(series& s) noexcept {
    list_.part(s.ordinal());
    if (!s.life().is_linked() || removed_.size() >= storage_.most_removed()) return;
    unlink(s);
    keep(s);
}

TACHO_FUNCTION void series_table::unlink(series& s) noexcept {
    has_removed_ = true;
    s.life().unlink();
    if (s.is_overflow()) {
        overflow_.store(nullptr, std::memory_order_release);
    } else {
        index_.erase(s.hash(), &s);
        regular_.fetch_sub(1, std::memory_order_relaxed);
    }
    caches_.forget(s);
}

TACHO_FUNCTION void series_table::keep(series& s) noexcept {
    s.life().stamp(*storage_.readers);
    removed_.add(s, detail::end_epoch());
    kept_.store(removed_.size(), std::memory_order_relaxed);
}

TACHO_FUNCTION void series_table::sweep() noexcept {
    idle_.remove_from(list_);
    idle_.note_sweep();
    list_.for_each([this](series& s) {
        if (s.life().is_removed()) bury(s);
    });
}

TACHO_FUNCTION void series_table::give_back() noexcept {
    auto const finished = detail::finished_epoch();
    index_.give_back(finished);
    // What callbacks stopped observing, or an info was set to before, is shown to no reader, and waits for
    // none.
    auto const settled =
        storage_.observed || turns_ != 0 ? present : storage_.readers->settled.load(std::memory_order_acquire);
    removed_.give_back(finished, settled, list_, [this](series& s) { destroy(s); });
    kept_.store(removed_.size(), std::memory_order_relaxed);
}

TACHO_FUNCTION void series_table::give_back_now_and_then() noexcept {
    if (!removed_.is_due(storage_.most_removed())) {
        if (gives_back_ && index_.is_due()) index_.give_back(detail::finished_epoch());
        return;
    }
    if (gives_back_) give_back();
    removed_.rest();
}

TACHO_FUNCTION void series_table::destroy(series& s) noexcept {
    arena().release(s.cells(), storage_.cells);
    s.destroy(memory_);
}

#endif

}  // namespace tacho::inline TACHO_ABI
