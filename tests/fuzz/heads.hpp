// SPDX-License-Identifier: MIT
// A fuzzer's subject: the head of an answer to a push, line by line (CONFORMANCE 185).
#pragma once

#include "fuzz/input.hpp"

#include "tacho/export/answer_head.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

// Each with its end, as libraries hand them over.
inline std::vector<std::string_view> lines_with_ends(std::string_view text) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at < text.size();) {
        auto const end = text.find('\n', at);
        out.push_back(text.substr(at, end == text.npos ? end : end + 1 - at));
        at += out.back().size();
    }
    return out;
}

// From the last line to the first: what counts is after the last status line.
inline void head_of(std::string_view text) {
    tacho::detail::answer_head read;
    auto const lines = lines_with_ends(text);
    for (auto const line : lines) read.read_line(line);

    bool is_whole = false, is_asked = false;
    std::string retry_after;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        is_whole = is_whole || *line == "\n" || *line == "\r\n";
        if (auto const name = in_case(line->substr(0, 12), false); !is_asked && name == "retry-after:") {
            is_asked = true;
            retry_after = stripped(line->substr(12));
        }
        if (line->substr(0, 5) == "HTTP/") break;
    }
    need(read.is_whole == is_whole, "an end of the head in " + std::string{text});
    need(read.retry_after == retry_after, "another Retry-After than \"" + retry_after + "\" of " + std::string{text});
}

inline std::string head_of_pieces(input bytes) {
    static constexpr std::array<std::string_view, 16> pieces{"HTTP/1.1 503 Service Unavailable\r\n",
                                                             "HTTP/1.1 100 Continue\r\n\r\n",
                                                             "\r\n",
                                                             "\n",
                                                             "Retry-After: 7\r\n",
                                                             "retry-after:8\n",
                                                             "RETRY-AFTER:\t Sun, 06 Nov 1994 08:49:37 GMT \r\n",
                                                             "Retry-After:\r\n",
                                                             "Retry-After : 9\r\n",
                                                             "X-Retry-After: 9\r\n",
                                                             "Retry-After",
                                                             "Content-Type: application/json\r\n",
                                                             "HTTP/2 200 \r\n",
                                                             " HTTP/1.1 200 OK\r\n",
                                                             "\r",
                                                             ""};
    std::string out;
    while (!bytes.is_at_end()) {
        auto const piece = bytes.pick(pieces);
        out += piece.empty() ? bytes.text() : std::string{piece};
    }
    return out;
}

inline void heads(std::string_view bytes) {
    head_of(bytes);
    head_of(head_of_pieces(input{bytes}));
}

}  // namespace fuzz
