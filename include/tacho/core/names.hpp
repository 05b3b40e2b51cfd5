// SPDX-License-Identifier: MIT
// tacho: which names are legal, and the Prometheus name that an OpenTelemetry name becomes.
// Rule: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-metadata-1
#pragma once

#include "tacho/core/unit.hpp"
#include "tacho/version.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// What an instrument measures; decides its suffixes, its type line and how its numbers add up.
enum class instrument_kind : unsigned char {
    counter,
    up_down_counter,
    gauge,
    histogram,
    info,
    state_set,
    exponential_histogram
};

/// For messages: `up-down counter`. In static storage.
[[nodiscard]] constexpr std::string_view to_string(instrument_kind kind) noexcept {
    switch (kind) {
        case instrument_kind::counter: return "counter";
        case instrument_kind::up_down_counter: return "up-down counter";
        case instrument_kind::gauge: return "gauge";
        case instrument_kind::info: return "info";
        case instrument_kind::state_set: return "state set";
        case instrument_kind::exponential_histogram: return "exponential histogram";
        case instrument_kind::histogram: break;
    }
    return "histogram";
}

namespace detail {

constexpr bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool is_name_character(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-' || c == '/';
}

constexpr bool is_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 255 || !is_letter(name.front())) return false;
    for (char const c : name)
        if (!is_name_character(c)) return false;
    return true;
}

}  // namespace detail

/// An instrument's name: a letter, then letters, digits, `_ . - /`; at most 255 characters (OpenTelemetry metrics API).
[[nodiscard]] constexpr bool is_instrument_name(std::string_view name) noexcept {
    return detail::is_name(name);
}

/// A Prometheus name, at most 400 characters. Made while compiling for a typed instrument, else at registration.
class prometheus_text {
public:
    /// The most characters; what is beyond is cut off.
    static constexpr std::size_t most = 400;

    /// As long as this lives.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text_.data(), size_}; }

    /// Illegal characters become `_`, and a run of `_` is written once.
    constexpr void append(std::string_view part) noexcept {
        for (char const c : part) {
            char const legal = detail::is_letter(c) || detail::is_digit(c) ? c : '_';
            if (legal == '_' && size_ != 0 && text_[size_ - 1] == '_') continue;
            if (size_ < text_.size()) text_[size_++] = legal;
        }
    }

    /// Appends, whatever the characters: for names that are shown in quotes.
    constexpr void append_as_it_is(std::string_view part) noexcept {
        for (char const c : part)
            if (size_ < text_.size()) text_[size_++] = c;
    }

    /// Takes this off the end, unless it is all there is.
    constexpr void remove_suffix(std::string_view suffix) noexcept {
        if (view().ends_with(suffix) && size_ > suffix.size()) size_ -= suffix.size();
    }

private:
    std::array<char, most> text_{};
    std::size_t size_ = 0;
};

/// The Prometheus name of a label: illegal characters become `_`.
[[nodiscard]] constexpr prometheus_text prometheus_label_name(std::string_view name) noexcept {
    prometheus_text out;
    out.append(name);
    return out;
}

/// A label's name: the same characters as an instrument's. Prometheus reserves names that begin with `_`, and
/// OpenTelemetry those under which it shows an instrument's scope and the overflow series.
[[nodiscard]] constexpr bool is_label_name(std::string_view name) noexcept {
    if (!detail::is_name(name)) return false;
    auto const shown = prometheus_label_name(name);
    return !shown.view().starts_with("otel_scope_") && shown.view() != "otel_metric_overflow";
}

/// What a kind of instrument adds to its Prometheus name, and OpenMetrics takes off again where it names the family.
[[nodiscard]] constexpr std::string_view kind_suffix(instrument_kind kind) noexcept {
    if (kind == instrument_kind::counter) return "_total";
    return kind == instrument_kind::info ? "_info" : "";
}

/// The Prometheus name of an instrument: the name, then the unit's word, then `_total` for a counter and `_info` for an
/// info; neither is repeated when the name already ends with it. `http.server.duration` in `s` becomes
/// `http_server_duration_seconds`.
[[nodiscard]] constexpr prometheus_text prometheus_name(std::string_view name, std::string_view unit,
                                                        instrument_kind kind) noexcept {
    prometheus_text out;
    out.append(name);
    out.remove_suffix(kind_suffix(kind));
    unit_text const word = unit_word(unit);
    if (!word.view().empty() && !ends_with_word(out.view(), word.view())) {
        out.append("_");
        out.append(word.view());
    }
    out.append(kind_suffix(kind));
    return out;
}

}  // namespace tacho::inline TACHO_ABI
