// SPDX-License-Identifier: MIT
// tacho: a counter: how often something happened, or how much of it, since the series was born.
#pragma once

#include "tacho/instrument/count_later.hpp"
#include "tacho/instrument/exemplar_keeping.hpp"
#include "tacho/instrument/refused.hpp"
#include "tacho/instrument/typed.hpp"
#include "tacho/version.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

// What may be added to a counter of this number: any integer, and to doubles any number.
template <class Amount, class Number>
concept amount_for = plain_integer<Amount> ||(std::floating_point<Amount>&& std::same_as<Number, double>);

// Adds to what a look-up found or a handle holds.
template <class Cells, class Number, bool Exemplars, class Place, class Amount>
void increment(Place const& to, Amount amount, std::span<exemplar_label const> labels = {}) noexcept {
    auto const number = static_cast<Number>(amount);
    if constexpr (std::same_as<Number, double>) {
        if (!(number >= 0 && number <= (std::numeric_limits<double>::max)())) [[unlikely]] {
            if (to.of != nullptr) to.of->drop_measurement("a negative, infinite or NaN amount");
            return;
        }
    } else if constexpr (std::signed_integral<Amount>) {
        if (amount < 0) [[unlikely]] {
            if (to.of != nullptr) to.of->drop_measurement("a negative amount");
            return;
        }
    }
    Cells::add(to.cells, number);
    consider_exemplar<Exemplars>(to, 0, number, labels);
}
template <class Cells, class Number, bool Exemplars, class Place>
void increment(Place const& to) noexcept {
    Cells::add(to.cells, Number{1});
    consider_exemplar<Exemplars>(to, 0, Number{1});
}

}  // namespace detail

/// One series of a counter, to keep and to increment often: a relaxed add on memory that only this thread writes. A
/// copyable value that keeps its series alive, whatever becomes of instrument and registry. Its members may be called
/// by any thread at any time, are wait-free with sharded cells and neither lock nor allocate.
template <class Number, class Cells, bool Exemplars = false>
class counter_handle {
public:
    explicit counter_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Adds one.
    void inc() const noexcept { detail::increment<Cells, Number, Exemplars>(to_); }
    /// Adds an amount; a negative one, and for doubles NaN or infinity, is dropped and counted.
    template <class Amount>
        requires detail::amount_for<Amount, Number>
    void inc(Amount amount) const noexcept { detail::increment<Cells, Number, Exemplars>(to_, amount); }
    template <class Amount>
        requires(!detail::amount_for<Amount, Number>)
    detail::amount_refused<Amount> inc(Amount const&)
    const noexcept;
    /// The same with an exemplar that tells more, where the instrument keeps any: `orders.inc(1, {{"order", id}})`.
    template <class Amount>
        requires(Exemplars&& detail::amount_for<Amount, Number>)
    void inc(Amount amount, std::initializer_list<exemplar_label> labels) const noexcept {
        detail::increment<Cells, Number, Exemplars>(to_, amount, {labels.begin(), labels.size()});
    }
    template <class Amount>
        requires(!Exemplars)
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options inc(Amount,
                                                                            std::initializer_list<exemplar_label>)
    const noexcept;

    /// `auto batch = handle.batch(); ... batch.inc();` adds up on its own, and counts at its end.
    counter_batch<counter_handle, Number> batch() const noexcept {
        return counter_batch<counter_handle, Number>{*this};
    }
    /// `auto const guard = errors.count_exceptions();` counts an exception that leaves the scope.
    exception_counter<counter_handle> count_exceptions() const noexcept {
        return exception_counter<counter_handle>{*this};
    }

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `requests("GET", 200).inc();`
template <class Number, class Cells, bool Exemplars = false>
class counter_series {
    using handle = counter_handle<Number, Cells, Exemplars>;

public:
    counter_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    counter_series(counter_series const&) = delete;
    counter_series& operator=(counter_series const&) = delete;

    /// Adds one.
    void inc() && noexcept { detail::increment<Cells, Number, Exemplars>(to_); }
    /// Adds an amount; a negative one, and for doubles NaN or infinity, is dropped and counted.
    template <class Amount>
        requires detail::amount_for<Amount, Number>
    void inc(Amount amount) && noexcept { detail::increment<Cells, Number, Exemplars>(to_, amount); }
    template <class Amount>
        requires(!detail::amount_for<Amount, Number>)
    detail::amount_refused<Amount> inc(Amount const&) && noexcept;
    /// The same with an exemplar that tells more, where the instrument keeps any.
    template <class Amount>
        requires(Exemplars&& detail::amount_for<Amount, Number>)
    void inc(Amount amount, std::initializer_list<exemplar_label> labels) && noexcept {
        detail::increment<Cells, Number, Exemplars>(to_, amount, {labels.begin(), labels.size()});
    }
    template <class Amount>
        requires(!Exemplars)
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options inc(
        Amount, std::initializer_list<exemplar_label>) && noexcept;
    /// See counter_handle::count_exceptions().
    exception_counter<handle> count_exceptions() && noexcept { return exception_counter<handle>{handle{to_.bind()}}; }
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place inc(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place count_exceptions(Args const&...) &;

private:
    detail::found_series to_;
    detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using counter_traits = instrument_traits<instrument_kind::counter, Name, std::uint64_t, cells::sharded, Options...>;

template <class Traits>
using counter_front =
    typed_instrument<Traits,
                     counter_series<typename Traits::number_type, typename Traits::cells_type, Traits::exemplars>,
                     counter_handle<typename Traits::number_type, typename Traits::cells_type, Traits::exemplars>>;

}  // namespace detail

/// Counts: `counter<"requests", label<"api">, label<"code", int>>`. Counts std::uint64_t; with the option double,
/// doubles. Sharded by default. Registers when made, and ends its registration when it ends.
template <fixed_string Name, class... Options>
class counter : public detail::counter_front<detail::counter_traits<Name, Options...>> {
    using traits = detail::counter_traits<Name, Options...>;
    using base = detail::counter_front<traits>;
    using number_type = typename traits::number_type;
    using cells_type = typename traits::cells_type;
    static_assert(!std::same_as<number_type, std::int64_t>, "tacho: a counter counts std::uint64_t or double");

public:
    /// In the default registry. The description is text for people, and copied.
    explicit counter(std::string_view description = {}) : counter(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit counter(scope const& in, std::string_view description = {}) noexcept
        : base(in, traits::spec(description)) {}

    /// Without labels.
    void inc() noexcept requires(traits::label_count == 0) {
        detail::increment<cells_type, number_type, traits::exemplars>(this->place());
    }
    /// Adds an amount; a negative one, and for doubles NaN or infinity, is dropped and counted.
    template <class Amount>
        requires(traits::label_count == 0 && detail::amount_for<Amount, number_type>)
    void inc(Amount amount) noexcept {
        detail::increment<cells_type, number_type, traits::exemplars>(this->place(), amount);
    }
    template <class Amount>
        requires(traits::label_count == 0 && !detail::amount_for<Amount, number_type>)
    detail::amount_refused<Amount> inc(Amount const&)
    noexcept;
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first inc(Args const&...);
    /// The same with an exemplar that tells more.
    template <class Amount>
        requires(traits::label_count == 0 && traits::exemplars && detail::amount_for<Amount, number_type>)
    void inc(Amount amount, std::initializer_list<exemplar_label> labels) noexcept {
        detail::increment<cells_type, number_type, traits::exemplars>(this->place(), amount,
                                                                      {labels.begin(), labels.size()});
    }
    template <class Amount>
        requires(traits::label_count == 0 && !traits::exemplars)
    detail::it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options inc(Amount,
                                                                            std::initializer_list<exemplar_label>)
    noexcept;
    /// See counter_handle::batch().
    auto batch() noexcept requires(traits::label_count == 0) { return this->bind().batch(); }
    /// See counter_handle::count_exceptions().
    auto count_exceptions() noexcept requires(traits::label_count == 0) { return exception_counter{this->bind()}; }
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first batch(Args const&...);
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first count_exceptions(Args const&...);
};

}  // namespace tacho::inline TACHO_ABI
