// SPDX-License-Identifier: MIT
// A program that ends in the way its argument says, while it pushes to OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: for
// exits_test.py. Ends once it reads a line, with status 7 where there is one to choose; what is wrong is another.
#include <tacho/adapter/curl.hpp>
#include <tacho/tacho.hpp>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace {

constexpr int expected = 7;

// Never destroyed, so that threads may record in it while the program ends.
struct recorded {
    tacho::counter<"hits"> hits;
    tacho::counter<"by", tacho::label<"n", int>, tacho::series_limit<50>> by;
    tacho::histogram<"h"> h{};
    tacho::gauge<"level", tacho::label<"n", int>> level{};
    tacho::observable_gauge<"seen"> seen{"", [] { return 1; }};

    void record(int i) {
        hits.inc();
        by(i % 100).inc();
        h.observe(i);
        level(i % 10).set(i);
        if (i % 7 == 0) by.remove(i % 100);
    }
};
recorded& shared() {
    static recorded& instance = *new recorded;
    return instance;
}

// Ends with its thread, after the thread's slot may have been given back.
struct counts_when_its_thread_ends {
    ~counts_when_its_thread_ends() {
        shared().record(1);
        handle->inc();
    }
    std::optional<decltype(shared().by.bind(1))> handle{shared().by.bind(1)};
};

void record_for_ever() {
    auto const handle = shared().by.bind(3);
    for (int i = 0;; ++i) {
        shared().record(i);
        handle.inc();
        if (i % 100 == 0)
            std::thread{[i] {
                thread_local counts_when_its_thread_ends object;
                object.handle->inc();
                shared().record(i);
            }}.detach();
        if (i % 500 == 0) {
            tacho::counter<"now.and.then"> one;
            one.inc();
            tacho::byte_buffer page;
            tacho::prometheus_encoder encoder{page, tacho::text_format::prometheus_0_0_4, {}};
            tacho::default_registry().visit(encoder);
            if (!encoder.finish()) std::abort();
        }
        if (i % 100 == 0) std::this_thread::yield();
    }
}

std::optional<tacho::telemetry> in_static_memory;  // ends in exit()

struct counts_in_its_destructor {
    ~counts_in_its_destructor() { shared().record(2); }
} const static counts_late;

tacho::telemetry start() {
    return tacho::telemetry::start(tacho::default_registry(), tacho::settings::from_environment(),
                                   tacho::curl_transport{});
}

// A push that a detached thread waits for, so that one is under way.
void begin_a_push(tacho::telemetry through) {
    std::thread{[through]() mutable { static_cast<void>(through.flush(std::chrono::hours{1})); }}.detach();
}

void wait_for_a_line() {
    for (char c = 0; c != '\n';)
        if (::read(0, &c, 1) != 1) ::_exit(1);
}

}  // namespace

int main(int count, char** arguments) {
    std::string_view const way = count > 1 ? arguments[1] : "";
    tacho::set_error_hook(nullptr);  // what is not delivered is part of it
    shared().record(0);
    if (way == "recording") {
        for (int t = 0; t < 4; ++t) std::thread{record_for_ever}.detach();
        wait_for_a_line();
        return expected;
    }
    if (way == "abandoned") {
        static auto& kept = *new tacho::telemetry{start()};
        begin_a_push(kept);
        wait_for_a_line();
        return expected;
    }
    if (way == "return") {
        auto telemetry = start();
        std::thread waits{[&] { static_cast<void>(telemetry.flush(std::chrono::hours{1})); }};
        wait_for_a_line();
        telemetry.stop(std::chrono::milliseconds{200});
        waits.join();
        return expected;
    }
    in_static_memory = start();
    // Not a copy: the last one of them stops what runs.
    std::thread{[] { static_cast<void>(in_static_memory->flush(std::chrono::hours{1})); }}.detach();
    if (way == "signal") {
        std::signal(SIGTERM, [](int) { ::_exit(expected); });
        wait_for_a_line();
        std::raise(SIGTERM);
    }
    wait_for_a_line();
    if (way == "exit") std::exit(expected);
    if (way == "thread") {
        std::thread{[] { std::exit(expected); }}.detach();
        for (;;) ::pause();
    }
    if (way == "quick_exit") std::quick_exit(expected);
    if (way == "terminate") std::terminate();
    if (way == "abort") std::abort();
    std::fprintf(stderr, "exits: there is no way \"%s\"\n", arguments[1]);
    return 1;
}
