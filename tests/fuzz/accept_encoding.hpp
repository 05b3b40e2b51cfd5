// SPDX-License-Identifier: MIT
// A fuzzer's subject: who is sent a compressed answer (CONFORMANCE 83-85, 98).
#pragma once

#include "fuzz/input.hpp"
#include "support/response.hpp"
#include "support/text.hpp"

#include "tacho/export/accept_encoding.hpp"
#include "tacho/export/compressor.hpp"
#include "tacho/export/endpoint.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace fuzz {

// Makes another body, so that one is told from the other.
class marker final : public tacho::compressor {
public:
    std::string_view coding() const noexcept override { return "gzip"; }
    bool compress(std::string_view, tacho::byte_buffer& into) noexcept override {
        char* const out = into.window(1);
        if (out == nullptr) return false;
        *out = 'z';
        into.commit(1);
        return true;
    }
};

inline void accept_encoding_of_any_bytes(std::string const& header) {
    static tacho::registry registry{test::fixed()};
    static tacho::gauge<"level"> const level{registry};
    static tacho::endpoint endpoint{registry, {.compress_with = std::make_shared<marker>()}};

    bool const wants = tacho::wants_coding(header, "gzip");
    auto const lower = in_case(header, false);
    need(tacho::wants_coding(in_case(header, true), "gzip") == wants && tacho::wants_coding(lower, "gzip") == wants,
         "upper and lower case are not the same");
    need(!wants || lower.find("gzip") != lower.npos ||
             (lower.find('*') != lower.npos && lower.find("identity") != lower.npos),
         "a coding that nobody named");
    for (auto const refusal : {"gzip;q=0,", "x-gzip;q=0.000,", "gzip;q=2,"})
        need(!tacho::wants_coding(refusal + header, "gzip"), "a coding that is refused");
    need(tacho::wants_coding("identity;q=0,gzip;q=0.001," + header, "gzip"), "not the coding that alone is left");
    auto const codings = static_cast<std::size_t>(std::count(header.begin(), header.end(), ',')) + 1;
    if (header.find('"') == header.npos && 7 * header.size() < 4000 && codings <= 30) {
        need(tacho::wants_coding(spaced(header), "gzip") == wants, "blanks make a difference");
        need(tacho::wants_coding(header + ", " + header, "gzip") == wants, "two headers are not one");
        need(tacho::wants_coding(header + ",br,zstd;q=1", "gzip") == wants, "other codings make a difference");
    }

    auto const answer = endpoint.respond({.accept_encoding = header});
    need(answer.status() == 200, "no page");
    need((answer.body() == "z") == wants && (test::header_of(answer, "Content-Encoding") == "gzip") == wants,
         "the body is not in the coding that is wanted");
    need(wants || answer.body() == "# TYPE level gauge\nlevel 0\n", "another page");
}

// A header made of codings whose meaning is known.
inline void accept_encoding_of_codings(input bytes) {
    struct named {
        std::string_view text;
        std::size_t kind;  // 0: gzip; 1: as it is; 2: any other; 3: none of these
    };
    static constexpr std::array<named, 8> names{
        {{"gzip", 0}, {"identity", 1}, {"*", 2}, {"br", 3}, {"X-GZIP", 0}, {"gzipped", 3}, {"Identity", 1}, {"", 3}}};
    std::string header;
    std::array<int, 4> weight_of{-1, -1, -1, -1};
    for (int n = 0; n < 20 && (n == 0 || !bytes.is_at_end()); ++n) {
        auto const name = bytes.pick(names);
        auto const weight = bytes.pick(weights);
        header.append(n == 0 ? "" : ",").append(bytes.pick(blanks)).append(name.text).append(bytes.pick(blanks));
        if (bytes.pick(8) == 7) header.append(";x=\"a,gzip;q=1\"");
        if (!weight.text.empty()) header.append(";").append(bytes.pick(blanks)).append("Q=").append(weight.text);
        if (auto& known = weight_of[name.kind]; known < 0) known = weight.thousandths;
    }
    auto const [own, as_it_is, others, none] = weight_of;
    static_cast<void>(none);
    auto const of = [others = others](int known) { return known >= 0 ? known : std::max(others, 0); };
    need(tacho::wants_coding(header, "gzip") == (of(own) > of(as_it_is)), "not what the codings ask for: " + header);
}

inline void accept_encoding(std::string_view bytes) {
    accept_encoding_of_any_bytes(std::string{bytes});
    accept_encoding_of_codings(input{bytes});
}

}  // namespace fuzz
