// tacho 0.1.0: tacho/testing.hpp and all it includes beyond tacho/tacho.hpp, in one file.
// Made by single_include/amalgamate.py from include/; change that, not this.
// SPDX-License-Identifier: MIT
#pragma once

#if defined(__cplusplus) && __cplusplus < 202002L && !defined(_MSVC_LANG)
#error "tacho needs C++20: compile with -std=c++20, in Meson with cpp_std=c++20, or newer"
#else  // the cure alone, and not under thousands of lines

#include "tacho/tacho.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

// ---- tacho/testing/nearest.hpp
#ifndef TACHO_PART_TESTING_NEAREST
#define TACHO_PART_TESTING_NEAREST

// tacho: which of some texts is the most like another one: what somebody who misspelt it may have meant.

namespace tacho::inline TACHO_ABI::detail {

// The element whose text is the nearest to `wanted`, the first one of several; the end where there is none.
template <class Range, class Text>
[[nodiscard]] auto nearest(Range const& among, std::string_view wanted, Text text_of) {
    auto best = among.end();
    auto distance = static_cast<std::size_t>(-1);
    for (auto at = among.begin(); at != among.end(); ++at)
        if (auto const d = edit_distance(text_of(*at), wanted, distance); d < distance) {
            distance = d;
            best = at;
        }
    return best;
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/testing/readings.hpp
#ifndef TACHO_PART_TESTING_READINGS
#define TACHO_PART_TESTING_READINGS

// tacho: what a test finds in a snapshot: instruments, their series and numbers, or why they are not there.

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

#endif

// ---- tacho/testing/look_up.hpp
#ifndef TACHO_PART_TESTING_LOOK_UP
#define TACHO_PART_TESTING_LOOK_UP

// tacho: looking up instruments in a snapshot by their names, for tests.

namespace tacho::inline TACHO_ABI {

namespace detail {

[[nodiscard]] inline std::string text_of(number value) {
    char text[number_room];
    return {text, write_number(value, text)};
}
[[nodiscard]] inline std::string text_of(double value) {
    return text_of(number{number_kind::floating, std::bit_cast<std::uint64_t>(value)});
}

// The name of the family in OpenMetrics, which leaves out what its kind adds.
[[nodiscard]] inline std::string_view stem_of(descriptor const& d) noexcept {
    std::string_view name = d.prometheus_name;
    if (name.ends_with(kind_suffix(d.kind))) name.remove_suffix(kind_suffix(d.kind).size());
    return name;
}

// Sorted by name, as a scrape shows them.
[[nodiscard]] inline std::string name_with_labels(std::string_view name, std::vector<wanted_label> labels) {
    std::string text{name};
    std::sort(labels.begin(), labels.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    for (std::size_t i = 0; i < labels.size(); ++i)
        text.append(i == 0 ? "{" : ",").append(labels[i].name).append("=\"").append(labels[i].value).append("\"");
    return labels.empty() ? text : text + "}";
}

// Sees all families, and takes the series of those that are called so.
struct reading_collector {
    std::string_view wanted;
    instrument_reading& into;
    std::vector<std::string> names = {};  // of the others

    void number(family const& of, tacho::series const& from, tacho::number value) {
        if (!is_wanted(of)) return;
        add(of, from, {}).value_ = value;
        finish(text_of(value));
    }
    void histogram(family const& of, tacho::series const& from, histogram_value const& value) {
        if (!is_wanted(of)) return;
        auto& made = add(of, from, {});
        made.bounds_ = of.describe().bounds;
        made.buckets_.assign(value.buckets.begin(), value.buckets.end());
        distribute(made, value.count, value.sum);
    }
    void exponential_histogram(family const& of, tacho::series const& from, exponential_value const& value) {
        if (is_wanted(of)) distribute(add(of, from, {}), value.count, value.sum);
    }
    // One of each state, as in all formats.
    void states(family const& of, tacho::series const& from, states_value value) {
        if (!is_wanted(of)) return;
        auto const& names_of_states = of.describe().states;
        for (std::size_t i = 0; i < names_of_states.size(); ++i) {
            add(of, from, names_of_states[i]).value_ = {number_kind::unsigned_integer, value.is_on(i) ? 1u : 0u};
            finish(value.is_on(i) ? "1" : "0");
        }
    }

    [[nodiscard]] bool is_wanted(family const& of) const noexcept {
        auto const& d = of.describe();
        return d.name == wanted || d.prometheus_name == wanted || stem_of(d) == wanted;
    }

    series_reading& add(family const& of, tacho::series const& from, std::string_view state) {
        auto& made = into.series_.emplace_back(series_reading{});
        auto const& d = of.describe();
        auto const& schema = of.schema();
        made.kind_ = d.kind;
        auto const put = [&](std::string_view name, std::string_view prometheus, std::string_view value, bool own) {
            if (!value.empty())
                made.labels_.push_back({std::string{name}, std::string{prometheus}, std::string{value}, own});
        };
        for (auto const& fixed : schema.fixed) put(fixed.name, fixed.prometheus_name, fixed.value, false);
        if (from.is_overflow())
            put("otel.metric.overflow", "otel_metric_overflow", "true", true);
        else
            for (std::size_t i = 0; i < schema.keys.size(); ++i)
                put(schema.keys[i].name, schema.keys[i].prometheus_name, from.value(i), true);
        put(d.name, d.prometheus_name, state, true);

        // By the names of the format by whose name it was looked for.
        bool const by_otlp = d.name == wanted;
        std::vector<wanted_label> shown;
        for (auto const& l : made.labels_)
            if (!by_otlp || !l.name.empty()) shown.emplace_back(by_otlp ? l.name : l.prometheus_name, l.value);
        made.name_ = name_with_labels(by_otlp ? d.name : d.prometheus_name, std::move(shown));
        return made;
    }
    void finish(std::string_view shown) {
        auto& made = into.series_.back();
        made.text_ = made.name_ + ' ';
        made.text_ += shown;
    }
    void distribute(series_reading& made, std::uint64_t count, double sum) {
        made.count_ = count;
        made.sum_ = sum;
        finish("count " + std::to_string(count) + ", sum " + text_of(sum));
    }
};

}  // namespace detail

inline number_reading::operator double() const noexcept {
    return value_ ? value_->as_double() : std::numeric_limits<double>::quiet_NaN();
}

inline bool operator==(number_reading const& a, number_reading const& b) noexcept {
    if (!a.value_ || !b.value_) return false;
    return a.value_->kind == b.value_->kind ? a.value_->bits == b.value_->bits
                                            : a.value_->as_double() == b.value_->as_double();
}

inline std::string series_reading::why_not(std::string_view what) const {
    if (!exists_) return text_;
    return name_ + " is of the kind " + std::string{to_string(kind_)} + ", which has no " + std::string{what};
}

namespace detail {

[[nodiscard]] inline bool is_distribution(instrument_kind kind) noexcept {
    return kind == instrument_kind::histogram || kind == instrument_kind::exponential_histogram;
}

}  // namespace detail

inline number_reading series_reading::value() const {
    if (!exists_ || detail::is_distribution(kind_)) return number_reading{why_not("value; it has count() and sum()")};
    return number_reading{value_, text_};
}

inline number_reading series_reading::count() const {
    if (!exists_ || !detail::is_distribution(kind_)) return number_reading{why_not("count; it has a value()")};
    return number_reading{{number_kind::unsigned_integer, count_}, text_};
}

inline number_reading series_reading::sum() const {
    if (!exists_ || !detail::is_distribution(kind_)) return number_reading{why_not("sum; it has a value()")};
    return number_reading{{number_kind::floating, std::bit_cast<std::uint64_t>(sum_)}, text_};
}

inline number_reading series_reading::bucket(double le) const {
    if (!exists_ || kind_ != instrument_kind::histogram) return number_reading{why_not("buckets with bounds")};
    std::uint64_t sum = 0;
    std::string known;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        auto const bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
        sum += buckets_[i];
        if (bound == le)
            return number_reading{{number_kind::unsigned_integer, sum},
                                  name_ + " up to " + detail::text_of(le) + ": " + std::to_string(sum)};
        known.append(i == 0 ? "" : ", ").append(detail::text_of(bound));
    }
    return number_reading{name_ + " has no bound " + detail::text_of(le) + "; its bounds are " + known};
}

inline bool series_reading::has(std::span<wanted_label const> labels) const noexcept {
    auto const is = [](shown_label const& has, wanted_label const& wanted) {
        return has.name == wanted.name || has.prometheus_name == wanted.name;
    };
    for (auto const& wanted : labels) {
        auto const at = std::find_if(labels_.begin(), labels_.end(), [&](auto const& l) { return is(l, wanted); });
        if ((at == labels_.end() ? std::string_view{} : at->value) != wanted.value) return false;
    }
    return std::all_of(labels_.begin(), labels_.end(), [&](shown_label const& l) {
        return !l.is_own ||
               std::any_of(labels.begin(), labels.end(), [&](auto const& wanted) { return is(l, wanted); });
    });
}

inline std::string instrument_reading::text() const {
    if (!exists_) return why_;
    if (series_.empty()) return name_ + " has no series";
    std::string all;
    for (auto const& s : series_) all.append(all.empty() ? "" : "\n").append(s.text());
    return all;
}

inline series_reading instrument_reading::find(std::span<wanted_label const> labels) const {
    if (!exists_) return series_reading{why_};
    for (auto const& s : series_)
        if (s.has(labels)) return s;
    auto const wanted = detail::name_with_labels(name_, {labels.begin(), labels.end()});
    auto why = "there is no series " + wanted;
    if (labels.empty()) why += " without labels";
    auto const closest = detail::nearest(
        series_, wanted, [](auto const& s) -> auto const& { return s.name_; });
    if (closest == series_.end())
        why += "; there is none of that instrument";
    else
        why += (series_.size() == 1 ? "; the only one is " : "; the nearest is ") + closest->text();
    return series_reading{std::move(why)};
}

inline instrument_reading snapshot::operator[](std::string_view name) const {
    instrument_reading found;
    found.name_ = name;
    detail::reading_collector collect{name, found};
    for (auto const& f : families_->by_name) {
        found.exists_ = found.exists_ || collect.is_wanted(*f);
        collect.names.push_back(f->describe().name);
        collect.names.push_back(f->describe().prometheus_name);
    }
    if (found.exists_) {
        visit(collect);
        return found;
    }
    found.why_ = "there is no instrument \"" + found.name_ + "\"";
    auto const closest = detail::nearest(
        collect.names, name, [](auto const& n) -> auto const& { return n; });
    if (closest == collect.names.end())
        found.why_ += "; there is none at all";
    else
        found.why_ += "; the nearest is \"" + *closest + "\"";
    return found;
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/testing/lint_words.hpp
#ifndef TACHO_PART_TESTING_LINT_WORDS
#define TACHO_PART_TESTING_LINT_WORDS

// tacho: the words that conventions of names have an opinion on: units, their abbreviations, types, plurals.
// Rule: https://prometheus.io/docs/practices/naming/#base-units

namespace tacho::inline TACHO_ABI::detail {

// A word, and what should stand in its place.
struct replaced_word {
    std::string_view word, by;
};

template <std::size_t N>
[[nodiscard]] constexpr std::string_view replacement_of(replaced_word const (&table)[N],
                                                        std::string_view part) noexcept {
    for (auto const& entry : table)
        if (entry.word == part) return entry.by;
    return {};
}

// Units of Prometheus names, and their base units.
inline constexpr replaced_word base_units[] = {
    {"amperes", "amperes"}, {"bytes", "bytes"},      {"celsius", "celsius"}, {"grams", "grams"},
    {"joules", "joules"},   {"kelvin", "kelvin"},    {"meters", "meters"},   {"metres", "metres"},
    {"seconds", "seconds"}, {"volts", "volts"},      {"minutes", "seconds"}, {"hours", "seconds"},
    {"days", "seconds"},    {"weeks", "seconds"},    {"kelvins", "kelvin"},  {"fahrenheit", "celsius"},
    {"rankine", "celsius"}, {"inches", "meters"},    {"yards", "meters"},    {"miles", "meters"},
    {"bits", "bytes"},      {"calories", "joules"},  {"pounds", "grams"},    {"ounces", "grams"},
    {"percent", "ratio"},   {"percentage", "ratio"},
};

inline constexpr std::string_view unit_prefixes[] = {"pico", "nano",  "micro", "milli", "centi", "deci",
                                                     "deca", "hecto", "kilo",  "kibi",  "mega",  "mebi",
                                                     "giga", "gibi",  "tera",  "tebi",  "peta",  "pebi"};

// The base unit of a word, with a prefix or not; empty for a word that is no unit.
[[nodiscard]] constexpr std::string_view base_unit_of(std::string_view part) noexcept {
    if (auto const base = replacement_of(base_units, part); !base.empty()) return base;
    for (auto const prefix : unit_prefixes)
        if (part.starts_with(prefix))
            if (auto const base = replacement_of(base_units, part.substr(prefix.size())); !base.empty()) return base;
    return {};
}

// What abbreviates units in names, and the base unit that should stand there.
inline constexpr replaced_word unit_abbreviations[] = {
    {"s", "seconds"}, {"ms", "seconds"}, {"us", "seconds"}, {"ns", "seconds"}, {"sec", "seconds"},
    {"b", "bytes"},   {"kb", "bytes"},   {"mb", "bytes"},   {"gb", "bytes"},   {"tb", "bytes"},
    {"pb", "bytes"},  {"m", "meters"},   {"h", "seconds"},  {"d", "seconds"},
};

// Units that are not UCUM's codes, and those that are.
inline constexpr replaced_word units_in_words[] = {
    {"second", "s"},       {"seconds", "s"},     {"sec", "s"},
    {"secs", "s"},         {"S", "s"},           {"milliseconds", "s"},
    {"microseconds", "s"}, {"nanoseconds", "s"}, {"msec", "s"},
    {"usec", "s"},         {"byte", "By"},       {"bytes", "By"},
    {"B", "By"},           {"KB", "By"},         {"kB", "By"},
    {"MB", "By"},          {"GB", "By"},         {"TB", "By"},
    {"KiB", "By"},         {"MiB", "By"},        {"GiB", "By"},
    {"percent", "%"},      {"celsius", "Cel"},   {"C", "Cel"},
    {"meters", "m"},       {"volts", "V"},       {"amperes", "A"},
    {"joules", "J"},       {"watts", "W"},       {"grams", "g"},
    {"hertz", "Hz"},       {"ratio", "1"},       {"count", "{item}, with what is counted in place of item"},
};

// UCUM's codes with a prefix, and other multiples, and the codes without.
inline constexpr replaced_word prefixed_units[] = {
    {"ms", "s"},
    {"us", "s"},
    {"ns", "s"},
    {"min", "s"},
    {"h", "s"},
    {"d", "s"},
    {"wk", "s"},
    {"kBy", "By"},
    {"MBy", "By"},
    {"GBy", "By"},
    {"TBy", "By"},
    {"KiBy", "By"},
    {"MiBy", "By"},
    {"GiBy", "By"},
    {"TiBy", "By"},
    {"bit", "By"},
    {"%", "1, as a ratio from 0 to 1"},
    {"mm", "m"},
    {"cm", "m"},
    {"km", "m"},
    {"mg", "g"},
    {"kg", "g"},
    {"mV", "V"},
    {"kV", "V"},
    {"mA", "A"},
    {"mW", "W"},
    {"kW", "W"},
    {"kHz", "Hz"},
    {"MHz", "Hz"},
    {"GHz", "Hz"},
};

inline constexpr std::string_view type_words[] = {"counter", "gauge", "histogram", "summary"};

// The words of a name in lower case, between `_`, `.`, `-` and `/`.
class words_of {
public:
    explicit words_of(std::string_view name) {
        for (char const c : name) text_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }

    // Calls f with each; until it returns true, which is then returned.
    template <class F>
    bool any(F&& f) const {
        for (std::string_view rest = text_; !rest.empty();) {
            auto const size = (std::min)(rest.find_first_of("_.-/"), rest.size());
            if (size != 0 && f(rest.substr(0, size))) return true;
            rest.remove_prefix((std::min)(size + 1, rest.size()));
        }
        return false;
    }
    [[nodiscard]] std::string_view last() const noexcept {
        auto const before = text_.find_last_of("_.-/");
        return std::string_view{text_}.substr(before == std::string::npos ? 0 : before + 1);
    }

private:
    std::string text_;
};

// Whether an English noun looks like a plural. Some that end in s don't change, or are none.
[[nodiscard]] constexpr bool looks_plural(std::string_view part) noexcept {
    constexpr std::string_view same[] = {"series",   "status",   "success", "access", "progress", "process", "address",
                                         "chassis",  "analysis", "basis",   "bus",    "bias",     "gas",     "always",
                                         "previous", "is",       "has",     "was",    "as",       "tls",     "dns",
                                         "https",    "cas",      "ops",     "rps",    "qps"};
    for (auto const unchanged : same)
        if (part == unchanged) return false;
    if (part.size() < 3 || !part.ends_with('s')) return false;
    return !part.ends_with("ss") && !part.ends_with("us") && !part.ends_with("is") && !part.ends_with("ics");
}

// Without what makes it a plural, as far as that can be told.
[[nodiscard]] inline std::string singular_of(std::string_view plural) {
    if (plural.ends_with("ies") && plural.size() > 4) return std::string{plural.substr(0, plural.size() - 3)} + "y";
    for (std::string_view const ending : {"sses", "shes", "ches", "xes"})
        if (plural.ends_with(ending)) return std::string{plural.substr(0, plural.size() - 2)};
    return std::string{plural.substr(0, plural.size() - 1)};
}

[[nodiscard]] constexpr bool has_camel_case(std::string_view name) noexcept {
    for (std::size_t i = 1; i < name.size(); ++i)
        if (name[i - 1] >= 'a' && name[i - 1] <= 'z' && name[i] >= 'A' && name[i] <= 'Z') return true;
    return false;
}

// In lower case, with `_` before what was a capital inside a word: requestCount gives request_count.
[[nodiscard]] inline std::string snake_case_of(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        bool const capital = name[i] >= 'A' && name[i] <= 'Z';
        bool const inside =
            i != 0 && ((name[i - 1] >= 'a' && name[i - 1] <= 'z') || (name[i - 1] >= '0' && name[i - 1] <= '9'));
        if (capital && inside) out += '_';
        out += capital ? static_cast<char>(name[i] - 'A' + 'a') : name[i] == '-' || name[i] == '/' ? '_' : name[i];
    }
    return out;
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif

// ---- tacho/testing/lint.hpp
#ifndef TACHO_PART_TESTING_LINT
#define TACHO_PART_TESTING_LINT

// tacho: a linter: what the conventions of Prometheus and OpenTelemetry would have otherwise in names, units and
// labels. Rule: https://prometheus.io/docs/practices/naming/ Rule:
// https://opentelemetry.io/docs/specs/semconv/general/naming/

namespace tacho::inline TACHO_ABI {

/// What a convention would have otherwise in an instrument.
struct finding {
    std::string instrument;       ///< its name in OTLP
    std::string prometheus_name;  ///< in a scrape
    std::string wrong;            ///< a sentence
    std::string cure;             ///< what to write instead
    std::string_view source;      ///< where the rule stands

    /// All of it in a line.
    [[nodiscard]] std::string text() const {
        auto const names = instrument == prometheus_name ? instrument : instrument + " (" + prometheus_name + ")";
        return names + ": " + wrong + "; " + cure + " [" + std::string{source} + "]";
    }

    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& to, finding const& of) {
        return to << of.text();
    }
};

/// Which conventions count. Some contradict each other where a name is made for one of them: OpenTelemetry wants
/// neither `total` nor units in names, since they are appended for Prometheus.
struct lint_options {
    bool prometheus = true;                ///< those that promtool checks
    bool opentelemetry = true;             ///< those of its semantic conventions
    std::vector<std::string> except = {};  ///< instruments by their names in OTLP; `*` and `?` as in a shell
};

namespace detail {

namespace convention {

inline constexpr std::string_view names = "https://prometheus.io/docs/practices/naming/#metric-names";
inline constexpr std::string_view base_units = "https://prometheus.io/docs/practices/naming/#base-units";
inline constexpr std::string_view help =
    "https://prometheus.io/docs/instrumenting/writing_clientlibs/#metric-description-and-help";
inline constexpr std::string_view exporters = "https://prometheus.io/docs/instrumenting/writing_exporters/#naming";
inline constexpr std::string_view promtool =
    "promtool check metrics, https://prometheus.io/docs/prometheus/latest/command-line/promtool/";
inline constexpr std::string_view otel_names = "https://opentelemetry.io/docs/specs/semconv/general/naming/";
inline constexpr std::string_view otel_metrics = "https://opentelemetry.io/docs/specs/semconv/general/naming/#metrics";
inline constexpr std::string_view otel_units =
    "https://opentelemetry.io/docs/specs/semconv/general/metrics/#instrument-units";
inline constexpr std::string_view otel_namespaces =
    "https://github.com/open-telemetry/semantic-conventions/blob/v1.24.0/docs/general/attribute-naming.md";

}  // namespace convention

// Looks at one instrument after the other.
class linter {
public:
    explicit linter(std::vector<listed_instrument> const& all) : all_(all) {}

    void look_at(listed_instrument const& one, lint_options const& by) {
        of_ = &one.describe;
        labels_ = &one.labels;
        unit_said_ = false;
        if (by.prometheus) by_prometheus();
        if (by.opentelemetry) by_opentelemetry();
    }
    [[nodiscard]] std::vector<finding> take() { return std::move(found_); }

private:
    void find(std::string wrong, std::string cure, std::string_view source) {
        found_.push_back({of_->name, of_->prometheus_name, std::move(wrong), std::move(cure), source});
    }
    static std::string quoted(std::string_view text) { return '"' + std::string{text} + '"'; }

    // Of promtool and its reasons, by the name that a scrape shows.
    void by_prometheus() {
        std::string_view const name = of_->prometheus_name;
        bool const counts = of_->kind == instrument_kind::counter;
        if (of_->description.empty())
            find("it has no description", "give it one, which is its # HELP", convention::help);
        if (counts && !name.ends_with("_total"))
            find("a counter's name should end with _total",
                 "use a translation strategy with suffixes, or write it in the name", convention::names);
        if (!counts && name.ends_with("_total"))
            find("only a counter's name ends with _total",
                 "make it a counter, or name it " + quoted(without_last_word(of_->name)), convention::names);
        prometheus_units();
        prometheus_words();
        prometheus_labels();
    }

    void prometheus_units() {
        words_of const words{of_->prometheus_name};
        words.any([&](std::string_view part) {  // the first unit decides
            auto const base = base_unit_of(part);
            if (!base.empty() && base != part) {
                unit_said_ = true;
                find("its unit, " + std::string{part} + ", is no base unit",
                     "record " + std::string{base} + (base == "ratio" ? "s from 0 to 1" : ""), convention::base_units);
            }
            return !base.empty();
        });
        bool first = true;  // which may be a name
        words.any([&](std::string_view part) {
            auto const whole = replacement_of(unit_abbreviations, part);
            if (std::exchange(first, false) || whole.empty()) return false;
            find("its name abbreviates a unit, " + quoted(part),
                 whole == of_->unit_word
                     ? "leave it out: a scrape appends the unit"
                     : "give it the unit, which its name then shows, and record " + std::string{whole},
                 convention::promtool);
            return true;
        });
    }

    void prometheus_words() {
        std::string_view const name = of_->prometheus_name;
        words_of{name}.any([&](std::string_view part) {
            bool const is_type = std::find(std::begin(type_words), std::end(type_words), part) != std::end(type_words);
            if (is_type && name.size() != part.size())
                find("its name tells a type of metric, " + quoted(part), "leave the word out: # TYPE tells it",
                     convention::promtool);
            return false;
        });
        if (has_camel_case(name))
            find("its name is in camelCase", "name it " + quoted(snake_case_of(of_->name)), convention::exporters);
        if (of_->kind == instrument_kind::histogram) return;
        for (std::string_view const suffix : {"_bucket", "_count", "_sum"})
            if (name.ends_with(suffix))
                find("its name ends with " + std::string{suffix} + ", as samples of histograms do",
                     "name it " + quoted(without_last_word(of_->name)), convention::exporters);
        if (of_->kind != instrument_kind::info && name.ends_with("_info"))
            find("only an info's name ends with _info", "make it a tacho::info, or name it otherwise",
                 "https://prometheus.io/docs/specs/om/open_metrics_spec/#info");
    }

    void prometheus_labels() {
        for (auto const& label : *labels_) {
            if (has_camel_case(label))
                find("its label " + quoted(label) + " is in camelCase", "name it " + quoted(snake_case_of(label)),
                     convention::exporters);
            if (label == "le" || label == "quantile")
                find("its label " + quoted(label) + " is one that histograms and summaries have of their own",
                     "name it otherwise", "https://prometheus.io/docs/instrumenting/writing_clientlibs/#histogram");
        }
    }

    // By the name that OTLP shows.
    void by_opentelemetry() {
        std::string_view const name = of_->name;
        words_of const words{name};
        if (snake_case_of(name) != name)
            find("a name is in lower case, its words between _ and its namespaces between dots",
                 "name it " + quoted(snake_case_of(name)), convention::otel_names);
        if (name.find_last_of("._") == name.size() - 1 || has_two_in_a_row(name))
            find("a name has one delimiter at a time, and none at its end", "leave the others out",
                 convention::otel_names);
        if (name.find('.') == name.npos)
            find("its name has no namespace",
                 "put that of the program before it, as in \"shop." + std::string{name} + '"', convention::otel_names);
        auto const within = std::find_if(all_.begin(), all_.end(), [&](auto const& other) {
            return other.describe.name.starts_with(of_->name + ".");
        });
        if (within != all_.end())
            find("its name is also the namespace of " + within->describe.name, "rename one of them",
                 convention::otel_namespaces);
        if (words.last() == "total")
            find("its name ends with total",
                 "name it " + quoted(without_last_word(name)) +
                     (of_->kind == instrument_kind::counter ? ", to which a scrape appends _total" : ""),
                 convention::otel_metrics);
        opentelemetry_unit(words.last());
        opentelemetry_plural(words.last());
    }

    void opentelemetry_unit(std::string_view last) {
        std::string_view const unit = of_->unit;
        words_of const shown{of_->unit_word};
        bool const is_last = last == shown.last();
        auto const is_unit = [&](std::string_view part) { return part == of_->unit_word; };
        if (!of_->unit_word.empty() && (is_last || words_of{of_->name}.any(is_unit)))
            find("its name has its unit",
                 is_last ? "name it " + quoted(without_last_word(of_->name)) + ", to which a scrape appends it"
                         : "leave it out: a scrape appends the unit",
                 "https://opentelemetry.io/docs/specs/semconv/general/metrics/#units");
        if (auto const code = replacement_of(units_in_words, unit); !code.empty())
            find("its unit, " + quoted(unit) + ", is no code of UCUM", "write " + std::string{code},
                 convention::otel_units);
        if (auto const base = replacement_of(prefixed_units, unit); !base.empty() && !unit_said_)
            find("its unit, " + quoted(unit) + ", is a multiple of another one", "record " + std::string{base},
                 convention::otel_units);
        auto const brace = unit.find('{');
        if (brace == unit.npos) return;
        if (unit.starts_with("1{"))
            find("its unit counts, and needs no 1", "write " + quoted(unit.substr(1)), convention::otel_units);
        auto const remark = unit.substr(brace + 1, unit.find('}', brace) - brace - 1);
        if (looks_plural(words_of{remark}.last()))
            find("its unit says what is counted in the plural, " + quoted(unit), "write {" + singular_of(remark) + "}",
                 convention::otel_units);
    }

    void opentelemetry_plural(std::string_view last) {
        if (!looks_plural(last) || last == words_of{of_->unit_word}.last()) return;
        // OpenTelemetry's own, of https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
        if (of_->name == "http.server.active_requests" || of_->name == "http.client.active_requests") return;
        if (of_->kind == instrument_kind::up_down_counter)
            find("the name of an up-down counter is not a plural",
                 "say what of them there is, as in \"queue.length\" or \"request.active\"", convention::otel_metrics);
        else if (!of_->unit_word.empty() && of_->kind != instrument_kind::counter)
            find("the name of what has a unit is not a plural", "name it in the singular", convention::otel_metrics);
    }

    static bool has_two_in_a_row(std::string_view name) noexcept {
        auto const is_delimiter = [](char c) { return c == '.' || c == '_'; };
        return std::adjacent_find(name.begin(), name.end(),
                                  [&](char a, char b) { return is_delimiter(a) && is_delimiter(b); }) != name.end();
    }
    static std::string without_last_word(std::string_view name) {
        auto const before = name.find_last_of("._");
        return std::string{name.substr(0, before == name.npos ? name.size() : before)};
    }

    std::vector<listed_instrument> const& all_;
    descriptor const* of_ = nullptr;
    std::vector<std::string> const* labels_ = nullptr;
    bool unit_said_ = false;  // by Prometheus' rules
    std::vector<finding> found_;
};

}  // namespace detail

/// What the conventions of Prometheus, as promtool checks them, and of OpenTelemetry would have otherwise in the
/// instruments of a registry, in the order of their Prometheus names: `EXPECT_THAT(tacho::lint(registry), IsEmpty())`
/// in a test names them all. Empty is good. What is wrong beyond conventions doesn't compile or isn't registered;
/// registry.problems() says so. Allocates, and takes the registry's mutex for a moment.
[[nodiscard]] inline std::vector<finding> lint(registry const& in, lint_options const& by = {}) {
    auto const all = in.list();
    detail::linter linter{all};
    std::string_view last;
    for (auto const& one : all) {
        auto const& name = one.describe.name;
        if (std::exchange(last, name) == name) continue;  // neighbours of one name, in scopes of their own
        auto const is_excepted = [&](std::string const& pattern) { return detail::is_match(pattern, name); };
        if (std::none_of(by.except.begin(), by.except.end(), is_excepted)) linter.look_at(one, by);
    }
    return linter.take();
}

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/testing/manual_clock.hpp
#ifndef TACHO_PART_TESTING_MANUAL_CLOCK
#define TACHO_PART_TESTING_MANUAL_CLOCK

// tacho: a clock that stands still until a test moves it.

namespace tacho::inline TACHO_ABI {

/// While it lives, the library's clocks show its time instead of the system's, in all threads: `tacho::manual_clock
/// clock; ... clock.advance(250ms);`. They are what timers go by, durations of requests and scrapes, the times at which
/// series are born, removed and expire, those of pushed points and of exemplars, and set_to_current_time(). It begins
/// at the start of 2026, UTC, unless told otherwise. Not by it go deadlines and waits, such as the interval of a
/// pusher, which tests replace by flush(); and registries whose registry_options::now was set.
///
/// Make it before what it is to time, and end it after: a timer that began by another clock has a wrong duration. Of
/// several, the last one made counts, and they end in reverse order. Its members may be called by any thread.
class manual_clock {
public:
    using duration = std::chrono::nanoseconds;           ///< what it counts in
    using time_point = std::chrono::sys_time<duration>;  ///< of the wall clock, which timers see as well

    /// Stands still at this time from now on.
    explicit manual_clock(time_point begin = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}) noexcept {
        set(begin);
    }
    manual_clock(manual_clock const&) = delete;
    manual_clock& operator=(manual_clock const&) = delete;
    ~manual_clock() { detail::set_time.store(before_, std::memory_order_relaxed); }

    /// The time that it shows.
    [[nodiscard]] time_point now() const noexcept {
        return time_point{duration{static_cast<duration::rep>(detail::set_time.load(std::memory_order_relaxed))}};
    }
    /// Also backwards, as a system's clock may go when it is corrected; timers then see times below zero. Not to 1970
    /// or before.
    void advance(duration by) noexcept {
        detail::set_time.fetch_add(static_cast<unix_nanos>(by.count()), std::memory_order_relaxed);
    }
    /// The same to a time of the wall clock.
    void set(time_point to) noexcept {
        detail::set_time.store(static_cast<unix_nanos>(to.time_since_epoch().count()), std::memory_order_relaxed);
    }

private:
    unix_nanos const before_ = detail::set_time.load(std::memory_order_relaxed);
};

}  // namespace tacho::inline TACHO_ABI

#endif

// ---- tacho/testing.hpp
#ifndef TACHO_PART_TESTING
#define TACHO_PART_TESTING

// tacho: the entrance for tests of programs that use tacho: looking up numbers in a registry, and what helps with that.

// What a registry holds, by name and labels.

// What conventions say of its names and units.

// The time.

#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
