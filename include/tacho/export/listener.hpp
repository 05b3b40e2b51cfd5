// SPDX-License-Identifier: MIT
// tacho: what answers scrapes on a port of its own.
#pragma once

#include "tacho/core/result.hpp"
#include "tacho/export/awaited.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace tacho::inline TACHO_ABI {

/// Binds host and port and answers there with what the endpoint says, until it is stopped or destroyed. start() returns
/// once the port is bound: the port, which was chosen by the system if 0 was asked for, or an error that names address,
/// port and the system's words. stop() returns once nothing is answered any more, and may be called again; by one
/// thread at a time, which class telemetry sees to.
template <class T>
concept listener = std::movable<T> &&
    requires(T& l, std::string const& host, std::uint16_t port, std::shared_ptr<endpoint> answers) {
    { l.start(host, port, answers) } -> std::same_as<result<std::uint16_t>>;
    { l.stop() }
    noexcept;
};

namespace detail {

// A listener of whatever type, stopped at its end if it was ever started.
class any_listener {
public:
    any_listener() = default;
    any_listener(any_listener const&) = delete;
    any_listener& operator=(any_listener const&) = delete;
    virtual ~any_listener() = default;
    virtual result<std::uint16_t> start(std::string const& host, std::uint16_t port,
                                        std::shared_ptr<endpoint> answers) = 0;
    virtual void stop() noexcept = 0;
    // Whether nothing is answered any more.
    [[nodiscard]] virtual bool ended() const noexcept = 0;
};

template <class Listener>
class listener_of final : public any_listener {
public:
    explicit listener_of(Listener by) : by_(std::move(by)) {}
    ~listener_of() override {
        if (was_started_) by_.stop();
    }
    result<std::uint16_t> start(std::string const& host, std::uint16_t port,
                                std::shared_ptr<endpoint> answers) override {
        was_started_ = true;
        return by_.start(host, port, std::move(answers));
    }
    // Who comes while another stops it waits for the same end, but not a scrape that the other one waits for.
    void stop() noexcept override {
        std::unique_lock only_one{stopping_, std::defer_lock};
        if (awaited == 0)
            only_one.lock();
        else if (!only_one.try_lock())
            return;
        by_.stop();
        // Release and acquire: who sees the end may destroy it.
        if (awaited == 0) ended_.store(true, std::memory_order_release);
    }
    bool ended() const noexcept override { return ended_.load(std::memory_order_acquire); }

private:
    Listener by_;
    std::mutex stopping_;
    bool was_started_ = false;
    std::atomic<bool> ended_{false};
};

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
