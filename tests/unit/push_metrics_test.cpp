// SPDX-License-Identifier: MIT
// What a push says of itself.
#include "support/text.hpp"

#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;

// The lines of a page that tell of pushes, without times.
std::map<std::string, std::string> told(tacho::registry const& in) {
    std::map<std::string, std::string> out;
    auto const page = test::as_text(in);
    for (std::size_t at = 0; at < page.size();) {
        auto const line = page.substr(at, page.find('\n', at) - at);
        at += line.size() + 1;
        auto const space = line.rfind(' ');
        if (line.starts_with("tacho_push") && line.find("_bucket") == std::string::npos &&
            line.find("_seconds_sum") == std::string::npos)
            out[line.substr(0, space)] = line.substr(space + 1);
    }
    return out;
}
std::string named(std::string_view name, std::string_view outcome) {
    return std::string{name} + "{otel_scope_name=\"tacho\",otel_scope_version=\"" + std::string{tacho::version} +
           "\",outcome=\"" + std::string{outcome} + "\"}";
}
std::string named(std::string_view name) {
    return std::string{name} + "{otel_scope_name=\"tacho\",otel_scope_version=\"" + std::string{tacho::version} + "\"}";
}

TEST(push_metrics, count_what_becomes_of_pushes_requests_and_points) {
    tacho::set_error_hook(nullptr);
    tacho::registry registry, shown;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    for (int i = 0; i < 10; ++i) c(i).inc();
    tacho::memory_transport transport;
    tacho::pusher pusher{
        registry, {.interval = 1h, .watcher = std::make_shared<tacho::push_metrics>(shown)}, transport};
    EXPECT_EQ(told(shown), (std::map<std::string, std::string>{{named("tacho_pushes_total", "accepted"), "0"},
                                                               {named("tacho_pushes_total", "failed"), "0"},
                                                               {named("tacho_push_points_total", "accepted"), "0"},
                                                               {named("tacho_push_points_total", "rejected"), "0"},
                                                               {named("tacho_push_points_total", "failed"), "0"},
                                                               {named("tacho_push_sent_bytes_total"), "0"},
                                                               {named("tacho_push_duration_seconds_count"), "0"}}));
    EXPECT_TRUE(pusher.flush());
    transport.answer_with({.status = 200, .body = R"({"partialSuccess":{"rejectedDataPoints":"3"}})"});
    EXPECT_TRUE(pusher.flush());
    transport.answer_with({.status = 400});
    EXPECT_FALSE(pusher.flush());
    std::size_t bytes = 0;
    for (auto const& request : transport.requests()) bytes += request.body.size();
    EXPECT_EQ(told(shown),
              (std::map<std::string, std::string>{{named("tacho_pushes_total", "accepted"), "2"},
                                                  {named("tacho_pushes_total", "failed"), "1"},
                                                  {named("tacho_push_points_total", "accepted"), "17"},
                                                  {named("tacho_push_points_total", "rejected"), "3"},
                                                  {named("tacho_push_points_total", "failed"), "10"},
                                                  {named("tacho_push_sent_bytes_total"), std::to_string(bytes)},
                                                  {named("tacho_push_duration_seconds_count"), "3"}}));
    tacho::set_error_hook(&tacho::print_to_stderr);
}

TEST(push_metrics, tell_requests_that_arrived_from_those_that_did_not) {
    tacho::set_error_hook(nullptr);
    tacho::registry registry, shown;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    for (int i = 0; i < 5; ++i) c(i).inc();
    tacho::memory_transport transport;
    tacho::pusher pusher{registry,
                         {.interval = 1h, .split_above = 1, .watcher = std::make_shared<tacho::push_metrics>(shown)},
                         transport};
    transport.answer_with({.status = 200});
    transport.answer_with({.status = 200});
    transport.answer_with({.status = 400});
    EXPECT_FALSE(pusher.flush());
    auto const all = told(shown);
    EXPECT_EQ(all.at(named("tacho_push_points_total", "accepted")), "2");
    EXPECT_EQ(all.at(named("tacho_push_points_total", "failed")), "3");
    tacho::set_error_hook(&tacho::print_to_stderr);
}

TEST(push_metrics, are_shown_by_telemetry_when_the_settings_say_so) {
    for (bool const wanted : {false, true}) {
        tacho::registry registry;
        tacho::counter<"c"> c{registry};
        tacho::settings s;
        s.push.enabled = true;
        s.push.interval = 1h;
        s.push.metrics = wanted;
        auto telemetry = tacho::telemetry::start(registry, s, tacho::memory_transport{});
        EXPECT_TRUE(telemetry.flush());
        auto const all = told(registry);
        EXPECT_EQ(all.size(), wanted ? 7u : 0u);
        EXPECT_EQ(all.count(named("tacho_pushes_total", "accepted")), wanted ? 1u : 0u);
    }
}

}  // namespace
