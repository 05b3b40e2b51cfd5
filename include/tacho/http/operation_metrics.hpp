// SPDX-License-Identifier: MIT
// tacho: requests by the operation that handles them, in instruments of one's own names.
#pragma once

#include "tacho/core/label.hpp"
#include "tacho/http/measured_request.hpp"
#include "tacho/instrument/up_down_counter.hpp"
#include "tacho/version.hpp"

#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI::http {

/// How a request ended. It is a success when nothing was thrown and the status code is below 400, also where the client
/// left before the last byte.
enum class outcome : unsigned char { success, error };
/// The label values of an outcome, found by the instruments.
consteval auto label_values(outcome) {
    return tacho::labels<outcome>({{outcome::success, "success"}, {outcome::error, "error"}});
}

/// The instruments that a request is recorded in: `requests` counts by api, method, outcome and status code, `duration`
/// observes seconds by api and method, `concurrent` counts up and down by api. `method` is the operation that handles
/// the request, of which there are few, not the verb and never the path. What got no response counts as a 500.
template <class T>
concept operation_metrics = requires(T& metrics, std::string_view text) {
    metrics.requests(text, text, outcome::success, 200).inc();
    metrics.duration.bind(text, text).observe(0.5);
    metrics.concurrent(text).track();
};

namespace detail {

template <class Metrics>
struct running_operation {
    std::string_view api, operation;
    // Looked up when it begins, so that the series shows before its first request has ended.
    decltype(std::declval<Metrics&>().duration.bind(std::string_view{}, std::string_view{})) duration;
    decltype(std::declval<Metrics&>().concurrent(std::string_view{}).track()) in_flight;
};

}  // namespace detail

/// Counts a request as in flight while its result lives. Neither locks nor allocates where the series exist.
template <operation_metrics Metrics>
[[nodiscard]] detail::running_operation<Metrics> begin_request(Metrics& metrics, request_start const& start) noexcept {
    return {start.api, start.operation, metrics.duration.bind(start.api, start.operation),
            metrics.concurrent(start.api).track()};
}

/// Records how it ended, once.
template <operation_metrics Metrics>
void end_request(Metrics& metrics, detail::running_operation<Metrics> const& running, request_end const& how) noexcept {
    int const status_code = how.status_code.value_or(500);
    bool const has_failed = !how.error.empty() && how.error != "aborted";  // which the client did
    auto const judged = status_code < 400 && !has_failed ? outcome::success : outcome::error;
    running.duration.observe(how.seconds);
    metrics.requests(running.api, running.operation, judged, status_code).inc();
}

}  // namespace tacho::inline TACHO_ABI::http
