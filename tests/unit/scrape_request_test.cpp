// SPDX-License-Identifier: MIT
// What a scrape asks for beside a format: names, and an answer in time; and what is too much.
#include "support/response.hpp"
#include "support/text.hpp"

#include "tacho/export/endpoint.hpp"
#include "tacho/export/name_filter.hpp"
#include "tacho/export/scrape_timeout.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

enum class light { red, green };
consteval auto label_values(light) {
    return tacho::labels<light>({{light::red, "red"}, {light::green, "green"}});
}

struct asked_shop {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
    tacho::gauge<"level"> level{registry};
    tacho::histogram<"took"> took{registry, "", tacho::bounds{1}};
    tacho::info<"build", tacho::label<"version">> build{registry};
    tacho::state_set<"lamp", light> lamp{registry};
    tacho::endpoint endpoint{registry, {.about = {{"service.name", "shop"}}}};

    asked_shop() {
        took.observe(0.5);
        build.set("2");
        lamp.set(light::green);
    }
    // The type lines of a page, each family's name and a space; the status when there is no page.
    std::string families(std::string_view query, std::string_view accept = {}) {
        auto const answer = endpoint.respond({.accept = accept, .query = query});
        if (answer.status() != 200) return std::to_string(answer.status());
        std::string names;
        for (auto rest = answer.body(); !rest.empty();) {
            auto const line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(line.size() + 1);
            constexpr std::string_view type = "# TYPE ";
            if (line.starts_with(type)) names.append(line.substr(type.size(), line.rfind(' ') - type.size() + 1));
        }
        return names;
    }
};

std::string_view const openmetrics = "application/openmetrics-text";
std::string const all = "target_info build_info hits_total lamp level took ";

// CONFORMANCE 90
TEST(a_query, without_names_asks_for_everything) {
    asked_shop s;
    for (auto const query : {"", "&", "&&", "x=y", "name=hits_total", "names[]=hits_total", "=", "=name[]",
                             "Name[]=level", "collect[]=cpu&debug", "x=name[]", "name%5B=level"})
        EXPECT_EQ(s.families(query), all) << query;
    EXPECT_EQ(s.families("x=1", openmetrics), "target build hits lamp level took ");
}

// CONFORMANCE 90
TEST(a_query, finds_names_that_are_kept_by_what_the_client_is_shown) {
    tacho::registry registry{{.translation = tacho::translation_strategy::no_translation}};
    tacho::gauge<"a.b"> kept{registry};
    tacho::counter<"foo_bar"> bare{registry};
    tacho::endpoint endpoint{registry};
    auto const has = [&](std::string_view query, std::string_view escaping, std::string_view name) {
        auto const accept = "text/plain;version=1.0.0;escaping=" + std::string{escaping};
        auto const page = endpoint.respond({.accept = accept, .query = query});
        return page.body().find(name) != std::string_view::npos;
    };
    EXPECT_TRUE(has("name[]=a.b", "allow-utf-8", "{\"a.b\"} 0"));
    EXPECT_TRUE(has("name[]=a_b", "underscores", "a_b 0"));
    EXPECT_TRUE(has("name[]=a.b", "underscores", "a_b 0"));
    EXPECT_TRUE(has("name[]=a_dot_b", "dots", "a_dot_b 0"));
    EXPECT_FALSE(has("name[]=a_dot_b", "underscores", "a_b"));
    // A counter that has no suffix is known by its name alone.
    EXPECT_TRUE(has("name[]=foo_bar", "underscores", "foo_bar 0"));
    for (auto const query : {"name[]=f", "name[]=f_created", "name[]=foo_bar_total"})
        EXPECT_FALSE(has(query, "underscores", "foo_bar")) << query;
}

// CONFORMANCE 90
TEST(a_query, shows_whole_families_by_their_names_and_those_of_their_samples) {
    asked_shop s;
    for (auto const accept : {std::string_view{}, openmetrics}) {
        std::string const counter = accept.empty() ? "hits_total " : "hits ";
        for (auto const name : {"hits", "hits_total", "hits_created"})
            EXPECT_EQ(s.families("name[]=" + std::string{name}, accept), counter) << name;
        for (auto const name : {"took", "took_bucket", "took_sum", "took_count", "took_created"})
            EXPECT_EQ(s.families("name[]=" + std::string{name}, accept), "took ") << name;
        std::string const info = accept.empty() ? "build_info " : "build ";
        for (auto const name : {"build", "build_info"})
            EXPECT_EQ(s.families("name[]=" + std::string{name}, accept), info) << name;
        EXPECT_EQ(s.families("name[]=lamp", accept), "lamp ");
        EXPECT_EQ(s.families("name[]=level", accept), "level ");
    }
    EXPECT_EQ(
        s.endpoint.respond({.query = "name[]=took_sum"}).body(),
        "# TYPE took histogram\ntook_bucket{le=\"1\"} 1\ntook_bucket{le=\"+Inf\"} 1\ntook_sum 0.5\ntook_count 1\n");
}

// CONFORMANCE 90
TEST(a_query, that_names_nothing_we_have_gets_a_page_without_it) {
    asked_shop s;
    for (auto const query :
         {"name[]", "name[]=", "name[]=none", "name[]=Level", "name[]=leve", "name[]=level_", "name[]=level_total",
          "name[]=level_sum", "name[]=took_total", "name[]=hits_sum", "name[]=hits_total_total", "name[]=lamp_info",
          "name[]=level%00", "name[]=+level", "name[]=level,hits", "name[]=lev*", "name[]=level;x=1"}) {
        EXPECT_EQ(s.endpoint.respond({.query = query}).body(), "") << query;
        auto const answer = s.endpoint.respond({.accept = openmetrics, .query = query});
        EXPECT_EQ(answer.status(), 200);
        EXPECT_EQ(answer.body(), "# EOF\n") << query;
    }
}

// CONFORMANCE 90
TEST(a_query, may_name_several_and_one_more_than_once) {
    asked_shop s;
    EXPECT_EQ(s.families("name[]=level&name[]=hits&x=y&name[]=none&name[]=level"), "hits_total level ");
    EXPECT_EQ(s.families("&&name[]=none&name[]&name[]=took&"), "took ");
    std::string many = "name[]=level";
    for (int i = 1; i < 100; ++i) many += "&name[]=n" + std::to_string(i);
    EXPECT_EQ(s.families(many + "&x=y"), "level ");
    EXPECT_EQ(s.families(many + "&name[]=hits"), "400");
}

// CONFORMANCE 90
TEST(a_query, is_decoded_in_keys_and_values) {
    asked_shop s;
    for (auto const query : {"name%5B%5D=level", "name%5b%5d=level", "n%61me[]=l%65vel", "name[%5D=%6c%65%76%65%6C"})
        EXPECT_EQ(s.families(query), "level ") << query;
    EXPECT_EQ(s.families("name[]=%26name[]=level"), "");
    EXPECT_EQ(s.families("name[]%3Dlevel"), all);  // one key
}

// CONFORMANCE 90
TEST(a_query, with_an_escape_that_is_none_is_refused_and_not_repeated) {
    asked_shop s;
    for (auto const query : {"%", "%4", "%zz", "%4g", "name[]=%", "name[]=level%2", "name[]=level&x=%G0", "x%=1",
                             "%%41", "name[]=%-1", "name[]=% 1", "name[]=%\xFF\xFF", "%=&x"}) {
        auto const answer = s.endpoint.respond({.query = query});
        EXPECT_EQ(answer.status(), 400) << query;
        EXPECT_EQ(answer.content_type(), "text/plain; charset=utf-8");
        EXPECT_EQ(answer.body(), "The query has a % that two hexadecimal digits don't follow.\n");
    }
    EXPECT_EQ(s.endpoint.respond({.method = "HEAD", .query = "%"}).status(), 400);
}

// CONFORMANCE 90
TEST(a_query, shows_the_target_when_it_names_it) {
    asked_shop s;
    EXPECT_EQ(s.families("name[]=target_info&name[]=level"), "target_info level ");
    EXPECT_EQ(s.families("name[]=target", openmetrics), "target ");
    EXPECT_EQ(s.families("name[]=level"), "level ");
}

// CONFORMANCE 98
TEST(a_query, of_more_than_8_kilobytes_is_refused) {
    asked_shop s;
    std::string query = "name[]=level&";
    query.resize(8192, 'x');
    EXPECT_EQ(s.families(query), "level ");
    EXPECT_EQ(s.families(query + 'x'), "414");
    EXPECT_EQ(s.families(std::string(1'000'000, '%')), "414");
    EXPECT_EQ(s.families(std::string(8192, '&')), all);
    std::string escapes = "name[]=";
    while (escapes.size() + 3 <= 8192) escapes += "%61";
    EXPECT_EQ(s.families(escapes), "");
}

TEST(a_query, of_any_bytes_is_answered) {
    asked_shop s;
    std::mt19937 random{90};
    std::string const pieces[] = {"name[]", "name%5B%5D", "=",      "&", "%",    "%4",
                                  "level",  "hits",       "_total", "+", "\xFF", "%00"};
    for (int i = 0; i < 5000; ++i) {
        std::string query;
        for (auto n = random() % 20; n != 0; --n) query += pieces[random() % std::size(pieces)];
        auto const answer = s.endpoint.respond({.accept = openmetrics, .query = query});
        EXPECT_TRUE(answer.status() == 400 || answer.body().ends_with("# EOF\n")) << query;
    }
}

// CONFORMANCE 86
TEST(a_query, leaves_head_without_a_body) {
    asked_shop s;
    auto const answer = s.endpoint.respond({.method = "HEAD", .query = "name[]=level"});
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body(), "");
}

// CONFORMANCE 94
TEST(a_scrape_timeout, is_read_from_decimal_seconds) {
    using namespace std::chrono_literals;
    using tacho::detail::seconds_of;
    EXPECT_EQ(seconds_of("10"), 10s);
    EXPECT_EQ(seconds_of("1.5"), 1500ms);
    EXPECT_EQ(seconds_of(" 007.250\t"), 7250ms);
    EXPECT_EQ(seconds_of("0.000000001"), 1ns);
    EXPECT_EQ(seconds_of("0.0000000019"), 1ns);
    EXPECT_EQ(seconds_of("1." + std::string(1000, '9')), 1999999999ns);
    EXPECT_EQ(seconds_of(std::string(1000, '9')), 24h);
}

// CONFORMANCE 94
TEST(a_scrape_timeout, is_ignored_when_it_is_none) {
    asked_shop s;
    for (auto const text :
         {"",   " ", "0",   "0.0", "0.0000000001", "-1",  "+1",    "nan", "inf",   "1e-9", "1e9",  ".5",
          "5.", ".", "0x1", "0,5", "1 2",          "1;2", "1.2.3", "1s",  "10,10", "\xFF", "\"1\""}) {
        EXPECT_EQ(tacho::detail::time_for_callbacks(text).count(), 0) << text;
        EXPECT_EQ(s.endpoint.respond({.scrape_timeout = text}).status(), 200) << text;
    }
}

// CONFORMANCE 94
TEST(a_scrape_timeout, leaves_a_margin) {
    using namespace std::chrono_literals;
    using tacho::detail::time_for_callbacks;
    EXPECT_EQ(time_for_callbacks("1"), 900ms);
    EXPECT_EQ(time_for_callbacks("5"), 4500ms);
    EXPECT_EQ(time_for_callbacks("10"), 9500ms);
    EXPECT_EQ(time_for_callbacks("60"), 59500ms);
    EXPECT_EQ(time_for_callbacks("0.000000001"), 1ns);
}

constexpr std::string_view too_late =
    "The callbacks of observables take longer than the scrape may; raise scrape_timeout.\n";

// CONFORMANCE 92, 94
TEST(a_scrape_timeout, that_is_over_lets_no_callback_begin_and_the_next_scrape_calls_them) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
    int calls = 0;
    tacho::observable_gauge<"level"> level{registry, "", [&] { return ++calls; }};
    tacho::endpoint endpoint{registry};
    hits.inc();
    for (int i = 0; i < 20; ++i) {  // more than there may be at once
        auto const late = endpoint.respond({.query = i % 2 == 0 ? "" : "name[]=hits", .scrape_timeout = "0.000000001"});
        EXPECT_EQ(late.status(), 503);
        EXPECT_EQ(late.content_type(), "text/plain; charset=utf-8");
        EXPECT_EQ(late.body(), too_late);
    }
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(endpoint.respond({.method = "HEAD", .scrape_timeout = "0.000000001"}).status(), 200);
    EXPECT_EQ(endpoint.respond({.scrape_timeout = "60"}).body(),
              "# TYPE hits_total counter\nhits_total 1\n# TYPE level gauge\nlevel 1\n");
}

// CONFORMANCE 94
TEST(a_scrape_timeout, that_one_callback_uses_up_leaves_the_others_for_the_next_scrape) {
    test::heard heard;
    tacho::registry registry{test::fixed()};
    bool slow = true;
    int calls = 0, others = 0;
    tacho::observable_counter<"a"> a{registry, "", [&] {
                                         auto const end =
                                             std::chrono::steady_clock::now() + std::chrono::milliseconds{20};
                                         while (slow && std::chrono::steady_clock::now() < end)
                                             std::this_thread::yield();
                                         return ++calls;
                                     }};
    tacho::observable_counter<"b"> b{registry, "", [&] { return ++others; }};
    tacho::endpoint endpoint{registry};
    EXPECT_EQ(endpoint.respond({.scrape_timeout = "60"}).status(), 200);
    EXPECT_EQ(endpoint.respond({.scrape_timeout = "0.02"}).body(), too_late);
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(others, 1);
    slow = false;
    EXPECT_EQ(endpoint.respond({.scrape_timeout = "60"}).body(),
              "# TYPE a_total counter\na_total 3\n# TYPE b_total counter\nb_total 2\n");
}

// CONFORMANCE 98
TEST(an_endpoint, refuses_headers_of_more_than_16_kilobytes) {
    asked_shop s;
    std::string const half(8192, 'a'), more(8193, 'a');
    EXPECT_EQ(s.endpoint.respond({.accept = half, .accept_encoding = half}).status(), 200);
    for (auto const method : {"GET", "HEAD"}) {
        EXPECT_EQ(s.endpoint.respond({.method = method, .accept = more, .accept_encoding = half}).status(), 431);
        EXPECT_EQ(s.endpoint.respond({.method = method, .accept = half, .accept_encoding = more}).status(), 431);
        EXPECT_EQ(s.endpoint.respond({.method = method, .scrape_timeout = std::string(16385, '1')}).status(), 431);
    }
    EXPECT_EQ(s.endpoint.respond({.accept = std::string(100'000, 'a')}).body(),
              "Accept, Accept-Encoding and the scrape timeout are longer than 16384 bytes.\n");
}

// CONFORMANCE 92
TEST(an_endpoint, answers_as_many_scrapes_at_once_as_it_may) {
    asked_shop s;
    for (auto const& [most, answered] : {std::pair{3u, 3u}, {1u, 1u}, {0u, 1u}, {16u, 16u}, {1000u, 16u}}) {
        tacho::endpoint endpoint{s.registry, {.most_at_once = most}};
        std::vector<tacho::scrape_response> held;
        while (held.size() < 20) {
            auto answer = endpoint.respond({});
            if (answer.status() != 200) break;
            held.push_back(std::move(answer));
        }
        EXPECT_EQ(held.size(), answered);
        auto const busy = endpoint.respond({});
        EXPECT_EQ(busy.status(), 503);
        EXPECT_EQ(test::header_of(busy, "Retry-After"), "1");
        EXPECT_EQ(endpoint.respond({.method = "HEAD"}).status(), 200);
        held.pop_back();
        EXPECT_EQ(endpoint.respond({}).status(), 200);
    }
}

// CONFORMANCE 91: a scraper takes each answer of 200 for a page, an empty one too, and none of another status.
TEST(an_endpoint, answers_200_when_it_has_the_page_and_never_else) {
    asked_shop s;
    auto const expect_none = [](tacho::scrape_response const& answer, int status) {
        EXPECT_EQ(answer.status(), status);
        EXPECT_EQ(answer.content_type().find("version="), std::string_view::npos) << status;
        EXPECT_EQ(answer.body().find("hits"), std::string_view::npos) << status;
        EXPECT_EQ(answer.body().find("# "), std::string_view::npos) << status;
    };
    for (auto const accept : {std::string_view{}, openmetrics, std::string_view{"image/png"}}) {
        auto const answer = s.endpoint.respond({.accept = accept});
        EXPECT_EQ(answer.status(), 200);
        EXPECT_NE(answer.content_type().find("version="), std::string_view::npos);
        EXPECT_NE(answer.body().find("hits_total 0\n"), std::string_view::npos);
        std::string const long_text(20'000, 'a');
        expect_none(s.endpoint.respond({.accept = accept, .query = "%"}), 400);
        expect_none(s.endpoint.respond({.accept = accept, .query = long_text}), 414);
        expect_none(s.endpoint.respond({.accept = accept, .accept_encoding = long_text}), 431);
        for (auto const method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", ""})
            expect_none(s.endpoint.respond({.method = method, .accept = accept}), 405);
        tacho::endpoint one_at_once{s.registry, {.most_at_once = 1}};
        auto const held = one_at_once.respond({.accept = accept});
        expect_none(one_at_once.respond({.accept = accept}), 503);
        test::heard const quiet;
        tacho::endpoint small{s.registry, {.largest_body = 64}};
        expect_none(small.respond({.accept = accept}), 500);
        tacho::endpoint off{s.registry, {.enabled = false}};
        expect_none(off.respond({.accept = accept}), 404);
    }
}

// CONFORMANCE 86, 89: a body would be taken for the next answer.
TEST(an_answer_to_head, has_no_body_also_when_it_is_refused) {
    asked_shop s;
    std::string const long_query(10'000, 'x');
    EXPECT_NE(s.endpoint.respond({.query = "%"}).body(), "");
    for (auto const& query : {std::string{"%"}, long_query}) {
        auto const refused = s.endpoint.respond({.method = "HEAD", .query = query});
        EXPECT_GE(refused.status(), 400);
        EXPECT_EQ(refused.body(), "");
    }
    s.endpoint.enable(false);
    EXPECT_EQ(s.endpoint.respond({.method = "HEAD"}).status(), 404);
    EXPECT_EQ(s.endpoint.respond({.method = "HEAD"}).body(), "");
}

}  // namespace
