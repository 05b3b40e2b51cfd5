// SPDX-License-Identifier: MIT
// Functions that do nothing but record. With TACHO_OFF each of them is nothing but its return; without, none is.
#include "tacho/record.hpp"

#include <chrono>
#include <cstdint>

using namespace tacho;

enum class verb { get, post };
consteval auto label_values(verb) {
    return labels<verb>({{verb::get, "GET"}, {verb::post, "POST"}});
}
using requests_by = counter<"requests", label<"verb", verb>, label<"code", int>>;
using text = counter<"text", label<"a">>;
using dense = counter<"dense", label<"a", verb>>;
using plain = counter<"plain">;
using doubles = counter<"doubles", double>;
using traced = counter<"traced", label<"a">, exemplars>;
using up = up_down_counter<"up">;
using ups = up_down_counter<"ups", label<"a">>;
using level = gauge<"level">;
using levels = gauge<"levels", label<"a">>;
using hist = histogram<"h", unit::seconds>;
using hists = histogram<"hs", unit::seconds, label<"a">>;
using expo = exponential_histogram<"e", unit::seconds>;
using expos = exponential_histogram<"es", unit::seconds, label<"a">>;
using states = state_set<"s", verb, label<"a">>;
using state = state_set<"s1", verb>;
using build = info<"i", label<"a">>;

extern "C" {
void r_inc(plain& c) {
    c.inc();
    c.inc(3);
    c.inc(-1);
}
void r_doubles(doubles& c, double x) {
    c.inc(x);
}
void r_look_up(requests_by& c, int code) {
    c(verb::get, code).inc();
}
void r_text(text& c, char const* a) {
    c(a).inc(2);
}
void r_dense(dense& c, verb v) {
    c(v).inc();
}
void r_bind(requests_by& c, int code) {
    auto const h = c.bind(verb::get, code);
    h.inc();
    auto const i = h;
    i.inc(5);
}
void r_handle(counter_handle<std::uint64_t, cells::sharded> const& h) {
    h.inc();
    auto const copy = h;
    copy.inc();
}
void r_exemplar(traced& c, char const* id) {
    c("x").inc(1, {{"order", id}});
}
void r_exceptions(text& c) {
    auto const guard = c("x").count_exceptions();
}
void r_batch(plain& c) {
    auto b = c.batch();
    for (int i = 0; i < 1000; ++i) b.inc();
}
void r_up(up& u, ups& v) {
    auto const t = u.track();
    auto const w = v("a").track();
    u.inc();
    v("b").dec(2);
}
void r_gauge(level& g, levels& h, double x) {
    g.set(x);
    g.inc(x);
    h("a").set(x);
    g.set_to_current_time();
    h("b").set_to_current_time();
}
void r_histogram(hist& h, hists& i, double x) {
    h.observe(x);
    i("a").observe(x);
    h.observe(std::chrono::milliseconds{5});
}
void r_timer(hist& h, hists& i) {
    auto const t = h.time();
    auto const u = i("a").time();
}
void r_exponential(expo& h, expos& i, double x) {
    h.observe(x);
    i("a").observe(x);
    auto const t = h.time();
}
void r_states(states& s, state& t) {
    s("a").set(verb::get);
    t.set(verb::post);
    t.set(verb::get, true);
}
void r_info(build& b) {
    b.set("x");
}
void r_remove(text& c) {
    c.remove("x");
    c.clear();
}
void r_named(named_counter const& c, named_histogram const& h) {
    c.bind({"a"}).inc();
    h.bind({"b"}).observe(1);
    c.remove({"a"});
    c.clear();
}
void r_named_others(named_info const& i, named_state_set const& s) {
    i.set({"a"});
    s.bind({"a"}).set("on");
}
}
