// SPDX-License-Identifier: MIT
#include "tacho/core/names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using tacho::instrument_kind;

std::string name(std::string_view otel, std::string_view unit, instrument_kind kind) {
    return std::string{tacho::prometheus_name(otel, unit, kind).view()};
}
std::string word(std::string_view ucum) {
    return std::string{tacho::unit_word(ucum).view()};
}

// CONFORMANCE 114
TEST(an_instrument_name, begins_with_a_letter_and_is_ascii) {
    EXPECT_TRUE(tacho::is_instrument_name("http.server-requests/x_1"));
    EXPECT_FALSE(tacho::is_instrument_name(""));
    EXPECT_FALSE(tacho::is_instrument_name("1a"));
    EXPECT_FALSE(tacho::is_instrument_name("_a"));
    EXPECT_FALSE(tacho::is_instrument_name("a b"));
    EXPECT_FALSE(tacho::is_instrument_name("a:b"));
    EXPECT_FALSE(tacho::is_instrument_name("caf\xC3\xA9"));
    EXPECT_FALSE(tacho::is_instrument_name(std::string_view{"a\0b", 3}));
}

// CONFORMANCE 114
TEST(an_instrument_name, has_at_most_255_characters) {
    EXPECT_TRUE(tacho::is_instrument_name(std::string(255, 'a')));
    EXPECT_FALSE(tacho::is_instrument_name(std::string(256, 'a')));
}

// CONFORMANCE 23
TEST(a_label_name, is_not_reserved) {
    EXPECT_TRUE(tacho::is_label_name("http.method"));
    EXPECT_FALSE(tacho::is_label_name("__name__"));
    EXPECT_FALSE(tacho::is_label_name("_x"));
    EXPECT_FALSE(tacho::is_label_name("otel.scope.name"));
    EXPECT_FALSE(tacho::is_label_name("otel_scope_version"));
    EXPECT_FALSE(tacho::is_label_name("otel-scope/name"));  // shown as otel_scope_name
    EXPECT_FALSE(tacho::is_label_name("otel.metric.overflow"));
    EXPECT_TRUE(tacho::is_label_name("otel.scoped"));
}

// CONFORMANCE 199
TEST(a_prometheus_name, has_its_illegal_characters_replaced_and_runs_collapsed) {
    EXPECT_EQ(name("a.b-c/d", "", instrument_kind::gauge), "a_b_c_d");
    EXPECT_EQ(name("a._-b", "", instrument_kind::gauge), "a_b");
}

// CONFORMANCE 206, 224
TEST(a_prometheus_name, ends_with_unit_and_total_once) {
    EXPECT_EQ(name("foo.bar", "By", instrument_kind::counter), "foo_bar_bytes_total");
    EXPECT_EQ(name("foo_total", "By", instrument_kind::counter), "foo_bytes_total");
    EXPECT_EQ(name("foo_bytes_total", "By", instrument_kind::counter), "foo_bytes_total");
    EXPECT_EQ(name("foo.bytes", "By", instrument_kind::counter), "foo_bytes_total");
    EXPECT_EQ(name("http.server.request.duration", "s", instrument_kind::histogram),
              "http_server_request_duration_seconds");
    EXPECT_EQ(name("duration_seconds", "s", instrument_kind::histogram), "duration_seconds");
}

// CONFORMANCE 223, 224: nothing here measures the process, and who does can use the names that dashboards know.
TEST(a_prometheus_name, may_be_one_that_is_known_of_processes) {
    for (auto const known : {"process_virtual_memory_bytes", "process_virtual_memory_max_bytes",
                             "process_resident_memory_bytes", "process_heap_bytes"})
        EXPECT_EQ(name(known, "By", instrument_kind::gauge), known);
    for (auto const known : {"process_open_fds", "process_max_fds", "process_threads"})
        EXPECT_EQ(name(known, "", instrument_kind::gauge), known);
    EXPECT_EQ(name("process_start_time_seconds", "s", instrument_kind::gauge), "process_start_time_seconds");
    EXPECT_EQ(name("process_cpu_seconds_total", "s", instrument_kind::counter), "process_cpu_seconds_total");
}

TEST(a_prometheus_name, is_not_cut_where_a_word_only_ends_alike) {
    EXPECT_EQ(name("megabytes", "By", instrument_kind::gauge), "megabytes_bytes");
    EXPECT_EQ(name("total", "", instrument_kind::counter), "total_total");
}

// CONFORMANCE 205
TEST(a_prometheus_name, has_no_suffix_for_the_unit_one) {
    EXPECT_EQ(name("x", "1", instrument_kind::counter), "x_total");
    EXPECT_EQ(name("x", "1", instrument_kind::gauge), "x");
}

TEST(a_prometheus_name, is_made_while_compiling) {
    static_assert(tacho::prometheus_name("a.b", "s", instrument_kind::gauge).view() == "a_b_seconds");
}

// CONFORMANCE 201
TEST(a_unit, has_the_word_of_the_specification) {
    char const* const table[][2] = {
        {"d", "days"},          {"h", "hours"},         {"min", "minutes"},    {"s", "seconds"},
        {"ms", "milliseconds"}, {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},
        {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},  {"GiBy", "gibibytes"}, {"TiBy", "tebibytes"},
        {"kBy", "kilobytes"},   {"MBy", "megabytes"},   {"GBy", "gigabytes"},  {"TBy", "terabytes"},
        {"m", "meters"},        {"V", "volts"},         {"A", "amperes"},      {"J", "joules"},
        {"W", "watts"},         {"g", "grams"},         {"Cel", "celsius"},    {"Hz", "hertz"},
        {"%", "percent"}};
    for (auto const& [ucum, expected] : table) EXPECT_EQ(word(ucum), expected);
}

// CONFORMANCE 201, 203, 204
TEST(a_unit, may_be_a_rate_or_a_remark_or_unknown) {
    EXPECT_EQ(word("m/s"), "meters_per_second");
    EXPECT_EQ(word("By/s"), "bytes_per_second");
    EXPECT_EQ(word("{packet}"), "");
    EXPECT_EQ(word("{request}/s"), "per_second");
    EXPECT_EQ(word("furlong"), "furlong");
    EXPECT_EQ(word("a.b"), "a_b");
    EXPECT_EQ(word(""), "");
}

}  // namespace
