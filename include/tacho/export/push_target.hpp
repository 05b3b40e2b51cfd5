// SPDX-License-Identifier: MIT
// tacho: the parts of the URL that a push goes to, for transports whose library doesn't take it as it is.
// Rule: https://www.rfc-editor.org/rfc/rfc3986#section-3.2
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/text.hpp"
#include "tacho/env/reader.hpp"
#include "tacho/env/url.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI::detail {

// What a push needs of a URL.
struct push_target {
    std::string scheme, host, user, password, path;
    std::string origin;  // all before the path, as it was written
    std::string named;   // host and port, as requests name them
    std::uint16_t port = 0;
};

// Nothing when it is no URL, which is also one whose host or port is none, or has a `%` that is none.
[[nodiscard]] std::optional<push_target> push_target_of(std::string_view url);

#if TACHO_BODIES

TACHO_FUNCTION std::optional<push_target> push_target_of(std::string_view url) {
    auto const parts = env::split_url(url);
    if (!parts) return {};
    push_target to;
    for (char const c : parts->scheme) to.scheme += lower(c);
    to.origin = url.substr(0, url.size() - parts->path.size());
    to.path = parts->path.substr(0, parts->path.find('#'));
    if (!to.path.starts_with('/')) to.path.insert(0, "/");

    auto host = parts->authority;
    if (auto const at = host.rfind('@'); at != std::string_view::npos) {
        auto const who = host.substr(0, at);
        auto const colon = (std::min)(who.find(':'), who.size());
        auto user = env::percent_decoded(who.substr(0, colon));
        auto password = env::percent_decoded(who.substr((std::min)(colon + 1, who.size())));
        if (!user || !password) return {};
        to.user = std::move(*user);
        to.password = std::move(*password);
        host.remove_prefix(at + 1);
    }
    auto const end = host.starts_with('[') ? host.find(']') : std::string_view::npos;
    auto const colon = host.find(':', end == std::string_view::npos ? 0 : end);
    auto const port = colon == std::string_view::npos ? std::string_view{} : host.substr(colon + 1);
    host = host.substr(0, colon);
    bool const is_default = port.empty();
    to.port = to.scheme == "https" ? 443 : 80;
    if (!is_default) std::from_chars(port.data(), port.data() + port.size(), to.port);
    bool const is_ipv6 = end != std::string_view::npos;
    if (is_ipv6) host = host.substr(1, end - 1);
    // The zone of a link-local address, `%25eth0`, is of this machine alone (RFC 6874).
    auto const zone = is_ipv6 ? (std::min)(host.find("%25"), host.size()) : host.size();
    auto const name = std::string{host.substr(0, zone)};
    to.host = zone == host.size() ? name : name + '%' + std::string{host.substr(zone + 3)};
    to.named = (is_ipv6 ? '[' + name + ']' : name) + (is_default ? "" : ":" + std::string{port});
    return to;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
