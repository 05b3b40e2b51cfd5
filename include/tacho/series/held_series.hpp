// SPDX-License-Identifier: MIT
// tacho: keeps the memory of a series from being given to another.
#pragma once

#include "tacho/series/series.hpp"
#include "tacho/version.hpp"

#include <utility>

namespace tacho::inline TACHO_ABI::detail {

// Counts as a holder while it lives. Its family has to live as long. Copying costs an atomic add.
class held_series {
public:
    held_series() = default;
    // Takes over one hold(); nullptr holds nothing.
    explicit held_series(series const* held) noexcept : held_(held) {}
    held_series(held_series const& other) noexcept : held_(other.held_) {
        if (held_ != nullptr) held_->hold();
    }
    held_series(held_series&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    held_series& operator=(held_series other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~held_series() {
        if (held_ != nullptr) held_->release();
    }

    [[nodiscard]] series const& operator*() const noexcept { return *held_; }
    [[nodiscard]] series const* get() const noexcept { return held_; }

private:
    series const* held_ = nullptr;
};

}  // namespace tacho::inline TACHO_ABI::detail
