// SPDX-License-Identifier: MIT
// tacho: who is told of scrapes: what came of each, and how long it took.
#pragma once

#include "tacho/version.hpp"

#include <cstdint>

namespace tacho::inline TACHO_ABI {

/// What came of one request to a scrape endpoint.
struct scrape_outcome {
    int status;           ///< of HTTP
    std::uint64_t bytes;  ///< of the body as it goes out: compressed if so, none for HEAD
    double seconds;       ///< from the request to the answer, which is yet to be sent
};

class [[gnu::visibility("default")]] scrape_watcher;  // the program's, in a plug-in too

/// Is told of each request to a scrape endpoint: see endpoint_options::watcher. Both functions are called by the thread
/// that answers, by several at once, and hold up the answer.
class scrape_watcher {
public:
    scrape_watcher() = default;
    scrape_watcher(scrape_watcher const&) = delete;
    scrape_watcher& operator=(scrape_watcher const&) = delete;
    virtual ~scrape_watcher() = default;

    /// Is told that a scrape begins, and then by ends() that it has ended. By the thread that answers it, under no
    /// lock; must not scrape itself.
    virtual void begins() noexcept = 0;
    /// Once after each begins(), when the page is written: it doesn't show this scrape's own outcome.
    virtual void ends(scrape_outcome const& how) noexcept = 0;
};

}  // namespace tacho::inline TACHO_ABI
