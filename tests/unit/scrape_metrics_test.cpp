// SPDX-License-Identifier: MIT
// What becomes of scrapes, as metrics.
#include "support/latch.hpp"
#include "support/text.hpp"
#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace {

using test::as_text;
using test::value_of;

std::string const scope_labels = "otel_scope_name=\"tacho\",otel_scope_version=\"" + std::string{tacho::version} + "\"";

// What the registry shows now, without an endpoint.
std::string value(tacho::registry const& in, std::string const& name, std::string const& labels = "") {
    return value_of(as_text(in), name + "{" + labels + scope_labels + "}");
}
std::string scrapes(tacho::registry const& in, int code) {
    return value(in, "tacho_scrapes_total", "code=\"" + std::to_string(code) + "\",");
}
tacho::endpoint_options watched(tacho::registry& in) {
    return {.watcher = std::make_shared<tacho::scrape_metrics>(in)};
}

TEST(scrape_metrics, count_each_status) {
    test::heard const errors;
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    auto const watcher = std::make_shared<tacho::scrape_metrics>(registry);
    tacho::endpoint endpoint{registry, {.most_at_once = 1, .watcher = watcher}};
    tacho::endpoint narrow{registry, {.largest_body = 10, .watcher = watcher}};
    EXPECT_EQ(scrapes(registry, 200), "0");  // before there is one, as those of 500 and 503
    EXPECT_EQ(scrapes(registry, 500), "0");
    EXPECT_EQ(scrapes(registry, 503), "0");
    EXPECT_EQ(scrapes(registry, 404), "");

    std::map<int, int> counts;
    auto const ask = [&](tacho::endpoint& at, tacho::scrape_request const& request) {
        auto const status = at.respond(request).status();
        ++counts[status];
        EXPECT_EQ(scrapes(registry, status), std::to_string(counts[status])) << status;
    };
    std::string const long_query(10'000, 'x'), long_header(20'000, 'x');
    ask(endpoint, {});
    ask(endpoint, {.method = "HEAD"});
    ask(endpoint, {.query = "%"});
    ask(endpoint, {.method = "POST"});
    ask(endpoint, {.method = "HEAD", .query = long_query});
    ask(endpoint, {.accept = long_header});
    ask(narrow, {});
    {
        auto const held = endpoint.respond({});
        ++counts[200];
        ask(endpoint, {});
    }
    endpoint.enable(false);
    ask(endpoint, {});
    EXPECT_EQ(counts,
              (std::map<int, int>{{200, 3}, {400, 1}, {404, 1}, {405, 1}, {414, 1}, {431, 1}, {500, 1}, {503, 1}}));
    EXPECT_EQ(value(registry, "tacho_scrape_duration_seconds_count"), "10");
    EXPECT_EQ(value(registry, "tacho_scrapes_in_flight"), "0");
}

TEST(scrape_metrics, show_a_scrape_on_the_next_page) {
    tacho::registry registry;
    tacho::endpoint endpoint{registry, watched(registry)};
    for (auto const before : {"0", "1", "2"}) {
        auto const answer = endpoint.respond({});
        std::string const page{answer.body()};
        EXPECT_EQ(value_of(page, "tacho_scrapes_total{code=\"200\"," + scope_labels + "}"), before);
        EXPECT_EQ(value_of(page, "tacho_scrape_duration_seconds_count{" + scope_labels + "}"), before);
        EXPECT_EQ(value_of(page, "tacho_scrapes_in_flight{" + scope_labels + "}"), "1");  // this one
    }
}

// Keeps the scrape until it may go on, and makes three bytes of any page.
struct stopping_compressor final : tacho::compressor {
    test::latch mutable came{1}, leave{1};

    [[nodiscard]] std::string_view coding() const noexcept override { return "gzip"; }
    [[nodiscard]] bool compress(std::string_view, tacho::byte_buffer& into) noexcept override {
        came.count_down();
        leave.wait();
        char* const out = into.window(3);
        if (out == nullptr) return false;
        std::memcpy(out, "abc", 3);
        into.commit(3);
        return true;
    }
};

TEST(scrape_metrics, show_a_scrape_in_flight_and_count_its_bytes_as_they_are_sent) {
    tacho::registry registry;
    auto const stops = std::make_shared<stopping_compressor>();
    auto options = watched(registry);
    options.compress_with = stops;
    tacho::endpoint endpoint{registry, options};
    std::thread client{[&] { EXPECT_EQ(endpoint.respond({.accept_encoding = "gzip"}).body(), "abc"); }};
    stops->came.wait();
    EXPECT_EQ(value(registry, "tacho_scrapes_in_flight"), "1");
    EXPECT_EQ(scrapes(registry, 200), "0");
    stops->leave.count_down();
    client.join();
    EXPECT_EQ(value(registry, "tacho_scrapes_in_flight"), "0");
    EXPECT_EQ(scrapes(registry, 200), "1");
    EXPECT_EQ(value(registry, "tacho_scrape_sent_bytes_total"), "3");

    static_cast<void>(endpoint.respond({.method = "HEAD"}));  // sends no body
    EXPECT_EQ(value(registry, "tacho_scrape_sent_bytes_total"), "3");
    EXPECT_NE(endpoint.respond({.sends_body = false}).body(), "");  // nor does it where only the length is asked for
    EXPECT_EQ(value(registry, "tacho_scrape_sent_bytes_total"), "3");
    auto const plain = endpoint.respond({});
    EXPECT_EQ(value(registry, "tacho_scrape_sent_bytes_total"), std::to_string(3 + plain.body().size()));
}

TEST(scrape_metrics, count_the_series_of_all_instruments) {
    tacho::registry registry;
    auto const watcher = std::make_shared<tacho::scrape_metrics>(registry);
    static_cast<void>(as_text(registry));  // the next round knows what this one showed
    auto const before = std::stoi(value(registry, "tacho_series"));
    tacho::counter<"hits", tacho::label<"by">> hits{registry};
    for (auto const by : {"a", "b", "c"}) hits(by).inc();
    EXPECT_EQ(std::stoi(value(registry, "tacho_series")), before + 3);
    hits.remove("a");
    EXPECT_EQ(std::stoi(value(registry, "tacho_series")), before + 2);
}

TEST(scrape_metrics, of_several_endpoints_add_up_in_one_registry) {
    tacho::registry registry;
    tacho::endpoint one{registry, watched(registry)}, another{registry, watched(registry)};
    static_cast<void>(one.respond({}));
    static_cast<void>(another.respond({}));
    static_cast<void>(as_text(registry));
    EXPECT_EQ(scrapes(registry, 200), "2");
    EXPECT_EQ(value(registry, "tacho_scrape_duration_seconds_count"), "2");
    // Not twice as many: the series of both are the same.
    auto const page = as_text(registry);
    EXPECT_EQ(value_of(page, "tacho_series{" + scope_labels + "}"), "7");
    EXPECT_TRUE(registry.problems().empty());
}

TEST(scrape_metrics, go_with_the_last_endpoint_and_may_outlive_the_registry) {
    tacho::registry kept;
    std::optional<tacho::endpoint> endpoint{std::in_place, kept, watched(kept)};
    EXPECT_NE(as_text(kept).find("tacho_"), std::string::npos);
    endpoint.reset();
    EXPECT_EQ(as_text(kept).find("tacho_"), std::string::npos);

    std::optional<tacho::registry> gone{std::in_place};
    std::weak_ptr<tacho::detail::registry_core> const core = gone->core();
    endpoint.emplace(*gone, watched(*gone));
    gone.reset();
    EXPECT_EQ(endpoint->respond({}).status(), 200);
    endpoint.reset();
    EXPECT_TRUE(core.expired());  // the callable that counts series holds it, and is gone as well
}

TEST(an_endpoint, is_watched_by_the_first_one_that_is_given) {
    tacho::registry registry, elsewhere, nowhere;
    tacho::endpoint endpoint{registry};
    static_cast<void>(endpoint.respond({}));
    endpoint.watch(nullptr);
    endpoint.watch(std::make_shared<tacho::scrape_metrics>(elsewhere));
    endpoint.watch(std::make_shared<tacho::scrape_metrics>(nowhere));
    static_cast<void>(endpoint.respond({}));
    EXPECT_EQ(scrapes(elsewhere, 200), "1");
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(as_text(nowhere), "");
}

std::string page_of(tacho::telemetry const& of) {
    auto const answer = of.endpoint()->respond({});
    return std::string{answer.body()};
}
tacho::settings with_variables(std::map<std::string, std::string> variables) {
    return tacho::settings::from_environment({.prefix = "OGX"}, tacho::env::source{std::move(variables)});
}

TEST(telemetry, shows_how_it_is_scraped_unless_the_settings_say_no) {
    tacho::registry shown, hidden, set;
    auto const yes = tacho::telemetry::start(shown, with_variables({{"OGX_PROMETHEUS_ENABLED", "1"}}),
                                             tacho::no_transport{}, tacho::own_server{});
    EXPECT_EQ(value_of(page_of(yes), "tacho_scrapes_total{code=\"200\"," + scope_labels + "}"), "0");
    EXPECT_EQ(value_of(page_of(yes), "tacho_scrapes_total{code=\"200\"," + scope_labels + "}"), "1");

    auto const no = tacho::telemetry::start(
        hidden, with_variables({{"OGX_PROMETHEUS_ENABLED", "1"}, {"OGX_SCRAPE_METRICS_ENABLED", "no"}}),
        tacho::no_transport{}, tacho::own_server{});
    EXPECT_EQ(page_of(no).find("tacho_"), std::string::npos);

    auto by_program = with_variables({{"OGX_PROMETHEUS_ENABLED", "1"}});
    by_program.scrape.metrics = false;
    auto const none = tacho::telemetry::start(set, by_program, tacho::no_transport{}, tacho::own_server{});
    EXPECT_EQ(page_of(none).find("tacho_"), std::string::npos);
}

// A server may have mounted the endpoint before anybody asked for scrapes.
TEST(telemetry, shows_nothing_of_scrapes_that_are_not_enabled_yet) {
    test::heard const messages;
    tacho::registry registry;
    auto const off = tacho::telemetry::start(registry, with_variables({}), tacho::no_transport{}, tacho::own_server{});
    EXPECT_EQ(off.endpoint()->respond({}).status(), 404);
    EXPECT_EQ(as_text(registry), "");
    auto const on = tacho::telemetry::start(registry, with_variables({{"OGX_PROMETHEUS_ENABLED", "1"}}),
                                            tacho::no_transport{}, tacho::own_server{});
    EXPECT_EQ(on.endpoint(), off.endpoint());
    EXPECT_EQ(off.endpoint()->respond({}).status(), 200);
    EXPECT_EQ(scrapes(registry, 200), "1");
}

TEST(the_scrape, shows_how_it_is_scraped_unless_the_environment_says_no) {
    EXPECT_TRUE(with_variables({}).scrape.metrics);
    for (auto const no : {"0", "false", "No", " off "})
        EXPECT_FALSE(with_variables({{"OGX_SCRAPE_METRICS_ENABLED", no}}).scrape.metrics) << no;
    for (auto const yes : {"1", "true", "Yes", " on "})
        EXPECT_TRUE(with_variables({{"OGX_SCRAPE_METRICS_ENABLED", yes}}).scrape.metrics) << yes;
    auto const unclear = with_variables({{"OGX_SCRAPE_METRICS_ENABLED", "maybe"}});
    EXPECT_TRUE(unclear.scrape.metrics);
    ASSERT_EQ(unclear.warnings.size(), 1u);
    EXPECT_NE(unclear.warnings[0].find("OGX_SCRAPE_METRICS_ENABLED=\"maybe\""), std::string::npos);
}

}  // namespace
