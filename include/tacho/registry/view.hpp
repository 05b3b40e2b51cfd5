// SPDX-License-Identifier: MIT
// tacho: views: what a program changes about instruments that it doesn't own, such as those of a library.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk/#view
#pragma once

#include "tacho/core/bounds.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/series/label_schema.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// The name of a label in a list of such. Made of one text only: with std::string, `{{"user", "path"}}` would be two
/// iterators.
class label_name {
public:
    /// Implicit, of a literal.
    label_name(char const* name) : name_(name) {}  // implicit, as are these
    /// Implicit, of a text that is kept.
    label_name(std::string name) noexcept : name_(std::move(name)) {}
    /// Implicit, of a text that is copied.
    label_name(std::string_view name) : name_(name) {}

    friend bool operator==(label_name const& a, std::string_view b) noexcept { return a.name_ == b; }

private:
    std::string name_;
};

/// Selects instruments, and says what is to become of them: `{.name = "http.*", .leave_out_labels = {"user"}}`. Every
/// view that matches counts: of what two of them set, the later one's stands, but a label is left out as soon as one of
/// them leaves it out. Views apply when an instrument registers, and cost nothing afterwards.
struct view {
    // All of these have to match the instrument as its maker describes it. `*` stands for any characters, `?` for one.
    std::string name = "*";                         ///< as OTLP shows it
    std::string scope = "*";                        ///< the name of the scope; that of an unnamed one is empty
    std::optional<std::string> scope_version = {};  ///< exactly this
    std::optional<instrument_kind> kind = {};       ///< observables are of the kind of what they show
    std::optional<std::string> unit = {};           ///< UCUM, exactly this

    std::optional<std::string> rename = {};    ///< a name as instruments have; the Prometheus name follows
    std::optional<std::string> describe = {};  ///< text for people in place of its own
    std::optional<bool> drop = {};             ///< record nothing, show nothing
    std::optional<std::vector<label_name>> keep_labels = {};  ///< only these; none if it is empty
    std::vector<label_name> leave_out_labels = {};            ///< keep all but these
    std::optional<std::vector<double>> bounds = {};           ///< of a histogram
    std::size_t series_limit = 0;                             ///< 0: as it is
};

namespace detail {

// Whether `pattern` stands for all of `text`.
[[nodiscard]] constexpr bool is_match(std::string_view pattern, std::string_view text) noexcept {
    std::size_t p = 0, t = 0;
    auto star = std::string_view::npos;  // the last `*`, which is made to stand for more when the rest doesn't match
    std::size_t after = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            after = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++after;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

// An instrument that views may select.
struct viewed_instrument {
    std::string_view name, scope, scope_version, unit;
    instrument_kind kind;
};

// What views set, those that do not being left as they are given.
struct stream {
    std::string_view name, description;
    std::span<double const> bounds;
    std::size_t limit;
    bool dropped = false;
};

#if TACHO_BODIES

[[nodiscard]] inline bool selects(view const& v, viewed_instrument const& of) noexcept {
    return is_match(v.name, of.name) && is_match(v.scope, of.scope) &&
           (!v.scope_version || *v.scope_version == of.scope_version) && (!v.kind || *v.kind == of.kind) &&
           (!v.unit || *v.unit == of.unit);
}

inline void apply(view const& v, stream& to) noexcept {
    if (v.rename) to.name = *v.rename;
    if (v.describe) to.description = *v.describe;
    if (v.bounds) to.bounds = *v.bounds;
    if (v.series_limit != 0) to.limit = v.series_limit;
    to.dropped = v.drop.value_or(to.dropped);
}

[[nodiscard]] inline bool leaves_out(view const& v, std::string_view label) noexcept {
    auto const has = [&](std::vector<label_name> const& list) {
        return std::find(list.begin(), list.end(), label) != list.end();
    };
    return (v.keep_labels && !has(*v.keep_labels)) || has(v.leave_out_labels);
}

// What is wrong with a view in itself; empty when nothing is.
[[nodiscard]] inline std::string why_no_view(view const& v) {
    bool const to_histogram = v.kind.value_or(instrument_kind::histogram) == instrument_kind::histogram;
    if (v.rename && !is_instrument_name(*v.rename))
        return "it renames to \"" + to_utf8(v.rename->substr(0, 300)) +
               "\": a name begins with a letter, goes on with letters, digits and _ . - /, and has at most 255 "
               "characters";
    if (v.bounds && !to_histogram)
        return "it gives bounds to a kind of instrument that has none; leave them out, or let it select histograms";
    if (v.bounds && !are_bounds(*v.bounds)) return "its bounds should be finite, strictly increasing and at most 256";
    return {};
}

#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
