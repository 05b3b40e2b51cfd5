// SPDX-License-Identifier: MIT
// tacho: scrapes and measured requests on cpp-httplib: on a server of yours, or on a port of its own.
// Rule: https://github.com/yhirose/cpp-httplib
#pragma once

#include "tacho/tacho.hpp"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <httplib.h>

namespace tacho::inline TACHO_ABI {

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
    ++awaited;
    auto const answer = from.respond({.method = head && tells_length ? "GET" : request.method,
                                      .accept = accept,
                                      .accept_encoding = encoding,
                                      .query = query_of(request),
                                      .scrape_timeout = timeout,
                                      .sends_body = !head});
    --awaited;
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

/// A `listener`: an HTTP server of its own that answers at /metrics, and nothing else. Where the system has it accept
/// no connection any more, it says so and binds its port anew, every second until that succeeds.
class httplib_listener {
public:
    /// See `listener`. Starts a thread, and others for each scrape; allocates.
    [[nodiscard]] result<std::uint16_t> start(std::string const& host, std::uint16_t port,
                                              std::shared_ptr<endpoint> answers) {
        auto made = std::make_shared<running>(std::move(answers));
        auto bound = made->listen(host, port);
        if (bound) running_ = detail::process_bound<running>{std::move(made)};
        return bound;
    }

    /// See `listener`: by one thread at a time. By a callback or the error hook within a scrape or push it doesn't wait
    /// for the end: the next call does, or the destructor, which must not be within a scrape. In a child of fork(),
    /// which has no thread that answers, it does nothing; the child keeps the port's socket open.
    void stop() noexcept {
        if (auto* const here = running_.here()) here->stop();
    }

    httplib_listener() = default;
    httplib_listener(httplib_listener&&) = default;
    httplib_listener& operator=(httplib_listener&&) = default;

private:
    // One that never ran keeps its socket open, which nobody else could bind the port beside.
    class server_of_its_own final : public httplib::Server {
    public:
        void close_socket() noexcept {
            if (auto const open = svr_sock_.exchange(INVALID_SOCKET); open != INVALID_SOCKET)
                httplib::detail::close_socket(open);
        }
    };

    // The thread comes first: where none can be had, no port stays bound.
    class running {
    public:
        explicit running(std::shared_ptr<endpoint> answers)
            : answers_(std::move(answers)), thread_([this] { serve(); }) {}
        running(running const&) = delete;
        running& operator=(running const&) = delete;
        ~running() {
            stop();
            if (thread_.joinable()) thread_.join();  // without a server it ends at once
        }

        [[nodiscard]] result<std::uint16_t> listen(std::string const& host, std::uint16_t port) {
            host_ = host;
            auto bound = bind(port);
            if (bound) changed_.notify_one();
            return bound;
        }

        void stop() noexcept {
            if (!thread_.joinable()) return;
            {
                std::lock_guard const lock{mutex_};
                is_stopping_ = true;
            }
            changed_.notify_one();
            // A server that is bound runs before it ends, which closes its socket; until it does it would hear nothing.
            while (!is_told()) std::this_thread::yield();
            // A callback or the error hook, called by a scrape, would wait for itself.
            if (detail::awaited == 0) thread_.join();
        }

    private:
        // Whether a server that is bound has been told to stop.
        bool is_told() noexcept {
            std::lock_guard const lock{mutex_};
            if (!is_bound_ || was_told_) return true;
            was_told_ = server_->is_running();
            if (was_told_) server_->stop();
            return was_told_;
        }

        [[nodiscard]] result<std::uint16_t> bind(std::uint16_t port) {
            auto server = std::make_unique<server_of_its_own>();
            mount(*server, "/metrics", answers_);
            server->set_payload_max_length(0);
            server->set_keep_alive_timeout(1);  // seconds for which a connection that is idle holds up stop()
            server->set_read_timeout(1);        // and one that has asked by half
            server->set_tcp_nodelay(true);      // else a scraper that keeps its connection waits 40 ms for each page
            // cpp-httplib would share a port that is in use with whoever has it.
            server->set_socket_options([](auto socket) {
                int const on = 1;
                ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, reinterpret_cast<char const*>(&on), sizeof on);
            });
            errno = 0;
            int const bound =
                port == 0 ? server->bind_to_any_port(host_) : (server->bind_to_port(host_, port) ? port : -1);
            if (bound <= 0) {
                auto const where =
                    "can't listen on " + env::host_before_port(host_) + ":" + std::to_string(port) + ": ";
                if (errno == 0)
                    return error{where + "the address is not known. Use one of this machine, such as 127.0.0.1"};
                return error{where + std::strerror(errno) +
                             ". Use another address or port, or stop what uses this one"};
            }
            std::lock_guard const lock{mutex_};
            server_ = std::move(server);  // the one before has ended, and closed its socket
            is_bound_ = true;
            port_ = static_cast<std::uint16_t>(bound);
            return port_;
        }

        void serve() noexcept {
            using namespace std::chrono_literals;
            using clock = std::chrono::steady_clock;
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [this] { return is_bound_ || is_stopping_; });
            for (auto before = clock::time_point::min(); is_bound_;) {
                lock.unlock();
                // Which nobody else replaces. It throws where it can have no threads.
                bool const has_run = detail::attempt([this] { server_->listen_after_bind(); });
                lock.lock();
                if (!has_run) server_->close_socket();
                is_bound_ = false;
                if (is_stopping_) return;
                // Or accept() has failed; only where this process has no descriptor left does cpp-httplib go on.
                lock.unlock();
                if (auto const now = clock::now(); std::exchange(before, now) < now - 1min) complain();
                lock.lock();
                while (!is_bound_ && !changed_.wait_for(lock, 1s, [this] { return is_stopping_; })) {
                    lock.unlock();
                    detail::attempt([this] { static_cast<void>(bind(port_)); });
                    lock.lock();
                }
            }
        }

        void complain() noexcept {
            ++detail::awaited;  // the error hook may stop what calls it
            detail::attempt([this] {
                report(severity::error, "not scrapable: the system accepts no connection on " +
                                            env::host_before_port(host_) + ":" + std::to_string(port_) +
                                            " any more, such as for want of files or memory (`dmesg` may tell); it is "
                                            "tried again every second");
            });
            --detail::awaited;
        }

        std::shared_ptr<endpoint> const answers_;
        std::string host_;  // set once, before the first server
        std::mutex mutex_;  // guards what follows
        std::condition_variable changed_;
        std::unique_ptr<server_of_its_own> server_;
        std::uint16_t port_ = 0;
        bool is_bound_ = false, is_stopping_ = false, was_told_ = false;
        std::thread thread_;  // last: it uses all above
    };
    detail::process_bound<running> running_;
};

static_assert(listener<httplib_listener>);

namespace detail {

// As it was transferred. What the server unpacked, took apart or handed on has another size here: that is not known.
inline std::optional<std::uint64_t> received_by(httplib::Request const& request) {
    bool const as_sent = !request.has_header("Content-Encoding") && !request.is_multipart_form_data();
    auto const length = request.get_header_value("Content-Length");
    bool const none = !request.has_header("Transfer-Encoding") && (length.empty() || length == "0");
    if (none || (as_sent && !request.body.empty())) return request.body.size();
    return {};
}

// A request of a cpp-httplib without TLS has no `ssl`.
template <class Request>
std::string_view scheme_of(Request const& request) noexcept {
    if constexpr (requires { request.ssl; }) return request.ssl != nullptr ? "https" : "http";
    return "http";
}

}  // namespace detail

/// Measures every request of `server` but the excluded ones, as http::measure() says, in the metrics of either form. A
/// request is in flight until its response is about to be sent, a stream until its last byte is, also when its handler
/// throws; what the server refuses before it looks for a handler is no request. Of a stream's body the size is known if
/// it was announced.
///
/// Takes the server's pre-routing and post-routing handlers; what should happen before a handler, `before` does: it
/// runs once the request is counted, and may answer it. The metrics and routes must outlive the server.
template <http::request_metrics Metrics>
void measure(httplib::Server& server, Metrics& metrics, http::route_table<> const& routes,
             http::excluded_paths excluded = http::nothing_excluded(),
             httplib::Server::HandlerWithResponse before = {}) {
    // cpp-httplib handles a request on one thread, one at a time.
    static thread_local http::measured_request<Metrics> current;
    server.set_pre_routing_handler([&, excluded = std::move(excluded), before = std::move(before)](auto& in,
                                                                                                   auto& out) {
        current = http::measure(metrics, routes, excluded, in.path,
                                {.verb = in.method, .scheme = detail::scheme_of(in), .protocol_version = in.version});
        return before ? before(in, out) : httplib::Server::HandlerResponse::Unhandled;
    });
    // A whole response is counted before it is sent, so that whoever has it finds it counted; a stream when it has
    // ended, which is when cpp-httplib lets go of what the stream was made from.
    server.set_post_routing_handler([](auto const& request, httplib::Response& response) {
        auto running = std::move(current);
        running.received(detail::received_by(request));
        bool const head = request.method == "HEAD";
        if (head || !response.content_provider_)
            return running.finish(response.status, head ? 0 : response.body.size());
        auto length = std::optional<std::uint64_t>{response.content_length_};
        if (length == 0u || !request.ranges.empty()) length.reset();  // it is not announced, or only a part of it is
        auto& at_end = response.content_provider_resource_releaser_;
        at_end = [stream = std::make_shared<http::measured_request<Metrics>>(std::move(running)), length,
                  status = response.status, besides = std::move(at_end)](bool sent) {
            stream->finish(status, sent ? length : std::nullopt, sent ? "" : "aborted");
            if (besides) besides(sent);
        };
    });
}

}  // namespace tacho::inline TACHO_ABI
