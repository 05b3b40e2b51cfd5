// tacho: the scrape endpoint: from a request's headers to a response, for any web server.
// Rule: https://prometheus.io/docs/instrumenting/content_negotiation/
#pragma once

#include "tacho/core/fork.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/encode/prometheus.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/encode/target_info.hpp"
#include "tacho/encode/text_format.hpp"
#include "tacho/export/accept.hpp"
#include "tacho/export/http_header.hpp"
#include "tacho/registry/registry.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tacho::inline v0 {

struct endpoint_options {
    bool enabled = true;                    ///< false: every request is answered 404
    bool prefer_text_1_0_0 = false;         ///< what a client gets that asks for nothing in particular
    resource about = {};                    ///< shown as `target_info`; none when empty
    std::size_t largest_body = 256u << 20;  ///< bytes; beyond it a scrape fails, whole
};

/// What an endpoint looks at in a request. The views are used during the call only.
struct scrape_request {
    std::string_view method = "GET";
    std::string_view accept = {};
};

namespace detail {

class [[gnu::visibility("default")]] buffer_pool;  // the program's, in a plug-in too

// Buffers that are used again, one for each scrape that is under way. They are never waited for.
class buffer_pool final : public fork_witness {
public:
    static constexpr std::size_t size = 16;

    explicit buffer_pool(std::size_t largest) : largest_(largest) {
        for (auto& buffer : buffers_) buffer = byte_buffer{largest};
    }

    // The lowest free place, so that n scrapes at a time never use more than the first n; `size` when all are taken.
    [[nodiscard]] std::size_t take() noexcept {
        auto taken = taken_.load(std::memory_order_relaxed);
        for (;;) {
            auto const place = static_cast<std::size_t>(std::countr_one(taken));
            if (place == size) return size;
            // Acquire: sees the buffer as whoever gave it back left it.
            if (taken_.compare_exchange_weak(taken, taken | (std::uint32_t{1} << place), std::memory_order_acquire,
                                             std::memory_order_relaxed))
                return place;
        }
    }
    void give_back(std::size_t place) noexcept {
        taken_.fetch_and(~(std::uint32_t{1} << place), std::memory_order_release);
    }
    [[nodiscard]] byte_buffer& operator[](std::size_t place) noexcept { return buffers_[place]; }

    // Nobody in a child of fork() gives back what other threads had taken. They may have been changing it, so it isn't
    // even freed.
    void on_fork(fork_event what) noexcept override {
        if (what != fork_event::in_child) return;
        auto const taken = taken_.exchange(0, std::memory_order_relaxed);  // there is one thread
        for (std::size_t i = 0; i < size; ++i)
            if ((taken >> i & 1) != 0) new (&buffers_[i]) byte_buffer{largest_};
    }

private:
    std::size_t const largest_;
    std::atomic<std::uint32_t> taken_{0};  // a bit for each place
    std::array<byte_buffer, size> buffers_;
    fork_watch watch_{*this};
};

}  // namespace detail

/// The answer to a scrape. Movable; holds its body until it ends, also when the endpoint has ended before.
class scrape_response {
public:
    scrape_response(scrape_response&& other) noexcept
        : status_(other.status_),
          header_count_(other.header_count_),
          headers_(other.headers_),
          body_(std::exchange(other.body_, {})),
          pool_(std::move(other.pool_)),
          place_(other.place_),
          taken_in_(other.taken_in_) {}
    scrape_response& operator=(scrape_response&&) = delete;
    ~scrape_response() {
        if (pool_ != nullptr && taken_in_ == detail::this_process()) pool_->give_back(place_);
    }

    [[nodiscard]] int status() const noexcept { return status_; }
    /// Without the length, which the web server knows. Constant texts: nothing that a client sent is ever in them.
    [[nodiscard]] std::span<http_header const> headers() const noexcept { return {headers_.data(), header_count_}; }
    [[nodiscard]] std::string_view content_type() const noexcept { return headers_[0].value; }
    /// Empty for HEAD.
    [[nodiscard]] std::string_view body() const noexcept { return body_; }

private:
    friend class endpoint;
    scrape_response(int status, std::string_view content_type, std::string_view body) noexcept
        : status_(status), body_(body) {
        headers_[0] = {"Content-Type", content_type};
        headers_[1] = {"X-Content-Type-Options", "nosniff"};
        header_count_ = 2;
    }
    void add(http_header header) noexcept { headers_[header_count_++] = header; }

    int status_;
    std::size_t header_count_;
    std::array<http_header, 4> headers_;
    std::string_view body_;
    std::shared_ptr<detail::buffer_pool> pool_;
    std::size_t place_ = 0;
    std::uint32_t taken_in_ = detail::this_process();
};

class [[gnu::visibility("default")]] endpoint;  // the program's, in a plug-in too

/// Answers scrapes of one registry. Any number of threads may ask at once; their answers don't mix, and none waits for
/// another, except while that runs the callbacks of observables (see registry_options::callback_timeout). Once as many
/// scrapes as there are at a time have been answered in a format, another allocates nothing.
class endpoint {
public:
    explicit endpoint(registry& of, endpoint_options options = {})
        : core_(of.core()),
          target_labels_(target_info_labels(options.about)),
          pool_(std::make_shared<detail::buffer_pool>(options.largest_body)),
          enabled_(options.enabled),
          prefer_text_1_0_0_(options.prefer_text_1_0_0) {}

    /// Whether it answers otherwise than 404. May change while the web server that it is mounted on runs.
    void enable(bool on) noexcept { enabled_.store(on, std::memory_order_relaxed); }  // a flag, which orders nothing
    [[nodiscard]] bool is_enabled() const noexcept { return enabled_.load(std::memory_order_relaxed); }

    /// 200 with the numbers in the format that suits the client best; 404 when disabled; 405 for methods other than GET
    /// and HEAD; 503 when 16 scrapes are under way; 500 when there is no memory for the body.
    [[nodiscard]] scrape_response respond(scrape_request const& request) noexcept {
        if (!is_enabled())
            return {404, "application/json", R"({"detail":"Prometheus metrics endpoint is not enabled"})"};
        bool const head = request.method == "HEAD";
        if (!head && request.method != "GET") {
            scrape_response refused{405, plain_text, "Use GET or HEAD.\n"};
            refused.add({"Allow", "GET, HEAD"});
            return refused;
        }
        auto const chosen = negotiate(request.accept, prefer_text_1_0_0_);
        scrape_response answer{200, content_type(chosen), {}};
        answer.add({"Vary", "Accept, Accept-Encoding"});  // the web server may compress
        if (head) return answer;

        auto const place = pool_->take();
        if (place == detail::buffer_pool::size) {
            scrape_response busy{503, plain_text, "Too many scrapes at once; try again.\n"};
            busy.add({"Retry-After", "1"});
            return busy;
        }
        answer.pool_ = pool_;
        answer.place_ = place;
        byte_buffer& buffer = (*pool_)[place];
        buffer.clear();
        prometheus_encoder encoder{buffer, chosen.format, target_labels_};
        auto const round = core_->callbacks.collect();
        detail::visit_all(*core_->families(), encoder, order::by_name, round);
        if (!encoder.finish())
            return {500, plain_text, "The numbers take more memory than there is; see the program's messages.\n"};
        answer.body_ = buffer.view();
        return answer;
    }

private:
    static constexpr std::string_view plain_text = "text/plain; charset=utf-8";

    std::shared_ptr<detail::registry_core> core_;
    std::string target_labels_;
    std::shared_ptr<detail::buffer_pool> pool_;
    std::atomic<bool> enabled_;
    bool prefer_text_1_0_0_;
};

}  // namespace tacho::inline v0
