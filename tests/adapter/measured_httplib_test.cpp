// SPDX-License-Identifier: MIT
// Real sockets: requests measured on cpp-httplib in OpenTelemetry's form.
#include "adapter/measured_server.hpp"
#include "adapter/receiver.hpp"

#include "tacho/adapter/httplib.hpp"

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using test::active;
using test::durations;
using test::ended;
using test::raw_client;
using test::request;

template <class Http = httplib::Server>
struct httplib_server : test::measured_server {
    static constexpr bool pipelines = false;

    template <class... Args>
    explicit httplib_server(Args const&... args) : http(args...) {
        EXPECT_TRUE(routes.add("GET", "/known"));
        tacho::measure(http, metrics, routes, excluded, [](auto const& in, auto& out) {
            if (!in.has_header("X-Refuse")) return httplib::Server::HandlerResponse::Unhandled;
            out.status = 403;
            return httplib::Server::HandlerResponse::Handled;
        });
        tacho::mount(http, "/metrics", std::make_shared<tacho::endpoint>(registry));
        http.Get("/items/([^/]+)", [](auto&, auto& out) { out.set_content("item", "text/plain"); });
        http.Post("/items", [](auto&, auto& out) {
            out.status = 201;
            out.set_content("made", "text/plain");
        });
        http.Get("/throw", [](auto&, auto&) { throw std::runtime_error("no"); });
        http.Get("/known", [](auto&, auto& out) {
            out.set_content_provider(10, "text/plain", [](std::size_t at, std::size_t length, auto& to) {
                return to.write(&"0123456789"[at], length);
            });
        });
        http.Get("/stream", [this](auto&, auto& out) {
            out.set_chunked_content_provider("text/plain", [this](std::size_t sent, httplib::DataSink& to) {
                if (sent == 0) return to.write("first", 5);
                if (released) {
                    to.done();
                    return true;
                }
                std::this_thread::yield();
                return to.is_writable();
            });
        });
        http.set_tcp_nodelay(true);
        http.set_keep_alive_timeout(1);
        http.set_keep_alive_max_count(100);
        port = http.bind_to_any_port("127.0.0.1");
        thread = std::thread{[this] { http.listen_after_bind(); }};
        test::wait_until([this] { return http.is_running(); });
    }
    ~httplib_server() {
        released = true;
        http.stop();
        thread.join();
    }

    Http http;
    std::thread thread;
};

}  // namespace

namespace test {
INSTANTIATE_TYPED_TEST_SUITE_P(of_cpp_httplib, a_measured_server, httplib_server<>);
}

namespace {

TEST(a_measured_server_of_cpp_httplib, knows_the_size_of_a_stream_that_was_announced) {
    httplib_server<> s;
    raw_client client{s.port};
    client.send(request("GET /known"));
    EXPECT_TRUE(client.response().ends_with("0123456789"));
    auto const labels = ended("GET", "200", "/known");
    s.comes_to("http_server_response_body_size_bytes_sum" + labels, "10");
    client.send(request("GET /known", "Range: bytes=2-4\r\n\r\n"));
    EXPECT_TRUE(client.response().ends_with("\r\n\r\n234"));
    s.comes_to(durations(ended("GET", "206", "/known")), "1");
    EXPECT_EQ(s.shown("http_server_response_body_size_bytes_sum" + ended("GET", "206", "/known")), "");
    client.send(request("HEAD /known"));  // has no last byte, and is no stream that was cut off
    client.response(true);
    s.comes_to("http_server_response_body_size_bytes_sum" + ended("HEAD", "200", "/known"), "0");
}

TEST(a_measured_server_of_cpp_httplib, leaves_out_what_it_does_not_know_of_a_body) {
    httplib_server<> s;
    auto const asked = [&](std::string const& headers, std::string const& body) {
        raw_client client{s.port};
        client.send(request("POST /items", headers + "Connection: close\r\nContent-Length: " +
                                               std::to_string(body.size()) + "\r\n\r\n" + body));
        return client.response().substr(9, 3);
    };
    std::string const form = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n";
    EXPECT_EQ(asked("Content-Type: multipart/form-data; boundary=x\r\n", form), "201");
    EXPECT_EQ(asked("X-Refuse: yes\r\n", "not read"), "403");
    s.comes_to(durations(ended("POST", "201", "/items")), "1");
    s.comes_to(durations(ended("POST", "403", "/items")), "1");
    for (auto const status : {"201", "403"})
        EXPECT_EQ(s.shown("http_server_request_body_size_bytes_count" + ended("POST", status, "/items")), "");
}

TEST(a_measured_server_of_cpp_httplib, counts_an_upload_that_was_cut_off_once) {
    httplib_server<> s;
    raw_client client{s.port};
    client.send(request("POST /items", "Content-Length: 100\r\n\r\n0123456789"));
    client.leave();
    s.comes_to(durations(ended("POST", "400", "/items")), "1");
    s.comes_to("http_server_request_body_size_bytes_sum" + ended("POST", "400", "/items"), "10");
    s.comes_to(active("POST"), "0");
}

#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
TEST(a_measured_server_of_cpp_httplib, tells_https_from_http) {
    test::certificates const files;
    httplib_server<httplib::SSLServer> s{files.path("server.pem").c_str(), files.path("server.key").c_str()};
    httplib::SSLClient client{"localhost", s.port};
    client.enable_server_certificate_verification(false);
    auto const answer = client.Get("/items/1");
    ASSERT_TRUE(answer);
    s.comes_to(durations(ended("GET", "200", "/items/{id}", "", "https")), "1");
}
#endif

}  // namespace
