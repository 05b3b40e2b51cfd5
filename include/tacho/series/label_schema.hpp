// SPDX-License-Identifier: MIT
// tacho: the labels of one family: which its series have, which are the same for all, and how they are shown.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/label.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// The longest value of a label, in bytes; what is beyond it is cut off.
inline constexpr std::size_t max_label_value = 1024;

/// The most labels of an instrument, and the most constant ones beside them.
inline constexpr std::size_t max_labels = 16;

/// A label of a family: its name in OTLP, its name in Prometheus, and how its values are typed.
struct label_key {
    std::string name;                    ///< as OTLP shows it
    std::string prometheus_name;         ///< as a scrape shows it
    label_type type = label_type::text;  ///< how OTLP writes its values

    friend bool operator==(label_key const&, label_key const&) = default;
};

/// A label that all series of a family carry with the same value.
struct fixed_label {
    std::string name;             ///< empty where OTLP has a place of its own for it, as it has for the scope
    std::string prometheus_name;  ///< as a scrape shows it
    std::string value;            ///< of each series

    friend bool operator==(fixed_label const&, fixed_label const&) = default;
};

/// What the series of one family have in common.
struct label_schema {
    std::vector<label_key> keys;     ///< of the values that each series has, in the order of declaration
    std::vector<fixed_label> fixed;  ///< labels that all series carry
    /// Begins each series' text: `name`, or `{"na.me"` when it needs quotes; empty for a histogram, which has several.
    std::string line_name;
    bool plain = true;  ///< names of metric and labels are the same in every escaping
    /// Labels of the instrument whose values are given and not kept: a bit for each place, the first one the lowest.
    std::uint32_t left_out = 0;
    std::size_t given = 0;  ///< the label values that the instrument takes

    /// Calls f with those of an instrument's label values that its series have.
    template <std::size_t Count, class F>
    decltype(auto) with_kept(std::span<std::string_view const, Count> values, F&& f) const {
        if (left_out == 0) [[likely]]
            return f(values);
        std::array<std::string_view, max_labels> kept;
        std::size_t size = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
            if ((left_out >> i & 1) == 0) kept[size++] = values[i];
        return f(std::span<std::string_view const>{kept.data(), size});
    }
};

#if TACHO_BODIES

namespace detail {

// A label as it is shown, before escaping.
struct shown_label {
    std::string_view name, value;
    std::size_t index = max_labels;  // among the label values; max_labels for one that all series have
};

// The labels that a series shows, sorted by name; missing and empty ones are left out. `values` is empty for the
// overflow series.
class shown_labels {
public:
    shown_labels(label_schema const& schema, std::span<std::string_view const> values) noexcept {
        for (auto const& label : schema.fixed) add({label.prometheus_name, label.value});
        for (std::size_t i = 0; i < values.size(); ++i) add({schema.keys[i].prometheus_name, values[i], i});
    }
    void add(shown_label label) noexcept {
        if (label.value.empty() || size_ == std::size(labels_)) return;
        auto const at = std::upper_bound(labels_, labels_ + size_, label,
                                         [](auto const& a, auto const& b) { return a.name < b.name; });
        std::copy_backward(at, labels_ + size_, labels_ + size_ + 1);
        *at = label;
        ++size_;
    }
    [[nodiscard]] std::span<shown_label const> view() const noexcept { return {labels_, size_}; }

private:
    shown_label labels_[2 * max_labels + 3];  // own and constant ones, name and version of the scope, overflow
    std::size_t size_ = 0;
};

}  // namespace detail

#endif

}  // namespace tacho::inline TACHO_ABI
