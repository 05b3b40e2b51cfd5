// SPDX-License-Identifier: MIT
// tacho: series that were removed, until nobody can need their memory any more.
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/core/attempt.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/series/series_list.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tacho::inline TACHO_ABI::detail {

// A removed series goes in two steps: while it can still be found or is held, it stays listed, so that readers who
// collect what happened in between see its last values; then it is taken off the list, and freed when those who were
// going through the list have finished. One thread at a time.
class removed_series {
public:
    // A place in the list, and how many series had it before.
    struct place {
        std::uint32_t ordinal;
        std::uint32_t generation;
    };

    [[nodiscard]] std::size_t size() const noexcept { return listed_.size() + unlisted_.size(); }

    // Called with each creation and removal: whether it is time to give_back(), and then rest(). With many it is so
    // seldom that a series costs the same however many are kept, unless there are as many as may be.
    [[nodiscard]] bool is_due(std::size_t most) noexcept {
        if (size() == 0) return false;
        if (until_due_ == 0 || size() >= most) return true;
        --until_due_;
        return false;
    }
    void rest() noexcept { until_due_ = size() + 32; }

    // Whether the last give_back() would have given back more if nobody had been looking.
    [[nodiscard]] bool is_looked_at() const noexcept { return is_looked_at_; }

    // It can't be found by those who begin to look after `epoch`. Without memory it stays where it is until the family
    // ends.
    void add(series& gone, std::uint64_t epoch) noexcept;

    // A place that a series has left, or the next one.
    [[nodiscard]] place free_place(std::uint32_t next) const noexcept {
        return free_.empty() ? place{next, 0} : free_.back();
    }
    void take(place taken) noexcept;

    // Goes on with what nobody sees who is looking (`finished`, see epoch.hpp), no handle holds, and every reader has
    // collected (`settled`). Calls destroy(series&) for what nobody can see at all.
    template <class Destroy>
    void give_back(std::uint64_t finished, std::uint64_t settled, series_list& list, Destroy&& destroy) noexcept {
        std::erase_if(unlisted_, [&](entry const& e) {
            if (e.epoch > finished) return false;
            destroy(*e.gone);
            return true;
        });
        is_looked_at_ = finished != 0 && !unlisted_.empty();
        bool const has_room = attempt([&] {
            unlisted_.reserve(size());
            free_.reserve(free_.size() + listed_.size());
        });
        if (!has_room) return;
        auto const before = unlisted_.size();
        std::erase_if(listed_, [&](entry const& e) {
            auto const& life = e.gone->life();
            if (life.is_held() || !life.was_removed_by(settled)) return false;
            is_looked_at_ = finished != 0;  // also if it only goes on to be unlisted
            if (e.epoch > finished) return false;
            list.put(e.gone->ordinal(), nullptr);
            free_.push_back({e.gone->ordinal(), e.gone->generation() + 1});
            unlisted_.push_back(e);
            return true;
        });
        if (unlisted_.size() == before) return;
        auto const epoch = end_epoch();
        for (auto i = before; i < unlisted_.size(); ++i) unlisted_[i].epoch = epoch;
    }

    template <class F>
    void for_each_unlisted(F&& f) {
        for (auto const& e : unlisted_) f(*e.gone);
    }

private:
    struct entry {
        series* gone;
        std::uint64_t epoch;
    };
    std::vector<entry> listed_, unlisted_;
    std::vector<place> free_;
    std::size_t until_due_ = 32;
    bool is_looked_at_ = false;
};

#if TACHO_BODIES

TACHO_FUNCTION void removed_series::add(series& gone, std::uint64_t epoch) noexcept {
    attempt([&] { listed_.push_back({&gone, epoch}); });
}

TACHO_FUNCTION void removed_series::take(place taken) noexcept {
    if (!free_.empty() && free_.back().ordinal == taken.ordinal) free_.pop_back();
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
