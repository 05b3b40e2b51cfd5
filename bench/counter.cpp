// SPDX-License-Identifier: MIT
// What an increment costs, beside a bare atomic.
#include "tacho/instrument/counter.hpp"
#include "harness.hpp"

#include <prometheus/counter.h>

#include <atomic>
#include <cstdint>

namespace bench {

namespace {

void add_by_compare_and_swap(std::atomic<double>& to, double amount) noexcept {
    double seen = to.load(std::memory_order_relaxed);
    while (!to.compare_exchange_weak(seen, seen + amount, std::memory_order_relaxed)) {
    }
}

// Each number in lines of its own, so that neighbours don't disturb it.
struct world {
    tacho::registry registries[4];
    tacho::registry all_exemplars{{.exemplars = tacho::exemplar_filter::always_on}};
    tacho::counter<"bench.integers"> integers{registries[0]};
    tacho::counter<"bench.doubles", double> doubles{registries[1]};
    tacho::counter<"bench.shared", tacho::cells::shared> shared{registries[2]};
    tacho::counter<"bench.traced", tacho::exemplars> traced{registries[3]};
    tacho::counter<"bench.sampled", tacho::exemplars> sampled{all_exemplars};
    tacho::counter_handle<std::uint64_t, tacho::cells::sharded, true> traced_integer = traced.bind();
    tacho::counter_handle<std::uint64_t, tacho::cells::sharded, true> sampled_integer = sampled.bind();
    tacho::counter_handle<std::uint64_t, tacho::cells::sharded> integer = integers.bind();
    tacho::counter_handle<double, tacho::cells::sharded> real = doubles.bind();
    tacho::counter_handle<std::uint64_t, tacho::cells::shared> shared_integer = shared.bind();
    alignas(128) std::atomic<std::uint64_t> bare{0};
    alignas(128) std::atomic<double> bare_real{0};
    alignas(128) prometheus::Counter peer;
    input_table<double> amount;  // exact in binary, so that sums can be compared
    double sum = 0;              // of the amounts

    world() {
        for (std::size_t i = 0; i < batch; ++i) sum += amount[i] = 0.25 * static_cast<double>(1 + i * 7 % 13);
    }
};

}  // namespace

void counter_rows(table& to) {
    static world w;
    touch_by_all([] {
        w.integer.inc();
        w.real.inc(1);
        w.shared_integer.inc();
        w.traced_integer.inc();
        w.sampled_integer.inc();
        w.bare.fetch_add(1);
        add_by_compare_and_swap(w.bare_real, 1);
        w.peer.Increment();
    });

    constexpr double each = batch;
    subject const ours{[handle = w.integer](std::size_t) { handle.inc(); },
                       goes_up_by(each, [] { return total(w.registries[0]); })};
    subject const real{[handle = w.real](std::size_t i) { handle.inc(w.amount[i]); },
                       goes_up_by(w.sum, [] { return total(w.registries[1]); })};
    subject const shared{[handle = w.shared_integer](std::size_t) { handle.inc(); },
                         goes_up_by(each, [] { return total(w.registries[2]); })};
    // In a span that is not sampled, so that the filter alone decides.
    tacho::set_trace_context_hook([]() noexcept -> tacho::trace_context { return {{1}, {2}, false}; });
    subject const traced{[handle = w.traced_integer](std::size_t) { handle.inc(); },
                         goes_up_by(each, [] { return total(w.registries[3]); })};
    subject const sampled{[handle = w.sampled_integer](std::size_t) { handle.inc(); },
                          goes_up_by(each, [] { return total(w.all_exemplars); })};
    subject const bare{[](std::size_t) { w.bare.fetch_add(1, std::memory_order_relaxed); },
                       goes_up_by(each, [] { return static_cast<double>(w.bare.load()); })};
    subject const bare_real{[](std::size_t i) { add_by_compare_and_swap(w.bare_real, w.amount[i]); },
                            goes_up_by(w.sum, [] { return w.bare_real.load(); })};
    subject const peer{[](std::size_t) { w.peer.Increment(); }, goes_up_by(each, [] { return w.peer.Value(); })};

    one_thread("counter/tacho", ours);
    one_thread("counter/tacho double", real);
    one_thread("counter/tacho shared", shared);
    one_thread("counter/tacho traced", traced);
    one_thread("counter/tacho sampled", sampled);
    one_thread("counter/atomic", bare);
    one_thread("counter/atomic double", bare_real);
    one_thread("counter/prometheus-cpp", peer);
    rounds("counter/2",
           {by_threads("tacho x1", 1, 48 * batch, ours), by_threads("tacho x2", 2, 48 * batch, ours),
            by_threads("atomic x2", 2, 3 * batch, bare), by_threads("tacho shared x2", 2, 3 * batch, shared),
            by_threads("prometheus-cpp x2", 2, batch, peer)});
    rounds("counter/2 double",
           {by_threads("tacho x2", 2, 8 * batch, real), by_threads("atomic x2", 2, batch, bare_real)});

    to.add({"counter, inc", "counter/tacho", "counter/atomic", "relaxed fetch_add", "ns", 0.36});
    to.add({"counter, inc, two threads", "counter/2/tacho x2", "counter/2/atomic x2", "relaxed fetch_add", "ns", 0.12});
    to.add({"counter, inc, two threads", "counter/2/tacho x2", "counter/2/tacho x1", "tacho, one thread", "ns", 1.8});
    to.add({"counter, inc", "counter/tacho", "counter/prometheus-cpp", "prometheus-cpp"});
    to.add({"counter, inc, two threads", "counter/2/tacho x2", "counter/2/prometheus-cpp x2", "prometheus-cpp"});
    to.add({"counter of double, inc", "counter/tacho double", "counter/atomic double", "CAS loop", "ns", 0.75});
    to.add({"counter of double, inc, two threads", "counter/2 double/tacho x2", "counter/2 double/atomic x2",
            "CAS loop", "ns", 0.1});
    to.add({"counter with exemplars, inc outside of a sampled span", "counter/tacho traced", "counter/tacho",
            "without exemplars"});
    to.add({"counter with exemplars, inc that becomes one", "counter/tacho sampled", "counter/tacho",
            "without exemplars"});
    to.add({"counter with cells::shared, inc", "counter/tacho shared", "counter/atomic", "relaxed fetch_add"});
    to.add({"counter with cells::shared, inc, two threads", "counter/2/tacho shared x2", "counter/2/atomic x2",
            "relaxed fetch_add"});
}

}  // namespace bench
