// SPDX-License-Identifier: MIT
// A file that only records: it is compiled where there is no {fmt}.
#include "tacho/record.hpp"

int main() {
    tacho::registry registry;
    tacho::counter<"requests"> requests{registry, "Requests"};
    tacho::histogram<"latency", tacho::unit::seconds> latency{registry, "Latency"};
    requests.inc();
    latency.observe(0.5);
    return registry.problems().empty() ? 0 : 1;
}
