// SPDX-License-Identifier: MIT
// A page on a server of cpp-httplib, which a client reads.
#include "server.hpp"

#include <tacho/adapter/httplib.hpp>
#include <tacho/tacho.hpp>

#include <memory>
#include <string>

int main() {
    tacho::counter<"requests"> requests{"Requests so far"};
    requests.inc();

    httplib::Server server;
    tacho::mount(server, "/metrics", std::make_shared<tacho::endpoint>(tacho::default_registry()));
    running_server const runs{server};
    auto const page = httplib::Client{"127.0.0.1", runs.port}.Get("/metrics");
    return page && page->body.find("requests_total 1\n") != std::string::npos ? 0 : 1;
}
