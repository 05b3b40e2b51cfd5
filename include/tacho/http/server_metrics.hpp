// SPDX-License-Identifier: MIT
// tacho: the metrics of an HTTP server by the names and attributes that OpenTelemetry has for them.
// Rule: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server
#pragma once

#include "tacho/core/bounds.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/fixed_string.hpp"
#include "tacho/core/label.hpp"
#include "tacho/core/text.hpp"
#include "tacho/core/unit.hpp"
#include "tacho/http/measured_request.hpp"
#include "tacho/instrument/histogram.hpp"
#include "tacho/instrument/up_down_counter.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if TACHO_BODIES
#include <algorithm>
#include <array>
#include <charconv>
#endif

namespace tacho::inline TACHO_ABI::http {

/// What of a server is shown, and as what.
struct server_metrics_options {
    /// Count those in flight.
    bool active_requests = true;
    /// Observe the sizes of requests' and responses' bodies, as they were transferred, where the web server tells them.
    bool body_sizes = false;
    /// Of all requests: https behind a proxy that ends TLS. Empty: that of each connection.
    std::string scheme = {};
    /// The name under which the server is known. Shown if it is given; never what a client says it is.
    std::string server_address = {};
    /// The same of its port.
    std::optional<std::uint16_t> server_port = {};
    /// Verbs with series of their own, separated by commas, in place of the usual ten: what the environment variable
    /// OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS is for. Empty: the usual ten.
    std::string known_methods = {};
};

/// `http.server.request.duration`, `http.server.active_requests`, `http.server.request.body.size` and
/// `http.server.response.body.size`, to measure requests in: `tacho::http::server_metrics metrics{registry};`
///
/// What clients choose makes no series: an unknown verb is `_OTHER`, an unknown version is left out, and so is
/// `http.route` of a path that no route matches. `error.type` is a status code from 500 on, `aborted` where there was
/// no whole response, `exception` where one passed that nobody caught, or what finish() or fail() were told; codes from
/// 400 on are the client's errors, and have none. Thread-safe; where the series exist it takes no lock and allocates
/// nothing.
class server_metrics {
public:
    /// In the default registry. Allocates.
    explicit server_metrics(server_metrics_options options = {});
    /// In this registry, or scope of one. Allocates.
    explicit server_metrics(scope const& in, server_metrics_options options = {});
    // Nor is it moved: requests that are under way know where it is.
    server_metrics(server_metrics const&) = delete;
    server_metrics& operator=(server_metrics const&) = delete;
    ~server_metrics();

    /// Whether all of its instruments are registered; if not, registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept;

    /// The verb as it is shown: itself if it is known, else `_OTHER`. Lives as long as this.
    [[nodiscard]] std::string_view method_of(std::string_view verb) const noexcept;

private:
    struct instruments;  // known where they are used: each file that includes this would take longer to compile
    struct running_request {
        std::string_view method, scheme, route, version;
        std::optional<up_down_handle<std::int64_t, cells::shared>::tracked> active;
    };

    friend running_request begin_request(server_metrics& metrics, request_start const& start) noexcept {
        return metrics.begin(start);
    }
    friend void end_request(server_metrics& metrics, running_request const& running, request_end const& how) noexcept {
        metrics.end(running, how);
    }
    [[nodiscard]] running_request begin(request_start const& start) noexcept;
    void end(running_request const& running, request_end const& how) noexcept;

    server_metrics_options const options_;
    std::vector<std::string> known_methods_;
    std::unique_ptr<instruments> instruments_;
};

#if TACHO_BODIES

static_assert(request_metrics<server_metrics>);

struct server_metrics::instruments {
    template <fixed_string Name, class Unit>
    using per_response = histogram<Name, Unit, label<"http.request.method">, label<"url.scheme">, label<"error.type">,
                                   label<"http.response.status_code", std::optional<int>>, label<"http.route">,
                                   label<"network.protocol.version">, label<"server.address">,
                                   label<"server.port", std::optional<std::uint16_t>>>;
    using in_flight = up_down_counter<"http.server.active_requests", unit::of<"{request}">,
                                      label<"http.request.method">, label<"url.scheme">, label<"server.address">,
                                      label<"server.port", std::optional<std::uint16_t>>>;

    explicit instruments(scope const& in)
        : duration{in,
                   "Duration of HTTP server requests.",
                   {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}} {}

    per_response<"http.server.request.duration", unit::seconds> duration;
    std::optional<in_flight> active_requests;
    std::optional<per_response<"http.server.request.body.size", unit::bytes>> request_body_size;
    std::optional<per_response<"http.server.response.body.size", unit::bytes>> response_body_size;
};

TACHO_FUNCTION server_metrics::~server_metrics() = default;

TACHO_FUNCTION server_metrics::server_metrics(server_metrics_options options)
    : server_metrics(default_registry(), std::move(options)) {}

TACHO_FUNCTION server_metrics::server_metrics(scope const& in, server_metrics_options options)
    : options_(std::move(options)), instruments_(std::make_unique<instruments>(in)) {
    for (std::string_view list = options_.known_methods; !list.empty();) {
        auto const end = (std::min)(list.find(','), list.size());
        if (auto const one = tacho::detail::trimmed(list.substr(0, end)); !one.empty())
            known_methods_.emplace_back(one);
        list.remove_prefix((std::min)(end + 1, list.size()));
    }
    // RFC 9110, PATCH of RFC 5789, and QUERY, as the conventions list them.
    if (known_methods_.empty())
        known_methods_ = {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "QUERY", "CONNECT", "TRACE"};
    if (options_.active_requests) instruments_->active_requests.emplace(in, "Number of active HTTP server requests.");
    if (!options_.body_sizes) return;
    instruments_->request_body_size.emplace(in, "Size of HTTP server request bodies.");
    instruments_->response_body_size.emplace(in, "Size of HTTP server response bodies.");
}

TACHO_FUNCTION bool server_metrics::ok() const noexcept {
    auto const is_ok = [](auto const& one) { return !one || one->ok(); };
    auto const& all = *instruments_;
    return all.duration.ok() && is_ok(all.active_requests) && is_ok(all.request_body_size) &&
           is_ok(all.response_body_size);
}

TACHO_FUNCTION std::string_view server_metrics::method_of(std::string_view verb) const noexcept {
    auto const found = std::find(known_methods_.begin(), known_methods_.end(), verb);
    return found != known_methods_.end() ? std::string_view{*found} : std::string_view{"_OTHER"};
}

TACHO_FUNCTION server_metrics::running_request server_metrics::begin(request_start const& start) noexcept {
    running_request running{method_of(start.verb), start.scheme, start.route, {}, {}};
    if (!options_.scheme.empty()) running.scheme = options_.scheme;
    auto version = start.protocol_version;
    if (version.starts_with("HTTP/")) version.remove_prefix(5);
    for (std::string_view const known : {"1.1", "1.0", "2", "3"})
        if (known == version) running.version = known;
    if (auto& counted = instruments_->active_requests)
        running.active.emplace(
            (*counted)(running.method, running.scheme, options_.server_address, options_.server_port).track());
    return running;
}

TACHO_FUNCTION void server_metrics::end(running_request const& running, request_end const& how) noexcept {
    std::array<char, 12> digits;
    auto error = how.error;
    if (error.empty() && !how.status_code) error = "_OTHER";
    if (error.empty() && *how.status_code >= 500) {
        auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), *how.status_code).ptr;
        error = {digits.data(), static_cast<std::size_t>(end - digits.data())};
    }
    auto const observe = [&](auto& in, double value) {
        in(running.method, running.scheme, error, how.status_code, running.route, running.version,
           options_.server_address, options_.server_port)
            .observe(value);
    };
    auto& all = *instruments_;
    observe(all.duration, how.seconds);
    if (all.request_body_size && how.received) observe(*all.request_body_size, static_cast<double>(*how.received));
    if (all.response_body_size && how.sent) observe(*all.response_body_size, static_cast<double>(*how.sent));
}

#endif

}  // namespace tacho::inline TACHO_ABI::http
