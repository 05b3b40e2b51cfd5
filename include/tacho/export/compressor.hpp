// SPDX-License-Identifier: MIT
// tacho: what compresses a body, whichever library does it.
#pragma once

#include "tacho/encode/sink.hpp"
#include "tacho/version.hpp"

#include <string_view>

namespace tacho::inline TACHO_ABI {

/// Compresses bodies: answers to scrapes, or requests. gzip() of tacho/adapter/zlib.hpp makes one; one's own is a class
/// with these two members. Any number of threads may use it at the same time.
class compressor {
public:
    virtual ~compressor() = default;

    /// The content coding as HTTP names it, such as `gzip`. In static storage.
    [[nodiscard]] virtual std::string_view coding() const noexcept = 0;
    /// Adds all of `body` to `into`, compressed: whole by itself, as one member. False when it can't, out of memory or
    /// of room; then what is in `into` must not be used, and `body` is sent as it is.
    [[nodiscard]] virtual bool compress(std::string_view body, byte_buffer& into) noexcept = 0;

protected:
    compressor() = default;
    compressor(compressor const&) = default;
    compressor& operator=(compressor const&) = default;
};

}  // namespace tacho::inline TACHO_ABI
