// SPDX-License-Identifier: MIT
// How long a look-up can take while everything is scraped.
#include "harness.hpp"
#include "labels.hpp"
#include "pages.hpp"
#include "tacho/export/endpoint.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace bench {

namespace {

constexpr std::size_t count = 100'000;

// One thread looks up the first hundred series in turn, each look-up by the clock, while another scrapes again and
// again; or none does, when there is no `scrape`.
void stall(std::string const& name, std::function<void(std::size_t)> look_up, std::function<void()> scrape) {
    auto const run = [=](benchmark::State& state) {
        for (auto _ : state) {
            std::atomic<bool> begun{!scrape}, done{false};
            std::vector<double> took;
            auto const looks = [&] {
                while (!begun.load()) std::this_thread::yield();
                auto const end = std::chrono::steady_clock::now() + std::chrono::duration<double>(how_hard.stall);
                for (std::size_t i = 0;; ++i) {
                    auto const start = std::chrono::steady_clock::now();
                    look_up(i % 100);
                    auto const now = std::chrono::steady_clock::now();
                    took.push_back(std::chrono::duration<double, std::micro>(now - start).count());
                    if (now > end) break;
                }
                done.store(true);
            };
            auto const scrapes = [&] {
                for (begun.store(true); !done.load();) scrape();
            };
            the_crowd().run(scrape ? 2 : 1, [&](std::size_t who) { who == 0 ? looks() : scrapes(); });
            std::sort(took.begin(), took.end());
            state.counters["99.99 %"] = took[took.size() - 1 - took.size() / 10000];
            state.counters["worst"] = took.back();
        }
    };
    benchmark::RegisterBenchmark(name.c_str(), run)->Iterations(1)->Repetitions(7);
}

struct world {
    many_counters ours{count};
    tacho::endpoint endpoint{ours.registry()};
    prometheus::Registry registry;
    prometheus::Family<prometheus::Counter>& family =
        prometheus::BuildCounter().Name("bench_requests_total").Register(registry);
    std::vector<label_set> sets = label_sets(count);
    std::vector<prometheus::Labels> ready;

    world() {
        for (auto const& s : sets) family.Add(s.for_peer()).Increment();
        for (std::size_t i = 0; i < 100; ++i) ready.push_back(sets[i].for_peer());
    }
};

}  // namespace

void stall_rows(table& to) {
    static world w;
    auto const ours = [](std::size_t i) { w.ours.look_up(w.sets[i]); };
    auto const peer = [](std::size_t i) { w.family.Add(w.ready[i]).Increment(); };
    stall("stall/tacho idle", ours, nullptr);
    stall("stall/tacho", ours, [] { benchmark::DoNotOptimize(w.endpoint.respond({}).body().data()); });
    stall("stall/prometheus-cpp", peer, [] {
        auto const page = prometheus::TextSerializer{}.Serialize(w.registry.Collect());
        benchmark::DoNotOptimize(page.data());
    });

    to.add({"look-up while 100000 series are scraped, 99.99 %", "stall/tacho/99.99 %", "stall/tacho idle/99.99 %",
            "tacho, not scraped", "us", 2});
    to.add({"look-up while 100000 series are scraped, slowest", "stall/tacho/worst", "stall/prometheus-cpp/worst",
            "prometheus-cpp", "us"});
}

}  // namespace bench
