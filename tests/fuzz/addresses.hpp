// SPDX-License-Identifier: MIT
// A fuzzer's subject: the URL that a push goes to, its parts and what is told of it.
#pragma once

#include "fuzz/input.hpp"

#include "tacho/env/url.hpp"
#include "tacho/export/push_target.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fuzz {

inline void address_of_any_bytes(std::string_view url) {
    auto const parts = tacho::env::split_url(url);
    auto const to = tacho::detail::push_target_of(url);
    need(!to || parts, "somewhere to push to by what is no URL");
    if (parts)
        need(std::string{parts->scheme} + "://" + std::string{parts->authority} + std::string{parts->path} == url,
             "the parts are not the whole");
    if (!to) return;
    need(!to->host.empty() && to->port != 0, "no host or no port");
    need(url.starts_with(to->origin) && to->origin.find(to->host) != std::string::npos, "another origin");
    need(to->path.starts_with('/') && to->path.find('#') == std::string::npos, "a path that is none");
    // It stands in a head as it is.
    for (auto const* text : {&to->path, &to->named, &to->host})
        need(std::none_of(text->begin(), text->end(), [](unsigned char c) { return c <= 0x20 || c == 0x7F; }),
             "a blank or a control character");
    need(to->named.find('@') == std::string::npos, "a user's name is told");
}

inline std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdefABCDEF";
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        bool const is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain)
            out += c;
        else
            out.append(1, '%').append(1, digits[byte / 16u]).append(1, digits[byte % 16u + (byte % 16u > 9 ? 6 : 0)]);
    }
    return out;
}

// One whose parts are known.
inline void address_of_parts(input bytes) {
    struct scheme {
        std::string_view text, lower;
        std::uint16_t port;
    };
    static constexpr std::array<scheme, 4> schemes{
        {{"http", "http", 80}, {"https", "https", 443}, {"HTTP", "http", 80}, {"hTTPs", "https", 443}}};
    static constexpr std::array<std::string_view, 5> hosts{"h", "127.0.0.1", "[::1]", "a.b", "[fe80::1]"};
    struct port {
        std::string_view text;
        std::uint16_t number;  // 0: that of the scheme
    };
    static constexpr std::array<port, 6> ports{
        {{"", 0}, {":", 0}, {":1", 1}, {":65535", 65535}, {":080", 80}, {":9", 9}}};
    struct path {
        std::string_view text, sent;
    };
    static constexpr std::array<path, 7> paths{{{"", "/"},
                                                {"/", "/"},
                                                {"/v1/metrics", "/v1/metrics"},
                                                {"?a=b", "/?a=b"},
                                                {"#there", "/"},
                                                {"/a?b=c@d#e", "/a?b=c@d"},
                                                {"/%2F:80", "/%2F:80"}}};
    auto const by = bytes.pick(schemes);
    std::string const host{bytes.pick(hosts)};
    auto const at = bytes.pick(ports);
    auto const below = bytes.pick(paths);
    auto const who = bytes.pick(3);  // nobody; a name; a name and a password
    auto const user = who == 0 ? "" : bytes.text(), password = who == 2 ? bytes.text() + "5ecret" : "";
    std::string const name_and_password = percent_encoded(user) + (who == 2 ? ":" + percent_encoded(password) : "");
    std::string const rest = host + std::string{at.text} + std::string{below.text};
    auto const url = std::string{by.text} + "://" + (who == 0 ? "" : name_and_password + "@") + rest;

    auto const to = tacho::detail::push_target_of(url);
    need(to.has_value(), "no target of " + url);
    need(to->scheme == by.lower && to->port == (at.number == 0 ? by.port : at.number),
         "another scheme or port: " + url);
    need(to->host == (host.front() == '[' ? host.substr(1, host.size() - 2) : host), "another host: " + url);
    need(to->user == user && to->password == password, "another user: " + url);
    need(to->path == below.sent, "another path: " + url);
    auto const query = (std::min)(rest.find_first_of("?#"), rest.size() - 1);
    auto const told = rest.substr(0, query + 1) + (rest[query] == '?' || rest[query] == '#' ? "***" : "");
    need(tacho::env::without_credentials(url) == std::string{by.text} + "://" + (who == 0 ? "" : "***@") + told,
         "not what should be told of " + url);
}

inline void addresses(std::string_view bytes) {
    address_of_any_bytes(bytes);
    address_of_any_bytes("http://" + std::string{bytes});
    address_of_parts(input{bytes});
}

}  // namespace fuzz
