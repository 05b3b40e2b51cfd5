// tacho: the version of this copy of the library.
#pragma once

#define TACHO_VERSION_MAJOR 0
#define TACHO_VERSION_MINOR 1
#define TACHO_VERSION_PATCH 0

namespace tacho::inline v0 {

/// The version as text, for a user agent, a build-info metric or a bug report.
inline constexpr char version[] = "0.1.0";

}  // namespace tacho::inline v0
