// SPDX-License-Identifier: MIT
// tacho: variables that look like one that counts, and are none.
#pragma once

#include "tacho/core/edit_distance.hpp"
#include "tacho/env/reader.hpp"
#include "tacho/env/source.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <iterator>
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

// Behind the program's own prefix.
inline constexpr std::string_view words_behind_a_prefix[] = {
    "_PROMETHEUS_ENABLED", "_METRICS_HOST", "_METRICS_PORT", "_SCRAPE_METRICS_ENABLED", "_PUSH_METRICS_ENABLED",
};

// A prefix that may be the program's own misspelt, and not that of another program; short ones are too near each other.
[[nodiscard]] inline bool is_nearly_prefix(std::string_view name, std::string const& prefix) {
    if (prefix.size() < 4) return false;
    return std::any_of(std::begin(words_behind_a_prefix), std::end(words_behind_a_prefix), [&](std::string_view word) {
        return name.ends_with(word) &&
               tacho::detail::edit_distance(name.substr(0, name.size() - word.size()), prefix, 3) < 3;
    });
}

// Only names that are nearly right, at most two letters off, are warned of, and only where the right one is unset:
// variables of other signals and of other languages are many, and none of them is as near as that.
inline void warn_of_misspelt(reader& in, source const& from, std::string const& prefix) {
    std::string const otel = "OTEL_", own = prefix + "_";
    std::vector<std::string> known(std::begin(variables_that_count), std::end(variables_that_count));
    if (!prefix.empty())
        for (auto const word : words_behind_a_prefix) known.push_back(prefix + std::string{word});
    for (auto const& name : from.names()) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        for (auto const& meant : known) {
            auto const& beginning = meant.starts_with("OTEL_") ? otel : own;
            bool const is_nearly = tacho::detail::edit_distance(name, meant, 3) < 3;
            bool const may_be = name.starts_with(beginning) || is_nearly_prefix(name, prefix);
            if (!may_be || !is_nearly || in.text(meant)) continue;
            in.warn("{} is not known and ignored. Is {} meant?", in_quotes(name), meant);
            break;
        }
    }
}

}  // namespace tacho::inline TACHO_ABI::env::detail
