// SPDX-License-Identifier: MIT
// For fuzzers: what every subject needs. A subject is a function of any bytes, which throws when something is wrong;
// libFuzzer takes that for a crash, and tests/unit/fuzz_corpus_test.cpp for a failure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fuzz {

struct wrong : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline void need(bool holds, std::string const& what) {
    if (!holds) throw wrong{what};
}

// Bytes as choices and texts. At their end all are the first choice, and empty.
class input {
public:
    explicit input(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const { return rest_; }

    std::size_t pick(std::size_t of) { return byte() % of; }
    template <class T, std::size_t N>
    T pick(std::array<T, N> const& from) {
        return from[pick(N)];
    }
    // Up to 63 bytes, or the same up to 31 times, which is more than a label keeps.
    std::string text() {
        auto const how = byte();
        auto const part = rest_.substr(0, how & 63u);
        rest_.remove_prefix(part.size());
        std::string out{part};
        if (how >= 192)
            for (auto n = byte() % 32; n > 1; --n) out += part;
        return out;
    }

private:
    unsigned byte() {
        if (rest_.empty()) return 0;
        auto const b = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return b;
    }

    std::string_view rest_;
};

// ---- Of headers.

inline std::string in_case(std::string_view text, bool upper) {
    std::string out;
    for (char const c : text) {
        bool const is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        out += !is_letter ? c : static_cast<char>(upper ? c & ~0x20 : c | 0x20);
    }
    return out;
}

// With blanks around what separates, where a header has no quotes.
inline std::string spaced(std::string_view header) {
    std::string out;
    for (char const c : header)
        if (c == ',' || c == ';' || c == '=')
            out.append("\t ").append(1, c).append(" \t ");
        else
            out += c;
    return out;
}

// A weight as it is written, and in thousandths; what is none excludes.
struct weight {
    std::string_view text;
    int thousandths;
};
inline constexpr std::array<weight, 16> weights{{{"", 1000},
                                                 {"1", 1000},
                                                 {"1.", 1000},
                                                 {"1.000", 1000},
                                                 {"0", 0},
                                                 {"0.", 0},
                                                 {"0.000", 0},
                                                 {"0.001", 1},
                                                 {"0.5", 500},
                                                 {"0.50", 500},
                                                 {"0.999", 999},
                                                 {"1.001", 0},
                                                 {"0.1234", 0},
                                                 {"-1", 0},
                                                 {".5", 0},
                                                 {"2", 0}}};

// Without what is blank at either end.
inline std::string_view stripped(std::string_view text) {
    auto const is_blank = [](char c) { return std::string_view{" \t\r\n\f\v"}.find(c) != std::string_view::npos; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

inline constexpr std::array<std::string_view, 4> blanks{"", " ", "\t", "  \t"};

}  // namespace fuzz
