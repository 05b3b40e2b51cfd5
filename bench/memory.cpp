// SPDX-License-Identifier: MIT
// What a series costs in memory.
#include "harness.hpp"
#include "labels.hpp"
#include "tacho/cell/histogram_cells.hpp"
#include "tacho/instrument/counter.hpp"
#include "tacho/instrument/histogram.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace bench {

namespace {

constexpr std::size_t count = 1'000;

// Bytes on the heap; 0 where the C library can't tell.
double heap() {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    auto const all = mallinfo2();
    return static_cast<double>(all.uordblks + all.hblkhd);
#else
    return 0;
#endif
}

// Bytes that one of `count` series takes.
template <class F>
void a_series(std::string const& name, double besides, F const& make) {
    auto const run = [=](benchmark::State& state) {
        static auto const sets = label_sets(count);
        for (auto _ : state) {
            double const before = heap();
            auto const made = make(sets);
            state.counters["bytes"] = besides + (heap() - before) / static_cast<double>(count);
        }
    };
    benchmark::RegisterBenchmark(name.c_str(), run)->Iterations(1)->Repetitions(how_hard.repetitions);
}

struct counters {
    tacho::registry registry;
    tacho::counter<"bench.requests", tacho::label<"api">, tacho::label<"method">, tacho::label<"status">> requests{
        registry};
    explicit counters(std::vector<label_set> const& sets) {
        for (auto const& s : sets) requests(s.api, s.method, s.status).inc();
    }
};

struct histograms {
    tacho::registry registry;
    tacho::histogram<"bench.duration", tacho::unit::seconds, tacho::label<"api">, tacho::label<"method">,
                     tacho::label<"status">>
        durations{registry};
    explicit histograms(std::vector<label_set> const& sets) {
        for (auto const& s : sets) durations(s.api, s.method, s.status).observe(1);
    }
};

struct peer_counters {
    prometheus::Registry registry;
    explicit peer_counters(std::vector<label_set> const& sets) {
        auto& family = prometheus::BuildCounter().Name("bench_requests_total").Register(registry);
        for (auto const& s : sets) family.Add(s.for_peer()).Increment();
    }
};

struct peer_histograms {
    prometheus::Registry registry;
    explicit peer_histograms(std::vector<label_set> const& sets) {
        auto& family = prometheus::BuildHistogram().Name("bench_duration_seconds").Register(registry);
        prometheus::Histogram::BucketBoundaries const bounds(tacho::detail::seconds_bounds.begin(),
                                                             tacho::detail::seconds_bounds.end());
        for (auto const& s : sets) family.Add(s.for_peer(), bounds).Observe(1);
    }
};

template <class T>
auto made_as() {
    return [](std::vector<label_set> const& sets) { return std::make_unique<T>(sets); };
}

}  // namespace

void memory_rows(table& to) {
    // Our cells aren't on the heap: eight bytes each, in the page of the one thread that counts here.
    constexpr double cell = sizeof(tacho::detail::word);
    auto const cells_of_histogram =
        static_cast<double>(tacho::detail::histogram_cell_count(tacho::detail::seconds_bounds.size()));
    a_series("memory/counter/tacho", cell, made_as<counters>());
    a_series("memory/counter/prometheus-cpp", 0, made_as<peer_counters>());
    a_series("memory/histogram/tacho", cell * cells_of_histogram, made_as<histograms>());
    a_series("memory/histogram/prometheus-cpp", 0, made_as<peer_histograms>());

    to.add({"memory of a counter, 3 labels, one thread", "memory/counter/tacho/bytes",
            "memory/counter/prometheus-cpp/bytes", "prometheus-cpp", "B", 200, limit_of::amount});
    to.add({"memory of a histogram, 3 labels, one thread", "memory/histogram/tacho/bytes",
            "memory/histogram/prometheus-cpp/bytes", "prometheus-cpp", "B", 300, limit_of::amount});
}

}  // namespace bench
