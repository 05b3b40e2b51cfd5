// SPDX-License-Identifier: MIT
// tacho: what becomes of scrapes, as metrics: how many there are by their answers, how long they take, what they show.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/scrape_watcher.hpp"
#include "tacho/core/unit.hpp"
#include "tacho/instrument/counter.hpp"
#include "tacho/instrument/histogram.hpp"
#include "tacho/instrument/observable.hpp"
#include "tacho/instrument/up_down_counter.hpp"
#include "tacho/registry/health.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tacho::inline TACHO_ABI {

/// Shows in a registry how it is scraped, while an endpoint or anybody else holds it:
/// `endpoint_options{.watcher = std::make_shared<tacho::scrape_metrics>(registry)}`. Its instruments are of the scope
/// "tacho": tacho_scrapes_total by `code`, which is the HTTP status; tacho_scrapes_in_flight, with the one that shows
/// it; tacho_scrape_duration_seconds; tacho_scrape_sent_bytes_total, as it goes out; and tacho_series, all that the
/// registry shows. A page shows the scrapes before it. What watches the same registry adds up in one family.
///
/// A scrape costs some adds, takes no lock, and allocates nothing once its status has been seen. Counting the series
/// takes the registry's mutex for a moment in each collection. May outlive the registry.
class scrape_metrics final : public scrape_watcher {
public:
    /// Registers its instruments in `of`, under the scope `tacho`.
    explicit scrape_metrics(registry& of);
    TACHO_FUNCTION ~scrape_metrics() override;

    /// Counts a scrape as in flight.
    TACHO_FUNCTION void begins() noexcept override;
    /// Records it, and counts it as in flight no more. Takes no lock once its status was seen.
    TACHO_FUNCTION void ends(scrape_outcome const& how) noexcept override;

private:
    struct instruments;  // known where they are used: each file that includes this would take longer to compile

    std::unique_ptr<instruments> instruments_;
};

#if TACHO_BODIES

struct scrape_metrics::instruments {
    explicit instruments(scope const& in)
        : scrapes{in, "Requests to the scrape endpoint, by the HTTP status of their answers"},
          in_flight{in, "Requests to the scrape endpoint that are being answered"},
          seconds{in, "Time from a request to the scrape endpoint to its answer"},
          sent{in, "Size of the answers to scrapes, compressed where they are"},
          shown{in, "Series of all instruments that are shown", [core = in.core()] { return series_of(*core); }} {
        // So that a rate of errors is known before there is one.
        for (int const code : {200, 500, 503}) static_cast<void>(scrapes.bind(code));
    }

    [[nodiscard]] static std::int64_t series_of(detail::registry_core& core) {
        auto const round = core.callbacks.finished();
        auto const families = core.families();  // held while it is read
        std::size_t sum = 0;
        for (auto const& f : families->by_name) sum += detail::count_series(*f, round);
        return static_cast<std::int64_t>(sum);
    }

    counter<"tacho.scrapes", label<"code", int>> scrapes;
    up_down_counter<"tacho.scrapes_in_flight"> in_flight;
    histogram<"tacho.scrape.duration", unit::seconds> seconds;
    counter<"tacho.scrape.sent", unit::bytes> sent;
    observable_gauge<"tacho.series", std::int64_t> shown;  // a gauge: of two that watch, one value stands
};

TACHO_FUNCTION scrape_metrics::scrape_metrics(registry& of)
    : instruments_(std::make_unique<instruments>(of.scope("tacho", version))) {}

TACHO_FUNCTION scrape_metrics::~scrape_metrics() = default;

TACHO_FUNCTION void scrape_metrics::begins() noexcept {
    instruments_->in_flight.inc();
}

TACHO_FUNCTION void scrape_metrics::ends(scrape_outcome const& how) noexcept {
    auto& all = *instruments_;
    all.in_flight.dec();
    all.scrapes(how.status).inc();
    all.seconds.observe(how.seconds);
    all.sent.inc(how.bytes);
}

#endif

}  // namespace tacho::inline TACHO_ABI
