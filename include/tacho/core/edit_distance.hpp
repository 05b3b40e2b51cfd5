// SPDX-License-Identifier: MIT
// tacho: how far one text is from another: what somebody who misspelt it may have meant.
#pragma once

#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace tacho::inline TACHO_ABI::detail {

// How many characters have to be put in, taken out or replaced to make one of the other, or `enough` if it is no less.
// Allocates.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t enough) {
    if ((std::max)(a.size(), b.size()) - (std::min)(a.size(), b.size()) >= enough) return enough;
    std::vector<std::size_t> row(b.size() + 1);  // of the beginning of a with each beginning of b
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t before = row[0];  // with one less of both
        std::size_t least = row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            auto const replaced = before + (a[i] == b[j] ? 0 : 1);
            before = row[j + 1];
            row[j + 1] = (std::min)({replaced, row[j] + 1, row[j + 1] + 1});
            least = (std::min)(least, row[j + 1]);
        }
        if (least >= enough) return enough;
    }
    return (std::min)(row.back(), enough);
}

// Whether two neighbours have changed places, and nothing else.
[[nodiscard]] inline bool is_swapped(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    auto const at = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
    return at + 1 < a.size() && a[at] == b[at + 1] && a[at + 1] == b[at] && a.substr(at + 2) == b.substr(at + 2);
}

// The one of these words that is nearly this text: two neighbours have changed places, or at most two characters
// differ, of less than five at most one. Empty where there is none, or several are as near. Allocates.
[[nodiscard]] inline std::string_view nearly_one_of(std::vector<std::string_view> const& words, std::string_view text) {
    std::string_view found;
    std::size_t least = 3;
    for (auto const known : words) {
        auto const enough = (std::min)(std::size_t{3}, known.size() / 5 + 2);
        auto const distance = is_swapped(known, text) ? 1 : edit_distance(known, text, enough);
        if (distance > least || distance >= enough) continue;
        found = distance < least ? known : std::string_view{};
        least = distance;
    }
    return found;
}

}  // namespace tacho::inline TACHO_ABI::detail
