// SPDX-License-Identifier: MIT
// For tests: the instruments in which requests are recorded by the operation that handles them.
#pragma once

#include "tacho/http/operation_metrics.hpp"
#include "tacho/instrument/counter.hpp"
#include "tacho/instrument/histogram.hpp"
#include "tacho/instrument/up_down_counter.hpp"

namespace test {

struct operations {
    explicit operations(tacho::scope in) : requests{in}, duration{in}, concurrent{in} {}
    tacho::counter<"requests", tacho::label<"api">, tacho::label<"method">,
                   tacho::label<"status", tacho::http::outcome>, tacho::label<"status_code", int>>
        requests;
    tacho::histogram<"duration", tacho::unit::seconds, tacho::label<"api">, tacho::label<"method">> duration;
    tacho::up_down_counter<"concurrent", tacho::label<"api">> concurrent;
};

static_assert(tacho::http::operation_metrics<operations>);

}  // namespace test
