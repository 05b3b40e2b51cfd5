// SPDX-License-Identifier: MIT
// A program with all kinds of instruments and all ways out, compiled with TACHO_OFF: it works, and shows nothing. What
// is wrong is the exit status and a line.
#include "tacho/tacho.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

namespace {

long allocations = 0;
int failures = 0;

void expect(bool holds, std::string_view what) {
    if (holds) return;
    ++failures;
    std::printf("wrong: %.*s\n", static_cast<int>(what.size()), what.data());
}

enum class verb { get, post };
consteval auto label_values(verb) {
    return tacho::labels<verb>({{verb::get, "GET"}, {verb::post, "POST"}});
}

tacho::counter<"global"> global{"Before main"};

struct instruments {
    explicit instruments(tacho::scope const& in)
        : requests{in, "Requests"}, texts{in}, seconds{in}, states{in}, build{in}, rpc{in}, temperature{in}, busy{in} {}

    void record() {
        requests(verb::get, 200).inc();
        texts("x").inc(3);
        auto const handle = texts.bind("y");
        handle.inc();
        seconds.observe(0.5);
        auto const timing = seconds.time();
        expect(timing.elapsed() == 0, "a timer takes the time");
        states.set(verb::post);
        build.set("1");
        rpc.observe(1);
        temperature.set(20);
        auto const tracked = busy("x").track();
    }

    tacho::counter<"requests", tacho::label<"verb", verb>, tacho::label<"code", int>> requests;
    tacho::counter<"texts", tacho::label<"a">, tacho::exemplars> texts;
    tacho::histogram<"seconds", tacho::unit::seconds> seconds;
    tacho::state_set<"states", verb> states;
    tacho::info<"build", tacho::label<"version">> build;
    tacho::exponential_histogram<"rpc"> rpc;
    tacho::gauge<"temperature"> temperature;
    tacho::up_down_counter<"busy", tacho::label<"a">> busy;
};

bool called = false;

void show(tacho::registry& in) {
    tacho::settings settings;
    settings.push.enabled = settings.scrape.enabled = settings.push.metrics = true;
    tacho::memory_transport receiver;
    {
        auto telemetry = tacho::telemetry::start(in, settings, receiver, tacho::own_server{});
        expect(telemetry.flush(), "a flush fails");
        auto const page = telemetry.endpoint()->respond({.method = "GET"});
        expect(page.status() == 200 && page.body().empty(), "a scrape is not an empty page");
    }
    expect(receiver.requests().empty(), "something is pushed");
    auto const openmetrics = tacho::endpoint{in}.respond({"GET", "application/openmetrics-text"});
    expect(openmetrics.body() == "# EOF\n", "a scrape of OpenMetrics is more than its end");
    expect(in.list().empty() && in.problems().empty(), "something is registered, or could not be");
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size)) return memory;
    std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

int main() {
    tacho::registry registry;
    tacho::scope const scope{registry};
    {
        auto const before = allocations;
        instruments made{scope};
        made.record();
        global.inc();
        expect(allocations == before, "instruments allocate");
        expect(made.requests.ok(), "an instrument is not ok");
    }
    instruments made{scope};
    made.record();
    tacho::observable_gauge<"level"> level{scope, "", [] {
                                               called = true;
                                               return 1;
                                           }};
    auto const named = tacho::add_counter(scope, {.name = "named", .labels = {"a"}});
    named.bind({"x"}).inc();
    expect(named.ok() && level.ok(), "what is named, or observed, is not ok");
    tacho::self_metrics const itself{registry};
    tacho::process_metrics const process{registry};
    tacho::build_info const build{registry, {.program = "off"}};
    show(registry);
    show(tacho::default_registry());
    expect(!called, "a callback is called");
    return failures;
}
