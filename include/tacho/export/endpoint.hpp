// SPDX-License-Identifier: MIT
// tacho: the scrape endpoint: from a request's headers to a response, for any web server.
// Rule: https://prometheus.io/docs/instrumenting/content_negotiation/
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/deadline.hpp"
#include "tacho/core/escaping.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/scrape_watcher.hpp"
#include "tacho/encode/prometheus.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/encode/target_info.hpp"
#include "tacho/encode/text_format.hpp"
#include "tacho/export/accept.hpp"
#include "tacho/export/accept_encoding.hpp"
#include "tacho/export/compressor.hpp"
#include "tacho/export/name_filter.hpp"
#include "tacho/export/scrape_response.hpp"
#include "tacho/export/scrape_timeout.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

/// How an endpoint answers.
struct endpoint_options {
    bool enabled = true;             ///< false: every request is answered 404
    bool prefer_text_1_0_0 = false;  ///< what a client gets that asks for nothing in particular
    resource about = {};             ///< shown as `target_info`; none when empty
    bool created = false;  ///< in OpenMetrics, tell when each series of a counter or histogram began, as `_created`
    std::size_t largest_body = 256u << 20;  ///< bytes; beyond it a scrape fails, whole
    std::size_t most_at_once = 16;          ///< scrapes, from 1 to 16; beyond it they are answered 503
    /// Compresses for clients that ask for it, such as tacho::gzip() of tacho/adapter/zlib.hpp; none: nobody gets that.
    std::shared_ptr<compressor> compress_with = {};
    /// Is told of each request, such as a scrape_metrics; none: costs nothing.
    std::shared_ptr<scrape_watcher> watcher = {};
};

/// What an endpoint looks at in a request. The views are used during the call only.
struct scrape_request {
    std::string_view method = "GET";        ///< as in the request: GET and HEAD are answered
    std::string_view accept = {};           ///< the header Accept; several are joined by commas
    std::string_view accept_encoding = {};  ///< the header Accept-Encoding, likewise
    std::string_view query = {};            ///< what follows the target's first `?`, as it was sent
    std::string_view scrape_timeout = {};   ///< the header X-Prometheus-Scrape-Timeout-Seconds
    bool sends_body = true;  ///< false: asks by GET only for the length that it tells HEAD; to a watcher, 0 bytes
};

class [[gnu::visibility("default")]] endpoint;  // the program's, in a plug-in too

/// Answers scrapes of one registry. Any number of threads may ask at once; their answers don't mix, and none waits for
/// another, except while that runs the callbacks of observables (see registry_options::callback_timeout). Once as many
/// scrapes as there are at a time have been answered in a format, another allocates nothing.
class endpoint {
public:
    /// For the registry, which it keeps alive. Allocates its buffers when they are first needed.
    explicit endpoint(registry& of, endpoint_options options = {});
    endpoint(endpoint const&) = delete;
    endpoint& operator=(endpoint const&) = delete;

    /// Whether it answers otherwise than 404. May change while the web server that it is mounted on runs.
    void enable(bool on) noexcept { enabled_.store(on, std::memory_order_relaxed); }  // a flag, which orders nothing
    /// Whether it answers. By any thread.
    [[nodiscard]] bool is_enabled() const noexcept { return enabled_.load(std::memory_order_relaxed); }

    /// Has `by` told of each request that begins from now on, if there is nobody yet who is. By one thread at a time,
    /// while others may ask.
    void watch(std::shared_ptr<scrape_watcher> by) noexcept {
        if (watcher_ != nullptr) return;
        watcher_ = std::move(by);
        watching_.store(watcher_.get(), std::memory_order_release);  // who finds it finds it made
    }

    /// 200 with the numbers in the format that suits the client best; 404 when disabled; 405 for methods other than GET
    /// and HEAD; 400 for a query that can't be decoded; 414 for one of more than 8 KiB; 431 for headers of more than
    /// 16 KiB together; 503 when as many scrapes are under way as may be, or when callbacks of observables took longer
    /// than the scrape may, less a tenth of that or half a second: those that were not called are called for the next
    /// one; 500 when there is no memory for the body. A query with `name[]=x`, once or up to 100 times, asks for those
    /// families only that are called x or have a sample that is: what is unknown makes a page without it.
    [[nodiscard]] scrape_response respond(scrape_request const& request) noexcept;

private:
    static constexpr std::string_view plain_text = "text/plain; charset=utf-8";
    static constexpr std::size_t most_header_bytes = 16384;  // of those that it looks at

    [[nodiscard]] scrape_response respond_to(scrape_request const& request) noexcept;
    [[nodiscard]] scrape_response respond_with_body(scrape_request const& request) noexcept;
    // Not inlined: others don't need so much of the stack.
    [[nodiscard]] scrape_response respond_to_query(scrape_request const& request) noexcept;
    // All families, or those that are asked for.
    [[nodiscard]] scrape_response respond(scrape_request const& request, detail::name_filter const* asked) noexcept;

    std::shared_ptr<detail::registry_core> core_;
    std::array<std::string, 4> target_labels_;  // in each escaping
    std::shared_ptr<detail::page_pool> pool_;
    std::shared_ptr<compressor> compress_with_;
    std::shared_ptr<scrape_watcher> watcher_;  // set once
    std::atomic<scrape_watcher*> watching_{nullptr};
    std::size_t most_at_once_;
    std::atomic<bool> enabled_;
    bool prefer_text_1_0_0_;
    bool created_;
};

#if TACHO_BODIES

TACHO_FUNCTION endpoint::endpoint(registry& of, endpoint_options options)
    : core_(of.core()),
      pool_(std::make_shared<detail::page_pool>(options.largest_body)),
      compress_with_(std::move(options.compress_with)),
      most_at_once_(std::clamp(options.most_at_once, std::size_t{1}, detail::place_pool::size)),
      enabled_(options.enabled),
      prefer_text_1_0_0_(options.prefer_text_1_0_0),
      created_(options.created) {
    for (auto const names : {escaping::underscores, escaping::allow_utf_8, escaping::dots, escaping::values})
        target_labels_[static_cast<std::size_t>(names)] =
            target_info_labels(options.about, core_->options.translation, names);
    watch(std::move(options.watcher));
}

TACHO_FUNCTION scrape_response endpoint::respond(scrape_request const& request) noexcept {
    auto* const watcher = watching_.load(std::memory_order_acquire);
    if (watcher == nullptr) [[likely]]
        return respond_to(request);
    auto const begun = steady_clock::now();
    watcher->begins();
    auto answer = respond_to(request);
    std::chrono::duration<double> const took = steady_clock::now() - begun;
    watcher->ends({answer.status(), request.sends_body ? answer.body().size() : 0, took.count()});
    return answer;
}

TACHO_FUNCTION scrape_response endpoint::respond_to(scrape_request const& request) noexcept {
    auto answer = respond_with_body(request);
    if (request.method == "HEAD") answer.body_ = {};  // also where it is refused
    return answer;
}

TACHO_FUNCTION scrape_response endpoint::respond_with_body(scrape_request const& request) noexcept {
    if (!is_enabled()) return {404, "application/json", R"({"detail":"Prometheus metrics endpoint is not enabled"})"};
    if (request.method != "GET" && request.method != "HEAD") {
        scrape_response refused{405, plain_text, "Use GET or HEAD.\n"};
        refused.add({"Allow", "GET, HEAD"});
        return refused;
    }
    if (request.accept.size() + request.accept_encoding.size() + request.scrape_timeout.size() > most_header_bytes)
        return {431, plain_text, "Accept, Accept-Encoding and the scrape timeout are longer than 16384 bytes.\n"};
    if (request.query.empty()) return respond(request, nullptr);
    return respond_to_query(request);
}

[[gnu::noinline]] TACHO_FUNCTION scrape_response endpoint::respond_to_query(scrape_request const& request) noexcept {
    if (request.query.size() > detail::longest_query)
        return {414, plain_text, "The query is longer than 8192 bytes.\n"};
    detail::name_filter asked;
    switch (asked.read(request.query)) {
        case detail::name_filter::outcome::malformed:
            return {400, plain_text, "The query has a % that two hexadecimal digits don't follow.\n"};
        case detail::name_filter::outcome::too_many:
            return {400, plain_text, "The query has more than 100 times name[].\n"};
        case detail::name_filter::outcome::everything: return respond(request, nullptr);
        case detail::name_filter::outcome::some: break;
    }
    return respond(request, &asked);
}

TACHO_FUNCTION scrape_response endpoint::respond(scrape_request const& request,
                                                 detail::name_filter const* asked) noexcept {
    auto const chosen = negotiate(request.accept, prefer_text_1_0_0_);
    scrape_response answer{200, content_type(chosen), {}};
    answer.add({"Vary", "Accept, Accept-Encoding"});
    if (request.method == "HEAD") return answer;

    auto const until = detail::end_of_callbacks(request.scrape_timeout);
    auto const place = pool_->take(most_at_once_);
    if (place == detail::place_pool::size) {
        scrape_response busy{503, plain_text, "Too many scrapes at once; try again.\n"};
        busy.add({"Retry-After", "1"});
        return busy;
    }
    answer.pool_ = pool_;
    answer.place_ = place;
    auto& [text, packed] = (*pool_)[place];
    text.clear();
    bool const shows_target = asked == nullptr || asked->shows("target_info", instrument_kind::info);
    std::string_view const target = target_labels_[static_cast<std::size_t>(chosen.names)];
    prometheus_encoder encoder{text, text_style{chosen.format, chosen.names, created_},
                               shows_target ? target : std::string_view{}};
    auto const round = core_->callbacks.collect(deadline{until});
    if (until != (std::chrono::steady_clock::time_point::max)() && std::chrono::steady_clock::now() >= until)
        return {503, plain_text,
                "The callbacks of observables take longer than the scrape may; raise scrape_timeout.\n"};
    auto const families = core_->families();
    if (asked == nullptr)
        detail::visit_all(*families, encoder, order::by_name, round);
    else
        for (auto const& f : families->by_name)
            if (asked->shows(f->describe(), chosen.names)) std::as_const(*f).visit(encoder, round);
    if (!encoder.finish())
        return {500, plain_text, "The numbers take more memory than there is; ask for fewer by name[].\n"};
    answer.body_ = text.view();
    if (compress_with_ != nullptr && wants_coding(request.accept_encoding, compress_with_->coding())) {
        packed.clear();
        if (compress_with_->compress(text.view(), packed)) {
            answer.add({"Content-Encoding", compress_with_->coding()});
            answer.body_ = packed.view();
        }
    }
    return answer;
}

#endif

}  // namespace tacho::inline TACHO_ABI
