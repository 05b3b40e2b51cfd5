// SPDX-License-Identifier: MIT
// tacho: whether a reported value covers all time or the time since the last report.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality
#pragma once

#include "tacho/core/names.hpp"
#include "tacho/version.hpp"

namespace tacho::inline TACHO_ABI {

/// Whether a value covers the time since the last report, or since the series was born. The numbers are OTLP's own.
enum class temporality : unsigned char { delta = 1, cumulative = 2 };

/// Which kinds are reported as deltas: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE. `lowmemory` differs from
/// `delta` only in observable counters.
enum class temporality_preference : unsigned char { cumulative, delta, lowmemory };

/// An up-down counter is a level, of which only the total means something, whatever is preferred; so are an info and a
/// state set.
[[nodiscard]] constexpr temporality temporality_of(instrument_kind kind, temporality_preference preferred,
                                                   bool observable = false) noexcept {
    bool const adds_up = kind == instrument_kind::counter || kind == instrument_kind::histogram ||
                         kind == instrument_kind::exponential_histogram;
    bool const preferred_total = preferred == temporality_preference::cumulative ||
                                 (observable && preferred == temporality_preference::lowmemory);
    return adds_up && !preferred_total ? temporality::delta : temporality::cumulative;
}

}  // namespace tacho::inline TACHO_ABI
