// SPDX-License-Identifier: MIT
// A server of cpp-httplib on a thread of its own, as long as it lives.
#pragma once

#include <httplib.h>

#include <thread>

class running_server {
public:
    explicit running_server(httplib::Server& server)
        : port(server.bind_to_any_port("127.0.0.1")),
          server_(server),
          runs_([&server] { server.listen_after_bind(); }) {
        while (!server.is_running()) std::this_thread::yield();
    }
    running_server(running_server const&) = delete;
    running_server& operator=(running_server const&) = delete;
    ~running_server() {
        server_.stop();
        runs_.join();
    }

    int const port;

private:
    httplib::Server& server_;
    std::thread runs_;
};
