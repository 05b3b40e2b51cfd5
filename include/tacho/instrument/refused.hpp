// SPDX-License-Identifier: MIT
// tacho: what compilers name where something doesn't compile: sentences that say what is wrong, and what to write.
#pragma once

#include "tacho/core/label.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <tuple>
#include <type_traits>

namespace tacho::inline TACHO_ABI::detail {

// Returned by functions that nobody can call, because these types are never defined: compilers name the type in the
// error at the caller's line, which they don't with what is said of a deleted function. A requires-expression finds in
// both cases that there is no such call; decltype and std::is_invocable, which ask for no complete type, find one here.
struct it_has_labels_so_look_up_a_series_first;           // name("a").inc(), with a value for each label
struct it_counts_numbers_so_give_it_one;                  // 5
struct it_counts_whole_numbers_so_add_the_option_double;  // counter<"name", double>
struct its_values_are_whole_numbers_so_round_them_or_leave_out_its_option;  // gauge<"name">, which has doubles
struct it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place;          // auto const kept = name.bind("a");
struct it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options;         // counter<"name", tacho::exemplars>
struct its_unit_is_none_of_time_so_give_it_tacho_unit_seconds;              // histogram<"name", tacho::unit::seconds>
struct observe_takes_a_number_then_one_value_for_each_label_in_order;  // of its number's type and its labels' types
struct observe_takes_an_observable_then_a_number_then_its_label_values_in_order;

struct a_label_value_is_missing_so_give_one_for_each_label;
struct there_are_more_label_values_than_labels_so_give_one_for_each_label;
template <std::size_t Place, class Label, class Value>
struct label_at_place_takes_a_value_of_its_own_type_and_none_of_this;  // from 1 on

// Whether these arguments are values of these labels, one for one.
template <class Labels, class... Args>
inline constexpr bool are_values_of = false;
template <class... Labels, class... Args>
    requires(sizeof...(Labels) == sizeof...(Args))
inline constexpr bool are_values_of<std::tuple<Labels...>, Args...> = (takes<Labels, Args> && ...);

// What a counter says of an amount that it doesn't take.
template <class Amount>
using amount_refused =
    std::conditional_t<std::is_floating_point_v<Amount>, it_counts_whole_numbers_so_add_the_option_double,
                       it_counts_numbers_so_give_it_one>;

// What those of whole numbers say of a fraction, which would lose what is behind its point.
template <class Amount, class Number>
using fraction_counted = std::enable_if_t<std::is_floating_point_v<Amount> && std::is_integral_v<Number>,
                                          it_counts_whole_numbers_so_add_the_option_double>;
template <class Amount, class Number>
using fraction_set = std::enable_if_t<std::is_floating_point_v<Amount> && std::is_integral_v<Number>,
                                      its_values_are_whole_numbers_so_round_them_or_leave_out_its_option>;

// The first label and value that don't fit.
template <std::size_t Place, class Labels, class Values>
struct first_misfit;
template <std::size_t Place, class Label, class... Labels, class Value, class... Values>
struct first_misfit<Place, std::tuple<Label, Labels...>, std::tuple<Value, Values...>>
    : std::conditional_t<
          takes<Label, Value>, first_misfit<Place + 1, std::tuple<Labels...>, std::tuple<Values...>>,
          std::type_identity<label_at_place_takes_a_value_of_its_own_type_and_none_of_this<Place, Label, Value>>> {};

// Compilers ask for it also where they fit: what is returned comes before what is required.
template <class Labels, class... Args>
struct values_refused : std::type_identity<void> {};
template <class... Labels, class... Args>
    requires(sizeof...(Args) < sizeof...(Labels))
struct values_refused<std::tuple<Labels...>, Args...>
    : std::type_identity<a_label_value_is_missing_so_give_one_for_each_label> {};
template <class... Labels, class... Args>
    requires(sizeof...(Args) > sizeof...(Labels))
struct values_refused<std::tuple<Labels...>, Args...>
    : std::type_identity<there_are_more_label_values_than_labels_so_give_one_for_each_label> {};
template <class... Labels, class... Args>
    requires(sizeof...(Args) == sizeof...(Labels) && !are_values_of<std::tuple<Labels...>, Args...>)
struct values_refused<std::tuple<Labels...>, Args...> : first_misfit<1, std::tuple<Labels...>, std::tuple<Args...>> {};

// What a call with label values that don't fit gives: it says why, and the compiler shows labels and values beside it.
template <class Labels, class... Args>
using label_values_that_do_not_fit = typename values_refused<Labels, Args...>::type;

}  // namespace tacho::inline TACHO_ABI::detail
