// SPDX-License-Identifier: MIT
// A plug-in that records into the registry it is given, in every kind of instrument.
#include "plugin.hpp"

#include "tacho/tacho.hpp"

#include <memory>
#include <optional>
#include <string>

namespace {

enum class verb { get, post };
consteval auto label_values(verb) {
    return tacho::labels<verb>({{verb::get, "GET"}, {verb::post, "POST"}});
}

struct metrics {
    explicit metrics(tacho::scope const& in)
        : hits{in, "of the plug-in"},
          by_verb{in, ""},
          seconds{in, "", {0.5, 1}},
          spread{in, ""},
          busy{in, ""},
          level{in, ""},
          seen{in, "", [this] { return runs; }},
          held{hits.bind("held")} {}

    double runs = 0;
    tacho::counter<"plugin.hits", tacho::label<"by">> hits;
    tacho::counter<"plugin.verbs", tacho::label<"verb", verb>> by_verb;
    tacho::histogram<"plugin.time", tacho::unit::seconds> seconds;
    tacho::exponential_histogram<"plugin.spread"> spread;
    tacho::up_down_counter<"plugin.busy"> busy;
    tacho::gauge<"plugin.level"> level;
    tacho::observable_gauge<"plugin.seen"> seen;
    decltype(hits.bind("")) held;
};

std::unique_ptr<metrics> own;  // when the host forgets stop(), it ends as the plug-in is unloaded
tacho::registry* where = nullptr;

constexpr plugin_functions functions{[](tacho::registry& in) {
                                         where = &in;
                                         own = std::make_unique<metrics>(in.scope("plug-in", "1"));
                                     },
                                     [] {
                                         ++own->runs;
                                         own->hits("looked up").inc();
                                         own->held.inc();
                                         own->by_verb(verb::post).inc();
                                         own->seconds.observe(0.7);
                                         own->spread.observe(3);
                                         own->busy.inc();
                                         own->level.set(4);
                                         own->hits("removed").inc();
                                         static_cast<void>(own->hits.remove("removed"));
                                         tacho::endpoint scrapes{*where};
                                         static_cast<void>(scrapes.respond({}));
                                     },
                                     [] { own.reset(); },
                                     []() -> tacho::registry& { return tacho::default_registry(); }};

}  // namespace

extern "C" [[gnu::visibility("default")]] plugin_functions const* plugin() {
    return &functions;
}
