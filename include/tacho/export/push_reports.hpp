// SPDX-License-Identifier: MIT
// tacho: what a pusher tells the error hook.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/export/retry.hpp"
#include "tacho/export/transport.hpp"
#include "tacho/version.hpp"

#if TACHO_BODIES

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace tacho::inline TACHO_ABI::detail {

// Of pushes to one receiver. By the thread of the pusher.
class push_reports {
public:
    explicit push_reports(std::string to) : to_(std::move(to)) {}

    // In place of words of its own, for which there may be no memory.
    void threw() const noexcept {
        report_joined(
            severity::error,
            {"pushing to ", to_, ": an exception ended it, as the lack of memory does; the next push covers it"});
    }

    // False, which the push then is.
    bool failed(std::string_view why, bool is_last) const {
        report(severity::warning,
               fmt::format("pushing to {}: {}. {}", to_, why,
                           is_last ? nothing_follows : "Nothing is lost: the next push covers the same time"));
        return false;
    }

    // By a stop(), while it waited for another try.
    bool cut_short(std::string_view why, bool is_last) const {
        report(severity::warning, fmt::format("pushing to {}: {}; the program stops. {}", to_, why,
                                              is_last ? nothing_follows : "The last push covers the same time"));
        return false;
    }

    void lost(std::string_view why, std::uint64_t points) const {
        report(severity::error,
               fmt::format("pushing to {}: {}. The rest of the push to which it belongs was taken, and this is refused "
                           "for the second time: its {} points are lost",
                           to_, why, points));
    }

    // Once.
    void taken_by_a_stranger(std::string_view answer) {
        if (foreign_) return;
        foreign_ = true;
        report(severity::warning,
               fmt::format("pushing to {}: taken, but no receiver of OTLP answers like this: {}. Check the URL; this "
                           "is said once",
                           to_, refusal_message(answer)));
    }

    void taken_in_part(partial_success const& by) const {
        report(severity::warning,
               fmt::format("pushing to {}: taken, but points were rejected ({}){}{}. They are not sent again", to_,
                           by.rejected_points, by.message.empty() ? "" : ": ", by.message));
    }

    void taken_with_an_answer_unread(http_outcome const& answer) const {
        report(severity::warning,
               fmt::format("pushing to {}: answered {}, but the rest was not read: {}. What was sent is not sent "
                           "again; whether points of it were rejected is not known",
                           to_, answer.status, answer.problem));
    }

private:
    static constexpr std::string_view nothing_follows =
        "It was the last push: what was recorded since the last accepted one is not delivered";

    std::string const to_;
    bool foreign_ = false;
};

}  // namespace tacho::inline TACHO_ABI::detail

#endif
