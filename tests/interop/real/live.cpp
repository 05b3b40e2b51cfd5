// SPDX-License-Identifier: MIT
// Every kind of instrument in a program that is scraped and pushes as the environment says: for receivers that others
// have written. Prints its report, then `ready`. SIGUSR2 records everything once more and prints `recorded N`, SIGUSR1
// pushes now and prints `pushed N: yes` or `no`; SIGTERM ends it, with a last push. With an argument it keeps names as
// they are. What it should be worth is listed in gallery.py and live.py.
#include "../kinds.hpp"

#include <tacho/adapter/curl.hpp>
#include <tacho/adapter/httplib.hpp>
#include <tacho/tacho.hpp>

#include <csignal>
#include <cstdio>

namespace {

enum class job { idle, running, failed };
consteval auto label_values(job) {
    return tacho::labels<job>({{job::idle, "idle"}, {job::running, "running"}, {job::failed, "failed"}});
}

// The kinds of every_kind, and those that not every format can carry.
struct more_kinds {
    tacho::registry& registry;
    explicit more_kinds(tacho::registry& of) : registry(of) {}

    tacho::scope shop = registry.scope("shop", "1.2.3");
    tacho::info<"build", tacho::label<"version">, tacho::label<"commit", int>> build{registry, "Which build runs"};
    tacho::state_set<"job.state", job, tacho::label<"name">> state{shop, "What a job does"};
    tacho::exponential_histogram<"rpc.duration", tacho::unit::seconds, tacho::label<"code", int>> rpc{
        shop, "Both signs, and zero"};
    tacho::exponential_histogram<"rpc.size", tacho::unit::bytes, tacho::max_buckets<4>> size{registry, "Few buckets"};

    void record() {
        build.set("1.2.3 \"a\"\\", 7);
        state("nightly").set(job::running);
        state("weekly").set(job::idle, true);
        state("weekly").set(job::failed, true);
        for (double const v : {0.25, 1.0, 1.0, 3.0, 100.0, -2.0, 0.0, 0.001}) rpc(200).observe(v);
        rpc(-1).observe(5);
        for (double const v : {1.0, 1e3, 1e6}) size.observe(v);
    }
};

}  // namespace

int main(int argc, char**) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int const one : {SIGTERM, SIGUSR1, SIGUSR2}) sigaddset(&signals, one);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    tacho::registry_options options{.series_limit = 10'000};
    if (argc > 1) options.translation = tacho::translation_strategy::no_translation;
    tacho::registry registry{options};
    gallery::every_kind kinds{registry};
    more_kinds more{registry};
    auto const settings = tacho::settings::from_environment({.prefix = "OGX", .service_name = "gallery"});
    auto telemetry = tacho::telemetry::start(registry, settings, tacho::curl_transport{}, tacho::httplib_listener{});
    std::printf("%sready\n", telemetry.report().text().c_str());
    std::fflush(stdout);

    int recorded = 0, pushed = 0;
    for (int got = 0; got != SIGTERM;) {
        sigwait(&signals, &got);
        if (got == SIGUSR1) {
            bool const taken = telemetry.flush();
            std::printf("pushed %d: %s\n", ++pushed, taken ? "yes" : "no");
        } else if (got == SIGUSR2) {
            kinds.record();
            more.record();
            std::printf("recorded %d\n", ++recorded);
        }
        std::fflush(stdout);
    }
    telemetry.stop();
}
