// SPDX-License-Identifier: MIT
#include "tacho/export/retry.hpp"
#include "tacho/core/deadline.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tacho::verdict;

// CONFORMANCE 181, 183, 188
TEST(a_status_code, is_retried_only_where_the_protocol_says_so) {
    for (int status = 0; status < 1000; ++status) {
        auto const expected = status >= 200 && status < 300                                      ? verdict::accepted
                              : status == 429 || status == 502 || status == 503 || status == 504 ? verdict::retry
                                                                                                 : verdict::drop;
        EXPECT_EQ(tacho::classify(status), expected) << status;
    }
}

// CONFORMANCE 185
TEST(retry_after, is_read_in_seconds_and_in_all_three_forms_of_a_date) {
    std::int64_t const now = 784111777 - 30;  // Sun, 06 Nov 1994 08:49:07 GMT
    EXPECT_EQ(tacho::parse_retry_after("3", now), seconds{3});
    EXPECT_EQ(tacho::parse_retry_after(" 0 ", now), seconds{0});
    EXPECT_EQ(tacho::parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), seconds{30});
    EXPECT_EQ(tacho::parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), seconds{30});
    EXPECT_EQ(tacho::parse_retry_after("Sun Nov  6 08:49:37 1994", now), seconds{30});
    EXPECT_EQ(tacho::parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now + 60), seconds{0});
    EXPECT_EQ(tacho::parse_retry_after("99999999999999999999999999", now), seconds{86400});
    EXPECT_EQ(tacho::parse_retry_after("Thu, 29 Feb 2096 00:00:00 GMT", 3981312000 - 5), seconds{5});
}

TEST(retry_after, that_cannot_be_read_asks_for_nothing) {
    for (auto const text : {"", " ", "-1", "3.5", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 25:00:00 GMT",
                            "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nxv 1994 08:49:37 GMT", ",", "Sun", "Sun Nov"})
        EXPECT_FALSE(tacho::parse_retry_after(text, 0)) << text;
}

TEST(retry_after, of_any_bytes_is_survived) {
    std::mt19937 random{5};
    std::string const seed = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (int i = 0; i < 20000; ++i) {
        auto text = seed.substr(0, random() % (seed.size() + 1));
        for (auto n = random() % 4; n != 0 && !text.empty(); --n)
            text[random() % text.size()] = static_cast<char>(random());
        EXPECT_LE(tacho::parse_retry_after(text, 0).value_or(seconds{0}).count(), 86400);
    }
}

// CONFORMANCE 185
TEST(a_backoff, grows_to_its_cap_and_takes_a_random_part) {
    tacho::backoff most;
    milliseconds const expected[] = {milliseconds{1000}, milliseconds{1500}, milliseconds{2250},
                                     milliseconds{3375}, milliseconds{5000}, milliseconds{5000}};
    for (auto const& wait : expected) {
        auto const got = most.next(0xFFFFFFFFu);
        EXPECT_LE(got, wait);
        EXPECT_GE(got, wait - milliseconds{1});
    }
    EXPECT_EQ(tacho::backoff{}.next(0), milliseconds{0});
    EXPECT_EQ(tacho::backoff{}.next(0x80000000u), milliseconds{500});
}

// CONFORMANCE 179, 182
TEST(a_partial_success, is_read_whatever_stands_around_it) {
    auto const read = [](std::string_view body) { return tacho::parse_partial_success(body); };
    EXPECT_EQ(read(R"({"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}})").rejected_points, 3u);
    EXPECT_EQ(read(R"({"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}})").message, "too old");
    EXPECT_EQ(
        read(
            R"( { "new" : [ {"}":"]"} , 1 ] , "partialSuccess" : { "errorMessage":"a\"b", "rejectedDataPoints" : 7 } } )")
            .rejected_points,
        7u);
    for (auto const body :
         {"", "{}", R"({"partialSuccess":{}})", "<html>", "[1]", R"({"partialSuccess":null})",
          R"({"partialSuccess":{"rejectedDataPoints":-1}})", R"({"a":{"partialSuccess":{"rejectedDataPoints":1}}})"})
        EXPECT_EQ(read(body).rejected_points, 0u) << body;
}

// CONFORMANCE 187
TEST(a_refusal, is_shown_short_and_clean) {
    EXPECT_EQ(tacho::refusal_message(R"({"code":3,"message":"bad name"})"), "bad name");
    EXPECT_EQ(tacho::refusal_message("<html>\r\n\x1B[31m"), "<html>   [31m");
    EXPECT_EQ(tacho::refusal_message("<html>\n<head><title>400 No certificate was sent</title></head>"),
              "No certificate was sent");
    EXPECT_EQ(tacho::refusal_message("<title>503</title>"), "503");
    EXPECT_EQ(tacho::refusal_message("<title>cut"), "<title>cut");
    EXPECT_EQ(tacho::refusal_message("see <title>x</title>"), "see <title>x</title>");
    EXPECT_LE(tacho::refusal_message(std::string(1'000'000, '\xFF')).size(), 600u);
}

TEST(an_answer, of_any_bytes_is_survived) {
    std::mt19937 random{6};
    std::string const pieces[] = {"{", "}", "[",   "]", "\"", ":", ",", "\\", "partialSuccess", "rejectedDataPoints",
                                  "1", " ", "\xFF"};
    for (int i = 0; i < 50000; ++i) {
        std::string body = "{\"partialSuccess\":";
        for (auto n = random() % 20; n != 0; --n) body += pieces[random() % std::size(pieces)];
        static_cast<void>(tacho::parse_partial_success(body));
        static_cast<void>(tacho::refusal_message(body));
    }
}

TEST(a_deadline, can_be_brought_forward_and_never_put_off) {
    auto const now = tacho::deadline::clock::now();
    tacho::deadline d{now + seconds{100}};
    EXPECT_FALSE(d.passed());
    EXPECT_GT(d.remaining(), seconds{90});
    d.no_later_than(now + seconds{200});
    EXPECT_EQ(d.when(), now + seconds{100});
    d.no_later_than(now - seconds{1});
    EXPECT_TRUE(d.passed());
    EXPECT_EQ(d.remaining(), milliseconds{0});
}

}  // namespace
