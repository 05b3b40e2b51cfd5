// SPDX-License-Identifier: MIT
// tacho: what the library knows of itself, as metrics: how many series there are, and what was not recorded as meant.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/instrument/observable.hpp"
#include "tacho/instrument/observation.hpp"
#include "tacho/registry/health.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// Shows in a registry what went wrong in it, while it lives: `tacho::self_metrics own{registry};`. Its instruments are
/// of the scope "tacho". Counted are what registry::health() counts, and for each instrument of other scopes, which
/// goes by its Prometheus name, its series and the measurements that its limit of series sent to the overflow series or
/// that were dropped. A collection takes the registry's mutex for a moment, and allocates nothing once its series
/// exist.
class self_metrics {
public:
    /// Registers its observables in `of`, under the scope `tacho`; shows them as long as it lives.
    explicit self_metrics(registry& of);
    self_metrics(self_metrics const&) = delete;
    self_metrics& operator=(self_metrics const&) = delete;

private:
    using of_instrument = label<"instrument">;
    using of_scope = label<"scope">;
    using many = series_limit<100'000>;  // as many as there are instruments

    static constexpr std::string_view own_scope = "tacho";

    // Whether they have one name and scope, as neighbours have that differ in constant labels.
    [[nodiscard]] static bool is_shown_alike(descriptor const& a, descriptor const& b) noexcept {
        return a.prometheus_name == b.prometheus_name && a.scope.name == b.scope.name;
    }
    // What several such families have together.
    struct sums {
        family const* of = nullptr;
        std::uint64_t series = 0, overflowed = 0, dropped = 0;
    };

    self_metrics(registry& of, scope const& in);

    void collect(detail::registry_core& core, observer& observe) const;

    void show(sums& together, observer& observe) const;

    observable_up_down_counter<"tacho.instrument.series", of_instrument, of_scope, many> series_;
    observable_counter<"tacho.instrument.overflowed", of_instrument, of_scope, many> overflowed_;
    observable_counter<"tacho.instrument.dropped", of_instrument, of_scope, many> dropped_;
    observable_up_down_counter<"tacho.series_kept"> kept_;
    observable_counter<"tacho.reads.torn"> torn_;
    observable_counter<"tacho.registrations.failed"> failed_registrations_;
    observable_counter<"tacho.callbacks.failed"> failed_callbacks_;
    observable_counter<"tacho.callbacks.late"> late_callbacks_;
    observation all_;  // ends first
};

#if TACHO_BODIES

TACHO_FUNCTION self_metrics::self_metrics(registry& of) : self_metrics(of, of.scope(own_scope, version)) {}

TACHO_FUNCTION self_metrics::self_metrics(registry& of, scope const& in)
    : series_{in, "Series of an instrument that are shown"},
      overflowed_{in, "Measurements of an instrument counted in its overflow series"},
      dropped_{in, "Measurements of an instrument that no format can carry"},
      kept_{in, "Removed series that handles hold or readers have not collected"},
      torn_{in, "Readings of a histogram whose sum may be ahead of its buckets"},
      failed_registrations_{in, "Instruments that could not be registered"},
      failed_callbacks_{in, "Calls of an observable's callable that threw"},
      late_callbacks_{in, "Calls of an observable's callable that took too long"},
      all_{[this, core = of.core()](observer& observe) { collect(*core, observe); },
           series_,
           overflowed_,
           dropped_,
           kept_,
           torn_,
           failed_registrations_,
           failed_callbacks_,
           late_callbacks_} {}

TACHO_FUNCTION void self_metrics::collect(detail::registry_core& core, observer& observe) const {
    auto const round = core.callbacks.finished();
    auto const families = core.families();
    sums together;
    for (auto const& f : families->by_name) {
        auto const& d = f->describe();
        if (d.scope.name == own_scope) continue;  // of these themselves there is nothing to say
        if (together.of != nullptr && !is_shown_alike(together.of->describe(), d)) show(together, observe);
        together.of = f.get();
        together.overflowed += f->table().overflowed();
        together.dropped += f->dropped();
        together.series += detail::count_series(*f, round);
    }
    if (together.of != nullptr) show(together, observe);
    auto const health = core.health();
    observe(kept_, health.kept_series);
    observe(torn_, health.torn_reads);
    observe(failed_registrations_, health.failed_registrations);
    observe(failed_callbacks_, health.failed_callbacks);
    observe(late_callbacks_, health.late_callbacks);
}

TACHO_FUNCTION void self_metrics::show(sums& together, observer& observe) const {
    auto const& d = together.of->describe();
    observe(series_, together.series, d.prometheus_name, d.scope.name);
    observe(overflowed_, together.overflowed, d.prometheus_name, d.scope.name);
    observe(dropped_, together.dropped, d.prometheus_name, d.scope.name);
    together = {};
}

#endif

}  // namespace tacho::inline TACHO_ABI
