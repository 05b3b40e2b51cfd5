// SPDX-License-Identifier: MIT
// Exemplars: which measurements become one, what is kept of them, and where they are shown.
#include "support/text.hpp"
#include "support/verb.hpp"
#include "tacho/env/settings.hpp"
#include "tacho/export/delta_memory.hpp"
#include "tacho/instrument/named.hpp"
#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using tacho::exemplar_filter;
using tacho::exemplars;
using tacho::label;
using tacho::trace_context;
using test::verb;

trace_context current;
int asked = 0;
trace_context ask() noexcept {
    ++asked;
    return current;
}

constexpr trace_context in_span(bool sampled) {
    trace_context span;
    for (std::size_t i = 0; i < 16; ++i) span.trace_id[i] = static_cast<std::uint8_t>(0xa0 + i);
    for (std::size_t i = 0; i < 8; ++i) span.span_id[i] = static_cast<std::uint8_t>(0x10 * i + 1);
    span.sampled = sampled;
    return span;
}
constexpr std::string_view ids = R"(trace_id="a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",span_id="0111213141516171")";

int clock_reads = 0;
tacho::unix_nanos exemplar_clock = test::now;
tacho::registry_options on_clock(exemplar_filter filter = exemplar_filter::trace_based) {
    tacho::registry_options o;
    o.exemplars = filter;
    o.now = []() noexcept {
        ++clock_reads;
        return exemplar_clock;
    };
    return o;
}

// With a hook that says `current`.
class exemplar : public testing::Test {
protected:
    exemplar() {
        current = {};
        asked = 0;
        exemplar_clock = test::now;
        tacho::set_trace_context_hook(&ask);
    }
    ~exemplar() override { tacho::set_trace_context_hook(nullptr); }
};

// What stands behind the sample that begins with `name`; empty when nothing does.
std::string behind(std::string_view name, tacho::registry const& in) {
    auto const page = test::as_openmetrics(in);
    auto const at = page.find("\n" + std::string{name});
    if (at == std::string::npos) return "no such line in " + page;
    auto const line = page.substr(at + 1, page.find('\n', at + 1) - at - 1);
    auto const mark = line.find(" # ");
    return mark == std::string::npos ? "" : line.substr(mark + 1);
}

// CONFORMANCE 67, 148, 217
TEST_F(exemplar, is_a_measurement_within_a_sampled_span) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", label<"a">, exemplars> c{registry};
    c("1").inc(2);
    EXPECT_EQ(behind("c_total", registry), "");
    current = in_span(false);
    c("1").inc(3);
    EXPECT_EQ(behind("c_total", registry), "");
    current = in_span(true);
    exemplar_clock += 123'000'000u;
    c("1").inc(4);
    EXPECT_EQ(behind("c_total", registry), "# {" + std::string{ids} + "} 4 1700000000.123");
    current = {};
    c("1").inc(5);  // the last one in a sampled span stays
    EXPECT_EQ(behind("c_total", registry), "# {" + std::string{ids} + "} 4 1700000000.123");
    EXPECT_EQ(test::as_openmetrics(registry),
              "# TYPE c counter\nc_total{a=\"1\"} 14 # {" + std::string{ids} + "} 4 1700000000.123\n# EOF\n");
}

// The clock is read for a sampled span alone.
TEST_F(exemplar, costs_no_clock_outside_of_a_sampled_span) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", exemplars> c{registry};
    auto const reads = clock_reads;
    c.inc();
    current = in_span(false);
    c.inc();
    EXPECT_EQ(clock_reads, reads);
    EXPECT_EQ(asked, 2);
    current = in_span(true);
    c.inc();
    EXPECT_EQ(clock_reads, reads + 1);
}

TEST_F(exemplar, needs_both_ids) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", exemplars> c{registry};
    current = in_span(true);
    current.span_id = {};
    c.inc();
    EXPECT_EQ(behind("c_total", registry), "");
    current = in_span(true);
    current.trace_id = {};
    c.inc();
    EXPECT_EQ(behind("c_total", registry), "");
}

// CONFORMANCE 148
TEST_F(exemplar, filters_are_those_of_opentelemetry) {
    tacho::registry registry{on_clock(exemplar_filter::always_off)};
    tacho::counter<"c", exemplars> c{registry};
    current = in_span(true);
    c.inc(1, {{"order", "17"}});
    EXPECT_EQ(behind("c_total", registry), "");
    EXPECT_EQ(asked, 0);

    registry.filter_exemplars(exemplar_filter::always_on);
    current = in_span(false);
    c.inc(2);
    EXPECT_EQ(behind("c_total", registry), "# {" + std::string{ids} + "} 2 1700000000.0");
    tacho::set_trace_context_hook(nullptr);
    c.inc(3);
    EXPECT_EQ(behind("c_total", registry), "# {} 3 1700000000.0");

    registry.filter_exemplars(exemplar_filter::trace_based);
    c.inc(4);
    EXPECT_EQ(behind("c_total", registry), "# {} 3 1700000000.0");
}

TEST_F(exemplar, filter_comes_from_the_environment_when_telemetry_starts) {
    std::map<std::string, std::string> variables{{"OTEL_METRICS_EXEMPLAR_FILTER", "ALWAYS_ON"}};
    auto const from = [&] { return tacho::settings::from_environment({}, tacho::env::source{variables}); };
    EXPECT_EQ(from().exemplars, exemplar_filter::always_on);
    tacho::registry registry{on_clock()};
    tacho::counter<"c", exemplars> c{registry};
    c.inc();
    EXPECT_EQ(behind("c_total", registry), "");
    auto const telemetry = tacho::telemetry::start(registry, from());
    c.inc();
    EXPECT_EQ(behind("c_total", registry), "# {} 1 1700000000.0");

    variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "sometimes";
    auto const wrong = from();
    EXPECT_EQ(wrong.exemplars, std::nullopt);
    ASSERT_EQ(wrong.warnings.size(), 1u);
    EXPECT_NE(wrong.warnings[0].find("always_off, trace_based, always_on"), std::string::npos) << wrong.warnings[0];
    variables.clear();
    EXPECT_EQ(from().exemplars, std::nullopt);  // what the program said stays
}

// CONFORMANCE 69
TEST_F(exemplar, of_a_histogram_lies_in_its_bucket_and_is_the_latest_there) {
    tacho::registry registry{on_clock()};
    tacho::histogram<"h", label<"a">, exemplars> h{registry, "", {1, 2}};
    current = in_span(true);
    auto const handle = h.bind("x");
    handle.observe(0.5);
    handle.observe(1);  // the bound belongs to the bucket
    handle.observe(std::nextafter(1, 2));
    handle.observe(1e300);
    auto const with_ids = [](std::string_view rest) { return "# {" + std::string{ids} + "} " + std::string{rest}; };
    EXPECT_EQ(behind("h_bucket{a=\"x\",le=\"1.0\"}", registry), with_ids("1 1700000000.0"));
    EXPECT_EQ(behind("h_bucket{a=\"x\",le=\"2.0\"}", registry), with_ids("1.0000000000000002 1700000000.0"));
    EXPECT_EQ(behind("h_bucket{a=\"x\",le=\"+Inf\"}", registry), with_ids("1e+300 1700000000.0"));
    EXPECT_EQ(behind("h_sum", registry), "");
    EXPECT_EQ(behind("h_count", registry), "");
}

TEST_F(exemplar, is_never_what_was_dropped_or_is_infinite) {
    tacho::set_error_hook(nullptr);
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::histogram<"h", exemplars> h{registry, "", {1}};
    tacho::counter<"c", double, exemplars> c{registry};
    for (double const value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                               -std::numeric_limits<double>::infinity()}) {
        h.observe(value);
        c.inc(value);
    }
    c.inc(-1);
    tacho::set_error_hook(&tacho::print_to_stderr);
    EXPECT_EQ(behind("h_bucket{le=\"1.0\"}", registry), "");
    EXPECT_EQ(behind("h_bucket{le=\"+Inf\"}", registry), "");
    EXPECT_EQ(behind("c_total", registry), "");
}

// CONFORMANCE 66: text has no place for them; neither have gauges in OpenMetrics.
TEST_F(exemplar, is_not_in_text) {
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::counter<"c", exemplars> c{registry};
    tacho::histogram<"h", exemplars> h{registry, "", {1}};
    c.inc(1, {{"order", "17"}});
    h.observe(1);
    for (auto const format : {tacho::text_format::prometheus_0_0_4, tacho::text_format::prometheus_1_0_0})
        EXPECT_EQ(test::as_text(registry, format).find(" # "), std::string::npos);
    EXPECT_NE(behind("c_total", registry), "");
    EXPECT_NE(behind("h_bucket", registry), "");
}

TEST_F(exemplar, carries_labels_that_a_measurement_is_given) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", label<"a">, exemplars> c{registry};
    tacho::counter<"d", double, exemplars> d{registry};
    tacho::histogram<"h", exemplars> h{registry, "", {1}};
    std::string const order = "17";
    c("1").inc(2, {{"order", order}, {"_user9", "a b # {c='d',"}});
    c.bind("2").inc(3, {{"order", order}});
    d.inc(0.5, {{"order", order}});
    h.observe(0.25, {{"order", order}});
    h.bind().observe(7, {});
    EXPECT_EQ(behind("c_total{a=\"1\"}", registry), R"(# {order="17",_user9="a b # {c='d',"} 2 1700000000.0)");
    EXPECT_EQ(behind("c_total{a=\"2\"}", registry), R"(# {order="17"} 3 1700000000.0)");
    EXPECT_EQ(behind("d_total", registry), R"(# {order="17"} 0.5 1700000000.0)");
    EXPECT_EQ(behind("h_bucket{le=\"1.0\"}", registry), R"(# {order="17"} 0.25 1700000000.0)");
    EXPECT_EQ(behind("h_bucket{le=\"+Inf\"}", registry), "");  // no labels and no span
    current = in_span(true);
    h.observe(0.5, {{"order", order}});
    EXPECT_EQ(behind("h_bucket{le=\"1.0\"}", registry), "# {" + std::string{ids} + R"(,order="17"} 0.5 1700000000.0)");
}

// Prometheus keeps backslashes, and prometheus_client refuses the whole page for a quote or a brace, by its version.
TEST_F(exemplar, leaves_out_of_openmetrics_what_readers_get_wrong) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", exemplars> c{registry};
    for (std::string const wrong : {"\"", "\\", "\n", "}"}) {
        c.inc(1, {{"a", "x" + wrong + "y"}, {"b", "2"}});
        EXPECT_EQ(behind("c_total", registry), R"(# {b="2"} 1 1700000000.0)") << wrong;
        EXPECT_NE(test::as_json(registry).find(R"({"key":"a","value":{"stringValue":"x)"), std::string::npos) << wrong;
    }
}

TEST_F(exemplar, of_a_time_is_in_the_unit_of_its_histogram) {
    tacho::registry registry{on_clock()};
    tacho::histogram<"h", tacho::unit::seconds, label<"a">, exemplars> h{registry, "", {1}};
    tacho::histogram<"m", tacho::unit::milliseconds, exemplars> m{registry, "", {1}};
    h("1").observe(std::chrono::milliseconds{250}, {{"order", "17"}});
    h.bind("2").observe(std::chrono::seconds{7}, {{"order", "18"}});
    m.observe(std::chrono::seconds{2}, {{"order", "19"}});
    EXPECT_EQ(behind("h_seconds_bucket{a=\"1\",le=\"1.0\"}", registry), R"(# {order="17"} 0.25 1700000000.0)");
    EXPECT_EQ(behind("h_seconds_bucket{a=\"2\",le=\"+Inf\"}", registry), R"(# {order="18"} 7 1700000000.0)");
    EXPECT_EQ(behind("m_milliseconds_bucket{le=\"+Inf\"}", registry), R"(# {order="19"} 2000 1700000000.0)");
}

// CONFORMANCE 217: the ids of the trace win over labels of these names.
TEST_F(exemplar, has_each_label_once_and_none_that_is_empty) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", exemplars> c{registry};
    c.inc(1, {{"a", "1"}, {"b", ""}, {"a", "2"}, {"trace_id", "mine"}});
    EXPECT_EQ(behind("c_total", registry), R"(# {a="1",trace_id="mine"} 1 1700000000.0)");
    current = in_span(true);
    c.inc(1, {{"span_id", "mine"}, {"trace_id", "mine"}, {"a", "2"}});
    EXPECT_EQ(behind("c_total", registry), "# {" + std::string{ids} + R"(,a="2"} 1 1700000000.0)");
}

TEST_F(exemplar, labels_are_valid_utf8) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", exemplars> c{registry};
    c.inc(1, {{"a", "\xC3\xA4\xFF\xE2\x82"}});
    EXPECT_EQ(behind("c_total", registry), "# {a=\"\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD\"} 1 1700000000.0");
}

// CONFORMANCE 68: 128 characters, of which the two ids take 63 together with their names; 217: what is longer is left
// out, and the ids stay.
TEST_F(exemplar, has_at_most_128_characters) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", exemplars> c{registry};
    auto const shown = [&](std::string const& value) {
        c.inc(1, {{"k", value}});
        return behind("c_total", registry);
    };
    auto const as = [](std::string_view before, std::string const& value) {
        return "# {" + std::string{before} + "k=\"" + value + "\"} 1 1700000000.0";
    };
    // Without span: as many bytes as a slot has for labels, with a byte for each length.
    EXPECT_EQ(shown(std::string(117, 'x')), as("", std::string(117, 'x')));
    EXPECT_EQ(shown(std::string(118, 'x')), "# {} 1 1700000000.0");

    current = in_span(true);
    auto const with_ids = std::string{ids} + ",";
    EXPECT_EQ(shown(std::string(64, 'x')), as(with_ids, std::string(64, 'x')));
    EXPECT_EQ(shown(std::string(65, 'x')), "# {" + std::string{ids} + "} 1 1700000000.0");
    std::string wide;
    for (int i = 0; i < 29; ++i) wide += "\xF0\x9F\x9A\x80";  // 116 bytes, 29 characters
    EXPECT_EQ(shown(wide), as(with_ids, wide));
    wide += "\xC3\xA4";
    EXPECT_EQ(shown(wide), "# {" + std::string{ids} + "} 1 1700000000.0");

    // Several together.
    c.inc(1, {{"a", std::string(30, 'x')}, {"b", std::string(33, 'y')}});
    EXPECT_NE(behind("c_total", registry).find(std::string(33, 'y')), std::string::npos);
    c.inc(1, {{"a", std::string(30, 'x')}, {"b", std::string(34, 'y')}});
    EXPECT_EQ(behind("c_total", registry), "# {" + std::string{ids} + "} 1 1700000000.0");
}

// CONFORMANCE 176
TEST_F(exemplar, is_in_otlp) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", exemplars> c{registry};
    tacho::counter<"d", double, exemplars> d{registry};
    tacho::histogram<"h", exemplars> h{registry, "", {1}};
    c.inc(2, {{"order", "a\"\x01"}});
    current = in_span(true);
    d.inc(0.5);
    h.observe(0.25);
    h.observe(7, {{"order", "18"}});
    std::string const trace = R"("spanId":"0111213141516171","traceId":"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")";
    std::string const time = R"("timeUnixNano":"1700000000000000000")";
    auto const json = test::as_json(registry);
    auto const order = [](std::string const& value) {
        return R"("filteredAttributes":[{"key":"order","value":{"stringValue":")" + value + R"("}}],)";
    };
    for (auto const& expected :
         {R"("asInt":"2","exemplars":[{)" + order(R"(a\"\u0001)") + time + R"(,"asInt":"2"}]}]}})",
          R"("asDouble":0.5,"exemplars":[{)" + time + R"(,"asDouble":0.5,)" + trace + "}]}]}}",
          R"("explicitBounds":[1],"exemplars":[{)" + time + R"(,"asDouble":0.25,)" + trace + "},{" + order("18") +
              time + R"(,"asDouble":7,)" + trace + "}]}]}}"})
        EXPECT_NE(json.find(expected), std::string::npos) << expected << "\nin\n" << json;
}

TEST_F(exemplar, of_a_number_beyond_asint_is_a_double) {
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::counter<"c", exemplars> c{registry};
    c.inc(std::uint64_t{1} << 63);
    EXPECT_NE(test::as_json(registry).find(R"("timeUnixNano":"1700000000000000000","asDouble":9.223372036854776e+18})"),
              std::string::npos)
        << test::as_json(registry);
    EXPECT_EQ(behind("c_total", registry), "# {} 9223372036854775808 1700000000.0");
}

// CONFORMANCE 149: it lies in the interval of its point.
TEST_F(exemplar, of_an_earlier_delta_is_not_in_a_later_one) {
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::histogram<"h", exemplars> h{registry, "", {1}};
    tacho::counter<"c", exemplars> c{registry};
    tacho::delta_memory memory;
    auto const push = [&](bool arrives = true) {
        exemplar_clock += 1'000'000'000u;
        tacho::byte_buffer buffer;
        tacho::resource const about;
        tacho::otlp_json_encoder encoder{buffer, about, exemplar_clock};
        tacho::delta_memory::stage stage{memory, encoder, tacho::temporality_preference::delta};
        registry.visit(stage, tacho::order::by_scope);
        EXPECT_TRUE(encoder.finish());
        if (arrives) memory.commit(exemplar_clock);
        exemplar_clock += 1'000'000'000u;
        std::size_t found = 0;
        for (std::size_t at = 0; (at = buffer.view().find("\"exemplars\":[{", at)) != std::string::npos; ++at) ++found;
        return found;
    };
    c.inc();
    h.observe(0.5);
    EXPECT_EQ(push(false), 2u);
    EXPECT_EQ(push(), 2u);  // did not arrive the first time
    registry.filter_exemplars(exemplar_filter::always_off);
    c.inc();
    h.observe(0.5);
    EXPECT_EQ(push(), 0u);
    registry.filter_exemplars(exemplar_filter::always_on);
    h.observe(5);
    EXPECT_EQ(push(), 1u);
}

TEST_F(exemplar, made_after_the_collection_began_waits_for_the_next_one) {
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::counter<"c", exemplars> c{registry};
    exemplar_clock += 2'000'000'000u;  // test::as_json() collects a second after the start
    c.inc();
    EXPECT_EQ(test::as_json(registry).find("exemplars"), std::string::npos);
}

// A snapshot shows what was, in both formats alike.
TEST_F(exemplar, is_copied_by_a_snapshot) {
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::counter<"c", label<"a">, exemplars> c{registry};
    tacho::counter<"plain", label<"a">> plain{registry};
    tacho::histogram<"h", label<"a">, exemplars> h{registry, "", {1}};
    auto const record = [&](int times) {
        for (int i = 0; i < times; ++i)
            for (std::string_view const a : {"1", "2", "3"}) {
                c(a).inc(2, {{"order", a}});
                plain(a).inc();
                h(a).observe(3, {{"order", a}});
            }
    };
    record(1);
    auto const page = test::as_openmetrics(registry), json = test::as_json(registry);
    EXPECT_NE(page.find("h_bucket{a=\"2\",le=\"+Inf\"} 1 # {order=\"2\"} 3 1700000000.0\n"), std::string::npos) << page;
    EXPECT_NE(page.find("c_total{a=\"3\"} 2 # {order=\"3\"} 2 1700000000.0\n"), std::string::npos) << page;
    auto const snapshot = registry.snapshot();
    exemplar_clock += 500'000'000u;
    record(3);
    EXPECT_EQ(test::as_openmetrics(snapshot), page);
    EXPECT_EQ(test::as_json(snapshot), json);
    EXPECT_NE(test::as_openmetrics(registry), page);
}

// CONFORMANCE 67: only behind `_total`.
TEST_F(exemplar, of_a_counter_without_total_is_left_out) {
    auto options = on_clock(exemplar_filter::always_on);
    options.translation = tacho::translation_strategy::no_translation;
    tacho::registry registry{options};
    tacho::counter<"my.count", exemplars> c{registry};
    c.inc();
    tacho::counter<"good_total", exemplars> good{registry};
    good.inc();
    auto const page = test::as_openmetrics(registry);
    EXPECT_NE(page.find("# TYPE my_count unknown\nmy_count 1\n"), std::string::npos) << page;
    EXPECT_NE(page.find("good_total 1 # {} 1 1700000000.0\n"), std::string::npos) << page;
}

TEST_F(exemplar, stands_before_created_and_behind_names_in_quotes) {
    auto options = on_clock(exemplar_filter::always_on);
    options.translation = tacho::translation_strategy::no_utf8_escaping_with_suffixes;
    tacho::registry registry{options};
    tacho::counter<"my.c", exemplars> c{registry};
    tacho::histogram<"my.h", label<"a">, exemplars> h{registry, "", {1}};
    c.inc();
    h("x").observe(1);
    tacho::byte_buffer buffer;
    tacho::text_style style{tacho::text_format::openmetrics_1_0_0};
    style.names = tacho::escaping::allow_utf_8;
    style.created = true;
    tacho::prometheus_encoder encoder{buffer, style};
    registry.visit(encoder);
    EXPECT_TRUE(encoder.finish());
    EXPECT_EQ(buffer.view(),
              "# TYPE \"my.c\" counter\n"
              "{\"my.c_total\"} 1 # {} 1 1700000000.0\n"
              "{\"my.c_created\"} 1700000000.0\n"
              "# TYPE \"my.h\" histogram\n"
              "{\"my.h_bucket\",a=\"x\",le=\"1.0\"} 1 # {} 1 1700000000.0\n"
              "{\"my.h_bucket\",a=\"x\",le=\"+Inf\"} 1\n"
              "{\"my.h_sum\",a=\"x\"} 1\n"
              "{\"my.h_count\",a=\"x\"} 1\n"
              "{\"my.h_created\",a=\"x\"} 1700000000.0\n"
              "# EOF\n");
}

#if defined(__cpp_exceptions)
TEST_F(exemplar, comes_from_timers_batches_and_exceptions_too) {
    tacho::registry registry{on_clock()};
    tacho::histogram<"h", tacho::unit::seconds, label<"a">, exemplars> h{registry, "", {1000}};
    tacho::counter<"c", exemplars> c{registry};
    tacho::counter<"e", label<"a">, exemplars> e{registry};
    current = in_span(true);
    { auto const timing = h("x").time(); }
    {
        auto batch = c.batch();
        batch.inc();
        batch.inc(2);
    }
    try {
        auto const guard = e("x").count_exceptions();
        throw 1;
    } catch (int) {
    }
    EXPECT_NE(behind("h_seconds_bucket", registry), "");
    EXPECT_EQ(behind("c_total", registry), "# {" + std::string{ids} + "} 3 1700000000.0");
    EXPECT_EQ(behind("e_total", registry), "# {" + std::string{ids} + "} 1 1700000000.0");
}
#endif

// Each of the ways in which a series is found.
TEST_F(exemplar, is_kept_by_enum_labels_and_by_the_overflow_series) {
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::counter<"c", label<"v", verb>, exemplars> c{registry};
    for (int i = 1; i <= 3; ++i) {  // the first look-up fills the cache
        c(verb::get).inc(i);
        EXPECT_EQ(behind("c_total{v=\"GET\"}", registry), "# {} " + std::to_string(i) + " 1700000000.0");
    }
    tacho::set_error_hook(nullptr);
    tacho::counter<"d", label<"a">, tacho::series_limit<1>, exemplars> d{registry};
    d("1").inc(5);
    d("2").inc(6);
    tacho::set_error_hook(&tacho::print_to_stderr);
    EXPECT_EQ(behind("d_total{otel_metric_overflow=\"true\"}", registry), "# {} 6 1700000000.0");
    EXPECT_EQ(behind("d_total{a=\"1\"}", registry), "# {} 5 1700000000.0");
}

// The hook may take its time, in which the series is removed and its place taken by others, also where another
// instrument of the same identity is why series are given back.
TEST_F(exemplar, is_written_to_a_series_that_is_kept_meanwhile) {
    tacho::registry registry{on_clock()};
    tacho::counter<"c", label<"v", verb>, tacho::expire_after<60>, exemplars> expiring{registry};
    tacho::counter<"c", label<"v", verb>, exemplars> c{registry};
    static decltype(expiring)* churned = nullptr;
    churned = &expiring;
    tacho::set_trace_context_hook([]() noexcept -> trace_context {
        tacho::set_trace_context_hook(nullptr);
        std::thread{[] {
            for (int i = 0; i < 500; ++i) {
                churned->remove(verb::get);
                (*churned)(verb::get).inc();
            }
        }}.join();
        return in_span(true);
    });
    c(verb::get).inc(7);
    EXPECT_EQ(behind("c_total", registry), "");  // it was the removed one's
}

// What is left of a series that is gone says nothing of one at its address that keeps none.
TEST_F(exemplar, is_not_looked_for_where_a_family_keeps_none) {
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::counter<"c"> c{registry};
    tacho::histogram<"h"> h{registry, "", {1}};
    c.inc();
    h.observe(1);
    tacho::byte_buffer page, json;
    tacho::resource const about;
    tacho::prometheus_encoder prometheus{page, {tacho::text_format::openmetrics_1_0_0}};
    tacho::otlp_json_encoder otlp{json, about, exemplar_clock};
    struct stale {
        std::array<tacho::exemplar, 2> left;
        tacho::prometheus_encoder<tacho::byte_buffer>& prometheus;
        tacho::otlp_json_encoder<tacho::byte_buffer>& otlp;

        void number(tacho::family const& of, tacho::series const& s, tacho::number value) {
            prometheus.exemplars(tacho::exemplar_view{s, std::span{left}.first(1)});
            prometheus.number(of, s, value);
            otlp.exemplars(tacho::exemplar_view{s, std::span{left}.first(1)});
            otlp.number(of, s, value);
        }
        void histogram(tacho::family const& of, tacho::series const& s, tacho::histogram_value const& value) {
            prometheus.exemplars(tacho::exemplar_view{s, left});
            prometheus.histogram(of, s, value);
            otlp.exemplars(tacho::exemplar_view{s, left});
            otlp.histogram(of, s, value);
        }
    } both{{}, prometheus, otlp};
    for (auto& e : both.left) e.time = exemplar_clock;
    registry.visit(both);
    EXPECT_TRUE(prometheus.finish() && otlp.finish());
    EXPECT_EQ(page.view().find(" # "), std::string_view::npos) << page.view();
    EXPECT_EQ(json.view().find("exemplars"), std::string_view::npos) << json.view();
}

// Room that is asked for at once is room that is enough: the longest name in the escaping that makes most of it, with
// as many labels as there may be, as long as may be, of bytes that are escaped, and the longest exemplar in each of the
// most buckets. Byte for byte under ASan, where a window too small is seen.
TEST_F(exemplar, finds_room_in_the_largest_page) {
    auto options = on_clock();
    options.translation = tacho::translation_strategy::no_translation;
    tacho::registry registry{options};
    std::string const name = "n" + std::string(254, '.');
    std::vector<std::string> labels;
    for (int i = 0; i < 16; ++i) labels.push_back("l" + std::to_string(i + 10) + std::string(252, '-'));
    std::string const value(1024, '"');
    std::vector<double> bounds;
    for (int i = 0; i < 256; ++i) bounds.push_back(-1e300 + 1.2345678901234567e297 * i);
    auto const h = tacho::add_exemplar_histogram(
        registry, {.name = name, .labels = {labels.begin(), labels.end()}, .bounds = bounds});
    auto const c = tacho::add_exemplar_counter(
        registry, {.name = name.substr(0, 249) + "_total", .labels = {labels.begin(), labels.end()}});
    ASSERT_TRUE(h.ok());
    std::vector<std::string_view> const values(16, value);
    auto const to = h.bind(values);
    auto const one = c.bind(values);
    exemplar_clock = ~tacho::unix_nanos{0};
    current = in_span(true);
    std::string wide;
    for (int i = 0; i < 39; ++i) wide += "\xFF";  // three bytes and six characters each
    std::string const control(64, '\x01');
    for (double const bound : bounds) to.observe(bound, {{"k", control}});
    to.observe(1e300, {{"k", wide.substr(0, 39)}});
    one.inc(1, {{"k", control}});

    for (auto const names :
         {tacho::escaping::allow_utf_8, tacho::escaping::values, tacho::escaping::dots, tacho::escaping::underscores}) {
        // A buffer of exactly the window that is asked for.
        struct exact_sink {
            std::unique_ptr<char[]> room;
            std::string text;
            char* window(std::size_t n) noexcept {
                room.reset(new char[n]);
                return room.get();
            }
            void commit(std::size_t n) noexcept { text.append(room.get(), n); }
        } sink;
        tacho::text_style style{tacho::text_format::openmetrics_1_0_0};
        style.names = names;
        style.created = true;
        tacho::prometheus_encoder encoder{sink, style};
        registry.visit(encoder);
        EXPECT_TRUE(encoder.finish());
        std::size_t found = 0;
        for (std::size_t at = 0; (at = sink.text.find(" # {trace_id=", at)) != std::string::npos; ++at) ++found;
        EXPECT_EQ(found, 258u);
    }
}

TEST_F(exemplar, of_a_removed_series_is_not_in_the_one_after_it) {
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::counter<"c", label<"a">, exemplars> c{registry};
    for (int i = 0; i < 500; ++i) {
        c("1").inc(1, {{"order", "old"}});
        c.remove("1");
    }
    registry.filter_exemplars(exemplar_filter::always_off);
    c("1").inc();
    EXPECT_EQ(behind("c_total", registry), "");
}

TEST_F(exemplar, is_kept_by_instruments_named_at_run_time) {
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    auto const c = tacho::add_exemplar_counter(registry, {.name = "c", .labels = {"a"}});
    auto const h = tacho::add_exemplar_histogram(registry, {.name = "h", .bounds = {1}});
    c.bind({"1"}).inc(4, {{"order", "17"}});
    h.bind().observe(0.5);
    EXPECT_EQ(behind("c_total", registry), R"(# {order="17"} 4 1700000000.0)");
    EXPECT_EQ(behind("h_bucket{le=\"1.0\"}", registry), "# {} 0.5 1700000000.0");
}

// With exemplars it is another instrument: the first one would keep none for the second.
TEST_F(exemplar, is_part_of_an_instruments_identity) {
    tacho::set_error_hook(nullptr);
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::counter<"c", exemplars> first{registry}, same{registry};
    tacho::counter<"c"> other{registry};
    tacho::set_error_hook(&tacho::print_to_stderr);
    EXPECT_TRUE(same.ok());
    EXPECT_FALSE(other.ok());
    ASSERT_EQ(registry.problems().size(), 1u);
    EXPECT_NE(registry.problems()[0].find("exemplars"), std::string::npos) << registry.problems()[0];
    same.inc(2);
    EXPECT_EQ(behind("c_total", registry), "# {} 2 1700000000.0");
}

TEST_F(exemplar, is_harmless_where_nothing_is_registered) {
    tacho::set_error_hook(nullptr);
    tacho::registry registry{on_clock(exemplar_filter::always_on)};
    tacho::gauge<"taken"> taken{registry};
    tacho::counter<"taken", label<"a">, exemplars> c{registry};
    tacho::histogram<"taken", exemplars> h{registry};
    tacho::set_error_hook(&tacho::print_to_stderr);
    EXPECT_FALSE(h.ok());
    c("1").inc(1, {{"order", "17"}});
    c.bind("1").inc();
    h.observe(1, {{"order", "17"}});
    EXPECT_EQ(test::as_openmetrics(registry), "# TYPE taken gauge\ntaken 0\n# EOF\n");
}

// All the bytes a label can have come back as they went in, at every length that there is room for.
TEST_F(exemplar, slot_gives_back_what_it_was_given) {
    tacho::detail::exemplar_slot slot;
    tacho::exemplar read;
    EXPECT_FALSE(slot.read(read));
    for (std::size_t size = 1; size <= 117; ++size) {
        std::string value;
        for (std::size_t i = 0; i < size; ++i) value += static_cast<char>(1 + (i * 7 + size) % 127);
        tacho::exemplar written{};
        written.bits = ~std::uint64_t{size};
        written.time = size;
        written.trace = in_span(true);
        tacho::exemplar_label const labels[] = {{"k", value}};
        written.labels.put(labels, false);
        ASSERT_TRUE(slot.write(written));
        ASSERT_TRUE(slot.read(read));
        EXPECT_EQ(read.bits, written.bits);
        EXPECT_EQ(read.time, size);
        EXPECT_EQ(read.trace.trace_id, written.trace.trace_id);
        EXPECT_EQ(read.trace.span_id, written.trace.span_id);
        std::string shown;
        read.for_each_label(
            [&](std::string_view name, std::string_view v) { shown.append(name).append("=").append(v); });
        EXPECT_EQ(shown, "k=" + value);
    }
    slot.clear();
    EXPECT_FALSE(slot.read(read));
}

}  // namespace
