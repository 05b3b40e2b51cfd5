// SPDX-License-Identifier: MIT
// tacho: the requests of one collection that are not all delivered.
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/encode/otlp_json.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// A value that can be moved: whoever has it sends the rest.
struct unsent_requests {
    byte_buffer body = {};                    ///< all of them, also those that are sent
    std::vector<otlp_request_end> ends = {};  ///< of each; none when nothing is left to send
    std::size_t sent = 0;                     ///< how many have arrived
    unix_nanos collected = 0;                 ///< when the numbers in them were read
    bool is_refused = false;                  ///< the next one, for what is in it, when it was last sent
};

}  // namespace tacho::inline TACHO_ABI
