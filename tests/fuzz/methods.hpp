// SPDX-License-Identifier: MIT
// A fuzzer's subject: which verbs are known (OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS), and how those and the versions
// that clients choose are shown.
#pragma once

#include "fuzz/input.hpp"
#include "support/text.hpp"

#include "tacho/export/endpoint.hpp"
#include "tacho/http/measured_request.hpp"
#include "tacho/http/server_metrics.hpp"
#include "tacho/instrument/counter.hpp"
#include "tacho/registry/registry.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

// The one label of this name on a page, as it is written; the page has it on each line of samples or on none.
inline std::string_view label_on(std::string_view page, std::string const& name) {
    auto const key = name + "=\"";
    auto const at = page.find(key);
    if (at == page.npos) return {};
    auto const from = at + key.size();
    auto to = from;
    while (page.at(to) != '"') to += page[to] == '\\' ? 2u : 1u;
    return page.substr(from, to - from);
}

inline std::vector<std::string> known_methods_in(std::string_view list) {
    std::vector<std::string> out{""};
    for (char const c : list)
        if (c == ',')
            out.emplace_back();
        else
            out.back() += c;
    for (auto& one : out) one = std::string{stripped(one)};
    out.erase(std::remove(out.begin(), out.end(), ""), out.end());
    if (out.empty()) out = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"};
    return out;
}

inline void methods(std::string_view bytes) {
    static constexpr std::array<std::string_view, 12> words{"GET", "get", "POST",   "PURGE",    ",",  " , ",
                                                            "\t",  "",    "_OTHER", "M-SEARCH", ",,", "QUERY"};
    static constexpr std::array<std::string_view, 12> versions{
        "", "HTTP/1.1", "HTTP/1.0", "HTTP/2", "3", "1.1", "2", "HTTP/", "1.10", "http/2", "0.9", "HTTP/HTTP/2"};
    input from{bytes};
    auto const word = [&] {
        auto const one = from.pick(words);
        return one.empty() ? from.text() : std::string{one};
    };
    std::string list;
    for (auto n = from.pick(8); n > 0; --n) list += word();
    auto const verb = word();
    auto version = std::string{from.pick(versions)};
    if (version.empty()) version = from.text();

    auto const known = known_methods_in(list);
    bool const is_known = std::find(known.begin(), known.end(), verb) != known.end();
    auto const shown_verb = is_known ? verb : "_OTHER";
    auto const bare = version.substr(version.substr(0, 5) == "HTTP/" ? 5 : 0);
    auto const shown_version = bare == "1.0" || bare == "1.1" || bare == "2" || bare == "3" ? bare : "";

    tacho::registry registry{{.now = &test::fixed_time}}, other{{.now = &test::fixed_time}};
    tacho::http::server_metrics metrics{registry, {.known_methods = list}};
    need(metrics.method_of(verb) == shown_verb, "\"" + verb + "\" is not shown as " + shown_verb + " with " + list);
    tacho::http::measured_request{metrics, {.verb = verb, .protocol_version = version}}.finish(200);
    // Any counter shows the same labels the same way.
    tacho::counter<"x", tacho::label<"http.request.method">, tacho::label<"network.protocol.version">> x{other};
    x(shown_verb, shown_version).inc();
    auto const page = std::string{tacho::endpoint{registry}.respond({}).body()};
    auto const expected = std::string{tacho::endpoint{other}.respond({}).body()};
    for (auto const* const name : {"http_request_method", "network_protocol_version"})
        need(label_on(page, name) == label_on(expected, name),
             std::string{name} + " in\n" + page + "is not as in\n" + expected);
}

}  // namespace fuzz
