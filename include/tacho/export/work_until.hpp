// SPDX-License-Identifier: MIT
// tacho: work that knows of no deadline is cut off at one, for transports whose library looks at the clock too rarely.
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/deadline.hpp"
#include "tacho/version.hpp"

#include <memory>
#include <utility>

#if TACHO_BODIES
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#endif

namespace tacho::inline TACHO_ABI::detail {

enum class work_end { in_time, late, left, not_started };

// Calls what somebody else owns.
struct borrowed_call {
    void operator()() const { call(it); }

    void* it;
    void (*call)(void*);
};
template <class F>
[[nodiscard]] borrowed_call borrow(F& from) noexcept {
    return {&from, [](void* it) { (*static_cast<F*>(it))(); }};
}

work_end work_until(deadline const& until, std::shared_ptr<void> owned, borrowed_call prepare, borrowed_call work,
                    borrowed_call cut_off);

// Does `prepare` and then `work` on a thread of its own, and returns when it has ended. When the deadline has passed
// before, `cut_off` is called until it has; only preparations, which nothing can cut off, are left to end by
// themselves, without the work: they must own all that they use. None of the three may throw.
template <class Prepare, class Work, class CutOff>
work_end work_until(deadline const& until, Prepare prepare, Work work, CutOff cut_off) {
    std::shared_ptr<Prepare> owned;
    if (!attempt([&] { owned = std::make_shared<Prepare>(std::move(prepare)); })) return work_end::not_started;
    return work_until(until, owned, borrow(*owned), borrow(work), borrow(cut_off));
}

#if TACHO_BODIES

TACHO_FUNCTION work_end work_until(deadline const& until, std::shared_ptr<void> owned, borrowed_call prepare,
                                   borrowed_call work, borrowed_call cut_off) {
    struct progress {
        std::mutex mutex;
        std::condition_variable changed;
        bool is_left = false, is_prepared = false, is_over = false;
    };
    auto const now = std::make_shared<progress>();
    std::thread worker;
    // The work is here, and is not touched by who is left.
    auto const body = [now, owned = std::move(owned), prepare, work] {
        prepare();
        {
            std::lock_guard const lock{now->mutex};
            now->is_prepared = !now->is_left;
            if (now->is_left) return;
        }
        work();
        std::lock_guard const lock{now->mutex};
        now->is_over = true;
        now->changed.notify_one();
    };
    if (!attempt([&] { worker = std::thread{body}; })) return work_end::not_started;

    bool is_late = false;
    std::unique_lock lock{now->mutex};
    while (!now->is_over) {
        if (until.passed()) {
            is_late = true;
            if (!now->is_prepared) {
                now->is_left = true;
                worker.detach();
                return work_end::left;
            }
            cut_off();  // again and again: there may be nothing to cut off yet
        }
        // Nobody tells when the deadline is brought forward.
        auto const wait = std::clamp(until.remaining(), std::chrono::milliseconds{1}, std::chrono::milliseconds{50});
        now->changed.wait_for(lock, wait);
    }
    lock.unlock();
    worker.join();
    return is_late ? work_end::late : work_end::in_time;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
