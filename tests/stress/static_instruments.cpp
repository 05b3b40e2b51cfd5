// SPDX-License-Identifier: MIT
// Static instruments: they count when they are made, and when they end.
#include "static_order.hpp"

namespace {

struct instruments {
    tacho::counter<"counted"> counted{own_registry()};
    tacho::counter<"by", tacho::label<"n", int>> by{own_registry()};
    tacho::histogram<"h"> h{own_registry()};
    tacho::counter<"elsewhere"> elsewhere;

    instruments() { record(1); }
    ~instruments() { record(2); }
    void record(int n) {
        counted.inc();
        by(n).inc();
        h.observe(n);
        elsewhere.inc();
    }
} const static in_this_file;

// Thread-local in the main thread: it ends before what is static.
thread_local struct counts_at_the_end {
    void begin() const {}
    ~counts_at_the_end() {
        tacho::counter<"counted"> same{own_registry()};
        same.inc();
    }
} const last_of_thread;

}  // namespace

int main() {
    last_of_thread.begin();
}
