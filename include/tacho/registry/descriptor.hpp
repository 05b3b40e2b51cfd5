// SPDX-License-Identifier: MIT
// tacho: what an instrument is, as its family keeps it and as others are shown it.
#pragma once

#include "tacho/core/exponential_counts.hpp"
#include "tacho/core/label.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// The most states of a state set: a bit each in one number, so that a reader sees them change all at once. The last
/// bit says that any was ever told.
inline constexpr std::size_t max_states = 63;

/// Who made an instrument: a library or a part of the program, and its version. Travels with every metric.
struct scope_info {
    std::string name;     ///< empty: none
    std::string version;  ///< empty: none

    friend bool operator==(scope_info const&, scope_info const&) = default;
};

/// What identifies a family, and how it is shown. Text is valid UTF-8.
struct descriptor {
    scope_info scope;             ///< who made it
    std::string name;             ///< as OTLP shows it
    std::string prometheus_name;  ///< by the registry's strategy: mostly with unit and `_total`
    std::string unit_word;        ///< what its unit is called in Prometheus names; empty when it adds none
    std::string description;      ///< for people
    std::string unit;             ///< UCUM
    instrument_kind kind = instrument_kind::counter;     ///< what it measures
    number_kind number = number_kind::unsigned_integer;  ///< of what its values are
    std::vector<double> bounds;                          ///< of a histogram
    std::vector<std::string> states;                     ///< of a state set
    exponential_shape shape;                             ///< of an exponential histogram
    bool observable = false;                             ///< its values come from callbacks
    bool exemplars = false;                              ///< its series keep exemplars

    /// Whether it has explicit bounds.
    [[nodiscard]] bool is_histogram() const noexcept { return kind == instrument_kind::histogram; }
    /// Whether its values never go down.
    [[nodiscard]] bool is_monotonic() const noexcept { return kind == instrument_kind::counter; }
};

}  // namespace tacho::inline TACHO_ABI
