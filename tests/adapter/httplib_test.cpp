// SPDX-License-Identifier: MIT
// Real sockets: scrapes and measured requests on cpp-httplib, and telemetry as a whole.
#include "adapter/failing_accept.hpp"
#include "support/operations.hpp"
#include "support/sent_bytes.hpp"
#include "support/text.hpp"
#include "support/wait.hpp"

#include "tacho/adapter/httplib.hpp"
#include "tacho/adapter/zlib.hpp"
#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <optional>
#include <thread>

namespace {

using variables = std::map<std::string, std::string>;

tacho::settings read(variables v) {
    return tacho::settings::from_environment({.prefix = "OGX", .service_name = "ogx"},
                                             tacho::env::source{std::move(v)});
}

class server {
public:
    httplib::Server http;
    int start() {
        int const port = http.bind_to_any_port("127.0.0.1");
        thread_ = std::thread{[this] { http.listen_after_bind(); }};
        test::wait_until([this] { return http.is_running(); });
        return port;
    }
    ~server() {
        http.stop();
        if (thread_.joinable()) thread_.join();
    }

private:
    std::thread thread_;
};

struct shop {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
};

TEST(a_mounted_endpoint, answers_over_http) {
    shop s;
    server web;
    auto const sent = std::make_shared<test::sent_bytes>();
    auto const endpoint = std::make_shared<tacho::endpoint>(s.registry, tacho::endpoint_options{.watcher = sent});
    tacho::mount(web.http, "/v1/metrics", endpoint);
    httplib::Client client{"127.0.0.1", web.start()};
    auto const page = client.Get("/v1/metrics");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->status, 200);
    EXPECT_EQ(page->body, "# TYPE hits_total counter\nhits_total 0\n");
    EXPECT_EQ(page->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(page->get_header_value("X-Content-Type-Options"), "nosniff");
    auto const open = client.Get("/v1/metrics", httplib::Headers{{"Accept", "application/openmetrics-text"}});
    EXPECT_EQ(open->body, "# TYPE hits counter\nhits_total 0\n# EOF\n");
    std::uint64_t const by_get = page->body.size() + open->body.size();
    EXPECT_EQ(sent->sum, by_get);
    auto const head = client.Head("/v1/metrics");
    EXPECT_EQ(head->body, "");
    EXPECT_EQ(head->get_header_value("Content-Length"), std::to_string(page->body.size()));
    EXPECT_EQ(sent->sum, by_get);  // only the length was asked for
    auto const refused = client.Post("/v1/metrics", "x", "text/plain");
    EXPECT_EQ(refused->status, 405);
    EXPECT_EQ(refused->get_header_value("Allow"), "GET, HEAD");
}

// CONFORMANCE 84, 87: cpp-httplib, where it is built with zlib and brotli, compresses for whoever names them.
TEST(a_mounted_endpoint, is_compressed_by_nobody_else) {
    shop s;
    server web;
    tacho::mount(web.http, "/metrics", std::make_shared<tacho::endpoint>(s.registry));
    httplib::Client client{"127.0.0.1", web.start()};
    client.set_decompress(false);
    for (auto const codings : {"gzip", "gzip;q=0", "br, gzip", "br;q=0", "*;q=0"}) {
        auto const page = client.Get("/metrics", httplib::Headers{{"Accept-Encoding", codings}});
        ASSERT_TRUE(page);
        EXPECT_FALSE(page->has_header("Content-Encoding")) << codings;
        EXPECT_EQ(page->get_header_value("Vary"), "Accept, Accept-Encoding");
        EXPECT_EQ(page->body, "# TYPE hits_total counter\nhits_total 0\n") << codings;
        auto const refused =
            client.Post("/metrics", httplib::Headers{{"Accept-Encoding", codings}}, "x", 1, "text/plain");
        ASSERT_TRUE(refused);
        EXPECT_FALSE(refused->has_header("Content-Encoding")) << codings;
    }
}

// CONFORMANCE 84, 86, 89
TEST(a_mounted_endpoint, compresses_once_and_tells_no_length_that_get_would_not) {
    shop s;
    server web;
    tacho::mount(
        web.http, "/metrics",
        std::make_shared<tacho::endpoint>(s.registry, tacho::endpoint_options{.compress_with = tacho::gzip()}));
    httplib::Client client{"127.0.0.1", web.start()};
    auto const get = [&](char const* codings) {
        return client.Get("/metrics", httplib::Headers{{"Accept-Encoding", codings}});
    };
    std::string const plain = "# TYPE hits_total counter\nhits_total 0\n";
    auto const packed = get("br, gzip");  // unpacked by the client
    ASSERT_TRUE(packed);
    EXPECT_EQ(packed->get_header_value_count("Content-Encoding"), 1u);
    EXPECT_EQ(packed->get_header_value("Content-Encoding"), "gzip");
    EXPECT_EQ(packed->body, plain);
    EXPECT_FALSE(get("gzip;q=0")->has_header("Content-Encoding"));
    EXPECT_EQ(get("gzip;q=0")->body, plain);

    EXPECT_EQ(client.Head("/metrics")->get_header_value("Content-Length"), std::to_string(plain.size()));
    auto const head = client.Head("/metrics", httplib::Headers{{"Accept-Encoding", "gzip"}});
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, 200);
    EXPECT_EQ(head->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_FALSE(head->has_header("Content-Encoding"));
    EXPECT_FALSE(head->has_header("Content-Length"));
    EXPECT_EQ(get("gzip")->body, plain);  // on the same connection
}

// CONFORMANCE 90
TEST(a_mounted_endpoint, shows_the_families_that_the_query_names) {
    shop s;
    tacho::gauge<"level"> level{s.registry};
    server web;
    tacho::mount(web.http, "/metrics", std::make_shared<tacho::endpoint>(s.registry));
    httplib::Client client{"127.0.0.1", web.start()};
    client.set_url_encode(false);
    auto const get = [&](std::string const& query) { return client.Get("/metrics" + query); };
    std::string const hits = "# TYPE hits_total counter\nhits_total 0\n", levels = "# TYPE level gauge\nlevel 0\n";
    EXPECT_EQ(get("?name%5B%5D=hits_total")->body, hits);
    EXPECT_EQ(get("?name[]=hits")->body, hits);
    EXPECT_EQ(get("?name[]=level&name[]=hits")->body, hits + levels);
    EXPECT_EQ(get("?name[]=l%65vel")->body, levels);
    EXPECT_EQ(get("?name[]=none")->body, "");
    EXPECT_EQ(get("?")->body, hits + levels);
    EXPECT_EQ(get("?x=y")->body, hits + levels);
    EXPECT_EQ(get("?name[]=%zz")->status, 400);
    EXPECT_EQ(get("?name[]=" + std::string(10'000, 'a'))->status, 414);  // cpp-httplib's own
}

// CONFORMANCE 94
TEST(a_mounted_endpoint, passes_on_how_long_a_scrape_may_take) {
    shop s;
    server web;
    tacho::mount(web.http, "/metrics", std::make_shared<tacho::endpoint>(s.registry));
    httplib::Client client{"127.0.0.1", web.start()};
    auto const status = [&](char const* timeout) {
        return client.Get("/metrics", httplib::Headers{{"X-Prometheus-Scrape-Timeout-Seconds", timeout}})->status;
    };
    EXPECT_EQ(status("0.000000001"), 503);
    EXPECT_EQ(status("10"), 200);
    EXPECT_EQ(status("soon"), 200);
}

// The server refuses it, or we answer in our default format; nobody comes to harm.
TEST(a_mounted_endpoint, survives_an_accept_header_of_100_kilobytes) {
    shop s;
    server web;
    tacho::mount(web.http, "/metrics", std::make_shared<tacho::endpoint>(s.registry));
    int const port = web.start();
    httplib::Client huge{"127.0.0.1", port};
    auto const answer = huge.Get("/metrics", httplib::Headers{{"Accept", std::string(100'000, 'a')}});
    int const status = answer ? answer->status : 400;  // a closed connection is a refusal, too
    EXPECT_TRUE(status == 200 || (status >= 400 && status < 500)) << status;
    httplib::Client next{"127.0.0.1", port};
    EXPECT_EQ(next.Get("/metrics")->status, 200);
}

// R15
TEST(a_listener, answers_at_metrics_on_a_port_of_its_own_until_it_is_stopped) {
    shop s;
    tacho::httplib_listener listener;
    auto const port = listener.start("127.0.0.1", 0, std::make_shared<tacho::endpoint>(s.registry));
    ASSERT_TRUE(port) << port.message();
    httplib::Client client{"127.0.0.1", *port};
    EXPECT_EQ(client.Get("/metrics")->status, 200);
    EXPECT_EQ(client.Get("/")->status, 404);
    listener.stop();
    listener.stop();
    EXPECT_FALSE(httplib::Client("127.0.0.1", *port).Get("/metrics"));
}

// CONFORMANCE 88, 91: where a scrape finds it by default; elsewhere is no page, nor a hint to one.
TEST(a_listener, has_its_page_at_metrics_and_nowhere_else) {
    shop s;
    tacho::httplib_listener listener;
    auto const port = listener.start("127.0.0.1", 0, std::make_shared<tacho::endpoint>(s.registry));
    ASSERT_TRUE(port) << port.message();
    httplib::Client client{"127.0.0.1", *port};
    for (auto const path : {"/metrics", "/metrics?", "/metrics?x=y", "/metrics?name[]=hits"}) {
        auto const answer = client.Get(path);
        ASSERT_TRUE(answer) << path;
        EXPECT_EQ(answer->status, 200) << path;
        EXPECT_EQ(answer->body, "# TYPE hits_total counter\nhits_total 0\n") << path;
    }
    for (auto const path : {"/", "/metrics/", "/metrics/x", "/metricsx", "/metric", "/Metrics", "//metrics",
                            "/v1/metrics", "/x/metrics", "/?/metrics"}) {
        auto const answer = client.Get(path);
        ASSERT_TRUE(answer) << path;
        EXPECT_EQ(answer->status, 404) << path;
        EXPECT_FALSE(answer->has_header("Location")) << path;
        EXPECT_EQ(answer->body.find("hits"), std::string::npos) << path;
    }
}

TEST(a_listener, says_which_address_is_in_use) {
    shop s;
    auto const endpoint = std::make_shared<tacho::endpoint>(s.registry);
    tacho::httplib_listener first, second;
    auto const port = first.start("127.0.0.1", 0, endpoint);
    ASSERT_TRUE(port);
    auto const refused = second.start("127.0.0.1", *port, endpoint);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.message(),
              "can't listen on 127.0.0.1:" + std::to_string(*port) +
                  ": Address already in use. Use another address or port, or stop what uses this one");
}

#if defined(__linux__)
// Before its thread has come to listening, too.
TEST(a_listener, that_is_stopped_at_once_leaves_no_socket_open) {
    shop s;
    auto const endpoint = std::make_shared<tacho::endpoint>(s.registry);
    auto const open = [] {
        std::filesystem::directory_iterator const all{"/proc/self/fd"};
        return std::distance(begin(all), end(all));
    };
    auto const before = open();
    for (int i = 0; i < 50; ++i) {
        tacho::httplib_listener listener;
        auto const port = listener.start("127.0.0.1", 0, endpoint);
        ASSERT_TRUE(port) << port.message();
        listener.stop();
    }
    EXPECT_EQ(open(), before);
}
#endif

// The system may refuse for reasons that pass; cpp-httplib ends then.
TEST(a_listener, listens_again_when_no_connection_could_be_accepted) {
    static std::atomic<int> heard{0};
    heard = 0;
    shop s;
    tacho::httplib_listener listener;
    auto const port = listener.start("127.0.0.1", 0, std::make_shared<tacho::endpoint>(s.registry));
    ASSERT_TRUE(port) << port.message();
    auto* const before = tacho::set_error_hook([](tacho::severity, std::string_view) noexcept { ++heard; });
    for (int i = 0; i < 2; ++i) {
        test::let_accept_fail(*port);
        EXPECT_TRUE(test::wait_until([&] { return bool{httplib::Client("127.0.0.1", *port).Get("/metrics")}; }));
    }
    tacho::set_error_hook(before);
    EXPECT_EQ(heard, 1);  // once a minute
    listener.stop();
    EXPECT_FALSE(httplib::Client("127.0.0.1", *port).Get("/metrics"));
}

TEST(a_listener, may_be_stopped_while_it_can_not_listen) {
    shop s;
    auto const endpoint = std::make_shared<tacho::endpoint>(s.registry);
    tacho::httplib_listener listener, other;
    auto const port = listener.start("127.0.0.1", 0, endpoint);
    ASSERT_TRUE(port) << port.message();
    static std::atomic<bool> heard{false};
    heard = false;
    auto* const before = tacho::set_error_hook([](tacho::severity, std::string_view) noexcept { heard = true; });
    // Whoever has the port meanwhile, it isn't taken from. Another try, should this be later than the listener's own.
    do test::let_accept_fail(*port);
    while (!other.start("127.0.0.1", *port, endpoint));
    EXPECT_TRUE(test::wait_until([] { return heard.load(); }));
    tacho::set_error_hook(before);
    listener.stop();
    EXPECT_TRUE(httplib::Client("127.0.0.1", *port).Get("/metrics"));
}

// On the thread that listens, which would wait for itself.
TEST(a_listener, may_be_stopped_by_the_error_hook_that_it_calls) {
    static std::optional<tacho::telemetry> running;
    static std::atomic<bool> stopped{false};
    stopped = false;
    shop s;
    running.emplace(tacho::telemetry::start(s.registry,
                                            read({{"OGX_PROMETHEUS_ENABLED", "1"}, {"OGX_METRICS_PORT", "0"}}),
                                            tacho::no_transport{}, tacho::httplib_listener{}));
    auto const port = running->report().scrape.port;
    auto* const before = tacho::set_error_hook([](tacho::severity, std::string_view) noexcept {
        running->stop();
        stopped = true;
    });
    test::let_accept_fail(port);
    EXPECT_TRUE(test::wait_until([] { return stopped.load(); }));
    tacho::set_error_hook(before);
    running.reset();
    EXPECT_FALSE(httplib::Client("127.0.0.1", port).Get("/metrics"));
}

TEST(a_listener, says_when_an_address_is_none) {
    shop s;
    tacho::httplib_listener listener;
    auto const refused = listener.start("256.0.0.1", 0, std::make_shared<tacho::endpoint>(s.registry));
    EXPECT_FALSE(refused);
    EXPECT_NE(refused.message().find("can't listen on 256.0.0.1:0: "), std::string::npos) << refused.message();
    auto const ipv6 = listener.start("2001:db8::1", 9464, std::make_shared<tacho::endpoint>(s.registry));
    EXPECT_FALSE(ipv6);
    EXPECT_NE(ipv6.message().find("can't listen on [2001:db8::1]:9464: "), std::string::npos) << ipv6.message();
}

class measured_server {
public:
    tacho::registry registry{test::fixed()};
    test::operations m{registry};
    tacho::http::route_table<> routes;
    tacho::http::excluded_paths excluded{{"/metrics"}};
    std::atomic<bool> released{false};
    server web;
    int port = 0;

    measured_server() {
        EXPECT_TRUE(routes.add("GET", "/items/{id}", {"items", "get"}));
        EXPECT_TRUE(routes.add("GET", "/throw", {"items", "throw"}));
        EXPECT_TRUE(routes.add("GET", "/stream", {"items", "stream"}));
        tacho::measure(web.http, m, routes, excluded);
        tacho::mount(web.http, "/metrics", std::make_shared<tacho::endpoint>(registry));
        web.http.Get("/items/([^/]+)", [](auto&, auto& out) { out.set_content("item", "text/plain"); });
        web.http.Get("/throw", [](auto&, auto&) { throw std::runtime_error("no"); });
        web.http.Get("/stream", [this](auto&, auto& out) {
            out.set_chunked_content_provider("text/plain", [this](std::size_t n, httplib::DataSink& to) {
                if (n == 0) {
                    to.write("first", 5);
                } else if (released || !to.is_writable()) {
                    if (!released) return false;
                    to.done();
                } else {
                    std::this_thread::yield();
                }
                return true;
            });
        });
        port = web.start();
    }
    std::string value(std::string const& series) const { return test::value_of(test::as_text(registry), series); }
};

// R8, R9, R10
TEST(a_measured_server, counts_requests_by_route_and_no_scrapes) {
    measured_server s;
    httplib::Client client{"127.0.0.1", s.port};
    for (auto const path : {"/items/1", "/items/2?x=1", "/nowhere/at/all", "/metrics", "/metrics"}) client.Get(path);
    EXPECT_EQ(s.value("requests_total{api=\"items\",method=\"get\",status=\"success\",status_code=\"200\"}"), "2");
    EXPECT_EQ(s.value("requests_total{api=\"unknown\",method=\"unknown\",status=\"error\",status_code=\"404\"}"), "1");
    EXPECT_EQ(s.value("concurrent{api=\"items\"}"), "0");
    EXPECT_EQ(test::as_text(s.registry).find("metrics\""), std::string::npos);
}

// R10, R11
TEST(a_measured_server, counts_the_status_that_a_throwing_handler_sent) {
    measured_server s;
    httplib::Client client{"127.0.0.1", s.port};
    EXPECT_EQ(client.Get("/throw")->status, 500);
    EXPECT_EQ(s.value("requests_total{api=\"items\",method=\"throw\",status=\"error\",status_code=\"500\"}"), "1");
    EXPECT_EQ(s.value("duration_seconds_count{api=\"items\",method=\"throw\"}"), "1");
}

// R11, R12: three in flight, one leaves, the others end.
TEST(a_measured_server, counts_streams_until_their_last_byte_or_until_the_client_leaves) {
    measured_server s;
    std::string const in_flight = "concurrent{api=\"items\"}";
    std::string const observed = "duration_seconds_count{api=\"items\",method=\"stream\"}";
    std::atomic<bool> leave{false};
    std::vector<std::thread> clients;
    for (int i = 0; i < 3; ++i)
        clients.emplace_back([&, i] {
            httplib::Client client{"127.0.0.1", s.port};
            client.Get("/stream", [&, i](char const*, std::size_t) {
                if (i == 0) test::wait_until([&] { return leave.load(); });
                return i != 0;  // the first one hangs up
            });
        });
    EXPECT_TRUE(test::wait_until([&] { return s.value(in_flight) == "3"; }));
    EXPECT_EQ(s.value(observed), "0");
    leave = true;
    EXPECT_TRUE(test::wait_until([&] { return s.value(in_flight) == "2"; })) << s.value(in_flight);
    s.released = true;
    EXPECT_TRUE(test::wait_until([&] { return s.value(in_flight) == "0"; }));
    EXPECT_TRUE(test::wait_until([&] { return s.value(observed) == "3"; }));
    for (auto& c : clients) c.join();
}

// ---- Telemetry as a whole.

// R2
TEST(telemetry, that_is_asked_for_nothing_exports_nothing_and_says_so_once) {
    test::heard heard;
    shop s;
    auto const t = tacho::telemetry::start(s.registry, read({}), tacho::memory_transport{}, tacho::httplib_listener{});
    s.hits.inc();
    EXPECT_FALSE(t.report().push.running);
    EXPECT_FALSE(t.report().scrape.running);
    EXPECT_EQ(heard.count(), 1);
    EXPECT_TRUE(heard.text().starts_with("debug: instruments work, and nothing is exported")) << heard.text();
    EXPECT_EQ(t.endpoint()->respond({"GET", ""}).status(), 404);
}

// R1
TEST(telemetry, runs_both_ways_out_at_once) {
    shop s;
    tacho::memory_transport transport;
    auto t = tacho::telemetry::start(s.registry,
                                     read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"},
                                           {"OGX_PROMETHEUS_ENABLED", "1"},
                                           {"OGX_METRICS_PORT", "0"}}),
                                     transport, tacho::httplib_listener{});
    auto const report = t.report();
    EXPECT_EQ(report.push.words, "pushing to http://c:4318/v1/metrics every 60000 ms");
    EXPECT_TRUE(report.scrape.running);
    s.hits.inc(3);
    ASSERT_TRUE(t.flush());
    EXPECT_NE(transport.requests().at(0).body.find("\"asInt\":\"3\""), std::string::npos);
    auto const page = httplib::Client("127.0.0.1", report.scrape.port).Get("/metrics");
    ASSERT_TRUE(page);
    EXPECT_EQ(test::value_of(page->body, "hits_total"), "3");
    EXPECT_NE(page->body.find("target_info{service_name=\"ogx\""), std::string::npos);
    EXPECT_EQ(t.endpoint()->respond({"GET", ""}).status(), 404);  // the listener answers, not the program's server
}

// R14, R15: what is wrong with one way out leaves the other alone.
TEST(telemetry, lets_each_way_out_fail_alone) {
    test::heard heard;
    shop s;
    tacho::memory_transport transport;
    auto bad_port = tacho::telemetry::start(
        s.registry,
        read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OGX_PROMETHEUS_ENABLED", "1"}, {"OGX_METRICS_PORT", "x"}}),
        transport, tacho::httplib_listener{});
    EXPECT_TRUE(bad_port.report().push.running);
    EXPECT_FALSE(bad_port.report().scrape.running);
    EXPECT_EQ(bad_port.report().scrape.words,
              "not listening: OGX_METRICS_PORT=\"x\" is not a port; write a number from 0 to 65535");
    shop other;
    auto bad_url = tacho::telemetry::start(other.registry,
                                           read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "c:4318"},
                                                 {"OGX_PROMETHEUS_ENABLED", "1"},
                                                 {"OTEL_METRIC_EXPORT_INTERVAL", "abc"}}),
                                           transport, tacho::own_server{});
    EXPECT_FALSE(bad_url.report().push.running);
    EXPECT_TRUE(bad_url.report().push.words.starts_with("not pushing: OTEL_EXPORTER_OTLP_ENDPOINT=\"c:4318\""));
    EXPECT_EQ(bad_url.endpoint()->respond({"GET", ""}).status(), 200);
    EXPECT_EQ(bad_url.report().warnings.size(), 1u);
}

TEST(telemetry, says_what_is_missing_and_how_to_get_it) {
    test::heard heard;
    shop s;
    auto const t = tacho::telemetry::start(
        s.registry, read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OGX_PROMETHEUS_ENABLED", "1"}}));
    EXPECT_NE(t.report().push.words.find("tacho/adapter/curl.hpp"), std::string::npos) << t.report().text();
    EXPECT_NE(t.report().scrape.words.find("tacho/adapter/httplib.hpp"), std::string::npos);
}

struct plain_transport {
    static bool can_send(std::string_view scheme) noexcept { return scheme == "http"; }
    static tacho::http_outcome post(tacho::http_post const&, tacho::deadline const&) { return {.status = 200}; }
};

TEST(telemetry, finds_at_start_that_a_transport_cannot_do_https) {
    test::heard heard;
    shop s;
    auto const t = tacho::telemetry::start(s.registry, read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:pw@c"}}),
                                           plain_transport{});
    EXPECT_EQ(t.report().push.words,
              "not pushing to https://***@c/v1/metrics (OTEL_EXPORTER_OTLP_ENDPOINT): the transport can't send https; "
              "use one that can, or another endpoint");
}

TEST(telemetry, asks_whether_http_is_meant) {
    test::heard heard;
    shop s;
    auto const t =
        tacho::telemetry::start(s.registry, read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "htp://c"}}), plain_transport{});
    EXPECT_EQ(t.report().push.words,
              "not pushing to htp://c/v1/metrics (OTEL_EXPORTER_OTLP_ENDPOINT): the transport can't send htp; use one "
              "that can, or another endpoint. Is http meant?");
}

struct safe_transport {
    static bool can_send(std::string_view scheme) noexcept { return scheme == "https"; }
    static tacho::http_outcome post(tacho::http_post const&, tacho::deadline const&) { return {.status = 200}; }
};

TEST(telemetry, suggests_a_scheme_only_if_the_transport_can_send_it) {
    test::heard heard;
    shop s;
    auto const words_of = [&](std::string const& scheme) {
        tacho::settings by_program;
        by_program.push.enabled = true;
        by_program.push.url = scheme + "://c";
        auto const t = tacho::telemetry::start(s.registry, by_program, safe_transport{});
        return std::string{t.report().push.words};
    };
    EXPECT_EQ(words_of("http"),
              "not pushing to http://c: the transport can't send http; use one that can, or another endpoint");
    auto const by_default =
        tacho::telemetry::start(s.registry, read({{"OTEL_METRICS_EXPORTER", "otlp"}}), safe_transport{});
    EXPECT_EQ(by_default.report().push.words,
              "not pushing to http://localhost:4318/v1/metrics: the transport can't send http; use one that can, or "
              "another endpoint");
    EXPECT_EQ(words_of("htp"),
              "not pushing to htp://c: the transport can't send htp; use one that can, or another endpoint. Is https "
              "meant?");
}

// R16
TEST(telemetry, started_twice_runs_once_and_is_extended) {
    shop s;
    tacho::memory_transport first, second;
    auto const push_only = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}});
    auto a = tacho::telemetry::start(s.registry, push_only, first);
    {
        auto b = tacho::telemetry::start(s.registry,
                                         read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://d"},
                                               {"OGX_PROMETHEUS_ENABLED", "1"},
                                               {"OGX_METRICS_PORT", "0"}}),
                                         second, tacho::httplib_listener{});
        EXPECT_EQ(b.report().push.words, "pushing to http://c/v1/metrics every 60000 ms");
        EXPECT_TRUE(b.report().scrape.running);
    }
    EXPECT_TRUE(a.report().scrape.running);
    ASSERT_TRUE(a.flush());
    EXPECT_EQ(first.requests().size(), 1u);
    EXPECT_EQ(second.requests().size(), 0u);
}

// R16: a web server mounts the endpoint once; whoever asks for scrapes later is answered there.
TEST(telemetry, enables_and_disables_the_endpoint_that_is_mounted_already) {
    shop s;
    auto first = tacho::telemetry::start(s.registry, read({}), tacho::memory_transport{}, tacho::own_server{});
    auto const mounted = first.endpoint();
    EXPECT_EQ(mounted->respond({"GET", ""}).status(), 404);
    auto const enabled = read({{"OGX_PROMETHEUS_ENABLED", "1"}});
    auto second = tacho::telemetry::start(s.registry, enabled, tacho::memory_transport{}, tacho::own_server{});
    EXPECT_EQ(mounted->respond({"GET", ""}).status(), 200);
    second.stop();
    EXPECT_EQ(mounted->respond({"GET", ""}).status(), 404);
    EXPECT_EQ(first.report().scrape.words, "stopped");
    first = tacho::telemetry::start(s.registry, enabled, tacho::memory_transport{}, tacho::own_server{});
    EXPECT_EQ(mounted->respond({"GET", ""}).status(), 200);
}

// The hook is called while nothing is locked.
TEST(telemetry, may_be_asked_for_its_report_by_the_error_hook) {
    static std::optional<tacho::telemetry> running;
    static int asked = 0;
    shop s;
    running.emplace(tacho::telemetry::start(s.registry, read({}), tacho::memory_transport{}));
    auto* const before = tacho::set_error_hook([](tacho::severity, std::string_view) noexcept {
        static_cast<void>(running->report());
        ++asked;
    });
    auto const t = tacho::telemetry::start(
        s.registry, read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "none"}, {"OTEL_METRIC_EXPORT_INTERVAL", "x"}}),
        tacho::memory_transport{});
    tacho::set_error_hook(before);
    EXPECT_EQ(asked, 2);
    running.reset();
}

TEST(telemetry, started_again_counts_no_delta_twice) {
    shop s;
    tacho::memory_transport transport;
    auto const deltas = read(
        {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"}});
    auto first = tacho::telemetry::start(s.registry, deltas, transport);
    s.hits.inc(5);
    first.stop();
    auto second = tacho::telemetry::start(s.registry, deltas, transport);
    s.hits.inc(1);
    ASSERT_TRUE(second.flush());
    ASSERT_EQ(transport.requests().size(), 2u);
    EXPECT_NE(transport.requests()[1].body.find("\"asInt\":\"1\""), std::string::npos) << transport.requests()[1].body;
}

TEST(telemetry, may_be_stopped_by_the_error_hook) {
    static std::optional<tacho::telemetry> running;
    static std::atomic<int> heard{0};
    shop s;
    tacho::memory_transport transport;
    running.emplace(
        tacho::telemetry::start(s.registry, read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}}), transport));
    auto* const before = tacho::set_error_hook([](tacho::severity, std::string_view) noexcept {
        if (++heard == 1) running->stop();
    });
    transport.answer_with({.status = 400});
    s.hits.inc();
    static_cast<void>(
        running->flush());  // true if the last push was quick enough: it brings what the first one did not
    running->stop();        // waits for the last push
    tacho::set_error_hook(before);
    EXPECT_EQ(heard, 1);
    EXPECT_EQ(transport.requests().size(), 2u);
    running.reset();
}

// Its thread would wait for itself; who stops it next waits for the end.
TEST(a_listener, may_be_stopped_by_a_callback_of_its_own_scrape) {
    tacho::registry registry;
    std::optional<tacho::telemetry> running;
    tacho::observable_gauge<"calls"> calls{registry, "", [&, n = 0]() mutable {
                                               running->stop();
                                               return ++n;
                                           }};
    running.emplace(tacho::telemetry::start(registry,
                                            read({{"OGX_PROMETHEUS_ENABLED", "1"}, {"OGX_METRICS_PORT", "0"}}),
                                            tacho::no_transport{}, tacho::httplib_listener{}));
    ASSERT_TRUE(running->report().scrape.running) << running->report().text();
    httplib::Client client{"127.0.0.1", running->report().scrape.port};
    auto const page = client.Get("/metrics");
    ASSERT_TRUE(page);
    EXPECT_NE(page->body.find("\ncalls 1\n"), std::string::npos) << page->body;
    EXPECT_EQ(running->report().scrape.words, "stopped");
    running->stop();
    EXPECT_FALSE(client.Get("/metrics"));
    running.reset();
}

// What listened before is still under way then, on the very thread that would wait for its end.
TEST(a_listener, is_not_started_again_by_a_callback_of_a_scrape_of_the_one_before) {
    test::heard heard;
    tacho::registry registry;
    std::optional<tacho::telemetry> running;
    auto const start = [&] {
        return tacho::telemetry::start(registry, read({{"OGX_PROMETHEUS_ENABLED", "1"}, {"OGX_METRICS_PORT", "0"}}),
                                       tacho::no_transport{}, tacho::httplib_listener{});
    };
    tacho::observable_gauge<"calls"> calls{registry, "", [&] {
                                               running->stop();
                                               return static_cast<int>(start().report().scrape.running);
                                           }};
    running.emplace(start());
    auto const page = httplib::Client{"127.0.0.1", running->report().scrape.port}.Get("/metrics");
    ASSERT_TRUE(page);
    EXPECT_NE(page->body.find("\ncalls 0\n"), std::string::npos) << page->body;
    EXPECT_EQ(heard.text(),
              "error: not listening: what listened before has not ended yet; start once stop() has returned\n");
    running->stop();
    running.emplace(start());
    EXPECT_TRUE(running->report().scrape.running) << running->report().text();
    running->stop();
    running.reset();
}

// There it waits for nobody; who starts telemetry next waits for what it stopped.
TEST(a_listener, is_started_again_after_a_callback_of_a_push_has_stopped_it) {
    test::heard const heard;
    tacho::registry registry;
    std::optional<tacho::telemetry> running;
    std::atomic<bool> stopped{false};
    tacho::observable_gauge<"calls"> calls{registry, "", [&, n = 0]() mutable {
                                               if (++n == 1) {
                                                   running->stop();
                                                   stopped = true;
                                               }
                                               return n;
                                           }};
    auto const start = [&] {
        return tacho::telemetry::start(registry,
                                       read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                                             {"OGX_PROMETHEUS_ENABLED", "1"},
                                             {"OGX_METRICS_PORT", "0"}}),
                                       tacho::memory_transport{}, tacho::httplib_listener{});
    };
    running.emplace(start());
    static_cast<void>(running->flush());
    ASSERT_TRUE(test::wait_until([&] { return stopped.load(); }));
    auto const port = running->report().scrape.port;
    auto const again = start();
    EXPECT_TRUE(again.report().scrape.running) << again.report().text();
    EXPECT_EQ(port, 0);
}

// The thread that it would have listened by has to end there as well.
TEST(a_listener, says_on_the_thread_of_a_push_that_its_port_is_in_use) {
    test::heard const heard;
    tacho::registry registry, other;
    tacho::httplib_listener first;
    auto const port = first.start("127.0.0.1", 0, std::make_shared<tacho::endpoint>(registry));
    ASSERT_TRUE(port);
    std::string said;
    tacho::observable_gauge<"calls"> calls{registry, "", [&] {
                                               auto s = read({{"OGX_PROMETHEUS_ENABLED", "1"}});
                                               s.scrape.port = *port;
                                               said = tacho::telemetry::start(other, s, tacho::no_transport{},
                                                                              tacho::httplib_listener{})
                                                          .report()
                                                          .scrape.words;
                                               return 1;
                                           }};
    tacho::pusher pusher{registry, {.interval = std::chrono::hours{1}}, tacho::memory_transport{}};
    EXPECT_TRUE(pusher.flush());
    pusher.stop();
    EXPECT_NE(said.find("Address already in use"), std::string::npos) << said;
}

// Nor does it wait for another thread that stops the listener, and waits for the scrape.
TEST(a_listener, may_be_stopped_by_a_callback_while_another_thread_stops_it) {
    tacho::registry registry;
    std::optional<tacho::telemetry> running;
    std::atomic<bool> came{false};
    tacho::observable_gauge<"calls"> calls{
        registry, "", [&] {
            came = true;
            EXPECT_TRUE(test::wait_until([&] { return running->report().scrape.words == "stopped"; }));
            running->stop();
            return 1;
        }};
    running.emplace(tacho::telemetry::start(registry,
                                            read({{"OGX_PROMETHEUS_ENABLED", "1"}, {"OGX_METRICS_PORT", "0"}}),
                                            tacho::no_transport{}, tacho::httplib_listener{}));
    auto const port = running->report().scrape.port;
    std::thread scraper{[&] { EXPECT_TRUE(httplib::Client("127.0.0.1", port).Get("/metrics")); }};
    EXPECT_TRUE(test::wait_until([&] { return came.load(); }));
    running->stop();
    scraper.join();
    running.reset();
}

// R17
TEST(telemetry, pushes_once_more_when_it_ends) {
    shop s;
    tacho::memory_transport transport;
    {
        auto const t =
            tacho::telemetry::start(s.registry, read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}}), transport);
        s.hits.inc(8);
    }
    ASSERT_EQ(transport.requests().size(), 1u);
    EXPECT_NE(transport.requests()[0].body.find("\"asInt\":\"8\""), std::string::npos);
}

}  // namespace
