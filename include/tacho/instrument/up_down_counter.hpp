// SPDX-License-Identifier: MIT
// tacho: an up-down counter: how many there are just now, such as requests in flight.
#pragma once

#include "tacho/core/floating.hpp"
#include "tacho/instrument/refused.hpp"
#include "tacho/instrument/typed.hpp"
#include "tacho/version.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

template <class Cells, class Number>
void change(word* cell, family* of, Number amount) noexcept {
    if constexpr (std::same_as<Number, double>)
        if (!detail::is_finite(amount)) [[unlikely]] {  // it would never be a number again
            if (of != nullptr) of->drop_measurement("an infinite or NaN amount");
            return;
        }
    Cells::add(cell, amount);
}

}  // namespace detail

/// One series of an up-down counter, to keep. A copyable value that keeps its series alive, whatever becomes of
/// instrument and registry. Its members may be called by any thread at any time, and neither lock nor allocate.
template <class Number, class Cells>
class up_down_handle {
public:
    /// Counts one up while it lives, and down when it ends, however it ends. Movable.
    class [[nodiscard]] tracked {
    public:
        /// Counts one up.
        explicit tracked(up_down_handle in) noexcept : in_(std::move(in)) { in_.inc(); }
        tracked(tracked&& other) noexcept : in_(std::move(other.in_)), counts_(std::exchange(other.counts_, false)) {}
        tracked& operator=(tracked&&) = delete;
        ~tracked() {
            if (counts_) in_.dec();
        }

    private:
        up_down_handle in_;
        bool counts_ = true;
    };

    explicit up_down_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// Adds an amount; for doubles NaN and infinity are dropped and counted.
    void inc(Number amount = 1) const noexcept { detail::change<Cells>(to_.cells, to_.of.get(), amount); }
    /// Takes an amount off.
    void dec(Number amount = 1) const noexcept {
        detail::change<Cells>(to_.cells, to_.of.get(), detail::negated(amount));
    }
    template <class Amount>
    detail::fraction_counted<Amount, Number> inc(Amount) const;
    template <class Amount>
    detail::fraction_counted<Amount, Number> dec(Amount) const;
    /// One up now, and down when what it returns ends.
    tracked track() const noexcept { return tracked{*this}; }

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `auto const in_flight = busy("models").track();`
template <class Number, class Cells>
class up_down_series {
public:
    up_down_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    up_down_series(up_down_series const&) = delete;
    up_down_series& operator=(up_down_series const&) = delete;

    /// Adds an amount; for doubles NaN and infinity are dropped and counted.
    void inc(Number amount = 1) && noexcept { detail::change<Cells>(to_.cells, to_.of.get(), amount); }
    /// Takes an amount off.
    void dec(Number amount = 1) && noexcept { detail::change<Cells>(to_.cells, to_.of.get(), detail::negated(amount)); }
    template <class Amount>
    detail::fraction_counted<Amount, Number> inc(Amount) &&;
    template <class Amount>
    detail::fraction_counted<Amount, Number> dec(Amount) &&;
    /// One up now, and down when what it returns ends, which holds the series.
    typename up_down_handle<Number, Cells>::tracked track() && noexcept {
        return up_down_handle<Number, Cells>{to_.bind()}.track();
    }
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place inc(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place dec(Args const&...) &;
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place track(Args const&...) &;

private:
    detail::found_series to_;
    detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using up_down_traits =
    instrument_traits<instrument_kind::up_down_counter, Name, std::int64_t, cells::shared, Options...>;

template <class Traits>
using up_down_front =
    typed_instrument<Traits, up_down_series<typename Traits::number_type, typename Traits::cells_type>,
                     up_down_handle<typename Traits::number_type, typename Traits::cells_type>>;

// What an up-down counter without labels can do.
template <class Traits>
class unlabelled_up_down_counter : public up_down_front<Traits> {
    using base = up_down_front<Traits>;
    using number_type = typename Traits::number_type;
    using cells_type = typename Traits::cells_type;

protected:
    using base::base;

public:
    /// Without labels: adds an amount.
    void inc(number_type amount = 1) noexcept { change<cells_type>(this->only(), this->own_family(), amount); }
    /// Without labels: takes an amount off.
    void dec(number_type amount = 1) noexcept { change<cells_type>(this->only(), this->own_family(), negated(amount)); }
    template <class Amount>
    fraction_counted<Amount, number_type> inc(Amount);
    template <class Amount>
    fraction_counted<Amount, number_type> dec(Amount);
    /// Without labels: one up now, and down when what it returns ends.
    typename up_down_handle<number_type, cells_type>::tracked track() noexcept { return this->bind().track(); }
};

// What says of one with labels why it can't.
template <class Traits>
class labelled_up_down_counter : public up_down_front<Traits> {
    using base = up_down_front<Traits>;

protected:
    using base::base;

public:
    template <class... Args>
    it_has_labels_so_look_up_a_series_first inc(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first dec(Args const&...);
    template <class... Args>
    it_has_labels_so_look_up_a_series_first track(Args const&...);
};

template <class Traits>
using up_down_front_by_labels =
    std::conditional_t<Traits::label_count == 0, unlabelled_up_down_counter<Traits>, labelled_up_down_counter<Traits>>;

}  // namespace detail

/// Counts up and down: `up_down_counter<"queue.length", label<"queue">>`. Counts std::int64_t; with the option double,
/// doubles. Shared by default: added up over threads, one thread's +1 could be missed while another's -1 is seen.
template <fixed_string Name, class... Options>
class up_down_counter : public detail::up_down_front_by_labels<detail::up_down_traits<Name, Options...>> {
    using traits = detail::up_down_traits<Name, Options...>;
    using base = detail::up_down_front_by_labels<traits>;
    using number_type = typename traits::number_type;
    using cells_type = typename traits::cells_type;
    static_assert(!std::same_as<number_type, std::uint64_t>, "tacho: an up-down counter counts std::int64_t or double");

public:
    /// In the default registry.
    explicit up_down_counter(std::string_view description = {}) : up_down_counter(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit up_down_counter(scope const& in, std::string_view description = {}) noexcept
        : base(in, traits::spec(description)) {}
};

}  // namespace tacho::inline TACHO_ABI
