// SPDX-License-Identifier: MIT
// tacho: whether stop() may wait for others on this thread.
#pragma once

#include "tacho/version.hpp"

namespace tacho::inline TACHO_ABI::detail {

// How much of what stop() waits for is under way on this thread: a push, a scrape that a listener answers. It calls
// callbacks and the error hook. A stop() of theirs waits for no other: each of two could wait for the other's end.
// Default visibility: one for all shared objects, whichever of them has the listener and which the callback.
[[gnu::visibility("default")]] inline thread_local int awaited = 0;

}  // namespace tacho::inline TACHO_ABI::detail
