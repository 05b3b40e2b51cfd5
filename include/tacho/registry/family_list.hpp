// SPDX-License-Identifier: MIT
// tacho: all families of a registry at one moment, in the orders in which they are shown.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// In which order families are visited: Prometheus keeps a name's lines together, OTLP a scope's metrics.
enum class order : unsigned char { by_name, by_scope };

struct [[gnu::visibility("default")]] family_list;  // the program's, in a plug-in too

/// Every family at one moment, held alive. Never changes: a registry that does makes another list.
struct family_list {
    std::vector<std::shared_ptr<family>> by_name;  ///< sorted by Prometheus name, then by scope
    std::vector<std::size_t> by_scope;             ///< places in `by_name`, sorted by scope, then by Prometheus name
};

namespace detail {

#if TACHO_BODIES

[[nodiscard]] inline bool is_before_by_name(family const& a, family const& b) noexcept {
    auto const key = [](descriptor const& d) { return std::tie(d.prometheus_name, d.scope.name, d.scope.version); };
    return key(a.describe()) < key(b.describe());
}
[[nodiscard]] inline bool is_before_by_scope(family const& a, family const& b) noexcept {
    auto const key = [](descriptor const& d) {
        return std::tie(d.scope.name, d.scope.version, d.prometheus_name, d.name);
    };
    return key(a.describe()) < key(b.describe());
}

// The list with one family more.
[[nodiscard]] inline std::shared_ptr<family_list const> with(family_list const& list, std::shared_ptr<family> added) {
    auto longer = std::make_shared<family_list>(list);
    auto const at = std::upper_bound(longer->by_name.begin(), longer->by_name.end(), added,
                                     [](auto const& a, auto const& b) { return is_before_by_name(*a, *b); });
    auto const place = static_cast<std::size_t>(at - longer->by_name.begin());
    longer->by_name.insert(at, std::move(added));
    for (auto& other : longer->by_scope) other += other >= place ? 1 : 0;
    auto const in_scope =
        std::upper_bound(longer->by_scope.begin(), longer->by_scope.end(), place,
                         [&](auto a, auto b) { return is_before_by_scope(*longer->by_name[a], *longer->by_name[b]); });
    longer->by_scope.insert(in_scope, place);
    return longer;
}

// The list with one family less.
[[nodiscard]] inline std::shared_ptr<family_list const> without(family_list const& list, family const& gone) {
    auto shorter = std::make_shared<family_list>(list);
    auto const at =
        std::find_if(shorter->by_name.begin(), shorter->by_name.end(), [&](auto const& f) { return f.get() == &gone; });
    if (at == shorter->by_name.end()) return shorter;
    auto const place = static_cast<std::size_t>(at - shorter->by_name.begin());
    shorter->by_name.erase(at);
    std::erase(shorter->by_scope, place);
    for (auto& other : shorter->by_scope) other -= other > place ? 1 : 0;
    return shorter;
}

#endif

template <class Visitor>
void visit_all(family_list const& list, Visitor& visitor, order in, std::uint64_t round,
               std::uint64_t since = series_table::present) {
    if (in == order::by_name)
        for (auto const& f : list.by_name) std::as_const(*f).visit(visitor, round, since);
    else
        for (auto const place : list.by_scope) std::as_const(*list.by_name[place]).visit(visitor, round, since);
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
