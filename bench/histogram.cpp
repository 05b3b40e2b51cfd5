// SPDX-License-Identifier: MIT
// What an observation costs: with bounds, beside prometheus-cpp, and with an exponential scale, beside bounds.
#include "tacho/instrument/histogram.hpp"
#include "harness.hpp"
#include "tacho/instrument/exponential_histogram.hpp"

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

// Values of which the largest is 1.5 times the smallest: so near to each other they have buckets of the scale 8. The
// bounds lie where the values do.
struct exponential_world {
    tacho::registry exponential_registry, explicit_registry;
    tacho::exponential_histogram<"bench.spread"> spread{exponential_registry};
    decltype(spread.bind()) exponential = spread.bind();
    tacho::histogram<"bench.bounded"> bounded{
        explicit_registry,
        {},
        {1.03, 1.06, 1.09, 1.12, 1.15, 1.18, 1.21, 1.24, 1.27, 1.30, 1.34, 1.38, 1.42, 1.46, 1.49}};
    decltype(bounded.bind()) of_bounds = bounded.bind();
    input_table<double> value;

    exponential_world() {
        std::mt19937_64 random{1};
        std::uniform_real_distribution<double> exponent{0, std::log(1.5)};
        for (double& v : value) v = std::exp(exponent(random));
    }
};

int scale_in(tacho::registry const& in) {
    struct {
        int scale = 0;
        void number(tacho::family const&, tacho::series const&, tacho::number) {}
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&) {}
        void exponential_histogram(tacho::family const&, tacho::series const&, tacho::exponential_value const& x) {
            scale = x.scale;
        }
    } reads;
    in.visit(reads);
    return reads.scale;
}

void exponential_rows(table& to) {
    static exponential_world w;
    touch_by_all([] {
        for (double const v : w.value) {
            w.exponential.observe(v);
            w.of_bounds.observe(v);
        }
    });

    auto const counts = goes_up_by(batch, [] { return total(w.exponential_registry); });
    subject const exponential{[handle = w.exponential](std::size_t i) { handle.observe(w.value[i]); },
                              [=](double batches) { return counts(batches) && scale_in(w.exponential_registry) == 8; }};
    subject const of_bounds{[handle = w.of_bounds](std::size_t i) { handle.observe(w.value[i]); },
                            goes_up_by(batch, [] { return total(w.explicit_registry); })};
    one_thread("histogram/exponential", exponential);
    one_thread("histogram/15 bounds", of_bounds);
    to.add({"exponential histogram of scale 8, observe", "histogram/exponential", "histogram/15 bounds",
            "tacho, 15 bounds", "ns", 1.6});
}

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
    exponential_rows(to);
}

}  // namespace bench
