// SPDX-License-Identifier: MIT
// tacho: a histogram: how values are distributed, such as durations or sizes.
#pragma once

#include "tacho/cell/histogram_cells.hpp"
#include "tacho/core/bounds.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/floating.hpp"
#include "tacho/instrument/exemplar_keeping.hpp"
#include "tacho/instrument/refused.hpp"
#include "tacho/instrument/timer.hpp"
#include "tacho/instrument/typed.hpp"
#include "tacho/version.hpp"

#include <chrono>
#include <concepts>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

// An infinite value has its bucket, but in the sum it would leave no number behind.
template <class Cells>
[[gnu::noinline, gnu::cold]] void observe_what_is_not_finite(word* cells, family& of, double value) noexcept {
    if (is_nan(value)) return of.drop_measurement("NaN");
    observe<Cells, false>(cells, of.bucket_of(value), value);
}

// In what a look-up found or a handle holds.
template <class Cells, bool Exemplars, class Place>
void observe_in(Place const& to, double value, std::span<exemplar_label const> labels = {}) noexcept {
    family* const of = to.of.get();
    if (of == nullptr) return;  // not registered: there are no bounds to look among
    if (!is_finite(value)) [[unlikely]]
        return observe_what_is_not_finite<Cells>(to.cells, *of, value);
    auto const bucket = of->bucket_of(value);
    observe<Cells, true>(to.cells, bucket, value);
    if constexpr (Exemplars) consider_exemplar<Exemplars>(to, bucket, value, labels);
}

}  // namespace detail

/// One series of a histogram, to keep and to observe often. A copyable value that keeps its series alive, whatever
/// becomes of instrument and registry. observe() may be called by any thread at any time; it is wait-free with sharded
/// cells and neither locks nor allocates. NaN is dropped and counted; an infinite value is left out of the sum.
template <class Cells, class Unit, bool Exemplars = false>
class histogram_handle {
public:
    explicit histogram_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Observes a value, in the histogram's unit; NaN is dropped and counted.
    void observe(double value) const noexcept { detail::observe_in<Cells, Exemplars>(to_, value); }
    /// The same with an exemplar that tells more, where the instrument keeps any: `sizes.observe(17, {{"order", id}})`.
    void observe(double value, std::initializer_list<exemplar_label> labels) const noexcept requires Exemplars {
        detail::observe_in<Cells, Exemplars>(to_, value, {labels.begin(), labels.size()});
    }
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options observe(
        double, std::initializer_list<exemplar_label>) const noexcept requires(!Exemplars);
    /// The same of a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(Exemplars&& detail::unit_of_time<Unit>)
    void observe(std::chrono::duration<Rep, Period> time, std::initializer_list<exemplar_label> labels) const noexcept {
        observe(detail::in_unit<Unit>(time), labels);
    }
    /// The same of a time, in the histogram's unit.
    template <class Rep, class Period>
        requires detail::unit_of_time<Unit>
    void observe(std::chrono::duration<Rep, Period> time) const noexcept { observe(detail::in_unit<Unit>(time)); }

    /// Records the time until its result ends: `auto const timing = handle.time();`
    template <class Clock = steady_clock>
        requires detail::unit_of_time<Unit> timer<histogram_handle, Unit, Clock> time()
    const noexcept { return timer<histogram_handle, Unit, Clock>{*this}; }

    template <class Rep, class Period>
        requires(!detail::unit_of_time<Unit>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds observe(std::chrono::duration<Rep, Period>)
    const;
    template <class Clock = steady_clock>
        requires(!detail::unit_of_time<Unit>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds time()
    const;

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `duration("models").observe(0.25);`
template <class Cells, class Unit, bool Exemplars = false>
class histogram_series {
    using handle = histogram_handle<Cells, Unit, Exemplars>;

public:
    histogram_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    histogram_series(histogram_series const&) = delete;
    histogram_series& operator=(histogram_series const&) = delete;

    /// Observes a value, in the histogram's unit; NaN is dropped and counted.
    void observe(double value) && noexcept { detail::observe_in<Cells, Exemplars>(to_, value); }
    /// The same with an exemplar that tells more, where the instrument keeps any.
    void observe(double value, std::initializer_list<exemplar_label> labels) && noexcept requires Exemplars {
        detail::observe_in<Cells, Exemplars>(to_, value, {labels.begin(), labels.size()});
    }
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options observe(
        double, std::initializer_list<exemplar_label>) && noexcept requires(!Exemplars);
    /// The same of a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(Exemplars&& detail::unit_of_time<Unit>)
    void observe(std::chrono::duration<Rep, Period> time, std::initializer_list<exemplar_label> labels) && noexcept {
        std::move(*this).observe(detail::in_unit<Unit>(time), labels);
    }
    /// Observes a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires detail::unit_of_time<Unit>
    void observe(std::chrono::duration<Rep, Period> time) && noexcept {
        std::move(*this).observe(detail::in_unit<Unit>(time));
    }
    /// Observes the time until the timer ends. See `timer`.
    template <class Clock = steady_clock>
        requires detail::unit_of_time<Unit> timer<handle, Unit, Clock> time() && noexcept {
            return handle{to_.bind()}.template time<Clock>();
        }

        template <class Rep, class Period>
            requires(!detail::unit_of_time<Unit>)
        detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds observe(std::chrono::duration<Rep, Period>) &&;
        template <class Clock = steady_clock>
            requires(!detail::unit_of_time<Unit>)
        detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds time() &&;
        template <class... Args>
        detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place observe(Args const&...) &;
        template <class... Args>
        detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place time(Args const&...) &;

    private:
        detail::found_series to_;
        detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using histogram_traits = instrument_traits<instrument_kind::histogram, Name, double, cells::sharded, Options...>;

template <class Traits>
using histogram_front =
    typed_instrument<Traits,
                     histogram_series<typename Traits::cells_type, typename Traits::unit_type, Traits::exemplars>,
                     histogram_handle<typename Traits::cells_type, typename Traits::unit_type, Traits::exemplars>>;

}  // namespace detail

/// Counts values in buckets, and their sum: `histogram<"request.duration", unit::seconds, label<"api">>`. Bucket i
/// counts (bounds[i-1], bounds[i]]; the bounds are given when it is made, or follow from the unit (see default_bounds).
/// Sharded by default. With a unit of time, time() measures.
template <fixed_string Name, class... Options>
class histogram : public detail::histogram_front<detail::histogram_traits<Name, Options...>> {
    using traits = detail::histogram_traits<Name, Options...>;
    using base = detail::histogram_front<traits>;
    using cells_type = typename traits::cells_type;
    static_assert(std::same_as<typename traits::number_type, double>, "tacho: a histogram observes doubles");
    using unit_type = typename traits::unit_type;

public:
    /// In the default registry, with the bounds that fit its unit.
    explicit histogram(std::string_view description = {}) : histogram(default_registry(), description) {}
    /// In a registry or a scope of one, with the bounds that fit its unit. Registering takes a mutex and allocates;
    /// what fails is told to the error hook.
    explicit histogram(scope const& in, std::string_view description = {}) noexcept
        : base(in, traits::spec(description, default_bounds(traits::unit_type::ucum))) {}
    /// In the default registry, with these upper bounds.
    histogram(std::string_view description, bounds upper) : histogram(default_registry(), description, upper) {}
    /// In a registry or a scope of one, with these upper bounds.
    histogram(scope const& in, std::string_view description, bounds upper) noexcept
        : base(in, traits::spec(description, upper.view())) {}

    /// Without labels: observes a value, in the histogram's unit; NaN is dropped and counted.
    void observe(double value) noexcept requires(traits::label_count == 0) {
        detail::observe_in<cells_type, traits::exemplars>(this->place(), value);
    }
    /// The same with an exemplar that tells more.
    void observe(double value, std::initializer_list<exemplar_label> labels) noexcept
        requires(traits::label_count == 0 && traits::exemplars) {
        detail::observe_in<cells_type, traits::exemplars>(this->place(), value, {labels.begin(), labels.size()});
    }
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options observe(
        double, std::initializer_list<exemplar_label>) noexcept
        requires(traits::label_count == 0 && !traits::exemplars);
    /// The same of a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(traits::label_count == 0 && traits::exemplars && detail::unit_of_time<unit_type>)
    void observe(std::chrono::duration<Rep, Period> time, std::initializer_list<exemplar_label> labels) noexcept {
        observe(detail::in_unit<unit_type>(time), labels);
    }
    /// Observes a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(traits::label_count == 0 && detail::unit_of_time<unit_type>)
    void observe(std::chrono::duration<Rep, Period> time) noexcept { observe(detail::in_unit<unit_type>(time)); }
    /// Observes the time until the timer ends. See `timer`.
    template <class Clock = steady_clock>
        requires(traits::label_count == 0 && detail::unit_of_time<unit_type>)
    auto time() noexcept { return this->bind().template time<Clock>(); }
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first observe(Args const&...);
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first time(Args const&...);
    template <class Rep, class Period>
        requires(traits::label_count == 0 && !detail::unit_of_time<unit_type>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds observe(std::chrono::duration<Rep, Period>);
    template <class Clock = steady_clock>
        requires(traits::label_count == 0 && !detail::unit_of_time<unit_type>)
    detail::its_unit_is_none_of_time_so_give_it_tacho_unit_seconds time();
};

}  // namespace tacho::inline TACHO_ABI
