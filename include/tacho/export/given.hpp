// SPDX-License-Identifier: MIT
// tacho: what telemetry is given to push by and to be scraped by, whatever its type.
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/export/listener.hpp"
#include "tacho/export/transport.hpp"
#include "tacho/version.hpp"

#include <memory>
#include <type_traits>
#include <utility>

namespace tacho::inline TACHO_ABI {

/// In place of a transport: the program can't push.
struct no_transport {};
/// In place of a listener: the program can't be scraped on a port of its own.
struct no_listener {};
/// In place of a listener: the program's own web server answers with `telemetry.endpoint()`.
struct own_server {};

namespace detail {

template <class Any>
struct given {
    bool is_one = false;                // else it stands for none
    std::unique_ptr<Any> it = nullptr;  // nullptr also where there was no memory for it
};

template <class Transport>
[[nodiscard]] given<any_transport> given_transport(Transport by) noexcept {
    static_assert(std::is_same_v<Transport, no_transport> || transport<Transport>,
                  "tacho: a transport has http_outcome post(http_post const&, deadline const&) and "
                  "static bool can_send(std::string_view scheme), and can be moved");
    given<any_transport> out;
    if constexpr (!std::is_same_v<Transport, no_transport>) {
        out.is_one = true;
        attempt([&] { out.it = std::make_unique<transport_of<Transport>>(std::move(by)); });
    }
    return out;
}
template <class Listener>
[[nodiscard]] given<any_listener> given_listener(Listener by) noexcept {
    given<any_listener> out;
    if constexpr (!std::is_same_v<Listener, no_listener> && !std::is_same_v<Listener, own_server>) {
        out.is_one = true;
        attempt([&] { out.it = std::make_unique<listener_of<Listener>>(std::move(by)); });
    }
    return out;
}

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
