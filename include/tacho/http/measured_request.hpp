// SPDX-License-Identifier: MIT
// tacho: one HTTP request, measured from its arrival to the last byte of its response, whatever the web server.
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/version.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tacho::inline TACHO_ABI::http {

/// What is known of a request when it arrives. What its client chose, the verb and the version, is not looked at later;
/// the other texts must live until it has ended.
struct request_start {
    std::string_view verb = {};              ///< as it was sent, be it one that nobody knows
    std::string_view api = "unknown";        ///< the part of the program that it is for
    std::string_view operation = "unknown";  ///< the name of its handler
    std::string_view route = {};             ///< the pattern that its path matches; empty: none, or not known
    std::string_view scheme = "http";        ///< of the connection: http or https
    std::string_view protocol_version = {};  ///< such as HTTP/1.1 or just 1.1; empty: not known
};

/// How a request ended.
struct request_end {
    std::optional<int> status_code = {};  ///< the one that was sent; none: there was no response
    std::string_view error = {};  ///< what failed, a word of few, such as an exception's type; empty: nothing did
    double seconds = 0;           ///< from its arrival to the last byte of its response
    std::optional<std::uint64_t> received = {};  ///< bytes of its body as they were transferred; none: not known
    std::optional<std::uint64_t> sent = {};      ///< the same of its response's body
};

/// Metrics that requests can be recorded in. `begin_request` counts one as in flight and returns what counts it while
/// it lives, with all that `end_request` has to know later; both are found by the type of the metrics, and throw
/// nothing. There are two forms: the instruments of operation_metrics, and the server_metrics of OpenTelemetry.
template <class Metrics>
concept request_metrics = requires(Metrics& metrics, request_start const& start, request_end const& end) {
    requires std::is_nothrow_move_constructible_v<decltype(begin_request(metrics, start))>;
    end_request(metrics, begin_request(metrics, start), end);
};

/// Counts a request as in flight while it lives. Records it once: when it is finished, when it has failed, or as a
/// failure when it ends without either, as when an exception passes or its client has left. Movable; used by one thread
/// at a time. Neither locks nor allocates where the series exist, and throws nothing. The metrics must outlive it.
template <request_metrics Metrics>
class [[nodiscard]] measured_request {
    using running = decltype(begin_request(std::declval<Metrics&>(), std::declval<request_start const&>()));

public:
    /// Measures nothing: one that is left out of all counting.
    measured_request() noexcept = default;
    measured_request(Metrics& metrics, request_start const& start) noexcept
        : metrics_(&metrics), start_(steady_clock::now()) {
        ::new (static_cast<void*>(room_)) running(begin_request(metrics, start));
    }
    /// Begins now, by the names of an operation alone.
    measured_request(Metrics& metrics, std::string_view api, std::string_view operation) noexcept
        : measured_request(metrics, {.api = api, .operation = operation}) {}
    /// What is left behind measures nothing, and holds no series.
    measured_request(measured_request&& other) noexcept
        : metrics_(std::exchange(other.metrics_, nullptr)), start_(other.start_), received_(other.received_) {
        if (metrics_ == nullptr) return;
        ::new (static_cast<void*>(room_)) running(std::move(other.now()));
        std::destroy_at(&other.now());
    }
    /// Ends what was measured here before.
    measured_request& operator=(measured_request&& other) noexcept {
        if (this == &other) return *this;
        std::destroy_at(this);
        std::construct_at(this, std::move(other));
        return *this;
    }
    ~measured_request() {
        if (metrics_ != nullptr) fail(std::uncaught_exceptions() > 0 ? "exception" : "aborted");
    }

    /// The size of its body in bytes as they were transferred, without framing; nothing when it can't be told.
    void received(std::optional<std::uint64_t> bytes) noexcept { received_ = bytes; }

    /// The response has been sent with this status code, and so many bytes of its body if that is known. If something
    /// went wrong all the same, such as a client that left midway, `error` says it in a word of few.
    void finish(int status_code, std::optional<std::uint64_t> sent = {}, std::string_view error = {}) noexcept {
        end({.status_code = status_code, .error = error, .sent = sent});
    }

    /// There was no response. `error` says why in a word of few, such as an exception's type.
    void fail(std::string_view error) noexcept { end({.error = error}); }

private:
    [[nodiscard]] running& now() noexcept { return *std::launder(reinterpret_cast<running*>(room_)); }

    void end(request_end how) noexcept {
        if (metrics_ == nullptr) return;
        how.seconds = std::chrono::duration<double>(steady_clock::now() - start_).count();
        how.received = received_;
        end_request(*metrics_, now(), how);
        std::destroy_at(&now());  // in flight until it is recorded
        metrics_ = nullptr;
    }

    Metrics* metrics_ = nullptr;  // while it is measured
    steady_clock::time_point start_{};
    std::optional<std::uint64_t> received_;
    // One that runs, while it is measured. Zeroed: of a std::optional g++ 12 warns that it may not be initialised.
    alignas(running) std::byte room_[sizeof(running)]{};
};

}  // namespace tacho::inline TACHO_ABI::http
