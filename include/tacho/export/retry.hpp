// SPDX-License-Identifier: MIT
// tacho: what an answer to a push means, and when to try again.
// Rule: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/export/json_member.hpp"
#include "tacho/export/transport.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// What becomes of a request that was answered: it was taken, it is tried again, or its numbers wait for the next push.
enum class verdict : unsigned char { accepted, retry, drop };

/// What a status code means: every 2xx is taken, 429, 502, 503 and 504 pass, all others don't, redirects included.
[[nodiscard]] constexpr verdict classify(int status) noexcept {
    if (status >= 200 && status < 300) return verdict::accepted;
    return status == 429 || status == 502 || status == 503 || status == 504 ? verdict::retry : verdict::drop;
}

/// Whether an answer is about what was sent, not about who sent it or where to, so that the same again would be refused
/// as well.
[[nodiscard]] constexpr bool refuses_what_was_sent(int status) noexcept {
    return status == 400 || status == 413 || status == 422;
}

/// What a receiver took only in part, or wants to say though it took all.
struct partial_success {
    std::uint64_t rejected_points = 0;  ///< that are lost: sending them again would not help
    std::string message;                ///< the receiver's; may be empty
};

/// Reads the body of a 2xx answer. What can't be read means that all was taken.
[[nodiscard]] partial_success parse_partial_success(std::string_view body);

namespace detail {

// The title of a page in HTML, without a status code before it; of anything else, all of it.
constexpr std::string_view without_tags(std::string_view body) noexcept {
    constexpr std::string_view begin = "<title>", end = "</title>";
    auto const from = body.substr(0, 1000).find(begin);
    auto const to = from == std::string_view::npos ? from : body.find(end, from);
    if (to == std::string_view::npos || body[skip_blank(body, 0)] != '<') return body;
    auto const title = body.substr(from + begin.size(), to - from - begin.size());
    auto const words = title.find_first_not_of("0123456789 ");
    return words == std::string_view::npos ? title : title.substr(words);
}

}  // namespace detail

/// Why a receiver refused: the message of its google.rpc.Status, else the title of the page or the beginning of the
/// body. For people only.
[[nodiscard]] std::string refusal_message(std::string_view body);

/// Whether the body of a 2xx answer is neither empty nor an object in JSON: then nobody knows who answers there.
[[nodiscard]] constexpr bool is_foreign(std::string_view body) noexcept {
    auto const begin = detail::skip_blank(body, 0);
    return begin != body.size() && body[begin] != '{';
}

/// What can be done about an answer that isn't tried again, as a sentence to append; nothing where only the receiver
/// knows.
[[nodiscard]] constexpr std::string_view cure_of(int status) noexcept {
    if (status / 100 == 3) return ". Redirects are not followed: set the URL that it leads to";
    switch (status) {
        case 401:
        case 403:
        case 407: return ". Set the headers or the client certificate that are wanted there";
        case 404:
        case 405: return ". Check the URL: a receiver's path is mostly /v1/metrics";
        case 415: return ". It takes no OTLP in JSON; send to one that does, such as a Collector, which can pass it on";
        case 413: return ". Check the URL, or lower pusher_options::split_above";
        default: return "";
    }
}

namespace detail {

inline constexpr std::int64_t longest_wait = 86'400;  // seconds, a day; more is as good as never

// Days from 1970-01-01 (the algorithm of H. Hinnant's "chrono-Compatible Low-Level Date Algorithms").
constexpr std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day) noexcept {
    year -= month <= 2 ? 1 : 0;
    std::int64_t const era = (year >= 0 ? year : year - 399) / 400;
    std::int64_t const of_era = year - era * 400;
    std::int64_t const of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

// Takes a number of at most `digits` digits off the front; -1 when there is none.
constexpr std::int64_t take_number(std::string_view& text, std::size_t digits) noexcept {
    std::int64_t number = 0;
    std::size_t i = 0;
    for (; i < digits && i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
        number = number * 10 + (text[i] - '0');
    text.remove_prefix(i);
    return i == 0 ? -1 : number;
}

constexpr bool take(std::string_view& text, std::string_view expected) noexcept {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

constexpr std::int64_t take_month(std::string_view& text) noexcept {
    constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() < 3) return -1;
    auto const at = names.find(text.substr(0, 3));
    text.remove_prefix(3);
    return at == std::string_view::npos || at % 3 != 0 ? -1 : static_cast<std::int64_t>(at / 3) + 1;
}

// Seconds since 1970 of an HTTP date in any of its three forms (RFC 9110, 5.6.7); nothing for anything else.
constexpr std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept {
    std::int64_t year = -1, month = -1, day = -1, hour = -1, minute = -1, second = -1;
    auto const clock = [&] {
        hour = take_number(text, 2);
        if (!take(text, ":")) return false;
        minute = take_number(text, 2);
        if (!take(text, ":")) return false;
        second = take_number(text, 2);
        return true;
    };
    auto const comma = text.find(',');
    if (comma != std::string_view::npos) {  // Sun, 06 Nov 1994 08:49:37 GMT, or Sunday, 06-Nov-94 08:49:37 GMT
        text.remove_prefix(comma + 1);
        if (!take(text, " ")) return {};
        day = take_number(text, 2);
        bool const old = text.starts_with("-");
        if (!take(text, old ? "-" : " ")) return {};
        month = take_month(text);
        if (!take(text, old ? "-" : " ")) return {};
        year = take_number(text, old ? 2 : 4);
        if (old && year >= 0) year += year < 70 ? 2000 : 1900;
        if (!take(text, " ") || !clock() || text != " GMT") return {};
    } else {  // Sun Nov  6 08:49:37 1994
        if (text.size() < 4) return {};
        text.remove_prefix(4);
        month = take_month(text);
        if (!take(text, " ")) return {};
        if (text.starts_with(" ")) text.remove_prefix(1);
        day = take_number(text, 2);
        if (!take(text, " ") || !clock() || !take(text, " ")) return {};
        year = take_number(text, 4);
        if (!text.empty()) return {};
    }
    bool const sane = year >= 1970 && month >= 1 && day >= 1 && day <= 31 && hour >= 0 && hour <= 23 && minute >= 0 &&
                      minute <= 59 && second >= 0 && second <= 60;
    if (!sane) return {};
    return ((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace detail

/// How long a Retry-After header asks to wait, given in seconds or as a date; a date in the past is no wait, more than
/// a day is a day, and what can't be read asks for nothing. `now` is in seconds since 1970.
[[nodiscard]] constexpr std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                                              std::int64_t now) noexcept {
    while (text.starts_with(" ")) text.remove_prefix(1);
    while (text.ends_with(" ")) text.remove_suffix(1);
    if (text.empty()) return {};
    bool const digits = text.find_first_not_of("0123456789") == std::string_view::npos;
    std::int64_t wait = 0;
    if (digits) {
        for (char const c : text) wait = (std::min)(wait * 10 + (c - '0'), detail::longest_wait);
    } else {
        auto const date = detail::parse_http_date(text);
        if (!date) return {};
        wait = *date - now;
    }
    return std::chrono::seconds{std::clamp(wait, std::int64_t{0}, detail::longest_wait)};
}

/// Waits between tries that grow from 1 s by half each time up to 5 s, of which a random part is taken ("full jitter"),
/// so that many senders do not come back all at once.
class backoff {
public:
    /// `random` is any 32 random bits.
    [[nodiscard]] std::chrono::milliseconds next(std::uint32_t random) noexcept {
        auto const most = most_;
        most_ = (std::min)(most_ * 3 / 2, std::uint64_t{5000});
        return std::chrono::milliseconds{most * random >> 32};
    }

private:
    std::uint64_t most_ = 1000;
};

#if TACHO_BODIES

TACHO_FUNCTION partial_success parse_partial_success(std::string_view body) {
    auto const partial = detail::json_member(body, "partialSuccess");
    return {detail::json_unsigned(detail::json_member(partial, "rejectedDataPoints")),
            detail::json_message(detail::json_member(partial, "errorMessage"))};
}

TACHO_FUNCTION std::string refusal_message(std::string_view body) {
    auto message = detail::json_message(detail::json_member(body, "message"));
    return message.empty() ? detail::for_message(detail::without_tags(body)) : message;
}

namespace detail {

// Why the tries of a push failed, for its message.
class failed_tries {
public:
    // The reasons, with this one. What the deadline cuts short says little of the receiver: the try before goes first.
    std::string const& after(http_outcome const& latest, bool out_of_time) {
        if (latest.status != 0) {
            auto const words = refusal_message(latest.body);
            return why_ = "answered " + std::to_string(latest.status) + (words.empty() ? "" : " ") + words;
        }
        if (out_of_time && !why_.empty()) return why_ += "; the last try was cut short: " + latest.problem;
        return why_ = latest.problem;
    }

private:
    std::string why_;
};

}  // namespace detail

#endif

}  // namespace tacho::inline TACHO_ABI
