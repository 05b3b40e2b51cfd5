// SPDX-License-Identifier: MIT
// tacho: what messages call a setting: by its value, and by the variable that it was read from.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/env/reader.hpp"
#include "tacho/env/settings_values.hpp"
#include "tacho/version.hpp"

#if TACHO_BODIES
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>
#endif

namespace tacho::inline TACHO_ABI::detail {

#if TACHO_BODIES

// Of a setting that has this value, as text() shows it, since it was read; nullptr if the program has set it.
[[nodiscard]] inline setting_origin const* origin_of(std::string_view setting, std::string_view value,
                                                     std::vector<setting_origin> const& as_read) {
    for (auto const& read : as_read)
        if (read.setting == setting && read.value == value) return &read;
    return nullptr;
}

// The variable that a text was read from, in brackets; nothing if it was from none.
[[nodiscard]] inline std::string variable_of(std::string_view setting, std::string_view text,
                                             std::vector<setting_origin> const& as_read) {
    auto const* const read = origin_of(setting, env::in_quotes(text, text.size()), as_read);
    return read != nullptr && !read->variable.empty() ? " (" + read->variable + ")" : std::string{};
}

// A setting and its value, with the variable that it was read from, if it was.
[[nodiscard]] inline std::string named_setting(std::string_view setting, std::string const& value,
                                               std::vector<setting_origin> const& as_read) {
    auto name = std::string{setting}.append("=").append(env::in_quotes(value));
    auto const* const read = origin_of(setting, env::in_quotes(value, value.size()), as_read);
    if (read != nullptr && !read->variable.empty()) name.append(" of ").append(read->variable);
    return name;
}

// Which variables say where to listen, unless the program does.
[[nodiscard]] inline std::string variables_of(scrape_settings const& scrape,
                                              std::vector<setting_origin> const& as_read) {
    bool const by_environment =
        origin_of("scrape.host", env::in_quotes(scrape.host, scrape.host.size()), as_read) != nullptr &&
        origin_of("scrape.port", std::to_string(scrape.port), as_read) != nullptr;
    return by_environment && !scrape.variables.empty() ? ". " + scrape.variables + " set them" : std::string{};
}

// Whether it has a scheme or a port with it, as in a URL; an address of IPv6 has two colons or more.
[[nodiscard]] inline bool is_more_than_a_host(std::string_view host) noexcept {
    auto const port = host.substr((std::min)(host.rfind(':'), host.size()));
    bool const ends_with_port = port.size() > 1 && port.find_first_not_of("0123456789", 1) == port.npos;
    return host.find("://") != host.npos ||
           (ends_with_port && (host.starts_with('[') || std::count(host.begin(), host.end(), ':') == 1));
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
