// tacho 0.1.0: tacho/record.hpp and all it includes, in one file.
// Made by single_include/amalgamate.py from include/; change that, not this.
// SPDX-License-Identifier: MIT
#pragma once

#if defined(__cplusplus) && __cplusplus < 202002L && !defined(_MSVC_LANG)
#error "tacho needs C++20: compile with -std=c++20, in Meson with cpp_std=c++20, or newer"
#else  // the cure alone, and not under thousands of lines

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

// ---- tacho/version.hpp
#ifndef TACHO_PART_VERSION
#define TACHO_PART_VERSION

// tacho: the version of this copy of the library, and whether it records.

#define TACHO_VERSION_MAJOR 0
#define TACHO_VERSION_MINOR 1
#define TACHO_VERSION_PATCH 0

// The inline namespace that all names are in: that of the major version, and while it is 0 of the minor one, which may
// change anything. With TACHO_OFF defined, for all files of a program, the library records nothing; with
// TACHO_PORTABLE, it does without what only some machines have. Its types and bodies are then others, and so is the
// namespace: files that disagree don't link where they share anything of it, and else share no registry.
#if defined(TACHO_OFF) && defined(TACHO_PORTABLE)
#define TACHO_ABI v0_1_off_portable
#elif defined(TACHO_OFF)
#define TACHO_ABI v0_1_off
#elif defined(TACHO_PORTABLE)
#define TACHO_ABI v0_1_portable
#else
#define TACHO_ABI v0_1
#endif

namespace tacho::inline TACHO_ABI {

/// The version as text, for a user agent, a build-info metric or a bug report.
inline constexpr char version[] = "0.1.0";

namespace detail {

#if defined(TACHO_OFF)
inline constexpr bool recording = false;
#else
inline constexpr bool recording = true;
#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/count_later.hpp
#ifndef TACHO_PART_INSTRUMENT_COUNT_LATER
#define TACHO_PART_INSTRUMENT_COUNT_LATER

// tacho: counting for a scope: increments that are added at its end, and exceptions that leave it.

namespace tacho::inline TACHO_ABI {

/// Adds up in a number of its own, which the compiler may keep in a register, and counts the sum when it ends or is
/// flushed: for the hottest loops. One thread at a time; holds its series alive. `Handle` is a counter's.
template <class Handle, class Number>
class [[nodiscard]] counter_batch {
public:
    /// Of this handle, with nothing added up yet.
    explicit counter_batch(Handle into) noexcept : into_(std::move(into)) {}
    counter_batch(counter_batch&& other) noexcept : into_(other.into_), sum_(std::exchange(other.sum_, Number{})) {}
    counter_batch& operator=(counter_batch&&) = delete;
    ~counter_batch() { flush(); }

    /// Adds one to its own number.
    void inc() noexcept { sum_ += Number{1}; }
    /// What a counter drops is not added up either.
    template <class Amount>
    void inc(Amount amount) noexcept requires requires(Handle const& h) {
        h.inc(amount);
    }
    {
        auto const n = static_cast<Number>(amount);
        if (amount >= 0 && n <= (std::numeric_limits<Number>::max)()) [[likely]]
            sum_ += n;
        else
            into_.inc(amount);
    }
    /// Counts now what was added up so far.
    void flush() noexcept {
        if (sum_ != Number{}) into_.inc(std::exchange(sum_, Number{}));
    }

private:
    Handle into_;
    Number sum_{};
};

/// Counts one when an exception leaves the scope in which it lives. Stays where it was made.
template <class Handle>
class [[nodiscard]] exception_counter {
public:
    /// Of this handle, from now on.
    explicit exception_counter(Handle in) noexcept : in_(std::move(in)) {}
    exception_counter(exception_counter const&) = delete;
    exception_counter& operator=(exception_counter const&) = delete;
    ~exception_counter() {
        if (now() > before_) in_.inc();
    }

private:
    // Exceptions that pass; nobody asks where nothing is recorded.
    static int now() noexcept { return detail::recording ? std::uncaught_exceptions() : 0; }

    Handle in_;
    int before_ = now();
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/compilation.hpp
#ifndef TACHO_PART_CORE_COMPILATION
#define TACHO_PART_CORE_COMPILATION

// tacho: whether the library is compiled with each file that includes it, or once in a program.

// By default everything is inline, and a file needs nothing but the headers. With TACHO_SEPARATE_COMPILATION defined
// for all files of a program, each declares what is no template and leaves it to another file to have it compiled: the
// one that defines TACHO_IMPLEMENTATION before its first header of tacho, and includes tacho/tacho.hpp. What records a
// number is inline either way.
//
// A virtual function says TACHO_FUNCTION in its class already: where the first one is inline only later, compilers put
// all of them into each file that includes the class, used or not.
#if !defined(TACHO_SEPARATE_COMPILATION)
#if defined(TACHO_IMPLEMENTATION)
#error "tacho: TACHO_IMPLEMENTATION says nothing alone: define TACHO_SEPARATE_COMPILATION in all files of the program"
#endif
#define TACHO_BODIES 1
#define TACHO_FUNCTION inline
#elif defined(TACHO_IMPLEMENTATION)
#define TACHO_BODIES 1
#define TACHO_FUNCTION
#else
#define TACHO_BODIES 0
#define TACHO_FUNCTION
#endif

#if defined(TACHO_SEPARATE_COMPILATION)
namespace tacho::inline TACHO_ABI::detail {

// Where that file was forgotten, linkers name this among all that they miss.
extern char const one_file_must_define_TACHO_IMPLEMENTATION;
#if TACHO_BODIES
char const one_file_must_define_TACHO_IMPLEMENTATION = 0;
#else
[[gnu::used]] static char const* const asked_for_implementation = &one_file_must_define_TACHO_IMPLEMENTATION;
#endif

}  // namespace tacho::inline TACHO_ABI::detail
#endif

#endif

// ---- tacho/core/platform.hpp
#ifndef TACHO_PART_CORE_PLATFORM
#define TACHO_PART_CORE_PLATFORM

// tacho: what the library uses of the processor and the system to be faster than portable C++ alone.

// Each is 1 where it is there, and else something portable takes its place, with the same numbers. With TACHO_PORTABLE
// defined, for all files of a program, none is used: to run on any machine what others need, and to see whether a fault
// comes from one of these. Of files that disagree, see docs/testing.md.
#if defined(TACHO_PORTABLE)
#define TACHO_USES_SPARSE_PAGES 0
#define TACHO_USES_HUGE_PAGES 0
#define TACHO_USES_MEMBARRIER 0
#define TACHO_USES_SSE2 0
#define TACHO_USES_INT128 0
#define TACHO_USES_STD_MUTEX 0
#else

// Pages that are provided as they are touched, and addresses to spare for them: a slot for each thread. Else all count
// in the common one.
#if (defined(__unix__) || defined(__APPLE__)) && UINTPTR_MAX > 0xFFFFFFFFu
#define TACHO_USES_SPARSE_PAGES 1
#else
#define TACHO_USES_SPARSE_PAGES 0
#endif

// Pages of 2 MiB where they are asked for, for what has many of the usual ones. Else those.
#if defined(__linux__) && UINTPTR_MAX > 0xFFFFFFFFu
#define TACHO_USES_HUGE_PAGES 1
#else
#define TACHO_USES_HUGE_PAGES 0
#endif

// membarrier(2), so that a look-up needs no fence. Else each has one.
#if defined(__linux__)
#define TACHO_USES_MEMBARRIER 1
#else
#define TACHO_USES_MEMBARRIER 0
#endif

// The digits of two numbers are worked out at a time. Else of one. A 32-bit x86 has no register to move them from.
#if defined(__SSE2__) && defined(__x86_64__)
#define TACHO_USES_SSE2 1
#else
#define TACHO_USES_SSE2 0
#endif

// The processor multiplies to 128 bits. Else in four parts.
#if defined(__SIZEOF_INT128__)
#define TACHO_USES_INT128 1
#else
#define TACHO_USES_INT128 0
#endif

// std::mutex lasts as long as the program, and longer than its static objects (see lasting_mutex). Else an atomic word.
#if defined(__linux__)
#define TACHO_USES_STD_MUTEX 1
#else
#define TACHO_USES_STD_MUTEX 0
#endif

#endif

#endif

// ---- tacho/core/lasting_mutex.hpp
#ifndef TACHO_PART_CORE_LASTING_MUTEX
#define TACHO_PART_CORE_LASTING_MUTEX

// tacho: a mutex that is there before a program's first line runs, and until its last has.

#if TACHO_BODIES
#include <thread>
#endif

namespace tacho::inline TACHO_ABI::detail {

// For short changes. Whoever has to wait lets others run meanwhile: without the system's help, which would need
// something that lasts, too.
class yielding_mutex {
public:
    constexpr yielding_mutex() noexcept = default;
    yielding_mutex(yielding_mutex const&) = delete;
    yielding_mutex& operator=(yielding_mutex const&) = delete;

    // Acquire, matched by the release in unlock(): who holds it sees what was changed while others did.
    void lock() noexcept {
        while (locked_.exchange(true, std::memory_order_acquire)) wait();
    }
    void unlock() noexcept { locked_.store(false, std::memory_order_release); }

private:
    // Looking only: many that wait don't take the line from each other by writing to it.
    void wait() const noexcept;

    std::atomic<bool> locked_{false};
};

#if TACHO_BODIES
TACHO_FUNCTION void yielding_mutex::wait() const noexcept {
    while (locked_.load(std::memory_order_relaxed)) std::this_thread::yield();
}
#endif

// Static objects count before and after main(), in no order among each other: what they lock must not have to be made
// first, nor be destroyed. std::mutex is like that on Linux; libstdc++'s on Windows is neither.
using lasting_mutex = std::conditional_t<TACHO_USES_STD_MUTEX != 0 && std::is_trivially_destructible_v<std::mutex>,
                                         std::mutex, yielding_mutex>;
static_assert(std::is_trivially_destructible_v<lasting_mutex>);

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/core/fork.hpp
#ifndef TACHO_PART_CORE_FORK
#define TACHO_PART_CORE_FORK

// tacho: what becomes of the library in a process that fork() made.
// Rule: https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_atfork.html

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

#endif

// ---- tacho/cell/slots.hpp
#ifndef TACHO_PART_CELL_SLOTS
#define TACHO_PART_CELL_SLOTS

// tacho: which thread owns which slot, so that a thread can count on memory that no other thread writes.

namespace tacho::inline TACHO_ABI {

/// The most slots a process can be given.
inline constexpr std::size_t max_slots = 4096;

namespace detail {

// A slot costs address space and no memory until its thread counts, which holds where pages are provided on demand and
// there are addresses to spare. Elsewhere everything lives in the common slot: slower, with the same numbers.
#if TACHO_USES_SPARSE_PAGES
inline constexpr std::size_t default_slots = 256;
#else
inline constexpr std::size_t default_slots = 1;
#endif

// Slot 0 is nobody's: every thread may write there, with atomic adds. Slots 1, 2, ... have one owner at a time, which
// counts by load, add, store: no lock prefix and no cache line that another thread writes. A slot's memory is the page
// at `slot << slot_shift` bytes into each chunk of cells, so that a thread's number for a cell is one addition away.
inline constexpr std::size_t slot_shift = 12;
inline constexpr std::size_t slot_bytes = std::size_t{1} << slot_shift;

// The offset of this thread's slot; 0 until it has claimed one, and again after it has given it back.
// Constant-initialized, so that an access needs no guard. Default visibility: one owner a thread, not one a library.
#if defined(__GLIBC__)
// In a shared object the default model costs a function call, 2 to 2.5 ns, this one 0.5. Its eight bytes fit into the
// reserve that glibc keeps for objects which are loaded later.
[[gnu::tls_model("initial-exec"), gnu::visibility("default")]] inline constinit thread_local std::size_t own_offset = 0;
#else
[[gnu::visibility("default")]] inline constinit thread_local std::size_t own_offset = 0;
#endif

enum class slot_state : unsigned char { not_claimed, owned, ended };
[[gnu::visibility("default")]] inline constinit thread_local slot_state own_state = slot_state::not_claimed;

// All slots of the process. It has no destructor to run, so that threads may still count while the program exits.
struct slot_table {
    gated_mutex mutex;                            // guards `free` and `count`
    std::array<std::uint16_t, max_slots> free{};  // given back; the last one is taken first, which keeps `used` low
    std::size_t free_count = 0;
    std::size_t count = default_slots;                 // slots that exist, the common one included
    bool in_use = false;                               // a chunk was laid out for `count` slots, so it is final
    std::atomic<std::size_t> used{1};                  // slots 0 .. used-1 may hold numbers
    std::atomic<std::size_t> left{default_slots - 1};  // a hint that spares threads without a slot the mutex
};
[[gnu::visibility("default")]] inline constinit slot_table thread_slots{};

struct [[gnu::visibility("default")]] slot_lease;  // the program's, in a plug-in too

// Gives this thread's slot back when the thread ends. The numbers stay where they are; the next owner adds to them.
struct slot_lease {
    slot_lease() = default;
    slot_lease(slot_lease const&) = delete;
    slot_lease& operator=(slot_lease const&) = delete;
    ~slot_lease() {
        if (own_state != slot_state::owned) return;  // always with MinGW, where that variable ends before this object
        // Later thread-local destructors of this thread may still count: they use the common slot.
        own_state = slot_state::ended;
        auto const slot = own_offset >> slot_shift;
        own_offset = 0;
        // The mutex orders this thread's last stores before the next owner's first loads.
        std::lock_guard const lock{thread_slots.mutex};
        thread_slots.free[thread_slots.free_count++] = static_cast<std::uint16_t>(slot);
        thread_slots.left.fetch_add(1, std::memory_order_relaxed);
    }
};

// Tries to make this thread an owner and returns its offset, or 0: the common slot. Allocates nothing.
// Default visibility: else a plug-in would be kept in memory by the destructor of each thread that it came to first.
[[gnu::visibility("default")]] std::size_t claim_slot() noexcept;
#if TACHO_BODIES
[[gnu::noinline, gnu::cold]] TACHO_FUNCTION std::size_t claim_slot() noexcept {
    if (own_state != slot_state::not_claimed) return own_offset;
    // Relaxed: a stale hint costs one visit to the mutex or one more atomic add, never a number.
    if (thread_slots.left.load(std::memory_order_relaxed) == 0) return 0;
    std::size_t slot = 0;
    {
        std::lock_guard const lock{thread_slots.mutex};
        auto const used = thread_slots.used.load(std::memory_order_relaxed);  // only changed under the mutex
        if (thread_slots.free_count != 0) {
            slot = thread_slots.free[--thread_slots.free_count];
        } else if (used < thread_slots.count) {
            slot = used;
            // Release, matched by the acquire in slots_in_use(): a reader that learns of the slot sees all before it.
            thread_slots.used.store(used + 1, std::memory_order_release);
        } else {
            return 0;
        }
        thread_slots.left.fetch_sub(1, std::memory_order_relaxed);
    }
    thread_local slot_lease lease;  // its destructor is registered here, at the thread's first count
    static_cast<void>(lease);
    own_state = slot_state::owned;
    own_offset = slot << slot_shift;
    return own_offset;
}
#endif

// How many slots a reader has to look at.
inline std::size_t slots_in_use() noexcept {
    return thread_slots.used.load(std::memory_order_acquire);
}

// The number of slots from now on; the layout of a chunk depends on it.
inline std::size_t fix_slot_count() noexcept {
    std::lock_guard const lock{thread_slots.mutex};
    thread_slots.in_use = true;
    return thread_slots.count;
}

// For a process that can't have even one chunk of that size: no further thread gets a slot, and all share slot 0. Those
// that have one already keep it, and so need a page each. Returns how many that is. Only before any cell exists.
inline std::size_t fall_back_to_used_slots() noexcept {
    std::lock_guard const lock{thread_slots.mutex};
    thread_slots.count = thread_slots.used.load(std::memory_order_relaxed);
    thread_slots.left.store(thread_slots.free_count, std::memory_order_relaxed);
    return thread_slots.count;
}

}  // namespace detail

/// Sets how many threads can count on memory of their own at the same time (default 255, plus one slot that all others
/// share); more cost address space, 4 KiB a slot for each 512 cells, not memory. 1 gives every thread the shared slot.
/// Only before the first sharded instrument is made: returns false, and changes nothing, once it is too late, or when
/// `count` is 0, above `max_slots` or below what threads have already, to look up or to count.
inline bool set_slot_count(std::size_t count) noexcept {
    std::lock_guard const lock{detail::thread_slots.mutex};
    auto& thread_slots = detail::thread_slots;
    if (thread_slots.in_use || count == 0 || count > max_slots ||
        thread_slots.used.load(std::memory_order_relaxed) > count)
        return false;
    thread_slots.count = count;
    thread_slots.left.store(count - thread_slots.used.load(std::memory_order_relaxed) + thread_slots.free_count,
                            std::memory_order_relaxed);
    return true;
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/cell/arena.hpp
#ifndef TACHO_PART_CELL_ARENA
#define TACHO_PART_CELL_ARENA

// tacho: the memory in which cells live.

#if TACHO_USES_SPARSE_PAGES
#include <sys/mman.h>
#endif

namespace tacho::inline TACHO_ABI::detail {

// One number that may change at any time: eight bytes, an integer or the bits of a double.
using word = std::atomic<std::uint64_t>;
static_assert(sizeof(word) == 8 && word::is_always_lock_free);

// Cells in one page of one slot, and so the most that one series may have.
inline constexpr std::size_t cells_per_page = slot_bytes / sizeof(word);

// Fresh zeroed memory of `pages` pages, which the operating system provides page by page as they are touched; nullptr
// when it can't be had. Never given back.
inline std::byte* reserve_pages(std::size_t pages) noexcept {
#if TACHO_USES_SPARSE_PAGES && defined(MAP_ANONYMOUS)
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#if defined(MAP_NORESERVE)
    flags |= MAP_NORESERVE;  // most slots' pages will never be touched
#endif
    void* const memory = ::mmap(nullptr, pages * slot_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
#if defined(MADV_NOHUGEPAGE)
    ::madvise(memory, pages * slot_bytes, MADV_NOHUGEPAGE);  // else one touched slot costs 2 MiB: 150 times as much
#endif
    return static_cast<std::byte*>(memory);
#else
    return static_cast<std::byte*>(std::calloc(pages, slot_bytes));
#endif
}

// Zeroes a run in all slots. Relaxed: a mutex orders it before the next user. Looking first keeps pages that nobody has
// touched from becoming resident.
inline void clear_cells(word* cells, std::size_t count, bool sharded) noexcept {
    auto const end = sharded ? slots_in_use() : 1;
    for (std::size_t slot = 0; slot < end; ++slot) {
        auto* const own = reinterpret_cast<word*>(reinterpret_cast<std::byte*>(cells) + (slot << slot_shift));
        for (std::size_t i = 0; i < count; ++i)
            if (own[i].load(std::memory_order_relaxed) != 0) own[i].store(0, std::memory_order_relaxed);
    }
}

// Hands out runs of neighbouring cells, zeroed; a run's address is that of its cells in slot 0. Takes a mutex: used
// when a series is born or dies, never when one is written or read.
class arena {
public:
    constexpr explicit arena(bool sharded) noexcept : sharded_(sharded) {}
    arena(arena const&) = delete;
    arena& operator=(arena const&) = delete;

    // `count` is 1 .. cells_per_page. nullptr when memory can't be had.
    [[nodiscard]] word* allocate(std::size_t count) noexcept;

    // Takes a run back. Nobody may write to it any more.
    void release(word* cells, std::size_t count) noexcept;

private:
    // Some free runs of one length, given out in the order in which they came back: those of a family are neighbours
    // again then, which are read faster. Not a list through the cells themselves: what is recorded by an instrument
    // that has ended, as by detached threads during exit, must not lead anybody astray.
    struct free_runs {
        static constexpr std::uint32_t most = 56;
        free_runs* next;
        std::uint32_t begin, end;
        word* runs[most];
    };

    gated_mutex mutex_;
    word* next_ = nullptr;
    std::size_t left_ = 0;
    free_runs* free_[cells_per_page + 1]{};  // of each length: one with room, maybe, and such as had none
    free_runs* spare_ = nullptr;             // empty ones
    bool sharded_;
};

#if TACHO_BODIES

TACHO_FUNCTION word* arena::allocate(std::size_t count) noexcept {
    std::lock_guard const lock{mutex_};
    if (free_runs* const of = free_[count]) {
        word* const cells = of->runs[of->begin++];
        if (of->begin == of->end) {
            free_[count] = of->next;
            of->next = spare_;
            spare_ = of;
        }
        return cells;
    }
    if (left_ < count) {
        std::byte* chunk = reserve_pages(sharded_ ? fix_slot_count() : 1);
        if (chunk == nullptr && sharded_ && next_ == nullptr) {
            chunk = reserve_pages(fall_back_to_used_slots());
        }
        if (chunk == nullptr) return nullptr;
        // The cells that are left over in the old chunk stay unused: at most one series' worth.
        next_ = reinterpret_cast<word*>(chunk);  // all-zero bytes are a zero cell; placing each would touch it
        left_ = cells_per_page;
    }
    word* const cells = next_;
    next_ += count;
    left_ -= count;
    return cells;
}

TACHO_FUNCTION void arena::release(word* cells, std::size_t count) noexcept {
    clear_cells(cells, count, sharded_);
    std::lock_guard const lock{mutex_};
    free_runs*& of = free_[count];
    if (of != nullptr && of->end == free_runs::most && of->begin > 0) {
        of->runs[--of->begin] = cells;
        return;
    }
    if (of == nullptr || of->end == free_runs::most) {
        free_runs* added = spare_;
        if (added != nullptr)
            spare_ = added->next;
        else
            added = static_cast<free_runs*>(std::malloc(sizeof(free_runs)));
        if (added == nullptr) return;  // out of memory: the cells stay unused
        added->next = of;
        added->begin = added->end = 0;
        of = added;
    }
    of->runs[of->end++] = cells;
}

#endif

// They live as long as the process: cells may be written during its very last moments.
[[gnu::visibility("default")]] inline constinit arena sharded_arena{true};
[[gnu::visibility("default")]] inline constinit arena shared_arena{false};

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/core/clock.hpp
#ifndef TACHO_PART_CORE_CLOCK
#define TACHO_PART_CORE_CLOCK

// tacho: the time, from a source that a test can replace.

namespace tacho::inline TACHO_ABI {

/// Nanoseconds since the Unix epoch (1970-01-01 UTC): the only time that leaves the process.
using unix_nanos = std::uint64_t;

/// A source of wall-clock time for start times and time stamps. `now()` is thread-safe and does not throw.
template <class T>
concept clock = requires(T& source) {
    { source.now() }
    noexcept->std::same_as<unix_nanos>;
};

namespace detail {

// The whole second since 1970 at which this has come.
[[nodiscard]] constexpr std::uint32_t second_at(unix_nanos time) noexcept {
    return static_cast<std::uint32_t>((time + 999'999'999u) / 1'000'000'000u);
}

// The time that a test has set, and all clocks below show instead of their own; 0 when there is none. Relaxed: it
// orders nothing.
[[gnu::visibility("default")]] inline constinit std::atomic<unix_nanos> set_time{0};

}  // namespace detail

/// The system's wall clock, or a manual_clock's time while there is one.
struct system_clock {
    // Default visibility, as for all that is kept as a pointer: it is the program's, and stays when a plug-in goes.
    /// The time by CLOCK_REALTIME or its like: it may jump when somebody sets the clock.
    [[nodiscard, gnu::visibility("default")]] static unix_nanos now() noexcept {
        using namespace std::chrono;
        if (auto const set = detail::set_time.load(std::memory_order_relaxed); set != 0) [[unlikely]]
            return set;
        return static_cast<unix_nanos>(
            duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
    }
};

/// What timers go by, of std::chrono's kind: std::chrono::steady_clock, or a manual_clock's time while there is one.
/// Beside the system's clock, asking whether there is one costs nothing that can be measured.
struct steady_clock {
    using duration = std::chrono::nanoseconds;                 ///< what it counts in
    using rep = duration::rep;                                 ///< as std::chrono asks of a clock
    using period = duration::period;                           ///< the same
    using time_point = std::chrono::time_point<steady_clock>;  ///< of this clock alone
    static constexpr bool is_steady = true;                    ///< but for a test that moves it backwards

    /// Thread-safe; neither locks nor allocates.
    [[nodiscard]] static time_point now() noexcept {
        if (auto const set = detail::set_time.load(std::memory_order_relaxed); set != 0) [[unlikely]]
            return time_point{duration{static_cast<rep>(set)}};
        return time_point{std::chrono::steady_clock::now().time_since_epoch()};
    }
};

static_assert(clock<system_clock>);

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/fixed_string.hpp
#ifndef TACHO_PART_CORE_FIXED_STRING
#define TACHO_PART_CORE_FIXED_STRING

// tacho: text as a template argument, so that a name is checked while the program compiles.

namespace tacho::inline TACHO_ABI {

/// The text of a string literal, usable as a template argument: `counter<"requests">`.
/// N counts the terminating zero. The members are public because a template argument must be a structural type.
template <std::size_t N>
struct fixed_string {
    char text[N]{};  ///< with a zero at its end; public, since a template argument's members have to be

    /// Implicit, so that a template takes a literal: `counter<"requests">`.
    consteval fixed_string(char const (&literal)[N]) noexcept {  // implicit: this is what lets a literal be an argument
        for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
    }

    /// The text without the zero.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }
    /// Characters, the zero not counted.
    [[nodiscard]] static constexpr std::size_t size() noexcept { return N - 1; }
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/unit.hpp
#ifndef TACHO_PART_CORE_UNIT
#define TACHO_PART_CORE_UNIT

// tacho: units of measurement, and the word each becomes in a Prometheus name.
// Rule: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-metadata-1

namespace tacho::inline TACHO_ABI {

namespace detail {

// The characters of UCUM, remarks in braces included.
constexpr bool are_of_ucum(std::string_view text) noexcept {
    for (char const c : text)
        if (c <= ' ' || c > '~') return false;
    return true;
}

}  // namespace detail

/// Units as options of an instrument: `histogram<"request.duration", unit::seconds>`. A unit is written to OTLP as it
/// stands (UCUM, case-sensitive) and becomes a suffix of the Prometheus name.
namespace unit {

/// Any unit by its UCUM code: `unit::of<"By/s">`. Text in braces is a remark and leaves no suffix: `unit::of<"{job}">`.
template <fixed_string Ucum>
struct of {
    static_assert(Ucum.size() <= 63, "tacho: a unit has at most 63 characters");
    static_assert(detail::are_of_ucum(Ucum.view()),
                  "tacho: a unit is a UCUM code, of ASCII without blanks: s, By/s, or {request} for what is counted");
    static constexpr std::string_view ucum = Ucum.view();  ///< as OTLP shows it
};

using none = of<"">;            ///< no unit; no suffix
using ratio = of<"1">;          ///< a share of one; no suffix
using seconds = of<"s">;        ///< suffix `_seconds`
using milliseconds = of<"ms">;  ///< suffix `_milliseconds`
using microseconds = of<"us">;  ///< suffix `_microseconds`
using nanoseconds = of<"ns">;   ///< suffix `_nanoseconds`
using bytes = of<"By">;         ///< suffix `_bytes`
using percent = of<"%">;        ///< suffix `_percent`
using celsius = of<"Cel">;      ///< suffix `_celsius`

}  // namespace unit

/// The words of a unit, joined by `_`; at most 128 characters.
class unit_text {
public:
    /// As long as this lives.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text_.data(), size_}; }

    /// Appends; runs of characters that are no letter or digit become one `_`, and at the beginning nothing.
    constexpr void append(std::string_view part) noexcept {
        for (char const c : part) {
            bool const legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!legal && (size_ == 0 || text_[size_ - 1] == '_')) continue;
            if (size_ < text_.size()) text_[size_++] = legal ? c : '_';
        }
    }
    /// Takes `_` off the end.
    constexpr void trim() noexcept {
        while (size_ != 0 && text_[size_ - 1] == '_') --size_;
    }

private:
    std::array<char, 128> text_{};
    std::size_t size_ = 0;
};

namespace detail {

struct unit_entry {
    std::string_view ucum, word;
};

inline constexpr unit_entry unit_words[] = {
    {"d", "days"},          {"h", "hours"},
    {"min", "minutes"},     {"s", "seconds"},
    {"ms", "milliseconds"}, {"us", "microseconds"},
    {"ns", "nanoseconds"},  {"By", "bytes"},
    {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},
    {"GiBy", "gibibytes"},  {"TiBy", "tebibytes"},
    {"kBy", "kilobytes"},   {"MBy", "megabytes"},
    {"GBy", "gigabytes"},   {"TBy", "terabytes"},
    {"m", "meters"},        {"V", "volts"},
    {"A", "amperes"},       {"J", "joules"},
    {"W", "watts"},         {"g", "grams"},
    {"Cel", "celsius"},     {"Hz", "hertz"},
    {"%", "percent"},       {"1", ""},
};

inline constexpr unit_entry per_words[] = {
    {"s", "second"}, {"m", "minute"}, {"h", "hour"}, {"d", "day"}, {"w", "week"}, {"mo", "month"}, {"y", "year"},
};

template <std::size_t N>
constexpr std::string_view word_of(unit_entry const (&table)[N], std::string_view ucum) noexcept {
    for (auto const& entry : table)
        if (entry.ucum == ucum) return entry.word;
    return ucum;
}

// Where a character stands first, the size if nowhere. Of a template argument g++ 12 doesn't take string_view::find for
// a constant when it sanitizes.
constexpr std::size_t place_of(char c, std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size() && text[i] != c) ++i;
    return i;
}

// `{packet}` says what is counted, it is no unit.
constexpr std::string_view without_remark(std::string_view ucum) noexcept {
    return place_of('{', ucum) == ucum.size() ? ucum : std::string_view{};
}

}  // namespace detail

/// The word that a unit adds to a Prometheus name: `s` gives `seconds`, `By/s` gives `bytes_per_second`, `1` and
/// `{packet}` give nothing, an unknown unit gives itself with illegal characters replaced.
[[nodiscard]] constexpr unit_text unit_word(std::string_view ucum) noexcept {
    unit_text out;
    auto const slash = detail::place_of('/', ucum);
    out.append(detail::word_of(detail::unit_words, detail::without_remark(ucum.substr(0, slash))));
    if (slash != ucum.size()) {
        auto const per = detail::without_remark(ucum.substr(slash + 1));
        if (!per.empty()) {
            out.append("_per_");
            out.append(detail::word_of(detail::per_words, per));
        }
    }
    out.trim();
    return out;
}

/// Whether a Prometheus name is this word or ends with `_word`.
[[nodiscard]] constexpr bool ends_with_word(std::string_view name, std::string_view word) noexcept {
    if (!name.ends_with(word)) return false;
    return name.size() == word.size() || name[name.size() - word.size() - 1] == '_';
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/names.hpp
#ifndef TACHO_PART_CORE_NAMES
#define TACHO_PART_CORE_NAMES

// tacho: which names are legal, and the Prometheus name that an OpenTelemetry name becomes.
// Rule: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-metadata-1

namespace tacho::inline TACHO_ABI {

/// What an instrument measures; decides its suffixes, its type line and how its numbers add up.
enum class instrument_kind : unsigned char {
    counter,
    up_down_counter,
    gauge,
    histogram,
    info,
    state_set,
    exponential_histogram
};

/// For messages: `up-down counter`. In static storage.
[[nodiscard]] constexpr std::string_view to_string(instrument_kind kind) noexcept {
    switch (kind) {
        case instrument_kind::counter: return "counter";
        case instrument_kind::up_down_counter: return "up-down counter";
        case instrument_kind::gauge: return "gauge";
        case instrument_kind::info: return "info";
        case instrument_kind::state_set: return "state set";
        case instrument_kind::exponential_histogram: return "exponential histogram";
        case instrument_kind::histogram: break;
    }
    return "histogram";
}

namespace detail {

constexpr bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool is_name_character(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-' || c == '/';
}

constexpr bool is_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 255 || !is_letter(name.front())) return false;
    for (char const c : name)
        if (!is_name_character(c)) return false;
    return true;
}

}  // namespace detail

/// An instrument's name: a letter, then letters, digits, `_ . - /`; at most 255 characters (OpenTelemetry metrics API).
[[nodiscard]] constexpr bool is_instrument_name(std::string_view name) noexcept {
    return detail::is_name(name);
}

/// A Prometheus name, at most 400 characters. Made while compiling for a typed instrument, else at registration.
class prometheus_text {
public:
    /// The most characters; what is beyond is cut off.
    static constexpr std::size_t most = 400;

    /// As long as this lives.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text_.data(), size_}; }

    /// Illegal characters become `_`, and a run of `_` is written once.
    constexpr void append(std::string_view part) noexcept {
        for (char const c : part) {
            char const legal = detail::is_letter(c) || detail::is_digit(c) ? c : '_';
            if (legal == '_' && size_ != 0 && text_[size_ - 1] == '_') continue;
            if (size_ < text_.size()) text_[size_++] = legal;
        }
    }

    /// Appends, whatever the characters: for names that are shown in quotes.
    constexpr void append_as_it_is(std::string_view part) noexcept {
        for (char const c : part)
            if (size_ < text_.size()) text_[size_++] = c;
    }

    /// Takes this off the end, unless it is all there is.
    constexpr void remove_suffix(std::string_view suffix) noexcept {
        if (view().ends_with(suffix) && size_ > suffix.size()) size_ -= suffix.size();
    }

private:
    std::array<char, most> text_{};
    std::size_t size_ = 0;
};

/// The Prometheus name of a label: illegal characters become `_`.
[[nodiscard]] constexpr prometheus_text prometheus_label_name(std::string_view name) noexcept {
    prometheus_text out;
    out.append(name);
    return out;
}

/// A label's name: the same characters as an instrument's. Prometheus reserves names that begin with `_`, and
/// OpenTelemetry those under which it shows an instrument's scope and the overflow series.
[[nodiscard]] constexpr bool is_label_name(std::string_view name) noexcept {
    if (!detail::is_name(name)) return false;
    auto const shown = prometheus_label_name(name);
    return !shown.view().starts_with("otel_scope_") && shown.view() != "otel_metric_overflow";
}

/// What a kind of instrument adds to its Prometheus name, and OpenMetrics takes off again where it names the family.
[[nodiscard]] constexpr std::string_view kind_suffix(instrument_kind kind) noexcept {
    if (kind == instrument_kind::counter) return "_total";
    return kind == instrument_kind::info ? "_info" : "";
}

/// The Prometheus name of an instrument: the name, then the unit's word, then `_total` for a counter and `_info` for an
/// info; neither is repeated when the name already ends with it. `http.server.duration` in `s` becomes
/// `http_server_duration_seconds`.
[[nodiscard]] constexpr prometheus_text prometheus_name(std::string_view name, std::string_view unit,
                                                        instrument_kind kind) noexcept {
    prometheus_text out;
    out.append(name);
    out.remove_suffix(kind_suffix(kind));
    unit_text const word = unit_word(unit);
    if (!word.view().empty() && !ends_with_word(out.view(), word.view())) {
        out.append("_");
        out.append(word.view());
    }
    out.append(kind_suffix(kind));
    return out;
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/utf8.hpp
#ifndef TACHO_PART_CORE_UTF8
#define TACHO_PART_CORE_UTF8

// tacho: text from outside made valid UTF-8, since one bad byte makes a reader refuse a whole scrape.
// Rule: https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf (table 3-7, and "maximal subpart" in section 3.9)

namespace tacho::inline TACHO_ABI {

namespace detail {

struct utf8_step {
    std::size_t size;  // bytes to take: a code point, or the ill-formed bytes that one U+FFFD replaces
    bool valid;
};

// Looks at the sequence that begins at `at`.
constexpr utf8_step next_utf8(std::string_view text, std::size_t at) noexcept {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const first = byte(at);
    if (first < 0x80) return {1, true};
    if (first < 0xC2 || first > 0xF4) return {1, false};
    std::size_t const length = first < 0xE0 ? 2u : first < 0xF0 ? 3u : 4u;
    // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    unsigned char low = 0x80, high = 0xBF;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    for (std::size_t i = 1; i < length; ++i) {
        if (at + i >= text.size() || byte(at + i) < low || byte(at + i) > high) return {i, false};
        low = 0x80;
        high = 0xBF;
    }
    return {length, true};
}

}  // namespace detail

/// Whether text is UTF-8 by RFC 3629: no overlong forms, no surrogates. In one pass; allocates nothing.
[[nodiscard]] constexpr bool is_valid_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        auto const step = detail::next_utf8(text, i);
        if (!step.valid) return false;
        i += step.size;
    }
    return true;
}

/// Copies `text` to `out`, at most `room` bytes and never part of a code point; each ill-formed sequence becomes
/// U+FFFD. Returns the bytes written.
constexpr std::size_t copy_as_utf8(std::string_view text, char* out, std::size_t room) noexcept {
    constexpr std::string_view replacement = "\xEF\xBF\xBD";
    std::size_t written = 0;
    for (std::size_t i = 0; i < text.size();) {
        auto const step = detail::next_utf8(text, i);
        auto const piece = step.valid ? text.substr(i, step.size) : replacement;
        if (written + piece.size() > room) break;
        for (char const c : piece) out[written++] = c;
        i += step.size;
    }
    return written;
}

/// Whether two texts are the same once they are valid UTF-8.
[[nodiscard]] constexpr bool is_same_as_utf8(std::string_view a, std::string_view b) noexcept {
    std::size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        auto const x = detail::next_utf8(a, i), y = detail::next_utf8(b, j);
        if (x.valid != y.valid || (x.valid && a.substr(i, x.size) != b.substr(j, y.size))) {
            constexpr std::string_view replacement = "\xEF\xBF\xBD";  // may be written out in one of them
            if ((x.valid ? a.substr(i, x.size) : replacement) != (y.valid ? b.substr(j, y.size) : replacement))
                return false;
        }
        i += x.size;
        j += y.size;
    }
    return i == a.size() && j == b.size();
}

/// The same as a string.
[[nodiscard]] inline std::string to_utf8(std::string_view text) {
    std::string out(text.size() * 3, '\0');  // U+FFFD takes three bytes
    out.resize(copy_as_utf8(text, out.data(), out.size()));
    return out;
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/exemplar.hpp
#ifndef TACHO_PART_CORE_EXEMPLAR
#define TACHO_PART_CORE_EXEMPLAR

// tacho: exemplars: single measurements that are shown beside a number, with the trace in which each was made.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars and
// https://opentelemetry.io/docs/specs/otel/metrics/sdk/#exemplar

namespace tacho::inline TACHO_ABI {

/// The span of a distributed trace in which something is measured (https://www.w3.org/TR/trace-context/).
struct trace_context {
    std::array<std::uint8_t, 16> trace_id{};  ///< bytes in the order of the header
    std::array<std::uint8_t, 8> span_id{};    ///< the same
    bool sampled = false;                     ///< the trace is kept, so that somebody can look at it

    /// No id is all zeros.
    [[nodiscard]] constexpr bool is_valid() const noexcept {
        return trace_id != decltype(trace_id){} && span_id != decltype(span_id){};
    }
};

/// Tells in which span the calling thread is: the one place where a tracing library is asked. Called by any thread in
/// the midst of recording; must neither throw nor record.
using trace_context_hook = trace_context (*)() noexcept;

/// Which measurements become exemplars, of the instruments that keep any.
enum class exemplar_filter : unsigned char {
    always_off,
    trace_based,  ///< those within a sampled span
    always_on
};

namespace detail {

// Default visibility: one hook a process, in plug-ins too.
[[gnu::visibility("default")]] inline constinit std::atomic<trace_context_hook> installed_trace_hook{nullptr};

inline void exemplar_label_must_have_a_name_of_prometheus() noexcept {}  // not constexpr: reaching it doesn't compile

[[nodiscard]] constexpr bool is_exemplar_label_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 64 || is_digit(name.front())) return false;
    for (char const c : name)
        if (!is_letter(c) && !is_digit(c) && c != '_') return false;
    return true;
}

}  // namespace detail

/// Installs a hook for the whole process and returns the one before; nullptr, as at first, for none. Thread-safe.
///
///     tacho::set_trace_context_hook([]() noexcept -> tacho::trace_context {
///         auto const& span = my_tracer::current_span();
///         return {span.trace_id(), span.span_id(), span.is_sampled()};
///     });
inline trace_context_hook set_trace_context_hook(trace_context_hook hook) noexcept {
    // Release and acquire: whatever the program set up before installing its hook is seen by the hook.
    return detail::installed_trace_hook.exchange(hook, std::memory_order_acq_rel);
}

/// The name of an exemplar's label: a literal of at most 64 letters, digits and `_`. Another one doesn't compile.
class exemplar_name {
public:
    /// Implicit, so that it is written `{"order", id}`.
    consteval exemplar_name(char const* literal) : text_(literal) {  // implicit: `{"order", id}`
        if (!detail::is_exemplar_label_name(text_)) detail::exemplar_label_must_have_a_name_of_prometheus();
    }
    /// The literal.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return text_; }

private:
    std::string_view text_;
};

/// What is told of one measurement beside its trace: `requests.inc(1, {{"order", id}})`. The value may be any bytes.
/// All of them go into OTLP; OpenMetrics leaves out a label with one of `"`, `\`, `}` or a line feed in its value,
/// because widespread readers get it wrong, or refuse the page.
struct exemplar_label {
    exemplar_name name;      ///< a literal
    std::string_view value;  ///< any bytes; valid while the measurement is made
};

/// The most characters in an exemplar's names and values together, the 63 of `trace_id` and `span_id` included.
inline constexpr std::size_t max_exemplar_characters = 128;

namespace detail {

// Labels of one exemplar in one piece: for each the length of its name, the name, the length of its value, the value.
class exemplar_labels {
public:
    // As many bytes as an exemplar may have characters, but for two words of a slot's.
    static constexpr std::size_t most = 120;

    exemplar_labels() noexcept {}  // leaves the text as it is: only what was written is read

    // All of them, as valid UTF-8, or none when they have more than `characters` or than fits. An empty value is no
    // label, and of two labels with one name the first one counts; beside a trace `trace_id` and `span_id` are its own.
    void put(std::span<exemplar_label const> labels, bool has_trace) noexcept {
        size_ = 0;
        std::size_t left = max_exemplar_characters - (has_trace ? 63u : 0u);
        for (auto const& label : labels) {
            auto const name = label.name.view();
            if (label.value.empty() || has(name) || (has_trace && (name == "trace_id" || name == "span_id"))) continue;
            if (!append(name, label.value, left)) {
                size_ = 0;
                return;
            }
        }
    }

    // Calls f(name, value).
    template <class F>
    void for_each(F&& f) const {
        for (std::size_t at = 0; at < size_;) {
            auto const name = piece(at), value = piece(at);
            f(name, value);
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] char const* data() const noexcept { return text_; }
    // For who has a copy of it.
    char* restore(std::size_t size) noexcept {
        size_ = size < most ? size : most;
        return text_;
    }

private:
    [[nodiscard]] std::string_view piece(std::size_t& at) const noexcept {
        auto const size = static_cast<unsigned char>(text_[at]);
        std::string_view const found{text_ + at + 1, size};
        at += std::size_t{1} + size;
        return found;
    }
    [[nodiscard]] bool has(std::string_view name) const noexcept {
        bool found = false;
        for_each([&](std::string_view other, std::string_view) { found |= other == name; });
        return found;
    }
    bool append(std::string_view name, std::string_view value, std::size_t& characters) noexcept {
        if (name.size() + 2 > most - size_) return false;
        char* const out = text_ + size_;
        std::size_t const room = most - size_ - name.size() - 2;
        out[0] = static_cast<char>(name.size());
        std::memcpy(out + 1, name.data(), name.size());
        char* const shown = out + name.size() + 2;
        std::size_t count = name.size(), size = 0;
        for (std::size_t i = 0; i < value.size(); ++count) {
            auto const step = next_utf8(value, i);
            auto const written = copy_as_utf8(value.substr(i, step.size), shown + size, room - size);
            if (written == 0) return false;
            size += written;
            i += step.size;
        }
        if (count > characters) return false;
        characters -= count;
        shown[-1] = static_cast<char>(size);
        size_ += name.size() + 2 + size;
        return true;
    }

    std::size_t size_ = 0;
    char text_[most];
};

}  // namespace detail

/// A measurement that stands for others: what it was, when and in which span it was made, and what was told beside it.
struct exemplar {
    std::uint64_t bits;              ///< of a number of its instrument's kind: what was added or observed
    unix_nanos time;                 ///< when it was measured
    trace_context trace;             ///< not valid when there was none; `sampled` is not kept
    detail::exemplar_labels labels;  ///< see for_each_label()

    /// Calls f(name, value) for each label, in valid UTF-8.
    template <class F>
    void for_each_label(F&& f) const {
        labels.for_each(f);
    }
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/cell/exemplar_slot.hpp
#ifndef TACHO_PART_CELL_EXEMPLAR_SLOT
#define TACHO_PART_CELL_EXEMPLAR_SLOT

// tacho: the place of one exemplar, which is written in one go and read in one piece.

namespace tacho::inline TACHO_ABI::detail {

// A sequence lock of atomic words. Its turn is odd while somebody writes. Whoever finds it so lets go of what he has:
// the other's measurement is as good an example.
class exemplar_slot {
public:
    exemplar_slot() = default;
    exemplar_slot(exemplar_slot const&) = delete;
    exemplar_slot& operator=(exemplar_slot const&) = delete;

    // False when it is busy. Neither waits nor allocates.
    bool write(exemplar const& e) noexcept {
        auto turn = turn_.load(std::memory_order_relaxed);
        // Acquire: what the last writer stored comes before what is stored here.
        if (turn % 2 != 0 ||
            !turn_.compare_exchange_strong(turn, turn + 1, std::memory_order_acquire, std::memory_order_relaxed))
            return false;
        // Each a release: who reads one of them sees the odd turn afterwards, or a later one.
        std::uint64_t head[head_words] = {e.bits, e.time, 0, 0, 0, e.labels.size()};
        std::memcpy(head + 2, e.trace.trace_id.data(), 16);
        std::memcpy(head + 4, e.trace.span_id.data(), 8);
        for (std::size_t i = 0; i < head_words; ++i) words_[i].store(head[i], std::memory_order_release);
        for (std::size_t at = 0; at < e.labels.size(); at += 8) {
            std::uint64_t text = 0;
            std::memcpy(&text, e.labels.data() + at, e.labels.size() - at < 8 ? e.labels.size() - at : 8);
            words_[head_words + at / 8].store(text, std::memory_order_release);
        }
        turn_.store(turn + 2, std::memory_order_release);
        return true;
    }

    // False when there is none, or when one is being written.
    bool read(exemplar& into) const noexcept {
        constexpr int tries = 8;
        for (int attempt = 0; attempt < tries; ++attempt) {
            auto const turn = turn_.load(std::memory_order_acquire);
            if (turn == 0 || turn % 2 != 0) return false;
            // Each an acquire: had it seen anything of a later turn, that turn would be seen below.
            std::uint64_t head[head_words];
            for (std::size_t i = 0; i < head_words; ++i) head[i] = words_[i].load(std::memory_order_acquire);
            into.bits = head[0];
            into.time = head[1];
            std::memcpy(into.trace.trace_id.data(), head + 2, 16);
            std::memcpy(into.trace.span_id.data(), head + 4, 8);
            char* const labels = into.labels.restore(static_cast<std::size_t>(head[5]));
            for (std::size_t at = 0; at < into.labels.size(); at += 8) {
                auto const text = words_[head_words + at / 8].load(std::memory_order_acquire);
                std::memcpy(labels + at, &text, 8);
            }
            if (turn_.load(std::memory_order_relaxed) == turn) return true;
        }
        return false;
    }

    // While there is one thread, in a child of fork(): nobody here ends what a thread of the parent had begun.
    void repair() noexcept {
        if (turn_.load(std::memory_order_relaxed) % 2 != 0) clear();
    }
    void clear() noexcept { turn_.store(0, std::memory_order_relaxed); }

private:
    static constexpr std::size_t head_words = 6, text_words = exemplar_labels::most / 8;
    static_assert(exemplar_labels::most % 8 == 0);

    word turn_{0};
    word words_[head_words + text_words]{};
};
static_assert(sizeof(exemplar_slot) == 176);  // as is said of the option

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/core/floating.hpp
#ifndef TACHO_PART_CORE_FLOATING
#define TACHO_PART_CORE_FLOATING

// tacho: what is asked of doubles where programs record, without <cmath>.

namespace tacho::inline TACHO_ABI::detail {

// That header declares the special functions of mathematics, too: it takes an eighth of the time in which a file with a
// counter is compiled. These are what its functions come to.
[[nodiscard]] constexpr bool is_nan(double value) noexcept {
    return __builtin_isnan(value);
}
[[nodiscard]] constexpr bool is_finite(double value) noexcept {
    return __builtin_isfinite(value);
}
[[nodiscard]] inline bool is_negative(double value) noexcept {  // also -0
    return __builtin_signbit(value);
}
[[nodiscard]] inline bool is_whole(double value) noexcept {
    return __builtin_trunc(value) == value;
}
[[nodiscard]] inline double absolute(double value) noexcept {
    return __builtin_fabs(value);
}
[[nodiscard]] inline double round_down(double value) noexcept {
    return __builtin_floor(value);
}
[[nodiscard]] inline double binary_logarithm(double value) noexcept {
    return __builtin_log2(value);
}
[[nodiscard]] inline double times_power_of_two(double value, int exponent) noexcept {
    return __builtin_ldexp(value, exponent);
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/cell/bucket_table.hpp
#ifndef TACHO_PART_CELL_BUCKET_TABLE
#define TACHO_PART_CELL_BUCKET_TABLE

// tacho: from a value to its bucket, by a table of where the bounds are.

namespace tacho::inline TACHO_ABI::detail {

// How many bounds lie below a value, which is the index of the bucket (bounds[i-1], bounds[i]] that holds it. By a
// binary search without branches: the processor can't guess them, and a wrong guess costs more than the search (11
// bounds: 5 ns, std::lower_bound 18).
[[nodiscard]] inline std::size_t search_bucket(std::span<double const> bounds, double value) noexcept {
    double const* at = bounds.data();
    std::size_t left = bounds.size();
    for (; left > 1; left -= left / 2) at += static_cast<std::size_t>(at[left / 2 - 1] < value) * (left / 2);
    auto const before = static_cast<std::size_t>(at - bounds.data());
    return before + (left == 1 && *at < value ? 1 : 0);
}

// The line of numbers in pieces, each with at most one bound in it: the bits of a positive double grow with it, so its
// exponent and as many bits of its mantissa as are needed say which piece it is in, and one comparison says on which
// side of the bound. Bounds with a sign are searched, and those that would need too many pieces, as they lie very near
// to each other.
//
// What counts is how long it takes from a value to the place of its bucket, more than how many instructions that takes:
// a Zen 3 lets what the next observation reads wait until it knows where this one writes. So the way has one read from
// a table, and integers only: 5 ns there, and 8 with two reads, one behind the other, and a comparison of doubles.
class bucket_table {
public:
    // The bounds have to live as long, and not to move. Allocates; throws for lack of memory.
    explicit bucket_table(std::span<double const> bounds);

    // The index of the bucket that holds a value; as many as there are bounds beyond the last. Not for NaN, which a
    // program may overlook that is compiled with -ffast-math: it has some bucket then, and no cell beyond them.
    [[nodiscard]] std::size_t find(double value) const noexcept {
        if (last_ == 0) [[unlikely]]
            return search_bucket(bounds_, value);
        // Values below zero have their sign for a first bit: they are before all pieces, and below all bounds.
        auto const bits = std::bit_cast<std::int64_t>(value);
        auto const at = std::clamp((bits >> shift_) - before_, std::int64_t{0}, last_);
        auto const& in = pieces_[static_cast<std::size_t>(at)];
        return in.start + (in.bound < bits ? std::size_t{1} : 0);
    }

    [[nodiscard]] bool searches() const noexcept { return last_ == 0; }

private:
    struct piece {
        std::int64_t bound;  // the bits of the first one that is not before it; behind the last, above all
        std::size_t start;   // how many are before it
    };
    static constexpr std::int64_t most_pieces = 1024;

    [[nodiscard]] bool divide(int shift);

    std::span<double const> bounds_;
    std::vector<piece> pieces_;
    int shift_ = 0;
    std::int64_t before_ = 0;  // the first piece, which is all before that of the first positive bound
    std::int64_t last_ = 0;    // counted from that one; 0 without pieces
};

#if TACHO_BODIES

TACHO_FUNCTION bucket_table::bucket_table(std::span<double const> bounds) : bounds_(bounds) {
    if (bounds.empty() || is_negative(bounds.front()) || bounds.back() == 0) return;
    for (int shift = 52; shift > 40; --shift)
        if (divide(shift)) return;
}

// With pieces of so many bits; false when two bounds would be in one, or the pieces too many.
TACHO_FUNCTION bool bucket_table::divide(int shift) {
    auto const piece_of = [shift](double value) { return std::bit_cast<std::int64_t>(value) >> shift; };
    auto const together = [&](double a, double b) { return piece_of(a) == piece_of(b); };
    if (std::adjacent_find(bounds_.begin(), bounds_.end(), together) != bounds_.end()) return false;
    auto const before = piece_of(bounds_[bounds_.front() > 0 ? 0 : 1]) - 1;  // where zero is
    auto const pieces = piece_of(bounds_.back()) - before + 2;
    if (pieces > most_pieces) return false;
    shift_ = shift;
    before_ = before;
    last_ = pieces - 1;
    pieces_.reserve(static_cast<std::size_t>(pieces));
    std::size_t passed = 0;
    for (std::int64_t at = 0; at < pieces; ++at) {
        auto const begin = std::bit_cast<double>((before + at) << shift);
        while (at != 0 && passed < bounds_.size() && bounds_[passed] < begin) ++passed;
        pieces_.push_back({passed < bounds_.size() ? std::bit_cast<std::int64_t>(bounds_[passed])
                                                   : (std::numeric_limits<std::int64_t>::max)(),
                           passed});
    }
    return true;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/cell/cells.hpp
#ifndef TACHO_PART_CELL_CELLS
#define TACHO_PART_CELL_CELLS

// tacho: how a number is counted by many threads at once: sharded by thread, or shared.

namespace tacho::inline TACHO_ABI {

namespace detail {

inline word& in_slot(word* cell, std::size_t offset) noexcept {
    return *reinterpret_cast<word*>(reinterpret_cast<std::byte*>(cell) + offset);
}

// Relaxed throughout: a count orders nothing else, and each cell's own history is coherent.
template <class Number>
void add_owned(word& cell, Number n, std::memory_order order = std::memory_order_relaxed) noexcept {
    auto const before = cell.load(std::memory_order_relaxed);
    if constexpr (std::integral<Number>)  // two's complement: a thread's part may overflow where the sum doesn't
        cell.store(before + static_cast<std::uint64_t>(n), order);
    else
        cell.store(std::bit_cast<std::uint64_t>(std::bit_cast<Number>(before) + n), order);
}

inline void add_shared(word& cell, std::uint64_t n, std::memory_order order = std::memory_order_relaxed) noexcept {
    cell.fetch_add(n, order);
}
inline void add_shared(word& cell, std::int64_t n, std::memory_order order = std::memory_order_relaxed) noexcept {
    cell.fetch_add(static_cast<std::uint64_t>(n), order);  // two's complement: the same bits
}
inline void add_shared(word& cell, double n, std::memory_order order = std::memory_order_relaxed) noexcept {
    auto seen = cell.load(std::memory_order_relaxed);
    while (!cell.compare_exchange_weak(seen, std::bit_cast<std::uint64_t>(std::bit_cast<double>(seen) + n), order,
                                       std::memory_order_relaxed)) {
    }
}

}  // namespace detail

/// How the cells of an instrument are stored; an option of every instrument.
namespace cells {

/// Each thread counts in memory of its own and a reader adds up: about half a nanosecond an increment and no
/// contention, for 8 bytes per cell and thread that counts there. The default of counters and histograms. Not for
/// signal handlers: one that counts what the code it interrupts is counting can lose an increment.
struct sharded {
    static constexpr bool is_sharded = true;  ///< a number for each thread

    /// Adds to the calling thread's own number. Wait-free; takes a mutex at a thread's first count of all.
    template <class Number>
    static void add([[maybe_unused]] detail::word* cell, [[maybe_unused]] Number n) noexcept {
        if constexpr (detail::recording) {
            auto offset = detail::own_offset;
            if (offset == 0) [[unlikely]] {
                offset = detail::claim_slot();
                if (offset == 0) return detail::add_shared(*cell, n);
            }
            detail::add_owned(detail::in_slot(cell, offset), n);
        }
    }
};

/// One atomic number that all threads write: 2 ns alone and more under contention, 8 bytes whatever the number of
/// threads. The default of gauges and up-down counters, of which a sharded one would show values that never existed;
/// the choice for very many series written by very many threads, and in signal handlers; not for exponential histograms
/// there, which lock even so.
struct shared {
    static constexpr bool is_sharded = false;  ///< one number

    /// Adds atomically. Lock-free; of doubles a loop that others may make try again.
    template <class Number>
    static void add([[maybe_unused]] detail::word* cell, [[maybe_unused]] Number n) noexcept {
        if constexpr (detail::recording) detail::add_shared(*cell, n);
    }
    /// Stores, relaxed: whoever is last stays.
    template <class Number>
    static void set([[maybe_unused]] detail::word* cell, [[maybe_unused]] Number n) noexcept {
        if constexpr (detail::recording) cell->store(std::bit_cast<std::uint64_t>(n), std::memory_order_relaxed);
    }
};

}  // namespace cells

namespace detail {

// Its negative; of the smallest integer, which has none, itself.
template <class Number>
[[nodiscard]] constexpr Number negated(Number n) noexcept {
    if constexpr (std::same_as<Number, std::int64_t>)
        return static_cast<std::int64_t>(std::uint64_t{0} - static_cast<std::uint64_t>(n));
    else
        return -n;
}

// Where the slots end that a reader has to look at, in bytes from the first.
inline std::size_t end_of_slots(bool sharded) noexcept {
    return (sharded ? slots_in_use() : 1) << slot_shift;
}

// The sums of `Count` neighbouring cells over all slots, as bits of numbers. They stay in registers while the slots
// pass by: cell by cell takes twice as long, because the numbers of one cell compete for the same few places in the
// cache.
template <class Number, std::size_t Count>
void read_cells(word* first, std::size_t end, std::uint64_t* bits) noexcept {
    [&]<std::size_t... At>(std::index_sequence<At...>) {
        Number sums[Count]{};
        for (std::size_t offset = 0; offset < end; offset += slot_bytes) {
            word* const own = &in_slot(first, offset);
            ((sums[At] =
                  static_cast<Number>(sums[At] + std::bit_cast<Number>(own[At].load(std::memory_order_relaxed)))),
             ...);
        }
        ((bits[At] = std::bit_cast<std::uint64_t>(sums[At])), ...);
    }
    (std::make_index_sequence<Count>{});
}

// Where an instrument that could not be registered counts: written by all, read by none.
// Default visibility: a plug-in that comes and goes takes no others each time.
[[gnu::visibility("default")]] inline constinit std::atomic<word*> discard_page{nullptr};
[[gnu::visibility("default")]] word* discard_cells() noexcept;
// Relaxed: who has a pointer to them got it from who made them, or from somebody who did.
[[nodiscard]] inline bool are_discard_cells(word const* run) noexcept {
    return run == discard_page.load(std::memory_order_relaxed);
}
#if TACHO_BODIES
TACHO_FUNCTION word* discard_cells() noexcept {
    // The fallback is only reached when the process never got a chunk, and then all threads use slot 0: none has looked
    // anything up before, since it is settled with the first instrument.
    static constinit word last_resort[cells_per_page]{};
    // No static object with a guard: a child of fork() would wait for ever for a thread that was making it.
    // Acquire and release: who finds the cells finds them zeroed.
    if (auto* const made = discard_page.load(std::memory_order_acquire)) return made;
    word* const reserved = sharded_arena.allocate(cells_per_page);
    word* const own = reserved != nullptr ? reserved : last_resort;
    word* other = nullptr;
    if (discard_page.compare_exchange_strong(other, own, std::memory_order_acq_rel, std::memory_order_acquire))
        return own;
    if (reserved != nullptr) sharded_arena.release(reserved, cells_per_page);
    return other;
}
#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/exponential_index.hpp
#ifndef TACHO_PART_CORE_EXPONENTIAL_INDEX
#define TACHO_PART_CORE_EXPONENTIAL_INDEX

// tacho: which bucket of an exponential histogram a value belongs to, exactly.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram

namespace tacho::inline TACHO_ABI {

/// The finest and the coarsest scale. At scale s a bucket's upper bound is 2^(2^-s) times its lower one: at 20 they
/// are so narrow that any value has one to itself, at -10 three cover all doubles.
inline constexpr int max_exponential_scale = 20;
/// The coarsest scale: at -10 one bucket spans 1024 powers of two, so that three hold all doubles.
inline constexpr int min_exponential_scale = -10;

namespace detail {

// 128 bits of a number in [1, 2): one before the point, 127 behind it.
struct long_fraction {
    std::uint64_t high, low;
};

// The 128 bits of a product, in two halves; 64 by 64 bits to 128 is no portable operation.
[[nodiscard]] constexpr long_fraction full_product(std::uint64_t a, std::uint64_t b) noexcept {
    constexpr std::uint64_t half = 0xFFFFFFFFu;
    auto const low = (a & half) * (b & half);
    auto const first = (a >> 32) * (b & half) + (low >> 32);
    auto const second = (a & half) * (b >> 32) + (first & half);
    return {(a >> 32) * (b >> 32) + (first >> 32) + (second >> 32), (second << 32) | (low & half)};
}

// a * b, of which only the last bits may be wrong, halved when it is 2 or more.
[[nodiscard]] constexpr long_fraction product(long_fraction a, long_fraction b, bool& halved) noexcept {
    auto const top = full_product(a.high, b.high);
    auto const one = full_product(a.high, b.low), other = full_product(a.low, b.high);
    auto const middle = one.high + other.high;  // a.low * b.low is below what is kept
    auto const carry = one.low > ~other.low ? std::uint64_t{1} : std::uint64_t{0};
    auto const low = top.low + middle + carry;
    auto const high = top.high + (middle < one.high ? 1u : 0u) + (low < top.low ? 1u : 0u);
    halved = high >> 63 != 0;
    if (halved) return {high, low};
    return {high << 1 | low >> 63, low << 1};
}

// 2^(1/2), 2^(1/4), ... 2^(1/256).
inline constexpr long_fraction roots_of_two[] = {
    {0xB504F333F9DE6484u, 0x597D89B3754ABE9Fu}, {0x9837F0518DB8A96Fu, 0x46AD23182E42F6F6u},
    {0x8B95C1E3EA8BD6E6u, 0xFBE4628758A53C90u}, {0x85AAC367CC487B14u, 0xC5C95B8C2154C1B2u},
    {0x82CD8698AC2BA1D7u, 0x3E2A475B46520BFFu}, {0x8164D1F3BC030773u, 0x7BE56527BD14DEF4u},
    {0x80B1ED4FD999AB6Cu, 0x25335719B6E6FD20u}, {0x8058D7D2D5E5F6B0u, 0x94D589F608EE4AA2u},
};

inline constexpr int table_scale = 8;
inline constexpr std::size_t table_size = std::size_t{1} << table_scale;
inline constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << 52) - 1;

// The mantissas in 512ths, each with at most one bound of scale 8 in it, because the buckets are wider: the bucket in
// which each begins, in the lowest byte, and above it where that one ends. Bounds are mantissas rounded down, which
// compare with a double's as the true bounds do: these are irrational, so no double is one. Both in one number, so that
// there is one read from a value to its bucket, as in bucket_table.hpp. 4 KiB.
struct exponential_table {
    std::array<std::uint64_t, 2 * table_size> pieces{};

    constexpr exponential_table() noexcept {
        std::array<std::uint64_t, table_size + 1> bounds{};
        std::array<long_fraction, table_size> exact{};
        exact[0] = {std::uint64_t{1} << 63, 0};
        bool halved = false;
        for (std::size_t i = 1; i < table_size; ++i) {
            auto const last = static_cast<std::size_t>(std::countr_zero(i));  // the finest root that i is made of
            exact[i] =
                product(exact[i & (i - 1)], roots_of_two[static_cast<std::size_t>(table_scale) - 1 - last], halved);
            bounds[i] = exact[i].high >> 11 & mantissa_mask;
        }
        bounds[table_size] = mantissa_mask + 1;  // above all
        std::size_t bucket = 0;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            while (bounds[bucket + 1] <= static_cast<std::uint64_t>(i) << 43) ++bucket;
            pieces[i] = bounds[bucket + 1] << 8 | bucket;
        }
    }
};
extern exponential_table const scale_8;
#if TACHO_BODIES
TACHO_FUNCTION constinit exponential_table const scale_8{};
#endif

// 2^exponent * (1 + (below + 1) / 2^52): a value by the number just below it. Bounds belong to the bucket they end, so
// all that matters is how many bounds are not above that number.
struct split_value {
    std::int64_t exponent;
    std::uint64_t below;
};
// Right if is_split(): else it is at most the smallest normal number, or negative.
[[nodiscard]] inline split_value split_normal(double value) noexcept {
    auto const bits = std::bit_cast<std::uint64_t>(value) - 1;
    return {static_cast<std::int64_t>(bits >> 52) - 1023, bits & mantissa_mask};
}
[[nodiscard]] inline bool is_split(split_value v) noexcept {
    return v.exponent != -1023;
}

[[nodiscard]] inline split_value split(double positive) noexcept {
    if (auto const simply = split_normal(positive); is_split(simply)) [[likely]]
        return simply;
    // A subnormal's leading one is not implied.
    auto const whole = std::bit_cast<std::uint64_t>(positive);
    int const shift = std::countl_zero(whole) - 11;
    auto const mantissa = whole << shift & mantissa_mask;
    auto const exponent = std::int64_t{-1022} - shift;
    return mantissa != 0 ? split_value{exponent, mantissa - 1} : split_value{exponent - 1, mantissa_mask};
}

[[nodiscard]] inline std::int64_t index_at_scale_8(split_value v) noexcept {
    auto const piece = scale_8.pieces[static_cast<std::size_t>(v.below >> 43)];
    auto const beyond = piece <= (v.below << 8 | 0xFF) ? 1u : 0u;
    return v.exponent * static_cast<std::int64_t>(table_size) + static_cast<std::int64_t>((piece & 0xFF) + beyond);
}

// Where in its power of two a mantissa lies, at a finer scale: a binary digit of the logarithm for each squaring. What
// is cut off makes it wrong by less than 2^-120, and no double is nearer to a bound than 2^-78 of it.
[[nodiscard]] inline std::int64_t count_bounds_exactly(std::uint64_t mantissa, int scale) noexcept {
    long_fraction x{(mantissa | (mantissa_mask + 1)) << 11, 0};
    std::int64_t digits = 0;
    for (int i = 0; i < scale; ++i) {
        bool halved = false;
        x = product(x, x, halved);
        digits = digits * 2 + (halved ? 1 : 0);
    }
    return digits;
}

// The index at a scale above 8: by the logarithm, unless that is too near to a whole number to be trusted.
[[nodiscard]] inline std::int64_t index_at_fine_scale(split_value v, int scale) noexcept {
    auto const first = v.exponent * (std::int64_t{1} << scale);
    auto const mantissa = v.below + 1;
    if (mantissa > mantissa_mask) return first + (std::int64_t{1} << scale) - 1;  // a power of two ends a bucket
    auto const places = times_power_of_two(
        binary_logarithm(std::bit_cast<double>(std::uint64_t{1023} << 52 | mantissa)), scale);  // 0 to 2^20
    auto const whole = round_down(places);
    // A logarithm that is wrong by 2^-52 makes it wrong by 2^-32; this allows for a hundred times as much.
    constexpr double doubt = 0x1p-25;
    if (places - whole < doubt || places - whole > 1 - doubt) [[unlikely]]
        return first + count_bounds_exactly(mantissa, scale);
    return first + static_cast<std::int64_t>(whole);
}

}  // namespace detail

/// The index i of the bucket (2^(i * 2^-scale), 2^((i + 1) * 2^-scale)] that holds a positive finite value. Exact for
/// every double, subnormal ones included; about 3 ns up to scale 8, 12 above.
[[nodiscard]] inline std::int32_t exponential_index(double positive, int scale) noexcept {
    auto const v = detail::split(positive);
    auto const index = scale <= detail::table_scale ? detail::index_at_scale_8(v) >> (detail::table_scale - scale)
                                                    : detail::index_at_fine_scale(v, scale);
    return static_cast<std::int32_t>(index);
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/exponential_counts.hpp
#ifndef TACHO_PART_CORE_EXPONENTIAL_COUNTS
#define TACHO_PART_CORE_EXPONENTIAL_COUNTS

// tacho: the buckets of one sign of an exponential histogram: added up, made coarser, and taken off each other.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#all-scales-use-the-logarithm-function

namespace tacho::inline TACHO_ABI {

/// The most buckets of one sign that an exponential histogram may be given.
inline constexpr std::size_t max_exponential_buckets = 168;

/// How an exponential histogram counts.
struct exponential_shape {
    std::size_t max_buckets = 160;  ///< of each sign, 4 to 168; where values spread further, the buckets become wider
    double zero_threshold = 0;      ///< a value whose amount is not above it counts as zero

    friend bool operator==(exponential_shape const&, exponential_shape const&) = default;
};

/// Buckets beside each other; counts[i] is of (base^(offset + i), base^(offset + i + 1)].
struct exponential_buckets {
    /// The index of the first bucket; bucket i holds (base^i, base^(i+1)], where base is 2^(2^-scale).
    std::int32_t offset = 0;
    std::span<std::uint64_t const> counts;  ///< one for each bucket from there on, not cumulative
};

namespace detail {

// Whether buckets `low` to `high` are more than `most` when 2^by neighbours are one.
[[nodiscard]] constexpr bool are_too_many(std::int64_t low, std::int64_t high, int by, std::size_t most) noexcept {
    return (high >> by) - (low >> by) >= static_cast<std::int64_t>(most);
}

// A row of counts of at most 168 neighbouring buckets. Its scale is 20 less `coarse`, so that all-zero is an empty one.
class exponential_counts {
public:
    exponential_counts() = default;
    exponential_counts(int coarse, exponential_buckets const& from) noexcept;

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] int coarse() const noexcept { return coarse_; }
    [[nodiscard]] exponential_buckets view() const noexcept {
        return {static_cast<std::int32_t>(low_), {counts_.data(), size_}};
    }
    [[nodiscard]] std::uint64_t total() const noexcept;

    // Makes it a row of zeros at a place, of the same scale, and gives them to be written.
    std::span<std::uint64_t> reserve(std::int64_t low, std::size_t size) noexcept;
    void set_coarse(int coarse) noexcept { coarse_ = coarse; }

    // Makes 2^by neighbours one. The bounds of the wider buckets are among those of the narrower ones.
    void shrink(int by) noexcept;

    // Adds another row, at the finest scale at which both together are at most `most` buckets.
    void add(exponential_counts const& other, std::size_t most) noexcept;

    // Takes off what an earlier reading of the same buckets counted, and leaves out empty buckets at both ends.
    void subtract(exponential_counts earlier) noexcept;

private:
    [[nodiscard]] std::int64_t last() const noexcept { return low_ + static_cast<std::int64_t>(size_) - 1; }

    // Where the i-th count goes in a row that is coarser by 2^by.
    [[nodiscard]] std::size_t place_in(exponential_counts const& row, std::size_t i, int by) const noexcept {
        return static_cast<std::size_t>(((low_ + static_cast<std::int64_t>(i)) >> by) - row.low_);
    }

    void extend(std::int64_t low, std::int64_t high) noexcept;

    std::int64_t low_ = 0;
    std::size_t size_ = 0;
    int coarse_ = 0;
    std::array<std::uint64_t, max_exponential_buckets> counts_{};
};

#if TACHO_BODIES

TACHO_FUNCTION exponential_counts::exponential_counts(int coarse, exponential_buckets const& from) noexcept
    : coarse_(coarse) {
    reserve(from.offset, from.counts.size());
    std::copy(from.counts.begin(), from.counts.end(), counts_.begin());
}

TACHO_FUNCTION std::uint64_t exponential_counts::total() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < size_; ++i) sum += counts_[i];
    return sum;
}

TACHO_FUNCTION std::span<std::uint64_t> exponential_counts::reserve(std::int64_t low, std::size_t size) noexcept {
    low_ = low;
    size_ = size;
    std::fill_n(counts_.begin(), size, std::uint64_t{0});
    return {counts_.data(), size};
}

TACHO_FUNCTION void exponential_counts::shrink(int by) noexcept {
    if (by <= 0) return;
    coarse_ += by;
    if (size_ == 0) return;
    auto const low = low_ >> by, high = last() >> by;
    for (std::size_t i = 0; i < size_; ++i) {
        auto const count = counts_[i];
        counts_[i] = 0;
        counts_[static_cast<std::size_t>(((low_ + static_cast<std::int64_t>(i)) >> by) - low)] += count;
    }
    low_ = low;
    size_ = static_cast<std::size_t>(high - low + 1);
}

TACHO_FUNCTION void exponential_counts::add(exponential_counts const& other, std::size_t most) noexcept {
    if (other.size_ == 0) return;
    if (size_ == 0) {
        *this = other;
        return;
    }
    shrink(other.coarse_ - coarse_);
    int by = coarse_ - other.coarse_;
    int more = 0;
    while (are_too_many((std::min)(low_, other.low_ >> by), (std::max)(last(), other.last() >> by), more, most)) ++more;
    shrink(more);
    by += more;
    extend((std::min)(low_, other.low_ >> by), (std::max)(last(), other.last() >> by));
    for (std::size_t i = 0; i < other.size_; ++i) counts_[other.place_in(*this, i, by)] += other.counts_[i];
}

TACHO_FUNCTION void exponential_counts::subtract(exponential_counts earlier) noexcept {
    shrink(earlier.coarse_ - coarse_);
    int const by = coarse_ - earlier.coarse_;
    for (std::size_t i = 0; i < earlier.size_; ++i)
        if (auto const place = earlier.place_in(*this, i, by); place < size_) counts_[place] -= earlier.counts_[i];
    while (size_ != 0 && counts_[size_ - 1] == 0) --size_;
    std::size_t first = 0;
    while (first < size_ && counts_[first] == 0) ++first;
    std::copy(counts_.begin() + static_cast<std::ptrdiff_t>(first),
              counts_.begin() + static_cast<std::ptrdiff_t>(size_), counts_.begin());
    size_ -= first;
    low_ += static_cast<std::int64_t>(first);
}

TACHO_FUNCTION void exponential_counts::extend(std::int64_t low, std::int64_t high) noexcept {
    auto const ahead = static_cast<std::size_t>(low_ - low);
    auto const size = static_cast<std::size_t>(high - low + 1);
    std::copy_backward(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(size_),
                       counts_.begin() + static_cast<std::ptrdiff_t>(size_ + ahead));
    std::fill_n(counts_.begin(), ahead, std::uint64_t{0});
    std::fill(counts_.begin() + static_cast<std::ptrdiff_t>(ahead + size_),
              counts_.begin() + static_cast<std::ptrdiff_t>(size), std::uint64_t{0});
    low_ = low;
    size_ = size;
}

#endif

}  // namespace detail

/// What an exponential histogram counted, at one moment.
struct exponential_value {
    std::uint64_t count;           ///< always the sum of the buckets and of zero_count
    double sum;                    ///< also of negative values
    std::uint64_t zero_count;      ///< values whose amount is not above the zero threshold
    int scale;                     ///< of both signs
    exponential_buckets positive;  ///< of values above the zero threshold
    exponential_buckets negative;  ///< by their amounts
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/cell/exponential_cells.hpp
#ifndef TACHO_PART_CELL_EXPONENTIAL_CELLS
#define TACHO_PART_CELL_EXPONENTIAL_CELLS

// tacho: the cells of one exponential histogram, whose buckets become wider as values spread, while others read them.

#if TACHO_BODIES
#include <thread>
#endif

namespace tacho::inline TACHO_ABI::detail {

// The layout of a run: observations begun, the sum, the zeros, a lock that only the common slot needs, a window for
// each sign, then three areas of buckets: one for each sign, and a spare one. To make its buckets wider, a sign's
// writer counts them together in the spare area and then says so in the sign's window, one number: a reader always
// finds whole buckets, in the one area or in the other, even while the writer is preempted. The area that was left is
// zeroed and is the next spare one.
inline constexpr std::size_t exponential_begun = 0;
inline constexpr std::size_t exponential_sum = 1;
inline constexpr std::size_t exponential_zeros = 2;
inline constexpr std::size_t exponential_lock = 3;
inline constexpr std::size_t exponential_windows = 4;  // of positive and of negative values
inline constexpr std::size_t exponential_areas = 6;

[[nodiscard]] constexpr std::size_t exponential_cell_count(std::size_t max_buckets) noexcept {
    return exponential_areas + 3 * max_buckets;
}
static_assert(exponential_cell_count(max_exponential_buckets) <= cells_per_page);

// Which buckets a sign's area holds. The area is a ring: bucket `low` is at `turn`, and those after it follow, so that
// a window can grow at either end without moving what is counted. All-zero bits are an empty window of scale 20.
struct exponential_window {
    std::int32_t low = 0;
    std::uint32_t width = 0;
    std::uint32_t turn = 0;
    int coarse = 0;          // 20 less the scale
    std::uint32_t area = 0;  // of negative values it is the one after; both begin with 0

    [[nodiscard]] static exponential_window of(std::uint64_t bits) noexcept {
        return {static_cast<std::int32_t>(static_cast<std::uint32_t>(bits)),
                static_cast<std::uint32_t>(bits >> 32 & 255), static_cast<std::uint32_t>(bits >> 40 & 255),
                static_cast<int>(bits >> 48 & 31), static_cast<std::uint32_t>(bits >> 53)};
    }
    [[nodiscard]] std::uint64_t bits() const noexcept {
        return static_cast<std::uint32_t>(low) | std::uint64_t{width} << 32 | std::uint64_t{turn} << 40 |
               static_cast<std::uint64_t>(coarse) << 48 | std::uint64_t{area} << 53;
    }
    [[nodiscard]] std::int64_t last() const noexcept { return std::int64_t{low} + width - 1; }
    // The cell of the bucket that is `i` after `low`.
    [[nodiscard]] std::size_t cell(std::size_t i, std::size_t max_buckets) const noexcept {
        auto const at = i + turn;
        return exponential_areas + area * max_buckets + (at < max_buckets ? at : at - max_buckets);
    }
};
// The window of a sign, with its area counted from 0 for both.
[[nodiscard]] inline exponential_window window_of(std::uint64_t bits, bool negative) noexcept {
    auto window = exponential_window::of(bits);
    if (negative) window.area = window.area == 2 ? 0 : window.area + 1;
    return window;
}
// Release, as all stores here: whoever sees one (acquire) sees all before it, and so a window that was left.
inline void publish(word& cell, exponential_window window, bool negative) noexcept {
    if (negative) window.area = window.area == 0 ? 2 : window.area - 1;
    cell.store(window.bits(), std::memory_order_release);
}

// Makes room for bucket `index` of a sign, and gives its cell. Seldom: a window grows by every bucket at most once at
// each scale, and there are 31 scales.
std::size_t widen(word* own, std::size_t max_buckets, bool negative, std::int64_t index) noexcept;
#if TACHO_BODIES
[[gnu::noinline, gnu::cold]] TACHO_FUNCTION std::size_t widen(word* own, std::size_t max_buckets, bool negative,
                                                              std::int64_t index) noexcept {
    word& cell = own[exponential_windows + (negative ? 1 : 0)];
    auto window = window_of(cell.load(std::memory_order_relaxed), negative);
    if (window.width == 0) {
        window.low = static_cast<std::int32_t>(index);
        window.width = 1;
        publish(cell, window, negative);
        return window.cell(0, max_buckets);
    }
    int by = 0;
    while (are_too_many((std::min)(index, std::int64_t{window.low}), (std::max)(index, window.last()), by, max_buckets))
        ++by;
    if (by != 0) {
        auto const other =
            window_of(own[exponential_windows + (negative ? 0 : 1)].load(std::memory_order_relaxed), !negative);
        exponential_window wider;
        wider.low = window.low >> by;
        wider.width = static_cast<std::uint32_t>((window.last() >> by) - wider.low + 1);
        wider.coarse = window.coarse + by;
        wider.area = 3 - window.area - other.area;
        // It is zero, but where a thread was here when its process forked: in the child the slot is another's, which
        // goes on from what was half done.
        for (std::size_t i = 0; i < max_buckets; ++i)
            own[exponential_areas + wider.area * max_buckets + i].store(0, std::memory_order_release);
        for (std::uint32_t i = 0; i < window.width; ++i) {
            auto const place = static_cast<std::size_t>(((std::int64_t{window.low} + i) >> by) - wider.low);
            add_owned(own[wider.cell(place, max_buckets)],
                      own[window.cell(i, max_buckets)].load(std::memory_order_relaxed), std::memory_order_release);
        }
        publish(cell, wider, negative);
        for (std::uint32_t i = 0; i < window.width; ++i)
            own[window.cell(i, max_buckets)].store(0, std::memory_order_release);
        window = wider;
        index >>= by;
    }
    if (index < window.low) {
        auto const more = static_cast<std::uint32_t>(window.low - index);
        window.low = static_cast<std::int32_t>(index);
        window.width += more;
        window.turn =
            window.turn >= more ? window.turn - more : window.turn + static_cast<std::uint32_t>(max_buckets) - more;
        publish(cell, window, negative);
    } else if (index > window.last()) {
        window.width = static_cast<std::uint32_t>(index - window.low) + 1;
        publish(cell, window, negative);
    }
    return window.cell(static_cast<std::size_t>(index - window.low), max_buckets);
}
#endif

// The order of the stores is that of histogram_cells.hpp, and for the same reader's checks.
inline void count_exponential(word* own, std::size_t cell, double value) noexcept {
    add_owned(own[exponential_begun], std::uint64_t{1}, std::memory_order_release);
    add_owned(own[exponential_sum], value, std::memory_order_release);
    add_owned(own[cell], std::uint64_t{1}, std::memory_order_release);
}

[[gnu::noinline]] inline void observe_any_exponential(word* own, exponential_shape const& shape,
                                                      double value) noexcept {
    auto const amount = absolute(value);
    std::size_t cell = exponential_zeros;
    if (amount > shape.zero_threshold) {
        bool const negative = value < 0;
        auto const bits = own[exponential_windows + (negative ? 1 : 0)].load(std::memory_order_relaxed);
        auto const window = window_of(bits, negative);
        auto const index = exponential_index(amount, max_exponential_scale - window.coarse);
        auto const place = static_cast<std::uint32_t>(index) - static_cast<std::uint32_t>(window.low);
        cell = place < window.width ? window.cell(place, shape.max_buckets)
                                    : widen(own, shape.max_buckets, negative, index);
    }
    count_exponential(own, cell, value);
}

// One observation by whoever is the only writer of these cells. What most observations are, a positive number of a
// bucket that is there at a scale of at most 8, calls nothing, and so has no registers to keep: 5 ns become 3.
inline void observe_exponential_owned(word* own, exponential_shape const& shape, double value) noexcept {
    auto const window = exponential_window::of(own[exponential_windows].load(std::memory_order_relaxed));
    auto const split = split_normal(value);
    constexpr int least_coarse = max_exponential_scale - table_scale;
    if (value > shape.zero_threshold && is_split(split) && window.coarse >= least_coarse) [[likely]] {
        auto const index = index_at_scale_8(split) >> (window.coarse - least_coarse);
        auto const place = static_cast<std::uint32_t>(index) - static_cast<std::uint32_t>(window.low);
        if (place < window.width) [[likely]]
            return count_exponential(own, window.cell(place, shape.max_buckets), value);
    }
    observe_any_exponential(own, shape, value);
}

// The common slot has many writers, of which one writes at a time. Its lock says of which process: in a child of fork()
// nobody has what a thread of the parent held.
void observe_exponential_locked(word* own, exponential_shape const& shape, double value) noexcept;
#if TACHO_BODIES
[[gnu::noinline]] TACHO_FUNCTION void observe_exponential_locked(word* own, exponential_shape const& shape,
                                                                 double value) noexcept {
    word& lock = own[exponential_lock];
    auto const taken = std::uint64_t{this_process()} + 1;
    for (int tries = 0;; ++tries) {
        auto free = lock.load(std::memory_order_relaxed);
        // Acquire: what the last writer wrote is seen.
        if (free != taken &&
            lock.compare_exchange_weak(free, taken, std::memory_order_acquire, std::memory_order_relaxed))
            break;
        if (tries >= 64) std::this_thread::yield();  // its holder was preempted
    }
    observe_exponential_owned(own, shape, value);
    lock.store(0, std::memory_order_release);
}
#endif

// Finite values only.
template <class Cells>
void observe_exponential(word* run, exponential_shape const& shape, double value) noexcept {
    auto offset = Cells::is_sharded ? own_offset : 0;
    if (Cells::is_sharded && offset == 0) offset = claim_slot();
    if (offset != 0) [[likely]]
        return observe_exponential_owned(&in_slot(run, offset), shape, value);
    observe_exponential_locked(run, shape, value);
}

// What several slots counted, added up.
struct exponential_reading {
    exponential_counts positive, negative;
    std::uint64_t zero_count = 0;
    std::uint64_t count = 0;
    double sum = 0;
    std::size_t torn_slots = 0;  // that changed faster than they could be read

    [[nodiscard]] exponential_value value() const noexcept {
        auto const coarse = positive.empty() ? negative.coarse() : positive.coarse();
        return {count, sum, zero_count, max_exponential_scale - coarse, positive.view(), negative.view()};
    }
};

inline std::uint64_t read_exponential_window(word const* own, exponential_window window, std::size_t max_buckets,
                                             exponential_counts& into) noexcept {
    std::uint64_t sum = 0;
    into.set_coarse(window.coarse);
    auto const counts = into.reserve(window.low, window.width);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        counts[i] = own[window.cell(i, max_buckets)].load(std::memory_order_acquire);
        sum += counts[i];
    }
    return sum;
}

// Adds one slot's numbers. Begins anew when a window has moved to another area, which it does at most 30 times in its
// life, and otherwise accepts what read_histogram_slot() does, and for the same reasons. A writer that does nothing but
// observe writes 20 times while 160 buckets are read: then the sum may be ahead of the buckets by that, which is
// counted.
inline void read_exponential_slot(word const* own, std::size_t max_buckets, exponential_reading& total) noexcept {
    constexpr int tries = 256;
    exponential_counts positive, negative;
    for (int attempt = 1;; ++attempt) {
        auto const begun = own[exponential_begun].load(std::memory_order_acquire);
        if (begun == 0) return;  // never used
        auto const up = window_of(own[exponential_windows].load(std::memory_order_acquire), false);
        auto const down = window_of(own[exponential_windows + 1].load(std::memory_order_acquire), true);
        auto const zeros = own[exponential_zeros].load(std::memory_order_acquire);
        auto count = zeros + read_exponential_window(own, up, max_buckets, positive);
        count += read_exponential_window(own, down, max_buckets, negative);
        auto const sum = std::bit_cast<double>(own[exponential_sum].load(std::memory_order_acquire));
        // After the acquires above: had they seen anything of a wider window, this sees that it is in force.
        auto const begun_by_now = own[exponential_begun].load(std::memory_order_relaxed);
        auto const up_by_now = exponential_window::of(own[exponential_windows].load(std::memory_order_relaxed));
        auto const down_by_now = exponential_window::of(own[exponential_windows + 1].load(std::memory_order_relaxed));
        bool const moved = up_by_now.coarse != up.coarse || down_by_now.coarse != down.coarse;
        bool const whole = begun_by_now == count || begun_by_now == begun;
        if (moved || (!whole && attempt < tries)) continue;
        total.positive.add(positive, max_buckets);
        total.negative.add(negative, max_buckets);
        total.zero_count += zeros;
        total.count += count;
        total.sum += sum;
        if (!whole) ++total.torn_slots;
        return;
    }
}

[[nodiscard]] inline exponential_reading read_exponential(word* run, bool sharded, std::size_t max_buckets) noexcept {
    exponential_reading total;
    auto const end = (sharded ? slots_in_use() : 1) << slot_shift;
    for (std::size_t offset = 0; offset < end; offset += slot_bytes)
        read_exponential_slot(&in_slot(run, offset), max_buckets, total);
    // One scale for both signs: the coarser.
    if (!total.positive.empty() && !total.negative.empty()) {
        total.positive.shrink(total.negative.coarse() - total.positive.coarse());
        total.negative.shrink(total.positive.coarse() - total.negative.coarse());
    }
    return total;
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/cell/histogram_cells.hpp
#ifndef TACHO_PART_CELL_HISTOGRAM_CELLS
#define TACHO_PART_CELL_HISTOGRAM_CELLS

// tacho: the cells of one histogram, and how they are read while other threads write them.

namespace tacho::inline TACHO_ABI::detail {

// The layout of a run: observations begun, the sum, then a count for each bucket. There is no cell for the number of
// observations: it is the sum of the buckets that were read, so the bucket up to +Inf can't disagree with it.
inline constexpr std::size_t begun_cell = 0;
inline constexpr std::size_t sum_cell = 1;
inline constexpr std::size_t first_bucket_cell = 2;

[[nodiscard]] constexpr std::size_t histogram_cell_count(std::size_t bound_count) noexcept {
    return first_bucket_cell + bound_count + 1;
}
static_assert(histogram_cell_count(256) <= cells_per_page);

template <bool Owned, class Number>
[[gnu::always_inline]] inline void add_released(word& cell, Number n) noexcept {
    if constexpr (Owned)
        add_owned(cell, n, std::memory_order_release);
    else
        add_shared(cell, n, std::memory_order_release);
}

// One observation by the owner of a slot, or in the common slot. Each store is a release, and their order is what makes
// a reader's checks work. Whoever sees `begun` at k (acquire) sees all of the observations before the k-th; whoever
// sees anything of the k-th (acquire) sees `begun` at k or more.
template <bool IntoSum, bool Owned>
[[gnu::always_inline]] inline void observe_at(word* own, std::size_t bucket, [[maybe_unused]] double value) noexcept {
    add_released<Owned>(own[begun_cell], std::uint64_t{1});
    if constexpr (IntoSum) add_released<Owned>(own[sum_cell], value);
    add_released<Owned>(own[first_bucket_cell + bucket], std::uint64_t{1});
}

// By a thread that has no slot yet, or can't have one. Not inlined: it would cost the others registers.
template <bool IntoSum>
[[gnu::noinline]] void observe_without_slot(word* run, std::size_t bucket, double value) noexcept {
    auto const offset = claim_slot();
    if (offset == 0)
        observe_at<IntoSum, false>(run, bucket, value);
    else
        observe_at<IntoSum, true>(&in_slot(run, offset), bucket, value);
}

template <class Cells, bool IntoSum>
void observe(word* run, std::size_t bucket, double value) noexcept {
    if constexpr (!Cells::is_sharded)
        observe_at<IntoSum, false>(run, bucket, value);
    else if (auto const offset = own_offset; offset != 0) [[likely]]
        observe_at<IntoSum, true>(&in_slot(run, offset), bucket, value);
    else
        observe_without_slot<IntoSum>(run, bucket, value);
}

struct histogram_reading {
    double sum = 0;
    std::uint64_t count = 0;
    std::size_t torn_slots = 0;  // that changed faster than they could be read
};

// Adds one slot's numbers to `buckets` and `total`. A cut is exact when the buckets add up to the observations begun by
// the end of reading: they count completed ones only, and the sum is then of just these. A cut between two equal values
// of `begun` lacks at most the observation in flight of each thread that writes here, in the buckets or in the sum; it
// is what can be had when a writer is preempted halfway.
inline void read_histogram_slot(word* own, std::span<std::uint64_t> buckets, histogram_reading& total) noexcept {
    constexpr int tries = 256;  // one or two do, unless several saturated threads share the common slot
    std::uint64_t seen[cells_per_page];
    for (int attempt = 1;; ++attempt) {
        auto const begun = own[begun_cell].load(std::memory_order_acquire);
        if (begun == 0) return;  // never used
        std::uint64_t count = 0;
#pragma GCC unroll 4  // these two loops, one bucket at a time, take a tenth of the time of a histogram's lines
        for (std::size_t i = 0; i < buckets.size(); ++i) {
            seen[i] = own[first_bucket_cell + i].load(std::memory_order_acquire);
            count += seen[i];
        }
        auto const sum = std::bit_cast<double>(own[sum_cell].load(std::memory_order_acquire));
        auto const begun_by_now = own[begun_cell].load(std::memory_order_relaxed);  // after the acquires above
        bool const whole = begun_by_now == count || begun_by_now == begun;
        if (!whole && attempt < tries) continue;
#pragma GCC unroll 4
        for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += seen[i];
        total.sum += sum;
        total.count += count;
        if (!whole) ++total.torn_slots;
        return;
    }
}

// Reads a histogram's run into `buckets`, one number a bucket, not cumulative; `count` is always their sum.
[[nodiscard]] inline histogram_reading read_histogram(word* run, bool sharded,
                                                      std::span<std::uint64_t> buckets) noexcept {
    std::fill(buckets.begin(), buckets.end(), std::uint64_t{0});
    histogram_reading total;
    auto const end = (sharded ? slots_in_use() : 1) << slot_shift;
    for (std::size_t offset = 0; offset < end; offset += slot_bytes)
        read_histogram_slot(&in_slot(run, offset), buckets, total);
    return total;
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/core/shortest_decimal.hpp
#ifndef TACHO_PART_CORE_SHORTEST_DECIMAL
#define TACHO_PART_CORE_SHORTEST_DECIMAL

// tacho: the shortest decimal that reads back as the same double.
// Rule: Raffaello Giulietti, "The Schubfach way to render doubles", 2020

namespace tacho::inline TACHO_ABI::detail {

struct product_128 {
    std::uint64_t high, low;
};
[[nodiscard]] constexpr product_128 portable_product_128(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t const a0 = a & 0xFFFFFFFFu, a1 = a >> 32, b0 = b & 0xFFFFFFFFu, b1 = b >> 32;
    std::uint64_t const middle = a1 * b0 + (a0 * b0 >> 32), other = (middle & 0xFFFFFFFFu) + a0 * b1;
    return {a1 * b1 + (middle >> 32) + (other >> 32), other << 32 | (a0 * b0 & 0xFFFFFFFFu)};
}
[[nodiscard]] constexpr product_128 multiply(std::uint64_t a, std::uint64_t b) noexcept {
#if TACHO_USES_INT128
    __extension__ using wide = unsigned __int128;
    auto const both = static_cast<wide>(a) * b;
    return {static_cast<std::uint64_t>(both >> 64), static_cast<std::uint64_t>(both)};
#else
    return portable_product_128(a, b);
#endif
}

// A decimal: digits * 10^exponent.
struct decimal {
    std::uint64_t digits;
    int exponent;
};

#if TACHO_BODIES

// floor(log10(2^e)), of three quarters of it, and floor(log2(10^e)), of all exponents that doubles have.
[[nodiscard]] constexpr int log10_of_power_of_2(int e) noexcept {
    return (e * 1262611) >> 22;
}
[[nodiscard]] constexpr int log10_of_three_quarters(int e) noexcept {
    return (e * 1262611 - 524031) >> 22;
}
[[nodiscard]] constexpr int log2_of_power_of_10(int e) noexcept {
    return (e * 1741647) >> 19;
}

// 10^e for each e that is needed, rounded up to 128 bits, of which the first one is set: computed from what it is,
// once for each program that is compiled, in place of a page of numbers that nobody can check.
inline constexpr int least_power_of_10 = -292, greatest_power_of_10 = 324;

class powers_of_10 {
public:
    constexpr powers_of_10() noexcept {
        number exact{1};  // 10^e
        std::size_t size = 1;
        for (int e = 0; e <= greatest_power_of_10; ++e) {
            at(e) = rounded_up(exact, size, false);
            std::uint64_t carry = 0;
            for (std::size_t i = 0; i < size; ++i) {
                carry += std::uint64_t{exact[i]} * 10;
                exact[i] = static_cast<std::uint32_t>(carry);
                carry >>= 32;
            }
            if (carry != 0) exact[size++] = static_cast<std::uint32_t>(carry);
        }
        number below{};  // 2^1151 / 10^-e, rounded down; never exact, and 128 bits of it are left in the end
        size = 36;
        below[size - 1] = 1u << 31;
        for (int e = -1; e >= least_power_of_10; --e) {
            std::uint64_t rest = 0;
            for (std::size_t i = size; i-- > 0;) {
                rest = rest << 32 | below[i];
                below[i] = static_cast<std::uint32_t>(rest / 10);
                rest %= 10;
            }
            if (below[size - 1] == 0) --size;
            at(e) = rounded_up(below, size, true);
        }
    }
    [[nodiscard]] constexpr product_128 const& operator[](int e) const noexcept {
        return all_[static_cast<std::size_t>(e - least_power_of_10)];
    }

private:
    using number = std::array<std::uint32_t, 36>;  // the lowest bits first

    constexpr product_128& at(int e) noexcept { return all_[static_cast<std::size_t>(e - least_power_of_10)]; }

    // The first 128 bits, and one more when something follows.
    static constexpr product_128 rounded_up(number const& of, std::size_t size, bool more) noexcept {
        std::uint64_t first[6] = {};
        for (std::size_t i = 0; i < 6 && i < size; ++i) first[i] = of[size - 1 - i];
        auto const shift = static_cast<unsigned>(std::countl_zero(of[size - 1]));
        auto const shifted = [&](std::size_t i) {
            return ((first[i] << 32 | first[i + 1]) << shift >> 32) & 0xFFFFFFFFu;
        };
        product_128 out{shifted(0) << 32 | shifted(1), shifted(2) << 32 | shifted(3)};
        more = more || shifted(4) != 0;
        for (std::size_t i = 5; i < size && !more; ++i) more = of[size - 1 - i] != 0;
        if (more && ++out.low == 0) ++out.high;
        return out;
    }

    std::array<product_128, greatest_power_of_10 - least_power_of_10 + 1> all_{};
};

// Made where it is used first.
template <class = void>
inline constexpr powers_of_10 all_powers_of_10{};

// The upper 64 bits of a product of 192 bits, the last one of which says whether any below them is set, too.
[[nodiscard]] constexpr std::uint64_t rounded_to_odd(product_128 const& power, std::uint64_t by) noexcept {
    auto const low = multiply(power.low, by), high = multiply(power.high, by);
    auto const middle = high.low + low.high;
    return (high.high + (middle < low.high ? 1 : 0)) | (middle > 1 ? 1 : 0);
}

// Of a finite number above 0, the digits may end with zeros.
[[nodiscard]] constexpr decimal shortest_decimal(double value) noexcept {
    auto const bits = std::bit_cast<std::uint64_t>(value);
    constexpr std::uint64_t hidden = std::uint64_t{1} << 52;
    auto const fraction = bits & (hidden - 1);
    auto const biased = static_cast<int>(bits >> 52 & 0x7FF);
    // The number is c * 2^q; what rounds to it lies between the middles to its neighbours, of which the lower one is
    // nearer where the exponent changes.
    auto const c = biased == 0 ? fraction : fraction | hidden;
    int const q = (biased == 0 ? 1 : biased) - 1075;
    bool const nearer_below = fraction == 0 && biased > 1;
    int const k = nearer_below ? log10_of_three_quarters(q) : log10_of_power_of_2(q);
    int const h = q + log2_of_power_of_10(-k) + 1;
    auto const& power = all_powers_of_10<>[-k];
    // Four times the number and its borders, in units of 10^k.
    auto const below = rounded_to_odd(power, (4 * c - (nearer_below ? 1 : 2)) << h);
    auto const middle = rounded_to_odd(power, 4 * c << h);
    auto const above = rounded_to_odd(power, (4 * c + 2) << h);
    // The borders themselves round to the even one.
    auto const lower = below + (c & 1), upper = above - (c & 1);

    auto const s = middle / 4;
    if (s >= 10) {  // one digit less, if just one such decimal lies between the borders
        auto const tens = s / 10;
        bool const down = lower <= 40 * tens, up = 40 * tens + 40 <= upper;
        if (down != up) return {tens + (up ? 1 : 0), k + 1};
    }
    bool const down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down != up) return {s + (up ? 1 : 0), k};
    // Both do: the nearer one, or the even one.
    auto const half = 4 * s + 2;
    return {s + (middle > half || (middle == half && (s & 1) != 0) ? 1 : 0), k};
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/core/number_text.hpp
#ifndef TACHO_PART_CORE_NUMBER_TEXT
#define TACHO_PART_CORE_NUMBER_TEXT

// tacho: numbers as text: integers in full, doubles as the shortest text that reads back as the same number.

namespace tacho::inline TACHO_ABI {

/// What a number is: decides how it is added up and written.
enum class number_kind : unsigned char { unsigned_integer, signed_integer, floating };

/// A number read from a cell.
struct number {
    number_kind kind;    ///< which of the three it is
    std::uint64_t bits;  ///< of it, as a cell has them

    /// The value, where `kind` says unsigned_integer.
    [[nodiscard]] constexpr std::uint64_t as_unsigned() const noexcept { return bits; }
    /// The value, where `kind` says signed_integer.
    [[nodiscard]] constexpr std::int64_t as_signed() const noexcept { return static_cast<std::int64_t>(bits); }
    /// The value, where `kind` says floating.
    [[nodiscard]] constexpr double as_double() const noexcept {
        switch (kind) {
            case number_kind::unsigned_integer: return static_cast<double>(bits);
            case number_kind::signed_integer: return static_cast<double>(as_signed());
            case number_kind::floating: break;
        }
        return std::bit_cast<double>(bits);
    }
};

namespace detail {

// More than any number takes: 20 digits and a sign, or 17 digits, sign, point and exponent.
inline constexpr std::size_t number_room = 32;

// The eight digits of a number below 10^8, one a byte, the first in the lowest. Halves, then pairs, then digits are
// parted in all lanes at once: quotients q by a rounded reciprocal of the divisor d, and q | (x - q * d) << s is
// (x << s) - q * ((d << s) - 1).
[[nodiscard]] constexpr std::uint64_t eight_digits(std::uint64_t value) noexcept {
    std::uint64_t const halves = (value << 32) - value / 10000 * ((std::uint64_t{10000} << 32) - 1);
    std::uint64_t const hundreds = (halves * 10486 >> 20) & 0x0000007F0000007Fu;
    std::uint64_t const pairs = (halves << 16) - hundreds * ((100u << 16) - 1);
    std::uint64_t const tens = (pairs * 103 >> 10) & 0x000F000F000F000Fu;
    return (pairs << 8) - tens * ((10u << 8) - 1);
}
inline constexpr std::uint64_t eight_zeros = 0x3030303030303030u;

inline char* write_eight(std::uint64_t value, char* out) noexcept {
    std::uint64_t const text = eight_digits(value) + eight_zeros;
    std::memcpy(out, &text, 8);
    return out + 8;
}
// As eight_digits() gives them, without leading zeros; touches eight bytes.
inline char* write_without_zeros(std::uint64_t digits, char* out) noexcept {
    auto const zeros = static_cast<unsigned>(std::countr_zero(digits | std::uint64_t{1} << 56)) / 8;  // "0" stays
    std::uint64_t const text = (digits + eight_zeros) >> (zeros * 8);
    std::memcpy(out, &text, 8);
    return out + 8 - zeros;
}
// Of a number below 10^8.
inline char* write_up_to_eight(std::uint64_t value, char* out) noexcept {
    return write_without_zeros(eight_digits(value), out);
}
[[gnu::noinline]] inline char* write_more_than_eight(std::uint64_t value, char* out) noexcept {
    constexpr std::uint64_t e8 = 100'000'000;
    if (value < e8 * e8) return write_eight(value % e8, write_up_to_eight(value / e8, out));
    out = write_up_to_eight(value / (e8 * e8), out);
    value %= e8 * e8;
    return write_eight(value % e8, write_eight(value / e8, out));
}

// Without a branch on the number of digits, where std::to_chars has several that numbers of all sizes mislead.
inline char* write_integer(std::uint64_t value, char* out) noexcept {
    if constexpr (std::endian::native != std::endian::little) return std::to_chars(out, out + number_room, value).ptr;
    return value < 100'000'000 ? write_up_to_eight(value, out) : write_more_than_eight(value, out);
}
inline char* write_integer(std::int64_t value, char* out) noexcept {
    auto magnitude = static_cast<std::uint64_t>(value);
    if (value < 0) {
        *out++ = '-';
        magnitude = 0 - magnitude;
    }
    return write_integer(magnitude, out);
}

// NaN, +Inf and -Inf as Prometheus spells them; nullptr for a finite number.
inline char const* special_name(double value) noexcept {
    if (is_finite(value)) return nullptr;
    return is_nan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

// As Go's strconv.FormatFloat(v, 'g', -1, 64) and std::to_chars with chars_format::general: in full from 0.0001 to
// below 10^6, else with an exponent. Zero has no sign. A third faster than std::to_chars.
char* write_canonical(double value, char* out) noexcept;

#if TACHO_BODIES

// The digits of a decimal one after the other, without zeros at either end, and the power of ten of the first one.
struct decimal_digits {
    explicit decimal_digits(decimal const& of) noexcept {
        constexpr std::uint64_t e8 = 100'000'000;
        auto const first = of.digits / (e8 * e8), middle = of.digits / e8 % e8, last = of.digits % e8;
        auto const eight = eight_digits(middle), other = eight_digits(last);
        text[0] = static_cast<char>('0' + first);
        write_eight(middle, text + 1);
        write_eight(last, text + 9);
        if (first == 0) begin = middle != 0 ? 1 + zeros_before(eight) : 9 + zeros_before(other);
        auto const behind = last != 0 ? zeros_behind(other) : middle != 0 ? 8 + zeros_behind(eight) : 16;
        size = static_cast<int>(17 - begin - behind);
        exponent = of.exponent + 16 - static_cast<int>(begin);
    }
    // Of eight digits that are not all zeros, as eight_digits() gives them.
    static std::size_t zeros_before(std::uint64_t digits) noexcept {
        return static_cast<std::size_t>(std::countr_zero(digits)) / 8;
    }
    static std::size_t zeros_behind(std::uint64_t digits) noexcept {
        return static_cast<std::size_t>(std::countl_zero(digits)) / 8;
    }

    char text[17 + 24]{};  // copied in pieces of fixed size, which go beyond the digits
    std::size_t begin = 0;
    int size = 0;
    int exponent = 0;
};

inline char* write_exponent(int exponent, char* out) noexcept {
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    auto const size = exponent < 0 ? -exponent : exponent;
    if (size >= 100) *out++ = static_cast<char>('0' + size / 100);
    *out++ = static_cast<char>('0' + size / 10 % 10);
    *out++ = static_cast<char>('0' + size % 10);
    return out;
}

TACHO_FUNCTION char* write_canonical(double value, char* out) noexcept {
    if (char const* const name = special_name(value)) {
        auto const size = std::strlen(name);
        std::memcpy(out, name, size);
        return out + size;
    }
    if (value == 0) {
        *out = '0';
        return out + 1;
    }
    if constexpr (std::endian::native != std::endian::little)
        return std::to_chars(out, out + number_room, value, std::chars_format::general).ptr;
    if (value < 0) {
        *out++ = '-';
        value = -value;
    }
    decimal_digits const d{shortest_decimal(value)};
    char const* const digits = d.text + d.begin;
    if (d.exponent < -4 || d.exponent >= 6) {
        out[0] = digits[0];
        out[1] = '.';
        std::memcpy(out + 2, digits + 1, 16);
        return write_exponent(d.exponent, out + (d.size > 1 ? d.size + 1 : 1));
    }
    if (d.exponent < 0) {
        std::memcpy(out, "0.000", 5);
        out += 1 - d.exponent;
        std::memcpy(out, digits, 17);
        return out + d.size;
    }
    auto const whole = d.exponent + 1;  // digits before the point
    std::memcpy(out, "000000", 6);
    if (d.size <= whole) {
        std::memcpy(out, digits, static_cast<std::size_t>(d.size));
        return out + whole;
    }
    std::memcpy(out, digits, 8);
    out[whole] = '.';
    std::memcpy(out + whole + 1, digits + whole, 16);
    return out + d.size + 1;
}

#endif

// A sample's value: whole numbers in full as far as a double counts exactly, which also is four times as fast.
inline char* write_double(double value, char* out) noexcept {
    constexpr double exact = 9007199254740992.0;  // 2^53
    if (value > -exact && value < exact)
        if (auto const whole = static_cast<std::int64_t>(value); static_cast<double>(whole) == value)
            return write_integer(whole, out);
    return write_canonical(value, out);
}

inline char* write_number(number value, char* out) noexcept {
    switch (value.kind) {
        case number_kind::unsigned_integer: return write_integer(value.as_unsigned(), out);
        case number_kind::signed_integer: return write_integer(value.as_signed(), out);
        case number_kind::floating: break;
    }
    return write_double(value.as_double(), out);
}

// A bucket's bound as OpenMetrics wants it: with a point or an exponent.
inline char* write_openmetrics_bound(double value, char* out) noexcept {
    char* end = write_canonical(value, out);
    std::string_view const written{out, static_cast<std::size_t>(end - out)};
    if (is_finite(value) && written.find_first_of(".e") == std::string_view::npos) {
        *end++ = '.';
        *end++ = '0';
    }
    return end;
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/cell/observed_cells.hpp
#ifndef TACHO_PART_CELL_OBSERVED_CELLS
#define TACHO_PART_CELL_OBSERVED_CELLS

// tacho: the cells of one observable series: its value, since when it counts, and when it was last observed.

namespace tacho::inline TACHO_ABI::detail {

// The layout of a run. The value comes first, where that of any other series is.
inline constexpr std::size_t observed_value_cell = 0;
inline constexpr std::size_t observed_start_cell = 1;  // nanoseconds since the epoch; 0 before the first value
inline constexpr std::size_t observed_round_cell = 2;  // the last round of callbacks that observed it; 0 before
inline constexpr std::size_t observed_cell_count = 3;

// Whether a total is lower than it was, though totals only grow: it began anew.
[[nodiscard]] constexpr bool fell(number now, std::uint64_t before) noexcept {
    if (now.kind == number_kind::floating) return now.as_double() < number{now.kind, before}.as_double();
    return now.kind == number_kind::signed_integer ? now.as_signed() < number{now.kind, before}.as_signed()
                                                   : now.bits < before;
}

// Shows a value that a round observed. `start` is since when it counts if it is the first, or, for a total, if it began
// anew. One writer at a time; readers may see one cell new and another old, of neighbouring rounds.
inline void publish(word* run, number value, bool is_total, unix_nanos start, std::uint64_t round) noexcept {
    // Relaxed but for the round: whoever sees the round (acquire) sees the value and the start of it, or later ones.
    auto& start_cell = run[observed_start_cell];
    bool const anew = is_total && fell(value, run[observed_value_cell].load(std::memory_order_relaxed));
    if (anew || start_cell.load(std::memory_order_relaxed) == 0) start_cell.store(start, std::memory_order_relaxed);
    run[observed_value_cell].store(value.bits, std::memory_order_relaxed);
    run[observed_round_cell].store(round, std::memory_order_release);
}

// Whether it was observed in this round or a later one.
[[nodiscard]] inline bool was_observed(word* run, std::uint64_t since_round) noexcept {
    auto const round = run[observed_round_cell].load(std::memory_order_acquire);
    return round != 0 && round >= since_round;
}

[[nodiscard]] inline unix_nanos observed_start(word* run) noexcept {
    return run[observed_start_cell].load(std::memory_order_relaxed);
}

// How the rounds of callbacks go for one family. For the thread of the round under way only.
class observed_rounds {
public:
    // A callback of the family is about to run. True for the first one of a round.
    bool begin(std::uint64_t round) noexcept {
        if (round_ == round) return false;
        if (!failed_) complete_ = round_;
        round_ = round;
        failed_ = false;
        series_ = 0;
        return true;
    }
    // What a callback observed is not shown: the round knows of some series no more than the one before.
    void fail() noexcept { failed_ = true; }

    // The last round before this one in which no callback failed, and 1 if there is none: what was not observed since
    // then was left out on purpose.
    [[nodiscard]] std::uint64_t complete() const noexcept { return (std::max)(complete_, std::uint64_t{1}); }

    // Counts one more series of this round; false when it would be one too many.
    [[nodiscard]] bool admit(std::size_t limit) noexcept {
        if (series_ == limit) return false;
        ++series_;
        return true;
    }

private:
    std::uint64_t round_ = 0, complete_ = 0;
    std::size_t series_ = 0;
    bool failed_ = false;
};

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/core/bounds.hpp
#ifndef TACHO_PART_CORE_BOUNDS
#define TACHO_PART_CORE_BOUNDS

// tacho: the upper bounds of a histogram's buckets, checked while compiling.

namespace tacho::inline TACHO_ABI {

/// The largest number of bounds that an instrument takes; one more bucket, up to +Inf, follows them.
inline constexpr std::size_t max_bounds = 256;

/// Whether bounds are finite and strictly increasing, and few enough.
[[nodiscard]] constexpr bool are_bounds(std::span<double const> values) noexcept {
    if (values.size() > max_bounds) return false;
    for (std::size_t i = 0; i < values.size(); ++i) {
        constexpr double largest = (std::numeric_limits<double>::max)();
        if (!(values[i] >= -largest && values[i] <= largest)) return false;  // also refuses NaN
        if (i != 0 && !(values[i - 1] < values[i])) return false;
    }
    return true;
}

namespace detail {
// Not constexpr, so that a constant expression that reaches it doesn't compile; the compiler then shows this name.
inline void histogram_bounds_must_be_finite_and_strictly_increasing() noexcept {}
}  // namespace detail

/// Upper bounds of buckets: bucket i counts values in (bounds[i-1], bounds[i]]. Written as a list at the place of use,
/// `{0.1, 0.5, 1}`, and wrong ones don't compile. For bounds known only at run time see `add_histogram`.
class bounds {
public:
    /// Bounds as they stand in the source: what is not finite or does not increase doesn't compile.
    consteval bounds(std::initializer_list<double> values) {
        if (values.size() <= max_bounds)
            for (double const v : values) values_[size_++] = v == 0 ? 0.0 : v;  // no minus zero in an `le`
        if (size_ != values.size() || !are_bounds(view())) {
            detail::histogram_bounds_must_be_finite_and_strictly_increasing();
            // clang before 15 gets here at run time, for a histogram at namespace scope: then it is not registered.
            values_[0] = std::numeric_limits<double>::quiet_NaN();
            size_ = 1;
        }
    }

    /// `count` bounds: start, start + width, ...
    [[nodiscard]] static consteval bounds linear(double start, double width, std::size_t count) {
        bounds out{};
        for (std::size_t i = 0; i < count && i < max_bounds; ++i)
            out.values_[out.size_++] = start + width * static_cast<double>(i);
        if (out.size_ != count || !are_bounds(out.view()))
            detail::histogram_bounds_must_be_finite_and_strictly_increasing();
        return out;
    }

    /// `count` bounds: start, start * factor, ...
    [[nodiscard]] static consteval bounds exponential(double start, double factor, std::size_t count) {
        bounds out{};
        for (double value = start; out.size_ < count && out.size_ < max_bounds; value *= factor)
            out.values_[out.size_++] = value;
        if (out.size_ != count || !are_bounds(out.view()))
            detail::histogram_bounds_must_be_finite_and_strictly_increasing();
        return out;
    }

    /// As long as this lives.
    [[nodiscard]] constexpr std::span<double const> view() const noexcept { return {values_.data(), size_}; }

private:
    std::array<double, max_bounds> values_{};
    std::size_t size_ = 0;
};

namespace detail {
// The defaults of the Prometheus client libraries, of the OpenTelemetry SDK, and powers that fit the unit.
inline constexpr std::array seconds_bounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
inline constexpr std::array bytes_bounds{64.0,     256.0,     1024.0,    4096.0,     16384.0,    65536.0,
                                         262144.0, 1048576.0, 4194304.0, 16777216.0, 67108864.0, 268435456.0};
inline constexpr std::array ratio_bounds{0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0};
inline constexpr std::array other_bounds{0.0,   5.0,   10.0,   25.0,   50.0,   75.0,   100.0,  250.0,
                                         500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0};
}  // namespace detail

/// The bounds of a histogram that names none, by its unit: `s`, `By`, `1`, and the OpenTelemetry SDK's for all others.
[[nodiscard]] constexpr std::span<double const> default_bounds(std::string_view unit) noexcept {
    if (unit == "s") return detail::seconds_bounds;
    if (unit == "By") return detail::bytes_bounds;
    if (unit == "1") return detail::ratio_bounds;
    return detail::other_bounds;
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/error_hook.hpp
#ifndef TACHO_PART_CORE_ERROR_HOOK
#define TACHO_PART_CORE_ERROR_HOOK

// tacho: where the library says what went wrong, since it never throws and never stops the program.

namespace tacho::inline TACHO_ABI {

/// How much a message matters. `debug` says what was decided, `warning` that something was ignored and a default
/// taken, `error` that something asked for does not work.
enum class severity : unsigned char { debug, warning, error };

/// As messages begin: `warning`. In static storage.
[[nodiscard]] constexpr std::string_view to_string(severity s) noexcept {
    switch (s) {
        case severity::debug: return "debug";
        case severity::warning: return "warning";
        case severity::error: break;
    }
    return "error";
}

/// Receives each message: one sentence or two, without a line end, that name the culprit and the cure. May be called
/// from any thread, several at once, and never while the library holds a lock; it must not throw.
using error_hook = void (*)(severity, std::string_view message) noexcept;

/// The hook that is installed at first: warnings and errors go to stderr, a line each; debug messages nowhere.
inline void print_to_stderr(severity s, std::string_view message) noexcept {
    if (s == severity::debug) return;
    auto const level = to_string(s);
    std::fprintf(stderr, "tacho: %.*s: %.*s\n", static_cast<int>(level.size()), level.data(),
                 static_cast<int>(message.size()), message.data());
}

namespace detail {

// Default visibility: one hook a process, however many shared objects were built with -fvisibility=hidden.
[[gnu::visibility("default")]] inline constinit std::atomic<error_hook> installed_hook{&print_to_stderr};

}  // namespace detail

/// Installs a hook for the whole process and returns the one before; nullptr silences the library. Thread-safe.
inline error_hook set_error_hook(error_hook hook) noexcept {
    // Release and acquire: whatever the program set up before installing its hook is seen by the hook.
    return detail::installed_hook.exchange(hook, std::memory_order_acq_rel);
}

/// Sends one message to the installed hook. Costs one load when the library is silenced; neither locks nor allocates.
inline void report(severity s, std::string_view message) noexcept {
    if (auto const hook = detail::installed_hook.load(std::memory_order_acquire)) hook(s, message);
}

namespace detail {

// Joins without allocating, for what is said where there may be no memory; a longer message is cut off.
inline void report_joined(severity s, std::initializer_list<std::string_view> parts) noexcept {
    char message[640];
    std::size_t size = 0;
    for (auto const& part : parts)
        for (char const c : part)
            if (size < sizeof message) message[size++] = c;
    report(s, {message, size});
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/escaping.hpp
#ifndef TACHO_PART_CORE_ESCAPING
#define TACHO_PART_CORE_ESCAPING

// tacho: the ways to write a Prometheus name for a client that can't read all of its characters.
// Rule: https://prometheus.io/docs/instrumenting/escaping_schemes/

namespace tacho::inline TACHO_ABI {

/// How a client wants names that have more in them than ASCII letters, digits and `_`; all others are the same in each.
/// Of `a.b_c`: `a_b_c`, `"a.b_c"`, `a_dot_b__c` and `U__a_2e_b__c`.
enum class escaping : unsigned char { underscores, allow_utf_8, dots, values };

/// As an Accept header and a content type name it (https://prometheus.io/docs/instrumenting/escaping_schemes/).
[[nodiscard]] constexpr std::string_view to_string(escaping names) noexcept {
    switch (names) {
        case escaping::allow_utf_8: return "allow-utf-8";
        case escaping::dots: return "dots";
        case escaping::values: return "values";
        case escaping::underscores: break;
    }
    return "underscores";
}

namespace detail {

constexpr bool is_plain_character(char c, bool first) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

// Whether a name is the same in every escaping. One rule for names of metrics and of labels: a colon, which only the
// former could have, can be in none of ours, and may be in a key of the resource, which becomes a label.
[[nodiscard]] constexpr bool is_plain_name(std::string_view name) noexcept {
    for (std::size_t i = 0; i < name.size(); ++i)
        if (!is_plain_character(name[i], i == 0)) return false;
    return !name.empty();
}

// The most that write_escaped_name() writes: `U__`, and `_dot_` for a byte.
[[nodiscard]] constexpr std::size_t escaped_name_room(std::size_t name) noexcept {
    return 5 * name + 3;
}

constexpr char* write_code_point(std::string_view utf8, char* out) noexcept {
    auto const lead = static_cast<unsigned char>(utf8.front());
    auto code = static_cast<unsigned>(utf8.size() == 1 ? lead : lead & (0xFFu >> (utf8.size() + 1)));
    for (char const c : utf8.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
    bool begun = false;
    for (int shift = 20; shift >= 0; shift -= 4) {
        auto const digit = code >> shift & 0xFu;
        begun |= digit != 0 || shift == 0;
        if (begun) *out++ = "0123456789abcdef"[digit];
    }
    return out;
}

// Writes a name of valid UTF-8 as an escaping has it, and returns the end; what allow-utf-8 has it, without quotes.
// As Prometheus' own code does, which is not quite what its page says: lower-case digits, two underscores for what dots
// doesn't name, and a plain name as it is.
constexpr char* write_escaped_name(std::string_view name, escaping names, char* out) noexcept {
    bool const as_it_is = names == escaping::allow_utf_8 || is_plain_name(name);
    if (!as_it_is && names == escaping::values)
        for (char const c : {'U', '_', '_'}) *out++ = c;
    for (std::size_t i = 0; i < name.size();) {
        auto const character = name.substr(i, next_utf8(name, i).size);
        char const c = character.front();
        std::string_view as = character;
        if (!as_it_is && c == '_' && names != escaping::underscores)
            as = "__";
        else if (!as_it_is && !is_plain_character(c, i == 0)) {
            if (names == escaping::values) {
                *out++ = '_';
                out = write_code_point(character, out);
            }
            as = names == escaping::dots ? (c == '.' ? "_dot_" : "__") : "_";
        }
        for (char const one : as) *out++ = one;
        i += character.size();
    }
    return out;
}

// The same in memory of its own, for what isn't written again and again.
[[nodiscard]] inline std::string escaped_name(std::string_view name, escaping names) {
    std::string text(escaped_name_room(name.size()), '\0');
    text.resize(static_cast<std::size_t>(write_escaped_name(name, names, text.data()) - text.data()));
    return text;
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/label_text.hpp
#ifndef TACHO_PART_CORE_LABEL_TEXT
#define TACHO_PART_CORE_LABEL_TEXT

// tacho: label values as Prometheus text, escaped once when a series is born.
// Rule: https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information

namespace tacho::inline TACHO_ABI::detail {

// The length of a label value with `\`, line feed and `"` escaped; the same in text and OpenMetrics.
[[nodiscard]] constexpr std::size_t escaped_size(std::string_view value) noexcept {
    std::size_t size = value.size();
    for (char const c : value) size += (c == '\\' || c == '\n' || c == '"') ? 1 : 0;
    return size;
}

constexpr char* write_text(std::string_view text, char* out) noexcept {
    for (char const c : text) *out++ = c;
    return out;
}

constexpr char* write_escaped(std::string_view value, char* out) noexcept {
    for (char const c : value) {
        if (c == '\\' || c == '\n' || c == '"') *out++ = '\\';
        *out++ = c == '\n' ? 'n' : c;
    }
    return out;
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/registry/bound_label.hpp
#ifndef TACHO_PART_REGISTRY_BOUND_LABEL
#define TACHO_PART_REGISTRY_BOUND_LABEL

// tacho: the bound of a histogram's bucket as text.

namespace tacho::inline TACHO_ABI {

/// A bucket's bound as a last label, `le="0.5"} `. At most 7 characters beside a number's 24: always copied whole,
/// which takes two instructions where copying just the text is a call.
class bound_label {
public:
    /// Of a bound, which `write_bound` writes as the format has it.
    bound_label(double bound, char* (*write_bound)(double, char*) noexcept) noexcept {
        std::memcpy(text_, "le=\"", 4);
        char* const end = write_bound(bound, text_ + 4);
        std::memcpy(end, "\"} ", 3);
        size_ = static_cast<std::size_t>(end + 3 - text_);
    }
    /// Uses room for `room` characters, and returns the end of the text.
    char* write(char* out) const noexcept {
        std::memcpy(out, text_, room);
        return out + size_;
    }
    static constexpr std::size_t room = 40;  ///< characters that write() may touch
    /// Just the bound.
    [[nodiscard]] std::string_view number() const noexcept { return {text_ + 4, size_ - 7}; }

private:
    char text_[room]{};
    std::size_t size_ = 0;
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/label.hpp
#ifndef TACHO_PART_CORE_LABEL
#define TACHO_PART_CORE_LABEL

// tacho: labels with typed values: text, enums, booleans and integers, any of them optional.

namespace tacho::inline TACHO_ABI {

/// A label of an instrument and the type of its values: `label<"api">` takes text, `label<"verb", verb>` an enum,
/// `label<"code", int>` an integer, `label<"cached", bool>` a boolean, and `label<"mode", std::optional<T>>` any of
/// these or nothing. A missing or empty value is left out in every format.
template <fixed_string Name, class Value = std::string_view>
struct label {
    static_assert(is_label_name(Name.view()),
                  "tacho: a label's name begins with a letter, goes on with letters, digits and _ . - / and is none of "
                  "OpenTelemetry's own: otel.scope.* and otel.metric.overflow");
    static constexpr std::string_view name = Name.view();  ///< as OTLP shows it
    /// What its values are made of.
    using value_type = Value;
};

/// An enumerator and its text as a label value.
template <class Enum>
struct enum_label {
    Enum value;             ///< the enumerator
    std::string_view text;  ///< its label value: distinct, not empty, in static storage
};

/// The texts of an enum; made by `labels<E>`, found through a function `label_values(E)` in the enum's namespace.
template <class Enum, std::size_t N>
struct enum_labels {
    std::array<enum_label<Enum>, N> entries;  ///< in the order of the list

    /// Whether the enumerators are listed in their order from 0, which is usual: an entry's index is then its value.
    [[nodiscard]] constexpr bool is_in_order() const noexcept {
        for (std::size_t i = 0; i < N; ++i)
            if (static_cast<std::size_t>(entries[i].value) != i) return false;
        return true;
    }

    /// The entry's index; N for an enumerator that isn't listed.
    [[nodiscard]] constexpr std::size_t index_of(Enum value) const noexcept {
        for (std::size_t i = 0; i < N; ++i)
            if (entries[i].value == value) return i;
        return N;
    }
};

namespace detail {
inline void label_texts_must_be_distinct_and_not_empty() noexcept {}  // not constexpr: reaching it doesn't compile
}  // namespace detail

/// Lists the label values of an enum:
/// `consteval auto label_values(verb) { return tacho::labels<verb>({{verb::get, "GET"}, {verb::post, "POST"}}); }`
/// A value that isn't listed is counted in the overflow series.
template <class Enum, std::size_t N>
    requires std::is_enum_v<Enum>
[[nodiscard]] consteval enum_labels<Enum, N> labels(enum_label<Enum> const (&list)[N]) {
    enum_labels<Enum, N> out{};
    for (std::size_t i = 0; i < N; ++i) {
        out.entries[i] = list[i];
        if (list[i].text.empty()) detail::label_texts_must_be_distinct_and_not_empty();
        for (std::size_t j = 0; j < i; ++j)
            if (list[i].text == list[j].text || list[i].value == list[j].value)
                detail::label_texts_must_be_distinct_and_not_empty();
    }
    return out;
}

/// Label values from a closed list of texts: `label<"method", one_of<"GET", "POST", "other">>` takes any text, and
/// counts one that isn't listed in the overflow series. As cheap as an enum where there is none.
template <fixed_string... Texts>
struct one_of {
    static_assert(sizeof...(Texts) != 0 && ((Texts.size() != 0) && ...),
                  "tacho: a closed list has texts, none of them empty");

    /// Compares with each text; what is none of them is past the end.
    constexpr explicit one_of(std::string_view text) noexcept {
        static_cast<void>(((Texts.view() == text || (static_cast<void>(++index), false)) || ...));
    }
    std::size_t index = 0;  ///< the number of texts for one that isn't listed
};

/// How a label's values are written where a format knows types, as OTLP does.
enum class label_type : unsigned char { text, integer, boolean };

namespace detail {

template <class Enum>
concept listed_enum = std::is_enum_v<Enum> && requires(Enum e) {
    label_values(e).entries;
};

template <class T>
concept character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
concept plain_integer = std::integral<T> && !std::same_as<T, bool> && !character<T>;

template <class To, class From>
concept keeps_value_of = plain_integer<To> && plain_integer<From> &&
                             std::numeric_limits<To>::digits >= std::numeric_limits<From>::digits &&
                         (std::is_signed_v<To> || !std::is_signed_v<From>);

// Room for an integer's text, which must outlive the look-up that uses it.
using label_scratch = std::array<char, 24>;

// What each type of label value accepts, how many values it has when they are known (`cardinality`, else 0), and the
// text of a value. A missing or unknown value has an empty text; the index of an unknown one is `cardinality` or more.
template <class Value>
struct label_value {
    static_assert(
        sizeof(Value) == 0,
        "tacho: a label's values are text (std::string_view), a bool, an integer, one_of<...>, an enum for which "
        "there is a `consteval auto label_values(Enum)`, or std::optional of one of these");
    static constexpr label_type type = label_type::text;
    static constexpr std::size_t cardinality = 0;
    template <class Arg>
    static constexpr bool accepts = true;
    static std::string_view text(Value const&, label_scratch&) noexcept { return {}; }
};

template <>
struct label_value<std::string_view> {
    static constexpr label_type type = label_type::text;
    static constexpr std::size_t cardinality = 0;
    template <class Arg>
    static constexpr bool accepts = std::convertible_to<Arg, std::string_view> && !std::same_as<Arg, std::nullptr_t>;
    static std::string_view text(std::string_view value, label_scratch&) noexcept { return value; }
};

template <plain_integer Value>
struct label_value<Value> {
    static constexpr label_type type = label_type::integer;
    static constexpr std::size_t cardinality = 0;
    template <class Arg>
    static constexpr bool accepts = keeps_value_of<Value, Arg>;
    static std::string_view text(Value value, label_scratch& scratch) noexcept {
        auto const end = std::to_chars(scratch.data(), scratch.data() + scratch.size(), value).ptr;
        return {scratch.data(), static_cast<std::size_t>(end - scratch.data())};
    }
};

template <>
struct label_value<bool> {
    static constexpr label_type type = label_type::boolean;
    static constexpr std::size_t cardinality = 2;
    template <class Arg>
    static constexpr bool accepts = std::same_as<Arg, bool>;
    static constexpr std::size_t index(bool value) noexcept { return value ? 1 : 0; }
    static std::string_view text(bool value, label_scratch&) noexcept { return text_at(index(value)); }
    // Of what has this index.
    static std::string_view text_at(std::size_t i) noexcept { return i != 0 ? "true" : "false"; }
};

template <listed_enum Value>
struct label_value<Value> {
    static constexpr auto list = label_values(Value{});
    static constexpr label_type type = label_type::text;
    static constexpr std::size_t cardinality = list.entries.size();
    template <class Arg>
    static constexpr bool accepts = std::same_as<Arg, Value>;
    static constexpr std::size_t index(Value value) noexcept {
        if constexpr (list.is_in_order())
            return static_cast<std::size_t>(value);
        else
            return list.index_of(value);
    }
    static std::string_view text(Value value, label_scratch&) noexcept { return text_at(index(value)); }
    static std::string_view text_at(std::size_t i) noexcept {
        return i < cardinality ? list.entries[i].text : std::string_view{};
    }
};

template <fixed_string... Texts>
struct label_value<one_of<Texts...>> {
    static constexpr label_type type = label_type::text;
    static constexpr std::size_t cardinality = sizeof...(Texts);
    template <class Arg>
    static constexpr bool accepts = label_value<std::string_view>::accepts<Arg>;
    static constexpr std::size_t index(one_of<Texts...> value) noexcept { return value.index; }
    static std::string_view text(one_of<Texts...> value, label_scratch&) noexcept { return text_at(value.index); }
    static std::string_view text_at(std::size_t i) noexcept {
        constexpr std::array<std::string_view, cardinality + 1> texts{Texts.view()..., ""};
        return texts[i];
    }
};

// The last index is the missing value; an enumerator that isn't listed has the index after it.
template <class Value>
struct label_value<std::optional<Value>> {
    using present = label_value<Value>;
    static constexpr label_type type = present::type;
    static constexpr std::size_t cardinality = present::cardinality == 0 ? 0 : present::cardinality + 1;
    template <class Arg>
    static constexpr bool accepts =
        std::same_as<Arg, std::nullopt_t> || std::same_as<Arg, std::optional<Value>> || present::template accepts<Arg>;
    static constexpr std::size_t index(std::optional<Value> value) noexcept {
        if (!value) return present::cardinality;
        auto const i = present::index(*value);
        return i < present::cardinality ? i : cardinality;
    }
    static std::string_view text(std::optional<Value> value, label_scratch& scratch) noexcept {
        return value ? present::text(*value, scratch) : std::string_view{};
    }
    static std::string_view text_at(std::size_t i) noexcept requires(cardinality != 0) {
        return i < present::cardinality ? present::text_at(i) : std::string_view{};
    }
};

}  // namespace detail

/// Whether a label takes an argument of this type: exactly its type for enums and booleans, any integer whose every
/// value it can hold for integers, anything that becomes a std::string_view for text.
template <class Label, class Arg>
concept takes = detail::label_value<typename Label::value_type>::template accepts<std::remove_cvref_t<Arg>>;

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/registry/descriptor.hpp
#ifndef TACHO_PART_REGISTRY_DESCRIPTOR
#define TACHO_PART_REGISTRY_DESCRIPTOR

// tacho: what an instrument is, as its family keeps it and as others are shown it.

namespace tacho::inline TACHO_ABI {

/// The most states of a state set: a bit each in one number, so that a reader sees them change all at once. The last
/// bit says that any was ever told.
inline constexpr std::size_t max_states = 63;

/// Who made an instrument: a library or a part of the program, and its version. Travels with every metric.
struct scope_info {
    std::string name;     ///< empty: none
    std::string version;  ///< empty: none

    friend bool operator==(scope_info const&, scope_info const&) = default;
};

/// What identifies a family, and how it is shown. Text is valid UTF-8.
struct descriptor {
    scope_info scope;             ///< who made it
    std::string name;             ///< as OTLP shows it
    std::string prometheus_name;  ///< by the registry's strategy: mostly with unit and `_total`
    std::string unit_word;        ///< what its unit is called in Prometheus names; empty when it adds none
    std::string description;      ///< for people
    std::string unit;             ///< UCUM
    instrument_kind kind = instrument_kind::counter;     ///< what it measures
    number_kind number = number_kind::unsigned_integer;  ///< of what its values are
    std::vector<double> bounds;                          ///< of a histogram
    std::vector<std::string> states;                     ///< of a state set
    exponential_shape shape;                             ///< of an exponential histogram
    bool observable = false;                             ///< its values come from callbacks
    bool exemplars = false;                              ///< its series keep exemplars

    /// Whether it has explicit bounds.
    [[nodiscard]] bool is_histogram() const noexcept { return kind == instrument_kind::histogram; }
    /// Whether its values never go down.
    [[nodiscard]] bool is_monotonic() const noexcept { return kind == instrument_kind::counter; }
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/series/hash.hpp
#ifndef TACHO_PART_SERIES_HASH
#define TACHO_PART_SERIES_HASH

// tacho: a fast hash of label values, which only narrows a search, and their comparison in full.

namespace tacho::inline TACHO_ABI::detail {

// Labels are short: a general memcpy or memcmp of a few bytes costs more than all the rest of a look-up. These take
// them as one or two loads that may overlap, and never read beyond the text.
template <class Piece>
[[nodiscard]] inline std::uint64_t load(char const* at) noexcept {
    Piece piece;
    std::memcpy(&piece, at, sizeof piece);
    return piece;
}
// The bytes of a text of 1 to 7 as a number; texts of the same length give the same number only when they are the same.
[[nodiscard, gnu::always_inline]] inline std::uint64_t load_short(char const* at, std::size_t size) noexcept {
    if (size >= 4) return load<std::uint32_t>(at) | load<std::uint32_t>(at + size - 4) << 32;
    if (size >= 2) return load<std::uint16_t>(at) | load<std::uint16_t>(at + size - 2) << 16;
    return static_cast<unsigned char>(*at);
}
[[nodiscard, gnu::always_inline]] inline bool is_same_text(char const* a, char const* b, std::size_t size) noexcept {
    auto const differ = [&]<class Piece>(Piece, std::size_t at) { return load<Piece>(a + at) ^ load<Piece>(b + at); };
    if (size >= 8) {
        for (std::size_t i = 0; i + 8 < size; i += 8)
            if (differ(std::uint64_t{}, i) != 0) return false;
        return differ(std::uint64_t{}, size - 8) == 0;
    }
    if (size >= 4) return (differ(std::uint32_t{}, 0) | differ(std::uint32_t{}, size - 4)) == 0;
    if (size >= 2) return (differ(std::uint16_t{}, 0) | differ(std::uint16_t{}, size - 2)) == 0;
    return size == 0 || *a == *b;
}

// One round, by MurmurHash's multiplier. It takes no bit to a lower one: what the last letters of values are, which
// stand in the highest bits, is turned to where the next round takes it to all.
[[nodiscard]] inline std::uint64_t mix(std::uint64_t hash, std::uint64_t bits) noexcept {
    return std::rotl((hash + bits) * 0xC6A4A7935BD1E995u, 32);
}

// A round for each eight bytes that have begun. Lengths are mixed in, so that ("ab", "c") and ("a", "bc") differ.
[[nodiscard, gnu::always_inline]] inline std::uint64_t mix(std::uint64_t hash, std::string_view value) noexcept {
    char const* const at = value.data();
    auto const size = value.size();
    hash += size * 0x9E3779B97F4A7C15u;  // "1111" and "11111" are the same number
    if (size < 8) return mix(hash, size == 0 ? 0 : load_short(at, size));
    for (std::size_t i = 0; i + 8 < size; i += 8) hash = mix(hash, load<std::uint64_t>(at + i));
    return mix(hash, load<std::uint64_t>(at + size - 8));
}

// Without a loop where the number of values is compiled in, as below. All bits of the last round depend on all input
// but for its turn; the end folds them, since the lowest tell the place in a table, and the highest are compared there.
template <std::size_t Count>
[[nodiscard]] inline std::uint64_t hash_of(std::span<std::string_view const, Count> values) noexcept {
    std::uint64_t hash = 0x9E3779B97F4A7C15u;
    if constexpr (Count == std::dynamic_extent)
        for (auto const& value : values) hash = mix(hash, value);
    else
        [&]<std::size_t... At>(std::index_sequence<At...>) {
            ((hash = mix(hash, values[At])), ...);
        }
    (std::make_index_sequence<Count>{});
    hash = (hash ^ hash >> 32) * 0xC6A4A7935BD1E995u;
    return hash ^ hash >> 29;
}

// Whether all are shorter than `size`, a power of two.
template <std::size_t Count>
[[nodiscard]] inline bool are_shorter_than(std::size_t size, std::span<std::string_view const, Count> values) noexcept {
    std::size_t sizes = 0;
    if constexpr (Count == std::dynamic_extent)
        for (auto const& value : values) sizes |= value.size();
    else
        [&]<std::size_t... At>(std::index_sequence<At...>) {
            sizes = (std::size_t{0} | ... | values[At].size());
        }
    (std::make_index_sequence<Count>{});
    return sizes < size;
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/series/label_schema.hpp
#ifndef TACHO_PART_SERIES_LABEL_SCHEMA
#define TACHO_PART_SERIES_LABEL_SCHEMA

// tacho: the labels of one family: which its series have, which are the same for all, and how they are shown.

namespace tacho::inline TACHO_ABI {

/// The longest value of a label, in bytes; what is beyond it is cut off.
inline constexpr std::size_t max_label_value = 1024;

/// The most labels of an instrument, and the most constant ones beside them.
inline constexpr std::size_t max_labels = 16;

/// A label of a family: its name in OTLP, its name in Prometheus, and how its values are typed.
struct label_key {
    std::string name;                    ///< as OTLP shows it
    std::string prometheus_name;         ///< as a scrape shows it
    label_type type = label_type::text;  ///< how OTLP writes its values

    friend bool operator==(label_key const&, label_key const&) = default;
};

/// A label that all series of a family carry with the same value.
struct fixed_label {
    std::string name;             ///< empty where OTLP has a place of its own for it, as it has for the scope
    std::string prometheus_name;  ///< as a scrape shows it
    std::string value;            ///< of each series

    friend bool operator==(fixed_label const&, fixed_label const&) = default;
};

/// What the series of one family have in common.
struct label_schema {
    std::vector<label_key> keys;     ///< of the values that each series has, in the order of declaration
    std::vector<fixed_label> fixed;  ///< labels that all series carry
    /// Begins each series' text: `name`, or `{"na.me"` when it needs quotes; empty for a histogram, which has several.
    std::string line_name;
    bool plain = true;  ///< names of metric and labels are the same in every escaping
    /// Labels of the instrument whose values are given and not kept: a bit for each place, the first one the lowest.
    std::uint32_t left_out = 0;
    std::size_t given = 0;  ///< the label values that the instrument takes

    /// Calls f with those of an instrument's label values that its series have.
    template <std::size_t Count, class F>
    decltype(auto) with_kept(std::span<std::string_view const, Count> values, F&& f) const {
        if (left_out == 0) [[likely]]
            return f(values);
        std::array<std::string_view, max_labels> kept;
        std::size_t size = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
            if ((left_out >> i & 1) == 0) kept[size++] = values[i];
        return f(std::span<std::string_view const>{kept.data(), size});
    }
};

#if TACHO_BODIES

namespace detail {

// A label as it is shown, before escaping.
struct shown_label {
    std::string_view name, value;
    std::size_t index = max_labels;  // among the label values; max_labels for one that all series have
};

// The labels that a series shows, sorted by name; missing and empty ones are left out. `values` is empty for the
// overflow series.
class shown_labels {
public:
    shown_labels(label_schema const& schema, std::span<std::string_view const> values) noexcept {
        for (auto const& label : schema.fixed) add({label.prometheus_name, label.value});
        for (std::size_t i = 0; i < values.size(); ++i) add({schema.keys[i].prometheus_name, values[i], i});
    }
    void add(shown_label label) noexcept {
        if (label.value.empty() || size_ == std::size(labels_)) return;
        auto const at = std::upper_bound(labels_, labels_ + size_, label,
                                         [](auto const& a, auto const& b) { return a.name < b.name; });
        std::copy_backward(at, labels_ + size_, labels_ + size_ + 1);
        *at = label;
        ++size_;
    }
    [[nodiscard]] std::span<shown_label const> view() const noexcept { return {labels_, size_}; }

private:
    shown_label labels_[2 * max_labels + 3];  // own and constant ones, name and version of the scope, overflow
    std::size_t size_ = 0;
};

}  // namespace detail

#endif

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/series/reader_clock.hpp
#ifndef TACHO_PART_SERIES_READER_CLOCK
#define TACHO_PART_SERIES_READER_CLOCK

// tacho: how far readers have come who report what happened in between, and so must see what is removed once more.

namespace tacho::inline TACHO_ABI::detail {

struct [[gnu::visibility("default")]] reader_clock;  // the program's, in a plug-in too

// Counts removals of series and families. A reader remembers where the clock stood when it last collected.
struct reader_clock {
    std::atomic<std::uint64_t> now{0};
    std::atomic<std::uint64_t> settled{~std::uint64_t{0}};  // every reader has collected what was removed up to here

    // The stamp of what has just been removed. Release: whoever reads the new time sees the removal.
    std::uint64_t next() noexcept { return now.fetch_add(1, std::memory_order_acq_rel) + 1; }
};

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/series/series_life.hpp
#ifndef TACHO_PART_SERIES_SERIES_LIFE
#define TACHO_PART_SERIES_SERIES_LIFE

// tacho: what changes of a series, or is asked seldom: its times, its place, who holds it, and whether it is removed.

namespace tacho::inline TACHO_ABI::detail {

// Lies apart from the labels, the text and the cells, so that a scrape, which reads the texts of all series in a row,
// does not read through this as well.
class series_life {
public:
    series_life(unix_nanos birth, std::uint32_t ordinal, std::uint32_t generation, std::uint32_t in_block) noexcept
        : birth_(birth), ordinal_(ordinal), generation_(generation), in_block_(in_block & 0x7FFFFFu), linked_(1) {}

    [[nodiscard]] unix_nanos birth() const noexcept { return birth_; }
    [[nodiscard]] unix_nanos end() const noexcept { return end_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint32_t ordinal() const noexcept { return ordinal_; }
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }
    // Bytes from the beginning of the block of memory that it is in.
    [[nodiscard]] std::uint32_t in_block() const noexcept { return in_block_; }

    void hold() noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }  // by somebody who has it already
    void release() noexcept {
        // Release: what was recorded through a handle happened before the memory is somebody else's.
        holders_.fetch_sub(1, std::memory_order_release);
    }
    [[nodiscard]] bool is_held() const noexcept { return holders_.load(std::memory_order_acquire) != 0; }

    [[nodiscard]] bool is_removed(std::memory_order order = std::memory_order_acquire) const noexcept {
        return state_.load(order) == state::removed;
    }

    // Notes that it is in use; false when it has been removed.
    bool touch() noexcept {
        auto seen = state_.load(std::memory_order_relaxed);
        while (seen == state::idle)
            if (state_.compare_exchange_weak(seen, state::touched, std::memory_order_relaxed)) return true;
        return seen == state::touched;
    }
    // Whether it was touched since the last call.
    bool was_touched() noexcept {
        auto seen = state::touched;
        return state_.compare_exchange_strong(seen, state::idle, std::memory_order_relaxed);
    }

    // Removes it, with `when_idle` unless it was touched meanwhile. False when it was not this call that removed it.
    // Only the one call that did says when. The stamp is taken afterwards: a reader whose collection began at that
    // stamp or later has seen it removed, with its last values. Until then it counts as removed just now.
    bool remove(reader_clock& readers, unix_nanos now, bool when_idle) noexcept;
    // Takes the stamp of a removed one, should the thread that removed it not have come to that: whoever is made in its
    // place has a later one.
    void stamp(reader_clock& readers) noexcept {
        auto unset = never;
        // Release: who knows that it was removed by then knows when it ended, if this thread removed it.
        if (removed_at_.load(std::memory_order_relaxed) == never)
            removed_at_.compare_exchange_strong(unset, readers.next(), std::memory_order_release,
                                                std::memory_order_relaxed);
    }
    [[nodiscard]] bool was_removed_by(std::uint64_t stamp) const noexcept {
        return removed_at_.load(std::memory_order_acquire) <= stamp;
    }
    // Whether it is removed, and was not yet at the stamp `since`.
    [[nodiscard]] bool was_removed_since(std::uint64_t since) const noexcept {
        return is_removed() && removed_at_.load(std::memory_order_relaxed) > since;
    }

    // Under the table's mutex: whether it can be found.
    [[nodiscard]] bool is_linked() const noexcept { return linked_ != 0; }
    void unlink() noexcept { linked_ = 0; }

    // In a child of fork(), while there is one thread: nothing of it has been delivered.
    void begin_anew(unix_nanos now) noexcept {
        birth_ = now;
        ++generation_;
    }

private:
    // Recorded since it was last looked after, not recorded since, or removed for good. Only families whose series
    // expire tell the first two apart.
    enum class state : std::uint8_t { touched, idle, removed };
    static constexpr std::uint64_t never = ~std::uint64_t{0};  // no reader has collected that far

    unix_nanos birth_;
    std::atomic<unix_nanos> end_{0};
    std::atomic<std::uint64_t> removed_at_{never};
    std::atomic<std::uint32_t> holders_{0};
    std::uint32_t ordinal_;
    std::uint32_t generation_;
    std::uint32_t in_block_ : 23;  // a block is no larger than a huge page, or than one series with 2 MiB of text
    std::uint32_t linked_ : 1;
    std::atomic<state> state_{state::idle};  // its birth is its first use
};

#if TACHO_BODIES

TACHO_FUNCTION bool series_life::remove(reader_clock& readers, unix_nanos now, bool when_idle) noexcept {
    auto seen = state_.load(std::memory_order_relaxed);
    do {
        if (seen == state::removed || (when_idle && seen != state::idle)) return false;
        // A release, matched by the acquire in is_removed(), and in one order with what series_list::join() does.
    } while (!state_.compare_exchange_weak(seen, state::removed, std::memory_order_seq_cst, std::memory_order_relaxed));
    end_.store(now, std::memory_order_relaxed);
    stamp(readers);
    return true;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/core/large_memory.hpp
#ifndef TACHO_PART_CORE_LARGE_MEMORY
#define TACHO_PART_CORE_LARGE_MEMORY

// tacho: memory by the MiB, in pages as large as the system has them.

#if TACHO_USES_HUGE_PAGES
#include <sys/mman.h>
#endif

namespace tacho::inline TACHO_ABI::detail {

// Of an x86-64, and of a 64-bit ARM whose pages have 4 KiB; elsewhere a size like another.
inline constexpr std::size_t huge_page = std::size_t{2} << 20;

// For what is read or written from its beginning to its end: a processor finds 512 times as much by what it remembers
// of pages. Whole huge pages, of which each counts as used once a byte of it is; free() gives them back. nullptr when
// memory can't be had.
// Rule: https://docs.kernel.org/admin-guide/mm/transhuge.html (`madvise`)
[[nodiscard]] inline void* allocate_huge_pages(std::size_t pages) noexcept {
    if (pages > ~std::size_t{0} / huge_page) return nullptr;
#if TACHO_USES_HUGE_PAGES
    void* const memory = std::aligned_alloc(huge_page, pages * huge_page);
    // Only a wish: where it is not granted, the pages are the usual ones.
    if (memory != nullptr) ::madvise(memory, pages * huge_page, MADV_HUGEPAGE);
    return memory;
#else
    return std::malloc(pages * huge_page);
#endif
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/series/series_storage.hpp
#ifndef TACHO_PART_SERIES_SERIES_STORAGE
#define TACHO_PART_SERIES_SERIES_STORAGE

// tacho: how a family stores its series, and how many.

namespace tacho::inline TACHO_ABI {

/// How a family stores its series.
struct series_storage {
    std::size_t cells = 1;           ///< cells of one series
    bool sharded = true;             ///< a number for each thread
    std::size_t limit = 2000;        ///< series, the overflow series not counted
    std::uint32_t expire_after = 0;  ///< seconds without use, after which a series is removed; 0: never
    std::size_t exemplars = 0;       ///< that a series keeps: one of a counter, one for each bucket of a histogram
    bool observed = false;           ///< rounds of callbacks give the values; the limit is for what one round observes
    unix_nanos (*now)() noexcept = &system_clock::now;  ///< when a series is born or ends
    /// How far those have come who must see what is removed.
    std::shared_ptr<detail::reader_clock> readers = std::make_shared<detail::reader_clock>();
    std::shared_ptr<std::atomic<exemplar_filter> const> filter = {};  ///< of exemplars, if it keeps any

    /// How many series can be found. Where callbacks give the values, a round may observe as many as the limit allows
    /// that the one before did not, and which of the old ones it observes is known at its end only.
    [[nodiscard]] std::size_t most_found() const noexcept {
        return observed && limit <= ~std::size_t{0} / 2 ? limit * 2 : limit;
    }
    /// Removed series whose memory can't be given back yet are bounded as those are that can be found.
    [[nodiscard]] std::size_t most_removed() const noexcept { return (std::max)(most_found(), std::size_t{64}); }
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/series/series_memory.hpp
#ifndef TACHO_PART_SERIES_SERIES_MEMORY
#define TACHO_PART_SERIES_SERIES_MEMORY

// tacho: the memory of a family's series, in which those that were made one after another lie side by side.

// AddressSanitizer knows of whole blocks only, unless it is told of what is in them.
#if defined(__SANITIZE_ADDRESS__)
#define TACHO_TELL_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TACHO_TELL_SANITIZER 1
#endif
#endif
#if defined(TACHO_TELL_SANITIZER)
extern "C" void __asan_poison_memory_region(void const volatile*, std::size_t);
extern "C" void __asan_unpoison_memory_region(void const volatile*, std::size_t);
#endif

namespace tacho::inline TACHO_ABI::detail {

// What is released must not be used until it is given out again.
inline void forbid([[maybe_unused]] void* from, [[maybe_unused]] std::size_t size) noexcept {
#if defined(TACHO_TELL_SANITIZER)
    __asan_poison_memory_region(from, size);
#endif
}
inline void allow([[maybe_unused]] void* from, [[maybe_unused]] std::size_t size) noexcept {
#if defined(TACHO_TELL_SANITIZER)
    __asan_unpoison_memory_region(from, size);
#endif
}

// Blocks of series: what a scrape reads of them from the front, their lives from the back. It then reads texts in a
// row, on few pages, whatever else the program allocates: the text of 10 000 counters in a heap full of holes took it
// thrice as long where each series was a piece of its own. A block grows with the family, and goes when its last series
// does; until then others of the same size take over the places of those that went. One thread at a time.
class series_memory {
public:
    // Behind its life a series has room for exemplars, and if it may expire, for when it was seen in use.
    explicit series_memory(series_storage const& of) noexcept
        : life_size_(sizeof(series_life) + of.exemplars * sizeof(exemplar_slot) + (of.expire_after != 0 ? 8 : 0)) {}
    series_memory(series_memory const&) = delete;
    series_memory& operator=(series_memory const&) = delete;
    // All series have been released.
    ~series_memory() { std::free(last_); }

    struct room {
        void* series = nullptr;
        void* life = nullptr;
        std::uint32_t in_block = 0;  // of the life
    };
    // Room for a series of this size, aligned for pointers, and for its life; nullptr where memory can't be had.
    [[nodiscard]] room allocate(std::size_t size) noexcept;
    // Of a series of this size.
    void release(void* series, std::size_t size, series_life& life) noexcept;

private:
    struct hole {
        hole* next;
        std::uint32_t size, life;  // where in the block that one is
    };
    struct block {
        block *before, *after;  // of those with holes
        hole* holes;
        std::uint32_t living, empty;  // series, and holes
    };
    static constexpr std::size_t block_size = (sizeof(block) + 7) & ~std::size_t{7};
    static constexpr std::size_t aligned(std::size_t size) noexcept {
        return (std::max)(sizeof(hole), (size + 7) & ~std::size_t{7});
    }
    static_assert(alignof(series_life) <= 8 && alignof(exemplar_slot) <= 8);
    static_assert(huge_page < 1u << 23);  // see series_life::in_block()

    [[nodiscard]] bool begin_block(std::size_t size) noexcept;
    [[nodiscard]] room fill_hole(std::size_t size) noexcept;
    void drop(block& b) noexcept;
    void link(block& b) noexcept;
    void unlink(block& b) noexcept;

    std::size_t life_size_;
    std::size_t living_ = 0, empty_ = 0;  // in all blocks
    block* last_ = nullptr;
    char* front_ = nullptr;  // between these the last block has room
    char* back_ = nullptr;
    block* with_holes_ = nullptr;
};

#if TACHO_BODIES

TACHO_FUNCTION series_memory::room series_memory::allocate(std::size_t size) noexcept {
    size = aligned(size);
    if (auto const found = fill_hole(size); found.series != nullptr) return found;
    if (static_cast<std::size_t>(back_ - front_) < size + life_size_ && !begin_block(size)) return {};
    ++last_->living;
    ++living_;
    front_ += size;
    back_ -= life_size_;
    return {front_ - size, back_, static_cast<std::uint32_t>(back_ - reinterpret_cast<char*>(last_))};
}

TACHO_FUNCTION bool series_memory::begin_block(std::size_t size) noexcept {
    // A family of one series takes no more than that, one of hundreds a thirtieth too much. More than 64 KiB would be
    // no faster, until a huge page is an eighth of all.
    constexpr std::size_t few = 8, most_bytes = 65536;
    auto const one = size + life_size_;
    bool const is_huge = one <= huge_page / 8 && living_ >= 8 * huge_page / one && empty_ <= living_;
    auto const together = std::clamp((std::max)(living_ / 32, (std::min)(living_, few)), std::size_t{1},
                                     (std::max)(most_bytes / one, std::size_t{1}));
    // Where sizes differ so much that few of those that come fit where others were, a series is a block of its own
    // again: else one that stays would keep a block, be it one in a thousand.
    auto const whole = is_huge ? huge_page : block_size + (empty_ > living_ ? 1 : together) * one;
    void* const memory = is_huge ? allocate_huge_pages(1) : std::malloc(whole);
    if (memory == nullptr) return false;
    if (last_ != nullptr && last_->living == 0) drop(*last_);
    last_ = new (memory) block{nullptr, nullptr, nullptr, 0, 0};
    front_ = static_cast<char*>(memory) + block_size;
    back_ = static_cast<char*>(memory) + whole;
    return true;
}

TACHO_FUNCTION series_memory::room series_memory::fill_hole(std::size_t size) noexcept {
    int tries = 32;  // so that it takes a bounded time; the sizes of most families are few
    for (block* b = with_holes_; b != nullptr && tries > 0; b = b->after)
        for (hole** at = &b->holes; *at != nullptr && tries > 0; at = &(*at)->next, --tries) {
            hole* const found = *at;
            if (found->size != size) continue;
            *at = found->next;
            if (b->holes == nullptr) unlink(*b);
            --b->empty;
            --empty_;
            ++b->living;
            ++living_;
            void* const life = reinterpret_cast<char*>(b) + found->life;
            allow(found, size);
            allow(life, life_size_);
            return {found, life, found->life};
        }
    return {};
}

TACHO_FUNCTION void series_memory::release(void* series, std::size_t size, series_life& life) noexcept {
    auto const in_block = life.in_block();
    auto* const from = reinterpret_cast<block*>(reinterpret_cast<char*>(&life) - in_block);
    --living_;
    if (--from->living == 0 && from != last_) {
        drop(*from);
        return;
    }
    ++from->empty;
    ++empty_;
    size = aligned(size);
    if (from->holes == nullptr) link(*from);
    from->holes = new (series) hole{from->holes, static_cast<std::uint32_t>(size), in_block};
    forbid(static_cast<char*>(series) + sizeof(hole), size - sizeof(hole));
    forbid(&life, life_size_);
}

TACHO_FUNCTION void series_memory::drop(block& b) noexcept {
    if (b.holes != nullptr) unlink(b);
    empty_ -= b.empty;
    std::free(&b);
}

TACHO_FUNCTION void series_memory::link(block& b) noexcept {
    b.before = nullptr;
    b.after = with_holes_;
    if (with_holes_ != nullptr) with_holes_->before = &b;
    with_holes_ = &b;
}

TACHO_FUNCTION void series_memory::unlink(block& b) noexcept {
    (b.before != nullptr ? b.before->after : with_holes_) = b.after;
    if (b.after != nullptr) b.after->before = b.before;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/series/series.hpp
#ifndef TACHO_PART_SERIES_SERIES
#define TACHO_PART_SERIES_SERIES

// tacho: one series: its label values, its ready-made text and its cells.

namespace tacho::inline TACHO_ABI {

/// One series of a family. Its labels, text and times are written once, before any other thread can see it, and never
/// change. A removed one is found and shown no more; its memory is given to another only when neither a handle nor a
/// look can see it, and the readers who collect deltas have had its last values.
class series {
public:
    /// When it was first recorded.
    [[nodiscard]] unix_nanos birth() const noexcept { return life().birth(); }
    /// When it was removed; 0 while it is not.
    [[nodiscard]] unix_nanos end() const noexcept { return life().end(); }
    /// Its place among the series of its family, which another may have after it.
    [[nodiscard]] std::uint32_t ordinal() const noexcept { return life().ordinal(); }
    /// How many had that place before it: place and generation together are never given twice.
    [[nodiscard]] std::uint32_t generation() const noexcept { return life().generation(); }
    /// Whether it stands for all series beyond the limit. It then has no label values.
    [[nodiscard]] bool is_overflow() const noexcept { return overflow_ != 0; }
    /// When it was made, by the reader clock; 0 where no series of its family had been removed before, so that none can
    /// have had the same label values.
    [[nodiscard]] std::uint64_t made() const noexcept {
        return late_ == 0
                   ? 0
                   : *reinterpret_cast<std::uint64_t const*>(reinterpret_cast<char const*>(this) + end_of_text());
    }
    /// Where its numbers are; not to be written to once it may be another's.
    [[nodiscard]] detail::word* cells() const noexcept { return cells_; }

    /// The value of the label that was declared at `index`; empty when it is missing, and in the overflow series.
    [[nodiscard]] std::string_view value(std::size_t index) const noexcept {
        return index < label_count() ? own_value(index) : std::string_view{};
    }

    /// Whether these are its label values, in the order of declaration. Not of the overflow series.
    template <std::size_t Count>
    [[nodiscard]] bool has(std::span<std::string_view const, Count> wanted) const noexcept {
        if constexpr (Count == std::dynamic_extent) {
            for (std::size_t i = 0; i < wanted.size(); ++i)
                if (!has_at(i, wanted[i])) return false;
            return true;
        } else {
            return [&]<std::size_t... At>(std::index_sequence<At...>) {
                return (has_at(At, wanted[At]) && ...);
            }
            (std::make_index_sequence<Count>{});
        }
    }
    /// hash_of() its label values.
    [[nodiscard]] std::uint64_t hash() const noexcept {
        std::string_view values[max_labels];
        auto const count = label_count();
        for (std::size_t i = 0; i < count; ++i) values[i] = own_value(i);
        return detail::hash_of(std::span<std::string_view const>{values, count});
    }

    /// What begins its line in Prometheus' formats: `name{a="1",b="2"} `, or for a histogram `{a="1",b="2"} `, and just
    /// `name ` or a space without labels. Names that are not legal everywhere are in quotes: `{"na.me","a.b"="1"} `.
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<char const*>(this) + text_at_, text_size_};
    }

    /// Where it keeps an exemplar, of a family whose series keep more than `i` of them.
    [[nodiscard]] detail::exemplar_slot& exemplar_at(std::size_t i) const noexcept {
        return reinterpret_cast<detail::exemplar_slot*>(&life() + 1)[i];
    }

    /// Where a series of a family that lets series expire, and keeps so many exemplars of each, has when it was seen in
    /// use: in seconds since 1970. One thread at a time.
    [[nodiscard]] std::uint32_t& seen_in_use(std::size_t exemplars) const noexcept {
        return *reinterpret_cast<std::uint32_t*>(&exemplar_at(exemplars));
    }

    /// Keep it while it is bound: release() what was held once.
    void hold() const noexcept { life().hold(); }
    /// See hold().
    void release() const noexcept { life().release(); }

    /// What the library keeps of it beside what is shown.
    [[nodiscard]] detail::series_life& life() const noexcept {
        return *reinterpret_cast<detail::series_life*>(reinterpret_cast<char*>(const_cast<series*>(this)) + to_life_);
    }

private:
    friend class series_table;

    series() = default;

    // Where a label value is: mostly in the text.
    struct place {
        std::uint32_t at : 21;  // bytes from the series
        std::uint32_t size : 11;
    };
    static_assert(max_label_value < 1u << 11 && (2 * max_labels + 3) * 3 * max_label_value < 1u << 20);

    // Behind the object, in the same piece of memory: the places of the values, the text, the values that are written
    // otherwise there, and when it was made, if that is told.
    [[nodiscard]] place const* places() const noexcept { return reinterpret_cast<place const*>(this + 1); }
    [[nodiscard]] std::size_t label_count() const noexcept { return (text_at_ - sizeof(series)) / sizeof(place); }

    [[nodiscard]] static series* make(detail::series_memory& memory, label_schema const& schema,
                                      std::span<std::string_view const> values, bool overflow, std::uint32_t ordinal,
                                      std::uint32_t generation, std::uint64_t made, detail::word* cells,
                                      series_storage const& storage) noexcept;
    // Bytes from here to the end of what has a value, rounded up to where a number may be.
    [[nodiscard]] std::size_t end_of_text() const noexcept;
    void destroy(detail::series_memory& memory) noexcept;

    // Of a label that it has.
    [[nodiscard]] std::string_view own_value(std::size_t index) const noexcept {
        auto const where = places()[index];
        return {reinterpret_cast<char const*>(this) + where.at, where.size};
    }

    [[nodiscard, gnu::always_inline]] bool has_at(std::size_t index, std::string_view wanted) const noexcept {
        auto const own = own_value(index);
        return own.size() == wanted.size() && detail::is_same_text(own.data(), wanted.data(), own.size());
    }

    // Little, because a scrape reads it with each text.
    detail::word* cells_;
    std::uint32_t to_life_;  // bytes from here
    std::uint32_t text_size_ : 21;
    std::uint32_t overflow_ : 1;
    std::uint32_t late_ : 1;
    std::uint32_t : 1;
    std::uint32_t text_at_ : 8;  // bytes from here: a byte of its own, which a scrape reads with each text
};

#if TACHO_BODIES

TACHO_FUNCTION std::size_t series::end_of_text() const noexcept {
    auto end = static_cast<std::size_t>(text().data() + text().size() - reinterpret_cast<char const*>(this));
    for (std::size_t i = 0; i < label_count(); ++i)  // those that are kept beside the text are behind it
        end = (std::max)(end, std::size_t{places()[i].at} + places()[i].size);
    return (end + 7) & ~std::size_t{7};
}

TACHO_FUNCTION void series::destroy(detail::series_memory& memory) noexcept {
    memory.release(this, end_of_text() + (late_ != 0 ? sizeof(std::uint64_t) : 0), life());
}

TACHO_FUNCTION series* series::make(detail::series_memory& memory, label_schema const& schema,
                                    std::span<std::string_view const> values, bool overflow, std::uint32_t ordinal,
                                    std::uint32_t generation, std::uint64_t made_at, detail::word* cells,
                                    series_storage const& storage) noexcept {
    detail::shown_labels shown{schema, values};
    if (overflow) shown.add({"otel_metric_overflow", "true"});

    // Where all names are legal they need not be looked at one by one.
    auto const in_quotes = [&](std::string_view name) { return !schema.plain && !detail::is_plain_name(name); };
    bool const named_within = schema.line_name.starts_with('{');
    bool const braces = named_within || !shown.view().empty();

    std::size_t text_size = schema.line_name.size() + 1;
    for (auto const& label : shown.view())
        text_size += label.name.size() + detail::escaped_size(label.value) + (in_quotes(label.name) ? 6 : 4);
    if (braces) ++text_size;  // each label brings `="",` with its comma or brace; `}` is left
    std::size_t escaped = 0;  // of values that are kept beside the text
    for (auto const& value : values)
        if (detail::escaped_size(value) != value.size()) escaped += value.size();

    if (text_size > 1u << 20) return nullptr;  // the name of a scope takes a megabyte, too much for a `place`
    auto const all = (sizeof(series) + values.size() * sizeof(place) + text_size + escaped + 7) & ~std::size_t{7};
    auto const room = memory.allocate(made_at == 0 ? all : all + sizeof made_at);
    if (room.series == nullptr) return nullptr;
    auto const birth = storage.now();
    auto* const life = new (room.life) detail::series_life{birth, ordinal, generation, room.in_block};
    auto* const exemplars = reinterpret_cast<detail::exemplar_slot*>(life + 1);
    for (std::size_t i = 0; i < storage.exemplars; ++i) new (exemplars + i) detail::exemplar_slot;
    if (storage.expire_after != 0) new (exemplars + storage.exemplars) std::uint32_t{detail::second_at(birth)};
    auto* const made = new (room.series) series;
    made->cells_ = cells;
    made->to_life_ = static_cast<std::uint32_t>(static_cast<char*>(room.life) - static_cast<char*>(room.series));
    made->text_size_ = static_cast<std::uint32_t>(text_size) & 0x1FFFFFu;
    static_assert(sizeof(series) + max_labels * sizeof(place) < 1u << 8);
    made->text_at_ = static_cast<std::uint32_t>(sizeof(series) + values.size() * sizeof(place)) & 0xFFu;
    made->overflow_ = overflow ? 1 : 0;
    made->late_ = made_at != 0 ? 1 : 0;
    if (made_at != 0) new (static_cast<char*>(room.series) + all) std::uint64_t{made_at};

    auto* const places = reinterpret_cast<place*>(made + 1);
    auto const place_of = [&](char const* at, std::string_view value) {
        return place{static_cast<std::uint32_t>(at - reinterpret_cast<char const*>(made)) & 0x1FFFFFu,
                     static_cast<std::uint32_t>(value.size()) & 0x7FFu};
    };
    char* out = reinterpret_cast<char*>(places + values.size());
    char* beside = out + text_size;
    for (std::size_t i = 0; i < values.size(); ++i) {
        places[i] = place_of(beside, values[i]);
        if (detail::escaped_size(values[i]) != values[i].size()) beside = detail::write_text(values[i], beside);
    }
    out = detail::write_text(schema.line_name, out);
    char opening = named_within ? ',' : '{';
    for (auto const& label : shown.view()) {
        *out++ = opening;
        opening = ',';
        auto const quote = in_quotes(label.name) ? std::string_view{"\""} : std::string_view{};
        for (auto const part : {quote, label.name, quote, std::string_view{"=\""}}) out = detail::write_text(part, out);
        if (label.index < values.size() && detail::escaped_size(label.value) == label.value.size())
            places[label.index] = place_of(out, label.value);
        out = detail::write_escaped(label.value, out);
        *out++ = '"';
    }
    if (braces) *out++ = '}';
    *out++ = ' ';
    return made;
}

#endif

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/registry/exemplar_view.hpp
#ifndef TACHO_PART_REGISTRY_EXEMPLAR_VIEW
#define TACHO_PART_REGISTRY_EXEMPLAR_VIEW

// tacho: the exemplars of one series, as a visitor is shown them.

namespace tacho::inline TACHO_ABI {

/// The exemplars that a series keeps now, or those that a snapshot copied. A visitor with a member
/// exemplars(exemplar_view) is given it before the series' number or histogram; not where there can't be any.
class exemplar_view {
public:
    exemplar_view() = default;
    /// As they are now.
    exemplar_view(series const& of, std::size_t size) noexcept : of_(&of), size_(size) {}
    /// As they were. Of a place without exemplar the time is 0.
    exemplar_view(series const& of, std::span<exemplar const> copied) noexcept
        : of_(&of), size_(copied.size()), copied_(copied.data()) {}

    /// Whether these are of this series. Not what was shown of another family's, which was at the same address.
    [[nodiscard]] bool belongs_to(descriptor const& d, series const& s) const noexcept {
        return of_ == &s && d.exemplars;
    }
    /// Places for exemplars: 1 of a counter, of a histogram one for each bucket.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// The exemplar at a place; false when there is none.
    [[nodiscard]] bool read(std::size_t place, exemplar& into) const noexcept {
        if (copied_ == nullptr) return of_->exemplar_at(place).read(into);
        into = copied_[place];
        return into.time != 0;
    }

private:
    series const* of_ = nullptr;
    std::size_t size_ = 0;
    exemplar const* copied_ = nullptr;
};

namespace detail {

template <class Visitor>
concept shows_exemplars = requires(Visitor& v) {
    v.exemplars(exemplar_view{});
};

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/registry/values.hpp
#ifndef TACHO_PART_REGISTRY_VALUES
#define TACHO_PART_REGISTRY_VALUES

// tacho: what a visitor is shown of a histogram and of a state set.

namespace tacho::inline TACHO_ABI {

/// What a histogram counted, at one moment.
struct histogram_value {
    std::span<std::uint64_t const> buckets;  ///< not cumulative; one more than there are bounds
    std::uint64_t count;                     ///< always the sum of the buckets
    double sum;                              ///< of what was observed, in the unit of the values
};

/// What holds of a state set's states, at one moment: bit i is states[i].
struct states_value {
    std::uint64_t bits;  ///< none beyond the states

    /// Whether states[state] holds.
    [[nodiscard]] constexpr bool is_on(std::size_t state) const noexcept { return (bits >> state & 1) != 0; }
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/cell/epoch.hpp
#ifndef TACHO_PART_CELL_EPOCH
#define TACHO_PART_CELL_EPOCH

// tacho: who is looking at what may be removed, so that its memory is given back only when nobody can see it any more.
// Rule: https://man7.org/linux/man-pages/man2/membarrier.2.html

#if TACHO_USES_MEMBARRIER
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tacho::inline TACHO_ABI::detail {

// When a thread began to look; 0 while it does not. A line each, because a look-up writes it.
struct alignas(64) looking_record {
    std::atomic<std::uint64_t> since{0};
    std::uint32_t depth = 0;  // its owner's alone
};
inline constexpr std::uint32_t is_counted = ~std::uint32_t{0};  // the depth of a record that counts many threads

// Epochs are counted up each time something is unlinked. What was unlinked in epoch e may be seen by those who began to
// look in e or before, and by nobody who began later.
struct epoch_table {
    std::atomic<std::uint64_t> now{2};  // not less, so that finished_epoch() is 0 only when it can't tell
    std::atomic<bool> has_membarrier{false};

    // Threads without a slot are counted, on the side on which they began: new ones on the present side, so that the
    // other one runs dry however many there are.
    std::array<looking_record, 2> counted{looking_record{0, is_counted}, looking_record{0, is_counted}};
    std::atomic<unsigned> side{0};
    gated_mutex mutex;               // guards what follows
    std::uint64_t began_before = 2;  // epochs before this one: who began in them is on the side that runs dry
    std::uint64_t counted_out = 2;   // epochs before this one: who began in them has ended
};
[[gnu::visibility("default")]] inline constinit epoch_table epochs{};

// Which of the counted looks are this thread's own, by side, and the epoch in which the first of them began.
struct own_looks {
    std::array<std::uint64_t, 2> on{};
    std::uint64_t since = 0;
};
[[gnu::visibility("default")]] inline constinit thread_local own_looks counted_here{};

// By slot. Apart from the table, and all zero, so that it takes no room in a program, and no memory until a slot looks.
[[gnu::visibility("default")]] inline constinit std::array<looking_record, max_slots> looking_slots{};

// g++ says that ThreadSanitizer doesn't know fences. The checks that these are for don't depend on what it knows.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

// A look has to be announced before anything is read, and whoever removes has to see the announcement: a full fence on
// one side, and one on the other. Linux lets the side that removes pay for both by interrupting all threads
// (membarrier(2)), so that a look-up costs two plain stores. Where it can't be had, both sides pay.
inline void fence_of_looker() noexcept {
    // Relaxed: whoever still reads false takes the fence that works in any case.
    if (epochs.has_membarrier.load(std::memory_order_relaxed))
        std::atomic_signal_fence(std::memory_order_seq_cst);
    else
        std::atomic_thread_fence(std::memory_order_seq_cst);
}

// False when looks that were announced without a fence may not be seen, and so nothing may be given back.
inline bool fence_of_remover() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
#if TACHO_USES_MEMBARRIER && defined(SYS_membarrier)
    constexpr int private_expedited = 1 << 3, register_private_expedited = 1 << 4;
    auto const interrupt_all = [] { return ::syscall(SYS_membarrier, private_expedited, 0, 0) == 0; };
    if (epochs.has_membarrier.load(std::memory_order_relaxed) && interrupt_all()) return true;
    // The first time in a process; looks of before had a fence of their own.
    if (::syscall(SYS_membarrier, register_private_expedited, 0, 0) == 0) {
        epochs.has_membarrier.store(true, std::memory_order_relaxed);
        return interrupt_all();
    }
#endif
    return !epochs.has_membarrier.load(std::memory_order_relaxed);
}

// While it lives, nothing that its thread finds is given back. Guards of one thread may nest, and end in any order.
class looking {
public:
    looking() noexcept {
        auto offset = own_offset;
        if (offset == 0) [[unlikely]]
            offset = claim_slot();
        if (offset == 0) [[unlikely]] {
            auto const side = epochs.side.load(std::memory_order_relaxed);
            auto& own = counted_here;
            if (own.on[0] + own.on[1] == 0) own.since = epochs.now.load(std::memory_order_acquire);
            ++own.on[side];
            record_ = &epochs.counted[side];
            record_->since.fetch_add(1, std::memory_order_relaxed);  // ordered by the fence
            std::atomic_thread_fence(std::memory_order_seq_cst);
            return;
        }
        record_ = &looking_slots[offset >> slot_shift];
        if (record_->depth++ == 0) {
            // Acquire: who begins in an epoch sees all that was unlinked before it. Release: who sees this record in
            // its new epoch knows that its owner is done with all it read in earlier ones.
            record_->since.store(epochs.now.load(std::memory_order_acquire), std::memory_order_release);
            fence_of_looker();
        }
    }
    // For what is never given back: announces nothing.
    explicit looking(std::nullptr_t) noexcept : record_(nullptr) {}
    looking(looking&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
    looking& operator=(looking&&) = delete;
    ~looking() {
        if (record_ == nullptr) return;
        // Release: whoever sees the end knows that nothing is read any more.
        if (record_->depth == is_counted) {
            --counted_here.on[static_cast<std::size_t>(record_ - epochs.counted.data())];
            record_->since.fetch_sub(1, std::memory_order_release);
        } else if (--record_->depth == 0)
            record_->since.store(0, std::memory_order_release);
    }

private:
    looking_record* record_;
};

// Whether this thread looks.
[[nodiscard]] inline bool is_looking() noexcept {
    auto const slot = own_offset >> slot_shift;
    return (slot != 0 && looking_slots[slot].depth != 0) || counted_here.on[0] + counted_here.on[1] != 0;
}

// To be called after unlinking something: the epoch in which it was unlinked. Release: see `looking`.
inline std::uint64_t end_epoch() noexcept {
    return epochs.now.fetch_add(1, std::memory_order_acq_rel);
}

// All counted threads that began to look in an epoch before this one have ended. Whoever began before an epoch, on
// whichever side, has ended once the side that runs dry was seen empty (it holds those who read `side` before it last
// changed), new ones were sent there, and then the other side was seen empty too; or both at once. The looks of the
// thread that asks don't hold up: where nobody else is counted, it knows when they began. Else a thread without a slot,
// which removes while it looks, would get back twice as late what it removed.
inline std::uint64_t counted_out_before(std::uint64_t now) noexcept {
    auto& e = epochs;
    std::lock_guard const lock{e.mutex};
    auto const present = e.side.load(std::memory_order_relaxed);
    if (e.counted[1 - present].since.load(std::memory_order_acquire) == 0) {
        e.counted_out = e.began_before;
        e.began_before = now;
        if (e.counted[present].since.load(std::memory_order_acquire) == 0) e.counted_out = now;
        e.side.store(1 - present, std::memory_order_relaxed);
    }
    auto const& own = counted_here;
    for (unsigned side = 0; side < 2; ++side)
        if (e.counted[side].since.load(std::memory_order_acquire) != own.on[side]) return e.counted_out;
    auto const own_since = own.on[0] + own.on[1] == 0 ? now : own.since;
    return (std::max)(e.counted_out, (std::min)(now, own_since));
}

// What was unlinked in the epoch that this returns, or before, is seen by nobody any more. 0 if that can't be told.
inline std::uint64_t finished_epoch() noexcept {
    auto const now =
        epochs.now.load(std::memory_order_acquire);  // before the fence: so is all that was unlinked by then
    if (!fence_of_remover()) return 0;
    // Acquire throughout: what lookers read happened before what is now done with its memory.
    auto oldest = (std::min)(now, counted_out_before(now));
    auto const end = slots_in_use();
    for (std::size_t slot = 1; slot < end; ++slot)
        if (auto const since = looking_slots[slot].since.load(std::memory_order_acquire); since != 0)
            oldest = (std::min)(oldest, since);
    return oldest - 1;
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/series/identity.hpp
#ifndef TACHO_PART_SERIES_IDENTITY
#define TACHO_PART_SERIES_IDENTITY

// tacho: the label values that decide which series is meant.

namespace tacho::inline TACHO_ABI::detail {

// Calls f with what stands for these values: identity is decided on valid UTF-8 of bounded length, so that two
// spellings of one broken value are one series.
template <class F>
std::invoke_result_t<F&, std::span<std::string_view const>> with_identity(std::span<std::string_view const> values,
                                                                          F&& f) noexcept {
    bool clean = true;
    for (auto const& value : values) clean &= value.size() <= max_label_value && is_valid_utf8(value);
    if (clean) return f(values);

    std::array<char, max_labels * max_label_value> room;  // on the stack: a look-up that hits allocates nothing
    std::array<std::string_view, max_labels> mended;
    char* at = room.data();
    for (std::size_t i = 0; i < values.size(); ++i) {
        // What is beyond the limit is not even looked at; a code point that it would cut is left out.
        auto const size = copy_as_utf8(values[i].substr(0, max_label_value + 3), at, max_label_value);
        mended[i] = {at, size};
        at += size;
    }
    return f(std::span<std::string_view const>{mended.data(), values.size()});
}

#if TACHO_BODIES

// The values by which a series is found, which is not the overflow series.
class label_values_of {
public:
    label_values_of(series const& s, label_schema const& schema) noexcept : count_(schema.keys.size()) {
        for (std::size_t i = 0; i < count_; ++i) values_[i] = s.value(i);
    }
    [[nodiscard]] std::span<std::string_view const> view() const noexcept { return {values_.data(), count_}; }

private:
    std::array<std::string_view, max_labels> values_;
    std::size_t count_;
};

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/series/series_list.hpp
#ifndef TACHO_PART_SERIES_SERIES_LIST
#define TACHO_PART_SERIES_SERIES_LIST

// tacho: all series of a family, in places that another may take over.

namespace tacho::inline TACHO_ABI::detail {

// Blocks of places, each twice as large as the one before, which never move: read without a lock while one writer at a
// time adds and removes.
class series_list {
public:
    series_list() = default;
    series_list(series_list const&) = delete;
    series_list& operator=(series_list const&) = delete;
    ~series_list();

    // Calls f(series&) for each, in order of their places. Series added or removed meanwhile may be missed.
    template <class F>
    void for_each(F&& f) const {
        auto const size = size_.load(std::memory_order_acquire);
        for (std::size_t i = 0; i < size;) {
            auto const [block, at] = place_of(i);
            auto const* const places = blocks_[block].load(std::memory_order_relaxed);
            for (std::size_t k = at; k < block_size(block) && i < size; ++k, ++i)
                // Acquire: the series was written before it was put there.
                if (series* const s = places[k].load(std::memory_order_acquire)) f(*s);
        }
    }

    // Places that are read together because that is faster.
    static constexpr std::size_t strip = 8;

    // The same a strip at a time, of those for which listed(series&): f(std::span<series* const>, word* cells). `cells`
    // is nullptr unless all places of the strip have a series that is listed and their cells are neighbours, which is
    // how they are given out: then it is the first one's, and neither is looked at one by one, if all_listed().
    template <class Listed, class All, class F>
    void for_each_strip(Listed&& listed, All&& all_listed, F&& f) const {
        auto const size = size_.load(std::memory_order_acquire);
        for (std::size_t i = 0, block = 0; i < size; i += block_size(block++)) {
            auto const* const places = blocks_[block].load(std::memory_order_relaxed);
            auto const* const heads = heads_of(places, block);
            auto const end = (std::min)(block_size(block), size - i);
            for (std::size_t k = 0; k < end; k += strip) {
                series* found[strip];
                std::size_t count = 0;
                // The next strip's texts, to be there by then: many series take a fifth more time without.
                if (k + 2 * strip <= end) prefetch(places + k + strip, all_of_strip{});
                // Acquire: the series were there before they were joined.
                word* cells = heads[k / strip].load(std::memory_order_acquire);
                if (cells != nullptr && !all_listed()) [[unlikely]]
                    cells = nullptr;
                if (cells != nullptr) [[likely]] {
                    gather(places + k, found, all_of_strip{});
                    count = strip;
                } else {
                    for (std::size_t at = k; at < k + strip && at < end; ++at)
                        if (series* const s = places[at].load(std::memory_order_acquire); s != nullptr && listed(*s))
                            found[count++] = s;
                }
                if (count != 0) f(std::span<series* const>{found, count}, cells);
            }
        }
    }

    // Whether there is room at the end for one more; false without memory.
    [[nodiscard]] bool make_room() noexcept;
    // The next place; after make_room().
    [[nodiscard]] std::uint32_t next() const noexcept {
        return static_cast<std::uint32_t>(size_.load(std::memory_order_relaxed));
    }
    void put(std::uint32_t place, series* s) noexcept;

    // No text of any series that is, or ever was, in the list is longer. Relaxed: put() gives it before the series.
    [[nodiscard]] std::size_t longest_text() const noexcept { return longest_text_.load(std::memory_order_relaxed); }

    // Series of one cell only: after put(), notes if the strip of this place is whole and its cells are neighbours.
    void join(std::uint32_t place) noexcept;
    // One of its strip has been removed. Also by threads that neither add nor remove others.
    void part(std::uint32_t place) const noexcept;

private:
    static constexpr std::size_t first_block = 8;
    static constexpr std::size_t block_size(std::size_t block) noexcept { return first_block << block; }
    static_assert(first_block % strip == 0);
    using all_of_strip = std::make_index_sequence<strip>;  // one by one, without a loop: a third of its instructions
    template <std::size_t... At>
    static void gather(std::atomic<series*> const* from, series** to, std::index_sequence<At...>) noexcept {
        ((to[At] = from[At].load(std::memory_order_relaxed)), ...);
    }
    template <std::size_t... At>
    static void prefetch(std::atomic<series*> const* from, std::index_sequence<At...>) noexcept {
        // As numbers: nothing may be added to a pointer to no series.
        auto const fetch = [](series* s) {
            auto const at = reinterpret_cast<std::uintptr_t>(s);
            __builtin_prefetch(reinterpret_cast<void const*>(at));       // NOLINT(performance-no-int-to-ptr)
            __builtin_prefetch(reinterpret_cast<void const*>(at + 64));  // NOLINT(performance-no-int-to-ptr)
        };
        (fetch(from[At].load(std::memory_order_relaxed)), ...);
    }

    // Behind the places of a block: for each strip its first cell if it is whole, else nullptr.
    static std::atomic<word*>* heads_of(std::atomic<series*> const* places, std::size_t block) noexcept {
        static_assert(sizeof(std::atomic<word*>) == sizeof(std::atomic<series*>));
        return reinterpret_cast<std::atomic<word*>*>(const_cast<std::atomic<series*>*>(places) + block_size(block));
    }
    static std::pair<std::size_t, std::size_t> place_of(std::size_t i) noexcept {
        auto const block = static_cast<std::size_t>(std::bit_width(i / first_block + 1)) - 1;
        return {block, i - first_block * ((std::size_t{1} << block) - 1)};
    }

    std::atomic<std::size_t> size_{0}, longest_text_{0};
    std::array<std::atomic<std::atomic<series*>*>, 28> blocks_{};
};

#if TACHO_BODIES

TACHO_FUNCTION series_list::~series_list() {
    for (auto& block : blocks_) std::free(block.load(std::memory_order_relaxed));
}

TACHO_FUNCTION bool series_list::make_room() noexcept {
    auto const [block, at] = place_of(size_.load(std::memory_order_relaxed));
    if (block >= blocks_.size()) return false;
    if (blocks_[block].load(std::memory_order_relaxed) != nullptr) return true;
    void* const made = std::calloc(block_size(block) + block_size(block) / strip,
                                   sizeof(std::atomic<series*>));  // zeroed: nobody's places, and no heads
    blocks_[block].store(static_cast<std::atomic<series*>*>(made),
                         std::memory_order_relaxed);  // published by size_
    return made != nullptr;
}

TACHO_FUNCTION void series_list::put(std::uint32_t place, series* s) noexcept {
    auto const [block, at] = place_of(place);
    if (s != nullptr) longest_text_.store((std::max)(longest_text(), s->text().size()), std::memory_order_relaxed);
    blocks_[block].load(std::memory_order_relaxed)[at].store(s, std::memory_order_release);
    if (place == size_.load(std::memory_order_relaxed)) size_.store(place + std::size_t{1}, std::memory_order_release);
}

TACHO_FUNCTION void series_list::join(std::uint32_t place) noexcept {
    auto const [block, at] = place_of(place);
    auto const* const places = blocks_[block].load(std::memory_order_relaxed);
    auto const* const of_strip = places + at / strip * strip;
    auto const is_whole = [&] {
        series const* const first = of_strip[0].load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < strip; ++i) {
            series const* const s = of_strip[i].load(std::memory_order_relaxed);
            if (s == nullptr || s->life().is_removed(std::memory_order_seq_cst) || s->cells() != first->cells() + i)
                return false;
        }
        return true;
    };
    if (!is_whole()) return;
    auto& head = heads_of(places, block)[at / strip];
    // In one order with the removal of an idle one, which is under no mutex, and its part(): either it is seen to be
    // removed below, or it is parted after this.
    head.store(of_strip[0].load(std::memory_order_relaxed)->cells(), std::memory_order_seq_cst);
    if (!is_whole()) head.store(nullptr, std::memory_order_relaxed);
}

TACHO_FUNCTION void series_list::part(std::uint32_t place) const noexcept {
    auto const [block, at] = place_of(place);
    auto& head = heads_of(blocks_[block].load(std::memory_order_relaxed), block)[at / strip];
    head.store(nullptr, std::memory_order_seq_cst);  // see join()
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/series/idle_series.hpp
#ifndef TACHO_PART_SERIES_IDLE_SERIES
#define TACHO_PART_SERIES_IDLE_SERIES

// tacho: which series of a family are out of use for so long that they are removed.

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

#endif

// ---- tacho/core/attempt.hpp
#ifndef TACHO_PART_CORE_ATTEMPT
#define TACHO_PART_CORE_ATTEMPT

// tacho: keeps an exception, such as one for lack of memory, from leaving the library.

namespace tacho::inline TACHO_ABI::detail {

// Runs f; false when it threw. Without exceptions the standard library ends the program instead, and f always returns.
template <class F>
bool attempt(F&& f) noexcept {
#if defined(__cpp_exceptions)
    try {
        f();
    } catch (...) {
        return false;
    }
#else
    f();
#endif
    return true;
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/series/removed_series.hpp
#ifndef TACHO_PART_SERIES_REMOVED_SERIES
#define TACHO_PART_SERIES_REMOVED_SERIES

// tacho: series that were removed, until nobody can need their memory any more.

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

#endif

// ---- tacho/series/series_caches.hpp
#ifndef TACHO_PART_SERIES_SERIES_CACHES
#define TACHO_PART_SERIES_SERIES_CACHES

// tacho: where instruments of few known label combinations find their series without looking them up.

namespace tacho::inline TACHO_ABI::detail {

// The cells of each combination, nullptr where they aren't known, and the series that they are of: apart, because a
// look-up that hits needs just the cells. They belong to the instrument.
struct series_cache {
    std::span<std::atomic<word*>> cells;
    std::span<std::atomic<series*>> from;

    void fill(std::size_t place, series& s) const noexcept {
        // Each a release, matched by an acquire: who found the cells of a series may find the one after it here.
        from[place].store(&s, std::memory_order_release);
        cells[place].store(s.cells(), std::memory_order_release);
    }
};

// Those of all instruments of one family. One thread at a time.
class series_caches {
public:
    // False without memory.
    [[nodiscard]] bool add(series_cache cache) noexcept;
    void drop(series_cache cache) noexcept;
    // It is found there no more by those who begin to look later.
    void forget(series const& gone) noexcept;

private:
    std::vector<series_cache> all_;
};

#if TACHO_BODIES

TACHO_FUNCTION bool series_caches::add(series_cache cache) noexcept {
    return attempt([&] { all_.push_back(cache); });
}

TACHO_FUNCTION void series_caches::drop(series_cache cache) noexcept {
    std::erase_if(all_, [&](auto const& c) { return c.cells.data() == cache.cells.data(); });
}

TACHO_FUNCTION void series_caches::forget(series const& gone) noexcept {
    for (auto const& cache : all_)
        for (std::size_t i = 0; i < cache.from.size(); ++i)
            if (cache.from[i].load(std::memory_order_relaxed) == &gone)
                cache.cells[i].store(nullptr, std::memory_order_relaxed);
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/series/series_index.hpp
#ifndef TACHO_PART_SERIES_SERIES_INDEX
#define TACHO_PART_SERIES_SERIES_INDEX

// tacho: from label values to a series: read without a lock, written under one.

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

#endif

// ---- tacho/series/series_table.hpp
#ifndef TACHO_PART_SERIES_SERIES_TABLE
#define TACHO_PART_SERIES_SERIES_TABLE

// tacho: all series of one family: found by label values, limited in number, removed one by one or when they are idle.

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

#endif

// ---- tacho/series/series_table_changes.hpp
#ifndef TACHO_PART_SERIES_SERIES_TABLE_CHANGES
#define TACHO_PART_SERIES_SERIES_TABLE_CHANGES

// tacho: how the series of a table are made, removed and given back.

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

#endif

// ---- tacho/registry/family.hpp
#ifndef TACHO_PART_REGISTRY_FAMILY
#define TACHO_PART_REGISTRY_FAMILY

// tacho: an instrument's identity and all its series.

namespace tacho::inline TACHO_ABI {

class [[gnu::visibility("default")]] family;  // the program's, in a plug-in too

/// One instrument as the registry holds it, or several with the same identity. Shared by those instruments, by handles
/// and by whoever reads it, and gone with the last of them.
class family final : public detail::fork_witness {
public:
    using overflow_hook = void (*)(descriptor const&) noexcept;  ///< see registry_options::on_overflow

    /// Made by the registry. Allocates.
    family(std::uint64_t id, descriptor describe, label_schema schema, series_storage const& storage,
           overflow_hook on_overflow = nullptr);
    family(family const&) = delete;
    family& operator=(family const&) = delete;

    /// When it was registered.
    [[nodiscard]] unix_nanos birth() const noexcept { return birth_; }
    /// Never given to another family of the process.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] descriptor const& describe() const noexcept { return descriptor_; }      ///< never changes
    [[nodiscard]] label_schema const& schema() const noexcept { return table_.schema(); }  ///< never changes
    [[nodiscard]] series_table& table() noexcept { return table_; }                        ///< its series
    [[nodiscard]] series_table const& table() const noexcept { return table_; }            ///< the same
    [[nodiscard]] bool is_sharded() const noexcept { return table_.storage().sharded; }    ///< by thread

    /// Of a series that was shown: its text takes no more bytes.
    [[nodiscard]] std::size_t longest_text() const noexcept { return table_.longest_text(); }

    /// Of a histogram: the bucket that counts this value. Not for NaN.
    [[nodiscard]] std::size_t bucket_of(double value) const noexcept { return buckets_.find(value); }

    /// `le="0.5"} ` of each bucket, in text and in OpenMetrics.
    [[nodiscard]] bound_label const& bucket_text(std::size_t i) const noexcept { return bucket_texts_[i].text; }
    /// The same as OpenMetrics has it.
    [[nodiscard]] bound_label const& bucket_openmetrics(std::size_t i) const noexcept {
        return bucket_texts_[i].openmetrics;
    }

    /// `job_state="idle"} ` of each state, in Prometheus' formats.
    [[nodiscard]] std::string_view state_text(std::size_t i) const noexcept { return state_texts_[i]; }

    // Each by the values that its instrument is given, also of labels that a view leaves out; see series_table. Whoever
    // finds a series is `looking`.
    /// See series_table::find_or_create(): of the labels that views leave.
    template <std::size_t Count>
    [[nodiscard]] series* find_or_create(std::span<std::string_view const, Count> values) noexcept {
        return schema().with_kept(values, [this](auto kept) { return table_.find_or_create(kept); });
    }
    /// See series_table::hold().
    [[nodiscard]] series* hold(std::span<std::string_view const> values) noexcept {
        return schema().with_kept(values, [this](auto kept) { return table_.hold(kept); });
    }
    /// See series_table::remove().
    bool remove(std::span<std::string_view const> values) noexcept {
        return schema().with_kept(values, [this](auto kept) { return table_.remove(kept); });
    }

    /// No instrument has it any more.
    void end() noexcept { end_.store(table_.storage().now(), std::memory_order_relaxed); }
    /// When a series was removed, or its family ended; 0 for what lives. An info and what is observed are only shown as
    /// of a moment at which they lived.
    [[nodiscard]] unix_nanos end_of(series const& s) const noexcept {
        auto const own = descriptor_.observable || descriptor_.kind == instrument_kind::info ? 0 : s.end();
        return own != 0 ? own : end_.load(std::memory_order_relaxed);
    }

    /// Whether each series counts since its birth, and ends when it is removed, if it is.
    [[nodiscard]] bool has_times_of_series() const noexcept {
        return !descriptor_.observable && descriptor_.kind != instrument_kind::info &&
               end_.load(std::memory_order_relaxed) == 0;
    }
    /// Since when a series of numbers counts.
    [[nodiscard]] unix_nanos start_of(series const& s) const noexcept {
        return descriptor_.observable ? detail::observed_start(s.cells()) : s.birth();
    }

    /// A round of callbacks begins, or has begun, to observe it. By the thread of the round only, as observed_rounds().
    void begin_round(std::uint64_t round) noexcept;
    [[nodiscard]] detail::observed_rounds& observed_rounds() noexcept { return rounds_; }  ///< see there

    /// Calls v.number(family, series, number), v.histogram(family, series, histogram_value), v.states(family, series,
    /// states_value) or v.exponential_histogram(family, series, exponential_value) for each series that is shown, and
    /// for those that were removed after the stamp `since` of the reader clock; if they are observable, only for those
    /// that `round` or a later round of callbacks observed. A visitor that lacks one of the latter two isn't shown such
    /// series; for the last, v.left_out(family) is called in its place if there is that. A
    /// visitor may take several numbers at a time, by v.numbers(family, std::span<series* const>, number_kind,
    /// std::uint64_t const* bits). One with v.exemplars(exemplar_view) is given those of a series before its value,
    /// where its instrument keeps any. Lock-free; allocates nothing.
    template <class Visitor>
    void visit(Visitor& v, std::uint64_t round, std::uint64_t since = series_table::present) const {
        detail::looking const look;
        switch (descriptor_.kind) {
            case instrument_kind::histogram: return visit_histograms(v, since);
            case instrument_kind::info: return visit_info(v);
            case instrument_kind::state_set: return visit_states(v, since);
            case instrument_kind::exponential_histogram: return visit_exponential(v, since);
            case instrument_kind::counter:
            case instrument_kind::up_down_counter:
            case instrument_kind::gauge: break;
        }
        auto const end = detail::end_of_slots(is_sharded());
        table_.for_each_strip(
            [&](series const& s) { return !descriptor_.observable || detail::was_observed(s.cells(), round); },
            [&](std::span<series* const> strip, detail::word* cells) { show(v, strip, cells, end); }, since);
    }

    /// Counts a measurement that no format can carry, and reports the first: what a histogram, a counter or an up-down
    /// counter was given. Cold.
    void drop_measurement(std::string_view what) noexcept;

    /// Reports that the overflow series is in use, the first time.
    void say_overflow() noexcept;

    /// Reports that a text format has no place for an exponential histogram, the first time.
    void say_left_out() const noexcept;

    /// Measurements, since it was made.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
    /// Readings, since it was made.
    [[nodiscard]] std::uint64_t torn() const noexcept { return torn_.load(std::memory_order_relaxed); }

    // What is added up over processes begins at zero in a child, what tells a state is what it was.
    /// Hears of forks.
    TACHO_FUNCTION void on_fork(detail::fork_event what) noexcept override;

private:
    struct bucket_label {
        bound_label text, openmetrics;
    };

    template <class Visitor>
    void visit_histograms(Visitor& v, std::uint64_t since) const {
        std::uint64_t buckets[max_bounds + 1];
        std::span<std::uint64_t> const used{buckets, descriptor_.bounds.size() + 1};
        table_.for_each(
            [&](series const& s) {
                auto const read = detail::read_histogram(s.cells(), is_sharded(), used);
                if (read.torn_slots != 0) torn_.fetch_add(1, std::memory_order_relaxed);
                show_exemplars(v, s);
                v.histogram(*this, s, histogram_value{used, read.count, read.sum});
            },
            since);
    }

    // The series with the highest turn, so that no reader sees two. It is there both times: a removed one stays listed
    // while those look who began before, and its place is taken by one that got its turn before that.
    template <class Visitor>
    void visit_info(Visitor& v) const {
        std::uint64_t latest = 1;  // 0 is the turn of a series that was never shown
        auto const turn_of = [](series const& s) { return s.cells()->load(std::memory_order_relaxed); };
        table_.for_each([&](series const& s) { latest = (std::max)(latest, turn_of(s)); }, series_table::gone_too);
        bool shown = false;
        table_.for_each(
            [&](series const& s) {
                // Not only the very turn: another may have been taken since.
                if (shown || turn_of(s) < latest) return;
                shown = true;
                v.number(*this, s, number{number_kind::unsigned_integer, 1});
            },
            series_table::gone_too);
    }

    template <class Visitor>
    void visit_states(Visitor& v, std::uint64_t since) const {
        if constexpr (requires(series const& s) { v.states(*this, s, states_value{0}); })
            table_.for_each(
                [&](series const& s) {
                    auto const bits = s.cells()->load(std::memory_order_relaxed);
                    if (bits != 0) v.states(*this, s, states_value{bits & ~(std::uint64_t{1} << max_states)});
                },
                since);
    }

    template <class Visitor>
    void visit_exponential(Visitor& v, std::uint64_t since) const {
        if constexpr (requires(series const& s, exponential_value const& x) { v.exponential_histogram(*this, s, x); })
            table_.for_each(
                [&](series const& s) {
                    auto const read = detail::read_exponential(s.cells(), is_sharded(), descriptor_.shape.max_buckets);
                    if (read.torn_slots != 0) torn_.fetch_add(1, std::memory_order_relaxed);
                    v.exponential_histogram(*this, s, read.value());
                },
                since);
        else if constexpr (requires { v.left_out(*this); })
            v.left_out(*this);
    }

    // Numbers of neighbours are read together, because that is faster.
    template <class Number>
    static void read(std::span<series* const> strip, detail::word* cells, std::size_t end,
                     std::uint64_t* bits) noexcept {
        if (cells != nullptr) [[likely]]
            return detail::read_cells<Number, detail::series_list::strip>(cells, end, bits);
        for (auto* const s : strip) detail::read_cells<Number, 1>(s->cells(), end, bits++);
    }

    template <class Visitor>
    void show(Visitor& v, std::span<series* const> run, detail::word* cells, std::size_t end) const {
        auto const kind = descriptor_.number;
        std::uint64_t bits[detail::series_list::strip];
        kind == number_kind::floating ? read<double>(run, cells, end, bits)
                                      : read<std::uint64_t>(run, cells, end, bits);
        if constexpr (requires { v.numbers(*this, run, kind, bits); })
            if (!detail::shows_exemplars<Visitor> || !descriptor_.exemplars) return v.numbers(*this, run, kind, bits);
        if constexpr (requires { v.number(*this, *run[0], number{kind, bits[0]}); })
            for (std::size_t i = 0; i < run.size(); ++i) {
                show_exemplars(v, *run[i]);
                v.number(*this, *run[i], number{kind, bits[i]});
            }
    }

    template <class Visitor>
    void show_exemplars(Visitor& v, series const& s) const {
        if constexpr (detail::shows_exemplars<Visitor>)
            if (descriptor_.exemplars) v.exemplars(exemplar_view{s, table_.storage().exemplars});
    }

    void add_bucket_text(double bound);

    void add_state_text(std::string_view state);

    std::uint64_t id_;
    unix_nanos birth_;
    std::atomic<unix_nanos> end_{0};
    descriptor descriptor_;
    detail::bucket_table buckets_{descriptor_.bounds};
    series_table table_;
    overflow_hook on_overflow_;
    detail::observed_rounds rounds_;
    std::vector<bucket_label> bucket_texts_;
    std::vector<std::string> state_texts_;
    std::atomic<std::uint64_t> dropped_{0};
    mutable std::atomic<std::uint64_t> torn_{0};
    std::atomic<bool> overflow_said_{false};
    mutable std::atomic<bool> left_out_said_{false};
    detail::fork_watch watch_{*this};
};

#if TACHO_BODIES

TACHO_FUNCTION family::family(std::uint64_t id, descriptor describe, label_schema schema, series_storage const& storage,
                              overflow_hook on_overflow)
    : id_(id),
      birth_(storage.now()),
      descriptor_(std::move(describe)),
      table_(std::move(schema), storage),
      on_overflow_(on_overflow) {
    for (double const bound : descriptor_.bounds) add_bucket_text(bound);
    if (descriptor_.is_histogram()) add_bucket_text(std::numeric_limits<double>::infinity());
    for (auto const& state : descriptor_.states) add_state_text(state);
}

TACHO_FUNCTION void family::begin_round(std::uint64_t round) noexcept {
    if (rounds_.begin(round)) table_.remove_unobserved(rounds_.complete());
}

TACHO_FUNCTION void family::drop_measurement(std::string_view what) noexcept {
    if (dropped_.fetch_add(1, std::memory_order_relaxed) == 0)
        detail::report_joined(severity::warning,
                              {"the ", to_string(descriptor_.kind), " \"", descriptor_.name, "\" was given ", what,
                               ", which it drops and counts; check where the value comes from (said once)"});
}

TACHO_FUNCTION void family::say_overflow() noexcept {
    if (overflow_said_.exchange(true, std::memory_order_relaxed)) return;
    if (on_overflow_ != nullptr) on_overflow_(descriptor_);
    detail::report_joined(
        severity::warning,
        {"the ", to_string(descriptor_.kind), " \"", descriptor_.name,
         "\" counts further label values together under otel.metric.overflow=true: its limit of series is "
         "reached, or a value is not among those listed for its label (in label_values() or one_of). Use fewer "
         "label values, a higher tacho::series_limit, or list the value (said once)"});
}

TACHO_FUNCTION void family::say_left_out() const noexcept {
    if (left_out_said_.exchange(true, std::memory_order_relaxed)) return;
    detail::report_joined(
        severity::warning,
        {"the exponential histogram \"", descriptor_.name,
         "\" is left out of scrapes: no text format can carry it. It is in what is pushed by OTLP; use a "
         "tacho::histogram to see it in both (said once)"});
}

TACHO_FUNCTION void family::on_fork(detail::fork_event what) noexcept {
    if (what == detail::fork_event::in_child) table_.repair_exemplars();
    if (what != detail::fork_event::start_anew) return;
    bool const is_state = descriptor_.kind == instrument_kind::gauge || descriptor_.kind == instrument_kind::info ||
                          descriptor_.kind == instrument_kind::state_set;
    birth_ = table_.storage().now();
    table_.start_anew(descriptor_.observable || !is_state);
    rounds_ = {};
    dropped_.store(0, std::memory_order_relaxed);
    torn_.store(0, std::memory_order_relaxed);
}

TACHO_FUNCTION void family::add_bucket_text(double bound) {
    bucket_texts_.push_back(
        {bound_label{bound, detail::write_canonical}, bound_label{bound, detail::write_openmetrics_bound}});
}

TACHO_FUNCTION void family::add_state_text(std::string_view state) {
    std::string escaped(detail::escaped_size(state), ' ');
    detail::write_escaped(state, escaped.data());
    auto const& name = descriptor_.prometheus_name;
    auto const quote = detail::is_plain_name(name) ? "" : "\"";
    state_texts_.push_back(quote + name + quote + "=\"" + escaped + "\"} ");
}

#endif

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/exemplar_keeping.hpp
#ifndef TACHO_PART_INSTRUMENT_EXEMPLAR_KEEPING
#define TACHO_PART_INSTRUMENT_EXEMPLAR_KEEPING

// tacho: which measurements of an instrument become exemplars.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk/#exemplarfilter

namespace tacho::inline TACHO_ABI {

/// An option of counters and histograms: `counter<"requests", label<"api">, exemplars>`. Each series keeps its
/// latest exemplar, a histogram one for each bucket: 176 bytes each, beside the cells. A measurement becomes one when
/// it is given labels, as by `inc(1, {{"order", id}})`, or when the registry's filter picks it, which by default is
/// when the trace-context hook says that it was made in a sampled span. Where several threads have one at the same time
/// for the same place, one of them is kept. Without hook it costs a few loads; neither locks nor allocates.
struct exemplars {};

namespace detail {

// Not inlined: most measurements become none.
void keep_exemplar(family const& of, series const& at, std::size_t place, std::uint64_t bits, exemplar_filter filter,
                   std::span<exemplar_label const> labels) noexcept;
#if TACHO_BODIES
[[gnu::noinline]] TACHO_FUNCTION void keep_exemplar(family const& of, series const& at, std::size_t place,
                                                    std::uint64_t bits, exemplar_filter filter,
                                                    std::span<exemplar_label const> labels) noexcept {
    exemplar e;
    // Acquire: as in set_trace_context_hook().
    auto const hook = installed_trace_hook.load(std::memory_order_acquire);
    if (hook != nullptr) e.trace = hook();
    bool const is_kept = (e.trace.sampled || filter == exemplar_filter::always_on) && e.trace.is_valid();
    if (!is_kept && labels.empty() && filter == exemplar_filter::trace_based) return;
    if (!is_kept) e.trace = {};  // a link to a trace that nobody will find
    e.bits = bits;
    e.time = of.table().storage().now();
    e.labels.put(labels, is_kept);
    at.exemplar_at(place).write(e);
}
#endif

// `to` is what a look-up found or a handle holds. After the measurement itself has been recorded, so that no exemplar
// is shown of what isn't counted yet.
template <bool Exemplars, class Place, class Number>
void consider_exemplar([[maybe_unused]] Place const& to, [[maybe_unused]] std::size_t place,
                       [[maybe_unused]] Number value,
                       [[maybe_unused]] std::span<exemplar_label const> labels = {}) noexcept {
    if constexpr (Exemplars) {
        family const* const of = to.of.get();
        series const* const at = to.at();
        if (of == nullptr || at == nullptr) return;
        // Relaxed: a filter that changes just now may come too late for this one.
        auto const filter = of->table().storage().filter->load(std::memory_order_relaxed);
        if (filter == exemplar_filter::always_off) return;
        if (filter == exemplar_filter::trace_based && labels.empty() &&
            installed_trace_hook.load(std::memory_order_relaxed) == nullptr)
            return;
        keep_exemplar(*of, *at, place, std::bit_cast<std::uint64_t>(value), filter, labels);
    }
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/refused.hpp
#ifndef TACHO_PART_INSTRUMENT_REFUSED
#define TACHO_PART_INSTRUMENT_REFUSED

// tacho: what compilers name where something doesn't compile: sentences that say what is wrong, and what to write.

namespace tacho::inline TACHO_ABI::detail {

// Returned by functions that nobody can call, because these types are never defined: compilers name the type in the
// error at the caller's line, which they don't with what is said of a deleted function. A requires-expression finds in
// both cases that there is no such call; decltype and std::is_invocable, which ask for no complete type, find one here.
struct it_has_labels_so_look_up_a_series_first;           // name("a").inc(), with a value for each label
struct it_counts_numbers_so_give_it_one;                  // 5
struct it_counts_whole_numbers_so_add_the_option_double;  // counter<"name", double>
struct its_values_are_whole_numbers_so_round_them_or_leave_out_its_option;  // gauge<"name">, which has doubles
struct it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place;          // auto const kept = name.bind("a");
struct it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options;         // counter<"name", tacho::exemplars>
struct its_unit_is_none_of_time_so_give_it_tacho_unit_seconds;              // histogram<"name", tacho::unit::seconds>
struct observe_takes_a_number_then_one_value_for_each_label_in_order;  // of its number's type and its labels' types
struct observe_takes_an_observable_then_a_number_then_its_label_values_in_order;

struct a_label_value_is_missing_so_give_one_for_each_label;
struct there_are_more_label_values_than_labels_so_give_one_for_each_label;
template <std::size_t Place, class Label, class Value>
struct label_at_place_takes_a_value_of_its_own_type_and_none_of_this;  // from 1 on

// Whether these arguments are values of these labels, one for one.
template <class Labels, class... Args>
inline constexpr bool are_values_of = false;
template <class... Labels, class... Args>
    requires(sizeof...(Labels) == sizeof...(Args))
inline constexpr bool are_values_of<std::tuple<Labels...>, Args...> = (takes<Labels, Args> && ...);

// What a counter says of an amount that it doesn't take.
template <class Amount>
using amount_refused =
    std::conditional_t<std::is_floating_point_v<Amount>, it_counts_whole_numbers_so_add_the_option_double,
                       it_counts_numbers_so_give_it_one>;

// What those of whole numbers say of a fraction, which would lose what is behind its point.
template <class Amount, class Number>
using fraction_counted = std::enable_if_t<std::is_floating_point_v<Amount> && std::is_integral_v<Number>,
                                          it_counts_whole_numbers_so_add_the_option_double>;
template <class Amount, class Number>
using fraction_set = std::enable_if_t<std::is_floating_point_v<Amount> && std::is_integral_v<Number>,
                                      its_values_are_whole_numbers_so_round_them_or_leave_out_its_option>;

// The first label and value that don't fit.
template <std::size_t Place, class Labels, class Values>
struct first_misfit;
template <std::size_t Place, class Label, class... Labels, class Value, class... Values>
struct first_misfit<Place, std::tuple<Label, Labels...>, std::tuple<Value, Values...>>
    : std::conditional_t<
          takes<Label, Value>, first_misfit<Place + 1, std::tuple<Labels...>, std::tuple<Values...>>,
          std::type_identity<label_at_place_takes_a_value_of_its_own_type_and_none_of_this<Place, Label, Value>>> {};

// Compilers ask for it also where they fit: what is returned comes before what is required.
template <class Labels, class... Args>
struct values_refused : std::type_identity<void> {};
template <class... Labels, class... Args>
    requires(sizeof...(Args) < sizeof...(Labels))
struct values_refused<std::tuple<Labels...>, Args...>
    : std::type_identity<a_label_value_is_missing_so_give_one_for_each_label> {};
template <class... Labels, class... Args>
    requires(sizeof...(Args) > sizeof...(Labels))
struct values_refused<std::tuple<Labels...>, Args...>
    : std::type_identity<there_are_more_label_values_than_labels_so_give_one_for_each_label> {};
template <class... Labels, class... Args>
    requires(sizeof...(Args) == sizeof...(Labels) && !are_values_of<std::tuple<Labels...>, Args...>)
struct values_refused<std::tuple<Labels...>, Args...> : first_misfit<1, std::tuple<Labels...>, std::tuple<Args...>> {};

// What a call with label values that don't fit gives: it says why, and the compiler shows labels and values beside it.
template <class Labels, class... Args>
using label_values_that_do_not_fit = typename values_refused<Labels, Args...>::type;

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/cell/cell_policy.hpp
#ifndef TACHO_PART_CELL_CELL_POLICY
#define TACHO_PART_CELL_CELL_POLICY

// tacho: what a way of counting has to be, so that counters can take one of the program's own.

namespace tacho::inline TACHO_ABI {

/// How counters and up-down counters write their numbers: cells::sharded, cells::shared, or a class of one's own with
/// `static constexpr bool is_sharded = false` and a function add(), which adds to an atomic word that holds an integer
/// or the bits of a double. It is called by whatever threads record, so it says itself which of them may do so at the
/// same time; must not throw, and should neither lock nor allocate. Readers load the word, relaxed. Instruments of one
/// identity share their cells: give all of them the same policy.
template <class T>
concept cell_policy = std::same_as<T, cells::sharded> || std::same_as<T, cells::shared> ||
    requires(std::atomic<std::uint64_t>* cell) {
    requires !T::is_sharded;
    { T::add(cell, std::uint64_t{1}) }
    noexcept;
    { T::add(cell, std::int64_t{-1}) }
    noexcept;
    { T::add(cell, 0.5) }
    noexcept;
};

static_assert(cell_policy<cells::sharded> && cell_policy<cells::shared>);

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/translation.hpp
#ifndef TACHO_PART_CORE_TRANSLATION
#define TACHO_PART_CORE_TRANSLATION

// tacho: how the names of OpenTelemetry become those of Prometheus: which strategy a registry has.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/prometheus/

namespace tacho::inline TACHO_ABI {

/// What becomes of a name before a client's escaping is applied to it, called as OpenTelemetry's configuration calls
/// it. Of the counter `foo.bar` in bytes: `foo_bar_bytes_total`, `foo_bar`, `foo.bar_bytes_total` and `foo.bar`. The
/// latter two keep all names as they are, labels too; a client that can't read them gets them escaped. Without suffixes
/// OpenMetrics can't call a counter a counter, unless its name ends with `_total`.
enum class translation_strategy : unsigned char {
    underscore_escaping_with_suffixes,
    underscore_escaping_without_suffixes,
    no_utf8_escaping_with_suffixes,
    no_translation
};

/// Whether names keep characters that not every client can read.
[[nodiscard]] constexpr bool keeps_characters(translation_strategy how) noexcept {
    return how == translation_strategy::no_utf8_escaping_with_suffixes || how == translation_strategy::no_translation;
}

namespace detail {

// Takes off a word at the end that stands behind any character that is no letter or digit.
constexpr std::string_view without_last_word(std::string_view name, std::string_view last) noexcept {
    if (last.empty() || name.size() < last.size() + 2 || !name.ends_with(last)) return name;
    char const before = name[name.size() - last.size() - 1];
    return is_letter(before) || is_digit(before) ? name : name.substr(0, name.size() - last.size() - 1);
}

}  // namespace detail

/// The Prometheus name of an instrument by a strategy.
[[nodiscard]] constexpr prometheus_text prometheus_name(std::string_view name, std::string_view unit,
                                                        instrument_kind kind, translation_strategy how) noexcept {
    prometheus_text out;
    switch (how) {
        case translation_strategy::underscore_escaping_with_suffixes: break;
        case translation_strategy::underscore_escaping_without_suffixes: out.append(name); return out;
        case translation_strategy::no_translation: out.append_as_it_is(name); return out;
        case translation_strategy::no_utf8_escaping_with_suffixes: {
            auto const suffix = kind_suffix(kind);
            unit_text const word = unit_word(unit);
            name = detail::without_last_word(name, suffix.substr(suffix.empty() ? 0 : 1));
            out.append_as_it_is(detail::without_last_word(name, word.view()));
            if (!word.view().empty() && name != word.view()) {
                out.append_as_it_is("_");
                out.append_as_it_is(word.view());
            }
            out.append_as_it_is(suffix);
            return out;
        }
    }
    return prometheus_name(name, unit, kind);
}

/// The Prometheus name of a label by a strategy.
[[nodiscard]] constexpr prometheus_text prometheus_label_name(std::string_view name,
                                                              translation_strategy how) noexcept {
    prometheus_text out;
    keeps_characters(how) ? out.append_as_it_is(name) : out.append(name);
    return out;
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/series/held_series.hpp
#ifndef TACHO_PART_SERIES_HELD_SERIES
#define TACHO_PART_SERIES_HELD_SERIES

// tacho: keeps the memory of a series from being given to another.

namespace tacho::inline TACHO_ABI::detail {

// Counts as a holder while it lives. Its family has to live as long. Copying costs an atomic add.
class held_series {
public:
    held_series() = default;
    // Takes over one hold(); nullptr holds nothing.
    explicit held_series(series const* held) noexcept : held_(held) {}
    held_series(held_series const& other) noexcept : held_(other.held_) {
        if (held_ != nullptr) held_->hold();
    }
    held_series(held_series&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    held_series& operator=(held_series other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~held_series() {
        if (held_ != nullptr) held_->release();
    }

    [[nodiscard]] series const& operator*() const noexcept { return *held_; }
    [[nodiscard]] series const* get() const noexcept { return held_; }

private:
    series const* held_ = nullptr;
};

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/instrument/bound_series.hpp
#ifndef TACHO_PART_INSTRUMENT_BOUND_SERIES
#define TACHO_PART_INSTRUMENT_BOUND_SERIES

// tacho: what look-ups find and what handles hold: cells to record in, and what keeps them alive.

namespace tacho::inline TACHO_ABI::detail {

#if defined(TACHO_OFF)

// Nothing is recorded: no place is known or kept, so that handles are empty, and what is done with them is nothing.
// Its functions are not constexpr, or compilers would warn of null pointers where nobody goes.
struct no_family {
    [[nodiscard]] static family* get() noexcept { return nullptr; }
    [[nodiscard]] family* operator->() const noexcept { return get(); }
    friend bool operator==(no_family, std::nullptr_t) noexcept { return true; }
};

struct bound_series {
    bound_series() = default;
    template <class Family>
    bound_series(word*, Family const&, held_series const&) noexcept {}

    [[nodiscard]] static series const* at() noexcept { return nullptr; }

    static constexpr word* cells = nullptr;
    static constexpr no_family of{};
};

struct found_series {
    found_series() = default;
    template <class Family>
    found_series(word*, Family const&, series*) noexcept {}

    [[nodiscard]] static series* at() noexcept { return nullptr; }
    [[nodiscard]] static bound_series bind() noexcept { return {}; }

    static constexpr word* cells = nullptr;
    static constexpr no_family of{};
};

#else

// What a handle holds: while it lives, its cells are nobody else's.
struct bound_series {
    bound_series(word* where, std::shared_ptr<family> family_of, held_series kept) noexcept
        : cells(where), of(std::move(family_of)), held(std::move(kept)) {}
    // Moved from as well: a handle that was left without its hold could count in whose cells they are by then.
    bound_series(bound_series const&) noexcept = default;
    // By swapping: member by member, the family would go before its series is let go.
    bound_series& operator=(bound_series other) noexcept {
        std::swap(cells, other.cells);
        std::swap(of, other.of);
        std::swap(held, other.held);
        return *this;
    }
    // It was in use until now, which a sweep that finds nobody holding it has to know.
    ~bound_series() {
        if (held.get() != nullptr && of->table().storage().expire_after != 0) held.get()->life().touch();
    }

    [[nodiscard]] series const* at() const noexcept { return held.get(); }

    word* cells;
    std::shared_ptr<family> of;  // nullptr: what is recorded is discarded
    held_series held;            // last, so that it is let go before its family
};

// What a look-up found, for use while its thread is looking.
struct found_series {
    word* cells;
    std::shared_ptr<family> const& of;
    series* from;  // nullptr: what is recorded is discarded, or it stands in the cache
    std::atomic<series*> const* cache = nullptr;

    // Acquire: if the one whose cells were found is removed and made anew meanwhile, it is the new one, as it was made.
    [[nodiscard]] series* at() const noexcept {
        return cache == nullptr ? from : cache->load(std::memory_order_acquire);
    }

    [[nodiscard]] bound_series bind() const noexcept {
        series* const s = at();
        if (s == nullptr) return {cells, nullptr, {}};
        s->hold();
        return {cells, of, held_series{s}};
    }
};

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/core/deadline.hpp
#ifndef TACHO_PART_CORE_DEADLINE
#define TACHO_PART_CORE_DEADLINE

// tacho: a deadline that another thread may bring forward: one budget for connecting, sending and all retries.

namespace tacho::inline TACHO_ABI {

/// A point of the steady clock. Any thread may ask, and bring it forward, at any time.
class deadline {
public:
    using clock = std::chrono::steady_clock;  ///< steady: it is not set by anybody

    /// At this point of time. Implicit: where one is wanted that nobody brings forward, a point of time will do.
    deadline(clock::time_point at) noexcept : at_(at.time_since_epoch().count()) {}
    deadline(deadline const&) = delete;
    deadline& operator=(deadline const&) = delete;

    /// When it is, as far as anybody has said by now.
    [[nodiscard]] clock::time_point when() const noexcept {
        // Relaxed: the value says all there is to know; a reader who misses a change asks again soon.
        return clock::time_point{clock::duration{at_.load(std::memory_order_relaxed)}};
    }
    /// Whether it is time to give up.
    [[nodiscard]] bool passed() const noexcept { return clock::now() >= when(); }
    /// Never negative.
    [[nodiscard]] std::chrono::milliseconds remaining() const noexcept {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(when() - clock::now());
        return (std::max)(left, std::chrono::milliseconds{0});
    }
    /// Brings it forward; never puts it off.
    void no_later_than(clock::time_point at) noexcept {
        auto const wanted = at.time_since_epoch().count();
        auto seen = at_.load(std::memory_order_relaxed);
        while (wanted < seen && !at_.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) {
        }
    }

private:
    std::atomic<clock::rep> at_;
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/resource.hpp
#ifndef TACHO_PART_CORE_RESOURCE
#define TACHO_PART_CORE_RESOURCE

// tacho: what is known of the program that is measured, such as its service name.
// Rule: https://opentelemetry.io/docs/specs/otel/resource/sdk/

namespace tacho::inline TACHO_ABI {

/// One fact about the program: `service.name` = `shop`.
struct attribute {
    std::string key;    ///< such as `service.name`
    std::string value;  ///< any text

    friend bool operator==(attribute const&, attribute const&) = default;
};

/// All that is known of the program: sent with each push, shown as `target_info` in a scrape.
using resource = std::vector<attribute>;

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/registry/family_list.hpp
#ifndef TACHO_PART_REGISTRY_FAMILY_LIST
#define TACHO_PART_REGISTRY_FAMILY_LIST

// tacho: all families of a registry at one moment, in the orders in which they are shown.

namespace tacho::inline TACHO_ABI {

/// In which order families are visited: Prometheus keeps a name's lines together, OTLP a scope's metrics.
enum class order : unsigned char { by_name, by_scope };

struct [[gnu::visibility("default")]] family_list;  // the program's, in a plug-in too

/// Every family at one moment, held alive. Never changes: a registry that does makes another list.
struct family_list {
    std::vector<std::shared_ptr<family>> by_name;  ///< sorted by Prometheus name, then by scope
    std::vector<std::size_t> by_scope;             ///< places in `by_name`, sorted by scope, then by Prometheus name
};

namespace detail {

#if TACHO_BODIES

[[nodiscard]] inline bool is_before_by_name(family const& a, family const& b) noexcept {
    auto const key = [](descriptor const& d) { return std::tie(d.prometheus_name, d.scope.name, d.scope.version); };
    return key(a.describe()) < key(b.describe());
}
[[nodiscard]] inline bool is_before_by_scope(family const& a, family const& b) noexcept {
    auto const key = [](descriptor const& d) {
        return std::tie(d.scope.name, d.scope.version, d.prometheus_name, d.name);
    };
    return key(a.describe()) < key(b.describe());
}

// The list with one family more.
[[nodiscard]] inline std::shared_ptr<family_list const> with(family_list const& list, std::shared_ptr<family> added) {
    auto longer = std::make_shared<family_list>(list);
    auto const at = std::upper_bound(longer->by_name.begin(), longer->by_name.end(), added,
                                     [](auto const& a, auto const& b) { return is_before_by_name(*a, *b); });
    auto const place = static_cast<std::size_t>(at - longer->by_name.begin());
    longer->by_name.insert(at, std::move(added));
    for (auto& other : longer->by_scope) other += other >= place ? 1 : 0;
    auto const in_scope =
        std::upper_bound(longer->by_scope.begin(), longer->by_scope.end(), place,
                         [&](auto a, auto b) { return is_before_by_scope(*longer->by_name[a], *longer->by_name[b]); });
    longer->by_scope.insert(in_scope, place);
    return longer;
}

// The list with one family less.
[[nodiscard]] inline std::shared_ptr<family_list const> without(family_list const& list, family const& gone) {
    auto shorter = std::make_shared<family_list>(list);
    auto const at =
        std::find_if(shorter->by_name.begin(), shorter->by_name.end(), [&](auto const& f) { return f.get() == &gone; });
    if (at == shorter->by_name.end()) return shorter;
    auto const place = static_cast<std::size_t>(at - shorter->by_name.begin());
    shorter->by_name.erase(at);
    std::erase(shorter->by_scope, place);
    for (auto& other : shorter->by_scope) other -= other > place ? 1 : 0;
    return shorter;
}

#endif

template <class Visitor>
void visit_all(family_list const& list, Visitor& visitor, order in, std::uint64_t round,
               std::uint64_t since = series_table::present) {
    if (in == order::by_name)
        for (auto const& f : list.by_name) std::as_const(*f).visit(visitor, round, since);
    else
        for (auto const place : list.by_scope) std::as_const(*list.by_name[place]).visit(visitor, round, since);
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/core/text.hpp
#ifndef TACHO_PART_CORE_TEXT
#define TACHO_PART_CORE_TEXT

// tacho: small questions to a piece of text, without locale.

namespace tacho::inline TACHO_ABI::detail {

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n\f\v";
    auto const first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

[[nodiscard]] constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// A number of decimal digits alone, up to `most`. Not by std::from_chars(), whose table of letters would be a unique
// variable in plug-ins, and keep them in memory.
[[nodiscard]] constexpr std::optional<std::uint64_t> whole_number(std::string_view digits,
                                                                  std::uint64_t most) noexcept {
    std::uint64_t number = 0;
    for (char const c : digits) {
        auto const digit = static_cast<std::uint64_t>(c) - '0';
        if (c < '0' || c > '9' || digit > most || number > (most - digit) / 10) return {};
        number = number * 10 + digit;
    }
    if (digits.empty()) return {};
    return number;
}

// -1 for what is none.
[[nodiscard]] constexpr int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/registry/collisions.hpp
#ifndef TACHO_PART_REGISTRY_COLLISIONS
#define TACHO_PART_REGISTRY_COLLISIONS

// tacho: which families can't be shown side by side, found when the second one registers.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#suffixes

namespace tacho::inline TACHO_ABI::detail {

// Whether two of one name and scope can be one metric of OTLP, with points of both.
[[nodiscard]] inline bool is_same_metric(descriptor const& a, descriptor const& b) noexcept {
    return a.kind == b.kind && a.observable == b.observable && a.number == b.number && a.unit == b.unit &&
           a.description == b.description;
}

#if TACHO_BODIES

[[nodiscard]] inline bool has_same_labels(label_schema const& a, label_schema const& b) {
    return a.keys == b.keys && a.fixed == b.fixed && a.given == b.given && a.left_out == b.left_out;
}

// Whether two registrations mean the same instrument, which they then share.
[[nodiscard]] inline bool is_same_instrument(family const& a, descriptor const& b, label_schema const& schema,
                                             bool sharded) {
    descriptor const& d = a.describe();
    return d.scope == b.scope && d.name == b.name && d.kind == b.kind && d.observable == b.observable &&
           d.number == b.number && d.unit == b.unit && d.description == b.description && d.bounds == b.bounds &&
           d.states == b.states && d.shape == b.shape && d.exemplars == b.exemplars && a.is_sharded() == sharded &&
           has_same_labels(a.schema(), schema);
}

// Names that are the same as others only if they are so with underscores need not be looked at with allow-utf-8.
inline constexpr escaping lossy_escapings[] = {escaping::underscores, escaping::dots, escaping::values};

// All names under which a family or its samples appear in any of the formats, its own name being this one. OpenMetrics
// names a counter's family without `_total` and an info's without `_info`, and gives a histogram and a counter a
// `_created`. A counter without `_total` is no counter there.
[[nodiscard]] inline std::vector<std::string> names_of_samples(std::string const& name, instrument_kind kind) {
    auto const suffix = kind_suffix(kind);
    if (!name.ends_with(suffix)) return {name};
    auto const stem = name.substr(0, name.size() - suffix.size());
    switch (kind) {
        case instrument_kind::counter: return {name, stem, stem + "_created"};
        case instrument_kind::info: return {name, stem};
        case instrument_kind::histogram:
            return {name, name + "_bucket", name + "_sum", name + "_count", name + "_created"};
        case instrument_kind::up_down_counter:
        case instrument_kind::gauge:
        case instrument_kind::state_set:
        case instrument_kind::exponential_histogram: break;  // whose samples no text format shows
    }
    return {name};
}

// The same in every escaping, of which all but underscores are told apart by what stands behind them. Where names keep
// all their characters, one that is plain may be what an escaping makes of another.
[[nodiscard]] inline std::vector<std::string> names_in_use(std::string_view prometheus_name, instrument_kind kind,
                                                           bool in_every_escaping) {
    if (!in_every_escaping) return names_of_samples(std::string{prometheus_name}, kind);
    std::vector<std::string> all;
    for (auto const names : lossy_escapings)
        for (auto& name : names_of_samples(escaped_name(prometheus_name, names), kind)) {
            if (names != escaping::underscores) name.append("; escaping=").append(to_string(names));
            all.push_back(std::move(name));
        }
    return all;
}

// An instrument as messages call it.
[[nodiscard]] inline std::string named(descriptor const& d) {
    std::string text{d.observable ? "the observable " : "the "};
    text.append(to_string(d.kind)).append(" \"").append(d.name).append("\"");
    if (!d.scope.name.empty()) text.append(" of scope \"").append(d.scope.name).append("\"");
    return text;
}

// Why an instrument can't have the names it uses in any registry; empty when it can. The resource is shown as
// `target_info`, of which the family is called `target` in OpenMetrics.
[[nodiscard]] inline std::string why_reserved(descriptor const& added, std::span<std::string const> names) {
    auto const reserved = std::find_if(names.begin(), names.end(),
                                       [](std::string_view name) { return name == "target" || name == "target_info"; });
    if (reserved == names.end()) return {};
    return named(added) + " was not registered: the Prometheus name \"" + *reserved +
           "\" is the one under which the program's resource is shown. Rename it";
}

// In what two descriptions of one instrument differ; what is not in a descriptor is named when nothing else differs.
[[nodiscard]] inline std::string what_differs(descriptor const& a, descriptor const& b, bool labels = false) {
    std::string out;
    auto const say = [&](bool differs, std::string_view what) {
        if (differs) out.append(out.empty() ? "" : " and ").append(what);
    };
    say(a.kind != b.kind || a.observable != b.observable, "kind");
    say(a.number != b.number, "type of number");
    say(a.unit != b.unit, "unit");
    say(a.description != b.description, "description");
    say(a.bounds != b.bounds, "bounds");
    say(a.states != b.states, "states");
    say(!(a.shape == b.shape), "number of buckets or zero threshold");
    say(a.exemplars != b.exemplars, "whether it keeps exemplars");
    say(labels, "labels");
    say(out.empty(), "cells");
    return out;
}

// Whether a label that is the same for all series of a family tells them from all of the other one, which may lack it.
[[nodiscard]] inline bool are_told_apart(label_schema const& one, label_schema const& other) noexcept {
    auto const by = [](label_schema const& a, label_schema const& b) {
        return std::any_of(a.fixed.begin(), a.fixed.end(), [&](fixed_label const& label) {
            auto const has_its_name = [&](auto const& of_b) { return of_b.prometheus_name == label.prometheus_name; };
            if (std::any_of(b.keys.begin(), b.keys.end(), has_its_name)) return false;
            auto const twin = std::find_if(b.fixed.begin(), b.fixed.end(), has_its_name);
            return label.value != (twin == b.fixed.end() ? std::string_view{} : std::string_view{twin->value});
        });
    };
    return by(one, other) || by(other, one);
}

// Why an instrument's lines would have a label twice; empty when they would not. A typed instrument's own labels were
// compared while compiling, but neither with constant ones nor under another name.
[[nodiscard]] inline std::string why_labels_collide(descriptor const& added, label_schema const& schema) {
    if (added.kind == instrument_kind::state_set && !is_label_name(added.name))
        return named(added) +
               " was not registered: its name is also the label of its states, and is one of OpenTelemetry's own. "
               "Rename "
               "it, or change the view that renames it";
    for (auto const names : lossy_escapings) {
        std::vector<std::string> seen;
        if (added.kind == instrument_kind::histogram) seen.emplace_back("le");
        if (added.kind == instrument_kind::state_set) seen.push_back(escaped_name(added.prometheus_name, names));
        for (auto const& label : schema.fixed) seen.push_back(escaped_name(label.prometheus_name, names));
        for (auto const& label : schema.keys) seen.push_back(escaped_name(label.prometheus_name, names));
        std::sort(seen.begin(), seen.end());
        auto const twice = std::adjacent_find(seen.begin(), seen.end());
        if (twice != seen.end())
            return named(added) + " was not registered: its series would have two labels \"" + *twice +
                   "\". Of its own labels, the constant ones of its scope and registry, a histogram's le and a state "
                   "set's name, rename one";
        if (schema.plain) break;  // it is so in the others, too
    }
    return {};
}

// Why `added` can't stand beside `present`; empty when it can. Two may use one name for one kind of instrument when
// labels that are the same for all their series tell these apart: those of the scope, or constant ones.
[[nodiscard]] inline std::string why_they_collide(family const& of_present, descriptor const& added,
                                                  label_schema const& schema, std::string_view shared_name) {
    descriptor const& present = of_present.describe();
    bool const same_shape = present.prometheus_name == added.prometheus_name && present.kind == added.kind;
    bool const same_scope = present.scope == added.scope;
    bool const apart = same_shape && are_told_apart(of_present.schema(), schema);
    // In OTLP they are one metric if they have one name in one scope.
    bool const one_metric = same_scope && present.name == added.name;
    if (apart && (!one_metric || is_same_metric(present, added))) return {};

    std::string why = named(added) + " was not registered: its Prometheus name \"" + std::string{shared_name} +
                      "\" is in use by " + named(present);
    if (same_shape && !same_scope && !apart) return why + ". Rename one, or switch the registry's scope_labels on";
    if (one_metric)
        return why + ", which differs in " +
               what_differs(present, added, !apart && !has_same_labels(of_present.schema(), schema)) +
               ". Make both the same, or rename one";
    return why + ". Rename one of them";
}

// Of a list the family that has the name and the scope of another one and is not the same metric, which OTLP calls an
// error of semantics: both are exported. Names of instruments are the same whatever the case of their letters. nullptr
// when there is none.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk/#duplicate-instrument-registration
[[nodiscard]] inline std::shared_ptr<family> namesake(family_list const& list, descriptor const& added) noexcept {
    auto const first = std::find_if(list.by_name.begin(), list.by_name.end(), [&](auto const& f) {
        descriptor const& present = f->describe();
        return equals_ignoring_case(present.name, added.name) && present.scope == added.scope &&
               !(present.name == added.name && is_same_metric(present, added));
    });
    return first == list.by_name.end() ? nullptr : *first;
}
[[nodiscard]] inline std::string why_two_metrics(descriptor const& present, descriptor const& added) {
    return named(added) + " was registered beside " + named(present) + ", which differs in " +
           (present.name == added.name ? what_differs(present, added) : "the case of letters") +
           ": OTLP has two metrics of one name in one scope then, which receivers may mix up. Make both the same, or "
           "rename one";
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/registry/observed_values.hpp
#ifndef TACHO_PART_REGISTRY_OBSERVED_VALUES
#define TACHO_PART_REGISTRY_OBSERVED_VALUES

// tacho: what callbacks observe in one round, until it is shown.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk/#asynchronous-instrument-cardinality-limits

namespace tacho::inline TACHO_ABI::detail {

// What one call of a callback observes. It is shown when the callback has ended well and in time, and otherwise never.
// Totals that a series gets from several places are shown when the round ends, as a whole: one of which only a part is
// new would seem to have fallen.
class observed_values {
public:
    // Of several values of a series the last one stands. Those that share it because they are beyond the limit of
    // series, or because a view leaves out what tells them apart, are added up where that has a meaning.
    void add(family& of, held_series in, number value) noexcept;

    void clear() noexcept { list_.clear(); }  // keeps its memory for the next call
    [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }

    // Shows all of it but what is added up. `before` is when the round before this one began: what is seen first counts
    // since then, or since its instrument was registered (CONFORMANCE 134). Where there are more series than the limit
    // allows, those that are shown already go before new ones, and then the first before the last (CONFORMANCE 145).
    void publish(std::vector<std::shared_ptr<family>> const& of, std::uint64_t round, unix_nanos before) noexcept;

    // Shows what is added up. Families may end with it.
    void finish_round(std::uint64_t round, unix_nanos before) noexcept;

private:
    struct observed {
        family* of;
        held_series in;  // it must not be removed before it is published
        number value;
        bool is_new;
        std::size_t turn;  // the first ones go first
    };

    [[nodiscard]] static bool has_sum(family const& of) noexcept {
        return of.describe().kind != instrument_kind::gauge;
    }
    // Whether there may be others of the same series in this round.
    [[nodiscard]] static bool is_part(observed const& v) noexcept {
        return has_sum(*v.of) && ((*v.in).is_overflow() || v.of->schema().left_out != 0);
    }

    // Those for which f(observed): as far as the limit allows.
    template <class F>
    void show_admitted(std::vector<observed> const& list, std::uint64_t round, unix_nanos before, F&& f) noexcept {
        auto const size = list.size();
        for (bool const is_new : {false, true})
            for (std::size_t i = 0; i < size; ++i) {
                if (list[i].is_new != is_new || !f(list[i])) continue;
                if ((*list[i].in).is_overflow()) continue;
                if (is_admitted(list[i], round))
                    show(list[i], round, before);
                else if (!has_sum(*list[i].of) || !attempt([&] { beyond_.push_back(i); }))
                    put_beyond(i);
            }
        put_last_ones_beyond();
        for (auto const& v : list)  // of gauges, of which the last one stands
            if ((*v.in).is_overflow() && f(v)) show(v, round, before);
    }

    static bool is_admitted(observed const& v, std::uint64_t round) noexcept;

    // Counts a value in the overflow series after all. Its own series is not shown.
    void put_beyond(std::size_t i) noexcept;

    // Of what is beyond the limit the last value of each series, in the order in which they were observed.
    void put_last_ones_beyond() noexcept;

    static void show(observed const& v, std::uint64_t round, unix_nanos before) noexcept;

    static number sum(number a, number b) noexcept;

    std::vector<observed> list_;
    std::vector<observed> parts_;                  // of this round
    std::vector<std::shared_ptr<family>> owners_;  // of the parts
    std::vector<std::size_t> beyond_;              // the limit: places in the list
};

#if TACHO_BODIES

TACHO_FUNCTION void observed_values::add(family& of, held_series in, number value) noexcept {
    if ((*in).is_overflow() && has_sum(of)) {
        auto const is_known = [&](auto const& v) { return &*v.in == &*in; };
        auto const known = std::find_if(list_.rbegin(), list_.rend(), is_known);
        if (known != list_.rend()) {
            known->value = sum(known->value, value);
            return;
        }
    }
    bool const is_new = !was_observed((*in).cells(), of.observed_rounds().complete());
    if (!attempt([&] { list_.push_back({&of, std::move(in), value, is_new, list_.size()}); }))
        of.drop_measurement("a value that there is no memory for");
}

TACHO_FUNCTION void observed_values::publish(std::vector<std::shared_ptr<family>> const& of, std::uint64_t round,
                                             unix_nanos before) noexcept {
    show_admitted(list_, round, before, [](observed const& v) { return !is_part(v); });
    bool const has_parts = std::any_of(list_.begin(), list_.end(), is_part);
    bool const kept = !has_parts || attempt([&] { owners_.insert(owners_.end(), of.begin(), of.end()); });
    for (auto& v : list_) {
        v.turn = parts_.size();
        if (is_part(v) && !(kept && attempt([&] { parts_.push_back(std::move(v)); })))
            v.of->drop_measurement("a value that there is no memory for");
    }
}

TACHO_FUNCTION void observed_values::finish_round(std::uint64_t round, unix_nanos before) noexcept {
    std::sort(parts_.begin(), parts_.end(), [](observed const& a, observed const& b) {
        return std::pair{&*a.in, a.turn} < std::pair{&*b.in, b.turn};
    });
    std::swap(list_, parts_);
    for (auto& v : list_)
        if (!parts_.empty() && &*parts_.back().in == &*v.in)
            parts_.back().value = sum(parts_.back().value, v.value);
        else if (!attempt([&] { parts_.push_back(std::move(v)); }))
            v.of->drop_measurement("a value that there is no memory for");
    std::swap(list_, parts_);
    parts_.clear();
    std::sort(list_.begin(), list_.end(), [](observed const& a, observed const& b) { return a.turn < b.turn; });
    show_admitted(list_, round, before, [](observed const& v) { return !(*v.in).is_overflow(); });
    for (auto const& v : list_)
        if ((*v.in).is_overflow()) show(v, round, before);
    list_.clear();
    owners_.clear();
}

TACHO_FUNCTION bool observed_values::is_admitted(observed const& v, std::uint64_t round) noexcept {
    return was_observed((*v.in).cells(), round) || v.of->observed_rounds().admit(v.of->table().storage().limit);
}

TACHO_FUNCTION void observed_values::put_beyond(std::size_t i) noexcept {
    looking const look;
    family& of = *list_[i].of;
    series* const beyond = of.table().overflow();
    if (beyond == nullptr) return of.drop_measurement("a value that there is no memory for");
    of.say_overflow();
    beyond->hold();
    held_series in{beyond};
    if (!has_sum(of))
        list_[i].in = std::move(in);  // in its place: the last one stands
    else
        add(of, std::move(in), list_[i].value);
}

TACHO_FUNCTION void observed_values::put_last_ones_beyond() noexcept {
    auto const series_at = [this](std::size_t i) { return &*list_[i].in; };
    std::sort(beyond_.begin(), beyond_.end(), [&](std::size_t a, std::size_t b) {
        return std::pair{series_at(a), a} < std::pair{series_at(b), b};
    });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < beyond_.size(); ++i)
        if (i + 1 == beyond_.size() || series_at(beyond_[i]) != series_at(beyond_[i + 1])) beyond_[kept++] = beyond_[i];
    beyond_.resize(kept);
    std::sort(beyond_.begin(), beyond_.end());
    for (auto const i : beyond_) put_beyond(i);
    beyond_.clear();
}

TACHO_FUNCTION void observed_values::show(observed const& v, std::uint64_t round, unix_nanos before) noexcept {
    detail::publish((*v.in).cells(), v.value, v.of->describe().is_monotonic(), (std::max)(v.of->birth(), before),
                    round);
}

TACHO_FUNCTION number observed_values::sum(number a, number b) noexcept {
    if (a.kind == number_kind::floating) return {a.kind, std::bit_cast<std::uint64_t>(a.as_double() + b.as_double())};
    return {a.kind, a.bits + b.bits};
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/registry/callbacks.hpp
#ifndef TACHO_PART_REGISTRY_CALLBACKS
#define TACHO_PART_REGISTRY_CALLBACKS

// tacho: the program's callbacks: run once a collection, under no lock, and never waited for without end.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/api/#asynchronous-instrument-api

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

#endif

// ---- tacho/registry/health.hpp
#ifndef TACHO_PART_REGISTRY_HEALTH
#define TACHO_PART_REGISTRY_HEALTH

// tacho: what a registry tells of its instruments, and of what went wrong in them.

namespace tacho::inline TACHO_ABI {

/// What went wrong in recording, since the registry was made; of instruments that are still registered.
struct registry_health {
    std::uint64_t dropped_measurements = 0;     ///< NaN, infinite or negative where that has no meaning, those of
                                                ///< failed and late callbacks, and those that began a series for
                                                ///< which there was no memory
    std::uint64_t overflowed_measurements = 0;  ///< counted in an overflow series
    std::uint64_t torn_reads = 0;               ///< histogram readings whose sum may be ahead of the buckets
    std::uint64_t failed_registrations = 0;     ///< of instruments that collide, or are none
    std::uint64_t failed_callbacks = 0;         ///< calls that threw
    std::uint64_t late_callbacks = 0;           ///< calls that took longer than they may, or that there was no time for
    std::size_t kept_series = 0;  ///< removed, but still held by a handle, or not yet collected by every reader
};

/// One instrument, or several of one identity, as registry.list() shows it.
struct listed_instrument {
    descriptor describe;                        ///< what it is
    std::vector<std::string> labels = {};       ///< names of those that its series have, in the order of declaration
    std::size_t series = 0;                     ///< that are shown, the overflow series included
    std::size_t series_limit = 0;               ///< the most; see tacho::series_limit
    std::uint64_t overflowed_measurements = 0;  ///< counted in its overflow series
    std::uint64_t dropped_measurements = 0;     ///< as in registry_health
    std::size_t kept_series = 0;                ///< as in registry_health
};

namespace detail {

// Counts what `round` of callbacks, or a later one, shows.
[[nodiscard]] std::size_t count_series(family const& of, std::uint64_t round);

#if TACHO_BODIES

[[nodiscard]] inline registry_health health_of(family_list const& families, callback_troubles const& troubles) {
    registry_health sum{.dropped_measurements = troubles.lost_values,
                        .failed_callbacks = troubles.failed,
                        .late_callbacks = troubles.late};
    for (auto const& f : families.by_name) {
        sum.dropped_measurements += f->dropped();
        sum.overflowed_measurements += f->table().overflowed();
        sum.torn_reads += f->torn();
        sum.kept_series += f->table().kept();
    }
    return sum;
}

TACHO_FUNCTION std::size_t count_series(family const& of, std::uint64_t round) {
    struct {
        std::size_t count = 0;
        void number(family const&, series const&, tacho::number) noexcept { ++count; }
        void numbers(family const&, std::span<series* const> from, number_kind, std::uint64_t const*) noexcept {
            count += from.size();
        }
        void histogram(family const&, series const&, histogram_value const&) noexcept {}
        void states(family const&, series const&, states_value) noexcept { ++count; }
    } shown;
    auto const kind = of.describe().kind;
    if (of.describe().observable || kind == instrument_kind::info || kind == instrument_kind::state_set) {
        of.visit(shown, round);
    } else {  // all that there are, without reading them
        looking const look;
        of.table().for_each([&](series const&) { ++shown.count; });
    }
    return shown.count;
}

[[nodiscard]] inline listed_instrument listed(family const& of, std::uint64_t round) {
    listed_instrument one{.describe = of.describe(),
                          .series = count_series(of, round),
                          .series_limit = of.table().storage().limit,
                          .overflowed_measurements = of.table().overflowed(),
                          .dropped_measurements = of.dropped(),
                          .kept_series = of.table().kept()};
    for (auto const& label : of.schema().keys) one.labels.push_back(label.name);
    return one;
}

#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/registry/view.hpp
#ifndef TACHO_PART_REGISTRY_VIEW
#define TACHO_PART_REGISTRY_VIEW

// tacho: views: what a program changes about instruments that it doesn't own, such as those of a library.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk/#view

namespace tacho::inline TACHO_ABI {

/// The name of a label in a list of such. Made of one text only: with std::string, `{{"user", "path"}}` would be two
/// iterators.
class label_name {
public:
    /// Implicit, of a literal.
    label_name(char const* name) : name_(name) {}  // implicit, as are these
    /// Implicit, of a text that is kept.
    label_name(std::string name) noexcept : name_(std::move(name)) {}
    /// Implicit, of a text that is copied.
    label_name(std::string_view name) : name_(name) {}

    friend bool operator==(label_name const& a, std::string_view b) noexcept { return a.name_ == b; }

private:
    std::string name_;
};

/// Selects instruments, and says what is to become of them: `{.name = "http.*", .leave_out_labels = {"user"}}`. Every
/// view that matches counts: of what two of them set, the later one's stands, but a label is left out as soon as one of
/// them leaves it out. Views apply when an instrument registers, and cost nothing afterwards.
struct view {
    // All of these have to match the instrument as its maker describes it. `*` stands for any characters, `?` for one.
    std::string name = "*";                         ///< as OTLP shows it
    std::string scope = "*";                        ///< the name of the scope; that of an unnamed one is empty
    std::optional<std::string> scope_version = {};  ///< exactly this
    std::optional<instrument_kind> kind = {};       ///< observables are of the kind of what they show
    std::optional<std::string> unit = {};           ///< UCUM, exactly this

    std::optional<std::string> rename = {};    ///< a name as instruments have; the Prometheus name follows
    std::optional<std::string> describe = {};  ///< text for people in place of its own
    std::optional<bool> drop = {};             ///< record nothing, show nothing
    std::optional<std::vector<label_name>> keep_labels = {};  ///< only these; none if it is empty
    std::vector<label_name> leave_out_labels = {};            ///< keep all but these
    std::optional<std::vector<double>> bounds = {};           ///< of a histogram
    std::size_t series_limit = 0;                             ///< 0: as it is
};

namespace detail {

// Whether `pattern` stands for all of `text`.
[[nodiscard]] constexpr bool is_match(std::string_view pattern, std::string_view text) noexcept {
    std::size_t p = 0, t = 0;
    auto star = std::string_view::npos;  // the last `*`, which is made to stand for more when the rest doesn't match
    std::size_t after = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            after = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++after;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

// An instrument that views may select.
struct viewed_instrument {
    std::string_view name, scope, scope_version, unit;
    instrument_kind kind;
};

// What views set, those that do not being left as they are given.
struct stream {
    std::string_view name, description;
    std::span<double const> bounds;
    std::size_t limit;
    bool dropped = false;
};

#if TACHO_BODIES

[[nodiscard]] inline bool selects(view const& v, viewed_instrument const& of) noexcept {
    return is_match(v.name, of.name) && is_match(v.scope, of.scope) &&
           (!v.scope_version || *v.scope_version == of.scope_version) && (!v.kind || *v.kind == of.kind) &&
           (!v.unit || *v.unit == of.unit);
}

inline void apply(view const& v, stream& to) noexcept {
    if (v.rename) to.name = *v.rename;
    if (v.describe) to.description = *v.describe;
    if (v.bounds) to.bounds = *v.bounds;
    if (v.series_limit != 0) to.limit = v.series_limit;
    to.dropped = v.drop.value_or(to.dropped);
}

[[nodiscard]] inline bool leaves_out(view const& v, std::string_view label) noexcept {
    auto const has = [&](std::vector<label_name> const& list) {
        return std::find(list.begin(), list.end(), label) != list.end();
    };
    return (v.keep_labels && !has(*v.keep_labels)) || has(v.leave_out_labels);
}

// What is wrong with a view in itself; empty when nothing is.
[[nodiscard]] inline std::string why_no_view(view const& v) {
    bool const to_histogram = v.kind.value_or(instrument_kind::histogram) == instrument_kind::histogram;
    if (v.rename && !is_instrument_name(*v.rename))
        return "it renames to \"" + to_utf8(v.rename->substr(0, 300)) +
               "\": a name begins with a letter, goes on with letters, digits and _ . - /, and has at most 255 "
               "characters";
    if (v.bounds && !to_histogram)
        return "it gives bounds to a kind of instrument that has none; leave them out, or let it select histograms";
    if (v.bounds && !are_bounds(*v.bounds)) return "its bounds should be finite, strictly increasing and at most 256";
    return {};
}

#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/registry/options.hpp
#ifndef TACHO_PART_REGISTRY_OPTIONS
#define TACHO_PART_REGISTRY_OPTIONS

// tacho: what a registry can be told when it is made, and what it tells of itself.

namespace tacho::inline TACHO_ABI {

/// How a registry sees its instruments.
struct registry_options {
    std::size_t series_limit = 2000;  ///< of each instrument that names none of its own
    bool scope_labels = true;         ///< show `otel_scope_name` and `otel_scope_version` where a scope is named
    /// How names become those that a scrape shows.
    translation_strategy translation = translation_strategy::underscore_escaping_with_suffixes;
    unix_nanos (*now)() noexcept = &system_clock::now;  ///< when a series is born
    /// How long a callback may take before what it observes is dropped, and how long a collection waits for another one
    /// that runs the callbacks.
    std::chrono::milliseconds callback_timeout{1000};
    /// Labels that each series of each instrument carries: `{{"region", "eu"}}`. At most 16, named as labels are. (What
    /// holds for the whole program, such as its name and version, is better told as a resource.)
    std::vector<attribute> constant_labels = {};
    std::vector<view> views = {};  ///< applied to what they match, later ones over earlier ones
    exemplar_filter exemplars = exemplar_filter::trace_based;  ///< which measurements become exemplars
    /// Called once for each instrument, when a measurement of it is first counted in its overflow series: by the thread
    /// that records it and under no lock. The error hook hears of it in any case.
    void (*on_overflow)(descriptor const&) noexcept = nullptr;
};

namespace detail {

#if TACHO_BODIES

// Constant labels as they can be shown, added to those in `beside`. What is wrong with one is said in `problems`, and
// it is left out.
inline void add_constant_labels(std::vector<fixed_label>& beside, std::vector<attribute> const& added,
                                translation_strategy how, std::vector<std::string>& problems) {
    for (auto const& one : added) {
        auto const refuse = [&](std::string_view why) {
            problems.push_back("the constant label \"" + to_utf8(std::string_view{one.key}.substr(0, 300)) +
                               "\" is left out: " + std::string{why});
        };
        fixed_label label{one.key, std::string{prometheus_label_name(one.key, how).view()}, to_utf8(one.value)};
        auto const has_its_name = [&](fixed_label const& other) {
            return prometheus_label_name(other.name).view() == prometheus_label_name(label.name).view();
        };
        if (!is_label_name(one.key))
            refuse(
                "it should begin with a letter, go on with letters, digits and _ . - /, and be none of "
                "OpenTelemetry's own: otel.scope.* and otel.metric.overflow");
        else if (std::any_of(beside.begin(), beside.end(), has_its_name))
            refuse("there is another one of its name; leave one of them out");
        else if (beside.size() == max_labels)
            refuse("there are 16 already; leave some out");
        else
            beside.push_back(std::move(label));
    }
    // Two lists of the same labels are then one identity. A value that is too long is cut as those of series are.
    std::sort(beside.begin(), beside.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    for (auto& label : beside) {
        std::string cut(max_label_value, '\0');
        cut.resize(copy_as_utf8(label.value, cut.data(), cut.size()));
        label.value = std::move(cut);
    }
}

#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/cell/forked_cells.hpp
#ifndef TACHO_PART_CELL_FORKED_CELLS
#define TACHO_PART_CELL_FORKED_CELLS

// tacho: the slots and looks of threads that a child of fork() doesn't have.

namespace tacho::inline TACHO_ABI::detail {

struct [[gnu::visibility("default")]] forked_cells;  // the program's, in a plug-in too

// Frees what threads of the parent own: nobody else would, since they don't end here. What they counted stays until the
// counts start anew.
struct forked_cells final : fork_witness {
    TACHO_FUNCTION void on_fork(fork_event what) noexcept override;

    fork_watch watch{*this};
};

#if TACHO_BODIES

TACHO_FUNCTION void forked_cells::on_fork(fork_event what) noexcept {
    if (what != fork_event::in_child) return;
    // Relaxed throughout: there is one thread.
    auto const own = own_offset >> slot_shift;
    auto const used = thread_slots.used.load(std::memory_order_relaxed);
    thread_slots.free_count = 0;
    for (auto slot = used; slot-- > 1;) {
        if (slot == own) continue;
        thread_slots.free[thread_slots.free_count++] =
            static_cast<std::uint16_t>(slot);  // the lowest last: it is taken first
        looking_slots[slot].since.store(0, std::memory_order_relaxed);
        looking_slots[slot].depth = 0;
    }
    thread_slots.left.store(thread_slots.count - used + thread_slots.free_count, std::memory_order_relaxed);
    // Of the looks, those of the thread that is left go on.
    for (std::size_t side = 0; side < epochs.counted.size(); ++side)
        epochs.counted[side].since.store(counted_here.on[side], std::memory_order_relaxed);
    // Linux hands the registration for membarrier() on; where it did not, the first remover registers anew.
}

#endif

// Watches from the first registry on. Never destroyed.
#if TACHO_BODIES
[[gnu::visibility("default"), gnu::noinline]] inline void watch_cells_at_fork() {
    // A child would wait for ever for a guard of the static object that another thread held: a change from before it is
    // taken until after it is given back, so that none is forked meanwhile.
    changing const guarded;
    static forked_cells& instance = *new forked_cells;
    static_cast<void>(instance);
}
#endif

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/registry/library_copy.hpp
#ifndef TACHO_PART_REGISTRY_LIBRARY_COPY
#define TACHO_PART_REGISTRY_LIBRARY_COPY

// tacho: which copy of the library's variables a registry belongs to, where a program and its plug-ins may have
// several.

namespace tacho::inline TACHO_ABI {

class registry;

namespace detail {

struct running_list;  // of telemetry

// Not within the functions that use them: where each module has these compiled, each would have variables of its own.
// A name may be reused by another registry, an id never: whoever remembers values by id can't mix two families up.
[[gnu::visibility("default")]] inline constinit std::atomic<std::uint64_t> family_ids{0};
[[gnu::visibility("default")]] inline constinit std::atomic<registry*> made_default_registry{nullptr};
// Never destroyed, so that a static telemetry object may end late. See all_running().
[[gnu::visibility("default")]] inline constinit std::atomic<running_list*> newest_list{nullptr};

// Default visibility, as for the function below: what is kept as a pointer is the program's, and stays when a plug-in
// goes.
[[gnu::visibility("default")]] std::shared_ptr<family> make_family(std::uint64_t id, descriptor&& describe,
                                                                   label_schema&& schema, series_storage const& storage,
                                                                   family::overflow_hook on_overflow);
#if TACHO_BODIES
TACHO_FUNCTION std::shared_ptr<family> make_family(std::uint64_t id, descriptor&& describe, label_schema&& schema,
                                                   series_storage const& storage, family::overflow_hook on_overflow) {
    return std::make_shared<family>(id, std::move(describe), std::move(schema), storage, on_overflow);
}
#endif
[[gnu::visibility("default")]] inline std::size_t* own_offset_of_thread() noexcept {
    return &own_offset;
}

// Numbers are exact because a thread has one slot in the process, and safe to remove because whoever looks is known to
// all: which is so while all who use a registry have the same variables. A shared object finds those of the program if
// the program exports them, and has its own if not. A registry keeps where those of its maker are, which also makes
// them part of that module, whatever else it uses of the library, so that they are there to be found.
struct library_copy {
    slot_table* threads = &thread_slots;
    epoch_table* looks = &epochs;
    looking_record* lookers = looking_slots.data();
    arena* sharded = &sharded_arena;
    arena* shared = &shared_arena;
    fork_gate* forks = &gate;
    std::atomic<error_hook>* hook = &installed_hook;
    std::atomic<trace_context_hook>* trace_hook = &installed_trace_hook;
    std::atomic<registry*>* default_one = &made_default_registry;
    std::atomic<std::uint64_t>* ids = &family_ids;
    std::atomic<running_list*>* exports = &newest_list;
    // Called, not compared: each thread has another.
    std::size_t* (*own)() noexcept = &own_offset_of_thread;
    std::size_t (*claim)() noexcept = &claim_slot;

    // By the code of whoever made the registry: a family may outlive the plug-in whose instrument it is.
    std::shared_ptr<family> (*make)(std::uint64_t, descriptor&&, label_schema&&, series_storage const&,
                                    family::overflow_hook) = &make_family;

    // Whether the module that asks has the same ones.
    [[nodiscard]] bool is_here() const noexcept {
        return threads == &thread_slots && looks == &epochs && lookers == looking_slots.data() &&
               sharded == &sharded_arena && shared == &shared_arena && own() == &own_offset;
    }
};

inline constexpr std::string_view foreign_registry =
    "a shared object uses a registry of the program, and has variables of the library of its own: nothing that it "
    "records there is shown. Let the program export them (link it with -rdynamic; export_dynamic in Meson, "
    "ENABLE_EXPORTS in CMake), and link the shared object without -Bsymbolic";

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/registry/registry_core.hpp
#ifndef TACHO_PART_REGISTRY_REGISTRY_CORE
#define TACHO_PART_REGISTRY_REGISTRY_CORE

// tacho: what a registry, its instruments and its readers share.

#if TACHO_BODIES
#include <unordered_map>
#endif

namespace tacho::inline TACHO_ABI {

namespace detail {

struct [[gnu::visibility("default")]] registry_core;  // the program's, in a plug-in too

// The core, or in a module that can't use it an empty one, which shows what is recorded there to nobody.
[[nodiscard]] std::shared_ptr<registry_core> const& usable(std::shared_ptr<registry_core> const& core);

#if TACHO_BODIES

// A family whose last instrument is gone, kept for the readers who have not collected since.
struct retired_family {
    std::shared_ptr<family> gone;
    std::uint64_t removed_at;
};

// What a registry, its instruments and its readers share, so that each may outlive the others.
struct registry_core final : fork_witness {
    explicit registry_core(registry_options o);

    struct entry {
        std::shared_ptr<family> shown;
        std::size_t instruments;         // that have this identity
        std::vector<std::string> names;  // those it has in used_names
    };

    std::vector<std::string> problems;  // under the mutex, once it is made
    registry_options const options;
    std::vector<fixed_label> constant_labels;  // never changed once it is made
    callback_list callbacks;
    gated_mutex mutex;  // guards all below; recording, creating a series and visiting don't need it
    std::unordered_map<family const*, entry> entries;
    std::unordered_multimap<std::string, family*> used_names;  // names of families and samples, to whoever uses them
    std::shared_ptr<family_list const> published = std::make_shared<family_list const>();
    std::vector<retired_family> retired;
    std::vector<std::uint64_t> readers;  // where the clock stood at each reader's last collection
    static constexpr std::uint64_t gone_reader = ~std::uint64_t{0};
    std::shared_ptr<reader_clock> const clock = std::make_shared<reader_clock>();
    std::shared_ptr<std::atomic<exemplar_filter>> const filter =
        std::make_shared<std::atomic<exemplar_filter>>(options.exemplars);
    std::uint64_t failed = 0;
    library_copy const belongs_to{};
    fork_watch watch{*this};

    std::shared_ptr<family_list const> families();

    registry_health health();

    // Adds a family, or finds the one with the same identity; nullptr, and a problem, when it can't be.
    std::shared_ptr<family> add(descriptor describe, label_schema schema, series_storage const& storage);
    void fail(std::string why);
    void note(severity how, std::string what);
    void note_once(severity how, std::string what);
    static registry_options checked(registry_options o, std::vector<std::string>& problems);
    void drop(family const& gone) noexcept;
    void forget(family const& gone) noexcept;
    void forget_retired();
    TACHO_FUNCTION void on_fork(fork_event what) noexcept override;
};

TACHO_FUNCTION registry_core::registry_core(registry_options o)
    : options(checked(std::move(o), problems)), callbacks(options.callback_timeout, options.now) {
    watch_cells_at_fork();
    add_constant_labels(constant_labels, options.constant_labels, options.translation, problems);
    for (auto const& problem : problems) report(severity::warning, problem);
}

TACHO_FUNCTION std::shared_ptr<family_list const> registry_core::families() {
    std::lock_guard const lock{mutex};  // only to copy the pointer
    return published;
}

TACHO_FUNCTION registry_health registry_core::health() {
    auto sum = health_of(*families(), callbacks.troubles());
    std::lock_guard const lock{mutex};
    sum.failed_registrations = failed;
    return sum;
}

TACHO_FUNCTION std::shared_ptr<family> registry_core::add(descriptor describe, label_schema schema,
                                                          series_storage const& storage) {
    auto names = names_in_use(describe.prometheus_name, describe.kind, keeps_characters(options.translation));
    auto why = why_reserved(describe, names);
    if (why.empty()) why = why_labels_collide(describe, schema);
    std::shared_ptr<family> made, other;
    {
        std::lock_guard const lock{mutex};
        for (auto const& name : names)
            for (auto [at, end] = used_names.equal_range(name); at != end; ++at) {
                family const& present = *at->second;
                if (is_same_instrument(present, describe, schema, storage.sharded)) {
                    entry& shared = entries.at(&present);
                    ++shared.instruments;
                    return shared.shown;
                }
                if (why.empty()) why = why_they_collide(present, describe, schema, name);
            }
        if (why.empty()) {
            other = namesake(*published, describe);
            // Relaxed: only the number has to be unique.
            auto const id = belongs_to.ids->fetch_add(1, std::memory_order_relaxed);
            made = belongs_to.make(id, std::move(describe), std::move(schema), storage, options.on_overflow);
            bool const done = attempt([&] {
                auto list = with(*published, made);
                auto const& kept = entries.emplace(made.get(), entry{made, 1, std::move(names)}).first->second.names;
                for (auto const& name : kept) used_names.emplace(name, made.get());
                published = std::move(list);
            });
            if (!done) {
                forget(*made);
                why =
                    named(made->describe()) + " was not registered: there is no memory for it; allow the process more";
                made.reset();
            }
        }
    }
    if (!made)
        fail(std::move(why));
    else if (other)
        // It is registered, even if there is no memory to say this.
        attempt([&] { note_once(severity::warning, why_two_metrics(other->describe(), made->describe())); });
    return made;
}

TACHO_FUNCTION void registry_core::fail(std::string why) {
    note(severity::error, std::move(why));
    std::lock_guard const lock{mutex};
    ++failed;
}
TACHO_FUNCTION void registry_core::note(severity how, std::string what) {
    report(how, what);  // outside the mutex: the hook is the program's own code
    std::lock_guard const lock{mutex};
    if (problems.size() < 1000) problems.push_back(std::move(what));
}

// What would be said again by each instrument that comes and goes.
TACHO_FUNCTION void registry_core::note_once(severity how, std::string what) {
    {
        std::lock_guard const lock{mutex};
        if (std::find(problems.begin(), problems.end(), what) != problems.end()) return;
    }
    note(how, std::move(what));
}

// Without the views that can't be.
TACHO_FUNCTION registry_options registry_core::checked(registry_options o, std::vector<std::string>& problems) {
    std::size_t place = 0;
    std::erase_if(o.views, [&](view const& v) {
        auto const why = why_no_view(v);
        if (!why.empty()) problems.push_back("views[" + std::to_string(place) + "] is ignored: " + why);
        ++place;
        return !why.empty();
    });
    return o;
}

// One instrument less. Out of memory, its family stays in the list, which is harmless.
TACHO_FUNCTION void registry_core::drop(family const& gone) noexcept {
    std::lock_guard const lock{mutex};
    auto const at = entries.find(&gone);
    if (at == entries.end() || --at->second.instruments != 0) return;
    attempt([&] {
        auto list = without(*published, gone);
        if (!readers.empty()) retired.push_back({at->second.shown, clock->next()});
        at->second.shown->end();
        published = std::move(list);
        forget(gone);
        forget_retired();  // at once, where all readers have ended
    });
}

// Under the mutex: as if it had never been registered.
TACHO_FUNCTION void registry_core::forget(family const& gone) noexcept {
    auto const known = entries.find(&gone);
    if (known == entries.end()) return;
    for (auto const& name : known->second.names)
        for (auto [at, end] = used_names.equal_range(name); at != end;)
            at = at->second == &gone ? used_names.erase(at) : std::next(at);
    entries.erase(known);
}

// Under the mutex: lets go of what every reader has collected.
TACHO_FUNCTION void registry_core::forget_retired() {
    auto const oldest = readers.empty() ? gone_reader : *std::min_element(readers.begin(), readers.end());
    // Release: who sees it knows that the readers are done with what was removed before.
    clock->settled.store(oldest, std::memory_order_release);
    std::erase_if(retired, [&](auto const& r) { return r.removed_at <= oldest; });
}

// A child has none of the parent's readers, but for those that its own thread had, which are there again once they
// commit. Removed series need not wait for the others.
TACHO_FUNCTION void registry_core::on_fork(fork_event what) noexcept {
    if (what != fork_event::start_anew) return;
    failed = 0;
    readers.assign(readers.size(), gone_reader);
    clock->settled.store(gone_reader, std::memory_order_relaxed);
}

[[nodiscard]] inline std::shared_ptr<registry_core> const& core_of_module() {
    static constinit std::atomic<bool> said{false};
    auto const& none = []() -> auto const& {
        changing const guarded;  // no child has the guard taken and waits for it
        static auto const& made = *new auto(std::make_shared<registry_core>(registry_options{}));
        return made;
    }
    ();
    // No change: the error hook is the program's own code. Relaxed: whoever is first says it.
    if (!said.exchange(true, std::memory_order_relaxed)) none->fail(std::string{foreign_registry});
    return none;
}

TACHO_FUNCTION std::shared_ptr<registry_core> const& usable(std::shared_ptr<registry_core> const& core) {
    return core->belongs_to.is_here() ? core : core_of_module();
}

#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/registry/registry.hpp
#ifndef TACHO_PART_REGISTRY_REGISTRY
#define TACHO_PART_REGISTRY_REGISTRY

// tacho: the registry: it knows all instruments, and shows their numbers to whoever visits.

namespace tacho::inline TACHO_ABI {

class registry;
class snapshot;

/// Where instruments register: a registry, and who makes them. A value; outlives its registry without harm.
class scope {
public:
    /// The unnamed scope of a registry: what an instrument uses that is given just the registry.
    scope(registry& in);  // implicit: `counter requests{registry, "..."}`
    scope(std::shared_ptr<detail::registry_core> core, scope_info info);

    /// The same scope with labels that each series of its instruments carries, beside those of the registry and those
    /// that it has already. One that is named like another, or is no label, is left out: registry.problems() says so.
    [[nodiscard]] scope with_labels(std::vector<attribute> const& labels) const;

    /// Its name and version; empty for the unnamed one.
    [[nodiscard]] scope_info const& info() const noexcept { return info_; }
    /// All constant labels of its instruments.
    [[nodiscard]] std::vector<fixed_label> const& labels() const noexcept { return labels_; }
    /// What it belongs to: for the library, and for tests of it.
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return detail::usable(core_); }

private:
    std::shared_ptr<detail::registry_core> core_;
    scope_info info_;
    std::vector<fixed_label> labels_;
};

#if TACHO_BODIES

TACHO_FUNCTION scope::scope(std::shared_ptr<detail::registry_core> core, scope_info info)
    : core_(std::move(core)), info_(std::move(info)), labels_(core_->constant_labels) {}

TACHO_FUNCTION scope scope::with_labels(std::vector<attribute> const& labels) const {
    scope made = *this;
    std::vector<std::string> problems;
    detail::add_constant_labels(made.labels_, labels, core_->options.translation, problems);
    for (auto& problem : problems) core_->note(severity::warning, std::move(problem));
    return made;
}

#endif

/// A set of instruments and their numbers. Instruments, handles, snapshots and readers may outlive it. All members may
/// be called by any thread at any time.
class registry {
public:
    /// Without instruments. Allocates.
    explicit registry(registry_options options = {});
    registry(registry const&) = delete;
    registry& operator=(registry const&) = delete;

    /// Another object for the same registry, for who may have to use it when the first one is gone.
    [[nodiscard]] static registry sharing(std::shared_ptr<detail::registry_core> core) noexcept {
        return registry{std::move(core), 0};
    }

    /// A scope of instruments, such as a library and its version.
    [[nodiscard]] tacho::scope scope(std::string_view name, std::string_view its_version = {});

    /// Runs the callbacks of observables, and shows every series to `visitor`: calls `number(family, series, number)`
    /// and `histogram(family, series, histogram_value)`. Takes no lock that recording or creating a series needs, and
    /// allocates nothing.
    template <class Visitor>
    void visit(Visitor&& visitor, order in = order::by_name) const {
        auto const all = collect();
        detail::visit_all(*all.families, visitor, in, all.round);
    }

    /// A copy of all numbers at about one moment, which the same visitors can visit, as often as they like. Runs the
    /// callbacks of observables.
    [[nodiscard]] tacho::snapshot snapshot() const;

    /// All instruments that are registered, with what the last round of callbacks showed of observables, in the order
    /// of their Prometheus names. Those that a view drops are not.
    [[nodiscard]] std::vector<listed_instrument> list() const;

    /// Why instruments were not registered, which views and constant labels are ignored, and which instruments are
    /// registered although OTLP has others of their name, a sentence each: the first 1000. How many were not
    /// registered, health().failed_registrations tells.
    [[nodiscard]] std::vector<std::string> problems() const;

    /// Sums over all instruments. Takes the registry's mutex for a moment, and allocates nothing per series.
    [[nodiscard]] registry_health health() const;

    /// Which measurements become exemplars from now on.
    void filter_exemplars(exemplar_filter by) noexcept;

    /// As they were given.
    [[nodiscard]] registry_options const& options() const noexcept;
    /// What outlives it: for the library, and for tests of it.
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return detail::usable(core_); }

private:
    registry(std::shared_ptr<detail::registry_core> core, int) noexcept : core_(std::move(core)) {}

    // All families, after a round of callbacks.
    struct collection {
        std::shared_ptr<family_list const> families;
        std::uint64_t round;
    };
    [[nodiscard]] collection collect() const;

    std::shared_ptr<detail::registry_core> core_;
};

#if TACHO_BODIES

TACHO_FUNCTION scope::scope(registry& in) : core_(in.core()), labels_(core_->constant_labels) {}

TACHO_FUNCTION registry::registry(registry_options options)
    : core_(std::make_shared<detail::registry_core>(std::move(options))) {}

TACHO_FUNCTION tacho::scope registry::scope(std::string_view name, std::string_view its_version) {
    return {core(), scope_info{to_utf8(name), to_utf8(its_version)}};
}

TACHO_FUNCTION std::vector<listed_instrument> registry::list() const {
    std::vector<listed_instrument> all;
    auto const round = core()->callbacks.finished();
    auto const families = core()->families();
    all.reserve(families->by_name.size());
    for (auto const& f : families->by_name) all.push_back(detail::listed(*f, round));
    return all;
}

TACHO_FUNCTION std::vector<std::string> registry::problems() const {
    std::lock_guard const lock{core()->mutex};
    return core()->problems;
}

TACHO_FUNCTION registry_health registry::health() const {
    return core()->health();
}

TACHO_FUNCTION void registry::filter_exemplars(exemplar_filter by) noexcept {
    core()->filter->store(by, std::memory_order_relaxed);  // orders nothing
}

TACHO_FUNCTION registry_options const& registry::options() const noexcept {
    return core_->options;
}

TACHO_FUNCTION registry::collection registry::collect() const {
    auto const round = core()->callbacks.collect();
    return {core()->families(), round};
}

#endif

/// The registry of instruments that are given none. Never destroyed, so that static destructors may still record.
[[nodiscard, gnu::visibility("default")]] registry& default_registry();
#if TACHO_BODIES
TACHO_FUNCTION registry& default_registry() {
    // No static object with a guard: a child of fork() would wait for ever for a thread that was making it.
    auto& instance = detail::made_default_registry;
    // Acquire and release: who finds it finds it made.
    if (auto* const made = instance.load(std::memory_order_acquire)) return *made;
    auto* const own = new registry;
    registry* other = nullptr;
    if (instance.compare_exchange_strong(other, own, std::memory_order_acq_rel)) return *own;
    delete own;
    return *other;
}
#endif

/// Sees each series that lived since its last commit(), also one that was removed and those of a family whose
/// instruments are gone: for a reader who reports what happened in between. One thread at a time.
class reader {
public:
    /// Begins now: what was removed before is not shown. Takes the registry's mutex.
    explicit reader(registry& in);
    reader(reader const&) = delete;
    reader& operator=(reader const&) = delete;
    ~reader();

    /// As registry::visit() by scope, retired families last; callbacks have until `until`, also if that is brought
    /// forward meanwhile. A visitor with a member lives(family) first hears of each registered observable, shown or
    /// not. Allocates a list of retired families.
    template <class Visitor>
    void visit(Visitor&& visitor, deadline const& until = deadline{(deadline::clock::time_point::max)()}) {
        auto const all = collect(until);
        if constexpr (requires { visitor.lives(*all.families->by_name.front()); })
            for (auto const& f : all.families->by_name)
                if (f->describe().observable) visitor.lives(*f);
        detail::visit_all(*all.families, visitor, order::by_scope, all.round, all.since);
        for (auto const& f : all.retired) f->visit(visitor, all.round, all.since);
    }

    /// What the last visit() showed has arrived where it should: retired families in it are not shown again.
    void commit();

private:
    // All families, after a round of callbacks, and those that have gone since the last commit().
    struct collection {
        std::shared_ptr<family_list const> families;
        std::vector<std::shared_ptr<family const>> retired;
        std::uint64_t round, since;
    };
    [[nodiscard]] collection collect(deadline const& until);

    std::shared_ptr<detail::registry_core> core_;
    std::size_t place_ = 0;
    std::uint64_t seen_ = 0;  // by the last visit, or when there was none, before it was made
};

#if TACHO_BODIES

TACHO_FUNCTION reader::reader(registry& in) : core_(in.core()) {
    std::lock_guard const lock{core_->mutex};
    place_ = core_->readers.size();
    seen_ = core_->clock->now.load(std::memory_order_acquire);
    core_->readers.push_back(seen_);
    core_->forget_retired();
}

TACHO_FUNCTION reader::~reader() {
    std::lock_guard const lock{core_->mutex};
    core_->readers[place_] = detail::registry_core::gone_reader;  // places are not reused: few readers ever exist
    core_->forget_retired();
}

TACHO_FUNCTION reader::collection reader::collect(deadline const& until) {
    auto const round = core_->callbacks.collect(until);
    std::lock_guard const lock{core_->mutex};
    collection all{core_->published, {}, round, core_->readers[place_]};
    // Acquire: all that was removed by then is seen as removed, with its last values.
    seen_ = core_->clock->now.load(std::memory_order_acquire);
    for (auto const& r : core_->retired)
        if (r.removed_at > all.since) all.retired.push_back(r.gone);
    return all;
}

TACHO_FUNCTION void reader::commit() {
    std::lock_guard const lock{core_->mutex};
    core_->readers[place_] = seen_;
    core_->forget_retired();
}

#endif

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/registration.hpp
#ifndef TACHO_PART_INSTRUMENT_REGISTRATION
#define TACHO_PART_INSTRUMENT_REGISTRATION

// tacho: an instrument's place in a registry, taken when it is made and given back when it ends.

namespace tacho::inline TACHO_ABI {

namespace detail {

struct label_spec {
    std::string_view name;
    label_type type = label_type::text;
};

// An instrument as its maker describes it; typed instruments have checked most of it while compiling.
struct instrument_spec {
    std::string_view name;
    std::string_view prometheus_name;
    std::string_view description;
    std::string_view unit;
    instrument_kind kind = instrument_kind::counter;
    number_kind number = number_kind::unsigned_integer;
    bool sharded = true;
    bool observable = false;
    std::size_t limit = 0;           // 0: the registry's
    std::uint32_t expire_after = 0;  // seconds; 0: never
    std::span<label_spec const> labels;
    std::span<double const> bounds;
    std::span<std::string_view const> states = {};
    exponential_shape shape = {};
    bool exemplars = false;
};

}  // namespace detail

/// Holds an instrument's family. Movable, so that instruments named at run time can be kept in containers.
class registration {
public:
    registration() = default;
    registration(registration&& other) noexcept = default;
    registration& operator=(registration&& other) noexcept {
        std::swap(core_, other.core_);
        std::swap(family_, other.family_);
        std::swap(cache_, other.cache_);
        std::swap(dropped_, other.dropped_);
        return *this;
    }
    ~registration();

    /// Registers; on failure the error hook has been called and `held()` is nullptr.
    registration(scope const& in, detail::instrument_spec const& spec) noexcept;

    /// Registers nothing, and says why: for what can only be found out at run time.
    static registration refused(scope const& in, std::string why) noexcept;

    /// Whether it is registered, or a view drops it: all is as somebody wants it.
    [[nodiscard]] bool ok() const noexcept { return family_ != nullptr || dropped_; }
    /// The family; nullptr when it isn't registered.
    [[nodiscard]] std::shared_ptr<family> const& held() const noexcept { return family_; }
    /// What it is registered in.
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return core_; }

    /// The series with these label values, for those who are looking.
    template <std::size_t Count>
    [[nodiscard]] detail::found_series find(std::span<std::string_view const, Count> values) const noexcept {
        return found(family_ == nullptr ? nullptr : family_->find_or_create(values));
    }
    /// Has series kept in places of the instrument's own, which outlives this: where labels have few known values, of
    /// which it numbers the combinations. The numbers are its own: another instrument with the same identity may have
    /// its labels' values elsewhere. Without memory all places stay empty.
    void keep_in(detail::series_cache cache) noexcept;
    /// The series with these label values, found and put in its place.
    [[nodiscard]] detail::found_series find_and_cache(std::size_t index,
                                                      std::span<std::string_view const> values) const noexcept;
    /// The overflow series, for those who are looking.
    [[nodiscard]] detail::found_series find_overflow() const noexcept;

    /// The series with these label values, to keep. Without memory there is none, and a measurement is dropped: one,
    /// however often the handle is used.
    [[nodiscard]] detail::bound_series bind(std::span<std::string_view const> values) const noexcept;

    /// The one series of an instrument without labels, made for all its time. Without memory the instrument is not
    /// registered after all, and the error hook hears of it.
    [[nodiscard]] detail::bound_series bind_only() noexcept;

    /// The overflow series, to keep.
    [[nodiscard]] detail::bound_series bind_overflow() const noexcept;

    /// See typed_instrument::remove().
    bool remove(std::span<std::string_view const> values) const noexcept;
    /// See typed_instrument::clear().
    void clear() const noexcept;

private:
    [[nodiscard]] detail::found_series found(series* s) const noexcept {
        if (s == nullptr) [[unlikely]] {
            if (family_ != nullptr) family_->drop_measurement("a value that there is no memory for");
            return {detail::discard_cells(), family_, nullptr};
        }
        if (s->is_overflow()) [[unlikely]]
            family_->say_overflow();
        return {s->cells(), family_, s};
    }

    // Later views over earlier ones, and all over the instrument's own.
    static detail::stream seen_by_views(scope const& in, detail::instrument_spec const& spec) noexcept;
    static detail::viewed_instrument viewed(scope const& in, detail::instrument_spec const& spec) noexcept;

    static descriptor describe(scope const& in, detail::instrument_spec const& spec, detail::stream const& views,
                               std::string_view prometheus);

    static label_schema schema(scope const& in, detail::instrument_spec const& spec, std::string_view prometheus);

    [[nodiscard]] series_storage storage(detail::instrument_spec const& spec, detail::stream const& views) const;

    static void say_without_memory(instrument_kind kind, std::string_view name) noexcept;

    std::shared_ptr<detail::registry_core> core_;
    std::shared_ptr<family> family_;
    detail::series_cache cache_{};
    bool dropped_ = false;  // by a view
};

#if TACHO_BODIES

TACHO_FUNCTION registration::~registration() {
    if (!cache_.cells.empty()) family_->table().drop_cache(cache_);
    if (family_ != nullptr) core_->drop(*family_);
}

TACHO_FUNCTION registration::registration(scope const& in, detail::instrument_spec const& spec) noexcept
    : core_(in.core()) {
    dropped_ = !detail::recording;  // as a view would
    if (dropped_) return;
    if (!are_bounds(spec.bounds)) {
        detail::attempt([&] {
            core_->fail("the histogram \"" + std::string{spec.name} +
                        "\" was not registered: its bounds should be finite, strictly increasing and at most 256");
        });
        return;
    }
    auto const views = seen_by_views(in, spec);
    dropped_ = views.dropped;
    if (dropped_) return;
    bool const done = detail::attempt([&] {
        // What was made while compiling is for the usual strategy, and the instrument's own name.
        auto const how = in.core()->options.translation;
        bool const is_usual = how == translation_strategy::underscore_escaping_with_suffixes;
        prometheus_text made;
        bool const anew = views.name != spec.name || !is_usual;
        if (anew) made = prometheus_name(views.name, spec.unit, spec.kind, how);
        auto const name = anew ? made.view() : spec.prometheus_name;
        family_ = core_->add(describe(in, spec, views, name), schema(in, spec, name), storage(spec, views));
    });
    if (!done) say_without_memory(spec.kind, spec.name);
}

TACHO_FUNCTION void registration::say_without_memory(instrument_kind kind, std::string_view name) noexcept {
    detail::report_joined(severity::error,
                          {"the ", to_string(kind), " \"", name,
                           "\" was not registered: there is no memory for it; allow the process more"});
}

TACHO_FUNCTION registration registration::refused(scope const& in, std::string why) noexcept {
    registration none;
    detail::attempt([&] { in.core()->fail(std::move(why)); });
    return none;
}

[[gnu::noinline]] TACHO_FUNCTION detail::found_series registration::find_and_cache(
    std::size_t index, std::span<std::string_view const> values) const noexcept {
    detail::looking const look;
    auto const by_values = find(values);
    // The overflow series is asked for anew each time, which counts it.
    if (auto* const s = by_values.at(); !cache_.cells.empty() && s != nullptr && !s->is_overflow())
        family_->table().fill_cache(cache_, index, *s);
    return by_values;
}

TACHO_FUNCTION detail::bound_series registration::bind(std::span<std::string_view const> values) const noexcept {
    detail::looking const look;
    series* const s = family_ == nullptr ? nullptr : family_->hold(values);
    auto const to = found(s);
    if (s == nullptr) return {to.cells, nullptr, {}};
    return {to.cells, to.of, detail::held_series{s}};
}

TACHO_FUNCTION detail::bound_series registration::bind_only() noexcept {
    if (family_ == nullptr) return {detail::discard_cells(), nullptr, {}};
    {
        detail::looking const look;
        if (series* const s = family_->hold({})) return {s->cells(), family_, detail::held_series{s}};
    }
    say_without_memory(family_->describe().kind, family_->describe().name);
    registration ended;  // and takes it out of the registry
    ended.core_ = core_;
    std::swap(family_, ended.family_);
    std::swap(cache_, ended.cache_);
    return {detail::discard_cells(), nullptr, {}};
}

// Not inlined, since a look-up that hits would have fewer registers.
[[gnu::noinline, gnu::cold]] TACHO_FUNCTION detail::found_series registration::find_overflow() const noexcept {
    return found(family_ == nullptr ? nullptr : family_->table().overflow());
}

TACHO_FUNCTION detail::bound_series registration::bind_overflow() const noexcept {
    detail::looking const look;
    return find_overflow().bind();
}

TACHO_FUNCTION bool registration::remove(std::span<std::string_view const> values) const noexcept {
    return family_ != nullptr && !values.empty() && family_->remove(values);
}

TACHO_FUNCTION void registration::clear() const noexcept {
    if (family_ != nullptr && family_->schema().given != 0) family_->table().clear();
}

TACHO_FUNCTION void registration::keep_in(detail::series_cache cache) noexcept {
    if (family_ == nullptr) return;
    family_->table().keep_removed();
    // Where series expire, each look-up has to be seen: also when it was another instrument that wanted it so.
    if (family_->table().storage().expire_after == 0 && family_->table().add_cache(cache)) cache_ = cache;
}

TACHO_FUNCTION detail::stream registration::seen_by_views(scope const& in,
                                                          detail::instrument_spec const& spec) noexcept {
    detail::stream as{spec.name, spec.description, spec.bounds, spec.limit};
    for (auto const& v : in.core()->options.views)
        if (detail::selects(v, viewed(in, spec))) detail::apply(v, as);
    return as;
}

TACHO_FUNCTION detail::viewed_instrument registration::viewed(scope const& in,
                                                              detail::instrument_spec const& spec) noexcept {
    return {spec.name, in.info().name, in.info().version, spec.unit, spec.kind};
}

TACHO_FUNCTION descriptor registration::describe(scope const& in, detail::instrument_spec const& spec,
                                                 detail::stream const& views, std::string_view prometheus) {
    descriptor d;
    d.scope = in.info();
    d.name = views.name;
    d.prometheus_name = prometheus;
    d.unit_word = unit_word(spec.unit).view();
    d.description = to_utf8(views.description);
    d.unit = to_utf8(spec.unit);
    d.kind = spec.kind;
    d.number = spec.number;
    d.observable = spec.observable;
    if (d.is_histogram()) d.bounds.assign(views.bounds.begin(), views.bounds.end());
    for (auto const state : spec.states) d.states.push_back(to_utf8(state));
    d.shape = spec.shape;
    d.exemplars = spec.exemplars;
    return d;
}

TACHO_FUNCTION label_schema registration::schema(scope const& in, detail::instrument_spec const& spec,
                                                 std::string_view prometheus) {
    label_schema s;
    auto const how = in.core()->options.translation;
    s.given = spec.labels.size();
    auto const as = viewed(in, spec);
    for (std::size_t i = 0; i < spec.labels.size(); ++i) {
        auto const& label = spec.labels[i];
        auto const leaves_it_out = [&](view const& v) {
            return detail::selects(v, as) && detail::leaves_out(v, label.name);
        };
        auto const& views = in.core()->options.views;
        if (std::any_of(views.begin(), views.end(), leaves_it_out))
            s.left_out |= std::uint32_t{1} << i;
        else
            s.keys.push_back(
                {std::string{label.name}, std::string{prometheus_label_name(label.name, how).view()}, label.type});
    }
    s.fixed = in.labels();
    if (in.core()->options.scope_labels) {
        s.fixed.push_back({"", "otel_scope_name", to_utf8(in.info().name)});
        s.fixed.push_back({"", "otel_scope_version", to_utf8(in.info().version)});
    }
    auto const is_plain = [](auto const& label) { return detail::is_plain_name(label.prometheus_name); };
    s.plain = detail::is_plain_name(prometheus) && std::all_of(s.keys.begin(), s.keys.end(), is_plain) &&
              std::all_of(s.fixed.begin(), s.fixed.end(), is_plain);
    if (spec.kind == instrument_kind::histogram) return s;
    bool const in_quotes = !detail::is_plain_name(prometheus);
    s.line_name.append(in_quotes ? "{\"" : "").append(prometheus).append(in_quotes ? "\"" : "");
    return s;
}

TACHO_FUNCTION series_storage registration::storage(detail::instrument_spec const& spec,
                                                    detail::stream const& views) const {
    // Settles how many slots this process can have, before anybody looks up what has no use for them and gets one.
    static_cast<void>(detail::discard_cells());
    std::size_t cells = spec.observable ? detail::observed_cell_count : 1;
    if (spec.kind == instrument_kind::histogram) cells = detail::histogram_cell_count(views.bounds.size());
    if (spec.kind == instrument_kind::exponential_histogram)
        cells = detail::exponential_cell_count(spec.shape.max_buckets);
    auto limit = (std::max)(views.limit != 0 ? views.limit : core_->options.series_limit, std::size_t{1});
    if (spec.kind == instrument_kind::info) limit = (std::max)(limit, std::size_t{2});  // the next beside the last
    bool const has_buckets = spec.kind == instrument_kind::histogram;
    return {.cells = cells,
            .sharded = spec.sharded,
            .limit = limit,
            .expire_after = spec.expire_after,
            .exemplars = !spec.exemplars ? 0
                         : has_buckets   ? views.bounds.size() + 1
                                         : 1,
            .observed = spec.observable,
            .now = core_->options.now,
            .readers = core_->clock,
            .filter = core_->filter};
}

#endif

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/options.hpp
#ifndef TACHO_PART_INSTRUMENT_OPTIONS
#define TACHO_PART_INSTRUMENT_OPTIONS

// tacho: the template arguments of an instrument: its name, then labels, unit, number, cells and limit in any order.

namespace tacho::inline TACHO_ABI {

/// An option: how many series the instrument may have before further label values are counted together; of an
/// observable, how many one round may observe.
template <std::size_t N>
struct series_limit {
    static_assert(N != 0, "tacho: a series limit is at least 1");
    static constexpr std::size_t value = N;  ///< series, the overflow series not counted
};

/// An option: a series is removed when it has been out of use for this long, that is neither looked up nor held by a
/// handle. Looked after at scrapes, pushes and when series are made, so it may take longer; needs labels.
template <std::uint32_t Seconds>
struct expire_after {
    static_assert(Seconds != 0, "tacho: a series expires after one second at the earliest");
    static constexpr std::uint32_t value = Seconds;  ///< seconds
};

namespace detail {

template <class T>
inline constexpr bool is_label = false;
template <fixed_string Name, class Value>
inline constexpr bool is_label<label<Name, Value>> = true;

template <class T>
inline constexpr bool is_unit = false;
template <fixed_string Ucum>
inline constexpr bool is_unit<unit::of<Ucum>> = true;

template <class T>
inline constexpr bool is_limit = false;
template <std::size_t N>
inline constexpr bool is_limit<series_limit<N>> = true;

template <class T>
inline constexpr bool is_expiry = false;
template <std::uint32_t Seconds>
inline constexpr bool is_expiry<expire_after<Seconds>> = true;

template <class T>
inline constexpr bool is_number =
    std::same_as<T, std::uint64_t> || std::same_as<T, std::int64_t> || std::same_as<T, double>;
template <class T>
inline constexpr bool is_cells = cell_policy<T>;
template <class T>
inline constexpr bool is_cells_of_ours = std::same_as<T, cells::sharded> || std::same_as<T, cells::shared>;

template <class T>
inline constexpr bool is_exemplars = std::same_as<T, exemplars>;

template <class Number>
inline constexpr number_kind kind_of_number = std::same_as<Number, double>         ? number_kind::floating
                                              : std::same_as<Number, std::int64_t> ? number_kind::signed_integer
                                                                                   : number_kind::unsigned_integer;

// The first of Options for which the predicate holds, else Default.
template <class Default, template <class> class Predicate, class... Options>
struct first_of {
    using type = Default;
};
template <class Default, template <class> class Predicate, class First, class... Rest>
struct first_of<Default, Predicate, First, Rest...>
    : std::conditional_t<Predicate<First>::value, std::type_identity<First>, first_of<Default, Predicate, Rest...>> {};

template <class T>
using unit_predicate = std::bool_constant<is_unit<T>>;
template <class T>
using number_predicate = std::bool_constant<is_number<T>>;
template <class T>
using cells_predicate = std::bool_constant<is_cells<T>>;
template <class T>
using limit_predicate = std::bool_constant<is_limit<T>>;
template <class T>
using expiry_predicate = std::bool_constant<is_expiry<T>>;
struct none_given {
    static constexpr std::uint32_t value = 0;
};

// The labels among Options, as a tuple type in their order.
template <class... Options>
using labels_of = decltype(std::tuple_cat(
    std::declval<std::conditional_t<is_label<Options>, std::tuple<Options>, std::tuple<>>>()...));

// All that an instrument's template arguments say, checked and gathered while compiling.
template <instrument_kind Kind, fixed_string Name, class DefaultNumber, class DefaultCells, class... Options>
struct instrument_traits {
    static_assert(is_instrument_name(Name.view()),
                  "tacho: an instrument's name begins with a letter, goes on with letters, digits and _ . - /, and has "
                  "at most 255 characters");
    static_assert(((is_label<Options> || is_unit<Options> || is_number<Options> || is_cells<Options> ||
                    is_limit<Options> || is_expiry<Options> || is_exemplars<Options>)&&...),
                  "tacho: an instrument's options are label<...>, a unit, std::uint64_t, std::int64_t or double, "
                  "cells::sharded, cells::shared or another cell_policy, series_limit<...>, expire_after<...> and "
                  "exemplars");
    static_assert(((is_unit<Options> ? 1 : 0) + ... + 0) <= 1 && ((is_number<Options> ? 1 : 0) + ... + 0) <= 1 &&
                      ((is_cells<Options> ? 1 : 0) + ... + 0) <= 1 && ((is_limit<Options> ? 1 : 0) + ... + 0) <= 1 &&
                      ((is_expiry<Options> ? 1 : 0) + ... + 0) <= 1,
                  "tacho: an instrument has one unit, one type of number, one kind of cells, one series_limit and one "
                  "expire_after");

    static constexpr bool exemplars = (is_exemplars<Options> || ...);
    static_assert(!exemplars || Kind == instrument_kind::counter || Kind == instrument_kind::histogram,
                  "tacho: only counters and histograms with bounds keep exemplars");

    using unit_type = typename first_of<unit::none, unit_predicate, Options...>::type;
    using number_type = typename first_of<DefaultNumber, number_predicate, Options...>::type;
    using cells_type = typename first_of<DefaultCells, cells_predicate, Options...>::type;
    static_assert(Kind == instrument_kind::counter || Kind == instrument_kind::up_down_counter ||
                      is_cells_of_ours<cells_type>,
                  "tacho: only counters and up-down counters take a cell policy of one's own");
    using labels = labels_of<Options...>;
    static constexpr std::size_t label_count = std::tuple_size_v<labels>;
    static_assert(label_count <= max_labels, "tacho: an instrument has at most 16 labels");

    static constexpr std::string_view name = Name.view();
    static constexpr auto prometheus = prometheus_name(Name.view(), unit_type::ucum, Kind);

    static constexpr auto label_specs = []<class... Labels>(std::tuple<Labels...>*) {
        // Looks into the types also where no value is ever looked up: a closed list checks its texts.
        static_assert(((sizeof(typename Labels::value_type) != 0) && ...));
        return std::array<label_spec, sizeof...(Labels)>{
            label_spec{Labels::name, label_value<typename Labels::value_type>::type}...};
    }(static_cast<labels*>(nullptr));

    static constexpr bool labels_are_distinct = [] {
        for (std::size_t i = 0; i < label_count; ++i) {
            auto const name_i = prometheus_label_name(label_specs[i].name);
            if (Kind == instrument_kind::histogram && name_i.view() == "le") return false;
            for (std::size_t j = 0; j < i; ++j)
                if (prometheus_label_name(label_specs[j].name).view() == name_i.view()) return false;
        }
        return true;
    }();
    static_assert(labels_are_distinct,
                  "tacho: an instrument's labels have distinct names, also after illegal characters become _, and a "
                  "histogram's is not called le");

    static constexpr std::uint32_t expires_after = first_of<none_given, expiry_predicate, Options...>::type::value;
    static_assert(expires_after == 0 || label_count != 0,
                  "tacho: the one series of an instrument without labels is always there; it can't expire");

    // The number of combinations when every label has few known values, else 0. Such series are few, and found in a way
    // that doesn't tell when: where they should expire, they are looked up as others are. Each takes 16 bytes of the
    // instrument.
    static constexpr std::size_t most_dense = 1024;
    static constexpr std::size_t dense = []<class... Labels>(std::tuple<Labels...>*) -> std::size_t {
        if (expires_after != 0 || !recording) return 0;
        std::size_t product = sizeof...(Labels) == 0 ? 0 : 1;
        ((product = product > most_dense ? 0 : product * label_value<typename Labels::value_type>::cardinality), ...);
        return product > most_dense ? 0 : product;
    }(static_cast<labels*>(nullptr));

    static constexpr instrument_spec spec(std::string_view description, std::span<double const> bounds = {}) noexcept {
        return {.name = name,
                .prometheus_name = prometheus.view(),
                .description = description,
                .unit = unit_type::ucum,
                .kind = Kind,
                .number = kind_of_number<number_type>,
                .sharded = cells_type::is_sharded,
                .limit = first_of<none_given, limit_predicate, Options...>::type::value,
                .expire_after = expires_after,
                .labels = label_specs,
                .bounds = bounds,
                .exemplars = exemplars};
    }
};

// A char pointer may be null at run time; then the value is missing.
template <class Value, class Arg>
[[nodiscard]] constexpr decltype(auto) checked_label(Arg const& arg) noexcept {
    if constexpr (std::is_pointer_v<std::decay_t<Arg>> && !std::is_array_v<Arg>) {
        if constexpr (std::is_constructible_v<Value, std::nullopt_t>)
            if (arg == nullptr) return Value{std::nullopt};
        return static_cast<Value>(arg == nullptr ? std::string_view{} : std::string_view{arg});
    } else
        return static_cast<Value>(arg);
}

}  // namespace detail
}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/typed.hpp
#ifndef TACHO_PART_INSTRUMENT_TYPED
#define TACHO_PART_INSTRUMENT_TYPED

// tacho: what all typed instruments do alike: register, and find the cells of label values.

namespace tacho::inline TACHO_ABI::detail {

// `Series` is what a look-up gives for immediate use, `Handle` what is kept; both are made of a series' cells and its
// family. Immovable: whoever uses a look-up's result refers to the instrument.
template <class Traits, class Series, class Handle>
class typed_instrument {
public:
    typed_instrument(typed_instrument const&) = delete;
    typed_instrument& operator=(typed_instrument const&) = delete;

    /// Whether it is registered. If not, it works and counts for nothing; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.ok(); }

    /// The series with these label values, for use at once. A series that exists is found without lock or allocation.
    template <class... Args>
        requires(are_values_of<typename Traits::labels, Args...> && sizeof...(Args) != 0)
    [[nodiscard]] Series operator()(Args const&... values) noexcept {
        if constexpr (!recording) {
            return Series{found_series{nullptr, held(), nullptr}, looking{nullptr}};
        } else if constexpr (Traits::dense != 0) {
            return Series{find(values...), looking{nullptr}};  // its series are kept as long as it
        } else {
            looking look;
            return Series{find(values...), std::move(look)};
        }
    }
    /// What is no value of these labels doesn't compile, and says why; so below.
    template <class... Args>
        requires(!are_values_of<typename Traits::labels, Args...>)
    label_values_that_do_not_fit<typename Traits::labels, Args...>
    operator()(Args const&...) noexcept;

    /// The same, to keep: the fastest way to record.
    template <class... Args>
        requires(are_values_of<typename Traits::labels, Args...>)
    [[nodiscard]] Handle bind(Args const&... values) noexcept {
        if constexpr (!recording) {
            return Handle{bound_series{nullptr, nullptr, {}}};
        } else {
            if (std::size_t unused = 0; !number(unused, values...)) [[unlikely]]
                return Handle{registration_.bind_overflow()};
            return Handle{with_texts([this](auto in_order) { return registration_.bind(in_order); }, values...)};
        }
    }
    /// See above.
    template <class... Args>
        requires(!are_values_of<typename Traits::labels, Args...>)
    label_values_that_do_not_fit<typename Traits::labels, Args...> bind(Args const&...)
    noexcept;

    /// Removes the series with these label values; false when there is none, or when as many removed ones as the limit
    /// allows are still held by handles or not yet collected by every reader. Where all labels are enums, closed lists
    /// or booleans, removed series are kept until the last instrument ends, so there it is that many in all. Handles to
    /// it stay safe, and record for nobody. The same values make a new series, which starts anew. Takes the mutex that
    /// creating a series takes; where there is no room for one more removed series, it waits up to 0.2 s for those who
    /// look series up or list them.
    template <class... Args>
        requires(are_values_of<typename Traits::labels, Args...> && sizeof...(Args) != 0)
    bool remove(Args const&... values) noexcept {
        std::size_t unused = 0;
        return recording && number(unused, values...) &&
               with_texts([this](auto in_order) { return registration_.remove(in_order); }, values...);
    }
    /// See above.
    template <class... Args>
        requires(!are_values_of<typename Traits::labels, Args...>)
    label_values_that_do_not_fit<typename Traits::labels, Args...> remove(Args const&...)
    noexcept;

    /// Removes all series, as far as remove() could remove each.
    void clear() noexcept requires(Traits::label_count != 0) {
        if constexpr (recording) registration_.clear();
    }

protected:
    typed_instrument(scope const& in, instrument_spec const& spec) noexcept : registration_(in, spec) {
        if constexpr (Traits::dense != 0) registration_.keep_in({cached_cells_, cached_series_});
        if constexpr (recording && Traits::label_count == 0) {
            auto const only = registration_.bind_only();  // which is never removed
            only_ = only.cells;
            only_series_ = only.at();
        }
    }
    ~typed_instrument() = default;

    // Nobody where nothing is recorded.
    [[nodiscard]] family* own_family() const noexcept { return recording ? held().get() : nullptr; }

    // The cells of the one series of an instrument without labels, which exists from the start.
    [[nodiscard]] word* only() const noexcept { return only_; }
    // The same, to be recorded in.
    struct only_series {
        word* cells;
        std::shared_ptr<family> const& of;
        series const* shown;
        [[nodiscard]] series const* at() const noexcept { return shown; }
    };
    [[nodiscard]] auto place() const noexcept {
        if constexpr (recording)
            return only_series{only_, held(), only_series_};
        else
            return found_series{nullptr, held(), nullptr};
    }

private:
    [[nodiscard]] std::shared_ptr<family> const& held() const noexcept { return registration_.held(); }

    template <std::size_t At>
    using value_at = typename std::tuple_element_t<At, typename Traits::labels>::value_type;

    // Calls f with the text of each value, in their order.
    template <class F, class... Args>
    static auto with_texts(F&& f, Args const&... args) noexcept {
        return [&]<std::size_t... At>(std::index_sequence<At...>) {
            [[maybe_unused]] std::array<label_scratch, sizeof...(At)> scratch;
            std::array<std::string_view, sizeof...(At)> const texts_in_order{
                label_value<value_at<At>>::text(checked_label<value_at<At>>(args), scratch[At])...};
            return f(std::span{texts_in_order});
        }
        (std::index_sequence_for<Args...>{});
    }

    template <class... Args>
    [[nodiscard]] found_series find(Args const&... args) const noexcept {
        std::size_t index = 0;
        if (!number(index, args...)) [[unlikely]]
            return registration_.find_overflow();
        if constexpr (Traits::dense != 0) {
            // Acquire: the series was written before its cells were published. By a pointer: g++ 12 adds where the
            // array lies to each index otherwise.
            auto const* const place = cached_cells_.data() + index;
            if (word* const cells = place->load(std::memory_order_acquire); cells != nullptr) [[likely]]
                return {cells, held(), nullptr, &cached_series_[index]};
            return find_and_cache(index);
        } else {
            return with_texts([&](auto in_order) { return registration_.find(in_order); }, args...);
        }
    }

    // Not inlined, and by the number alone: inlined, or with the values, it makes the look-up that hits keep them, and
    // take longer.
    [[nodiscard, gnu::noinline, gnu::cold]] found_series find_and_cache(std::size_t index) const noexcept {
        return [&]<std::size_t... At>(std::index_sequence<At...>) {
            std::array<std::string_view, sizeof...(At)> texts_in_order;
            std::size_t left = index;  // its last digit is that of the last label
            ((texts_in_order[sizeof...(At) - 1 - At] = text_of_digit<sizeof...(At) - 1 - At>(left)), ...);
            return registration_.find_and_cache(index, texts_in_order);
        }
        (std::make_index_sequence<Traits::label_count>{});
    }
    // Takes the digit off.
    template <std::size_t At>
    static std::string_view text_of_digit(std::size_t& index) noexcept {
        using value = label_value<value_at<At>>;
        auto const digit = index % value::cardinality;
        index /= value::cardinality;
        return value::text_at(digit);
    }

    // The number of a combination of label values; false when there is an enumerator that is not listed.
    template <class... Args>
    static bool number(std::size_t& index, Args const&... args) noexcept {
        return [&]<std::size_t... At>(std::index_sequence<At...>) {
            return (number_label<value_at<At>>(checked_label<value_at<At>>(args), index) && ...);
        }
        (std::index_sequence_for<Args...>{});
    }

    // Mixed-radix digits: the values of the last label are neighbours.
    template <class Value>
    static bool number_label(Value const& value, std::size_t& index) noexcept {
        constexpr auto cardinality = label_value<Value>::cardinality;
        if constexpr (cardinality != 0) {
            auto const own = label_value<Value>::index(value);
            index = index * cardinality + own;
            return own < cardinality;
        }
        return true;
    }

    // By the numbers of combinations; they outlive the registration, which others know them by.
    [[no_unique_address]] std::array<std::atomic<word*>, Traits::dense> cached_cells_{};
    [[no_unique_address]] std::array<std::atomic<series*>, Traits::dense> cached_series_{};
    registration registration_;
    word* only_ = nullptr;
    series const* only_series_ = nullptr;
};

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/instrument/counter.hpp
#ifndef TACHO_PART_INSTRUMENT_COUNTER
#define TACHO_PART_INSTRUMENT_COUNTER

// tacho: a counter: how often something happened, or how much of it, since the series was born.

namespace tacho::inline TACHO_ABI {

namespace detail {

// What may be added to a counter of this number: any integer, and to doubles any number.
template <class Amount, class Number>
concept amount_for = plain_integer<Amount> ||(std::floating_point<Amount>&& std::same_as<Number, double>);

// Adds to what a look-up found or a handle holds.
template <class Cells, class Number, bool Exemplars, class Place, class Amount>
void increment(Place const& to, Amount amount, std::span<exemplar_label const> labels = {}) noexcept {
    auto const number = static_cast<Number>(amount);
    if constexpr (std::same_as<Number, double>) {
        if (!(number >= 0 && number <= (std::numeric_limits<double>::max)())) [[unlikely]] {
            if (to.of != nullptr) to.of->drop_measurement("a negative, infinite or NaN amount");
            return;
        }
    } else if constexpr (std::signed_integral<Amount>) {
        if (amount < 0) [[unlikely]] {
            if (to.of != nullptr) to.of->drop_measurement("a negative amount");
            return;
        }
    }
    Cells::add(to.cells, number);
    consider_exemplar<Exemplars>(to, 0, number, labels);
}
template <class Cells, class Number, bool Exemplars, class Place>
void increment(Place const& to) noexcept {
    Cells::add(to.cells, Number{1});
    consider_exemplar<Exemplars>(to, 0, Number{1});
}

}  // namespace detail

/// One series of a counter, to keep and to increment often: a relaxed add on memory that only this thread writes. A
/// copyable value that keeps its series alive, whatever becomes of instrument and registry. Its members may be called
/// by any thread at any time, are wait-free with sharded cells and neither lock nor allocate.
template <class Number, class Cells, bool Exemplars = false>
class counter_handle {
public:
    explicit counter_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Adds one.
    void inc() const noexcept { detail::increment<Cells, Number, Exemplars>(to_); }
    /// Adds an amount; a negative one, and for doubles NaN or infinity, is dropped and counted.
    template <class Amount>
        requires detail::amount_for<Amount, Number>
    void inc(Amount amount) const noexcept { detail::increment<Cells, Number, Exemplars>(to_, amount); }
    template <class Amount>
        requires(!detail::amount_for<Amount, Number>)
    detail::amount_refused<Amount> inc(Amount const&)
    const noexcept;
    /// The same with an exemplar that tells more, where the instrument keeps any: `orders.inc(1, {{"order", id}})`.
    template <class Amount>
        requires(Exemplars&& detail::amount_for<Amount, Number>)
    void inc(Amount amount, std::initializer_list<exemplar_label> labels) const noexcept {
        detail::increment<Cells, Number, Exemplars>(to_, amount, {labels.begin(), labels.size()});
    }
    template <class Amount>
        requires(!Exemplars)
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options inc(Amount,
                                                                            std::initializer_list<exemplar_label>)
    const noexcept;

    /// `auto batch = handle.batch(); ... batch.inc();` adds up on its own, and counts at its end.
    counter_batch<counter_handle, Number> batch() const noexcept {
        return counter_batch<counter_handle, Number>{*this};
    }
    /// `auto const guard = errors.count_exceptions();` counts an exception that leaves the scope.
    exception_counter<counter_handle> count_exceptions() const noexcept {
        return exception_counter<counter_handle>{*this};
    }

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `requests("GET", 200).inc();`
template <class Number, class Cells, bool Exemplars = false>
class counter_series {
    using handle = counter_handle<Number, Cells, Exemplars>;

public:
    counter_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    counter_series(counter_series const&) = delete;
    counter_series& operator=(counter_series const&) = delete;

    /// Adds one.
    void inc() && noexcept { detail::increment<Cells, Number, Exemplars>(to_); }
    /// Adds an amount; a negative one, and for doubles NaN or infinity, is dropped and counted.
    template <class Amount>
        requires detail::amount_for<Amount, Number>
    void inc(Amount amount) && noexcept { detail::increment<Cells, Number, Exemplars>(to_, amount); }
    template <class Amount>
        requires(!detail::amount_for<Amount, Number>)
    detail::amount_refused<Amount> inc(Amount const&) && noexcept;
    /// The same with an exemplar that tells more, where the instrument keeps any.
    template <class Amount>
        requires(Exemplars&& detail::amount_for<Amount, Number>)
    void inc(Amount amount, std::initializer_list<exemplar_label> labels) && noexcept {
        detail::increment<Cells, Number, Exemplars>(to_, amount, {labels.begin(), labels.size()});
    }
    template <class Amount>
        requires(!Exemplars)
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options inc(
        Amount, std::initializer_list<exemplar_label>) && noexcept;
    /// See counter_handle::count_exceptions().
    exception_counter<handle> count_exceptions() && noexcept { return exception_counter<handle>{handle{to_.bind()}}; }
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place inc(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place count_exceptions(Args const&...) &;

private:
    detail::found_series to_;
    detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using counter_traits = instrument_traits<instrument_kind::counter, Name, std::uint64_t, cells::sharded, Options...>;

template <class Traits>
using counter_front =
    typed_instrument<Traits,
                     counter_series<typename Traits::number_type, typename Traits::cells_type, Traits::exemplars>,
                     counter_handle<typename Traits::number_type, typename Traits::cells_type, Traits::exemplars>>;

}  // namespace detail

/// Counts: `counter<"requests", label<"api">, label<"code", int>>`. Counts std::uint64_t; with the option double,
/// doubles. Sharded by default. Registers when made, and ends its registration when it ends.
template <fixed_string Name, class... Options>
class counter : public detail::counter_front<detail::counter_traits<Name, Options...>> {
    using traits = detail::counter_traits<Name, Options...>;
    using base = detail::counter_front<traits>;
    using number_type = typename traits::number_type;
    using cells_type = typename traits::cells_type;
    static_assert(!std::same_as<number_type, std::int64_t>, "tacho: a counter counts std::uint64_t or double");

public:
    /// In the default registry. The description is text for people, and copied.
    explicit counter(std::string_view description = {}) : counter(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit counter(scope const& in, std::string_view description = {}) noexcept
        : base(in, traits::spec(description)) {}

    /// Without labels.
    void inc() noexcept requires(traits::label_count == 0) {
        detail::increment<cells_type, number_type, traits::exemplars>(this->place());
    }
    /// Adds an amount; a negative one, and for doubles NaN or infinity, is dropped and counted.
    template <class Amount>
        requires(traits::label_count == 0 && detail::amount_for<Amount, number_type>)
    void inc(Amount amount) noexcept {
        detail::increment<cells_type, number_type, traits::exemplars>(this->place(), amount);
    }
    template <class Amount>
        requires(traits::label_count == 0 && !detail::amount_for<Amount, number_type>)
    detail::amount_refused<Amount> inc(Amount const&)
    noexcept;
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first inc(Args const&...);
    /// The same with an exemplar that tells more.
    template <class Amount>
        requires(traits::label_count == 0 && traits::exemplars && detail::amount_for<Amount, number_type>)
    void inc(Amount amount, std::initializer_list<exemplar_label> labels) noexcept {
        detail::increment<cells_type, number_type, traits::exemplars>(this->place(), amount,
                                                                      {labels.begin(), labels.size()});
    }
    template <class Amount>
        requires(traits::label_count == 0 && !traits::exemplars)
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options inc(Amount,
                                                                            std::initializer_list<exemplar_label>)
    noexcept;
    /// See counter_handle::batch().
    auto batch() noexcept requires(traits::label_count == 0) { return this->bind().batch(); }
    /// See counter_handle::count_exceptions().
    auto count_exceptions() noexcept requires(traits::label_count == 0) { return exception_counter{this->bind()}; }
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first batch(Args const&...);
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first count_exceptions(Args const&...);
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/timer.hpp
#ifndef TACHO_PART_INSTRUMENT_TIMER
#define TACHO_PART_INSTRUMENT_TIMER

// tacho: a timer: measures how long a scope takes, in the unit of the histogram it records into.

namespace tacho::inline TACHO_ABI {

namespace detail {

// How many of this unit a second has; 0 for a unit that is none of time.
[[nodiscard]] constexpr double per_second(std::string_view ucum) noexcept {
    if (ucum == "s") return 1;
    if (ucum == "ms") return 1e3;
    if (ucum == "us") return 1e6;
    return ucum == "ns" ? 1e9 : 0;
}

template <class Unit>
concept unit_of_time = (per_second(Unit::ucum) != 0);

template <class Unit, class Rep, class Period>
[[nodiscard]] constexpr double in_unit(std::chrono::duration<Rep, Period> time) noexcept {
    return std::chrono::duration<double>(time).count() * per_second(Unit::ucum);
}

}  // namespace detail

/// Records the time from its birth to its end, by tacho::steady_clock or another one of std::chrono's kind. Movable;
/// holds its series alive. `Handle` is a histogram's, `Unit` its unit, one of time. Where the labels are known only at
/// the end, take the time yourself:
/// `auto const start = tacho::steady_clock::now(); ... duration(status).observe(tacho::steady_clock::now() - start);`
template <class Handle, class Unit, class Clock = steady_clock>
class [[nodiscard]] timer {
public:
    /// Starts now.
    explicit timer(Handle into) noexcept : into_(std::move(into)), start_(now()) {}
    timer(timer&& other) noexcept
        : into_(other.into_), start_(other.start_), runs_(std::exchange(other.runs_, false)) {}
    timer& operator=(timer&&) = delete;
    ~timer() { stop(); }

    /// The time since the start, in the histogram's unit; 0 with TACHO_OFF, since it isn't taken.
    [[nodiscard]] double elapsed() const noexcept { return detail::in_unit<Unit>(now() - start_); }
    /// Records now, once; the end then records nothing.
    void stop() noexcept {
        if (std::exchange(runs_, false)) into_.observe(elapsed());
    }
    /// Records nothing.
    void cancel() noexcept { runs_ = false; }

private:
    static typename Clock::time_point now() noexcept {
        if constexpr (detail::recording)
            return Clock::now();
        else
            return {};
    }

    Handle into_;
    typename Clock::time_point start_;
    bool runs_ = true;
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/exponential_histogram.hpp
#ifndef TACHO_PART_INSTRUMENT_EXPONENTIAL_HISTOGRAM
#define TACHO_PART_INSTRUMENT_EXPONENTIAL_HISTOGRAM

// tacho: an exponential histogram: how values are distributed, without bounds that someone has to choose.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram

namespace tacho::inline TACHO_ABI {

/// An option of an exponential histogram: how many buckets of each sign it has, 4 to 168, by default 160.
template <std::size_t N>
struct max_buckets {
    static_assert(N >= 4 && N <= max_exponential_buckets,
                  "tacho: an exponential histogram has 4 to 168 buckets of each sign");
    static constexpr std::size_t value = N;  ///< buckets of each sign
};

namespace detail {

[[nodiscard]] constexpr bool is_exponential_shape(exponential_shape const& s) noexcept {
    return s.max_buckets >= 4 && s.max_buckets <= max_exponential_buckets && s.zero_threshold >= 0 &&
           s.zero_threshold <= (std::numeric_limits<double>::max)();
}

inline void zero_threshold_must_be_finite_and_not_negative() noexcept {}  // not constexpr: reaching it doesn't compile

}  // namespace detail

/// Values whose amount is not above it count as zero; 0 by default. A wrong one doesn't compile.
class zero_threshold {
public:
    zero_threshold() = default;
    /// Finite and not negative, known while compiling.
    consteval explicit zero_threshold(double value) : value_(value) {
        if (!detail::is_exponential_shape({.zero_threshold = value}))
            detail::zero_threshold_must_be_finite_and_not_negative();
    }
    /// In the unit of the values.
    [[nodiscard]] constexpr double value() const noexcept { return value_; }

private:
    double value_ = 0;
};

namespace detail {

template <class Cells>
void observe_exponential_in(word* run, family* of, double value) noexcept {
    // Without family there is no shape, and the cells that stand in for a series have no window.
    if (of == nullptr || are_discard_cells(run)) [[unlikely]]
        return;
    if (!detail::is_finite(value)) [[unlikely]]
        return of->drop_measurement("NaN or an infinite value");
    observe_exponential<Cells>(run, of->describe().shape, value);
}

}  // namespace detail

/// One series of an exponential histogram, to keep and to observe often. A copyable value that keeps its series alive,
/// whatever becomes of instrument and registry. observe() may be called by any thread at any time and does not
/// allocate; with sharded cells it is wait-free, with shared ones, and in threads without a slot, one thread at a time
/// writes a series, so it is not for signal handlers. NaN and infinite values have no bucket: dropped and counted.
template <class Cells, class Unit>
class exponential_handle {
public:
    explicit exponential_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Observes a finite value, in the histogram's unit.
    void observe(double value) const noexcept { detail::observe_exponential_in<Cells>(to_.cells, to_.of.get(), value); }
    /// The same of a time, in the histogram's unit.
    template <class Rep, class Period>
        requires detail::unit_of_time<Unit>
    void observe(std::chrono::duration<Rep, Period> time) const noexcept { observe(detail::in_unit<Unit>(time)); }

    /// Records the time until its result ends: `auto const timing = handle.time();`
    template <class Clock = steady_clock>
        requires detail::unit_of_time<Unit> timer<exponential_handle, Unit, Clock> time()
    const noexcept { return timer<exponential_handle, Unit, Clock>{*this}; }

    template <class Rep, class Period>
        requires(!detail::unit_of_time<Unit>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds observe(std::chrono::duration<Rep, Period>)
    const;
    template <class Clock = steady_clock>
        requires(!detail::unit_of_time<Unit>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds time()
    const;

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `latency("models").observe(0.25);`
template <class Cells, class Unit>
class exponential_series {
public:
    exponential_series(detail::found_series const& to, detail::looking look) noexcept
        : to_(to), look_(std::move(look)) {}
    exponential_series(exponential_series const&) = delete;
    exponential_series& operator=(exponential_series const&) = delete;

    /// Observes a finite value, in the histogram's unit.
    void observe(double value) && noexcept { detail::observe_exponential_in<Cells>(to_.cells, to_.of.get(), value); }
    /// Observes a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires detail::unit_of_time<Unit>
    void observe(std::chrono::duration<Rep, Period> time) && noexcept {
        std::move(*this).observe(detail::in_unit<Unit>(time));
    }
    /// Observes the time until the timer ends. See `timer`.
    template <class Clock = steady_clock>
        requires detail::unit_of_time<Unit> timer<exponential_handle<Cells, Unit>, Unit, Clock> time() && noexcept {
            return exponential_handle<Cells, Unit>{to_.bind()}.template time<Clock>();
        }

        template <class Rep, class Period>
            requires(!detail::unit_of_time<Unit>)
        detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds observe(std::chrono::duration<Rep, Period>) &&;
        template <class Clock = steady_clock>
            requires(!detail::unit_of_time<Unit>)
        detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds time() &&;
        template <class... Args>
        detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place observe(Args const&...) &;
        template <class... Args>
        detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place time(Args const&...) &;

    private:
        detail::found_series to_;
        detail::looking look_;
};

namespace detail {

template <class T>
struct max_buckets_predicate : std::false_type {};
template <std::size_t N>
struct max_buckets_predicate<max_buckets<N>> : std::true_type {};

// The options that every instrument knows.
template <class... Options>
using without_max_buckets =
    decltype(std::tuple_cat(std::declval<std::conditional_t<max_buckets_predicate<Options>::value, std::tuple<>,
                                                            std::tuple<std::type_identity<Options>>>>()...));

template <fixed_string Name, class Options>
struct exponential_traits_of;
template <fixed_string Name, class... Options>
struct exponential_traits_of<Name, std::tuple<std::type_identity<Options>...>> {
    using type = instrument_traits<instrument_kind::exponential_histogram, Name, double, cells::sharded, Options...>;
};
template <fixed_string Name, class... Options>
using exponential_traits = typename exponential_traits_of<Name, without_max_buckets<Options...>>::type;

template <class Traits>
using exponential_front =
    typed_instrument<Traits, exponential_series<typename Traits::cells_type, typename Traits::unit_type>,
                     exponential_handle<typename Traits::cells_type, typename Traits::unit_type>>;

template <class Traits>
[[nodiscard]] constexpr instrument_spec exponential_spec(std::string_view description,
                                                         exponential_shape shape) noexcept {
    auto spec = Traits::spec(description);
    spec.shape = shape;
    return spec;
}

}  // namespace detail

/// Counts values in buckets whose bounds grow by a constant factor, and their sum:
/// `exponential_histogram<"latency", unit::seconds, label<"api">>`. The factor is the finest of the powers 2^(2^-s) at
/// which the values seen so far lie within 160 buckets of their sign, or as many as max_buckets<N> says: values from 1
/// to 500 have buckets that are 4.4 % wide. OTLP only: no text format can carry it, so scrapes leave it out, and the
/// error hook hears of that once. A series takes 24 bytes for each of its buckets and each thread that observes it, 4
/// KiB for 160. Sharded by default. With a unit of time, time() measures.
template <fixed_string Name, class... Options>
class exponential_histogram : public detail::exponential_front<detail::exponential_traits<Name, Options...>> {
    using traits = detail::exponential_traits<Name, Options...>;
    using base = detail::exponential_front<traits>;
    using cells_type = typename traits::cells_type;
    using unit_type = typename traits::unit_type;
    static_assert(std::same_as<typename traits::number_type, double>,
                  "tacho: an exponential histogram observes doubles");
    static_assert(((detail::max_buckets_predicate<Options>::value ? 1 : 0) + ... + 0) <= 1,
                  "tacho: an exponential histogram has one max_buckets");
    static constexpr std::size_t buckets = detail::first_of<max_buckets<exponential_shape{}.max_buckets>,
                                                            detail::max_buckets_predicate, Options...>::type::value;

public:
    /// In the default registry.
    explicit exponential_histogram(std::string_view description = {}, zero_threshold zero = {})
        : exponential_histogram(default_registry(), description, zero) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit exponential_histogram(scope const& in, std::string_view description = {},
                                   zero_threshold zero = {}) noexcept
        : base(in, detail::exponential_spec<traits>(description,
                                                    {.max_buckets = buckets, .zero_threshold = zero.value()})) {}

    /// Without labels.
    void observe(double value) noexcept requires(traits::label_count == 0) {
        detail::observe_exponential_in<cells_type>(this->only(), this->own_family(), value);
    }
    /// A duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(traits::label_count == 0 && detail::unit_of_time<unit_type>)
    void observe(std::chrono::duration<Rep, Period> time) noexcept { observe(detail::in_unit<unit_type>(time)); }
    /// Observes the time until the timer ends. See `timer`.
    template <class Clock = steady_clock>
        requires(traits::label_count == 0 && detail::unit_of_time<unit_type>)
    timer<exponential_handle<cells_type, unit_type>, unit_type, Clock> time()
    noexcept { return this->bind().template time<Clock>(); }
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first observe(Args const&...);
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first time(Args const&...);
    template <class Rep, class Period>
        requires(traits::label_count == 0 && !detail::unit_of_time<unit_type>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds observe(std::chrono::duration<Rep, Period>);
    template <class Clock = steady_clock>
        requires(traits::label_count == 0 && !detail::unit_of_time<unit_type>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds time();
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/gauge.hpp
#ifndef TACHO_PART_INSTRUMENT_GAUGE
#define TACHO_PART_INSTRUMENT_GAUGE

// tacho: a gauge: a value that is set, such as a temperature or the size of a queue.

namespace tacho::inline TACHO_ABI {

namespace detail {

template <class Number>
[[nodiscard]] Number seconds_since_1970() noexcept {
    if constexpr (!recording)
        return {};
    else if constexpr (std::same_as<Number, double>)
        return static_cast<double>(system_clock::now()) / 1e9;
    else
        return static_cast<Number>(system_clock::now() / 1'000'000'000u);
}

}  // namespace detail

/// One series of a gauge, to keep. A copyable value that keeps its series alive, whatever becomes of instrument and
/// registry. Its members may be called by any thread at any time, and neither lock nor allocate; set() is one store.
template <class Number>
class gauge_handle {
public:
    explicit gauge_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Sets the value: one relaxed store.
    void set(Number value) const noexcept { cells::shared::set(to_.cells, value); }
    /// The seconds since 1970, for "when did it last happen".
    void set_to_current_time() const noexcept { set(detail::seconds_since_1970<Number>()); }
    /// Adds to the value, atomically.
    void inc(Number amount = 1) const noexcept { cells::shared::add(to_.cells, amount); }
    /// Takes from the value, atomically.
    void dec(Number amount = 1) const noexcept { cells::shared::add(to_.cells, detail::negated(amount)); }
    template <class Amount>
    detail::fraction_set<Amount, Number> set(Amount) const;
    template <class Amount>
    detail::fraction_set<Amount, Number> inc(Amount) const;
    template <class Amount>
    detail::fraction_set<Amount, Number> dec(Amount) const;

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `temperature("kitchen").set(21.5);`
template <class Number>
class gauge_series {
public:
    gauge_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    gauge_series(gauge_series const&) = delete;
    gauge_series& operator=(gauge_series const&) = delete;

    /// Sets the value: one relaxed store.
    void set(Number value) && noexcept { cells::shared::set(to_.cells, value); }
    /// Seconds since 1970, of what happens now.
    void set_to_current_time() && noexcept { cells::shared::set(to_.cells, detail::seconds_since_1970<Number>()); }
    /// Adds to the value, atomically.
    void inc(Number amount = 1) && noexcept { cells::shared::add(to_.cells, amount); }
    /// Takes from the value, atomically.
    void dec(Number amount = 1) && noexcept { cells::shared::add(to_.cells, detail::negated(amount)); }
    template <class Amount>
    detail::fraction_set<Amount, Number> set(Amount) &&;
    template <class Amount>
    detail::fraction_set<Amount, Number> inc(Amount) &&;
    template <class Amount>
    detail::fraction_set<Amount, Number> dec(Amount) &&;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place set(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place set_to_current_time(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place inc(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place dec(Args const&...) &;

private:
    detail::found_series to_;
    detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using gauge_traits = instrument_traits<instrument_kind::gauge, Name, double, cells::shared, Options...>;

template <class Traits>
using gauge_front =
    typed_instrument<Traits, gauge_series<typename Traits::number_type>, gauge_handle<typename Traits::number_type>>;

// What a gauge without labels can do.
template <class Traits>
class unlabelled_gauge : public gauge_front<Traits> {
    using base = gauge_front<Traits>;
    using number_type = typename Traits::number_type;

protected:
    using base::base;

public:
    /// Without labels: sets the value.
    void set(number_type value) noexcept { cells::shared::set(this->only(), value); }
    /// Without labels: seconds since 1970, of what happens now.
    void set_to_current_time() noexcept { set(seconds_since_1970<number_type>()); }
    /// Without labels: adds to the value, atomically.
    void inc(number_type amount = 1) noexcept { cells::shared::add(this->only(), amount); }
    /// Without labels: takes from the value, atomically.
    void dec(number_type amount = 1) noexcept { cells::shared::add(this->only(), negated(amount)); }
    template <class Amount>
    fraction_set<Amount, number_type> set(Amount);
    template <class Amount>
    fraction_set<Amount, number_type> inc(Amount);
    template <class Amount>
    fraction_set<Amount, number_type> dec(Amount);
};

// What says of one with labels why it can't.
template <class Traits>
class labelled_gauge : public gauge_front<Traits> {
    using base = gauge_front<Traits>;

protected:
    using base::base;

public:
    template <class... Args>
    it_has_labels_so_look_up_a_series_first set(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first set_to_current_time(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first inc(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first dec(Args const&...);
};

template <class Traits>
using gauge_front_by_labels =
    std::conditional_t<Traits::label_count == 0, unlabelled_gauge<Traits>, labelled_gauge<Traits>>;

}  // namespace detail

/// Shows the last value set: `gauge<"room.temperature", unit::celsius, label<"room">>`. Holds a double; with the option
/// std::int64_t, an integer. One shared atomic: "the last value" has no meaning for values that each thread sets apart.
template <fixed_string Name, class... Options>
class gauge : public detail::gauge_front_by_labels<detail::gauge_traits<Name, Options...>> {
    using traits = detail::gauge_traits<Name, Options...>;
    using base = detail::gauge_front_by_labels<traits>;
    using number_type = typename traits::number_type;
    static_assert(!std::same_as<number_type, std::uint64_t>, "tacho: a gauge holds a double or std::int64_t");
    static_assert(!traits::cells_type::is_sharded, "tacho: a gauge can't be sharded; its cells are shared");

public:
    /// In the default registry.
    explicit gauge(std::string_view description = {}) : gauge(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit gauge(scope const& in, std::string_view description = {}) noexcept : base(in, traits::spec(description)) {}
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/histogram.hpp
#ifndef TACHO_PART_INSTRUMENT_HISTOGRAM
#define TACHO_PART_INSTRUMENT_HISTOGRAM

// tacho: a histogram: how values are distributed, such as durations or sizes.

namespace tacho::inline TACHO_ABI {

namespace detail {

// An infinite value has its bucket, but in the sum it would leave no number behind.
template <class Cells>
[[gnu::noinline, gnu::cold]] void observe_what_is_not_finite(word* cells, family& of, double value) noexcept {
    if (is_nan(value)) return of.drop_measurement("NaN");
    observe<Cells, false>(cells, of.bucket_of(value), value);
}

// In what a look-up found or a handle holds.
template <class Cells, bool Exemplars, class Place>
void observe_in(Place const& to, double value, std::span<exemplar_label const> labels = {}) noexcept {
    family* const of = to.of.get();
    if (of == nullptr) return;  // not registered: there are no bounds to look among
    if (!is_finite(value)) [[unlikely]]
        return observe_what_is_not_finite<Cells>(to.cells, *of, value);
    auto const bucket = of->bucket_of(value);
    observe<Cells, true>(to.cells, bucket, value);
    if constexpr (Exemplars) consider_exemplar<Exemplars>(to, bucket, value, labels);
}

}  // namespace detail

/// One series of a histogram, to keep and to observe often. A copyable value that keeps its series alive, whatever
/// becomes of instrument and registry. observe() may be called by any thread at any time; it is wait-free with sharded
/// cells and neither locks nor allocates. NaN is dropped and counted; an infinite value is left out of the sum.
template <class Cells, class Unit, bool Exemplars = false>
class histogram_handle {
public:
    explicit histogram_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Observes a value, in the histogram's unit; NaN is dropped and counted.
    void observe(double value) const noexcept { detail::observe_in<Cells, Exemplars>(to_, value); }
    /// The same with an exemplar that tells more, where the instrument keeps any: `sizes.observe(17, {{"order", id}})`.
    void observe(double value, std::initializer_list<exemplar_label> labels) const noexcept requires Exemplars {
        detail::observe_in<Cells, Exemplars>(to_, value, {labels.begin(), labels.size()});
    }
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options observe(
        double, std::initializer_list<exemplar_label>) const noexcept requires(!Exemplars);
    /// The same of a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(Exemplars&& detail::unit_of_time<Unit>)
    void observe(std::chrono::duration<Rep, Period> time, std::initializer_list<exemplar_label> labels) const noexcept {
        observe(detail::in_unit<Unit>(time), labels);
    }
    /// The same of a time, in the histogram's unit.
    template <class Rep, class Period>
        requires detail::unit_of_time<Unit>
    void observe(std::chrono::duration<Rep, Period> time) const noexcept { observe(detail::in_unit<Unit>(time)); }

    /// Records the time until its result ends: `auto const timing = handle.time();`
    template <class Clock = steady_clock>
        requires detail::unit_of_time<Unit> timer<histogram_handle, Unit, Clock> time()
    const noexcept { return timer<histogram_handle, Unit, Clock>{*this}; }

    template <class Rep, class Period>
        requires(!detail::unit_of_time<Unit>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds observe(std::chrono::duration<Rep, Period>)
    const;
    template <class Clock = steady_clock>
        requires(!detail::unit_of_time<Unit>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds time()
    const;

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `duration("models").observe(0.25);`
template <class Cells, class Unit, bool Exemplars = false>
class histogram_series {
    using handle = histogram_handle<Cells, Unit, Exemplars>;

public:
    histogram_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    histogram_series(histogram_series const&) = delete;
    histogram_series& operator=(histogram_series const&) = delete;

    /// Observes a value, in the histogram's unit; NaN is dropped and counted.
    void observe(double value) && noexcept { detail::observe_in<Cells, Exemplars>(to_, value); }
    /// The same with an exemplar that tells more, where the instrument keeps any.
    void observe(double value, std::initializer_list<exemplar_label> labels) && noexcept requires Exemplars {
        detail::observe_in<Cells, Exemplars>(to_, value, {labels.begin(), labels.size()});
    }
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options observe(
        double, std::initializer_list<exemplar_label>) && noexcept requires(!Exemplars);
    /// The same of a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(Exemplars&& detail::unit_of_time<Unit>)
    void observe(std::chrono::duration<Rep, Period> time, std::initializer_list<exemplar_label> labels) && noexcept {
        std::move(*this).observe(detail::in_unit<Unit>(time), labels);
    }
    /// Observes a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires detail::unit_of_time<Unit>
    void observe(std::chrono::duration<Rep, Period> time) && noexcept {
        std::move(*this).observe(detail::in_unit<Unit>(time));
    }
    /// Observes the time until the timer ends. See `timer`.
    template <class Clock = steady_clock>
        requires detail::unit_of_time<Unit> timer<handle, Unit, Clock> time() && noexcept {
            return handle{to_.bind()}.template time<Clock>();
        }

        template <class Rep, class Period>
            requires(!detail::unit_of_time<Unit>)
        detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds observe(std::chrono::duration<Rep, Period>) &&;
        template <class Clock = steady_clock>
            requires(!detail::unit_of_time<Unit>)
        detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds time() &&;
        template <class... Args>
        detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place observe(Args const&...) &;
        template <class... Args>
        detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place time(Args const&...) &;

    private:
        detail::found_series to_;
        detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using histogram_traits = instrument_traits<instrument_kind::histogram, Name, double, cells::sharded, Options...>;

template <class Traits>
using histogram_front =
    typed_instrument<Traits,
                     histogram_series<typename Traits::cells_type, typename Traits::unit_type, Traits::exemplars>,
                     histogram_handle<typename Traits::cells_type, typename Traits::unit_type, Traits::exemplars>>;

}  // namespace detail

/// Counts values in buckets, and their sum: `histogram<"request.duration", unit::seconds, label<"api">>`. Bucket i
/// counts (bounds[i-1], bounds[i]]; the bounds are given when it is made, or follow from the unit (see default_bounds).
/// Sharded by default. With a unit of time, time() measures.
template <fixed_string Name, class... Options>
class histogram : public detail::histogram_front<detail::histogram_traits<Name, Options...>> {
    using traits = detail::histogram_traits<Name, Options...>;
    using base = detail::histogram_front<traits>;
    using cells_type = typename traits::cells_type;
    static_assert(std::same_as<typename traits::number_type, double>, "tacho: a histogram observes doubles");
    using unit_type = typename traits::unit_type;

public:
    /// In the default registry, with the bounds that fit its unit.
    explicit histogram(std::string_view description = {}) : histogram(default_registry(), description) {}
    /// In a registry or a scope of one, with the bounds that fit its unit. Registering takes a mutex and allocates;
    /// what fails is told to the error hook.
    explicit histogram(scope const& in, std::string_view description = {}) noexcept
        : base(in, traits::spec(description, default_bounds(traits::unit_type::ucum))) {}
    /// In the default registry, with these upper bounds.
    histogram(std::string_view description, bounds upper) : histogram(default_registry(), description, upper) {}
    /// In a registry or a scope of one, with these upper bounds.
    histogram(scope const& in, std::string_view description, bounds upper) noexcept
        : base(in, traits::spec(description, upper.view())) {}

    /// Without labels: observes a value, in the histogram's unit; NaN is dropped and counted.
    void observe(double value) noexcept requires(traits::label_count == 0) {
        detail::observe_in<cells_type, traits::exemplars>(this->place(), value);
    }
    /// The same with an exemplar that tells more.
    void observe(double value, std::initializer_list<exemplar_label> labels) noexcept
        requires(traits::label_count == 0 && traits::exemplars) {
        detail::observe_in<cells_type, traits::exemplars>(this->place(), value, {labels.begin(), labels.size()});
    }
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options observe(
        double, std::initializer_list<exemplar_label>) noexcept
        requires(traits::label_count == 0 && !traits::exemplars);
    /// The same of a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(traits::label_count == 0 && traits::exemplars && detail::unit_of_time<unit_type>)
    void observe(std::chrono::duration<Rep, Period> time, std::initializer_list<exemplar_label> labels) noexcept {
        observe(detail::in_unit<unit_type>(time), labels);
    }
    /// Observes a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(traits::label_count == 0 && detail::unit_of_time<unit_type>)
    void observe(std::chrono::duration<Rep, Period> time) noexcept { observe(detail::in_unit<unit_type>(time)); }
    /// Observes the time until the timer ends. See `timer`.
    template <class Clock = steady_clock>
        requires(traits::label_count == 0 && detail::unit_of_time<unit_type>)
    auto time() noexcept { return this->bind().template time<Clock>(); }
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first observe(Args const&...);
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first time(Args const&...);
    template <class Rep, class Period>
        requires(traits::label_count == 0 && !detail::unit_of_time<unit_type>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds observe(std::chrono::duration<Rep, Period>);
    template <class Clock = steady_clock>
        requires(traits::label_count == 0 && !detail::unit_of_time<unit_type>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds time();
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/info.hpp
#ifndef TACHO_PART_INSTRUMENT_INFO
#define TACHO_PART_INSTRUMENT_INFO

// tacho: an info: facts about the program that are text, such as its version.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#info

namespace tacho::inline TACHO_ABI {

namespace detail {

// One label set of an info, as a look-up gives it.
class info_series {
public:
    info_series(found_series const& to, looking look) noexcept : to_(to), look_(std::move(look)) {}

    void show() const noexcept {
        if (auto const* const found = to_.at()) to_.of->table().show_only(*found);
    }

private:
    found_series to_;
    looking look_;
};

// The same, as one named at run time gives it.
class info_handle {
public:
    explicit info_handle(bound_series const& to) noexcept : to_(to) {}

    void show() const noexcept {
        if (to_.of != nullptr) to_.of->table().show_only(*to_.at());
    }

private:
    bound_series to_;
};

template <fixed_string Name, class... Options>
struct info_traits : instrument_traits<instrument_kind::info, Name, std::uint64_t, cells::shared, Options...> {
    using base = instrument_traits<instrument_kind::info, Name, std::uint64_t, cells::shared, Options...>;

    // It is looked up by text also where there are few label sets, so that those it had can be given back.
    static constexpr std::size_t dense = 0;
    static constexpr instrument_spec spec(std::string_view description) noexcept {
        auto s = base::spec(description);
        return s;
    }
};

template <class Traits>
using info_front = typed_instrument<Traits, info_series, info_handle>;

}  // namespace detail

/// Shows text as labels, with the value 1: `info<"build", label<"version">, label<"commit">>` is, after
/// `build.set("1.2.3", "abc")`, `build_info{commit="abc",version="1.2.3"} 1`. Shows nothing before the first set(), and
/// from then on the label values of the latest one only: the ones before are forgotten, so it may be set for ever. For
/// what seldom changes.
template <fixed_string Name, class... Options>
class info : private detail::info_front<detail::info_traits<Name, Options...>> {
    using traits = detail::info_traits<Name, Options...>;
    using base = detail::info_front<traits>;
    static_assert(traits::label_count != 0, "tacho: an info has labels; they are what it shows");
    static_assert(traits::unit_type::ucum.empty() && std::same_as<typename traits::number_type, std::uint64_t> &&
                      !traits::cells_type::is_sharded,
                  "tacho: an info's value is always 1: it has no unit, no type of number and no sharded cells");
    static_assert(traits::expires_after == 0,
                  "tacho: an info shows what was set last, however long ago; it can't expire");

public:
    /// In the default registry.
    explicit info(std::string_view description = {}) : info(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit info(scope const& in, std::string_view description = {}) noexcept : base(in, traits::spec(description)) {}

    using base::ok;

    /// Replaces what is shown, at once for every reader: none sees two label sets, or none. May be called by any thread
    /// at any time. Takes a mutex, and allocates for another label set than before.
    template <class... Args>
        requires(detail::are_values_of<typename traits::labels, Args...>)
    void set(Args const&... values) noexcept { base::operator()(values...).show(); }
    template <class... Args>
        requires(!detail::are_values_of<typename traits::labels, Args...>)
    detail::label_values_that_do_not_fit<typename traits::labels, Args...> set(Args const&...)
    noexcept;
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/up_down_counter.hpp
#ifndef TACHO_PART_INSTRUMENT_UP_DOWN_COUNTER
#define TACHO_PART_INSTRUMENT_UP_DOWN_COUNTER

// tacho: an up-down counter: how many there are just now, such as requests in flight.

namespace tacho::inline TACHO_ABI {

namespace detail {

template <class Cells, class Number>
void change(word* cell, family* of, Number amount) noexcept {
    if constexpr (std::same_as<Number, double>)
        if (!detail::is_finite(amount)) [[unlikely]] {  // it would never be a number again
            if (of != nullptr) of->drop_measurement("an infinite or NaN amount");
            return;
        }
    Cells::add(cell, amount);
}

}  // namespace detail

/// One series of an up-down counter, to keep. A copyable value that keeps its series alive, whatever becomes of
/// instrument and registry. Its members may be called by any thread at any time, and neither lock nor allocate.
template <class Number, class Cells>
class up_down_handle {
public:
    /// Counts one up while it lives, and down when it ends, however it ends. Movable.
    class [[nodiscard]] tracked {
    public:
        /// Counts one up.
        explicit tracked(up_down_handle in) noexcept : in_(std::move(in)) { in_.inc(); }
        tracked(tracked&& other) noexcept : in_(std::move(other.in_)), counts_(std::exchange(other.counts_, false)) {}
        tracked& operator=(tracked&&) = delete;
        ~tracked() {
            if (counts_) in_.dec();
        }

    private:
        up_down_handle in_;
        bool counts_ = true;
    };

    explicit up_down_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Adds an amount; for doubles NaN and infinity are dropped and counted.
    void inc(Number amount = 1) const noexcept { detail::change<Cells>(to_.cells, to_.of.get(), amount); }
    /// Takes an amount off.
    void dec(Number amount = 1) const noexcept {
        detail::change<Cells>(to_.cells, to_.of.get(), detail::negated(amount));
    }
    template <class Amount>
    detail::fraction_counted<Amount, Number> inc(Amount) const;
    template <class Amount>
    detail::fraction_counted<Amount, Number> dec(Amount) const;
    /// One up now, and down when what it returns ends.
    tracked track() const noexcept { return tracked{*this}; }

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `auto const in_flight = busy("models").track();`
template <class Number, class Cells>
class up_down_series {
public:
    up_down_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    up_down_series(up_down_series const&) = delete;
    up_down_series& operator=(up_down_series const&) = delete;

    /// Adds an amount; for doubles NaN and infinity are dropped and counted.
    void inc(Number amount = 1) && noexcept { detail::change<Cells>(to_.cells, to_.of.get(), amount); }
    /// Takes an amount off.
    void dec(Number amount = 1) && noexcept { detail::change<Cells>(to_.cells, to_.of.get(), detail::negated(amount)); }
    template <class Amount>
    detail::fraction_counted<Amount, Number> inc(Amount) &&;
    template <class Amount>
    detail::fraction_counted<Amount, Number> dec(Amount) &&;
    /// One up now, and down when what it returns ends, which holds the series.
    typename up_down_handle<Number, Cells>::tracked track() && noexcept {
        return up_down_handle<Number, Cells>{to_.bind()}.track();
    }
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place inc(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place dec(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place track(Args const&...) &;

private:
    detail::found_series to_;
    detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using up_down_traits =
    instrument_traits<instrument_kind::up_down_counter, Name, std::int64_t, cells::shared, Options...>;

template <class Traits>
using up_down_front =
    typed_instrument<Traits, up_down_series<typename Traits::number_type, typename Traits::cells_type>,
                     up_down_handle<typename Traits::number_type, typename Traits::cells_type>>;

// What an up-down counter without labels can do.
template <class Traits>
class unlabelled_up_down_counter : public up_down_front<Traits> {
    using base = up_down_front<Traits>;
    using number_type = typename Traits::number_type;
    using cells_type = typename Traits::cells_type;

protected:
    using base::base;

public:
    /// Without labels: adds an amount.
    void inc(number_type amount = 1) noexcept { change<cells_type>(this->only(), this->own_family(), amount); }
    /// Without labels: takes an amount off.
    void dec(number_type amount = 1) noexcept { change<cells_type>(this->only(), this->own_family(), negated(amount)); }
    template <class Amount>
    fraction_counted<Amount, number_type> inc(Amount);
    template <class Amount>
    fraction_counted<Amount, number_type> dec(Amount);
    /// Without labels: one up now, and down when what it returns ends.
    typename up_down_handle<number_type, cells_type>::tracked track() noexcept { return this->bind().track(); }
};

// What says of one with labels why it can't.
template <class Traits>
class labelled_up_down_counter : public up_down_front<Traits> {
    using base = up_down_front<Traits>;

protected:
    using base::base;

public:
    template <class... Args>
    it_has_labels_so_look_up_a_series_first inc(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first dec(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first track(Args const&...);
};

template <class Traits>
using up_down_front_by_labels =
    std::conditional_t<Traits::label_count == 0, unlabelled_up_down_counter<Traits>, labelled_up_down_counter<Traits>>;

}  // namespace detail

/// Counts up and down: `up_down_counter<"queue.length", label<"queue">>`. Counts std::int64_t; with the option double,
/// doubles. Shared by default: added up over threads, one thread's +1 could be missed while another's -1 is seen.
template <fixed_string Name, class... Options>
class up_down_counter : public detail::up_down_front_by_labels<detail::up_down_traits<Name, Options...>> {
    using traits = detail::up_down_traits<Name, Options...>;
    using base = detail::up_down_front_by_labels<traits>;
    using number_type = typename traits::number_type;
    using cells_type = typename traits::cells_type;
    static_assert(!std::same_as<number_type, std::uint64_t>, "tacho: an up-down counter counts std::int64_t or double");

public:
    /// In the default registry.
    explicit up_down_counter(std::string_view description = {}) : up_down_counter(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit up_down_counter(scope const& in, std::string_view description = {}) noexcept
        : base(in, traits::spec(description)) {}
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/named.hpp
#ifndef TACHO_PART_INSTRUMENT_NAMED
#define TACHO_PART_INSTRUMENT_NAMED

// tacho: instruments whose names and labels are known only at run time.

namespace tacho::inline TACHO_ABI {

/// Describes an instrument at run time. The text is copied.
struct instrument_options {
    std::string_view name;                      ///< a letter, then letters, digits and _ . - /; at most 255 characters
    std::string_view description = {};          ///< for people
    std::string_view unit = {};                 ///< UCUM, at most 63 characters
    std::vector<std::string_view> labels = {};  ///< at most 16, distinct
    std::vector<double> bounds = {};            ///< of a histogram; none: those that fit the unit
    std::size_t series_limit = 0;               ///< 0: the registry's
    std::chrono::seconds expire_after{0};       ///< without use a series is removed after this time; 0: never
};

namespace detail {

// Why these options can't be an instrument; empty when they can. What a typed instrument checks while compiling.
[[nodiscard]] std::string why_refused(instrument_options const& o, instrument_kind kind);

// Registers what these options describe, unless they can't be an instrument.
[[nodiscard]] registration register_named(scope const& in, instrument_options const& o, instrument_kind kind,
                                          number_kind number, bool sharded, bool observable, bool exemplars);

template <class Number, class Cells>
[[nodiscard]] registration register_named(scope const& in, instrument_options const& o, instrument_kind kind,
                                          bool observable = false, bool exemplars = false) {
    return register_named(in, o, kind, kind_of_number<Number>, Cells::is_sharded, observable, exemplars);
}

// A value came with so many label values, and the instrument has another number of labels.
void drop_label_values(family& of, std::size_t given) noexcept;

#if TACHO_BODIES

TACHO_FUNCTION std::string why_refused(instrument_options const& o, instrument_kind kind) {
    auto const refused = [&](std::string_view why) {
        return "the " + std::string{to_string(kind)} + " \"" + to_utf8(o.name.substr(0, 300)) +
               "\" was not registered: " + std::string{why};
    };
    if (!is_instrument_name(o.name))
        return refused(
            "a name begins with a letter, goes on with letters, digits and _ . - /, and has at most 255 "
            "characters");
    if (o.unit.size() > 63) return refused("its unit has more than 63 characters; shorten it");
    if (o.labels.size() > max_labels)
        return refused("it has " + std::to_string(o.labels.size()) +
                       " labels, and 16 at most are possible; leave some out");
    std::vector<std::string> seen;
    for (auto const label : o.labels) {
        auto const quoted = "its label \"" + to_utf8(label.substr(0, 300)) + "\" ";
        if (!is_label_name(label))
            return refused(quoted +
                           "should begin with a letter, go on with letters, digits and _ . - /, and be none "
                           "of OpenTelemetry's own: otel.scope.* and otel.metric.overflow");
        std::string const name{prometheus_label_name(label).view()};
        if (kind == instrument_kind::histogram && name == "le")
            return refused(quoted + "has the name of the buckets' own label; rename it");
        if (std::find(seen.begin(), seen.end(), name) != seen.end())
            return refused(quoted + "has the same Prometheus name as another of its labels, " + name + "; rename one");
        seen.push_back(name);
    }
    if (o.expire_after.count() < 0 || o.expire_after.count() > 0xFFFFFFFF)
        return refused("its series can't expire after " + std::to_string(o.expire_after.count()) +
                       " s; give a number of seconds from 0 to 4294967295");
    if (o.expire_after.count() != 0 && o.labels.empty())
        return refused("it has no labels, and its one series can't expire; leave expire_after out");
    if (!are_bounds(o.bounds)) return refused("its bounds should be finite, strictly increasing and at most 256");
    return {};
}

TACHO_FUNCTION registration register_named(scope const& in, instrument_options const& o, instrument_kind kind,
                                           number_kind number, bool sharded, bool observable, bool exemplars) {
    if constexpr (!recording) return registration{in, {}};
    if (auto why = why_refused(o, kind); !why.empty()) return registration::refused(in, std::move(why));
    auto const name = prometheus_name(o.name, o.unit, kind);
    std::vector<label_spec> labels;
    for (auto const label : o.labels) labels.push_back({label});
    std::span<double const> bounds;
    if (kind == instrument_kind::histogram) bounds = o.bounds.empty() ? default_bounds(o.unit) : std::span{o.bounds};
    return registration{in,
                        {.name = o.name,
                         .prometheus_name = name.view(),
                         .description = o.description,
                         .unit = o.unit,
                         .kind = kind,
                         .number = number,
                         .sharded = sharded,
                         .observable = observable,
                         .limit = o.series_limit,
                         .expire_after = static_cast<std::uint32_t>(o.expire_after.count()),
                         .labels = labels,
                         .bounds = bounds,
                         .exemplars = exemplars}};
}

TACHO_FUNCTION void drop_label_values(family& of, std::size_t given) noexcept {
    constexpr std::string_view begin = "another number of label values than it has labels (", middle = " in place of ";
    char text[begin.size() + middle.size() + 2 * number_room + 1];
    char* out = write_text(begin, text);
    out = write_text(middle, write_integer(std::uint64_t{given}, out));
    out = write_text(")", write_integer(std::uint64_t{of.schema().given}, out));
    of.drop_measurement({text, static_cast<std::size_t>(out - text)});
}

#endif

}  // namespace detail

/// An instrument named at run time: `bind()` gives handles of the same kind as those of typed instruments. Movable;
/// ends its registration when it ends.
template <class Handle>
class named_instrument {
public:
    explicit named_instrument(registration in) noexcept : registration_(std::move(in)) {
        // Without labels its one series is shown from the start.
        if constexpr (!detail::recording) return;
        auto const& of = registration_.held();
        if (of != nullptr && of->schema().given == 0) static_cast<void>(registration_.bind_only());
    }

    /// Whether it is registered. If not, it works and counts for nothing; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.ok(); }

    /// The series with these label values, one for each label, in their order: `{}` for none. With another number of
    /// values what is recorded is discarded, and the error hook hears of it.
    [[nodiscard]] Handle bind(std::initializer_list<std::string_view> values = {}) const noexcept {
        return bind(std::span{values.begin(), values.size()});
    }
    /// The same from a span.
    [[nodiscard]] Handle bind(std::span<std::string_view const> values) const noexcept {
        if constexpr (!detail::recording) return Handle{detail::bound_series{nullptr, nullptr, {}}};
        auto const& of = registration_.held();
        if (of != nullptr && values.size() != of->schema().given) {
            detail::drop_label_values(*of, values.size());
            return Handle{detail::bound_series{detail::discard_cells(), nullptr, {}}};
        }
        return Handle{registration_.bind(values)};
    }
    /// The same without braces, as of typed instruments: `bind("mail", "high")`.
    template <class... Values>
        requires(sizeof...(Values) != 0 && (std::is_convertible_v<Values const&, std::string_view> && ...))
    [[nodiscard]] Handle bind(Values const&... values) const noexcept { return bind({std::string_view{values}...}); }

    /// Removes the series with these label values, or all of them; see the typed instruments. Without labels there is
    /// one series, which stays.
    bool remove(std::initializer_list<std::string_view> values) const noexcept {
        return remove(std::span{values.begin(), values.size()});
    }
    /// The same from a span.
    bool remove(std::span<std::string_view const> values) const noexcept {
        if constexpr (!detail::recording) return false;
        auto const& of = registration_.held();
        return of != nullptr && values.size() == of->schema().given && registration_.remove(values);
    }
    /// The same without braces.
    template <class... Values>
        requires(sizeof...(Values) != 0 && (std::is_convertible_v<Values const&, std::string_view> && ...))
    bool remove(Values const&... values) const noexcept { return remove({std::string_view{values}...}); }
    /// Removes all series. Takes the mutex that creating one takes.
    void clear() const noexcept {
        if constexpr (detail::recording) registration_.clear();
    }

private:
    registration registration_;
};

/// What add_counter() gives.
using named_counter = named_instrument<counter_handle<std::uint64_t, cells::sharded>>;
/// What add_double_counter() gives.
using named_double_counter = named_instrument<counter_handle<double, cells::sharded>>;
/// What add_up_down_counter() gives.
using named_up_down_counter = named_instrument<up_down_handle<std::int64_t, cells::shared>>;
/// What add_gauge() gives.
using named_gauge = named_instrument<gauge_handle<double>>;
/// What add_histogram() gives.
using named_histogram = named_instrument<histogram_handle<cells::sharded, unit::none>>;
/// What add_exemplar_counter() gives.
using named_exemplar_counter = named_instrument<counter_handle<std::uint64_t, cells::sharded, true>>;
/// What add_exemplar_histogram() gives.
using named_exemplar_histogram = named_instrument<histogram_handle<cells::sharded, unit::none, true>>;

/// Registers an instrument whose description comes from outside. What is wrong with it does not throw: ok() is then
/// false, the error hook has been called, and registry.problems() names culprit and cure. Takes the registry's mutex
/// and allocates.
[[nodiscard]] named_counter add_counter(scope const& in, instrument_options const& o);
/// As add_counter(), of doubles.
[[nodiscard]] named_double_counter add_double_counter(scope const& in, instrument_options const& o);
/// As add_counter(), of an up-down counter of std::int64_t.
[[nodiscard]] named_up_down_counter add_up_down_counter(scope const& in, instrument_options const& o);
/// As add_counter(), of a gauge of doubles.
[[nodiscard]] named_gauge add_gauge(scope const& in, instrument_options const& o);
/// As add_counter(), of a histogram of doubles.
[[nodiscard]] named_histogram add_histogram(scope const& in, instrument_options const& o);
/// The same whose series keep exemplars.
[[nodiscard]] named_exemplar_counter add_exemplar_counter(scope const& in, instrument_options const& o);
/// As add_histogram(), with exemplars.
[[nodiscard]] named_exemplar_histogram add_exemplar_histogram(scope const& in, instrument_options const& o);

#if TACHO_BODIES

TACHO_FUNCTION named_counter add_counter(scope const& in, instrument_options const& o) {
    return named_counter{detail::register_named<std::uint64_t, cells::sharded>(in, o, instrument_kind::counter)};
}

TACHO_FUNCTION named_double_counter add_double_counter(scope const& in, instrument_options const& o) {
    return named_double_counter{detail::register_named<double, cells::sharded>(in, o, instrument_kind::counter)};
}

TACHO_FUNCTION named_up_down_counter add_up_down_counter(scope const& in, instrument_options const& o) {
    return named_up_down_counter{
        detail::register_named<std::int64_t, cells::shared>(in, o, instrument_kind::up_down_counter)};
}

TACHO_FUNCTION named_gauge add_gauge(scope const& in, instrument_options const& o) {
    return named_gauge{detail::register_named<double, cells::shared>(in, o, instrument_kind::gauge)};
}

TACHO_FUNCTION named_histogram add_histogram(scope const& in, instrument_options const& o) {
    return named_histogram{detail::register_named<double, cells::sharded>(in, o, instrument_kind::histogram)};
}

TACHO_FUNCTION named_exemplar_counter add_exemplar_counter(scope const& in, instrument_options const& o) {
    return named_exemplar_counter{
        detail::register_named<std::uint64_t, cells::sharded>(in, o, instrument_kind::counter, false, true)};
}

TACHO_FUNCTION named_exemplar_histogram add_exemplar_histogram(scope const& in, instrument_options const& o) {
    return named_exemplar_histogram{
        detail::register_named<double, cells::sharded>(in, o, instrument_kind::histogram, false, true)};
}

#endif

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/observable.hpp
#ifndef TACHO_PART_INSTRUMENT_OBSERVABLE
#define TACHO_PART_INSTRUMENT_OBSERVABLE

// tacho: observables: instruments whose values a callable of the program gives when somebody collects them.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/api/#asynchronous-instrument-api

namespace tacho::inline TACHO_ABI {

class observation;
class observer;

namespace detail {

// Why an instrument can't have this value; empty when it can.
template <class Number, class Value>
[[nodiscard]] constexpr std::string_view why_unfit(instrument_kind kind, Value value) noexcept {
    if constexpr (!std::same_as<Number, double>) {
        if (!std::in_range<Number>(value))
            return std::same_as<Number, std::uint64_t> ? "a negative value" : "a value above 2^63-1";
    } else if (kind == instrument_kind::counter) {
        auto const number = static_cast<double>(value);
        if (!(number >= 0 && number <= (std::numeric_limits<double>::max)()))
            return "a negative, infinite or NaN value";
    } else if (kind == instrument_kind::up_down_counter) {
        if (!is_finite(static_cast<double>(value))) return "an infinite or NaN value";
    }
    return {};
}

template <class Value, class Arg>
[[nodiscard]] constexpr bool is_listed(Arg const& arg) noexcept {
    constexpr auto cardinality = label_value<Value>::cardinality;
    if constexpr (cardinality == 0)
        return true;
    else
        return label_value<Value>::index(checked_label<Value>(arg)) < cardinality;
}

// The series with these label values, held; nullptr when memory can't be had. One that exists is found without lock.
template <class... Labels, class... Args>
[[nodiscard]] series* find_series(family& of, std::tuple<Labels...> const*, Args const&... args) noexcept {
    if (!(is_listed<typename Labels::value_type>(args) && ...)) {
        series* const beyond = of.table().overflow();
        if (beyond != nullptr) beyond->hold();
        return beyond;
    }
    [[maybe_unused]] std::array<label_scratch, sizeof...(Labels)> scratch;
    [[maybe_unused]] std::size_t i = 0;
    std::array<std::string_view, sizeof...(Labels)> const values{label_value<typename Labels::value_type>::text(
        checked_label<typename Labels::value_type>(args), scratch[i++])...};
    return of.hold(values);
}

// One value, as a callback gives it, of the series that `find()` finds and holds.
template <class Number, class Value, class Find>
void observe_into(observed_values& into, family& of, Value value, Find find) noexcept {
    if (auto const why = why_unfit<Number>(of.describe().kind, value); !why.empty()) return of.drop_measurement(why);
    looking const look;
    series* const found = find();
    if (found == nullptr) return of.drop_measurement("a value that there is no memory for");
    if (found->is_overflow()) of.say_overflow();
    into.add(of, held_series{found}, {of.describe().number, std::bit_cast<std::uint64_t>(static_cast<Number>(value))});
}

// The same by the label values of a typed instrument.
template <class Traits, class Value, class... Args>
void observe_typed(observed_values& into, family& of, Value value, Args const&... labels) noexcept {
    observe_into<typename Traits::number_type>(into, of, value, [&] {
        return find_series(of, static_cast<typename Traits::labels const*>(nullptr), labels...);
    });
}

// Whether this is a value for an instrument, and values for its labels, one for one.
template <class Traits, class Value, class... Args>
concept observes = amount_for<Value, typename Traits::number_type> && are_values_of<typename Traits::labels, Args...>;

// Without memory.
inline void report_uncalled(descriptor const& of) noexcept {
    report_joined(severity::error, {"the callable of the observable ", to_string(of.kind), " \"", of.name,
                                    "\" is not called: there is no memory to keep it; allow the process more"});
}

// Keeps a callback registered. Its end waits until the callback does not run, except from within it.
class callback_registration {
public:
    callback_registration() = default;
    callback_registration(std::shared_ptr<registry_core> const& in, std::shared_ptr<callback> call) noexcept;
    callback_registration(callback_registration&&) noexcept = default;
    callback_registration& operator=(callback_registration&& other) noexcept {
        std::swap(core_, other.core_);
        std::swap(call_, other.call_);
        return *this;
    }
    ~callback_registration();

private:
    std::shared_ptr<registry_core> core_;
    std::shared_ptr<callback> call_;
};

#if TACHO_BODIES

TACHO_FUNCTION callback_registration::callback_registration(std::shared_ptr<registry_core> const& in,
                                                            std::shared_ptr<callback> call) noexcept {
    if (!in->callbacks.add(call)) {
        report_uncalled(call->families().front()->describe());
        return;
    }
    core_ = in;
    call_ = std::move(call);
}

TACHO_FUNCTION callback_registration::~callback_registration() {
    if (call_ != nullptr) core_->callbacks.remove(*call_);
}

#endif

}  // namespace detail

/// What the callable of one observable is given: `observe(value, label values...)`, in order and of the labels' types.
/// For use within that call, by its thread. Of several values for the same label values the last one counts. Takes no
/// lock and allocates nothing for a series that exists.
template <class Traits>
class series_observer {
public:
    /// Whether the callable may just return a number.
    static constexpr bool takes_just_values = Traits::label_count == 0;

    series_observer(detail::observed_values& into, family& of) noexcept : into_(into), of_(of) {}
    series_observer(series_observer const&) = delete;
    series_observer& operator=(series_observer const&) = delete;

    /// Whether it may return this.
    template <class Value>
    static constexpr bool takes = detail::amount_for<std::remove_cvref_t<Value>, typename Traits::number_type>;

    /// A value that holds now, and its label values.
    template <class Value, class... Args>
        requires detail::observes<Traits, Value, Args...>
    void operator()(Value const& value, Args const&... labels) const noexcept {
        detail::observe_typed<Traits>(into_, of_, value, labels...);
    }
    template <class... Args>
    detail::observe_takes_a_number_then_one_value_for_each_label_in_order operator()(Args const&...) const;

private:
    detail::observed_values& into_;
    family& of_;
};

namespace detail {

// In place of a callable that takes what it calls.
using no_value = void (*)();

// The callable of one instrument.
template <class Observer, class F>
class own_callback final : public callback {
    static constexpr bool gives_a_value = Observer::takes_just_values && std::invocable<F&>;
    static_assert(
        gives_a_value || std::invocable<F&, Observer&>,
        "tacho: an observable's callable returns a number if there are no labels, or takes what it calls with "
        "each number and its label values: [](auto& observe) { observe(3, \"mail\"); }");
    static_assert(
        !gives_a_value ||
            Observer::template takes<std::invoke_result_t<std::conditional_t<gives_a_value, F&, no_value>>>,
        "tacho: what an observable's callable returns is a number of its own type: a whole one, unless it has the "
        "option double");

public:
    template <class G>
    own_callback(std::shared_ptr<family> const& of, G&& callable)
        : callback({of}), callable_(std::forward<G>(callable)) {}

    void run(observed_values& into) override {
        Observer observe{into, *this->families().front()};
        if constexpr (gives_a_value)
            observe(callable_());
        else
            callable_(observe);
    }

private:
    F callable_;
};

// Has an instrument's callable called, if the instrument is registered.
template <class Observer, class F>
[[nodiscard]] callback_registration register_callback(registration const& own, F&& callable) noexcept {
    callback_registration made;
    if (own.held() == nullptr) return made;
    bool const done = attempt([&] {
        using call = own_callback<Observer, std::decay_t<F>>;
        made = {own.core(), std::make_shared<call>(own.held(), std::forward<F>(callable))};
    });
    if (!done) report_uncalled(own.held()->describe());
    return made;
}

// What all observables do alike. Immovable: observations refer to it.
template <class Traits>
class observable_instrument {
    static_assert(std::same_as<typename Traits::cells_type, cells::shared>,
                  "tacho: an observable can't be sharded; its cells are shared");

public:
    using traits = Traits;  ///< what its template arguments say

    /// In the default registry, without a callable: an observation gives the values.
    explicit observable_instrument(std::string_view description = {})
        : observable_instrument(default_registry(), description) {}
    /// In a registry or a scope of one, without a callable. What fails is told to the error hook.
    explicit observable_instrument(scope const& in, std::string_view description = {}) noexcept
        : registration_(in, spec(description)) {}
    /// In the default registry. The callable lives as long as this, and is called once a collection, under no lock.
    template <class F>
    observable_instrument(std::string_view description, F&& callable)
        : observable_instrument(default_registry(), description, std::forward<F>(callable)) {}
    /// The same in a registry or a scope of one.
    template <class F>
    observable_instrument(scope const& in, std::string_view description, F&& callable) noexcept
        : observable_instrument(in, description) {
        callback_ = register_callback<series_observer<Traits>>(registration_, std::forward<F>(callable));
    }
    observable_instrument(observable_instrument const&) = delete;
    observable_instrument& operator=(observable_instrument const&) = delete;

    /// Whether it is registered. If not, its callable is not called; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.ok(); }

protected:
    ~observable_instrument() = default;

private:
    friend class tacho::observation;
    friend class tacho::observer;

    static constexpr instrument_spec spec(std::string_view description) noexcept {
        auto s = Traits::spec(description);
        s.observable = true;
        return s;
    }

    registration registration_;
    callback_registration callback_;  // ends first
};

template <class T>
concept observable = requires {
    typename T::traits;
}
&&std::derived_from<T, observable_instrument<typename T::traits>>;

template <instrument_kind Kind, fixed_string Name, class Number, class... Options>
using observable_front = observable_instrument<instrument_traits<Kind, Name, Number, cells::shared, Options...>>;

}  // namespace detail

/// Shows values that are looked up when somebody collects: `observable_gauge<"room.temperature", unit::celsius>
/// t{scope,
/// "...", [] { return 21.5; }}`, or with labels `observable_gauge<"queue.length", label<"queue">> q{scope, "...",
/// [&](auto& observe) { observe(3, "mail"); observe(5, "print"); }}`. Holds doubles; with the option std::int64_t,
/// integers. Without a callable, an observation gives its values.
///
/// The callable runs once in each collection (a scrape, a push, a visit, a snapshot), on the collecting thread, one at
/// a time in a registry, and under no lock of the library: it may record, register and remove instruments, end its own,
/// and collect, which then shows the values before. What it does not observe is not shown, also if it was before. When
/// it throws, or takes longer than registry_options::callback_timeout, nothing that it observed in that call is shown;
/// registry.health() counts it, and the error hook hears of the first time.
///
/// Label values may come and go for ever, in bounded memory: the series limit is for what one round observes. Of more
/// than that, those shown before stay, then the first new ones, and the others are counted together. As long as there
/// are no more series than the limit, one that was left out for some rounds goes on where it was; beyond that, those
/// that the last round did not observe are forgotten, and start anew when they are observed again. A round in which the
/// callable failed forgets none.
///
/// The instrument's end waits until the callable does not run, except from within it; the callable is then destroyed
/// after it returns. So it may use whatever lives longer than the instrument, and must not wait for the thread that
/// ends it.
template <fixed_string Name, class... Options>
class observable_gauge : public detail::observable_front<instrument_kind::gauge, Name, double, Options...> {
    using base = detail::observable_front<instrument_kind::gauge, Name, double, Options...>;
    static_assert(!std::same_as<typename base::traits::number_type, std::uint64_t>,
                  "tacho: a gauge holds a double or std::int64_t");

public:
    using base::base;
};

/// The same for a total that only grows, such as the processor time used. The callable gives the total itself, not what
/// was added: std::uint64_t, or with the option double, doubles. Negative, infinite and NaN totals are dropped and
/// counted. One that is lower than before has begun anew: its start time is then that of the collection before.
template <fixed_string Name, class... Options>
class observable_counter : public detail::observable_front<instrument_kind::counter, Name, std::uint64_t, Options...> {
    using base = detail::observable_front<instrument_kind::counter, Name, std::uint64_t, Options...>;
    static_assert(!std::same_as<typename base::traits::number_type, std::int64_t>,
                  "tacho: a counter counts std::uint64_t or double");

public:
    using base::base;
};

/// The same for an amount that can be added up over its series and may go down, such as the memory in use:
/// std::int64_t, or with the option double, doubles. The callable gives the amount itself. Infinite and NaN ones are
/// dropped.
template <fixed_string Name, class... Options>
class observable_up_down_counter
    : public detail::observable_front<instrument_kind::up_down_counter, Name, std::int64_t, Options...> {
    using base = detail::observable_front<instrument_kind::up_down_counter, Name, std::int64_t, Options...>;
    static_assert(!std::same_as<typename base::traits::number_type, std::uint64_t>,
                  "tacho: an up-down counter counts std::int64_t or double");

public:
    using base::base;
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/named_observable.hpp
#ifndef TACHO_PART_INSTRUMENT_NAMED_OBSERVABLE
#define TACHO_PART_INSTRUMENT_NAMED_OBSERVABLE

// tacho: observables whose names and labels are known only at run time.

namespace tacho::inline TACHO_ABI {

namespace detail {

// One value of an instrument whose number is only known now.
template <class Number, class Value, class Find>
void observe_whole(observed_values& into, family& of, Value value, Find find) noexcept {
    if constexpr (std::floating_point<Value>) {
        auto const number = static_cast<double>(value);
        if (!(number >= -0x1p63 && number < 0x1p64 && is_whole(number)))
            return of.drop_measurement("a value that is not a whole number, or too large for one");
        if (number < 0) return observe_into<Number>(into, of, static_cast<std::int64_t>(number), find);
        observe_into<Number>(into, of, static_cast<std::uint64_t>(number), find);
    } else {
        observe_into<Number>(into, of, value, find);
    }
}

template <class Value>
void observe_named(observed_values& into, family& of, Value value, std::span<std::string_view const> labels) noexcept {
    if (labels.size() != of.schema().given) return drop_label_values(of, labels.size());
    auto const find = [&] { return of.hold(labels); };
    switch (of.describe().number) {
        case number_kind::floating: return observe_into<double>(into, of, value, find);
        case number_kind::signed_integer: return observe_whole<std::int64_t>(into, of, value, find);
        case number_kind::unsigned_integer: return observe_whole<std::uint64_t>(into, of, value, find);
    }
}

}  // namespace detail

/// What the callable of an observable named at run time is given: `observe(3, {"mail"})`, the value of each label in
/// order, or `observe(3)` without labels. A value with another number of label values is dropped and counted. For use
/// within that call, by its thread.
template <class Number>
class named_series_observer {
public:
    /// Whether the callable may just return a number; found out at run time.
    static constexpr bool takes_just_values = true;  // found out at run time
    /// Whether it may return this.
    template <class Value>
    static constexpr bool takes = detail::amount_for<std::remove_cvref_t<Value>, Number>;

    named_series_observer(detail::observed_values& into, family& of) noexcept : into_(into), of_(of) {}
    named_series_observer(named_series_observer const&) = delete;
    named_series_observer& operator=(named_series_observer const&) = delete;

    /// A value that holds now, and its label values.
    template <class Value>
        requires detail::amount_for<Value, Number>
    void operator()(Value value, std::initializer_list<std::string_view> labels = {}) const noexcept {
        (*this)(value, std::span{labels.begin(), labels.size()});
    }
    /// The same from a span.
    template <class Value>
        requires detail::amount_for<Value, Number>
    void operator()(Value value, std::span<std::string_view const> labels) const noexcept {
        detail::observe_named(into_, of_, value, labels);
    }

private:
    detail::observed_values& into_;
    family& of_;
};

/// An observable named at run time. Movable; ends its registration when it ends, as an observable_gauge does. May be
/// listed by an observation, made without a callable.
class named_observable {
public:
    explicit named_observable(registration in) noexcept : registration_(std::move(in)) {}
    named_observable(registration in, detail::callback_registration call) noexcept
        : registration_(std::move(in)), callback_(std::move(call)) {}

    /// Whether it is registered. If not, its callable is not called; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.ok(); }

private:
    friend class observation;
    friend class observer;

    registration registration_;
    detail::callback_registration callback_;  // ends first
};

namespace detail {

template <class Number, class F>
[[nodiscard]] named_observable add_observable(scope const& in, instrument_options const& o, instrument_kind kind,
                                              F&& callable) {
    auto registered = register_named<Number, cells::shared>(in, o, kind, true);
    auto call = register_callback<named_series_observer<Number>>(registered, std::forward<F>(callable));
    return {std::move(registered), std::move(call)};
}

}  // namespace detail

/// Registers an observable whose description comes from outside; see add_counter() and observable_gauge. The callable
/// returns a number, or takes what it calls with each number and its label values:
/// `[](auto& observe) { observe(3, {"mail"}); }`.
template <class F>
[[nodiscard]] named_observable add_observable_gauge(scope const& in, instrument_options const& o, F&& callable) {
    return detail::add_observable<double>(in, o, instrument_kind::gauge, std::forward<F>(callable));
}
/// The same of a counter: the callable gives totals of std::uint64_t.
template <class F>
[[nodiscard]] named_observable add_observable_counter(scope const& in, instrument_options const& o, F&& callable) {
    return detail::add_observable<std::uint64_t>(in, o, instrument_kind::counter, std::forward<F>(callable));
}
/// The same of an up-down counter of std::int64_t.
template <class F>
[[nodiscard]] named_observable add_observable_up_down_counter(scope const& in, instrument_options const& o,
                                                              F&& callable) {
    return detail::add_observable<std::int64_t>(in, o, instrument_kind::up_down_counter, std::forward<F>(callable));
}

/// The same without a callable: an observation gives the values.
[[nodiscard]] inline named_observable add_observable_gauge(scope const& in, instrument_options const& o) {
    return named_observable{detail::register_named<double, cells::shared>(in, o, instrument_kind::gauge, true)};
}
/// The same of a counter: totals of std::uint64_t.
[[nodiscard]] inline named_observable add_observable_counter(scope const& in, instrument_options const& o) {
    return named_observable{
        detail::register_named<std::uint64_t, cells::shared>(in, o, instrument_kind::counter, true)};
}
/// The same of an up-down counter of std::int64_t.
[[nodiscard]] inline named_observable add_observable_up_down_counter(scope const& in, instrument_options const& o) {
    return named_observable{
        detail::register_named<std::int64_t, cells::shared>(in, o, instrument_kind::up_down_counter, true)};
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/state_set.hpp
#ifndef TACHO_PART_INSTRUMENT_STATE_SET
#define TACHO_PART_INSTRUMENT_STATE_SET

// tacho: a state set: which of some named states something is in.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#stateset

namespace tacho::inline TACHO_ABI {

namespace detail {

// All states are one number, so that a reader sees a change whole. Relaxed: it orders nothing else.
inline constexpr std::uint64_t any_state_told = std::uint64_t{1} << max_states;

inline void refuse_state(family* of) noexcept {
    if (of != nullptr) of->drop_measurement("a state that it has not");
}

// An index that is no state's is that of a value which isn't listed.
inline void set_only_state(word* cell, family* of, std::size_t state, std::size_t states) noexcept {
    if constexpr (!recording) return;
    if (state >= states) [[unlikely]]
        return refuse_state(of);
    cell->store(any_state_told | std::uint64_t{1} << state, std::memory_order_relaxed);
}

inline void set_one_state(word* cell, family* of, std::size_t state, std::size_t states, bool on) noexcept {
    if constexpr (!recording) return;
    if (state >= states) [[unlikely]]
        return refuse_state(of);
    auto const bit = std::uint64_t{1} << state;
    // Two steps for "off": what was never told has no bit to take off, so a reader between them sees it as it will be.
    cell->fetch_or(on ? any_state_told | bit : any_state_told, std::memory_order_relaxed);
    if (!on) cell->fetch_and(~bit, std::memory_order_relaxed);
}

template <class State>
inline constexpr std::size_t state_count = label_value<State>::cardinality;

}  // namespace detail

/// One series of a state set, to keep. A copyable value that keeps its series alive, whatever becomes of instrument and
/// registry. Its members may be called by any thread at any time, and neither lock nor allocate. A state that isn't
/// listed in label_values() is dropped and counted.
template <class State>
class state_set_handle {
public:
    explicit state_set_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// This state and no other: one store, so that no reader sees two states, or none.
    void set(State only) const noexcept {
        detail::set_only_state(to_.cells, to_.of.get(), detail::label_value<State>::index(only),
                               detail::state_count<State>);
    }
    /// Turns one state on or off and leaves the others as they are, where several may hold at a time.
    void set(State one, bool on) const noexcept {
        detail::set_one_state(to_.cells, to_.of.get(), detail::label_value<State>::index(one),
                              detail::state_count<State>, on);
    }

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `state("mail").set(job_state::idle);`
template <class State>
class state_set_series {
public:
    state_set_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    state_set_series(state_set_series const&) = delete;
    state_set_series& operator=(state_set_series const&) = delete;

    /// This state and no other.
    void set(State only) && noexcept {
        detail::set_only_state(to_.cells, to_.of.get(), detail::label_value<State>::index(only),
                               detail::state_count<State>);
    }
    /// Turns one state on or off and leaves the others as they are.
    void set(State one, bool on) && noexcept {
        detail::set_one_state(to_.cells, to_.of.get(), detail::label_value<State>::index(one),
                              detail::state_count<State>, on);
    }
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place set(Args const&...) &;

private:
    detail::found_series to_;
    detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using state_set_traits = instrument_traits<instrument_kind::state_set, Name, std::uint64_t, cells::shared, Options...>;

template <class Traits, class State>
using state_set_front = typed_instrument<Traits, state_set_series<State>, state_set_handle<State>>;

template <listed_enum State>
inline constexpr auto state_names = [] {
    std::array<std::string_view, state_count<State>> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = label_value<State>::list.entries[i].text;
    return names;
}();

// Whether a state set may have this name, which is also its own label's: none of its labels, and no reserved one.
template <std::size_t N>
[[nodiscard]] constexpr bool is_state_label(std::string_view name, std::array<label_spec, N> const& labels) noexcept {
    for (auto const& label : labels)
        if (prometheus_label_name(label.name).view() == prometheus_label_name(name).view()) return false;
    return is_label_name(name);
}

template <class Traits, class State>
[[nodiscard]] constexpr instrument_spec state_set_spec(std::string_view description) noexcept {
    auto spec = Traits::spec(description);
    spec.states = state_names<State>;
    return spec;
}

}  // namespace detail

/// Shows 1 for the states that hold and 0 for the others: `state_set<"job.state", job_state, label<"job">>` has a
/// sample for each job and each enumerator that label_values(job_state) lists, at most 63. Their label is called like
/// the metric. Without labels it is shown from the start, with no state on; a series with labels from its first set()
/// on.
template <fixed_string Name, detail::listed_enum State, class... Options>
class state_set : public detail::state_set_front<detail::state_set_traits<Name, Options...>, State> {
    using traits = detail::state_set_traits<Name, Options...>;
    using base = detail::state_set_front<traits, State>;
    static_assert(detail::state_count<State> <= max_states, "tacho: a state set has at most 63 states");
    static_assert(detail::is_state_label(Name.view(), traits::label_specs),
                  "tacho: a state set's name is also the label of its states, so none of its labels has it, and it is "
                  "none of OpenTelemetry's own");
    static_assert(traits::unit_type::ucum.empty() && std::same_as<typename traits::number_type, std::uint64_t> &&
                      !traits::cells_type::is_sharded,
                  "tacho: a state set's values are 0 and 1: it has no unit, no type of number and no sharded cells");

public:
    /// In the default registry.
    explicit state_set(std::string_view description = {}) : state_set(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit state_set(scope const& in, std::string_view description = {}) noexcept
        : base(in, detail::state_set_spec<traits, State>(description)) {
        if constexpr (detail::recording && traits::label_count == 0)
            this->only()->fetch_or(detail::any_state_told, std::memory_order_relaxed);
    }

    /// This state and no other.
    void set(State only) noexcept requires(traits::label_count == 0) {
        detail::set_only_state(this->only(), this->own_family(), detail::label_value<State>::index(only),
                               detail::state_count<State>);
    }
    /// Turns one state on or off and leaves the others as they are.
    void set(State one, bool on) noexcept requires(traits::label_count == 0) {
        detail::set_one_state(this->only(), this->own_family(), detail::label_value<State>::index(one),
                              detail::state_count<State>, on);
    }
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first set(Args const&...);
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/named_others.hpp
#ifndef TACHO_PART_INSTRUMENT_NAMED_OTHERS
#define TACHO_PART_INSTRUMENT_NAMED_OTHERS

// tacho: infos, state sets and exponential histograms whose names and labels are known only at run time.

namespace tacho::inline TACHO_ABI {

#if TACHO_BODIES

namespace detail {

// Registers what `add` completes: a specification with name, description, labels and limit.
template <class Complete>
[[nodiscard]] registration register_other(scope const& in, instrument_options const& o, instrument_kind kind,
                                          std::string why, Complete&& complete) {
    if constexpr (!recording) return registration{in, {}};
    if (auto general = why_refused(o, kind); !general.empty()) return registration::refused(in, std::move(general));
    if (!why.empty())
        return registration::refused(in, "the " + std::string{to_string(kind)} + " \"" + std::string{o.name} +
                                             "\" was not registered: " + std::move(why));
    auto const name = prometheus_name(o.name, o.unit, kind);
    std::vector<label_spec> labels;
    for (auto const label : o.labels) labels.push_back({label});
    instrument_spec spec{.name = o.name,
                         .prometheus_name = name.view(),
                         .description = o.description,
                         .unit = o.unit,
                         .kind = kind,
                         .number = number_kind::unsigned_integer,
                         .sharded = false,
                         .limit = o.series_limit,
                         .expire_after = static_cast<std::uint32_t>(o.expire_after.count()),
                         .labels = labels,
                         .bounds = {}};
    complete(spec);
    return registration{in, spec};
}

[[nodiscard]] inline std::string why_no_info(instrument_options const& o) {
    if (!o.unit.empty()) return "an info has no unit; leave it out";
    if (o.expire_after.count() != 0) return "an info shows what was set last, however long ago; leave expire_after out";
    return o.labels.empty() ? "an info has labels, which are what it shows; give it one" : "";
}

[[nodiscard]] inline std::string why_no_state_set(instrument_options const& o,
                                                  std::span<std::string_view const> states) {
    if (!o.unit.empty()) return "a state set has no unit; leave it out";
    if (!is_label_name(o.name))
        return "its name is also the label of its states, and is one of OpenTelemetry's own; rename it";
    if (states.empty() || states.size() > max_states)
        return "a state set has 1 to 63 states, and it is given " + std::to_string(states.size());
    std::vector<std::string> seen;
    for (auto const state : states) {
        auto text = to_utf8(state);
        if (text.empty() || std::find(seen.begin(), seen.end(), text) != seen.end())
            return "its states should be distinct and not empty, which \"" + text + "\" is not";
        seen.push_back(std::move(text));
    }
    for (auto const label : o.labels)
        if (prometheus_label_name(label).view() == prometheus_label_name(o.name).view())
            return "its name is also the label of its states, and its label \"" + std::string{label} +
                   "\" has it; rename one";
    return {};
}

[[nodiscard]] inline std::string why_no_exponential(instrument_options const& o, exponential_shape const& shape) {
    if (!o.bounds.empty()) return "an exponential histogram finds its own bounds; leave them out";
    return is_exponential_shape(shape) ? ""
                                       : "its max_buckets should be 4 to 168, and its zero_threshold 0 or more and "
                                         "finite";
}

}  // namespace detail

#endif

/// An info named at run time. Movable; ends its registration when it ends.
class named_info {
public:
    explicit named_info(registration in) noexcept : in_(std::move(in)) {}

    /// Whether it is registered. If not, it works and shows nothing; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return in_.ok(); }

    /// Replaces what is shown: one value for each label, in their order. With another number of values nothing changes,
    /// and the error hook hears of it.
    void set(std::initializer_list<std::string_view> values) const noexcept { in_.bind(values).show(); }
    /// The same from a span.
    void set(std::span<std::string_view const> values) const noexcept { in_.bind(values).show(); }

private:
    named_instrument<detail::info_handle> in_;
};

/// One series of a state set whose states are known at run time. As state_set_handle, with a state's text in place of
/// an enumerator; finding it takes a comparison with each.
class named_state_handle {
public:
    explicit named_state_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// This state and no other.
    void set(std::string_view only) const noexcept {
        if (to_.of != nullptr) detail::set_only_state(to_.cells, to_.of.get(), index(only), states().size());
    }
    /// Turns one state on or off and leaves the others as they are.
    void set(std::string_view one, bool on) const noexcept {
        if (to_.of != nullptr) detail::set_one_state(to_.cells, to_.of.get(), index(one), states().size(), on);
    }

private:
    [[nodiscard]] std::vector<std::string> const& states() const noexcept { return to_.of->describe().states; }
    [[nodiscard]] std::size_t index(std::string_view state) const noexcept {
        auto const is_this = [&](std::string const& known) { return is_same_as_utf8(known, state); };
        return static_cast<std::size_t>(std::find_if(states().begin(), states().end(), is_this) - states().begin());
    }

    detail::bound_series to_;
};

/// What add_state_set() gives.
using named_state_set = named_instrument<named_state_handle>;

/// As add_counter() and its like. An info has labels and no unit.
[[nodiscard]] named_info add_info(scope const& in, instrument_options const& o);
/// As add_counter() and its like. A state set has 1 to 63 distinct states and no unit; each series is shown from its
/// first set() on.
[[nodiscard]] named_state_set add_state_set(scope const& in, instrument_options const& o,
                                            std::span<std::string_view const> states);
/// The same from a list.
[[nodiscard]] named_state_set add_state_set(scope const& in, instrument_options const& o,
                                            std::initializer_list<std::string_view> states);

/// What add_exponential_histogram() gives.
using named_exponential_histogram = named_instrument<exponential_handle<cells::sharded, unit::none>>;

/// As add_histogram(), without bounds.
[[nodiscard]] named_exponential_histogram add_exponential_histogram(scope const& in, instrument_options const& o,
                                                                    exponential_shape shape = {});

#if TACHO_BODIES

TACHO_FUNCTION named_info add_info(scope const& in, instrument_options const& o) {
    return named_info{detail::register_other(in, o, instrument_kind::info, detail::why_no_info(o), [](auto&) {})};
}

TACHO_FUNCTION named_state_set add_state_set(scope const& in, instrument_options const& o,
                                             std::span<std::string_view const> states) {
    return named_state_set{detail::register_other(in, o, instrument_kind::state_set,
                                                  detail::why_no_state_set(o, states),
                                                  [&](auto& spec) { spec.states = states; })};
}

TACHO_FUNCTION named_state_set add_state_set(scope const& in, instrument_options const& o,
                                             std::initializer_list<std::string_view> states) {
    return add_state_set(in, o, std::span{states.begin(), states.size()});
}

TACHO_FUNCTION named_exponential_histogram add_exponential_histogram(scope const& in, instrument_options const& o,
                                                                     exponential_shape shape) {
    return named_exponential_histogram{detail::register_other(in, o, instrument_kind::exponential_histogram,
                                                              detail::why_no_exponential(o, shape), [&](auto& spec) {
                                                                  spec.number = number_kind::floating;
                                                                  spec.sharded = true;
                                                                  spec.shape = shape;
                                                              })};
}

#endif

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/instrument/observation.hpp
#ifndef TACHO_PART_INSTRUMENT_OBSERVATION
#define TACHO_PART_INSTRUMENT_OBSERVATION

// tacho: an observation: one callable that gives the values of several observables at once.

namespace tacho::inline TACHO_ABI {

namespace detail {

template <class T>
concept observable_of_any_kind = observable<T> || std::same_as<T, named_observable>;

}  // namespace detail

/// What the callable of an observation is given: `observe(instrument, value, label values...)`, in order and of the
/// labels' types; of an instrument named at run time `observe(instrument, value, {"mail"})`. For use within that call,
/// by its thread. A value for an instrument that the observation does not list is dropped and counted, and the error
/// hook hears of the first one; so is one with another number of label values, or not whole where integers are counted,
/// which the compiler finds out for typed instruments.
class observer {
public:
    observer(detail::observed_values& into, detail::callback const& in) noexcept : into_(into), in_(in) {}
    observer(observer const&) = delete;
    observer& operator=(observer const&) = delete;

    /// A value of a typed instrument that holds now, and its label values.
    template <detail::observable Instrument, class Value, class... Args>
        requires detail::observes<typename Instrument::traits, Value, Args...>
    void operator()(Instrument const& instrument, Value const& value, Args const&... labels) const noexcept {
        if (family* const of = listed(instrument.registration_))
            detail::observe_typed<typename Instrument::traits>(into_, *of, value, labels...);
    }

    /// The same of an instrument named at run time.
    template <class Value>
        requires detail::amount_for<Value, double>
    void operator()(named_observable const& instrument, Value value,
                    std::initializer_list<std::string_view> labels = {}) const noexcept {
        (*this)(instrument, value, std::span{labels.begin(), labels.size()});
    }
    /// The same from a span.
    template <class Value>
        requires detail::amount_for<Value, double>
    void operator()(named_observable const& instrument, Value value,
                    std::span<std::string_view const> labels) const noexcept {
        if (family* const of = listed(instrument.registration_)) detail::observe_named(into_, *of, value, labels);
    }

    template <class First, class... Args>
        requires(!std::same_as<First, named_observable>)
    detail::observe_takes_an_observable_then_a_number_then_its_label_values_in_order operator()(First const&,
                                                                                                Args const&...) const;

private:
    // The instrument's family; nullptr when it may not be observed here, or isn't registered, which was reported.
    [[nodiscard]] family* listed(registration const& instrument) const noexcept {
        auto const& of = instrument.held();
        if (of == nullptr) return nullptr;
        auto const& all = in_.families();
        if (std::find(all.begin(), all.end(), of) != all.end()) return of.get();
        of->drop_measurement("a value by an observation that does not list it");
        return nullptr;
    }

    detail::observed_values& into_;
    detail::callback const& in_;
};

namespace detail {

// The callable of several instruments.
template <class F>
class joint_callback final : public callback {
    static_assert(std::invocable<F&, observer&>,
                  "tacho: an observation's callable takes what it calls with each instrument, number and label values: "
                  "[&](tacho::observer& observe) { observe(used, 1); observe(idle, 2); }");

public:
    template <class G>
    joint_callback(std::vector<std::shared_ptr<family>> of, G&& callable)
        : callback(std::move(of)), callable_(std::forward<G>(callable)) {}

    void run(observed_values& into) override {
        observer observe{into, *this};
        callable_(observe);
    }

private:
    F callable_;
};

}  // namespace detail

/// Gives the values of all instruments that it lists, from one look at what they measure: `observation memory{
/// [&](tacho::observer& observe) { auto const m = measure(); observe(used, m.used); observe(idle, m.idle); }, used,
/// idle};`. The instruments, typed or named at run time, belong to one scope, are made without a callable and live
/// longer; beyond that, the callable runs as that of an observable_gauge, and the observation's end waits as a gauge's
/// does.
class observation {
public:
    /// Of these instruments. Allocates; without memory the error hook hears of it, and nothing is called.
    template <class F, detail::observable_of_any_kind... Instruments>
        requires(sizeof...(Instruments) != 0)
    explicit observation(F&& callable, Instruments const&... listed) noexcept {
        keep(std::forward<F>(callable), [&](auto&&... into) { (list(listed.registration_, into...), ...); });
    }
    /// Of as many instruments as only the running program knows. They may be moved afterwards.
    template <class F>
    observation(F&& callable, std::span<named_observable const> listed) noexcept {
        keep(std::forward<F>(callable), [&](auto&&... into) {
            for (auto const& instrument : listed) list(instrument.registration_, into...);
        });
    }
    observation(observation const&) = delete;
    observation& operator=(observation const&) = delete;

private:
    template <class F, class List>
    void keep(F&& callable, List&& list_all) noexcept {
        std::vector<std::shared_ptr<family>> families;
        bool const done = detail::attempt([&] {
            std::shared_ptr<detail::registry_core> core;
            list_all(families, core);
            if (families.empty()) return;
            using call = detail::joint_callback<std::decay_t<F>>;
            callback_ = {core, std::make_shared<call>(std::move(families), std::forward<F>(callable))};
        });
        if (done) return;
        if (families.empty())
            report(
                severity::error,
                "the callable of an observation is not called: there is no memory to keep it; allow the process more");
        else
            detail::report_uncalled(families.front()->describe());
    }

    // Lists an instrument. One that isn't registered is left out, and so is one of another scope or registry than the
    // first, which is a problem of the first one's registry.
    static void list(registration const& added, std::vector<std::shared_ptr<family>>& families,
                     std::shared_ptr<detail::registry_core>& core);

    detail::callback_registration callback_;
};

#if TACHO_BODIES

TACHO_FUNCTION void observation::list(registration const& added, std::vector<std::shared_ptr<family>>& families,
                                      std::shared_ptr<detail::registry_core>& core) {
    auto const& of = added.held();
    if (of == nullptr) return;
    if (families.empty()) core = added.core();
    bool const together =
        families.empty() || (added.core() == core && of->describe().scope == families.front()->describe().scope);
    if (together) return families.push_back(of);
    core->fail("an observation of " + detail::named(families.front()->describe()) + " also lists " +
               detail::named(of->describe()) +
               ", which is of another scope or registry and gets no values from it. Make an observation for each");
}

#endif

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/registry/snapshot.hpp
#ifndef TACHO_PART_REGISTRY_SNAPSHOT
#define TACHO_PART_REGISTRY_SNAPSHOT

// tacho: a copy of a registry's numbers.

namespace tacho::inline TACHO_ABI {

class instrument_reading;  // of tacho/testing.hpp

/// All numbers of a registry at about one moment: each series is one consistent reading, different series may be
/// microseconds apart. Holds the families it shows alive. Reading it is safe from several threads.
class snapshot {
public:
    /// Of these families, with what `round` of callbacks observed.
    snapshot(std::shared_ptr<family_list const> families, std::uint64_t round);
    /// As registry::snapshot().
    explicit snapshot(registry const& of);
    /// Copies numbers; allocates.
    snapshot(snapshot const&) = default;
    /// Leaves one that may only be assigned to, or end.
    snapshot(snapshot&&) noexcept = default;
    /// By swapping: member by member, the families would go before their series are let go.
    snapshot& operator=(snapshot other) noexcept {
        families_.swap(other.families_);
        readings_.swap(other.readings_);
        ends_.swap(other.ends_);
        words_.swap(other.words_);
        exemplars_.swap(other.exemplars_);
        return *this;
    }
    ~snapshot() = default;

    /// For tests, which include tacho/testing.hpp: the series of an instrument, by its name in OTLP or in Prometheus.
    /// `snapshot(registry)["http.requests"]({{"verb", "GET"}, {"code", 200}}).value() == 3`. Copies them.
    [[nodiscard]] instrument_reading operator[](std::string_view name) const;

    /// As registry::visit().
    template <class Visitor>
    void visit(Visitor&& visitor, order in = order::by_name) const {
        for (std::size_t i = 0; i < families_->by_name.size(); ++i)
            visit_family(visitor, in == order::by_name ? i : families_->by_scope[i]);
    }

private:
    using held_series = detail::held_series;

    static held_series hold(series const& s) noexcept {
        s.hold();
        return held_series{&s};
    }

    struct reading {
        held_series from;
        std::size_t first;  // of its words
        std::uint64_t count;
        double sum;
        std::size_t exemplars = 0;  // the place of its first
    };

    struct collector;

    [[nodiscard]] std::pair<std::size_t, std::size_t> readings_of(std::size_t place) const noexcept;
    [[nodiscard]] histogram_value histogram_of(descriptor const& d, reading const& r) const noexcept;
    [[nodiscard]] exponential_value exponential_of(reading const& r) const noexcept;
    [[nodiscard]] exemplar_view exemplars_of(family const& of, reading const& r) const noexcept;

    template <class Visitor>
    void visit_family(Visitor& visitor, std::size_t place) const {
        family const& of = *families_->by_name[place];
        descriptor const& d = of.describe();
        if (d.kind == instrument_kind::exponential_histogram) return visit_exponential(visitor, of, place);
        for (auto [i, end] = readings_of(place); i != end; ++i) {
            auto const& r = readings_[i];
            if constexpr (detail::shows_exemplars<Visitor>)
                if (d.exemplars) visitor.exemplars(exemplars_of(of, r));
            if (d.is_histogram()) {
                visitor.histogram(of, *r.from, histogram_of(d, r));
            } else if (d.kind == instrument_kind::state_set) {
                states_value const value{words_[r.first]};
                if constexpr (requires { visitor.states(of, *r.from, value); }) visitor.states(of, *r.from, value);
            } else {
                visitor.number(of, *r.from, number{d.number, words_[r.first]});
            }
        }
    }

    template <class Visitor>
    void visit_exponential(Visitor& visitor, family const& of, std::size_t place) const {
        if constexpr (requires(series const& s, exponential_value const& x) {
                          visitor.exponential_histogram(of, s, x);
                      })
            for (auto [i, end] = readings_of(place); i != end; ++i)
                visitor.exponential_histogram(of, *readings_[i].from, exponential_of(readings_[i]));
        else if constexpr (requires { visitor.left_out(of); })
            visitor.left_out(of);
    }

    std::shared_ptr<family_list const> families_;
    std::vector<reading> readings_;
    std::vector<std::size_t> ends_;  // of each family's readings
    std::vector<std::uint64_t> words_;
    std::vector<exemplar> exemplars_;
};

#if TACHO_BODIES

struct snapshot::collector {
    snapshot& into;
    std::size_t exemplars_at = 0;  // of the next series, where it has any
    void exemplars(exemplar_view const& of) {
        exemplars_at = into.exemplars_.size();
        into.exemplars_.resize(exemplars_at + of.size());
        for (std::size_t i = 0; i < of.size(); ++i)
            if (auto& e = into.exemplars_[exemplars_at + i]; !of.read(i, e)) e.time = 0;
    }
    void number(family const&, series const& from, tacho::number value) {
        into.readings_.push_back({hold(from), into.words_.size(), 0, 0, exemplars_at});
        into.words_.push_back(value.bits);
    }
    void histogram(family const&, series const& from, histogram_value const& value) {
        into.readings_.push_back({hold(from), into.words_.size(), value.count, value.sum, exemplars_at});
        into.words_.insert(into.words_.end(), value.buckets.begin(), value.buckets.end());
    }
    void states(family const&, series const& from, states_value value) {
        into.readings_.push_back({hold(from), into.words_.size(), 0, 0});
        into.words_.push_back(value.bits);
    }
    void exponential_histogram(family const&, series const& from, exponential_value const& value) {
        into.readings_.push_back({hold(from), into.words_.size(), value.count, value.sum});
        auto& words = into.words_;
        words.push_back(value.zero_count);
        words.push_back(static_cast<std::uint64_t>(value.scale));
        for (auto const* const side : {&value.positive, &value.negative}) {
            words.push_back(static_cast<std::uint64_t>(side->offset));
            words.push_back(side->counts.size());
            words.insert(words.end(), side->counts.begin(), side->counts.end());
        }
    }
};

TACHO_FUNCTION snapshot::snapshot(std::shared_ptr<family_list const> families, std::uint64_t round)
    : families_(std::move(families)) {
    collector collect{*this};
    for (auto const& f : families_->by_name) {
        std::as_const(*f).visit(collect, round);
        ends_.push_back(readings_.size());
    }
}

TACHO_FUNCTION snapshot::snapshot(registry const& of) : snapshot(of.snapshot()) {}

TACHO_FUNCTION std::pair<std::size_t, std::size_t> snapshot::readings_of(std::size_t place) const noexcept {
    return {place == 0 ? 0 : ends_[place - 1], ends_[place]};
}

TACHO_FUNCTION histogram_value snapshot::histogram_of(descriptor const& d, reading const& r) const noexcept {
    return {std::span{words_}.subspan(r.first, d.bounds.size() + 1), r.count, r.sum};
}

TACHO_FUNCTION exponential_value snapshot::exponential_of(reading const& r) const noexcept {
    auto const* word = words_.data() + r.first;
    exponential_value value{r.count, r.sum, word[0], static_cast<int>(word[1]), {}, {}};
    word += 2;
    for (auto* const side : {&value.positive, &value.negative}) {
        *side = {static_cast<std::int32_t>(word[0]), {word + 2, static_cast<std::size_t>(word[1])}};
        word += 2 + side->counts.size();
    }
    return value;
}

TACHO_FUNCTION exemplar_view snapshot::exemplars_of(family const& of, reading const& r) const noexcept {
    return exemplar_view{*r.from, std::span{exemplars_}.subspan(r.exemplars, of.table().storage().exemplars)};
}

TACHO_FUNCTION snapshot registry::snapshot() const {
    auto all = collect();
    return {std::move(all.families), all.round};
}

#endif

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/record.hpp
#ifndef TACHO_PART_RECORD
#define TACHO_PART_RECORD

// tacho: the light entrance, for a file that only records: no formats, no threads, no sockets, no {fmt}.

#if defined(__cplusplus) && __cplusplus < 202002L && !defined(_MSVC_LANG)
#error "tacho needs C++20: compile with -std=c++20, in Meson with cpp_std=c++20, or newer"
#endif

// What you write in a program, from the simplest to the richest.

// What is shown beside it: single measurements, and their traces.

// Where it is recorded.

// What the library says, and which one it is.

#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
