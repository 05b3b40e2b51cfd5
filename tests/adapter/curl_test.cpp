// Real sockets: pushes by libcurl.
#include "support/text.hpp"
#include "support/wait.hpp"

#include "tacho/adapter/curl.hpp"
#include "tacho/tacho.hpp"

#include <httplib.h>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <class Server = httplib::Server>
class receiver {
public:
    template <class... Args>
    explicit receiver(httplib::Server::Handler handler, Args const&... args) : http(args...) {
        http.Post("/v1/metrics", std::move(handler));
        port = http.bind_to_any_port("127.0.0.1");
        thread_ = std::thread{[this] { http.listen_after_bind(); }};
        test::wait_until([this] { return http.is_running(); });
    }
    ~receiver() {
        http.stop();
        thread_.join();
    }
    std::string url(char const* scheme = "http", char const* host = "127.0.0.1") const {
        return std::string{scheme} + "://" + host + ":" + std::to_string(port) + "/v1/metrics";
    }
    Server http;
    int port = 0;

private:
    std::thread thread_;
};

tacho::http_outcome post(tacho::curl_transport& by, std::string const& url, std::string_view body = "{}",
                         std::vector<tacho::http_header> const& headers = {}, milliseconds limit = seconds{10}) {
    return by.post({url, body, headers}, tacho::deadline{tacho::deadline::clock::now() + limit});
}

void answer_ok(httplib::Request const&, httplib::Response& out) {
    out.set_content("{}", "application/json");
}

TEST(a_curl_transport, posts_body_and_headers_as_they_are) {
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
    tacho::curl_transport curl;
    std::string const large(100'000, 'x');
    auto const outcome =
        post(curl, r.url(), large, {{"Content-Type", "application/json"}, {"api-key", "k"}, {"empty", ""}});
    EXPECT_EQ(outcome.status, 503);
    EXPECT_EQ(outcome.retry_after, "7");
    EXPECT_EQ(outcome.body, "busy");
    EXPECT_EQ(body, large);
    EXPECT_EQ(type + key + expect + chunked, "application/jsonk");
}

// CONFORMANCE 164
TEST(a_curl_transport, keeps_its_connection) {
    std::atomic<int> port{0};
    std::atomic<bool> same{true};
    receiver<> r{[&](auto const& in, auto& out) {
        if (port.exchange(in.remote_port) != in.remote_port && port != 0) same = port == in.remote_port;
        answer_ok(in, out);
    }};
    tacho::curl_transport curl;
    EXPECT_EQ(post(curl, r.url()).status, 200);
    int const first = port;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(post(curl, r.url()).status, 200);
    EXPECT_EQ(port, first);
}

// CONFORMANCE 184
TEST(a_curl_transport, calls_a_refused_connection_worth_another_try) {
    tacho::curl_transport curl;
    auto const outcome = post(curl, "http://127.0.0.1:1/v1/metrics");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(outcome.retryable);
    EXPECT_NE(outcome.problem.find("127.0.0.1 port 1"), std::string::npos) << outcome.problem;
}

// CONFORMANCE 186
TEST(a_curl_transport, gives_up_when_its_deadline_is_brought_forward) {
    std::atomic<bool> reached{false}, release{false};
    receiver<> r{[&](auto const&, auto&) {
        reached = true;
        test::wait_until([&] { return release.load(); });
    }};
    tacho::curl_transport curl;
    tacho::deadline until{tacho::deadline::clock::now() + seconds{600}};
    tacho::http_outcome outcome;
    std::thread posting{[&] {
        auto const url = r.url();
        outcome = curl.post({url, "{}", {}}, until);
    }};
    EXPECT_TRUE(test::wait_until([&] { return reached.load(); }));
    until.no_later_than(tacho::deadline::clock::now());
    posting.join();  // in ten minutes, if nobody looked at the deadline
    release = true;
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(outcome.retryable);
}

// CONFORMANCE 188
TEST(a_curl_transport, follows_no_redirect) {
    std::atomic<int> calls{0};
    receiver<> target{[&](auto const& in, auto& out) {
        ++calls;
        answer_ok(in, out);
    }};
    receiver<> r{[&](auto const&, auto& out) { out.set_redirect(target.url(), 307); }};
    tacho::curl_transport curl;
    EXPECT_EQ(post(curl, r.url()).status, 307);
    EXPECT_EQ(calls, 0);
}

// CONFORMANCE 165
TEST(a_curl_transport, reads_no_more_than_4_mebibytes_of_an_answer) {
    std::string answer(tacho::largest_answer, 'x');
    receiver<> r{[&](auto const&, auto& out) { out.set_content(answer, "text/plain"); }};
    tacho::curl_transport curl;
    EXPECT_EQ(post(curl, r.url()).body.size(), tacho::largest_answer);
    answer += 'x';
    auto const outcome = post(curl, r.url());
    EXPECT_EQ(outcome.status, 200);
    EXPECT_LE(outcome.body.size(), tacho::largest_answer);
    EXPECT_FALSE(outcome.retryable);
    EXPECT_NE(outcome.problem.find("4 MiB"), std::string::npos);
}

// CONFORMANCE 187: what the head said counts.
TEST(a_curl_transport, tells_the_status_of_an_answer_that_breaks_off) {
    for (int const status : {200, 400, 503}) {
        receiver<> r{[&](auto const&, auto& out) {
            out.status = status;
            out.set_header("Retry-After", "7");
            out.set_content_provider(100, "text/plain", [](std::size_t, std::size_t, httplib::DataSink& to) {
                to.write("part", 4);
                return false;
            });
        }};
        tacho::curl_transport curl;
        auto const outcome = post(curl, r.url());
        EXPECT_EQ(outcome.status, status);
        EXPECT_EQ(outcome.retry_after, "7");
        EXPECT_EQ(outcome.body, "part");
        EXPECT_NE(outcome.problem, "");
    }
}

// CONFORMANCE 163
TEST(a_curl_transport, sends_no_header_that_would_begin_another) {
    std::atomic<int> calls{0};
    receiver<> r{[&](auto const& in, auto& out) {
        ++calls;
        answer_ok(in, out);
    }};
    tacho::curl_transport curl;
    for (std::string_view const bad :
         {std::string_view{"a\r\nEvil: 1"}, std::string_view{"a\nb"}, std::string_view{"a\0b", 3}}) {
        auto const outcome = post(curl, r.url(), "{}", {{"x", bad}});
        EXPECT_EQ(outcome.status, 0);
        EXPECT_FALSE(outcome.retryable);
        EXPECT_EQ(outcome.problem, "the header \"x\" has a line end or a zero byte in it");
    }
    EXPECT_EQ(calls, 0);
}

TEST(a_curl_transport, takes_http_and_https_and_nothing_else) {
    EXPECT_TRUE(tacho::curl_transport::can_send("http"));
    EXPECT_TRUE(tacho::curl_transport::can_send("https"));
    for (auto const other : {"ftp", "file", "grpc", ""}) EXPECT_FALSE(tacho::curl_transport::can_send(other));
    tacho::curl_transport curl;
    EXPECT_FALSE(post(curl, "file:///etc/hostname").retryable);
}

TEST(a_curl_transport, takes_no_proxy_from_the_environment_unless_told) {
    receiver<> r{answer_ok};
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    ::setenv("all_proxy", "http://127.0.0.1:1", 1);
    ::unsetenv("no_proxy");
    ::unsetenv("NO_PROXY");
    tacho::curl_transport direct, by_proxy{{.use_proxy = true}};
    EXPECT_EQ(post(direct, r.url()).status, 200);
    EXPECT_EQ(post(by_proxy, r.url()).status, 0);
    ::unsetenv("http_proxy");
    ::unsetenv("all_proxy");
}

#if defined(CPPHTTPLIB_OPENSSL_SUPPORT)
// Certificates of its own, made by the openssl program for this run.
class certificates {
public:
    certificates() {
        auto pattern = (std::filesystem::temp_directory_path() / "tacho-XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
        run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem "
            "-addext basicConstraints=critical,CA:TRUE");
        run("openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
        run("printf 'subjectAltName=DNS:localhost' > ext && openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key "
            "-CAcreateserial -days 2 -extfile ext -out server.pem");
    }
    ~certificates() { std::filesystem::remove_all(folder); }
    std::string path(char const* name) const { return folder + "/" + name; }

private:
    void run(std::string const& command) {
        EXPECT_EQ(std::system(("cd " + folder + " && { " + command + "; } >/dev/null 2>&1").c_str()), 0) << command;
    }
    std::string folder;
};

// CONFORMANCE 190
TEST(a_curl_transport, sends_by_tls_to_those_it_can_trust_and_to_nobody_else) {
    certificates const made;
    receiver<httplib::SSLServer> r{answer_ok, made.path("server.pem").c_str(), made.path("server.key").c_str()};
    tacho::curl_transport trusting{{.certificate = made.path("ca.pem")}}, stranger;
    EXPECT_EQ(post(trusting, r.url("https", "localhost")).status, 200);
    auto const unknown = post(stranger, r.url("https", "localhost"));
    EXPECT_EQ(unknown.status, 0);
    EXPECT_FALSE(unknown.retryable) << unknown.problem;
    EXPECT_NE(unknown.problem.find("by an authority in curl_options::certificate"), std::string::npos)
        << unknown.problem;
    auto const other_name = post(trusting, r.url("https", "127.0.0.1"));
    EXPECT_EQ(other_name.status, 0);
    EXPECT_FALSE(other_name.retryable) << other_name.problem;
    auto const missing = tacho::curl_options{.certificate = made.path("nowhere.pem")};
    tacho::curl_transport no_file{missing};
    EXPECT_NE(post(no_file, r.url("https", "localhost")).problem.find("nowhere.pem"), std::string::npos);
}

// CONFORMANCE 197: of those that both name, the program's go before the environment's.
TEST(a_curl_transport, takes_files_from_the_settings_where_its_options_name_none) {
    certificates const made;
    receiver<httplib::SSLServer> r{answer_ok, made.path("server.pem").c_str(), made.path("server.key").c_str()};
    auto const settings_with = [&](char const* certificate) {
        return tacho::settings::from_environment(
            {}, tacho::env::source{{{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", r.url("https", "localhost")},
                                    {"OTEL_EXPORTER_OTLP_CERTIFICATE", made.path(certificate)}}});
    };
    test::heard heard;
    tacho::registry one, other;
    auto by_settings = tacho::telemetry::start(one, settings_with("ca.pem"), tacho::curl_transport{});
    EXPECT_TRUE(by_settings.flush()) << heard.text();
    auto by_options = tacho::telemetry::start(other, settings_with("nowhere.pem"),
                                              tacho::curl_transport{{.certificate = made.path("ca.pem")}});
    EXPECT_TRUE(by_options.flush()) << heard.text();

    // A pair of the program's is not mixed with one of the environment's.
    tacho::curl_transport pair{{.client_certificate = made.path("server.pem")}};
    pair.use({.certificate = made.path("ca.pem"), .client_key = made.path("nowhere.key")});
    EXPECT_EQ(post(pair, r.url("https", "localhost")).problem.find("nowhere.key"), std::string::npos);
    tacho::curl_transport none;
    none.use({made.path("ca.pem"), made.path("server.pem"), made.path("nowhere.key")});
    EXPECT_NE(post(none, r.url("https", "localhost")).problem.find("nowhere.key"), std::string::npos);
}
#endif

TEST(a_pusher, delivers_by_curl) {
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
    tacho::pusher pusher{registry, {.url = r.url()}, tacho::curl_transport{}};
    EXPECT_TRUE(pusher.flush());
    EXPECT_EQ(calls, 2);
    EXPECT_NE(body.find("\"asInt\":\"6\""), std::string::npos);
}

}  // namespace
