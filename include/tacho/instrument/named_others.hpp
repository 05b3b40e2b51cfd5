// SPDX-License-Identifier: MIT
// tacho: infos, state sets and exponential histograms whose names and labels are known only at run time.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/instrument/exponential_histogram.hpp"
#include "tacho/instrument/info.hpp"
#include "tacho/instrument/named.hpp"
#include "tacho/instrument/state_set.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

#if TACHO_BODIES

namespace detail {

// Registers what `add` completes: a specification with name, description, labels and limit.
template <class Complete>
[[nodiscard]] registration register_other(scope const& in, instrument_options const& o, instrument_kind kind,
                                          std::string why, Complete&& complete) {
    if constexpr (!recording) return registration{in, {}};
    if (auto general = why_refused(o, kind); !general.empty()) return registration::refused(in, std::move(general));
    if (!why.empty())
        return registration::refused(in, "the " + std::string{to_string(kind)} + " \"" + std::string{o.name} +
                                             "\" was not registered: " + std::move(why));
    auto const name = prometheus_name(o.name, o.unit, kind);
    std::vector<label_spec> labels;
    for (auto const label : o.labels) labels.push_back({label});
    instrument_spec spec{.name = o.name,
                         .prometheus_name = name.view(),
                         .description = o.description,
                         .unit = o.unit,
                         .kind = kind,
                         .number = number_kind::unsigned_integer,
                         .sharded = false,
                         .limit = o.series_limit,
                         .expire_after = static_cast<std::uint32_t>(o.expire_after.count()),
                         .labels = labels,
                         .bounds = {}};
    complete(spec);
    return registration{in, spec};
}

[[nodiscard]] inline std::string why_no_info(instrument_options const& o) {
    if (!o.unit.empty()) return "an info has no unit; leave it out";
    if (o.expire_after.count() != 0) return "an info shows what was set last, however long ago; leave expire_after out";
    return o.labels.empty() ? "an info has labels, which are what it shows; give it one" : "";
}

[[nodiscard]] inline std::string why_no_state_set(instrument_options const& o,
                                                  std::span<std::string_view const> states) {
    if (!o.unit.empty()) return "a state set has no unit; leave it out";
    if (!is_label_name(o.name))
        return "its name is also the label of its states, and is one of OpenTelemetry's own; rename it";
    if (states.empty() || states.size() > max_states)
        return "a state set has 1 to 63 states, and it is given " + std::to_string(states.size());
    std::vector<std::string> seen;
    for (auto const state : states) {
        auto text = to_utf8(state);
        if (text.empty() || std::find(seen.begin(), seen.end(), text) != seen.end())
            return "its states should be distinct and not empty, which \"" + text + "\" is not";
        seen.push_back(std::move(text));
    }
    for (auto const label : o.labels)
        if (prometheus_label_name(label).view() == prometheus_label_name(o.name).view())
            return "its name is also the label of its states, and its label \"" + std::string{label} +
                   "\" has it; rename one";
    return {};
}

[[nodiscard]] inline std::string why_no_exponential(instrument_options const& o, exponential_shape const& shape) {
    if (!o.bounds.empty()) return "an exponential histogram finds its own bounds; leave them out";
    return is_exponential_shape(shape) ? ""
                                       : "its max_buckets should be 4 to 168, and its zero_threshold 0 or more and "
                                         "finite";
}

}  // namespace detail

#endif

/// An info named at run time. Movable; ends its registration when it ends.
class named_info {
public:
    explicit named_info(registration in) noexcept : in_(std::move(in)) {}

    /// Whether it is registered. If not, it works and shows nothing; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return in_.ok(); }

    /// Replaces what is shown: one value for each label, in their order. With another number of values nothing changes,
    /// and the error hook hears of it.
    void set(std::initializer_list<std::string_view> values) const noexcept { in_.bind(values).show(); }
    /// The same from a span.
    void set(std::span<std::string_view const> values) const noexcept { in_.bind(values).show(); }

private:
    named_instrument<detail::info_handle> in_;
};

/// One series of a state set whose states are known at run time. As state_set_handle, with a state's text in place of
/// an enumerator; finding it takes a comparison with each.
class named_state_handle {
public:
    explicit named_state_handle(detail::bound_series const& to) noexcept : to_(to) {}

    /// This state and no other.
    void set(std::string_view only) const noexcept {
        if (to_.of != nullptr) detail::set_only_state(to_.cells, to_.of.get(), index(only), states().size());
    }
    /// Turns one state on or off and leaves the others as they are.
    void set(std::string_view one, bool on) const noexcept {
        if (to_.of != nullptr) detail::set_one_state(to_.cells, to_.of.get(), index(one), states().size(), on);
    }

private:
    [[nodiscard]] std::vector<std::string> const& states() const noexcept { return to_.of->describe().states; }
    [[nodiscard]] std::size_t index(std::string_view state) const noexcept {
        auto const is_this = [&](std::string const& known) { return is_same_as_utf8(known, state); };
        return static_cast<std::size_t>(std::find_if(states().begin(), states().end(), is_this) - states().begin());
    }

    detail::bound_series to_;
};

/// What add_state_set() gives.
using named_state_set = named_instrument<named_state_handle>;

/// As add_counter() and its like. An info has labels and no unit.
[[nodiscard]] named_info add_info(scope const& in, instrument_options const& o);
/// As add_counter() and its like. A state set has 1 to 63 distinct states and no unit; each series is shown from its
/// first set() on.
[[nodiscard]] named_state_set add_state_set(scope const& in, instrument_options const& o,
                                            std::span<std::string_view const> states);
/// The same from a list.
[[nodiscard]] named_state_set add_state_set(scope const& in, instrument_options const& o,
                                            std::initializer_list<std::string_view> states);

/// What add_exponential_histogram() gives.
using named_exponential_histogram = named_instrument<exponential_handle<cells::sharded, unit::none>>;

/// As add_histogram(), without bounds.
[[nodiscard]] named_exponential_histogram add_exponential_histogram(scope const& in, instrument_options const& o,
                                                                    exponential_shape shape = {});

#if TACHO_BODIES

TACHO_FUNCTION named_info add_info(scope const& in, instrument_options const& o) {
    return named_info{detail::register_other(in, o, instrument_kind::info, detail::why_no_info(o), [](auto&) {})};
}

TACHO_FUNCTION named_state_set add_state_set(scope const& in, instrument_options const& o,
                                             std::span<std::string_view const> states) {
    return named_state_set{detail::register_other(in, o, instrument_kind::state_set,
                                                  detail::why_no_state_set(o, states),
                                                  [&](auto& spec) { spec.states = states; })};
}

TACHO_FUNCTION named_state_set add_state_set(scope const& in, instrument_options const& o,
                                             std::initializer_list<std::string_view> states) {
    return add_state_set(in, o, std::span{states.begin(), states.size()});
}

TACHO_FUNCTION named_exponential_histogram add_exponential_histogram(scope const& in, instrument_options const& o,
                                                                     exponential_shape shape) {
    return named_exponential_histogram{detail::register_other(in, o, instrument_kind::exponential_histogram,
                                                              detail::why_no_exponential(o, shape), [&](auto& spec) {
                                                                  spec.number = number_kind::floating;
                                                                  spec.sharded = true;
                                                                  spec.shape = shape;
                                                              })};
}

#endif

}  // namespace tacho::inline TACHO_ABI
