// SPDX-License-Identifier: MIT
// tacho: where environment variables come from: the process, or a test.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/text.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <unistd.h>
#endif

namespace tacho::inline TACHO_ABI::env {

namespace detail {

using tacho::detail::equals_ignoring_case;
using tacho::detail::trimmed;

[[nodiscard]] inline std::optional<std::string_view> process_variable(char const* name) noexcept {
    // Safe as long as nobody changes the environment meanwhile, which no program with threads may do.
    char const* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr) return {};
    return value;
}

}  // namespace detail

/// The variables to read. By default those of the process, which nothing may change meanwhile (see getenv); else those
/// of a map, for tests and for programs that have their settings from elsewhere.
class source {
public:
    source() = default;
    /// Those of a map and no others.
    explicit source(std::map<std::string, std::string> variables) : variables_(std::move(variables)) {}

    /// The value without blanks around it. Nothing when it is unset, empty or blank: OpenTelemetry's rule for all.
    [[nodiscard]] std::optional<std::string> operator[](std::string const& name) const;

    /// The names of all that are set, in order; of the process only where they can be listed, which is on Linux.
    [[nodiscard]] std::vector<std::string> names() const;

private:
    std::optional<std::map<std::string, std::string>> variables_;
};

#if TACHO_BODIES

TACHO_FUNCTION std::optional<std::string> source::operator[](std::string const& name) const {
    std::string_view value;
    if (variables_) {
        if (auto const at = variables_->find(name); at != variables_->end()) value = at->second;
    } else {
        value = detail::process_variable(name.c_str()).value_or("");
    }
    value = detail::trimmed(value);
    if (value.empty()) return {};
    return std::string{value};
}

TACHO_FUNCTION std::vector<std::string> source::names() const {
    std::vector<std::string> all;
    if (variables_) {
        for (auto const& [name, value] : *variables_) all.push_back(name);
    } else {
#if defined(__linux__)
        for (char** at = ::environ; at != nullptr && *at != nullptr; ++at)
            all.emplace_back(std::string_view{*at}.substr(0, std::string_view{*at}.find('=')));
#endif
    }
    std::erase_if(all, [this](auto const& name) { return !(*this)[name]; });
    std::sort(all.begin(), all.end());
    return all;
}

#endif

}  // namespace tacho::inline TACHO_ABI::env
