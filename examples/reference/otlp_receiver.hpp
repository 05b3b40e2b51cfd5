// SPDX-License-Identifier: MIT
// An OTLP/HTTP receiver that keeps the last request it got. For show: a real one is a Collector or a Prometheus.
#pragma once

#include <httplib.h>

#include <mutex>
#include <string>
#include <thread>

namespace ogx {

class otlp_receiver {
public:
    otlp_receiver() {
        http_.Post("/v1/metrics", [this](httplib::Request const& in, httplib::Response& out) {
            std::lock_guard const lock{mutex_};
            last_ = in.body;
            out.set_content("{}", "application/json");
        });
        port_ = http_.bind_to_any_port("127.0.0.1");
        serving_ = std::thread{[this] { http_.listen_after_bind(); }};
        while (!http_.is_running()) std::this_thread::yield();
    }
    otlp_receiver(otlp_receiver const&) = delete;
    otlp_receiver& operator=(otlp_receiver const&) = delete;
    ~otlp_receiver() {
        http_.stop();
        serving_.join();
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1/metrics"; }
    std::string last() const {
        std::lock_guard const lock{mutex_};
        return last_;
    }

private:
    mutable std::mutex mutex_;
    std::string last_;
    int port_ = 0;
    httplib::Server http_;
    std::thread serving_;
};

}  // namespace ogx
