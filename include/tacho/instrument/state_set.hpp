// SPDX-License-Identifier: MIT
// tacho: a state set: which of some named states something is in.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#stateset
#pragma once

#include "tacho/instrument/refused.hpp"
#include "tacho/instrument/typed.hpp"
#include "tacho/version.hpp"

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

namespace detail {

// All states are one number, so that a reader sees a change whole. Relaxed: it orders nothing else.
inline constexpr std::uint64_t any_state_told = std::uint64_t{1} << max_states;

inline void refuse_state(family* of) noexcept {
    if (of != nullptr) of->drop_measurement("a state that it has not");
}

// An index that is no state's is that of a value which isn't listed.
inline void set_only_state(word* cell, family* of, std::size_t state, std::size_t states) noexcept {
    if constexpr (!recording) return;
    if (state >= states) [[unlikely]]
        return refuse_state(of);
    cell->store(any_state_told | std::uint64_t{1} << state, std::memory_order_relaxed);
}

inline void set_one_state(word* cell, family* of, std::size_t state, std::size_t states, bool on) noexcept {
    if constexpr (!recording) return;
    if (state >= states) [[unlikely]]
        return refuse_state(of);
    auto const bit = std::uint64_t{1} << state;
    // Two steps for "off": what was never told has no bit to take off, so a reader between them sees it as it will be.
    cell->fetch_or(on ? any_state_told | bit : any_state_told, std::memory_order_relaxed);
    if (!on) cell->fetch_and(~bit, std::memory_order_relaxed);
}

template <class State>
inline constexpr std::size_t state_count = label_value<State>::cardinality;

}  // namespace detail

/// One series of a state set, to keep. A copyable value that keeps its series alive, whatever becomes of instrument and
/// registry. Its members may be called by any thread at any time, and neither lock nor allocate. A state that isn't
/// listed in label_values() is dropped and counted.
template <class State>
class state_set_handle {
public:
    explicit state_set_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// This state and no other: one store, so that no reader sees two states, or none.
    void set(State only) const noexcept {
        detail::set_only_state(to_.cells, to_.of.get(), detail::label_value<State>::index(only),
                               detail::state_count<State>);
    }
    /// Turns one state on or off and leaves the others as they are, where several may hold at a time.
    void set(State one, bool on) const noexcept {
        detail::set_one_state(to_.cells, to_.of.get(), detail::label_value<State>::index(one),
                              detail::state_count<State>, on);
    }

private:
    detail::bound_series to_;
};

/// The result of a look-up, for use in the same expression: `state("mail").set(job_state::idle);`
template <class State>
class state_set_series {
public:
    state_set_series(detail::found_series const& to, detail::looking look) noexcept : to_(to), look_(std::move(look)) {}
    state_set_series(state_set_series const&) = delete;
    state_set_series& operator=(state_set_series const&) = delete;

    /// This state and no other.
    void set(State only) && noexcept {
        detail::set_only_state(to_.cells, to_.of.get(), detail::label_value<State>::index(only),
                               detail::state_count<State>);
    }
    /// Turns one state on or off and leaves the others as they are.
    void set(State one, bool on) && noexcept {
        detail::set_one_state(to_.cells, to_.of.get(), detail::label_value<State>::index(one),
                              detail::state_count<State>, on);
    }
    template <class... Args>
    detail::it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place set(Args const&...) &;

private:
    detail::found_series to_;
    detail::looking look_;
};

namespace detail {

template <fixed_string Name, class... Options>
using state_set_traits = instrument_traits<instrument_kind::state_set, Name, std::uint64_t, cells::shared, Options...>;

template <class Traits, class State>
using state_set_front = typed_instrument<Traits, state_set_series<State>, state_set_handle<State>>;

template <listed_enum State>
inline constexpr auto state_names = [] {
    std::array<std::string_view, state_count<State>> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = label_value<State>::list.entries[i].text;
    return names;
}();

// Whether a state set may have this name, which is also its own label's: none of its labels, and no reserved one.
template <std::size_t N>
[[nodiscard]] constexpr bool is_state_label(std::string_view name, std::array<label_spec, N> const& labels) noexcept {
    for (auto const& label : labels)
        if (prometheus_label_name(label.name).view() == prometheus_label_name(name).view()) return false;
    return is_label_name(name);
}

template <class Traits, class State>
[[nodiscard]] constexpr instrument_spec state_set_spec(std::string_view description) noexcept {
    auto spec = Traits::spec(description);
    spec.states = state_names<State>;
    return spec;
}

}  // namespace detail

/// Shows 1 for the states that hold and 0 for the others: `state_set<"job.state", job_state, label<"job">>` has a
/// sample for each job and each enumerator that label_values(job_state) lists, at most 63. Their label is called like
/// the metric. Without labels it is shown from the start, with no state on; a series with labels from its first set()
/// on.
template <fixed_string Name, detail::listed_enum State, class... Options>
class state_set : public detail::state_set_front<detail::state_set_traits<Name, Options...>, State> {
    using traits = detail::state_set_traits<Name, Options...>;
    using base = detail::state_set_front<traits, State>;
    static_assert(detail::state_count<State> <= max_states, "tacho: a state set has at most 63 states");
    static_assert(detail::is_state_label(Name.view(), traits::label_specs),
                  "tacho: a state set's name is also the label of its states, so none of its labels has it, and it is "
                  "none of OpenTelemetry's own");
    static_assert(traits::unit_type::ucum.empty() && std::same_as<typename traits::number_type, std::uint64_t> &&
                      !traits::cells_type::is_sharded,
                  "tacho: a state set's values are 0 and 1: it has no unit, no type of number and no sharded cells");

public:
    /// In the default registry.
    explicit state_set(std::string_view description = {}) : state_set(default_registry(), description) {}
    /// In a registry or a scope of one. Registering takes a mutex and allocates; what fails is told to the error hook.
    explicit state_set(scope const& in, std::string_view description = {}) noexcept
        : base(in, detail::state_set_spec<traits, State>(description)) {
        if constexpr (detail::recording && traits::label_count == 0)
            this->only()->fetch_or(detail::any_state_told, std::memory_order_relaxed);
    }

    /// This state and no other.
    void set(State only) noexcept requires(traits::label_count == 0) {
        detail::set_only_state(this->only(), this->own_family(), detail::label_value<State>::index(only),
                               detail::state_count<State>);
    }
    /// Turns one state on or off and leaves the others as they are.
    void set(State one, bool on) noexcept requires(traits::label_count == 0) {
        detail::set_one_state(this->only(), this->own_family(), detail::label_value<State>::index(one),
                              detail::state_count<State>, on);
    }
    template <class... Args>
        requires(traits::label_count != 0)
    detail::it_has_labels_so_look_up_a_series_first set(Args const&...);
};

}  // namespace tacho::inline TACHO_ABI
