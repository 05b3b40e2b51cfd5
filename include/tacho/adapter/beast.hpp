// SPDX-License-Identifier: MIT
// tacho: scrapes and measured requests on Boost.Beast, which brings HTTP and leaves the server to you.
// Rule: https://www.boost.org/doc/libs/release/libs/beast/doc/html/beast/using_http.html
#pragma once

#include "tacho/tacho.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/core/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/verb.hpp>

namespace tacho::inline TACHO_ABI {

namespace detail {

// Boost has had several string views of its own.
inline std::string_view standard(boost::beast::string_view text) noexcept {
    return {text.data(), text.size()};
}
inline boost::beast::string_view of_boost(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

// Several headers of a name mean the same as one with commas.
template <class Fields>
std::string all_named(Fields const& fields, boost::beast::string_view name) {
    std::string all;
    for (auto [at, end] = fields.equal_range(name); at != end; ++at)
        all.append(all.empty() ? "" : ",").append(standard(at->value()));
    return all;
}

}  // namespace detail

/// The answer to a scrape, to be written as it is: `tacho::respond(*telemetry.endpoint(), request)` for each request
/// whose path is that of your page, whatever its method. Any number of threads may ask at once. Copies the page.
template <class Body, class Fields>
[[nodiscard]] boost::beast::http::response<boost::beast::http::string_body> respond(
    endpoint& from, boost::beast::http::request<Body, Fields> const& request) {
    auto const accept = detail::all_named(request, "Accept"), encoding = detail::all_named(request, "Accept-Encoding");
    auto const timeout = detail::all_named(request, "X-Prometheus-Scrape-Timeout-Seconds");
    auto const target = detail::standard(request.target());
    auto const mark = target.find('?');
    // HEAD tells the length that GET would.
    bool const head = request.method() == boost::beast::http::verb::head;
    auto const answer = from.respond({.method = head ? "GET" : detail::standard(request.method_string()),
                                      .accept = accept,
                                      .accept_encoding = encoding,
                                      .query = mark == target.npos ? std::string_view{} : target.substr(mark + 1),
                                      .scrape_timeout = timeout,
                                      .sends_body = !head});
    boost::beast::http::response<boost::beast::http::string_body> response{
        static_cast<boost::beast::http::status>(answer.status()), request.version()};
    for (auto const& [name, value] : answer.headers()) response.set(detail::of_boost(name), detail::of_boost(value));
    response.keep_alive(request.keep_alive());
    response.content_length(answer.body().size());
    if (!head) response.body() = answer.body();
    return response;
}

namespace detail {

// Nothing where a message is not all here: some of it is yet to be read or to be written by hand, or was moved away.
template <class Message>
std::optional<std::uint64_t> body_size_of(Message const& message) {
    auto const size = message.payload_size();
    auto const told = standard(message[boost::beast::http::field::content_length]);
    bool const agree = told.empty() ? Message::is_request::value : size && told == std::to_string(*size);
    return size && agree ? std::optional<std::uint64_t>{*size} : std::nullopt;
}

}  // namespace detail

/// Begins to measure a request that has been read whole, by its route, as http::measure() says, in the metrics of
/// either form. What it returns lives until the response has been written, in the session or the handler that the write
/// calls: `auto running = tacho::measured(metrics, routes, request);`. If it ends before, as by an exception, it counts
/// as a failure. Keeps nothing of the request. Metrics and routes must outlive it. `scheme` is https for a stream with
/// TLS.
template <http::request_metrics Metrics, class Body, class Fields>
[[nodiscard]] http::measured_request<Metrics> measured(Metrics& metrics, http::route_table<> const& routes,
                                                       boost::beast::http::request<Body, Fields> const& request,
                                                       http::excluded_paths const& excluded = http::nothing_excluded(),
                                                       std::string_view scheme = "http") {
    http::request_start const start{.verb = detail::standard(request.method_string()),
                                    .scheme = scheme,
                                    .protocol_version = request.version() == 10 ? "1.0" : "1.1"};
    auto running = http::measure(metrics, routes, excluded, detail::standard(request.target()), start);
    running.received(detail::body_size_of(request));
    return running;
}

/// The response has been written, or has not, as the error that a write gives says: `tacho::finish(running, response,
/// failed)`. The size of its body is known where it is in the response and its Content-Length is set, as by
/// prepare_payload(); of what you write in chunks by hand, tell it yourself: `running.finish(200, bytes)`.
template <http::request_metrics Metrics, class Body, class Fields>
void finish(http::measured_request<Metrics>& running, boost::beast::http::response<Body, Fields> const& response,
            boost::beast::error_code const& failed = {}) {
    auto const sent = failed ? std::nullopt : detail::body_size_of(response);
    running.finish(static_cast<int>(response.result_int()), sent, failed ? "aborted" : "");
}

}  // namespace tacho::inline TACHO_ABI
