// SPDX-License-Identifier: MIT
// tacho: what a test finds in a snapshot: instruments, their series and numbers, or why they are not there.
#pragma once

#include "tacho/core/label.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/version.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

namespace detail {
struct reading_collector;
}  // namespace detail

/// A label that a test looks for, by its name in OTLP or in Prometheus: `{"code", 200}`, `{"cached", true}`,
/// `{"verb", "GET"}`. One with an empty text stands for a label that is missing.
struct wanted_label {
    /// A text.
    wanted_label(std::string_view of, std::string_view text) : name(of), value(text) {}
    /// The same.
    wanted_label(std::string_view of, char const* text) : name(of), value(text) {}
    /// The same.
    wanted_label(std::string_view of, std::string text) : name(of), value(std::move(text)) {}
    /// A number or a boolean, as instruments show them.
    template <class Integer>
        requires(detail::plain_integer<Integer> || std::same_as<Integer, bool>)
    wanted_label(std::string_view of, Integer integer) : name(of) {
        if constexpr (std::same_as<Integer, bool>)
            value = integer ? "true" : "false";
        else
            value = std::to_string(integer);
    }

    std::string name;   ///< in OTLP or in Prometheus
    std::string value;  ///< as it is shown
};

/// A number that a test has found, or why there is none. It compares with numbers, and is printed with its series, so
/// that a failing check says what is there instead: `EXPECT_EQ(snapshot(registry)["hits"].value(), 3)`. What isn't
/// there is NaN, and equal to nothing.
class number_reading {
public:
    /// This number, which is printed so.
    explicit number_reading(number value, std::string shown) : value_(value), text_(std::move(shown)) {}
    /// One that isn't there, and a sentence that says so.
    explicit number_reading(std::string why) : text_(std::move(why)) {}

    /// Whether it is there.
    [[nodiscard]] bool exists() const noexcept { return value_.has_value(); }
    /// NaN where it isn't there. Implicit, so that EXPECT_DOUBLE_EQ and arithmetic take it.
    [[nodiscard]] operator double() const noexcept;
    /// NaN would be true: ask exists(), or compare.
    explicit operator bool() const = delete;
    /// `http.requests{verb="GET"} 3`, or why there is no such number.
    [[nodiscard]] std::string const& text() const noexcept { return text_; }

    /// Exact: an integer is not made a double first.
    template <class Number>
        requires std::is_arithmetic_v<Number>
    friend bool operator==(number_reading const& a, Number b) noexcept {
        if (!a.value_) return false;
        if constexpr (std::integral<Number>) {
            auto const widest =
                static_cast<std::conditional_t<std::is_signed_v<Number>, std::int64_t, std::uint64_t>>(b);
            if (a.value_->kind == number_kind::unsigned_integer) return std::cmp_equal(a.value_->bits, widest);
            if (a.value_->kind == number_kind::signed_integer) return std::cmp_equal(a.value_->as_signed(), widest);
        }
        return a.value_->as_double() == static_cast<double>(b);
    }
    friend bool operator==(number_reading const& a, number_reading const& b) noexcept;

    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& to,
                                                        number_reading const& of) {
        return to << of.text();
    }

private:
    std::optional<number> value_;
    std::string text_;
};

/// One series that a test has found, with its value or distribution, or why it isn't there. A value, which needs
/// neither snapshot nor registry any more.
class series_reading {
public:
    /// A label that it has, by either of its names.
    struct shown_label {
        std::string name;             ///< in OTLP; empty for one that it shows elsewhere, such as that of the scope
        std::string prometheus_name;  ///< in a scrape
        std::string value;            ///< as it is shown, not escaped
        bool is_own = true;           ///< not one that all series of its scope or registry carry
    };

    /// One that isn't there, and a sentence that says so.
    explicit series_reading(std::string why) : text_(std::move(why)) {}

    /// Whether it is there.
    [[nodiscard]] bool exists() const noexcept { return exists_; }
    /// Its name, labels and numbers in a line, or why it isn't there.
    [[nodiscard]] std::string const& text() const noexcept { return text_; }
    /// Those that have a value, in the order of their declaration, behind those that all series carry.
    [[nodiscard]] std::vector<shown_label> const& labels() const noexcept { return labels_; }

    /// Of what isn't a histogram.
    [[nodiscard]] number_reading value() const;
    /// The value; NaN where there is none. Implicit, so that EXPECT_GT and EXPECT_DOUBLE_EQ take it.
    [[nodiscard]] operator double() const { return value(); }
    /// NaN would be true: ask exists(), or compare.
    explicit operator bool() const = delete;
    /// Of a histogram: how many were observed.
    [[nodiscard]] number_reading count() const;
    /// Of a histogram: their sum, in its unit.
    [[nodiscard]] number_reading sum() const;
    /// Of a histogram with bounds: how many were at most this bound, as Prometheus shows them.
    [[nodiscard]] number_reading bucket(double le) const;

    /// Whether it has all of these labels and no other, in any order. Those that all series of its scope or registry
    /// carry may be among them and need not.
    [[nodiscard]] bool has(std::span<wanted_label const> labels) const noexcept;

    template <class Number>
        requires std::is_arithmetic_v<Number>
    friend bool operator==(series_reading const& a, Number b) { return a.value() == b; }
    // They would be compared as doubles.
    friend bool operator==(series_reading const&, series_reading const&) = delete;

    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& to,
                                                        series_reading const& of) {
        return to << of.text();
    }

private:
    friend class instrument_reading;
    friend struct detail::reading_collector;

    series_reading() : exists_(true) {}

    [[nodiscard]] std::string why_not(std::string_view what) const;

    bool exists_ = false;
    std::string text_;
    std::string name_;  // with the labels
    std::vector<shown_label> labels_;
    instrument_kind kind_ = instrument_kind::counter;
    number value_{};
    std::uint64_t count_ = 0;
    double sum_ = 0;
    std::vector<double> bounds_;
    std::vector<std::uint64_t> buckets_;  // not cumulative
};

/// All series of an instrument that a test has found, or why it isn't there. A value, as its series are.
class instrument_reading {
public:
    /// Whether it is there.
    [[nodiscard]] bool exists() const noexcept { return exists_; }
    /// Its series, a line each, or why it isn't there.
    [[nodiscard]] std::string text() const;
    /// In the order in which they were made.
    [[nodiscard]] std::vector<series_reading> const& series() const noexcept { return series_; }

    /// The series with these labels and no other, in any order: `requests({{"verb", "GET"}, {"code", 200}})`. If there
    /// is none, its text names the one that is the most like it. (Parentheses, since a macro such as EXPECT_EQ would
    /// take commas in brackets for its own; elsewhere `requests[{{"verb", "GET"}}]` is the same.)
    [[nodiscard]] series_reading operator()(std::initializer_list<wanted_label> labels) const {
        return find({labels.begin(), labels.size()});
    }
    /// The same.
    [[nodiscard]] series_reading operator[](std::initializer_list<wanted_label> labels) const {
        return find({labels.begin(), labels.size()});
    }
    /// The same, of labels in a span.
    [[nodiscard]] series_reading find(std::span<wanted_label const> labels) const;

    /// Of its series without labels.
    [[nodiscard]] number_reading value() const { return find({}).value(); }
    /// The same of a histogram: how many were observed.
    [[nodiscard]] number_reading count() const { return find({}).count(); }
    /// Their sum.
    [[nodiscard]] number_reading sum() const { return find({}).sum(); }
    /// How many were at most this bound.
    [[nodiscard]] number_reading bucket(double le) const { return find({}).bucket(le); }

    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& to,
                                                        instrument_reading const& of) {
        return to << of.text();
    }

private:
    friend class snapshot;
    friend struct detail::reading_collector;

    instrument_reading() = default;

    bool exists_ = false;
    std::string name_;  // by which it was looked for
    std::string why_;   // it isn't there
    std::vector<series_reading> series_;
};

}  // namespace tacho::inline TACHO_ABI
