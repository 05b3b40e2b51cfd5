// SPDX-License-Identifier: MIT
// Random registries: whatever they are called and whatever they hold, each format is read back as exactly what was
// recorded. Read by rules that forbid what real readers accept in silence (CONFORMANCE 45).
#include "support/random_registry.hpp"

#include "tacho/export/endpoint.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace {

using tacho::escaping;

bool is_same(double a, double b) {
    return (std::isnan(a) && std::isnan(b)) || a == b;
}

// What there was, so that the test is one of all.
struct seen {
    std::map<tacho::instrument_kind, std::size_t> registered;
    std::size_t linked = 0, alone = 0, labelled = 0;  // exemplars: with a trace, without, and with labels of any kind
};

void expect_read_back(std::uint64_t seed, seen& found) {
    test::random_registry some{seed};
    for (auto const& [kind, count] : some.registered()) found.registered[kind] += count;
    for (bool const created : {false, true}) {
        tacho::endpoint endpoint{some.registry(), {.about = {{"service.name", "x"}}, .created = created}};
        for (auto const format :
             {"text/plain;version=0.0.4", "text/plain;version=1.0.0", "application/openmetrics-text;version=1.0.0"})
            for (auto const names : {escaping::underscores, escaping::allow_utf_8, escaping::dots, escaping::values}) {
                bool const openmetrics = std::string_view{format}.starts_with("app");
                auto const accept = std::string{format} + ";escaping=" + std::string{to_string(names)};
                auto const answer = endpoint.respond({.accept = accept});
                std::string const page{answer.body()};
                SCOPED_TRACE(accept + " of seed " + std::to_string(seed) + "\n" + page);
                ASSERT_NE(answer.content_type().find(std::string_view{format}.substr(0, 10)), std::string_view::npos);
                auto const why = test::why_refused([&] {
                    test::page_reader got{page, openmetrics};
                    auto const expected = some.expected(openmetrics, names, created);
                    std::size_t of_resource = 0;
                    for (auto const& [key, text] : got.samples) {
                        if (key.first == "target_info") {
                            ++of_resource;
                            continue;
                        }
                        auto const at = expected.find(key);
                        ASSERT_NE(at, expected.end()) << key.first << " was not recorded";
                        EXPECT_TRUE(is_same(test::number_of(text), at->second)) << key.first << ' ' << text;
                        // Whole counts are written in full, never with an exponent.
                        if (key.first.ends_with("_count")) {
                            EXPECT_EQ(text.find_first_of(".e"), text.npos);
                        }
                    }
                    EXPECT_EQ(of_resource, 1u);
                    EXPECT_EQ(got.samples.size() - of_resource, expected.size());
                    // 66: the text formats have no place for one.
                    auto const exemplars =
                        openmetrics ? some.expected_exemplars(names) : std::map<test::series_name, test::exemplar>{};
                    EXPECT_EQ(got.exemplars.size(), exemplars.size());
                    for (auto const& [key, e] : got.exemplars) {
                        auto const at = exemplars.find(key);
                        ASSERT_NE(at, exemplars.end()) << key.first << " has no exemplar";
                        EXPECT_EQ(e.of, at->second.of) << key.first;
                        EXPECT_EQ(e.value, at->second.value) << key.first;
                        EXPECT_EQ(e.time, at->second.time) << key.first;
                        bool const is_linked = e.of.contains("trace_id") && e.of.contains("span_id");
                        ++(is_linked ? found.linked : found.alone);
                        if (e.of.size() > (is_linked ? 2u : 0u)) ++found.labelled;
                    }
                    auto const families = some.expected_families(openmetrics, names);
                    EXPECT_EQ(got.types.size() - 1, families.size());
                    for (auto const& [name, family] : families) {
                        EXPECT_EQ(got.types[name], family.type) << name;
                        EXPECT_TRUE(family.helps.contains(got.helps[name])) << name << ": " << got.helps[name];
                    }
                });
                ASSERT_EQ(why, "");
            }
    }
}

// CONFORMANCE 1.9, 26, 29, 30, 34, 37, 45, 62, 63, 66-69
TEST(any_registry, is_read_back_as_it_was_recorded_in_each_format_and_escaping) {
    test::heard const quiet;  // names that clash are refused, and said
    seen found;
    for (std::uint64_t seed = 0; seed < 1000 && !HasFatalFailure() && !HasNonfatalFailure(); ++seed)
        expect_read_back(seed, found);
    EXPECT_EQ(found.registered.size(), 6u);
    for (auto const& [kind, count] : found.registered) EXPECT_GT(count, 200u) << to_string(kind);
    for (auto const exemplars : {found.linked, found.alone, found.labelled}) EXPECT_GT(exemplars, 1000u);
}

}  // namespace
