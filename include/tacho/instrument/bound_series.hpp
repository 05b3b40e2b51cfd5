// SPDX-License-Identifier: MIT
// tacho: what look-ups find and what handles hold: cells to record in, and what keeps them alive.
#pragma once

#include "tacho/registry/family.hpp"
#include "tacho/series/held_series.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace tacho::inline TACHO_ABI::detail {

#if defined(TACHO_OFF)

// Nothing is recorded: no place is known or kept, so that handles are empty, and what is done with them is nothing.
// Its functions are not constexpr, or compilers would warn of null pointers where nobody goes.
struct no_family {
    [[nodiscard]] static family* get() noexcept { return nullptr; }
    [[nodiscard]] family* operator->() const noexcept { return get(); }
    friend bool operator==(no_family, std::nullptr_t) noexcept { return true; }
};

struct bound_series {
    bound_series() = default;
    template <class Family>
    bound_series(word*, Family const&, held_series const&) noexcept {}

    [[nodiscard]] static series const* at() noexcept { return nullptr; }

    static constexpr word* cells = nullptr;
    static constexpr no_family of{};
};

struct found_series {
    found_series() = default;
    template <class Family>
    found_series(word*, Family const&, series*) noexcept {}

    [[nodiscard]] static series* at() noexcept { return nullptr; }
    [[nodiscard]] static bound_series bind() noexcept { return {}; }

    static constexpr word* cells = nullptr;
    static constexpr no_family of{};
};

#else

// What a handle holds: while it lives, its cells are nobody else's.
struct bound_series {
    bound_series(word* where, std::shared_ptr<family> family_of, held_series kept) noexcept
        : cells(where), of(std::move(family_of)), held(std::move(kept)) {}
    // Moved from as well: a handle that was left without its hold could count in whose cells they are by then.
    bound_series(bound_series const&) noexcept = default;
    // By swapping: member by member, the family would go before its series is let go.
    bound_series& operator=(bound_series other) noexcept {
        std::swap(cells, other.cells);
        std::swap(of, other.of);
        std::swap(held, other.held);
        return *this;
    }
    // It was in use until now, which a sweep that finds nobody holding it has to know.
    ~bound_series() {
        if (held.get() != nullptr && of->table().storage().expire_after != 0) held.get()->life().touch();
    }

    [[nodiscard]] series const* at() const noexcept { return held.get(); }

    word* cells;
    std::shared_ptr<family> of;  // nullptr: what is recorded is discarded
    held_series held;            // last, so that it is let go before its family
};

// What a look-up found, for use while its thread is looking.
struct found_series {
    word* cells;
    std::shared_ptr<family> const& of;
    series* from;  // nullptr: what is recorded is discarded, or it stands in the cache
    std::atomic<series*> const* cache = nullptr;

    // Acquire: if the one whose cells were found is removed and made anew meanwhile, it is the new one, as it was made.
    [[nodiscard]] series* at() const noexcept {
        return cache == nullptr ? from : cache->load(std::memory_order_acquire);
    }

    [[nodiscard]] bound_series bind() const noexcept {
        series* const s = at();
        if (s == nullptr) return {cells, nullptr, {}};
        s->hold();
        return {cells, of, held_series{s}};
    }
};

#endif

}  // namespace tacho::inline TACHO_ABI::detail
