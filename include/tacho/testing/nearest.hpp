// SPDX-License-Identifier: MIT
// tacho: which of some texts is the most like another one: what somebody who misspelt it may have meant.
#pragma once

#include "tacho/core/edit_distance.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

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
