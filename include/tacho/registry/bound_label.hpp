// SPDX-License-Identifier: MIT
// tacho: the bound of a histogram's bucket as text.
#pragma once

#include "tacho/version.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// A bucket's bound as a last label, `le="0.5"} `. At most 7 characters beside a number's 24: always copied whole,
/// which takes two instructions where copying just the text is a call.
class bound_label {
public:
    /// Of a bound, which `write_bound` writes as the format has it.
    bound_label(double bound, char* (*write_bound)(double, char*) noexcept) noexcept {
        std::memcpy(text_, "le=\"", 4);
        char* const end = write_bound(bound, text_ + 4);
        std::memcpy(end, "\"} ", 3);
        size_ = static_cast<std::size_t>(end + 3 - text_);
    }
    /// Uses room for `room` characters, and returns the end of the text.
    char* write(char* out) const noexcept {
        std::memcpy(out, text_, room);
        return out + size_;
    }
    static constexpr std::size_t room = 40;  ///< characters that write() may touch
    /// Just the bound.
    [[nodiscard]] std::string_view number() const noexcept { return {text_ + 4, size_ - 7}; }

private:
    char text_[room]{};
    std::size_t size_ = 0;
};

}  // namespace tacho::inline TACHO_ABI
