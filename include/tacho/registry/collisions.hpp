// tacho: which families can't be shown side by side, found when the second one registers.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#suffixes
#pragma once

#include "tacho/registry/family.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tacho::inline v0::detail {

// Whether two registrations mean the same instrument, which they then share.
[[nodiscard]] inline bool is_same_instrument(family const& a, descriptor const& b, label_schema const& schema,
                                             bool sharded) {
    auto const same_key = [](label_key const& x, label_key const& y) { return x.name == y.name && x.type == y.type; };
    descriptor const& d = a.describe();
    return d.scope == b.scope && d.name == b.name && d.kind == b.kind && d.observable == b.observable &&
           d.number == b.number && d.unit == b.unit && d.description == b.description && d.bounds == b.bounds &&
           d.states == b.states && d.shape == b.shape && a.is_sharded() == sharded &&
           std::equal(a.schema().keys.begin(), a.schema().keys.end(), schema.keys.begin(), schema.keys.end(), same_key);
}

// All names under which a family or its samples appear in any of the formats. OpenMetrics names a counter's family
// without `_total` and an info's without `_info`, and gives a histogram and a counter a `_created`.
[[nodiscard]] inline std::vector<std::string> names_in_use(std::string_view prometheus_name, instrument_kind kind) {
    std::string const name{prometheus_name};
    auto const stem = name.substr(0, name.size() - kind_suffix(kind).size());
    switch (kind) {
        case instrument_kind::counter: return {name, stem, stem + "_created"};
        case instrument_kind::info: return {name, stem};
        case instrument_kind::histogram:
            return {name, name + "_bucket", name + "_sum", name + "_count", name + "_created"};
        case instrument_kind::up_down_counter:
        case instrument_kind::gauge:
        case instrument_kind::state_set:
        case instrument_kind::exponential_histogram: break;  // whose samples no text format shows
    }
    return {name};
}

// An instrument as messages call it.
[[nodiscard]] inline std::string named(descriptor const& d) {
    std::string text{d.observable ? "the observable " : "the "};
    text.append(to_string(d.kind)).append(" \"").append(d.name).append("\"");
    if (!d.scope.name.empty()) text.append(" of scope \"").append(d.scope.name).append("\"");
    return text;
}

// Why an instrument can't have the names it uses in any registry; empty when it can. The resource is shown as
// `target_info`, of which the family is called `target` in OpenMetrics.
[[nodiscard]] inline std::string why_reserved(descriptor const& added, std::span<std::string const> names) {
    auto const reserved = std::find_if(names.begin(), names.end(),
                                       [](std::string_view name) { return name == "target" || name == "target_info"; });
    if (reserved == names.end()) return {};
    return named(added) + " was not registered: the Prometheus name \"" + *reserved +
           "\" is the one under which the program's resource is shown. Rename it";
}

// In what two descriptions of one instrument differ; what is not in a descriptor is named when nothing else differs.
[[nodiscard]] inline std::string what_differs(descriptor const& a, descriptor const& b) {
    std::string out;
    auto const say = [&](bool differs, std::string_view what) {
        if (differs) out.append(out.empty() ? "" : " and ").append(what);
    };
    say(a.kind != b.kind || a.observable != b.observable, "kind");
    say(a.number != b.number, "type of number");
    say(a.unit != b.unit, "unit");
    say(a.description != b.description, "description");
    say(a.bounds != b.bounds, "bounds");
    say(out.empty(), "labels, states or cells");
    return out;
}

// Why `added` can't stand beside `present`; empty when it can. Two scopes may use one name for one kind of instrument
// when scope labels keep their series apart.
[[nodiscard]] inline std::string why_they_collide(descriptor const& present, descriptor const& added,
                                                  std::string_view shared_name, bool scope_labels) {
    bool const same_shape = present.prometheus_name == added.prometheus_name && present.kind == added.kind;
    if (same_shape && scope_labels && present.scope != added.scope) return {};

    std::string why = named(added) + " was not registered: its Prometheus name \"" + std::string{shared_name} +
                      "\" is in use by " + named(present);
    if (same_shape && present.scope != added.scope)
        return why + ". Rename one, or switch the registry's scope_labels on";
    if (present.name == added.name && present.scope == added.scope)
        return why + ", which differs in " + what_differs(present, added) + ". Make both the same, or rename one";
    return why + ". Rename one of them";
}

}  // namespace tacho::inline v0::detail
