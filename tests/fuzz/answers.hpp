// SPDX-License-Identifier: MIT
// A fuzzer's subject: what a receiver answers to a push (CONFORMANCE 179, 181-182, 185, 187).
#pragma once

#include "fuzz/input.hpp"
#include "support/json_reader.hpp"

#include "tacho/core/utf8.hpp"
#include "tacho/export/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace fuzz {

inline void need_fit_for_a_message(std::string const& words) {
    need(tacho::is_valid_utf8(words), "a message that is no UTF-8");
    need(words.size() <= 600, "a message that is too long");
    need(std::none_of(words.begin(), words.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }),
         "a message with control characters");
}

// What a reader that is stricter finds in an answer; nothing when it is no JSON, or has numbers that nobody counts in.
inline std::optional<std::uint64_t> rejected_in(std::string_view body) {
    try {
        auto const all = test::json_reader::read(body);
        if (all.what != test::json::is::object || !all.has("partialSuccess")) return 0;
        auto const& partial = all["partialSuccess"];
        if (partial.what != test::json::is::object || !partial.has("rejectedDataPoints")) return 0;
        auto const& points = partial["rejectedDataPoints"];
        auto const& digits = points.text;
        if (points.what != test::json::is::number && points.what != test::json::is::text) return 0;
        std::uint64_t number = 0;
        auto const read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        bool const whole = read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
        return whole ? number : 0;
    } catch (std::runtime_error const&) {
        return {};
    }
}

inline void answer_of_any_bytes(std::string_view body) {
    auto const partial = tacho::parse_partial_success(body);
    need_fit_for_a_message(partial.message);
    need_fit_for_a_message(tacho::refusal_message(body));
    // Escapes stand as they are in what is read for a message; in a key or a number nobody writes one.
    if (body.find('\\') == body.npos)
        if (auto const rejected = rejected_in(body))
            need(partial.rejected_points == *rejected, "another number of rejected points: " + std::string{body});

    for (std::int64_t const now : {std::int64_t{0}, std::int64_t{1'700'000'000}})
        if (auto const wait = tacho::parse_retry_after(body, now))
            need(wait->count() >= 0 && wait->count() <= 86'400, "a wait that nobody asks for");
}

// An answer put together from pieces, so that what it says is known.
inline void answer_of_pieces(input bytes) {
    static constexpr std::array<std::string_view, 4> numbers{"0", "7", "\"7\"", "18446744073709551615"};
    static constexpr std::array<std::uint64_t, 4> meant{0, 7, 7, 18446744073709551615u};
    static constexpr std::array<std::string_view, 4> others{"", "\"x\":{\"rejectedDataPoints\":99},",
                                                            "\"y\":[1,{\"}\":\"]\"}],", "\"rejectedDataPoints\":98,"};
    auto const which = bytes.pick(numbers.size());
    auto const before = bytes.pick(others), within = bytes.pick(others);
    auto const blank = bytes.pick(blanks);
    std::string message;
    for (auto const c : bytes.text())
        if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) message += c;
    message.resize(
        tacho::copy_as_utf8(std::string{message}, message.data(), std::min<std::size_t>(message.size(), 66)));
    auto within_partial = within == others[3] ? std::string_view{} : within;
    auto const body = std::string{blank} + "{" + std::string{before} + "\"partialSuccess\":" + std::string{blank} +
                      "{" + std::string{within_partial} + "\"rejectedDataPoints\"" + std::string{blank} + ":" +
                      std::string{numbers[which]} + ",\"errorMessage\":\"" + message + "\"}" + std::string{blank} + "}";
    auto const partial = tacho::parse_partial_success(body);
    need(partial.rejected_points == meant[which], "rejected points of " + body);
    need(partial.message == message, "the message of " + body);
}

// A date in one of HTTP's three forms (RFC 9110, 5.6.7).
inline void retry_after_of_a_date(input bytes) {
    std::int64_t seconds = 0;
    for (int i = 0; i < 4; ++i) seconds = seconds * 256 + static_cast<std::int64_t>(bytes.pick(256));
    auto const now = std::int64_t{1'700'000'000} + static_cast<std::int64_t>(bytes.pick(256)) * 1000;
    static constexpr std::array<char const*, 3> forms{"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                                      "%a %b %d %H:%M:%S %Y"};
    auto const form = bytes.pick(forms.size());
    // Two digits of a year are of 1970 to 2069.
    if (form == 1) seconds %= std::int64_t{3'155'760'000};
    auto const time = static_cast<std::time_t>(seconds);
    std::tm parts{};
#if defined(_WIN32)
    if (::gmtime_s(&parts, &time) != 0) return;
#else
    if (::gmtime_r(&time, &parts) == nullptr) return;
#endif
    char text[64];
    auto const size = std::strftime(text, sizeof text, forms[form], &parts);
    if (form == 2 && text[8] == '0') text[8] = ' ';  // the day: not every system has %e
    auto const wait = tacho::parse_retry_after({text, size}, now);
    need(wait && wait->count() == std::clamp<std::int64_t>(seconds - now, 0, 86'400),
         "the wait until " + std::string{text});
}

inline void answers(std::string_view bytes) {
    answer_of_any_bytes(bytes);
    answer_of_pieces(input{bytes});
    retry_after_of_a_date(input{bytes});
}

}  // namespace fuzz
