// SPDX-License-Identifier: MIT
// tacho: what answers scrapes on a port of its own.
#pragma once

#include "tacho/core/result.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/version.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>

namespace tacho::inline TACHO_ABI {

/// Binds host and port and answers there with what the endpoint says, until it is stopped or destroyed. start() returns
/// once the port is bound: the port, which was chosen by the system if 0 was asked for, or an error that names address,
/// port and the system's words.
template <class T>
concept listener = std::movable<T> &&
    requires(T& l, std::string const& host, std::uint16_t port, std::shared_ptr<endpoint> answers) {
    { l.start(host, port, answers) } -> std::same_as<result<std::uint16_t>>;
    { l.stop() }
    noexcept;
};

}  // namespace tacho::inline TACHO_ABI
