// tacho: one series: its label values, its ready-made text and its cells.
#pragma once

#include "tacho/cell/arena.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/label.hpp"
#include "tacho/core/label_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tacho::inline v0 {

/// The longest value of a label, in bytes; what is beyond it is cut off.
inline constexpr std::size_t max_label_value = 1024;

/// The most labels of an instrument.
inline constexpr std::size_t max_labels = 16;

/// A label of a family: its name in OTLP, its name in Prometheus, and how its values are typed.
struct label_key {
    std::string name;
    std::string prometheus_name;
    label_type type = label_type::text;
};

/// A label that all series of a family carry, shown in Prometheus only (OTLP has a place of its own for the scope).
struct fixed_label {
    std::string prometheus_name;
    std::string value;
};

/// What the series of one family have in common.
struct label_schema {
    std::vector<label_key> keys;  ///< in the order of declaration
    std::vector<fixed_label> fixed;
    std::string line_name;  ///< begins each series' text; empty for a histogram, which has several names
};

/// One series of a family. All but the cells is written once, before any other thread can see it, and never changes.
/// Lives as long as its family.
class series {
public:
    /// When it was first recorded.
    [[nodiscard]] unix_nanos birth() const noexcept { return birth_; }
    /// Its place among the series of its family, in order of birth.
    [[nodiscard]] std::uint32_t ordinal() const noexcept { return ordinal_; }
    /// Whether it stands for all series beyond the limit. It then has no label values.
    [[nodiscard]] bool is_overflow() const noexcept { return overflow_; }
    [[nodiscard]] detail::word* cells() const noexcept { return cells_; }

    /// The value of the label that was declared at `index`; empty when it is missing.
    [[nodiscard]] std::string_view value(std::size_t index) const noexcept {
        std::size_t at = 0;
        for (std::size_t i = 0; i < index; ++i) at += sizes()[i];
        return {values() + at, sizes()[index]};
    }

    /// Whether these are its label values, in the order of declaration.
    [[nodiscard]] bool has(std::span<std::string_view const> wanted) const noexcept {
        char const* at = values();
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (sizes()[i] != wanted[i].size()) return false;
            if (wanted[i].empty()) continue;  // its pointer may be null
            if (std::memcmp(at, wanted[i].data(), wanted[i].size()) != 0) return false;
            at += wanted[i].size();
        }
        return true;
    }

    /// What begins its line in Prometheus' formats: `name{a="1",b="2"} `, or for a histogram `{a="1",b="2"} `, and just
    /// `name ` or a space without labels.
    [[nodiscard]] std::string_view text() const noexcept { return {values() + values_size_, text_size_}; }

private:
    friend class series_table;

    series() = default;

    // Behind the object, in the same piece of memory: the sizes of the values, the values, the text.
    [[nodiscard]] std::uint16_t const* sizes() const noexcept {
        return reinterpret_cast<std::uint16_t const*>(this + 1);
    }
    [[nodiscard]] char const* values() const noexcept { return reinterpret_cast<char const*>(sizes() + label_count_); }

    [[nodiscard]] static series* make(label_schema const& schema, std::span<std::string_view const> values,
                                      std::uint32_t ordinal, unix_nanos birth, detail::word* cells) noexcept;

    detail::word* cells_ = nullptr;
    unix_nanos birth_ = 0;
    std::uint32_t ordinal_ = 0;
    std::uint32_t values_size_ = 0;
    std::uint32_t text_size_ = 0;
    std::uint16_t label_count_ = 0;
    bool overflow_ = false;
};

namespace detail {

// A label as it is shown, before escaping.
struct shown_label {
    std::string_view name, value;
};

// The labels that a series shows, sorted by name; missing and empty ones are left out. `values` is empty for the
// overflow series.
class shown_labels {
public:
    shown_labels(label_schema const& schema, std::span<std::string_view const> values) noexcept {
        for (auto const& label : schema.fixed) add({label.prometheus_name, label.value});
        for (std::size_t i = 0; i < values.size(); ++i) add({schema.keys[i].prometheus_name, values[i]});
    }
    void add(shown_label label) noexcept {
        if (label.value.empty() || size_ == max_labels + 4) return;
        auto const at = std::upper_bound(labels_, labels_ + size_, label,
                                         [](auto const& a, auto const& b) { return a.name < b.name; });
        std::copy_backward(at, labels_ + size_, labels_ + size_ + 1);
        *at = label;
        ++size_;
    }
    [[nodiscard]] std::span<shown_label const> view() const noexcept { return {labels_, size_}; }

private:
    shown_label labels_[max_labels + 4];  // up to four fixed ones
    std::size_t size_ = 0;
};

}  // namespace detail

inline series* series::make(label_schema const& schema, std::span<std::string_view const> values, std::uint32_t ordinal,
                            unix_nanos birth, detail::word* cells) noexcept {
    bool const overflow = values.size() != schema.keys.size();
    detail::shown_labels shown{schema, values};
    if (overflow) shown.add({"otel_metric_overflow", "true"});

    std::size_t text_size = schema.line_name.size() + 1;
    for (auto const& label : shown.view()) text_size += label.name.size() + detail::escaped_size(label.value) + 4;
    if (!shown.view().empty()) ++text_size;  // each label brings `="",` with its comma or brace; `{` is left
    std::size_t values_size = 0;
    for (auto const& value : values) values_size += value.size();

    void* const memory = std::malloc(sizeof(series) + values.size() * sizeof(std::uint16_t) + values_size + text_size);
    if (memory == nullptr) return nullptr;
    auto* const made = new (memory) series;
    made->cells_ = cells;
    made->birth_ = birth;
    made->ordinal_ = ordinal;
    made->values_size_ = static_cast<std::uint32_t>(values_size);
    made->text_size_ = static_cast<std::uint32_t>(text_size);
    made->label_count_ = static_cast<std::uint16_t>(values.size());
    made->overflow_ = overflow;

    auto* size = reinterpret_cast<std::uint16_t*>(made + 1);
    for (auto const& value : values) *size++ = static_cast<std::uint16_t>(value.size());
    char* out = reinterpret_cast<char*>(size);
    for (auto const& value : values) out = detail::write_text(value, out);
    out = detail::write_text(schema.line_name, out);
    char before = '{';
    for (auto const& label : shown.view()) {
        *out++ = before;
        before = ',';
        out = detail::write_text(label.name, out);
        out = detail::write_text("=\"", out);
        out = detail::write_escaped(label.value, out);
        *out++ = '"';
    }
    if (!shown.view().empty()) *out++ = '}';
    *out++ = ' ';
    return made;
}

}  // namespace tacho::inline v0
