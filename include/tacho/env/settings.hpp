// SPDX-License-Identifier: MIT
// tacho: settings as the environment says them.
// Rule: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/temporality.hpp"
#include "tacho/env/flag.hpp"
#include "tacho/env/misspelt.hpp"
#include "tacho/env/reader.hpp"
#include "tacho/env/resource_attributes.hpp"
#include "tacho/env/settings_text.hpp"
#include "tacho/env/settings_values.hpp"
#include "tacho/env/source.hpp"
#include "tacho/env/url.hpp"
#include "tacho/version.hpp"

#if TACHO_BODIES

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

namespace env::detail {

inline constexpr std::string_view shortest_url_help = "write it as http://host:port or https://host:port";

// Which exporters OTEL_METRICS_EXPORTER lists.
struct exporters {
    bool set = false, otlp = false, prometheus = false, console = false, none = false;
};

inline exporters read_exporters(reader& in) {
    exporters out;
    auto const value = in.text("OTEL_METRICS_EXPORTER");
    if (!value) return out;
    out.set = true;
    std::vector<std::string_view> const offered{"otlp", "prometheus", "console", "none"};
    bool* const listed[] = {&out.otlp, &out.prometheus, &out.console, &out.none};
    for (auto const item : split_list(*value)) {
        if (auto const at = index_of(item, offered))
            *listed[*at] = true;
        else
            in.warn(
                "OTEL_METRICS_EXPORTER lists {}, which is not offered and ignored. Offered are otlp, prometheus, "
                "console and none{}",
                in_quotes(item), which_is_meant(item, offered));
    }
    return out;
}

inline void read_url(reader& in, push_settings& push) {
    std::string const specific = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", generic = "OTEL_EXPORTER_OTLP_ENDPOINT";
    bool const whole = in.text(specific).has_value();
    auto const& name = whole ? specific : generic;
    auto const value = in.text(name);
    if (!value) return;
    in.note("push.problem", name);
    auto const parts = split_url(*value);
    if (!parts) {
        push.problem = name + "=" + in_quotes(without_credentials(*value)) +
                       " is not a URL with a scheme, a host and, if any, a port up to 65535; " +
                       std::string{shortest_url_help};
        if (lacks_only_a_scheme(*value)) push.problem += ". Is " + in_quotes("http://" + *value) + " meant?";
        return;
    }
    in.note("push.url", name);  // only now: what can't be used leaves the default
    push.url = *value;
    auto const path = parts->path.substr(0, parts->path.find_first_of("?#"));
    if (whole && (path.empty() || path == "/"))
        in.warn("{}={} has no path and is taken as it stands; a receiver's path is mostly /v1/metrics", name,
                in_quotes(without_credentials(*value)));
    if (!whole && (path.ends_with("/v1/metrics") || path.ends_with("/v1/metrics/")))
        in.warn("{}={} is a base, to which /v1/metrics is added once more; leave that out, or set {}", name,
                in_quotes(without_credentials(*value)), specific);
    if (whole) {  // taken as it stands
        if (parts->path.empty()) push.url += '/';
    } else {  // a base, to whose path the signal's is added; a query stays behind it, and a fragment is never sent
        push.url.erase((std::min)(push.url.find('#'), push.url.size()));
        auto const query = push.url.substr((std::min)(push.url.find('?'), push.url.size()));
        push.url.erase(push.url.size() - query.size());
        if (!push.url.ends_with('/')) push.url += '/';
        push.url.append("v1/metrics").append(query);
    }
}

inline std::chrono::milliseconds read_milliseconds(reader& in, std::string_view setting, std::string const& name,
                                                   std::chrono::milliseconds otherwise) {
    auto const read = in.milliseconds(name, otherwise);
    if (read) in.note(setting, name);
    return read.value_or(otherwise);
}

// What is said of metrics goes before what is said of all signals, if it can be used.
inline std::chrono::milliseconds read_milliseconds(reader& in, std::string_view setting, std::string const& specific,
                                                   std::string const& generic, std::chrono::milliseconds otherwise) {
    auto const value = in.text(specific);
    if (!value || !whole_number(*value, reader::most_milliseconds))
        otherwise = read_milliseconds(in, setting, generic, otherwise);
    return read_milliseconds(in, setting, specific, otherwise);
}

// One of the program's own variables; what is unclear changes nothing.
inline bool read_switch(reader& in, std::string_view setting, std::string const& name, bool otherwise) {
    auto const value = in.text(name);
    if (!value) return otherwise;
    if (is_truthy(*value) || is_falsy(*value)) {
        in.note(setting, name);
        return is_truthy(*value);
    }
    in.warn("{}={} is neither yes nor no; it counts as {}. Write 1, true, yes or on, or 0, false, no or off", name,
            in_quotes(*value), otherwise ? "yes" : "no");
    return otherwise;
}

// Why a header can't be sent with a push; empty when it can.
inline std::string_view why_not_a_header(attribute const& header) noexcept {
    constexpr std::string_view legal = "!#$%&'*+-.^_`|~";  // besides letters and digits (RFC 9110, 5.6.2)
    for (char const c : header.key)
        if (!tacho::detail::is_letter(c) && !tacho::detail::is_digit(c) && legal.find(c) == std::string_view::npos)
            return "its name is not one of HTTP; use letters, digits and -";
    for (char const c : header.value)
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F)
            return "its value has a line end or another control character in it; take that out";
    for (std::string_view const ours : {"content-type", "content-length", "content-encoding", "transfer-encoding",
                                        "connection", "host", "expect", "te", "trailer", "upgrade"})
        if (equals_ignoring_case(header.key, ours)) return "it is for the exporter to set; take it out";
    return {};
}

// Of several with one name the last one counts.
inline std::vector<attribute> read_headers(reader& in, std::string const& name) {
    std::vector<attribute> out;
    for (auto& header : in.pairs(name, false)) {
        if (auto const why = why_not_a_header(header); !why.empty()) {
            in.warn("{} has the header {}, which is left out: {}", name, in_quotes(header.key), why);
            continue;
        }
        std::erase_if(out, [&](auto const& other) { return equals_ignoring_case(other.key, header.key); });
        out.push_back(std::move(header));
    }
    return out;
}

inline push_settings read_push(reader& in, exporters const& listed) {
    push_settings push;
    bool const endpoint_set = in.text("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT").has_value();
    push.enabled = listed.set ? listed.otlp : endpoint_set;
    in.note("push.enabled", listed.set
                                ? "OTEL_METRICS_EXPORTER"
                                : in.first_set("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"));
    if (listed.set) push.why_off = "OTEL_METRICS_EXPORTER does not list otlp";
    read_url(in, push);

    // What is said of metrics goes before what is said of all signals, variable by variable.
    std::string const of_metrics = "OTEL_EXPORTER_OTLP_METRICS_", of_all = "OTEL_EXPORTER_OTLP_";
    auto const either = [&](std::string const& what) {
        return in.text(of_metrics + what) ? of_metrics + what : of_all + what;
    };
    // The variable that counts, and which of the words it says.
    auto const word = [&](std::string const& what, std::vector<std::string_view> const& words) {
        auto said = in.word(of_metrics + what, words);
        return said ? std::pair{of_metrics + what, said} : std::pair{of_all + what, in.word(of_all + what, words)};
    };
    auto const text = [&](std::string_view setting, std::string const& name) {
        in.note(setting, name);
        return in.text(name).value_or("");
    };
    push.headers = read_headers(in, either("HEADERS"));
    in.note("push.headers", either("HEADERS"));
    push.certificate = text("push.certificate", either("CERTIFICATE"));
    push.client_certificate = text("push.client_certificate", either("CLIENT_CERTIFICATE"));
    push.client_key = text("push.client_key", either("CLIENT_KEY"));

    auto const interval = read_milliseconds(in, "push.interval", "OTEL_METRIC_EXPORT_INTERVAL", push.interval);
    if (interval.count() != 0) {
        push.interval = interval;
    } else {
        in.forget("push.interval");
        in.warn("OTEL_METRIC_EXPORT_INTERVAL=0 would push without pause; write 1 or more. {} ms is used instead",
                push.interval.count());
    }
    // Of two limits on one push the shorter one counts; 0 is no limit.
    push.timeout = read_milliseconds(in, "push.timeout", of_metrics + "TIMEOUT", of_all + "TIMEOUT", push.timeout);
    auto const whole = in.milliseconds("OTEL_METRIC_EXPORT_TIMEOUT", std::chrono::milliseconds{30000});
    auto const limit = whole.value_or(std::chrono::milliseconds{30000});
    if (push.timeout.count() == 0 || (limit.count() != 0 && limit < push.timeout)) {
        push.timeout = limit;
        in.forget("push.timeout");
        in.note("push.timeout", "OTEL_METRIC_EXPORT_TIMEOUT");
    }

    std::string const temporality = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    if (auto const t = in.word(temporality, {"cumulative", "delta", "lowmemory"})) {
        push.temporality = static_cast<temporality_preference>(*t);
        in.note("push.temporality", temporality);
    }
    auto const [protocol_name, protocol] = word("PROTOCOL", {"http/json", "http/protobuf", "grpc"});
    if (protocol && *protocol != 0)
        in.warn("{}={} is not offered; http/json is sent. {}", protocol_name, in_quotes(*in.text(protocol_name)),
                *protocol == 1 ? "Most receivers of http/protobuf take it on the same port"
                               : "Receivers of gRPC take it on another port, mostly 4318 in place of 4317");
    auto const [compression_name, compression] = word("COMPRESSION", {"none", "gzip"});
    if (compression) in.note("push.compression", compression_name);
    if (compression && *compression != 0) push.compression = "gzip";
    if (auto const h = in.word("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                               {"explicit_bucket_histogram", "base2_exponential_bucket_histogram"});
        h && *h != 0)
        in.warn(
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION={} changes nothing: a histogram has the "
            "buckets that its instrument says. Use tacho::exponential_histogram for it",
            in_quotes(*in.text("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION")));
    return push;
}

// OpenTelemetry pairs it with 10 seconds, unless an interval is set for all that is exported periodically.
inline console_settings read_console(reader& in, exporters const& listed, std::chrono::milliseconds interval) {
    console_settings console;
    console.enabled = listed.console;
    if (listed.set) in.note("console.enabled", "OTEL_METRICS_EXPORTER");
    if (!in.variable_of("push.interval").empty()) {
        console.interval = interval;
        in.note("console.interval", "OTEL_METRIC_EXPORT_INTERVAL");
    }
    return console;
}

inline scrape_settings read_scrape(reader& in, exporters const& listed, std::string const& prefix) {
    scrape_settings scrape;
    auto const own = [&](char const* name) { return prefix.empty() ? std::string{} : prefix + name; };
    scrape.enabled = listed.prometheus;
    scrape.why_off = "not enabled; " + own("_PROMETHEUS_ENABLED") +
                     (prefix.empty() ? "OTEL_METRICS_EXPORTER=prometheus" : "=1") + " does that";
    if (listed.set) in.note("scrape.enabled", "OTEL_METRICS_EXPORTER");
    if (!prefix.empty())
        if (auto const value = in.text(own("_PROMETHEUS_ENABLED"))) {
            if (is_truthy(*value) || !listed.prometheus) in.note("scrape.enabled", own("_PROMETHEUS_ENABLED"));
            if (is_truthy(*value))
                scrape.enabled = true;
            else if (!is_falsy(*value))
                in.warn(
                    "{}={} is neither yes nor no; it counts as no. Write 1, true, yes or on, or 0, false, no or off",
                    own("_PROMETHEUS_ENABLED"), in_quotes(*value));
        }

    scrape.metrics = read_switch(in, "scrape.metrics", own("_SCRAPE_METRICS_ENABLED"), scrape.metrics);

    auto const first_set = [&](std::string const& name, std::string const& otherwise) {
        return !name.empty() && (in.text(name) || !in.text(otherwise)) ? name : otherwise;
    };
    auto const host_name = first_set(own("_METRICS_HOST"), "OTEL_EXPORTER_PROMETHEUS_HOST");
    auto const port_name = first_set(own("_METRICS_PORT"), "OTEL_EXPORTER_PROMETHEUS_PORT");
    auto const host = in.text(host_name);
    auto const port = in.text(port_name);
    scrape.own_port = host || port;
    scrape.variables = host_name + " and " + port_name;
    in.note("scrape.host", host_name);
    in.note("scrape.problem", port_name);
    if (host) scrape.host = without_brackets(*host);
    if (port) {
        // A port that was asked for and can't be is not replaced by another: nobody would look there.
        if (auto const number = whole_number(*port, 65535)) {
            in.note("scrape.port", port_name);
            scrape.port = static_cast<std::uint16_t>(*number);
        } else
            scrape.problem = port_name + "=" + in_quotes(*port) + " is not a port; write a number from 0 to 65535";
    }
    return scrape;
}

}  // namespace env::detail

TACHO_FUNCTION settings settings::from_environment(environment_options const& options, env::source const& from) {
    settings out;
    env::reader in{from, out.warnings};
    if (auto const name = in.first_set("OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"); !name.empty())
        in.warn("{} is set, but configuration files are not read; say it by the other variables, which count", name);
    if (auto const usable = env::detail::usable_prefix(options.prefix); usable != options.prefix)
        in.warn(
            "the prefix {} makes names that a shell can't set, or with two _ in a row; take letters, digits and _{}{}",
            env::in_quotes(options.prefix), usable.empty() ? "" : ", as in ", usable);
    auto const listed = env::detail::read_exporters(in);
    out.push = env::detail::read_push(in, listed);
    if (!options.prefix.empty())
        out.push.metrics =
            env::detail::read_switch(in, "push.metrics", options.prefix + "_PUSH_METRICS_ENABLED", false);
    out.console = env::detail::read_console(in, listed, out.push.interval);
    out.scrape = env::detail::read_scrape(in, listed, options.prefix);
    if (auto const f = in.word("OTEL_METRICS_EXEMPLAR_FILTER", {"always_off", "trace_based", "always_on"}))
        out.exemplars = static_cast<exemplar_filter>(*f);
    if (out.exemplars) in.note("exemplars", "OTEL_METRICS_EXEMPLAR_FILTER");
    out.about = env::detail::read_resource(in, options.service_name);
    bool const disabled = in.boolean("OTEL_SDK_DISABLED");
    if (disabled || listed.none) {
        out.push.enabled = out.scrape.enabled = out.console.enabled = false;
        out.push.why_off = out.scrape.why_off =
            disabled ? "OTEL_SDK_DISABLED is true" : "OTEL_METRICS_EXPORTER lists none";
        for (auto const setting : {"push.enabled", "scrape.enabled", "console.enabled"})
            in.note(setting, disabled ? "OTEL_SDK_DISABLED" : "OTEL_METRICS_EXPORTER");
    }
    if (out.push.enabled) env::detail::warn_of_grpc_port(in, out.push);
    env::detail::warn_of_misspelt(in, from, options.prefix);
    for (auto& [setting, value] : env::detail::values_of(out))
        out.as_read.push_back({setting, std::move(value), in.variable_of(setting)});
    return out;
}

}  // namespace tacho::inline TACHO_ABI

#endif
