// SPDX-License-Identifier: MIT
// tacho: looking up instruments in a snapshot by their names, for tests.
#pragma once

#include "tacho/core/label_text.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/registry/snapshot.hpp"
#include "tacho/testing/nearest.hpp"
#include "tacho/testing/readings.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
