// SPDX-License-Identifier: MIT
// For tests of servers: a connection to 127.0.0.1 that sends what it is told, byte by byte, and hangs up when it likes.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace test {

class raw_client {
public:
    explicit raw_client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        timeval const limit{20, 0};  // so that a test fails and doesn't hang
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    }
    raw_client(raw_client&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_), rest_(std::move(other.rest_)) {}
    raw_client& operator=(raw_client&&) = delete;
    ~raw_client() { leave(); }

    bool send(std::string_view text) {
        while (connected_ && !text.empty()) {
            auto const sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return connected_;
    }

    // What comes up to and with `end`; what came until then when the server hung up before.
    std::string until(std::string_view end) {
        for (std::size_t at = 0; (at = rest_.find(end)) == std::string::npos;) {
            char buffer[4096];
            auto const got = ::recv(socket_, buffer, sizeof buffer, 0);
            if (got <= 0) return std::exchange(rest_, {});
            rest_.append(buffer, static_cast<std::size_t>(got));
        }
        auto const size = rest_.find(end) + end.size();
        auto const text = rest_.substr(0, size);
        rest_.erase(0, size);
        return text;
    }

    // The next response, whole; without a body if it was HEAD that was asked.
    std::string response(bool head = false) {
        auto text = until("\r\n\r\n");
        if (head) return text;
        if (text.find("chunked") != std::string::npos) return text + until("0\r\n\r\n");
        auto const at = text.find("Content-Length: ");
        auto const size = at == std::string::npos ? 0 : std::strtoul(text.c_str() + at + 16, nullptr, 10);
        while (rest_.size() < size) {
            char buffer[4096];
            auto const got = ::recv(socket_, buffer, sizeof buffer, 0);
            if (got <= 0) break;
            rest_.append(buffer, static_cast<std::size_t>(got));
        }
        text += rest_.substr(0, size);
        rest_.erase(0, size);
        return text;
    }

    void leave() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
        connected_ = false;
    }

private:
    int socket_;
    bool connected_ = false;
    std::string rest_;
};

}  // namespace test
