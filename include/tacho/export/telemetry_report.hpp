// SPDX-License-Identifier: MIT
// tacho: what telemetry says of itself.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// What became of one way out.
struct path_report {
    bool wanted = false;     ///< it was asked for
    bool running = false;    ///< it works; false as well after a stop
    std::string words = {};  ///< what it does, or why it does not and what to do about it
    std::uint16_t port = 0;  ///< of a listener that runs
    std::string name = {};   ///< of a push that was added
};

/// What runs, what does not, and why.
struct telemetry_report {
    path_report push;                            ///< to the receiver that the settings name
    path_report scrape;                          ///< on a port of its own, or by the program's server
    path_report console = {};                    ///< lines on the standard output
    std::vector<std::string> warnings = {};      ///< of the settings
    std::vector<path_report> added_pushes = {};  ///< see telemetry::add_push()

    /// A line for each way out and each warning.
    [[nodiscard]] std::string text() const;
};

#if TACHO_BODIES

TACHO_FUNCTION std::string telemetry_report::text() const {
    std::string out = "push: " + push.words + "\nscrape: " + scrape.words + '\n';
    for (auto const& added : added_pushes) out += "push " + added.name + ": " + added.words + '\n';
    if (console.wanted) out += "console: " + console.words + '\n';
    for (auto const& w : warnings) out += "warning: " + w + '\n';
    return out;
}

namespace detail {

// The report of a push that the program adds, and its number among all pushes.
inline std::pair<path_report&, std::size_t> report_of_push(telemetry_report& in, std::string const& name) {
    auto& all = in.added_pushes;
    auto at = std::find_if(all.begin(), all.end(), [&](auto const& added) { return added.name == name; });
    if (at == all.end()) at = all.insert(at, path_report{.name = name});
    return {*at, static_cast<std::size_t>(at - all.begin()) + 1};
}

}  // namespace detail

#endif

}  // namespace tacho::inline TACHO_ABI
