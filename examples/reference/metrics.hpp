// SPDX-License-Identifier: MIT
// The instruments of the reference service: 17 of them in five scopes, one struct a scope.
//
// Names, units and labels are template arguments: a misspelt label value type, a missing label or an illegal name does
// not compile. The structs register when they are made and unregister when they end; they can't be copied or moved.
#pragma once

#include <tacho/tacho.hpp>

#include <optional>
#include <string_view>

namespace ogx {

using tacho::counter;
using tacho::histogram;
using tacho::label;
using tacho::up_down_counter;
namespace unit = tacho::unit;

// An enum as a label: its values are known, so a typo is a compile error and a look-up is arithmetic.
enum class status { success, error };
consteval auto label_values(status) {
    return tacho::labels<status>({{status::success, "success"}, {status::error, "error"}});
}

// A label that may be missing: it is then left out in every format.
using maybe = std::optional<std::string_view>;

// What the HTTP middleware records into. `method` is the name of the handler, which bounds the number of series; the
// path of the request would not.
struct server_metrics {
    explicit server_metrics(tacho::scope in)
        : requests{in, "Total number of API requests"},
          duration{in, "Duration of API requests"},
          concurrent{in, "Number of concurrent API requests"} {}

    counter<"ogx.requests_total", unit::of<"1">, label<"api">, label<"method">, label<"status", tacho::http::outcome>,
            label<"status_code", int>>
        requests;
    // No bounds given: a histogram of seconds gets those of the Prometheus client libraries, 5 ms to 10 s.
    histogram<"ogx.request_duration_seconds", unit::seconds, label<"api">, label<"method">> duration;
    up_down_counter<"ogx.concurrent_requests", unit::of<"1">, label<"api">> concurrent;
};

struct inference_metrics {
    explicit inference_metrics(tacho::scope in)
        : duration{in, "Duration of inference requests"},
          time_to_first_token{in, "Time until the first token of a response"},
          tokens_per_second{in, "Speed at which tokens are generated", {1, 5, 10, 25, 50, 100, 250, 500, 1000}} {}

    template <tacho::fixed_string Name, class Unit>
    using per_request =
        histogram<Name, Unit, label<"model">, label<"provider">, label<"stream", bool>, label<"status", ogx::status>>;

    per_request<"ogx.inference.duration_seconds", unit::seconds> duration;
    per_request<"ogx.inference.time_to_first_token_seconds", unit::seconds> time_to_first_token;
    per_request<"ogx.inference.tokens_per_second", unit::none> tokens_per_second;
};

struct tool_metrics {
    explicit tool_metrics(tacho::scope in)
        : invocations{in, "Total number of tool invocations"}, duration{in, "Duration of tool invocations"} {}

    counter<"ogx.tool_runtime.invocations_total", unit::of<"1">, label<"tool_group">, label<"tool_name">,
            label<"provider">, label<"status", ogx::status>>
        invocations;
    histogram<"ogx.tool_runtime.duration_seconds", unit::seconds, label<"tool_group">, label<"tool_name">,
              label<"provider">, label<"status", ogx::status>>
        duration;
};

struct vector_metrics {
    // Bounds written once; a list that is not sorted would not compile.
    static constexpr tacho::bounds wide{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

    explicit vector_metrics(tacho::scope in)
        : inserts{in, "Total number of vector inserts"},
          queries{in, "Total number of vector queries"},
          deletes{in, "Total number of vector deletes"},
          stores{in, "Total number of vector stores created"},
          files{in, "Total number of files attached to vector stores"},
          chunks_processed{in, "Total number of chunks processed"},
          insert_duration{in, "Duration of vector inserts", wide},
          retrieval_duration{in, "Duration of vector retrievals", wide} {}

    counter<"ogx.vector_io.inserts_total", unit::of<"1">, label<"vector_db">, label<"operation">, label<"provider">,
            label<"status", ogx::status>>
        inserts;
    counter<"ogx.vector_io.queries_total", unit::of<"1">, label<"vector_db">, label<"operation">, label<"provider">,
            label<"search_mode", maybe>, label<"status", ogx::status>>
        queries;
    counter<"ogx.vector_io.deletes_total", unit::of<"1">, label<"vector_db">, label<"operation">, label<"provider">,
            label<"status", ogx::status>>
        deletes;
    counter<"ogx.vector_io.stores_total", unit::of<"1">, label<"provider">, label<"operation">> stores;
    counter<"ogx.vector_io.files_total", unit::of<"1">, label<"vector_db">, label<"operation">, label<"provider">,
            label<"status", ogx::status>>
        files;
    counter<"ogx.vector_io.chunks_processed_total", unit::of<"1">, label<"vector_db">, label<"operation">,
            label<"provider">>
        chunks_processed;
    histogram<"ogx.vector_io.insert_duration_seconds", unit::seconds, label<"vector_db">, label<"operation">,
              label<"provider">>
        insert_duration;
    histogram<"ogx.vector_io.retrieval_duration_seconds", unit::seconds, label<"vector_db">, label<"operation">,
              label<"provider">, label<"search_mode", maybe>>
        retrieval_duration;
};

struct response_metrics {
    explicit response_metrics(tacho::scope in)
        : parameter_usage{in, "Total number of uses of each optional parameter"} {}

    counter<"ogx.responses.parameter_usage_total", unit::of<"1">, label<"operation">, label<"parameter">>
        parameter_usage;
};

struct metrics {
    explicit metrics(tacho::registry& in)
        : server{in.scope("ogx.server", "1.0.0")},
          inference{in.scope("ogx.inference", "1.0.0")},
          tool_runtime{in.scope("ogx.tool_runtime", "1.0.0")},
          vector_io{in.scope("ogx.vector_io", "1.0.0")},
          responses{in.scope("ogx.responses", "1.0.0")} {}

    server_metrics server;
    inference_metrics inference;
    tool_metrics tool_runtime;
    vector_metrics vector_io;
    response_metrics responses;
};

}  // namespace ogx
