// SPDX-License-Identifier: MIT
// tacho: the answer to a scrape, and the buffers that answers are written to again and again.
#pragma once

#include "tacho/core/fork.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/export/http_header.hpp"
#include "tacho/export/place_pool.hpp"
#include "tacho/version.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

// A page as text, and the same compressed.
struct scrape_page {
    byte_buffer text, packed;
};

// Pages that are used again, one for each scrape that is under way.
class page_pool {
public:
    explicit page_pool(std::size_t largest) : largest_(largest) {
        for (auto& page : pages_) page = made();
    }

    // place_pool::size when `most` are under way.
    [[nodiscard]] std::size_t take(std::size_t most) noexcept {
        auto const place = places_.take(most);
        if (place != place_pool::size && places_.was_left(place)) new (&pages_[place]) scrape_page(made());
        return place;
    }
    void give_back(std::size_t place) noexcept { places_.give_back(place); }
    [[nodiscard]] scrape_page& operator[](std::size_t place) noexcept { return pages_[place]; }

private:
    [[nodiscard]] scrape_page made() const noexcept { return {byte_buffer{largest_}, byte_buffer{largest_}}; }

    std::size_t const largest_;
    std::array<scrape_page, place_pool::size> pages_;
    place_pool places_;
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

    /// The status code: 200, 400, 404, 405, 414, 431, 500 or 503.
    [[nodiscard]] int status() const noexcept { return status_; }
    /// Without the length, which the web server knows. Constant texts: nothing that a client sent is ever in them.
    [[nodiscard]] std::span<http_header const> headers() const noexcept { return {headers_.data(), header_count_}; }
    /// That of the body, in static storage.
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
    std::shared_ptr<detail::page_pool> pool_;
    std::size_t place_ = 0;
    std::uint32_t taken_in_ = detail::this_process();
};

}  // namespace tacho::inline TACHO_ABI
