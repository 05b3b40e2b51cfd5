// SPDX-License-Identifier: MIT
// What a scrape costs: text of counters, of gauges and of histograms.
#include "harness.hpp"
#include "labels.hpp"
#include "pages.hpp"
#include "tacho/export/endpoint.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

namespace {

void change(hand_loop& by_hand, many_counters const&, std::size_t step) {
    for (std::size_t i = 0; i < by_hand.lines.size(); ++i) by_hand.lines[i].number += amount(i, step);
}

void change(hand_loop& by_hand, many_histograms const& of, std::size_t step) {
    auto const& bounds = tacho::detail::seconds_bounds;
    auto* line = by_hand.lines.data();
    for (std::size_t i = 0; i < of.size(); ++i) {
        auto const value = duration(i, step);
        for (double const bound : bounds) line++->number += value <= bound ? 1 : 0;
        line++->number += 1;  // up to +Inf
        line++->real += value;
        line++->number += 1;  // _count
    }
}

void change(hand_loop& by_hand, many_gauges const&, std::size_t step) {
    for (std::size_t i = 0; i < by_hand.lines.size(); ++i) by_hand.lines[i].real = level(i, step);
}

// The same in prometheus-cpp.
class peer_counters {
public:
    explicit peer_counters(std::size_t count) {
        auto& family = prometheus::BuildCounter()
                           .Name("bench_requests_total")
                           .Help("Requests that were answered.")
                           .Register(registry);
        for (auto const& s : label_sets(count)) counters_.push_back(&family.Add(s.for_peer()));
        touch_by_all([this] { change(0); });
    }
    void change(std::size_t step) {
        for (std::size_t i = 0; i < counters_.size(); ++i)
            counters_[i]->Increment(static_cast<double>(amount(i, step)));
    }
    prometheus::Registry registry;

private:
    std::vector<prometheus::Counter*> counters_;
};

class peer_histograms {
public:
    explicit peer_histograms(std::size_t count) {
        auto& family =
            prometheus::BuildHistogram().Name("bench_duration_seconds").Help("How long they took.").Register(registry);
        prometheus::Histogram::BucketBoundaries const bounds(tacho::detail::seconds_bounds.begin(),
                                                             tacho::detail::seconds_bounds.end());
        for (auto const& s : label_sets(count)) histograms_.push_back(&family.Add(s.for_peer(), bounds));
        touch_by_all([this] { change(0); });
    }
    void change(std::size_t step) {
        for (std::size_t i = 0; i < histograms_.size(); ++i) histograms_[i]->Observe(duration(i, step));
    }
    prometheus::Registry registry;

private:
    std::vector<prometheus::Histogram*> histograms_;
};

struct no_peer {
    explicit no_peer(std::size_t) {}
    void change(std::size_t) {}
    prometheus::Registry registry;
};

// prometheus-cpp shows its series in the order of a hash table.
std::vector<std::string_view> sorted_lines(std::string_view page) {
    std::vector<std::string_view> lines;
    for (std::size_t at = 0, end = 0; at < page.size(); at = end + 1) {
        end = page.find('\n', at);
        lines.push_back(page.substr(at, end - at));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

// One set of numbers and all who make a page of it. Each changes its numbers when it is measured; before pages are
// compared those who are behind catch up.
template <class Many, class Peer>
class contest {
public:
    contest(std::string name, std::size_t count, bool with_peer) : name_(std::move(name)), ours_(count) {
        by_hand_ = std::make_unique<hand_loop>(page());
        if (with_peer) peer_ = std::make_unique<Peer>(count);
        auto const lines = by_hand_->lines.size();

        pages(
            name_ + "/tacho", lines, [this] { ours_.change(); },
            [this] { benchmark::DoNotOptimize(endpoint_.respond({}).body().data()); }, [this] { return agree(); });
        pages(
            name_ + "/hand", lines, [this] { change(*by_hand_, ours_, ++steps_by_hand_); },
            [this] { by_hand_->make(); }, [this] { return agree(); });
        copy_.learn(page());
        pages(
            name_ + "/memcpy", lines, [] {}, [this] { copy_.make(); }, [this] { return copy_.holds(); });
        if (!with_peer) return;
        pages(
            name_ + "/prometheus-cpp", lines, [this] { peer_->change(++steps_of_peer_); },
            [this] { text_of_peer_ = prometheus::TextSerializer{}.Serialize(peer_->registry.Collect()); },
            [this] { return agrees_with_peer(); });
    }
    contest(contest const&) = delete;
    contest& operator=(contest const&) = delete;

private:
    std::string page() { return std::string{endpoint_.respond({}).body()}; }

    void catch_up() {
        auto const newest = std::max({ours_.steps(), steps_by_hand_, steps_of_peer_});
        while (ours_.steps() < newest) ours_.change();
        while (steps_by_hand_ < newest) change(*by_hand_, ours_, ++steps_by_hand_);
        while (peer_ != nullptr && steps_of_peer_ < newest) peer_->change(++steps_of_peer_);
    }
    bool agree() {
        catch_up();
        by_hand_->make();
        return endpoint_.respond({}).body() == by_hand_->text();
    }
    bool agrees_with_peer() {
        catch_up();
        text_of_peer_ = prometheus::TextSerializer{}.Serialize(peer_->registry.Collect());
        return sorted_lines(page()) == sorted_lines(text_of_peer_);
    }

    std::string name_;
    Many ours_;
    tacho::endpoint endpoint_{ours_.registry()};
    std::unique_ptr<hand_loop> by_hand_;
    std::unique_ptr<Peer> peer_;
    copy copy_;
    std::string text_of_peer_;
    std::size_t steps_by_hand_ = 0, steps_of_peer_ = 0;
};

}  // namespace

void text_rows(table& to) {
    static contest<many_counters, peer_counters> const of_10000{"text/10000", 10'000, true};
    static contest<many_counters, no_peer> const of_100000{"text/100000", 100'000, false};
    static contest<many_gauges, no_peer> const of_gauges{"text/gauges", 10'000, false};
    static contest<many_histograms, peer_histograms> const of_histograms{"text/histograms", 1'000, true};

    to.add({"text of 10000 counters, a line", "text/10000/tacho", "text/10000/prometheus-cpp", "prometheus-cpp", "ns",
            0.007});
    to.add({"text of 10000 counters, a line", "text/10000/tacho", "text/10000/hand", "hand loop", "ns", 1.05});
    to.add({"text of 10000 counters, a line", "text/10000/tacho", "text/10000/memcpy", "memcpy"});
    to.add({"text of 10000 counters, allocations", "text/10000/tacho/allocations",
            "text/10000/prometheus-cpp/allocations", "prometheus-cpp", "", 0, limit_of::amount});
    to.add({"text of 100000 counters, a line", "text/100000/tacho", "text/100000/hand", "hand loop", "ns", 1.25});
    to.add({"text of 100000 counters, a line", "text/100000/tacho", "text/100000/memcpy", "memcpy"});
    to.add({"text of 100000 counters, allocations", "text/100000/tacho/allocations", "text/100000/hand/allocations",
            "hand loop", "", 0, limit_of::amount});
    to.add({"text of 10000 gauges of random doubles, a line", "text/gauges/tacho", "text/gauges/hand", "hand loop",
            "ns", 0.85});
    to.add({"text of 1000 histograms, a line", "text/histograms/tacho", "text/histograms/prometheus-cpp",
            "prometheus-cpp", "ns", 0.02});
    to.add(
        {"text of 1000 histograms, a line", "text/histograms/tacho", "text/histograms/hand", "hand loop", "ns", 1.6});
    to.add({"text of 1000 histograms, a line", "text/histograms/tacho", "text/histograms/memcpy", "memcpy"});
    to.add({"text of 1000 histograms, allocations", "text/histograms/tacho/allocations",
            "text/histograms/prometheus-cpp/allocations", "prometheus-cpp", "", 0, limit_of::amount});
}

}  // namespace bench
