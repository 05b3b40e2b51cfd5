// SPDX-License-Identifier: MIT
// tacho: which measurements of an instrument become exemplars.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk/#exemplarfilter
#pragma once

#include "tacho/cell/exemplar_slot.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/exemplar.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tacho::inline TACHO_ABI {

/// An option of counters and histograms: `counter<"requests", label<"api">, exemplars>`. Each series keeps its
/// latest exemplar, a histogram one for each bucket: 176 bytes each, beside the cells. A measurement becomes one when
/// it is given labels, as by `inc(1, {{"order", id}})`, or when the registry's filter picks it, which by default is
/// when the trace-context hook says that it was made in a sampled span. Where several threads have one at the same time
/// for the same place, one of them is kept. Without hook it costs a few loads; neither locks nor allocates.
struct exemplars {};

namespace detail {

// Not inlined: most measurements become none.
void keep_exemplar(family const& of, series const& at, std::size_t place, std::uint64_t bits, exemplar_filter filter,
                   std::span<exemplar_label const> labels) noexcept;
#if TACHO_BODIES
[[gnu::noinline]] TACHO_FUNCTION void keep_exemplar(family const& of, series const& at, std::size_t place,
                                                    std::uint64_t bits, exemplar_filter filter,
                                                    std::span<exemplar_label const> labels) noexcept {
    exemplar e;
    // Acquire: as in set_trace_context_hook().
    auto const hook = installed_trace_hook.load(std::memory_order_acquire);
    if (hook != nullptr) e.trace = hook();
    bool const is_kept = (e.trace.sampled || filter == exemplar_filter::always_on) && e.trace.is_valid();
    if (!is_kept && labels.empty() && filter == exemplar_filter::trace_based) return;
    if (!is_kept) e.trace = {};  // a link to a trace that nobody will find
    e.bits = bits;
    e.time = of.table().storage().now();
    e.labels.put(labels, is_kept);
    at.exemplar_at(place).write(e);
}
#endif

// `to` is what a look-up found or a handle holds. After the measurement itself has been recorded, so that no exemplar
// is shown of what isn't counted yet.
template <bool Exemplars, class Place, class Number>
void consider_exemplar([[maybe_unused]] Place const& to, [[maybe_unused]] std::size_t place,
                       [[maybe_unused]] Number value,
                       [[maybe_unused]] std::span<exemplar_label const> labels = {}) noexcept {
    if constexpr (Exemplars) {
        family const* const of = to.of.get();
        series const* const at = to.at();
        if (of == nullptr || at == nullptr) return;
        // Relaxed: a filter that changes just now may come too late for this one.
        auto const filter = of->table().storage().filter->load(std::memory_order_relaxed);
        if (filter == exemplar_filter::always_off) return;
        if (filter == exemplar_filter::trace_based && labels.empty() &&
            installed_trace_hook.load(std::memory_order_relaxed) == nullptr)
            return;
        keep_exemplar(*of, *at, place, std::bit_cast<std::uint64_t>(value), filter, labels);
    }
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
