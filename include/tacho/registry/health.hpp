// tacho: what a registry tells of its instruments, and of what went wrong in them.
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/registry/callbacks.hpp"
#include "tacho/registry/descriptor.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/registry/family_list.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tacho::inline v0 {

/// What went wrong in recording, since the registry was made; of instruments that are still registered.
struct registry_health {
    std::uint64_t dropped_measurements = 0;     ///< NaN, infinite or negative where that has no meaning, and those
                                                ///< of failed and late callbacks
    std::uint64_t overflowed_measurements = 0;  ///< counted in an overflow series
    std::uint64_t torn_reads = 0;               ///< histogram readings whose sum may be ahead of the buckets
    std::uint64_t failed_registrations = 0;
    std::uint64_t failed_callbacks = 0;  ///< calls that threw
    std::uint64_t late_callbacks = 0;    ///< calls that took longer than they may, or that there was no time for
    std::size_t kept_series = 0;         ///< removed, but still held by a handle, or not yet collected by every reader
};

/// One instrument, or several of one identity, as registry.list() shows it.
struct listed_instrument {
    descriptor describe;
    std::vector<std::string> labels = {};  ///< names of those that its series have, in the order of declaration
    std::size_t series = 0;                ///< that are shown, the overflow series included
    std::size_t series_limit = 0;
    std::uint64_t overflowed_measurements = 0;  ///< counted in its overflow series
    std::uint64_t dropped_measurements = 0;
    std::size_t kept_series = 0;  ///< as in registry_health
};

namespace detail {

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

[[nodiscard]] inline std::size_t count_series(family const& of) {
    std::size_t count = 0;
    looking const look;
    of.table().for_each([&](series const&) { ++count; });
    return count;
}

[[nodiscard]] inline listed_instrument listed(family const& of) {
    listed_instrument one{.describe = of.describe(),
                          .series = count_series(of),
                          .series_limit = of.table().storage().limit,
                          .overflowed_measurements = of.table().overflowed(),
                          .dropped_measurements = of.dropped(),
                          .kept_series = of.table().kept()};
    for (auto const& label : of.schema().keys) one.labels.push_back(label.name);
    return one;
}

}  // namespace detail

}  // namespace tacho::inline v0
