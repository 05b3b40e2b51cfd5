// SPDX-License-Identifier: MIT
// The process as metrics: each number is what the kernel says by another way, and what it can't say is not shown.
#include "tacho/process/process_metrics.hpp"
#include "support/latch.hpp"
#include "support/load.hpp"
#include "support/numbers.hpp"
#include "support/text.hpp"
#include "support/wait.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace {

using test::as_text;
using test::value_of;

// Its fields are numbered, so that each wrong one would show.
constexpr char const* fields_of_stat = ") S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26\n";

TEST(the_status_of_a_process, is_read_whatever_its_name_is) {
    for (auto const name : {"cat", "a b", "", ")", ") R 1 2", "((", "x) S 1 (y", "1 2 3\n4"}) {
        auto const stat = tacho::detail::parse_process_stat(std::string{"17 ("} + name + fields_of_stat);
        ASSERT_TRUE(stat) << name;
        EXPECT_EQ(stat->threads, 20u) << name;
        EXPECT_EQ(stat->start_ticks, 22u) << name;
        EXPECT_EQ(stat->virtual_bytes, 23u) << name;
        EXPECT_EQ(stat->resident_pages, 24u) << name;
    }
}

TEST(the_status_of_a_process, is_not_known_where_a_field_is_missing) {
    std::string const whole = std::string{"17 (cat"} + fields_of_stat;
    auto const needed = whole.find(" 24") + 3;
    EXPECT_TRUE(tacho::detail::parse_process_stat(whole.substr(0, needed)));
    for (std::size_t size = 0; size < needed - 2; ++size)
        EXPECT_FALSE(tacho::detail::parse_process_stat(std::string_view{whole}.substr(0, size))) << size;
    EXPECT_FALSE(tacho::detail::parse_process_stat("17 (cat) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 many 21 22"));
}

std::optional<double> boot_time_in(std::string_view text, std::size_t piece) {
    tacho::detail::boot_time_finder finder;
    for (; !text.empty(); text.remove_prefix((std::min)(piece, text.size()))) finder.read(text.substr(0, piece));
    return finder.found();
}

TEST(the_time_of_the_systems_start, is_found_wherever_the_pieces_of_the_file_end) {
    std::string const text = "cpu  1 2 3\nctxt 99\nxbtime 1\nbtimes 2\nbtime x3\nbtime 1795846399\nprocesses 4\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece)
        EXPECT_EQ(boot_time_in(text, piece), 1795846399) << piece;
    EXPECT_FALSE(boot_time_in("", 1));
    EXPECT_FALSE(boot_time_in("cpu 1\nbtime \nbtime 12x\n", 100));
    EXPECT_FALSE(boot_time_in("cpu 1\nbtime 12", 100));  // its end was not seen: there may be more digits
}

#if defined(__linux__)

double number_of(std::string const& page, std::string const& name) {
    return test::parsed(value_of(page, name)).value_or(test::nan);
}

struct shown_process {
    tacho::registry registry{test::fixed()};
    tacho::process_metrics own{registry};

    double operator[](std::string const& name) const { return number_of(as_text(registry), name); }
};

TEST(process_metrics, have_the_standard_names_and_types) {  // 223
    shown_process const shown;
    auto const page = as_text(shown.registry);
    for (auto const gauge :
         {"process_open_fds", "process_max_fds", "process_virtual_memory_bytes", "process_virtual_memory_max_bytes",
          "process_resident_memory_bytes", "process_start_time_seconds", "process_threads"}) {
        EXPECT_NE(page.find(std::string{"# TYPE "} + gauge + " gauge\n" + gauge + " "), page.npos) << gauge << page;
    }
    EXPECT_NE(page.find("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total "), page.npos) << page;
    EXPECT_EQ(page.find("process_heap"), page.npos);
    EXPECT_EQ(page.find("otel_scope"), page.npos);
}

TEST(process_metrics, are_gone_with_their_object) {
    tacho::registry registry;
    { tacho::process_metrics const own{registry}; }
    EXPECT_EQ(as_text(registry), "");
}

TEST(process_metrics, count_fifty_files_more_when_fifty_are_opened) {
    shown_process const shown;
    auto const before = shown["process_open_fds"];
    std::vector<int> files;
    for (int i = 0; i < 50; ++i) files.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(shown["process_open_fds"], before + 50);
    for (int const file : files) ::close(file);
    EXPECT_EQ(shown["process_open_fds"], before);
}

TEST(open_files, are_counted_alike_where_the_kernel_does_not_count_them) {  // before Linux 6.2
    std::vector<int> files;
    for (int i = 0; i < 300; ++i) {  // more than fit into one piece of the list
        files.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        ASSERT_EQ(tacho::detail::listed_open_files(), tacho::detail::open_files()) << i;
    }
    for (int const file : files) ::close(file);
}

TEST(process_metrics, count_the_threads_that_live) {
    if (test::emulated) GTEST_SKIP() << "the /proc/self/stat that QEMU makes up has no threads and no memory";
    shown_process const shown;
    auto const before = shown["process_threads"];
    test::latch end{1};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { end.wait(); });
    EXPECT_EQ(shown["process_threads"], before + 3);
    end.count_down();
    for (auto& thread : threads) thread.join();
    // The kernel lets go of a thread some moments after others have seen its end.
    EXPECT_TRUE(test::wait_until([&] { return shown["process_threads"] == before; }));
}

TEST(process_metrics, are_right_in_a_process_with_a_strange_name) {
    if (test::emulated) GTEST_SKIP() << "the /proc/self/stat that QEMU makes up has no threads and no memory";
    shown_process const shown;
    auto const before = as_text(shown.registry);
    char name[16] = {};
    ::prctl(PR_GET_NAME, name);
    ::prctl(PR_SET_NAME, ") R 1 2");
    auto const after = as_text(shown.registry);
    ::prctl(PR_SET_NAME, name);
    for (auto const same : {"process_threads", "process_start_time_seconds", "process_max_fds", "process_open_fds"})
        EXPECT_EQ(value_of(before, same), value_of(after, same)) << same;
    EXPECT_GT(number_of(after, "process_resident_memory_bytes"), 0);
}

TEST(process_metrics, show_processor_time_that_only_grows) {
    shown_process const shown;
    ::rusage used{};
    auto const so_far = [&] {
        ::getrusage(RUSAGE_SELF, &used);
        return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    };
    for (int i = 0; i < 3; ++i) {
        auto const before = so_far();
        auto const shows = shown["process_cpu_seconds_total"];
        EXPECT_GE(shows, before - 1e-9);
        EXPECT_LE(shows, so_far() + 1e-9);
        EXPECT_TRUE(test::wait_until([&, end = so_far() + 0.005] { return so_far() > end; }));
    }
}

TEST(process_metrics, show_the_memory_that_the_process_has) {
    if (test::emulated) GTEST_SKIP() << "the /proc/self/stat that QEMU makes up has no threads and no memory";
    shown_process const shown;
    constexpr std::size_t size = 64u << 20;
    // Once more where somebody else gives memory back meanwhile, as valgrind does.
    EXPECT_TRUE(test::wait_until([&] {
        auto const before = shown["process_virtual_memory_bytes"];
        // Of the system's own: malloc() may have as much left of other tests.
        auto* const memory =
            static_cast<char*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (memory == MAP_FAILED) return false;
        std::memset(memory, 'x', size);  // so that it is resident
        auto const with_it = shown["process_virtual_memory_bytes"];
        EXPECT_GE(shown["process_resident_memory_bytes"], static_cast<double>(size));
        EXPECT_LE(shown["process_resident_memory_bytes"], shown["process_virtual_memory_bytes"]);
        EXPECT_EQ(memory[size / 2], 'x');
        ::munmap(memory, size);
        return with_it >= before + static_cast<double>(size);
    }));
}

TEST(process_metrics, show_a_start_in_the_past_that_stays) {
    shown_process const shown;
    auto const start = shown["process_start_time_seconds"];
    auto const now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    EXPECT_LE(start, now + 1);  // the system's start is known to a second
    EXPECT_GT(start, now - 3600);
    shown_process const other;
    EXPECT_EQ(other["process_start_time_seconds"], start);
}

// What a child of fork() finds is its exit status.
template <class F>
int in_child(F&& f) {
    auto const child = ::fork();
    if (child == 0) ::_exit(f());
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(process_metrics, show_the_child_after_a_fork) {
    if (test::emulated) GTEST_SKIP() << "the /proc/self/stat that QEMU makes up has no threads and no memory";
    shown_process const shown;
    test::latch end{1};
    std::thread other{[&] { end.wait(); }};
    EXPECT_GE(shown["process_threads"], 2);
    int const wrong = in_child([&] {
        auto const page = as_text(shown.registry);
        ::rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        if (number_of(page, "process_threads") != 1) return 1;  // the other thread is the parent's
        if (number_of(page, "process_cpu_seconds_total") >
            static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1)
            return 2;
        return 0;
    });
    EXPECT_EQ(wrong, 0);
    end.count_down();
    other.join();
}

TEST(process_metrics, leave_out_what_the_system_does_not_tell_and_show_the_rest) {  // 223
    shown_process const shown;
    int const wrong = in_child([&] {
        ::rlimit none{0, 0};
        ::setrlimit(RLIMIT_NOFILE, &none);  // nothing of /proc can be opened
        auto const page = as_text(shown.registry);
        for (auto const gone : {"process_threads", "process_start_time_seconds", "process_virtual_memory_bytes",
                                "process_resident_memory_bytes"})
            if (page.find(gone) != page.npos) return 1;
        if (value_of(page, "process_max_fds") != "0") return 2;
        return value_of(page, "process_cpu_seconds_total").empty() ? 3 : 0;
    });
    EXPECT_EQ(wrong, 0);
}

TEST(process_metrics, show_the_limits_that_hold_now) {
    shown_process const shown;
    int const wrong = in_child([&] {
        ::rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 123;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        if (shown["process_max_fds"] != 123) return 1;
        ::getrlimit(RLIMIT_AS, &limit);
        if (limit.rlim_cur != RLIM_INFINITY) return 0;
        return value_of(as_text(shown.registry), "process_virtual_memory_max_bytes") == "1.8446744073709552e+19" ? 0
                                                                                                                 : 2;
    });
    EXPECT_EQ(wrong, 0);
}

TEST(process_metrics, of_two_objects_are_shown_once) {
    tacho::registry registry;
    tacho::process_metrics const one{registry};
    tacho::process_metrics const other{registry};
    auto const page = as_text(registry);
    auto const first = page.find("\nprocess_threads ");
    EXPECT_NE(first, page.npos);
    EXPECT_EQ(page.find("\nprocess_threads ", first + 1), page.npos);
    EXPECT_TRUE(registry.problems().empty());
}

#endif

}  // namespace
