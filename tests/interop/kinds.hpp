// SPDX-License-Identifier: MIT
// Instruments of every kind, and numbers that are hard to write. What they should be worth is listed in gallery.py.
#pragma once

#include <tacho/tacho.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace gallery {

using tacho::label;
using double_limits = std::numeric_limits<double>;

enum class verb { get, post, unheard_of };
consteval auto label_values(verb) {
    return tacho::labels<verb>({{verb::get, "GET"}, {verb::post, "POST"}});
}

using maybe_text = std::optional<std::string_view>;
using maybe_bool = std::optional<bool>;
using maybe_int = std::optional<int>;

// Every kind of instrument, label and unit that a scrape and a push can both show.
struct every_kind {
    tacho::registry& registry;
    explicit every_kind(tacho::registry& of) : registry(of) {}

    tacho::scope shop = registry.scope("shop", "1.2.3");
    tacho::scope other = registry.scope("other");

    tacho::counter<"http.requests", label<"http.method", verb>, label<"status_code", int>, label<"tls", bool>,
                   label<"route">>
        requests{shop, "Requests \"so far\", with a \\ and\na second line"};
    tacho::counter<"jobs_total"> jobs{registry, "Nothing is recorded here"};
    tacho::counter<"huge"> huge{registry, "The largest integer"};
    tacho::counter<"large", tacho::cells::shared> large{registry, "One that a double can't hold"};
    tacho::counter<"cpu", tacho::unit::seconds, double> cpu{shop, "0.1 and 0.2"};
    tacho::counter<"traffic", tacho::unit::of<"By/s">> traffic{registry, "A rate"};
    tacho::counter<"tries", tacho::unit::of<"{try}">> tries{registry, "A unit that is a remark"};
    tacho::counter<"limited", label<"a">, tacho::series_limit<2>> limited{registry, "Two series, and the rest"};
    tacho::counter<"verbs", label<"verb", verb>> verbs{registry, "Known values, and the rest"};
    tacho::counter<"lookups", label<"mode", maybe_text>, label<"hit", maybe_bool>, label<"shard", maybe_int>> lookups{
        registry, "Labels that may be missing"};
    tacho::counter<"bounded", label<"le">, label<"quantile">> bounded{registry, "Labels that mean something elsewhere"};
    tacho::counter<"shared.name"> shared_1{shop, "One name in three scopes"};
    tacho::counter<"shared.name"> shared_2{other, "One name in three scopes"};
    tacho::counter<"shared.name"> shared_3{registry, "One name in three scopes"};
    tacho::counter<"a.b-c/d__e", label<"x.y-z/q">> punctuation{registry, "Names with every legal character"};

    tacho::gauge<"temperature", tacho::unit::celsius, label<"room">> temperature{shop, "Special numbers"};
    tacho::gauge<"offset", std::int64_t, label<"end">> offset{registry, "The ends of std::int64_t"};
    tacho::gauge<"fill", tacho::unit::ratio> fill{registry, "The unit 1"};
    tacho::gauge<"load", tacho::unit::percent> load{registry};  // no description
    tacho::up_down_counter<"queue.length"> queue{registry, "Below zero"};
    tacho::up_down_counter<"balance", double> balance{registry, "Doubles, up and down"};

    tacho::histogram<"latency", tacho::unit::seconds, label<"path">> latency{
        shop, "At, between and above its bounds", {0.005, 1, 1e6}};
    tacho::histogram<"size", tacho::unit::bytes> size{registry, "The bounds of bytes"};
    tacho::histogram<"drift", tacho::cells::shared> drift{registry, "Bounds below zero", {-1, 0, 1}};
    tacho::histogram<"loss"> loss{registry, "A sum below zero", {1}};
    tacho::histogram<"whole"> whole{registry, "No bounds", tacho::bounds{}};
    tacho::histogram<"idle", tacho::unit::seconds> idle{registry, "Never observed"};

    int rounds = 0;
    tacho::observable_counter<"seen", tacho::unit::bytes, label<"kind">> seen{
        shop, "A total that a callable gives", [this](auto& observe) { observe(100 * rounds, "a"); }};
    tacho::observable_gauge<"seen.now", label<"room">> seen_now{registry, "A value that a callable gives",
                                                                [](auto& observe) {
                                                                    observe(-1.5, "cellar");
                                                                    observe(double_limits::quiet_NaN(), "attic");
                                                                }};
    tacho::observable_up_down_counter<"seen.level"> seen_level{registry, "An amount that a callable gives",
                                                               [this] { return -3 * rounds; }};

    void record() {
        ++rounds;
        requests(verb::get, 200, true, "/").inc(3);
        requests(verb::post, -1, false, "P\"\\\n\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80 # {}=,").inc();
        huge.inc(std::numeric_limits<std::uint64_t>::max() / 2);
        huge.inc(std::numeric_limits<std::uint64_t>::max() / 2 + 1);
        large.inc((std::uint64_t{1} << 53) + 1);
        cpu.inc(0.1);
        cpu.inc(0.2);
        cpu.inc(-1);  // is dropped
        traffic.inc(7);
        tries.inc(8);
        for (auto const* a : {"1", "2", "3", "4", "1"}) limited(a).inc();
        for (auto const v : {verb::get, verb::post, verb::unheard_of}) verbs(v).inc(2);
        lookups("fast", true, 1).inc(1);
        lookups(std::nullopt, false, std::nullopt).inc(2);
        lookups("", std::nullopt, 0).inc(3);
        lookups(std::nullopt, std::nullopt, std::nullopt).inc(4);
        bounded("0.5", "0.9").inc();
        shared_1.inc(1);
        shared_2.inc(2);
        shared_3.inc(3);
        punctuation("p").inc();

        temperature("nan").set(double_limits::quiet_NaN());
        temperature("inf").set(double_limits::infinity());
        temperature("-inf").set(-double_limits::infinity());
        temperature("-0").set(-0.0);
        temperature("1e-5").set(1e-5);
        temperature("max").set(double_limits::max());
        temperature("min").set(double_limits::denorm_min());
        temperature("-3").set(-3);
        temperature("0.1").set(0.1);
        offset("min").set(std::numeric_limits<std::int64_t>::min());
        offset("max").set(std::numeric_limits<std::int64_t>::max());
        fill.set(0.75);
        load.set(12.5);
        queue.dec(2);
        balance.inc(0.25);
        balance.dec(0.75);

        for (double const v : {0.005, 0.25, 2e6, double_limits::infinity(), double_limits::quiet_NaN()})
            latency("/").observe(v);
        latency("idle").observe(0);
        for (double const v : {64.0, 64.5, 1e12}) size.observe(v);
        for (double const v : {-5.0, 0.0, 0.5}) drift.observe(v);
        loss.observe(-5);
        whole.observe(2.5);
        whole.observe(4);
    }
};

}  // namespace gallery
