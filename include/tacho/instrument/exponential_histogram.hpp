// SPDX-License-Identifier: MIT
// tacho: an exponential histogram: how values are distributed, without bounds that someone has to choose.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
#pragma once

#include "tacho/cell/exponential_cells.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/floating.hpp"
#include "tacho/instrument/refused.hpp"
#include "tacho/instrument/timer.hpp"
#include "tacho/instrument/typed.hpp"
#include "tacho/version.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace tacho::inline TACHO_ABI {

/// An option of an exponential histogram: how many buckets of each sign it has, 4 to 168, by default 160.
template <std::size_t N>
struct max_buckets {
    static_assert(N >= 4 && N <= max_exponential_buckets,
                  "tacho: an exponential histogram has 4 to 168 buckets of each sign");
    static constexpr std::size_t value = N;  ///< buckets of each sign
};

namespace detail {

[[nodiscard]] constexpr bool is_exponential_shape(exponential_shape const& s) noexcept {
    return s.max_buckets >= 4 && s.max_buckets <= max_exponential_buckets && s.zero_threshold >= 0 &&
           s.zero_threshold <= (std::numeric_limits<double>::max)();
}

inline void zero_threshold_must_be_finite_and_not_negative() noexcept {}  // not constexpr: reaching it doesn't compile

}  // namespace detail

/// Values whose amount is not above it count as zero; 0 by default. A wrong one doesn't compile.
class zero_threshold {
public:
    zero_threshold() = default;
    /// Finite and not negative, known while compiling.
    consteval explicit zero_threshold(double value) : value_(value) {
        if (!detail::is_exponential_shape({.zero_threshold = value}))
            detail::zero_threshold_must_be_finite_and_not_negative();
    }
    /// In the unit of the values.
    [[nodiscard]] constexpr double value() const noexcept { return value_; }

private:
    double value_ = 0;
};

namespace detail {

template <class Cells>
void observe_exponential_in(word* run, family* of, double value) noexcept {
    // Without family there is no shape, and the cells that stand in for a series have no window.
    if (of == nullptr || are_discard_cells(run)) [[unlikely]]
        return;
    if (!detail::is_finite(value)) [[unlikely]]
        return of->drop_measurement("NaN or an infinite value");
    observe_exponential<Cells>(run, of->describe().shape, value);
}

}  // namespace detail

/// One series of an exponential histogram, to keep and to observe often. A copyable value that keeps its series alive,
/// whatever becomes of instrument and registry. observe() may be called by any thread at any time and does not
/// allocate; with sharded cells it is wait-free, with shared ones, and in threads without a slot, one thread at a time
/// writes a series, so it is not for signal handlers. NaN and infinite values have no bucket: dropped and counted.
template <class Cells, class Unit>
class exponential_handle {
public:
    explicit exponential_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Observes a finite value, in the histogram's unit.
    void observe(double value) const noexcept { detail::observe_exponential_in<Cells>(to_.cells, to_.of.get(), value); }
    /// The same of a time, in the histogram's unit.
    template <class Rep, class Period>
        requires detail::unit_of_time<Unit>
    void observe(std::chrono::duration<Rep, Period> time) const noexcept { observe(detail::in_unit<Unit>(time)); }

    /// Records the time until its result ends: `auto const timing = handle.time();`
    template <class Clock = steady_clock>
        requires detail::unit_of_time<Unit> timer<exponential_handle, Unit, Clock> time()
    const noexcept { return timer<exponential_handle, Unit, Clock>{*this}; }

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

/// The result of a look-up, for use in the same expression: `latency("models").observe(0.25);`
template <class Cells, class Unit>
class exponential_series {
public:
    exponential_series(detail::found_series const& to, detail::looking look) noexcept
        : to_(to), look_(std::move(look)) {}
    exponential_series(exponential_series const&) = delete;
    exponential_series& operator=(exponential_series const&) = delete;

    /// Observes a finite value, in the histogram's unit.
    void observe(double value) && noexcept { detail::observe_exponential_in<Cells>(to_.cells, to_.of.get(), value); }
    /// Observes a duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires detail::unit_of_time<Unit>
    void observe(std::chrono::duration<Rep, Period> time) && noexcept {
        std::move(*this).observe(detail::in_unit<Unit>(time));
    }
    /// Observes the time until the timer ends. See `timer`.
    template <class Clock = steady_clock>
        requires detail::unit_of_time<Unit> timer<exponential_handle<Cells, Unit>, Unit, Clock> time() && noexcept {
            return exponential_handle<Cells, Unit>{to_.bind()}.template time<Clock>();
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

template <class T>
struct max_buckets_predicate : std::false_type {};
template <std::size_t N>
struct max_buckets_predicate<max_buckets<N>> : std::true_type {};

// The options that every instrument knows.
template <class... Options>
using without_max_buckets =
    decltype(std::tuple_cat(std::declval<std::conditional_t<max_buckets_predicate<Options>::value, std::tuple<>,
                                                            std::tuple<std::type_identity<Options>>>>()...));

template <fixed_string Name, class Options>
struct exponential_traits_of;
template <fixed_string Name, class... Options>
struct exponential_traits_of<Name, std::tuple<std::type_identity<Options>...>> {
    using type = instrument_traits<instrument_kind::exponential_histogram, Name, double, cells::sharded, Options...>;
};
template <fixed_string Name, class... Options>
using exponential_traits = typename exponential_traits_of<Name, without_max_buckets<Options...>>::type;

template <class Traits>
using exponential_front =
    typed_instrument<Traits, exponential_series<typename Traits::cells_type, typename Traits::unit_type>,
                     exponential_handle<typename Traits::cells_type, typename Traits::unit_type>>;

template <class Traits>
[[nodiscard]] constexpr instrument_spec exponential_spec(std::string_view description,
                                                         exponential_shape shape) noexcept {
    auto spec = Traits::spec(description);
    spec.shape = shape;
    return spec;
}

}  // namespace detail

/// Counts values in buckets whose bounds grow by a constant factor, and their sum:
/// `exponential_histogram<"latency", unit::seconds, label<"api">>`. The factor is the finest of the powers 2^(2^-s) at
/// which the values seen so far lie within 160 buckets of their sign, or as many as max_buckets<N> says: values from 1
/// to 500 have buckets that are 4.4 % wide. OTLP only: no text format can carry it, so scrapes leave it out, and the
/// error hook hears of that once. A series takes 24 bytes for each of its buckets and each thread that observes it, 4
/// KiB for 160. Sharded by default. With a unit of time, time() measures.
template <fixed_string Name, class... Options>
class exponential_histogram : public detail::exponential_front<detail::exponential_traits<Name, Options...>> {
    using traits = detail::exponential_traits<Name, Options...>;
    using base = detail::exponential_front<traits>;
    using cells_type = typename traits::cells_type;
    using unit_type = typename traits::unit_type;
    static_assert(std::same_as<typename traits::number_type, double>,
                  "tacho: an exponential histogram observes doubles");
    static_assert(((detail::max_buckets_predicate<Options>::value ? 1 : 0) + ... + 0) <= 1,
                  "tacho: an exponential histogram has one max_buckets");
    static constexpr std::size_t buckets = detail::first_of<max_buckets<exponential_shape{}.max_buckets>,
                                                            detail::max_buckets_predicate, Options...>::type::value;

public:
    /// In the default registry.
    explicit exponential_histogram(std::string_view description = {}, zero_threshold zero = {})
        : exponential_histogram(default_registry(), description, zero) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit exponential_histogram(scope const& in, std::string_view description = {},
                                   zero_threshold zero = {}) noexcept
        : base(in, detail::exponential_spec<traits>(description,
                                                    {.max_buckets = buckets, .zero_threshold = zero.value()})) {}

    /// Without labels.
    void observe(double value) noexcept requires(traits::label_count == 0) {
        detail::observe_exponential_in<cells_type>(this->only(), this->own_family(), value);
    }
    /// A duration, converted to the histogram's unit.
    template <class Rep, class Period>
        requires(traits::label_count == 0 && detail::unit_of_time<unit_type>)
    void observe(std::chrono::duration<Rep, Period> time) noexcept { observe(detail::in_unit<unit_type>(time)); }
    /// Observes the time until the timer ends. See `timer`.
    template <class Clock = steady_clock>
        requires(traits::label_count == 0 && detail::unit_of_time<unit_type>)
    timer<exponential_handle<cells_type, unit_type>, unit_type, Clock> time()
    noexcept { return this->bind().template time<Clock>(); }
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
