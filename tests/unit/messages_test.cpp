// SPDX-License-Identifier: MIT
// Every message that a program or its operator can meet, provoked through the public API and compared with the one list
// of them, tests/golden/messages.txt. Those that need a web server or libcurl are in tests/adapter/messages_test.cpp.
#include "support/messages.hpp"
#include "support/late_transport.hpp"
#include "support/text.hpp"

#include "tacho/tacho.hpp"
#include "tacho/testing.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using variables = std::map<std::string, std::string>;

tacho::settings settings_from(variables from) {
    return tacho::settings::from_environment({.prefix = "APP", .service_name = "shop"}, tacho::env::source{from});
}

TEST(the_list_of_messages, has_what_is_wrong_with_variables) {
    variables const wrong[] = {
        {{"OTEL_CONFIG_FILE", "a.yaml"}},
        {{"OTEL_METRICS_EXPORTER", "otlp,statsd"}},
        {{"OTEL_METRICS_EXPORTER", "prometeus"}},
        {{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://a:4318"}},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/v1/metrics"}},
        {{"OTEL_EXPORTER_OTLP_HEADERS", "a"}},
        {{"OTEL_EXPORTER_OTLP_HEADERS", "a b=1"}},
        {{"OTEL_EXPORTER_OTLP_HEADERS", "a=1%0A"}},
        {{"OTEL_EXPORTER_OTLP_HEADERS", "Host=a"}},
        {{"OTEL_METRIC_EXPORT_INTERVAL", "1 s"}},
        {{"OTEL_METRIC_EXPORT_INTERVAL", "0"}},
        {{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "both"}},
        {{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "detla"}},
        {{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}},
        {{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4317"}},
        {{"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "base2_exponential_bucket_histogram"}},
        {{"OTEL_RESOURCE_ATTRIBUTES", "a"}},
        {{"OTEL_SDK_DISABLED", "yes"}},
        {{"OTEL_SDK_DISABLED", "ture"}},
        {{"APP_PROMETHEUS_ENABLED", "maybe"}},
        {{"APP_SCRAPE_METRICS_ENABLED", "maybe"}},
        {{"OTEL_SERVICE_NAMES", "shop"}},
    };
    std::vector<std::string> said;
    for (auto const& from : wrong)
        for (auto const& w : settings_from(from).warnings) said.push_back(w);
    for (auto const prefix : {"my-app", "-"})
        for (auto const& w : tacho::settings::from_environment({.prefix = prefix}, tacho::env::source{{}}).warnings)
            said.push_back(w);
    test::expect_listed("warning: settings.warnings, and from start() the error hook and report().warnings", said);
}

// What start() says to the hook, and then its report.
template <class... Parts>
void start(std::vector<std::string>& said, tacho::settings const& s, Parts&&... parts) {
    test::heard const heard;
    tacho::registry registry;
    auto telemetry = tacho::telemetry::start(registry, s, std::forward<Parts>(parts)...);
    said.push_back(heard.text());
    telemetry.stop();
}

struct plain_transport {
    static bool can_send(std::string_view scheme) noexcept { return scheme == "http"; }
    tacho::http_outcome post(tacho::http_post const&, tacho::deadline const&) { return {.status = 200}; }
};
struct secure_transport : plain_transport {
    static bool can_send(std::string_view) noexcept { return true; }
};
struct tls_transport : secure_transport {
    void use(tacho::tls_files const&) {}
};

tacho::settings pushing_to(std::string url) {
    tacho::settings s;
    s.push.enabled = true;
    s.push.url = std::move(url);
    return s;
}

TEST(the_list_of_messages, has_what_does_not_start) {
    std::vector<std::string> said;
    tacho::no_transport const none;
    tacho::no_listener const no_one;
    start(said, {}, none, no_one);
    start(said, pushing_to("http://a/"), none, no_one);
    start(said, pushing_to("a"), plain_transport{}, no_one);
    start(said, pushing_to("https://a/"), plain_transport{}, no_one);
    start(said, settings_from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "a:4318"}}), plain_transport{}, no_one);
    auto s = pushing_to("https://a/");
    s.push.certificate = "/no/such.pem";
    start(said, s, secure_transport{}, no_one);
    start(said, s, tls_transport{}, no_one);
    s = pushing_to("http://a/");
    s.push.compression = "gzip";
    s.push.interval = milliseconds{0};
    start(said, s, plain_transport{}, no_one);
    {
        test::heard const heard;
        tacho::registry registry;
        auto const first = tacho::telemetry::start(registry, pushing_to("http://a/v1/metrics"), plain_transport{});
        auto const other = tacho::telemetry::start(registry, pushing_to("http://b/"), plain_transport{});
        said.push_back(heard.text());
    }
    s = pushing_to("http://a/");
    s.push.headers = {{"a", "b\r\nc"}};
    start(said, s, plain_transport{}, no_one);
    start(said, settings_from({{"APP_PROMETHEUS_ENABLED", "1"}}), none, no_one);
    struct failing_listener {
        tacho::result<std::uint16_t> start(std::string const&, std::uint16_t, std::shared_ptr<tacho::endpoint>) {
            return tacho::error{"<why>"};
        }
        void stop() {}
    };
    start(said, settings_from({{"APP_PROMETHEUS_ENABLED", "1"}}), none, failing_listener{});
    start(said, settings_from({{"APP_PROMETHEUS_ENABLED", "1"}, {"APP_METRICS_PORT", "65536"}}), none,
          failing_listener{});
    start(said, settings_from({{"APP_PROMETHEUS_ENABLED", "1"}, {"APP_METRICS_HOST", "a:1"}}), none,
          failing_listener{});
    start(said, pushing_to("grpc://a/"), plain_transport{}, no_one);
    test::expect_listed("telemetry: the error hook, and as a warning or a path of report()", said);
}

TEST(the_list_of_messages, has_what_a_report_says_without_the_hook) {
    std::vector<std::string> said;
    auto const report = [&](tacho::settings const& s) {
        tacho::registry registry;
        auto telemetry = tacho::telemetry::start(registry, s, plain_transport{}, tacho::own_server{});
        said.push_back(telemetry.report().text());
        telemetry.stop();
    };
    test::heard const heard;
    report(settings_from({}));
    report(settings_from({{"OTEL_METRICS_EXPORTER", "none"}}));
    report(settings_from({{"OTEL_METRICS_EXPORTER", "prometheus"}}));
    report(settings_from({{"OTEL_SDK_DISABLED", "true"}}));
    report(pushing_to("http://a/"));
    auto off = pushing_to("http://a/");
    off.push.enabled = false;
    report(off);
    test::expect_listed("report(): what runs and what is off", said);
}

TEST(the_list_of_messages, has_what_is_wrong_with_the_options_of_a_registry) {
    test::heard const heard;
    tacho::registry_options options;
    options.constant_labels = {{"no label", "1"}, {"a", "1"}, {"a", "2"}};
    for (int i = 0; i < 16; ++i) options.constant_labels.push_back({"l" + std::to_string(i), "1"});
    options.views = {{.name = "a", .rename = "no name"},
                     {.kind = tacho::instrument_kind::counter, .bounds = {{1}}},
                     {.bounds = {{2, 1}}}};
    tacho::registry const registry{options};
    test::expect_listed("options of a registry: the error hook and problems()", {heard.text()});
}

TEST(the_list_of_messages, has_why_an_instrument_is_not_registered) {
    test::heard const heard;
    tacho::registry r;
    auto const long_unit = std::string(64, 'u');
    std::vector<std::string> names;
    for (int i = 0; i < 17; ++i) names.push_back("l" + std::to_string(i));
    std::vector<std::string_view> const labels(names.begin(), names.end());
    static_cast<void>(add_counter(r, {.name = "2nd"}));
    static_cast<void>(add_counter(r, {.name = "a", .unit = long_unit}));
    static_cast<void>(add_counter(r, {.name = "a", .labels = labels}));
    static_cast<void>(add_counter(r, {.name = "a", .labels = {"x y"}}));
    static_cast<void>(add_counter(r, {.name = "a", .labels = {"x.y", "x_y"}}));
    static_cast<void>(add_counter(r, {.name = "a", .labels = {"x"}, .expire_after = seconds{-1}}));
    static_cast<void>(add_counter(r, {.name = "a", .expire_after = seconds{1}}));
    static_cast<void>(add_histogram(r, {.name = "a", .labels = {"le"}}));
    static_cast<void>(add_histogram(r, {.name = "a", .bounds = {2, 1}}));
    static_cast<void>(add_info(r, {.name = "a", .unit = "s", .labels = {"x"}}));
    static_cast<void>(add_info(r, {.name = "a", .labels = {"x"}, .expire_after = seconds{1}}));
    static_cast<void>(add_info(r, {.name = "a"}));
    static_cast<void>(add_state_set(r, {.name = "a", .unit = "s"}, {"on"}));
    static_cast<void>(add_state_set(r, {.name = "otel.scope.name"}, {"on"}));
    static_cast<void>(add_state_set(r, {.name = "a"}, {}));
    static_cast<void>(add_state_set(r, {.name = "a"}, {"on", "on"}));
    static_cast<void>(add_state_set(r, {.name = "a.b", .labels = {"a_b"}}, {"on"}));
    static_cast<void>(add_exponential_histogram(r, {.name = "a", .bounds = {1}}));
    static_cast<void>(add_exponential_histogram(r, {.name = "a"}, {.max_buckets = 3}));
    static_cast<void>(add_gauge(r, {.name = "target_info"}));

    auto const one = add_counter(r, {.name = "one", .description = "1"});
    static_cast<void>(add_gauge(r, {.name = "one_total"}));
    static_cast<void>(add_counter(r, {.name = "one", .description = "2"}));
    static_cast<void>(add_double_counter(r, {.name = "one", .description = "1"}));
    static_cast<void>(add_counter(r, {.name = "one", .description = "1", .labels = {"x"}}));
    static_cast<void>(add_exemplar_counter(r, {.name = "one", .description = "1"}));
    auto const shape = add_exponential_histogram(r, {.name = "shape"});
    static_cast<void>(add_exponential_histogram(r, {.name = "shape"}, {.max_buckets = 9}));

    tacho::registry plain{{.scope_labels = false, .constant_labels = {{"x", "1"}}}};
    static_cast<void>(add_counter(plain, {.name = "two", .labels = {"x"}}));
    auto const here = add_counter(plain.scope("here"), {.name = "three"});
    static_cast<void>(add_counter(plain.scope("there"), {.name = "three"}));
    tacho::registry renamed{{.views = {{.name = "s", .rename = "otel.scope.name"}}}};
    static_cast<void>(add_state_set(renamed, {.name = "s"}, {"on"}));

    tacho::observable_gauge<"used"> const used{r.scope("here")};
    tacho::observable_gauge<"free"> const free{r.scope("there")};
    tacho::observation const both{[](tacho::observer&) {}, used, free};
    test::expect_listed("error: the error hook and problems(); the instrument is not registered", {heard.text()});
}

TEST(the_list_of_messages, has_what_is_said_of_an_instrument_that_is_registered) {
    test::heard const heard;
    tacho::registry r;
    auto const time = add_gauge(r, {.name = "load", .unit = "s"});
    auto const size = add_gauge(r, {.name = "load", .unit = "By"});
    auto const upper = add_gauge(r, {.name = "Load", .unit = "1"});
    ASSERT_TRUE(size.ok());
    test::expect_listed("warning: the error hook and problems(); the instrument is registered", {heard.text()});
}

#if defined(__cpp_exceptions)
TEST(the_list_of_messages, has_what_is_dropped_while_recording) {
    test::heard const heard;
    tacho::registry r;
    auto const nan = std::numeric_limits<double>::quiet_NaN();
    tacho::counter<"a", double> a{r};
    a.inc(-1);
    tacho::counter<"whole"> whole{r};
    whole.inc(-1);
    add_counter(r, {.name = "b"}).bind({"x"}).inc();
    tacho::up_down_counter<"c", double> c{r};
    c.inc(nan);
    tacho::histogram<"d"> d{r};
    d.observe(nan);
    auto const states = add_state_set(r, {.name = "e"}, {"on"});
    states.bind().set("off");
    tacho::counter<"f", tacho::label<"x">, tacho::series_limit<1>> f{r};
    f("1").inc();
    f("2").inc();
    f("3").inc();
    tacho::exponential_histogram<"g"> g{r};
    g.observe(nan);

    tacho::observable_counter<"h"> const h{r, "", [] { return -1; }};
    tacho::observable_counter<"i"> const i{r, "", [] { return std::numeric_limits<std::uint64_t>::max(); }};
    tacho::observable_counter<"j", double> const j{r, "", [] { return -1.0; }};
    tacho::observable_up_down_counter<"k", double> const k{r, "",
                                                           [] { return std::numeric_limits<double>::infinity(); }};
    tacho::observable_gauge<"l"> const l{r};
    tacho::observable_gauge<"m"> const m{r};
    auto const n = add_observable_up_down_counter(r, {.name = "n"});
    auto const o = add_observable_gauge(r, {.name = "o"});
    tacho::observation const see{[&](tacho::observer& observe) {
                                     observe(m, 1);
                                     observe(n, 0.5);
                                     observe(o, 1, {"x"});
                                 },
                                 l, n, o};
    tacho::observable_gauge<"p"> const p{r, "", []() -> double { throw std::runtime_error{"p"}; }};
    static_cast<void>(tacho::endpoint{r}.respond({}));

    tacho::registry late{{.callback_timeout = milliseconds{0}}};
    tacho::observable_gauge<"q"> const q{late, "", [] { return 1; }};
    static_cast<void>(tacho::endpoint{late}.respond({}));
    test::expect_listed("warning: the error hook, once for each instrument", {heard.text()});
}
#endif

// The first push, with this answer.
std::string pushed(tacho::http_outcome answer, tacho::pusher_options options = {}) {
    test::heard const heard;
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    hits.inc();
    tacho::memory_transport transport;
    transport.answer_with(std::move(answer));
    options.url = "http://a/v1/metrics";
    options.interval = std::chrono::hours{1};
    options.timeout = milliseconds{200};
    tacho::pusher pusher{registry, options, transport};
    pusher.flush();
    auto const said = heard.text();
    transport.answer_with({.status = 200});
    pusher.stop();
    return said;
}

TEST(the_list_of_messages, has_what_becomes_of_a_push) {
    std::vector<std::string> said;
    for (int const status : {301, 400, 401, 404, 413, 415})
        said.push_back(pushed({.status = status, .body = R"({"message":"no"})"}));
    said.push_back(pushed({.status = 503, .retry_after = "60"}));
    said.push_back(pushed({.retryable = false, .problem = "<why>"}));
    said.push_back(pushed({.status = 200, .problem = "<why>"}));
    said.push_back(pushed({.status = 200, .body = "<html><title>Hello</title></html>"}));
    {
        tacho::registry registry;
        tacho::counter<"c", tacho::label<"n", int>> c{registry};
        tacho::memory_transport transport;
        for (int const status : {200, 400, 400}) transport.answer_with({.status = status});
        tacho::pusher pusher{registry,
                             {.url = "http://a/v1/metrics",
                              .interval = std::chrono::hours{1},
                              .temporality = tacho::temporality_preference::delta,
                              .split_above = 1},
                             transport};
        for (int i = 0; i < 2; ++i) c(i).inc();
        {
            test::heard const once;
            pusher.flush();
        }
        test::heard const twice;
        pusher.flush();
        said.push_back(twice.text());
    }
    said.push_back(
        pushed({.status = 200, .body = R"({"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"no"}})"}));
    said.push_back(pushed({.status = 200}, {.largest_body = 1}));
    {
        test::heard const heard;
        tacho::registry registry;
        tacho::counter<"hits"> hits{registry};
        tacho::memory_transport transport;
        transport.answer_with({.status = 400});
        tacho::pusher pusher{registry, {.url = "http://a/", .interval = std::chrono::hours{1}}, transport};
        pusher.stop();
        said.push_back(heard.text());
    }
    {
        test::heard const heard;
        tacho::registry registry;
        tacho::counter<"hits"> hits{registry};
        tacho::pusher pusher{registry,
                             {.url = "http://a/v1/metrics", .interval = std::chrono::hours{1}, .timeout = seconds{2}},
                             test::late_transport{}};
        pusher.flush();
        said.push_back(heard.text());
    }
    test::expect_listed("pushes: the error hook", said);
}

TEST(the_list_of_messages, has_why_a_line_can_not_be_written) {
    std::vector<std::string> said;
    tacho::deadline const until{tacho::deadline::clock::now() + seconds{10}};
    for (auto* const to : {stdout, stderr}) said.push_back(tacho::stream_transport{to}.destination());
    said.push_back(tacho::stream_transport::to_file("").destination());
    said.push_back(tacho::stream_transport::to_file("/no/such/file").post({"", "{}", {}}, until).problem);
    tacho::http_header const packed[] = {{"Content-Encoding", "gzip"}};
    auto* const file = std::tmpfile();
    said.push_back(tacho::stream_transport{file}.destination());
    said.push_back(tacho::stream_transport{file}.post({"", "{}", packed}, until).problem);
    std::fclose(file);
    said.push_back(tacho::stream_transport::to_file("/dev/full").post({"", "{}", {}}, until).problem);
    tacho::memory_transport held;
    held.hold(true);
    said.push_back(held.post({"", "{}", {}}, tacho::deadline{tacho::deadline::clock::now()}).problem);
    test::expect_listed(
        "stream_transport and memory_transport: destination() and http_outcome::problem, within what a push says",
        said);
}

TEST(the_list_of_messages, has_what_an_endpoint_refuses) {
    std::vector<std::string> said;
    tacho::registry registry;
    tacho::endpoint endpoint{registry};
    auto const ask = [&](tacho::scrape_request const& with) {
        auto const answer = endpoint.respond(with);
        said.push_back(std::to_string(answer.status()) + ": " + std::string{answer.body()});
    };
    std::string const long_accept(16385, ' '), long_query(8193, 'a');
    std::string many;
    for (int i = 0; i < 101; ++i) many += "name[]=a&";
    ask({.method = "POST"});
    ask({.method = "GET", .accept = long_accept});
    ask({.method = "GET", .query = long_query});
    ask({.method = "GET", .query = "name[]=%"});
    ask({.method = "GET", .query = many});
    endpoint.enable(false);
    ask({.method = "GET"});
    test::expect_listed("endpoint: the status and body of its answer", said);
}

TEST(the_list_of_messages, has_why_a_route_is_not_added) {
    tacho::http::route_table<> table;
    std::vector<std::string> said;
    std::string deep;
    for (int i = 0; i < 65; ++i) deep += "/a";
    ASSERT_TRUE(table.add("GET", "/a/{x}"));
    for (std::string const& bad :
         {std::string{"a"}, deep, std::string{"/a{x}"}, std::string{"/{x...}/b"}, std::string{"/a/{y}"}})
        said.push_back(test::without(table.add("GET", bad).message(), deep, "<deep>"));
    test::expect_listed("route_table::add(): result.message()", said);
}

}  // namespace
