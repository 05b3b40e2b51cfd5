// SPDX-License-Identifier: MIT
// What the plug-ins of these tests export.
#pragma once

#include "tacho/record.hpp"

// All have C linkage, so that the host finds them by name.
struct plugin_functions {
    void (*start)(tacho::registry&);  // registers its instruments there
    void (*record)();                 // once in each, by label values and by what is held
    void (*stop)();                   // ends its instruments
    tacho::registry& (*default_registry)();
};
using find_functions = plugin_functions const*();
