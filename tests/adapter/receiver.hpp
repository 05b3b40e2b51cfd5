// SPDX-License-Identifier: MIT
// For tests of transports: receivers on 127.0.0.1, and certificates for them.
#pragma once

#include "support/wait.hpp"

#include "tacho/tacho.hpp"

#include <httplib.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace test {

template <class Server = httplib::Server>
class receiver {
public:
    template <class... Args>
    explicit receiver(httplib::Server::Handler handler, Args const&... args) : http(args...) {
        http.Post("/.*", std::move(handler));
        port = http.bind_to_any_port("127.0.0.1");
        thread_ = std::thread{[this] { http.listen_after_bind(); }};
        test::wait_until([this] { return http.is_running(); });
    }
    ~receiver() {
        http.stop();
        thread_.join();
    }
    std::string url(char const* scheme = "http", char const* host = "127.0.0.1") const {
        return std::string{scheme} + "://" + host + ":" + std::to_string(port) + "/v1/metrics";
    }
    Server http;
    int port = 0;

private:
    std::thread thread_;
};

template <class Transport>
tacho::http_outcome post(Transport& by, std::string const& url, std::string_view body = "{}",
                         std::vector<tacho::http_header> const& headers = {},
                         std::chrono::milliseconds limit = std::chrono::seconds{10}) {
    return by.post({url, body, headers}, tacho::deadline{tacho::deadline::clock::now() + limit});
}

inline void answer_ok(httplib::Request const&, httplib::Response& out) {
    out.set_content("{}", "application/json");
}

// Certificates of its own, made by the openssl program for this run.
class certificates {
public:
    certificates() {
        auto pattern = (std::filesystem::temp_directory_path() / "tacho-XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
        run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem "
            "-addext basicConstraints=critical,CA:TRUE");
        run("openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
        run("printf 'subjectAltName=DNS:localhost' > ext && openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key "
            "-CAcreateserial -days 2 -extfile ext -out server.pem");
    }
    ~certificates() { std::filesystem::remove_all(folder); }
    std::string path(char const* name) const { return folder + "/" + name; }

private:
    void run(std::string const& command) {
        EXPECT_EQ(std::system(("cd " + folder + " && { " + command + "; } >/dev/null 2>&1").c_str()), 0) << command;
    }
    std::string folder;
};

}  // namespace test
