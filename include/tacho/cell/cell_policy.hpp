// SPDX-License-Identifier: MIT
// tacho: what a way of counting has to be, so that counters can take one of the program's own.
#pragma once

#include "tacho/cell/cells.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <concepts>
#include <cstdint>

namespace tacho::inline TACHO_ABI {

/// How counters and up-down counters write their numbers: cells::sharded, cells::shared, or a class of one's own with
/// `static constexpr bool is_sharded = false` and a function add(), which adds to an atomic word that holds an integer
/// or the bits of a double. It is called by whatever threads record, so it says itself which of them may do so at the
/// same time; must not throw, and should neither lock nor allocate. Readers load the word, relaxed. Instruments of one
/// identity share their cells: give all of them the same policy.
template <class T>
concept cell_policy = std::same_as<T, cells::sharded> || std::same_as<T, cells::shared> ||
    requires(std::atomic<std::uint64_t>* cell) {
    requires !T::is_sharded;
    { T::add(cell, std::uint64_t{1}) }
    noexcept;
    { T::add(cell, std::int64_t{-1}) }
    noexcept;
    { T::add(cell, 0.5) }
    noexcept;
};

static_assert(cell_policy<cells::sharded> && cell_policy<cells::shared>);

}  // namespace tacho::inline TACHO_ABI
