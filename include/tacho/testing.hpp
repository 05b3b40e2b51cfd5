// SPDX-License-Identifier: MIT
// tacho: the entrance for tests of programs that use tacho: looking up numbers in a registry, and what helps with that.
#pragma once

#include "tacho/tacho.hpp"

// What a registry holds, by name and labels.
#include "tacho/testing/look_up.hpp"
#include "tacho/testing/readings.hpp"

// What conventions say of its names and units.
#include "tacho/testing/lint.hpp"

// The time.
#include "tacho/testing/manual_clock.hpp"
