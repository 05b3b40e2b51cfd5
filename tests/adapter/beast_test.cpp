// SPDX-License-Identifier: MIT
// Real sockets: scrapes and measured requests on servers made of Boost.Beast.
#include "adapter/measured_server.hpp"
#include "support/operations.hpp"
#include "support/sent_bytes.hpp"

#include "tacho/adapter/beast.hpp"
#include "tacho/adapter/zlib.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;  // as users of Beast write; that of tacho is tacho::http
using asio::ip::tcp;
using boost::beast::error_code;
using test::active;
using test::durations;
using test::ended;
using test::raw_client;
using text_request = http::request<http::string_body>;
using text_response = http::response<http::string_body>;

std::string_view path_of(text_request const& in) {
    std::string_view const target{in.target().data(), in.target().size()};
    return target.substr(0, target.find('?'));
}

text_response answer(text_request const& in, unsigned status, std::string_view text) {
    text_response out{static_cast<http::status>(status), in.version()};
    out.keep_alive(in.keep_alive());
    if (in.method() != http::verb::head) out.body() = text;
    out.prepare_payload();
    if (in.method() == http::verb::head) out.content_length(text.size());
    return out;
}

text_response handle(text_request const& in) {
    auto const path = path_of(in);
    auto const verb = in.method_string();
    if (path == "/throw") throw std::runtime_error("no");
    if (verb == "POST" && path == "/items") return answer(in, 201, "made");
    bool const item = path.starts_with("/items/") && path.size() > 7;
    if ((verb == "GET" || verb == "HEAD") && item) return answer(in, 200, "item");
    return answer(in, 404, "");
}

// A thread for each connection: the plainest server that Beast makes.
template <class Metrics>
struct sessions {
    Metrics& metrics;
    tacho::http::route_table<> const& routes;
    tacho::http::excluded_paths const& excluded;
    std::shared_ptr<tacho::endpoint> scrapes;
    std::atomic<bool> const& released;

    void operator()(tcp::socket& socket) const {
        boost::beast::flat_buffer buffer;  // what has come already of the next request stays here
        error_code failed;
        for (bool goes_on = true; goes_on && !failed;) {
            text_request in;
            http::read(socket, buffer, in, failed);
            if (failed) return;
            goes_on = in.keep_alive();
            auto running = tacho::measured(metrics, routes, in, excluded);
            if (path_of(in) == "/stream") {
                stream(socket, in, running, failed);
                continue;
            }
            auto const out = answer_to(in);
            http::write(socket, out, failed);
            tacho::finish(running, out, failed);
        }
    }

private:
    text_response answer_to(text_request const& in) const {
        if (path_of(in) == "/metrics") return tacho::respond(*scrapes, in);
        try {
            return handle(in);
        } catch (std::runtime_error const&) {
            return answer(in, 500, "{}");
        }
    }

    void stream(tcp::socket& socket, text_request const& in, tacho::http::measured_request<Metrics>& running,
                error_code& failed) const {
        http::response<http::empty_body> head{http::status::ok, in.version()};
        head.chunked(true);
        http::response_serializer<http::empty_body> writer{head};
        http::write_header(socket, writer, failed);
        auto const chunk = [&](std::string_view text) {
            if (!failed) asio::write(socket, http::make_chunk(asio::buffer(text)), failed);
        };
        chunk("first");
        for (std::size_t chunks = 0; !failed && !released; ++chunks) {
            chunk(".");
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
        if (!failed) asio::write(socket, http::make_chunk_last(), failed);
        tacho::finish(running, head, failed);
    }
};

template <class Session>
class listening {
public:
    explicit listening(Session session) : session_(std::move(session)), thread_{[this] { accept(); }} {}
    ~listening() {
        error_code ignored;
        // Shutting down wakes the thread that accepts; closing would take the socket from under it.
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        thread_.join();
        for (auto& s : sockets_) s->shutdown(tcp::socket::shutdown_both, ignored);
        for (auto& t : threads_) t.join();
    }
    [[nodiscard]] int port() const { return acceptor_.local_endpoint().port(); }

private:
    void accept() {
        for (;;) {
            auto socket = std::make_shared<tcp::socket>(context_);
            error_code failed;
            acceptor_.accept(*socket, failed);
            if (failed) return;
            socket->set_option(tcp::no_delay{true}, failed);
            sockets_.push_back(socket);
            threads_.emplace_back([this, socket] {
                session_(*socket);
                error_code ignored;
                socket->shutdown(tcp::socket::shutdown_both, ignored);
            });
        }
    }

    Session session_;
    asio::io_context context_;
    tcp::acceptor acceptor_{context_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    std::vector<std::shared_ptr<tcp::socket>> sockets_;
    std::vector<std::thread> threads_;
    std::thread thread_;  // last: it uses all above
};

struct beast_server : test::measured_server {
    static constexpr bool pipelines = true;

    std::shared_ptr<tacho::endpoint> scrapes =
        std::make_shared<tacho::endpoint>(registry, tacho::endpoint_options{.compress_with = tacho::gzip()});
    listening<sessions<tacho::http::server_metrics>> web{{metrics, routes, excluded, scrapes, released}};

    beast_server() { port = web.port(); }
    ~beast_server() { released = true; }
};

}  // namespace

namespace test {
INSTANTIATE_TYPED_TEST_SUITE_P(of_beast, a_measured_server, beast_server);
}

namespace {

TEST(a_measured_server_of_beast, counts_what_was_cut_off_before_it_had_come_not_at_all) {
    beast_server s;
    raw_client client{s.port};
    client.send(test::request("POST /items", "Content-Length: 100\r\n\r\n0123456789"));
    client.leave();
    raw_client other{s.port};
    other.send(test::request("GET /items/1"));
    other.response();
    s.comes_to(durations(ended("GET", "200", "/items/{id}")), "1");
    EXPECT_EQ(s.shown(active("POST")), "");
}

TEST(a_measured_server_of_beast, shows_unknown_verbs_as_one) {
    beast_server s;
    raw_client client{s.port};
    for (auto const verb : {"BREW", "get", "GETT"}) {
        client.send(test::request(std::string{verb} + " /items/1"));
        EXPECT_TRUE(client.response().starts_with("HTTP/1.1 404 "));
    }
    s.comes_to(durations(ended("_OTHER", "404", "")), "3");
}

// R10, R11, R12
TEST(a_measured_server_of_beast, counts_in_the_form_of_operations_as_well) {
    struct : test::measured_server {
    } s;
    test::operations in{s.registry};
    tacho::http::route_table<> routes;
    EXPECT_TRUE(routes.add("GET", "/items/{id}", {"items", "get"}));
    EXPECT_TRUE(routes.add("GET", "/stream", {"items", "stream"}));
    listening<sessions<test::operations>> const web{{in, routes, s.excluded, nullptr, s.released}};
    std::vector<raw_client> clients;
    for (int i = 0; i < 3; ++i) {
        clients.emplace_back(web.port()).send(test::request("GET /stream"));
        clients.back().until("first");
    }
    s.comes_to("concurrent{api=\"items\"}", "3");
    clients[0].leave();
    s.comes_to("concurrent{api=\"items\"}", "2");
    s.released = true;
    s.comes_to("concurrent{api=\"items\"}", "0");
    s.comes_to("duration_seconds_count{api=\"items\",method=\"stream\"}", "3");
    raw_client client{web.port()};
    for (auto const path : {"/items/1", "/nowhere", "/throw"}) {
        client.send(test::request(std::string{"GET "} + path));
        client.response();
    }
    s.comes_to(R"(requests_total{api="items",method="get",status="success",status_code="200"})", "1");
    s.comes_to(R"(requests_total{api="unknown",method="unknown",status="error",status_code="404"})", "1");
    s.comes_to(R"(requests_total{api="unknown",method="unknown",status="error",status_code="500"})", "1");
}

// The measurement moves from a request's handler into the handler of its write, on whatever thread that runs.
TEST(a_measured_request_of_beast, lives_in_the_handler_of_an_asynchronous_write) {
    struct : test::measured_server {
    } s;
    asio::thread_pool pool{2};
    tcp::acceptor acceptor{pool, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    auto const session = [&](tcp::socket from) {
        struct state {
            tcp::socket socket;
            boost::beast::flat_buffer buffer{};
            text_request in{};
            text_response out{};
        };
        auto const held = std::make_shared<state>(state{std::move(from)});
        http::async_read(held->socket, held->buffer, held->in, [&, held](error_code failed, std::size_t) {
            if (failed) return;
            auto running = tacho::measured(s.metrics, s.routes, held->in);
            if (path_of(held->in) == "/throw") return;  // dropped: no response is sent
            held->out = handle(held->in);
            // asio copies handlers until C++20's are used throughout; a shared pointer can be copied.
            auto const shared = std::make_shared<decltype(running)>(std::move(running));
            http::async_write(held->socket, held->out, [held, shared](error_code unsent, std::size_t) {
                tacho::finish(*shared, held->out, unsent);
            });
        });
    };
    std::thread accepting{[&] {
        error_code failed;
        for (int i = 0; i < 4; ++i) {
            tcp::socket socket{pool};
            acceptor.accept(socket, failed);
            if (!failed) session(std::move(socket));
        }
    }};
    for (auto const path : {"/items/1", "/items/2", "/throw", "/nowhere"}) {
        raw_client client{acceptor.local_endpoint().port()};
        client.send(test::request(std::string{"GET "} + path));
        client.response();
    }
    accepting.join();
    pool.join();
    EXPECT_EQ(s.shown(durations(ended("GET", "200", "/items/{id}"))), "2");
    EXPECT_EQ(s.shown(durations(ended("GET", "404", ""))), "1");
    EXPECT_EQ(s.shown(durations(ended("GET", "", "/throw", "aborted"))), "1");
    EXPECT_EQ(s.shown(active("GET")), "0");
}

TEST(a_measured_request_of_beast, shows_no_size_that_it_does_not_know) {
    struct : test::measured_server {
    } s;
    text_request in{http::verb::post, "/items", 11};
    in.set(http::field::host, "x");
    in.body() = "0123456789";
    in.prepare_payload();
    text_response out{http::status::created, 11};
    out.body() = "made";
    auto const count = [&](auto const& request, auto const& response, error_code failed = {}) {
        auto running = tacho::measured(s.metrics, s.routes, request, s.excluded, "https");
        tacho::finish(running, response, failed);
    };
    auto const labels = ended("POST", "201", "/items", "", "https");
    std::string const received = "http_server_request_body_size_bytes_count" + labels;
    std::string const sent = "http_server_response_body_size_bytes_count" + labels;
    count(in, out);  // without Content-Length: it may be one of several pieces
    EXPECT_EQ(s.shown(received), "1");
    EXPECT_EQ(s.shown(sent), "");
    out.prepare_payload();
    count(in, out);
    EXPECT_EQ(s.shown(sent), "1");
    auto const moved = std::exchange(in.body(), "");
    count(in, out);  // its body has been moved away, or is yet to be read
    EXPECT_EQ(s.shown(received), "2");
    EXPECT_EQ(s.shown(sent), "2");
    count(in, out, boost::asio::error::broken_pipe);
    EXPECT_EQ(s.shown(sent), "2");
    EXPECT_EQ(s.shown(durations(ended("POST", "201", "/items", "aborted", "https"))), "1");
    // What is written by hand has no body that the response knows.
    http::response<http::buffer_body> by_hand{http::status::created, 11};
    count(in, by_hand);
    EXPECT_EQ(s.shown(sent), "2");
    EXPECT_EQ(s.shown(durations(labels)), "4");
}

// CONFORMANCE 84, 88, 89, 90
TEST(a_scrape_of_beast, answers_as_the_endpoint_does) {
    beast_server s;
    auto const sent = std::make_shared<test::sent_bytes>();
    s.scrapes->watch(sent);
    tacho::counter<"hits"> hits{s.registry};
    raw_client client{s.port};
    auto const ask = [&](std::string const& line, std::string const& headers = {}) {
        client.send(test::request(line, headers + "\r\n"));
        return client.response(line.starts_with("HEAD"));
    };
    std::string const plain = "# TYPE hits_total counter\nhits_total 0\n";
    auto const page = ask("GET /metrics?name[]=hits");
    EXPECT_TRUE(page.starts_with("HTTP/1.1 200 OK\r\n")) << page;
    EXPECT_TRUE(page.ends_with("\r\n\r\n" + plain)) << page;
    EXPECT_NE(page.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), std::string::npos) << page;
    EXPECT_NE(page.find("Vary: Accept, Accept-Encoding\r\n"), std::string::npos) << page;
    auto const length = "Content-Length: " + std::to_string(plain.size()) + "\r\n";
    EXPECT_NE(page.find(length), std::string::npos) << page;
    auto const head = ask("HEAD /metrics?name[]=hits");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
    EXPECT_NE(head.find(length), std::string::npos) << head;
    EXPECT_EQ(sent->sum, plain.size());  // of GET: HEAD asked for the length alone
    auto const refused = ask("POST /metrics", "Content-Length: 1\r\n\r\nx");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 ")) << refused;
    EXPECT_NE(refused.find("Allow: GET, HEAD\r\n"), std::string::npos) << refused;
}

// CONFORMANCE 84: headers of one name mean the same as one with commas.
TEST(a_scrape_of_beast, joins_headers_that_come_in_several) {
    beast_server s;
    tacho::counter<"hits"> hits{s.registry};
    raw_client client{s.port};
    client.send(test::request("GET /metrics?name[]=hits",
                              "Accept: text/plain;q=0.1\r\nAccept: application/openmetrics-text\r\n\r\n"));
    EXPECT_TRUE(client.response().ends_with("\r\n\r\n# TYPE hits counter\nhits_total 0\n# EOF\n"));
    client.send(test::request("GET /metrics", "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n\r\n"));
    auto const packed = client.response();
    EXPECT_NE(packed.find("Content-Encoding: gzip\r\n"), std::string::npos) << packed;
    client.send(test::request("HEAD /metrics", "Accept-Encoding: gzip\r\n\r\n"));
    EXPECT_NE(client.response(true).find("Content-Encoding: gzip\r\n"), std::string::npos);
    client.send(test::request("GET /metrics", "X-Prometheus-Scrape-Timeout-Seconds: 0.000000001\r\n\r\n"));
    EXPECT_TRUE(client.response().starts_with("HTTP/1.1 503 "));
}

TEST(a_scrape_of_beast, is_answered_404_while_it_is_not_enabled_and_never_measured) {
    beast_server s;
    s.scrapes->enable(false);
    raw_client client{s.port};
    client.send(test::request("GET /metrics", "Connection: close\r\n\r\n"));
    auto const refused = client.response();
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 404 ")) << refused;
    EXPECT_NE(refused.find("Connection: close\r\n"), std::string::npos) << refused;
    EXPECT_TRUE(refused.ends_with("\r\n\r\n{\"detail\":\"Prometheus metrics endpoint is not enabled\"}")) << refused;
    EXPECT_EQ(client.until("anything"), "");
    EXPECT_EQ(s.shown(active("GET")), "");
}

}  // namespace
