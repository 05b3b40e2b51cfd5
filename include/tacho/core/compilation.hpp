// SPDX-License-Identifier: MIT
// tacho: whether the library is compiled with each file that includes it, or once in a program.
#pragma once

#include "tacho/version.hpp"

// By default everything is inline, and a file needs nothing but the headers. With TACHO_SEPARATE_COMPILATION defined
// for all files of a program, each declares what is no template and leaves it to another file to have it compiled: the
// one that defines TACHO_IMPLEMENTATION before its first header of tacho, and includes tacho/tacho.hpp. What records a
// number is inline either way.
//
// A virtual function says TACHO_FUNCTION in its class already: where the first one is inline only later, compilers put
// all of them into each file that includes the class, used or not.
#if !defined(TACHO_SEPARATE_COMPILATION)
#if defined(TACHO_IMPLEMENTATION)
#error "tacho: TACHO_IMPLEMENTATION says nothing alone: define TACHO_SEPARATE_COMPILATION in all files of the program"
#endif
#define TACHO_BODIES 1
#define TACHO_FUNCTION inline
#elif defined(TACHO_IMPLEMENTATION)
#define TACHO_BODIES 1
#define TACHO_FUNCTION
#else
#define TACHO_BODIES 0
#define TACHO_FUNCTION
#endif

#if defined(TACHO_SEPARATE_COMPILATION)
namespace tacho::inline TACHO_ABI::detail {

// Where that file was forgotten, linkers name this among all that they miss.
extern char const one_file_must_define_TACHO_IMPLEMENTATION;
#if TACHO_BODIES
char const one_file_must_define_TACHO_IMPLEMENTATION = 0;
#else
[[gnu::used]] static char const* const asked_for_implementation = &one_file_must_define_TACHO_IMPLEMENTATION;
#endif

}  // namespace tacho::inline TACHO_ABI::detail
#endif
