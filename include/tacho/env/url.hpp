// SPDX-License-Identifier: MIT
// tacho: the parts of a URL, as far as a push needs them.
// Rule: https://www.rfc-editor.org/rfc/rfc3986#section-3
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/env/source.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tacho::inline TACHO_ABI::env {

namespace detail {

// `host`, `host:80`, `[::1]:80`: a port of 1 to 65535, or none behind the colon.
[[nodiscard]] constexpr bool is_host_and_port(std::string_view text) noexcept {
    auto end = (std::min)(text.find(':'), text.size());  // of the host
    if (text.starts_with('[')) end = (std::min)(text.find(']'), text.size() - 1) + 1;
    if (end == 0 || (text.starts_with('[') && (end < 3 || text[end - 1] != ']'))) return false;
    auto port = text.substr(end);
    if (port.empty()) return true;
    if (!port.starts_with(':') || port.size() > 6) return false;
    port.remove_prefix(1);
    unsigned number = 0;
    for (char const c : port) {
        if (c < '0' || c > '9') return false;
        number = number * 10 + static_cast<unsigned>(c - '0');
    }
    return port.empty() || (number >= 1 && number <= 65535);
}

}  // namespace detail

/// Views into the text that was split.
struct url_parts {
    std::string_view scheme;     ///< as written
    std::string_view authority;  ///< host and port, and a user's name and password if there are any
    std::string_view path;       ///< with all that follows it; may be empty
};

/// Splits `scheme://authority/path`. Nothing when there is no scheme or no host, or when a blank or a control character
/// is in it.
[[nodiscard]] constexpr std::optional<url_parts> split_url(std::string_view url) noexcept {
    for (char const c : url)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) return {};
    auto const colon = url.find("://");
    if (colon == std::string_view::npos || colon == 0) return {};
    auto const rest = url.substr(colon + 3);
    auto const slash = rest.find_first_of("/?#");
    url_parts parts{url.substr(0, colon), rest.substr(0, slash),
                    slash == std::string_view::npos ? std::string_view{} : rest.substr(slash)};
    // With std::string_view::npos + 1 it is all of it.
    if (!detail::is_host_and_port(parts.authority.substr(parts.authority.rfind('@') + 1))) return {};
    return parts;
}

/// A host as it stands before a port: an IPv6 address gets brackets, which keep its colons apart from the port's.
/// Allocates. Rule: RFC 3986, section 3.2.2.
[[nodiscard]] std::string host_before_port(std::string_view host);

/// The URL for a message: a user's name and password are left out, and what is behind a `?` or `#`, which may be
/// a key.
[[nodiscard]] std::string without_credentials(std::string_view url);

#if TACHO_BODIES

TACHO_FUNCTION std::string host_before_port(std::string_view host) {
    bool const is_ipv6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
    return is_ipv6 ? "[" + std::string{host} + "]" : std::string{host};
}

namespace detail {

[[nodiscard]] inline std::string with_hidden_query(std::string_view text) {
    auto const size = text.find_first_of("?#");
    return size == text.npos ? std::string{text} : std::string{text.substr(0, size + 1)}.append("***");
}

}  // namespace detail

TACHO_FUNCTION std::string without_credentials(std::string_view url) {
    auto const parts = split_url(url);
    // A password with a `/`, `?` or `#` ends what is taken for the host, and is no port.
    auto const port = parts ? parts->authority.substr((std::min)(parts->authority.rfind(':'), parts->authority.size()))
                            : std::string_view{};
    bool const is_cut = parts && parts->authority.find('@') == std::string_view::npos &&
                        port.find_first_not_of("0123456789", 1) != std::string_view::npos && !port.ends_with(']');
    if (!parts || is_cut) {  // it is none, and so may have them anywhere before an @
        auto const at = url.rfind('@');
        return at == std::string_view::npos ? detail::with_hidden_query(url)
                                            : "***" + detail::with_hidden_query(url.substr(at));
    }
    auto const host = parts->authority.rfind('@') + 1;  // with npos + 1 it is all of it
    return std::string{parts->scheme}
        .append(host != 0 ? "://***@" : "://")
        .append(parts->authority.substr(host))
        .append(detail::with_hidden_query(parts->path));
}

#endif

}  // namespace tacho::inline TACHO_ABI::env
