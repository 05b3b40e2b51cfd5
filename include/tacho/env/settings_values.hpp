// SPDX-License-Identifier: MIT
// tacho: what the environment asks for: whether and where numbers leave the process.
#pragma once

#include "tacho/core/exemplar.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/temporality.hpp"
#include "tacho/env/source.hpp"
#include "tacho/version.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// How numbers are pushed. Change what the environment said before telemetry starts: the program has the last word.
struct push_settings {
    bool enabled = false;                                  ///< whether there are pushes
    std::string url = "http://localhost:4318/v1/metrics";  ///< of the request, whole, such as .../v1/metrics
    std::vector<attribute> headers = {};                   ///< sent with each request; their values are never logged
    std::chrono::milliseconds interval{60000};             ///< from the start of one push to that of the next
    std::chrono::milliseconds timeout{10000};  ///< of one push, with all retries; 0 for no limit but the interval
    /// Totals or deltas (OpenTelemetry's lists).
    temporality_preference temporality = temporality_preference::cumulative;
    std::string compression = {};  ///< `gzip`, for programs that give telemetry::start a compressor; empty for none
    bool metrics = false;          ///< show how it is pushed, as `tacho_pushes_total` and others
    std::string certificate = {};  ///< PEM files for https, which telemetry hands to the transport
    std::string client_certificate = {};  ///< PEM file, for receivers that want one
    std::string client_key = {};          ///< PEM file of its key
    /// For the report, when it is not enabled.
    std::string why_off = "no OTLP endpoint is set (OTEL_EXPORTER_OTLP_ENDPOINT)";
    std::string problem = {};  ///< why it can't work, if so
};

/// How numbers are scraped.
struct scrape_settings {
    bool enabled = false;                 ///< whether an endpoint answers
    bool own_port = false;                ///< a host or port was asked for, so a listener of its own is wanted
    std::string host = "127.0.0.1";       ///< where a listener listens; loopback unless told otherwise
    std::uint16_t port = 9464;            ///< the same; 0: any that is free
    bool prefer_text_1_0_0 = false;       ///< for clients that ask for nothing in particular
    bool created = false;                 ///< tell in OpenMetrics when series began, as `_created`
    bool metrics = true;                  ///< show how it is scraped, as `tacho_scrapes_total` and others
    std::string why_off = "not enabled";  ///< for the report, when it is not enabled
    std::string problem = {};             ///< why the listener can't work, if so
    std::string variables = {};           ///< for messages: those of host and port, as in "A_HOST and A_PORT"
};

/// Whether each collection is also written to the standard output, as a line of OTLP in JSON.
struct console_settings {
    bool enabled = false;                       ///< whether it is written
    std::chrono::milliseconds interval{10000};  ///< from start to start
};

/// A value as it was read, and the variable that it came from; empty for a default.
struct setting_origin {
    std::string_view setting;  ///< such as `push.interval`
    std::string value;         ///< as text() shows it
    std::string variable;      ///< such as `OTEL_METRIC_EXPORT_INTERVAL`
};

/// Where the program's own variables and defaults differ from OpenTelemetry's.
struct environment_options {
    std::string prefix = {};        ///< "OGX" makes OGX_PROMETHEUS_ENABLED, OGX_METRICS_HOST and the like count
    std::string service_name = {};  ///< of the resource, when the environment names none
};

/// All that telemetry needs to know. A value; every member may be set by the program instead.
struct settings {
    push_settings push;                             ///< to a receiver of OTLP
    scrape_settings scrape;                         ///< by Prometheus and its like
    console_settings console;                       ///< for people
    std::optional<exemplar_filter> exemplars = {};  ///< which measurements become exemplars, if it is said
    resource about;  ///< who is measured: service.name, telemetry.sdk.* and what the environment adds
    std::vector<std::string> warnings;  ///< variables that could not be used: name, value, and what was taken instead
    std::vector<setting_origin> as_read = {};  ///< for text()

    /// Reads the environment. Never fails: what is wrong is a warning, or the problem of the one path that it concerns.
    [[nodiscard]] static settings from_environment(environment_options const& options = {},
                                                   env::source const& from = {});

    /// A line for each setting: its value, and whether that is the default, came from a variable, or was set by the
    /// program since. No header's value, no password, and nothing of what a file of certificates has in it.
    [[nodiscard]] std::string text() const;
};

}  // namespace tacho::inline TACHO_ABI
