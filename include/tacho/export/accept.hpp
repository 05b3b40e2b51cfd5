// SPDX-License-Identifier: MIT
// tacho: which format a client gets, by what its Accept header says.
// Rule: https://prometheus.io/docs/instrumenting/content_negotiation/ and
// https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
#pragma once

#include "tacho/core/escaping.hpp"
#include "tacho/core/text.hpp"
#include "tacho/encode/text_format.hpp"
#include "tacho/version.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// What a scrape is answered with.
struct chosen_format {
    text_format format = text_format::prometheus_0_0_4;  ///< which lines there are
    escaping names = escaping::underscores;              ///< how names are written
    bool names_escaping = false;  ///< the client asked for an escaping, so the content type says which one it gets

    friend bool operator==(chosen_format const&, chosen_format const&) = default;
};

namespace detail {

// What is looked at of an Accept header: real ones have 5 ranges and 250 bytes.
inline constexpr std::size_t longest_accept = 4096;
inline constexpr int most_ranges = 64;

// Cuts off what comes before the first `separator` outside of quotes, and the separator.
constexpr std::string_view cut(std::string_view& rest, char separator) noexcept {
    bool quoted = false;
    std::size_t i = 0;
    for (; i < rest.size(); ++i) {
        if (rest[i] == '"') quoted = !quoted;
        if (quoted && rest[i] == '\\') ++i;
        if (!quoted && rest[i] == separator) break;
    }
    auto const part = rest.substr(0, i);
    rest.remove_prefix(i < rest.size() ? i + 1 : rest.size());
    return trimmed(part);
}

constexpr std::string_view unquoted(std::string_view value) noexcept {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
    return value;
}

// A weight in thousandths: `0.5` is 500. What is not a weight is 0, which excludes its range.
constexpr int weight_of(std::string_view q) noexcept {
    if (q.empty() || (q[0] != '0' && q[0] != '1') || q.size() > 5) return 0;
    int weight = (q[0] - '0') * 1000;
    if (q.size() > 1 && q[1] != '.') return 0;
    int place = 100;
    for (char const c : q.substr(q.size() > 1 ? 2 : 1)) {
        if (c < '0' || c > '9') return 0;
        weight += (c - '0') * place;
        place /= 10;
    }
    return weight > 1000 ? 0 : weight;
}

// One media range and those of its parameters that matter.
struct media_range {
    std::string_view type, version;
    escaping names = escaping::underscores;
    bool names_escaping = false;
    int weight = 1000;
};

constexpr media_range parse_range(std::string_view text) noexcept {
    media_range range;
    range.type = cut(text, ';');
    while (!text.empty()) {
        auto parameter = cut(text, ';');
        auto const name = cut(parameter, '=');
        auto const value = unquoted(trimmed(parameter));
        if (equals_ignoring_case(name, "q")) range.weight = weight_of(value);
        if (equals_ignoring_case(name, "version")) range.version = value;
        if (equals_ignoring_case(name, "escaping")) {
            for (auto const known : {escaping::underscores, escaping::allow_utf_8, escaping::dots, escaping::values})
                if (equals_ignoring_case(value, to_string(known))) {
                    range.names = known;
                    range.names_escaping = true;
                }
        }
    }
    return range;
}

// Whether we have what this range asks for, and then what it is.
constexpr bool serves(media_range const& range, text_format otherwise, chosen_format& chosen) noexcept {
    chosen.names = range.names;
    chosen.names_escaping = range.names_escaping;
    if (equals_ignoring_case(range.type, "application/openmetrics-text")) {
        chosen.format = text_format::openmetrics_1_0_0;
        return range.version.empty() || range.version == "1.0.0" || range.version == "0.0.1";
    }
    if (equals_ignoring_case(range.type, "text/plain")) {
        chosen.format = range.version == "1.0.0" ? text_format::prometheus_1_0_0 : text_format::prometheus_0_0_4;
        return range.version.empty() || range.version == "0.0.4" || range.version == "1.0.0";
    }
    chosen = {otherwise};
    return range.type == "*/*" || equals_ignoring_case(range.type, "text/*");
}

}  // namespace detail

/// Picks the format: of the ranges we can serve the one with the highest weight, the first of equals; a weight of 0
/// excludes. Without any, and for `*/*`, text 0.0.4 or, if preferred, 1.0.0; there is always an answer. Looks at the
/// first 4 KiB and 64 ranges; allocates nothing.
[[nodiscard]] constexpr chosen_format negotiate(std::string_view accept, bool prefer_text_1_0_0 = false) noexcept {
    auto const otherwise = prefer_text_1_0_0 ? text_format::prometheus_1_0_0 : text_format::prometheus_0_0_4;
    // A range that the limit would cut in half is not looked at.
    if (accept.size() > detail::longest_accept)
        accept = accept.substr(0, accept.substr(0, detail::longest_accept).rfind(','));
    if (accept.size() > detail::longest_accept) accept = {};
    chosen_format best{otherwise};
    int best_weight = 0;
    for (int i = 0; i < detail::most_ranges && !accept.empty(); ++i) {
        auto const range = detail::parse_range(detail::cut(accept, ','));
        chosen_format candidate;
        if (range.weight > best_weight && detail::serves(range, otherwise, candidate)) {
            best = candidate;
            best_weight = range.weight;
        }
    }
    return best;
}

/// The content type of an answer, in static storage.
[[nodiscard]] constexpr std::string_view content_type(chosen_format const& chosen) noexcept {
    constexpr std::array<std::string_view, 4> text_0_0_4{
        "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
        "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
        "text/plain; version=0.0.4; charset=utf-8; escaping=dots",
        "text/plain; version=0.0.4; charset=utf-8; escaping=values"};
    constexpr std::array<std::string_view, 4> text_1_0_0{
        "text/plain; version=1.0.0; charset=utf-8; escaping=underscores",
        "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        "text/plain; version=1.0.0; charset=utf-8; escaping=dots",
        "text/plain; version=1.0.0; charset=utf-8; escaping=values"};
    constexpr std::array<std::string_view, 4> openmetrics{
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots",
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=values"};
    auto const names = static_cast<std::size_t>(chosen.names);
    switch (chosen.format) {
        case text_format::prometheus_1_0_0: return text_1_0_0[names];  // where the parameter is compulsory
        case text_format::openmetrics_1_0_0:
            return chosen.names_escaping ? openmetrics[names]
                                         : "application/openmetrics-text; version=1.0.0; charset=utf-8";
        case text_format::prometheus_0_0_4: break;
    }
    return chosen.names_escaping ? text_0_0_4[names] : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace tacho::inline TACHO_ABI
