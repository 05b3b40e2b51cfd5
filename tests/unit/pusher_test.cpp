// SPDX-License-Identifier: MIT
#include "support/json_reader.hpp"
#include "support/late_transport.hpp"
#include "support/text.hpp"
#include "support/wait.hpp"

#include "tacho/export/memory_transport.hpp"
#include "tacho/export/pusher.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tacho::temporality_preference;
using test::count;

// The value of the one integer point in a request.
std::string only_value(std::string const& body) {
    auto const at = body.find("\"asInt\":\"");
    return at == std::string::npos ? "none" : body.substr(at + 9, body.find('"', at + 9) - at - 9);
}
std::string start_of(std::string const& body) {
    auto const at = body.find("\"startTimeUnixNano\":\"");
    return body.substr(at + 21, 19);
}
std::string time_of(std::string const& body) {
    auto const at = body.find("\"timeUnixNano\":\"");
    return body.substr(at + 16, 19);
}

struct pushed_shop {
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::memory_transport transport;

    tacho::pusher_options options(temporality_preference t = temporality_preference::cumulative) {
        return {.url = "http://test/v1/metrics", .about = {{"service.name", "shop"}}, .temporality = t};
    }
};

// CONFORMANCE 160, 162, 163
TEST(a_pusher, posts_json_with_its_headers) {
    pushed_shop s;
    auto options = s.options();
    options.headers = {{"api-key", "secret"}};
    tacho::pusher pusher{s.registry, options, s.transport};
    ASSERT_TRUE(pusher.flush());
    auto const request = s.transport.requests().at(0);
    EXPECT_EQ(request.url, "http://test/v1/metrics");
    ASSERT_EQ(request.headers.size(), 3u);
    EXPECT_EQ(request.headers[0].key + request.headers[0].value, "Content-Typeapplication/json");
    EXPECT_EQ(request.headers[1].key + request.headers[1].value,
              std::string{"User-Agenttacho-OTLP-Exporter-Cpp/"} + tacho::version);
    EXPECT_EQ(request.headers[2].key + request.headers[2].value, "api-keysecret");
    EXPECT_TRUE(
        request.body.starts_with("{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\""));
}

// R1, CONFORMANCE 132, 133
TEST(a_pusher, sends_deltas_while_a_scrape_shows_totals) {
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(temporality_preference::delta), s.transport};
    s.hits.inc();
    ASSERT_TRUE(pusher.flush());
    EXPECT_EQ(test::value_of(test::as_text(s.registry), "hits_total"), "1");
    s.hits.inc(2);
    ASSERT_TRUE(pusher.flush());
    EXPECT_EQ(test::value_of(test::as_text(s.registry), "hits_total"), "3");
    auto const requests = s.transport.requests();
    EXPECT_EQ(only_value(requests.at(0).body), "1");
    EXPECT_EQ(only_value(requests.at(1).body), "2");
    EXPECT_NE(requests[0].body.find("\"aggregationTemporality\":1"), std::string::npos);
    EXPECT_EQ(start_of(requests[1].body), time_of(requests[0].body));  // CONFORMANCE 134: chained
}

// CONFORMANCE 133
TEST(a_pusher, repeats_totals_and_leaves_out_deltas_of_nothing) {
    pushed_shop s;
    s.hits.inc();
    {
        tacho::pusher pusher{s.registry, s.options(), s.transport};
        ASSERT_TRUE(pusher.flush());
        ASSERT_TRUE(pusher.flush());
        EXPECT_EQ(only_value(s.transport.requests().at(1).body), "1");
    }
    tacho::memory_transport other;
    tacho::pusher pusher{s.registry, s.options(temporality_preference::delta), other};
    ASSERT_TRUE(pusher.flush());
    ASSERT_TRUE(pusher.flush());
    EXPECT_EQ(other.requests().size(), 1u);  // CONFORMANCE 166: nothing to say is not sent
}

// CONFORMANCE 132: a level has no delta.
TEST(a_pusher, sends_up_down_counters_as_totals_whatever_is_preferred) {
    tacho::registry registry;
    tacho::up_down_counter<"busy"> busy{registry};
    busy.inc(3);
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = temporality_preference::delta}, transport};
    ASSERT_TRUE(pusher.flush());
    ASSERT_TRUE(pusher.flush());
    EXPECT_EQ(only_value(transport.requests().at(1).body), "3");
    EXPECT_NE(transport.requests()[1].body.find("\"aggregationTemporality\":2"), std::string::npos);
}

TEST(a_pusher, loses_nothing_and_sends_nothing_twice_when_a_push_fails) {
    test::heard heard;
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(temporality_preference::delta), s.transport};
    s.hits.inc(5);
    s.transport.answer_with({.status = 400, .body = R"({"message":"no thanks"})"});
    EXPECT_FALSE(pusher.flush());
    s.hits.inc(2);
    EXPECT_TRUE(pusher.flush());
    auto const requests = s.transport.requests();
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(only_value(requests[0].body), "5");
    EXPECT_EQ(only_value(requests[1].body), "7");
    EXPECT_EQ(start_of(requests[1].body), start_of(requests[0].body));
    EXPECT_NE(heard.text().find("pushing to http://test/v1/metrics: answered 400 no thanks"), std::string::npos)
        << heard.text();
    EXPECT_EQ(pusher.stats().failed, 1u);
    EXPECT_EQ(pusher.stats().accepted, 1u);
}

TEST(a_pusher, sends_delta_histograms_that_add_up) {
    tacho::registry registry;
    tacho::histogram<"h"> h{registry, "", {1, 2}};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = temporality_preference::delta}, transport};
    h.observe(0.5);
    ASSERT_TRUE(pusher.flush());
    h.observe(1.5);
    h.observe(7);
    ASSERT_TRUE(pusher.flush());
    EXPECT_NE(transport.requests().at(0).body.find(R"("count":"1","sum":0.5,"bucketCounts":["1","0","0"])"),
              std::string::npos);
    EXPECT_NE(transport.requests().at(1).body.find(R"("count":"2","sum":8.5,"bucketCounts":["0","1","1"])"),
              std::string::npos);
}

TEST(a_pusher, tries_its_last_push_again_until_it_has_to_end) {
    test::heard heard;
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    s.hits.inc(3);
    s.transport.answer_with({.status = 503, .retry_after = "0"});
    pusher.stop(std::chrono::seconds{60});
    EXPECT_EQ(s.transport.requests().size(), 2u);
    EXPECT_EQ(pusher.stats().accepted, 1u);
}

// The wait that was asked for is far longer than the second call allows.
TEST(a_pusher, ends_its_last_push_when_another_thread_is_in_more_of_a_hurry) {
    test::heard heard;
    pushed_shop s;
    auto options = s.options();
    options.timeout = std::chrono::minutes{20};
    tacho::pusher pusher{s.registry, options, s.transport};
    s.hits.inc(3);
    s.transport.answer_with({.status = 503, .retry_after = "100"});
    std::thread patient{[&] { pusher.stop(std::chrono::minutes{10}); }};
    ASSERT_TRUE(s.transport.wait_for(1));
    pusher.stop(std::chrono::milliseconds{1});
    patient.join();  // in 100 seconds, if nobody looked at the deadline
    EXPECT_TRUE(pusher.ended());
    EXPECT_EQ(s.transport.requests().size(), 1u);
    EXPECT_EQ(pusher.stats().retries, 0u);
    EXPECT_EQ(count(heard.text(), "It was the last push"), 1u) << heard.text();
    EXPECT_EQ(count(heard.text(), "covers the same time"), 0u) << heard.text();
}

TEST(a_pusher, takes_times_that_no_clock_can_hold) {
    pushed_shop s;
    auto options = s.options();
    options.interval = options.timeout = std::chrono::milliseconds::max();
    tacho::pusher pusher{s.registry, options, s.transport};
    EXPECT_TRUE(pusher.flush(std::chrono::milliseconds::max()));
    EXPECT_EQ(s.transport.requests().size(), 1u);
    pusher.stop(std::chrono::milliseconds::max());
    EXPECT_EQ(s.transport.requests().size(), 2u);
}

// CONFORMANCE 186: the retry is given up, and the last push says it all.
TEST(a_pusher, that_is_stopped_while_it_waits_to_try_again_pushes_once_more_at_once) {
    test::heard heard;
    pushed_shop s;
    auto options = s.options();
    options.timeout = std::chrono::minutes{10};
    tacho::pusher pusher{s.registry, options, s.transport};
    s.hits.inc(4);
    s.transport.answer_with({.status = 503, .retry_after = "500"});
    std::thread flushing{[&] { pusher.flush(std::chrono::minutes{10}); }};
    ASSERT_TRUE(s.transport.wait_for(1));
    pusher.stop();
    flushing.join();
    ASSERT_EQ(s.transport.requests().size(), 2u);
    EXPECT_EQ(only_value(s.transport.requests()[1].body), "4");
    // The next one, if there was no time left before the wait began, and the last one if it was cut short.
    EXPECT_NE(heard.text().find(" push covers the same time"), std::string::npos) << heard.text();
}

// CONFORMANCE 183, 185: no wait is asked for, so none is made.
TEST(a_pusher, tries_again_when_the_receiver_is_busy) {
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    for (int const status : {429, 502, 503, 504}) s.transport.answer_with({.status = status, .retry_after = "0"});
    EXPECT_TRUE(pusher.flush());
    EXPECT_EQ(s.transport.requests().size(), 5u);
    EXPECT_EQ(pusher.stats().retries, 4u);
}

// CONFORMANCE 182
TEST(a_pusher, never_sends_a_partial_success_again) {
    test::heard heard;
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    s.transport.answer_with(
        {.status = 200, .body = R"({"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"old"}})"});
    EXPECT_TRUE(pusher.flush());
    EXPECT_EQ(s.transport.requests().size(), 1u);
    EXPECT_EQ(pusher.stats().rejected_points, 2u);
    EXPECT_NE(heard.text().find("points were rejected (2): old"), std::string::npos) << heard.text();
}

// CONFORMANCE 165: a failure that is not tried again; nor is it told twice, since the receiver has it.
TEST(a_pusher, sends_nothing_twice_when_the_rest_of_an_answer_is_not_read) {
    test::heard heard;
    for (auto const preferred : {temporality_preference::delta, temporality_preference::cumulative}) {
        pushed_shop s;
        tacho::pusher pusher{s.registry, s.options(preferred), s.transport};
        s.hits.inc(5);
        s.transport.answer_with({.status = 200, .retryable = true, .problem = "cut off"});
        EXPECT_FALSE(pusher.flush());
        s.hits.inc(2);
        EXPECT_TRUE(pusher.flush());
        auto const requests = s.transport.requests();
        ASSERT_EQ(requests.size(), 2u);
        EXPECT_EQ(only_value(requests[0].body), "5");
        EXPECT_EQ(only_value(requests[1].body), preferred == temporality_preference::delta ? "2" : "7");
        EXPECT_EQ(pusher.stats().failed, 1u);
        EXPECT_EQ(pusher.stats().accepted, 1u);
    }
    EXPECT_EQ(heard.count(), 2);
    EXPECT_NE(heard.text().find("answered 200, but the rest was not read: cut off. What was sent is not sent again"),
              std::string::npos)
        << heard.text();
}

// CONFORMANCE 183: by its status, though the rest was not read.
TEST(a_pusher, tries_again_or_not_by_the_status_of_an_answer_that_broke_off) {
    test::heard heard;
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    s.transport.answer_with({.status = 400, .retryable = true, .problem = "cut off"});
    EXPECT_FALSE(pusher.flush());
    EXPECT_EQ(s.transport.requests().size(), 1u);
    s.transport.answer_with({.status = 503, .retry_after = "0", .problem = "the answer has more than 4 MiB"});
    EXPECT_TRUE(pusher.flush());
    EXPECT_EQ(s.transport.requests().size(), 3u);
}

// CONFORMANCE 181: taken, and said.
TEST(a_pusher, says_once_that_no_receiver_answers_like_this) {
    test::heard heard;
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    for (auto const body : {"", " {}", "<html>", "<html>"}) {
        s.transport.answer_with({.status = 200, .body = body});
        EXPECT_TRUE(pusher.flush());
        EXPECT_EQ(heard.count(), std::string_view{body} == "<html>" ? 1 : 0);
    }
    EXPECT_NE(heard.text().find("no receiver of OTLP answers like this: <html>. Check the URL"), std::string::npos)
        << heard.text();
}

// CONFORMANCE 188
TEST(a_pusher, says_what_can_be_done_about_a_refusal) {
    test::heard heard;
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    for (int const status : {307, 404}) {
        s.transport.answer_with({.status = status});
        EXPECT_FALSE(pusher.flush());
    }
    EXPECT_NE(heard.text().find("answered 307; not tried again. Redirects are not followed: set the URL"),
              std::string::npos)
        << heard.text();
    EXPECT_NE(heard.text().find("answered 404; not tried again. Check the URL"), std::string::npos);
}

// CONFORMANCE 186: a wait that can't end in time is not begun.
TEST(a_pusher, gives_up_when_the_receiver_asks_for_more_time_than_there_is) {
    test::heard heard;
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    s.transport.answer_with({.status = 503, .retry_after = "3600"});
    EXPECT_FALSE(pusher.flush());
    EXPECT_EQ(s.transport.requests().size(), 1u);
    EXPECT_NE(heard.text().find("no time left to try again"), std::string::npos) << heard.text();
}

// CONFORMANCE 186. What is behind it is not what the deadline did to the last try.
TEST(a_pusher, tells_why_it_tried_again_when_the_last_try_is_cut_short) {
    test::heard heard;
    pushed_shop s;
    auto options = s.options();
    options.timeout = std::chrono::seconds{2};
    tacho::pusher pusher{s.registry, options, test::late_transport{}};
    EXPECT_FALSE(pusher.flush());
    EXPECT_NE(heard.text().find("/v1/metrics: <why>; the last try was cut short: <late>; there"), std::string::npos)
        << heard.text();
}

TEST(a_pusher, pushes_by_itself_at_its_interval) {
    pushed_shop s;
    auto options = s.options();
    options.interval = milliseconds{5};
    tacho::pusher pusher{s.registry, options, s.transport};
    EXPECT_TRUE(s.transport.wait_for(3));
}

// R17, CONFORMANCE 137
TEST(a_pusher, pushes_once_more_when_it_is_stopped_and_then_no_more) {
    pushed_shop s;
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    s.hits.inc(9);
    pusher.stop();
    ASSERT_EQ(s.transport.requests().size(), 1u);
    EXPECT_EQ(only_value(s.transport.requests()[0].body), "9");
    pusher.stop();
    EXPECT_FALSE(pusher.flush());
    EXPECT_EQ(s.transport.requests().size(), 1u);
}

TEST(a_pusher, delivers_the_last_values_of_an_instrument_that_has_ended) {
    tacho::registry registry;
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.temporality = temporality_preference::delta}, transport};
    {
        tacho::counter<"hits"> hits{registry};
        hits.inc(4);
    }
    ASSERT_TRUE(pusher.flush());
    EXPECT_EQ(only_value(transport.requests().at(0).body), "4");
    ASSERT_TRUE(pusher.flush());
    EXPECT_EQ(transport.requests().size(), 1u);
}

TEST(a_pusher, stops_in_time_though_the_receiver_says_nothing) {
    test::heard heard;
    pushed_shop s;
    s.transport.hold(true);
    auto options = s.options();
    options.timeout = seconds{600};
    tacho::pusher pusher{s.registry, options, s.transport};
    std::thread flushing{[&] { EXPECT_FALSE(pusher.flush(seconds{600})); }};
    ASSERT_TRUE(s.transport.wait_for(1));
    pusher.stop(milliseconds{50});  // would take ten minutes if it waited for the answer
    flushing.join();
    s.transport.hold(false);
}

TEST(a_pusher, waits_in_flush_no_longer_than_it_may) {
    pushed_shop s;
    s.transport.hold(true);
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    EXPECT_FALSE(pusher.flush(milliseconds{20}));
    s.transport.hold(false);
}

// Recording and scraping go on while a push hangs.
TEST(a_pusher, that_hangs_holds_nobody_up) {
    pushed_shop s;
    s.transport.hold(true);
    tacho::pusher pusher{s.registry, s.options(), s.transport};
    std::thread flushing{[&] { static_cast<void>(pusher.flush(milliseconds{10})); }};
    ASSERT_TRUE(s.transport.wait_for(1));
    s.hits.inc();
    tacho::counter<"more"> more{s.registry};
    EXPECT_EQ(test::value_of(test::as_text(s.registry), "hits_total"), "1");
    flushing.join();
    s.transport.hold(false);
}

// CONFORMANCE 165
TEST(a_pusher, does_not_send_what_is_too_large) {
    test::heard heard;
    pushed_shop s;
    auto options = s.options();
    options.largest_body = 50;
    tacho::pusher pusher{s.registry, options, s.transport};
    EXPECT_FALSE(pusher.flush());
    EXPECT_TRUE(s.transport.requests().empty());
    EXPECT_NE(heard.text().find("more than 50 bytes"), std::string::npos) << heard.text();
}

enum class lamp_light { on, off };
consteval auto label_values(lamp_light) {
    return tacho::labels<lamp_light>({{lamp_light::on, "on"}, {lamp_light::off, "off"}});
}

// CONFORMANCE 165: several requests, each whole, which together say what one would have said.
TEST(a_large_collection, is_sent_in_several_requests) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"n", int>> c{registry, "Counted"};
    tacho::histogram<"h", tacho::label<"n", int>> h{registry.scope("other", "1"), "", {1, 2}};
    tacho::state_set<"s", lamp_light, tacho::label<"n", int>> s{registry};
    for (int i = 0; i < 100; ++i) {
        c(i).inc();
        h(i).observe(i);
        s(i).set(lamp_light::on);
    }
    auto const sent_with = [&](std::size_t split) {
        tacho::memory_transport transport;
        tacho::pusher pusher{registry, {.about = {{"a", "b"}}, .split_above = split}, transport};
        EXPECT_TRUE(pusher.flush());
        return transport.requests();
    };
    auto const whole = sent_with(16u << 20);
    ASSERT_EQ(whole.size(), 1u);
    EXPECT_EQ(count(whole[0].body, "\"timeUnixNano\""), 400u);
    for (std::size_t const split : {0u, 1u, 500u, 1000u, 5000u, 40'000u}) {
        auto const parts = sent_with(split);
        EXPECT_GT(parts.size(), whole[0].body.size() / (split + 2000));
        std::size_t points = 0;
        for (auto const& part : parts) {
            EXPECT_EQ(test::why_refused([&] { static_cast<void>(test::json_reader::read(part.body)); }), "")
                << part.body;
            EXPECT_LT(part.body.size(), split + 2500);
            EXPECT_TRUE(part.body.starts_with(whole[0].body.substr(0, whole[0].body.find("\"scopeMetrics\""))));
            points += count(part.body, "\"timeUnixNano\"");
            auto const of_h = count(part.body, R"({"scope":{"name":"other","version":"1"},"metrics":[{"name":"h")");
            EXPECT_EQ(of_h, count(part.body, "\"bucketCounts\"") != 0 ? 1u : 0u);
        }
        EXPECT_EQ(points, 400u) << split;
    }
}

// 503: there is no time for another try.
tacho::http_outcome with_status(int code) {
    return {.status = code, .retry_after = code == 503 ? "3600" : ""};
}

// Neither lost nor twice, though some requests of a collection arrive and others don't.
TEST(a_large_collection_of_deltas, goes_on_where_it_failed) {
    tacho::set_error_hook(nullptr);
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    tacho::memory_transport transport;
    tacho::pusher pusher{
        registry,
        {.interval = std::chrono::hours{1}, .temporality = temporality_preference::delta, .split_above = 1},
        transport};
    std::map<std::string, std::uint64_t> arrived;  // by label, added up
    std::size_t looked_at = 0;
    std::vector<bool> taken;  // of each request that was made
    auto const look = [&] {
        auto const all = transport.requests();
        for (; looked_at < all.size(); ++looked_at) {
            if (!taken.at(looked_at)) continue;
            auto const& body = all[looked_at].body;
            auto const at = body.find("\"intValue\":\"") + 12;
            arrived[body.substr(at, body.find('"', at) - at)] += std::stoull(only_value(body));
        }
    };
    auto const answers = [&](std::initializer_list<int> codes) {
        for (int const code : codes) {
            transport.answer_with(with_status(code));
            taken.push_back(code == 200);
        }
    };
    for (int i = 0; i < 4; ++i) c(i).inc(10);
    answers({200, 200, 503});  // two of four arrive
    EXPECT_FALSE(pusher.flush());
    for (int i = 0; i < 4; ++i) c(i).inc(5);
    c(4).inc(5);
    answers({503});  // the third one again
    EXPECT_FALSE(pusher.flush());
    answers({200, 200, 200, 200, 503});  // the rest of the old ones, and two of the new ones
    EXPECT_FALSE(pusher.flush());
    look();
    EXPECT_EQ(arrived, (std::map<std::string, std::uint64_t>{{"0", 15}, {"1", 15}, {"2", 10}, {"3", 10}}));
    for (int i = 0; i < 5; ++i) c(i).inc();
    answers({200, 200, 200});            // what was left
    answers({200, 200, 200, 200, 200});  // and what came since
    EXPECT_TRUE(pusher.flush());
    look();
    EXPECT_EQ(arrived, (std::map<std::string, std::uint64_t>{{"0", 16}, {"1", 16}, {"2", 16}, {"3", 16}, {"4", 6}}));
    tacho::set_error_hook(&tacho::print_to_stderr);
}

// Counts what arrives of a counter with one label `n`, added up for each of its values.
class delivered {
public:
    explicit delivered(tacho::memory_transport of) : transport_(std::move(of)) {}
    void answer(std::initializer_list<int> codes) {
        for (int const code : codes) {
            transport_.answer_with(with_status(code));
            taken_.push_back(code == 200);
        }
    }
    // Requests beyond those that were answered by answer() are taken.
    std::map<std::string, std::uint64_t> sums() const {
        std::map<std::string, std::uint64_t> all;
        auto const requests = transport_.requests();
        for (std::size_t i = 0; i < requests.size(); ++i) {
            if (i < taken_.size() && !taken_[i]) continue;
            auto const& body = requests[i].body;
            auto const at = body.find("\"intValue\":\"") + 12;
            all[body.substr(at, body.find('"', at) - at)] += std::stoull(only_value(body));
        }
        return all;
    }

private:
    tacho::memory_transport transport_;
    std::vector<bool> taken_;
};
using sums = std::map<std::string, std::uint64_t>;

// CONFORMANCE 134: its deltas go on where those of the one before ended, within a collection, too.
TEST(a_large_collection_of_deltas, goes_on_with_the_next_pusher_where_the_last_one_failed) {
    test::heard const quiet;
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    tacho::memory_transport transport;
    delivered arrived{transport};
    auto const memory = std::make_shared<tacho::delta_memory>();
    tacho::pusher_options const options{
        .interval = std::chrono::hours{1}, .temporality = temporality_preference::delta, .split_above = 1};
    for (int i = 0; i < 3; ++i) c(i).inc(10);
    arrived.answer({200, 400});
    {
        tacho::pusher first{registry, options, transport, memory};
        first.stop();
    }
    EXPECT_EQ(arrived.sums(), (sums{{"0", 10}}));
    for (int i = 0; i < 3; ++i) c(i).inc();
    arrived.answer({200, 400});  // one more of the old ones
    {
        tacho::pusher second{registry, options, transport, memory};
        second.stop();
    }
    EXPECT_EQ(arrived.sums(), (sums{{"0", 10}, {"1", 10}}));
    {
        tacho::pusher third{registry, options, transport, memory};
        EXPECT_TRUE(third.flush());  // the last of the old ones, and all that came since
    }
    EXPECT_EQ(arrived.sums(), (sums{{"0", 11}, {"1", 11}, {"2", 11}}));
    EXPECT_EQ(transport.requests().size(), 2u + 2u + 1u + 3u);
}

// CONFORMANCE 183: what is refused for what is in it would be so each time, and hold up all that comes after it.
TEST(a_large_collection_of_deltas, gives_up_what_is_refused_twice_for_what_is_in_it) {
    for (int const code : {400, 413, 422}) {
        test::heard const heard;
        tacho::registry registry;
        tacho::counter<"c", tacho::label<"n", int>> c{registry};
        tacho::memory_transport transport;
        delivered arrived{transport};
        tacho::pusher pusher{
            registry,
            {.interval = std::chrono::hours{1}, .temporality = temporality_preference::delta, .split_above = 1},
            transport};
        for (int i = 0; i < 4; ++i) c(i).inc(10);
        arrived.answer({200, code});
        EXPECT_FALSE(pusher.flush());
        EXPECT_EQ(count(heard.text(), "points are lost"), 0u) << heard.text();
        for (int i = 0; i < 4; ++i) c(i).inc();
        arrived.answer({code, code});  // the second one, given up, and the third for the first time
        EXPECT_FALSE(pusher.flush());
        EXPECT_EQ(count(heard.text(), "its 1 points are lost"), 1u) << heard.text();
        EXPECT_EQ(arrived.sums(), (sums{{"0", 10}}));
        EXPECT_TRUE(pusher.flush());
        EXPECT_EQ(arrived.sums(), (sums{{"0", 11}, {"1", 1}, {"2", 11}, {"3", 11}}));
        EXPECT_EQ(pusher.stats().failed, 2u);
    }
}

// Who sent it, or where, may be mended.
TEST(a_large_collection_of_deltas, keeps_what_is_refused_for_another_reason) {
    test::heard const heard;
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    tacho::memory_transport transport;
    delivered arrived{transport};
    tacho::pusher pusher{
        registry,
        {.interval = std::chrono::hours{1}, .temporality = temporality_preference::delta, .split_above = 1},
        transport};
    for (int i = 0; i < 2; ++i) c(i).inc(10);
    arrived.answer({200});
    for (int const code : {401, 403, 404, 500, 302, 400, 401, 400}) {
        arrived.answer({code});
        EXPECT_FALSE(pusher.flush()) << code;
    }
    EXPECT_TRUE(pusher.flush());
    EXPECT_EQ(arrived.sums(), (sums{{"0", 10}, {"1", 10}}));
    EXPECT_EQ(count(heard.text(), "lost"), count(heard.text(), "Nothing is lost")) << heard.text();
}

// CONFORMANCE 185
TEST(a_pusher, waits_as_long_as_the_receiver_wants_before_it_pushes_again) {
    test::heard const quiet;
    pushed_shop s;
    auto options = s.options();
    options.interval = milliseconds{1};
    options.timeout = milliseconds{100};
    s.transport.answer_with({.status = 429, .retry_after = "3600"});
    tacho::pusher pusher{s.registry, options, s.transport};
    ASSERT_TRUE(test::wait_until([&] { return pusher.stats().failed == 1; }));
    std::this_thread::sleep_for(milliseconds{50});  // by then there would be others
    EXPECT_EQ(s.transport.requests().size(), 1u);
    s.transport.answer_with({.status = 500});
    EXPECT_FALSE(pusher.flush());
    std::this_thread::sleep_for(milliseconds{50});
    EXPECT_EQ(s.transport.requests().size(), 2u);  // its failure takes nothing of it back
    EXPECT_TRUE(pusher.flush());                   // who asks for one has it
    EXPECT_TRUE(s.transport.wait_for(5));          // and it is taken, so that all is as before
}

TEST(a_flush, that_was_accepted_stays_so_when_a_later_push_fails) {
    test::heard const quiet;
    pushed_shop s;
    tacho::detail::any_pusher pusher{
        s.registry,
        {.interval = std::chrono::hours{1}},
        std::make_unique<tacho::detail::transport_of<tacho::memory_transport>>(s.transport),
        nullptr};
    auto const first = pusher.ask_to_flush();
    ASSERT_TRUE(test::wait_until([&] { return pusher.stats().accepted == 1; }));
    s.transport.answer_with({.status = 400});
    EXPECT_FALSE(pusher.finish_flush(pusher.ask_to_flush(), seconds{20}));
    EXPECT_TRUE(pusher.finish_flush(first, seconds{20}));
}

// R17
TEST(a_pusher, that_is_to_stop_calls_no_further_callbacks) {
    test::heard const quiet;
    tacho::registry registry;
    std::atomic<bool> called{false}, goes_on{false};
    std::atomic<int> others{0};
    tacho::observable_gauge<"a"> first{registry, "", [&] {
                                           called = true;
                                           EXPECT_TRUE(test::wait_until([&] { return goes_on.load(); }));
                                           return 1;
                                       }};
    tacho::observable_gauge<"b"> second{registry, "", [&] { return ++others; }};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.interval = std::chrono::hours{1}}, transport};
    std::thread flushes{[&] { pusher.flush(); }};
    EXPECT_TRUE(test::wait_until([&] { return called.load(); }));
    pusher.ask_to_stop(milliseconds{0});
    goes_on = true;
    pusher.stop(milliseconds{0});
    flushes.join();
    EXPECT_EQ(others, 0);
}

#if defined(__cpp_exceptions)
// One that breaks its promise not to throw, before it sends the third request.
struct throwing_transport {
    tacho::memory_transport to;
    std::shared_ptr<int> calls = std::make_shared<int>(0);

    static bool can_send(std::string_view) noexcept { return true; }
    tacho::http_outcome post(tacho::http_post const& request, tacho::deadline const& until) {
        if (++*calls == 3) throw std::runtime_error{"no"};
        return to.post(request, until);
    }
};

TEST(a_large_collection, goes_on_where_its_transport_threw) {
    for (auto const temporality : {temporality_preference::delta, temporality_preference::cumulative}) {
        test::heard const heard;
        tacho::registry registry;
        tacho::counter<"c", tacho::label<"n", int>> c{registry};
        throwing_transport transport;
        tacho::pusher pusher{
            registry, {.interval = std::chrono::hours{1}, .temporality = temporality, .split_above = 1}, transport};
        for (int i = 0; i < 4; ++i) c(i).inc(10);
        EXPECT_FALSE(pusher.flush());
        EXPECT_EQ(heard.text(),
                  "error: pushing to http://localhost:4318/v1/metrics: an exception ended it, as the lack of memory "
                  "does; the "
                  "next push covers it\n");
        for (int i = 0; i < 4; ++i) c(i).inc();
        EXPECT_TRUE(pusher.flush());
        delivered const arrived{transport.to};
        if (temporality == temporality_preference::delta)
            EXPECT_EQ(arrived.sums(), (sums{{"0", 11}, {"1", 11}, {"2", 11}, {"3", 11}}));
        else
            EXPECT_EQ(only_value(transport.to.requests().back().body), "11");
    }
}

// What throws in a callback is not shown; all else is, and nothing of it twice. CONFORMANCE 120
TEST(a_callback, that_throws_takes_nothing_else_with_it) {
    test::heard const quiet;
    tacho::registry registry;
    bool throws = true;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    tacho::observable_counter<"o", tacho::label<"n", int>> o{registry, "", [&](auto& observe) {
                                                                 observe(5, 8);
                                                                 if (throws) throw std::runtime_error{"no"};
                                                                 observe(6, 9);
                                                             }};
    tacho::memory_transport transport;
    tacho::pusher pusher{
        registry,
        {.interval = std::chrono::hours{1}, .temporality = temporality_preference::delta, .split_above = 1},
        transport};
    c(1).inc(3);
    EXPECT_TRUE(pusher.flush());
    throws = false;
    c(1).inc();
    EXPECT_TRUE(pusher.flush());
    EXPECT_TRUE(pusher.flush());
    EXPECT_EQ(delivered{transport}.sums(), (sums{{"1", 4}, {"8", 5}, {"9", 6}}));
}
#endif

// Its reader has seen nothing yet when it commits what was left: what others have kept is not new to it.
TEST(a_large_collection_of_deltas, that_was_left_brings_back_no_instrument_that_has_ended) {
    test::heard const quiet;
    tacho::registry registry;
    tacho::reader who_keeps_all{registry};
    tacho::memory_transport transport;
    delivered arrived{transport};
    auto const memory = std::make_shared<tacho::delta_memory>();
    tacho::pusher_options const options{
        .interval = std::chrono::hours{1}, .temporality = temporality_preference::delta, .split_above = 1};
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    arrived.answer({200, 200, 400});
    {
        tacho::pusher first{registry, options, transport, memory};
        {
            tacho::counter<"ended", tacho::label<"n", int>> ended{registry};
            ended(7).inc(7);
            EXPECT_TRUE(first.flush());
        }
        EXPECT_TRUE(first.flush());
        EXPECT_TRUE(first.flush());  // by now it is forgotten
        c(1).inc(10);
        c(2).inc(10);
    }
    tacho::pusher second{registry, options, transport, memory};
    EXPECT_TRUE(second.flush());
    EXPECT_TRUE(second.flush());
    EXPECT_EQ(arrived.sums(), (sums{{"1", 10}, {"2", 10}, {"7", 7}}));
}

// Deltas of one memory are told once, whatever is told meanwhile as totals.
TEST(a_pusher, of_totals_leaves_the_memory_of_deltas_as_it_is) {
    test::heard const quiet;
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    auto const memory = std::make_shared<tacho::delta_memory>();
    tacho::memory_transport deltas, totals;
    delivered arrived{deltas};
    tacho::pusher_options options{
        .interval = std::chrono::hours{1}, .temporality = temporality_preference::delta, .split_above = 1};
    c(1).inc(10);
    c(2).inc(10);
    arrived.answer({200, 200, 200, 400});
    {
        tacho::pusher first{registry, options, deltas, memory};
        EXPECT_TRUE(first.flush());
        c(1).inc(5);
        c(2).inc(5);
    }
    options.temporality = temporality_preference::cumulative;
    {
        tacho::pusher second{registry, options, totals, memory};
        EXPECT_TRUE(second.flush());
        EXPECT_EQ(only_value(totals.requests().at(0).body), "15");
    }
    options.temporality = temporality_preference::delta;
    c(1).inc();
    {
        tacho::pusher third{registry, options, deltas, memory};
        EXPECT_TRUE(third.flush());
    }
    EXPECT_EQ(arrived.sums(), (sums{{"1", 16}, {"2", 15}}));
}

// Totals need none of that: the next collection says it all.
TEST(a_large_collection_of_totals, begins_anew_when_it_failed) {
    tacho::set_error_hook(nullptr);
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    tacho::memory_transport transport;
    tacho::pusher pusher{registry, {.interval = std::chrono::hours{1}, .split_above = 1}, transport};
    c(1).inc(10);
    c(2).inc(20);
    transport.answer_with({.status = 200});
    transport.answer_with({.status = 400});
    EXPECT_FALSE(pusher.flush());
    c(1).inc();
    EXPECT_TRUE(pusher.flush());
    auto const all = transport.requests();
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(only_value(all[2].body), "11");
    EXPECT_EQ(only_value(all[3].body), "20");
    tacho::set_error_hook(&tacho::print_to_stderr);
}

// CONFORMANCE 135
TEST(two_pushers, have_memories_of_their_own) {
    pushed_shop s;
    tacho::memory_transport other;
    tacho::pusher one{s.registry, s.options(temporality_preference::delta), s.transport};
    tacho::pusher two{s.registry, s.options(temporality_preference::delta), other};
    s.hits.inc(1);
    ASSERT_TRUE(one.flush());
    s.hits.inc(2);
    ASSERT_TRUE(two.flush());
    ASSERT_TRUE(one.flush());
    EXPECT_EQ(only_value(other.requests().at(0).body), "3");
    EXPECT_EQ(only_value(s.transport.requests().at(1).body), "2");
}

}  // namespace
