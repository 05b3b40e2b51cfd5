// SPDX-License-Identifier: MIT
// One of the two files of a program that drops the single headers in: all that is inline is in both.
#include "tacho/record.hpp"
#include "tacho/tacho.hpp"

#include <cstdio>
#include <string>

void record_elsewhere(tacho::registry& in);

// A program's own names, of which some are those of the library's local variables.
[[maybe_unused]] static int at, c, end, found, i, into, line, n, name, of, out, s, size, text, to, value;

int main() {
    tacho::registry registry;
    record_elsewhere(registry);

    tacho::settings settings;
    settings.push.enabled = settings.scrape.enabled = true;
    tacho::memory_transport receiver;
    auto telemetry = tacho::telemetry::start(registry, settings, receiver, tacho::own_server{});
    bool const pushed = telemetry.flush() && receiver.requests().front().body.find("elsewhere") != std::string::npos;
    auto const answer = telemetry.endpoint()->respond({});
    bool const scraped = answer.body().find("elsewhere_total{place=\"other.cpp\"} 1\n") != std::string_view::npos;
    std::printf("pushed: %d, scraped: %d\n%s", pushed, scraped, telemetry.report().text().c_str());
    return pushed && scraped ? 0 : 1;
}
