// SPDX-License-Identifier: MIT
// A fuzzer's subject: which format an Accept header gets (CONFORMANCE 73-82, 98).
#pragma once

#include "fuzz/input.hpp"
#include "support/page_reader.hpp"
#include "support/text.hpp"

#include "tacho/export/accept.hpp"
#include "tacho/export/endpoint.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace fuzz {

using tacho::chosen_format;
using tacho::escaping;
using tacho::text_format;

inline bool contains(std::string const& text, std::string_view part) {
    return text.find(part) != text.npos;
}

// What holds of any header.
inline void accept_of_any_bytes(std::string const& header) {
    static tacho::registry registry{{.translation = tacho::translation_strategy::no_translation}};
    static tacho::gauge<"a.b"> const kept{registry};
    static tacho::endpoint endpoint{registry, {.about = {{"service.name", "fuzz"}}}};

    auto const chosen = tacho::negotiate(header);
    auto const lower = in_case(header, false);
    need(tacho::negotiate(in_case(header, true)) == chosen && tacho::negotiate(lower) == chosen,
         "upper and lower case are not the same");

    // Nothing is chosen that was not named.
    bool const openmetrics = chosen.format == text_format::openmetrics_1_0_0;
    need(!openmetrics || contains(lower, "application/openmetrics-text"), "OpenMetrics, which nobody named");
    need(chosen.format != text_format::prometheus_1_0_0 || (contains(lower, "text/plain") && contains(lower, "1.0.0")),
         "text 1.0.0, which nobody named");
    need(!chosen.names_escaping || contains(lower, to_string(chosen.names)), "an escaping that nobody named");
    need(chosen.names_escaping || chosen.names == escaping::underscores, "an escaping in silence");
    auto const preferred = tacho::negotiate(header, true);
    need(
        preferred == chosen || (chosen == chosen_format{} && preferred == chosen_format{text_format::prometheus_1_0_0}),
        "a preference that changes more than the default");

    // The first one of the highest weight is.
    need(tacho::negotiate("application/openmetrics-text," + header) == chosen_format{text_format::openmetrics_1_0_0},
         "what comes first with the highest weight is not chosen");
    auto const ranges = static_cast<std::size_t>(std::count(header.begin(), header.end(), ',')) + 1;
    if (!contains(header, "\"") && 7 * header.size() < 4000 && ranges <= 30) {
        need(tacho::negotiate(spaced(header)) == chosen, "blanks make a difference");
        need(tacho::negotiate(header + ", " + header) == chosen, "two headers are not one");
        need(tacho::negotiate(header + ",image/png,*/plain;q=1") == chosen, "what we have not makes a difference");
        need(tacho::negotiate("text/plain;q=0;version=1.0.0," + header + ",application/openmetrics-text;q=0.000") ==
                 chosen,
             "what is excluded makes a difference");
    }

    auto const answer = endpoint.respond({.accept = header});
    need(answer.status() == 200, "no page");
    need(answer.content_type() == tacho::content_type(chosen), "another content type");
    test::page_reader const page{answer.body(), openmetrics};
    auto const& name = chosen.names == escaping::allow_utf_8 ? "a.b"
                       : chosen.names == escaping::dots      ? "a_dot_b"
                       : chosen.names == escaping::values    ? "U__a_2e_b"
                                                             : "a_b";
    need(page.samples.contains({name, {}}), "the page is in another escaping");
}

// A header made of ranges whose meaning is known.
inline void accept_of_ranges(input bytes) {
    struct named {
        std::string_view text;
        int kind;  // 0: none of ours; 1: OpenMetrics; 2: text; 3: anything
    };
    static constexpr std::array<named, 9> types{{{"application/openmetrics-text", 1},
                                                 {"text/plain", 2},
                                                 {"*/*", 3},
                                                 {"Text/*", 3},
                                                 {"application/json", 0},
                                                 {"APPLICATION/OpenMetrics-Text", 1},
                                                 {"text/plain2", 0},
                                                 {"application/*", 0},
                                                 {"", 0}}};
    static constexpr std::array<std::string_view, 8> versions{"",      "1.0.0",     "0.0.4", "0.0.1",
                                                              "2.0.0", "\"1.0.0\"", "1.0",   "\"0.0.4\""};
    struct wanted {
        std::string_view text;
        escaping names;
        bool is_one;
    };
    static constexpr std::array<wanted, 8> escapings{{{"", escaping::underscores, false},
                                                      {"underscores", escaping::underscores, true},
                                                      {"allow-utf-8", escaping::allow_utf_8, true},
                                                      {"dots", escaping::dots, true},
                                                      {"VALUES", escaping::values, true},
                                                      {"\"dots\"", escaping::dots, true},
                                                      {"dot", escaping::underscores, false},
                                                      {"\"values", escaping::underscores, false}}};
    static constexpr std::array<std::string_view, 6> others{
        "", "charset=utf-8", "a=\"b,c;q=0\"", "a=\"\\\",text/plain;version=1.0.0\"", "x", "=;="};
    std::string header;
    chosen_format best;
    int best_weight = 0;
    for (int n = 0; n < 20 && (n == 0 || !bytes.is_at_end()); ++n) {
        auto const type = bytes.pick(types);
        auto const version = bytes.pick(versions);
        auto as = bytes.pick(escapings);
        auto const weight = bytes.pick(weights);
        std::array<std::string, 4> parameters{version.empty() ? "" : "version=" + std::string{version},
                                              as.text.empty() ? "" : "Escaping=" + std::string{as.text},
                                              weight.text.empty() ? "" : "q=" + std::string{weight.text},
                                              std::string{bytes.pick(others)}};
        bool const unbalanced = as.text == "\"values";
        // A quote that does not end takes all that follows with it, so it comes last of all.
        if (unbalanced)
            std::swap(parameters[1], parameters[3]);
        else
            std::rotate(parameters.begin(), parameters.begin() + static_cast<std::ptrdiff_t>(bytes.pick(4)),
                        parameters.end());
        header.append(n == 0 ? "" : ",").append(bytes.pick(blanks)).append(type.text);
        for (auto const& parameter : parameters)
            if (!parameter.empty())
                header.append(bytes.pick(blanks)).append(";").append(bytes.pick(blanks)).append(parameter);
        header.append(bytes.pick(blanks));

        auto const of = version.starts_with('"') ? version.substr(1, version.size() - 2) : version;
        chosen_format one{text_format::prometheus_0_0_4, as.names, as.is_one};
        bool served = type.kind == 3;
        if (served) one = {};
        if (type.kind == 1) {
            one.format = text_format::openmetrics_1_0_0;
            served = of.empty() || of == "1.0.0" || of == "0.0.1";
        }
        if (type.kind == 2) {
            if (of == "1.0.0") one.format = text_format::prometheus_1_0_0;
            served = of.empty() || of == "1.0.0" || of == "0.0.4";
        }
        if (served && weight.thousandths > best_weight) {
            best = one;
            best_weight = weight.thousandths;
        }
        if (unbalanced) break;
    }
    need(tacho::negotiate(header) == best, "another format than the ranges ask for: " + header);
}

inline void accept(std::string_view bytes) {
    accept_of_any_bytes(std::string{bytes});
    accept_of_ranges(input{bytes});
}

}  // namespace fuzz
