// SPDX-License-Identifier: MIT
// tacho: what a program compiles once whose files are compiled with TACHO_SEPARATE_COMPILATION.
#define TACHO_IMPLEMENTATION
#include "tacho/tacho.hpp"
