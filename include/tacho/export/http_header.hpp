// SPDX-License-Identifier: MIT
// tacho: one header of an HTTP message.
#pragma once

#include "tacho/version.hpp"

#include <string_view>

namespace tacho::inline TACHO_ABI {

/// A name and a value; the views are those of whoever made it.
struct http_header {
    std::string_view name;   ///< in any case; as HTTP names it
    std::string_view value;  ///< without line ends
};

}  // namespace tacho::inline TACHO_ABI
