// SPDX-License-Identifier: MIT
// tacho: all series of one family: found by label values, limited in number, removed one by one or when they are idle.
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/cell/observed_cells.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/series/hash.hpp"
#include "tacho/series/identity.hpp"
#include "tacho/series/idle_series.hpp"
#include "tacho/series/removed_series.hpp"
#include "tacho/series/series_caches.hpp"
#include "tacho/series/series_index.hpp"
#include "tacho/series/series_list.hpp"
#include "tacho/series/series_storage.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

/// The series of one family. Look-ups and listings are lock-free and allocate nothing; creating and removing a series
/// takes a mutex that neither of them needs. Whoever looks series up or lists them is `looking` meanwhile.
class series_table {
public:
    /// For for_each(): what is removed is not listed, or as long as anybody may have seen it listed.
    static constexpr std::uint64_t present = ~std::uint64_t{0}, gone_too = 0;  ///< all that may have been seen

    /// Without series. Allocates nothing.
    series_table(label_schema schema, series_storage storage);
    series_table(series_table const&) = delete;
    series_table& operator=(series_table const&) = delete;
    ~series_table();

    /// The series with these label values, in the order of declaration; made when it is new, the overflow series when
    /// the limit is reached, nullptr when memory can't be had. Values may be any bytes of any length.
    template <std::size_t Count>
    [[nodiscard, gnu::noinline]] series* find_or_create(std::span<std::string_view const, Count> values) noexcept {
        // Long ones are cut off first; the longest that are kept go the same way.
        static_assert(std::has_single_bit(max_label_value));
        if (detail::are_shorter_than(max_label_value, values))
            if (series* const found = index_.find(detail::hash_of(values), values);
                found != nullptr && is_usable(*found))
                return found;
        return make(values);
    }

    /// The same, held: it does not expire until it is released.
    [[nodiscard]] series* hold(std::span<std::string_view const> values) noexcept {
        for (;;) {
            series* const found = find_or_create(values);
            if (found == nullptr) return nullptr;
            found->hold();
            if (is_usable(*found)) return found;
            found->release();  // it expired in between
        }
    }

    /// The series that counts what is beyond the limit; nullptr when memory can't be had. Each call is counted.
    [[nodiscard]] series* overflow() noexcept;

    /// Removes the series with these label values; false when there is none, or when too many removed ones are still in
    /// use. Handles to it stay safe, and record for nobody; the same values make a new series, which starts anew.
    bool remove(std::span<std::string_view const> values) noexcept;

    /// Removes all series, the overflow series included, as far as they can be removed.
    void clear() noexcept;

    /// Where callbacks give the values, and between two of them: when there are more series than the limit, removes
    /// those that were not observed in this round or later. At least 1, so that those go that never were.
    void remove_unobserved(std::uint64_t since_round) noexcept;

    /// Of an info: gives a series the latest turn, in its first cell, and then removes the others. If another call has
    /// removed it meanwhile, the series that its label values have by now. For those who hold or found it.
    void show_only(series const& s) noexcept;

    /// Calls f(series&) for each series, and for those that were removed after the stamp `since` of the reader clock.
    /// If that is `present`, for each that there was when it began, so that none is listed twice whose label values are
    /// removed and come again meanwhile.
    template <class F>
    void for_each(F&& f, std::uint64_t since = present) const {
        auto const when = begin_list(since);
        list_.for_each([&](series& s) {
            if (is_listed(s, when)) f(s);
        });
    }

    /// With some at a time, of those for which keep(series&), which is not asked of families with one cell a series:
    /// f(std::span<series* const>, word* cells), see series_list.
    template <class Keep, class F>
    void for_each_strip(Keep&& keep, F&& f, std::uint64_t since = present) const {
        auto const when = begin_list(since);
        // Relaxed: a strip that has a new series is joined after that was noted, which is a release.
        list_.for_each_strip([&](series& s) { return is_listed(s, when) && keep(s); },
                             [&] { return last_made_.load(std::memory_order_relaxed) <= when.made_by; }, f);
    }

    /// Series are kept until the family ends from now on: an instrument of enums looks them up without `looking`.
    void keep_removed() noexcept;
    /// An instrument's own table from enums to cells, in which removed series must not stay. False without memory.
    [[nodiscard]] bool add_cache(detail::series_cache cache) noexcept;
    /// Lets go of it, when its instrument ends.
    void drop_cache(detail::series_cache cache) noexcept;
    /// Puts a series in its place, unless it has been removed.
    void fill_cache(detail::series_cache cache, std::size_t place, series& s) noexcept;

    /// In a child of fork(), while there is one thread: all series are born now, and what they counted is forgotten.
    void start_anew(bool clear_cells) noexcept;
    /// In any child of fork(), while there is one thread.
    void repair_exemplars() noexcept;

    /// How often the overflow series was given in place of a series.
    [[nodiscard]] std::uint64_t overflowed() const noexcept { return overflowed_.load(std::memory_order_relaxed); }
    /// Series that are removed, and whose memory is kept because a handle, a look or a reader may still need it.
    [[nodiscard]] std::size_t kept() const noexcept { return kept_.load(std::memory_order_relaxed); }

    /// Bytes of the longest text of all that are, or ever were, listed.
    [[nodiscard]] std::size_t longest_text() const noexcept { return list_.longest_text(); }

    /// Never changes.
    [[nodiscard]] label_schema const& schema() const noexcept { return schema_; }
    /// Never changes.
    [[nodiscard]] series_storage const& storage() const noexcept { return storage_; }

private:
    // The turn that an info's series has now; 0 when it has been removed. Relaxed: the removals of others, which are
    // releases, come after it, so that no reader sees none.
    std::uint64_t take_turn(series const& s) noexcept;

    // Until f(), which is called under the mutex, returns true, or waiting is of no use: for room for removed series.
    template <class F>
    void patiently(F&& f) noexcept {
        patience left;
        bool is_looked_at;
        do {
            std::lock_guard const lock{mutex_};
            if (f()) return;
            is_looked_at = removed_.is_looked_at();
        } while (left.wait(is_looked_at));
    }

    // A look that isn't given the processor is over soon, but nobody knows how soon; a handle may be held for ever.
    class patience {
    public:
        // False when it is over.
        bool wait(bool for_looks) noexcept;

    private:
        unsigned yields_ = 0;
        std::chrono::steady_clock::time_point end_;  // of waiting for looks
    };

    [[nodiscard]] bool is_usable(series& s) const noexcept { return storage_.expire_after == 0 || s.life().touch(); }
    // What a list shows: by the reader clock.
    struct moment {
        std::uint64_t made_by, removed_since;
    };
    // Once those are removed that have been idle for too long. Acquire: who sees that a series was made sees that the
    // one before it, of the same label values, had been removed. So the one that was made earlier is listed, or the
    // later.
    [[nodiscard]] moment begin_list(std::uint64_t since) const noexcept {
        idle_.remove_from(list_);
        if (since != present) return {present, since};
        auto const now = storage_.readers->now.load(std::memory_order_acquire);
        return {now, now};
    }
    [[nodiscard]] static bool is_listed(series const& s, moment when) noexcept {
        auto const& life = s.life();
        return (!life.is_removed() || life.was_removed_since(when.removed_since)) && s.made() <= when.made_by;
    }

    // Of any values, what is not found.
    [[nodiscard]] series* make(std::span<std::string_view const> values) noexcept;
    [[nodiscard]] series* create(std::span<std::string_view const> values) noexcept;

    // ---- Under the mutex from here on.

    // Makes a series and lists it.
    [[nodiscard]] series* add(std::span<std::string_view const> values, bool overflow) noexcept;

    [[nodiscard]] bool has_room_for_removed() noexcept;
    // One that can be found, when there is room.
    bool remove_and_bury(series& s) noexcept;

    // False when there is no room for all that are removed.
    template <class Gone>
    bool remove_those(Gone&& gone) noexcept {
        bool done = true;
        list_.for_each([&](series& s) {
            if (s.life().is_removed()) return bury(s);  // it has expired, and may still be found
            if (!gone(s)) return;
            if (done = done && has_room_for_removed(); done) remove_and_bury(s);
        });
        return done;
    }

    // Makes a removed series impossible to find, unless there are too many of them.
    void bury(series& s) noexcept;
    // Those who begin to look later don't find it.
    void unlink(series& s) noexcept;
    // Its memory, until nobody can need it: of one that is unlinked, removed and parted.
    void keep(series& s) noexcept;

    void sweep() noexcept;

    // Gives the memory of removed series back as far as nobody can need it.
    void give_back() noexcept;
    void give_back_now_and_then() noexcept;

    void destroy(series& s) noexcept;

    [[nodiscard]] detail::arena& arena() const noexcept {
        return storage_.sharded ? detail::sharded_arena : detail::shared_arena;
    }

    label_schema schema_;
    series_storage storage_;
    detail::series_memory memory_{storage_};
    detail::series_index index_;
    detail::series_list list_;
    detail::removed_series removed_;
    detail::series_caches caches_;
    std::uint64_t turns_ = 0;  // of an info
    bool gives_back_ = true, has_removed_ = false;
    std::atomic<std::uint64_t> last_made_{0};  // see series::made()
    std::atomic<series*> overflow_{nullptr};
    std::atomic<std::uint64_t> overflowed_{0};
    std::atomic<std::size_t> regular_{0};  // found by label values
    std::atomic<std::size_t> kept_{0};
    mutable detail::idle_series idle_{storage_};
    detail::gated_mutex mutex_;  // one creator or remover at a time
};

}  // namespace tacho::inline TACHO_ABI
