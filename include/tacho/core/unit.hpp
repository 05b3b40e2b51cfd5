// SPDX-License-Identifier: MIT
// tacho: units of measurement, and the word each becomes in a Prometheus name.
// Rule: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-metadata-1
#pragma once

#include "tacho/core/fixed_string.hpp"
#include "tacho/version.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace tacho::inline TACHO_ABI {

namespace detail {

// The characters of UCUM, remarks in braces included.
constexpr bool are_of_ucum(std::string_view text) noexcept {
    for (char const c : text)
        if (c <= ' ' || c > '~') return false;
    return true;
}

}  // namespace detail

/// Units as options of an instrument: `histogram<"request.duration", unit::seconds>`. A unit is written to OTLP as it
/// stands (UCUM, case-sensitive) and becomes a suffix of the Prometheus name.
namespace unit {

/// Any unit by its UCUM code: `unit::of<"By/s">`. Text in braces is a remark and leaves no suffix: `unit::of<"{job}">`.
template <fixed_string Ucum>
struct of {
    static_assert(Ucum.size() <= 63, "tacho: a unit has at most 63 characters");
    static_assert(detail::are_of_ucum(Ucum.view()),
                  "tacho: a unit is a UCUM code, of ASCII without blanks: s, By/s, or {request} for what is counted");
    static constexpr std::string_view ucum = Ucum.view();  ///< as OTLP shows it
};

using none = of<"">;            ///< no unit; no suffix
using ratio = of<"1">;          ///< a share of one; no suffix
using seconds = of<"s">;        ///< suffix `_seconds`
using milliseconds = of<"ms">;  ///< suffix `_milliseconds`
using microseconds = of<"us">;  ///< suffix `_microseconds`
using nanoseconds = of<"ns">;   ///< suffix `_nanoseconds`
using bytes = of<"By">;         ///< suffix `_bytes`
using percent = of<"%">;        ///< suffix `_percent`
using celsius = of<"Cel">;      ///< suffix `_celsius`

}  // namespace unit

/// The words of a unit, joined by `_`; at most 128 characters.
class unit_text {
public:
    /// As long as this lives.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text_.data(), size_}; }

    /// Appends; runs of characters that are no letter or digit become one `_`, and at the beginning nothing.
    constexpr void append(std::string_view part) noexcept {
        for (char const c : part) {
            bool const legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!legal && (size_ == 0 || text_[size_ - 1] == '_')) continue;
            if (size_ < text_.size()) text_[size_++] = legal ? c : '_';
        }
    }
    /// Takes `_` off the end.
    constexpr void trim() noexcept {
        while (size_ != 0 && text_[size_ - 1] == '_') --size_;
    }

private:
    std::array<char, 128> text_{};
    std::size_t size_ = 0;
};

namespace detail {

struct unit_entry {
    std::string_view ucum, word;
};

inline constexpr unit_entry unit_words[] = {
    {"d", "days"},          {"h", "hours"},
    {"min", "minutes"},     {"s", "seconds"},
    {"ms", "milliseconds"}, {"us", "microseconds"},
    {"ns", "nanoseconds"},  {"By", "bytes"},
    {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},
    {"GiBy", "gibibytes"},  {"TiBy", "tebibytes"},
    {"kBy", "kilobytes"},   {"MBy", "megabytes"},
    {"GBy", "gigabytes"},   {"TBy", "terabytes"},
    {"m", "meters"},        {"V", "volts"},
    {"A", "amperes"},       {"J", "joules"},
    {"W", "watts"},         {"g", "grams"},
    {"Cel", "celsius"},     {"Hz", "hertz"},
    {"%", "percent"},       {"1", ""},
};

inline constexpr unit_entry per_words[] = {
    {"s", "second"}, {"m", "minute"}, {"h", "hour"}, {"d", "day"}, {"w", "week"}, {"mo", "month"}, {"y", "year"},
};

template <std::size_t N>
constexpr std::string_view word_of(unit_entry const (&table)[N], std::string_view ucum) noexcept {
    for (auto const& entry : table)
        if (entry.ucum == ucum) return entry.word;
    return ucum;
}

// Where a character stands first, the size if nowhere. Of a template argument g++ 12 doesn't take string_view::find for
// a constant when it sanitizes.
constexpr std::size_t place_of(char c, std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size() && text[i] != c) ++i;
    return i;
}

// `{packet}` says what is counted, it is no unit.
constexpr std::string_view without_remark(std::string_view ucum) noexcept {
    return place_of('{', ucum) == ucum.size() ? ucum : std::string_view{};
}

}  // namespace detail

/// The word that a unit adds to a Prometheus name: `s` gives `seconds`, `By/s` gives `bytes_per_second`, `1` and
/// `{packet}` give nothing, an unknown unit gives itself with illegal characters replaced.
[[nodiscard]] constexpr unit_text unit_word(std::string_view ucum) noexcept {
    unit_text out;
    auto const slash = detail::place_of('/', ucum);
    out.append(detail::word_of(detail::unit_words, detail::without_remark(ucum.substr(0, slash))));
    if (slash != ucum.size()) {
        auto const per = detail::without_remark(ucum.substr(slash + 1));
        if (!per.empty()) {
            out.append("_per_");
            out.append(detail::word_of(detail::per_words, per));
        }
    }
    out.trim();
    return out;
}

/// Whether a Prometheus name is this word or ends with `_word`.
[[nodiscard]] constexpr bool ends_with_word(std::string_view name, std::string_view word) noexcept {
    if (!name.ends_with(word)) return false;
    return name.size() == word.size() || name[name.size() - word.size() - 1] == '_';
}

}  // namespace tacho::inline TACHO_ABI
