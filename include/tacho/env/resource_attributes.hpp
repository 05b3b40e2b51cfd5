// SPDX-License-Identifier: MIT
// tacho: who is measured, as the environment says.
// Rule:
// https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/env/reader.hpp"
#include "tacho/version.hpp"

#if TACHO_BODIES

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#if defined(__linux__)
#include <unistd.h>
#endif

namespace tacho::inline TACHO_ABI::env::detail {

// `unknown_service:<executable>`, as OpenTelemetry names what has no name.
inline std::string unknown_service() {
    std::string name = "unknown_service";
#if defined(__linux__)
    char path[4096];
    auto const size = ::readlink("/proc/self/exe", path, sizeof path);
    if (size > 0) {
        std::string_view const exe{path, static_cast<std::size_t>(size)};
        name.append(":").append(exe.substr(exe.rfind('/') + 1));
    }
#endif
    return name;
}

inline void put(resource& in, std::string_view key, std::string value) {
    auto const at = std::find_if(in.begin(), in.end(), [&](auto const& a) { return a.key == key; });
    if (at != in.end())
        at->value = std::move(value);
    else
        in.push_back({std::string{key}, std::move(value)});
}

inline resource read_resource(reader& in, std::string const& service_name) {
    resource about{{"service.name", service_name.empty() ? unknown_service() : service_name},
                   {"telemetry.sdk.language", "cpp"},
                   {"telemetry.sdk.name", "tacho"},
                   {"telemetry.sdk.version", version}};
    for (auto& [key, value] : in.pairs("OTEL_RESOURCE_ATTRIBUTES", true)) {
        put(about, key, std::move(value));
        in.note("about", "OTEL_RESOURCE_ATTRIBUTES");
    }
    if (auto name = in.text("OTEL_SERVICE_NAME")) {
        put(about, "service.name", std::move(*name));
        in.note("about", "OTEL_SERVICE_NAME");
    }
    return about;
}

}  // namespace tacho::inline TACHO_ABI::env::detail

#endif
