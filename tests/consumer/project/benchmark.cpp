// SPDX-License-Identifier: MIT
// What it costs to record.
#include <tacho/tacho.hpp>

#include <benchmark/benchmark.h>

int main(int argc, char** argv) {
    tacho::counter<"requests"> requests{"Requests so far"};
    benchmark::RegisterBenchmark("inc", [&](benchmark::State& state) {
        for (auto _ : state) requests.inc();
    });
    benchmark::Initialize(&argc, argv);
    return benchmark::RunSpecifiedBenchmarks() == 1 ? 0 : 1;
}
