// SPDX-License-Identifier: MIT
// tacho: an info: facts about the program that are text, such as its version.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#info
#pragma once

#include "tacho/instrument/refused.hpp"
#include "tacho/instrument/typed.hpp"
#include "tacho/version.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

// One label set of an info, as a look-up gives it.
class info_series {
public:
    info_series(found_series const& to, looking look) noexcept : to_(to), look_(std::move(look)) {}

    void show() const noexcept {
        if (auto const* const found = to_.at()) to_.of->table().show_only(*found);
    }

private:
    found_series to_;
    looking look_;
};

// The same, as one named at run time gives it.
class info_handle {
public:
    explicit info_handle(bound_series const& to) noexcept : to_(to) {}

    void show() const noexcept {
        if (to_.of != nullptr) to_.of->table().show_only(*to_.at());
    }

private:
    bound_series to_;
};

template <fixed_string Name, class... Options>
struct info_traits : instrument_traits<instrument_kind::info, Name, std::uint64_t, cells::shared, Options...> {
    using base = instrument_traits<instrument_kind::info, Name, std::uint64_t, cells::shared, Options...>;

    // It is looked up by text also where there are few label sets, so that those it had can be given back.
    static constexpr std::size_t dense = 0;
    static constexpr instrument_spec spec(std::string_view description) noexcept {
        auto s = base::spec(description);
        return s;
    }
};

template <class Traits>
using info_front = typed_instrument<Traits, info_series, info_handle>;

}  // namespace detail

/// Shows text as labels, with the value 1: `info<"build", label<"version">, label<"commit">>` is, after
/// `build.set("1.2.3", "abc")`, `build_info{commit="abc",version="1.2.3"} 1`. Shows nothing before the first set(), and
/// from then on the label values of the latest one only: the ones before are forgotten, so it may be set for ever. For
/// what seldom changes.
template <fixed_string Name, class... Options>
class info : private detail::info_front<detail::info_traits<Name, Options...>> {
    using traits = detail::info_traits<Name, Options...>;
    using base = detail::info_front<traits>;
    static_assert(traits::label_count != 0, "tacho: an info has labels; they are what it shows");
    static_assert(traits::unit_type::ucum.empty() && std::same_as<typename traits::number_type, std::uint64_t> &&
                      !traits::cells_type::is_sharded,
                  "tacho: an info's value is always 1: it has no unit, no type of number and no sharded cells");
    static_assert(traits::expires_after == 0,
                  "tacho: an info shows what was set last, however long ago; it can't expire");

public:
    /// In the default registry.
    explicit info(std::string_view description = {}) : info(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit info(scope const& in, std::string_view description = {}) noexcept : base(in, traits::spec(description)) {}

    using base::ok;

    /// Replaces what is shown, at once for every reader: none sees two label sets, or none. May be called by any thread
    /// at any time. Takes a mutex, and allocates for another label set than before.
    template <class... Args>
        requires(detail::are_values_of<typename traits::labels, Args...>)
    void set(Args const&... values) noexcept { base::operator()(values...).show(); }
    template <class... Args>
        requires(!detail::are_values_of<typename traits::labels, Args...>)
    detail::label_values_that_do_not_fit<typename traits::labels, Args...> set(Args const&...)
    noexcept;
};

}  // namespace tacho::inline TACHO_ABI
