// SPDX-License-Identifier: MIT
// tacho: what a registry can be told when it is made, and what it tells of itself.
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/exemplar.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/translation.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/registry/descriptor.hpp"
#include "tacho/registry/view.hpp"
#include "tacho/series/label_schema.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// How a registry sees its instruments.
struct registry_options {
    std::size_t series_limit = 2000;  ///< of each instrument that names none of its own
    bool scope_labels = true;         ///< show `otel_scope_name` and `otel_scope_version` where a scope is named
    /// How names become those that a scrape shows.
    translation_strategy translation = translation_strategy::underscore_escaping_with_suffixes;
    unix_nanos (*now)() noexcept = &system_clock::now;  ///< when a series is born
    /// How long a callback may take before what it observes is dropped, and how long a collection waits for another one
    /// that runs the callbacks.
    std::chrono::milliseconds callback_timeout{1000};
    /// Labels that each series of each instrument carries: `{{"region", "eu"}}`. At most 16, named as labels are. (What
    /// holds for the whole program, such as its name and version, is better told as a resource.)
    std::vector<attribute> constant_labels = {};
    std::vector<view> views = {};  ///< applied to what they match, later ones over earlier ones
    exemplar_filter exemplars = exemplar_filter::trace_based;  ///< which measurements become exemplars
    /// Called once for each instrument, when a measurement of it is first counted in its overflow series: by the thread
    /// that records it and under no lock. The error hook hears of it in any case.
    void (*on_overflow)(descriptor const&) noexcept = nullptr;
};

namespace detail {

#if TACHO_BODIES

// Constant labels as they can be shown, added to those in `beside`. What is wrong with one is said in `problems`, and
// it is left out.
inline void add_constant_labels(std::vector<fixed_label>& beside, std::vector<attribute> const& added,
                                translation_strategy how, std::vector<std::string>& problems) {
    for (auto const& one : added) {
        auto const refuse = [&](std::string_view why) {
            problems.push_back("the constant label \"" + to_utf8(std::string_view{one.key}.substr(0, 300)) +
                               "\" is left out: " + std::string{why});
        };
        fixed_label label{one.key, std::string{prometheus_label_name(one.key, how).view()}, to_utf8(one.value)};
        auto const has_its_name = [&](fixed_label const& other) {
            return prometheus_label_name(other.name).view() == prometheus_label_name(label.name).view();
        };
        if (!is_label_name(one.key))
            refuse(
                "it should begin with a letter, go on with letters, digits and _ . - /, and be none of "
                "OpenTelemetry's own: otel.scope.* and otel.metric.overflow");
        else if (std::any_of(beside.begin(), beside.end(), has_its_name))
            refuse("there is another one of its name; leave one of them out");
        else if (beside.size() == max_labels)
            refuse("there are 16 already; leave some out");
        else
            beside.push_back(std::move(label));
    }
    // Two lists of the same labels are then one identity. A value that is too long is cut as those of series are.
    std::sort(beside.begin(), beside.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    for (auto& label : beside) {
        std::string cut(max_label_value, '\0');
        cut.resize(copy_as_utf8(label.value, cut.data(), cut.size()));
        label.value = std::move(cut);
    }
}

#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
