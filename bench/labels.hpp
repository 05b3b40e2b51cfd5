// SPDX-License-Identifier: MIT
// Label values as a web service has them, the same for us and for the peers.
#pragma once

#include <prometheus/labels.h>

#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// One set of values of the labels `api`, `method` and `status`. All sets take their texts from one pool, as a program
// has each of its few texts once: it isn't the caller's keys that should be waited for.
struct label_set {
    std::string_view api, method, status;

    [[nodiscard]] prometheus::Labels for_peer() const {
        return {{"api", std::string{api}}, {"method", std::string{method}}, {"status", std::string{status}}};
    }
};

// The texts of `api`, which stay where they are.
[[nodiscard]] inline std::string_view api_text(std::size_t number) {
    constexpr std::array begins{"/v1/models/{model_id}", "/v1/chat/completions", "/v1/embeddings/batch",
                                "/v1/files/{file_id}", "/v1/vector_stores"};
    static std::deque<std::string> pool;
    while (pool.size() <= number) {
        auto const round = pool.size() / begins.size();
        pool.emplace_back(begins[pool.size() % begins.size()]);
        if (round != 0) pool.back().append("/").append(std::to_string(round));
    }
    return pool[number];
}

// `count` different sets; a longer list begins with a shorter one.
[[nodiscard]] inline std::vector<label_set> label_sets(std::size_t count) {
    constexpr std::array methods{"GET", "POST", "PUT", "DELETE", "PATCH"};
    constexpr std::array statuses{"200", "404", "500", "503"};
    std::vector<label_set> sets;
    for (std::size_t i = 0; i < count; ++i)
        sets.push_back({api_text(i / (methods.size() * statuses.size())), methods[i % methods.size()],
                        statuses[i / methods.size() % statuses.size()]});
    return sets;
}

}  // namespace bench
