#include "support/text.hpp"

#include "tacho/http/measured_request.hpp"
#include "tacho/http/operation_metrics.hpp"
#include "tacho/http/route_table.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace {

using tacho::http::outcome;
using routes = tacho::http::route_table<std::string>;

std::string match(routes const& in, std::string_view verb, std::string_view path) {
    auto const* const found = in.match(verb, path);
    return found == nullptr ? "none" : *found;
}

TEST(a_route_table, prefers_literals_to_parameters_to_rests_in_any_order_of_addition) {
    for (bool const reversed : {false, true}) {
        std::vector<std::string> patterns{"/a", "/a/b", "/a/{x}", "/a/{rest...}", "/{x}/b", "/", "/a/b/"};
        if (reversed) std::reverse(patterns.begin(), patterns.end());
        routes table;
        for (auto const& p : patterns) ASSERT_TRUE(table.add("GET", p, p)) << p;
        EXPECT_EQ(match(table, "GET", "/a"), "/a");
        EXPECT_EQ(match(table, "GET", "/a/b"), "/a/b");
        EXPECT_EQ(match(table, "GET", "/a/c"), "/a/{x}");
        EXPECT_EQ(match(table, "GET", "/a/c/d"), "/a/{rest...}");
        EXPECT_EQ(match(table, "GET", "/a/b/c"), "/a/{rest...}");
        EXPECT_EQ(match(table, "GET", "/z/b"), "/{x}/b");
        EXPECT_EQ(match(table, "GET", "/"), "/");
        EXPECT_EQ(match(table, "GET", "/a/b/"), "/a/b/");
        EXPECT_EQ(match(table, "GET", "/z"), "none");
        EXPECT_EQ(match(table, "GET", "/z/"), "none");
        EXPECT_EQ(match(table, "GET", ""), "none");
        EXPECT_EQ(match(table, "GET", "a"), "none");
    }
}

TEST(a_route_table, goes_back_when_a_literal_leads_nowhere) {
    routes table;
    ASSERT_TRUE(table.add("GET", "/a/b/c", "literal"));
    ASSERT_TRUE(table.add("GET", "/a/{x}/d", "parameter"));
    ASSERT_TRUE(table.add("POST", "/a/b", "post"));
    ASSERT_TRUE(table.add("GET", "/{x}/b", "get"));
    EXPECT_EQ(match(table, "GET", "/a/b/d"), "parameter");
    EXPECT_EQ(match(table, "GET", "/a/b"), "get");
    EXPECT_EQ(match(table, "POST", "/a/b"), "post");
    EXPECT_EQ(match(table, "PUT", "/a/b"), "none");
    EXPECT_TRUE(table.has_path("/a/b"));
    EXPECT_FALSE(table.has_path("/nowhere"));
}

TEST(a_route_table, looks_at_the_path_alone_and_byte_by_byte) {
    routes table;
    ASSERT_TRUE(table.add("GET", "/v1/models", "models"));
    EXPECT_EQ(match(table, "GET", "/v1/models?x=/y"), "models");
    EXPECT_EQ(match(table, "GET", "/v1/models/"), "none");
    EXPECT_EQ(match(table, "GET", "/v1/Models"), "none");
    EXPECT_EQ(match(table, "GET", "/v1/%6Dodels"), "none");
    EXPECT_EQ(match(table, "get", "/v1/models"), "none");
}

TEST(a_route_table, says_what_is_wrong_with_a_pattern_and_keeps_nothing_of_it) {
    routes table;
    for (auto const bad : {"", "a", "/{}", "/{x", "/x}", "/a{x}", "/{x...}/b", "/a?b", "/{...}", "/{a.b}"}) {
        auto const added = table.add("GET", bad, "x");
        EXPECT_FALSE(added) << bad;
        EXPECT_NE(added.message().find(std::string{"the route GET "} + bad + " was not added"), std::string::npos);
    }
    EXPECT_FALSE(table.has_path("/a"));
    ASSERT_TRUE(table.add("GET", "/a/{x}", "x"));
    EXPECT_FALSE(table.add("GET", "/a/{y}", "y"));
    EXPECT_TRUE(table.add("PUT", "/a/{y}", "y"));
    std::string deep;
    for (int i = 0; i < 65; ++i) deep += "/a";
    EXPECT_FALSE(table.add("GET", deep, "deep"));
}

// The plainest way to match, to compare with: all patterns, segment by segment, the best one by its kinds.
std::string naive(std::vector<std::string> const& patterns, std::string const& path) {
    auto const split = [](std::string const& text) {
        std::vector<std::string> out(1);
        for (char const c : text.substr(1)) {
            if (c == '/')
                out.emplace_back();
            else
                out.back() += c;
        }
        return out;
    };
    auto const segments = split(path);
    std::string best = "none", best_rank;
    for (auto const& pattern : patterns) {
        auto const wanted = split(pattern);
        std::string rank;
        bool good = true;
        for (std::size_t i = 0; i < wanted.size() && good; ++i) {
            bool const rest = wanted[i].ends_with("...}"), parameter = !rest && wanted[i].starts_with("{");
            if (i >= segments.size() || ((rest || parameter) && segments[i].empty()) ||
                (!rest && !parameter && wanted[i] != segments[i]) ||
                (i + 1 == wanted.size() && !rest && segments.size() != wanted.size()))
                good = false;
            rank += rest ? 'a' : parameter ? 'b' : 'c';
        }
        if (good && rank > best_rank) {
            best = pattern;
            best_rank = rank;
        }
    }
    return best;
}

TEST(a_route_table, finds_what_a_plain_search_finds) {
    std::mt19937 random{8};
    std::string const pieces[] = {"a", "b", "{x}", "{r...}", ""};
    for (int round = 0; round < 500; ++round) {
        routes table;
        std::vector<std::string> patterns;
        for (int i = 0; i < 12; ++i) {
            std::string p;
            for (auto n = 1 + random() % 4; n != 0; --n) p += "/" + pieces[random() % 5];
            if (table.add("GET", p, p)) patterns.push_back(p);
        }
        for (int i = 0; i < 50; ++i) {
            std::string path;
            for (auto n = 1 + random() % 5; n != 0; --n) path += std::string{"/"} + "abc"[random() % 3];
            if (random() % 5 == 0) path += '/';
            EXPECT_EQ(match(table, "GET", path), naive(patterns, path)) << path;
        }
    }
}

// R9
TEST(excluded_paths, exclude_whole_segments_and_no_mere_beginnings) {
    tacho::http::excluded_paths const excluded{{"/docs", "/openapi.json", "/v1/metrics"}};
    for (auto const yes : {"/docs", "/docs/", "/docs/a/b", "/openapi.json", "/v1/metrics?x", "/v1/metrics/"})
        EXPECT_TRUE(excluded.contains(yes)) << yes;
    for (auto const no : {"/docs-internal", "/doc", "/", "", "/v1", "/v1/metricsx", "/a/docs"})
        EXPECT_FALSE(excluded.contains(no)) << no;
}

struct metrics {
    explicit metrics(tacho::scope in) : requests{in}, duration{in}, concurrent{in} {}
    tacho::counter<"requests", tacho::label<"api">, tacho::label<"method">, tacho::label<"status", outcome>,
                   tacho::label<"status_code", int>>
        requests;
    tacho::histogram<"duration", tacho::unit::seconds, tacho::label<"api">, tacho::label<"method">> duration;
    tacho::up_down_counter<"concurrent", tacho::label<"api">> concurrent;
};

// R10, R11, R12
TEST(a_measured_request, is_counted_once_whatever_happens) {
    tacho::registry registry{test::fixed()};
    metrics m{registry};
    auto const shown = [&](char const* name) { return test::value_of(test::as_text(registry), name); };
    {
        tacho::http::measured_request one{m, "models", "list"};
        tacho::http::measured_request two{m, "models", "list"};
        auto three = std::make_optional<tacho::http::measured_request<metrics>>(m, "models", "list");
        EXPECT_EQ(shown("concurrent{api=\"models\"}"), "3");
        three.reset();  // cancelled
        EXPECT_EQ(shown("concurrent{api=\"models\"}"), "2");
        auto moved = std::move(one);
        moved.finish(200);
        moved.finish(404);
        two.finish(404);
    }
    auto const throwing = [&] {
        tacho::http::measured_request thrown{m, "models", "list"};
        throw std::runtime_error("no");
    };
    EXPECT_THROW(throwing(), std::runtime_error);
    EXPECT_EQ(shown("concurrent{api=\"models\"}"), "0");
    EXPECT_EQ(shown("duration_seconds_count{api=\"models\",method=\"list\"}"), "4");
    EXPECT_EQ(shown("requests_total{api=\"models\",method=\"list\",status=\"success\",status_code=\"200\"}"), "1");
    EXPECT_EQ(shown("requests_total{api=\"models\",method=\"list\",status=\"error\",status_code=\"404\"}"), "1");
    EXPECT_EQ(shown("requests_total{api=\"models\",method=\"list\",status=\"error\",status_code=\"500\"}"), "2");
}

}  // namespace
