// SPDX-License-Identifier: MIT
// The bytes that an endpoint was told to have sent.
#pragma once

#include "tacho/core/scrape_watcher.hpp"

#include <atomic>
#include <cstdint>

namespace test {

struct sent_bytes final : tacho::scrape_watcher {
    std::atomic<std::uint64_t> sum{0};

    void begins() noexcept override {}
    void ends(tacho::scrape_outcome const& how) noexcept override { sum += how.bytes; }
};

}  // namespace test
