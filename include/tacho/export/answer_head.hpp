// SPDX-License-Identifier: MIT
// tacho: what a push needs of the head of an answer, for transports whose library hands it over line by line.
// Rule: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/text.hpp"
#include "tacho/version.hpp"

#include <string>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// Of the last head: interim answers, such as 100 Continue, may come before it.
struct answer_head {
    std::string retry_after = {};
    bool is_whole = false;

    // One line as it came, with its end. Without memory for what is asked for, nothing is asked for.
    void read_line(std::string_view line) noexcept {
        constexpr std::string_view name = "retry-after:";
        if (line.starts_with("HTTP/")) {
            retry_after.clear();
            is_whole = false;
        }
        if (line == "\r\n" || line == "\n") is_whole = true;
        if (equals_ignoring_case(line.substr(0, name.size()), name))
            attempt([&] { retry_after = trimmed(line.substr(name.size())); });
    }
};

}  // namespace tacho::inline TACHO_ABI::detail
