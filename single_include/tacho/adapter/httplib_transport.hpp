// SPDX-License-Identifier: MIT
// tacho: pushes through cpp-httplib: keep-alive, and TLS where it was compiled with that.
// Rule: https://github.com/yhirose/cpp-httplib
#pragma once

#include "tacho/tacho.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <httplib.h>

namespace tacho::inline TACHO_ABI {

/// Files that are not given here are those of the settings, where telemetry::start uses the transport.
struct httplib_transport_options {
    std::string certificate = {};         ///< PEM file of the authorities to trust; none: the system's
    std::string client_certificate = {};  ///< PEM file, of the authorities between as well, for receivers that want one
    std::string client_key = {};          ///< PEM file of its key; none: it is in the same file
};

namespace detail {

// The addresses of a host.
struct found_host {
    std::vector<std::string> addresses;
    int problem = 0;  // of getaddrinfo

    void find(std::string const& host, std::uint16_t port) {
        addrinfo hints{}, *all = nullptr;
        hints.ai_socktype = SOCK_STREAM;
        problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &all);
        if (problem != 0) return;
        auto const freed = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>{all, &::freeaddrinfo};
        for (auto const* a = all; a != nullptr; a = a->ai_next) {
            char text[NI_MAXHOST];
            if (::getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
                addresses.emplace_back(text);
        }
    }
};

}  // namespace detail

/// A `transport`, for http, and https where cpp-httplib was compiled with CPPHTTPLIB_OPENSSL_SUPPORT: it verifies
/// certificates and host names then. Follows no redirect, uses no proxy, keeps at most 4 MiB of an answer, and gives up
/// when the deadline has passed, also when that is brought forward. A user's name and password in the URL are sent as
/// basic authentication, unless a header says otherwise. One connection is kept for the next push. Each request has a
/// thread of its own, which has ended when `post` returns, unless it waits for name servers. It allocates what
/// cpp-httplib does, which copies the body twice. The head of an answer is bounded by time alone.
///
/// Not for a static telemetry, unless stop() is called in main(): cpp-httplib reads answers by objects that are static,
/// too, made by the first push, and so gone when a last one is made after main(). Its older versions send nothing where
/// 1024 files are open, unless compiled with CPPHTTPLIB_USE_POLL; newer ones ask before they send a large body, unless
/// CPPHTTPLIB_EXPECT_100_THRESHOLD is 0.
class httplib_transport {
public:
    /// Opens nothing yet.
    explicit httplib_transport(httplib_transport_options options = {}) : options_(std::move(options)) {}

#if defined(CPPHTTPLIB_OPENSSL_SUPPORT)
    /// Files that its options leave open; a client's certificate and key belong together.
    void use(tls_files const& files) {
        connection_.reset();
        if (options_.certificate.empty()) options_.certificate = files.certificate;
        if (!options_.client_certificate.empty() || !options_.client_key.empty()) return;
        options_.client_certificate = files.client_certificate;
        options_.client_key = files.client_key;
    }
#endif

    /// http; https if cpp-httplib can.
    [[nodiscard]] static bool can_send(std::string_view scheme) noexcept {
#if defined(CPPHTTPLIB_OPENSSL_SUPPORT)
        if (scheme == "https") return true;
#endif
        return scheme == "http";
    }

    /// One thread at a time. Never throws.
    [[nodiscard]] http_outcome post(http_post const& request, deadline const& until) {
        http_outcome outcome;
        if (!detail::attempt([&] { exchange(request, until, outcome); })) outcome = {.problem = "out of memory"};
        if (!outcome.problem.empty()) connection_.reset();  // the next one begins anew, with the files as they are then
        return outcome;
    }

private:
    // To one host. Not movable, by its mutex: cpp-httplib tells it of each socket that it makes.
    struct connection {
        explicit connection(std::string to) : origin(std::move(to)) {}
        ~connection() {
            if (socket != -1) ::close(socket);
        }

        // Whether it can be used once more; if not, it is ended. What has come unasked is an end, or by TLS the
        // farewell before one, which cpp-httplib may take for a sign of life.
        [[nodiscard]] bool reuse() {
            if (client == nullptr) return false;
            pollfd asked{socket, POLLIN, 0};
            if (client->is_socket_open() != 0 && ::poll(&asked, 1, 0) == 0) return true;
            client->stop();
            return false;
        }
        // A second descriptor, which is no other file's once cpp-httplib has closed its own.
        void remember(int made) noexcept {
            std::lock_guard const lock{mutex};
            if (socket != -1) ::close(socket);
            socket = ::fcntl(made, F_DUPFD_CLOEXEC, 0);
        }
        // Whatever waits for the socket goes on, and fails.
        void hang_up() noexcept {
            std::lock_guard const lock{mutex};
            if (socket != -1) ::shutdown(socket, SHUT_RDWR);
        }

        std::string const origin;
        std::unique_ptr<httplib::ClientImpl> client;
        std::mutex mutex;
        int socket = -1;
    };

    void exchange(http_post const& post, deadline const& until, http_outcome& outcome) {
        auto const to = detail::push_target_of(post.url);
        if (!to) return fail(outcome, "this is no URL; write it as http://host:port/v1/metrics, and % as %25");
        if (!can_send(to->scheme))
            return fail(outcome, "cpp-httplib can't send " + to->scheme +
                                     "; write http, or https where it has CPPHTTPLIB_OPENSSL_SUPPORT");
        if (auto problem = detail::problem_of(post.headers); !problem.empty()) return fail(outcome, std::move(problem));
        httplib::Request request;
        request.method = "POST";
        request.path = to->path;
        for (auto const& [name, value] : post.headers) request.headers.emplace(name, value);
        if (!request.has_header("Host")) request.headers.emplace("Host", to->named);
        request.body = post.body;
        if (connection_ == nullptr || connection_->origin != to->origin)
            connection_ = std::make_unique<connection>(to->origin);

        auto const found = std::make_shared<detail::found_host>();
        // The look-up of a name can't be ended, and may take minutes.
        auto const look_up = [found, host = to->host, port = to->port, is_kept = connection_->reuse()] {
            if (!is_kept && !detail::attempt([&] { found->find(host, port); })) found->problem = EAI_MEMORY;
        };
        auto const talk = [&] {
            if (!detail::attempt([&] { send(request, *to, *found, until, outcome); }))
                outcome.problem = "out of memory";
        };
        switch (detail::work_until(until, look_up, talk, [this] { connection_->hang_up(); })) {
            case detail::work_end::in_time: break;
            case detail::work_end::late:
                if (outcome.problem.empty()) break;
                outcome.retryable = true;
                return fail(outcome, outcome.status == 0 ? "no answer in time" : "no whole answer in time");
            case detail::work_end::left:
                outcome.retryable = true;
                return fail(outcome, "no name server has told in time where " + to->host + " is");
            case detail::work_end::not_started: return fail(outcome, "no thread can be had; allow the process more");
        }
    }

    static void fail(http_outcome& outcome, std::string why) {
        outcome.problem = std::move(why);
    }

    void send(httplib::Request& request, detail::push_target const& to, detail::found_host const& found,
              deadline const& until, http_outcome& outcome) {
        // Writing to a connection that was closed would end the program; this thread ends with the request.
        sigset_t pipe;
        ::sigemptyset(&pipe);
        ::sigaddset(&pipe, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        if (found.problem != 0) {
            outcome.retryable = true;
            return fail(outcome, "could not find the host " + to.host + ": " + ::gai_strerror(found.problem) +
                                     "; correct it in the URL, or in DNS");
        }
        if (connection_->client == nullptr)
            if (auto problem = set_up(*connection_, to); !problem.empty()) return fail(outcome, std::move(problem));
        bool is_too_large = false;
        request.response_handler = [&](httplib::Response const& head) {
            if (head.status < 200) return false;
            outcome.status = head.status;  // it counts, whatever becomes of the body
            outcome.retry_after = head.get_header_value("Retry-After");
            return true;
        };
        request.content_receiver = [&](char const* data, std::size_t size, auto, auto) {
            is_too_large = outcome.body.size() + size > largest_answer;
            if (!is_too_large) outcome.body.append(data, size);
            return !is_too_large;
        };
        auto how = httplib::Error::Connection;  // which cpp-httplib doesn't always say
        httplib::Response answer;
        auto& client = *connection_->client;
        bool is_answered = false, is_connected = false;
        // It is the deadline that counts: hang_up() comes first, if there was a second descriptor for it.
        // No more than a day, for cpp-httplib counts milliseconds by int.
        auto const rest =
            (std::min)(until.remaining(), std::chrono::milliseconds{std::chrono::hours{24}}) + std::chrono::seconds{1};
        client.set_read_timeout(rest);
        client.set_write_timeout(rest);
        auto left = (std::max<std::int64_t>)(std::ssize(found.addresses), 1);
        for (auto at = found.addresses.begin(); left > 0 && !is_answered && !is_connected; --left) {
            if (at != found.addresses.end()) client.set_hostname_addr_map({{to.host, *at++}});
            // An address that leads nowhere takes its share of the time, and the last one all.
            client.set_connection_timeout(left > 1 ? until.remaining() / left : rest);
            is_answered = client.send(request, answer, how);
            is_connected = how != httplib::Error::Connection && how != httplib::Error::ConnectionTimeout;
        }
        if (is_answered)
            outcome.status = answer.status;  // 204 has no body, and its head is not handed over
        else if (is_too_large)
            fail(outcome, "the answer has more than 4 MiB; see who answers at this URL");
        else
            explain(how, to, outcome);
    }

#if defined(CPPHTTPLIB_OPENSSL_SUPPORT)
    // Of the first thing that went wrong, of which the others came.
    static std::string words_of_openssl() {
        auto const code = ::ERR_get_error();
        ::ERR_clear_error();
        if (code == 0) return "";
        char const* const reason =
            ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : ::ERR_reason_error_string(code);
        return reason == nullptr ? "" : std::string{" ("} + reason + ")";
    }
    // Newer versions of cpp-httplib don't tell.
    std::string verdict() const {
        return [](auto const& client) -> std::string {
            if constexpr (requires { client.get_openssl_verify_result(); })
                return std::string{" ("} + ::X509_verify_cert_error_string(client.get_openssl_verify_result()) + ")";
            else
                return "";
        }(static_cast<httplib::SSLClient const&>(*connection_->client));
    }
#else
    static constexpr auto words_of_openssl = [] { return std::string{}; };
    static constexpr auto verdict = [] { return std::string{}; };
#endif

    // What is wrong with it; nothing when all is well.
    std::string set_up(connection& made, detail::push_target const& to) {
#if defined(CPPHTTPLIB_OPENSSL_SUPPORT)
        if (to.scheme == "https") {
            auto client = std::make_unique<httplib::SSLClient>(to.host, to.port);
            auto* const context = static_cast<SSL_CTX*>([](auto& of) {
                if constexpr (requires { of.tls_context(); })
                    return of.tls_context();
                else
                    return of.ssl_context();
            }(*client));
            if (context == nullptr) return "OpenSSL could not be started";
            ::SSL_CTX_set_quiet_shutdown(context, 1);  // a farewell may take a second, and raise SIGPIPE
            // Stricter than cpp-httplib, which looks at the host's name itself, too.
            auto* const verify = ::SSL_CTX_get0_param(context);
            if (::X509_VERIFY_PARAM_set1_ip_asc(verify, to.host.c_str()) != 1)
                ::X509_VERIFY_PARAM_set1_host(verify, to.host.c_str(), 0);
            if (!options_.certificate.empty()) client->set_ca_cert_path(options_.certificate);
            auto const& certificate = options_.client_certificate;
            auto const& key = options_.client_key.empty() ? certificate : options_.client_key;
            if (!certificate.empty()) {
                if (::SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
                    return unreadable("client's certificate", certificate);
                if (::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
                    return unreadable("key of the client's certificate", key);
            }
            made.client = std::move(client);
        }
#endif
        if (made.client == nullptr) made.client = std::make_unique<httplib::ClientImpl>(to.host, to.port);
        auto& client = *made.client;
        client.set_socket_options([&made](auto socket) { made.remember(socket); });
        client.set_keep_alive(true);
        client.set_tcp_nodelay(true);  // else the body waits until the head has been acknowledged
        client.set_decompress(false);  // nothing was asked for in a coding
        [](auto& of) {
            if constexpr (requires { of.set_path_encode(false); })
                of.set_path_encode(false);
            else
                of.set_url_encode(false);
        }(client);
        if (!to.user.empty() || !to.password.empty()) client.set_basic_auth(to.user, to.password);
        return {};
    }

    // Why there is no answer, or no whole one, and what can be done.
    void explain(httplib::Error how, detail::push_target const& to, http_outcome& outcome) const {
        auto const place = to.host + " port " + std::to_string(to.port);
        auto const words = words_of_openssl();
        switch (how) {
            case httplib::Error::Connection:
            case httplib::Error::ConnectionTimeout:
                outcome.retryable = true;
                return fail(outcome, "could not connect to " + place + "; start it, or correct the URL");
            case httplib::Error::SSLLoadingCerts:
                return fail(outcome, unreadable("authorities' certificates", options_.certificate));
            case httplib::Error::SSLServerVerification:
                return fail(outcome, "the certificate of " + place + " is not trusted" + verdict() +
                                         "; it must be valid now, for this host name, and by an authority in "
                                         "httplib_transport_options::certificate (OTEL_EXPORTER_OTLP_CERTIFICATE), or "
                                         "in the system's store if that is empty");
            case httplib::Error::SSLConnection:
                outcome.retryable = words.empty() || words.find("unexpected eof") != std::string::npos;
                outcome.problem = "no connection by TLS to " + place + words;
                break;
            case httplib::Error::Read:
            case httplib::Error::Write:
                outcome.retryable = true;
                outcome.problem = outcome.status != 0
                                      ? "the answer of " + place + " broke off" + words
                                      : place + " closed the connection before it had answered, or speaks no HTTP" +
                                            words + (to.scheme == "http" ? "; it may want https" : "");
                break;
            default: return fail(outcome, "cpp-httplib says: " + httplib::to_string(how));
        }
        // An alert, which may be lost with the connection.
        bool const may_be_alert = outcome.retryable || words.find("alert") != std::string::npos;
        if (to.scheme == "https" && outcome.status == 0 && may_be_alert && options_.client_certificate.empty())
            outcome.problem +=
                "; it may want a client certificate, and that of httplib_transport_options "
                "(OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE) is empty";
    }

    static std::string unreadable(std::string const& what, std::string const& file) {
        return "the " + what + " could not be read from " + file + words_of_openssl();
    }

    httplib_transport_options options_;
    std::unique_ptr<connection> connection_;
};

static_assert(transport<httplib_transport>);

}  // namespace tacho::inline TACHO_ABI
