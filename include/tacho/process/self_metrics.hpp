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

    ~self_metrics();

private:
    struct instruments;  // known where they are used: each file that includes this would take longer to compile

    std::unique_ptr<instruments> instruments_;
};

#if TACHO_BODIES

struct self_metrics::instruments {
    using of_instrument = label<"instrument">;
    using of_scope = label<"scope">;
    using many = series_limit<100'000>;  // as many as there are instruments

    static constexpr std::string_view own_scope = "tacho";

    explicit instruments(scope const& in);

    // Whether they have one name and scope, as neighbours have that differ in constant labels.
    [[nodiscard]] static bool is_shown_alike(descriptor const& a, descriptor const& b) noexcept {
        return a.prometheus_name == b.prometheus_name && a.scope.name == b.scope.name;
    }
    // What several such families have together.
    struct sums {
        family const* of = nullptr;
        std::uint64_t series = 0, overflowed = 0, dropped = 0;
    };

    void collect(detail::registry_core& core, observer& observe) const;
    void show(sums& together, observer& observe) const;

    observable_up_down_counter<"tacho.instrument.series", of_instrument, of_scope, many> series;
    observable_counter<"tacho.instrument.overflowed", of_instrument, of_scope, many> overflowed;
    observable_counter<"tacho.instrument.dropped", of_instrument, of_scope, many> dropped;
    observable_up_down_counter<"tacho.series_kept"> kept;
    observable_counter<"tacho.reads.torn"> torn;
    observable_counter<"tacho.registrations.failed"> failed_registrations;
    observable_counter<"tacho.callbacks.failed"> failed_callbacks;
    observable_counter<"tacho.callbacks.late"> late_callbacks;
    observation all;  // ends first
};

TACHO_FUNCTION self_metrics::self_metrics(registry& of)
    : instruments_(std::make_unique<instruments>(of.scope(instruments::own_scope, version))) {}

TACHO_FUNCTION self_metrics::~self_metrics() = default;

TACHO_FUNCTION self_metrics::instruments::instruments(scope const& in)
    : series{in, "Series of an instrument that are shown"},
      overflowed{in, "Measurements of an instrument counted in its overflow series"},
      dropped{in, "Measurements of an instrument that no format can carry"},
      kept{in, "Removed series that handles hold or readers have not collected"},
      torn{in, "Readings of a histogram whose sum may be ahead of its buckets"},
      failed_registrations{in, "Instruments that could not be registered"},
      failed_callbacks{in, "Calls of an observable's callable that threw"},
      late_callbacks{in, "Calls of an observable's callable that took too long"},
      all{[this, core = in.core()](observer& observe) { collect(*core, observe); },
          series,
          overflowed,
          dropped,
          kept,
          torn,
          failed_registrations,
          failed_callbacks,
          late_callbacks} {}

TACHO_FUNCTION void self_metrics::instruments::collect(detail::registry_core& core, observer& observe) const {
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
    observe(kept, health.kept_series);
    observe(torn, health.torn_reads);
    observe(failed_registrations, health.failed_registrations);
    observe(failed_callbacks, health.failed_callbacks);
    observe(late_callbacks, health.late_callbacks);
}

TACHO_FUNCTION void self_metrics::instruments::show(sums& together, observer& observe) const {
    auto const& d = together.of->describe();
    observe(series, together.series, d.prometheus_name, d.scope.name);
    observe(overflowed, together.overflowed, d.prometheus_name, d.scope.name);
    observe(dropped, together.dropped, d.prometheus_name, d.scope.name);
    together = {};
}

#endif

}  // namespace tacho::inline TACHO_ABI
