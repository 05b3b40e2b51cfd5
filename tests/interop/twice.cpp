// SPDX-License-Identifier: MIT
// Starts telemetry on one registry three times, as the parts of a program do that do not know of each other: first
// without scrapes, then with all that the environment asks for, then the same again by an object that ends at once.
// Prints each report, then `ready`. SIGUSR1 pushes now; SIGTERM ends it.
#include <tacho/adapter/curl.hpp>
#include <tacho/adapter/httplib.hpp>
#include <tacho/tacho.hpp>

#include <csignal>
#include <cstdio>

namespace {

void print(char const* which, tacho::telemetry const& of) {
    auto const report = of.report();
    std::printf("%s push: %s\n%s scrape: %s\n", which, report.push.words.c_str(), which, report.scrape.words.c_str());
}

}  // namespace

int main() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    tacho::registry registry;
    tacho::counter<"starts"> starts{registry, "How often telemetry was started"};
    auto const all = tacho::settings::from_environment({.prefix = "OGX", .service_name = "twice"});
    auto no_scrapes = all;
    no_scrapes.scrape.enabled = false;
    auto const start = [&](tacho::settings const& by) {
        starts.inc();
        return tacho::telemetry::start(registry, by, tacho::curl_transport{}, tacho::httplib_listener{});
    };

    auto first = start(no_scrapes);
    print("first", first);
    auto second = start(all);
    print("second", second);
    print("third", start(all));
    std::printf("ready\n");
    std::fflush(stdout);

    for (int got = 0; got != SIGTERM;) {
        sigwait(&signals, &got);
        if (got == SIGUSR1) std::printf("pushed: %s\n", first.flush() ? "yes" : "no");
        std::fflush(stdout);
    }
    second.stop();
    first.stop();
}
