// SPDX-License-Identifier: MIT
// tacho: instruments whose names and labels are known only at run time.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/label_text.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/instrument/counter.hpp"
#include "tacho/instrument/gauge.hpp"
#include "tacho/instrument/histogram.hpp"
#include "tacho/instrument/registration.hpp"
#include "tacho/instrument/up_down_counter.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// Describes an instrument at run time. The text is copied.
struct instrument_options {
    std::string_view name;                      ///< a letter, then letters, digits and _ . - /; at most 255 characters
    std::string_view description = {};          ///< for people
    std::string_view unit = {};                 ///< UCUM, at most 63 characters
    std::vector<std::string_view> labels = {};  ///< at most 16, distinct
    std::vector<double> bounds = {};            ///< of a histogram; none: those that fit the unit
    std::size_t series_limit = 0;               ///< 0: the registry's
    std::chrono::seconds expire_after{0};       ///< without use a series is removed after this time; 0: never
};

namespace detail {

// Why these options can't be an instrument; empty when they can. What a typed instrument checks while compiling.
[[nodiscard]] std::string why_refused(instrument_options const& o, instrument_kind kind);

// Registers what these options describe, unless they can't be an instrument.
[[nodiscard]] registration register_named(scope const& in, instrument_options const& o, instrument_kind kind,
                                          number_kind number, bool sharded, bool observable, bool exemplars);

template <class Number, class Cells>
[[nodiscard]] registration register_named(scope const& in, instrument_options const& o, instrument_kind kind,
                                          bool observable = false, bool exemplars = false) {
    return register_named(in, o, kind, kind_of_number<Number>, Cells::is_sharded, observable, exemplars);
}

// A value came with so many label values, and the instrument has another number of labels.
void drop_label_values(family& of, std::size_t given) noexcept;

#if TACHO_BODIES

TACHO_FUNCTION std::string why_refused(instrument_options const& o, instrument_kind kind) {
    auto const refused = [&](std::string_view why) {
        return "the " + std::string{to_string(kind)} + " \"" + to_utf8(o.name.substr(0, 300)) +
               "\" was not registered: " + std::string{why};
    };
    if (!is_instrument_name(o.name))
        return refused(
            "a name begins with a letter, goes on with letters, digits and _ . - /, and has at most 255 "
            "characters");
    if (o.unit.size() > 63) return refused("its unit has more than 63 characters; shorten it");
    if (o.labels.size() > max_labels)
        return refused("it has " + std::to_string(o.labels.size()) +
                       " labels, and 16 at most are possible; leave some out");
    std::vector<std::string> seen;
    for (auto const label : o.labels) {
        auto const quoted = "its label \"" + to_utf8(label.substr(0, 300)) + "\" ";
        if (!is_label_name(label))
            return refused(quoted +
                           "should begin with a letter, go on with letters, digits and _ . - /, and be none "
                           "of OpenTelemetry's own: otel.scope.* and otel.metric.overflow");
        std::string const name{prometheus_label_name(label).view()};
        if (kind == instrument_kind::histogram && name == "le")
            return refused(quoted + "has the name of the buckets' own label; rename it");
        if (std::find(seen.begin(), seen.end(), name) != seen.end())
            return refused(quoted + "has the same Prometheus name as another of its labels, " + name + "; rename one");
        seen.push_back(name);
    }
    if (o.expire_after.count() < 0 || o.expire_after.count() > 0xFFFFFFFF)
        return refused("its series can't expire after " + std::to_string(o.expire_after.count()) +
                       " s; give a number of seconds from 0 to 4294967295");
    if (o.expire_after.count() != 0 && o.labels.empty())
        return refused("it has no labels, and its one series can't expire; leave expire_after out");
    if (!are_bounds(o.bounds)) return refused("its bounds should be finite, strictly increasing and at most 256");
    return {};
}

TACHO_FUNCTION registration register_named(scope const& in, instrument_options const& o, instrument_kind kind,
                                           number_kind number, bool sharded, bool observable, bool exemplars) {
    if constexpr (!recording) return registration{in, {}};
    if (auto why = why_refused(o, kind); !why.empty()) return registration::refused(in, std::move(why));
    auto const name = prometheus_name(o.name, o.unit, kind);
    std::vector<label_spec> labels;
    for (auto const label : o.labels) labels.push_back({label});
    std::span<double const> bounds;
    if (kind == instrument_kind::histogram) bounds = o.bounds.empty() ? default_bounds(o.unit) : std::span{o.bounds};
    return registration{in,
                        {.name = o.name,
                         .prometheus_name = name.view(),
                         .description = o.description,
                         .unit = o.unit,
                         .kind = kind,
                         .number = number,
                         .sharded = sharded,
                         .observable = observable,
                         .limit = o.series_limit,
                         .expire_after = static_cast<std::uint32_t>(o.expire_after.count()),
                         .labels = labels,
                         .bounds = bounds,
                         .exemplars = exemplars}};
}

TACHO_FUNCTION void drop_label_values(family& of, std::size_t given) noexcept {
    constexpr std::string_view begin = "another number of label values than it has labels (", middle = " in place of ";
    char text[begin.size() + middle.size() + 2 * number_room + 1];
    char* out = write_text(begin, text);
    out = write_text(middle, write_integer(std::uint64_t{given}, out));
    out = write_text(")", write_integer(std::uint64_t{of.schema().given}, out));
    of.drop_measurement({text, static_cast<std::size_t>(out - text)});
}

#endif

}  // namespace detail

/// An instrument named at run time: `bind()` gives handles of the same kind as those of typed instruments. Movable;
/// ends its registration when it ends.
template <class Handle>
class named_instrument {
public:
    explicit named_instrument(registration in) noexcept : registration_(std::move(in)) {
        // Without labels its one series is shown from the start.
        if constexpr (!detail::recording) return;
        auto const& of = registration_.held();
        if (of != nullptr && of->schema().given == 0) static_cast<void>(registration_.bind_only());
    }

    /// Whether it is registered. If not, it works and counts for nothing; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.ok(); }

    /// The series with these label values, one for each label, in their order: `{}` for none. With another number of
    /// values what is recorded is discarded, and the error hook hears of it.
    [[nodiscard]] Handle bind(std::initializer_list<std::string_view> values = {}) const noexcept {
        return bind(std::span{values.begin(), values.size()});
    }
    /// The same from a span.
    [[nodiscard]] Handle bind(std::span<std::string_view const> values) const noexcept {
        if constexpr (!detail::recording) return Handle{detail::bound_series{nullptr, nullptr, {}}};
        auto const& of = registration_.held();
        if (of != nullptr && values.size() != of->schema().given) {
            detail::drop_label_values(*of, values.size());
            return Handle{detail::bound_series{detail::discard_cells(), nullptr, {}}};
        }
        return Handle{registration_.bind(values)};
    }
    /// The same without braces, as of typed instruments: `bind("mail", "high")`.
    template <class... Values>
        requires(sizeof...(Values) != 0 && (std::is_convertible_v<Values const&, std::string_view> && ...))
    [[nodiscard]] Handle bind(Values const&... values) const noexcept { return bind({std::string_view{values}...}); }

    /// Removes the series with these label values, or all of them; see the typed instruments. Without labels there is
    /// one series, which stays.
    bool remove(std::initializer_list<std::string_view> values) const noexcept {
        return remove(std::span{values.begin(), values.size()});
    }
    /// The same from a span.
    bool remove(std::span<std::string_view const> values) const noexcept {
        if constexpr (!detail::recording) return false;
        auto const& of = registration_.held();
        return of != nullptr && values.size() == of->schema().given && registration_.remove(values);
    }
    /// The same without braces.
    template <class... Values>
        requires(sizeof...(Values) != 0 && (std::is_convertible_v<Values const&, std::string_view> && ...))
    bool remove(Values const&... values) const noexcept { return remove({std::string_view{values}...}); }
    /// Removes all series. Takes the mutex that creating one takes.
    void clear() const noexcept {
        if constexpr (detail::recording) registration_.clear();
    }

private:
    registration registration_;
};

/// What add_counter() gives.
using named_counter = named_instrument<counter_handle<std::uint64_t, cells::sharded>>;
/// What add_double_counter() gives.
using named_double_counter = named_instrument<counter_handle<double, cells::sharded>>;
/// What add_up_down_counter() gives.
using named_up_down_counter = named_instrument<up_down_handle<std::int64_t, cells::shared>>;
/// What add_gauge() gives.
using named_gauge = named_instrument<gauge_handle<double>>;
/// What add_histogram() gives.
using named_histogram = named_instrument<histogram_handle<cells::sharded, unit::none>>;
/// What add_exemplar_counter() gives.
using named_exemplar_counter = named_instrument<counter_handle<std::uint64_t, cells::sharded, true>>;
/// What add_exemplar_histogram() gives.
using named_exemplar_histogram = named_instrument<histogram_handle<cells::sharded, unit::none, true>>;

/// Registers an instrument whose description comes from outside. What is wrong with it does not throw: ok() is then
/// false, the error hook has been called, and registry.problems() names culprit and cure. Takes the registry's mutex
/// and allocates.
[[nodiscard]] named_counter add_counter(scope const& in, instrument_options const& o);
/// As add_counter(), of doubles.
[[nodiscard]] named_double_counter add_double_counter(scope const& in, instrument_options const& o);
/// As add_counter(), of an up-down counter of std::int64_t.
[[nodiscard]] named_up_down_counter add_up_down_counter(scope const& in, instrument_options const& o);
/// As add_counter(), of a gauge of doubles.
[[nodiscard]] named_gauge add_gauge(scope const& in, instrument_options const& o);
/// As add_counter(), of a histogram of doubles.
[[nodiscard]] named_histogram add_histogram(scope const& in, instrument_options const& o);
/// The same whose series keep exemplars.
[[nodiscard]] named_exemplar_counter add_exemplar_counter(scope const& in, instrument_options const& o);
/// As add_histogram(), with exemplars.
[[nodiscard]] named_exemplar_histogram add_exemplar_histogram(scope const& in, instrument_options const& o);

#if TACHO_BODIES

TACHO_FUNCTION named_counter add_counter(scope const& in, instrument_options const& o) {
    return named_counter{detail::register_named<std::uint64_t, cells::sharded>(in, o, instrument_kind::counter)};
}

TACHO_FUNCTION named_double_counter add_double_counter(scope const& in, instrument_options const& o) {
    return named_double_counter{detail::register_named<double, cells::sharded>(in, o, instrument_kind::counter)};
}

TACHO_FUNCTION named_up_down_counter add_up_down_counter(scope const& in, instrument_options const& o) {
    return named_up_down_counter{
        detail::register_named<std::int64_t, cells::shared>(in, o, instrument_kind::up_down_counter)};
}

TACHO_FUNCTION named_gauge add_gauge(scope const& in, instrument_options const& o) {
    return named_gauge{detail::register_named<double, cells::shared>(in, o, instrument_kind::gauge)};
}

TACHO_FUNCTION named_histogram add_histogram(scope const& in, instrument_options const& o) {
    return named_histogram{detail::register_named<double, cells::sharded>(in, o, instrument_kind::histogram)};
}

TACHO_FUNCTION named_exemplar_counter add_exemplar_counter(scope const& in, instrument_options const& o) {
    return named_exemplar_counter{
        detail::register_named<std::uint64_t, cells::sharded>(in, o, instrument_kind::counter, false, true)};
}

TACHO_FUNCTION named_exemplar_histogram add_exemplar_histogram(scope const& in, instrument_options const& o) {
    return named_exemplar_histogram{
        detail::register_named<double, cells::sharded>(in, o, instrument_kind::histogram, false, true)};
}

#endif

}  // namespace tacho::inline TACHO_ABI
