// Telemetry as a whole, without sockets.
#include "support/text.hpp"

#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

tacho::settings read(std::map<std::string, std::string> variables) {
    return tacho::settings::from_environment({.prefix = "OGX", .service_name = "ogx"},
                                             tacho::env::source{std::move(variables)});
}

std::size_t count(std::string_view in, std::string_view what) {
    std::size_t found = 0;
    for (auto at = in.find(what); at != in.npos; at = in.find(what, at + 1)) ++found;
    return found;
}

// CONFORMANCE 193: once by the hook, and once in the report.
TEST(a_warning, is_said_once_each_way_however_often_telemetry_is_started) {
    test::heard heard;
    tacho::registry registry;
    auto const s = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                         {"OTEL_METRIC_EXPORT_INTERVAL", "soon"},
                         {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                         {"OGX_PROMETHEUS_ENABLED", "1"},
                         {"OGX_METRICS_PORT", "x"}});
    auto const start = [&](tacho::settings const& by) {
        return tacho::telemetry::start(registry, by, tacho::memory_transport{}, tacho::no_listener{});
    };
    std::string_view const said_once[] = {"OTEL_METRIC_EXPORT_INTERVAL", "pushes are sent uncompressed",
                                          "not scrapable: the program has no listener"};
    auto first = start(s);
    auto const second = start(s);
    auto other = s;
    other.warnings = {"something else"};
    auto const third = start(other);
    for (auto const what : said_once) {
        EXPECT_EQ(count(heard.text(), what), 1u) << heard.text();
        // The push that it concerns goes on, and so does the warning.
        EXPECT_EQ(count(third.report().text(), what), 1u) << third.report().text();
    }
    EXPECT_EQ(count(heard.text(), "something else"), 1u);
    EXPECT_EQ(third.report().warnings.size(), 3u);

    first.stop();
    auto const anew = start(other);
    EXPECT_EQ(anew.report().warnings.size(), 2u) << anew.report().text();  // what was warned of before runs no more
    EXPECT_EQ(count(heard.text(), "something else"), 2u);
    EXPECT_EQ(count(heard.text(), "pushes are sent uncompressed"), 2u);
    EXPECT_EQ(count(heard.text(), "OTEL_METRIC_EXPORT_INTERVAL"), 1u);
}

struct plain_transport {
    static bool can_send(std::string_view) noexcept { return true; }
    static tacho::http_outcome post(tacho::http_post const&, tacho::deadline const&) { return {.status = 200}; }
};
struct tls_transport : plain_transport {
    explicit tls_transport(std::vector<tacho::tls_files>& by) : handed(&by) {}
    void use(tacho::tls_files const& files) { handed->push_back(files); }
    std::vector<tacho::tls_files>* handed;
};
static_assert(!tacho::takes_tls_files<plain_transport> && tacho::takes_tls_files<tls_transport>);

std::map<std::string, std::string> files_for(char const* url) {
    return {{"OTEL_EXPORTER_OTLP_ENDPOINT", url},
            {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/all.pem"},
            {"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "/metrics.pem"},
            {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"}};
}

// CONFORMANCE 6.2: OTEL_EXPORTER_OTLP_[METRICS_]CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY
TEST(files_for_tls, are_handed_to_a_transport_that_takes_them) {
    test::heard heard;
    tacho::registry registry;
    std::vector<tacho::tls_files> handed;
    auto const t = tacho::telemetry::start(registry, read(files_for("https://c")), tls_transport{handed});
    ASSERT_EQ(handed.size(), 1u);
    EXPECT_EQ(handed[0].certificate, "/metrics.pem");
    EXPECT_EQ(handed[0].client_certificate, "");
    EXPECT_EQ(handed[0].client_key, "/key.pem");
    EXPECT_EQ(heard.text(), "");
}

TEST(files_for_tls, that_a_transport_can_not_take_are_said_with_the_cure) {
    test::heard heard;
    tacho::registry registry;
    auto s = read(files_for("HTTPS://c"));
    auto t = tacho::telemetry::start(registry, s, plain_transport{});
    EXPECT_EQ(
        heard.text(),
        "warning: push.certificate=\"/metrics.pem\" of OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE, "
        "push.client_key=\"/key.pem\" of OTEL_EXPORTER_OTLP_CLIENT_KEY: not used, because the transport takes no "
        "PEM files. Use tacho::curl_transport, give yours a function use(tacho::tls_files const&), or empty these "
        "settings if it has the files already\n");
    ASSERT_EQ(t.report().warnings.size(), 1u);
    EXPECT_TRUE(t.report().push.running);

    // What the program has changed comes from no variable.
    heard.text().clear();
    s.push.certificate = "/other.pem";
    tacho::registry changed;
    auto const by_program = tacho::telemetry::start(changed, s, plain_transport{});
    EXPECT_TRUE(heard.text().starts_with("warning: push.certificate=\"/other.pem\", push.client_key=")) << heard.text();

    // What the program has emptied is nobody's, and without TLS there is no use for any.
    heard.text().clear();
    s.push.certificate = s.push.client_key = "";
    tacho::registry emptied, plain;
    auto const no_files = tacho::telemetry::start(emptied, s, plain_transport{});
    auto const no_tls = tacho::telemetry::start(plain, read(files_for("http://c")), plain_transport{});
    EXPECT_EQ(heard.text(), "");
}

}  // namespace
