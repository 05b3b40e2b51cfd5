// SPDX-License-Identifier: MIT
// What pushes cost everybody else: scrapes while a receiver fails, and recording and memory while it is slow.
#include "harness.hpp"
#include "pages.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/export/pusher.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

sockaddr_in local_port(int port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

// A request or answer as it comes: its head, and how much of its body is still to come.
class message {
public:
    // False when the other side has ended.
    bool read_some(int from) {
        auto const got = ::recv(from, piece_.data(), piece_.size(), 0);
        if (got <= 0) return false;
        if (head_.find("\r\n\r\n") != std::string::npos) {
            left_ -= got;
            return true;
        }
        head_.append(piece_.data(), static_cast<std::size_t>(got));
        auto const end = head_.find("\r\n\r\n");
        if (end == std::string::npos) return true;
        constexpr std::string_view name = "Content-Length: ";
        auto const at = head_.find(name) + name.size();
        std::from_chars(head_.data() + at, head_.data() + head_.size(), left_);
        left_ -= static_cast<std::ptrdiff_t>(head_.size() - end - 4);
        return true;
    }
    [[nodiscard]] bool is_whole() const { return left_ == 0; }
    [[nodiscard]] int status() const { return head_.size() < 12 ? 0 : std::stoi(head_.substr(9, 3)); }

private:
    std::vector<char> piece_ = std::vector<char>(1 << 20);
    std::string head_;
    std::ptrdiff_t left_ = -1;  // unknown
};

// The smallest transport that sends by a socket: libcurl's own memory and time are not what is measured.
struct socket_transport {
    static bool can_send(std::string_view scheme) noexcept { return scheme == "http"; }

    tacho::http_outcome post(tacho::http_post const& request, tacho::deadline const& until) const {
        int const to = ::socket(AF_INET, SOCK_STREAM, 0);
        auto const at = local_port(port);
        auto const left = until.remaining().count();
        timeval const limit{left / 1000, left % 1000 * 1000};
        ::setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        auto const head = fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", request.body.size());
        bool sent = ::connect(to, reinterpret_cast<sockaddr const*>(&at), sizeof at) == 0;
        for (std::string_view const part : {std::string_view{head}, request.body})
            sent = sent && ::send(to, part.data(), part.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(part.size());
        message answer;
        while (sent && !answer.is_whole() && answer.read_some(to)) {
        }
        ::close(to);
        if (!answer.is_whole()) return {.problem = "no answer"};
        return {.status = answer.status(), .body = "{}"};
    }

    int port = 0;
};

// Reads one request after another, a mebibyte at a time, with a pause before each; then it answers, or never does.
class receiver {
public:
    receiver(std::chrono::milliseconds pause, int status) : pause_(pause), status_(status) {
        auto at = local_port(0);
        socklen_t size = sizeof at;
        ::bind(listening_, reinterpret_cast<sockaddr const*>(&at), size);
        ::listen(listening_, 8);
        ::getsockname(listening_, reinterpret_cast<sockaddr*>(&at), &size);
        port_ = ntohs(at.sin_port);
        thread_ = std::thread{[this] {
            for (int from; (from = ::accept(listening_, nullptr, nullptr)) >= 0; ::close(from)) serve(from);
        }};
    }
    receiver(receiver const&) = delete;
    receiver& operator=(receiver const&) = delete;
    ~receiver() {
        {
            std::lock_guard const lock{mutex_};
            ended_ = true;
            ::shutdown(listening_, SHUT_RDWR);
            if (open_ >= 0) ::shutdown(open_, SHUT_RDWR);
        }
        thread_.join();
        ::close(listening_);
    }
    [[nodiscard]] socket_transport transport() const { return {port_}; }
    [[nodiscard]] std::size_t requests() const { return requests_.load(); }

private:
    void serve(int from) {
        {
            std::lock_guard const lock{mutex_};
            if (ended_) return;
            open_ = from;
        }
        message request;
        do std::this_thread::sleep_for(pause_);
        while (request.read_some(from) && !request.is_whole());
        requests_ += request.is_whole() ? 1 : 0;
        auto const answer = fmt::format("HTTP/1.1 {} x\r\nContent-Length: 2\r\n\r\n{{}}", status_);
        char end = 0;
        if (status_ == 0)
            static_cast<void>(::recv(from, &end, 1, 0));  // until somebody leaves
        else
            static_cast<void>(::send(from, answer.data(), answer.size(), MSG_NOSIGNAL));
        std::lock_guard const lock{mutex_};
        open_ = -1;
    }

    int const listening_ = ::socket(AF_INET, SOCK_STREAM, 0);
    std::chrono::milliseconds const pause_;
    int const status_;  // 0: there is no answer
    int port_ = 0;
    std::atomic<std::size_t> requests_{0};
    std::mutex mutex_;  // guards what follows
    int open_ = -1;
    bool ended_ = false;
    std::thread thread_;
};

// Whether the condition came to hold within twenty seconds.
template <class Condition>
bool holds_soon(Condition const& condition) {
    auto const end = steady_clock::now() + 20s;
    while (!condition()) {
        if (steady_clock::now() > end) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

struct scraped {
    many_counters counters{10'000};
    tacho::endpoint endpoint{counters.registry()};
};

// Microseconds that scrapes take.
struct durations {
    double middle, slow;  // the median, and the longest but for one in a hundred
};

durations scrape(scraped& of) {
    std::vector<double> took;
    the_crowd().run(1, [&](std::size_t) {
        auto const end = steady_clock::now() + std::chrono::duration<double>(how_hard.stall / 8);
        for (auto start = steady_clock::now(); start < end || took.size() < 200;) {
            benchmark::DoNotOptimize(of.endpoint.respond({}).body().data());
            auto const now = steady_clock::now();
            took.push_back(std::chrono::duration<double, std::micro>(now - start).count());
            start = now;
        }
    });
    std::sort(took.begin(), took.end());
    return {took[took.size() / 2], took[took.size() * 99 / 100]};
}

// While pushes meet two kinds of faults, and before and after that without pushes. A round counts if nobody else took
// the processor from one in a hundred of the scrapes without pushes, which makes them many times as long.
void scrapes_during_faults(benchmark::State& state) {
    static scraped of;
    auto const hook = tacho::set_error_hook(nullptr);
    for (auto _ : state) {
        auto const before = scrape(of);
        {
            auto silent = std::make_unique<receiver>(0ms, 0);
            tacho::pusher pusher{of.counters.registry(), {.interval = 1h, .timeout = 1h}, silent->transport()};
            pusher.flush(0ms);
            bool const hangs = holds_soon([&] { return silent->requests() == 1; });
            state.counters["hangs"] = scrape(of).slow;
            if (!hangs || pusher.stats().accepted + pusher.stats().failed != 0) disprove("push/scrape/hangs");
            silent.reset();
        }
        {
            receiver const refusing{0ms, 400};  // a thousand times as often as pushes are by default
            tacho::pusher pusher{of.counters.registry(), {.interval = 50ms}, refusing.transport()};
            bool const fails = holds_soon([&] { return pusher.stats().failed != 0; });
            auto const failed = pusher.stats().failed;
            state.counters["fails"] = scrape(of).slow;
            if (!fails || pusher.stats().failed == failed) disprove("push/scrape/fails");
        }
        auto const after = scrape(of);
        state.counters["idle"] = (before.slow + after.slow) / 2;
        state.counters["quiet"] = before.slow < 3 * before.middle && after.slow < 3 * after.middle;
    }
    tacho::set_error_hook(hook);
}

// Mebibytes of this process that are in memory.
double resident() {
    std::ifstream in{"/proc/self/statm"};
    std::size_t all = 0, here = 0;
    in >> all >> here;
    return static_cast<double>(here) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace

int push_to_a_slow_receiver(int pushes) {
    many_counters counters{100'000};
    // By its own clock, so that it doesn't count what other threads take of the processor.
    auto const nanoseconds = [&](auto const& go_on) {
        double seconds = 0;
        std::size_t batches = 0;
        the_crowd().run(1, [&](std::size_t) {
            auto const inc = [&](std::size_t i) { counters.handle(i).inc(); };
            local<decltype(inc)> const own{inc};
            double const start = thread_seconds();
            for (; go_on(); ++batches)
                for (std::size_t i = 0; i < batch; i += 8) eight(own.op, i);
            seconds = thread_seconds() - start;
        });
        return seconds * 1e9 / static_cast<double>(batches * batch);
    };
    auto const for_a_while = [end = steady_clock::now() + 300ms] { return steady_clock::now() < end; };
    double const alone = nanoseconds(for_a_while);

    receiver const slow{20ms, 200};  // some 20 MiB of JSON
    tacho::pusher pusher{counters.registry(), {.interval = 1s, .timeout = 30s}, slow.transport()};
    double warm = 0, after = 0;
    std::uint64_t seen = 0;
    double const pushed = nanoseconds([&] {
        auto const taken = pusher.stats().accepted;
        if (taken != seen) {
            seen = taken;
            (taken <= static_cast<std::uint64_t>(1 + pushes / 10) ? warm : after) = resident();
        }
        return taken < static_cast<std::uint64_t>(pushes);
    });
    fmt::print("{} {} {} {} {}\n", alone, pushed, warm, after, pusher.stats().failed);
    return 0;
}

void push_rows(table& to) {
    benchmark::RegisterBenchmark("push/scrape", scrapes_during_faults)->Iterations(1)->Repetitions(7);
    auto const in_a_process = [](benchmark::State& state) {
        for (auto _ : state) {
            auto const command = fmt::format("/proc/{}/exe --pushed={}", ::getpid(), how_hard.pushes);
            std::array<double, 5> numbers{};
            bool whole = false;
            if (auto* const said = ::popen(command.c_str(), "r")) {
                whole = std::fscanf(said, "%lf %lf %lf %lf %lf", &numbers[0], &numbers[1], &numbers[2], &numbers[3],
                                    &numbers[4]) == 5;
                whole &= ::pclose(said) == 0;
            }
            if (!whole || numbers[4] != 0) disprove("push/slow");
            state.counters["inc alone"] = numbers[0];
            state.counters["inc"] = numbers[1];
            state.counters["warm"] = numbers[2];
            state.counters["after"] = numbers[3];
        }
    };
    benchmark::RegisterBenchmark("push/slow", in_a_process)->Iterations(1);

    to.add({"scrape of 10000 counters while a push hangs, 99 %", "push/scrape/hangs", "push/scrape/idle",
            "tacho, not pushed", "us", 2});
    to.add({"scrape of 10000 counters while pushes fail, 99 %", "push/scrape/fails", "push/scrape/idle",
            "tacho, not pushed", "us", 2});
    to.add({"counter, inc, while 100000 are pushed every second", "push/slow/inc", "push/slow/inc alone",
            "tacho, not pushed", "ns", 1.25});
    to.add({fmt::format("memory after {} pushes of 100000 to a slow receiver", how_hard.pushes), "push/slow/after",
            "push/slow/warm", "tacho, warm", "MiB", 1.02});
}

}  // namespace bench
