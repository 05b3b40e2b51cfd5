// SPDX-License-Identifier: MIT
// tacho: the ways out that run for one registry, and how each is started.
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/core/push_watcher.hpp"
#include "tacho/core/scrape_watcher.hpp"
#include "tacho/core/text.hpp"
#include "tacho/env/reader.hpp"
#include "tacho/env/settings_values.hpp"
#include "tacho/env/url.hpp"
#include "tacho/export/compressor.hpp"
#include "tacho/export/delivered_by_name.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/export/given.hpp"
#include "tacho/export/listener.hpp"
#include "tacho/export/named_files.hpp"
#include "tacho/export/named_settings.hpp"
#include "tacho/export/pusher.hpp"
#include "tacho/export/stream_transport.hpp"
#include "tacho/export/telemetry_report.hpp"
#include "tacho/registry/library_copy.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#if TACHO_BODIES
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#endif

namespace tacho::inline TACHO_ABI {

namespace detail {

struct [[gnu::visibility("default")]] running_telemetry;  // the program's, in a plug-in too

#if TACHO_BODIES

// A push that runs or ran.
struct one_push {
    std::shared_ptr<any_pusher> path;
    std::shared_ptr<delta_memory> memory;
    std::string url, to;  // without credentials; and as messages name it
};

// Told to the error hook once no lock is held: it is the program's own code, and may ask for a report.
struct message {
    severity how;
    std::string words;
};

// What runs for one registry; shared by all telemetry objects that were started on it.
struct running_telemetry {
    running_telemetry(std::shared_ptr<registry_core> core, std::shared_ptr<delivered_by_name> until_now)
        : of(registry::sharing(std::move(core))), delivered(std::move(until_now)) {}
    // All at once, so that one that hangs takes no time from another.
    ~running_telemetry() {
        for (auto const& push : *pushes)
            if (push.path != nullptr) push.path->ask_to_stop(std::chrono::seconds{5});
    }
    running_telemetry(running_telemetry const&) = delete;
    running_telemetry& operator=(running_telemetry const&) = delete;

    registry of;
    std::shared_ptr<delivered_by_name> const delivered;
    std::mutex mutex;  // guards all below
    // That of the settings, then those of the report's added_pushes. A list is never changed, but replaced.
    using push_list = std::vector<one_push>;
    std::shared_ptr<push_list const> pushes = std::make_shared<push_list>(1);
    std::shared_ptr<any_pusher> console;
    std::shared_ptr<any_listener> scrape;
    bool listens = false;  // it answers, and the mounted endpoint does not
    resource about;        // as the last start said
    std::shared_ptr<endpoint> mounted;
    std::shared_ptr<scrape_watcher> watcher;  // of both endpoints, once somebody may scrape
    std::shared_ptr<compressor> packs;        // what start() was given, for pushes that are added
    telemetry_report report;
    std::vector<message> messages;
    bool stopped = false;  // since anything was started

    // Before something starts: what was warned of before a stop() runs no more.
    void go_on() {
        if (std::exchange(stopped, false)) report.warnings.clear();
    }
    // Once, however often telemetry is started meanwhile, and for as long as what it concerns may run.
    void warn(std::string const& what) {
        if (std::find(report.warnings.begin(), report.warnings.end(), what) != report.warnings.end()) return;
        messages.push_back({severity::warning, what});
        report.warnings.push_back(what);
    }
    // Who asks for another receiver under the name of a push that runs.
    void go_on_pushing(std::size_t number, push_settings const& s, given<any_transport> const& by) {
        if (!s.problem.empty()) return warn("not pushing: " + s.problem);
        auto const& runs = (*pushes)[number];
        auto to = env::without_credentials(s.url);
        if (by.it != nullptr) to = by.it->destination(s.url);
        if (to != runs.to && (by.it != nullptr || to != runs.url))
            warn(
                fmt::format("not pushing to {}: what was started before under this name goes on, to {}. Add it by "
                            "add_push() under another name, or stop() first",
                            to, runs.to));
    }
    void refuse(path_report& path, std::string why) {
        if (path.words == why) return;
        messages.push_back({severity::error, why});
        path.words = std::move(why);
    }
};

// Which registries export already, in one process: a child of fork() makes another, since this one may have been locked
// and changed by half.
struct running_list {
    struct entry {
        std::weak_ptr<registry_core> of;
        std::weak_ptr<running_telemetry> running;
        std::shared_ptr<delivered_by_name> delivered;
    };

    std::uint32_t const in = this_process();
    std::mutex mutex;
    std::map<registry_core const*, entry> by_registry;
};

inline running_list& all_running() {
    // Acquire and release: the list was made before others find it.
    auto* list = newest_list.load(std::memory_order_acquire);
    while (list == nullptr || list->in != this_process()) {
        auto made = std::make_unique<running_list>();
        if (newest_list.compare_exchange_strong(list, made.get(), std::memory_order_acq_rel, std::memory_order_acquire))
            list = made.release();
    }
    return *list;
}

// nullptr when requests are to be sent as they are.
inline std::shared_ptr<compressor> compressor_of_pushes(running_telemetry& running, push_settings const& push,
                                                        std::vector<setting_origin> const& as_read,
                                                        std::shared_ptr<compressor> const& own) {
    if (push.compression.empty()) return nullptr;
    for (auto const& packs : {own, running.packs})
        if (packs != nullptr && packs->coding() == push.compression) return packs;
    running.warn(
        fmt::format("pushes are sent uncompressed: the program has no compressor for {}; give "
                    "telemetry::start one of this coding, as tacho::gzip() of tacho/adapter/zlib.hpp is of "
                    "gzip, or empty the setting",
                    named_setting("push.compression", push.compression, as_read)));
    return nullptr;
}

// Files that are named and would not be used are said: a push that works without them may trust whom it should not. So
// are those that can't be read by now, because a push only tells that TLS failed.
inline void hand_over_files(running_telemetry& running, push_settings const& push,
                            std::vector<setting_origin> const& as_read, any_transport& by) {
    auto const files = files_of(push, as_read);
    if (by.use({push.certificate, push.client_certificate, push.client_key})) {
        for (auto const& file : files)
            if (!file.why_unreadable.empty())
                running.warn(
                    fmt::format("{}: can't be read ({}); pushes fail until it can", file.name, file.why_unreadable));
    } else if (!files.empty()) {
        std::string unused;
        for (auto const& file : files) unused.append(unused.empty() ? "" : ", ").append(file.name);
        running.warn(
            fmt::format("{}: not used, because the transport takes no PEM files. Use tacho::curl_transport, give yours "
                        "a function use(tacho::tls_files const&), or empty these settings if it has the files already",
                        unused));
    }
}

// Why a push is off, where nobody asked for it.
inline std::string off(push_settings const& s) {
    push_settings const at_first;
    bool const forgotten = s.url != at_first.url && s.why_off == at_first.why_off;
    return "off: " + (forgotten ? "push.enabled is false, though a URL is set" : s.why_off);
}

inline std::chrono::milliseconds usable_interval(running_telemetry& running, std::string_view to,
                                                 std::chrono::milliseconds wanted,
                                                 std::chrono::milliseconds otherwise) {
    if (wanted.count() > 0) return wanted;
    running.warn(fmt::format("{}: an interval of {} ms would push without pause; {} ms is used instead", to,
                             wanted.count(), otherwise.count()));
    return otherwise;
}

inline void start_push(running_telemetry& running, path_report& path, std::size_t number, push_settings const& s,
                       std::vector<setting_origin> const& as_read, given<any_transport> by,
                       std::shared_ptr<compressor> const& compress_with, std::shared_ptr<push_watcher> watcher) {
    path.wanted = true;
    auto const url = env::without_credentials(s.url), to = by.it != nullptr ? by.it->destination(s.url) : url;
    auto const interval = usable_interval(running, to, s.interval, push_settings{}.interval);
    if (!s.problem.empty()) return running.refuse(path, "not pushing: " + s.problem);
    if (!by.is_one)
        return running.refuse(
            path, fmt::format("not pushing to {}: the program has no transport; give telemetry::start one, such as "
                              "tacho::curl_transport{{}} of tacho/adapter/curl.hpp",
                              url));
    auto const parts = env::split_url(s.url);
    if (!parts && to == url)
        return running.refuse(path, fmt::format("not pushing: {} is no URL; write it as http://host:port/v1/metrics",
                                                env::in_quotes(url)));
    std::vector<http_header> sent;
    for (auto const& [name, value] : s.headers) sent.push_back({name, value});
    if (auto const problem = problem_of(sent); !problem.empty())
        return running.refuse(path, fmt::format("not pushing to {}: {}", to, problem));
    auto const lacks_memory = [&] {
        running.refuse(path,
                       fmt::format("not pushing to {}: no thread or no memory can be had; allow the process more", to));
    };
    if (by.it == nullptr) return lacks_memory();
    std::string scheme{parts ? parts->scheme : std::string_view{}};
    for (auto& c : scheme) c = detail::lower(c);
    if (parts && !by.it->can_send(scheme)) {
        std::vector<std::string_view> sendable;  // to who wrote one of them, the other is no answer
        for (std::string_view const other : {"http", "https"})
            if (scheme != "http" && scheme != "https" && by.it->can_send(other)) sendable.push_back(other);
        auto hint = env::which_is_meant(scheme, sendable);
        if (hint.empty() && !sendable.empty())
            hint = fmt::format(". What it sends is OTLP over HTTP: write {}://", sendable.front());
        return running.refuse(
            path, fmt::format("not pushing to {}{}: the transport can't send {}; use one that can, or another "
                              "endpoint{}",
                              url, variable_of("push.url", url, as_read), parts->scheme, hint));
    }
    auto now = number < running.pushes->size() ? (*running.pushes)[number] : one_push{};
    auto const find_memory = [&] { now.memory = running.delivered->of(number == 0 ? "" : "added " + path.name); };
    if (now.memory == nullptr && !attempt(find_memory)) return lacks_memory();
    // Two at a time would share what has been delivered.
    if (now.path != nullptr ? !now.path->ended() : now.memory->is_in_use())
        return running.refuse(path, fmt::format("not pushing to {}: the push before has not ended yet; start once "
                                                "stop() has returned",
                                                to));
    if (scheme == "https") hand_over_files(running, s, as_read, *by.it);
    auto packs = compressor_of_pushes(running, s, as_read, compress_with);
    bool const started = attempt([&] {
        auto with = std::make_shared<running_telemetry::push_list>(*running.pushes);
        with->resize((std::max)(with->size(), number + 1));
        now.path = std::make_shared<any_pusher>(running.of,
                                                pusher_options{.url = s.url,
                                                               .headers = s.headers,
                                                               .about = running.about,
                                                               .interval = interval,
                                                               .timeout = s.timeout,
                                                               .temporality = s.temporality,
                                                               .compress_with = std::move(packs),
                                                               .watcher = std::move(watcher)},
                                                std::move(by.it), now.memory);
        now.url = url;
        now.to = to;
        (*with)[number] = std::move(now);
        running.pushes = std::move(with);
    });
    if (!started) return lacks_memory();
    path.running = true;
    path.words = fmt::format("pushing to {} every {} ms", to, interval.count());
}

inline void start_console(running_telemetry& running, registry& of, settings const& s) {
    auto& path = running.report.console;
    path.wanted = true;
    // It would be waited for by its own thread, which calls this.
    if (running.console != nullptr && !running.console->ended())
        return running.refuse(path,
                              "not writing to the standard output: what wrote there before has not ended yet; start "
                              "once stop() has returned");
    auto const interval =
        usable_interval(running, "the standard output", s.console.interval, settings{}.console.interval);
    bool const started = attempt([&] {
        running.console =
            std::make_shared<any_pusher>(of, pusher_options{.about = s.about, .interval = interval},
                                         std::make_unique<transport_of<stream_transport>>(stream_transport{}), nullptr);
    });
    if (!started)
        return running.refuse(
            path, "not writing to the standard output: no thread or no memory can be had; allow the process more");
    path.running = true;
    path.words = fmt::format("writing to the standard output every {} ms", interval.count());
}

inline std::shared_ptr<endpoint> make_endpoint(running_telemetry const& running, registry& of, settings const& s,
                                               std::shared_ptr<compressor> const& compress_with, bool enabled) {
    return std::make_shared<endpoint>(of, endpoint_options{.enabled = enabled,
                                                           .prefer_text_1_0_0 = s.scrape.prefer_text_1_0_0,
                                                           .about = s.about,
                                                           .created = s.scrape.created,
                                                           .compress_with = compress_with,
                                                           .watcher = running.watcher});
}

inline void start_scrape(running_telemetry& running, registry& of, settings const& s, given<any_listener> by,
                         bool by_own_server, std::shared_ptr<compressor> const& compress_with) {
    auto& path = running.report.scrape;
    path.wanted = true;
    if (by_own_server) {
        path.running = true;
        path.port = 0;
        path.words = "answered by the program's own web server";
        return;
    }
    if (!by.is_one)
        return running.refuse(
            path,
            "not scrapable: the program has no listener; give telemetry::start one, such as "
            "tacho::httplib_listener{} of tacho/adapter/httplib.hpp, or tacho::own_server{} and let your web "
            "server answer with telemetry.endpoint()");
    if (!s.scrape.problem.empty()) return running.refuse(path, "not listening: " + s.scrape.problem);
    if (is_more_than_a_host(s.scrape.host))
        return running.refuse(path,
                              fmt::format("not listening: {} is not a host alone; leave out its scheme and port{}",
                                          env::in_quotes(s.scrape.host), variables_of(s.scrape, s.as_read)));
    // A callback that stopped it may be under way in it still, and have this called by its thread.
    if (running.scrape != nullptr && !running.scrape->ended())
        return running.refuse(path,
                              "not listening: what listened before has not ended yet; start once stop() has returned");
    bool const done =
        by.it != nullptr && attempt([&] {
            auto const port =
                by.it->start(s.scrape.host, s.scrape.port, make_endpoint(running, of, s, compress_with, true));
            if (!port)
                return running.refuse(
                    path, fmt::format("not listening: {}{}", port.message(), variables_of(s.scrape, s.as_read)));
            running.scrape = std::move(by.it);
            running.listens = path.running = true;
            path.port = *port;
            path.words = fmt::format("listening on http://{}:{}/metrics", env::host_before_port(s.scrape.host), *port);
        });
    if (!done) running.refuse(path, "not listening: no thread or no memory can be had; allow the process more");
}

#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
