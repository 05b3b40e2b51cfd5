// SPDX-License-Identifier: MIT
// tacho: matchers for GoogleTest, which say what a registry holds, and when it doesn't, what is the nearest to it.
// Rule: https://google.github.io/googletest/reference/matchers.html
#pragma once

#include "tacho/testing.hpp"

#include <gmock/gmock.h>

#include <cstddef>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// How GoogleTest shows what a matcher was applied to. What is in it, the matcher says.
inline void PrintTo(registry const& of, std::ostream* to) {
    auto const instruments = of.list().size();
    *to << "a registry of " << instruments << (instruments == 1 ? " instrument" : " instruments");
}
/// The same.
inline void PrintTo(snapshot const&, std::ostream* to) {
    *to << "a snapshot";
}

namespace detail {

[[nodiscard]] inline series_reading find_series(snapshot const& in, std::string_view name,
                                                std::vector<wanted_label> const& labels) {
    return in[name].find(labels);
}
[[nodiscard]] inline series_reading find_series(registry const& in, std::string_view name,
                                                std::vector<wanted_label> const& labels) {
    return find_series(in.snapshot(), name, labels);
}

// What is expected of a number: an equal one, exactly, or what a matcher of doubles says.
template <class Expected>
class expected_number {
public:
    explicit expected_number(Expected that) : that_(std::move(that)) {}

    [[nodiscard]] bool is_met_by(number_reading const& found) const {
        if constexpr (std::is_arithmetic_v<Expected>)
            return found == that_;
        else
            return found.exists() && testing::SafeMatcherCast<double>(that_).Matches(found);
    }
    [[nodiscard]] std::string words() const {
        if constexpr (std::is_arithmetic_v<Expected>)
            return "is " + testing::PrintToString(that_);
        else
            return testing::DescribeMatcher<double>(that_);
    }

private:
    Expected that_;
};

// Takes the number that `Number` finds in a series for what is expected.
template <class Number, class Expected>
class number_matcher {
public:
    using is_gtest_matcher = void;

    number_matcher(std::string_view name, std::vector<wanted_label> labels, Number number, Expected expected)
        : name_(name), labels_(std::move(labels)), number_(std::move(number)), expected_(std::move(expected)) {}

    template <class Source>
    bool MatchAndExplain(Source const& in, testing::MatchResultListener* listener) const {
        auto const found = number_.of(find_series(in, name_, labels_));
        *listener << "where " << found.text();
        return expected_.is_met_by(found);
    }
    void DescribeTo(std::ostream* to) const { describe("has ", to); }
    void DescribeNegationTo(std::ostream* to) const { describe("has no ", to); }

private:
    void describe(std::string_view has, std::ostream* to) const {
        *to << has << name_with_labels(name_, labels_) << ", whose " << number_.name() << ' ' << expected_.words();
    }

    std::string name_;
    std::vector<wanted_label> labels_;
    Number number_;
    expected_number<Expected> expected_;
};

struct value_of_series {
    [[nodiscard]] number_reading of(series_reading const& s) const { return s.value(); }
    [[nodiscard]] std::string name() const { return "value"; }
};
struct count_of_series {
    [[nodiscard]] number_reading of(series_reading const& s) const { return s.count(); }
    [[nodiscard]] std::string name() const { return "count"; }
};
struct sum_of_series {
    [[nodiscard]] number_reading of(series_reading const& s) const { return s.sum(); }
    [[nodiscard]] std::string name() const { return "sum"; }
};
struct bucket_of_series {
    double le;
    [[nodiscard]] number_reading of(series_reading const& s) const { return s.bucket(le); }
    [[nodiscard]] std::string name() const { return "bucket up to " + testing::PrintToString(le); }
};

// Whether there is such a series, or any of that instrument.
class presence_matcher {
public:
    using is_gtest_matcher = void;

    presence_matcher(std::string_view name, std::vector<wanted_label> labels, bool wanted, bool any)
        : name_(name), labels_(std::move(labels)), wanted_(wanted), any_(any) {}

    bool MatchAndExplain(registry const& in, testing::MatchResultListener* listener) const {
        return MatchAndExplain(in.snapshot(), listener);
    }
    bool MatchAndExplain(snapshot const& in, testing::MatchResultListener* listener) const {
        auto const all = in[name_];
        auto const one = any_ && !all.series().empty() ? all.series().front() : all.find(labels_);
        *listener << "where " << one.text();
        if (any_ && all.series().size() > 1) *listener << ", and " << all.series().size() - 1 << " more";
        return one.exists() == wanted_;
    }
    void DescribeTo(std::ostream* to) const { describe(wanted_, to); }
    void DescribeNegationTo(std::ostream* to) const { describe(!wanted_, to); }

private:
    void describe(bool has, std::ostream* to) const {
        *to << (has ? "has " : "has no ") << (any_ ? "series of " : "") << name_with_labels(name_, labels_);
    }

    std::string name_;
    std::vector<wanted_label> labels_;
    bool wanted_, any_;
};

using wanted_labels = std::initializer_list<wanted_label>;

template <class Number, class Expected>
[[nodiscard]] auto match_number(std::string_view name, wanted_labels labels, Number number, Expected expected) {
    return number_matcher<Number, Expected>{
        name, {labels.begin(), labels.end()}, std::move(number), std::move(expected)};
}

}  // namespace detail

/// A registry or snapshot has a series with these labels and no other, by names of OTLP or of Prometheus, whose value
/// is this: `EXPECT_THAT(registry, tacho::has_series("http.requests", {{"verb", "GET"}, {"code", 200}}, 3));`. A number
/// is compared exactly; or give a matcher of doubles, such as DoubleNear(0.25, 0.01) or Gt(0). When it fails, the
/// message has the series and its value, or the nearest one to it. Runs the callbacks of observables.
template <class Expected>
[[nodiscard]] auto has_series(std::string_view name, detail::wanted_labels labels, Expected value) {
    return detail::match_number(name, labels, detail::value_of_series{}, std::move(value));
}
/// Whatever its value.
[[nodiscard]] inline auto has_series(std::string_view name, detail::wanted_labels labels = {}) {
    return detail::presence_matcher{name, {labels.begin(), labels.end()}, true, false};
}

/// There is no such series; without labels, there is none at all of that instrument.
[[nodiscard]] inline auto has_no_series(std::string_view name, detail::wanted_labels labels) {
    return detail::presence_matcher{name, {labels.begin(), labels.end()}, false, false};
}
/// The same of all series.
[[nodiscard]] inline auto has_no_series(std::string_view name) {
    return detail::presence_matcher{name, {}, false, true};
}

/// The same of a histogram: how many were observed.
template <class Expected>
[[nodiscard]] auto has_count(std::string_view name, detail::wanted_labels labels, Expected count) {
    return detail::match_number(name, labels, detail::count_of_series{}, std::move(count));
}
/// The sum of what was observed, in the unit of the histogram.
template <class Expected>
[[nodiscard]] auto has_sum(std::string_view name, detail::wanted_labels labels, Expected sum) {
    return detail::match_number(name, labels, detail::sum_of_series{}, std::move(sum));
}
/// How many were at most `le`, one of its bounds.
template <class Expected>
[[nodiscard]] auto has_bucket(std::string_view name, detail::wanted_labels labels, double le, Expected count) {
    return detail::match_number(name, labels, detail::bucket_of_series{le}, std::move(count));
}

}  // namespace tacho::inline TACHO_ABI
