// SPDX-License-Identifier: MIT
// tacho: what becomes of the library in a process that fork() made.
// Rule: https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_atfork.html
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/lasting_mutex.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>

#if TACHO_BODIES
#include <thread>
#endif

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace tacho::inline TACHO_ABI {

namespace detail {

// What concerns those who have to know of a fork: that it is about to happen, when nobody is within a gated_mutex; that
// it has happened, in the parent and in the child; and that the child wants its counts to start at zero.
enum class fork_event : unsigned char { before, in_parent, in_child, start_anew };

class fork_watch;

// A child has one thread, and a copy of everything as it was at that moment: of locks that other threads held, and of
// what they had changed by half. So the library forks only while none of its threads changes anything: changing is what
// happens within a gated_mutex, and fork() closes the gate to all of these at once. That takes no list of locks, no
// order among them, and one atomic add where a mutex is taken anyway.
struct fork_gate {
    std::atomic<std::uint32_t> inside{0};  // threads that are changing something
    std::atomic<bool> closed{false};
    lasting_mutex closing;                // held while it is closed, so that others can wait for its end
    std::atomic<std::uint32_t> forks{0};  // between the first process and this one
    std::atomic<bool> is_installed{false};
    fork_watch* first = nullptr;
};
[[gnu::visibility("default")]] inline constinit fork_gate gate{};

// How many gated mutexes this thread holds: the gate is for the first one, else who waits at it could be waited for.
[[gnu::visibility("default")]] inline constinit thread_local std::uint32_t changes_begun = 0;

inline void begin_change() noexcept {
    if (changes_begun++ != 0) return;
    for (;;) {
        // Sequentially consistent, as in close_gate(): one of the two sees what the other wrote.
        gate.inside.fetch_add(1, std::memory_order_seq_cst);
        if (!gate.closed.load(std::memory_order_seq_cst)) return;
        gate.inside.fetch_sub(1, std::memory_order_seq_cst);
        std::lock_guard const until_it_opens{gate.closing};
    }
}
inline void end_change() noexcept {
    // Release: whoever finds nobody inside finds what they changed.
    if (--changes_begun == 0) gate.inside.fetch_sub(1, std::memory_order_release);
}

// What is changed without a mutex, while this lives.
struct changing {
    changing() noexcept { begin_change(); }
    changing(changing const&) = delete;
    changing& operator=(changing const&) = delete;
    ~changing() { end_change(); }
};

// A mutex that no other thread holds when the process forks, so that it is free in the child, and what it guards is
// whole. For short changes, in which nothing is waited for but memory and other gated mutexes.
class gated_mutex {
public:
    constexpr gated_mutex() noexcept = default;
    gated_mutex(gated_mutex const&) = delete;
    gated_mutex& operator=(gated_mutex const&) = delete;

    void lock() {
        begin_change();
        mutex_.lock();
    }
    void unlock() noexcept {
        mutex_.unlock();
        end_change();
    }

private:
    lasting_mutex mutex_;
};
[[gnu::visibility("default")]] inline constinit gated_mutex watches{};

class [[gnu::visibility("default")]] fork_watch;  // the program's, in a plug-in too

class [[gnu::visibility("default")]] fork_witness;  // the program's, in a plug-in too

// Who is told of forks. A virtual function, because its table is the program's however a plug-in is compiled: a pointer
// to an inline function is the plug-in's with -fvisibility-inlines-hidden.
class fork_witness {
public:
    virtual void on_fork(fork_event what) noexcept = 0;

protected:
    ~fork_witness() = default;
};

// Has its owner told of forks. The last member of its owner, which so hears of nothing before it is made and once its
// destructor has begun.
class fork_watch {
public:
    explicit fork_watch(fork_witness& owner) noexcept;
    fork_watch(fork_watch const&) = delete;
    fork_watch& operator=(fork_watch const&) = delete;
    ~fork_watch();

    // Not inlined, as join().
    [[gnu::visibility("default")]] static bool install() noexcept;

    // While nobody changes the list.
    static void tell_all(fork_event what) noexcept;

private:
    // Not inlined, so that a plug-in calls the program's: handlers are gone with the module that installs them.
    [[gnu::visibility("default")]] void join() noexcept;

    // Default visibility for what is kept as a pointer: it is the program's, and stays when a plug-in goes.
    [[gnu::visibility("default")]] static void close_gate() noexcept;
    static void open_gate(fork_event where) noexcept;
    [[gnu::visibility("default")]] static void open_gate_in_parent() noexcept;
    [[gnu::visibility("default")]] static void open_gate_in_child() noexcept;

    fork_witness* const owner_;
    fork_watch* before_ = nullptr;
    fork_watch* after_ = nullptr;
};

#if TACHO_BODIES

TACHO_FUNCTION fork_watch::fork_watch(fork_witness& owner) noexcept : owner_(&owner) {
    join();
}

TACHO_FUNCTION fork_watch::~fork_watch() {
    std::lock_guard const lock{watches};
    (before_ == nullptr ? gate.first : before_->after_) = after_;
    if (after_ != nullptr) after_->before_ = before_;
}

[[gnu::noinline]] TACHO_FUNCTION bool fork_watch::install() noexcept {
#if defined(__unix__) || defined(__APPLE__)
    // Relaxed: whoever is first installs them. Without memory for that, a fork is what it is for other programs.
    if (!gate.is_installed.exchange(true, std::memory_order_relaxed))
        static_cast<void>(::pthread_atfork(&close_gate, &open_gate_in_parent, &open_gate_in_child));
#endif
    return true;
}

TACHO_FUNCTION void fork_watch::tell_all(fork_event what) noexcept {
    for (auto const* at = gate.first; at != nullptr; at = at->after_) at->owner_->on_fork(what);
}

[[gnu::noinline]] TACHO_FUNCTION void fork_watch::join() noexcept {
    install();  // for what is made before watches_from_start is
    std::lock_guard const lock{watches};
    after_ = gate.first;
    if (after_ != nullptr) after_->before_ = this;
    gate.first = this;
}

TACHO_FUNCTION void fork_watch::close_gate() noexcept {
    gate.closing.lock();
    gate.closed.store(true, std::memory_order_seq_cst);
    // Whoever forks may itself be inside, if the program's clock does.
    auto const own = changes_begun != 0 ? 1u : 0u;
    while (gate.inside.load(std::memory_order_seq_cst) != own) std::this_thread::yield();
    ++changes_begun;  // the gate is open to this thread: other handlers of the fork may record
    tell_all(fork_event::before);
}

TACHO_FUNCTION void fork_watch::open_gate(fork_event where) noexcept {
    --changes_begun;
    tell_all(where);
    gate.closed.store(false, std::memory_order_seq_cst);
    gate.closing.unlock();
}

TACHO_FUNCTION void fork_watch::open_gate_in_parent() noexcept {
    open_gate(fork_event::in_parent);
}

TACHO_FUNCTION void fork_watch::open_gate_in_child() noexcept {
    // Those who came to the closed gate are not here to leave it again.
    gate.inside.store(changes_begun > 1 ? 1 : 0, std::memory_order_relaxed);
    gate.forks.fetch_add(1, std::memory_order_relaxed);
    open_gate(fork_event::in_child);
}

#endif

// Handlers that are installed while another thread forks may come too late for that fork: glibc 2.36 has gone through
// its list by then and takes no lock until it clones, and the child would have what this thread changes meanwhile by
// half. So they are installed before the program has threads, or as the library that brings them is loaded. Initialized
// once in the process: its guard, too, is the program's in a plug-in.
[[gnu::visibility("default")]] inline bool const watches_from_start = fork_watch::install();

// Tells one process from another that it forked: a number of its own along each line of descent. Relaxed: it only
// changes while there is one thread.
[[nodiscard]] inline std::uint32_t this_process() noexcept {
    return gate.forks.load(std::memory_order_relaxed);
}

}  // namespace detail

/// Lets the numbers of this process begin: for a child of fork() that goes on without exec, before it uses anything
/// else of the library and before it starts a thread.
///
///     if (fork() == 0) {
///         tacho::after_fork_in_child();
///         auto telemetry = tacho::telemetry::start(registry, ...);  // its own: the parent's threads are not here
///
/// In all registries, whatever adds up over processes begins at zero, now: counters, up-down counters, histograms and
/// what observables showed, with new start times; so do the counts of registry::health(). What tells a state keeps it:
/// gauges, infos and state sets. Instruments, series and handles stay as they are. A reader (class `reader`) sees no
/// more what was removed before.
///
/// Without this call a child goes on from its parent's numbers, and is otherwise as sound: locks are free and whole
/// whatever other threads of the parent did, because from the program's start on fork() waits until none is within a
/// change of the library, some microseconds. Costs time in proportion to the series. Not within a callback or a
/// visitor. Without effect on systems that don't fork. _Fork(), clone() and vfork() are not noticed; nor is a fork()
/// that had begun when the process loaded its first library with tacho in it: load such a library before there are
/// threads that fork.
inline void after_fork_in_child() noexcept {
    detail::fork_watch::tell_all(detail::fork_event::start_anew);
}

}  // namespace tacho::inline TACHO_ABI
