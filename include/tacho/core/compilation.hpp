// SPDX-License-Identifier: MIT
// tacho: whether the library is compiled with each file that includes it, or once in a program.
#pragma once

// By default everything is inline, and a file needs nothing but the headers. With TACHO_SEPARATE_COMPILATION defined
// for all files of a program, each declares what is no template and leaves it to another file to have it compiled: the
// one that defines TACHO_IMPLEMENTATION before its first header of tacho, and includes tacho/tacho.hpp. What records a
// number is inline either way.
#if !defined(TACHO_SEPARATE_COMPILATION)
#define TACHO_BODIES 1
#define TACHO_FUNCTION inline
#elif defined(TACHO_IMPLEMENTATION)
#define TACHO_BODIES 1
#define TACHO_FUNCTION
#else
#define TACHO_BODIES 0
#define TACHO_FUNCTION
#endif
