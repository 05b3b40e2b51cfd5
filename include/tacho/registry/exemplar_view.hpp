// SPDX-License-Identifier: MIT
// tacho: the exemplars of one series, as a visitor is shown them.
#pragma once

#include "tacho/core/exemplar.hpp"
#include "tacho/registry/descriptor.hpp"
#include "tacho/series/series.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <span>

namespace tacho::inline TACHO_ABI {

/// The exemplars that a series keeps now, or those that a snapshot copied. A visitor with a member
/// exemplars(exemplar_view) is given it before the series' number or histogram; not where there can't be any.
class exemplar_view {
public:
    exemplar_view() = default;
    /// As they are now.
    exemplar_view(series const& of, std::size_t size) noexcept : of_(&of), size_(size) {}
    /// As they were. Of a place without exemplar the time is 0.
    exemplar_view(series const& of, std::span<exemplar const> copied) noexcept
        : of_(&of), size_(copied.size()), copied_(copied.data()) {}

    /// Whether these are of this series. Not what was shown of another family's, which was at the same address.
    [[nodiscard]] bool belongs_to(descriptor const& d, series const& s) const noexcept {
        return of_ == &s && d.exemplars;
    }
    /// Places for exemplars: 1 of a counter, of a histogram one for each bucket.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// The exemplar at a place; false when there is none.
    [[nodiscard]] bool read(std::size_t place, exemplar& into) const noexcept {
        if (copied_ == nullptr) return of_->exemplar_at(place).read(into);
        into = copied_[place];
        return into.time != 0;
    }

private:
    series const* of_ = nullptr;
    std::size_t size_ = 0;
    exemplar const* copied_ = nullptr;
};

namespace detail {

template <class Visitor>
concept shows_exemplars = requires(Visitor& v) {
    v.exemplars(exemplar_view{});
};

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
