// SPDX-License-Identifier: MIT
// Real sockets: pushes by each of the transports.
#include "adapter/receiver.hpp"
#include "support/text.hpp"

#include "tacho/adapter/curl.hpp"
#include "tacho/adapter/httplib_transport.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::answer_ok;
using test::certificates;
using test::post;
using test::receiver;

template <class>
class a_transport : public testing::Test {};

struct names {
    template <class Transport>
    static std::string GetName(int) {
        return std::is_same_v<Transport, tacho::curl_transport> ? "curl" : "httplib";
    }
};
using transports = testing::Types<tacho::curl_transport, tacho::httplib_transport>;
TYPED_TEST_SUITE(a_transport, transports, names);

TYPED_TEST(a_transport, posts_body_and_headers_as_they_are) {
    std::string body, type, key, expect, chunked;
    receiver<> r{[&](auto const& in, auto& out) {
        body = in.body;
        type = in.get_header_value("Content-Type");
        key = in.get_header_value("api-key");
        expect = in.get_header_value("Expect");
        chunked = in.get_header_value("Transfer-Encoding");
        out.set_header("Retry-After", "7");
        out.status = 503;
        out.set_content("busy", "text/plain");
    }};
    TypeParam transport;
    std::string const large(100'000, 'x');
    auto const outcome =
        post(transport, r.url(), large, {{"Content-Type", "application/json"}, {"api-key", "k"}, {"empty", ""}});
    EXPECT_EQ(outcome.status, 503);
    EXPECT_EQ(outcome.retry_after, "7");
    EXPECT_EQ(outcome.body, "busy");
    EXPECT_EQ(body, large);
    EXPECT_EQ(type + key + chunked, "application/jsonk");
#if !defined(CPPHTTPLIB_EXPECT_100_THRESHOLD)
    EXPECT_EQ(expect, "");
#endif
}

// CONFORMANCE 164
TYPED_TEST(a_transport, keeps_its_connection) {
    std::atomic<int> port{0};
    std::atomic<bool> same{true};
    receiver<> r{[&](auto const& in, auto& out) {
        if (port.exchange(in.remote_port) != in.remote_port && port != 0) same = port == in.remote_port;
        answer_ok(in, out);
    }};
    TypeParam transport;
    EXPECT_EQ(post(transport, r.url()).status, 200);
    int const first = port;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(post(transport, r.url()).status, 200);
    EXPECT_EQ(port, first);
}

// CONFORMANCE 184
TYPED_TEST(a_transport, calls_a_refused_connection_worth_another_try) {
    TypeParam transport;
    auto const outcome = post(transport, "http://127.0.0.1:1/v1/metrics");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(outcome.retryable);
    EXPECT_NE(outcome.problem.find("127.0.0.1 port 1"), std::string::npos) << outcome.problem;
}

// CONFORMANCE 186
TYPED_TEST(a_transport, gives_up_when_its_deadline_is_brought_forward) {
    std::atomic<bool> reached{false}, release{false};
    receiver<> r{[&](auto const&, auto&) {
        reached = true;
        test::wait_until([&] { return release.load(); });
    }};
    TypeParam transport;
    tacho::deadline until{tacho::deadline::clock::now() + seconds{600}};
    tacho::http_outcome outcome;
    std::thread posting{[&] {
        auto const url = r.url();
        outcome = transport.post({url, "{}", {}}, until);
    }};
    EXPECT_TRUE(test::wait_until([&] { return reached.load(); }));
    until.no_later_than(tacho::deadline::clock::now());
    posting.join();  // in ten minutes, if nobody looked at the deadline
    release = true;
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(outcome.retryable);
}

// CONFORMANCE 188
TYPED_TEST(a_transport, follows_no_redirect) {
    std::atomic<int> calls{0};
    receiver<> target{[&](auto const& in, auto& out) {
        ++calls;
        answer_ok(in, out);
    }};
    receiver<> r{[&](auto const&, auto& out) { out.set_redirect(target.url(), 307); }};
    TypeParam transport;
    EXPECT_EQ(post(transport, r.url()).status, 307);
    EXPECT_EQ(calls, 0);
}

// CONFORMANCE 165
TYPED_TEST(a_transport, reads_no_more_than_4_mebibytes_of_an_answer) {
    std::string answer(tacho::largest_answer, 'x');
    receiver<> r{[&](auto const&, auto& out) { out.set_content(answer, "text/plain"); }};
    TypeParam transport;
    EXPECT_EQ(post(transport, r.url()).body.size(), tacho::largest_answer);
    answer += 'x';
    auto const outcome = post(transport, r.url());
    EXPECT_EQ(outcome.status, 200);
    EXPECT_LE(outcome.body.size(), tacho::largest_answer);
    EXPECT_FALSE(outcome.retryable);
    EXPECT_NE(outcome.problem.find("4 MiB"), std::string::npos);
}

// CONFORMANCE 187: what the head said counts.
TYPED_TEST(a_transport, tells_the_status_of_an_answer_that_breaks_off) {
    for (int const status : {200, 400, 503}) {
        receiver<> r{[&](auto const&, auto& out) {
            out.status = status;
            out.set_header("Retry-After", "7");
            out.set_content_provider(100, "text/plain", [](std::size_t, std::size_t, httplib::DataSink& to) {
                to.write("part", 4);
                return false;
            });
        }};
        TypeParam transport;
        auto const outcome = post(transport, r.url());
        EXPECT_EQ(outcome.status, status);
        EXPECT_EQ(outcome.retry_after, "7");
        EXPECT_EQ(outcome.body, "part");
        EXPECT_NE(outcome.problem, "");
    }
}

// CONFORMANCE 163
TYPED_TEST(a_transport, sends_no_header_that_would_begin_another) {
    std::atomic<int> calls{0};
    receiver<> r{[&](auto const& in, auto& out) {
        ++calls;
        answer_ok(in, out);
    }};
    TypeParam transport;
    for (std::string_view const bad :
         {std::string_view{"a\r\nEvil: 1"}, std::string_view{"a\nb"}, std::string_view{"a\0b", 3}}) {
        auto const outcome = post(transport, r.url(), "{}", {{"x", bad}});
        EXPECT_EQ(outcome.status, 0);
        EXPECT_FALSE(outcome.retryable);
        EXPECT_EQ(outcome.problem, "the header \"x\" has a line end or a zero byte in it; take it out");
    }
    EXPECT_EQ(calls, 0);
}

TYPED_TEST(a_transport, takes_http_and_https_and_nothing_else) {
    EXPECT_TRUE(TypeParam::can_send("http"));
#if defined(CPPHTTPLIB_OPENSSL_SUPPORT)
    EXPECT_TRUE(TypeParam::can_send("https"));
#endif
    for (auto const other : {"ftp", "file", "grpc", ""}) EXPECT_FALSE(TypeParam::can_send(other));
    TypeParam transport;
    EXPECT_FALSE(post(transport, "file:///etc/hostname").retryable);
}

// CONFORMANCE 158, 159
TYPED_TEST(a_transport, sends_the_path_and_the_query_as_they_are_written) {
    std::string target, host;
    receiver<> r{[&](auto const& in, auto& out) {
        target = in.target;
        host = in.get_header_value("Host");
        answer_ok(in, out);
    }};
    TypeParam transport;
    auto const base = "http://127.0.0.1:" + std::to_string(r.port);
    for (std::string const path : {"/v1/metrics/", "/a%20b/c+d;e,f'g", "/v1/metrics?a=b+c&d=%2F%C3%A4", "/"}) {
        EXPECT_EQ(post(transport, base + path).status, 200);
        EXPECT_EQ(target, path);
        EXPECT_EQ(host, "127.0.0.1:" + std::to_string(r.port));
    }
    EXPECT_EQ(post(transport, base + "?a=b#not-sent").status, 200);
    EXPECT_EQ(target, "/?a=b");
    EXPECT_EQ(post(transport, base).status, 200);
    EXPECT_EQ(target, "/");
}

TYPED_TEST(a_transport, sends_name_and_password_of_the_url) {
    std::string authorization;
    receiver<> r{[&](auto const& in, auto& out) {
        authorization = in.get_header_value("Authorization");
        answer_ok(in, out);
    }};
    auto const url = "http://me:p%40ss%3A@127.0.0.1:" + std::to_string(r.port) + "/v1/metrics";
    TypeParam transport;
    EXPECT_EQ(post(transport, url).status, 200);
    EXPECT_EQ(authorization, "Basic bWU6cEBzczo=");
    EXPECT_EQ(post(transport, url, "{}", {{"Authorization", "Bearer token"}}).status, 200);
    EXPECT_EQ(authorization, "Bearer token");
}

TYPED_TEST(a_transport, sends_to_a_host_of_ip_version_6) {
    std::string host;
    httplib::Server server;
    server.Post("/v1/metrics", [&](auto const& in, auto& out) {
        host = in.get_header_value("Host");
        answer_ok(in, out);
    });
    int const port = server.bind_to_any_port("::1");
    if (port <= 0) GTEST_SKIP() << "there is no ::1";
    std::thread serving{[&] { server.listen_after_bind(); }};
    test::wait_until([&] { return server.is_running(); });
    auto const named = "[::1]:" + std::to_string(port);
    {
        TypeParam transport;  // the server waits for its connection
        EXPECT_EQ(post(transport, "http://" + named + "/v1/metrics").status, 200);
    }
    EXPECT_EQ(host, named);
    server.stop();
    serving.join();
}

// Connected to by the system; nobody ever reads or answers.
class deaf_receiver {
public:
    deaf_receiver() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(where);
        auto* const address = reinterpret_cast<sockaddr*>(&where);
        EXPECT_EQ(::bind(socket_, address, size), 0);
        EXPECT_EQ(::listen(socket_, 8), 0);
        EXPECT_EQ(::getsockname(socket_, address, &size), 0);
        url = "http://127.0.0.1:" + std::to_string(::ntohs(where.sin_port)) + "/v1/metrics";
    }
    deaf_receiver(deaf_receiver const&) = delete;
    deaf_receiver& operator=(deaf_receiver const&) = delete;
    ~deaf_receiver() { ::close(socket_); }
    int descriptor() const { return socket_; }
    std::string url;

private:
    int const socket_;
};

// CONFORMANCE 186; and what is written to a connection that has ended must not end the program.
TYPED_TEST(a_transport, gives_up_in_the_middle_of_a_body_that_nobody_reads) {
    deaf_receiver const deaf;
    auto const before = std::signal(SIGPIPE, SIG_DFL);  // servers of cpp-httplib ignore it
    {
        TypeParam transport;
        auto const outcome = post(transport, deaf.url, std::string(64u << 20, 'x'), {}, milliseconds{300});
        EXPECT_EQ(outcome.status, 0);
        EXPECT_TRUE(outcome.retryable) << outcome.problem;
    }
    std::signal(SIGPIPE, before);
}

// It ends what waits by a second descriptor; where the last one is the connection's, time does.
TEST(the_transport_of_cpp_httplib, gives_up_where_no_other_descriptor_can_be_had) {
    deaf_receiver const deaf;
    tacho::httplib_transport transport;
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    int const only = ::dup(deaf.descriptor());  // the lowest that is free
    ASSERT_GE(only, 0);
    ::close(only);
    auto all_but_one = before;
    all_but_one.rlim_cur = static_cast<rlim_t>(only) + 1;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &all_but_one), 0);
    auto const outcome = post(transport, deaf.url, "{}", {}, milliseconds{300});
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(outcome.problem, "no answer in time");
    EXPECT_TRUE(outcome.retryable);
}

TYPED_TEST(a_transport, refuses_a_url_that_is_none) {
    TypeParam transport;
    for (auto const bad : {"http://127.0.0.1:port/", "http://127.0.0.1:65536/", "http://", "127.0.0.1", ""}) {
        auto const outcome = post(transport, bad, "{}", {}, milliseconds{1000});
        EXPECT_EQ(outcome.status, 0);
        EXPECT_NE(outcome.problem, "") << bad;
    }
}

#if defined(CPPHTTPLIB_OPENSSL_SUPPORT)
// CONFORMANCE 190
TYPED_TEST(a_transport, sends_by_tls_to_those_it_can_trust_and_to_nobody_else) {
    certificates const made;
    receiver<httplib::SSLServer> r{answer_ok, made.path("server.pem").c_str(), made.path("server.key").c_str()};
    TypeParam trusting{{.certificate = made.path("ca.pem")}}, stranger;
    EXPECT_EQ(post(trusting, r.url("https", "localhost")).status, 200);
    auto const unknown = post(stranger, r.url("https", "localhost"));
    EXPECT_EQ(unknown.status, 0);
    EXPECT_FALSE(unknown.retryable) << unknown.problem;
    EXPECT_NE(unknown.problem.find("by an authority in "), std::string::npos) << unknown.problem;
    auto const other_name = post(trusting, r.url("https", "127.0.0.1"));
    EXPECT_EQ(other_name.status, 0);
    EXPECT_FALSE(other_name.retryable) << other_name.problem;
    TypeParam no_file{{.certificate = made.path("nowhere.pem")}};
    EXPECT_NE(post(no_file, r.url("https", "localhost")).problem.find("nowhere.pem"), std::string::npos);
}

// CONFORMANCE 197: of those that both name, the program's go before the environment's.
TYPED_TEST(a_transport, takes_files_from_the_settings_where_its_options_name_none) {
    certificates const made;
    receiver<httplib::SSLServer> r{answer_ok, made.path("server.pem").c_str(), made.path("server.key").c_str()};
    auto const settings_with = [&](char const* certificate) {
        return tacho::settings::from_environment(
            {}, tacho::env::source{{{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", r.url("https", "localhost")},
                                    {"OTEL_EXPORTER_OTLP_CERTIFICATE", made.path(certificate)}}});
    };
    test::heard heard;
    tacho::registry one, other;
    auto by_settings = tacho::telemetry::start(one, settings_with("ca.pem"), TypeParam{});
    EXPECT_TRUE(by_settings.flush()) << heard.text();
    auto by_options =
        tacho::telemetry::start(other, settings_with("nowhere.pem"), TypeParam{{.certificate = made.path("ca.pem")}});
    EXPECT_TRUE(by_options.flush()) << heard.text();

    // A pair of the program's is not mixed with one of the environment's.
    TypeParam pair{{.client_certificate = made.path("server.pem")}};
    pair.use({.certificate = made.path("ca.pem"), .client_key = made.path("nowhere.key")});
    EXPECT_EQ(post(pair, r.url("https", "localhost")).problem.find("nowhere.key"), std::string::npos);
    TypeParam none;
    none.use({made.path("ca.pem"), made.path("server.pem"), made.path("nowhere.key")});
    EXPECT_NE(post(none, r.url("https", "localhost")).problem.find("nowhere.key"), std::string::npos);
}
#endif

TYPED_TEST(a_transport, delivers_for_a_pusher) {
    std::string body;
    std::atomic<int> calls{0};
    receiver<> r{[&](auto const& in, auto& out) {
        if (++calls == 1) {
            out.status = 503;
            out.set_header("Retry-After", "0");
            return;
        }
        body = in.body;
        answer_ok(in, out);
    }};
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    hits.inc(6);
    tacho::pusher pusher{registry, {.url = r.url()}, TypeParam{}};
    EXPECT_TRUE(pusher.flush());
    EXPECT_EQ(calls, 2);
    EXPECT_NE(body.find("\"asInt\":\"6\""), std::string::npos);
}

}  // namespace
