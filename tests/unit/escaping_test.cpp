// SPDX-License-Identifier: MIT
// Names that not every client can read: what becomes of them, by the registry's strategy and the client's escaping.
#include "tacho/core/escaping.hpp"
#include "support/text.hpp"
#include "tacho/core/translation.hpp"
#include "tacho/encode/line_names.hpp"
#include "tacho/encode/target_info.hpp"
#include "tacho/export/endpoint.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using tacho::escaping;
using tacho::instrument_kind;
using tacho::label;
using tacho::text_format;
using tacho::translation_strategy;
using tacho::detail::escaped_name;

constexpr escaping all_escapings[] = {escaping::underscores, escaping::allow_utf_8, escaping::dots, escaping::values};

// CONFORMANCE 62, 63: the table of 1.9, with a plain name unchanged, two underscores and small letters.
TEST(an_escaped_name, is_what_prometheus_own_code_makes_of_it) {
    struct {
        std::string_view name, underscores, dots, values;
    } const table[] = {
        {"a.b_c", "a_b_c", "a_dot_b__c", "U__a_2e_b__c"},
        {"foo_bar", "foo_bar", "foo_bar", "foo_bar"},
        {"1abc", "_abc", "__abc", "U___31_abc"},
        {"\xE6\x97\xA5\xE6\x9C\xAC", "__", "____", "U___65e5__672c_"},
        {"a-b/c", "a_b_c", "a__b__c", "U__a_2d_b_2f_c"},
        {"a:b", "a_b", "a__b", "U__a_3a_b"},
        {"\xC3\xA9\xF0\x9F\x98\x80", "__", "____", "U___e9__1f600_"},
        {"_", "_", "_", "_"},
        {"...", "___", "_dot__dot__dot_", "U___2e__2e__2e_"},
    };
    for (auto const& row : table) {
        EXPECT_EQ(escaped_name(row.name, escaping::underscores), row.underscores);
        EXPECT_EQ(escaped_name(row.name, escaping::dots), row.dots);
        EXPECT_EQ(escaped_name(row.name, escaping::values), row.values);
        EXPECT_EQ(escaped_name(row.name, escaping::allow_utf_8), row.name);
    }
}

// CONFORMANCE 19, 21: one rule for metrics and labels, without the colon that labels can't have.
TEST(a_plain_name, is_what_every_client_can_read_as_a_metric_and_as_a_label) {
    for (auto const name : {"a", "_", "A_9", "__x__"}) EXPECT_TRUE(tacho::detail::is_plain_name(name)) << name;
    for (auto const name : {"", "9a", "a.b", "a:b", "a b", "\xC3\xA9"})
        EXPECT_FALSE(tacho::detail::is_plain_name(name)) << name;
}

// CONFORMANCE 200: its table, and what it says of no other name.
TEST(a_strategy, decides_what_a_name_is_before_it_is_escaped) {
    auto const name = [](std::string_view otel, std::string_view unit, instrument_kind kind, auto how) {
        return std::string{tacho::prometheus_name(otel, unit, kind, how).view()};
    };
    using enum translation_strategy;
    auto const counter = instrument_kind::counter;
    EXPECT_EQ(name("foo.bar", "By", counter, underscore_escaping_with_suffixes), "foo_bar_bytes_total");
    EXPECT_EQ(name("foo.bar", "By", counter, underscore_escaping_without_suffixes), "foo_bar");
    EXPECT_EQ(name("foo.bar", "By", counter, no_utf8_escaping_with_suffixes), "foo.bar_bytes_total");
    EXPECT_EQ(name("foo.bar", "By", counter, no_translation), "foo.bar");

    EXPECT_EQ(name("a..b-_c", "By", counter, underscore_escaping_without_suffixes), "a_b_c");
    EXPECT_EQ(name("a..b-_c", "By", counter, no_translation), "a..b-_c");
    for (auto const twice : {"foo.total", "foo_total", "foo.bytes", "foo_bytes_total", "foo.bytes.total", "foo"})
        EXPECT_EQ(name(twice, "By", counter, no_utf8_escaping_with_suffixes), "foo_bytes_total") << twice;
    EXPECT_EQ(name("a.megabytes", "By", instrument_kind::gauge, no_utf8_escaping_with_suffixes), "a.megabytes_bytes");
    EXPECT_EQ(name("my.build", "", instrument_kind::info, no_utf8_escaping_with_suffixes), "my.build_info");
    EXPECT_EQ(name("seconds", "s", instrument_kind::gauge, no_utf8_escaping_with_suffixes), "seconds");
    EXPECT_EQ(name("x", "1", instrument_kind::gauge, no_utf8_escaping_with_suffixes), "x");
    EXPECT_EQ(name(std::string(255, 'a') + "", "By/s", counter, no_utf8_escaping_with_suffixes).size(), 255u + 23);
}

enum class job { idle, running };
consteval auto label_values(job) {
    return tacho::labels<job>({{job::idle, "i\"d,le"}, {job::running, "running"}});
}

// One instrument of each kind, names and labels with and without characters that need care.
struct untranslated {
    tacho::registry registry;
    tacho::scope shop = registry.scope("shop");
    tacho::counter<"foo.bar", tacho::unit::bytes, label<"a.b">, label<"c">> requests{shop, "A \"quote\""};
    tacho::counter<"foo.baz_total"> counted{registry};
    tacho::counter<"plain_total", label<"d.e">> plain{registry};
    tacho::histogram<"wait_time.s_seconds", tacho::unit::seconds, label<"a.b">> waited{registry, "", {0.5}};
    tacho::histogram<"alone.h"> alone{registry, "", tacho::bounds{}};
    tacho::state_set<"job.state", job, label<"n">> state{registry};
    tacho::info<"my.build", label<"v.v">> build{registry};

    explicit untranslated(translation_strategy how = translation_strategy::no_translation)
        : registry{{.translation = how, .now = &test::fixed_time}} {
        requests("x\"\\,=", "}").inc(3);
        requests("", "").inc();
        plain("1").inc();
        waited("q").observe(0.25);
        state("z").set(job::idle);
        build.set("1");
    }
    [[nodiscard]] std::string page(text_format format, escaping names) const {
        tacho::byte_buffer buffer;
        tacho::prometheus_encoder encoder{buffer, tacho::text_style{format, names}};
        registry.visit(encoder);
        EXPECT_TRUE(encoder.finish());
        return std::string{buffer.view()};
    }
};

// CONFORMANCE 20, 22, 55, 59, 200, 207
TEST(a_name_that_is_kept, is_shown_in_quotes_to_who_allows_utf_8) {
    untranslated const u;
    EXPECT_EQ(u.page(text_format::prometheus_1_0_0, escaping::allow_utf_8),
              R"(# TYPE "alone.h" histogram
{"alone.h_bucket",le="+Inf"} 0
{"alone.h_sum"} 0
{"alone.h_count"} 0
# HELP "foo.bar" A "quote"
# TYPE "foo.bar" counter
{"foo.bar","a.b"="x\"\\,=",c="}",otel_scope_name="shop"} 3
{"foo.bar",otel_scope_name="shop"} 1
# TYPE "foo.baz_total" counter
{"foo.baz_total"} 0
# TYPE "job.state" gauge
{"job.state",n="z","job.state"="i\"d,le"} 1
{"job.state",n="z","job.state"="running"} 0
# TYPE "my.build" gauge
{"my.build","v.v"="1"} 1
# TYPE plain_total counter
plain_total{"d.e"="1"} 1
# TYPE "wait_time.s_seconds" histogram
{"wait_time.s_seconds_bucket","a.b"="q",le="0.5"} 1
{"wait_time.s_seconds_bucket","a.b"="q",le="+Inf"} 1
{"wait_time.s_seconds_sum","a.b"="q"} 0.25
{"wait_time.s_seconds_count","a.b"="q"} 1
)");
    // A counter is none there without _total, nor an info without _info (the table of 1.8).
    EXPECT_EQ(u.page(text_format::openmetrics_1_0_0, escaping::allow_utf_8),
              R"(# TYPE "alone.h" histogram
{"alone.h_bucket",le="+Inf"} 0
{"alone.h_sum"} 0
{"alone.h_count"} 0
# TYPE "foo.bar" unknown
# HELP "foo.bar" A \"quote\"
{"foo.bar","a.b"="x\"\\,=",c="}",otel_scope_name="shop"} 3
{"foo.bar",otel_scope_name="shop"} 1
# TYPE "foo.baz" counter
{"foo.baz_total"} 0
# TYPE "job.state" stateset
{"job.state",n="z","job.state"="i\"d,le"} 1
{"job.state",n="z","job.state"="running"} 0
# TYPE "my.build" gauge
{"my.build","v.v"="1"} 1
# TYPE plain counter
plain_total{"d.e"="1"} 1
# TYPE "wait_time.s_seconds" histogram
# UNIT "wait_time.s_seconds" seconds
{"wait_time.s_seconds_bucket","a.b"="q",le="0.5"} 1
{"wait_time.s_seconds_bucket","a.b"="q",le="+Inf"} 1
{"wait_time.s_seconds_sum","a.b"="q"} 0.25
{"wait_time.s_seconds_count","a.b"="q"} 1
# EOF
)");
}

// CONFORMANCE 22, 59, 64
TEST(a_name_that_is_kept, is_escaped_as_the_client_asks) {
    untranslated const u;
    EXPECT_EQ(u.page(text_format::prometheus_0_0_4, escaping::underscores),
              R"(# TYPE alone_h histogram
alone_h_bucket{le="+Inf"} 0
alone_h_sum 0
alone_h_count 0
# HELP foo_bar A "quote"
# TYPE foo_bar counter
foo_bar{a_b="x\"\\,=",c="}",otel_scope_name="shop"} 3
foo_bar{otel_scope_name="shop"} 1
# TYPE foo_baz_total counter
foo_baz_total 0
# TYPE job_state gauge
job_state{n="z",job_state="i\"d,le"} 1
job_state{n="z",job_state="running"} 0
# TYPE my_build gauge
my_build{v_v="1"} 1
# TYPE plain_total counter
plain_total{d_e="1"} 1
# TYPE wait_time_s_seconds histogram
wait_time_s_seconds_bucket{a_b="q",le="0.5"} 1
wait_time_s_seconds_bucket{a_b="q",le="+Inf"} 1
wait_time_s_seconds_sum{a_b="q"} 0.25
wait_time_s_seconds_count{a_b="q"} 1
)");
    auto const dots = u.page(text_format::openmetrics_1_0_0, escaping::dots);
    // The whole name is escaped, _total with it; what is behind it then ends the name as before.
    EXPECT_NE(dots.find("# TYPE foo_dot_baz_ counter\nfoo_dot_baz__total 0\n"), std::string::npos) << dots;
    EXPECT_NE(dots.find("# UNIT wait__time_dot_s__seconds seconds\n"
                        "wait__time_dot_s__seconds_bucket{a_dot_b=\"q\",le=\"0.5\"} 1\n"),
              std::string::npos)
        << dots;
    EXPECT_NE(dots.find("plain_total{d_dot_e=\"1\"} 1\n"), std::string::npos) << dots;
    auto const values = u.page(text_format::prometheus_1_0_0, escaping::values);
    EXPECT_NE(values.find("U__wait__time_2e_s__seconds_count{U__a_2e_b=\"q\"} 1\n"), std::string::npos) << values;
    EXPECT_NE(values.find("U__job_2e_state{n=\"z\",U__job_2e_state=\"running\"} 0\n"), std::string::npos) << values;
}

// CONFORMANCE 62: what every client can read is the same for each, and ready-made.
TEST(names_that_all_can_read, are_the_same_in_every_escaping) {
    untranslated const usual{translation_strategy::underscore_escaping_with_suffixes};
    for (auto const format : {text_format::prometheus_1_0_0, text_format::openmetrics_1_0_0})
        for (auto const names : all_escapings)
            EXPECT_EQ(usual.page(format, names), usual.page(format, escaping::underscores));
}

// CONFORMANCE 2, 3, 7, 22, 49
TEST(an_endpoint, shows_names_as_the_client_asks_and_says_which_it_took) {
    tacho::registry registry{{.translation = translation_strategy::no_translation}};
    tacho::gauge<"my.name", label<"label.x">> g{registry};
    g("1").set(1);
    tacho::endpoint endpoint{registry, {.about = {{"service.name", "shop"}}}};
    struct {
        std::string_view accept, type, body;
    } const table[] = {
        {"text/plain;version=1.0.0;escaping=allow-utf-8",
         "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
         "# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info{\"service.name\"=\"shop\"} 1\n"
         "# TYPE \"my.name\" gauge\n{\"my.name\",\"label.x\"=\"1\"} 1\n"},
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
         "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
         "# TYPE target info\n# HELP target Target metadata\ntarget_info{\"service.name\"=\"shop\"} 1\n"
         "# TYPE \"my.name\" gauge\n{\"my.name\",\"label.x\"=\"1\"} 1\n# EOF\n"},
        {"", "text/plain; version=0.0.4; charset=utf-8",
         "# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info{service_name=\"shop\"} 1\n"
         "# TYPE my_name gauge\nmy_name{label_x=\"1\"} 1\n"},
        {"text/plain;version=1.0.0;escaping=dots", "text/plain; version=1.0.0; charset=utf-8; escaping=dots",
         "# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info{service_dot_name=\"shop\"} 1\n"
         "# TYPE my_dot_name gauge\nmy_dot_name{label_dot_x=\"1\"} 1\n"},
        {"text/plain;version=1.0.0;escaping=values", "text/plain; version=1.0.0; charset=utf-8; escaping=values",
         "# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info{U__service_2e_name=\"shop\"} 1\n"
         "# TYPE U__my_2e_name gauge\nU__my_2e_name{U__label_2e_x=\"1\"} 1\n"},
    };
    for (auto const& row : table) {
        auto const answer = endpoint.respond({"GET", row.accept});
        EXPECT_EQ(answer.content_type(), row.type);
        EXPECT_EQ(answer.body(), row.body);
    }
}

// CONFORMANCE 20, 24, 65, 213: keys of a resource may be any text.
TEST(target_info, keeps_its_keys_where_names_are_kept_and_joins_those_that_an_escaping_makes_the_same) {
    tacho::resource const about{{"a_b", "2"}, {"a.b", "1"},  {"\xE6\x97\xA5", "3"},         {"q\"\\\n", "4"},
                                {"x:y", "5"}, {"_hid", "6"}, {std::string{"n\0l", 3}, "7"}, {"\xFF", "8"}};
    auto const labels = [&](escaping names) {
        return tacho::target_info_labels(about, translation_strategy::no_translation, names);
    };
    EXPECT_EQ(labels(escaping::allow_utf_8), R"({"a.b"="1",a_b="2",key_hid="6",n_l="7","q\"\\\n"="4","x:y"="5",)"
                                             "\"\xE6\x97\xA5\"=\"3\",\"\xEF\xBF\xBD\"=\"8\"}");
    EXPECT_EQ(labels(escaping::underscores), R"({a_b="1;2",key_="3;8",key_hid="6",n_l="7",q___="4",x_y="5"})");
    EXPECT_EQ(labels(escaping::dots), R"({a_b="2",a_dot_b="1",key__="3;8",key_hid="6",n_l="7",q______="4",x__y="5"})");
}

// ---- Names that an escaping makes the same.

std::string refused(tacho::registry const& registry) {
    std::string all;
    for (auto const& problem : registry.problems()) all += problem + "\n";
    return all;
}

// CONFORMANCE 44, 65, 221
TEST(two_instruments, that_an_escaping_would_give_one_name_are_not_both_registered) {
    test::heard const heard;
    struct {
        std::string_view one, other, shared;
    } const table[] = {
        {"a.b", "a_b", "\"a_b\""},
        {"a.b", "a-b", "\"a_b\""},
        {"a.b", "a_dot_b", "\"a_dot_b; escaping=dots\""},
        {"a_dot_b", "a.b", "\"a_dot_b; escaping=dots\""},
        {"a.b", "U__a_2e_b", "\"U__a_2e_b; escaping=values\""},
    };
    for (auto const& row : table) {
        tacho::registry registry{{.translation = translation_strategy::no_translation}};
        auto const one = tacho::add_gauge(registry, {.name = row.one});
        auto const other = tacho::add_gauge(registry.scope("elsewhere"), {.name = row.other});
        EXPECT_TRUE(one.ok());
        EXPECT_FALSE(other.ok()) << row.other;
        EXPECT_NE(refused(registry).find(row.shared), std::string::npos) << refused(registry);
    }
}

TEST(two_instruments, that_no_escaping_gives_one_name_are_both_registered) {
    tacho::registry registry{{.translation = translation_strategy::no_translation}};
    auto const one = tacho::add_gauge(registry, {.name = "a.b"});
    auto const other =
        tacho::add_gauge(registry, {.name = "a.dot_b"});  // with underscores what dots makes of the first
    auto const third = tacho::add_gauge(registry.scope("elsewhere"), {.name = "a.b"});  // has another scope
    EXPECT_TRUE(one.ok() && other.ok() && third.ok()) << refused(registry);
}

// CONFORMANCE 44
TEST(two_instruments, whose_samples_would_have_one_name_are_not_both_registered) {
    test::heard const heard;
    for (auto const other : {"h.x.count", "h_x_sum", "h-x/bucket", "h.x_created"}) {
        tacho::registry registry{{.translation = translation_strategy::no_translation}};
        auto const one = tacho::add_histogram(registry, {.name = "h.x"});
        EXPECT_TRUE(one.ok());
        EXPECT_FALSE(tacho::add_gauge(registry, {.name = other}).ok()) << other;
    }
}

// CONFORMANCE 65, 213: joined by `;`, two series could become one, so such labels don't come to be.
TEST(an_instrument, of_which_an_escaping_would_give_two_labels_one_name_is_not_registered) {
    test::heard const heard;
    for (auto const& labels : {std::vector<std::string_view>{"a.b", "a_b"}, {"a.b", "a_dot_b"}, {"U__a_2e_b", "a.b"}}) {
        tacho::registry registry{{.translation = translation_strategy::no_translation}};
        EXPECT_FALSE(tacho::add_gauge(registry, {.name = "g", .labels = labels}).ok());
        EXPECT_FALSE(refused(registry).empty());
    }
    tacho::registry registry{
        {.translation = translation_strategy::no_translation, .constant_labels = {{"a.b", "1"}, {"a-b", "2"}}}};
    EXPECT_NE(refused(registry).find("the constant label \"a-b\" is left out"), std::string::npos);
    EXPECT_FALSE(tacho::add_gauge(registry, {.name = "g", .labels = {"a_dot_b"}}).ok());
    EXPECT_TRUE(tacho::add_gauge(registry, {.name = "g", .labels = {"a.dot"}}).ok());
}

TEST(the_overflow_series, and_the_labels_of_a_scope_are_called_the_same_under_every_strategy) {  // CONFORMANCE 214, 219
    test::heard const heard;
    tacho::registry registry{{.translation = translation_strategy::no_translation, .constant_labels = {{"z.z", "1"}}}};
    tacho::counter<"c.c", label<"a.b">, tacho::series_limit<1>> c{registry.scope("shop", "2")};
    c("1").inc();
    c("2").inc(2);
    auto const page = test::as_text(registry);
    EXPECT_EQ(test::value_of(page,
                             "c_c{otel_metric_overflow=\"true\",otel_scope_name=\"shop\",otel_scope_version=\"2\","
                             "z_z=\"1\"}"),
              "2")
        << page;
}

TEST(a_view, gives_a_name_to_which_the_strategy_applies) {
    tacho::registry registry{
        {.translation = translation_strategy::no_translation, .views = {{.name = "old.name", .rename = "new.name"}}}};
    tacho::gauge<"old.name"> g{registry};
    EXPECT_EQ(test::as_text(registry), "# TYPE new_name gauge\nnew_name 0\n");
}

TEST(without_suffixes, a_name_is_translated_and_nothing_is_added) {  // CONFORMANCE 200
    untranslated const u{translation_strategy::underscore_escaping_without_suffixes};
    auto const page = u.page(text_format::openmetrics_1_0_0, escaping::allow_utf_8);
    EXPECT_NE(page.find("# TYPE foo_bar unknown\n"), std::string::npos) << page;
    EXPECT_NE(page.find("# TYPE foo_baz counter\nfoo_baz_total 0\n"), std::string::npos) << page;
    EXPECT_EQ(page, u.page(text_format::openmetrics_1_0_0, escaping::dots));
}

// Whatever a sink's room is, nothing is written beyond what an encoder asked for.
TEST(an_escaped_page, fits_into_the_room_that_is_asked_for) {
    untranslated const u;
    for (auto const names : all_escapings) {
        auto const whole = u.page(text_format::openmetrics_1_0_0, names);
        for (std::size_t size = 0; size < whole.size() + 2000; size += 13) {
            std::string room(size + 64, '#');
            tacho::span_sink sink{std::span{room}.first(size)};
            tacho::prometheus_encoder encoder{sink, tacho::text_style{text_format::openmetrics_1_0_0, names, true}};
            u.registry.visit(encoder);
            static_cast<void>(encoder.finish());
            EXPECT_EQ(room.substr(size), std::string(64, '#'));
        }
    }
}

}  // namespace
