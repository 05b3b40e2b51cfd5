// SPDX-License-Identifier: MIT
// tacho: what the pushes of one registry have delivered, each under its name.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/export/delta_memory.hpp"
#include "tacho/version.hpp"

#if TACHO_BODIES

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace tacho::inline TACHO_ABI::detail {

// It outlives them, so that those that are started when all telemetry objects have ended go on where these ended.
struct delivered_by_name {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<delta_memory>> memories;

    [[nodiscard]] std::shared_ptr<delta_memory> of(std::string const& name) {
        std::lock_guard const lock{mutex};
        auto& found = memories[name];
        if (found == nullptr) found = std::make_shared<delta_memory>();
        return found;
    }
};

}  // namespace tacho::inline TACHO_ABI::detail

#endif
