// SPDX-License-Identifier: MIT
// What becomes of what is done without memory: each request for some fails once, one after the other. Whatever fails,
// nothing crashes, leaks or stays locked, nothing that was counted is lost, and the next attempt does all.
#include "support/failing_memory.hpp"
#include "support/page_reader.hpp"
#include "support/text.hpp"

#include "tacho/http/measure.hpp"
#include "tacho/http/server_metrics.hpp"
#include "tacho/process/self_metrics.hpp"
#include "tacho/tacho.hpp"

#ifdef TACHO_TEST_ZLIB
#include "tacho/adapter/zlib.hpp"
#endif

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

// How often the error hook was called while it lives. By itself it needs no memory.
class unheard {
public:
    unheard() {
        said_ = 0;
        before_ = tacho::set_error_hook([](tacho::severity, std::string_view) noexcept { ++said_; });
    }
    unheard(unheard const&) = delete;
    unheard& operator=(unheard const&) = delete;
    ~unheard() { tacho::set_error_hook(before_); }
    static int said() { return said_; }

private:
    static inline std::atomic<int> said_{0};
    tacho::error_hook before_;
};

using sums = std::map<std::string, std::uint64_t>;

// Adds up what it is given: each request has one point.
struct adding_transport {
    sums* into;

    static bool can_send(std::string_view) noexcept { return true; }
    tacho::http_outcome post(tacho::http_post const& request, tacho::deadline const&) const {
        test::enough_memory const own;  // it is not its own lack of memory that is tested
        auto const after = [&](std::string_view what) {
            auto const at = request.body.find(what);
            if (at == request.body.npos) return std::string{};
            auto const from = at + what.size();
            return std::string{request.body.substr(from, request.body.find('"', from) - from)};
        };
        auto const value = after("\"asInt\":\"") + after("\"count\":\"");
        (*into)[after("\"metrics\":[{\"name\":\"") + after("\"intValue\":\"")] += std::stoull(value);
        return {.status = 200, .body = R"({"partialSuccess":{"errorMessage":"a remark of some length, for the log"}})"};
    }
};

struct shop {
    std::atomic<long> armed{-1};
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    tacho::histogram<"h", tacho::label<"n", int>> h{registry, "", {1, 2}};
    tacho::exponential_histogram<"e", tacho::label<"n", int>> e{registry};
    // Called at the beginning of each collection, by the thread that pushes.
    tacho::observable_counter<"o"> o{registry, "", [this] {
                                         test::before_failure = armed.exchange(-1);
                                         return 5u;
                                     }};

    void record(int from, int to) {
        for (int i = from; i < to; ++i) {
            c(i).inc(10);
            h(i).observe(i);
            e(i).observe(i);
        }
    }
};

// Pushes twice, the second time with more to remember; `disturb` is called with the shop and the number of the push.
template <class F>
sums delivered(F&& disturb) {
    sums all;
    shop s;
    {
        tacho::pusher pusher{
            s.registry,
            {.interval = std::chrono::hours{1}, .temporality = tacho::temporality_preference::delta, .split_above = 1},
            adding_transport{&all}};
        for (int push = 0; push < 2; ++push) {
            s.record(0, push == 0 ? 5 : 40);
            disturb(s, push);
            static_cast<void>(pusher.flush());
        }
        s.record(0, 1);
    }  // which pushes what is left
    return all;
}

TEST(lack_of_memory, in_the_middle_of_a_push_loses_nothing_and_tells_nothing_twice) {
    unheard const quiet;
    auto const expected = delivered([](shop&, int) {});
    ASSERT_EQ(expected.at("c0"), 30u);
    ASSERT_EQ(expected.at("h39"), 1u);
    ASSERT_EQ(expected.size(), 3u * 40 + 1);
    for (int const which : {0, 1}) {
        auto const requests = test::with_each_failure([&](test::one_failure const& without) {
            ASSERT_EQ(delivered([&](shop& s, int push) {
                          if (push == which) without.hand_to(s.armed);
                      }),
                      expected)
                << which;
        });
        EXPECT_GT(requests, 20) << "there is more to remember than that";
    }
}

enum class light { red, green };
consteval auto label_values(light) {
    return tacho::labels<light>({{light::red, "red"}, {light::green, "green"}});
}

// Some of a registry before anything fails, so that what the process makes once is made.
struct registry_in_use {
    tacho::registry registry{{.constant_labels = {{"region", "a region whose name is longer than short strings are"}},
                              .views = {{.name = "renamed", .rename = "another.name.longer.than.short.strings.are"},
                                        {.name = "renamed.not", .leave_out_labels = {"left.out"}}}}};
    tacho::counter<"present", tacho::label<"n", int>> present{registry, "Before anything failed"};
    registry_in_use() { present(1).inc(7); }

    [[nodiscard]] std::string page() const { return test::as_text(registry); }
};

// Makes an instrument without each piece of memory, records in what came of it, and makes it again.
template <class Make, class Record>
void register_without_memory(Make make, Record record) {
    unheard const quiet;
    auto const requests = test::with_each_failure([&](test::one_failure const& without) {
        registry_in_use in;
        auto const before = in.page();
        auto const heard_before = unheard::said();
        auto const said = [&] { return unheard::said() - heard_before; };
        {
            decltype(make(in.registry)) made;
            // What comes before the instrument, as a scope or its texts, may throw.
            if (without([&] { made = make(in.registry); })) {
                EXPECT_TRUE(made->ok() || said() != 0) << "it says when it is not registered";
                record(*made);
                if (made->ok() && said() == 0) {
                    EXPECT_NE(in.page(), before) << "it shows what it counts, as it said nothing else";
                }
            }
        }
        in.present(1).inc(0);
        EXPECT_EQ(in.page(), before);
        auto const now = said();
        std::string whole;
        {
            auto const again = make(in.registry);
            EXPECT_TRUE(again->ok());
            record(*again);
            whole = in.page();
            EXPECT_EQ(said(), now);
        }
        registry_in_use fresh;
        auto const first = make(fresh.registry);
        record(*first);
        EXPECT_EQ(whole, fresh.page());
        EXPECT_EQ(in.page(), before);
    });
    EXPECT_GT(requests, 5);
}

template <class Instrument, class... Args>
auto maker(Args... args) {
    return [=](tacho::registry& in) { return std::make_unique<Instrument>(in, args...); };
}

TEST(lack_of_memory, in_a_registration_is_said_and_the_next_attempt_registers) {
    using text = tacho::label<"a.label.longer.than.short.strings.are">;
    constexpr char const* help = "A description that is longer than short strings are";
    register_without_memory(maker<tacho::counter<"c">>(help), [](auto& c) { c.inc(); });
    register_without_memory(maker<tacho::counter<"c", double, text>>(help), [](auto& c) { c("x").inc(0.5); });
    register_without_memory(maker<tacho::counter<"renamed", text>>(help), [](auto& c) { c("x").inc(); });
    register_without_memory(maker<tacho::counter<"renamed.not", tacho::label<"left.out">, text>>(help),
                            [](auto& c) { c("x", "y").inc(); });
    register_without_memory(maker<tacho::counter<"dense", tacho::label<"light", light>>>(help),
                            [](auto& c) { c(light::red).inc(); });
    register_without_memory(maker<tacho::counter<"traced", tacho::exemplars, text>>(help), [](auto& c) {
        c("x").inc(1, {{"by", "somebody"}});
    });
    register_without_memory(maker<tacho::up_down_counter<"u">>(help), [](auto& u) { u.inc(-1); });
    register_without_memory(maker<tacho::gauge<"g", text>>(help), [](auto& g) { g("x").set(1.5); });
    register_without_memory(maker<tacho::histogram<"h", text>>(help), [](auto& h) { h("x").observe(1); });
    register_without_memory(maker<tacho::info<"build", text>>(help), [](auto& i) { i.set("x"); });
    register_without_memory(maker<tacho::state_set<"lamp", light, text>>(help),
                            [](auto& s) { s("x").set(light::green); });
    register_without_memory(
        [](tacho::registry& in) {
            return std::make_unique<tacho::observable_gauge<"o", text>>(in, "", [](auto& observe) { observe(1, "x"); });
        },
        [](auto&) {});
}

template <class Named>
struct kept {
    Named made;
    [[nodiscard]] bool ok() const { return made.ok(); }
};
template <class Named>
kept(Named) -> kept<Named>;

TEST(lack_of_memory, in_the_registration_of_what_is_named_at_run_time_is_said_and_the_next_attempt_registers) {
    auto const named = [](auto add) {
        return [add](tacho::registry& in) {
            auto made = add(in.scope("a scope whose name is longer than short strings are", "1"));
            return std::make_unique<kept<decltype(made)>>(std::move(made));
        };
    };
    tacho::instrument_options const options{.name = "named.at.run.time", .labels = {"x", "y"}};
    register_without_memory(named([&](tacho::scope const& in) { return tacho::add_counter(in, options); }),
                            [](auto& c) {
                                c.made.bind({"1", "2"}).inc();
                            });
    register_without_memory(named([&](tacho::scope const& in) { return tacho::add_gauge(in, options); }), [](auto& g) {
        g.made.bind({"1", "2"}).set(3);
    });
    register_without_memory(named([&](tacho::scope const& in) { return tacho::add_histogram(in, options); }),
                            [](auto& h) {
                                h.made.bind({"1", "2"}).observe(1);
                            });
    register_without_memory(
        named([&](tacho::scope const& in) {
            return tacho::add_observable_counter(in, options, [](auto& observe) { observe(3u, {"1", "2"}); });
        }),
        [](auto&) {});
}

TEST(lack_of_memory, at_the_end_of_an_instrument_leaves_its_name_to_the_next_one_like_it) {
    unheard const quiet;
    test::with_each_failure([&](test::one_failure const& without) {
        registry_in_use in;
        auto gone = std::make_unique<tacho::counter<"c", tacho::label<"n", int>>>(in.registry);
        (*gone)(1).inc(5);
        EXPECT_TRUE(without([&] { gone.reset(); }));
        tacho::counter<"c", tacho::label<"n", int>> again{in.registry};
        EXPECT_TRUE(again.ok());
        again(2).inc(3);
        EXPECT_EQ(test::value_of(in.page(),
                                 "c_total{n=\"2\",region=\"a region whose name is longer than short "
                                 "strings are\"}"),
                  "3");
    });
}

TEST(lack_of_memory, in_a_new_series_drops_and_counts_what_it_was_given_and_the_next_one_is_made) {
    unheard const quiet;
    auto const requests = test::with_each_failure([&](test::one_failure const& without) {
        tacho::registry registry;
        tacho::counter<"c", tacho::label<"n", int>> c{registry};
        tacho::histogram<"h", tacho::label<"n", int>> h{registry, "", {1}};
        tacho::counter<"dense", tacho::label<"light", light>> dense{registry};
        tacho::counter<"few", tacho::label<"n", int>, tacho::series_limit<1>> few{registry};
        auto const named = tacho::add_up_down_counter(registry, {.name = "named", .labels = {"n"}});
        few(0).inc();
        c(0).inc();
        auto const held = c.bind(0);
        EXPECT_TRUE(without([&] {
            for (int n = 1; n <= 20; ++n) c(n).inc();
            held.inc();  // goes on, whatever happens to others
            h(1).observe(0.5);
            dense(light::green).inc();
            few(1).inc();
            named.bind({"1"}).inc();
        }));
        auto const dropped = registry.health().dropped_measurements;
        EXPECT_EQ(dropped, static_cast<std::uint64_t>(test::failed_requests != 0 ? 1 : 0))
            << "each request for memory is of one measurement";
        test::page_reader const page{test::as_text(registry), false};
        double all = 0;
        for (auto const& [name, value] : page.samples)
            if (name.first == "c_total" || name.first == "h_count" || name.first == "dense_total" ||
                name.first == "few_total" || name.first == "named")
                all += std::stod(value);
        EXPECT_EQ(all, 2 + 20 + 1 + 1 + 1 + 1 + 1 - static_cast<double>(dropped));
        for (int n = 1; n <= 20; ++n) c(n).inc();
        auto const later = test::as_text(registry);
        for (int n = 1; n <= 20; ++n) EXPECT_NE(test::value_of(later, "c_total{n=\"" + std::to_string(n) + "\"}"), "");
        EXPECT_EQ(registry.health().dropped_measurements, dropped);
    });
    EXPECT_GT(requests, 5);
}

TEST(lack_of_memory, in_a_removal_removes_or_keeps_and_is_made_up_for_later) {
    unheard const quiet;
    static std::atomic<tacho::unix_nanos> now{test::now};
    test::with_each_failure([&](test::one_failure const& without) {
        tacho::registry registry{{.now = []() noexcept -> tacho::unix_nanos { return now; }}};
        tacho::counter<"c", tacho::label<"n", int>> c{registry};
        tacho::counter<"fleeting", tacho::label<"n", int>, tacho::expire_after<1>> fleeting{registry};
        tacho::reader reader{registry};  // for which what is removed is kept
        for (int n = 0; n < 100; ++n) {
            c(n).inc();
            fleeting(n).inc();
        }
        now += 60'000'000'000u;
        EXPECT_TRUE(without([&] {
            for (int n = 0; n < 50; ++n) c.remove(n);
            for (int n = 0; n < 50; ++n) c(1000 + n % 2).inc();
            fleeting(1000).inc();
            c.clear();
        }));
        c.clear();
        c(1).inc(3);
        fleeting(1001).inc();
        test::page_reader const page{test::as_text(registry), false};
        std::size_t shown = 0;
        for (auto const& [name, value] : page.samples) shown += name.first == "c_total" ? 1u : 0u;
        EXPECT_EQ(shown, 1u);
        EXPECT_EQ(page.samples.at({"c_total", {{"n", "1"}}}), "3");
    });
}

// CONFORMANCE 90: a page is whole, or it is none.
TEST(lack_of_memory, in_a_scrape_is_answered_500_or_without_what_was_observed_and_the_next_page_is_whole) {
    unheard const quiet;
    for (char const* const accept : {"", "application/openmetrics-text", "text/plain;version=1.0.0;escaping=dots"}) {
        auto const requests = test::with_each_failure([&](test::one_failure const& without) {
            registry_in_use in;
            tacho::histogram<"h.h", tacho::label<"n", int>> h{in.registry, "", {1}};
            for (int n = 0; n < 40; ++n) h(n).observe(n);
            tacho::observable_counter<"o", tacho::label<"n", int>, tacho::series_limit<4>> o{
                in.registry, "", [](auto& observe) {
                    for (int n = 0; n < 10; ++n) observe(1u, n);
                }};
            tacho::endpoint endpoint{in.registry, {.about = {{"service.name", "shop"}}, .created = true}};
            tacho::scrape_request const request{.accept = accept};
            bool const open = std::string_view{accept}.starts_with("application");
            EXPECT_TRUE(without([&] {
                auto const answer = endpoint.respond(request);
                test::enough_memory const own;
                EXPECT_TRUE(answer.status() == 200 || answer.status() == 500) << answer.status();
                if (answer.status() == 200) test::page_reader const whole{answer.body(), open};
            }));
            auto const answer = endpoint.respond(request);
            EXPECT_EQ(answer.status(), 200);
            test::page_reader const page{answer.body(), open};
            double counted = 0, observed = 0;
            for (auto const& [name, value] : page.samples) {
                if (name.first.ends_with("_count")) counted += std::stod(value);
                if (name.first == "o_total") observed += std::stod(value);
            }
            EXPECT_EQ(counted, 40);
            EXPECT_EQ(observed, 10);
        });
        EXPECT_GT(requests, 5) << accept;
    }
}

#ifdef TACHO_TEST_ZLIB
// CONFORMANCE 84
TEST(lack_of_memory, in_the_compression_of_a_page_leaves_it_as_it_is) {
    test::with_each_failure([&](test::one_failure const& without) {
        registry_in_use in;
        tacho::endpoint endpoint{in.registry, {.compress_with = tacho::gzip()}};
        tacho::scrape_request const request{.accept_encoding = "gzip"};
        auto const plain = in.page();
        EXPECT_TRUE(without([&] {
            auto const answer = endpoint.respond(request);
            test::enough_memory const own;
            if (answer.status() == 500) return;
            EXPECT_EQ(answer.status(), 200);
            if (answer.headers().back().name != "Content-Encoding") {
                EXPECT_EQ(answer.body(), plain);
            }
        }));
        auto const answer = endpoint.respond(request);
        EXPECT_EQ(answer.headers().back().name, "Content-Encoding");
        EXPECT_TRUE(answer.body().starts_with("\x1F\x8B"));
    });
}
#endif

TEST(lack_of_memory, in_an_otlp_request_fails_it_and_the_next_one_is_whole) {
    unheard const quiet;
    shop s;
    s.record(0, 20);
    tacho::resource const about{{"service.name", "shop"}};
    auto const whole = test::as_json(s.registry, about);
    test::with_each_failure([&](test::one_failure const& without) {
        tacho::byte_buffer buffer;
        tacho::otlp_points known;
        auto const encode = [&] {
            buffer.clear();
            tacho::otlp_json_encoder encoder{buffer, about, test::now + 1'000'000'000u, &known};
            s.registry.visit(encoder, tacho::order::by_scope);
            return encoder.finish();
        };
        without([&] {
            if (encode()) {
                EXPECT_EQ(buffer.view(), whole);
            }
        });
        EXPECT_TRUE(encode());
        EXPECT_EQ(buffer.view(), whole);
    });
}

TEST(lack_of_memory, in_a_page_of_more_than_a_mebibyte_fails_it_and_the_next_one_is_whole) {
    unheard const quiet;
    tacho::registry registry;
    tacho::counter<"large", tacho::label<"text">> large{registry};
    for (int i = 0; i < 1500; ++i) large(std::to_string(i) + std::string(1000, '.')).inc();
    auto const whole = test::as_text(registry);
    EXPECT_GT(whole.size(), 1'500'000u);
    test::with_each_failure([&](test::one_failure const& without) {
        tacho::endpoint endpoint{registry};
        without([&] {
            auto const answer = endpoint.respond({});
            test::enough_memory const own;
            EXPECT_EQ(answer.status() == 200 ? answer.body() : whole, whole);
        });
        EXPECT_EQ(endpoint.respond({}).body(), whole);
    });
}

TEST(lack_of_memory, in_what_is_asked_of_a_registry_is_thrown_and_harmless) {
    unheard const quiet;
    registry_in_use in;
    auto const page = in.page();
    auto const ask = [&](auto what) {
        test::with_each_failure([&](test::one_failure const& without) {
            without([&] { what(); });
            what();
            EXPECT_EQ(in.page(), page);
        });
    };
    ask([&] {
        auto const copy = in.registry.snapshot();
        test::enough_memory const own;
        EXPECT_EQ(test::as_text(copy), page);
    });
    ask([&] { EXPECT_EQ(in.registry.list().size(), 1u); });
    ask([&] { EXPECT_TRUE(in.registry.problems().empty()); });
    ask([&] { static_cast<void>(in.registry.scope("a scope whose name is longer than short strings", "1")); });
    ask([&] { static_cast<void>(in.registry.health()); });
    ask([&] { tacho::reader const one{in.registry}; });
}

TEST(lack_of_memory, in_the_making_of_a_registry_is_thrown_and_the_next_one_is_whole) {
    unheard const quiet;
    std::string const page = registry_in_use{}.page();
    auto const requests = test::with_each_failure([&](test::one_failure const& without) {
        without([] { registry_in_use const made; });
        registry_in_use const made;
        EXPECT_EQ(made.page(), page);
    });
    EXPECT_GT(requests, 10);
}

TEST(lack_of_memory, in_the_making_of_an_endpoint_or_of_metrics_is_thrown_or_said_and_the_next_ones_work) {
    unheard const quiet;
    registry_in_use in;
    test::with_each_failure([&](test::one_failure const& without) {
        auto const make = [&] {
            return std::make_unique<tacho::endpoint>(
                in.registry, tacho::endpoint_options{.about = {{"service.name", "a service with a long name"}}});
        };
        without([&] { static_cast<void>(make()); });
        EXPECT_NE(make()->respond({}).body().find("a service with a long name"), std::string_view::npos);
    });
    test::with_each_failure([&](test::one_failure const& without) {
        using tacho::http::server_metrics;
        auto const make = [&] { return std::make_unique<server_metrics>(in.registry); };
        tacho::http::route_table<> routes;
        EXPECT_TRUE(routes.add("GET", "/items/{id}"));
        auto const use = [&](server_metrics& m) {
            tacho::http::measure(m, routes, tacho::http::nothing_excluded(), "/items/1", {.verb = "GET"}).finish(200);
        };
        without([&] {
            auto const made = make();
            use(*made);
        });
        auto const again = make();
        use(*again);
        EXPECT_NE(in.page().find("http_route=\"/items/{id}\""), std::string::npos);
    });
    test::with_each_failure([&](test::one_failure const& without) {
        auto const make = [&] { return std::make_unique<tacho::self_metrics>(in.registry); };
        without([&] { static_cast<void>(make()); });
        auto const again = make();
        EXPECT_NE(in.page().find("tacho_registrations_failed_total"), std::string::npos);
    });
}

// Both ways out, and a listener that needs no network.
struct quiet_listener {
    static tacho::result<std::uint16_t> start(std::string const&, std::uint16_t, std::shared_ptr<tacho::endpoint> of) {
        EXPECT_NE(of, nullptr);
        return std::uint16_t{9464};
    }
    static void stop() noexcept {}
};

TEST(lack_of_memory, in_the_start_of_telemetry_is_thrown_or_reported_and_the_next_start_delivers_all) {
    unheard const quiet;
    auto const requests = test::with_each_failure([&](test::one_failure const& without) {
        sums all;
        tacho::registry registry;
        tacho::counter<"c", tacho::label<"n", int>> c{registry};
        tacho::settings settings;
        settings.push.enabled = settings.scrape.enabled = true;
        settings.push.metrics = settings.scrape.metrics = false;
        settings.push.interval = std::chrono::hours{1};
        settings.push.temporality = tacho::temporality_preference::delta;
        settings.warnings = {"a warning of the environment, which is longer than short strings are"};
        auto const start = [&] {
            return tacho::telemetry::start(registry, settings, adding_transport{&all}, quiet_listener{});
        };
        c(0).inc(3);
        {
            std::optional<tacho::telemetry> first;
            without([&] { first.emplace(start()); });
            c(0).inc(4);
            if (first) {
                auto const report = first->report();
                EXPECT_TRUE(report.push.running || report.push.words.find("memory") != std::string::npos)
                    << report.text();
                EXPECT_TRUE(report.scrape.running || report.scrape.words.find("memory") != std::string::npos)
                    << report.text();
                EXPECT_EQ(first->flush(), report.push.running);
            }
            // What is not running yet is started; what runs goes on.
            auto again = start();
            EXPECT_TRUE(again.report().push.running && again.report().scrape.running) << again.report().text();
            c(0).inc(5);
            EXPECT_TRUE(again.flush());
        }
        // Where the first one did not come to be, but its push did, that one ended with a push of its own.
        EXPECT_TRUE(all.at("c0") == 12 || all.at("c0") == 12 + 3) << all.at("c0");
    });
    EXPECT_GT(requests, 20);
}

TEST(lack_of_memory, for_a_transport_or_a_listener_concerns_that_way_out_alone) {
    bool lacked_transport = false, lacked_listener = false;
    test::with_each_failure([&](test::one_failure const& without) {
        sums all;
        EXPECT_TRUE(without([&] {
            auto const push = tacho::detail::given_transport(adding_transport{&all});
            auto const scrape = tacho::detail::given_listener(quiet_listener{});
            EXPECT_TRUE(push.is_one && scrape.is_one);
            EXPECT_TRUE(push.it != nullptr || scrape.it != nullptr);
            lacked_transport = lacked_transport || push.it == nullptr;
            lacked_listener = lacked_listener || scrape.it == nullptr;
        }));
    });
    EXPECT_TRUE(lacked_transport && lacked_listener);
}

TEST(lack_of_memory, in_the_making_of_a_pusher_is_thrown_and_the_next_one_delivers_all) {
    unheard const quiet;
    auto const requests = test::with_each_failure([&](test::one_failure const& without) {
        sums all;
        shop s;
        s.record(0, 3);
        auto const make = [&] {
            return std::make_unique<tacho::pusher<adding_transport>>(
                s.registry,
                tacho::pusher_options{.headers = {{"a-header", "whose value is longer than short strings are"}},
                                      .about = {{"service.name", "shop"}},
                                      .interval = std::chrono::hours{1},
                                      .split_above = 1},
                adding_transport{&all});
        };
        bool const made = without([&] { static_cast<void>(make()); });
        EXPECT_EQ(all.contains("c0"), made);
        all.clear();
        static_cast<void>(make());
        EXPECT_EQ(all.at("c0"), 10u);
        EXPECT_EQ(all.size(), 3u * 3 + 1);
    });
    EXPECT_GT(requests, 5);
}

}  // namespace
