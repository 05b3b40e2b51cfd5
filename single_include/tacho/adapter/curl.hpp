// SPDX-License-Identifier: MIT
// tacho: pushes through libcurl: TLS, keep-alive, and proxies when asked for.
// Rule: https://curl.se/libcurl/c/
#pragma once

#include "tacho/tacho.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <curl/curl.h>

namespace tacho::inline TACHO_ABI {

/// Files that are not given here are those of the settings, where telemetry::start uses the transport.
struct curl_options {
    std::string certificate = {};         ///< PEM file of the authorities to trust; none: the system's
    std::string client_certificate = {};  ///< PEM file, for receivers that want one
    std::string client_key = {};          ///< PEM file of its key
    bool use_proxy = false;               ///< take http_proxy, HTTPS_PROXY, NO_PROXY and so on, as libcurl does
};

/// A `transport`. Verifies certificates and host names, follows no redirect, reads at most 4 MiB of an answer, and
/// gives up when the deadline has passed, also when that is brought forward. One connection is kept for the next push.
class curl_transport {
public:
    /// Starts libcurl, and opens nothing: the connection is made by the first request. What is not given is told by
    /// use().
    explicit curl_transport(curl_options options = {}) : options_(std::move(options)) {
        // Now: a TLS library may clean up at exit, what was started last first, and a static telemetry that was made
        // with this pushes once more in its destructor.
        static_cast<void>(is_ready());
    }

    /// Files that its options leave open; a client's certificate and key belong together.
    void use(tls_files const& files) {
        if (options_.certificate.empty()) options_.certificate = files.certificate;
        if (!options_.client_certificate.empty() || !options_.client_key.empty()) return;
        options_.client_certificate = files.client_certificate;
        options_.client_key = files.client_key;
    }

    /// http and https; see `transport`.
    [[nodiscard]] static bool can_send(std::string_view scheme) noexcept {
        if (scheme == "http") return true;
        auto const* const info = ::curl_version_info(CURLVERSION_NOW);
        return scheme == "https" && (info->features & CURL_VERSION_SSL) != 0;
    }

    /// Sends one request and waits for the answer, at most until the deadline. One thread at a time; allocates. Never
    /// throws: what went wrong is in the outcome.
    [[nodiscard]] http_outcome post(http_post const& request, deadline const& until) {
        if (is_ready() && handle_ == nullptr) handle_.reset(::curl_easy_init());
        if (handle_ == nullptr)
            return {.problem = "libcurl could not be started: it or its TLS library had no memory, or is not whole"};

        if (auto problem = detail::problem_of(request.headers); !problem.empty())
            return {.problem = std::move(problem)};
        header_list headers;
        for (auto const& [name, value] : request.headers) headers.add(name, value);
        headers.add_line("Expect:");  // a large body is sent at once, without asking first

        std::array<char, CURL_ERROR_SIZE> words{};
        transfer answer{.handle = handle_.get(), .words = words.data()};
        std::string const url{request.url};
        CURL* const h = handle_.get();
        ::curl_easy_reset(h);  // keeps the connection
        auto const set = [h](CURLoption option, auto value) { ::curl_easy_setopt(h, option, value); };
        set(CURLOPT_URL, url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
        set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
        set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDS, request.body.data());
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(CURLOPT_HTTPHEADER, headers.list());
        set(CURLOPT_FOLLOWLOCATION, 0L);  // credentials go to nobody else
        set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
        // At the deadline libcurl would wait for its thread that asks name servers, which may take a minute more. That
        // thread now ends by itself, and takes what it holds with it.
        set(CURLOPT_QUICK_EXIT, 1L);
#endif
        set(CURLOPT_TIMEOUT_MS,
            static_cast<long>(std::clamp(until.remaining().count(), milliseconds{1}, milliseconds{86'400'000})));
        set(CURLOPT_WRITEDATA, &answer);
        set(CURLOPT_WRITEFUNCTION, &transfer::on_body);
        set(CURLOPT_HEADERDATA, &answer);
        set(CURLOPT_HEADERFUNCTION, &transfer::on_header);
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's answer is not the receiver's
        set(CURLOPT_SOCKOPTDATA, &answer);
        set(CURLOPT_SOCKOPTFUNCTION, &transfer::on_socket);
        if (!options_.use_proxy) set(CURLOPT_PROXY, "");
        if (!options_.certificate.empty()) {
            set(CURLOPT_CAINFO, options_.certificate.c_str());
            set(CURLOPT_CAPATH, nullptr);  // else the system's authorities may be trusted as well
        }
        if (!options_.client_certificate.empty()) set(CURLOPT_SSLCERT, options_.client_certificate.c_str());
        if (!options_.client_key.empty()) set(CURLOPT_SSLKEY, options_.client_key.c_str());

        auto const code = perform(answer, until);
        ::curl_easy_setopt(h, CURLOPT_ERRORBUFFER, nullptr);
        http_outcome outcome;
        long status = 0;
        ::curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
        if (answer.head.is_whole && status >= 200)  // it counts, whatever becomes of the body
            outcome = {.status = static_cast<int>(status),
                       .retry_after = std::move(answer.head.retry_after),
                       .body = std::move(answer.body)};
        if (answer.too_large) {
            outcome.problem = "the answer has more than 4 MiB; see who answers at this URL";
        } else if (code != CURLE_OK) {
            outcome.retryable = is_passing(code, words.data());
            // Of several new connections, the words may be of the first one that failed.
            outcome.problem = ::curl_easy_strerror(code);
            if (words[0] != '\0') outcome.problem.append(" (").append(words.data()).append(")");
            outcome.problem += hint(code, url, words.data(), outcome.status != 0);
        }
        return outcome;
    }

private:
    using milliseconds = std::chrono::milliseconds::rep;

    // curl's own start-up happens once, and thread-safely. A change, so that no child has curl started by half.
    static bool is_ready() noexcept {
        detail::changing const whole;
        static bool const ready = ::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
        return ready;
    }

    // Whether another try may help: nobody answered, or not to the end. A handshake that was cut off is told by words
    // alone.
    static bool is_passing(CURLcode code, std::string_view words) noexcept {
        switch (code) {
            case CURLE_SSL_CONNECT_ERROR:
                for (std::string_view const cut : {"reset", "SYSCALL", "unexpected eof"})
                    if (words.find(cut) != std::string_view::npos) return true;
                return false;
            case CURLE_HTTP2:
            case CURLE_HTTP2_STREAM:
            case CURLE_COULDNT_RESOLVE_HOST:
            case CURLE_COULDNT_RESOLVE_PROXY:
            case CURLE_COULDNT_CONNECT:
            case CURLE_OPERATION_TIMEDOUT:
            case CURLE_GOT_NOTHING:
            case CURLE_SEND_ERROR:
            case CURLE_RECV_ERROR:
            case CURLE_PARTIAL_FILE: return true;
            default: return false;
        }
    }

    // What libcurl's words leave open: the cure.
    char const* hint(CURLcode code, std::string_view url, std::string_view words, bool answered) const noexcept {
        bool const secure = url.size() > 5 && detail::equals_ignoring_case(url.substr(0, 6), "https:");
        // Receivers that want a certificate say so by an alert, which may be lost with the connection.
        bool const may_be_alert = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
                                  (code == CURLE_SSL_CONNECT_ERROR && words.find("alert") != std::string_view::npos);
        if (may_be_alert && secure && options_.client_certificate.empty())
            return "; it may want a client certificate, and curl_options::client_certificate "
                   "(OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE) is empty";
        switch (code) {
            case CURLE_COULDNT_RESOLVE_HOST: return "; correct it in the URL, or in DNS";
            case CURLE_COULDNT_CONNECT: return "; start what should listen there, or correct the URL";
            case CURLE_PEER_FAILED_VERIFICATION:
                return "; the receiver's certificate must be valid now, for this host name, and by an authority in "
                       "curl_options::certificate (OTEL_EXPORTER_OTLP_CERTIFICATE), or in the system's store if that "
                       "is empty";
            case CURLE_SSL_CONNECT_ERROR: return "; if what listens there speaks no TLS, write http";
            case CURLE_RECV_ERROR:
            case CURLE_GOT_NOTHING:
            case CURLE_UNSUPPORTED_PROTOCOL:  // it answers, and not in HTTP
                if (secure || answered) return "";
                return "; it may want https, or be no receiver of OTLP by HTTP: check scheme and port";
            default: return "";
        }
    }

    struct transfer {
        CURL* handle;
        char* words;
        std::string body = {};
        detail::answer_head head = {};
        bool too_large = false;

        // Only the first words of a failure are kept. Those of the connection that was kept, and is found dead and
        // closed before a new one is opened, are not about this push.
        void listen() const noexcept { ::curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words); }
        static int on_socket(void* self, curl_socket_t, curlsocktype) noexcept {
            static_cast<transfer*>(self)->listen();
            return CURL_SOCKOPT_OK;
        }
        static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
            auto& t = *static_cast<transfer*>(self);
            t.too_large = t.body.size() + size > largest_answer;
            return !t.too_large && detail::attempt([&] { t.body.append(data, size); }) ? size : 0;
        }
        static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
            static_cast<transfer*>(self)->head.read_line({data, size});
            return size;
        }
    };

    // As curl_easy_perform(), which looks up just once a second while nothing arrives: too seldom for a deadline that
    // may be brought forward. The connection is kept by what performs.
    CURLcode perform(transfer const& answer, deadline const& until) noexcept {
        if (multi_ == nullptr) multi_.reset(::curl_multi_init());
        if (multi_ == nullptr || ::curl_multi_add_handle(multi_.get(), handle_.get()) != CURLM_OK)
            return CURLE_OUT_OF_MEMORY;
        CURLcode code = CURLE_OPERATION_TIMEDOUT;
        for (int running = 1; running != 0;) {
            if (::curl_multi_perform(multi_.get(), &running) != CURLM_OK) {
                code = CURLE_FAILED_INIT;
                break;
            }
            answer.listen();  // from now on, where no new connection is needed
            int left = 0;
            while (auto const* const told = ::curl_multi_info_read(multi_.get(), &left))
                if (told->msg == CURLMSG_DONE) code = told->data.result;
            if (running == 0 || until.passed()) break;
            auto const longest = std::clamp(until.remaining().count(), milliseconds{1}, milliseconds{50});
            ::curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(longest), nullptr);
        }
        ::curl_multi_remove_handle(multi_.get(), handle_.get());
        return code;
    }

    class header_list {
    public:
        header_list() = default;
        header_list(header_list const&) = delete;
        header_list& operator=(header_list const&) = delete;
        ~header_list() { ::curl_slist_free_all(list_); }

        void add(std::string_view name, std::string_view value) {
            // curl leaves out a header that ends with its colon, and sends one that ends with a semicolon as empty.
            add_line(std::string{name} + (value.empty() ? ";" : ": " + std::string{value}));
        }
        void add_line(std::string const& line) {
            if (curl_slist* const longer = ::curl_slist_append(list_, line.c_str())) list_ = longer;
        }
        [[nodiscard]] curl_slist* list() const noexcept { return list_; }

    private:
        curl_slist* list_ = nullptr;
    };

    struct close {
        void operator()(CURL* h) const noexcept { ::curl_easy_cleanup(h); }
    };

    struct close_multi {
        void operator()(CURLM* m) const noexcept { ::curl_multi_cleanup(m); }
    };

    curl_options options_;
    std::unique_ptr<CURLM, close_multi> multi_;  // ends last
    std::unique_ptr<CURL, close> handle_;
};

static_assert(transport<curl_transport> && takes_tls_files<curl_transport>);

}  // namespace tacho::inline TACHO_ABI
