// SPDX-License-Identifier: MIT
// tacho: what a visitor is shown of a histogram and of a state set.
#pragma once

#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace tacho::inline TACHO_ABI {

/// What a histogram counted, at one moment.
struct histogram_value {
    std::span<std::uint64_t const> buckets;  ///< not cumulative; one more than there are bounds
    std::uint64_t count;                     ///< always the sum of the buckets
    double sum;                              ///< of what was observed, in the unit of the values
};

/// What holds of a state set's states, at one moment: bit i is states[i].
struct states_value {
    std::uint64_t bits;  ///< none beyond the states

    /// Whether states[state] holds.
    [[nodiscard]] constexpr bool is_on(std::size_t state) const noexcept { return (bits >> state & 1) != 0; }
};

}  // namespace tacho::inline TACHO_ABI
