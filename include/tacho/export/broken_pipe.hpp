// SPDX-License-Identifier: MIT
// tacho: writing to what nobody reads any more, which by default ends the program.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/version.hpp"

#if TACHO_BODIES

#include <csignal>

namespace tacho::inline TACHO_ABI::detail {

// To the calling thread, and those that it begins, it is an error like others from then on: a console that is piped to
// `head`, or a receiver that ends a connection to which a library writes without MSG_NOSIGNAL, as OpenSSL does.
inline void block_broken_pipes() noexcept {
#if defined(SIGPIPE)
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
#endif
}

}  // namespace tacho::inline TACHO_ABI::detail

#endif
