// SPDX-License-Identifier: MIT
// An HTTP server's metrics by OpenTelemetry's names.
// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server
#include "support/text.hpp"

#include "tacho/http/measure.hpp"
#include "tacho/http/server_metrics.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using tacho::http::request_start;
using tacho::http::server_metrics;
using tacho::http::server_metrics_options;
using measured = tacho::http::measured_request<server_metrics>;

struct server {
    tacho::registry registry{test::fixed()};
    server_metrics metrics;

    explicit server(server_metrics_options options = {}) : metrics{registry, std::move(options)} {}
    [[nodiscard]] std::string page() const { return test::as_text(registry); }
    // How many of these there are, with the labels in the order of their names.
    [[nodiscard]] std::string durations(std::string const& labels) const {
        return test::value_of(page(), "http_server_request_duration_seconds_count{" + labels + "}");
    }
    [[nodiscard]] std::string active(std::string const& labels) const {
        return test::value_of(page(), "http_server_active_requests{" + labels + "}");
    }
};

TEST(server_metrics, have_the_names_units_descriptions_and_bounds_of_the_conventions) {
    server s{{.body_sizes = true}};
    EXPECT_TRUE(s.metrics.ok());
    measured one{s.metrics, {.verb = "POST", .route = "/items/{id}", .protocol_version = "1.1"}};
    one.received(10);
    one.finish(201, 2000);
    auto const json = test::as_json(s.registry);
    for (
        auto const piece :
        {R"("name":"http.server.request.duration","description":"Duration of HTTP server requests.","unit":"s")",
         R"("name":"http.server.active_requests","description":"Number of active HTTP server requests.","unit":"{request}")",
         R"("name":"http.server.request.body.size","description":"Size of HTTP server request bodies.","unit":"By")",
         R"("name":"http.server.response.body.size","description":"Size of HTTP server response bodies.","unit":"By")",
         R"("explicitBounds":[0.005,0.01,0.025,0.05,0.075,0.1,0.25,0.5,0.75,1,2.5,5,7.5,10])",
         R"({"key":"http.response.status_code","value":{"intValue":"201"}})",
         R"({"key":"http.request.method","value":{"stringValue":"POST"}})",
         R"({"key":"http.route","value":{"stringValue":"/items/{id}"}})"})
        EXPECT_NE(json.find(piece), std::string::npos) << piece << " is not in " << json;
    auto const page = s.page();
    std::string const labels =
        R"({http_request_method="POST",http_response_status_code="201",http_route="/items/{id}",)"
        R"(network_protocol_version="1.1",url_scheme="http"})";
    EXPECT_EQ(test::value_of(page, "http_server_request_duration_seconds_count" + labels), "1");
    EXPECT_EQ(test::value_of(page, "http_server_request_body_size_bytes_sum" + labels), "10");
    EXPECT_EQ(test::value_of(page, "http_server_response_body_size_bytes_sum" + labels), "2000");
    EXPECT_EQ(test::value_of(page, R"(http_server_active_requests{http_request_method="POST",url_scheme="http"})"),
              "0");
}

TEST(server_metrics, leave_out_what_is_not_known_and_what_is_not_asked_for) {
    server s{{.active_requests = false}};
    measured one{s.metrics, {.verb = "GET"}};
    one.received(10);
    one.finish(404, 20);
    EXPECT_EQ(s.durations(R"(http_request_method="GET",http_response_status_code="404",url_scheme="http")"), "1");
    for (auto const no : {"active", "body", "route", "version", "address", "port", "error"})
        EXPECT_EQ(s.page().find(no), std::string::npos) << no;

    server with_sizes{{.body_sizes = true}};
    measured unknown{with_sizes.metrics, {.verb = "GET"}};
    unknown.finish(200);
    EXPECT_EQ(with_sizes.page().find("size_bytes_count"), std::string::npos);
}

TEST(server_metrics, know_verbs_to_the_letter_and_all_others_are_one) {
    server s;
    for (auto const known : {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "QUERY", "CONNECT", "TRACE"}) {
        measured{s.metrics, {.verb = known}}.finish(200);
        EXPECT_EQ(s.durations("http_request_method=\"" + std::string{known} +
                              R"(",http_response_status_code="200",url_scheme="http")"),
                  "1");
    }
    for (int i = 0; i < 3000; ++i) measured{s.metrics, {.verb = "BREW" + std::to_string(i)}}.finish(200);
    for (auto const unknown : {"get", "", "_OTHER", "GET ", "G\xFF"})
        measured{s.metrics, {.verb = unknown}}.finish(200);
    EXPECT_EQ(s.durations(R"(http_request_method="_OTHER",http_response_status_code="200",url_scheme="http")"), "3005");
    EXPECT_EQ(s.page().find("BREW"), std::string::npos);
    EXPECT_EQ(s.page().find("overflow"), std::string::npos);
}

// "If the HTTP instrumentation could end up converting valid HTTP request methods to _OTHER, then it MUST provide a way
// to override the list of known HTTP methods": in full, and case-sensitive.
TEST(server_metrics, can_be_told_which_verbs_they_know) {
    server s{{.known_methods = " GET, PROPFIND,,brew "}};
    EXPECT_EQ(s.metrics.method_of("GET"), "GET");
    EXPECT_EQ(s.metrics.method_of("PROPFIND"), "PROPFIND");
    EXPECT_EQ(s.metrics.method_of("brew"), "brew");
    for (auto const other : {"POST", "BREW", ""}) EXPECT_EQ(s.metrics.method_of(other), "_OTHER") << other;
    EXPECT_EQ(server{{.known_methods = " , "}}.metrics.method_of("POST"), "POST");
}

#if defined(__cpp_exceptions)
TEST(server_metrics, tell_errors_by_a_word_of_few) {
    server s;
    auto const start = request_start{.verb = "GET"};
    for (int const status_code : {200, 304, 404, 499, 500, 503}) measured{s.metrics, start}.finish(status_code);
    measured{s.metrics, start}.finish(500, {}, "std::bad_alloc");
    measured{s.metrics, start}.finish(200, {}, "aborted");
    measured{s.metrics, start}.fail("timeout");
    measured{s.metrics, start}.fail("");
    { measured const left{s.metrics, start}; }
    auto const throwing = [&] {
        measured const thrown{s.metrics, start};
        throw std::runtime_error("no");
    };
    EXPECT_THROW(throwing(), std::runtime_error);
    std::string const get = R"(http_request_method="GET")", end = R"(,url_scheme="http")";
    for (auto const fine : {"200", "304", "404", "499"})
        EXPECT_EQ(s.durations(get + ",http_response_status_code=\"" + fine + "\"" + end), "1") << fine;
    for (auto const& [error, status_code] :
         {std::pair{"500", "500"}, {"503", "503"}, {"std::bad_alloc", "500"}, {"aborted", "200"}})
        EXPECT_EQ(s.durations(std::string{"error_type=\""} + error + "\"," + get + ",http_response_status_code=\"" +
                              status_code + "\"" + end),
                  "1")
            << error;
    for (auto const error : {"timeout", "_OTHER", "aborted", "exception"})
        EXPECT_EQ(s.durations(std::string{"error_type=\""} + error + "\"," + get + end), "1") << error;
    EXPECT_EQ(s.active(get + end), "0");
}
#endif

TEST(server_metrics, count_in_flight_until_all_is_recorded) {
    server s;
    std::string const gets = R"(http_request_method="GET",url_scheme="http")";
    measured one{s.metrics, {.verb = "GET"}};
    measured two{s.metrics, {.verb = "GET"}};
    auto three = std::make_unique<measured>(s.metrics, request_start{.verb = "GET"});
    EXPECT_EQ(s.active(gets), "3");
    three.reset();
    EXPECT_EQ(s.active(gets), "2");
    auto moved = std::move(one);
    moved.finish(200);
    moved.finish(500);
    moved.fail("late");
    EXPECT_EQ(s.active(gets), "1");
    two.finish(200);
    EXPECT_EQ(s.active(gets), "0");
    EXPECT_EQ(s.durations(R"(http_request_method="GET",http_response_status_code="200",url_scheme="http")"), "2");
}

TEST(server_metrics, show_their_address_and_scheme_where_they_are_told) {
    server s{{.scheme = "https", .server_address = "example.com", .server_port = 443}};
    measured one{s.metrics, {.verb = "GET", .protocol_version = "2"}};
    one.finish(200);
    EXPECT_EQ(
        s.active(R"(http_request_method="GET",server_address="example.com",server_port="443",url_scheme="https")"),
        "0");
    EXPECT_EQ(s.durations(R"(http_request_method="GET",http_response_status_code="200",network_protocol_version="2",)"
                          R"(server_address="example.com",server_port="443",url_scheme="https")"),
              "1");
}

TEST(server_metrics, show_no_version_that_nobody_knows) {
    server s;
    for (auto const unknown : {"", "0.9", "1.2", "11", "HTTP/", "HTTP/HTTP/1.1"})
        measured{s.metrics, {.verb = "GET", .protocol_version = unknown}}.finish(200);
    EXPECT_EQ(s.durations(R"(http_request_method="GET",http_response_status_code="200",url_scheme="http")"), "6");
    measured{s.metrics, {.verb = "GET", .protocol_version = "HTTP/1.0"}}.finish(200);
    EXPECT_EQ(s.durations(R"(http_request_method="GET",http_response_status_code="200",network_protocol_version="1.0",)"
                          R"(url_scheme="http")"),
              "1");
}

TEST(server_metrics, need_nothing_of_a_request_that_its_client_sent_once_it_has_begun) {
    server s;
    auto verb = std::make_unique<std::string>("BREW"), version = std::make_unique<std::string>("1.1");
    measured one{s.metrics, {.verb = *verb, .protocol_version = *version}};
    verb.reset();
    version.reset();
    one.finish(418);
    EXPECT_EQ(s.durations(R"(http_request_method="_OTHER",http_response_status_code="418",)"
                          R"(network_protocol_version="1.1",url_scheme="http")"),
              "1");
}

TEST(a_measurement_by_route, shows_the_pattern_and_never_the_path) {
    server s;
    tacho::http::route_table<> routes;
    ASSERT_TRUE(routes.add("GET", "/items/{id}"));
    ASSERT_TRUE(routes.add("HEAD", "/items/new"));
    ASSERT_TRUE(routes.add("GET", "/items/new"));
    tacho::http::excluded_paths const excluded{{"/metrics"}};
    auto const request = [&](std::string_view verb, std::string_view target) {
        tacho::http::measure(s.metrics, routes, excluded, target, {.verb = verb}).finish(200);
    };
    for (int i = 0; i < 10; ++i) {
        request("GET", "/items/" + std::to_string(i));
        request("GET", "/nowhere/" + std::to_string(i));
        request("GET", "/metrics");
    }
    request("HEAD", "/items/1");
    request("HEAD", "/items/new");
    request("POST", "/items/1");  // a path that is known with another verb is not this route
    std::string const end = R"(url_scheme="http")";
    auto const with = [&](std::string const& method, std::string const& route) {
        return s.durations("http_request_method=\"" + method + R"(",http_response_status_code="200",)" + route + end);
    };
    EXPECT_EQ(with("GET", R"(http_route="/items/{id}",)"), "10");
    EXPECT_EQ(with("GET", ""), "10");
    EXPECT_EQ(with("HEAD", R"(http_route="/items/{id}",)"), "1");
    EXPECT_EQ(with("HEAD", R"(http_route="/items/new",)"), "1");
    EXPECT_EQ(with("POST", ""), "1");
    EXPECT_EQ(s.page().find("metrics\""), std::string::npos);
    EXPECT_EQ(s.page().find("nowhere"), std::string::npos);
}

TEST(a_measured_request, that_another_one_takes_the_place_of_has_ended) {
    server s;
    std::string const gets = R"(http_request_method="GET",url_scheme="http")";
    measured one{s.metrics, {.verb = "GET"}};
    one = measured{s.metrics, {.verb = "GET"}};
    EXPECT_EQ(s.active(gets), "1");
    EXPECT_EQ(s.durations("error_type=\"aborted\"," + gets), "1");
    one = measured{};
    EXPECT_EQ(s.active(gets), "0");
    EXPECT_EQ(s.durations("error_type=\"aborted\"," + gets), "2");
}

// Metrics of a form of one's own.
struct two_numbers {
    int in_flight = 0;
    double received = 0;
};
struct one_more {
    explicit one_more(two_numbers& of) noexcept : in(&of) { ++in->in_flight; }
    one_more(one_more&& other) noexcept : in(std::exchange(other.in, nullptr)) {}
    one_more& operator=(one_more&&) = delete;
    ~one_more() {
        if (in != nullptr) --in->in_flight;
    }
    two_numbers* in;
};
one_more begin_request(two_numbers& numbers, request_start const&) noexcept {
    return one_more{numbers};
}
void end_request(two_numbers& numbers, one_more const&, tacho::http::request_end const& how) noexcept {
    numbers.received += static_cast<double>(how.received.value_or(0));
}

TEST(a_measured_request, is_recorded_in_any_form_that_has_a_begin_and_an_end) {
    static_assert(tacho::http::request_metrics<two_numbers>);
    static_assert(!tacho::http::request_metrics<tacho::registry>);
    static_assert(!std::is_copy_constructible_v<measured> && std::is_nothrow_move_constructible_v<measured>);
    two_numbers numbers;
    {
        tacho::http::measured_request one{numbers, request_start{}};
        EXPECT_EQ(numbers.in_flight, 1);
        one.received(7);
        auto const moved = std::move(one);
        EXPECT_EQ(numbers.in_flight, 1);
    }
    EXPECT_EQ(numbers.in_flight, 0);
    EXPECT_EQ(numbers.received, 7);
    tacho::http::measured_request<two_numbers> nothing;
    nothing.finish(200);
    EXPECT_EQ(numbers.in_flight, 0);
}

}  // namespace
