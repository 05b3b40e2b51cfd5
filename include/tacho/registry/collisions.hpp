// SPDX-License-Identifier: MIT
// tacho: which families can't be shown side by side, found when the second one registers.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#suffixes
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/escaping.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/text.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/registry/family_list.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI::detail {

// Whether two of one name and scope can be one metric of OTLP, with points of both.
[[nodiscard]] inline bool is_same_metric(descriptor const& a, descriptor const& b) noexcept {
    return a.kind == b.kind && a.observable == b.observable && a.number == b.number && a.unit == b.unit &&
           a.description == b.description;
}

#if TACHO_BODIES

[[nodiscard]] inline bool has_same_labels(label_schema const& a, label_schema const& b) {
    return a.keys == b.keys && a.fixed == b.fixed && a.given == b.given && a.left_out == b.left_out;
}

// Whether two registrations mean the same instrument, which they then share.
[[nodiscard]] inline bool is_same_instrument(family const& a, descriptor const& b, label_schema const& schema,
                                             bool sharded) {
    descriptor const& d = a.describe();
    return d.scope == b.scope && d.name == b.name && d.kind == b.kind && d.observable == b.observable &&
           d.number == b.number && d.unit == b.unit && d.description == b.description && d.bounds == b.bounds &&
           d.states == b.states && d.shape == b.shape && d.exemplars == b.exemplars && a.is_sharded() == sharded &&
           has_same_labels(a.schema(), schema);
}

// Names that are the same as others only if they are so with underscores need not be looked at with allow-utf-8.
inline constexpr escaping lossy_escapings[] = {escaping::underscores, escaping::dots, escaping::values};

// All names under which a family or its samples appear in any of the formats, its own name being this one. OpenMetrics
// names a counter's family without `_total` and an info's without `_info`, and gives a histogram and a counter a
// `_created`. A counter without `_total` is no counter there.
[[nodiscard]] inline std::vector<std::string> names_of_samples(std::string const& name, instrument_kind kind) {
    auto const suffix = kind_suffix(kind);
    if (!name.ends_with(suffix)) return {name};
    auto const stem = name.substr(0, name.size() - suffix.size());
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

// The same in every escaping, of which all but underscores are told apart by what stands behind them. Where names keep
// all their characters, one that is plain may be what an escaping makes of another.
[[nodiscard]] inline std::vector<std::string> names_in_use(std::string_view prometheus_name, instrument_kind kind,
                                                           bool in_every_escaping) {
    if (!in_every_escaping) return names_of_samples(std::string{prometheus_name}, kind);
    std::vector<std::string> all;
    for (auto const names : lossy_escapings)
        for (auto& name : names_of_samples(escaped_name(prometheus_name, names), kind)) {
            if (names != escaping::underscores) name.append("; escaping=").append(to_string(names));
            all.push_back(std::move(name));
        }
    return all;
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
[[nodiscard]] inline std::string what_differs(descriptor const& a, descriptor const& b, bool labels = false) {
    std::string out;
    auto const say = [&](bool differs, std::string_view what) {
        if (differs) out.append(out.empty() ? "" : " and ").append(what);
    };
    say(a.kind != b.kind || a.observable != b.observable, "kind");
    say(a.number != b.number, "type of number");
    say(a.unit != b.unit, "unit");
    say(a.description != b.description, "description");
    say(a.bounds != b.bounds, "bounds");
    say(a.states != b.states, "states");
    say(!(a.shape == b.shape), "number of buckets or zero threshold");
    say(a.exemplars != b.exemplars, "whether it keeps exemplars");
    say(labels, "labels");
    say(out.empty(), "cells");
    return out;
}

// Whether a label that is the same for all series of a family tells them from all of the other one, which may lack it.
[[nodiscard]] inline bool are_told_apart(label_schema const& one, label_schema const& other) noexcept {
    auto const by = [](label_schema const& a, label_schema const& b) {
        return std::any_of(a.fixed.begin(), a.fixed.end(), [&](fixed_label const& label) {
            auto const has_its_name = [&](auto const& of_b) { return of_b.prometheus_name == label.prometheus_name; };
            if (std::any_of(b.keys.begin(), b.keys.end(), has_its_name)) return false;
            auto const twin = std::find_if(b.fixed.begin(), b.fixed.end(), has_its_name);
            return label.value != (twin == b.fixed.end() ? std::string_view{} : std::string_view{twin->value});
        });
    };
    return by(one, other) || by(other, one);
}

// Why an instrument's lines would have a label twice; empty when they would not. A typed instrument's own labels were
// compared while compiling, but neither with constant ones nor under another name.
[[nodiscard]] inline std::string why_labels_collide(descriptor const& added, label_schema const& schema) {
    if (added.kind == instrument_kind::state_set && !is_label_name(added.name))
        return named(added) +
               " was not registered: its name is also the label of its states, and is one of OpenTelemetry's own. "
               "Rename "
               "it, or change the view that renames it";
    for (auto const names : lossy_escapings) {
        std::vector<std::string> seen;
        if (added.kind == instrument_kind::histogram) seen.emplace_back("le");
        if (added.kind == instrument_kind::state_set) seen.push_back(escaped_name(added.prometheus_name, names));
        for (auto const& label : schema.fixed) seen.push_back(escaped_name(label.prometheus_name, names));
        for (auto const& label : schema.keys) seen.push_back(escaped_name(label.prometheus_name, names));
        std::sort(seen.begin(), seen.end());
        auto const twice = std::adjacent_find(seen.begin(), seen.end());
        if (twice != seen.end())
            return named(added) + " was not registered: its series would have two labels \"" + *twice +
                   "\". Of its own labels, the constant ones of its scope and registry, a histogram's le and a state "
                   "set's name, rename one";
        if (schema.plain) break;  // it is so in the others, too
    }
    return {};
}

// Why `added` can't stand beside `present`; empty when it can. Two may use one name for one kind of instrument when
// labels that are the same for all their series tell these apart: those of the scope, or constant ones.
[[nodiscard]] inline std::string why_they_collide(family const& of_present, descriptor const& added,
                                                  label_schema const& schema, std::string_view shared_name) {
    descriptor const& present = of_present.describe();
    bool const same_shape = present.prometheus_name == added.prometheus_name && present.kind == added.kind;
    bool const same_scope = present.scope == added.scope;
    bool const apart = same_shape && are_told_apart(of_present.schema(), schema);
    // In OTLP they are one metric if they have one name in one scope.
    bool const one_metric = same_scope && present.name == added.name;
    if (apart && (!one_metric || is_same_metric(present, added))) return {};

    std::string why = named(added) + " was not registered: its Prometheus name \"" + std::string{shared_name} +
                      "\" is in use by " + named(present);
    if (same_shape && !same_scope && !apart) return why + ". Rename one, or switch the registry's scope_labels on";
    if (one_metric)
        return why + ", which differs in " +
               what_differs(present, added, !apart && !has_same_labels(of_present.schema(), schema)) +
               ". Make both the same, or rename one";
    return why + ". Rename one of them";
}

// Of a list the family that has the name and the scope of another one and is not the same metric, which OTLP calls an
// error of semantics: both are exported. Names of instruments are the same whatever the case of their letters. nullptr
// when there is none.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk/#duplicate-instrument-registration
[[nodiscard]] inline std::shared_ptr<family> namesake(family_list const& list, descriptor const& added) noexcept {
    auto const first = std::find_if(list.by_name.begin(), list.by_name.end(), [&](auto const& f) {
        descriptor const& present = f->describe();
        return equals_ignoring_case(present.name, added.name) && present.scope == added.scope &&
               !(present.name == added.name && is_same_metric(present, added));
    });
    return first == list.by_name.end() ? nullptr : *first;
}
[[nodiscard]] inline std::string why_two_metrics(descriptor const& present, descriptor const& added) {
    return named(added) + " was registered beside " + named(present) + ", which differs in " +
           (present.name == added.name ? what_differs(present, added) : "the case of letters") +
           ": OTLP has two metrics of one name in one scope then, which receivers may mix up. Make both the same, or "
           "rename one";
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
