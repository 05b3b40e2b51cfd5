// tacho: one HTTP request, measured from its arrival to the last byte of its response, whatever the web server.
#pragma once

#include "tacho/core/label.hpp"
#include "tacho/instrument/up_down_counter.hpp"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace tacho::inline v0::http {

/// How a request ended. It is a success when nothing was thrown and the status code is below 400.
enum class outcome : unsigned char { success, error };
consteval auto label_values(outcome) {
    return tacho::labels<outcome>({{outcome::success, "success"}, {outcome::error, "error"}});
}

/// The instruments that a request is recorded in: `requests` counts by api, method, outcome and status code, `duration`
/// observes seconds by api and method, `concurrent` counts up and down by api. `method` is the operation that handles
/// the request, of which there are few, not the verb and never the path.
template <class T>
concept request_metrics = requires(T& metrics, std::string_view text) {
    metrics.requests(text, text, outcome::success, 200).inc();
    metrics.duration.bind(text, text).observe(0.5);
    metrics.concurrent(text).track();
};

/// Counts a request as concurrent while it lives. Records it once: when it is finished, or as a failure with the status
/// code 500 when it ends without that, as when an exception passes. Movable. The views and the metrics must outlive it.
template <request_metrics Metrics>
class [[nodiscard]] measured_request {
    using duration_handle = decltype(std::declval<Metrics&>().duration.bind(std::string_view{}, std::string_view{}));
    using tracked = decltype(std::declval<Metrics&>().concurrent(std::string_view{}).track());

public:
    measured_request(Metrics& metrics, std::string_view api, std::string_view method) noexcept
        : metrics_(&metrics),
          api_(api),
          method_(method),
          duration_(metrics.duration.bind(api, method)),
          in_flight_(metrics.concurrent(api).track()),
          start_(std::chrono::steady_clock::now()) {}
    measured_request(measured_request&& other) noexcept
        : metrics_(std::exchange(other.metrics_, nullptr)),
          api_(other.api_),
          method_(other.method_),
          duration_(other.duration_),
          in_flight_(std::move(other.in_flight_)),
          start_(other.start_) {}
    measured_request& operator=(measured_request&&) = delete;
    ~measured_request() { finish(500); }

    /// The response has been sent with this status code.
    void finish(int status_code) noexcept {
        auto* const metrics = std::exchange(metrics_, nullptr);
        if (metrics == nullptr) return;
        auto const how = status_code < 400 ? outcome::success : outcome::error;
        duration_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
        metrics->requests(api_, method_, how, status_code).inc();
        in_flight_.reset();
    }

private:
    Metrics* metrics_;
    std::string_view api_, method_;
    duration_handle duration_;
    std::optional<tracked> in_flight_;
    std::chrono::steady_clock::time_point start_;
};

}  // namespace tacho::inline v0::http
