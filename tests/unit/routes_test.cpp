// SPDX-License-Identifier: MIT
#include "support/operations.hpp"
#include "support/text.hpp"

#include "tacho/http/measured_request.hpp"
#include "tacho/http/operation_metrics.hpp"
#include "tacho/http/route_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// All verbs that a plain search finds for a path, in order.
std::string naive_verbs(std::map<std::string, std::vector<std::string>> const& by_verb, std::string const& path) {
    std::string all;
    for (auto const& [verb, patterns] : by_verb)
        if (naive(patterns, path) != "none") all += (all.empty() ? "" : ", ") + verb;
    return all;
}

TEST(a_route_table, finds_what_a_plain_search_finds_in_any_order_of_addition) {
    std::mt19937 random{8};
    std::string const pieces[] = {"a", "b", "{x}", "{r...}", "", "a%2Fb"}, parts[] = {"a", "b", "c", "", "a%2Fb"};
    for (int round = 0; round < 100; ++round) {
        std::vector<std::pair<std::string, std::string>> wanted;
        for (int i = 0; i < 12; ++i) {
            std::string p;
            for (auto n = 1 + random() % 4; n != 0; --n) p += "/" + pieces[random() % 6];
            wanted.emplace_back(random() % 3 == 0 ? "POST" : "GET", p);
        }
        // What is refused is the same in any order: bad patterns, and one of two that are alike.
        std::sort(wanted.begin(), wanted.end());
        wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
        routes table;
        std::map<std::string, std::vector<std::string>> by_verb;
        std::vector<std::pair<std::string, std::string>> added;
        for (auto const& [verb, p] : wanted)
            if (table.add(verb, p, p)) {
                by_verb[verb].push_back(p);
                added.emplace_back(verb, p);
            }
        std::shuffle(added.begin(), added.end(), random);
        routes shuffled;
        for (auto const& [verb, p] : added) ASSERT_TRUE(shuffled.add(verb, p, p)) << p;
        for (int i = 0; i < 50; ++i) {
            std::string path;
            for (auto n = 1 + random() % 5; n != 0; --n) path += "/" + parts[random() % 5];
            for (auto const* const in : {&table, &shuffled}) {
                EXPECT_EQ(match(*in, "GET", path), naive(by_verb["GET"], path)) << path;
                EXPECT_EQ(match(*in, "POST", path + "?/a"), naive(by_verb["POST"], path)) << path;
                EXPECT_EQ(in->allowed(path), naive_verbs(by_verb, path)) << path;
                EXPECT_EQ(in->has_path(path), !naive_verbs(by_verb, path).empty()) << path;
            }
        }
    }
}

TEST(a_route_table, tells_the_pattern_as_it_was_added_with_its_verb) {
    routes table;
    ASSERT_TRUE(table.add("GET", "/a/{id}/{rest...}", "get"));
    ASSERT_TRUE(table.add("PUT", "/a/{name}/{more...}", "put"));
    auto const* const get = table.find("GET", "/a/1/2/3?x=/y");
    ASSERT_NE(get, nullptr);
    EXPECT_EQ(get->pattern, "/a/{id}/{rest...}");
    EXPECT_EQ(get->verb, "GET");
    EXPECT_EQ(get->route, "get");
    EXPECT_EQ(table.find("PUT", "/a/1/2")->pattern, "/a/{name}/{more...}");
    EXPECT_EQ(table.find("POST", "/a/1/2"), nullptr);
}

// 404 and 405 differ, and a 405 lists what would have been right: of all patterns that match, not of the best one.
TEST(a_route_table, lists_the_verbs_that_a_path_has) {
    routes table;
    ASSERT_TRUE(table.add("PUT", "/a/{x}", ""));
    ASSERT_TRUE(table.add("GET", "/a/{x}", ""));
    ASSERT_TRUE(table.add("GET", "/a/b", ""));
    ASSERT_TRUE(table.add("POST", "/a/b", ""));
    ASSERT_TRUE(table.add("DELETE", "/{rest...}", ""));
    EXPECT_EQ(table.allowed("/a/b?x"), "DELETE, GET, POST, PUT");
    EXPECT_EQ(table.allowed("/a/c"), "DELETE, GET, PUT");
    EXPECT_EQ(table.allowed("/b"), "DELETE");
    EXPECT_EQ(table.allowed("/"), "");
    EXPECT_EQ(table.allowed("*"), "");
}

TEST(a_route_table, takes_an_encoded_slash_for_text_and_an_empty_segment_for_no_parameter) {
    routes table;
    ASSERT_TRUE(table.add("GET", "/files/{name}", "one"));
    ASSERT_TRUE(table.add("GET", "/files/{name}/meta", "meta"));
    ASSERT_TRUE(table.add("GET", "/static/{path...}", "rest"));
    ASSERT_TRUE(table.add("GET", "/a//b", "empty"));
    EXPECT_EQ(match(table, "GET", "/files/a%2Fb"), "one");
    EXPECT_EQ(match(table, "GET", "/files/a%2fmeta"), "one");
    EXPECT_EQ(match(table, "GET", "/files/a/meta"), "meta");
    EXPECT_EQ(match(table, "GET", "/files/"), "none");
    EXPECT_EQ(match(table, "GET", "/files//meta"), "none");
    EXPECT_EQ(match(table, "GET", "//files/a"), "none");
    EXPECT_EQ(match(table, "GET", "/static/"), "none");
    EXPECT_EQ(match(table, "GET", "/static//a"), "none");
    EXPECT_EQ(match(table, "GET", "/static/a//b/"), "rest");
    EXPECT_EQ(match(table, "GET", "/static/a%2F..%2Fb"), "rest");
    EXPECT_EQ(match(table, "GET", "/a//b"), "empty");
    EXPECT_EQ(match(table, "GET", "/a/b"), "none");
    for (auto const other : {"*", "example.com:443", "http://example.com/files/a", "?", "?/files/a", "files/a"})
        EXPECT_EQ(match(table, "GET", other), "none") << other;
}

TEST(a_route_table, finds_each_of_ten_thousand_routes) {
    routes table;
    auto const name = [](int i) { return "/v" + std::to_string(i % 7) + "/thing" + std::to_string(i) + "/{id}"; };
    for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(table.add("GET", name(i), name(i)));
    for (int i = 0; i < 10'000; ++i) {
        auto path = name(i);
        path.replace(path.find("{id}"), 4, "x");
        ASSERT_EQ(match(table, "GET", path), name(i));
    }
}

// At each segment two ways lead on, and all of them fail at the last one. Trying each way through them, 2 to the power
// of 60, would take longer than anybody waits; a tree has only as many nodes as its patterns have segments.
TEST(a_route_table, tries_no_way_twice) {
    routes table;
    for (int at = 0; at < 60; ++at)
        for (int other = at; other < 60; ++other) {
            std::string pattern;
            for (int i = 0; i < 60; ++i) pattern += i == at || i == other ? "/{x}" : "/a";
            ASSERT_TRUE(table.add("GET", pattern + "/end", "found"));
        }
    std::string path;
    for (int i = 0; i < 60; ++i) path += "/a";
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(match(table, "GET", path + "/other"), "none");
        EXPECT_EQ(match(table, "GET", path + "/end"), "found");
    }
}

TEST(a_route_table, takes_a_path_of_any_length) {
    routes table;
    ASSERT_TRUE(table.add("GET", "/{x}", "one"));
    ASSERT_TRUE(table.add("GET", "/a/{rest...}", "rest"));
    std::string path;
    for (int i = 0; i < 1'000'000; ++i) path += "/a";
    EXPECT_EQ(match(table, "GET", path), "rest");
    EXPECT_EQ(match(table, "GET", "/b" + path), "none");
    EXPECT_EQ(match(table, "GET", "/" + std::string(1'000'000, 'b')), "one");
}

// R9
TEST(excluded_paths, exclude_whole_segments_and_no_mere_beginnings) {
    tacho::http::excluded_paths const excluded{{"/docs", "/openapi.json", "/v1/metrics"}};
    for (auto const yes : {"/docs", "/docs/", "/docs/a/b", "/openapi.json", "/v1/metrics?x", "/v1/metrics/"})
        EXPECT_TRUE(excluded.contains(yes)) << yes;
    for (auto const no : {"/docs-internal", "/doc", "/", "", "/v1", "/v1/metricsx", "/a/docs"})
        EXPECT_FALSE(excluded.contains(no)) << no;
}

TEST(excluded_paths, that_are_empty_exclude_nothing) {
    EXPECT_FALSE((tacho::http::excluded_paths{{"", "/docs"}}.contains("/v1")));
    EXPECT_FALSE(tacho::http::excluded_paths{{""}}.contains("/"));
}

TEST(excluded_paths, that_end_with_a_slash_exclude_what_begins_with_them) {
    tacho::http::excluded_paths const excluded{{"/static/", "/"}};
    for (auto const yes : {"/static/", "/static/a", "/static/a/b", "/", "/?x"})
        EXPECT_TRUE(excluded.contains(yes)) << yes;
    for (auto const no : {"/static", "/statics", "/a", "", "//", "//a"}) EXPECT_FALSE(excluded.contains(no)) << no;
    EXPECT_FALSE(tacho::http::nothing_excluded().contains("/"));
}

#if defined(__cpp_exceptions)
// R10, R11, R12
TEST(a_measured_request, is_counted_once_whatever_happens) {
    tacho::registry registry{test::fixed()};
    test::operations m{registry};
    auto const shown = [&](char const* name) { return test::value_of(test::as_text(registry), name); };
    {
        tacho::http::measured_request one{m, "models", "list"};
        tacho::http::measured_request two{m, "models", "list"};
        auto three = std::make_optional<tacho::http::measured_request<test::operations>>(m, "models", "list");
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

// R10, R11: the code is the one that was sent, and the status says what came of it.
TEST(a_measured_request, is_no_success_where_something_was_thrown_behind_its_code) {
    tacho::registry registry{test::fixed()};
    test::operations m{registry};
    tacho::http::measured_request{m, "models", "list"}.finish(200, {}, "exception");
    tacho::http::measured_request{m, "models", "get"}.finish(200, {}, "aborted");  // by the client
    EXPECT_EQ(test::value_of(test::as_text(registry),
                             "requests_total{api=\"models\",method=\"get\",status=\"success\",status_code=\"200\"}"),
              "1");
    EXPECT_EQ(test::value_of(test::as_text(registry),
                             "requests_total{api=\"models\",method=\"list\",status=\"error\",status_code=\"200\"}"),
              "1");
}
#endif

}  // namespace
