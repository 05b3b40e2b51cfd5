// SPDX-License-Identifier: MIT
// For tests: a transport whose first try fails at once, and the next ones when there is no more time.
#pragma once

#include "support/wait.hpp"

#include "tacho/core/deadline.hpp"
#include "tacho/export/transport.hpp"

#include <string_view>

namespace test {

class late_transport {
public:
    tacho::http_outcome post(tacho::http_post const&, tacho::deadline const& until) {
        if (tries_++ == 0) return {.retryable = true, .problem = "<why>"};
        wait_until([&] { return until.passed(); });
        return {.retryable = true, .problem = "<late>"};
    }
    static bool can_send(std::string_view) { return true; }

private:
    int tries_ = 0;
};

}  // namespace test
