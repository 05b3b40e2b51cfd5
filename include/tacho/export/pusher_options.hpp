// SPDX-License-Identifier: MIT
// tacho: what a pusher can be told, and what it tells.
#pragma once

#include "tacho/core/push_watcher.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/temporality.hpp"
#include "tacho/export/compressor.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// What a pusher does, where and when.
struct pusher_options {
    /// Of the request, whole. Messages show it without a user's name and password, and without its query.
    std::string url = "http://localhost:4318/v1/metrics";
    std::vector<attribute> headers = {};        ///< sent with each request; their values are never logged
    resource about = {};                        ///< who sends
    std::chrono::milliseconds interval{60000};  ///< from start to start
    std::chrono::milliseconds timeout{10000};   ///< of one push: connecting, sending and all retries
    temporality_preference temporality = temporality_preference::cumulative;  ///< totals or deltas
    /// Bytes of a request, before it is compressed. What takes more is sent in several, one after the other, because
    /// receivers refuse large ones: the Collector those above 20 MiB.
    std::size_t split_above = 16u << 20;
    std::size_t largest_body = 64u << 20;  ///< bytes, before it is compressed; a larger request is not sent
    /// Compresses requests, such as tacho::gzip() of tacho/adapter/zlib.hpp; none: they are sent as they are.
    std::shared_ptr<compressor> compress_with = {};
    /// Is told of each push, such as a push_metrics; none: costs nothing.
    std::shared_ptr<push_watcher> watcher = {};
};

/// What a pusher has done so far.
struct pusher_stats {
    std::uint64_t accepted = 0;         ///< pushes that the receiver took
    std::uint64_t failed = 0;           ///< pushes that it did not take, after all retries, or answered beyond reading
    std::uint64_t retries = 0;          ///< requests that were sent again
    std::uint64_t rejected_points = 0;  ///< of accepted pushes
};

namespace detail {

// Times that the clock can't hold would pass at once, and none at all would be a storm.
inline constexpr std::chrono::milliseconds longest_time = std::chrono::hours{24 * 365};

[[nodiscard]] inline pusher_options clamped(pusher_options given) {
    given.interval = std::clamp(given.interval, std::chrono::milliseconds{1}, longest_time);
    given.timeout = std::clamp(given.timeout, std::chrono::milliseconds{0}, longest_time);
    return given;
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
