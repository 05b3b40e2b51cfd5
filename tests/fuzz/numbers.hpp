// SPDX-License-Identifier: MIT
// A fuzzer's subject: how long a client lets a scrape take, and what the system tells of the process.
#pragma once

#include "fuzz/input.hpp"

#include "tacho/export/scrape_timeout.hpp"
#include "tacho/process/process_facts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fuzz {

inline std::uint64_t number_of(input& bytes) {
    std::uint64_t out = 0;
    for (auto n = bytes.pick(9); n > 0; --n) out = out * 256 + bytes.pick(256);
    return out;
}

inline std::chrono::nanoseconds time_of_any_bytes(std::string_view header) {
    auto const given = tacho::detail::seconds_of(header), time = tacho::detail::time_for_callbacks(header);
    need(given.count() >= 0 && given <= std::chrono::hours{24} + std::chrono::seconds{1}, "a time that can't be");
    need(time <= given && given - time <= std::chrono::milliseconds{500} && (given.count() == 0 || time.count() > 0),
         "another part of the time");
    return given;
}

inline void time_of_a_number(input bytes) {
    auto const whole = number_of(bytes), parts = number_of(bytes) % 1'000'000'000;
    auto const digits = std::to_string(1'000'000'000 + parts).substr(1);
    bool const has_point = bytes.pick(2) == 1;
    std::string const blank{bytes.pick(blanks)};
    auto const text = blank + std::to_string(whole) + (has_point ? "." + digits + "9" : "") + blank;
    auto const wanted =
        std::chrono::seconds{std::min<std::uint64_t>(whole, 86'400)} + std::chrono::nanoseconds{has_point ? parts : 0};
    need(time_of_any_bytes(text) == wanted, "another time than " + text);
    for (auto const* wrong : {"-", "+", "0x", "."})
        need(time_of_any_bytes(wrong + std::to_string(whole)).count() == 0, "a time of what is no number");
}

// As /proc/self/stat has it, with a name of any bytes.
inline void process_of_a_name(input bytes) {
    std::array<std::uint64_t, 21> fields{};  // from the 4th to the 24th
    std::string text = "1 (" + bytes.text() + ") S";
    for (auto& field : fields) text += " " + std::to_string(field = number_of(bytes));
    auto const stat = tacho::detail::parse_process_stat(text + "\n");
    need(stat.has_value(), "nothing of " + text);
    auto const at = [&](std::size_t field) { return fields[field - 4]; };
    need(stat->threads == at(20) && stat->start_ticks == at(22) && stat->virtual_bytes == at(23) &&
             stat->resident_pages == at(24),
         "other fields of " + text);
    // Too few of them.
    auto const cut = text.substr(0, text.rfind(' '));
    need(!tacho::detail::parse_process_stat(cut), "a field that is not there: " + cut);
}

// /proc/stat read in pieces, however it is cut.
inline void boot_time_in_pieces(std::string_view text, input bytes) {
    tacho::detail::boot_time_finder whole, parts;
    whole.read(text);
    while (!text.empty()) {
        auto const size = std::min(text.size(), bytes.pick(9) + 1);
        parts.read(text.substr(0, size));
        text.remove_prefix(size);
    }
    need(whole.found() == parts.found(), "pieces make a difference");
}

inline void boot_time_of_a_number(input bytes) {
    static constexpr std::array<std::string_view, 6> others{"",          "cpu 1 2\n", "xbtime 5\n",
                                                            "btime x\n", "btime \n",  "btim\nbtime -1\n"};
    std::string const before{bytes.pick(others)};
    auto const seconds = number_of(bytes) % (std::uint64_t{1} << 53);
    auto const line = "btime " + std::to_string(seconds) + "\n";
    boot_time_in_pieces(before + line + "procs 1\n", bytes);
    tacho::detail::boot_time_finder finder;
    finder.read(before + line.substr(0, line.size() - 1));
    need(!finder.found(), "the time of a line that has not ended: " + line);
    finder.read("\n");
    need(finder.found() == static_cast<double>(seconds), "another time of " + line);
}

inline void numbers(std::string_view bytes) {
    time_of_any_bytes(bytes);
    time_of_a_number(input{bytes});
    static_cast<void>(tacho::detail::parse_process_stat(bytes));
    process_of_a_name(input{bytes});
    boot_time_in_pieces(bytes, input{bytes});
    boot_time_of_a_number(input{bytes});
}

}  // namespace fuzz
