// SPDX-License-Identifier: MIT
// tacho: how a family stores its series, and how many.
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/core/exemplar.hpp"
#include "tacho/series/reader_clock.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace tacho::inline TACHO_ABI {

/// How a family stores its series.
struct series_storage {
    std::size_t cells = 1;           ///< cells of one series
    bool sharded = true;             ///< a number for each thread
    std::size_t limit = 2000;        ///< series, the overflow series not counted
    std::uint32_t expire_after = 0;  ///< seconds without use, after which a series is removed; 0: never
    std::size_t exemplars = 0;       ///< that a series keeps: one of a counter, one for each bucket of a histogram
    bool observed = false;           ///< rounds of callbacks give the values; the limit is for what one round observes
    unix_nanos (*now)() noexcept = &system_clock::now;  ///< when a series is born or ends
    /// How far those have come who must see what is removed.
    std::shared_ptr<detail::reader_clock> readers = std::make_shared<detail::reader_clock>();
    std::shared_ptr<std::atomic<exemplar_filter> const> filter = {};  ///< of exemplars, if it keeps any

    /// How many series can be found. Where callbacks give the values, a round may observe as many as the limit allows
    /// that the one before did not, and which of the old ones it observes is known at its end only.
    [[nodiscard]] std::size_t most_found() const noexcept {
        return observed && limit <= ~std::size_t{0} / 2 ? limit * 2 : limit;
    }
    /// Removed series whose memory can't be given back yet are bounded as those are that can be found.
    [[nodiscard]] std::size_t most_removed() const noexcept { return (std::max)(most_found(), std::size_t{64}); }
};

}  // namespace tacho::inline TACHO_ABI
