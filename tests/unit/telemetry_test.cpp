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

}  // namespace
