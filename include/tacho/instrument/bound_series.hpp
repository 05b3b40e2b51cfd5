// tacho: what look-ups find and what handles hold: cells to record in, and what keeps them alive.
#pragma once

#include "tacho/registry/family.hpp"
#include "tacho/series/held_series.hpp"

#include <memory>

namespace tacho::inline v0::detail {

// What a handle holds: while it lives, its cells are nobody else's.
struct bound_series {
    word* cells;
    std::shared_ptr<family> of;  // nullptr: what is recorded is discarded
    held_series held;            // last, so that it is let go before its family
};

// What a look-up found, for use while its thread is looking.
struct found_series {
    word* cells;
    std::shared_ptr<family> const& of;
    series* from;  // nullptr: what is recorded is discarded

    [[nodiscard]] bound_series bind() const noexcept {
        if (from == nullptr) return {cells, nullptr, {}};
        from->hold();
        return {cells, of, held_series{from}};
    }
};

}  // namespace tacho::inline v0::detail
