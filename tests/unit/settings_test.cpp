// SPDX-License-Identifier: MIT
#include "tacho/env/settings.hpp"
#include "support/variable.hpp"
#include "tacho/env/flag.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <string_view>

namespace {

using variables = std::map<std::string, std::string>;
using std::chrono::milliseconds;

tacho::settings read(variables v) {
    return tacho::settings::from_environment({.prefix = "OGX", .service_name = "ogx"},
                                             tacho::env::source{std::move(v)});
}
std::string warnings_of(tacho::settings const& s) {
    std::string out;
    for (auto const& w : s.warnings) out += w + "\n";
    return out;
}
std::string attribute(tacho::settings const& s, std::string_view key) {
    for (auto const& a : s.about)
        if (a.key == key) return a.value;
    return "(none)";
}

// R3
TEST(a_flag, is_true_for_four_words_in_any_case_and_with_blanks) {
    for (auto const yes : {"1", "true", "TRUE", "Yes", "on", " On ", "\tyes\n"})
        EXPECT_TRUE(tacho::env::is_truthy(yes)) << yes;
    for (auto const no : {"", "0", "false", "no", "off", "  ", "y", "2", "true!", "t rue"})
        EXPECT_FALSE(tacho::env::is_truthy(no)) << no;
    {
        test::variable const on{"TACHO_TEST_FLAG", " On "};
        EXPECT_TRUE(tacho::env::flag("TACHO_TEST_FLAG"));
    }
    EXPECT_FALSE(tacho::env::flag("TACHO_TEST_FLAG"));
}

// R2
TEST(settings, export_nothing_unless_asked) {
    auto const s = read({});
    EXPECT_FALSE(s.push.enabled);
    EXPECT_FALSE(s.scrape.enabled);
    EXPECT_TRUE(s.warnings.empty());
    EXPECT_EQ(s.push.interval, milliseconds{60000});
    EXPECT_EQ(s.push.timeout, milliseconds{10000});
}

TEST(settings, come_from_the_process_by_default) {
    test::variable const endpoint{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://from.process:1"};
    EXPECT_EQ(tacho::settings::from_environment().push.url, "http://from.process:1/v1/metrics");
}

// R2, CONFORMANCE 191
TEST(the_push, is_on_when_an_endpoint_is_set_and_not_empty) {
    EXPECT_TRUE(read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}}).push.enabled);
    EXPECT_TRUE(read({{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4318"}}).push.enabled);
    EXPECT_FALSE(read({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}}).push.enabled);
    EXPECT_FALSE(read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "  "}}).push.enabled);
}

// DESIGN: the list of exporters goes before the endpoint.
TEST(the_list_of_exporters, decides_when_it_is_set) {
    variables const endpoint{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}, {"OGX_PROMETHEUS_ENABLED", "1"}};
    auto const with = [&](char const* exporters) {
        auto v = endpoint;
        v["OTEL_METRICS_EXPORTER"] = exporters;
        return read(v);
    };
    EXPECT_TRUE(with("otlp").push.enabled);
    EXPECT_FALSE(with("prometheus").push.enabled);
    EXPECT_TRUE(with(" Prometheus , OTLP,").push.enabled);
    EXPECT_FALSE(with("none").push.enabled);
    EXPECT_FALSE(with("none").scrape.enabled);
    EXPECT_TRUE(read({{"OTEL_METRICS_EXPORTER", "otlp"}}).push.enabled);
    EXPECT_EQ(read({{"OTEL_METRICS_EXPORTER", "otlp"}}).push.url, "http://localhost:4318/v1/metrics");
    EXPECT_TRUE(read({{"OTEL_METRICS_EXPORTER", "prometheus"}}).scrape.enabled);
    EXPECT_NE(warnings_of(with("zipkin")).find("OTEL_METRICS_EXPORTER lists \"zipkin\""), std::string::npos);
}

// CONFORMANCE 192
TEST(the_url, that_is_none_is_shown_without_a_password_too) {
    auto const s = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "user:secret@host:4318"}});
    EXPECT_EQ(s.push.problem.find("secret"), std::string::npos) << s.push.problem;
    EXPECT_NE(s.push.problem.find("@host:4318"), std::string::npos);
}

TEST(settings, say_why_a_way_out_is_off) {
    EXPECT_EQ(read({}).push.why_off, "no OTLP endpoint is set (OTEL_EXPORTER_OTLP_ENDPOINT)");
    EXPECT_EQ(read({}).scrape.why_off, "not enabled; OGX_PROMETHEUS_ENABLED=1 does that");
    EXPECT_EQ(tacho::settings::from_environment({}, tacho::env::source{{}}).scrape.why_off,
              "not enabled; OTEL_METRICS_EXPORTER=prometheus does that");
    EXPECT_EQ(read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_METRICS_EXPORTER", "prometheus"}}).push.why_off,
              "OTEL_METRICS_EXPORTER does not list otlp");
    auto const disabled = read({{"OTEL_SDK_DISABLED", "true"}, {"OGX_PROMETHEUS_ENABLED", "1"}});
    EXPECT_EQ(disabled.push.why_off, "OTEL_SDK_DISABLED is true");
    EXPECT_EQ(disabled.scrape.why_off, "OTEL_SDK_DISABLED is true");
    EXPECT_EQ(read({{"OTEL_METRICS_EXPORTER", "none"}}).scrape.why_off, "OTEL_METRICS_EXPORTER lists none");
}

// R3
TEST(settings, warn_of_a_flag_that_is_neither_yes_nor_no) {
    for (auto const* unclear : {"enabled", "y", "2"}) {
        auto const s = read({{"OGX_PROMETHEUS_ENABLED", unclear}});
        EXPECT_FALSE(s.scrape.enabled);
        ASSERT_EQ(s.warnings.size(), 1u) << unclear;
        EXPECT_NE(s.warnings[0].find("OGX_PROMETHEUS_ENABLED=\"" + std::string{unclear} + "\" is neither yes nor no"),
                  std::string::npos);
    }
    for (auto const* no : {"", " ", "0", "False", "no", "OFF"})
        EXPECT_TRUE(read({{"OGX_PROMETHEUS_ENABLED", no}}).warnings.empty()) << no;
}

TEST(the_sdk, is_disabled_by_the_word_true_alone) {
    variables v{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}, {"OGX_PROMETHEUS_ENABLED", "1"}};
    v["OTEL_SDK_DISABLED"] = "TRUE";
    EXPECT_FALSE(read(v).push.enabled);
    EXPECT_FALSE(read(v).scrape.enabled);
    v["OTEL_SDK_DISABLED"] = "1";
    EXPECT_TRUE(read(v).push.enabled);
    EXPECT_NE(warnings_of(read(v)).find("OTEL_SDK_DISABLED=\"1\""), std::string::npos);
    v["OTEL_SDK_DISABLED"] = "False";
    EXPECT_TRUE(warnings_of(read(v)).empty());
}

// CONFORMANCE 158, 198
TEST(the_url, is_joined_to_a_base_and_taken_as_it_is_for_metrics) {
    auto const generic = [](char const* url) { return read({{"OTEL_EXPORTER_OTLP_ENDPOINT", url}}).push.url; };
    EXPECT_EQ(generic("http://c:4318"), "http://c:4318/v1/metrics");
    EXPECT_EQ(generic("http://c:4318/"), "http://c:4318/v1/metrics");
    EXPECT_EQ(generic("http://c:4318/mycollector"), "http://c:4318/mycollector/v1/metrics");
    EXPECT_EQ(generic("http://c:4318/mycollector/"), "http://c:4318/mycollector/v1/metrics");
    EXPECT_EQ(generic("http://c:4318?key=a/b"), "http://c:4318/v1/metrics?key=a/b");
    EXPECT_EQ(generic("http://c:4318/d/?key=a#e?f"), "http://c:4318/d/v1/metrics?key=a");
    EXPECT_EQ(generic("http://c:4318/d#e"), "http://c:4318/d/v1/metrics");
    EXPECT_EQ(read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c/v1/metrics?key=a"}}).warnings.size(), 1u);
    EXPECT_EQ(read({{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c?key=a"}}).warnings.size(), 1u);
    auto const specific = [](char const* url) {
        return read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://other"}, {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", url}})
            .push.url;
    };
    EXPECT_EQ(specific("http://c:4318"), "http://c:4318/");
    EXPECT_EQ(specific("https://c.example/v1/metrics/"), "https://c.example/v1/metrics/");
}

TEST(the_url, that_is_none_is_the_problem_of_the_push_alone) {
    for (auto const bad : {"localhost:4318", "http://", "://c", "http://:4318", "http://a b", "/v1/metrics"}) {
        auto const s = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", bad}, {"OGX_PROMETHEUS_ENABLED", "1"}});
        EXPECT_NE(s.push.problem.find(std::string{"OTEL_EXPORTER_OTLP_ENDPOINT=\""} + bad + "\""), std::string::npos)
            << bad;
        EXPECT_NE(s.push.problem.find("http://host:port"), std::string::npos);
        EXPECT_TRUE(s.scrape.enabled);
        EXPECT_TRUE(s.scrape.problem.empty());
    }
}

TEST(the_url, that_lacks_its_scheme_is_asked_whether_http_is_meant) {
    auto const problem = [](char const* url) {
        return read({{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", url}}).push.problem;
    };
    EXPECT_TRUE(problem("127.0.0.1:4318/v1/metrics").ends_with(". Is \"http://127.0.0.1:4318/v1/metrics\" meant?"));
    EXPECT_TRUE(problem("[::1]:4318").ends_with(". Is \"http://[::1]:4318\" meant?"));
    for (auto const other : {"http://", "://c", "c:99999", "a b", "none", "http:/c:4318", "http//c:4318", "unix:/run/c",
                             "c:4318?key=s", "me:pw@c:4318", "[::1]"})
        EXPECT_EQ(problem(other).find("meant?"), std::string::npos) << other;
}

// Neither in what is wrong with it, nor in what is listed.
TEST(the_url, tells_no_secret_where_it_is_none) {
    for (std::string const url :
         {"https:/me:5ecret@c", "me/5ecret@c", "me:/5ecret@c:4318", "me:123/5ecret@c", "c:4318/v1/metrics?key=5ecret",
          "me:5ecret@c:4318/v1?key=5ecret", "http://c:99999/v1?key=5ecret", "http://c/v1?key=5e cret 5ecret",
          "http:///c?5ecret", "http://me:p/w@c/v1?key=5ecret", "http://c/v1#token=5ecret", "c:1#5ecret"}) {
        auto const s = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", url}});
        EXPECT_EQ((s.push.problem + warnings_of(s) + s.text()).find("5ecret"), std::string::npos)
            << url << '\n'
            << s.push.problem << warnings_of(s) << s.text();
    }
}

TEST(the_url, is_shown_without_a_password) {
    EXPECT_EQ(tacho::env::without_credentials("http://me:secret@c:4318/x"), "http://***@c:4318/x");
    EXPECT_EQ(tacho::env::without_credentials("http://c:4318/x"), "http://c:4318/x");
    EXPECT_EQ(tacho::env::without_credentials("http://[::ab]/x@y"), "http://[::ab]/x@y");
    EXPECT_EQ(tacho::env::without_credentials("http://c:4318/x@y"), "http://c:4318/x@y");
    EXPECT_EQ(tacho::env::without_credentials("http://c/x?key=secret#f"), "http://c/x?***");
    EXPECT_EQ(tacho::env::without_credentials("http://me:secret@c?key=secret"), "http://***@c?***");
    // A password that should have been percent-encoded.
    for (std::string const url :
         {"http://me:sec/ret@c", "http://me:sec?ret@c", "http://me:s#cret@c/x", "http://me:sec/r:e@t@c"})
        EXPECT_EQ(tacho::env::without_credentials(url), "***" + url.substr(url.rfind('@'))) << url;
}

TEST(the_host, of_an_address_of_ipv6_may_have_brackets) {
    auto const host = [](char const* written) { return read({{"OGX_METRICS_HOST", written}}).scrape.host; };
    EXPECT_EQ(host("[::1]"), "::1");
    for (auto const other : {"127.0.0.1", "localhost", "::1", "fe80::1%eth0", "my_host", "[]", "[::1]:9000"})
        EXPECT_EQ(host(other), other);
}

TEST(the_port, of_grpc_is_warned_of_where_something_is_pushed) {
    auto const warnings = [](variables const& from) { return warnings_of(read(from)); };
    auto const endpoint = std::pair{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:5ecret@c:4317"};
    EXPECT_EQ(warnings({endpoint}),
              "OTEL_EXPORTER_OTLP_ENDPOINT=\"http://***@c:4317\" has the port on which receivers mostly take gRPC; the "
              "one for http/json, which is sent, is mostly 4318\n");
    EXPECT_EQ(warnings({endpoint, {"OTEL_METRICS_EXPORTER", "prometheus"}}), "");
    EXPECT_EQ(warnings({endpoint, {"OTEL_SDK_DISABLED", "true"}}), "");
    EXPECT_EQ(warnings({endpoint, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).find("has the port"), std::string::npos);
}

TEST(the_prefix, that_no_shell_can_set_is_warned_of) {
    auto const warnings = [](char const* prefix) {
        return warnings_of(tacho::settings::from_environment({.prefix = prefix}, tacho::env::source{{}}));
    };
    for (auto const fit : {"", "SHOP", "shop_2", "_SHOP"}) EXPECT_EQ(warnings(fit), "") << fit;
    EXPECT_TRUE(warnings("job-queue").ends_with(", as in job_queue\n")) << warnings("job-queue");
    EXPECT_TRUE(warnings("9Q").ends_with(", as in Q\n")) << warnings("9Q");
    EXPECT_TRUE(warnings("SHOP_").ends_with(", as in SHOP\n")) << warnings("SHOP_");
    EXPECT_TRUE(warnings("-").ends_with("take letters, digits and _\n")) << warnings("-");
}

// R14, CONFORMANCE 193
TEST(an_interval, that_cannot_be_used_warns_and_leaves_the_default) {
    for (auto const bad : {"abc", "60.5", "-1", "2147483648", "1s", "0x10", "99999999999999999999"}) {
        auto const s = read({{"OTEL_METRIC_EXPORT_INTERVAL", bad}, {"OGX_PROMETHEUS_ENABLED", "1"}});
        EXPECT_EQ(s.push.interval, milliseconds{60000});
        ASSERT_EQ(s.warnings.size(), 1u);
        EXPECT_EQ(s.warnings[0], std::string{"OTEL_METRIC_EXPORT_INTERVAL=\""} + bad +
                                     "\" is not a whole number of milliseconds from 0 to 2147483647, as 15000 is for "
                                     "15 s; 60000 ms is used instead");
        EXPECT_TRUE(s.scrape.enabled);
    }
    EXPECT_EQ(read({{"OTEL_METRIC_EXPORT_INTERVAL", " 250 "}}).push.interval, milliseconds{250});
    EXPECT_EQ(read({{"OTEL_METRIC_EXPORT_INTERVAL", "0"}}).push.interval, milliseconds{60000});
}

// CONFORMANCE 186, 193
TEST(a_timeout, of_zero_is_none_and_the_shorter_of_two_counts) {
    auto const timeout = [](variables v) { return read(std::move(v)).push.timeout.count(); };
    EXPECT_EQ(timeout({{"OTEL_EXPORTER_OTLP_TIMEOUT", "1500"}}), 1500);
    EXPECT_EQ(timeout({{"OTEL_EXPORTER_OTLP_TIMEOUT", "1500"}, {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "500"}}), 500);
    EXPECT_EQ(timeout({{"OTEL_METRIC_EXPORT_TIMEOUT", "100"}}), 100);
    EXPECT_EQ(timeout({{"OTEL_EXPORTER_OTLP_TIMEOUT", "0"}}), 30000);
    EXPECT_EQ(timeout({{"OTEL_EXPORTER_OTLP_TIMEOUT", "0"}, {"OTEL_METRIC_EXPORT_TIMEOUT", "0"}}), 0);
}

// CONFORMANCE 163, 196
TEST(headers, are_decoded_and_bad_ones_left_out_without_showing_a_value) {
    auto const s =
        read({{"OTEL_EXPORTER_OTLP_HEADERS", "api-key=se%2Ccret , bad, x = y%20z ,=v,p=%zz,,token=topsecret%"}});
    ASSERT_EQ(s.push.headers.size(), 2u);
    EXPECT_EQ(s.push.headers[0].key + "|" + s.push.headers[0].value, "api-key|se,cret");
    EXPECT_EQ(s.push.headers[1].key + "|" + s.push.headers[1].value, "x|y z");
    EXPECT_EQ(s.warnings.size(), 4u);
    EXPECT_EQ(warnings_of(s).find("secret"), std::string::npos);
}

// CONFORMANCE 163: a header must not begin another, nor contradict what the exporter says of its body.
TEST(headers, that_would_break_a_request_are_left_out) {
    auto const s = read({{"OTEL_EXPORTER_OTLP_HEADERS",
                          "a=1%0d%0aEvil: 1,b=2%00,content-Type=text/plain,Host=x,c d=3,%C3%A9=4,good=5,Good=6%09"}});
    ASSERT_EQ(s.push.headers.size(), 1u) << warnings_of(s);
    EXPECT_EQ(s.push.headers[0].key + "|" + s.push.headers[0].value, "Good|6\t");
    ASSERT_EQ(s.warnings.size(), 6u);
    EXPECT_EQ(s.warnings[0],
              "OTEL_EXPORTER_OTLP_HEADERS has the header \"a\", which is left out: its value has a line end or another "
              "control character in it; take that out");
    EXPECT_EQ(
        s.warnings[2],
        "OTEL_EXPORTER_OTLP_HEADERS has the header \"content-Type\", which is left out: it is for the exporter to "
        "set; take it out");
}

// R13, CONFORMANCE 151, 153
TEST(a_resource, names_the_service_and_takes_what_the_environment_adds) {
    EXPECT_EQ(attribute(read({}), "service.name"), "ogx");
    EXPECT_EQ(attribute(read({}), "telemetry.sdk.name"), "tacho");
    EXPECT_EQ(attribute(read({}), "telemetry.sdk.language"), "cpp");
    EXPECT_EQ(attribute(read({{"OTEL_SERVICE_NAME", "shop"}}), "service.name"), "shop");
    auto const s = read({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=list,region = eu%2Cwest,empty="}});
    EXPECT_EQ(attribute(s, "service.name"), "list");
    EXPECT_EQ(attribute(s, "region"), "eu,west");
    EXPECT_EQ(attribute(s, "empty"), "");
    EXPECT_EQ(attribute(read({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=list"}, {"OTEL_SERVICE_NAME", "var"}}),
                        "service.name"),
              "var");
}

// CONFORMANCE 154
TEST(a_resource, ignores_all_of_a_list_with_one_mistake_in_it) {
    for (auto const bad : {"a=b,c", "a=b,=c", "a=%4", "a=%GG"}) {
        auto const s = read({{"OTEL_RESOURCE_ATTRIBUTES", bad}});
        EXPECT_EQ(attribute(s, "a"), "(none)");
        EXPECT_NE(warnings_of(s).find("all of OTEL_RESOURCE_ATTRIBUTES is ignored"), std::string::npos);
    }
}

// CONFORMANCE 152
TEST(a_service_without_a_name, is_called_after_its_executable) {
    auto const s = tacho::settings::from_environment({}, tacho::env::source{variables{}});
#if defined(__linux__)
    EXPECT_TRUE(attribute(s, "service.name").starts_with("unknown_service:")) << attribute(s, "service.name");
#else
    EXPECT_EQ(attribute(s, "service.name"), "unknown_service");  // which the specification allows, too
#endif
}

// R15
TEST(the_listener, takes_its_own_variables_before_those_of_opentelemetry) {
    auto s = read({});
    EXPECT_EQ(s.scrape.host, "127.0.0.1");
    EXPECT_EQ(s.scrape.port, 9464);
    EXPECT_FALSE(s.scrape.own_port);
    s = read({{"OTEL_EXPORTER_PROMETHEUS_HOST", "0.0.0.0"}, {"OTEL_EXPORTER_PROMETHEUS_PORT", "1"}});
    EXPECT_EQ(s.scrape.host, "0.0.0.0");
    EXPECT_EQ(s.scrape.port, 1);
    s = read({{"OTEL_EXPORTER_PROMETHEUS_PORT", "1"}, {"OGX_METRICS_PORT", "2"}, {"OGX_METRICS_HOST", "::1"}});
    EXPECT_EQ(s.scrape.port, 2);
    EXPECT_EQ(s.scrape.host, "::1");
    EXPECT_TRUE(s.scrape.own_port);
    EXPECT_EQ(read({{"OGX_METRICS_PORT", "  "}}).scrape.port, 9464);
}

// R15
TEST(the_listener, has_a_problem_when_its_port_is_none_and_nothing_else_has) {
    for (auto const bad : {"99999", "-1", "http", "80.5"}) {
        auto const s = read({{"OGX_METRICS_PORT", bad}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}});
        EXPECT_EQ(s.scrape.problem,
                  std::string{"OGX_METRICS_PORT=\""} + bad + "\" is not a port; write a number from 0 to 65535");
        EXPECT_TRUE(s.push.problem.empty());
        EXPECT_TRUE(s.warnings.empty());
    }
}

// CONFORMANCE 194, 132
TEST(a_word, is_known_in_any_case_or_ignored_with_a_warning) {
    auto const preference = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    EXPECT_EQ(read({{preference, "DELTA"}}).push.temporality, tacho::temporality_preference::delta);
    EXPECT_EQ(read({{preference, "LowMemory"}}).push.temporality, tacho::temporality_preference::lowmemory);
    EXPECT_EQ(read({{preference, "sideways"}}).push.temporality, tacho::temporality_preference::cumulative);
    EXPECT_NE(warnings_of(read({{preference, "sideways"}})).find("Known are cumulative, delta, lowmemory"),
              std::string::npos);
}

// DESIGN: what is not offered is said, and http/json is sent.
TEST(what_is_not_offered, is_said_by_name) {
    EXPECT_NE(warnings_of(read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}})).find("OTEL_EXPORTER_OTLP_PROTOCOL=\"grpc\""),
              std::string::npos);
    // Where a receiver of gRPC listens, no other protocol is taken.
    EXPECT_NE(warnings_of(read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}})).find("another port, mostly 4318"),
              std::string::npos);
    EXPECT_NE(warnings_of(read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}})).find("the same port"),
              std::string::npos);
    EXPECT_TRUE(warnings_of(read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}})).empty());
    EXPECT_NE(
        warnings_of(read({{"OTEL_EXPORTER_OTLP_COMPRESSION", "zip"}})).find("OTEL_EXPORTER_OTLP_COMPRESSION=\"zip\""),
        std::string::npos);
    for (std::string const name : {"OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"})
        EXPECT_TRUE(warnings_of(read({{name, "x.yaml"}})).starts_with(name + " is set"))
            << warnings_of(read({{name, "x.yaml"}}));
}

// RFC 3986, 3.2: what no push could ever reach is said at the start.
TEST(an_endpoint, has_a_host_and_a_port_if_any) {
    for (std::string const good : {"http://c", "http://c:1", "http://c:65535/x", "http://[::1]", "http://[::1]:80/x",
                                   "http://u:p@c:80", "http://c:", "http://c:0080"})
        EXPECT_EQ(read({{"OTEL_EXPORTER_OTLP_ENDPOINT", good}}).push.problem, "") << good;
    for (std::string const bad : {"http://c:0", "http://c:65536", "http://c:99999", "http://c:abc", "http://c:8o",
                                  "http://", "http://:80", "http://[", "http://[]", "http://[::1", "http://[::1]80",
                                  "http://a:1,http://b:2", "http://::1:80", "http://c:-1", "c:80"})
        EXPECT_NE(
            read({{"OTEL_EXPORTER_OTLP_ENDPOINT", bad}}).push.problem.find("is not a URL with a scheme, a host and"),
            std::string::npos)
            << bad;
}

// What can't be used is told as the problem; the URL beside it is the default, and says so.
TEST(an_endpoint, that_can_not_be_used_is_not_shown_as_where_the_default_came_from) {
    auto const text = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "c:80"}}).text();
    EXPECT_NE(text.find("push.url = \"http://localhost:4318/v1/metrics\" (default)\n"), std::string::npos) << text;
    auto const port = read({{"OGX_METRICS_PORT", "99999"}}).text();
    EXPECT_NE(port.find("scrape.port = 9464 (default)\n"), std::string::npos) << port;
}

// CONFORMANCE 158: a base is extended, the whole of a URL is taken as it stands, and either is easily given for
// the other.
TEST(an_endpoint, with_a_path_that_is_hardly_meant_is_said) {
    std::string const base = "OTEL_EXPORTER_OTLP_ENDPOINT", whole = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
    for (std::string const doubled : {"http://c:4318/v1/metrics", "http://c/x/v1/metrics/"}) {
        auto const said = warnings_of(read({{base, doubled}}));
        EXPECT_TRUE(said.starts_with(base + "=\"" + doubled + "\" is a base")) << said;
        EXPECT_EQ(warnings_of(read({{whole, doubled}})), "");
    }
    for (std::string const bare : {"http://c:4318", "http://c:4318/"}) {
        auto const said = warnings_of(read({{whole, bare}}));
        EXPECT_TRUE(said.starts_with(whole + "=\"" + bare + "\" has no path")) << said;
        EXPECT_EQ(warnings_of(read({{base, bare}})), "");
    }
}

// CONFORMANCE 6.2: OTEL_EXPORTER_OTLP_COMPRESSION
TEST(compression, is_gzip_when_it_is_asked_for) {
    EXPECT_EQ(read({}).push.compression, "");
    EXPECT_EQ(read({{"OTEL_EXPORTER_OTLP_COMPRESSION", "none"}}).push.compression, "");
    EXPECT_EQ(read({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}}).push.compression, "gzip");
    EXPECT_TRUE(warnings_of(read({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}})).empty());
    EXPECT_EQ(read({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}, {"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"}})
                  .push.compression,
              "");
}

// CONFORMANCE 6.2: OTEL_METRICS_EXPORTER, OTEL_METRIC_EXPORT_INTERVAL
TEST(the_console, is_written_to_when_it_is_listed) {
    EXPECT_FALSE(read({}).console.enabled);
    EXPECT_FALSE(read({{"OTEL_METRICS_EXPORTER", "otlp"}}).console.enabled);
    EXPECT_FALSE(read({{"OTEL_METRICS_EXPORTER", "console,none"}}).console.enabled);
    EXPECT_FALSE(read({{"OTEL_METRICS_EXPORTER", "console"}, {"OTEL_SDK_DISABLED", "true"}}).console.enabled);
    auto const alone = read({{"OTEL_METRICS_EXPORTER", "Console"}});
    EXPECT_TRUE(alone.console.enabled);
    EXPECT_TRUE(warnings_of(alone).empty());
    EXPECT_FALSE(alone.push.enabled);
    EXPECT_FALSE(alone.scrape.enabled);
    EXPECT_EQ(alone.console.interval, milliseconds{10000});
    auto const both = read({{"OTEL_METRICS_EXPORTER", "otlp,console"}, {"OTEL_METRIC_EXPORT_INTERVAL", "500"}});
    EXPECT_TRUE(both.push.enabled && both.console.enabled);
    EXPECT_EQ(both.console.interval, milliseconds{500});
    EXPECT_EQ(both.push.interval, milliseconds{500});
}

TEST(metrics_of_the_push, are_shown_when_it_is_said) {
    EXPECT_FALSE(read({}).push.metrics);
    EXPECT_TRUE(read({{"OGX_PUSH_METRICS_ENABLED", "yes"}}).push.metrics);
    EXPECT_FALSE(read({{"OGX_PUSH_METRICS_ENABLED", "off"}}).push.metrics);
    auto const unclear = read({{"OGX_PUSH_METRICS_ENABLED", "perhaps"}});
    EXPECT_FALSE(unclear.push.metrics);
    EXPECT_NE(warnings_of(unclear).find("OGX_PUSH_METRICS_ENABLED=\"perhaps\" is neither yes nor no; it counts as no"),
              std::string::npos);
    EXPECT_NE(read({{"OGX_PUSH_METRICS_ENABLED", "1"}}).text().find("push.metrics = yes (OGX_PUSH_METRICS_ENABLED)\n"),
              std::string::npos);
}

// CONFORMANCE 6.2: where the buckets of a histogram come from
TEST(the_default_aggregation, is_said_to_change_nothing) {
    std::string const name = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    EXPECT_TRUE(warnings_of(read({{name, "explicit_bucket_histogram"}})).empty());
    EXPECT_NE(warnings_of(read({{name, "base2_exponential_bucket_histogram"}})).find("changes nothing"),
              std::string::npos);
}

// Which settings count, and where each came from. CONFORMANCE 197: the program has the last word.
TEST(settings, say_where_they_came_from) {
    EXPECT_EQ(read({{"OTEL_RESOURCE_ATTRIBUTES", "a=b"}}).text(),
              "push.enabled = no (default)\n"
              "push.url = \"http://localhost:4318/v1/metrics\" (default)\n"
              "push.headers = none (default)\n"
              "push.interval = 60000 ms (default)\n"
              "push.timeout = 10000 ms (default)\n"
              "push.temporality = cumulative (default)\n"
              "push.compression = none (default)\n"
              "push.metrics = no (default)\n"
              "push.certificate = none (default)\n"
              "push.client_certificate = none (default)\n"
              "push.client_key = none (default)\n"
              "console.enabled = no (default)\n"
              "console.interval = 10000 ms (default)\n"
              "scrape.enabled = no (default)\n"
              "scrape.host = \"127.0.0.1\" (default)\n"
              "scrape.port = 9464 (default)\n"
              "scrape.created = no (default)\n"
              "scrape.metrics = yes (default)\n"
              "exemplars = as the registry says (default)\n"
              "about = service.name=\"ogx\", telemetry.sdk.language=\"cpp\", telemetry.sdk.name=\"tacho\", "
              "telemetry.sdk.version=\"" +
                  std::string{tacho::version} + "\", a=\"b\" (OTEL_RESOURCE_ATTRIBUTES)\n");

    auto s = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:secret@c:4318"},
                   {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret,x=secret"},
                   {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "y=secret"},
                   {"OTEL_METRIC_EXPORT_INTERVAL", "500"},
                   {"OTEL_EXPORTER_OTLP_TIMEOUT", "9000"},
                   {"OTEL_METRIC_EXPORT_TIMEOUT", "8000"},
                   {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "DELTA"},
                   {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                   {"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "/ca.pem"},
                   {"OTEL_METRICS_EXEMPLAR_FILTER", "always_off"},
                   {"OTEL_EXPORTER_PROMETHEUS_HOST", "::1"},
                   {"OGX_METRICS_PORT", "nonsense"},
                   {"OGX_PROMETHEUS_ENABLED", "on"}});
    s.push.interval = milliseconds{250};
    auto const text = s.text();
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
    for (auto const line :
         {"push.enabled = yes (OTEL_EXPORTER_OTLP_ENDPOINT)\n",
          "push.url = \"https://***@c:4318/v1/metrics\" (OTEL_EXPORTER_OTLP_ENDPOINT)\n",
          "push.headers = y, whose values are not shown (OTEL_EXPORTER_OTLP_METRICS_HEADERS)\n",
          "push.interval = 250 ms (set by the program)\n", "push.timeout = 8000 ms (OTEL_METRIC_EXPORT_TIMEOUT)\n",
          "push.temporality = delta (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE)\n",
          "push.compression = \"gzip\" (OTEL_EXPORTER_OTLP_COMPRESSION)\n",
          "push.certificate = \"/ca.pem\" (OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE)\n",
          "console.interval = 500 ms (OTEL_METRIC_EXPORT_INTERVAL)\n",
          "scrape.enabled = yes (OGX_PROMETHEUS_ENABLED)\n", "scrape.host = \"::1\" (OTEL_EXPORTER_PROMETHEUS_HOST)\n",
          "exemplars = always_off (OTEL_METRICS_EXEMPLAR_FILTER)\n",
          "scrape.problem = OGX_METRICS_PORT=\"nonsense\" is not a port; write a number from 0 to 65535 "
          "(OGX_METRICS_PORT)\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << "is not in\n" << text;

    EXPECT_NE(read({{"OTEL_SDK_DISABLED", "true"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}})
                  .text()
                  .find("push.enabled = no (OTEL_SDK_DISABLED)\n"),
              std::string::npos);
    EXPECT_NE(tacho::settings{}.text().find("push.enabled = no (set by the program)\n"), std::string::npos);
}

// A variable that is set is no origin of what it did not change.
TEST(settings, do_not_come_from_variables_that_could_not_be_used) {
    auto const says = [](variables v, std::string_view line) {
        auto const text = read(std::move(v)).text();
        EXPECT_NE(text.find(line), std::string::npos) << line << " is not in\n" << text;
    };
    auto const version = "telemetry.sdk.version=\"" + std::string{tacho::version} + "\" ";
    says({{"OTEL_RESOURCE_ATTRIBUTES", "a=b,bad"}}, version + "(default)\n");
    says({{"OTEL_RESOURCE_ATTRIBUTES", "a=b,bad"}, {"OTEL_SERVICE_NAME", "x"}}, version + "(OTEL_SERVICE_NAME)\n");
    says({{"OTEL_EXPORTER_OTLP_TIMEOUT", "60000"}}, "push.timeout = 30000 ms (default)\n");
    says({{"OTEL_EXPORTER_OTLP_TIMEOUT", "0"}}, "push.timeout = 30000 ms (default)\n");
    says({{"OTEL_EXPORTER_OTLP_TIMEOUT", "5"}}, "push.timeout = 5 ms (OTEL_EXPORTER_OTLP_TIMEOUT)\n");
    says({{"OTEL_EXPORTER_OTLP_TIMEOUT", "0"}, {"OTEL_METRIC_EXPORT_TIMEOUT", "7"}},
         "push.timeout = 7 ms (OTEL_METRIC_EXPORT_TIMEOUT)\n");
    says({{"OTEL_METRIC_EXPORT_INTERVAL", "0"}}, "push.interval = 60000 ms (default)\n");
    says({{"OTEL_METRIC_EXPORT_INTERVAL", "0"}}, "console.interval = 10000 ms (default)\n");
    says({{"OTEL_METRIC_EXPORT_INTERVAL", "x"}}, "console.interval = 10000 ms (default)\n");
}

// Names come from outside, too: none makes a line of its own.
TEST(settings, as_text_have_a_line_each_whatever_they_are) {
    tacho::settings s;
    std::string const wrong = "x\nscrape.enabled = yes (OGX)\r\xFF\x1B", plain = s.text();
    s.push.headers = {{wrong, "secret"}};
    s.about = {{wrong, wrong}};
    s.push.url = s.push.compression = s.push.problem = s.scrape.host = s.scrape.problem = wrong;
    auto const text = s.text();
    EXPECT_TRUE(tacho::is_valid_utf8(text)) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2 + std::count(plain.begin(), plain.end(), '\n')) << text;
    EXPECT_EQ(text.find_first_of("\r\x1B"), std::string::npos) << text;
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
}

// CONFORMANCE 193, 194, 198: what can't be used is as if it were unset, so that the general variable counts.
TEST(a_variable_for_metrics, that_can_not_be_used_leaves_it_to_the_one_for_all_signals) {
    std::string const of_metrics = "OTEL_EXPORTER_OTLP_METRICS_", of_all = "OTEL_EXPORTER_OTLP_";
    auto s = read({{of_metrics + "TIMEOUT", "abc"}, {of_all + "TIMEOUT", "5000"}});
    EXPECT_EQ(s.push.timeout, milliseconds{5000});
    EXPECT_EQ(warnings_of(s),
              "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT=\"abc\" is not a whole number of milliseconds from 0 to 2147483647, "
              "as 15000 is for 15 s; "
              "5000 ms is used instead\n");
    EXPECT_NE(s.text().find("push.timeout = 5000 ms (OTEL_EXPORTER_OTLP_TIMEOUT)\n"), std::string::npos) << s.text();

    s = read({{of_metrics + "COMPRESSION", "zip"}, {of_all + "COMPRESSION", "gzip"}});
    EXPECT_EQ(s.push.compression, "gzip");
    EXPECT_EQ(warnings_of(s),
              "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=\"zip\" is not known and ignored. Known are none, gzip. Is gzip "
              "meant?\n");
    EXPECT_NE(s.text().find("push.compression = \"gzip\" (OTEL_EXPORTER_OTLP_COMPRESSION)\n"), std::string::npos);

    s = read({{of_metrics + "PROTOCOL", "smoke"}, {of_all + "PROTOCOL", "grpc"}});
    ASSERT_EQ(s.warnings.size(), 2u) << warnings_of(s);
    EXPECT_TRUE(s.warnings[0].starts_with("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=\"smoke\" is not known"))
        << warnings_of(s);
    EXPECT_TRUE(s.warnings[1].starts_with("OTEL_EXPORTER_OTLP_PROTOCOL=\"grpc\" is not offered")) << warnings_of(s);
}

TEST(a_variable_for_metrics, that_can_be_used_leaves_the_one_for_all_signals_unread) {
    std::string const of_metrics = "OTEL_EXPORTER_OTLP_METRICS_", of_all = "OTEL_EXPORTER_OTLP_";
    auto const s = read({{of_metrics + "TIMEOUT", "7000"},
                         {of_all + "TIMEOUT", "abc"},
                         {of_metrics + "COMPRESSION", "gzip"},
                         {of_all + "COMPRESSION", "zip"},
                         {of_metrics + "PROTOCOL", "http/json"},
                         {of_all + "PROTOCOL", "grpc"}});
    EXPECT_TRUE(s.warnings.empty()) << warnings_of(s);
    EXPECT_NE(s.text().find("push.timeout = 7000 ms (OTEL_EXPORTER_OTLP_METRICS_TIMEOUT)\n"), std::string::npos);
    EXPECT_NE(s.text().find("push.compression = \"gzip\" (OTEL_EXPORTER_OTLP_METRICS_COMPRESSION)\n"),
              std::string::npos);
    // Neither of them: two warnings, and the default.
    auto const none = read({{of_metrics + "TIMEOUT", "x"}, {of_all + "TIMEOUT", "y"}});
    EXPECT_EQ(none.push.timeout, milliseconds{10000});
    EXPECT_EQ(none.warnings.size(), 2u) << warnings_of(none);
    EXPECT_NE(none.text().find("push.timeout = 10000 ms (default)\n"), std::string::npos);
}

// A push must not go elsewhere, nor take other credentials along, because of a slip of the pen. CONFORMANCE 196
TEST(an_endpoint_or_headers_for_metrics, are_not_replaced_by_those_for_all_signals) {
    auto const s = read({{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "c:4318"},
                         {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://other"},
                         {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "bad"},
                         {"OTEL_EXPORTER_OTLP_HEADERS", "a=b"}});
    EXPECT_TRUE(s.push.problem.starts_with("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=")) << s.push.problem;
    EXPECT_TRUE(s.push.headers.empty());
    EXPECT_EQ(s.warnings.size(), 1u) << warnings_of(s);
}

TEST(a_variable, that_is_nearly_one_that_counts_is_said_with_the_one_that_is_meant) {
    auto const expect = [](char const* written, std::string const& meant) {
        auto const s = read({{written, "x"}});
        ASSERT_EQ(s.warnings.size(), 1u) << written << ": " << warnings_of(s);
        EXPECT_EQ(s.warnings[0], '"' + std::string{written} + "\" is not known and ignored. Is " + meant + " meant?");
    };
    expect("OTEL_EXPORTER_OTLP_METRIC_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
    expect("OTEL_EXPORTER_OLTP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
    expect("OTEL_EXPORTER_OTLP_HEADER", "OTEL_EXPORTER_OTLP_HEADERS");
    expect("OTEL_METRICS_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_INTERVAL");
    expect("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENC", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
    expect("OTEL_SERVICENAME", "OTEL_SERVICE_NAME");
    expect("OGX_PROMETHEUS_ENABLE", "OGX_PROMETHEUS_ENABLED");
    expect("OGX_PUSH_METRIC_ENABLED", "OGX_PUSH_METRICS_ENABLED");
    expect("OGX_METRIC_PORT", "OGX_METRICS_PORT");
    expect("OGX_PROMETHEUS_HOST", "OGX_METRICS_HOST");
    expect("OXG_PROMETHEUS_ENABLED", "OGX_PROMETHEUS_ENABLED");
    test::variable const misspelt{"OTEL_METRICS_EXPORTERS", "otlp"};
    auto const of_process = warnings_of(tacho::settings::from_environment());
#if defined(__linux__)
    EXPECT_EQ(of_process, "\"OTEL_METRICS_EXPORTERS\" is not known and ignored. Is OTEL_METRICS_EXPORTER meant?\n");
#endif
}

TEST(a_whole_number, is_digits_alone_up_to_a_limit) {
    auto const read = [](std::string_view text, std::int64_t most) {
        return tacho::env::whole_number(text, most).value_or(-1);
    };
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(read("0", 0), 0);
    EXPECT_EQ(read("0007", 7), 7);
    EXPECT_EQ(read("9223372036854775807", most), most);
    for (std::string_view const none : {"", "-0", "+1", " 1", "1 ", "1e3", "0x1", "9223372036854775808",
                                        "18446744073709551615", "18446744073709551617", "99999999999999999999"})
        EXPECT_EQ(read(none, most), -1) << none;
    EXPECT_EQ(read("8", 7), -1);
    EXPECT_EQ(read("10", 7), -1);
    EXPECT_EQ(read("5", -1), -1);
}

TEST(a_value, that_is_nearly_one_of_a_closed_list_is_said_with_the_one_that_is_meant) {
    auto const said_of = [](char const* variable, char const* value) {
        auto const s = read({{variable, value}});
        return s.warnings.size() == 1 ? s.warnings[0] : "not one: " + warnings_of(s);
    };
    auto const expect = [&](char const* variable, char const* value, std::string const& meant) {
        EXPECT_TRUE(said_of(variable, value).ends_with(". Is " + meant + " meant?")) << said_of(variable, value);
    };
    expect("OTEL_METRICS_EXPORTER", "prometeus", "prometheus");
    expect("OTEL_METRICS_EXPORTER", "Promehteus", "prometheus");
    expect("OTEL_METRICS_EXPORTER", "oltp", "otlp");
    expect("OTEL_METRICS_EXPORTER", "none, consol", "console");
    expect("OTEL_METRICS_EXEMPLAR_FILTER", "trace-based", "trace_based");
    expect("OTEL_METRICS_EXEMPLAR_FILTER", "alwayson", "always_on");
    expect("OTEL_EXPORTER_OTLP_PROTOCOL", "http-json", "http/json");
    expect("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzpi", "gzip");
    expect("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "low_memory", "lowmemory");
    expect("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "explicit_bucket_histograms",
           "explicit_bucket_histogram");
    expect("OTEL_SDK_DISABLED", "flase", "false");
    for (auto const* const value : {"statsd", "jaeger", "nonesense", "promethea.example", "x"})
        EXPECT_TRUE(said_of("OTEL_METRICS_EXPORTER", value).ends_with(" console and none"));
    // As near to the one as to the other.
    EXPECT_TRUE(said_of("OTEL_METRICS_EXEMPLAR_FILTER", "always_of").ends_with(", always_on"));
}

// Those of other signals and of other languages, those that change nothing here, and the program's own.
TEST(a_variable, that_is_not_ours_is_nobodys_mistake) {
    for (std::string const name : {"OTEL_EXPORTER_OTLP_INSECURE",
                                   "OTEL_EXPORTER_OTLP_METRICS_INSECURE",
                                   "OTEL_EXPORTER_OTLP_METRIC_INSECURE",
                                   "OTEL_EXPORTER_OTLP_SPAN_INSECURE",
                                   "OTEL_TRACES_EXPORTER",
                                   "OTEL_LOGS_EXPORTER",
                                   "OTEL_TRACES_SAMPLER",
                                   "OTEL_TRACES_SAMPLER_ARG",
                                   "OTEL_PROPAGATORS",
                                   "OTEL_LOG_LEVEL",
                                   "OTEL_ENTITIES",
                                   "OTEL_BSP_SCHEDULE_DELAY",
                                   "OTEL_BSP_EXPORT_TIMEOUT",
                                   "OTEL_BSP_MAX_QUEUE_SIZE",
                                   "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                                   "OTEL_BLRP_SCHEDULE_DELAY",
                                   "OTEL_BLRP_EXPORT_TIMEOUT",
                                   "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                                   "OTEL_ATTRIBUTE_COUNT_LIMIT",
                                   "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
                                   "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
                                   "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
                                   "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
                                   "OTEL_EXPORTER_JAEGER_ENDPOINT",
                                   "OTEL_EXPORTER_JAEGER_TIMEOUT",
                                   "OTEL_METRICS_PRODUCERS",
                                   "OTEL_SEMCONV_STABILITY_OPT_IN",
                                   "OTEL_EXPORTER_PROMETHEUS_PATH",
                                   "OTEL_JAVA_METRICS_CARDINALITY_LIMIT",
                                   "OGX_METRICS_HOSTS",
                                   "OGX_METRICS_ROOT",
                                   "OGX_METRICS_POOL",
                                   "OGX_METRICS_PATH",
                                   "OGY_PROMETHEUS_ENABLED",
                                   "OXG_METRICS_PORT",
                                   "OGX_METRICS_ENABLED",
                                   "OTHER_PROMETHEUS_ENABLE",
                                   "OGX2_PROMETHEUS_ENABLED",
                                   "SERVICE_NAME",
                                   "OTEL_"})
        EXPECT_EQ(warnings_of(read({{name, "x"}})), "") << name;
    for (std::string const signal : {"TRACES", "LOGS", "PROFILES"})
        for (std::string const what : {"ENDPOINT", "HEADERS", "TIMEOUT", "PROTOCOL", "COMPRESSION", "CERTIFICATE",
                                       "CLIENT_CERTIFICATE", "CLIENT_KEY", "INSECURE"})
            EXPECT_EQ(warnings_of(read({{"OTEL_EXPORTER_OTLP_" + signal + "_" + what, "x"}})), "") << signal << what;
    // It is unset, or somebody else's, since the right one is set as well.
    EXPECT_EQ(warnings_of(read({{"OTEL_EXPORTER_OTLP_METRIC_ENDPOINT", " "}})), "");
    EXPECT_EQ(warnings_of(read({{"OTEL_EXPORTER_OTLP_METRIC_ENDPOINT", "http://a"},
                                {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://b/v1/metrics"}})),
              "");
    // One of both is not the other misspelt.
    EXPECT_EQ(warnings_of(read({{"OTEL_EXPORTER_PROMETHEUS_HOST", "::1"}})), "");
    EXPECT_EQ(warnings_of(read({{"OTEL_EXPORTER_PROMETHEUS_PORT", "1"}})), "");
}

TEST(settings, of_any_bytes_are_survived) {
    std::mt19937 random{7};
    char const* const names[] = {"OTEL_EXPORTER_OTLP_ENDPOINT",
                                 "OTEL_EXPORTER_OTLP_HEADERS",
                                 "OTEL_RESOURCE_ATTRIBUTES",
                                 "OTEL_METRICS_EXPORTER",
                                 "OTEL_METRIC_EXPORT_INTERVAL",
                                 "OGX_METRICS_PORT",
                                 "OGX_METRICS_HOST"};
    for (int i = 0; i < 5000; ++i) {
        variables v;
        for (auto const* name : names) {
            std::string value(random() % 30, '\0');
            for (auto& c : value) c = random() % 3 == 0 ? ",=%;:/"[random() % 6] : static_cast<char>(random());
            v[name] = value;
        }
        for (auto const& w : read(v).warnings) EXPECT_TRUE(tacho::is_valid_utf8(w));
    }
    EXPECT_TRUE(warnings_of(read({{"OTEL_METRIC_EXPORT_INTERVAL", std::string(100'000, '9')}})).size() < 300);
}

}  // namespace
