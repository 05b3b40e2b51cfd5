// SPDX-License-Identifier: MIT
// tacho: what is written in place of what is meant: variables that look like one that counts, and their values.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/edit_distance.hpp"
#include "tacho/env/reader.hpp"
#include "tacho/env/settings_values.hpp"
#include "tacho/env/source.hpp"
#include "tacho/env/url.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tacho::inline TACHO_ABI::env::detail {

// Those that change something here, but for a prefix's.
inline constexpr std::string_view variables_that_count[] = {
    "OTEL_SDK_DISABLED",
    "OTEL_METRICS_EXPORTER",
    "OTEL_METRICS_EXEMPLAR_FILTER",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_METRIC_EXPORT_TIMEOUT",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_EXPORTER_PROMETHEUS_HOST",
    "OTEL_EXPORTER_PROMETHEUS_PORT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
    "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
};

// Behind the program's own prefix; what else a program has there is mostly its own.
inline constexpr std::string_view flags_behind_a_prefix[] = {"_PROMETHEUS_ENABLED", "_SCRAPE_METRICS_ENABLED",
                                                             "_PUSH_METRICS_ENABLED"};
// For the two whose last words are too short to tell what is nearly one, what is written in place of them.
inline constexpr std::string_view places_behind_a_prefix[][2] = {{"_METRIC_HOST", "_METRICS_HOST"},
                                                                 {"_METRIC_PORT", "_METRICS_PORT"},
                                                                 {"_PROMETHEUS_HOST", "_METRICS_HOST"},
                                                                 {"_PROMETHEUS_PORT", "_METRICS_PORT"}};

#if TACHO_BODIES

// What is left of a prefix of environment variables that doesn't begin with a digit, has letters, digits and _, and
// ends with none of the latter, which is put behind it.
[[nodiscard]] inline std::string usable_prefix(std::string_view prefix) {
    std::string out;
    for (char const c : prefix) {
        bool const is_word = tacho::detail::is_letter(c) || c == '_' || (tacho::detail::is_digit(c) && !out.empty());
        if (is_word || !out.empty()) out += is_word ? c : '_';
    }
    while (out.ends_with('_')) out.pop_back();
    return out;
}

// Whether it is a host and a port, perhaps with a path. Nothing that may be a secret, for it is shown.
[[nodiscard]] inline bool lacks_only_a_scheme(std::string const& value) {
    auto const whole_url = "http://" + value;
    auto const parts = split_url(whole_url);
    if (!parts || value.find_first_of("@?#") != value.npos || value.find("://") != value.npos) return false;
    auto const port = parts->authority.substr((std::min)(parts->authority.rfind(':'), parts->authority.size()));
    return port.size() > 1 && port.find_first_not_of("0123456789", 1) == port.npos;
}

// An address of IPv6 as it is written in a URL.
[[nodiscard]] inline std::string without_brackets(std::string const& host) {
    bool const has_them = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    return has_them ? host.substr(1, host.size() - 2) : host;
}

// Unless the variable that asks for gRPC has been warned of.
inline void warn_of_grpc_port(reader& in, push_settings const& push) {
    auto const name = in.variable_of("push.url");
    auto const to = split_url(push.url);
    auto const protocol = in.text("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
    if (name.empty() || !to || !to->authority.ends_with(":4317") || equals_ignoring_case(protocol.value_or(""), "grpc"))
        return;
    in.warn(
        "{}={} has the port on which receivers mostly take gRPC; the one for http/json, which is sent, is mostly 4318",
        name, in_quotes(without_credentials(*in.text(name))));
}

// What a name behind a prefix is written in place of; empty where nothing is as near.
[[nodiscard]] inline std::string meant_behind_prefix(std::string_view name, std::string const& prefix) {
    if (prefix.empty()) return {};
    for (auto const& [written, meant] : places_behind_a_prefix)
        if (name == prefix + std::string{written}) return prefix + std::string{meant};
    for (auto const flag : flags_behind_a_prefix) {
        auto meant = prefix + std::string{flag};
        bool const is_nearly = name.starts_with(prefix + "_") && tacho::detail::edit_distance(name, meant, 3) < 3;
        // Only that where the prefix itself differs: another program's may do so in a letter.
        if (name != meant && (is_nearly || tacho::detail::is_swapped(name, meant))) return meant;
    }
    return {};
}

// Only names that are nearly right, at most two letters off, are warned of, and only where the right one is unset:
// variables of other signals and of other languages are many, and none of them is as near as that.
inline void warn_of_misspelt(reader& in, source const& from, std::string const& prefix) {
    auto const warn = [&](std::string const& name, std::string_view meant) {
        if (!in.text(std::string{meant})) in.warn("{} is not known and ignored. Is {} meant?", in_quotes(name), meant);
    };
    for (auto const& name : from.names()) {
        if (auto const meant = meant_behind_prefix(name, prefix); !meant.empty()) {
            warn(name, meant);
            continue;
        }
        auto const end = std::end(variables_that_count);
        if (!name.starts_with("OTEL_") || std::find(std::begin(variables_that_count), end, name) != end) continue;
        auto const is_near = [&](std::string_view meant) { return tacho::detail::edit_distance(name, meant, 3) < 3; };
        if (auto const at = std::find_if(std::begin(variables_that_count), end, is_near); at != end) warn(name, *at);
    }
}

#endif

}  // namespace tacho::inline TACHO_ABI::env::detail
