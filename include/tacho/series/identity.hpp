// SPDX-License-Identifier: MIT
// tacho: the label values that decide which series is meant.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/series/series.hpp"
#include "tacho/version.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

namespace tacho::inline TACHO_ABI::detail {

// Calls f with what stands for these values: identity is decided on valid UTF-8 of bounded length, so that two
// spellings of one broken value are one series.
template <class F>
std::invoke_result_t<F&, std::span<std::string_view const>> with_identity(std::span<std::string_view const> values,
                                                                          F&& f) noexcept {
    bool clean = true;
    for (auto const& value : values) clean &= value.size() <= max_label_value && is_valid_utf8(value);
    if (clean) return f(values);

    std::array<char, max_labels * max_label_value> room;  // on the stack: a look-up that hits allocates nothing
    std::array<std::string_view, max_labels> mended;
    char* at = room.data();
    for (std::size_t i = 0; i < values.size(); ++i) {
        // What is beyond the limit is not even looked at; a code point that it would cut is left out.
        auto const size = copy_as_utf8(values[i].substr(0, max_label_value + 3), at, max_label_value);
        mended[i] = {at, size};
        at += size;
    }
    return f(std::span<std::string_view const>{mended.data(), values.size()});
}

#if TACHO_BODIES

// The values by which a series is found, which is not the overflow series.
class label_values_of {
public:
    label_values_of(series const& s, label_schema const& schema) noexcept : count_(schema.keys.size()) {
        for (std::size_t i = 0; i < count_; ++i) values_[i] = s.value(i);
    }
    [[nodiscard]] std::span<std::string_view const> view() const noexcept { return {values_.data(), count_}; }

private:
    std::array<std::string_view, max_labels> values_;
    std::size_t count_;
};

#endif

}  // namespace tacho::inline TACHO_ABI::detail
