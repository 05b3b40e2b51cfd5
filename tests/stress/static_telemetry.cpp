// SPDX-License-Identifier: MIT
// Static telemetry, which tells on the standard output what each push has of the counter: `pushed 2`.
#include "static_order.hpp"

#include <cstdio>
#include <string>
#include <string_view>

tacho::registry& own_registry() {
    static tacho::registry instance;
    return instance;
}

namespace {

struct telling_transport {
    static bool can_send(std::string_view) noexcept { return true; }
    static tacho::http_outcome post(tacho::http_post const& request, tacho::deadline const&) {
        constexpr std::string_view counted = R"("name":"counted")", value = R"("asInt":")";
        auto const metric = request.body.find(counted);
        if (metric == request.body.npos) return {.status = 200};
        auto const from = request.body.find(value, metric) + value.size();
        std::string const number{request.body.substr(from, request.body.find('"', from) - from)};
        std::printf("pushed %s\n", number.c_str());
        std::fflush(stdout);
        return {.status = 200};
    }
};

tacho::settings pushes_deltas() {
    tacho::settings s;
    s.push.enabled = true;
    s.push.interval = std::chrono::hours{1};
    s.push.temporality = tacho::temporality_preference::delta;
    return s;
}

auto const in_this_file = tacho::telemetry::start(own_registry(), pushes_deltas(), telling_transport{});

}  // namespace
