// SPDX-License-Identifier: MIT
// tacho: environment variables as values: numbers, times, words and lists, by OpenTelemetry's rules.
// Rule: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/edit_distance.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/text.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/env/source.hpp"
#include "tacho/version.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if TACHO_BODIES
#include <map>

#include <fmt/core.h>
#if FMT_VERSION >= 110000  // fmt::format() has left the light header
#include <fmt/format.h>
#endif
#endif

namespace tacho::inline TACHO_ABI::env {

/// Text from outside, fit for a message: quoted, at most 80 bytes or so many, valid UTF-8 without control characters.
[[nodiscard]] std::string in_quotes(std::string_view value, std::size_t most = 80);

/// Splits at commas; items are trimmed, and empty ones left out.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);

/// The index of a word among `words`, which are in lower case, in any case.
[[nodiscard]] std::optional<std::size_t> index_of(std::string_view word,
                                                  std::vector<std::string_view> const& words) noexcept;

/// Of what is none of these words, in lower case, which of them may be meant: a sentence after another one, or nothing.
/// Allocates.
[[nodiscard]] std::string which_is_meant(std::string_view value, std::vector<std::string_view> const& words);

/// A number of decimal digits alone, from 0 to `most`; nothing for all else.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t most) noexcept;

/// Decodes `%41`. Nothing when a `%` is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

#if TACHO_BODIES

// Reads variables one by one. What can't be used is as if it were unset, and leaves a warning that names variable,
// value and cure.
class reader {
public:
    // Both must live longer. Warnings are added at the end.
    explicit reader(source const& from, std::vector<std::string>& warnings) : from_(from), warnings_(warnings) {}

    // The value, trimmed; nothing when it is unset or blank.
    [[nodiscard]] std::optional<std::string> text(std::string const& name) const { return from_[name]; }

    // The first of two variables that is set.
    [[nodiscard]] std::optional<std::string> text(std::string const& name, std::string const& otherwise) const;

    // OpenTelemetry's booleans: only `true` is true, and what is neither that nor `false` warns.
    [[nodiscard]] bool boolean(std::string const& name);

    // 2^31-1: what OpenTelemetry's implementations agree on.
    static constexpr std::int64_t most_milliseconds = 2147483647;
    // Milliseconds, a whole number from 0 to 2^31-1. What is used otherwise is for the warning.
    [[nodiscard]] std::optional<std::chrono::milliseconds> milliseconds(std::string const& name,
                                                                        std::chrono::milliseconds otherwise);

    // The index of a word among `words`, which are in lower case, in any case.
    [[nodiscard]] std::optional<std::size_t> word(std::string const& name, std::vector<std::string_view> const& words);

    // `key=value,key=value`, percent-decoded. With `strict`, one bad pair makes the whole variable void; without, bad
    // pairs are left out, and no message shows a value.
    [[nodiscard]] std::vector<attribute> pairs(std::string const& name, bool strict);

    // That a setting came from a variable, if that is set; the last one counts.
    void note(std::string_view setting, std::string const& variable);
    // That it came from none after all.
    void forget(std::string_view setting);
    // Where a setting came from by note(); empty for a default.
    [[nodiscard]] std::string variable_of(std::string_view setting) const;
    // The name of the first of two variables that is set; empty when neither is.
    [[nodiscard]] std::string first_set(std::string const& name, std::string const& otherwise) const;

    // Adds a warning, formatted by {fmt}. Allocates.
    template <class... Args>
    void warn(fmt::format_string<Args...> what, Args&&... args) {
        warnings_.push_back(fmt::format(what, std::forward<Args>(args)...));
    }

private:
    source const& from_;
    std::vector<std::string>& warnings_;
    std::map<std::string_view, std::string> from_variables_;
};

TACHO_FUNCTION std::string in_quotes(std::string_view value, std::size_t most) {
    auto text = to_utf8(value.substr(0, most));
    for (auto& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return '"' + text + (value.size() > most ? "...\"" : "\"");
}

TACHO_FUNCTION std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> items;
    while (!text.empty()) {
        auto const comma = text.find(',');
        if (auto const item = detail::trimmed(text.substr(0, comma)); !item.empty()) items.push_back(item);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return items;
}

TACHO_FUNCTION std::optional<std::size_t> index_of(std::string_view word,
                                                   std::vector<std::string_view> const& words) noexcept {
    for (std::size_t i = 0; i < words.size(); ++i)
        if (detail::equals_ignoring_case(word, words[i])) return i;
    return {};
}

TACHO_FUNCTION std::string which_is_meant(std::string_view value, std::vector<std::string_view> const& words) {
    std::string written{value};
    for (auto& c : written) c = tacho::detail::lower(c);
    auto const meant = tacho::detail::nearly_one_of(words, written);
    return meant.empty() ? std::string{} : fmt::format(". Is {} meant?", meant);
}

TACHO_FUNCTION std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        int const high = text.size() - i > 2 ? tacho::detail::hex_digit(text[i + 1]) : -1;
        int const low = high >= 0 ? tacho::detail::hex_digit(text[i + 2]) : -1;
        if (low < 0) return {};
        out += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
        i += 2;
    }
    return out;
}

TACHO_FUNCTION std::optional<std::string> reader::text(std::string const& name, std::string const& otherwise) const {
    auto value = from_[name];
    return value ? value : from_[otherwise];
}

TACHO_FUNCTION bool reader::boolean(std::string const& name) {
    auto const value = from_[name];
    if (!value || detail::equals_ignoring_case(*value, "false")) return false;
    if (detail::equals_ignoring_case(*value, "true")) return true;
    warn("{}={} is neither true nor false; it counts as false. Write true or false{}", name, in_quotes(*value),
         which_is_meant(*value, {"true", "false"}));
    return false;
}

TACHO_FUNCTION std::optional<std::size_t> reader::word(std::string const& name,
                                                       std::vector<std::string_view> const& words) {
    auto const value = from_[name];
    if (!value) return {};
    if (auto const at = index_of(*value, words)) return at;
    std::string known;  // fmt::join is in another header in every other version of {fmt}
    for (auto const word : words) known.append(known.empty() ? "" : ", ").append(word);
    warn("{}={} is not known and ignored. Known are {}{}", name, in_quotes(*value), known,
         which_is_meant(*value, words));
    return {};
}

TACHO_FUNCTION std::vector<attribute> reader::pairs(std::string const& name, bool strict) {
    std::vector<attribute> out;
    auto const value = from_[name];
    if (!value) return out;
    for (auto const item : split_list(*value)) {
        auto const equals = item.find('=');
        auto key = percent_decoded(detail::trimmed(item.substr(0, equals)));
        auto content = percent_decoded(equals == std::string_view::npos ? std::string_view{}
                                                                        : detail::trimmed(item.substr(equals + 1)));
        if (equals != std::string_view::npos && key && !key->empty() && content) {
            out.push_back({std::move(*key), std::move(*content)});
        } else if (strict) {
            warn("{} has {}, which is not key=value with , = and % written as %2C %3D %25; all of {} is ignored", name,
                 in_quotes(item), name);
            return {};
        } else {
            warn("{} has a pair that is not key=value with , = and % written as %2C %3D %25; that pair is ignored",
                 name);
        }
    }
    return out;
}

TACHO_FUNCTION void reader::note(std::string_view setting, std::string const& variable) {
    if (!variable.empty() && from_[variable]) from_variables_[setting] = variable;
}

TACHO_FUNCTION void reader::forget(std::string_view setting) {
    from_variables_.erase(setting);
}

TACHO_FUNCTION std::string reader::variable_of(std::string_view setting) const {
    auto const at = from_variables_.find(setting);
    return at == from_variables_.end() ? std::string{} : at->second;
}

TACHO_FUNCTION std::string reader::first_set(std::string const& name, std::string const& otherwise) const {
    if (from_[name]) return name;
    return from_[otherwise] ? otherwise : std::string{};
}

TACHO_FUNCTION std::optional<std::chrono::milliseconds> reader::milliseconds(std::string const& name,
                                                                             std::chrono::milliseconds otherwise) {
    auto const value = from_[name];
    if (!value) return {};
    if (auto const number = whole_number(*value, most_milliseconds)) return std::chrono::milliseconds{*number};
    warn("{}={} is not a whole number of milliseconds from 0 to {}, as 15000 is for 15 s; {} ms is used instead", name,
         in_quotes(*value), most_milliseconds, otherwise.count());
    return {};
}

TACHO_FUNCTION std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t most) noexcept {
    if (most < 0) return {};
    auto const number = tacho::detail::whole_number(text, static_cast<std::uint64_t>(most));
    if (!number) return {};
    return static_cast<std::int64_t>(*number);
}

#endif

}  // namespace tacho::inline TACHO_ABI::env
