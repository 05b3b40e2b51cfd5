// SPDX-License-Identifier: MIT
// tacho: how the names of OpenTelemetry become those of Prometheus: which strategy a registry has.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/prometheus/
#pragma once

#include "tacho/core/names.hpp"
#include "tacho/core/unit.hpp"
#include "tacho/version.hpp"

#include <string_view>

namespace tacho::inline TACHO_ABI {

/// What becomes of a name before a client's escaping is applied to it, called as OpenTelemetry's configuration calls
/// it. Of the counter `foo.bar` in bytes: `foo_bar_bytes_total`, `foo_bar`, `foo.bar_bytes_total` and `foo.bar`. The
/// latter two keep all names as they are, labels too; a client that can't read them gets them escaped. Without suffixes
/// OpenMetrics can't call a counter a counter, unless its name ends with `_total`.
enum class translation_strategy : unsigned char {
    underscore_escaping_with_suffixes,
    underscore_escaping_without_suffixes,
    no_utf8_escaping_with_suffixes,
    no_translation
};

/// Whether names keep characters that not every client can read.
[[nodiscard]] constexpr bool keeps_characters(translation_strategy how) noexcept {
    return how == translation_strategy::no_utf8_escaping_with_suffixes || how == translation_strategy::no_translation;
}

namespace detail {

// Takes off a word at the end that stands behind any character that is no letter or digit.
constexpr std::string_view without_last_word(std::string_view name, std::string_view last) noexcept {
    if (last.empty() || name.size() < last.size() + 2 || !name.ends_with(last)) return name;
    char const before = name[name.size() - last.size() - 1];
    return is_letter(before) || is_digit(before) ? name : name.substr(0, name.size() - last.size() - 1);
}

}  // namespace detail

/// The Prometheus name of an instrument by a strategy.
[[nodiscard]] constexpr prometheus_text prometheus_name(std::string_view name, std::string_view unit,
                                                        instrument_kind kind, translation_strategy how) noexcept {
    prometheus_text out;
    switch (how) {
        case translation_strategy::underscore_escaping_with_suffixes: break;
        case translation_strategy::underscore_escaping_without_suffixes: out.append(name); return out;
        case translation_strategy::no_translation: out.append_as_it_is(name); return out;
        case translation_strategy::no_utf8_escaping_with_suffixes: {
            auto const suffix = kind_suffix(kind);
            unit_text const word = unit_word(unit);
            name = detail::without_last_word(name, suffix.substr(suffix.empty() ? 0 : 1));
            out.append_as_it_is(detail::without_last_word(name, word.view()));
            if (!word.view().empty() && name != word.view()) {
                out.append_as_it_is("_");
                out.append_as_it_is(word.view());
            }
            out.append_as_it_is(suffix);
            return out;
        }
    }
    return prometheus_name(name, unit, kind);
}

/// The Prometheus name of a label by a strategy.
[[nodiscard]] constexpr prometheus_text prometheus_label_name(std::string_view name,
                                                              translation_strategy how) noexcept {
    prometheus_text out;
    keeps_characters(how) ? out.append_as_it_is(name) : out.append(name);
    return out;
}

}  // namespace tacho::inline TACHO_ABI
