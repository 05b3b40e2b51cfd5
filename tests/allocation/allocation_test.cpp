// SPDX-License-Identifier: MIT
// What a promise of no allocation is worth: every way to allocate in this program is counted.
#include "support/operations.hpp"
#include "support/operator_new.hpp"

#include "tacho/encode/otlp_json.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/http/measure.hpp"
#include "tacho/http/operation_metrics.hpp"
#include "tacho/http/server_metrics.hpp"
#include "tacho/process/process_metrics.hpp"
#include "tacho/process/scrape_metrics.hpp"
#include "tacho/record.hpp"

#ifdef TACHO_TEST_ZLIB
#include "tacho/adapter/zlib.hpp"
#endif

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

namespace {

std::atomic<long> allocations{0};

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(alignment, size);
}
}

bool test::may_have_memory() noexcept {
    return true;  // it is counted there
}

namespace {

template <class F>
long allocations_in(F&& f) {
    auto const before = allocations.load();
    f();
    return allocations.load() - before;
}

enum class light { red, green };
consteval auto label_values(light) {
    return tacho::labels<light>({{light::red, "red"}, {light::green, "green"}});
}

struct shop {
    tacho::registry_options options;
    tacho::registry registry{options};
    tacho::counter<"hits", tacho::label<"api">, tacho::label<"code", int>> hits{registry, "Hits"};
    tacho::counter<"cpu", double> cpu{registry};
    tacho::gauge<"level", tacho::label<"room">> level{registry};
    tacho::up_down_counter<"busy"> busy{registry};
    tacho::histogram<"latency", tacho::unit::seconds, tacho::label<"api">> latency{registry, "Latency"};
    tacho::observable_counter<"read.bytes"> read_bytes{registry, "Read", [n = 0u]() mutable { return ++n; }};
    tacho::observable_gauge<"length", tacho::label<"queue", int>> length{registry, "Queues", [](auto& observe) {
                                                                             for (int i = 0; i < 100; ++i)
                                                                                 observe(i / 3.0, i);
                                                                         }};
    tacho::observable_up_down_counter<"used", tacho::label<"kind">> used{registry};
    tacho::observable_gauge<"idle"> idle{registry};
    tacho::observation memory{[this](tacho::observer& observe) {
                                  for (char const* kind : {"a", "a kind with a name longer than any short string"})
                                      observe(used, 1, kind);
                                  observe(idle, 5);
                              },
                              used, idle};

    explicit shop(tacho::registry_options with = {}) : options{std::move(with)} {
        for (int i = 0; i < 500; ++i) record(i);
    }
    void record(int i) {
        char const* const apis[] = {"models", "an api of which the name is longer than any short string", "chat"};
        hits(apis[i % 3], i % 100).inc();
        cpu.inc(0.25 * i);
        level(apis[i % 3]).set(i / 3.0);
        busy.inc();
        latency(apis[i % 3]).observe(i / 100.0);
    }
};

TEST(the_counter_of_allocations, counts) {
    EXPECT_GE(allocations_in([] {
                  auto* const volatile number = new int{1};
                  delete number;
              }),
              1);
    EXPECT_GE(allocations_in([] {
                  void* volatile memory = std::malloc(10);
                  memory = std::realloc(memory, 100'000);
                  std::free(memory);
              }),
              2);
}

TEST(recording, allocates_nothing_once_its_series_exist) {
    shop s;
    auto const handle = s.hits.bind("models", 1);
    EXPECT_EQ(allocations_in([&] {
                  for (int i = 0; i < 500; ++i) s.record(i);
                  handle.inc();
                  auto const copy = handle;
                  copy.inc();
                  auto const timing = s.latency("chat").time();
                  auto const tracked = s.busy.track();
              }),
              0);
    s.hits("x\xFF", 1).inc();
    EXPECT_EQ(allocations_in([&] { s.hits("x\xFF", 1).inc(); }), 0);
}

// Matched and not, known verbs and others, with sizes and without, finished, moved, failed or dropped.
template <class Metrics>
void measure_some(Metrics& metrics, tacho::http::route_table<> const& routes) {
    static tacho::http::excluded_paths const excluded{{"/metrics"}};
    for (std::string_view const verb : {"GET", "HEAD", "POST", "a verb longer than any short string has room for"})
        for (std::string_view const path : {"/items/1?x=y", "/static/a/b/c/d", "/nowhere", "/metrics"}) {
            auto const begin = [&] {
                return tacho::http::measure(metrics, routes, excluded, path,
                                            {.verb = verb, .protocol_version = "HTTP/1.1"});
            };
            auto one = begin();
            one.received(100);
            auto moved = std::move(one);
            moved.finish(200, 1000);
            begin().finish(503);
            begin().fail("std::a_type_of_exception_with_a_long_name");
            one = begin();
        }
}

TEST(a_measured_request, allocates_nothing_once_its_series_exist) {
    tacho::registry registry;
    tacho::http::server_metrics metrics{registry, {.body_sizes = true, .server_address = "a.long.name.example.com"}};
    test::operations by_operation{registry};
    tacho::http::route_table<> routes;
    ASSERT_TRUE(routes.add("GET", "/items/{id}", {"items", "an operation longer than any short string"}));
    ASSERT_TRUE(routes.add("GET", "/static/{path...}"));
    measure_some(metrics, routes);
    measure_some(by_operation, routes);
    EXPECT_EQ(allocations_in([&] { measure_some(metrics, routes); }), 0);
    EXPECT_EQ(allocations_in([&] { measure_some(by_operation, routes); }), 0);
    EXPECT_EQ(allocations_in([&] { EXPECT_TRUE(routes.has_path("/items/2")); }), 0);
}

TEST(recording_exemplars, allocates_nothing_and_neither_does_showing_them) {
    tacho::set_trace_context_hook([]() noexcept -> tacho::trace_context { return {{1}, {2}, true}; });
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"a">, tacho::exemplars> c{registry};
    tacho::histogram<"h", tacho::exemplars> h{registry, "", {1, 2, 3}};
    auto const record = [&] {
        c("1").inc();
        c("1").inc(2, {{"order", "seventeen"}});
        for (double const value : {0.5, 1.5, 2.5, 3.5}) h.observe(value, {{"order", "18"}});
    };
    record();
    tacho::endpoint endpoint{registry};
    tacho::byte_buffer json;
    tacho::resource const about;
    auto const show = [&] {
        EXPECT_NE(endpoint.respond({"GET", "application/openmetrics-text"}).body().find("order"),
                  std::string_view::npos);
        json.clear();
        tacho::otlp_json_encoder encoder{json, about, tacho::system_clock::now()};
        registry.visit(encoder, tacho::order::by_scope);
        EXPECT_TRUE(encoder.finish());
    };
    show();
    EXPECT_EQ(allocations_in([&] {
                  record();
                  show();
              }),
              0);
    tacho::set_trace_context_hook(nullptr);
}

TEST(recording_infos_states_and_spreading_values, allocates_nothing_once_their_series_exist) {
    tacho::registry registry;
    tacho::info<"build", tacho::label<"version">> build{registry};
    tacho::state_set<"light", light, tacho::label<"street">> lamp{registry};
    tacho::exponential_histogram<"spread", tacho::label<"api">> spread{registry};
    tacho::resource const about;
    tacho::byte_buffer buffer;
    auto const use = [&] {
        build.set("2");  // what it shows already: only another label set is made anew
        lamp("main").set(light::green);
        lamp("main").set(light::red, true);
        for (double v = 1e-9; v < 1e9; v *= 1.01) spread("models").observe(v);
        buffer.clear();
        tacho::otlp_json_encoder encoder{buffer, about, 1};
        registry.visit(encoder, tacho::order::by_scope);
        EXPECT_TRUE(encoder.finish());
    };
    build.set("1");
    build.set("2");
    lamp("main").set(light::red);
    static_cast<void>(spread.bind("models"));
    use();
    auto const again = spread.bind("again");
    EXPECT_EQ(allocations_in([&] {
                  for (double v = 1e-9; v < 1e9; v *= 1.01) again.observe(v);
              }),
              0);
    buffer.clear();
    tacho::otlp_json_encoder encoder{buffer, about, 1};  // as large as it will be
    registry.visit(encoder, tacho::order::by_scope);
    EXPECT_EQ(allocations_in(use), 0);
}

TEST(a_scrape_of_the_process_itself, allocates_nothing_once_warm) {
    tacho::registry registry;
    tacho::process_metrics const own{registry};
    tacho::endpoint endpoint{registry};
    auto const show = [&] {
        EXPECT_NE(endpoint.respond({"GET", ""}).body().find("process_threads 1\n"), std::string_view::npos);
        EXPECT_TRUE(!tacho::detail::open_files() || tacho::detail::listed_open_files());
    };
    show();
    EXPECT_EQ(allocations_in(show), 0);
}

TEST(a_look_up_beyond_the_limit, allocates_nothing) {
    auto* const before = tacho::set_error_hook(nullptr);
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>, tacho::series_limit<10>> c{registry};
    for (int i = 0; i < 20; ++i) c(i).inc();
    EXPECT_EQ(allocations_in([&] {
                  for (int i = 0; i < 1000; ++i) c(i).inc();
              }),
              0);
    tacho::set_error_hook(before);
}

class a_warm_scrape : public testing::TestWithParam<char const*> {};

TEST_P(a_warm_scrape, allocates_nothing) {
    shop s;
    tacho::endpoint endpoint{s.registry, {.about = {{"service.name", "shop"}}}};
    static_cast<void>(endpoint.respond({"GET", GetParam()}));
    EXPECT_EQ(allocations_in([&] {
                  for (int i = 0; i < 10; ++i) {
                      s.record(i);
                      auto const answer = endpoint.respond({"GET", GetParam()});
                      EXPECT_GT(answer.body().size(), 5000u);
                  }
              }),
              0);
}

TEST_P(a_warm_scrape, allocates_nothing_when_it_is_watched) {
    shop s;
    tacho::endpoint endpoint{s.registry, {.watcher = std::make_shared<tacho::scrape_metrics>(s.registry)}};
    tacho::scrape_request const refused{.method = "POST"};
    static_cast<void>(endpoint.respond({"GET", GetParam()}));
    static_cast<void>(endpoint.respond(refused));
    static_cast<void>(endpoint.respond({"GET", GetParam()}));  // the page is longer by what it was not on before
    EXPECT_EQ(allocations_in([&] {
                  for (int i = 0; i < 10; ++i) {
                      EXPECT_GT(endpoint.respond({"GET", GetParam()}).body().size(), 5000u);
                      EXPECT_EQ(endpoint.respond(refused).status(), 405);
                  }
              }),
              0);
}

TEST_P(a_warm_scrape, allocates_nothing_when_names_are_asked_for) {
    shop s;
    tacho::endpoint endpoint{s.registry};
    tacho::scrape_request const request{
        .accept = GetParam(), .query = "name[]=hits_total&name%5B%5D=latency_seconds_bucket&name[]=none&x=%41"};
    static_cast<void>(endpoint.respond(request));
    EXPECT_EQ(allocations_in([&] { EXPECT_GT(endpoint.respond(request).body().size(), 5000u); }), 0);
}

#ifdef TACHO_TEST_ZLIB
// CONFORMANCE 84
TEST_P(a_warm_scrape, allocates_nothing_when_it_is_compressed) {
    shop s;
    tacho::endpoint endpoint{s.registry, {.compress_with = tacho::gzip()}};
    tacho::scrape_request const request{.accept = GetParam(), .accept_encoding = "gzip"};
    auto const scrape_ten_times = [&] {
        for (int i = 0; i < 10; ++i) {
            s.record(i);
            auto const answer = endpoint.respond(request);
            EXPECT_EQ(answer.headers().back().name, "Content-Encoding");
            EXPECT_TRUE(answer.body().starts_with("\x1F\x8B"));
        }
    };
    EXPECT_GT(allocations_in(scrape_ten_times),
              0);  // zlib's state, and room, which a page with more digits takes more of
    EXPECT_EQ(allocations_in(scrape_ten_times), 0);
}
#endif

TEST_P(a_warm_scrape, allocates_nothing_when_there_are_four_at_once) {
    shop s;
    tacho::endpoint endpoint{s.registry};
    std::barrier together{5};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int round = 0; round < 4; ++round) {
                together.arrive_and_wait();
                auto const answer = endpoint.respond({"GET", GetParam()});
                together.arrive_and_wait();  // holds its body until all four have theirs
                EXPECT_GT(answer.body().size(), 5000u);
                together.arrive_and_wait();
            }
        });
    long during = 0;
    for (int round = 0; round < 4; ++round) {
        auto const before = allocations.load();
        together.arrive_and_wait();
        together.arrive_and_wait();
        if (round != 0) during += allocations.load() - before;
        together.arrive_and_wait();
    }
    for (auto& t : threads) t.join();
    EXPECT_EQ(during, 0);
}

// Lines that no series has ready: names in every escaping, and when each series began.
TEST(a_warm_scrape_of_escaped_names, allocates_nothing) {
    shop s{{.translation = tacho::translation_strategy::no_translation}};
    tacho::histogram<"wait.time", tacho::label<"a.b">> waited{s.registry};
    tacho::state_set<"lamp.state", light> lamp{s.registry};
    waited("1").observe(1);
    lamp.set(light::red);
    tacho::endpoint endpoint{s.registry, {.about = {{"service.name", "shop"}}, .created = true}};
    for (auto const accept :
         {"text/plain;version=1.0.0;escaping=values", "application/openmetrics-text;escaping=dots",
          "application/openmetrics-text;escaping=allow-utf-8", "application/openmetrics-text", ""}) {
        static_cast<void>(endpoint.respond({"GET", accept}));
        EXPECT_EQ(allocations_in([&] {
                      EXPECT_GT(endpoint.respond({"GET", accept}).body().size(), 5000u);
                  }),
                  0)
            << accept;
    }
}

INSTANTIATE_TEST_SUITE_P(in, a_warm_scrape,
                         testing::Values("", "text/plain;version=1.0.0", "application/openmetrics-text"));

TEST(a_warm_otlp_request, allocates_nothing) {
    shop s;
    tacho::resource const about{{"service.name", "shop"}};
    tacho::byte_buffer buffer;
    auto const encode = [&] {
        buffer.clear();
        tacho::otlp_json_encoder encoder{buffer, about, 1};
        s.registry.visit(encoder, tacho::order::by_scope);
        EXPECT_TRUE(encoder.finish());
    };
    encode();
    EXPECT_EQ(allocations_in(encode), 0);
}

TEST(an_otlp_request, allocates_nothing_with_what_is_known_of_the_last_one) {
    shop s;
    tacho::state_set<"light", light> lamp{s.registry};
    lamp.set(light::green);
    tacho::resource const about{{"service.name", "shop"}};
    tacho::byte_buffer buffer;
    tacho::otlp_points known;
    auto const encode = [&] {
        buffer.clear();
        tacho::otlp_json_encoder encoder{buffer, about, tacho::system_clock::now(), &known};
        s.registry.visit(encoder, tacho::order::by_scope);
        EXPECT_TRUE(encoder.finish());
    };
    for (int i = 0; i < 2; ++i) encode();
    EXPECT_EQ(allocations_in(encode), 0);
}

}  // namespace
