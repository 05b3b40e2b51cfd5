// SPDX-License-Identifier: MIT
// tacho: what carries a push: anything that can POST one request before a deadline.
#pragma once

#include "tacho/core/deadline.hpp"
#include "tacho/env/url.hpp"
#include "tacho/export/http_header.hpp"
#include "tacho/version.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

/// A request to send. The views are valid during the call.
struct http_post {
    std::string_view url;                  ///< whole, as the settings have it
    std::string_view body;                 ///< perhaps compressed
    std::span<http_header const> headers;  ///< all but those that HTTP itself needs
};

/// How sending a request ended.
struct http_outcome {
    int status = 0;             ///< the answer's status code, once its head is whole; 0 when there was no answer
    std::string retry_after{};  ///< the answer's Retry-After header, if any
    std::string body{};         ///< the answer's body, at most `largest_answer` bytes
    bool retryable = false;     ///< without an answer: whether another try may help (no connection, no DNS, cut off)
    std::string problem{};      ///< without an answer, or with one that could not be read to its end: why, for people
};

/// The most bytes of an answer that a transport reads (OTLP asks for 4 MiB); more is a `problem`.
inline constexpr std::size_t largest_answer = 4u << 20;

/// PEM files for connections by TLS; those that are empty are not given.
struct tls_files {
    std::string certificate{};         ///< of the authorities to trust
    std::string client_certificate{};  ///< for receivers that want one
    std::string client_key{};          ///< PEM file; empty: in the same file as the certificate
};

/// Sends a POST before a deadline. A transport of one's own is a class with these two members:
///
///     struct my_transport {
///         static bool can_send(std::string_view scheme) noexcept { return scheme == "http"; }
///         tacho::http_outcome post(tacho::http_post const& request, tacho::deadline const& until) {
///             ... send request.body to request.url with request.headers, and give up when until.passed() ...
///             return {.status = 200};
///         }
///     };
///
/// `post` is called by one thread at a time and must not throw. The deadline may come nearer during the call. Redirects
/// are not followed. `can_send` tells which URLs it takes, so that a wrong one is found at the start.
///
/// One that knows TLS may have `void use(tacho::tls_files const&)` as well: telemetry::start hands it the files that
/// the settings name, before the first request. What the program has given the transport itself should go before.
///
/// One that sends to somewhere else than the URL may tell where, for reports and messages: `std::string destination()
/// const`, such as `the standard error`. It is called when a push starts, and must not throw.
template <class T>
concept transport = std::movable<T> && requires(T& t, http_post const& request, deadline const& until) {
    { t.post(request, until) } -> std::same_as<http_outcome>;
    { T::can_send(std::string_view{}) } -> std::same_as<bool>;
};

/// Whether a transport can be handed PEM files.
template <class T>
concept takes_tls_files = requires(T& t, tls_files const& files) {
    t.use(files);
};

/// Whether a transport tells where it sends.
template <class T>
concept tells_destination = requires(T const& t) {
    std::string{t.destination()};
};

namespace detail {

// A transport of whatever type, so that what pushes is compiled once for all of them.
class any_transport {
public:
    any_transport() = default;
    any_transport(any_transport const&) = delete;
    any_transport& operator=(any_transport const&) = delete;
    virtual ~any_transport() = default;
    virtual http_outcome post(http_post const& request, deadline const& until) = 0;
    [[nodiscard]] virtual bool can_send(std::string_view scheme) const = 0;
    virtual bool use(tls_files const& files) = 0;  // false: it takes none
    // As messages name it, which show no credentials.
    [[nodiscard]] virtual std::string destination(std::string_view url) const = 0;
};

template <transport Transport>
class transport_of final : public any_transport {
public:
    explicit transport_of(Transport by) : by_(std::move(by)) {}
    http_outcome post(http_post const& request, deadline const& until) override { return by_.post(request, until); }
    [[nodiscard]] bool can_send(std::string_view scheme) const override { return Transport::can_send(scheme); }
    bool use(tls_files const& files) override {
        if constexpr (takes_tls_files<Transport>) by_.use(files);
        return takes_tls_files<Transport>;
    }
    [[nodiscard]] std::string destination(std::string_view url) const override {
        if constexpr (tells_destination<Transport>) return std::string{by_.destination()};
        return env::without_credentials(url);
    }

private:
    Transport by_;
};

// Why these can't be sent: a line end would begin another header. Empty when they can.
[[nodiscard]] inline std::string problem_of(std::span<http_header const> headers) {
    constexpr std::string_view none_of{"\r\n\0", 3};
    for (auto const& [name, value] : headers)
        if (name.find_first_of(none_of) != name.npos || value.find_first_of(none_of) != value.npos)
            return "the header \"" + std::string{name} + "\" has a line end or a zero byte in it; take it out";
    return {};
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
