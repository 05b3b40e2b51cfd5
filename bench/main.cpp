// SPDX-License-Identifier: MIT
// Measures tacho beside its peers and prints the table.
#include "harness.hpp"
#include "table.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr auto usage =
    "usage: tacho_bench [--quick] [--readme] [--benchmark_...]\n"
    "  --quick   in less than a minute, with fewer repetitions\n"
    "  --readme  also put the table into README.md, between <!-- bench --> and <!-- /bench -->\n"
    "Options that begin with --benchmark_ go to Google Benchmark, whose own numbers are beside the program, as JSON.\n"
    "Exits with 1 when a row is short of its limit; of one that says behind it is known, and by how much at most.\n";

// What is measured together, in random order. What would change the numbers of others comes after them: the compiler
// takes the processor, and each thread that ever counted is one more for a scrape to look at. A million
// series are made last: what is allocated after them lies scattered in the memory they left.
struct part {
    char const* name;  // of its raw numbers
    std::vector<void (*)(bench::table&)> rows;
};
std::vector<part> const parts {
    {"",
     {bench::counter_rows, bench::gauge_rows, bench::histogram_rows, bench::lookup_rows, bench::text_rows,
      bench::stall_rows, bench::otlp_rows, bench::memory_rows, bench::series_rows}},
        {".push", {bench::push_rows}}, {".compile", {bench::compile_rows}},
#if defined(BENCH_HTTPLIB)
        {".httplib", {bench::httplib_rows}},
#endif
        {".threads", {bench::thread_rows}},
};

// Hands Google Benchmark's numbers to the table.
class collector : public benchmark::BenchmarkReporter {
public:
    explicit collector(bench::table& to) : to_(to) {}

    bool ReportContext(Context const&) override { return true; }
    void ReportRuns(std::vector<Run> const& runs) override {
        for (auto const& run : runs) {
            if (run.run_type != Run::RT_Iteration) continue;
            auto const& name = run.run_name.function_name;
            auto const quiet = run.counters.find("quiet");
            for (auto const& [counter, value] : run.counters) {
                // Google Benchmark's own: of processor time, or of what a benchmark that has its own clock measured.
                if (counter == "items_per_second")
                    to_.keep(name, 1e9 / value, true);
                else
                    to_.keep(name + "/" + counter, value, quiet == run.counters.end() || quiet->second.value != 0);
            }
        }
        std::fputc('.', stderr);
    }

private:
    bench::table& to_;
};

void say(char const* what, std::vector<std::string> const& names) {
    for (auto const& name : names) fmt::print(stderr, "{}: {}\n", what, name);
}

int fail(std::string const& why) {
    fmt::print(stderr, "tacho_bench: {}\n", why);
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    bool readme = false;
    std::vector<std::string> options{argv[0], "--benchmark_out_format=json",
                                     "--benchmark_enable_random_interleaving=true"};
    for (std::string_view const arg : std::vector<std::string_view>(argv + 1, argv + argc)) {
        if (arg == "--quick") {
            bench::how_hard = {.seconds = 0.01, .repetitions = 7, .rounds = 15, .stall = 0.5, .pushes = 2};
        } else if (arg.starts_with("--pushed=")) {  // by push_rows
            return bench::push_to_a_slow_receiver(std::atoi(arg.substr(9).data()));
        } else if (arg == "--readme") {
            readme = true;
            if (auto const why = bench::replace_between_markers("README.md", std::nullopt); !why.empty())
                return fail(why);
        } else if (arg.starts_with("--benchmark_")) {
            options.emplace_back(arg);
        } else {
            fmt::print(arg == "--help" ? stdout : stderr, usage);
            return arg == "--help" ? 0 : 2;
        }
    }

    bench::table table;
    for (auto const& p : parts) {
        for (auto const& rows : p.rows) rows(table);
        // The raw numbers lie beside the program, in the build folder.
        auto with_output = options;
        with_output.push_back(fmt::format("--benchmark_out={}{}.json", argv[0], p.name));
        std::vector<char*> pointers;
        for (auto& option : with_output) pointers.push_back(option.data());
        int count = static_cast<int>(pointers.size());
        benchmark::Initialize(&count, pointers.data());
        collector collect{table};
        benchmark::RunSpecifiedBenchmarks(&collect);
        benchmark::ClearRegisteredBenchmarks();
    }
    std::fputc('\n', stderr);

    auto const page = fmt::format(
        "{}\nMedians; ns for each thread and operation. The ratio is tacho / peer; the limit is the largest ratio that "
        "`bench/run` accepts, or the largest amount where it has a unit or there is no ratio. Measured on {}.\n",
        table.markdown(), bench::where_and_when());
    fmt::print("{}", page);
    if (std::string_view{BENCH_LEFT_OUT} != "")
        fmt::print("Left out, because they were not found:{}.\n", BENCH_LEFT_OUT);
    std::fflush(stdout);  // before what is said to the other stream
    say("short", table.having("short"));
    say("behind", table.having("behind"));
    say("noisy", table.having("noisy"));
    say("wrong", bench::disproved());  // did not do, or did not count, what it should
    if (!bench::disproved().empty()) return 1;
    if (readme)
        if (auto const why = bench::replace_between_markers("README.md", page); !why.empty()) return fail(why);
    return table.having("short").empty() ? 0 : 1;
}
