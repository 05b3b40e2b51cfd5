// SPDX-License-Identifier: MIT
// tacho: what stands around the points of an OTLP request in JSON: the resource, scopes and metrics.
// Rule: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
#pragma once

#include "tacho/core/resource.hpp"
#include "tacho/core/temporality.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/encode/json_text.hpp"
#include "tacho/registry/descriptor.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// Each begins what the caller ends: `]` and `}` once the last scope, metric or point is written.
template <class Writer>
void write_otlp_resource(Writer& out, resource const& about) noexcept {
    out.text("{\"resourceMetrics\":[{\"resource\":{\"attributes\":[");
    bool first = true;
    for (std::size_t i = 0; i < about.size(); ++i) {
        std::string_view const key = about[i].key, value = about[i].value;
        // Keys are unique (of several the last one counts) as they are shown: as valid UTF-8.
        bool const again = std::any_of(about.begin() + static_cast<std::ptrdiff_t>(i) + 1, about.end(),
                                       [&](attribute const& a) { return is_same_as_utf8(a.key, key); });
        if (again || key.empty()) continue;
        out.text(first ? "{\"key\":" : ",{\"key\":");
        write_json_string(out, key);
        out.text(",\"value\":{\"stringValue\":");
        write_json_string(out, value);
        out.text("}}");
        first = false;
    }
    out.text("]},\"scopeMetrics\":[");
}

template <class Writer>
void write_otlp_scope(Writer& out, scope_info const& scope) noexcept {
    out.text("{\"scope\":{\"name\":");
    write_json_string(out, scope.name);
    if (!scope.version.empty()) {
        out.text(",\"version\":");
        write_json_string(out, scope.version);
    }
    out.text("},\"metrics\":[");
}

template <class Writer>
void write_otlp_metric(Writer& out, descriptor const& d, temporality t) noexcept {
    out.text("{\"name\":");
    write_json_string(out, d.name);
    if (!d.description.empty()) {
        out.text(",\"description\":");
        write_json_string(out, d.description);
    }
    if (!d.unit.empty()) {
        out.text(",\"unit\":");
        write_json_string(out, d.unit);
    }
    char const number_of_temporality[] = {static_cast<char>('0' + static_cast<int>(t)), '\0'};
    switch (d.kind) {
        case instrument_kind::counter:
        case instrument_kind::up_down_counter:
        case instrument_kind::info:
        case instrument_kind::state_set:
            out.text(",\"sum\":{\"aggregationTemporality\":", number_of_temporality,
                     ",\"isMonotonic\":", d.is_monotonic() ? "true" : "false", ",\"dataPoints\":[");
            break;
        case instrument_kind::gauge: out.text(",\"gauge\":{\"dataPoints\":["); break;
        case instrument_kind::histogram:
            out.text(",\"histogram\":{\"aggregationTemporality\":", number_of_temporality, ",\"dataPoints\":[");
            break;
        case instrument_kind::exponential_histogram:
            out.text(",\"exponentialHistogram\":{\"aggregationTemporality\":", number_of_temporality,
                     ",\"dataPoints\":[");
            break;
    }
}

}  // namespace tacho::inline TACHO_ABI::detail
