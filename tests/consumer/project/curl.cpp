// SPDX-License-Identifier: MIT
// A push by libcurl, which a receiver takes.
#include "server.hpp"

#include <tacho/adapter/curl.hpp>
#include <tacho/tacho.hpp>

#include <string>

int main() {
    tacho::registry registry;
    tacho::counter<"requests"> requests{registry, "Requests so far"};
    requests.inc();

    httplib::Server server;
    server.Post("/v1/metrics", [](httplib::Request const& request, httplib::Response& response) {
        response.status = request.body.find("\"requests\"") != std::string::npos ? 200 : 400;
        response.set_content("{}", "application/json");
    });
    running_server const runs{server};
    auto const url = "http://127.0.0.1:" + std::to_string(runs.port) + "/v1/metrics";
    tacho::pusher pusher{registry, {.url = url}, tacho::curl_transport{}};
    return pusher.flush() ? 0 : 1;
}
