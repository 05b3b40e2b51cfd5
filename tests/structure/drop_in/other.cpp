// SPDX-License-Identifier: MIT
// The other file: it includes the headers in the other order, and twice.
#include "tacho/record.hpp"
#include "tacho/tacho.hpp"

void record_elsewhere(tacho::registry& in);

void record_elsewhere(tacho::registry& in) {
    tacho::counter<"elsewhere", tacho::label<"place">> static elsewhere{in, "Counted in the other file"};
    elsewhere("other.cpp").inc();
}
