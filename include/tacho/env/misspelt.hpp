// tacho: variables that look like one that counts, and are none.
#pragma once

#include "tacho/env/reader.hpp"
#include "tacho/env/source.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
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

// Whether at most two letters were left out, added or taken for others.
[[nodiscard]] inline bool is_nearly(std::string_view a, std::string_view b) noexcept {
    constexpr std::size_t most = 2, longest = 80;
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > most || b.size() > longest) return false;
    std::array<std::size_t, longest + 1> row{};  // of changes from the beginning of a to each beginning of b
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto corner = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            auto const changed = corner + (a[i] == b[j] ? 0 : 1);
            corner = row[j + 1];
            row[j + 1] = (std::min)({changed, row[j] + 1, corner + 1});
        }
    }
    return row[b.size()] <= most;
}

// Only names that are nearly right are warned of, and only where the right one is unset: variables of other signals and
// of other languages are many, and none of them is as near as that.
inline void warn_of_misspelt(reader& in, source const& from, std::string const& prefix) {
    std::string const otel = "OTEL_", own = prefix + "_";
    std::vector<std::string> known(std::begin(variables_that_count), std::end(variables_that_count));
    if (!prefix.empty())
        for (auto const* const flag : {"_PROMETHEUS_ENABLED", "_SCRAPE_METRICS_ENABLED", "_PUSH_METRICS_ENABLED"})
            known.push_back(prefix + flag);
    for (auto const& name : from.names()) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        for (auto const& meant : known) {
            auto const& beginning = meant.starts_with("OTEL_") ? otel : own;
            if (!name.starts_with(beginning) || !is_nearly(name, meant) || in.text(meant)) continue;
            in.warn("{} is not known and ignored. Is {} meant?", in_quotes(name), meant);
            break;
        }
    }
}

}  // namespace tacho::inline TACHO_ABI::env::detail
