// SPDX-License-Identifier: MIT
// tacho: observables whose names and labels are known only at run time.
#pragma once

#include "tacho/core/floating.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/instrument/counter.hpp"
#include "tacho/instrument/named.hpp"
#include "tacho/instrument/observable.hpp"
#include "tacho/instrument/registration.hpp"
#include "tacho/registry/callbacks.hpp"
#include "tacho/version.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

// One value of an instrument whose number is only known now.
template <class Number, class Value, class Find>
void observe_whole(observed_values& into, family& of, Value value, Find find) noexcept {
    if constexpr (std::floating_point<Value>) {
        auto const number = static_cast<double>(value);
        if (!(number >= -0x1p63 && number < 0x1p64 && is_whole(number)))
            return of.drop_measurement("a value that is not a whole number, or too large for one");
        if (number < 0) return observe_into<Number>(into, of, static_cast<std::int64_t>(number), find);
        observe_into<Number>(into, of, static_cast<std::uint64_t>(number), find);
    } else {
        observe_into<Number>(into, of, value, find);
    }
}

template <class Value>
void observe_named(observed_values& into, family& of, Value value, std::span<std::string_view const> labels) noexcept {
    if (labels.size() != of.schema().given) return drop_label_values(of, labels.size());
    auto const find = [&] { return of.hold(labels); };
    switch (of.describe().number) {
        case number_kind::floating: return observe_into<double>(into, of, value, find);
        case number_kind::signed_integer: return observe_whole<std::int64_t>(into, of, value, find);
        case number_kind::unsigned_integer: return observe_whole<std::uint64_t>(into, of, value, find);
    }
}

}  // namespace detail

/// What the callable of an observable named at run time is given: `observe(3, {"mail"})`, the value of each label in
/// order, or `observe(3)` without labels. A value with another number of label values is dropped and counted. For use
/// within that call, by its thread.
template <class Number>
class named_series_observer {
public:
    /// Whether the callable may just return a number; found out at run time.
    static constexpr bool takes_just_values = true;  // found out at run time
    /// Whether it may return this.
    template <class Value>
    static constexpr bool takes = detail::amount_for<std::remove_cvref_t<Value>, Number>;

    named_series_observer(detail::observed_values& into, family& of) noexcept : into_(into), of_(of) {}
    named_series_observer(named_series_observer const&) = delete;
    named_series_observer& operator=(named_series_observer const&) = delete;

    /// A value that holds now, and its label values.
    template <class Value>
        requires detail::amount_for<Value, Number>
    void operator()(Value value, std::initializer_list<std::string_view> labels = {}) const noexcept {
        (*this)(value, std::span{labels.begin(), labels.size()});
    }
    /// The same from a span.
    template <class Value>
        requires detail::amount_for<Value, Number>
    void operator()(Value value, std::span<std::string_view const> labels) const noexcept {
        detail::observe_named(into_, of_, value, labels);
    }

private:
    detail::observed_values& into_;
    family& of_;
};

/// An observable named at run time. Movable; ends its registration when it ends, as an observable_gauge does. May be
/// listed by an observation, made without a callable.
class named_observable {
public:
    explicit named_observable(registration in) noexcept : registration_(std::move(in)) {}
    named_observable(registration in, detail::callback_registration call) noexcept
        : registration_(std::move(in)), callback_(std::move(call)) {}

    /// Whether it is registered. If not, its callable is not called; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.ok(); }

private:
    friend class observation;
    friend class observer;

    registration registration_;
    detail::callback_registration callback_;  // ends first
};

namespace detail {

template <class Number, class F>
[[nodiscard]] named_observable add_observable(scope const& in, instrument_options const& o, instrument_kind kind,
                                              F&& callable) {
    auto registered = register_named<Number, cells::shared>(in, o, kind, true);
    auto call = register_callback<named_series_observer<Number>>(registered, std::forward<F>(callable));
    return {std::move(registered), std::move(call)};
}

}  // namespace detail

/// Registers an observable whose description comes from outside; see add_counter() and observable_gauge. The callable
/// returns a number, or takes what it calls with each number and its label values:
/// `[](auto& observe) { observe(3, {"mail"}); }`.
template <class F>
[[nodiscard]] named_observable add_observable_gauge(scope const& in, instrument_options const& o, F&& callable) {
    return detail::add_observable<double>(in, o, instrument_kind::gauge, std::forward<F>(callable));
}
/// The same of a counter: the callable gives totals of std::uint64_t.
template <class F>
[[nodiscard]] named_observable add_observable_counter(scope const& in, instrument_options const& o, F&& callable) {
    return detail::add_observable<std::uint64_t>(in, o, instrument_kind::counter, std::forward<F>(callable));
}
/// The same of an up-down counter of std::int64_t.
template <class F>
[[nodiscard]] named_observable add_observable_up_down_counter(scope const& in, instrument_options const& o,
                                                              F&& callable) {
    return detail::add_observable<std::int64_t>(in, o, instrument_kind::up_down_counter, std::forward<F>(callable));
}

/// The same without a callable: an observation gives the values.
[[nodiscard]] inline named_observable add_observable_gauge(scope const& in, instrument_options const& o) {
    return named_observable{detail::register_named<double, cells::shared>(in, o, instrument_kind::gauge, true)};
}
/// The same of a counter: totals of std::uint64_t.
[[nodiscard]] inline named_observable add_observable_counter(scope const& in, instrument_options const& o) {
    return named_observable{
        detail::register_named<std::uint64_t, cells::shared>(in, o, instrument_kind::counter, true)};
}
/// The same of an up-down counter of std::int64_t.
[[nodiscard]] inline named_observable add_observable_up_down_counter(scope const& in, instrument_options const& o) {
    return named_observable{
        detail::register_named<std::int64_t, cells::shared>(in, o, instrument_kind::up_down_counter, true)};
}

}  // namespace tacho::inline TACHO_ABI
