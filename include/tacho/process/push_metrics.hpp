// SPDX-License-Identifier: MIT
// tacho: what becomes of pushes, as metrics: how many there are, how long they take, and how many points arrive.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/label.hpp"
#include "tacho/core/push_watcher.hpp"
#include "tacho/core/unit.hpp"
#include "tacho/instrument/counter.hpp"
#include "tacho/instrument/histogram.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

namespace tacho::inline TACHO_ABI {

namespace detail {

// Of a push, of which nothing is rejected, or of points.
enum class push_fate : unsigned char { accepted, rejected, failed };
consteval auto label_values(push_fate) {
    return tacho::labels<push_fate>(
        {{push_fate::accepted, "accepted"}, {push_fate::rejected, "rejected"}, {push_fate::failed, "failed"}});
}

}  // namespace detail

/// Shows in a registry how it is pushed, while a pusher or anybody else holds it:
/// `pusher_options{.watcher = std::make_shared<tacho::push_metrics>(registry)}`. Its instruments are of the scope
/// "tacho": tacho_pushes_total by `outcome`, accepted or failed; tacho_push_duration_seconds;
/// tacho_push_sent_bytes_total; and tacho_push_points_total by `outcome`, where rejected is what the receiver took no
/// part of, and what failed comes again. A push doesn't count itself, but those before it. With it, there is always
/// something to push. Takes no lock and allocates nothing. May outlive the registry.
class push_metrics final : public push_watcher {
public:
    /// Registers its instruments in `of`, under the scope `tacho`.
    explicit push_metrics(registry& of);

    /// Records a push. Takes no lock once each outcome was seen.
    TACHO_FUNCTION void pushed(push_outcome const& how) noexcept override;

private:
    using outcome = detail::push_fate;

    explicit push_metrics(scope const& in);

    counter<"tacho.pushes", label<"outcome", outcome>> pushes_;
    histogram<"tacho.push.duration", unit::seconds> seconds_;
    counter<"tacho.push.sent", unit::bytes> sent_;
    counter<"tacho.push.points", label<"outcome", outcome>> points_;
};

#if TACHO_BODIES

TACHO_FUNCTION push_metrics::push_metrics(registry& of) : push_metrics(of.scope("tacho", version)) {}

TACHO_FUNCTION void push_metrics::pushed(push_outcome const& how) noexcept {
    pushes_(how.accepted ? outcome::accepted : outcome::failed).inc();
    seconds_.observe(how.seconds);
    sent_.inc(how.sent_bytes);
    points_(outcome::accepted).inc(how.accepted_points);
    points_(outcome::rejected).inc(how.rejected_points);
    points_(outcome::failed).inc(how.failed_points);
}

TACHO_FUNCTION push_metrics::push_metrics(scope const& in)
    : pushes_{in, "Pushes, by whether the receiver took them"},
      seconds_{in, "Time from a collection to the last answer"},
      sent_{in, "Size of the requests that were sent, compressed where they are"},
      points_{in, "Points that were sent, by what became of them"} {
    // So that a rate of failures is known before there is one.
    for (auto const how : {outcome::accepted, outcome::failed}) static_cast<void>(pushes_.bind(how));
    for (auto const how : {outcome::accepted, outcome::rejected, outcome::failed}) static_cast<void>(points_.bind(how));
}

#endif

}  // namespace tacho::inline TACHO_ABI
