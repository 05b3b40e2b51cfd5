// SPDX-License-Identifier: MIT
// tacho: what a registry tells of its instruments, and of what went wrong in them.
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/registry/callbacks.hpp"
#include "tacho/registry/descriptor.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/registry/family_list.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// What went wrong in recording, since the registry was made; of instruments that are still registered.
struct registry_health {
    std::uint64_t dropped_measurements = 0;     ///< NaN, infinite or negative where that has no meaning, those of
                                                ///< failed and late callbacks, and those that began a series for
                                                ///< which there was no memory
    std::uint64_t overflowed_measurements = 0;  ///< counted in an overflow series
    std::uint64_t torn_reads = 0;               ///< histogram readings whose sum may be ahead of the buckets
    std::uint64_t failed_registrations = 0;     ///< of instruments that collide, or are none
    std::uint64_t failed_callbacks = 0;         ///< calls that threw
    std::uint64_t late_callbacks = 0;           ///< calls that took longer than they may, or that there was no time for
    std::size_t kept_series = 0;  ///< removed, but still held by a handle, or not yet collected by every reader
};

/// One instrument, or several of one identity, as registry.list() shows it.
struct listed_instrument {
    descriptor describe;                        ///< what it is
    std::vector<std::string> labels = {};       ///< names of those that its series have, in the order of declaration
    std::size_t series = 0;                     ///< that are shown, the overflow series included
    std::size_t series_limit = 0;               ///< the most; see tacho::series_limit
    std::uint64_t overflowed_measurements = 0;  ///< counted in its overflow series
    std::uint64_t dropped_measurements = 0;     ///< as in registry_health
    std::size_t kept_series = 0;                ///< as in registry_health
};

namespace detail {

// Counts what `round` of callbacks, or a later one, shows.
[[nodiscard]] std::size_t count_series(family const& of, std::uint64_t round);

#if TACHO_BODIES

[[nodiscard]] inline registry_health health_of(family_list const& families, callback_troubles const& troubles) {
    registry_health sum{.dropped_measurements = troubles.lost_values,
                        .failed_callbacks = troubles.failed,
                        .late_callbacks = troubles.late};
    for (auto const& f : families.by_name) {
        sum.dropped_measurements += f->dropped();
        sum.overflowed_measurements += f->table().overflowed();
        sum.torn_reads += f->torn();
        sum.kept_series += f->table().kept();
    }
    return sum;
}

TACHO_FUNCTION std::size_t count_series(family const& of, std::uint64_t round) {
    struct {
        std::size_t count = 0;
        void number(family const&, series const&, tacho::number) noexcept { ++count; }
        void numbers(family const&, std::span<series* const> from, number_kind, std::uint64_t const*) noexcept {
            count += from.size();
        }
        void histogram(family const&, series const&, histogram_value const&) noexcept {}
        void states(family const&, series const&, states_value) noexcept { ++count; }
    } shown;
    auto const kind = of.describe().kind;
    if (of.describe().observable || kind == instrument_kind::info || kind == instrument_kind::state_set) {
        of.visit(shown, round);
    } else {  // all that there are, without reading them
        looking const look;
        of.table().for_each([&](series const&) { ++shown.count; });
    }
    return shown.count;
}

[[nodiscard]] inline listed_instrument listed(family const& of, std::uint64_t round) {
    listed_instrument one{.describe = of.describe(),
                          .series = count_series(of, round),
                          .series_limit = of.table().storage().limit,
                          .overflowed_measurements = of.table().overflowed(),
                          .dropped_measurements = of.dropped(),
                          .kept_series = of.table().kept()};
    for (auto const& label : of.schema().keys) one.labels.push_back(label.name);
    return one;
}

#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
