// tacho: which of some texts is the most like another one: what somebody who misspelt it may have meant.
#pragma once

#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <vector>

namespace tacho::inline TACHO_ABI::detail {

// How many characters have to be put in, taken out or replaced to make one of the other, or `enough` if it is no less.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t enough);

inline std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t enough) {
    std::vector<std::size_t> row(b.size() + 1);  // of the beginning of a with each beginning of b
    std::iota(row.begin(), row.end(), std::size_t{0});
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

// The element whose text is the nearest to `wanted`, the first one of several; the end where there is none.
template <class Range, class Text>
[[nodiscard]] auto nearest(Range const& among, std::string_view wanted, Text text_of) {
    auto best = among.end();
    auto distance = static_cast<std::size_t>(-1);
    for (auto at = among.begin(); at != among.end(); ++at)
        if (auto const d = edit_distance(text_of(*at), wanted, distance); d < distance) {
            distance = d;
            best = at;
        }
    return best;
}

}  // namespace tacho::inline TACHO_ABI::detail
