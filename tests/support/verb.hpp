// SPDX-License-Identifier: MIT
// For tests: a label whose values are closed.
#pragma once

#include "tacho/record.hpp"

namespace test {

enum class verb { get, post, other };
consteval auto label_values(verb) {
    return tacho::labels<verb>({{verb::get, "GET"}, {verb::post, "POST"}, {verb::other, "other"}});
}

}  // namespace test
