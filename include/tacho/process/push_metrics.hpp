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

#include <memory>

namespace tacho::inline TACHO_ABI {

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
    TACHO_FUNCTION ~push_metrics() override;

    /// Records a push. Takes no lock once each outcome was seen.
    TACHO_FUNCTION void pushed(push_outcome const& how) noexcept override;

private:
    struct instruments;  // known where they are used: each file that includes this would take longer to compile

    std::unique_ptr<instruments> instruments_;
};

#if TACHO_BODIES

namespace detail {

// Of a push, of which nothing is rejected, or of points.
enum class push_fate : unsigned char { accepted, rejected, failed };
consteval auto label_values(push_fate) {
    return tacho::labels<push_fate>(
        {{push_fate::accepted, "accepted"}, {push_fate::rejected, "rejected"}, {push_fate::failed, "failed"}});
}

}  // namespace detail

struct push_metrics::instruments {
    using outcome = detail::push_fate;

    explicit instruments(scope const& in)
        : pushes{in, "Pushes, by whether the receiver took them"},
          seconds{in, "Time from a collection to the last answer"},
          sent{in, "Size of the requests that were sent, compressed where they are"},
          points{in, "Points that were sent, by what became of them"} {
        // So that a rate of failures is known before there is one.
        for (auto const how : {outcome::accepted, outcome::failed}) static_cast<void>(pushes.bind(how));
        for (auto const how : {outcome::accepted, outcome::rejected, outcome::failed})
            static_cast<void>(points.bind(how));
    }

    void count(push_outcome const& how) noexcept {
        pushes(how.accepted ? outcome::accepted : outcome::failed).inc();
        seconds.observe(how.seconds);
        sent.inc(how.sent_bytes);
        points(outcome::accepted).inc(how.accepted_points);
        points(outcome::rejected).inc(how.rejected_points);
        points(outcome::failed).inc(how.failed_points);
    }

    counter<"tacho.pushes", label<"outcome", outcome>> pushes;
    histogram<"tacho.push.duration", unit::seconds> seconds;
    counter<"tacho.push.sent", unit::bytes> sent;
    counter<"tacho.push.points", label<"outcome", outcome>> points;
};

TACHO_FUNCTION push_metrics::push_metrics(registry& of)
    : instruments_(std::make_unique<instruments>(of.scope("tacho", version))) {}

TACHO_FUNCTION push_metrics::~push_metrics() = default;

TACHO_FUNCTION void push_metrics::pushed(push_outcome const& how) noexcept {
    instruments_->count(how);
}

#endif

}  // namespace tacho::inline TACHO_ABI
