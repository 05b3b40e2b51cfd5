// SPDX-License-Identifier: MIT
// tacho: a transport that keeps what it is given, for tests.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/export/transport.hpp"
#include "tacho/version.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#if TACHO_BODIES
#include <condition_variable>
#include <mutex>
#include <utility>
#endif

namespace tacho::inline TACHO_ABI {

/// Keeps each request and answers from a script, or 200. Copies share what they keep, so that a test holds one and a
/// pusher another. Any thread may call any member.
class memory_transport {
public:
    /// A copy of one request.
    struct request {
        std::string url;                 ///< where it was sent
        std::string body;                ///< as it was sent, compressed if it was
        std::vector<attribute> headers;  ///< in their order
    };

    /// Any scheme.
    static bool can_send(std::string_view) noexcept { return true; }

    /// Keeps nothing yet. Allocates.
    memory_transport();

    /// Keeps the request, and answers by the script.
    http_outcome post(http_post const& sent, deadline const& until);

    /// What the next request is answered with, after those already given.
    void answer_with(http_outcome outcome);
    /// Answers nothing until it is set to false.
    void hold(bool on);
    /// Copies of all so far.
    [[nodiscard]] std::vector<request> requests() const;
    /// Waits until there have been `count` requests; false when there were fewer within `limit`.
    [[nodiscard]] bool wait_for(std::size_t count, std::chrono::milliseconds limit = std::chrono::seconds{10}) const;

private:
    struct kept;
    std::shared_ptr<kept> kept_;
};

static_assert(transport<memory_transport>);

#if TACHO_BODIES

struct memory_transport::kept {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<request> requests;
    std::vector<http_outcome> script;
    bool hold = false;
};

TACHO_FUNCTION memory_transport::memory_transport() : kept_(std::make_shared<kept>()) {}

TACHO_FUNCTION http_outcome memory_transport::post(http_post const& sent, deadline const& until) {
    std::unique_lock lock{kept_->mutex};
    request copy{std::string{sent.url}, std::string{sent.body}, {}};
    for (auto const& [name, value] : sent.headers) copy.headers.push_back({std::string{name}, std::string{value}});
    kept_->requests.push_back(std::move(copy));
    kept_->changed.notify_all();
    // Held back requests look again now and then, because the deadline may come nearer unannounced.
    while (kept_->hold && !until.passed()) kept_->changed.wait_for(lock, std::chrono::milliseconds{5});
    if (kept_->hold) return {.retryable = true, .problem = "no answer before the deadline"};
    if (kept_->script.empty()) return {.status = 200, .body = "{}"};
    auto answer = std::move(kept_->script.front());
    kept_->script.erase(kept_->script.begin());
    return answer;
}

TACHO_FUNCTION void memory_transport::answer_with(http_outcome outcome) {
    std::lock_guard const lock{kept_->mutex};
    kept_->script.push_back(std::move(outcome));
}

TACHO_FUNCTION void memory_transport::hold(bool on) {
    std::lock_guard const lock{kept_->mutex};
    kept_->hold = on;
    kept_->changed.notify_all();
}

TACHO_FUNCTION std::vector<memory_transport::request> memory_transport::requests() const {
    std::lock_guard const lock{kept_->mutex};
    return kept_->requests;
}

TACHO_FUNCTION bool memory_transport::wait_for(std::size_t count, std::chrono::milliseconds limit) const {
    std::unique_lock lock{kept_->mutex};
    return kept_->changed.wait_for(lock, limit, [&] { return kept_->requests.size() >= count; });
}

#endif

}  // namespace tacho::inline TACHO_ABI
