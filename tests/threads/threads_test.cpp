// SPDX-License-Identifier: MIT
// Many threads: nothing is lost, and every scrape meanwhile is well-formed. Run under ThreadSanitizer as well.
#include "support/latch.hpp"
#include "support/load.hpp"
#include "support/text.hpp"

#include "tacho/core/lasting_mutex.hpp"
#include "tacho/export/delta_memory.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/export/memory_transport.hpp"
#include "tacho/process/self_metrics.hpp"
#include "tacho/telemetry.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

namespace {

using test::scale;

// Starts `count` threads at once and joins them.
template <class F>
void in_threads(int count, F&& f) {
    test::latch start{count};
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i)
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            f(i);
        });
    for (auto& t : threads) t.join();
}

struct totals {
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::counter<"seconds", double> seconds{registry};
    tacho::counter<"shared", tacho::cells::shared> shared{registry};
    tacho::up_down_counter<"busy"> busy{registry};
    tacho::histogram<"h"> h{registry, "", {1, 2, 3}};
    tacho::counter<"by", tacho::label<"n", int>> by{registry};

    void record(int n) {
        hits.inc();
        seconds.inc(0.5);
        shared.inc();
        busy.inc(n % 2 == 0 ? 1 : -1);
        h.observe(n % 5);
        by(n % 7).inc();
    }
    void expect(std::uint64_t n) const {
        auto const page = test::as_text(registry);
        auto const value = [&](char const* name) { return test::value_of(page, name); };
        EXPECT_EQ(value("hits_total"), std::to_string(n));
        EXPECT_EQ(std::stod(value("seconds_total")), 0.5 * static_cast<double>(n));
        EXPECT_EQ(value("shared_total"), std::to_string(n));
        EXPECT_EQ(value("h_count"), std::to_string(n));
        EXPECT_EQ(value("h_bucket{le=\"+Inf\"}"), std::to_string(n));
        std::uint64_t sum = 0;
        std::istringstream lines{page};
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with("by_total{")) sum += std::stoull(line.substr(line.rfind(' ')));
        EXPECT_EQ(sum, n);
    }
};

// Whatever is going on: each line is a comment or a name and a number, `+Inf` is the count, the page ends as it should.
void expect_well_formed(std::string const& page) {
    EXPECT_TRUE(page.ends_with("\n# EOF\n"));
    std::istringstream lines{page};
    std::string infinite;
    for (std::string line; std::getline(lines, line);) {
        auto const space = line.rfind(' ');
        ASSERT_NE(space, std::string::npos) << line;
        auto const value = line.substr(space + 1);
        if (line.starts_with('#')) continue;
        EXPECT_EQ(value.find_first_not_of("-.0123456789e+"), std::string::npos) << line;
        if (line.starts_with("h_bucket{le=\"+Inf\"}")) infinite = value;
        if (line.starts_with("h_count")) {
            EXPECT_EQ(value, infinite);
        }
    }
    EXPECT_FALSE(infinite.empty());
}

class any_number_of_threads : public testing::TestWithParam<int> {};

TEST_P(any_number_of_threads, loses_nothing) {
    totals t;
    int const threads = GetParam(), each = 2000 * scale / threads * 4;
    std::atomic<bool> stop{false};
    std::thread scraper{[&] {
        tacho::endpoint endpoint{t.registry};
        do expect_well_formed(std::string{endpoint.respond({"GET", "application/openmetrics-text"}).body()});
        while (!stop.load(std::memory_order_relaxed));
    }};
    in_threads(threads, [&](int) {
        for (int i = 0; i < each; ++i) t.record(i);
    });
    stop = true;
    scraper.join();
    t.expect(static_cast<std::uint64_t>(threads) * static_cast<std::uint64_t>(each));
}
INSTANTIATE_TEST_SUITE_P(of, any_number_of_threads, testing::Values(1, 2, 8, 64));

// What stands in for std::mutex where that doesn't last as long as the program.
TEST(a_yielding_mutex, lets_one_thread_in_at_a_time) {
    tacho::detail::yielding_mutex mutex;
    int changes = 0;
    in_threads(8, [&](int) {
        for (int i = 0; i < 1000 * scale; ++i) {
            std::lock_guard const lock{mutex};
            ++changes;
            if (i % 8 == 0) std::this_thread::yield();  // while it is held, so that others have to wait
        }
    });
    EXPECT_EQ(changes, 8 * 1000 * scale);
}

TEST(thousands_of_short_threads, lose_nothing_and_use_few_slots) {
    totals t;
    int const rounds = 120 * scale;
    for (int i = 0; i < rounds; ++i) in_threads(2, [&](int n) { t.record(n); });
    t.expect(static_cast<std::uint64_t>(rounds) * 2);
#if !defined(__MINGW32__)  // which ends a thread's plain variables, and with them which slot it has, before its objects
    EXPECT_LE(tacho::detail::slots_in_use(), 80u);  // as many as threads ever lived at once in this program, and a few
#endif
}

TEST(threads_without_a_slot, count_in_the_common_one) {
    totals t;
    test::latch all_in{301}, done{1};
    std::vector<std::thread> threads;  // more than there are slots, all alive together
    for (int i = 0; i < 300; ++i)
        threads.emplace_back([&] {
            t.record(1);
            all_in.count_down();
            done.wait();
            for (int n = 0; n < 9; ++n) t.record(n);
        });
    all_in.arrive_and_wait();
    t.expect(300);
    done.count_down();
    for (auto& thread : threads) thread.join();
    t.expect(3000);
}

// Thread-local objects may count when they are destroyed, after the thread's slot has been given back.
TEST(a_thread_local_destructor, may_count) {
    static totals* current = nullptr;
    struct counts_at_the_end {
        ~counts_at_the_end() { current->record(0); }
    };
    totals t;
    current = &t;
    in_threads(4, [&](int n) {
        if (n % 2 == 0) t.record(0);  // the slot is claimed before, and so given back after the object
        thread_local counts_at_the_end object;
        static_cast<void>(object);
        t.record(0);  // or after, and so given back before
    });
    t.expect(2 + 4 + 4);
}

// One page's histogram lines, to compare with the next page's.
struct histogram_lines {
    std::map<std::string, std::uint64_t> buckets;
    std::uint64_t count = 0;
    double sum = 0;
};

histogram_lines read_histogram(std::string const& page) {
    histogram_lines out;
    std::istringstream in{page};
    for (std::string line; std::getline(in, line);) {
        auto const space = line.rfind(' ');
        if (line.starts_with("h_bucket")) out.buckets[line.substr(0, space)] = std::stoull(line.substr(space));
        if (line.starts_with("h_count")) out.count = std::stoull(line.substr(space));
        if (line.starts_with("h_sum")) out.sum = std::stod(line.substr(space));
    }
    return out;
}

// CONFORMANCE 9, 53
TEST(a_scrape_under_load, shows_whole_histograms_that_never_go_down) {
    tacho::registry registry;
    tacho::histogram<"h"> h{registry, "", {1, 2, 3}};
    tacho::endpoint endpoint{registry};
    std::atomic<bool> stop{false};
    std::vector<std::thread> writers;
    for (int w = 0; w < 2; ++w)
        writers.emplace_back([&] {
            while (!stop.load(std::memory_order_relaxed)) h.observe(1);
        });
    std::map<std::string, std::uint64_t> before;
    for (int i = 0; i < 300 * scale; ++i) {
        auto const answer = endpoint.respond({"GET", ""});
        auto const seen = read_histogram(std::string{answer.body()});
        ASSERT_EQ(seen.buckets.size(), 4u);
        EXPECT_EQ(seen.buckets.at("h_bucket{le=\"+Inf\"}"), seen.count);
        // Each observation adds 1 to the sum: it differs from the count by those in flight, one a writer.
        EXPECT_LE(std::abs(seen.sum - static_cast<double>(seen.count)), 2.0);
        std::uint64_t up_to = 0;
        for (auto const& [bucket, count] : seen.buckets) {
            EXPECT_GE(count, before[bucket]) << bucket;
            if (bucket.find("Inf") == std::string::npos) {
                EXPECT_GE(count, up_to);
                up_to = count;
            }
        }
        before = seen.buckets;
    }
    stop = true;
    for (auto& w : writers) w.join();
}

enum class light { red, green };
consteval auto label_values(light) {
    return tacho::labels<light>({{light::red, "red"}, {light::green, "green"}});
}

// CONFORMANCE 58: one state at a time stays one state, and one label set one, however often either changes.
TEST(a_scrape_under_load, never_sees_two_states_or_none) {
    tacho::registry registry;
    tacho::state_set<"light", light> lamp{registry};
    tacho::info<"leader", tacho::label<"name", int>> leader{registry};
    lamp.set(light::red);
    leader.set(0);
    tacho::endpoint endpoint{registry};
    std::atomic<bool> stop{false};
    std::vector<std::thread> writers;
    int last[2];
    for (int w = 0; w < 2; ++w)
        writers.emplace_back([&, w] {
            int i = w;
            do {  // once at least
                lamp.set(i % 2 == 0 ? light::red : light::green);
                leader.set(i % 5);      // that the other one sets and lets go as well
                leader.set(i * 2 + w);  // its own
                ++i;
            } while (!stop.load(std::memory_order_relaxed));
            last[w] = (i - 1) * 2 + w;
        });
    for (int i = 0; i < 300 * scale; ++i) {
        std::string const page{endpoint.respond({"GET", ""}).body()};
        EXPECT_EQ(test::value_of(page, "light{light=\"red\"}") == "1",
                  test::value_of(page, "light{light=\"green\"}") == "0");
        EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 1 + 2 + 1 + 1) << page;
    }
    stop = true;
    for (auto& w : writers) w.join();
    auto const page = test::as_text(registry);
    EXPECT_TRUE(test::value_of(page, "leader_info{name=\"" + std::to_string(last[0]) + "\"}") == "1" ||
                test::value_of(page, "leader_info{name=\"" + std::to_string(last[1]) + "\"}") == "1")
        << page;
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
}

TEST(scrapes_at_once, do_not_mix) {
    totals t;
    t.record(1);
    tacho::endpoint endpoint{t.registry};
    auto const alone = std::string{endpoint.respond({"GET", ""}).body()};
    auto const open = std::string{endpoint.respond({"GET", "application/openmetrics-text"}).body()};
    in_threads(4, [&](int n) {
        for (int i = 0; i < 100 * scale; ++i) {
            auto const answer = endpoint.respond({"GET", n % 2 == 0 ? "" : "application/openmetrics-text"});
            EXPECT_EQ(answer.body(), n % 2 == 0 ? alone : open);
        }
    });
}

// CONFORMANCE 69: what a writer wrote is read in one piece, and lies in its bucket.
TEST(exemplars, are_whole_while_threads_write_and_scrape) {
    static thread_local std::uint8_t mark = 0;
    tacho::set_trace_context_hook([]() noexcept -> tacho::trace_context {
        tacho::trace_context span;
        span.trace_id.fill(mark);
        span.span_id.fill(mark);
        span.sampled = true;
        return span;
    });
    tacho::registry registry;
    tacho::counter<"c", tacho::exemplars> c{registry};
    tacho::histogram<"h", tacho::exemplars> h{registry, "", {9, 99}};
    std::atomic<bool> stop{false};
    std::size_t seen = 0;
    // The number of the measurement, from which all else of it follows.
    auto const check = [&](std::string_view line) {
        auto const at = line.find(" # {");
        if (at == std::string_view::npos) return;
        ++seen;
        auto const behind = line.substr(at + 4);
        auto const end = behind.find("} ");
        auto const number = std::stoi(std::string{behind.substr(end + 2)});
        char hex[3];
        std::snprintf(hex, sizeof hex, "%02x", number);
        std::string trace, span;
        for (int i = 0; i < 16; ++i) trace += hex;
        for (int i = 0; i < 8; ++i) span += hex;
        auto const label = std::string(static_cast<std::size_t>(number % 40 + 1), static_cast<char>('a' + number % 26));
        EXPECT_EQ(behind.substr(0, end), "trace_id=\"" + trace + "\",span_id=\"" + span + "\",n=\"" + label + "\"");
        double const low = line.starts_with("h_bucket{le=\"99.0") ? 9 : line.starts_with("h_bucket{le=\"+Inf") ? 99 : 0;
        double const high = line.starts_with("h_bucket{le=\"9.0")    ? 9
                            : line.starts_with("h_bucket{le=\"99.0") ? 99
                                                                     : 250;
        EXPECT_TRUE(number > low && number <= high) << line;
    };
    std::thread reader{[&] {
        while (!stop || seen == 0) {
            std::istringstream page{test::as_openmetrics(registry)};
            for (std::string line; std::getline(page, line);) check(line);
        }
    }};
    in_threads(4, [&](int thread) {
        for (int i = 0; i < 20'000 * scale; ++i) {
            mark = static_cast<std::uint8_t>(1 + (i * 4 + thread) % 250);
            std::string const label(mark % 40u + 1u, static_cast<char>('a' + mark % 26));
            c.inc(mark, {{"n", label}});
            h.observe(mark, {{"n", label}});
        }
    });
    stop = true;
    reader.join();
    tacho::set_trace_context_hook(nullptr);
    EXPECT_GT(seen, 0u);
}

TEST(a_new_series, is_made_once_however_many_threads_ask_for_it) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>, tacho::series_limit<1000>> c{registry};
    in_threads(8, [&](int) {
        for (int i = 0; i < 1000; ++i) c(i).inc();
    });
    auto const page = test::as_text(registry);
    EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 1 + 1000);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(test::value_of(page, "c_total{n=\"" + std::to_string(i) + "\"}"), "8");
}

// CONFORMANCE 145
TEST(a_series_limit, holds_when_threads_race_for_the_last_place) {
    auto* const before = tacho::set_error_hook(nullptr);
    for (int round = 0; round < 20 * scale; ++round) {
        tacho::registry registry;
        tacho::counter<"c", tacho::label<"n", int>, tacho::series_limit<4>> c{registry};
        in_threads(4, [&](int n) {
            for (int i = 0; i < 8; ++i) c(n * 8 + i).inc();
        });
        auto const page = test::as_text(registry);
        EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 1 + 4 + 1);
        EXPECT_EQ(test::value_of(page, "c_total{otel_metric_overflow=\"true\"}"), "28");
    }
    tacho::set_error_hook(before);
}

TEST(registration, goes_on_beside_recording_and_scraping) {
    tacho::registry registry;
    tacho::counter<"steady"> steady{registry};
    tacho::endpoint endpoint{registry};
    std::atomic<bool> stop{false};
    std::thread scraper{[&] {
        while (!stop) {
            auto const answer = endpoint.respond({"GET", ""});
            EXPECT_NE(answer.body().find("steady_total "), std::string_view::npos);
            static_cast<void>(registry.snapshot());
        }
    }};
    in_threads(2, [&](int n) {
        for (int i = 0; i < 200 * scale; ++i) {
            steady.inc();
            auto made = tacho::add_counter(registry, {.name = n == 0 ? "a" : "b", .labels = {"x"}});
            made.bind({"1"}).inc();
            tacho::histogram<"h"> h{registry};
            h.observe(1);
        }
    });
    stop = true;
    scraper.join();
    EXPECT_EQ(test::value_of(test::as_text(registry), "steady_total"), std::to_string(400 * scale));
}

// Each series counts once and is removed; what stale handles and look-ups count must never be seen in another one.
std::atomic<int> instruments_beyond{0};

TEST(views_and_lists, hold_beside_registering_recording_removing_and_scraping) {
    tacho::registry_options options;
    options.constant_labels = {{"region", "eu"}};
    options.views = {{.name = "by", .leave_out_labels = {"user"}}, {.name = "dropped", .drop = true}};
    options.on_overflow = [](tacho::descriptor const&) noexcept { ++instruments_beyond; };
    instruments_beyond = 0;
    tacho::registry registry{options};
    tacho::self_metrics const own{registry};
    tacho::counter<"by", tacho::label<"user", int>, tacho::label<"n", int>> by{registry};
    tacho::counter<"few", tacho::label<"n", int>, tacho::series_limit<2>> few{registry};
    int const rounds = 200 * scale;
    std::atomic<int> recording{2};
    in_threads(4, [&](int thread) {
        if (thread < 2) {
            for (int i = 0; i < rounds; ++i) {
                by(i, i % 3).inc();
                few(i % 5).inc();
                tacho::counter<"dropped", tacho::label<"a">> dropped{registry};
                dropped("x").inc();
                tacho::counter<"own"> each{tacho::scope{registry}.with_labels({{"thread", std::to_string(thread)}})};
                EXPECT_TRUE(each.ok());
            }
            --recording;
        } else if (thread == 2) {
            while (recording != 0) {
                for (auto const& one : registry.list()) EXPECT_NE(one.describe.name, "dropped");
                few.remove(1);
            }
        } else {
            while (recording != 0) EXPECT_EQ(test::as_text(registry).find("user="), std::string::npos);
        }
    });
    std::uint64_t sum = 0;
    for (auto const n : {"0", "1", "2"})
        sum += std::stoull(
            test::value_of(test::as_text(registry), "by_total{n=\"" + std::string{n} + "\",region=\"eu\"}"));
    EXPECT_EQ(sum, 2u * static_cast<unsigned>(rounds));
    EXPECT_EQ(instruments_beyond, 1);
}

TEST(removed_series, are_not_mixed_up_while_threads_look_up_hold_remove_and_scrape) {
    auto* const hook = tacho::set_error_hook(nullptr);  // there may be many at a time
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"n", int>> c{registry};
    tacho::counter<"kept", tacho::label<"n", int>> kept{registry};
    tacho::histogram<"h", tacho::label<"n", int>> h{registry, "", {1}};
    tacho::endpoint endpoint{registry};
    std::atomic<bool> stop{false};
    std::thread scraper{[&] {
        while (!stop.load(std::memory_order_relaxed)) {
            std::istringstream lines{std::string{endpoint.respond({"GET", ""}).body()}};
            for (std::string line; std::getline(lines, line);)
                if (line.starts_with("c_total{n=\"1") || line.starts_with("h_count{n=\"")) {
                    EXPECT_LE(std::stoull(line.substr(line.rfind(' '))), 1u) << line;
                }
            static_cast<void>(registry.snapshot());
        }
    }};
    int const each = 3000 * scale;
    in_threads(3, [&](int thread) {
        for (int i = 0; i < each; ++i) {
            int const n = 2'000'000 + i * 3 + thread;
            {
                auto const handle = c.bind(n);
                c.remove(n);
                for (int k = 0; k < 50; ++k) handle.inc();  // to nobody, or to a series that nobody looks at
            }
            c(n - 1'000'000).inc();
            h(n).observe(0.5);
            kept(n % 10).inc();
            // It gives up when the processor is with somebody who looks; the next round is for another series.
            c.remove(n - 1'000'000);
            h.remove(n);
        }
    });
    in_threads(2, [&](int thread) {
        for (int i = 0; i < 300 * scale; ++i) {
            if (thread == 0)
                c.clear();
            else
                c(i).inc();
        }
    });
    tacho::set_error_hook(hook);
    stop = true;
    scraper.join();
    auto const page = test::as_text(registry);
    std::uint64_t sum = 0;
    for (int i = 0; i < 10; ++i)
        sum += std::stoull(test::value_of(page, "kept_total{n=\"" + std::to_string(i) + "\"}"));
    EXPECT_EQ(sum, 3u * static_cast<unsigned>(each));
}

// What is recorded before a removal that the recorder can see is delivered, whatever else goes on.
TEST(a_reader_of_deltas, misses_nothing_of_series_that_come_and_go) {
    tacho::registry registry;
    tacho::counter<"c", tacho::label<"thread", int>, tacho::label<"n", int>> c{registry};
    std::atomic<bool> stop{false};
    std::uint64_t seen = 0;
    struct summing {
        std::uint64_t& sum;
        void number(tacho::family const&, tacho::series const&, tacho::number v, tacho::unix_nanos,
                    tacho::temporality) {
            sum += v.as_unsigned();
        }
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value const&, tacho::unix_nanos,
                       tacho::temporality) {}
    };
    tacho::reader reader{registry};
    tacho::delta_memory memory;
    auto const collect = [&] {
        summing into{seen};
        tacho::delta_memory::stage<summing> stage{memory, into, tacho::temporality_preference::delta};
        reader.visit(stage);
        memory.commit(1);
        reader.commit();
    };
    std::thread collector{[&] {
        while (!stop.load(std::memory_order_relaxed)) collect();
    }};
    int const each = 4000 * scale;
    in_threads(3, [&](int thread) {
        for (int i = 0; i < each; ++i) {
            c(thread, i % 7).inc();
            if (i % 3 == 0) c.remove(thread, i % 7);
        }
    });
    stop = true;
    collector.join();
    collect();
    EXPECT_EQ(seen, 3u * static_cast<unsigned>(each));
}

// Not by two threads at once, which would join its thread twice; who comes second waits for the end.
TEST(telemetry, stops_its_listener_by_one_thread_at_a_time) {
    struct seen {
        int stops = 0;  // plain: what two threads do at once, ThreadSanitizer sees
        std::atomic<int> inside{0};
        std::atomic<bool> overlapped{false};
    };
    struct slow_listener {
        std::shared_ptr<seen> into;

        static tacho::result<std::uint16_t> start(std::string const&, std::uint16_t,
                                                  std::shared_ptr<tacho::endpoint> const&) {
            return std::uint16_t{9464};
        }
        void stop() const noexcept {
            if (into->inside.fetch_add(1) != 0) into->overlapped = true;
            ++into->stops;
            for (int i = 0; i < 100; ++i) std::this_thread::yield();
            into->inside.fetch_sub(1);
        }
    };
    auto const into = std::make_shared<seen>();
    tacho::registry registry;
    tacho::settings settings;
    settings.scrape.enabled = true;
    for (int i = 0; i < 10; ++i) {
        auto t = tacho::telemetry::start(registry, settings, tacho::memory_transport{}, slow_listener{into});
        in_threads(4, [&](int) { t.stop(); });
    }
    EXPECT_FALSE(into->overlapped);
    EXPECT_GE(into->stops, 40);
}

// Whoever starts, stops or flushes meanwhile: each increment is in one delta.
TEST(telemetry, delivers_each_increment_once_while_threads_start_and_stop_it) {
    auto* const hook = tacho::set_error_hook(nullptr);  // some come too early, and are told so
    tacho::registry registry;
    tacho::counter<"c"> c{registry};
    tacho::memory_transport transport;
    tacho::settings settings;
    settings.push.enabled = settings.scrape.enabled = true;
    settings.push.temporality = tacho::temporality_preference::delta;
    int const each = 20 * scale;
    {
        auto const kept = tacho::telemetry::start(registry, settings, transport, tacho::own_server{});
        in_threads(3, [&](int n) {
            for (int i = 0; i < each; ++i) {
                auto t = tacho::telemetry::start(registry, settings, transport, tacho::own_server{});
                c.inc();
                if (i % 3 == n)
                    t.stop();
                else
                    static_cast<void>(t.flush());
                static_cast<void>(t.report());
            }
        });
        auto last = tacho::telemetry::start(registry, settings, transport, tacho::own_server{});
        EXPECT_TRUE(last.flush());
    }
    tacho::set_error_hook(hook);
    std::uint64_t sum = 0;
    for (auto const& request : transport.requests()) {
        auto const at = request.body.find("\"asInt\":\"");
        if (at != std::string::npos) sum += std::stoull(request.body.substr(at + 9));
    }
    EXPECT_EQ(sum, 3u * static_cast<unsigned>(each));
}

// It ends after main(), when nearly all else has ended.
struct counts_at_exit {
    ~counts_at_exit() {
        if (registered != nullptr) registered->inc();
    }
    std::unique_ptr<tacho::counter<"at.exit">> registered;
} at_exit;

TEST(a_static_destructor, may_count) {
    at_exit.registered = std::make_unique<tacho::counter<"at.exit">>();
    EXPECT_TRUE(at_exit.registered->ok());
}

// CONFORMANCE 120: collections beside each other take turns, and each shows all of its own round or of a later one.
TEST(scrapes_at_once, each_show_a_complete_round_of_callbacks) {
    tacho::registry registry{{.callback_timeout = std::chrono::minutes{10}}};
    std::uint64_t rounds = 0;  // callbacks don't run beside each other, so that it needs no lock
    tacho::observable_counter<"rounds"> counted{registry, "", [&] { return ++rounds; }};
    tacho::observable_gauge<"g", tacho::label<"n", int>> g{registry, "", [&](auto& observe) {
                                                               for (int i = 0; i < 5; ++i) observe(rounds, i);
                                                           }};
    tacho::observable_gauge<"last"> last{registry, "", [&] { return rounds; }};
    tacho::endpoint endpoint{registry};
    int const each = 100 * scale;
    in_threads(4, [&](int) {
        std::uint64_t before = 0;
        for (int i = 0; i < each; ++i) {
            std::string const page{endpoint.respond({}).body()};
            EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 3 + 1 + 5 + 1) << page;
            auto const now = std::stoull(test::value_of(page, "rounds_total"));
            EXPECT_GT(now, before);
            EXPECT_GE(std::stoull("0" + test::value_of(page, "last")), before + 1);
            before = now;
        }
    });
    EXPECT_EQ(rounds, 4u * static_cast<std::uint64_t>(each));
}

TEST(the_end_of_an_observable, waits_for_its_running_callable) {
    tacho::registry registry{{.callback_timeout = std::chrono::minutes{10}}};
    test::latch entered{1}, may_return{1};
    std::atomic<bool> running{false}, ended{false};
    auto gauge = std::make_unique<tacho::observable_gauge<"g">>(registry, "", [&] {
        running = true;
        entered.count_down();
        may_return.wait();
        running = false;
        return 1;
    });
    std::thread collector{[&] { static_cast<void>(registry.snapshot()); }};
    entered.wait();
    std::thread ender{[&] {
        gauge.reset();
        EXPECT_FALSE(running);
        ended = true;
    }};
    EXPECT_FALSE(ended);  // it can't have, and must not have
    may_return.count_down();
    ender.join();
    collector.join();
    EXPECT_TRUE(ended);
}

TEST(the_end_of_an_observable, does_not_wait_for_the_callable_of_another) {
    tacho::registry registry{{.callback_timeout = std::chrono::minutes{10}}};
    test::latch entered{1}, may_return{1};
    tacho::observable_gauge<"busy"> busy{registry, "", [&] {
                                             entered.count_down();
                                             may_return.wait();
                                             return 1;
                                         }};
    auto other = std::make_unique<tacho::observable_gauge<"other">>(registry, "", [] { return 2; });
    std::thread collector{[&] { EXPECT_EQ(test::value_of(test::as_text(registry), "busy"), "1"); }};
    entered.wait();
    other.reset();
    tacho::counter<"made"> made{registry};  // nor does registration
    made.inc();
    EXPECT_EQ(registry.health().failed_callbacks, 0u);
    auto const nothing = std::make_unique<tacho::observable_gauge<"nothing">>(registry);
    may_return.count_down();
    collector.join();
}

TEST(observables, come_and_go_beside_collections) {
    tacho::registry registry{{.callback_timeout = std::chrono::minutes{10}}};
    tacho::observable_gauge<"steady"> steady{registry, "", [] { return 1; }};
    tacho::endpoint endpoint{registry};
    std::atomic<bool> stop{false};
    std::vector<std::thread> scrapers;
    for (int i = 0; i < 2; ++i)
        scrapers.emplace_back([&] {
            while (!stop) {
                EXPECT_NE(endpoint.respond({}).body().find("steady 1\n"), std::string_view::npos);
                static_cast<void>(registry.snapshot());
            }
        });
    in_threads(2, [&](int n) {
        for (int i = 0; i < 100 * scale; ++i) {
            auto const value = std::make_unique<int>(n);  // gone when the next turn begins
            tacho::observable_gauge<"g", tacho::label<"n", int>> g{registry, "",
                                                                   [&](auto& observe) { observe(*value, n); }};
            tacho::observable_counter<"c"> c{registry};
            tacho::observation o{[&](tacho::observer& observe) { observe(c, *value); }, c};
        }
    });
    stop = true;
    for (auto& s : scrapers) s.join();
    EXPECT_EQ(test::as_text(registry), "# TYPE steady gauge\nsteady 1\n");
}

TEST(observed_series_that_make_room, are_not_mixed_up_while_threads_scrape_push_and_keep_snapshots) {
    tacho::registry registry{{.callback_timeout = std::chrono::minutes{10}}};
    std::uint64_t next = 1;  // callbacks don't run beside each other, so that it needs no lock
    tacho::observable_counter<"c", tacho::label<"n", std::uint64_t>, tacho::series_limit<5>> c{
        registry, "", [&](auto& observe) {
            for (int i = 0; i < 4; ++i, ++next) observe(next, next);
            observe(7u, 0u);  // in each round
        }};
    tacho::endpoint endpoint{registry};
    int const each = 100 * scale;
    auto const check = [](std::string const& page) {
        EXPECT_EQ(test::value_of(page, "c_total{n=\"0\"}"), "7") << page;
        for (std::size_t at = page.find("{n=\""); at != std::string::npos; at = page.find("{n=\"", at + 1)) {
            auto const label = page.substr(at + 4, page.find('"', at + 4) - at - 4);
            if (label == "0") continue;
            EXPECT_EQ(test::value_of(page, "c_total{n=\"" + label + "\"}"), label) << page;
        }
    };
    in_threads(4, [&](int n) {
        tacho::memory_transport receiver;
        tacho::pusher pusher{registry, {.temporality = tacho::temporality_preference::delta}, receiver};
        auto kept = registry.snapshot();
        for (int i = 0; i < each; ++i) {
            if (n == 0) {
                check(std::string{endpoint.respond({}).body()});
            } else if (n == 1) {
                EXPECT_TRUE(pusher.flush());
            } else {
                check(test::as_text(kept));
                kept = registry.snapshot();
            }
        }
    });
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
    EXPECT_LE(registry.health().kept_series, 64u);
}

// Nobody knows when a thread in the midst of a look is given the processor again.
TEST(observed_series_that_make_room, wait_for_a_look_that_is_held_up) {
    tacho::registry registry{{.callback_timeout = std::chrono::minutes{10}}};
    std::uint64_t next = 1;
    tacho::observable_counter<"c", tacho::label<"n", std::uint64_t>, tacho::series_limit<5>> c{
        registry, "", [&](auto& observe) {
            for (int i = 0; i < 5; ++i) observe(1u, next++);
        }};
    tacho::counter<"looked.at"> looked_at{registry};
    struct {
        void number(tacho::family const& of, tacho::series const&, tacho::number) {
            if (of.describe().name != "looked.at") return;
            looks.count_down();
            while (in.health().kept_series < 64) std::this_thread::yield();
            std::this_thread::sleep_for(std::chrono::milliseconds{10});  // longer than yields without end would help
            is_over = true;
        }
        void histogram(tacho::family const&, tacho::series const&, tacho::histogram_value) {}
        tacho::registry& in;
        test::latch looks{1};
        std::atomic<bool> is_over{false};
    } visitor{registry};
    std::thread looker{[&] { registry.visit(visitor); }};
    visitor.looks.wait();
    while (!visitor.is_over) {
        static_cast<void>(registry.snapshot());
        EXPECT_LE(registry.health().kept_series, 64u);
    }
    looker.join();
    EXPECT_EQ(registry.health().overflowed_measurements, 0u);
}

TEST(callables_that_register, run_beside_threads_that_do) {
    tacho::registry registry{{.callback_timeout = std::chrono::minutes{10}}};
    std::optional<tacho::observable_gauge<"inner">> inner;
    tacho::counter<"made", tacho::label<"n", int>> made{registry};
    tacho::observable_gauge<"outer"> outer{registry, "", [&, n = 0]() mutable {
                                               if (inner)
                                                   inner.reset();
                                               else
                                                   inner.emplace(registry, "", [] { return 2; });
                                               made(++n % 100).inc();
                                               static_cast<void>(registry.snapshot());
                                               return 1;
                                           }};
    in_threads(4, [&](int n) {
        for (int i = 0; i < 100 * scale; ++i) {
            EXPECT_EQ(test::value_of(test::as_text(registry), "outer"), "1");
            auto const made_here = tacho::add_counter(registry, {.name = n % 2 == 0 ? "a" : "b"});
            made_here.bind().inc();
        }
    });
}

// A callback can't be cut off, and whoever else collects shows the last finished round meanwhile.
TEST(a_callable_that_hangs, holds_up_no_other_collection_for_long) {
    auto* const before = tacho::set_error_hook(nullptr);
    tacho::registry registry{{.callback_timeout = std::chrono::milliseconds{20}}};
    test::latch entered{1}, may_return{1};
    bool hang = false;
    int calls = 0;
    tacho::observable_gauge<"first"> first{registry, "", [&] { return ++calls; }};
    tacho::observable_gauge<"g"> g{registry, "", [&] {
                                       if (hang) {
                                           entered.count_down();
                                           may_return.wait();
                                       }
                                       return 7;
                                   }};
    while (test::value_of(test::as_text(registry), "g") != "7") {  // however slow this machine is
    }
    hang = true;
    std::string hung;
    std::thread collector{[&] { hung = test::as_text(registry); }};
    entered.wait();
    int const calls_so_far = calls;
    tacho::endpoint endpoint{registry};
    in_threads(2, [&](int n) {
        for (int i = 0; i < 2; ++i) {
            auto const page = n == 0 ? test::as_text(registry) : std::string{endpoint.respond({}).body()};
            EXPECT_EQ(test::value_of(page, "g"), "7");  // of the last finished round
            EXPECT_NE(test::value_of(page, "first"), "");
        }
    });
    EXPECT_EQ(calls, calls_so_far);
    auto const late_so_far = registry.health().late_callbacks;
    EXPECT_GE(late_so_far, 1u);  // counted though it has not returned
    may_return.count_down();
    collector.join();
    EXPECT_EQ(test::value_of(hung, "g"), "");
    EXPECT_EQ(registry.health().late_callbacks, late_so_far);
    hang = false;
    while (test::value_of(test::as_text(registry), "g") != "7") {
    }
    tacho::set_error_hook(before);
}

}  // namespace

// TACHO_TEST_SLOTS=1 runs the same tests the way of platforms without sharded memory.
int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (char const* const slots = std::getenv("TACHO_TEST_SLOTS"))
        if (!tacho::set_slot_count(static_cast<std::size_t>(std::atoi(slots)))) return 2;
    return RUN_ALL_TESTS();
}
