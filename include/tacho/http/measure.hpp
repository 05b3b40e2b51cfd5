// SPDX-License-Identifier: MIT
// tacho: a request measured by the route that its path matches: what each adapter for a web server begins with.
#pragma once

#include "tacho/http/measured_request.hpp"
#include "tacho/http/route_table.hpp"
#include "tacho/version.hpp"

#include <string_view>

namespace tacho::inline TACHO_ABI::http {

/// Begins to measure the request that `start` tells of, under the route that its verb and path match. What no route
/// matches is one route, without a pattern; what is excluded is not measured. HEAD belongs to the route of GET where it
/// has none of its own. Allocates nothing where the series exist. The metrics and routes must outlive what it returns.
template <request_metrics Metrics>
[[nodiscard]] measured_request<Metrics> measure(Metrics& metrics, route_table<> const& routes,
                                                excluded_paths const& excluded, std::string_view target,
                                                request_start start) noexcept {
    if (excluded.contains(target)) return {};
    auto const* found = routes.find(start.verb, target);
    if (found == nullptr && start.verb == "HEAD") found = routes.find("GET", target);
    if (found != nullptr) {
        start.api = found->route.api;
        start.operation = found->route.method;
        start.route = found->pattern;
    }
    return {metrics, start};
}

}  // namespace tacho::inline TACHO_ABI::http
