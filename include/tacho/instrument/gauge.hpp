// SPDX-License-Identifier: MIT
// tacho: a gauge: a value that is set, such as a temperature or the size of a queue.
#pragma once

#include "tacho/instrument/refused.hpp"
#include "tacho/instrument/typed.hpp"
#include "tacho/version.hpp"

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

template <class Number>
[[nodiscard]] Number seconds_since_1970() noexcept {
    if constexpr (!recording)
        return {};
    else if constexpr (std::same_as<Number, double>)
        return static_cast<double>(system_clock::now()) / 1e9;
    else
        return static_cast<Number>(system_clock::now() / 1'000'000'000u);
}

}  // namespace detail

/// One series of a gauge, to keep. A copyable value that keeps its series alive, whatever becomes of instrument and
/// registry. Its members may be called by any thread at any time, and neither lock nor allocate; set() is one store.
template <class Number>
class gauge_handle {
public:
    explicit gauge_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Sets the value: one relaxed store.
    void set(Number value) const noexcept { cells::shared::set(to_.cells, value); }
    /// The seconds since 1970, for "when did it last happen".
    void set_to_current_time() const noexcept { set(detail::seconds_since_1970<Number>()); }
    /// Adds to the value, atomically.
    void inc(Number amount = 1) const noexcept { cells::shared::add(to_.cells, amount); }
    /// Takes from the value, atomically.
    void dec(Number amount = 1) const noexcept { cells::shared::add(to_.cells, detail::negated(amount)); }
    template <class Amount>
    detail::fraction_set<Amount, Number> set(Amount) const;
    template <class Amount>
    detail::fraction_set<Amount, Number> inc(Amount) const;
    template <class Amount>
    detail::fraction_set<Amount, Number> dec(Amount) const;

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `temperature("kitchen").set(21.5);`
template <class Number>
class gauge_series {
public:
    gauge_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    gauge_series(gauge_series const&) = delete;
    gauge_series& operator=(gauge_series const&) = delete;

    /// Sets the value: one relaxed store.
    void set(Number value) && noexcept { cells::shared::set(to_.cells, value); }
    /// Seconds since 1970, of what happens now.
    void set_to_current_time() && noexcept { cells::shared::set(to_.cells, detail::seconds_since_1970<Number>()); }
    /// Adds to the value, atomically.
    void inc(Number amount = 1) && noexcept { cells::shared::add(to_.cells, amount); }
    /// Takes from the value, atomically.
    void dec(Number amount = 1) && noexcept { cells::shared::add(to_.cells, detail::negated(amount)); }
    template <class Amount>
    detail::fraction_set<Amount, Number> set(Amount) &&;
    template <class Amount>
    detail::fraction_set<Amount, Number> inc(Amount) &&;
    template <class Amount>
    detail::fraction_set<Amount, Number> dec(Amount) &&;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place set(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place set_to_current_time(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place inc(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place dec(Args const&...) &;

private:
    detail::found_series to_;
    detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using gauge_traits = instrument_traits<instrument_kind::gauge, Name, double, cells::shared, Options...>;

template <class Traits>
using gauge_front =
    typed_instrument<Traits, gauge_series<typename Traits::number_type>, gauge_handle<typename Traits::number_type>>;

// What a gauge without labels can do.
template <class Traits>
class unlabelled_gauge : public gauge_front<Traits> {
    using base = gauge_front<Traits>;
    using number_type = typename Traits::number_type;

protected:
    using base::base;

public:
    /// Without labels: sets the value.
    void set(number_type value) noexcept { cells::shared::set(this->only(), value); }
    /// Without labels: seconds since 1970, of what happens now.
    void set_to_current_time() noexcept { set(seconds_since_1970<number_type>()); }
    /// Without labels: adds to the value, atomically.
    void inc(number_type amount = 1) noexcept { cells::shared::add(this->only(), amount); }
    /// Without labels: takes from the value, atomically.
    void dec(number_type amount = 1) noexcept { cells::shared::add(this->only(), negated(amount)); }
    template <class Amount>
    fraction_set<Amount, number_type> set(Amount);
    template <class Amount>
    fraction_set<Amount, number_type> inc(Amount);
    template <class Amount>
    fraction_set<Amount, number_type> dec(Amount);
};

// What says of one with labels why it can't.
template <class Traits>
class labelled_gauge : public gauge_front<Traits> {
    using base = gauge_front<Traits>;

protected:
    using base::base;

public:
    template <class... Args>
    it_has_labels_so_look_up_a_series_first set(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first set_to_current_time(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first inc(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first dec(Args const&...);
};

template <class Traits>
using gauge_front_by_labels =
    std::conditional_t<Traits::label_count == 0, unlabelled_gauge<Traits>, labelled_gauge<Traits>>;

}  // namespace detail

/// Shows the last value set: `gauge<"room.temperature", unit::celsius, label<"room">>`. Holds a double; with the option
/// std::int64_t, an integer. One shared atomic: "the last value" has no meaning for values that each thread sets apart.
template <fixed_string Name, class... Options>
class gauge : public detail::gauge_front_by_labels<detail::gauge_traits<Name, Options...>> {
    using traits = detail::gauge_traits<Name, Options...>;
    using base = detail::gauge_front_by_labels<traits>;
    using number_type = typename traits::number_type;
    static_assert(!std::same_as<number_type, std::uint64_t>, "tacho: a gauge holds a double or std::int64_t");
    static_assert(!traits::cells_type::is_sharded, "tacho: a gauge can't be sharded; its cells are shared");

public:
    /// In the default registry.
    explicit gauge(std::string_view description = {}) : gauge(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit gauge(scope const& in, std::string_view description = {}) noexcept : base(in, traits::spec(description)) {}
};

}  // namespace tacho::inline TACHO_ABI
