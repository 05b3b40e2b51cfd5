// SPDX-License-Identifier: MIT
// tacho: who is told of pushes: what came of each, and how long it took.
#pragma once

#include "tacho/version.hpp"

#include <cstdint>

namespace tacho::inline TACHO_ABI {

/// What came of one push, which may have been sent in several requests and several times.
struct push_outcome {
    bool accepted = false;              ///< the receiver took it, perhaps in part
    double seconds = 0;                 ///< from the collection to the last answer
    std::uint64_t sent_bytes = 0;       ///< of all bodies that were sent, compressed if so
    std::uint64_t accepted_points = 0;  ///< of requests that were taken, less those below
    std::uint64_t rejected_points = 0;  ///< that the receiver took no part of, and are not sent again
    std::uint64_t failed_points = 0;    ///< of requests that were not taken; the next push says the same again
};

class [[gnu::visibility("default")]] push_watcher;  // the program's, in a plug-in too

/// Is told of each push: see pusher_options::watcher. Called by the pusher's thread, which it holds up.
class push_watcher {
public:
    push_watcher() = default;
    push_watcher(push_watcher const&) = delete;
    push_watcher& operator=(push_watcher const&) = delete;
    virtual ~push_watcher() = default;

    /// Is told of a push that has ended. By the pusher's thread, under no lock; must not push itself.
    virtual void pushed(push_outcome const& how) noexcept = 0;
};

}  // namespace tacho::inline TACHO_ABI
