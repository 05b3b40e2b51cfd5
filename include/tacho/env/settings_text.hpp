// SPDX-License-Identifier: MIT
// tacho: settings as text: what counts, and where it came from.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/env/reader.hpp"
#include "tacho/env/settings_values.hpp"
#include "tacho/env/url.hpp"
#include "tacho/version.hpp"

#if TACHO_BODIES

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tacho::inline TACHO_ABI {

namespace env::detail {

// What settings have to show of themselves, in a fixed order.
inline std::vector<std::pair<std::string_view, std::string>> values_of(settings const& s) {
    auto const yes_or_no = [](bool is) { return std::string{is ? "yes" : "no"}; };
    auto const time = [](std::chrono::milliseconds t) { return fmt::format("{} ms", t.count()); };
    auto const text = [](std::string_view t) { return t.empty() ? std::string{"none"} : in_quotes(t, t.size()); };
    constexpr std::string_view temporalities[] = {"cumulative", "delta", "lowmemory"},
                               filters[] = {"always_off", "trace_based", "always_on"};
    // A name may be any bytes, and must not end a line either.
    auto const name = [](std::string_view t) {
        auto const quoted = in_quotes(t, t.size());
        return quoted.substr(1, quoted.size() - 2);
    };
    std::string headers, about;
    for (auto const& header : s.push.headers) headers.append(headers.empty() ? "" : ", ").append(name(header.key));
    for (auto const& [key, value] : s.about)
        about.append(about.empty() ? "" : ", ").append(name(key)).append("=").append(text(value));
    std::vector<std::pair<std::string_view, std::string>> all{
        {"push.enabled", yes_or_no(s.push.enabled)},
        {"push.url", text(without_credentials(s.push.url))},
        {"push.headers", headers.empty() ? "none" : headers + ", whose values are not shown"},
        {"push.interval", time(s.push.interval)},
        {"push.timeout", time(s.push.timeout)},
        {"push.temporality", std::string{temporalities[static_cast<std::size_t>(s.push.temporality)]}},
        {"push.compression", text(s.push.compression)},
        {"push.metrics", yes_or_no(s.push.metrics)},
        {"push.certificate", text(s.push.certificate)},
        {"push.client_certificate", text(s.push.client_certificate)},
        {"push.client_key", text(s.push.client_key)},
        {"console.enabled", yes_or_no(s.console.enabled)},
        {"console.interval", time(s.console.interval)},
        {"scrape.enabled", yes_or_no(s.scrape.enabled)},
        {"scrape.host", text(s.scrape.host)},
        {"scrape.port", std::to_string(s.scrape.port)},
        {"scrape.created", yes_or_no(s.scrape.created)},
        {"scrape.metrics", yes_or_no(s.scrape.metrics)},
        {"exemplars", s.exemplars ? std::string{filters[static_cast<std::size_t>(*s.exemplars)]}
                                  : std::string{"as the registry says"}},
        {"about", about}};
    if (!s.push.problem.empty()) all.emplace_back("push.problem", name(s.push.problem));
    if (!s.scrape.problem.empty()) all.emplace_back("scrape.problem", name(s.scrape.problem));
    return all;
}

}  // namespace env::detail

TACHO_FUNCTION std::string settings::text() const {
    std::string out;
    for (auto const& [setting, value] : env::detail::values_of(*this)) {
        std::string from = "set by the program";
        for (auto const& read : as_read)
            if (read.setting == setting && read.value == value) from = read.variable;
        out += fmt::format("{} = {} ({})\n", setting, value, from.empty() ? "default" : from);
    }
    return out;
}

}  // namespace tacho::inline TACHO_ABI

#endif
