// SPDX-License-Identifier: MIT
// A program that pushes when it is told to, whatever the receiver does, and can be scraped meanwhile: for
// faults_test.py. The environment says where to and how, as OpenTelemetry's variables do; an argument, `httplib`, that
// it pushes by cpp-httplib and not by libcurl. It reads lines and prints lines: `ready PORT` at first, `said SEVERITY
// WORDS` for whatever the error hook hears;
//     record N   counts N, observes N and sets N; `recorded N`
//     names X    lets receiver.test be `answered` with 127.0.0.1, `unknown`, or the name servers be `silent`
//     push       pushes on a thread of its own, so that the next line is read; when it is over, `pushed I {...}`, the
//                I-th time, with what came of it and of all so far
// It ends with its input, after a last push.
#include <tacho/adapter/curl.hpp>
#include <tacho/adapter/httplib.hpp>
#include <tacho/adapter/httplib_transport.hpp>
#include <tacho/tacho.hpp>

#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>

namespace {

enum class names { answered, unknown, silent };
std::atomic<names> name_servers{names::answered};

}  // namespace

// Stands before the one of the C library, so that one name, receiver.test, is looked up in a known way.
extern "C" int getaddrinfo(char const* name, char const* service, addrinfo const* hints, addrinfo** found) {
    static auto const real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (name == nullptr || std::string_view{name} != "receiver.test") return real(name, service, hints, found);
    // As long as it takes the C library to give up two servers, each of which it asks twice and more.
    for (int i = 0; i < 6000 && name_servers.load() == names::silent; ++i) ::usleep(10'000);
    switch (name_servers.load()) {
        case names::answered: return real("127.0.0.1", service, hints, found);
        case names::unknown: return EAI_NONAME;
        default: return EAI_AGAIN;
    }
}

namespace {

// A line at a time, from whichever thread.
void say(std::string const& line) {
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

void hear(tacho::severity how, std::string_view message) noexcept {
    say(fmt::format("said {} {}", tacho::to_string(how), message));
}

// What became of points, and how many bytes were sent.
class watcher : public tacho::push_watcher {
public:
    void pushed(tacho::push_outcome const& how) noexcept override {
        accepted += how.accepted_points;
        rejected += how.rejected_points;
        failed += how.failed_points;
        sent_bytes += how.sent_bytes;
    }
    std::atomic<std::uint64_t> accepted{0}, rejected{0}, failed{0}, sent_bytes{0};
};

template <class Transport>
int run(Transport by) {
    tacho::set_error_hook(&hear);
    auto const settings = tacho::settings::from_environment();
    tacho::registry registry;
    tacho::counter<"jobs", tacho::label<"queue">> jobs{registry, "Done"};
    tacho::histogram<"size", tacho::unit::bytes> size{registry, "Of one", {2, 4}};
    tacho::gauge<"level"> level{registry, "Now"};

    tacho::httplib_listener listener;
    auto const port = listener.start("127.0.0.1", 0, std::make_shared<tacho::endpoint>(registry));
    if (!port) return 1;
    auto const watched = std::make_shared<watcher>();
    if constexpr (tacho::takes_tls_files<Transport>)
        by.use({.certificate = settings.push.certificate,
                .client_certificate = settings.push.client_certificate,
                .client_key = settings.push.client_key});
    tacho::pusher pusher{registry,
                         {.url = settings.push.url,
                          .headers = settings.push.headers,
                          .about = settings.about,
                          .interval = settings.push.interval,
                          .timeout = settings.push.timeout,
                          .temporality = settings.push.temporality,
                          .watcher = watched},
                         std::move(by)};
    say(fmt::format("ready {}", *port));

    int pushes = 0;
    std::thread pushing;
    auto const push = [&] {
        auto const start = std::chrono::steady_clock::now();
        bool const taken = pusher.flush(std::chrono::hours{1});
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
        auto const stats = pusher.stats();
        say(fmt::format(
            "pushed {} {{\"taken\":{},\"seconds\":{:.3f},\"accepted\":{},\"failed\":{},\"retries\":{},"
            "\"rejected_points\":{},\"points\":[{},{},{}],\"sent_bytes\":{}}}",
            ++pushes, taken, took.count(), stats.accepted, stats.failed, stats.retries, stats.rejected_points,
            watched->accepted.load(), watched->rejected.load(), watched->failed.load(), watched->sent_bytes.load()));
    };
    for (std::string line; std::getline(std::cin, line);) {
        if (line == "push") {
            if (pushing.joinable()) pushing.join();
            pushing = std::thread{push};
        } else if (line.starts_with("names ")) {
            auto const how = line.substr(6);
            name_servers.store(how == "silent" ? names::silent : how == "unknown" ? names::unknown : names::answered);
        } else if (line.starts_with("record ")) {
            auto const n = std::stoul(line.substr(7));
            jobs("mail").inc(n);
            size.observe(static_cast<double>(n));
            level.set(static_cast<double>(n));
            say(fmt::format("recorded {}", n));
        }
    }
    pusher.stop();
    if (pushing.joinable()) pushing.join();
    listener.stop();
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    bool const by_httplib = count > 1 && std::string_view{arguments[1]} == "httplib";
    return by_httplib ? run(tacho::httplib_transport{}) : run(tacho::curl_transport{});
}
