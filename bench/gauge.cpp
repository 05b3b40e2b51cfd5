// SPDX-License-Identifier: MIT
// What setting a gauge costs, beside a bare store.
#include "tacho/instrument/gauge.hpp"
#include "harness.hpp"

#include <prometheus/gauge.h>

#include <atomic>

namespace bench {

namespace {

struct world {
    tacho::registry registry;
    tacho::gauge<"bench.level"> level{registry};
    tacho::gauge_handle<double> handle = level.bind();
    alignas(128) std::atomic<double> bare{0};
    alignas(128) prometheus::Gauge peer;
    input_table<double> value;

    world() {
        for (std::size_t i = 0; i < batch; ++i) value[i] = 0.5 * static_cast<double>(i * 7919 % batch);
    }
};

}  // namespace

void gauge_rows(table& to) {
    static world w;
    auto const set = [](double v) {
        w.handle.set(v);
        w.bare.store(v);
        w.peer.Set(v);
    };
    touch_by_all([=] { set(1); });

    // A batch ends with the last value of the table.
    auto const shows_the_last = [](auto read) { return [=](double) { return read() == w.value.back(); }; };
    subject const ours{[handle = w.handle](std::size_t i) { handle.set(w.value[i]); },
                       shows_the_last([] { return total(w.registry); })};
    subject const bare{[](std::size_t i) { w.bare.store(w.value[i], std::memory_order_relaxed); },
                       shows_the_last([] { return w.bare.load(); })};
    subject const peer{[](std::size_t i) { w.peer.Set(w.value[i]); }, shows_the_last([] { return w.peer.Value(); })};
    one_thread("gauge/tacho", ours);
    one_thread("gauge/atomic", bare);
    one_thread("gauge/prometheus-cpp", peer);
    // Where a gauge is set by two threads there is one cell: it bounces between them as any shared number does.
    auto const always = [](auto const& of) { return subject{of.op, [](double) { return true; }}; };
    rounds("gauge/2",
           {by_threads("tacho x2", 2, 16 * batch, always(ours)), by_threads("atomic x2", 2, 16 * batch, always(bare))});

    to.add({"gauge, set", "gauge/tacho", "gauge/atomic", "relaxed store", "ns", 1.2});
    to.add({"gauge, set, two threads", "gauge/2/tacho x2", "gauge/2/atomic x2", "relaxed store"});
    to.add({"gauge, set", "gauge/tacho", "gauge/prometheus-cpp", "prometheus-cpp"});
}

}  // namespace bench
