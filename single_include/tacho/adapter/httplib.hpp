// tacho: scrapes and measured requests on cpp-httplib: on a server of yours, or on a port of its own.
// SPDX-License-Identifier: MIT
// Rule: https://github.com/yhirose/cpp-httplib
#pragma once

#include "tacho/tacho.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <httplib.h>

namespace tacho::inline v0 {

namespace detail {

// Several headers of a name mean the same as one with commas.
inline std::string joined(httplib::Request const& request, std::string const& name) {
    std::string all;
    for (auto [at, end] = request.headers.equal_range(name); at != end; ++at)
        all.append(all.empty() ? "" : ",").append(at->second);
    return all;
}

// As it was sent: cpp-httplib takes a malformed escape for text.
inline std::string_view query_of(httplib::Request const& request) noexcept {
    std::string_view const target = request.target;
    auto const mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

inline void answer_scrape(endpoint& from, httplib::Request const& request, httplib::Response& response) {
    auto const accept = joined(request, "Accept"), encoding = joined(request, "Accept-Encoding");
    auto const timeout = joined(request, "X-Prometheus-Scrape-Timeout-Seconds");
    // cpp-httplib would cut out the ranges that a client asks for: a scrape is whole, or it is none. And it would
    // compress by itself, also what the endpoint has compressed, whenever a coding is named, be it in `gzip;q=0`.
    auto& changed = const_cast<httplib::Request&>(request);
    changed.ranges.clear();
    changed.headers.erase("Accept-Encoding");
    // It leaves the body of HEAD out, and tells its length: that of the page, unless it might be compressed for GET.
    bool const head = request.method == "HEAD";
    bool const tells_length = encoding.empty();
    auto const answer = from.respond({.method = head && tells_length ? "GET" : request.method,
                                      .accept = accept,
                                      .accept_encoding = encoding,
                                      .query = query_of(request),
                                      .scrape_timeout = timeout});
    response.status = answer.status();
    for (auto const& [name, value] : answer.headers())
        if (name != "Content-Type") response.set_header(std::string{name}, std::string{value});
    auto const type = std::string{answer.content_type()};
    if (head && !tells_length && answer.status() == 200)
        response.set_chunked_content_provider(type, [](std::size_t, httplib::DataSink& to) {
            to.done();
            return true;
        });
    else
        response.set_content(answer.body().data(), answer.body().size(), type);
}

}  // namespace detail

/// Lets `server` answer scrapes at `path`, as long as it runs.
inline void mount(httplib::Server& server, std::string const& path, std::shared_ptr<endpoint> answers) {
    auto const handler = [answers = std::move(answers)](httplib::Request const& request, httplib::Response& response) {
        detail::answer_scrape(*answers, request, response);
    };
    server.Get(path, handler);  // and HEAD
    server.Post(path, handler);
    server.Put(path, handler);
    server.Delete(path, handler);
    server.Patch(path, handler);
    server.Options(path, handler);
}

/// A `listener`: an HTTP server of its own that answers at /metrics, and nothing else.
class httplib_listener {
public:
    [[nodiscard]] result<std::uint16_t> start(std::string const& host, std::uint16_t port,
                                              std::shared_ptr<endpoint> answers) {
        auto server = std::make_unique<httplib::Server>();
        mount(*server, "/metrics", std::move(answers));
        server->set_payload_max_length(0);
        server->set_keep_alive_timeout(1);  // seconds for which a connection that is idle holds up stop()
        server->set_tcp_nodelay(true);      // else a scraper that keeps its connection waits 40 ms for each page
        // cpp-httplib would share a port that is in use with whoever has it.
        server->set_socket_options([](auto socket) {
            int const on = 1;
            ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, reinterpret_cast<char const*>(&on), sizeof on);
        });
        errno = 0;
        int const bound = port == 0 ? server->bind_to_any_port(host) : server->bind_to_port(host, port) ? port : -1;
        if (bound <= 0) {
            auto const where = "can't listen on " + host + ":" + std::to_string(port) + ": ";
            if (errno == 0)
                return error{where + "the address is not known. Use one of this machine, such as 127.0.0.1"};
            return error{where + std::strerror(errno) + ". Use another address or port, or stop what uses this one"};
        }
        running_ = detail::process_bound<running>{std::make_shared<running>(std::move(server))};
        return static_cast<std::uint16_t>(bound);
    }

    /// In a child of fork(), which has no thread that answers, it does nothing; the child keeps the port's socket open.
    void stop() noexcept {
        if (auto* const here = running_.here()) here->stop();
    }

    httplib_listener() = default;
    httplib_listener(httplib_listener&&) = default;
    httplib_listener& operator=(httplib_listener&&) = default;

private:
    struct running {
        explicit running(std::unique_ptr<httplib::Server> made)
            : server(std::move(made)), thread([this] {
                  server->listen_after_bind();
                  ended = true;
              }) {}
        running(running const&) = delete;
        running& operator=(running const&) = delete;
        ~running() { stop(); }

        void stop() noexcept {
            if (!thread.joinable()) return;
            // stop() has no effect before the server runs, which it may have failed to do.
            while (!server->is_running() && !ended) std::this_thread::yield();
            server->stop();
            thread.join();
        }

        std::unique_ptr<httplib::Server> const server;
        std::atomic<bool> ended{false};
        std::thread thread;  // last: it uses all above
    };
    detail::process_bound<running> running_;
};

static_assert(listener<httplib_listener>);

/// Which requests are measured, and under which name.
struct measured_route {
    std::string api;
    std::string method;  ///< the name of the handler
};

/// Measures every request of `server` but the excluded ones; what no route matches is one route, `unknown`. A request
/// counts as concurrent until its last byte is sent, also when it is streamed or its handler throws. Takes the server's
/// pre-routing and post-routing handlers; what should happen before a handler, `before` does: it runs once the request
/// is counted, and may answer it. Metrics, routes and exclusions must outlive the server.
template <http::request_metrics Metrics>
void measure(httplib::Server& server, Metrics& metrics, http::route_table<measured_route> const& routes,
             http::excluded_paths const& excluded, httplib::Server::HandlerWithResponse before = {}) {
    // cpp-httplib handles a request on one thread, one at a time.
    static thread_local std::optional<http::measured_request<Metrics>> current;
    static measured_route const unknown{"unknown", "unknown"};
    server.set_pre_routing_handler([&, before = std::move(before)](auto const& request, auto& response) {
        current.reset();
        if (!excluded.contains(request.path)) {
            // cpp-httplib answers HEAD by what GET does.
            auto const* const found = routes.match(request.method == "HEAD" ? "GET" : request.method, request.path);
            auto const& route = found != nullptr ? *found : unknown;
            current.emplace(metrics, route.api, route.method);
        }
        return before ? before(request, response) : httplib::Server::HandlerResponse::Unhandled;
    });
    // A whole response is counted before it is sent, so that whoever has it finds it counted; a stream when it has
    // ended, which is when cpp-httplib lets go of what the stream was made from.
    server.set_post_routing_handler([](auto const&, httplib::Response& response) {
        if (!current) return;
        if (response.content_provider_) {
            auto running = std::make_shared<http::measured_request<Metrics>>(std::move(*current));
            auto& at_end = response.content_provider_resource_releaser_;
            at_end = [running, status = response.status, besides = std::move(at_end)](bool sent) {
                running->finish(status);
                if (besides) besides(sent);
            };
        } else {
            current->finish(response.status);
        }
        current.reset();
    });
}

}  // namespace tacho::inline v0
