// SPDX-License-Identifier: MIT
// A program that is scraped on a port of its own while its threads record, for clients_test.py. It prints `ready PORT`;
// with the first line that it reads they stop, and it prints `recorded N`; it ends with its input.
#include "support/heap.hpp"

#include <tacho/adapter/httplib.hpp>
#include <tacho/tacho.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

int main() {
    tacho::registry registry;
    tacho::counter<"done"> done{registry, "By all threads"};
    tacho::counter<"done.by", tacho::label<"n", int>> done_by{registry, "By number"};
    tacho::histogram<"took", tacho::unit::seconds, tacho::label<"n", int>> took{registry, "By number"};
    tacho::observable_gauge<"heap", tacho::unit::bytes> heap{registry, "In use", [] { return test::heap_in_use(); }};
    for (int n = 0; n < 100; ++n) took(n).observe(n / 10.0);

    tacho::httplib_listener listener;
    auto const port = listener.start("127.0.0.1", 0, std::make_shared<tacho::endpoint>(registry));
    if (!port) {
        std::fprintf(stderr, "%s\n", port.message().c_str());
        return 1;
    }
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> recorded{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t)
        threads.emplace_back([&] {
            std::uint64_t own = 0;
            for (; !stop; ++own) {
                done.inc();
                done_by(static_cast<int>(own % 50)).inc();
                // It shares two processors with all clients.
                if (own % 1000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
            }
            recorded += own;
        });
    std::printf("ready %d\n", *port);
    std::fflush(stdout);
    std::string line;
    std::getline(std::cin, line);
    stop = true;
    for (auto& t : threads) t.join();
    std::printf("recorded %llu\n", static_cast<unsigned long long>(recorded));
    std::fflush(stdout);
    while (std::getline(std::cin, line)) {
    }
    listener.stop();
}
