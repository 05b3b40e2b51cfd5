// What an observation costs.
#include "tacho/instrument/histogram.hpp"
#include "harness.hpp"

#include <prometheus/histogram.h>

#include <cmath>
#include <random>

namespace bench {

namespace {

struct world {
    tacho::registry registry;
    tacho::histogram<"bench.duration", tacho::unit::seconds> duration{registry};
    tacho::histogram_handle<tacho::cells::sharded, tacho::unit::seconds> handle = duration.bind();
    alignas(128) prometheus::Histogram peer;
    input_table<double> value;  // log-uniform, a little beyond both ends: all buckets are met alike

    world()
        : peer{prometheus::Histogram::BucketBoundaries(tacho::detail::seconds_bounds.begin(),
                                                       tacho::detail::seconds_bounds.end())} {
        std::mt19937_64 random{1};
        std::uniform_real_distribution<double> exponent{std::log(0.0025), std::log(20.0)};
        for (double& v : value) v = std::exp(exponent(random));
    }
};

}  // namespace

void histogram_rows(table& to) {
    static world w;
    touch_by_all([] {
        for (double const v : w.value) {
            w.handle.observe(v);
            w.peer.Observe(v);
        }
    });

    subject const ours{[handle = w.handle](std::size_t i) { handle.observe(w.value[i]); },
                       goes_up_by(batch, [] { return total(w.registry); })};
    subject const peer{[](std::size_t i) { w.peer.Observe(w.value[i]); },
                       goes_up_by(batch, [] { return static_cast<double>(w.peer.Collect().histogram.sample_count); })};
    one_thread("histogram/tacho", ours);
    one_thread("histogram/prometheus-cpp", peer);
    rounds("histogram/2",
           {by_threads("tacho x1", 1, batch * 3 / 2, ours), by_threads("tacho x2", 2, batch * 3 / 2, ours),
            by_threads("prometheus-cpp x2", 2, batch / 8, peer)});

    to.add({"histogram of 11 bounds, observe", "histogram/tacho", "histogram/prometheus-cpp", "prometheus-cpp", "ns",
            0.25});
    to.add({"histogram of 11 bounds, observe, two threads", "histogram/2/tacho x2", "histogram/2/prometheus-cpp x2",
            "prometheus-cpp", "ns", 0.03});
    to.add({"histogram of 11 bounds, observe, two threads", "histogram/2/tacho x2", "histogram/2/tacho x1",
            "tacho, one thread"});
}

}  // namespace bench
