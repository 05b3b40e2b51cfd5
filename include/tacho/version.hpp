// SPDX-License-Identifier: MIT
// tacho: the version of this copy of the library, and whether it records.
#pragma once

#define TACHO_VERSION_MAJOR 0
#define TACHO_VERSION_MINOR 1
#define TACHO_VERSION_PATCH 0

// The inline namespace that all names are in: that of the major version, and while it is 0 of the minor one, which may
// change anything. With TACHO_OFF defined, for all files of a program, the library records nothing; with
// TACHO_PORTABLE, it does without what only some machines have. Its types and bodies are then others, and so is the
// namespace: files that disagree don't link where they share anything of it, and else share no registry.
#if defined(TACHO_OFF) && defined(TACHO_PORTABLE)
#define TACHO_ABI v0_1_off_portable
#elif defined(TACHO_OFF)
#define TACHO_ABI v0_1_off
#elif defined(TACHO_PORTABLE)
#define TACHO_ABI v0_1_portable
#else
#define TACHO_ABI v0_1
#endif

namespace tacho::inline TACHO_ABI {

/// The version as text, for a user agent, a build-info metric or a bug report.
inline constexpr char version[] = "0.1.0";

namespace detail {

#if defined(TACHO_OFF)
inline constexpr bool recording = false;
#else
inline constexpr bool recording = true;
#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
