// SPDX-License-Identifier: MIT
// For tests: what is true of measured requests on any web server, in OpenTelemetry's form, tried over real sockets.
#pragma once

#include "adapter/raw_client.hpp"
#include "support/text.hpp"
#include "support/wait.hpp"

#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace test {

// What a server of the tests has: `GET /items/{id}` answers "item", `POST /items` takes a body and answers "made",
// `GET /throw` throws, and `GET /stream` sends "first" and goes on until it is released or its client has left. It also
// has `/metrics`, which is not measured. Servers derive from it, and set `port`.
struct measured_server {
    tacho::registry registry{fixed()};
    tacho::http::server_metrics metrics{registry, {.body_sizes = true}};
    tacho::http::route_table<> routes;
    tacho::http::excluded_paths excluded{{"/metrics"}};
    std::atomic<bool> released{false};
    int port = 0;

    measured_server() {
        EXPECT_TRUE(routes.add("GET", "/items/{id}"));
        EXPECT_TRUE(routes.add("POST", "/items"));
        EXPECT_TRUE(routes.add("GET", "/throw"));
        EXPECT_TRUE(routes.add("GET", "/stream"));
    }

    [[nodiscard]] std::string shown(std::string const& series) const { return value_of(as_text(registry), series); }
    void comes_to(std::string const& series, std::string const& value) const {
        EXPECT_TRUE(wait_until([&] { return shown(series) == value; }))
            << series << " is " << shown(series) << " and not " << value << " on\n"
            << as_text(registry);
    }
};

// The labels of a request that has ended; what is empty is not there.
inline std::string ended(std::string const& method, std::string const& status, std::string const& route,
                         std::string const& error = {}, std::string const& scheme = "http") {
    auto const label = [](std::string const& name, std::string const& value) {
        return value.empty() ? "" : name + "=\"" + value + "\",";
    };
    return "{" + label("error_type", error) + label("http_request_method", method) +
           label("http_response_status_code", status) + label("http_route", route) +
           "network_protocol_version=\"1.1\",url_scheme=\"" + scheme + "\"}";
}
inline std::string durations(std::string const& labels) {
    return "http_server_request_duration_seconds_count" + labels;
}
inline std::string active(std::string const& method) {
    return "http_server_active_requests{http_request_method=\"" + method + "\",url_scheme=\"http\"}";
}
inline std::string request(std::string const& line, std::string const& more = "\r\n") {
    return line + " HTTP/1.1\r\nHost: x\r\n" + more;
}

template <class Server>
class a_measured_server : public testing::Test {
protected:
    Server server;
};
TYPED_TEST_SUITE_P(a_measured_server);

TYPED_TEST_P(a_measured_server, counts_requests_by_method_status_and_route) {
    auto& s = this->server;
    raw_client client{s.port};
    for (auto const path : {"/items/1", "/items/2?x=/y", "/nowhere", "/nowhere/else", "/items/", "/metrics"}) {
        client.send(request(std::string{"GET "} + path));
        client.response();
    }
    client.send(request("HEAD /items/1"));
    EXPECT_TRUE(client.response(true).starts_with("HTTP/1.1 200 "));
    client.send(request("DELETE /items/1"));
    client.response();
    s.comes_to(durations(ended("GET", "200", "/items/{id}")), "2");
    s.comes_to(durations(ended("GET", "404", "")), "3");
    s.comes_to(durations(ended("HEAD", "200", "/items/{id}")), "1");
    s.comes_to(durations(ended("DELETE", "404", "")), "1");
    for (auto const method : {"GET", "HEAD", "DELETE"}) s.comes_to(active(method), "0");
    for (auto const no : {"/metrics", "nowhere", "overflow"})
        EXPECT_EQ(as_text(s.registry).find(no), std::string::npos) << no;
    s.comes_to("http_server_response_body_size_bytes_sum" + ended("GET", "200", "/items/{id}"), "8");
    s.comes_to("http_server_request_body_size_bytes_sum" + ended("GET", "200", "/items/{id}"), "0");
}

TYPED_TEST_P(a_measured_server, shows_no_verb_that_nobody_knows) {
    auto& s = this->server;
    for (int i = 0; i < 20; ++i) {
        raw_client client{s.port};
        client.send(request("BREW" + std::to_string(i) + " /items/1", "Connection: close\r\n\r\n"));
        EXPECT_FALSE(client.response().empty());
    }
    raw_client last{s.port};
    last.send(request("GET /items/1"));
    last.response();
    s.comes_to(durations(ended("GET", "200", "/items/{id}")), "1");
    EXPECT_EQ(as_text(s.registry).find("BREW"), std::string::npos);
    // A server that refuses them as malformed has measured nothing.
    if (auto const others = s.shown(active("_OTHER")); !others.empty())
        s.comes_to(durations(ended("_OTHER", "404", "")), "20");
}

TYPED_TEST_P(a_measured_server, observes_the_sizes_of_bodies_in_one_piece_and_in_chunks) {
    auto& s = this->server;
    raw_client client{s.port};
    client.send(request("POST /items", "Content-Length: 10\r\n\r\n0123456789"));
    EXPECT_TRUE(client.response().ends_with("\r\n\r\nmade"));
    client.send(request("POST /items", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));
    EXPECT_TRUE(client.response().ends_with("\r\n\r\nmade"));
    client.send(request("POST /items", "Content-Length: 0\r\n\r\n"));
    client.response();
    auto const labels = ended("POST", "201", "/items");
    s.comes_to("http_server_request_body_size_bytes_count" + labels, "3");
    s.comes_to("http_server_request_body_size_bytes_sum" + labels, "21");
    s.comes_to("http_server_response_body_size_bytes_count" + labels, "3");
    s.comes_to("http_server_response_body_size_bytes_sum" + labels, "12");
}

TYPED_TEST_P(a_measured_server, counts_a_handler_that_throws_as_the_500_that_is_sent) {
    auto& s = this->server;
    raw_client client{s.port};
    client.send(request("GET /throw"));
    EXPECT_TRUE(client.response().starts_with("HTTP/1.1 500 "));
    s.comes_to(durations(ended("GET", "500", "/throw", "500")), "1");
    s.comes_to(active("GET"), "0");
}

TYPED_TEST_P(a_measured_server, has_a_stream_in_flight_until_its_last_byte) {
    auto& s = this->server;
    auto const labels = ended("GET", "200", "/stream");
    raw_client client{s.port};
    client.send(request("GET /stream"));
    EXPECT_TRUE(client.until("first").starts_with("HTTP/1.1 200 "));
    auto const begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(s.shown(active("GET")), "1");
        EXPECT_EQ(s.shown(durations(labels)), "");
    }
    std::chrono::duration<double> const passed = std::chrono::steady_clock::now() - begun;
    s.released = true;
    client.until("0\r\n\r\n");
    s.comes_to(durations(labels), "1");
    s.comes_to(active("GET"), "0");
    auto const seconds = s.shown("http_server_request_duration_seconds_sum" + labels);
    EXPECT_GE(std::strtod(seconds.c_str(), nullptr), passed.count());
    EXPECT_EQ(s.shown("http_server_response_body_size_bytes_count" + labels), "");  // the server doesn't tell
}

// Three in flight, one leaves, the others end.
TYPED_TEST_P(a_measured_server, counts_a_client_that_leaves_once) {
    auto& s = this->server;
    std::vector<raw_client> clients;
    for (int i = 0; i < 3; ++i) {
        clients.emplace_back(s.port).send(request("GET /stream"));
        clients.back().until("first");
    }
    s.comes_to(active("GET"), "3");
    clients[0].leave();
    s.comes_to(active("GET"), "2");
    s.comes_to(durations(ended("GET", "200", "/stream", "aborted")), "1");
    EXPECT_EQ(s.shown(durations(ended("GET", "200", "/stream"))), "");
    s.released = true;
    for (int i = 1; i < 3; ++i) clients[static_cast<std::size_t>(i)].until("0\r\n\r\n");
    s.comes_to(active("GET"), "0");
    s.comes_to(durations(ended("GET", "200", "/stream")), "2");
    EXPECT_EQ(s.shown(durations(ended("GET", "200", "/stream", "aborted"))), "1");
}

// Some servers answer the first one alone: then that one is counted.
TYPED_TEST_P(a_measured_server, counts_each_of_some_pipelined_requests_that_it_answers) {
    auto& s = this->server;
    raw_client client{s.port};
    client.send(request("GET /items/1") + request("GET /nowhere") +
                request("POST /items", "Content-Length: 3\r\n\r\nabc") +
                request("GET /items/2", "Connection: close\r\n\r\n"));
    int found = 0, not_found = 0, made = 0;
    for (std::string answer; !(answer = client.response()).empty();) {
        found += answer.starts_with("HTTP/1.1 200 ") ? 1 : 0;
        not_found += answer.starts_with("HTTP/1.1 404 ") ? 1 : 0;
        made += answer.starts_with("HTTP/1.1 201 ") ? 1 : 0;
    }
    EXPECT_GE(found, 1);
    auto const text = [](int n) { return n == 0 ? std::string{} : std::to_string(n); };
    s.comes_to(durations(ended("GET", "200", "/items/{id}")), text(found));
    s.comes_to(durations(ended("GET", "404", "")), text(not_found));
    s.comes_to(durations(ended("POST", "201", "/items")), text(made));
    s.comes_to(active("GET"), "0");
    if (TypeParam::pipelines) {
        EXPECT_EQ(found + not_found + made, 4);
    }
}

TYPED_TEST_P(a_measured_server, loses_nothing_when_four_clients_ask_at_once) {
    auto& s = this->server;
    std::vector<std::thread> clients;
    for (int c = 0; c < 4; ++c)
        clients.emplace_back([&] {
            for (int connection = 0; connection < 15; ++connection) {
                raw_client client{s.port};
                for (int i = 0; i < 4; ++i) {
                    client.send(i == 0 ? request("POST /items", "Content-Length: 2\r\n\r\nxy")
                                       : request("GET /items/" + std::to_string(i)));
                    client.response();
                }
            }
        });
    for (auto& c : clients) c.join();
    s.comes_to(durations(ended("GET", "200", "/items/{id}")), "180");
    s.comes_to(durations(ended("POST", "201", "/items")), "60");
    s.comes_to("http_server_request_body_size_bytes_sum" + ended("POST", "201", "/items"), "120");
    s.comes_to(active("GET"), "0");
    s.comes_to(active("POST"), "0");
}

REGISTER_TYPED_TEST_SUITE_P(a_measured_server, counts_requests_by_method_status_and_route,
                            shows_no_verb_that_nobody_knows, observes_the_sizes_of_bodies_in_one_piece_and_in_chunks,
                            counts_a_handler_that_throws_as_the_500_that_is_sent,
                            has_a_stream_in_flight_until_its_last_byte, counts_a_client_that_leaves_once,
                            counts_each_of_some_pipelined_requests_that_it_answers,
                            loses_nothing_when_four_clients_ask_at_once);

}  // namespace test
