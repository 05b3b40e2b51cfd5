// SPDX-License-Identifier: MIT
// The reference service: a small inference server whose telemetry is scraped and pushed at once.
//
//     reference                shows itself at work, and ends
//     reference --whole        likewise, and all of what leaves it
//     reference --serve        stays up until it is interrupted
//     reference --plain        the same, with no way out but what the environment asks for
//     reference --port N       serves the API on port N of 127.0.0.1 instead of any free one
//
// What leaves the process is decided by the environment: OGX_PROMETHEUS_ENABLED, OGX_METRICS_HOST, OGX_METRICS_PORT,
// OTEL_EXPORTER_OTLP_ENDPOINT and the other variables of OpenTelemetry. OGX_API_TOKEN is the API's bearer token.
#include "metrics.hpp"
#include "otlp_receiver.hpp"
#include "server.hpp"
#include "tour.hpp"

#include <tacho/adapter/curl.hpp>
#include <tacho/adapter/httplib.hpp>
#include <tacho/tacho.hpp>

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace {

struct arguments {
    bool serve = false;
    bool plain = false;
    bool whole = false;
    int port = 0;
    bool good = true;
};

arguments read(int count, char** values) {
    arguments out;
    for (int i = 1; i < count; ++i) {
        std::string_view const word = values[i];
        if (word == "--serve")
            out.serve = true;
        else if (word == "--plain")
            out.serve = out.plain = true;
        else if (word == "--whole")
            out.whole = true;
        else if (word == "--port" && i + 1 < count)
            out.port = std::atoi(values[++i]);
        else
            out.good = false;
    }
    return out;
}

// What the environment leaves open, the example decides: both ways out, and a receiver of its own to push to.
tacho::settings choose_settings(bool plain, bool serve, std::optional<ogx::otlp_receiver>& receiver) {
    auto settings = tacho::settings::from_environment({.prefix = "OGX", .service_name = "ogx"});
    if (plain) return settings;
    if (!settings.push.enabled) {
        receiver.emplace();
        settings.push.enabled = true;
        settings.push.url = receiver->url();
    }
    settings.scrape.enabled = true;
    settings.scrape.metrics =
        settings.scrape.metrics && serve;  // the tour compares a page and a push, number by number
    return settings;
}

// The standalone listener is for those who ask for a host or port of its own; otherwise the API server answers.
tacho::telemetry start(tacho::registry& registry, tacho::settings const& settings) {
    tacho::curl_transport transport;
    if (settings.scrape.own_port)
        return tacho::telemetry::start(registry, settings, std::move(transport), tacho::httplib_listener{});
    return tacho::telemetry::start(registry, settings, std::move(transport), tacho::own_server{});
}

}  // namespace

int main(int count, char** values) {
    auto const given = read(count, values);
    if (!given.good) {
        std::fputs("usage: reference [--whole | --serve | --plain] [--port N]\n", stderr);
        return 2;
    }
    // Signals are waited for by this thread alone, so that shutting down is ordinary code.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    std::optional<ogx::otlp_receiver> receiver;
    auto const settings = choose_settings(given.plain, given.serve, receiver);

    // The example's series carry the reference's labels alone, hence no otel_scope_name.
    tacho::registry registry{{.scope_labels = false}};
    ogx::metrics metrics{registry};
    auto telemetry = start(registry, settings);

    char const* const token = std::getenv("OGX_API_TOKEN");
    ogx::server server{metrics, telemetry, token != nullptr ? token : "secret"};
    int const port = server.bind(given.port);
    if (port < 0) {
        fmt::print(stderr, "can't listen on 127.0.0.1:{}: is the port in use? Choose another with --port\n",
                   given.port);
        return 1;
    }
    std::thread serving{[&] { server.run(); }};
    auto const api = fmt::format("http://127.0.0.1:{}", port);

    int code = 0;
    if (given.serve) {
        fmt::print("api {}\n", api);
        auto const report = telemetry.report();
        if (report.scrape.port != 0)
            fmt::print("metrics http://{}:{}/metrics\n", settings.scrape.host, report.scrape.port);
        if (report.scrape.running && report.scrape.port == 0) fmt::print("metrics {}/v1/metrics\n", api);
        if (receiver) fmt::print("otlp {}\n", receiver->url());
        fmt::print("{}ready\n", report.text());
        std::fflush(stdout);
        int got = 0;
        sigwait(&signals, &got);
    } else {
        code = ogx::tour(port, telemetry, receiver, given.whole);
    }
    telemetry.stop();  // a last push, five seconds at most
    server.stop();
    serving.join();
    return code;
}
