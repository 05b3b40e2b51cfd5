// SPDX-License-Identifier: MIT
// A fuzzer's subject: variables of the environment (CONFORMANCE 190-198).
#pragma once

#include "fuzz/input.hpp"

#include "tacho/core/utf8.hpp"
#include "tacho/env/misspelt.hpp"
#include "tacho/env/settings.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

using variables = std::map<std::string, std::string>;

inline tacho::settings settings_of(variables const& v) {
    return tacho::settings::from_environment({.prefix = "FUZZ", .service_name = "fuzz"}, tacho::env::source{v});
}

// Any bytes in each variable: a warning names it, nothing tells what is secret, and one way out never turns the other
// on.
inline void environment_of_any_bytes(input bytes) {
    static constexpr std::array<std::string_view, 20> names{"OTEL_EXPORTER_OTLP_ENDPOINT",
                                                            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                                                            "OTEL_EXPORTER_OTLP_HEADERS",
                                                            "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
                                                            "OTEL_RESOURCE_ATTRIBUTES",
                                                            "OTEL_SERVICE_NAME",
                                                            "OTEL_METRICS_EXPORTER",
                                                            "OTEL_METRIC_EXPORT_INTERVAL",
                                                            "OTEL_METRIC_EXPORT_TIMEOUT",
                                                            "OTEL_EXPORTER_OTLP_TIMEOUT",
                                                            "OTEL_EXPORTER_OTLP_PROTOCOL",
                                                            "OTEL_EXPORTER_OTLP_COMPRESSION",
                                                            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                                                            "OTEL_METRICS_EXEMPLAR_FILTER",
                                                            "OTEL_SDK_DISABLED",
                                                            "OTEL_EXPORTER_PROMETHEUS_HOST",
                                                            "FUZZ_METRICS_PORT",
                                                            "FUZZ_PROMETHEUS_ENABLED",
                                                            "FUZZ_SCRAPE_METRICS_ENABLED",
                                                            "FUZZ_PUSH_METRICS_ENABLED"};
    variables v;
    for (int n = 0; n < 12 && !bytes.is_at_end(); ++n) {
        std::string const name{bytes.pick(names)};
        auto value = bytes.text();
        value.erase(std::remove(value.begin(), value.end(), '\0'), value.end());  // which the environment can't have
        v[name] = value;
    }
    // Of a header's value nothing is ever shown, however the list around it is broken.
    std::string const secret = "5ecret";
    auto& headers = v["OTEL_EXPORTER_OTLP_HEADERS"];
    bool const is_secret = headers.find(secret) == std::string::npos;
    headers += ",api-key=" + secret;
    auto const s = settings_of(v);
    auto said = s.text();
    need(tacho::is_valid_utf8(said), "settings that are no UTF-8");
    for (auto const& warning : s.warnings) {
        need(tacho::is_valid_utf8(warning) && warning.size() < 1000, "a warning that is not fit to be read");
        need(std::any_of(names.begin(), names.end(), [&](auto name) { return warning.find(name) != warning.npos; }),
             "a warning that names no variable: " + warning);
        said += warning;
    }
    bool elsewhere = false;
    for (auto const& [name, value] : v)
        elsewhere |= name.find("HEADERS") == std::string::npos && value.find(secret) != std::string::npos;
    if (is_secret && !elsewhere) need(said.find(secret) == std::string::npos, "a header's value is told");

    need(s.push.interval.count() > 0 && s.push.timeout.count() >= 0, "a time that can't be");
    for (auto const& header : s.push.headers)
        need(header.value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos,
             "a header within a header");
    auto without = v;
    for (auto const* const name : {"FUZZ_PROMETHEUS_ENABLED", "FUZZ_METRICS_PORT", "OTEL_EXPORTER_PROMETHEUS_HOST"})
        without.erase(name);
    need(settings_of(without).push.enabled == s.push.enabled && settings_of(without).push.url == s.push.url,
         "what concerns scrapes changes the push");
}

inline std::string encoded(std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        out.append(1, '%').append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    }
    return out;
}

// Attributes and headers that are written as they should be come out as they went in; the last one of a key counts.
inline void environment_of_pairs(input bytes) {
    std::vector<std::pair<std::string, std::string>> pairs;
    std::string attributes;
    std::map<std::string, std::string> expected;
    for (int n = 0; n < 20 && !bytes.is_at_end(); ++n) {
        auto const key = bytes.text(), value = bytes.text();
        auto const blank = bytes.pick(blanks);
        if (key.empty()) continue;
        attributes.append(attributes.empty() ? "" : ",").append(blank).append(encoded(key)).append(blank).append("=");
        attributes.append(blank).append(encoded(value)).append(blank);
        expected[key] = value;
    }
    auto const s = settings_of({{"OTEL_RESOURCE_ATTRIBUTES", attributes}});
    need(s.warnings.empty(), "a warning of what is right");
    for (auto const& one : expected) {
        auto const at = std::find_if(s.about.begin(), s.about.end(), [&](auto const& a) { return a.key == one.first; });
        need(at != s.about.end() && at->value == one.second, "an attribute is lost");
    }
    need(std::count_if(s.about.begin(), s.about.end(), [&](auto const& a) { return expected.contains(a.key); }) ==
             static_cast<std::ptrdiff_t>(expected.size()),
         "an attribute is there twice");
}

// Numbers mean what they say, and nothing else is taken for one.
inline void environment_of_numbers(input bytes) {
    auto const text = bytes.text();
    auto const value = text.substr(0, text.find('\0'));
    std::string_view trimmed = value;
    constexpr std::string_view blank = " \t\n\v\f\r";
    while (!trimmed.empty() && blank.find(trimmed.front()) != blank.npos) trimmed.remove_prefix(1);
    while (!trimmed.empty() && blank.find(trimmed.back()) != blank.npos) trimmed.remove_suffix(1);
    bool const digits = !trimmed.empty() && trimmed.find_first_not_of("0123456789") == trimmed.npos;
    std::uint64_t number = 0;
    for (char const c : trimmed)
        if (digits) number = std::min(number * 10 + static_cast<std::uint64_t>(c - '0'), std::uint64_t{1} << 40);

    auto const s = settings_of({{"OTEL_METRIC_EXPORT_INTERVAL", value}, {"FUZZ_METRICS_PORT", value}});
    bool const is_interval = digits && number != 0 && number <= 2147483647u;
    need(s.push.interval.count() == (is_interval ? static_cast<std::int64_t>(number) : 60000), "an interval");
    bool const is_port = digits && number <= 65535u;
    need(s.scrape.problem.empty() == (is_port || trimmed.empty()), "whether it is a port");
    if (is_port) need(s.scrape.port == number, "a port");
    need(s.warnings.empty() == (is_interval || trimmed.empty()), "whether an interval is warned of");
}

// A name of which some letters are others is of no variable, and changes nothing but what is warned of.
inline void environment_of_names(input bytes) {
    auto const& known = tacho::env::detail::variables_that_count;
    variables v;
    for (int n = 0; n < 8 && !bytes.is_at_end(); ++n) {
        std::string name{known[bytes.pick(std::size(known))]};
        auto const other = static_cast<char>(bytes.pick(255) + 1);
        auto const at = bytes.pick(name.size());
        switch (bytes.pick(5)) {
            case 0: name[at] = other; break;
            case 1: name.erase(at, 1); break;
            case 2: name.insert(at, 1, other); break;
            case 3: name += other; break;
            default: name = "FUZZ_" + bytes.text(); break;
        }
        name.erase(std::remove_if(name.begin(), name.end(), [](char c) { return c == '\0' || c == '='; }), name.end());
        bool const counts = std::find(std::begin(known), std::end(known), name) != std::end(known);
        if (!counts && name != "FUZZ_PROMETHEUS_ENABLED" && name != "FUZZ_METRICS_PORT" &&
            name != "FUZZ_METRICS_HOST" && name != "FUZZ_SCRAPE_METRICS_ENABLED" && name != "FUZZ_PUSH_METRICS_ENABLED")
            v[name] = "5ecret";
    }
    auto const s = settings_of(v);
    need(s.text() == settings_of({}).text(), "a name of no variable changes something");
    need(s.warnings.size() <= v.size(), "a name is warned of twice");
    for (auto const& warning : s.warnings)
        need(tacho::is_valid_utf8(warning) && warning.size() < 1000 && warning.find("5ecret") == warning.npos &&
                 (warning.find("OTEL_") != warning.npos || warning.find("FUZZ_") != warning.npos),
             "a warning that is not fit to be read: " + warning);
}

inline void environment(std::string_view bytes) {
    environment_of_any_bytes(input{bytes});
    environment_of_pairs(input{bytes});
    environment_of_numbers(input{bytes});
    environment_of_names(input{bytes});
}

}  // namespace fuzz
