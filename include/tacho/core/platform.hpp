// SPDX-License-Identifier: MIT
// tacho: what the library uses of the processor and the system to be faster than portable C++ alone.
#pragma once

#include <cstdint>

// Each is 1 where it is there, and else something portable takes its place, with the same numbers. With TACHO_PORTABLE
// defined, for all files of a program, none is used: to run on any machine what others need, and to see whether a fault
// comes from one of these. Of files that disagree, see docs/testing.md.
#if defined(TACHO_PORTABLE)
#define TACHO_USES_SPARSE_PAGES 0
#define TACHO_USES_HUGE_PAGES 0
#define TACHO_USES_MEMBARRIER 0
#define TACHO_USES_SSE2 0
#define TACHO_USES_INT128 0
#define TACHO_USES_STD_MUTEX 0
#else

// Pages that are provided as they are touched, and addresses to spare for them: a slot for each thread. Else all count
// in the common one.
#if (defined(__unix__) || defined(__APPLE__)) && UINTPTR_MAX > 0xFFFFFFFFu
#define TACHO_USES_SPARSE_PAGES 1
#else
#define TACHO_USES_SPARSE_PAGES 0
#endif

// Pages of 2 MiB where they are asked for, for what has many of the usual ones. Else those.
#if defined(__linux__) && UINTPTR_MAX > 0xFFFFFFFFu
#define TACHO_USES_HUGE_PAGES 1
#else
#define TACHO_USES_HUGE_PAGES 0
#endif

// membarrier(2), so that a look-up needs no fence. Else each has one.
#if defined(__linux__)
#define TACHO_USES_MEMBARRIER 1
#else
#define TACHO_USES_MEMBARRIER 0
#endif

// The digits of two numbers are worked out at a time. Else of one. A 32-bit x86 has no register to move them from.
#if defined(__SSE2__) && defined(__x86_64__)
#define TACHO_USES_SSE2 1
#else
#define TACHO_USES_SSE2 0
#endif

// The processor multiplies to 128 bits. Else in four parts.
#if defined(__SIZEOF_INT128__)
#define TACHO_USES_INT128 1
#else
#define TACHO_USES_INT128 0
#endif

// std::mutex lasts as long as the program, and longer than its static objects (see lasting_mutex). Else an atomic word.
#if defined(__linux__)
#define TACHO_USES_STD_MUTEX 1
#else
#define TACHO_USES_STD_MUTEX 0
#endif

#endif
