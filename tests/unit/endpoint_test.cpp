// SPDX-License-Identifier: MIT
#include "support/text.hpp"

#include "tacho/export/accept.hpp"
#include "tacho/export/endpoint.hpp"

#include <gtest/gtest.h>

#include <random>

namespace {

std::string chosen(std::string_view accept, bool prefer = false) {
    return std::string{tacho::content_type(tacho::negotiate(accept, prefer))};
}

std::string const plain = "text/plain; version=0.0.4; charset=utf-8";
std::string const newer = "text/plain; version=1.0.0; charset=utf-8; escaping=";
std::string const open = "application/openmetrics-text; version=1.0.0; charset=utf-8";

// CONFORMANCE 74, 75
TEST(negotiation, gives_prometheus_what_it_likes_best) {
    EXPECT_EQ(
        chosen("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;"
               "version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;"
               "q=0.3,*/*;q=0.2"),
        open + "; escaping=allow-utf-8");
    EXPECT_EQ(chosen("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
              open);
    EXPECT_EQ(chosen("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
                     "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,*/*;q=0.1"),
              open + "; escaping=underscores");
}

// CONFORMANCE 77, 81
TEST(negotiation, has_an_answer_for_everybody_else) {
    for (auto const accept : {"", "*/*", "text/*", "text/plain", "text/html,application/xhtml+xml,*/*;q=0.8",
                              "application/json", "image/png;q=0.1", ",,;;==", "\xFF\xFE", ";q=1"})
        EXPECT_EQ(chosen(accept), plain) << accept;
    EXPECT_EQ(chosen("", true), newer + "underscores");
    EXPECT_EQ(chosen("*/*", true), newer + "underscores");
    EXPECT_EQ(chosen("text/plain;version=0.0.4", true), plain);
}

// CONFORMANCE 76
TEST(negotiation, goes_by_weight_and_then_by_order) {
    EXPECT_EQ(chosen("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5"), plain);
    EXPECT_EQ(chosen("application/openmetrics-text;q=0.5,text/plain;q=0.5"), open);
    EXPECT_EQ(chosen("text/plain;q=0.5,application/openmetrics-text;q=0.5"), plain);
    EXPECT_EQ(chosen("text/plain;q=0.899,application/openmetrics-text;q=0.9"), open);
}

// CONFORMANCE 81
TEST(negotiation, is_excluded_by_a_weight_of_zero_or_none) {
    EXPECT_EQ(chosen("application/openmetrics-text;q=0,text/plain;q=0.1"), plain);
    EXPECT_EQ(chosen("application/openmetrics-text;q=0.000"), plain);
    for (auto const q : {"x", "", "2", "-1", "1.5", "0.1234", "1.001", ".5"})
        EXPECT_EQ(chosen("application/openmetrics-text;q=" + std::string{q}), plain) << q;
}

// CONFORMANCE 78
TEST(negotiation, matches_versions) {
    EXPECT_EQ(chosen("application/openmetrics-text"), open);
    EXPECT_EQ(chosen("application/openmetrics-text;version=0.0.1"), open);
    EXPECT_EQ(chosen("application/openmetrics-text;version=2.0.0"), plain);
    EXPECT_EQ(chosen("application/openmetrics-text;version=9.9.9,text/plain;version=1.0.0;q=0.1"),
              newer + "underscores");
    EXPECT_EQ(chosen("text/plain;version=1.0.0"), newer + "underscores");
    EXPECT_EQ(chosen("text/plain;version=7"), plain);
}

// CONFORMANCE 7, 79, 80
TEST(negotiation, answers_with_the_escaping_of_the_range_that_it_took) {
    EXPECT_EQ(chosen("text/plain;version=1.0.0;escaping=dots"), newer + "dots");
    EXPECT_EQ(chosen("text/plain;version=1.0.0;escaping=values"), newer + "values");
    EXPECT_EQ(chosen("text/plain;version=0.0.4;escaping=allow-utf-8"), plain + "; escaping=allow-utf-8");
    EXPECT_EQ(chosen("text/plain;version=1.0.0;escaping=whatever"), newer + "underscores");
    EXPECT_EQ(chosen("application/openmetrics-text;version=7;escaping=dots,text/plain;version=0.0.4"), plain);
}

// CONFORMANCE 82
TEST(negotiation, reads_parameters_in_any_case_order_and_quoting) {
    EXPECT_EQ(
        chosen(
            "  Application/OpenMetrics-Text ; Q=0.5 ; Charset=\"utf-8;,\" ; VERSION = \"1.0.0\"\t, text/plain;q=0.1"),
        open);
    EXPECT_EQ(chosen("x/y;a=\"unclosed,application/openmetrics-text"), plain);
}

// CONFORMANCE 98
TEST(negotiation, survives_a_header_of_100_kilobytes) {
    EXPECT_EQ(chosen(std::string(100'000, 'a')), plain);
    EXPECT_EQ(chosen(std::string(100'000, ',')), plain);
    EXPECT_EQ(chosen("application/openmetrics-text," + std::string(100'000, 'b')), open);
    std::string many = "application/openmetrics-text";
    while (many.size() < 100'000) many += ",text/plain;q=0.5";
    EXPECT_EQ(chosen(many), open);
}

TEST(negotiation, always_ends_in_one_of_twelve_answers) {
    std::mt19937 random{4};
    std::string const pieces[] = {"application/openmetrics-text",
                                  "text/plain",
                                  "*/*",
                                  ";",
                                  ",",
                                  "=",
                                  "q",
                                  "version",
                                  "1.0.0",
                                  "escaping",
                                  "dots",
                                  "\"",
                                  "\\",
                                  " ",
                                  "0.5",
                                  "\xFF",
                                  "0.0.4",
                                  "allow-utf-8"};
    for (int i = 0; i < 20000; ++i) {
        std::string accept;
        for (auto n = random() % 30; n != 0; --n) accept += pieces[random() % std::size(pieces)];
        auto const type = chosen(accept);
        EXPECT_TRUE(type.starts_with(plain) || type.starts_with(newer) || type.starts_with(open)) << accept;
    }
}

struct small_shop {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
};

TEST(an_endpoint, answers_get_with_the_numbers) {
    small_shop s;
    tacho::endpoint endpoint{s.registry, {.about = {{"service.name", "shop"}}}};
    auto const answer = endpoint.respond({"GET", ""});
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.content_type(), plain);
    EXPECT_EQ(answer.body(),
              "# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info{service_name=\"shop\"} 1\n# "
              "TYPE hits_total counter\nhits_total 0\n");
}

// CONFORMANCE 83, 89
TEST(an_endpoint, answers_head_without_a_body) {
    small_shop s;
    tacho::endpoint endpoint{s.registry};
    auto const answer = endpoint.respond({"HEAD", "application/openmetrics-text"});
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.content_type(), open);
    EXPECT_EQ(answer.body(), "");
    bool varies = false;
    for (auto const& [name, value] : answer.headers()) varies |= name == "Vary" && value == "Accept, Accept-Encoding";
    EXPECT_TRUE(varies);
}

// CONFORMANCE 89
TEST(an_endpoint, refuses_other_methods_and_says_which_it_takes) {
    small_shop s;
    tacho::endpoint endpoint{s.registry};
    for (auto const method : {"POST", "PUT", "DELETE", "get", "", "OPTIONS"}) {
        auto const answer = endpoint.respond({method, ""});
        EXPECT_EQ(answer.status(), 405);
        bool allows = false;
        for (auto const& [name, value] : answer.headers()) allows |= name == "Allow" && value == "GET, HEAD";
        EXPECT_TRUE(allows);
    }
}

// R6
TEST(an_endpoint, that_is_disabled_answers_404) {
    small_shop s;
    tacho::endpoint endpoint{s.registry, {.enabled = false}};
    auto const answer = endpoint.respond({"GET", ""});
    EXPECT_EQ(answer.status(), 404);
    EXPECT_EQ(answer.content_type(), "application/json");
    EXPECT_EQ(answer.body(), R"({"detail":"Prometheus metrics endpoint is not enabled"})");
}

TEST(an_endpoint, gives_each_of_16_scrapes_at_once_its_own_body_and_turns_the_17th_away) {
    small_shop s;
    tacho::endpoint endpoint{s.registry};
    std::vector<tacho::scrape_response> answers;
    for (std::uint64_t i = 0; i < 16; ++i) {
        answers.push_back(endpoint.respond({"GET", ""}));
        s.hits.inc();
    }
    EXPECT_EQ(endpoint.respond({"GET", ""}).status(), 503);
    for (std::size_t i = 0; i < 16; ++i)
        EXPECT_EQ(answers[i].body(), "# TYPE hits_total counter\nhits_total " + std::to_string(i) + "\n");
    answers.pop_back();
    EXPECT_EQ(endpoint.respond({"GET", ""}).status(), 200);
}

// CONFORMANCE 15, 100
TEST(an_endpoint, fails_whole_when_the_body_would_be_too_large) {
    small_shop s;
    tacho::endpoint endpoint{s.registry, {.largest_body = 10}};
    auto const answer = endpoint.respond({"GET", ""});
    EXPECT_EQ(answer.status(), 500);
    EXPECT_EQ(answer.body().find("hits"), std::string_view::npos);
}

TEST(a_scrape_response, outlives_endpoint_and_registry) {
    auto s = std::make_unique<small_shop>();
    auto endpoint = std::make_unique<tacho::endpoint>(s->registry);
    auto const answer = endpoint->respond({"GET", ""});
    endpoint.reset();
    s.reset();
    EXPECT_EQ(answer.body(), "# TYPE hits_total counter\nhits_total 0\n");
}

}  // namespace
