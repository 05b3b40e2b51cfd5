// SPDX-License-Identifier: MIT
// The reader that other tests trust: it finds what real readers accept.
#include "support/page_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#if defined(__cpp_exceptions)
namespace {

constexpr std::string_view sound = R"(# TYPE target info
target_info{a="b"} 1
# TYPE c counter
# HELP c With \"quotes\", \\ and \n
c_total{x="1"} 2.5 # {trace_id="\"1\"",span_id="2"} 2 1700000000.5
c_created{x="1"} 1700000000
c_total{x="2"} 0 # {} 1
# TYPE h_seconds histogram
# UNIT h_seconds seconds
h_seconds_bucket{x="1",le="0.5"} 1 # {trace_id="1"} 0.5
h_seconds_bucket{x="1",le="1.0"} 1
h_seconds_bucket{x="1",le="+Inf"} 3 # {"a.b"="1"} +Inf 1
h_seconds_sum{x="1"} 2.5
h_seconds_count{x="1"} 3
h_seconds_bucket{x="2",le="+Inf"} 0
# TYPE s stateset
s{s="on"} 1
s{s="off"} 0
# TYPE m gauge
m NaN
# TYPE "q.r" gauge
{"q.r",x="1"} 1
# EOF
)";

struct fault {
    std::string_view what, right, wrong, right_2 = {}, wrong_2 = {};
};

std::string replaced(std::string page, std::string_view from, std::string_view to) {
    auto const at = page.find(from);
    EXPECT_NE(at, page.npos) << from;
    return page.replace(at, from.size(), to);
}

std::string why_refused(std::string_view page, bool openmetrics) {
    return test::why_refused([&] { test::page_reader const read{page, openmetrics}; });
}

void expect_refused(std::string_view page, bool openmetrics, std::vector<fault> const& faults) {
    EXPECT_EQ(why_refused(page, openmetrics), "");
    for (auto const& f : faults) {
        auto text = replaced(std::string{page}, f.right, f.wrong);
        if (!f.right_2.empty()) text = replaced(text, f.right_2, f.wrong_2);
        EXPECT_NE(why_refused(text, openmetrics), "") << f.what;
    }
}

// CONFORMANCE 13, 14, 25, 26, 42-45, 50-54, 58, 59
TEST(the_page_reader, refuses_what_is_wrong) {
    expect_refused(
        sound, true,
        {{"no end", "# EOF\n", ""},
         {"text behind the end", "# EOF\n", "# EOF\nz 1\n"},
         {"a line without an end", "# EOF\n", "# EOF"},
         {"a blank line", "m NaN\n", "m NaN\n\n"},
         {"a comment", "m NaN\n", "m NaN\n# comment\n"},
         {"a comment in a family", "# TYPE m", "# ABOUT m x\n# TYPE m"},
         {"a series twice", "m NaN\n", "m NaN\nm 1\n"},
         {"a family twice", "# EOF", "# TYPE c counter\nc_total 1\n# EOF"},
         {"a split family", "# EOF", "# TYPE c counter\nc_total{x=\"3\"} 1\n# EOF"},
         {"a family whose lines go on elsewhere", "m NaN\n", "m NaN\nc_total{x=\"3\"} 1\n"},
         {"a split series", "c_created{x=\"1\"} 1700000000\n", "", "# TYPE h_", "c_created{x=\"1\"} 17\n# TYPE h_"},
         {"a split histogram", "h_seconds_sum{x=\"1\"} 2.5\nh_seconds_count{x=\"1\"} 3\n", "", "# TYPE s s",
          "h_seconds_sum{x=\"1\"} 2.5\nh_seconds_count{x=\"1\"} 3\n# TYPE s s"},
         {"a family whose words go on elsewhere", "# EOF", "# HELP m x\nm{x=\"1\"} 1\n# EOF"},
         {"late HELP", "m NaN\n", "m NaN\n# HELP m late\n"},
         {"late TYPE", "# TYPE m gauge\nm NaN\n", "m NaN\n# TYPE m gauge\n"},
         {"late UNIT", "# UNIT h_seconds seconds\n", "", "# TYPE s s", "# UNIT h_seconds seconds\n# TYPE s s"},
         {"no TYPE", "# TYPE m gauge\n", ""},
         {"two types", "# TYPE m gauge\n", "# TYPE m gauge\n# TYPE m gauge\n"},
         {"two helps", "# TYPE m gauge\n", "# HELP m a\n# TYPE m gauge\n# HELP m a\n"},
         {"a type that is none", "m gauge", "m meter"},
         {"a type of text", "m gauge", "m untyped"},
         {"words without lines", "m NaN\n", ""},
         {"words without lines at the end", "{\"q.r\",x=\"1\"} 1\n", ""},
         {"a unit that does not end its name", "h_seconds seconds", "h_seconds s"},
         {"a counter without _total", "c_total{x=\"2\"}", "c{x=\"2\"}"},
         {"a counter below zero", "} 2.5 #", "} -2.5 #"},
         {"a counter that is NaN", "} 2.5 #", "} NaN #"},
         {"an info of 2", "{a=\"b\"} 1", "{a=\"b\"} 2"},
         {"an info without _info", "target_info{", "target{"},
         {"a state of 2", "s{s=\"on\"} 1", "s{s=\"on\"} 2"},
         {"a state without a name", "s{s=\"on\"} 1", "s 1"},
         {"a quote in HELP", "With \\\"", "With \""},
         {"an escape that is none", "x=\"2\"", "x=\"\\t\""},
         {"a label twice", "c_total{x=\"2\"", "c_total{x=\"2\",x=\"2\""},
         {"an empty label", "c_total{x=\"2\"", "c_total{x=\"\""},
         {"a comma too many", "c_total{x=\"2\"", "c_total{x=\"2\","},
         {"labels that are none", "m NaN", "m{} NaN"},
         {"quotes that nobody needs", "m NaN", "{\"m\"} NaN"},
         {"a name behind the labels", "{\"q.r\",x=\"1\"}", "{x=\"1\",\"q.r\"}"},
         {"two names", "{\"q.r\",x=\"1\"}", "{\"q.r\",\"q.r\"}"},
         {"a blank too many", "m NaN", "m  NaN"},
         {"a blank at the end", "m NaN", "m NaN "},
         {"a carriage return", "m NaN", "m NaN\r"},
         {"a time", "m NaN", "m NaN 1"},
         {"the word inf", "m NaN", "m inf"},
         {"the word nan", "m NaN", "m nan"},
         {"a hexadecimal number", "m NaN", "m 0x1"},
         {"a number with a comma", "m NaN", "m 1,5"},
         {"bounds that fall", "le=\"0.5\"", "le=\"2.0\""},
         {"a bound twice", "le=\"0.5\"", "le=\"1.0\""},
         {"a bound that is no number", "le=\"0.5\"", "le=\"a\""},
         {"a bucket without a bound", "le=\"0.5\"", "la=\"0.5\""},
         {"counts that fall", "le=\"0.5\"} 1", "le=\"0.5\"} 2"},
         {"half a count", "le=\"0.5\"} 1", "le=\"0.5\"} 0.5"},
         {"no +Inf", "h_seconds_bucket{x=\"1\",le=\"+Inf\"} 3 # {\"a.b\"=\"1\"} +Inf 1\n", ""},
         {"no +Inf, nor a sum", "h_seconds_bucket{x=\"2\",le=\"+Inf\"}", "h_seconds_bucket{x=\"2\",le=\"7.0\"}"},
         {"a count that is not that of +Inf", "count{x=\"1\"} 3", "count{x=\"1\"} 2"},
         {"a sum without a count", "h_seconds_count{x=\"1\"} 3\n", ""},
         {"a count without a sum", "h_seconds_sum{x=\"1\"} 2.5\n", ""},
         {"a sum with a bound", "h_seconds_sum{x=\"1\"}", "h_seconds_sum{x=\"1\",le=\"1.0\"}"},
         {"a sum before the buckets", "h_seconds_bucket{x=\"2\"",
          "h_seconds_sum{x=\"2\"} 0\nh_seconds_bucket{x=\"2\""}});
}

// CONFORMANCE 67, 68, 69
TEST(the_page_reader, refuses_exemplars_that_are_wrong) {
    std::string const wide = "\xE6\x97\xA5", long_one(128 - 8, 'x');
    std::string wide_one;
    for (int i = 0; i < 128 - 8; ++i) wide_one += wide;
    auto const labelled = [](std::string const& value) { return "{trace_id=\"" + value + "\"} 0.5"; };
    // 128 code points, of one byte or of three.
    for (auto const& fits : {long_one, wide_one})
        EXPECT_EQ(why_refused(replaced(std::string{sound}, "{trace_id=\"1\"} 0.5", labelled(fits)), true), "");
    auto const too_long = labelled(long_one + 'x'), too_wide = labelled(wide_one + wide);
    expect_refused(sound, true,
                   {{"129 characters", "{trace_id=\"1\"} 0.5", too_long},
                    {"129 wide characters", "{trace_id=\"1\"} 0.5", too_wide},
                    {"a value below its bucket", "{\"a.b\"=\"1\"} +Inf", "{\"a.b\"=\"1\"} 1"},
                    {"a value above its bucket", "{trace_id=\"1\"} 0.5", "{trace_id=\"1\"} 0.75"},
                    {"a value that is NaN", "{trace_id=\"1\"} 0.5", "{trace_id=\"1\"} NaN"},
                    {"one of a gauge", "m NaN", "m NaN # {} 1"},
                    {"one of a state", "s{s=\"on\"} 1", "s{s=\"on\"} 1 # {} 1"},
                    {"one of an info", "{a=\"b\"} 1", "{a=\"b\"} 1 # {} 1"},
                    {"one of a sum", "h_seconds_sum{x=\"1\"} 2.5", "h_seconds_sum{x=\"1\"} 2.5 # {} 1"},
                    {"one of a count", "h_seconds_count{x=\"1\"} 3", "h_seconds_count{x=\"1\"} 3 # {} 1"},
                    {"one of a time", "c_created{x=\"1\"} 1700000000", "c_created{x=\"1\"} 1700000000 # {} 1"},
                    {"two of one line", "0 # {} 1", "0 # {} 1 # {} 1"},
                    {"no value", "0 # {} 1", "0 # {}"},
                    {"no labels", "0 # {} 1", "0 # 1"},
                    {"a name", "0 # {} 1", "0 # {a} 1"},
                    {"a label twice", "0 # {} 1", "0 # {a=\"1\",a=\"1\"} 1"},
                    {"an escape that is none", "0 # {} 1", "0 # {a=\"\\r\"} 1"},
                    {"a time that is none", "0 # {} 1", "0 # {} 1 now"},
                    {"a time that is not finite", "0 # {} 1", "0 # {} 1 +Inf"},
                    {"a time that is NaN", "0 # {} 1", "0 # {} 1 NaN"},
                    {"two times", "0 # {} 1", "0 # {} 1 1 1"},
                    {"a blank at the end", "0 # {} 1", "0 # {} 1 "},
                    {"a blank too few", "0 # {} 1", "0 #{} 1"}});
    // The first bucket begins at -Inf, also behind another series.
    for (auto const value : {"-3", "0.25"})
        EXPECT_EQ(why_refused("# TYPE h histogram\nh_bucket{a=\"1\",le=\"0.5\"} 1 # {} " + std::string{value} +
                                  "\nh_bucket{a=\"1\",le=\"+Inf\"} 1\nh_bucket{a=\"2\",le=\"0.5\"} 1 # {} " + value +
                                  "\nh_bucket{a=\"2\",le=\"+Inf\"} 1\n# EOF\n",
                              true),
                  "");
    test::page_reader const read{sound, true};
    EXPECT_EQ(read.exemplars.size(), 4u);
    auto const& first = read.exemplars.at({"c_total", {{"x", "1"}}});
    EXPECT_EQ(first.of, (test::labels{{"trace_id", "\"1\""}, {"span_id", "2"}}));
    EXPECT_EQ(first.value, 2);
    EXPECT_EQ(first.time, "1700000000.5");
}

// CONFORMANCE 13, 17, 25, 55, 66
TEST(the_page_reader, refuses_what_is_wrong_in_text) {
    expect_refused(
        "# HELP c_total A \"quote\"\n# TYPE c_total counter\nc_total 1\n# TYPE h histogram\n"
        "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n# TYPE m gauge\nm 1\n",
        false,
        {{"an end of OpenMetrics", "m 1\n", "m 1\n# EOF\n"},
         {"a type of OpenMetrics", "m gauge", "m stateset"},
         {"a unit", "# TYPE m", "# UNIT m m\n# TYPE m"},
         {"a quote with a backslash", "A \"", "A \\\""},
         {"an exemplar", "c_total 1", "c_total 1 # {} 1"},
         {"an exemplar of a bucket", "h_bucket{le=\"1\"} 1", "h_bucket{le=\"1\"} 1 # {} 1"},
         {"a created line", "c_total 1\n", "c_total 1\nc_created 1\n"},
         {"neither sum nor count", "h_sum 1\nh_count 1\n", ""},
         {"no +Inf", "h_bucket{le=\"+Inf\"} 1\n", ""}});
}

}  // namespace
#endif
