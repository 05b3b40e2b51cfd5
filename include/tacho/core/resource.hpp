// SPDX-License-Identifier: MIT
// tacho: what is known of the program that is measured, such as its service name.
// Rule: https://opentelemetry.io/docs/specs/otel/resource/sdk/
#pragma once

#include "tacho/version.hpp"

#include <string>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// One fact about the program: `service.name` = `shop`.
struct attribute {
    std::string key;    ///< such as `service.name`
    std::string value;  ///< any text

    friend bool operator==(attribute const&, attribute const&) = default;
};

/// All that is known of the program: sent with each push, shown as `target_info` in a scrape.
using resource = std::vector<attribute>;

}  // namespace tacho::inline TACHO_ABI
