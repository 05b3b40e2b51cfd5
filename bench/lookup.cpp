// SPDX-License-Identifier: MIT
// What it costs to find a series by its label values and to increment it.
#include "harness.hpp"
#include "labels.hpp"
#include "tacho/instrument/counter.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace bench {

namespace {

enum class verb : std::uint8_t { get, post, put, del, other };
enum class outcome : std::uint8_t { success, redirect, client_error, server_error };

consteval auto label_values(verb) {
    return tacho::labels<verb>(
        {{verb::get, "GET"}, {verb::post, "POST"}, {verb::put, "PUT"}, {verb::del, "DELETE"}, {verb::other, "other"}});
}
consteval auto label_values(outcome) {
    return tacho::labels<outcome>({{outcome::success, "2xx"},
                                   {outcome::redirect, "3xx"},
                                   {outcome::client_error, "4xx"},
                                   {outcome::server_error, "5xx"}});
}

// Places in a list of `count`: the k-th is met about as often as 1/k says, as it is with the series of a service; or
// all alike, which is the worst that can happen to caches.
input_table<std::uint16_t> places(std::size_t count, bool skewed) {
    std::mt19937_64 random{count};
    std::uniform_real_distribution<double> uniform{0, 1};
    input_table<std::uint16_t> list;
    for (auto& chosen : list) {
        double const u = uniform(random);
        auto const n = static_cast<double>(count);
        double const place = skewed ? std::pow(n + 1, u) - 1 : u * n;
        chosen = static_cast<std::uint16_t>(std::min(place, n - 1));
    }
    return list;
}

struct world {
    using counter = tacho::counter<"bench.requests", tacho::label<"api">, tacho::label<"method">,
                                   tacho::label<"status">, tacho::series_limit<20'000>>;
    std::vector<label_set> sets = label_sets(10'000);
    std::vector<prometheus::Labels> ready;  // the peer's keys, so that it needs not make them at each call

    tacho::registry small_registry, large_registry, enum_registry;
    counter small{small_registry}, large{large_registry};
    prometheus::Registry peer_registry;
    prometheus::Family<prometheus::Counter>& peer =
        prometheus::BuildCounter().Name("bench_requests_total").Register(peer_registry);

    tacho::counter<"bench.outcomes", tacho::label<"verb", verb>, tacho::label<"outcome", outcome>> outcomes{
        enum_registry};
    std::vector<tacho::counter_handle<std::uint64_t, tacho::cells::sharded>> held;

    input_table<std::uint16_t> const of_100 = places(100, true), of_10000 = places(10'000, true);
    input_table<std::uint16_t> const evenly_100 = places(100, false), evenly_10000 = places(10'000, false);
    input_table<std::uint16_t> const of_20 = places(20, false);
    input_table<std::pair<verb, outcome>> chosen;  // the same in the same order

    world() {
        for (std::size_t i = 0; i < 100; ++i) ready.push_back(sets[i].for_peer());
        for (std::size_t i = 0; i < 20; ++i)
            held.push_back(outcomes.bind(static_cast<verb>(i / 4), static_cast<outcome>(i % 4)));
        for (std::size_t i = 0; i < batch; ++i)
            chosen[i] = {static_cast<verb>(of_20[i] / 4), static_cast<outcome>(of_20[i] % 4)};
    }
    void touch() {
        for (std::size_t i = 0; i < 100; ++i) {
            count(small, sets[i]);
            peer.Add(ready[i]).Increment();
        }
        for (auto const& s : sets) count(large, s);
        for (auto const& h : held) h.inc();
    }
    static void count(counter& in, label_set const& s) { in(s.api, s.method, s.status).inc(); }
    [[nodiscard]] double counted_by_peer() const {
        double sum = 0;
        for (auto const& f : peer_registry.Collect())
            for (auto const& m : f.metric) sum += m.counter.value;
        return sum;
    }
};

}  // namespace

void lookup_rows(table& to) {
    static world w;
    touch_by_all([] { w.touch(); });

    auto const in_small = goes_up_by(batch, [] { return total(w.small_registry); });
    auto const in_large = goes_up_by(batch, [] { return total(w.large_registry); });
    auto const in_enums = goes_up_by(batch, [] { return total(w.enum_registry); });
    auto const in_peer = goes_up_by(batch, [] { return w.counted_by_peer(); });
    subject const ours{[](std::size_t i) { world::count(w.small, w.sets[w.of_100[i]]); }, in_small};
    subject const evenly{[](std::size_t i) { world::count(w.small, w.sets[w.evenly_100[i]]); }, in_small};
    subject const many{[](std::size_t i) { world::count(w.large, w.sets[w.of_10000[i]]); }, in_large};
    subject const many_evenly{[](std::size_t i) { world::count(w.large, w.sets[w.evenly_10000[i]]); }, in_large};
    subject const peer{[](std::size_t i) { w.peer.Add(w.ready[w.of_100[i]]).Increment(); }, in_peer};
    subject const enums{[](std::size_t i) {
                            auto const& [v, o] = w.chosen[i];  // a copy is two bytes in one, to be taken apart
                            w.outcomes(v, o).inc();
                        },
                        in_enums};
    subject const held{[](std::size_t i) { w.held[w.of_20[i]].inc(); }, in_enums};

    one_thread("lookup/tacho", ours);
    one_thread("lookup/tacho evenly", evenly);
    one_thread("lookup/tacho 10000", many);
    one_thread("lookup/tacho 10000 evenly", many_evenly);
    one_thread("lookup/prometheus-cpp", peer);
    one_thread("lookup/enums", enums);
    one_thread("lookup/held", held);
    rounds("lookup/2", {by_threads("tacho x1", 1, batch / 2, ours), by_threads("tacho x2", 2, batch / 2, ours),
                        by_threads("prometheus-cpp x2", 2, batch / 32, peer)});

    to.add({"look-up of 3 text labels of 100 series, inc", "lookup/tacho", "lookup/prometheus-cpp",
            "prometheus-cpp, ready key", "ns", 0.14});
    to.add({"look-up of 3 text labels of 100 series, inc, two threads", "lookup/2/tacho x2", "lookup/2/tacho x1",
            "tacho, one thread", "ns", 1.5});
    to.add({"look-up of 3 text labels of 100 series, inc, two threads", "lookup/2/tacho x2",
            "lookup/2/prometheus-cpp x2", "prometheus-cpp, ready key"});
    to.add({"look-up of 3 text labels of 10000 series, inc", "lookup/tacho 10000", "lookup/tacho", "tacho, 100 series",
            "ns", 2.2});
    to.add({"look-up of 3 text labels of 10000 series, each as often, inc", "lookup/tacho 10000 evenly",
            "lookup/tacho evenly", "tacho, 100 series"});
    to.add({"look-up of 2 enum labels, inc", "lookup/enums", "lookup/held", "tacho, held handles", "ns", 1.3});
}

}  // namespace bench
