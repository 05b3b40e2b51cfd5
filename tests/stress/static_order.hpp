// SPDX-License-Identifier: MIT
// A registry, instruments in one file and telemetry in another: which of the two ends first depends on how they are
// linked.
#pragma once

#include <tacho/tacho.hpp>

// Made when it is first used.
tacho::registry& own_registry();
