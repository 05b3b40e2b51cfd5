// SPDX-License-Identifier: MIT
#include "support/text.hpp"

#include "tacho/encode/target_info.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <sstream>

namespace {

using test::as_json;
using test::as_openmetrics;
using test::as_text;

// Every kind, every escape, every special number.
struct rich {
    tacho::registry registry{test::fixed()};
    tacho::scope scope = registry.scope("shop", "1.2.3");
    tacho::counter<"http.requests", tacho::label<"method">, tacho::label<"status_code", int>, tacho::label<"tls", bool>>
        requests{scope, "Requests \"so far\", with a \\ and\na second line"};
    tacho::counter<"cpu", tacho::unit::seconds, double> cpu{scope, "Time"};
    tacho::gauge<"temperature", tacho::unit::celsius, tacho::label<"room">> temperature{scope, "Now"};
    tacho::up_down_counter<"queue.length"> queue{registry, "Jobs"};
    tacho::histogram<"latency", tacho::unit::seconds, tacho::label<"path">> latency{scope, "How long", {0.005, 1, 1e6}};
    tacho::histogram<"drift"> drift{registry, "May be negative", {-1, 1}};

    rich() {
        requests("GET", 200, true).inc(3);
        requests("P\"\\\n\xC3\xA9", 404, false).inc();
        cpu.inc(1.5);
        temperature("a").set(-3);
        temperature("b").set(std::numeric_limits<double>::quiet_NaN());
        temperature("c").set(std::numeric_limits<double>::infinity());
        queue.dec(2);
        latency("/").observe(0.005);
        latency("/").observe(0.25);
        latency("/").observe(2e6);
        drift.observe(-5);
    }
};

std::string golden(std::string const& name) {
    std::ifstream in{std::string{TACHO_GOLDEN_FOLDER} + "/" + name, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

// CONFORMANCE 10, 11, 16, 25, 29, 33, 42, 43, 46, 49, 55
TEST(a_whole_page, of_text_0_0_4_is_right_to_the_byte) {
    rich r;
    EXPECT_EQ(as_text(r.registry, tacho::text_format::prometheus_0_0_4, "{service_name=\"test\"}"), golden("page.txt"));
}

TEST(a_whole_page, of_text_1_0_0_has_the_same_body) {
    rich r;
    EXPECT_EQ(as_text(r.registry, tacho::text_format::prometheus_1_0_0, "{service_name=\"test\"}"), golden("page.txt"));
}

// CONFORMANCE 12, 13, 17, 25, 34, 43, 51, 54, 59, 215
TEST(a_whole_page, of_openmetrics_is_right_to_the_byte) {
    rich r;
    EXPECT_EQ(as_text(r.registry, tacho::text_format::openmetrics_1_0_0, "{service_name=\"test\"}"),
              golden("page.openmetrics"));
}

// CONFORMANCE 168-178
TEST(a_whole_request, of_otlp_is_right_to_the_byte) {
    rich r;
    EXPECT_EQ(as_json(r.registry) + "\n", golden("request.json"));
}

// CONFORMANCE 13, 166
TEST(an_empty_registry, is_an_empty_page_and_an_empty_request) {
    tacho::registry registry;
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(as_openmetrics(registry), "# EOF\n");
    EXPECT_EQ(as_json(registry), "{}");
}

TEST(an_instrument_with_labels, has_no_heading_before_its_first_series) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"a">> c{registry, "Help"};
    EXPECT_EQ(as_text(registry), "");
    EXPECT_EQ(as_json(registry), "{}");
}

// CONFORMANCE 54
TEST(openmetrics, leaves_out_a_sum_that_could_go_down_together_with_its_count) {
    tacho::registry registry;
    tacho::histogram<"h"> h{registry, "", {1}};
    h.observe(-5);  // no bound is negative, but the sum is
    EXPECT_EQ(as_openmetrics(registry), "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\n# EOF\n");
    EXPECT_EQ(test::value_of(as_text(registry), "h_sum"), "-5");
    EXPECT_EQ(as_json(registry).find("\"sum\""), std::string::npos);
}

// CONFORMANCE 59
TEST(openmetrics, names_a_unit_only_where_the_name_ends_with_it) {
    tacho::registry registry;
    tacho::counter<"a", tacho::unit::bytes> a{registry};
    tacho::gauge<"b", tacho::unit::ratio> b{registry};
    tacho::gauge<"c", tacho::unit::of<"{thing}">> c{registry};
    EXPECT_EQ(as_openmetrics(registry),
              "# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 0\n"
              "# TYPE b gauge\nb 0\n# TYPE c gauge\nc 0\n# EOF\n");
}

// CONFORMANCE 170, 173
TEST(otlp, writes_an_integer_that_it_has_no_place_for_as_a_double) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"c"> c{registry};
    EXPECT_NE(as_json(registry).find("\"asInt\":\"0\""), std::string::npos);
    c.inc(std::uint64_t{1} << 63);
    EXPECT_NE(as_json(registry).find("\"asDouble\":9.223372036854776e+18"), std::string::npos) << as_json(registry);
}

// CONFORMANCE 134: what is born after the collection began does not start after its end.
TEST(otlp, never_starts_after_its_own_time) {
    tacho::registry registry{{.now = []() noexcept -> tacho::unix_nanos { return test::now + 5'000'000'000u; }}};
    tacho::counter<"c"> c{registry};
    auto const time = std::to_string(test::now + 1'000'000'000u);
    EXPECT_NE(as_json(registry).find("\"startTimeUnixNano\":\"" + time + "\",\"timeUnixNano\":\"" + time + "\""),
              std::string::npos);
}

// CONFORMANCE 178
TEST(otlp, escapes_text_as_json) {
    tacho::registry registry{test::fixed()};
    tacho::gauge<"g"> g{registry, "\"\\\b\x1F\x7F \xC3\xA9 \xFF"};
    EXPECT_NE(as_json(registry).find("\"description\":\"\\\"\\\\\\u0008\\u001f\x7F \xC3\xA9 \xEF\xBF\xBD\""),
              std::string::npos);
}

TEST(otlp, marks_the_overflow_series_with_a_boolean) {
    auto const before = tacho::set_error_hook(nullptr);
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"a">, tacho::series_limit<1>> c{registry};
    c("1").inc();
    c("2").inc();
    EXPECT_NE(as_json(registry).find(R"({"key":"otel.metric.overflow","value":{"boolValue":true}})"),
              std::string::npos);
    tacho::set_error_hook(before);
}

TEST(an_encoder_of_a_program, is_given_empty_label_values_of_the_overflow_series) {
    auto const before = tacho::set_error_hook(nullptr);
    tacho::registry registry{test::fixed()};
    tacho::counter<"c", tacho::label<"a">, tacho::label<"b", int>, tacho::series_limit<1>> c{registry};
    c("1", 2).inc(3);
    c("2", 3).inc(4);
    struct {
        void number(tacho::family const& of, tacho::series const& s, tacho::number value) {
            shown.append(s.is_overflow() ? "beyond:" : "series:");
            for (std::size_t i = 0; i < of.schema().keys.size() + 1; ++i) shown.append(s.value(i)).append(",");
            shown.append(std::to_string(value.as_unsigned())).append(" ");
        }
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value) {}
        std::string shown{};
    } visitor;
    registry.visit(visitor);
    EXPECT_EQ(visitor.shown, "series:1,2,,3 beyond:,,,4 ");
    tacho::set_error_hook(before);
}

TEST(a_sink_without_room, makes_the_whole_page_fail_and_is_not_overrun) {
    rich r;
    auto const whole = as_text(r.registry);
    for (std::size_t size = 0; size < whole.size() + 400; size += 7) {
        std::string room(size + 64, '#');
        tacho::span_sink sink{std::span{room}.first(size)};
        tacho::prometheus_encoder encoder{sink, tacho::text_format::prometheus_0_0_4};
        r.registry.visit(encoder);
        if (encoder.finish())
            EXPECT_EQ(sink.view(), whole);
        else
            EXPECT_LT(size, whole.size() + 400);
        EXPECT_EQ(room.substr(size), std::string(64, '#'));
    }
}

// CONFORMANCE 213, 215
TEST(target_info, has_legal_sorted_labels_and_joins_those_that_became_the_same) {
    EXPECT_EQ(tacho::target_info_labels({}), "");
    EXPECT_EQ(
        tacho::target_info_labels({{"service.name", "a\"b"}, {"a_b", "2"}, {"a.b", "1"}, {"empty", ""}, {"1x", "y"}}),
        "{a_b=\"1;2\",key_1x=\"y\",service_name=\"a\\\"b\"}");
}

// Of several attributes of one key the last counts, as valid UTF-8: what was read from the environment can be replaced.
TEST(target_info, has_of_each_key_the_attribute_that_a_push_has) {
    tacho::resource const about{{"a.b", "1"},   {"a_b", "of a_b"}, {"a.b", "2"}, {"x\xff", "1"},
                                {"x\xfe", "2"}, {"gone", "1"},     {"gone", ""}};
    EXPECT_EQ(tacho::target_info_labels(about), "{a_b=\"2;of a_b\",x_=\"2\"}");
    tacho::registry registry;
    tacho::counter<"c"> c{registry};
    auto const json = test::as_json(registry, about);
    EXPECT_NE(json.find(R"({"key":"a.b","value":{"stringValue":"2"}})"), std::string::npos) << json;
    EXPECT_EQ(json.find(R"("stringValue":"1")"), std::string::npos) << json;
}

// ---- One snapshot, both ways out, number by number.

using numbers = std::map<std::string, std::string>;

numbers from_text(std::string const& page) {
    numbers out;
    std::istringstream in{page};
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with('#')) continue;
        auto const space = line.rfind(' ');
        EXPECT_TRUE(out.emplace(line.substr(0, space), line.substr(space + 1)).second) << "twice: " << line;
    }
    return out;
}

// The same names for the same numbers, by a visitor of its own over the JSON text: OTLP names points by attributes.
// Instruments here are called a_b_... in both worlds and have text labels only, so that names agree without
// translation.
std::string between(std::string const& text, std::size_t& at, std::string const& open, char close) {
    at = text.find(open, at);
    if (at == std::string::npos) return {};
    at += open.size();
    auto const end = text.find(close, at);
    return text.substr(at, end - at);
}

numbers from_json(std::string const& json) {
    numbers out;
    for (std::size_t at = 0; (at = json.find("{\"name\":\"", at)) != std::string::npos;) {
        auto const end_of_metric = std::min(json.find("{\"name\":\"", at + 1), json.size());
        auto const metric = json.substr(at, end_of_metric - at);
        at = end_of_metric;
        if (metric.find("\"dataPoints\"") == std::string::npos) continue;  // a scope
        std::size_t p = 0;
        auto const name = between(metric, p, "{\"name\":\"", '"');
        for (std::size_t point = metric.find("{\"startTimeUnixNano\""); point != std::string::npos;) {
            auto const next = metric.find("{\"startTimeUnixNano\"", point + 1);
            auto const body = metric.substr(point, next == std::string::npos ? next : next - point);
            point = next;
            std::string labels;
            for (std::size_t a = 0; (a = body.find("{\"key\":\"", a)) != std::string::npos;) {
                auto const key = between(body, a, "{\"key\":\"", '"');
                labels +=
                    (labels.empty() ? "" : ",") + key + "=\"" + between(body, a, "\"stringValue\":\"", '"') + "\"";
            }
            auto const with = [&](std::string const& suffix, std::string const& more = {}) {
                auto const all = labels + (labels.empty() || more.empty() ? "" : ",") + more;
                return name + suffix + (all.empty() ? "" : "{" + all + "}");
            };
            std::size_t v = 0;
            if (body.find("\"bucketCounts\"") == std::string::npos) {
                auto value = between(body, v, "\"asInt\":\"", '"');
                if (value.empty()) value = between(body, v = 0, "\"asDouble\":", '}');
                EXPECT_TRUE(out.emplace(with(""), value).second);
                continue;
            }
            out[with("_count")] = between(body, v = 0, "\"count\":\"", '"');
            out[with("_sum")] = between(body, v = 0, "\"sum\":", ',');
            std::istringstream bounds{between(body, v = 0, "\"explicitBounds\":[", ']')};
            std::istringstream counts{between(body, v = 0, "\"bucketCounts\":[", ']')};
            std::uint64_t up_to = 0;
            for (std::string count; std::getline(counts, count, ',');) {
                up_to += std::stoull(count.substr(1));
                std::string bound;
                if (!std::getline(bounds, bound, ',')) bound = "+Inf";
                out[with("_bucket", "le=\"" + bound + "\"")] = std::to_string(up_to);
            }
        }
    }
    return out;
}

TEST(both_ways_out, carry_the_same_numbers) {
    std::mt19937_64 random{3};
    tacho::registry registry{test::fixed(false)};
    auto const scope = registry.scope("s");
    std::vector<tacho::named_double_counter> doubles;
    std::vector<tacho::named_counter> integers;
    std::vector<tacho::named_up_down_counter> levels;
    std::vector<tacho::named_gauge> gauges;
    std::vector<tacho::named_histogram> histograms;
    auto const value = [&] {
        return std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 90) - 70);
    };
    for (int i = 0; i < 40; ++i) {
        auto const n = std::to_string(i);
        doubles.push_back(tacho::add_double_counter(scope, {.name = "double" + n + "_total", .labels = {"a", "b"}}));
        integers.push_back(tacho::add_counter(scope, {.name = "integer" + n + "_total", .labels = {"a", "b"}}));
        levels.push_back(tacho::add_up_down_counter(scope, {.name = "level" + n, .labels = {"a"}}));
        gauges.push_back(tacho::add_gauge(scope, {.name = "gauge" + n}));
        histograms.push_back(
            tacho::add_histogram(scope, {.name = "histogram" + n, .labels = {"a"}, .bounds = {0, 0.5, 100}}));
        for (int k = 0; k < 20; ++k) {
            auto const a = "v" + std::to_string(random() % 5), b = "w" + std::to_string(random() % 3);
            doubles.back().bind({a, b}).inc(value());
            integers.back().bind({a, b}).inc(random() >> 12);
            levels.back().bind({a}).inc(static_cast<std::int64_t>(random()) >> 8);
            gauges.back().bind().set(-value());
            histograms.back().bind({a}).observe(value());
        }
    }
    auto const snapshot = registry.snapshot();
    auto const text = from_text(as_text(snapshot)), json = from_json(as_json(snapshot));
    EXPECT_GT(text.size(), 1500u);
    EXPECT_EQ(text, json);
}

}  // namespace
