// tacho: a counter: how often something happened, or how much of it, since the series was born.
#pragma once

#include "tacho/instrument/count_later.hpp"
#include "tacho/instrument/typed.hpp"

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

namespace tacho::inline v0 {

namespace detail {

// What may be added to a counter of this number: any integer, and to doubles any number.
template <class Amount, class Number>
concept amount_for = plain_integer<Amount> ||(std::floating_point<Amount>&& std::same_as<Number, double>);

template <class Cells, class Number, class Amount>
void increment(word* cell, family* of, Amount amount) noexcept {
    if constexpr (std::same_as<Number, double>) {
        auto const value = static_cast<double>(amount);
        if (value >= 0 && value <= (std::numeric_limits<double>::max)()) [[likely]]
            return Cells::add(cell, value);
        if (of != nullptr) of->drop_measurement("a negative, infinite or NaN amount");
    } else {
        if constexpr (std::signed_integral<Amount>)
            if (amount < 0) [[unlikely]] {
                if (of != nullptr) of->drop_measurement("a negative amount");
                return;
            }
        Cells::add(cell, static_cast<Number>(amount));
    }
}

}  // namespace detail

/// One series of a counter, to keep and to increment often: a relaxed add on memory that only this thread writes. A
/// copyable value that keeps its series alive, whatever becomes of instrument and registry. Its members may be called
/// by any thread at any time, are wait-free with sharded cells and neither lock nor allocate.
template <class Number, class Cells>
class counter_handle {
public:
    explicit counter_handle(detail::bound_series to) noexcept : to_(std::move(to)) {}

    void inc() const noexcept { Cells::add(to_.cells, Number{1}); }
    /// Adds an amount; a negative one, and for doubles NaN or infinity, is dropped and counted.
    template <class Amount>
        requires detail::amount_for<Amount, Number>
    void inc(Amount amount) const noexcept { detail::increment<Cells, Number>(to_.cells, to_.of.get(), amount); }

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
template <class Number, class Cells>
class counter_series {
public:
    counter_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    counter_series(counter_series const&) = delete;
    counter_series& operator=(counter_series const&) = delete;

    void inc() && noexcept { Cells::add(to_.cells, Number{1}); }
    template <class Amount>
        requires detail::amount_for<Amount, Number>
    void inc(Amount amount) && noexcept { detail::increment<Cells, Number>(to_.cells, to_.of.get(), amount); }
    exception_counter<counter_handle<Number, Cells>> count_exceptions() && noexcept {
        return exception_counter<counter_handle<Number, Cells>>{counter_handle<Number, Cells>{to_.bind()}};
    }

private:
    detail::found_series to_;
    detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using counter_traits = instrument_traits<instrument_kind::counter, Name, std::uint64_t, cells::sharded, Options...>;

template <class Traits>
using counter_front =
    typed_instrument<Traits, counter_series<typename Traits::number_type, typename Traits::cells_type>,
                     counter_handle<typename Traits::number_type, typename Traits::cells_type>>;

}  // namespace detail

/// Counts: `counter<"requests_total", label<"api">, label<"code", int>>`. Counts std::uint64_t; with the option double,
/// doubles. Sharded by default. Registers when made, and ends its registration when it ends.
template <fixed_string Name, class... Options>
class counter : public detail::counter_front<detail::counter_traits<Name, Options...>> {
    using traits = detail::counter_traits<Name, Options...>;
    using base = detail::counter_front<traits>;
    using number_type = typename traits::number_type;
    using cells_type = typename traits::cells_type;
    static_assert(!std::same_as<number_type, std::int64_t>, "tacho: a counter counts std::uint64_t or double");

public:
    explicit counter(std::string_view description = {}) : counter(default_registry(), description) {}
    explicit counter(scope const& in, std::string_view description = {}) noexcept
        : base(in, traits::spec(description)) {}

    /// Without labels.
    void inc() noexcept requires(traits::label_count == 0) { cells_type::add(this->only(), number_type{1}); }
    template <class Amount>
        requires(traits::label_count == 0 && detail::amount_for<Amount, number_type>)
    void inc(Amount amount) noexcept {
        detail::increment<cells_type, number_type>(this->only(), this->held().get(), amount);
    }
    auto batch() noexcept requires(traits::label_count == 0) { return this->bind().batch(); }
    auto count_exceptions() noexcept requires(traits::label_count == 0) {
        return exception_counter<counter_handle<number_type, cells_type>>{this->bind()};
    }
};

}  // namespace tacho::inline v0
