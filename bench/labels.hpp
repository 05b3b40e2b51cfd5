// SPDX-License-Identifier: MIT
// Label values as a web service has them, the same for us and for the peers.
#pragma once

#include <prometheus/labels.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace bench {

// One set of values of the labels `api`, `method` and `status`.
struct label_set {
    std::string api, method, status;

    [[nodiscard]] prometheus::Labels for_peer() const { return {{"api", api}, {"method", method}, {"status", status}}; }
};

// `count` different sets; a longer list begins with a shorter one.
[[nodiscard]] inline std::vector<label_set> label_sets(std::size_t count) {
    constexpr std::array methods{"GET", "POST", "PUT", "DELETE", "PATCH"};
    constexpr std::array statuses{"200", "404", "500", "503"};
    constexpr std::array apis{"/v1/models/{model_id}", "/v1/chat/completions", "/v1/embeddings/batch",
                              "/v1/files/{file_id}", "/v1/vector_stores"};
    std::vector<label_set> sets;
    for (std::size_t i = 0; i < count; ++i) {
        auto const rest = i / (methods.size() * statuses.size());
        auto const round = rest / apis.size();
        std::string api = apis[rest % apis.size()];
        if (round != 0) api.append("/").append(std::to_string(round));
        sets.push_back({std::move(api), methods[i % methods.size()], statuses[i / methods.size() % statuses.size()]});
    }
    return sets;
}

}  // namespace bench
