// SPDX-License-Identifier: MIT
// tacho: the template arguments of an instrument: its name, then labels, unit, number, cells and limit in any order.
#pragma once

#include "tacho/cell/cell_policy.hpp"
#include "tacho/cell/cells.hpp"
#include "tacho/core/fixed_string.hpp"
#include "tacho/core/label.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/unit.hpp"
#include "tacho/instrument/exemplar_keeping.hpp"
#include "tacho/instrument/registration.hpp"
#include "tacho/version.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace tacho::inline TACHO_ABI {

/// An option: how many series the instrument may have before further label values are counted together; of an
/// observable, how many one round may observe.
template <std::size_t N>
struct series_limit {
    static_assert(N != 0, "tacho: a series limit is at least 1");
    static constexpr std::size_t value = N;  ///< series, the overflow series not counted
};

/// An option: a series is removed when it has been out of use for this long, that is neither looked up nor held by a
/// handle. Looked after at scrapes, pushes and when series are made, so it may take longer; needs labels.
template <std::uint32_t Seconds>
struct expire_after {
    static_assert(Seconds != 0, "tacho: a series expires after one second at the earliest");
    static constexpr std::uint32_t value = Seconds;  ///< seconds
};

namespace detail {

template <class T>
inline constexpr bool is_label = false;
template <fixed_string Name, class Value>
inline constexpr bool is_label<label<Name, Value>> = true;

template <class T>
inline constexpr bool is_unit = false;
template <fixed_string Ucum>
inline constexpr bool is_unit<unit::of<Ucum>> = true;

template <class T>
inline constexpr bool is_limit = false;
template <std::size_t N>
inline constexpr bool is_limit<series_limit<N>> = true;

template <class T>
inline constexpr bool is_expiry = false;
template <std::uint32_t Seconds>
inline constexpr bool is_expiry<expire_after<Seconds>> = true;

template <class T>
inline constexpr bool is_number =
    std::same_as<T, std::uint64_t> || std::same_as<T, std::int64_t> || std::same_as<T, double>;
template <class T>
inline constexpr bool is_cells = cell_policy<T>;
template <class T>
inline constexpr bool is_cells_of_ours = std::same_as<T, cells::sharded> || std::same_as<T, cells::shared>;

template <class T>
inline constexpr bool is_exemplars = std::same_as<T, exemplars>;

template <class Number>
inline constexpr number_kind kind_of_number = std::same_as<Number, double>         ? number_kind::floating
                                              : std::same_as<Number, std::int64_t> ? number_kind::signed_integer
                                                                                   : number_kind::unsigned_integer;

// The first of Options for which the predicate holds, else Default.
template <class Default, template <class> class Predicate, class... Options>
struct first_of {
    using type = Default;
};
template <class Default, template <class> class Predicate, class First, class... Rest>
struct first_of<Default, Predicate, First, Rest...>
    : std::conditional_t<Predicate<First>::value, std::type_identity<First>, first_of<Default, Predicate, Rest...>> {};

template <class T>
using unit_predicate = std::bool_constant<is_unit<T>>;
template <class T>
using number_predicate = std::bool_constant<is_number<T>>;
template <class T>
using cells_predicate = std::bool_constant<is_cells<T>>;
template <class T>
using limit_predicate = std::bool_constant<is_limit<T>>;
template <class T>
using expiry_predicate = std::bool_constant<is_expiry<T>>;
struct none_given {
    static constexpr std::uint32_t value = 0;
};

// The labels among Options, as a tuple type in their order.
template <class... Options>
using labels_of = decltype(std::tuple_cat(
    std::declval<std::conditional_t<is_label<Options>, std::tuple<Options>, std::tuple<>>>()...));

// All that an instrument's template arguments say, checked and gathered while compiling.
template <instrument_kind Kind, fixed_string Name, class DefaultNumber, class DefaultCells, class... Options>
struct instrument_traits {
    static_assert(is_instrument_name(Name.view()),
                  "tacho: an instrument's name begins with a letter, goes on with letters, digits and _ . - /, and has "
                  "at most 255 characters");
    static_assert(((is_label<Options> || is_unit<Options> || is_number<Options> || is_cells<Options> ||
                    is_limit<Options> || is_expiry<Options> || is_exemplars<Options>)&&...),
                  "tacho: an instrument's options are label<...>, a unit, std::uint64_t, std::int64_t or double, "
                  "cells::sharded, cells::shared or another cell_policy, series_limit<...>, expire_after<...> and "
                  "exemplars");
    static_assert(((is_unit<Options> ? 1 : 0) + ... + 0) <= 1 && ((is_number<Options> ? 1 : 0) + ... + 0) <= 1 &&
                      ((is_cells<Options> ? 1 : 0) + ... + 0) <= 1 && ((is_limit<Options> ? 1 : 0) + ... + 0) <= 1 &&
                      ((is_expiry<Options> ? 1 : 0) + ... + 0) <= 1,
                  "tacho: an instrument has one unit, one type of number, one kind of cells, one series_limit and one "
                  "expire_after");

    static constexpr bool exemplars = (is_exemplars<Options> || ...);
    static_assert(!exemplars || Kind == instrument_kind::counter || Kind == instrument_kind::histogram,
                  "tacho: only counters and histograms with bounds keep exemplars");

    using unit_type = typename first_of<unit::none, unit_predicate, Options...>::type;
    using number_type = typename first_of<DefaultNumber, number_predicate, Options...>::type;
    using cells_type = typename first_of<DefaultCells, cells_predicate, Options...>::type;
    static_assert(Kind == instrument_kind::counter || Kind == instrument_kind::up_down_counter ||
                      is_cells_of_ours<cells_type>,
                  "tacho: only counters and up-down counters take a cell policy of one's own");
    using labels = labels_of<Options...>;
    static constexpr std::size_t label_count = std::tuple_size_v<labels>;
    static_assert(label_count <= max_labels, "tacho: an instrument has at most 16 labels");

    static constexpr std::string_view name = Name.view();
    static constexpr auto prometheus = prometheus_name(Name.view(), unit_type::ucum, Kind);

    static constexpr auto label_specs = []<class... Labels>(std::tuple<Labels...>*) {
        // Looks into the types also where no value is ever looked up: a closed list checks its texts.
        static_assert(((sizeof(typename Labels::value_type) != 0) && ...));
        return std::array<label_spec, sizeof...(Labels)>{
            label_spec{Labels::name, label_value<typename Labels::value_type>::type}...};
    }(static_cast<labels*>(nullptr));

    static constexpr bool labels_are_distinct = [] {
        for (std::size_t i = 0; i < label_count; ++i) {
            auto const name_i = prometheus_label_name(label_specs[i].name);
            if (Kind == instrument_kind::histogram && name_i.view() == "le") return false;
            for (std::size_t j = 0; j < i; ++j)
                if (prometheus_label_name(label_specs[j].name).view() == name_i.view()) return false;
        }
        return true;
    }();
    static_assert(labels_are_distinct,
                  "tacho: an instrument's labels have distinct names, also after illegal characters become _, and a "
                  "histogram's is not called le");

    static constexpr std::uint32_t expires_after = first_of<none_given, expiry_predicate, Options...>::type::value;
    static_assert(expires_after == 0 || label_count != 0,
                  "tacho: the one series of an instrument without labels is always there; it can't expire");

    // The number of combinations when every label has few known values, else 0. Such series are few, and found in a way
    // that doesn't tell when: where they should expire, they are looked up as others are. Each takes 16 bytes of the
    // instrument.
    static constexpr std::size_t most_dense = 1024;
    static constexpr std::size_t dense = []<class... Labels>(std::tuple<Labels...>*) -> std::size_t {
        if (expires_after != 0 || !recording) return 0;
        std::size_t product = sizeof...(Labels) == 0 ? 0 : 1;
        ((product = product > most_dense ? 0 : product * label_value<typename Labels::value_type>::cardinality), ...);
        return product > most_dense ? 0 : product;
    }(static_cast<labels*>(nullptr));

    static constexpr instrument_spec spec(std::string_view description, std::span<double const> bounds = {}) noexcept {
        return {.name = name,
                .prometheus_name = prometheus.view(),
                .description = description,
                .unit = unit_type::ucum,
                .kind = Kind,
                .number = kind_of_number<number_type>,
                .sharded = cells_type::is_sharded,
                .limit = first_of<none_given, limit_predicate, Options...>::type::value,
                .expire_after = expires_after,
                .labels = label_specs,
                .bounds = bounds,
                .exemplars = exemplars};
    }
};

// A char pointer may be null at run time; then the value is missing.
template <class Value, class Arg>
[[nodiscard]] constexpr decltype(auto) checked_label(Arg const& arg) noexcept {
    if constexpr (std::is_pointer_v<std::decay_t<Arg>> && !std::is_array_v<Arg>) {
        if constexpr (std::is_constructible_v<Value, std::nullopt_t>)
            if (arg == nullptr) return Value{std::nullopt};
        return static_cast<Value>(arg == nullptr ? std::string_view{} : std::string_view{arg});
    } else
        return static_cast<Value>(arg);
}

}  // namespace detail
}  // namespace tacho::inline TACHO_ABI
