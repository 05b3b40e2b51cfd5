// SPDX-License-Identifier: MIT
// For tests: what an endpoint answers.
#pragma once

#include "tacho/export/endpoint.hpp"

#include <string_view>

namespace test {

// The value of a header; empty when there is none.
inline std::string_view header_of(tacho::scrape_response const& answer, std::string_view name) {
    for (auto const& header : answer.headers())
        if (header.name == name) return header.value;
    return {};
}

}  // namespace test
