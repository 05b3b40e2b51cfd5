// SPDX-License-Identifier: MIT
// tacho: the light entrance, for a file that only records: no formats, no threads, no sockets, no {fmt}.
#pragma once

#if defined(__cplusplus) && __cplusplus < 202002L && !defined(_MSVC_LANG)
#error "tacho needs C++20: compile with -std=c++20, in Meson with cpp_std=c++20, or newer"
#endif

// What you write in a program, from the simplest to the richest.
#include "tacho/instrument/counter.hpp"
#include "tacho/instrument/exponential_histogram.hpp"
#include "tacho/instrument/gauge.hpp"
#include "tacho/instrument/histogram.hpp"
#include "tacho/instrument/info.hpp"
#include "tacho/instrument/named.hpp"
#include "tacho/instrument/named_observable.hpp"
#include "tacho/instrument/named_others.hpp"
#include "tacho/instrument/observable.hpp"
#include "tacho/instrument/observation.hpp"
#include "tacho/instrument/state_set.hpp"
#include "tacho/instrument/up_down_counter.hpp"

// What is shown beside it: single measurements, and their traces.
#include "tacho/core/exemplar.hpp"

// Where it is recorded.
#include "tacho/registry/registry.hpp"
#include "tacho/registry/snapshot.hpp"

// What the library says, and which one it is.
#include "tacho/core/error_hook.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/version.hpp"
