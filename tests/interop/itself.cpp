// SPDX-License-Identifier: MIT
// A program that shows itself: a page of its process metrics for each line that it reads.
#include <tacho/tacho.hpp>

#include <cstdio>

int main() {
    tacho::registry registry;
    tacho::process_metrics const own{registry};
    tacho::endpoint shown{registry};
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
        if (c != '\n') continue;
        auto const page = shown.respond({.method = "GET"});
        std::printf("%.*s\n", static_cast<int>(page.body().size()), page.body().data());
        std::fflush(stdout);
    }
}
