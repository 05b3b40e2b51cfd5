// SPDX-License-Identifier: MIT
// tacho: the pusher: sends a registry's numbers to an OTLP/HTTP receiver, again and again.
// Rule: https://opentelemetry.io/docs/specs/otlp/#otlphttp
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/process_bound.hpp"
#include "tacho/export/delta_memory.hpp"
#include "tacho/export/push_worker.hpp"
#include "tacho/export/pusher_options.hpp"
#include "tacho/export/transport.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

class push_worker;

// A pusher by whatever transport.
class any_pusher {
public:
    any_pusher(registry& of, pusher_options options, std::unique_ptr<any_transport> by,
               std::shared_ptr<delta_memory> memory);
    any_pusher(any_pusher const&) = delete;
    any_pusher& operator=(any_pusher const&) = delete;

    // Its number, to be waited for; 0 for none.
    std::uint64_t ask_to_flush();
    bool finish_flush(std::uint64_t wanted, std::chrono::milliseconds limit);
    void stop(std::chrono::milliseconds limit);
    void ask_to_stop(std::chrono::milliseconds limit);
    [[nodiscard]] bool ended() const;
    [[nodiscard]] pusher_stats stats() const;

private:
    process_bound<push_worker> worker_;
};

#if TACHO_BODIES

TACHO_FUNCTION any_pusher::any_pusher(registry& of, pusher_options options, std::unique_ptr<any_transport> by,
                                      std::shared_ptr<delta_memory> memory)
    : worker_(std::make_shared<push_worker>(of, std::move(options), std::move(by), std::move(memory))) {}

TACHO_FUNCTION std::uint64_t any_pusher::ask_to_flush() {
    auto* const worker = worker_.here();
    return worker != nullptr ? worker->ask_to_flush() : 0;
}

TACHO_FUNCTION bool any_pusher::finish_flush(std::uint64_t wanted, std::chrono::milliseconds limit) {
    auto* const worker = worker_.here();
    return worker != nullptr && worker->finish_flush(wanted, limit);
}

TACHO_FUNCTION void any_pusher::stop(std::chrono::milliseconds limit) {
    if (auto* const worker = worker_.here()) worker->stop(limit);
}

TACHO_FUNCTION void any_pusher::ask_to_stop(std::chrono::milliseconds limit) {
    if (auto* const worker = worker_.here()) static_cast<void>(worker->ask_to_stop(limit));
}

TACHO_FUNCTION bool any_pusher::ended() const {
    auto const* const worker = worker_.here();
    return worker == nullptr || worker->ended();
}

TACHO_FUNCTION pusher_stats any_pusher::stats() const {
    auto const* const worker = worker_.here();
    return worker == nullptr ? pusher_stats{} : worker->stats();
}

#endif

}  // namespace detail

/// Pushes from a thread of its own, until it is stopped. What a failed push would have said, the next one says: totals
/// go on, and deltas are added up from where the last accepted push ended. Recording and scraping never wait for it.
/// A child of fork() doesn't have that thread: there flush() fails, and all else does nothing and waits for nothing.
template <transport Transport>
class pusher {
public:
    /// With the memory of an earlier pusher, which has ended, its deltas go on where that one's ended; else they begin
    /// with all that was recorded so far.
    pusher(registry& of, pusher_options options, Transport by, std::shared_ptr<delta_memory> memory = nullptr)
        : pusher_(of, std::move(options), std::make_unique<detail::transport_of<Transport>>(std::move(by)),
                  std::move(memory)) {}

    /// Pushes now and waits for the outcome, at most for `limit`. True when the receiver accepted all that was recorded
    /// before the call; points that it says it rejected nevertheless are in stats(), and the error hook is told.
    bool flush(std::chrono::milliseconds limit = std::chrono::seconds{10}) {
        return pusher_.finish_flush(pusher_.ask_to_flush(), limit);
    }

    /// Pushes once more and ends the thread, within `limit`: what is under way is cut short then. Idempotent, and what
    /// the destructor does. Called by the error hook or a callback, on the thread of any pusher or within a scrape of a
    /// listener, it doesn't wait: ended() tells then.
    void stop(std::chrono::milliseconds limit = std::chrono::seconds{5}) { pusher_.stop(limit); }

    /// The same without waiting for the end, so that several can stop at the same time; stop() then waits.
    void ask_to_stop(std::chrono::milliseconds limit = std::chrono::seconds{5}) { pusher_.ask_to_stop(limit); }

    /// Whether the last push has been made.
    [[nodiscard]] bool ended() const { return pusher_.ended(); }

    /// What it has done so far; zeros in a child of fork(). Takes a lock for a moment.
    [[nodiscard]] pusher_stats stats() const { return pusher_.stats(); }

private:
    detail::any_pusher pusher_;
};

}  // namespace tacho::inline TACHO_ABI
