// SPDX-License-Identifier: MIT
// What is scraped: many counters, gauges or histograms of ours, whose numbers change from page to page in a known way.
#pragma once

#include "harness.hpp"
#include "labels.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/instrument/counter.hpp"
#include "tacho/instrument/gauge.hpp"
#include "tacho/instrument/histogram.hpp"

#include <benchmark/benchmark.h>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// A number that looks random, the same for whoever asks for the i-th series at this step.
[[nodiscard]] inline std::uint64_t scattered(std::size_t i, std::size_t step) noexcept {
    std::uint64_t const mixed = (i * 0x9E3779B97F4A7C15u) ^ (step * 0xD6E8FEB86659FD93u);
    return (mixed * 0xC6A4A7935BD1E995u) >> 24;
}

// What a counter is given, first something between 1 and a thousand million, then little.
[[nodiscard]] inline std::uint64_t amount(std::size_t i, std::size_t step) noexcept {
    auto const random = scattered(i, step);
    return step == 0 ? 1 + (random & 0xFFFFFFF) % (std::uint64_t{1} << (random >> 28) % 31) : random % 32;
}

// What a histogram is given: log-uniform from 0.004 to 16, and so few digits in binary that sums are exact, and that
// prometheus-cpp, which writes 16 decimal digits, writes all of them.
[[nodiscard]] inline double duration(std::size_t i, std::size_t step) noexcept {
    auto const random = scattered(i, step);
    return (1 + static_cast<double>(random % 8) / 8) * 16 / static_cast<double>(2u << (random >> 3) % 12);
}

// What a gauge is set to: a number of which all digits look random, 16 or 17 of them.
[[nodiscard]] inline double level(std::size_t i, std::size_t step) noexcept {
    auto const random = scattered(i, step);
    return std::ldexp(1 + static_cast<double>(scattered(i + 1, random)) / 0x1p40, static_cast<int>(random % 24) - 4) /
           3;
}

class many_counters {
public:
    explicit many_counters(std::size_t count) {
        for (auto const& s : label_sets(count)) handles_.push_back(requests_.bind(s.api, s.method, s.status));
        touch_by_all([this] { add(0); });
    }

    void change() { add(++steps_); }
    // All that was added by change().
    [[nodiscard]] double added() const { return added_; }
    [[nodiscard]] auto const& handle(std::size_t i) const { return handles_[i]; }
    void look_up(label_set const& of) { requests_(of.api, of.method, of.status).inc(); }
    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] std::size_t size() const { return handles_.size(); }
    [[nodiscard]] tacho::registry& registry() { return registry_; }

private:
    void add(std::size_t step) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < handles_.size(); ++i) {
            auto const n = amount(i, step);
            handles_[i].inc(n);
            sum += n;
        }
        added_ += static_cast<double>(sum);
    }

    tacho::registry registry_;
    tacho::counter<"bench.requests", tacho::label<"api">, tacho::label<"method">, tacho::label<"status">,
                   tacho::series_limit<1'000'000>>
        requests_{registry_, "Requests that were answered."};
    std::vector<tacho::counter_handle<std::uint64_t, tacho::cells::sharded>> handles_;
    std::size_t steps_ = 0;
    double added_ = 0;
};

// Made when it is first asked for.
[[nodiscard]] many_counters& a_million();

class many_gauges {
public:
    explicit many_gauges(std::size_t count) {
        for (auto const& s : label_sets(count)) handles_.push_back(levels_.bind(s.api, s.method, s.status));
        set(0);
    }

    void change() { set(++steps_); }
    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] std::size_t size() const { return handles_.size(); }
    [[nodiscard]] tacho::registry& registry() { return registry_; }

private:
    void set(std::size_t step) {
        for (std::size_t i = 0; i < handles_.size(); ++i) handles_[i].set(level(i, step));
    }

    tacho::registry registry_;
    tacho::gauge<"bench.level", tacho::label<"api">, tacho::label<"method">, tacho::label<"status">,
                 tacho::series_limit<1'000'000>>
        levels_{registry_, "How full they are."};
    std::vector<tacho::gauge_handle<double>> handles_;
    std::size_t steps_ = 0;
};

class many_histograms {
public:
    explicit many_histograms(std::size_t count) {
        for (auto const& s : label_sets(count)) handles_.push_back(durations_.bind(s.api, s.method, s.status));
        touch_by_all([this] { observe(0); });
    }

    void change() { observe(++steps_); }
    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] std::size_t size() const { return handles_.size(); }
    [[nodiscard]] tacho::registry& registry() { return registry_; }

private:
    void observe(std::size_t step) {
        for (std::size_t i = 0; i < handles_.size(); ++i) handles_[i].observe(duration(i, step));
    }

    tacho::registry registry_;
    tacho::histogram<"bench.duration", tacho::unit::seconds, tacho::label<"api">, tacho::label<"method">,
                     tacho::label<"status">, tacho::series_limit<1'000'000>>
        durations_{registry_, "How long they took."};
    std::vector<tacho::histogram_handle<tacho::cells::sharded, tacho::unit::seconds>> handles_;
    std::size_t steps_ = 0;
};

// What a program would do that knows every line in advance: copy a ready prefix, write a ready number.
class hand_loop {
public:
    struct line {
        std::string_view before;
        std::uint64_t number = 0;
        double real = 0;
        bool is_real = false;
    };

    // Learns the lines, and the numbers so far, from a page.
    explicit hand_loop(std::string_view page) : learned_(page), out_(page.size() + page.size() / 4 + 4096) {
        std::string_view const text = learned_;
        for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
            end = text.find('\n', at);
            if (text[at] == '#') {
                header_ = text.substr(0, end + 1);  // the page has one family
                continue;
            }
            line l;
            auto const number = text.rfind(' ', end) + 1;
            l.before = text.substr(at, number - at);
            l.is_real = l.before.find("_sum{") != std::string_view::npos || l.before.starts_with("bench_level{");
            if (l.is_real)
                std::from_chars(text.data() + number, text.data() + end, l.real);
            else
                std::from_chars(text.data() + number, text.data() + end, l.number);
            lines.push_back(l);
        }
    }
    hand_loop(hand_loop const&) = delete;
    hand_loop& operator=(hand_loop const&) = delete;

    void make() {
        char* at = out_.data();
        char* const end = at + out_.size();
        std::memcpy(at, header_.data(), header_.size());
        at += header_.size();
        for (auto const& l : lines) {
            std::memcpy(at, l.before.data(), l.before.size());
            at += l.before.size();
            at = l.is_real ? std::to_chars(at, end, l.real).ptr : std::to_chars(at, end, l.number).ptr;
            *at++ = '\n';
        }
        size_ = static_cast<std::size_t>(at - out_.data());
        benchmark::DoNotOptimize(out_.data());
        benchmark::ClobberMemory();
    }
    [[nodiscard]] std::string_view text() const { return {out_.data(), size_}; }

    std::vector<line> lines;

private:
    std::string learned_;
    std::string_view header_;
    std::vector<char> out_;
    std::size_t size_ = 0;
};

// The floor of all floors: the same bytes, copied.
class copy {
public:
    void learn(std::string_view page) { from_ = page, to_.resize(page.size()); }
    void make() {
        std::memcpy(to_.data(), from_.data(), from_.size());
        benchmark::DoNotOptimize(to_.data());
        benchmark::ClobberMemory();
    }
    [[nodiscard]] bool holds() const { return from_ == to_; }

private:
    std::string from_, to_;
};

}  // namespace bench
