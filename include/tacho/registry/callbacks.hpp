// tacho: the program's callbacks: run once a collection, under no lock, and never waited for without end.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/api/#asynchronous-instrument-api
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/cell/observed_cells.hpp"
#include "tacho/core/attempt.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/registry/collisions.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/series/held_series.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tacho::inline v0::detail {

// What one call of a callback observes. It is shown when the callback has ended well and in time, and otherwise never.
class observed_values {
public:
    // Of several values of a series the last one stands. Those that share it because they are beyond the limit of
    // series, or because a view leaves out what tells them apart, are added up where that has a meaning.
    void add(family& of, held_series in, number value) noexcept {
        bool const is_shared = (*in).is_overflow() || of.schema().left_out != 0;
        if (is_shared && of.describe().kind != instrument_kind::gauge) {
            auto const is_known = [&](auto const& v) { return &*v.in == &*in; };
            auto const known = std::find_if(list_.rbegin(), list_.rend(), is_known);
            if (known != list_.rend()) {
                known->value = sum(known->value, value);
                return;
            }
        }
        bool const is_new = !was_observed((*in).cells(), of.observed_rounds().complete());
        if (!attempt([&] { list_.push_back({&of, std::move(in), value, is_new}); }))
            of.drop_measurement("a value that there is no memory for");
    }

    void clear() noexcept { list_.clear(); }  // keeps its memory for the next call
    [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }

    // Shows all of it. `before` is when the round before this one began: what is seen first counts since then, or since
    // its instrument was registered (CONFORMANCE 134). Where there are more series than the limit allows, those that
    // are shown already go before new ones, and then the first before the last (CONFORMANCE 145).
    void publish(std::uint64_t round, unix_nanos before) noexcept {
        auto const size = list_.size();
        for (bool const is_new : {false, true})
            for (std::size_t i = 0; i < size; ++i) {
                if (list_[i].is_new != is_new || (*list_[i].in).is_overflow()) continue;
                if (is_admitted(list_[i], round))
                    show(list_[i], round, before);
                else
                    put_beyond(i);
            }
        for (auto const& v : list_)  // at last, as a whole: a sum of which only a part is new would seem to have fallen
            if ((*v.in).is_overflow()) show(v, round, before);
    }

private:
    struct observed {
        family* of;
        held_series in;  // it must not be removed before it is published
        number value;
        bool is_new;
    };

    static bool is_admitted(observed const& v, std::uint64_t round) noexcept {
        return was_observed((*v.in).cells(), round) || v.of->observed_rounds().admit(v.of->table().storage().limit);
    }

    // Counts a value in the overflow series after all. Its own series is not shown.
    void put_beyond(std::size_t i) noexcept {
        looking const look;
        family& of = *list_[i].of;
        series* const beyond = of.table().overflow();
        if (beyond == nullptr) return of.drop_measurement("a value that there is no memory for");
        of.say_overflow();
        beyond->hold();
        held_series in{beyond};
        if (of.describe().kind == instrument_kind::gauge)
            list_[i].in = std::move(in);  // in its place: the last one stands
        else
            add(of, std::move(in), list_[i].value);
    }

    static void show(observed const& v, std::uint64_t round, unix_nanos before) noexcept {
        auto const& d = v.of->describe();
        auto* const run = (*v.in).cells();
        auto value = v.value;
        // Another callback of the same round may have observed what is beyond the limit as well.
        if ((*v.in).is_overflow() && d.kind != instrument_kind::gauge && was_observed(run, round))
            value = sum(value, {value.kind, run[observed_value_cell].load(std::memory_order_relaxed)});
        detail::publish(run, value, d.is_monotonic(), (std::max)(v.of->birth(), before), round);
    }

    static number sum(number a, number b) noexcept {
        if (a.kind == number_kind::floating)
            return {a.kind, std::bit_cast<std::uint64_t>(a.as_double() + b.as_double())};
        return {a.kind, a.bits + b.bits};
    }

    std::vector<observed> list_;
};

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

class [[gnu::visibility("default")]] callback_list;  // the program's, in a plug-in too

// All callbacks of a registry. A collection runs each of them once, which makes a round; rounds are numbered and don't
// overlap. The mutex is never held while the program's code runs, so that a callback may do whatever it likes.
class callback_list final : public fork_witness {
public:
    using clock = std::chrono::steady_clock;

    callback_list(std::chrono::milliseconds timeout, unix_nanos (*now)() noexcept) noexcept
        : timeout_((std::min)(timeout, std::chrono::milliseconds{std::chrono::hours{24 * 365}})), now_(now) {}
    callback_list(callback_list const&) = delete;
    callback_list& operator=(callback_list const&) = delete;

    // From the next round on. False when there is no memory.
    [[nodiscard]] bool add(std::shared_ptr<callback> added) noexcept {
        std::lock_guard const lock{mutex_};
        return attempt([&] { list_.push_back(std::move(added)); });
    }

    // Once it returns, the callback does not run and will not. Only from within that callback it does not wait.
    void remove(callback const& gone) noexcept {
        std::unique_lock lock{mutex_};
        auto const at = std::find_if(list_.begin(), list_.end(), [&](auto const& c) { return c.get() == &gone; });
        if (at == list_.end()) return;
        auto const place = static_cast<std::size_t>(at - list_.begin());
        list_.erase(at);
        if (place < next_) --next_;
        if (place < end_) --end_;
        if (runner_ != std::this_thread::get_id()) changed_.wait(lock, [&] { return running_ != &gone; });
    }

    // Runs every callback, and returns the number of the round to show: series that it observed, or a later round did.
    // Waits while another collection runs them, until the timeout or `until`, and then returns the last finished round;
    // so it does in a callback that collects itself. Callbacks that `until` comes before are not called.
    [[nodiscard]] std::uint64_t collect(clock::time_point until = (clock::time_point::max)()) noexcept {
        std::unique_lock lock{mutex_};
        auto const me = std::this_thread::get_id();
        if (runner_ == me) return finished_;
        auto const give_up = earlier(until, clock::now());
        if (!changed_.wait_until(lock, give_up, [&] { return runner_ == std::thread::id{}; })) {
            note_overdue(lock);
            return finished_;
        }
        if (clock::now() >= until) return finished_;
        runner_ = me;
        next_ = 0;
        end_ = list_.size();  // those that callbacks register wait for the next round
        auto const round = finished_ + 1;
        auto const began = now_();
        while (next_ < end_) {
            auto call = list_[next_++];
            running_ = call.get();
            running_since_ = clock::now();
            overdue_ = false;
            lock.unlock();
            auto const end = run(*call, until, round);
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
        finished_ = round;
        before_ = began;
        runner_ = {};
        changed_.notify_all();
        return round;
    }

    [[nodiscard]] callback_troubles troubles() const noexcept {
        std::lock_guard const lock{mutex_};
        return troubles_;
    }

    // Its mutex is held across a fork. A round of another thread is over in the child, where that thread isn't: what it
    // was about to change is made anew over what is there, since even destroying it could wait for that thread.
    void on_fork(fork_event what) noexcept override {
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
                runner_ = {};
                running_ = nullptr;
            }
        }
        mutex_.unlock();
    }

private:
    enum class outcome : unsigned char { shown, failed, late };

    // The earlier of `until` and the timeout's end.
    [[nodiscard]] clock::time_point earlier(clock::time_point until, clock::time_point from) const noexcept {
        return until - from < timeout_ ? until : from + timeout_;
    }

    // Not under the mutex; what it uses belongs to the thread that runs the round.
    [[nodiscard]] outcome run(callback& call, clock::time_point until, std::uint64_t round) noexcept {
        for (auto const& f : call.families()) f->begin_round(round);
        auto const end = run_and_show(call, until, round);
        if (end != outcome::shown)
            for (auto const& f : call.families()) f->observed_rounds().fail();
        return end;
    }
    [[nodiscard]] outcome run_and_show(callback& call, clock::time_point until, std::uint64_t round) noexcept {
        if (running_since_ >= until) return outcome::late;
        if (!attempt([&] { call.run(values_); })) return outcome::failed;
        if (clock::now() > earlier(until, running_since_)) return outcome::late;
        values_.publish(round, before_);
        return outcome::shown;
    }

    // Counts how a call ended, and reports the callback's first failure of each kind. Under the mutex, except while it
    // reports.
    void note(callback& call, outcome end, std::unique_lock<std::mutex>& lock) noexcept {
        if (end == outcome::shown) return;
        troubles_.lost_values += values_.size();
        if (end == outcome::failed) {
            ++troubles_.failed;
            say(call.said_failed_, *call.families_.front(), "threw an exception; what it had observed is not shown",
                lock);
        } else if (!std::exchange(overdue_, true)) {
            ++troubles_.late;
            say(call.said_late_, *call.families_.front(), too_slow, lock);
        }
    }

    // Counts the call that a collection has waited for in vain: it may never end. Under the mutex.
    void note_overdue(std::unique_lock<std::mutex>& lock) noexcept {
        if (running_ == nullptr || overdue_ || clock::now() - running_since_ <= timeout_) return;
        overdue_ = true;
        ++troubles_.late;
        auto const of = running_->families_.front();  // the callback itself may be gone once the mutex is free
        say(running_->said_late_, *of, too_slow, lock);
    }

    static void say(bool& said, family const& of, std::string_view what, std::unique_lock<std::mutex>& lock) noexcept {
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

}  // namespace tacho::inline v0::detail
