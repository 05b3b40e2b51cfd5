// SPDX-License-Identifier: MIT
// tacho: both ways out, started and stopped as the settings say.
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/deadline.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/process_bound.hpp"
#include "tacho/env/settings.hpp"
#include "tacho/export/awaited.hpp"
#include "tacho/export/compressor.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/export/given.hpp"
#include "tacho/export/running_telemetry.hpp"
#include "tacho/export/telemetry_report.hpp"
#include "tacho/process/push_metrics.hpp"
#include "tacho/process/scrape_metrics.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// Owns what it started: the last telemetry object of a registry stops all ways out when it ends, with a final push of
/// at most five seconds. Copyable; copies share. All members may be called by any thread; but the last object must not
/// end in the error hook or in a callback, on the thread that it would wait for. In a child of fork() it has no thread
/// and stops nothing: there flush() fails, its endpoint answers, and another start() is independent of it.
class telemetry {
public:
    telemetry(telemetry const&) noexcept = default;  // a move is a copy, so that there is none without anything
    telemetry& operator=(telemetry const&) noexcept = default;

    /// Starts what the settings ask for; what can't be started is in report(), and doesn't touch the other way out. On
    /// a registry that exports already, what runs goes on, and what does not run yet is started; a URL that is another
    /// than that of the push that goes on is warned of. `compress_with`
    /// compresses answers to scrapers that ask for it, and pushes if the settings do.
    template <class Transport = no_transport, class Listener = no_listener>
    [[nodiscard]] static telemetry start(registry& of, settings const& s, Transport by = {}, Listener at = {},
                                         std::shared_ptr<compressor> const& compress_with = nullptr) {
        return start_any(of, s, detail::given_transport(std::move(by)), detail::given_listener(std::move(at)),
                         std::is_same_v<Listener, own_server>, compress_with);
    }

    /// Pushes to another receiver as well, at its own interval and with its own headers, temporality and memory of what
    /// it has delivered. It belongs to what start() began: report() shows it, flush() and stop() include it. One of the
    /// same name that runs goes on, and this one is not started, which is warned of where its URL is another. Does
    /// nothing when `s` is not enabled. Compressed by what start() was given unless it is given another.
    template <class Transport>
    void add_push(std::string const& name, push_settings const& s, Transport by,
                  std::shared_ptr<compressor> const& compress_with = nullptr) {
        add_any(name, s, detail::given_transport(std::move(by)), compress_with);
    }

    /// What runs, what does not, and why.
    [[nodiscard]] telemetry_report report() const;

    /// To be mounted on the program's own web server: 404 unless scrapes are enabled and no listener answers them.
    [[nodiscard]] std::shared_ptr<tacho::endpoint> endpoint() const { return mounted_; }

    /// Pushes now to all receivers, and writes to the console where that is on, within `limit`. True when all accepted
    /// what was recorded before, whatever points of it they say they rejected, and when there is nobody to push to.
    /// False where a push was asked for and doesn't run, as report() says: it was refused at the start, or is stopped.
    bool flush(std::chrono::milliseconds limit = std::chrono::seconds{10});

    /// Pushes once more and stops all ways out, for all telemetry objects of this registry, within `limit`; the mounted
    /// endpoint answers 404 from then on. Idempotent; start() and add_push() start them again.
    void stop(std::chrono::milliseconds limit = std::chrono::seconds{5});

private:
    static telemetry start_any(registry& of, settings const& s, detail::given<detail::any_transport> by,
                               detail::given<detail::any_listener> at, bool by_own_server,
                               std::shared_ptr<compressor> const& compress_with);
    void add_any(std::string const& name, push_settings const& s, detail::given<detail::any_transport> by,
                 std::shared_ptr<compressor> const& compress_with);

    explicit telemetry(std::shared_ptr<detail::running_telemetry> running) noexcept;

    std::shared_ptr<tacho::endpoint> mounted_;  // the same as long as anything runs
    detail::process_bound<detail::running_telemetry> running_;
};

#if TACHO_BODIES

namespace detail {

// nullptr when there is no memory: then nobody is told. Under no lock of telemetry's: an instrument that can't be
// registered is told to the error hook at once.
template <class Metrics>
[[nodiscard]] std::shared_ptr<Metrics> watcher_of(registry& of) noexcept {
    std::shared_ptr<Metrics> made;
    attempt([&] { made = std::make_shared<Metrics>(of); });
    return made;
}

// No later than the clock can tell.
inline deadline in_at_most(std::chrono::milliseconds limit) {
    return deadline{deadline::clock::now() + (std::min)(limit, longest_time)};
}

// Who is told how what starts is used.
struct watchers {
    std::shared_ptr<running_telemetry> running;  // nullptr: none yet
    std::shared_ptr<push_metrics> of_pushes;
    std::shared_ptr<scrape_metrics> of_scrapes;
};
// Of what does not run yet: if another thread starts it meanwhile, they are not needed.
[[nodiscard]] inline watchers watch(registry& of, settings const& s) {
    watchers made;
    auto const* const core = of.core().get();
    auto& all = all_running();
    if (std::lock_guard const lock{all.mutex}; all.by_registry.contains(core))
        made.running = all.by_registry[core].running.lock();
    bool pushes = s.push.enabled && s.push.metrics, scrapes = s.scrape.enabled && s.scrape.metrics;
    if (made.running != nullptr) {
        std::lock_guard const lock{made.running->mutex};
        pushes = pushes && !made.running->report.push.running;
        scrapes = scrapes && made.running->watcher == nullptr;
    }
    if (pushes) made.of_pushes = watcher_of<push_metrics>(of);
    if (scrapes) made.of_scrapes = watcher_of<scrape_metrics>(of);
    return made;
}

// What a callback stopped ends when its scrape does. Under no lock, for that may be long; and not where the scrape
// would wait for this thread.
inline void wait_for_stopped_listener(running_telemetry& running) {
    if (awaited != 0) return;
    std::shared_ptr<any_listener> stopped;
    {
        std::lock_guard const lock{running.mutex};
        if (!running.listens) stopped = running.scrape;
    }
    if (stopped != nullptr) stopped->stop();
}

inline std::shared_ptr<running_telemetry> start_quietly(registry& of, settings const& s, given<any_transport> by,
                                                        given<any_listener> at, bool by_own_server,
                                                        std::shared_ptr<compressor> const& compress_with,
                                                        watchers& watched, std::vector<message>& messages) {
    bool const has_listener = at.is_one;
    auto& all = all_running();
    std::lock_guard const one_at_a_time{all.mutex};
    std::erase_if(all.by_registry, [](auto const& known) { return known.second.of.expired(); });
    auto& place = all.by_registry[of.core().get()];
    auto running = place.running.lock();
    if (running == nullptr) {
        if (place.delivered == nullptr) place.delivered = std::make_shared<delivered_by_name>();
        place.of = of.core();
        place.running = running = std::make_shared<running_telemetry>(of.core(), place.delivered);
    }
    std::lock_guard const lock{running->mutex};
    auto& report = running->report;
    running->go_on();
    for (auto const& w : s.warnings) running->warn(w);
    if (s.exemplars) of.filter_exemplars(*s.exemplars);
    running->about = s.about;
    if (compress_with != nullptr) running->packs = compress_with;
    if (s.push.enabled && !report.push.running)
        start_push(*running, report.push, 0, s.push, s.as_read, std::move(by), compress_with,
                   std::move(watched.of_pushes));
    else if (s.push.enabled)
        running->go_on_pushing(0, s.push, by);
    if (s.console.enabled && !report.console.running) start_console(*running, of, s);
    if (s.scrape.enabled && s.scrape.metrics && running->watcher == nullptr)
        running->watcher = std::move(watched.of_scrapes);
    if (s.scrape.enabled && !report.scrape.running)
        start_scrape(*running, of, s, std::move(at), by_own_server, compress_with);
    if (!report.push.wanted) report.push.words = off(s.push);
    if (!report.scrape.wanted) report.scrape.words = "off: " + s.scrape.why_off;
    if (!report.push.wanted && !report.scrape.wanted && !report.console.wanted)
        running->messages.push_back({severity::debug,
                                     "instruments work, and nothing is exported: neither an OTLP endpoint is set "
                                     "nor is the scrape endpoint enabled"});
    // The program's own server may have mounted the endpoint before anybody asked for scrapes: it stays the same.
    if (running->mounted == nullptr) running->mounted = make_endpoint(*running, of, s, compress_with, false);
    running->mounted->watch(running->watcher);
    // It answers unless a listener does, or nothing should.
    if (running->listens)
        running->mounted->enable(false);
    else if (s.scrape.enabled && !has_listener)
        running->mounted->enable(true);
    messages.swap(running->messages);
    return running;
}

}  // namespace detail

TACHO_FUNCTION telemetry::telemetry(std::shared_ptr<detail::running_telemetry> running) noexcept
    : mounted_(running->mounted), running_(std::move(running)) {}

TACHO_FUNCTION telemetry telemetry::start_any(registry& of, settings const& s, detail::given<detail::any_transport> by,
                                              detail::given<detail::any_listener> at, bool by_own_server,
                                              std::shared_ptr<compressor> const& compress_with) {
    auto watched = detail::watch(of, s);
    if (watched.running != nullptr) detail::wait_for_stopped_listener(*watched.running);
    std::vector<detail::message> messages;
    auto running =
        detail::start_quietly(of, s, std::move(by), std::move(at), by_own_server, compress_with, watched, messages);
    for (auto const& [how, words] : messages) tacho::report(how, words);
    return telemetry{std::move(running)};
}

TACHO_FUNCTION void telemetry::add_any(std::string const& name, push_settings const& s,
                                       detail::given<detail::any_transport> by,
                                       std::shared_ptr<compressor> const& compress_with) {
    auto* const running = running_.here();
    if (running == nullptr) return;
    bool const watched = s.enabled && s.metrics && [&] {
        std::lock_guard const lock{running->mutex};
        return !detail::report_of_push(running->report, name).first.running;
    }();
    auto watcher = watched ? detail::watcher_of<push_metrics>(running->of) : nullptr;
    std::vector<detail::message> messages;
    {
        std::lock_guard const lock{running->mutex};
        auto const [path, number] = detail::report_of_push(running->report, name);
        if (!s.enabled && !path.wanted) path.words = detail::off(s);
        if (s.enabled && !path.running) {
            running->go_on();
            detail::start_push(*running, path, number, s, {}, std::move(by), compress_with, std::move(watcher));
        } else if (s.enabled) {
            running->go_on_pushing(number, s, by);
        }
        messages.swap(running->messages);
    }
    for (auto const& [how, words] : messages) tacho::report(how, words);
}

TACHO_FUNCTION telemetry_report telemetry::report() const {
    auto* const running = running_.here();
    if (running == nullptr) {
        path_report const left{.words =
                                   "runs in the process that this one was forked from, if at all; call "
                                   "telemetry::start here, too"};
        return {.push = left, .scrape = left};
    }
    std::lock_guard const lock{running->mutex};
    return running->report;
}

TACHO_FUNCTION bool telemetry::flush(std::chrono::milliseconds limit) {
    auto* const running = running_.here();
    if (running == nullptr) return false;
    std::shared_ptr<detail::running_telemetry::push_list const> pushes;
    std::shared_ptr<detail::any_pusher> console;
    bool all_taken = true;
    {
        std::lock_guard const lock{running->mutex};
        auto const& report = running->report;
        auto const runs = [](path_report const& path) { return path.running || !path.wanted; };
        pushes = running->pushes;
        console = running->console;
        all_taken = runs(report.push) && runs(report.console) &&
                    std::all_of(report.added_pushes.begin(), report.added_pushes.end(), runs);
    }
    auto const until = detail::in_at_most(limit);
    // All at once: one that hangs takes no time from another.
    std::vector<std::pair<detail::any_pusher*, std::uint64_t>> asked;
    for (auto const& push : *pushes)
        if (push.path != nullptr) asked.emplace_back(push.path.get(), push.path->ask_to_flush());
    if (console != nullptr) asked.emplace_back(console.get(), console->ask_to_flush());
    for (auto const& [path, number] : asked) all_taken = path->finish_flush(number, until.remaining()) && all_taken;
    return all_taken;
}

TACHO_FUNCTION void telemetry::stop(std::chrono::milliseconds limit) {
    auto* const running = running_.here();
    if (running == nullptr) return;
    std::shared_ptr<detail::running_telemetry::push_list const> pushes;
    std::shared_ptr<detail::any_pusher> console;
    std::shared_ptr<detail::any_listener> scrape;
    {
        std::lock_guard const lock{running->mutex};
        // They stay where they are: who stops them meanwhile waits for the same end.
        pushes = running->pushes;
        console = running->console;
        scrape = running->scrape;
        auto& report = running->report;
        for (auto* path : {&report.push, &report.console, &report.scrape})
            if (std::exchange(path->running, false)) path->words = "stopped";
        for (auto& path : report.added_pushes)
            if (std::exchange(path.running, false)) path.words = "stopped";
        report.scrape.port = 0;
        running->listens = false;
        running->mounted->enable(false);
        running->stopped = true;
    }
    auto const until = detail::in_at_most(limit);
    // All at once: one that hangs takes no time from another.
    for (auto const& push : *pushes)
        if (push.path != nullptr) push.path->ask_to_stop(until.remaining());
    for (auto const& push : *pushes)
        if (push.path != nullptr) push.path->stop(until.remaining());
    // The console last of those that write: while nobody reads it, it may take for ever.
    if (scrape != nullptr) scrape->stop();
    if (console != nullptr) console->stop(until.remaining());
}

#endif

}  // namespace tacho::inline TACHO_ABI
