// SPDX-License-Identifier: MIT
// tacho: what the system tells of this process: its time on processors, memory, files and threads.
// Rule: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <fcntl.h>
#include <sys/syscall.h>
#endif

namespace tacho::inline TACHO_ABI::detail {

// Each is missing where the system can't tell it.
struct process_facts {
    std::optional<double> cpu_seconds = {};
    std::optional<double> start_time = {};                                                     // seconds since 1970
    std::optional<double> virtual_memory = {}, resident_memory = {}, virtual_memory_max = {};  // bytes
    std::optional<double> open_files = {}, open_files_max = {};
    std::optional<double> threads = {};
};

// What /proc/self/stat tells, in the kernel's units.
struct process_stat {
    std::uint64_t threads = 0;
    std::uint64_t start_ticks = 0;  // after the system's start
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_pages = 0;
};

// Its second field is the program's name, which may have blanks and parentheses: what follows the last one of the text
// is numbers, but for the state. Nothing where a field is missing.
[[nodiscard]] std::optional<process_stat> parse_process_stat(std::string_view text) noexcept;

// Finds the line `btime <seconds since 1970>` of /proc/stat in pieces of it: its lines before that may be of any
// length.
class boot_time_finder {
public:
    void read(std::string_view piece) noexcept;
    // A line counts when its end has been seen.
    [[nodiscard]] std::optional<double> found() const noexcept { return found_; }

private:
    static constexpr std::string_view key = "btime ";

    std::size_t place_ = 0;  // in the line, as far as it is that one; `elsewhere` if it is another
    double value_ = 0;
    std::optional<double> found_;
    static constexpr std::size_t elsewhere = static_cast<std::size_t>(-1);
};

// When the system was started, in seconds since 1970.
[[nodiscard]] std::optional<double> boot_time() noexcept;

// How many files the process has open. Since Linux 6.2 the size of /proc/self/fd tells, also when no further file can
// be opened; else those listed there are counted.
[[nodiscard]] std::optional<double> open_files() noexcept;
[[nodiscard]] std::optional<double> listed_open_files() noexcept;

// All of them, as of now. Allocates nothing and takes no lock; some system calls.
[[nodiscard]] process_facts read_process_facts(std::optional<double> booted) noexcept;

#if TACHO_BODIES

TACHO_FUNCTION std::optional<process_stat> parse_process_stat(std::string_view text) noexcept {
    auto const name_end = text.rfind(')');
    if (name_end == text.npos) return {};
    text.remove_prefix(name_end + 1);
    process_stat out;
    // By their numbers in proc(5). The one after the name is the 3rd.
    for (int field = 3; field <= 24; ++field) {
        while (text.starts_with(' ')) text.remove_prefix(1);
        std::uint64_t* const wanted = field == 20   ? &out.threads
                                      : field == 22 ? &out.start_ticks
                                      : field == 23 ? &out.virtual_bytes
                                      : field == 24 ? &out.resident_pages
                                                    : nullptr;
        if (wanted != nullptr && std::from_chars(text.data(), text.data() + text.size(), *wanted).ec != std::errc{})
            return {};
        auto const end = text.find_first_of(" \n");
        text.remove_prefix(end == text.npos ? text.size() : end);
    }
    return out;
}

TACHO_FUNCTION void boot_time_finder::read(std::string_view piece) noexcept {
    for (char const c : piece) {
        if (c == '\n') {
            if (place_ != elsewhere && place_ > key.size()) found_ = value_;
            place_ = 0;
            value_ = 0;
        } else if (place_ != elsewhere) {
            bool const as_wanted = place_ < key.size() ? c == key[place_] : c >= '0' && c <= '9';
            if (place_ >= key.size()) value_ = value_ * 10 + (c - '0');
            place_ = as_wanted ? place_ + 1 : elsewhere;
        }
    }
}

#if defined(__linux__)

// A file of /proc, open while it lives.
class proc_file {
public:
    explicit proc_file(char const* path, int flags = 0) noexcept : file_(::open(path, O_RDONLY | O_CLOEXEC | flags)) {}
    proc_file(proc_file const&) = delete;
    proc_file& operator=(proc_file const&) = delete;
    ~proc_file() {
        if (file_ >= 0) ::close(file_);
    }

    [[nodiscard]] bool is_open() const noexcept { return file_ >= 0; }
    // The next piece; nothing at its end, or where it can't be read.
    template <std::size_t N>
    [[nodiscard]] std::string_view next(char (&into)[N]) noexcept {
        auto const size = is_open() ? ::read(file_, into, N) : -1;
        return {into, size > 0 ? static_cast<std::size_t>(size) : 0};
    }
    // The next entries of a folder, as the system has them. readdir() would allocate.
    template <std::size_t N>
    [[nodiscard]] std::string_view next_entries(char (&into)[N]) noexcept {
        auto const size = is_open() ? ::syscall(SYS_getdents64, file_, into, N) : -1;
        return {into, size > 0 ? static_cast<std::size_t>(size) : 0};
    }

private:
    int file_;
};

TACHO_FUNCTION std::optional<double> listed_open_files() noexcept {
    proc_file files{"/proc/self/fd", O_DIRECTORY};
    if (!files.is_open()) return {};
    alignas(std::uint64_t) char piece[4096];
    double count = -1;  // one of them is the folder
    // An entry: its number and the next one's place, of 8 bytes each, its size, of 2, its kind, of 1, and its name.
    constexpr std::size_t size_at = 16, name_at = 19;
    for (auto entries = files.next_entries(piece); !entries.empty(); entries = files.next_entries(piece))
        while (entries.size() > name_at) {
            if (entries[name_at] != '.') ++count;
            std::uint16_t size = 0;
            std::memcpy(&size, entries.data() + size_at, sizeof size);
            entries.remove_prefix((std::min)(std::size_t{size}, entries.size()));
        }
    return count < 0 ? std::nullopt : std::optional{count};  // it could be opened, and not be read
}

TACHO_FUNCTION std::optional<double> open_files() noexcept {
    struct ::stat folder {};
    if (::stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) return static_cast<double>(folder.st_size);
    return listed_open_files();
}

TACHO_FUNCTION std::optional<double> boot_time() noexcept {
    proc_file file{"/proc/stat"};
    boot_time_finder finder;
    char piece[1024];
    for (auto text = file.next(piece); !text.empty() && !finder.found(); text = file.next(piece)) finder.read(text);
    return finder.found();
}

inline void add_facts_of_proc(process_facts& out, std::optional<double> booted) noexcept {
    out.open_files = open_files();  // while no file of ours is open
    proc_file file{"/proc/self/stat"};
    char text[1024];  // some 50 numbers of at most 20 digits, and they are mostly short
    auto const stat = parse_process_stat(file.next(text));
    auto const page = ::sysconf(_SC_PAGESIZE), ticks = ::sysconf(_SC_CLK_TCK);
    if (!stat) return;
    out.threads = static_cast<double>(stat->threads);
    out.virtual_memory = static_cast<double>(stat->virtual_bytes);
    if (page > 0) out.resident_memory = static_cast<double>(stat->resident_pages) * static_cast<double>(page);
    if (booted && ticks > 0)
        out.start_time = *booted + static_cast<double>(stat->start_ticks) / static_cast<double>(ticks);
}

#else

TACHO_FUNCTION std::optional<double> boot_time() noexcept {
    return {};
}
TACHO_FUNCTION std::optional<double> open_files() noexcept {
    return {};
}
TACHO_FUNCTION std::optional<double> listed_open_files() noexcept {
    return {};
}

inline void add_facts_of_proc(process_facts&, std::optional<double>) noexcept {}

#endif

TACHO_FUNCTION process_facts read_process_facts(std::optional<double> booted) noexcept {
    process_facts out;
    add_facts_of_proc(out, booted);
#if defined(__unix__) || defined(__APPLE__)
    if (::rusage used{}; ::getrusage(RUSAGE_SELF, &used) == 0) {
        auto const seconds = [](::timeval const& t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
        };
        out.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
    }
    // Unlimited is the largest number of its type, 2^64-1: what Go's client shows, too.
    if (::rlimit files{}; ::getrlimit(RLIMIT_NOFILE, &files) == 0)
        out.open_files_max = static_cast<double>(files.rlim_cur);
#if defined(RLIMIT_AS)
    if (::rlimit memory{}; ::getrlimit(RLIMIT_AS, &memory) == 0)
        out.virtual_memory_max = static_cast<double>(memory.rlim_cur);
#endif
#endif
    return out;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
