// SPDX-License-Identifier: MIT
// All that may be done with a registry, done at once: threads record, create and remove series, let them expire,
// register, observe, scrape, push, start and stop telemetry, change what becomes an exemplar, and fork. Each does so
// many times, every page and request meanwhile is read strictly, and at the end all that was counted is there. Run
// under AddressSanitizer and ThreadSanitizer.
#include "support/json_reader.hpp"
#include "support/latch.hpp"
#include "support/page_reader.hpp"
#include "support/text.hpp"

#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr int scale = 1;
#else
constexpr int scale = 4;
#endif
// A child of many threads hangs in the allocators of g++ 12's sanitizers, whose locks other threads held.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int forks = 0;
#else
constexpr int forks = 5 * scale;
#endif
constexpr int writers = 3, rounds = 1500 * scale;

// Seconds go by as fast as somebody wants, so that series expire.
std::atomic<tacho::unix_nanos> now{test::now};
tacho::unix_nanos manual_time() noexcept {
    return now.load();
}

tacho::registry_options with_views() {
    return {.now = &manual_time,
            .callback_timeout = std::chrono::minutes{10},
            .constant_labels = {{"region", "eu"}},
            .views = {{.name = "by", .leave_out_labels = {"user"}}, {.name = "dropped", .drop = true}}};
}

double number_in(test::page_reader const& page, std::string const& name, test::labels of = {}) {
    of.emplace("region", "eu");
    return test::number_of(page.samples.at({name, of}));
}

// What the points of requests add up to, by the names of instruments.
class receiver {
public:
    static bool can_send(std::string_view) noexcept { return true; }

    tacho::http_outcome post(tacho::http_post const& request, tacho::deadline const&) const {
        auto const read = test::json_reader::read(request.body);
        std::lock_guard const lock{all_->mutex};
        for (auto const& resource : read["resourceMetrics"].items)
            for (auto const& scope : resource["scopeMetrics"].items)
                for (auto const& metric : scope["metrics"].items) add(metric);
        return {.status = 200};
    }
    [[nodiscard]] std::uint64_t operator[](std::string const& name) const {
        std::lock_guard const lock{all_->mutex};
        return all_->sums[name];
    }

private:
    void add(test::json const& metric) const {
        auto& sum = all_->sums[metric["name"].text];
        for (char const* const kind : {"sum", "histogram", "exponentialHistogram"}) {
            auto const data = metric.members.find(kind);
            if (data == metric.members.end()) continue;
            for (auto const& point : data->second["dataPoints"].items) {
                auto const at = point.members.find(std::string_view{kind} == "sum" ? "asInt" : "count");
                if (at != point.members.end()) sum += std::stoull(at->second.text);
            }
        }
    }

    struct sums {
        std::mutex mutex;
        std::map<std::string, std::uint64_t> sums;
    };
    std::shared_ptr<sums> all_ = std::make_shared<sums>();
};

struct program {
    tacho::registry registry{with_views()};
    tacho::counter<"hits", tacho::exemplars> hits{registry, "All of them"};
    tacho::counter<"seconds", double> seconds{registry};
    tacho::counter<"shared", tacho::cells::shared> shared{registry};
    tacho::up_down_counter<"busy"> busy{registry};
    tacho::histogram<"h", tacho::label<"n", int>, tacho::exemplars> h{registry, "", {1, 2, 3}};
    tacho::exponential_histogram<"e", tacho::label<"n", int>> e{registry};
    tacho::counter<"by", tacho::label<"user", int>, tacho::label<"n", int>> by{registry};
    tacho::counter<"few", tacho::label<"n", int>, tacho::series_limit<5>> few{registry};
    tacho::counter<"come.and.go", tacho::label<"thread", int>, tacho::label<"n", int>> come_and_go{registry};
    tacho::counter<"fleeting", tacho::label<"n", int>, tacho::expire_after<1>> fleeting{registry};
    tacho::gauge<"cleared", tacho::label<"n", int>> cleared{registry};
    std::atomic<std::uint64_t> called{0};
    tacho::observable_counter<"calls"> calls{registry, "", [this] { return called.fetch_add(1) + 1; }};
    std::atomic<int> writing{writers};

    [[nodiscard]] bool goes_on() const { return writing != 0; }
};

void write(program& in, int thread) {
    auto const held = in.h.bind(thread);
    for (int i = 0; i < rounds; ++i) {
        in.hits.inc(1, {{"by", "thread"}});
        in.seconds.inc(0.5);
        in.shared.inc();
        {
            auto const tracked = in.busy.track();
            held.observe(i % 5);
        }
        in.e(i % 3).observe(i + 1);
        in.by(i, i % 7).inc();
        in.few(i % 11).inc();
        in.fleeting(i).inc();
        in.cleared(i % 100).set(1);
        in.come_and_go(thread, i % 13).inc();
        if (i % 3 == 0) in.come_and_go.remove(thread, i % 13);
        if (i % 50 == 0) std::thread{[&] { in.hits.inc(0); }}.join();  // takes a slot, and gives it back
    }
    --in.writing;
}

void register_others(program& in) {
    for (int i = 0; in.goes_on(); ++i) {
        now += 100'000'000u;
        auto const made = tacho::add_counter(in.registry, {.name = i % 2 == 0 ? "a" : "b", .labels = {"x"}});
        made.bind({"1"}).inc();
        tacho::counter<"dropped"> dropped{in.registry};
        dropped.inc();
        tacho::histogram<"other"> other{in.registry.scope("library", std::to_string(i % 3))};
        other.observe(1);
        auto const value = std::make_unique<int>(i);  // gone when the next turn begins
        tacho::observable_gauge<"seen", tacho::label<"n", int>> seen{in.registry, "",
                                                                     [&](auto& observe) { observe(*value, i); }};
        tacho::observable_counter<"together"> together{in.registry};
        tacho::observation both{[&](tacho::observer& observe) { observe(together, *value); }, together};
        in.cleared.clear();
        EXPECT_FALSE(in.registry.list().empty());
    }
}

void scrape(program& in, std::string_view accept) {
    tacho::endpoint endpoint{in.registry, {.about = {{"service.name", "stress"}}, .created = true}};
    bool const open = !accept.empty();
    double before = 0;
    do {
        auto const answer = endpoint.respond({.accept = accept});
        ASSERT_EQ(answer.status(), 200);
        try {
            test::page_reader const page{answer.body(), open};
            auto const hits = number_in(page, "hits_total");
            EXPECT_GE(hits, before);
            before = hits;
            EXPECT_LE(number_in(page, "busy"), writers);
        } catch (std::exception const& why) {
            FAIL() << why.what() << "\n" << answer.body();
        }
    } while (in.goes_on());
}

void change_settings(program& in) {
    tacho::settings settings;
    settings.push.enabled = settings.scrape.enabled = true;
    settings.push.interval = std::chrono::milliseconds{5};
    receiver const nobody;
    for (int i = 0; in.goes_on(); ++i) {
        in.registry.filter_exemplars(i % 2 == 0 ? tacho::exemplar_filter::always_on
                                                : tacho::exemplar_filter::always_off);
        auto started = tacho::telemetry::start(in.registry, settings, nobody, tacho::own_server{});
        EXPECT_EQ(started.endpoint()->respond({}).status(), 200);
        tacho::registry other{with_views()};
        tacho::counter<"by", tacho::label<"user", int>> by{other};
        by(i).inc();
        EXPECT_EQ(test::as_text(other.snapshot()), "# TYPE by_total counter\nby_total{region=\"eu\"} 1\n");
        static_cast<void>(in.registry.health());
        if (i % 2 == 0) started.stop(std::chrono::minutes{2});
    }
}

// What a child finds wrong; it has nothing of GoogleTest's.
char const* be_a_child(program& in, bool anew) {
    if (anew) tacho::after_fork_in_child();
    for (int i = 0; i < 5; ++i) in.hits.inc();
    in.come_and_go(100, 1).inc();
    // It waits for the parent's readers, of which none is here, unless all begins anew.
    if (!in.come_and_go.remove(100, 1) && anew) return "a series was not removed";
    { tacho::counter<"of.the.child"> one{in.registry}; }
    tacho::endpoint endpoint{in.registry};
    auto const answer = endpoint.respond({});
    test::page_reader const page{answer.body(), false};
    auto const hits = number_in(page, "hits_total");
    return hits == 5 || (!anew && hits > 5) ? nullptr : "hits are wrong";
}

void fork_children(program& in) {
    for (int i = 0; i < forks; ++i) {
        auto const child = ::fork();
        if (child == 0) {
            ::alarm(120);  // whatever hangs is killed
            char const* wrong = nullptr;
            try {
                wrong = be_a_child(in, i % 2 == 0);
            } catch (...) {
                wrong = "its page is malformed";
            }
            if (wrong != nullptr) std::fprintf(stderr, "child %d: %s\n", i, wrong);
            ::_exit(wrong == nullptr ? 0 : 1);
        }
        int status = -1;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0) << "child " << i;
    }
}

// CONFORMANCE 9, 45, 96
TEST(all_at_once, every_page_is_well_formed_and_nothing_that_was_counted_is_lost) {
    auto* const hook = tacho::set_error_hook(nullptr);  // series beyond a limit, and what forks leave behind
    program in;
    receiver const to;
    // From before the first removal on, so that it hears of all.
    auto pusher = std::make_unique<tacho::pusher<receiver>>(
        in.registry,
        tacho::pusher_options{.interval = std::chrono::hours{1},
                              .temporality = tacho::temporality_preference::delta,
                              .split_above = 2000},
        to);
    std::vector<std::thread> threads;
    test::latch start{writers + 7};
    auto const run = [&](auto... what) {
        threads.emplace_back([&, what...] {
            start.arrive_and_wait();
            std::invoke(what...);
        });
    };
    for (int t = 0; t < writers; ++t) run([&, t] { write(in, t); });
    run([&] { register_others(in); });
    run([&] { scrape(in, ""); });
    run([&] { scrape(in, "application/openmetrics-text"); });
    run([&] {
        do EXPECT_TRUE(pusher->flush(std::chrono::minutes{2}));
        while (in.goes_on());
    });
    run([&] { change_settings(in); });
    run([&] { fork_children(in); });
    run([&] {
        do {
            auto const copy = in.registry.snapshot();
            EXPECT_EQ(test::as_text(copy), test::as_text(copy));
            static_cast<void>(test::json_reader::read(test::as_json(copy)));
        } while (in.goes_on());
    });
    for (auto& t : threads) t.join();
    pusher.reset();
    tacho::set_error_hook(hook);

    constexpr auto total = std::uint64_t{writers} * rounds;
    test::page_reader const page{test::as_text(in.registry), false};
    EXPECT_EQ(number_in(page, "hits_total"), total);
    EXPECT_EQ(number_in(page, "seconds_total"), 0.5 * total);
    EXPECT_EQ(number_in(page, "shared_total"), total);
    EXPECT_EQ(number_in(page, "busy"), 0);
    std::map<std::string, double> sums;
    for (auto const& [name, value] : page.samples) sums[name.first] += test::number_of(value);
    EXPECT_EQ(sums["h_count"], total);
    EXPECT_EQ(sums["by_total"], total);
    EXPECT_EQ(sums["few_total"], total);
    EXPECT_FALSE(sums.contains("a_total") || sums.contains("seen") || sums.contains("dropped_total"));
    for (auto const name : {"hits", "shared", "h", "e", "by", "few", "come.and.go"}) EXPECT_EQ(to[name], total) << name;
    EXPECT_EQ(in.registry.health().failed_callbacks, 0u);
    EXPECT_EQ(in.registry.health().dropped_measurements, 0u);
    EXPECT_TRUE(in.registry.problems().empty()) << in.registry.problems().front();
}

}  // namespace
