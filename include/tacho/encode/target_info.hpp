// SPDX-License-Identifier: MIT
// tacho: a resource as the labels of Prometheus' target_info.
// Rule: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#resource-attributes-1
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/escaping.hpp"
#include "tacho/core/label_text.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/translation.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// `{service_name="shop",service_version="2"}`: keys made legal and sorted, values escaped; keys that became the same
/// have their values joined by `;`, in the order of the original keys. Empty for an empty resource. Strategies that
/// keep characters keep the keys, as this escaping shows them: `{"service.name"="shop"}`.
[[nodiscard]] std::string target_info_labels(
    resource const& of, translation_strategy how = translation_strategy::underscore_escaping_with_suffixes,
    escaping names = escaping::underscores);

#if TACHO_BODIES

namespace detail {

// The key as a label name: illegal characters become `_`, one for each byte run, and a leading digit gets a prefix.
[[nodiscard]] inline std::string resource_label_name(std::string_view key) {
    std::string name;
    for (char const c : key) {
        bool const legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (legal)
            name += c;
        else if (name.empty() || name.back() != '_')
            name += '_';
    }
    if (!name.empty() && name.front() >= '0' && name.front() <= '9') name.insert(0, "key_");
    if (name.starts_with("_")) name.insert(0, "key");  // a leading underscore is reserved
    return name;
}

// The key as it is, and then as an escaping has it. Prometheus reads no NUL in a name.
[[nodiscard]] inline std::string escaped_resource_name(std::string_view key, escaping names) {
    std::string clean{key};
    std::replace(clean.begin(), clean.end(), '\0', '_');
    auto name = escaped_name(clean, names);
    if (name.starts_with("_")) name.insert(0, "key");
    return name;
}

// A name as a label is called: in quotes unless every client can read it.
[[nodiscard]] inline std::string label_in_quotes(std::string_view name) {
    if (is_plain_name(name)) return std::string{name};
    std::string escaped(escaped_size(name), '\0');
    write_escaped(name, escaped.data());
    return '"' + escaped + '"';
}

}  // namespace detail

TACHO_FUNCTION std::string target_info_labels(resource const& of, translation_strategy how, escaping names) {
    auto sorted = of;
    for (auto& [key, value] : sorted) key = to_utf8(key);
    std::stable_sort(sorted.begin(), sorted.end(), [](auto const& a, auto const& b) { return a.key < b.key; });
    std::map<std::string, std::string> labels;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        auto const& [key, value] = sorted[i];
        if (i + 1 < sorted.size() && sorted[i + 1].key == key) continue;  // the last of a key counts, as in OTLP
        auto const name =
            keeps_characters(how) ? detail::escaped_resource_name(key, names) : detail::resource_label_name(key);
        if (name.empty()) continue;
        auto const clean = to_utf8(value);
        auto const [at, added] = labels.try_emplace(name, clean);
        if (!added) at->second.append(";").append(clean);
    }
    std::string text;
    for (auto const& [name, value] : labels) {
        if (value.empty()) continue;
        std::string escaped(detail::escaped_size(value), '\0');
        detail::write_escaped(value, escaped.data());
        text.append(text.empty() ? "{" : ",")
            .append(detail::label_in_quotes(name))
            .append("=\"")
            .append(escaped)
            .append("\"");
    }
    return text.empty() ? text : text + "}";
}

#endif

}  // namespace tacho::inline TACHO_ABI
