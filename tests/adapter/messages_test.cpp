// SPDX-License-Identifier: MIT
// What the transports and the listener say, provoked over real sockets and compared with tests/golden/messages.txt.
#include "support/messages.hpp"
#include "adapter/failing_accept.hpp"
#include "adapter/receiver.hpp"
#include "support/wait.hpp"

#include "tacho/adapter/curl.hpp"
#include "tacho/adapter/httplib.hpp"
#include "tacho/adapter/httplib_transport.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using std::chrono::milliseconds;
using test::post;

// Reads something from each connection, answers it with the same bytes, whatever they are, and closes it.
class blunt_receiver {
public:
    explicit blunt_receiver(std::string answer)
        : answer_(std::move(answer)), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(where);
        auto* const address = reinterpret_cast<sockaddr*>(&where);
        EXPECT_EQ(::bind(socket_, address, size), 0);
        EXPECT_EQ(::listen(socket_, 8), 0);
        EXPECT_EQ(::getsockname(socket_, address, &size), 0);
        port = ::ntohs(where.sin_port);
        thread_ = std::thread{[this] { serve(); }};
    }
    blunt_receiver(blunt_receiver const&) = delete;
    blunt_receiver& operator=(blunt_receiver const&) = delete;
    ~blunt_receiver() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }
    std::string url(std::string const& scheme = "http") const {
        return scheme + "://127.0.0.1:" + std::to_string(port) + "/v1/metrics";
    }
    int port = 0;

private:
    void serve() {
        for (int to = 0; (to = ::accept(socket_, nullptr, nullptr)) != -1; ::close(to)) {
            char seen[4096];
            if (::recv(to, seen, sizeof(seen), 0) > 0) ::send(to, answer_.data(), answer_.size(), MSG_NOSIGNAL);
            ::shutdown(to, SHUT_WR);
            while (::recv(to, seen, sizeof(seen), 0) > 0) {  // what it did not read would be answered with a reset
            }
        }
    }

    std::string const answer_;
    int const socket_;
    std::thread thread_;
};

// Answers when it ends.
class silent_receiver {
public:
    explicit silent_receiver(bool has_head)
        : receiver_([this, has_head](auto const&, httplib::Response& out) {
              if (!has_head) return void(test::wait_until([this] { return over_.load(); }));
              out.set_content_provider(4, "text/plain", [this](std::size_t at, std::size_t, httplib::DataSink& sink) {
                  if (at == 0) return sink.write("{", 1);
                  return !test::wait_until([this] { return over_.load(); });
              });
          }) {}
    ~silent_receiver() { over_ = true; }
    std::string url() const { return receiver_.url(); }

private:
    std::atomic<bool> over_{false};
    test::receiver<> receiver_;
};

// Without what differs from run to run.
std::string shown(std::string text, int port = 0) {
    if (port != 0) text = test::without(std::move(text), "port " + std::to_string(port), "port 4318");
    return test::without(std::move(text), "127.0.0.1", "<host>");
}
// The words in parentheses are a library's.
std::string without_why(std::string text, std::string_view instead = "(<why>)") {
    auto const from = text.find('('), to = text.find(')', from);
    EXPECT_TRUE(from != std::string::npos && to != std::string::npos) << text;
    return to == std::string::npos ? text : text.replace(from, to + 1 - from, instead);
}
// So are all before the cure.
std::string without_words(std::string const& text) {
    auto const cure = text.find("; ");
    EXPECT_NE(cure, std::string::npos) << text;
    return cure == std::string::npos ? text : "<words of libcurl>" + text.substr(cure);
}

void answer_at_length(httplib::Request const&, httplib::Response& out) {
    out.set_content(std::string(5u << 20, ' '), "application/json");
}

// Where nobody listens.
std::string gone() {
    return blunt_receiver{""}.url();
}

TEST(the_list_of_messages, has_what_libcurl_and_its_transport_say) {
    std::vector<std::string> said;
    test::certificates const made;
    tacho::curl_transport transport;
    test::receiver<> large{answer_at_length};
    test::receiver<httplib::SSLServer> secure{test::answer_ok, made.path("server.pem").c_str(),
                                              made.path("server.key").c_str()};
    test::receiver<httplib::SSLServer> strict{test::answer_ok, made.path("server.pem").c_str(),
                                              made.path("server.key").c_str(), made.path("ca.pem").c_str()};
    blunt_receiver const closing{""}, speaking{"SSH-2.0-OpenSSH\r\n"};
    said.push_back(post(transport, large.url(), "{}", {{"a", "b\r\nc"}}).problem);
    said.push_back(post(transport, large.url()).problem);
    said.push_back(without_words(post(transport, secure.url("https", "localhost")).problem));
    {
        tacho::curl_transport without{{.certificate = made.path("ca.pem")}};
        said.push_back(without_words(post(without, strict.url("https", "localhost")).problem));
    }
    said.push_back(without_words(post(transport, closing.url("https")).problem));
    said.push_back(without_words(post(transport, closing.url()).problem));
    said.push_back(without_words(post(transport, "http://" + std::string(64, 'x') + "/").problem));
    said.push_back(without_words(post(transport, gone()).problem));
    said.push_back(without_words(post(transport, speaking.url()).problem));
    test::expect_listed("curl_transport: http_outcome::problem, within what a push says", said);
}

TEST(the_list_of_messages, has_what_the_transport_of_cpp_httplib_says) {
    std::vector<std::string> said;
    test::certificates const made;
    tacho::httplib_transport transport;
    test::receiver<> large{answer_at_length};
    said.push_back(post(transport, "http:///v1").problem);
    said.push_back(post(transport, "ftp://localhost/").problem);
    said.push_back(post(transport, large.url(), "{}", {{"a", "b\r\nc"}}).problem);
    said.push_back(post(transport, large.url()).problem);
    {
        silent_receiver const hanging{false};
        said.push_back(post(transport, hanging.url(), "{}", {}, milliseconds{200}).problem);
        silent_receiver const stuck{true};
        said.push_back(post(transport, stuck.url(), "{}", {}, milliseconds{1000}).problem);
    }
    {
        std::string const nobody(64, 'x');  // no name is that long, so that no name server is asked
        auto problem = post(transport, "http://" + nobody + "/").problem;
        auto const why = problem.find(": "), cure = problem.find("; ");
        ASSERT_TRUE(why < cure && cure != std::string::npos) << problem;
        said.push_back(test::without(problem.replace(why + 2, cure - why - 2, "<why>"), nobody, "<host>"));
    }
    auto const nowhere = gone();
    said.push_back(shown(post(transport, nowhere).problem, std::stoi(nowhere.substr(17))));
    blunt_receiver const closing{""}, half{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"};
    said.push_back(shown(post(transport, half.url()).problem, half.port));
    said.push_back(shown(post(transport, closing.url()).problem, closing.port));

    test::receiver<httplib::SSLServer> secure{test::answer_ok, made.path("server.pem").c_str(),
                                              made.path("server.key").c_str()};
    auto const by = [&](tacho::httplib_transport_options options) {
        tacho::httplib_transport with{std::move(options)};
        auto const problem = post(with, secure.url("https", "localhost")).problem;
        return test::without(test::without(problem.find('(') == std::string::npos ? problem : without_why(problem),
                                           std::to_string(secure.port), "4318"),
                             made.path("nowhere"), "/nowhere");
    };
    said.push_back(by({.certificate = made.path("nowhere.pem")}));
    said.push_back(by({.client_certificate = made.path("nowhere.pem")}));
    said.push_back(by({.client_certificate = made.path("server.pem"), .client_key = made.path("nowhere.key")}));
    said.push_back(test::without(by({}), "localhost", "<host>"));
    said.push_back(shown(without_why(post(transport, closing.url("https")).problem), closing.port));
    test::expect_listed("httplib_transport: http_outcome::problem, within what a push says", said);
}

TEST(the_list_of_messages, has_why_the_listener_of_cpp_httplib_can_not_listen) {
    std::vector<std::string> said;
    tacho::registry registry;
    auto const of = std::make_shared<tacho::endpoint>(registry);
    tacho::httplib_listener first, second;
    auto const port = first.start("127.0.0.1", 0, of);
    ASSERT_TRUE(port);
    said.push_back(test::without(second.start("127.0.0.1", *port, of).message(), std::to_string(*port), "9464"));
    said.push_back(second.start("256.0.0.1", 9464, of).message());
    test::expect_listed("httplib_listener: why it can't listen", said);
}

TEST(the_list_of_messages, has_what_the_listener_of_cpp_httplib_says_when_it_can_not_go_on) {
    static std::vector<std::string> said;
    static std::atomic<bool> is_said{false};
    said.clear();
    is_said = false;
    tacho::registry registry;
    tacho::httplib_listener listener;
    auto const port = listener.start("127.0.0.1", 0, std::make_shared<tacho::endpoint>(registry));
    ASSERT_TRUE(port);
    auto* const before = tacho::set_error_hook([](tacho::severity s, std::string_view message) noexcept {
        said.push_back(std::string{to_string(s)} + ": " + std::string{message});
        is_said = true;
    });
    test::let_accept_fail(*port);
    EXPECT_TRUE(test::wait_until([] { return is_said.load(); }));
    tacho::set_error_hook(before);
    for (auto& message : said) message = test::without(message, std::to_string(*port), "9464");
    test::expect_listed("httplib_listener: what it says when it can't go on", said);
}

}  // namespace
