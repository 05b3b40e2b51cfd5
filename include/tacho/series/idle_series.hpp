// SPDX-License-Identifier: MIT
// tacho: which series of a family are out of use for so long that they are removed.
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/series/series.hpp"
#include "tacho/series/series_list.hpp"
#include "tacho/series/series_storage.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <cstdint>

namespace tacho::inline TACHO_ABI::detail {

// The expiry of one family's series. May be asked by several threads at a time.
class idle_series {
public:
    explicit idle_series(series_storage const& of) noexcept : storage_(of), swept_(now()) {}

    [[nodiscard]] bool may_expire() const noexcept { return storage_.expire_after != 0; }

    // At most four times in the time after which a series expires, since it looks at all of them, and after each scrape
    // that removed some. Acquire: whoever sees that finds them removed.
    [[nodiscard]] bool is_time_to_sweep() const noexcept {
        if (!may_expire()) return false;
        if (removed_some_.load(std::memory_order_acquire)) return true;
        auto const then = swept_.load(std::memory_order_relaxed);
        return now() > then && now() - then >= storage_.expire_after / 4;
    }
    // Whoever sweeps looks for what was removed up to now.
    void note_sweep() noexcept {
        removed_some_.exchange(false, std::memory_order_acquire);
        swept_.store(now(), std::memory_order_relaxed);
    }

    // Under no mutex: scrapes do it too, one at a time, so that what is idle isn't shown though nothing is created.
    void remove_from(series_list const& list) noexcept;

private:
    [[nodiscard]] std::uint32_t now() const noexcept {
        return static_cast<std::uint32_t>(storage_.now() / 1'000'000'000u);
    }

    series_storage const& storage_;
    std::atomic<std::uint32_t> swept_;  // seconds since 1970
    std::atomic<bool> under_way_{false};
    std::atomic<bool> removed_some_{false};  // since the last sweep
};

#if TACHO_BODIES

TACHO_FUNCTION void idle_series::remove_from(series_list const& list) noexcept {
    if (!may_expire()) return;
    // No fork in between: the child would find it under way for ever.
    changing const from_here;
    if (under_way_.exchange(true, std::memory_order_acquire)) return;
    auto const second = now(), in_use = second_at(storage_.now());  // rounded so that none goes early
    list.for_each([&](series& s) {
        auto& life = s.life();
        bool const touched = life.was_touched();
        if (touched || life.is_held() || s.is_overflow()) {
            s.seen_in_use(storage_.exemplars) = in_use;
        } else if (auto const seen = s.seen_in_use(storage_.exemplars);
                   second > seen && second - seen >= storage_.expire_after &&
                   life.remove(*storage_.readers, storage_.now(), true)) {
            list.part(life.ordinal());
            removed_some_.store(true, std::memory_order_release);
        }
    });
    under_way_.store(false, std::memory_order_release);
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
