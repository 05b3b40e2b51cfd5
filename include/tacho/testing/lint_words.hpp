// SPDX-License-Identifier: MIT
// tacho: the words that conventions of names have an opinion on: units, their abbreviations, types, plurals.
// Rule: https://prometheus.io/docs/practices/naming/#base-units
#pragma once

#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// A word, and what should stand in its place.
struct replaced_word {
    std::string_view word, by;
};

template <std::size_t N>
[[nodiscard]] constexpr std::string_view replacement_of(replaced_word const (&table)[N],
                                                        std::string_view part) noexcept {
    for (auto const& entry : table)
        if (entry.word == part) return entry.by;
    return {};
}

// Units of Prometheus names, and their base units.
inline constexpr replaced_word base_units[] = {
    {"amperes", "amperes"}, {"bytes", "bytes"},      {"celsius", "celsius"}, {"grams", "grams"},
    {"joules", "joules"},   {"kelvin", "kelvin"},    {"meters", "meters"},   {"metres", "metres"},
    {"seconds", "seconds"}, {"volts", "volts"},      {"minutes", "seconds"}, {"hours", "seconds"},
    {"days", "seconds"},    {"weeks", "seconds"},    {"kelvins", "kelvin"},  {"fahrenheit", "celsius"},
    {"rankine", "celsius"}, {"inches", "meters"},    {"yards", "meters"},    {"miles", "meters"},
    {"bits", "bytes"},      {"calories", "joules"},  {"pounds", "grams"},    {"ounces", "grams"},
    {"percent", "ratio"},   {"percentage", "ratio"},
};

inline constexpr std::string_view unit_prefixes[] = {"pico", "nano",  "micro", "milli", "centi", "deci",
                                                     "deca", "hecto", "kilo",  "kibi",  "mega",  "mebi",
                                                     "giga", "gibi",  "tera",  "tebi",  "peta",  "pebi"};

// The base unit of a word, with a prefix or not; empty for a word that is no unit.
[[nodiscard]] constexpr std::string_view base_unit_of(std::string_view part) noexcept {
    if (auto const base = replacement_of(base_units, part); !base.empty()) return base;
    for (auto const prefix : unit_prefixes)
        if (part.starts_with(prefix))
            if (auto const base = replacement_of(base_units, part.substr(prefix.size())); !base.empty()) return base;
    return {};
}

// What abbreviates units in names, and the base unit that should stand there.
inline constexpr replaced_word unit_abbreviations[] = {
    {"s", "seconds"}, {"ms", "seconds"}, {"us", "seconds"}, {"ns", "seconds"}, {"sec", "seconds"},
    {"b", "bytes"},   {"kb", "bytes"},   {"mb", "bytes"},   {"gb", "bytes"},   {"tb", "bytes"},
    {"pb", "bytes"},  {"m", "meters"},   {"h", "seconds"},  {"d", "seconds"},
};

// Units that are not UCUM's codes, and those that are.
inline constexpr replaced_word units_in_words[] = {
    {"second", "s"},       {"seconds", "s"},     {"sec", "s"},
    {"secs", "s"},         {"S", "s"},           {"milliseconds", "s"},
    {"microseconds", "s"}, {"nanoseconds", "s"}, {"msec", "s"},
    {"usec", "s"},         {"byte", "By"},       {"bytes", "By"},
    {"B", "By"},           {"KB", "By"},         {"kB", "By"},
    {"MB", "By"},          {"GB", "By"},         {"TB", "By"},
    {"KiB", "By"},         {"MiB", "By"},        {"GiB", "By"},
    {"percent", "%"},      {"celsius", "Cel"},   {"C", "Cel"},
    {"meters", "m"},       {"volts", "V"},       {"amperes", "A"},
    {"joules", "J"},       {"watts", "W"},       {"grams", "g"},
    {"hertz", "Hz"},       {"ratio", "1"},       {"count", "{item}, with what is counted in place of item"},
};

// UCUM's codes with a prefix, and other multiples, and the codes without.
inline constexpr replaced_word prefixed_units[] = {
    {"ms", "s"},
    {"us", "s"},
    {"ns", "s"},
    {"min", "s"},
    {"h", "s"},
    {"d", "s"},
    {"wk", "s"},
    {"kBy", "By"},
    {"MBy", "By"},
    {"GBy", "By"},
    {"TBy", "By"},
    {"KiBy", "By"},
    {"MiBy", "By"},
    {"GiBy", "By"},
    {"TiBy", "By"},
    {"bit", "By"},
    {"%", "1, as a ratio from 0 to 1"},
    {"mm", "m"},
    {"cm", "m"},
    {"km", "m"},
    {"mg", "g"},
    {"kg", "g"},
    {"mV", "V"},
    {"kV", "V"},
    {"mA", "A"},
    {"mW", "W"},
    {"kW", "W"},
    {"kHz", "Hz"},
    {"MHz", "Hz"},
    {"GHz", "Hz"},
};

inline constexpr std::string_view type_words[] = {"counter", "gauge", "histogram", "summary"};

// The words of a name in lower case, between `_`, `.`, `-` and `/`.
class words_of {
public:
    explicit words_of(std::string_view name) {
        for (char const c : name) text_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }

    // Calls f with each; until it returns true, which is then returned.
    template <class F>
    bool any(F&& f) const {
        for (std::string_view rest = text_; !rest.empty();) {
            auto const size = (std::min)(rest.find_first_of("_.-/"), rest.size());
            if (size != 0 && f(rest.substr(0, size))) return true;
            rest.remove_prefix((std::min)(size + 1, rest.size()));
        }
        return false;
    }
    [[nodiscard]] std::string_view last() const noexcept {
        auto const before = text_.find_last_of("_.-/");
        return std::string_view{text_}.substr(before == std::string::npos ? 0 : before + 1);
    }

private:
    std::string text_;
};

// Whether an English noun looks like a plural. Some that end in s don't change, or are none.
[[nodiscard]] constexpr bool looks_plural(std::string_view part) noexcept {
    constexpr std::string_view same[] = {"series",   "status",   "success", "access", "progress", "process", "address",
                                         "chassis",  "analysis", "basis",   "bus",    "bias",     "gas",     "always",
                                         "previous", "is",       "has",     "was",    "as",       "tls",     "dns",
                                         "https",    "cas",      "ops",     "rps",    "qps"};
    for (auto const unchanged : same)
        if (part == unchanged) return false;
    if (part.size() < 3 || !part.ends_with('s')) return false;
    return !part.ends_with("ss") && !part.ends_with("us") && !part.ends_with("is") && !part.ends_with("ics");
}

// Without what makes it a plural, as far as that can be told.
[[nodiscard]] inline std::string singular_of(std::string_view plural) {
    if (plural.ends_with("ies") && plural.size() > 4) return std::string{plural.substr(0, plural.size() - 3)} + "y";
    for (std::string_view const ending : {"sses", "shes", "ches", "xes"})
        if (plural.ends_with(ending)) return std::string{plural.substr(0, plural.size() - 2)};
    return std::string{plural.substr(0, plural.size() - 1)};
}

[[nodiscard]] constexpr bool has_camel_case(std::string_view name) noexcept {
    for (std::size_t i = 1; i < name.size(); ++i)
        if (name[i - 1] >= 'a' && name[i - 1] <= 'z' && name[i] >= 'A' && name[i] <= 'Z') return true;
    return false;
}

// In lower case, with `_` before what was a capital inside a word: requestCount gives request_count.
[[nodiscard]] inline std::string snake_case_of(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        bool const capital = name[i] >= 'A' && name[i] <= 'Z';
        bool const inside =
            i != 0 && ((name[i - 1] >= 'a' && name[i - 1] <= 'z') || (name[i - 1] >= '0' && name[i - 1] <= '9'));
        if (capital && inside) out += '_';
        out += capital ? static_cast<char>(name[i] - 'A' + 'a') : name[i] == '-' || name[i] == '/' ? '_' : name[i];
    }
    return out;
}

}  // namespace tacho::inline TACHO_ABI::detail
