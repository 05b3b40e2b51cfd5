// SPDX-License-Identifier: MIT
// What it costs to compile a file that includes us, and how large a program becomes.
#include "harness.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

namespace {

std::filesystem::path const source = BENCH_SOURCE, build = BENCH_BUILD;

std::string text_of(std::filesystem::path const& file) {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
}

// The headers of others that a header of ours needs, itself or through another of ours.
void collect(std::string const& header, std::set<std::string>& own, std::set<std::string>& others) {
    if (!own.insert(header).second) return;
    std::istringstream in{text_of(source / "include" / header)};
    for (std::string line; std::getline(in, line);) {
        constexpr std::string_view begin = "#include ";
        if (!line.starts_with(begin)) continue;
        if (line[begin.size()] == '"')
            collect(line.substr(begin.size() + 1, line.rfind('"') - begin.size() - 1), own, others);
        else
            others.insert(line);
    }
}
std::string standard_headers() {
    std::set<std::string> own, others;
    collect("tacho/record.hpp", own, others);
    std::string text;
    for (auto const& line : others) text += line + "\n";
    return text;
}

// Seconds of processor time that a command takes; below 0 when it fails.
double run(std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    pid_t child = 0;
    if (::posix_spawnp(&child, pointers.front(), nullptr, nullptr, pointers.data(), environ) != 0) return -1;
    int status = 0;
    rusage used{};
    if (::wait4(child, &status, 0, &used) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return -1;
    auto const seconds = [](timeval const& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Compiles with the compiler of this program.
class compilation {
public:
    compilation(std::string const& name, std::string const& text, std::vector<std::string> const& flags)
        : file_(build / (name + ".cpp")) {
        std::istringstream words{BENCH_COMPILER};
        for (std::string word; words >> word;) command_.push_back(word);
        command_.insert(command_.end(), {"-std=c++20", "-O2"});
        command_.insert(command_.end(), flags.begin(), flags.end());
        std::ofstream{file_} << text;
    }
    [[nodiscard]] double compile() const {
        auto words = command_;
        words.insert(words.end(), {"-c", file_.string(), "-o", file_.string() + ".o"});
        return run(std::move(words));
    }
    // The size of the program in KiB, without the names of its functions; below 0 when there is none.
    [[nodiscard]] double link() const {
        auto words = command_;
        auto const program = file_.string() + ".program";
        words.insert(words.end(), {"-s", "-pthread", file_.string(), "-o", program});
        return run(std::move(words)) < 0 ? -1 : static_cast<double>(std::filesystem::file_size(program)) / 1024;
    }

private:
    std::filesystem::path file_;
    std::vector<std::string> command_;
};

// What one number says about a compilation.
void measure(std::string const& name, std::string const& counter, int repetitions, compilation const& of,
             double (compilation::*what)() const) {
    auto const run = [=](benchmark::State& state) {
        for (auto _ : state) {
            double const number = (of.*what)();
            state.counters[counter] = number;
            if (number < 0) disprove(name);
        }
    };
    benchmark::RegisterBenchmark(name.c_str(), run)->Iterations(1)->Repetitions(repetitions);
}

}  // namespace

void compile_rows(table& to) {
    ::setenv("CCACHE_DISABLE", "1", 1);  // should the compiler be that in disguise
    std::filesystem::create_directories(build);
    auto const time = [](std::string const& name, std::string const& text, std::vector<std::string> const& flags) {
        measure("compile/" + name, "seconds", how_hard.repetitions / 7, compilation{name, text, flags},
                &compilation::compile);
    };
    auto const size = [](std::string const& name, std::string const& text, std::vector<std::string> const& flags) {
        measure("size/" + name, "KiB", 1, compilation{name, text, flags}, &compilation::link);
    };
    auto const flag = [](char const* name, std::string const& folder) { return name + folder; };
    auto const own = flag("-I", source / "include"), single = flag("-I", source / "single_include");
    std::vector<std::string> peers;  // where their headers are
    std::istringstream folders{BENCH_FOLDERS};
    for (std::string folder; folders >> folder;) peers.push_back(folder);
    auto with_peers = peers;
    with_peers.push_back(single);

    time("standard",
         standard_headers() + "std::atomic<std::uint64_t> requests;\nint main() { requests.fetch_add(1); }\n", {});
    auto const apart = "-DTACHO_SEPARATE_COMPILATION";
    auto const recorded =
        "#include \"tacho/record.hpp\"\ntacho::counter<\"requests\"> requests;\nint main() { requests.inc(); }\n";
    time("record", recorded, {own});
    time("record parsed", recorded, {own, "-fsyntax-only"});
    time("record apart", recorded, {own, apart});
    time("single record apart", recorded, {single, apart});
    auto const whole =
        "#include \"tacho/tacho.hpp\"\ntacho::counter<\"requests\"> requests;\nint main() { requests.inc(); }\n";
    time("single", whole, with_peers);
    with_peers.emplace_back(apart);
    time("single apart", whole, with_peers);
    std::string headers;  // of its core; those that send are left out
    for (auto const* const name :
         {"client_metric", "collectable", "counter", "family", "gauge", "histogram", "labels", "metric_family",
          "metric_type", "registry", "serializer", "summary", "text_serializer"})
        headers += std::string{"#include <prometheus/"} + name + ".h>\n";
    time("prometheus-cpp",
         headers +
             "prometheus::Registry registry;\nint main() {\n    "
             "prometheus::BuildCounter().Name(\"requests\").Register(registry).Add({}).Increment();\n}\n",
         peers);
    size("empty", "int main() {}\n", {});
    size("minimal",
         "#include \"tacho/export/endpoint.hpp\"\n#include \"tacho/instrument/counter.hpp\"\n#include <cstdio>\n"
         "tacho::counter<\"requests\"> requests;\nint main() {\n    requests.inc();\n"
         "    auto const page = tacho::endpoint{tacho::default_registry()}.respond({.method = \"GET\"});\n"
         "    std::fwrite(page.body().data(), 1, page.body().size(), stdout);\n}\n",
         {own});

    // Those that are header-only are known to miss their limits: just to parse what they include takes longer than
    // these, as the row says that only parses, before any of it is compiled; docs/building.md tells what else was
    // tried.
    to.add({"compile a file with record.hpp and a counter, compiled once", "compile/record apart/seconds",
            "compile/standard/seconds", "its standard headers", "s", 2});
    to.add({"the same, header-only", "compile/record/seconds", "compile/standard/seconds", "its standard headers", "s",
            2, limit_of::ratio, 10});
    to.add({"the same, header-only, only parsed", "compile/record parsed/seconds", "compile/standard/seconds",
            "its standard headers", "s"});
    to.add({"the same with the single record.hpp, compiled once", "compile/single record apart/seconds",
            "compile/prometheus-cpp/seconds", "prometheus-cpp", "s", 2});
    to.add({"the same with the single tacho.hpp, compiled once", "compile/single apart/seconds",
            "compile/prometheus-cpp/seconds", "prometheus-cpp", "s", 2});
    to.add({"the same with the single tacho.hpp, header-only", "compile/single/seconds",
            "compile/prometheus-cpp/seconds", "prometheus-cpp", "s", 2, limit_of::ratio, 14});
    to.add({"size of a program that shows a counter", "size/minimal/KiB", "size/empty/KiB", "an empty program", "KiB",
            -1, limit_of::amount});
}

}  // namespace bench
