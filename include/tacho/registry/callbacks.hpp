// SPDX-License-Identifier: MIT
// tacho: the program's callbacks: run once a collection, under no lock, and never waited for without end.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/api/#asynchronous-instrument-api
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/deadline.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/registry/collisions.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/registry/observed_values.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if TACHO_BODIES
#include <condition_variable>
#include <thread>
#endif

namespace tacho::inline TACHO_ABI::detail {

class [[gnu::visibility("default")]] callback;  // the program's, in a plug-in too

// A callable of the program, and the families it may observe: one at least.
class callback {
public:
    explicit callback(std::vector<std::shared_ptr<family>> families) noexcept : families_(std::move(families)) {}
    callback(callback const&) = delete;
    callback& operator=(callback const&) = delete;
    virtual ~callback() = default;

    virtual void run(observed_values& into) = 0;

    [[nodiscard]] std::vector<std::shared_ptr<family>> const& families() const noexcept { return families_; }

private:
    friend class callback_list;
    std::vector<std::shared_ptr<family>> const families_;
    bool said_failed_ = false, said_late_ = false;
};

// What went wrong with callbacks so far.
struct callback_troubles {
    std::uint64_t failed = 0;
    std::uint64_t late = 0;
    std::uint64_t lost_values = 0;
};

#if TACHO_BODIES

class [[gnu::visibility("default")]] callback_list;  // the program's, in a plug-in too

// All callbacks of a registry. A collection runs each of them once, which makes a round; rounds are numbered and don't
// overlap. The mutex is never held while the program's code runs, so that a callback may do whatever it likes.
class callback_list final : public fork_witness {
public:
    using clock = std::chrono::steady_clock;

    callback_list(std::chrono::milliseconds timeout, unix_nanos (*now)() noexcept) noexcept;
    callback_list(callback_list const&) = delete;
    callback_list& operator=(callback_list const&) = delete;

    // From the next round on. False when there is no memory.
    [[nodiscard]] bool add(std::shared_ptr<callback> added) noexcept;

    // Once it returns, the callback does not run and will not. Only from within that callback it does not wait.
    void remove(callback const& gone) noexcept;

    // Runs every callback, and returns the number of the round to show: series that it observed, or a later round did.
    // Waits while another collection runs them, until the timeout or `until`, and then returns the last finished round;
    // so it does in a callback that collects itself. Callbacks that `until` comes before are not called, also when it
    // is brought forward meanwhile.
    [[nodiscard]] std::uint64_t collect(deadline const& until = deadline{(clock::time_point::max)()}) noexcept;

    // The number of the last finished round.
    [[nodiscard]] std::uint64_t finished() const noexcept;

    [[nodiscard]] callback_troubles troubles() const noexcept;

    // Its mutex is held across a fork. A round of another thread is over in the child, where that thread isn't: what it
    // was about to change is made anew over what is there, since even destroying it could wait for that thread.
    TACHO_FUNCTION void on_fork(fork_event what) noexcept override;

private:
    enum class outcome : unsigned char { shown, failed, late };

    // The earlier of `until` and the timeout's end.
    [[nodiscard]] clock::time_point earlier(clock::time_point until, clock::time_point from) const noexcept;

    // Not under the mutex; what it uses belongs to the thread that runs the round.
    [[nodiscard]] outcome run(callback& call, clock::time_point until, std::uint64_t round) noexcept;
    [[nodiscard]] outcome run_and_show(callback& call, clock::time_point until, std::uint64_t round) noexcept;

    // Counts how a call ended, and reports the callback's first failure of each kind. Under the mutex, except while it
    // reports.
    void note(callback& call, outcome end, std::unique_lock<std::mutex>& lock) noexcept;

    // Counts the call that a collection has waited for in vain: it may never end. Under the mutex.
    void note_overdue(std::unique_lock<std::mutex>& lock) noexcept;

    static void say(bool& said, family const& of, std::string_view what, std::unique_lock<std::mutex>& lock) noexcept;

    static constexpr std::string_view too_slow =
        "takes longer than callback_timeout, or than its collection may; what it observes then is not shown. Let it "
        "give a value that is ready, or raise registry_options::callback_timeout";

    std::chrono::milliseconds const timeout_;
    unix_nanos (*const now_)() noexcept;

    std::mutex mutable mutex_;  // guards what follows
    std::condition_variable changed_;
    std::vector<std::shared_ptr<callback>> list_;
    std::size_t next_ = 0, end_ = 0;  // places in the list, of the round under way
    std::thread::id runner_;          // the thread of the round under way, if there is one
    callback* running_ = nullptr;
    clock::time_point running_since_;
    bool overdue_ = false;        // the running one is counted as late already, or has returned
    std::uint64_t finished_ = 0;  // the last finished round
    callback_troubles troubles_;

    // Used by the thread of the round under way only; the mutex hands them from one to the next.
    observed_values values_;
    unix_nanos before_ = 0;  // when the last finished round began

    fork_watch watch_{*this};
};

TACHO_FUNCTION std::uint64_t callback_list::collect(deadline const& until) noexcept {
    auto const began = now_();  // not under the mutex: the clock is the program's
    std::unique_lock lock{mutex_};
    auto const me = std::this_thread::get_id();
    if (runner_ == me) return finished_;
    // In short steps: who brings the deadline forward doesn't know that somebody waits here.
    auto const since = clock::now();
    for (auto now = since; runner_ != std::thread::id{}; now = clock::now()) {
        auto const give_up = earlier(until.when(), since);
        if (now >= give_up) {
            note_overdue(lock);
            return finished_;
        }
        changed_.wait_until(lock, (std::min)(give_up, now + std::chrono::milliseconds{50}));
    }
    if (until.passed()) return finished_;
    runner_ = me;
    next_ = 0;
    end_ = list_.size();  // those that callbacks register wait for the next round
    auto const round = finished_ + 1;
    while (next_ < end_) {
        auto call = list_[next_++];
        running_ = call.get();
        running_since_ = clock::now();
        overdue_ = false;
        lock.unlock();
        auto const end = run(*call, until.when(), round);
        lock.lock();
        note(*call, end, lock);
        overdue_ = true;  // nothing is left to be counted, and the callback may be gone before it is not running
        lock.unlock();
        values_.clear();
        call.reset();  // if it removed itself, its callable ends here
        lock.lock();
        running_ = nullptr;
        changed_.notify_all();
    }
    lock.unlock();
    values_.finish_round(round, before_);  // not under the mutex: families may end
    lock.lock();
    finished_ = round;
    before_ = began;
    runner_ = {};
    changed_.notify_all();
    return round;
}

TACHO_FUNCTION callback_list::callback_list(std::chrono::milliseconds timeout, unix_nanos (*now)() noexcept) noexcept
    : timeout_((std::min)(timeout, std::chrono::milliseconds{std::chrono::hours{24 * 365}})), now_(now) {}

TACHO_FUNCTION bool callback_list::add(std::shared_ptr<callback> added) noexcept {
    std::lock_guard const lock{mutex_};
    return attempt([&] { list_.push_back(std::move(added)); });
}

TACHO_FUNCTION void callback_list::remove(callback const& gone) noexcept {
    std::unique_lock lock{mutex_};
    auto const at = std::find_if(list_.begin(), list_.end(), [&](auto const& c) { return c.get() == &gone; });
    if (at == list_.end()) return;
    auto const place = static_cast<std::size_t>(at - list_.begin());
    list_.erase(at);
    if (place < next_) --next_;
    if (place < end_) --end_;
    if (runner_ != std::this_thread::get_id()) changed_.wait(lock, [&] { return running_ != &gone; });
}

TACHO_FUNCTION std::uint64_t callback_list::finished() const noexcept {
    std::lock_guard const lock{mutex_};
    return finished_;
}

TACHO_FUNCTION callback_troubles callback_list::troubles() const noexcept {
    std::lock_guard const lock{mutex_};
    return troubles_;
}

TACHO_FUNCTION void callback_list::on_fork(fork_event what) noexcept {
    if (what == fork_event::before) return mutex_.lock();
    if (what == fork_event::start_anew) {
        before_ = now_();
        troubles_ = {};
        return;
    }
    if (what == fork_event::in_child) {
        new (&changed_) std::condition_variable;
        if (runner_ != std::thread::id{} && runner_ != std::this_thread::get_id()) {
            new (&values_) observed_values;
            ++finished_;  // as far as it went: what it observed is of no other round
            runner_ = {};
            running_ = nullptr;
        }
    }
    mutex_.unlock();
}

TACHO_FUNCTION callback_list::clock::time_point callback_list::earlier(clock::time_point until,
                                                                       clock::time_point from) const noexcept {
    return until - from < timeout_ ? until : from + timeout_;
}

TACHO_FUNCTION callback_list::outcome callback_list::run(callback& call, clock::time_point until,
                                                         std::uint64_t round) noexcept {
    for (auto const& f : call.families()) f->begin_round(round);
    auto const end = run_and_show(call, until, round);
    if (end != outcome::shown)
        for (auto const& f : call.families()) f->observed_rounds().fail();
    return end;
}

TACHO_FUNCTION callback_list::outcome callback_list::run_and_show(callback& call, clock::time_point until,
                                                                  std::uint64_t round) noexcept {
    if (running_since_ >= until) return outcome::late;
    if (!attempt([&] { call.run(values_); })) return outcome::failed;
    if (clock::now() > earlier(until, running_since_)) return outcome::late;
    values_.publish(call.families(), round, before_);
    return outcome::shown;
}

TACHO_FUNCTION void callback_list::note(callback& call, outcome end, std::unique_lock<std::mutex>& lock) noexcept {
    if (end == outcome::shown) return;
    troubles_.lost_values += values_.size();
    if (end == outcome::failed) {
        ++troubles_.failed;
        say(call.said_failed_, *call.families_.front(),
            "threw an exception; what it had observed is not shown. Let it catch what it throws", lock);
    } else if (!std::exchange(overdue_, true)) {
        ++troubles_.late;
        say(call.said_late_, *call.families_.front(), too_slow, lock);
    }
}

TACHO_FUNCTION void callback_list::note_overdue(std::unique_lock<std::mutex>& lock) noexcept {
    if (running_ == nullptr || overdue_ || clock::now() - running_since_ <= timeout_) return;
    overdue_ = true;
    ++troubles_.late;
    auto of = running_->families_.front();  // the callback itself may be gone once the mutex is free
    say(running_->said_late_, *of, too_slow, lock);
    lock.unlock();
    of.reset();  // not under the mutex: it may be the last owner
    lock.lock();
}

TACHO_FUNCTION void callback_list::say(bool& said, family const& of, std::string_view what,
                                       std::unique_lock<std::mutex>& lock) noexcept {
    if (std::exchange(said, true)) return;
    lock.unlock();
    attempt([&] {
        report(severity::warning, std::string{"the callback of "}
                                      .append(named(of.describe()))
                                      .append(" ")
                                      .append(what)
                                      .append(" (said once)"));
    });
    lock.lock();
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
