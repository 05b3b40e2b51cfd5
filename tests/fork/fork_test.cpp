// SPDX-License-Identifier: MIT
// A program that forks while its threads record, create and remove series, register, scrape and push. Not under
// GoogleTest: children leave by exit(), and what is static ends there.
#include "support/operator_new.hpp"

#include "tacho/tacho.hpp"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using series_name = tacho::label<"name">;

// ThreadSanitizer can't follow threads that begin in a child of a program with threads.
#if defined(__SANITIZE_THREAD__)
constexpr bool children_have_threads = false;
#else
constexpr bool children_have_threads = true;
#endif

// In the parent and in each child: what was wrong is the exit status, so that a child needs no output to tell it.
int failures = 0;

void expect(bool holds, std::string_view what) {
    if (holds) return;
    ++failures;
    std::fprintf(stderr, "FAILED in process %d: %.*s\n", static_cast<int>(::getpid()), static_cast<int>(what.size()),
                 what.data());
}

bool has(std::string_view text, std::string_view what) {
    return text.find(what) != text.npos;
}

struct program {
    std::atomic<std::uint64_t> called{0};
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::counter<"seconds", double> seconds{registry};
    tacho::counter<"shared", tacho::cells::shared> shared{registry};
    tacho::counter<"by", series_name> by{registry};
    tacho::counter<"few", series_name, tacho::series_limit<20>> few{registry};
    tacho::counter<"fleeting", series_name, tacho::expire_after<1>> fleeting{registry};
    tacho::up_down_counter<"busy"> busy{registry};
    tacho::histogram<"h"> h{registry, "", {1, 2, 3}};
    tacho::exponential_histogram<"e"> e{registry};
    tacho::gauge<"level"> level{registry};
    tacho::counter<"traced", tacho::exemplars> traced{registry};
    tacho::info<"build", tacho::label<"version">> build{registry};
    tacho::observable_counter<"calls"> calls{registry, "", [this] { return called.fetch_add(1) + 1; }};
    tacho::gauge<"hits_total"> refused{registry};  // the name is taken
    tacho::endpoint scrapes{registry};

    void record() {
        hits.inc();
        seconds.inc(0.5);
        shared.inc();
        busy.inc();
        h.observe(2);
        e.observe(10);
        by("all").inc();
        traced.inc(1, {{"by", "threads"}});
    }
    std::string page() {
        auto const answer = scrapes.respond({});
        return std::string{answer.body()};
    }
};

// Which settings push to a receiver and are scraped on no port.
tacho::settings pushes_and_answers() {
    tacho::settings s;
    s.push.enabled = true;
    s.push.url = "http://receiver:4318/v1/metrics";
    s.push.interval = 2ms;
    s.push.temporality = tacho::temporality_preference::delta;
    s.scrape.enabled = true;
    return s;
}

program& running() {
    static program instance;  // ends in exit(), in children too
    return instance;
}
std::optional<tacho::telemetry> exported;  // as well

// Nobody is waited for who looked at series in the parent, or who read them: else no more than 2000 can be removed.
void expect_memory_is_given_back(program& in) {
    in.by.clear();
    bool all = true;
    for (int i = 0; i < 3000 && all; ++i) {
        in.by("comes and goes").inc();
        all = in.by.remove("comes and goes");
    }
    expect(all, "removed series are given back");
}

// All that is added up began when the child did.
struct expect_births {
    tacho::unix_nanos since;

    void number(tacho::family const& of, tacho::series const& s, tacho::number) const {
        expect(of.birth() >= since && of.start_of(s) >= since, "a series begins in the child");
    }
    void histogram(tacho::family const& of, tacho::series const& s, tacho::histogram_value const&) const {
        expect(of.birth() >= since && s.birth() >= since, "a histogram begins in the child");
    }
};

// Though a thread that isn't here may have been writing an exemplar.
void expect_exemplars(program& in) {
    in.traced.inc(1, {{"by", "child"}});
    auto const answer = in.scrapes.respond({"GET", "application/openmetrics-text"});
    expect(has(answer.body(), " # {by=\"child\"} 1 "), "an exemplar is kept in the child");
}

// What a child of a prefork server does.
void be_a_child(bool calls_the_function, tacho::unix_nanos forked_at) {
    ::alarm(60);  // whatever hangs is killed, and the parent sees by what
    auto& in = running();
    if (!calls_the_function) {
        // It is as sound, though it counts on from the parent's numbers.
        in.record();
        in.by("child").inc();
        static_cast<void>(in.by.remove("child"));
        expect_exemplars(in);
        { tacho::counter<"late"> late{in.registry}; }
        static_cast<void>(in.page());
        expect(!exported->flush(1ms), "the parent's push is not the child's");
        exported->stop();
        return;
    }
    tacho::after_fork_in_child();
    in.registry.visit(expect_births{forked_at});
    expect(!has(in.scrapes.respond({"GET", "application/openmetrics-text"}).body(), " # {"), "no exemplar is left");
    expect_exemplars(in);
    auto const before = in.page();
    expect(has(before, "\nhits_total 0\n"), "a counter begins at zero");
    expect(has(before, "\nbusy 0\n"), "an up-down counter too");
    expect(has(before, "\nlevel 7\n"), "a gauge keeps its value");
    expect(has(before, "build_info{version=\"1\"} 1\n"), "an info too");
    expect(has(before, "\ncalls_total "), "callbacks run, though a thread that isn't here may have been running them");
    {
        std::vector<tacho::scrape_response> at_once;
        for (int i = 0; i < 16; ++i) at_once.push_back(in.scrapes.respond({}));
        expect(at_once.back().status() == 200, "no buffer is lost with a thread that was filling it");
    }
    expect_memory_is_given_back(in);

    constexpr int count = 4, times = 50;
    if (!children_have_threads) return;
    {
        std::vector<std::thread> threads;
        for (int t = 0; t < count; ++t)
            threads.emplace_back([&in, t] {
                for (int i = 0; i < times; ++i) {
                    in.record();
                    auto const name = std::to_string(t * times + i);
                    in.by(name).inc();
                    static_cast<void>(in.by.remove(name));
                    in.few(name).inc();
                    in.fleeting(name).inc();
                }
                static_cast<void>(in.page());
            });
        for (auto& t : threads) t.join();
    }
    auto const page = in.page();
    expect(has(page, "\nhits_total 200\n"), "a counter is exact");
    expect(has(page, "\nseconds_total 100\n"), "of doubles");
    expect(has(page, "\nshared_total 200\n"), "shared");
    expect(has(page, "\nbusy 200\n"), "an up-down counter");
    expect(has(page, "\nby_total{name=\"all\"} 200\n"), "a series by label values");
    expect(has(page, "\nh_bucket{le=\"2\"} 200\n") && has(page, "\nh_count 200\n") && has(page, "\nh_sum 400\n"),
           "a histogram");
    auto const health = in.registry.health();
    expect(health.overflowed_measurements <= count * times && health.failed_registrations == 0,
           "the counts of health begin at zero");

    // Its own telemetry, while what it has of its parent's stays where it is.
    tacho::memory_transport sent;
    auto own = tacho::telemetry::start(in.registry, pushes_and_answers(), sent, tacho::own_server{});
    expect(own.report().push.running, "the child pushes");
    expect(!exported->report().push.running, "its parent doesn't, here");
    in.hits.inc();
    expect(own.flush(), "a push arrives");
    std::string all;
    for (auto const& request : sent.requests()) all += request.body;
    expect(has(all, R"("name":"hits")") && has(all, R"("count":"200","sum":2000)"), "with what the child counted");
    own.stop();
    expect_memory_is_given_back(in);  // no reader of the parent's is waited for
}

// What threads of the parent do all the time.
void hammer(program& in, int thread, std::atomic<bool> const& ends) {
    for (int i = 0; !ends; ++i) {
        auto const name = std::to_string(i % 300);
        in.record();
        in.by(name).inc();
        in.few(name).inc();
        in.fleeting(name).inc();
        if (i % 3 == 0) static_cast<void>(in.by.remove(name));
        if (i % 5 == thread) in.by.clear();
        if (i % 7 == thread) static_cast<void>(in.page());
        if (i % 11 == thread) {
            tacho::histogram<"now.and.then"> h{in.registry, "", {1, 2}};
            h.observe(1);
            tacho::observable_gauge<"seen"> seen{in.registry, "", [] { return 1.0; }};
            static_cast<void>(in.registry.snapshot());
        }
        if (i % 13 == thread) static_cast<void>(exported->flush(1ms));
        // A thread that comes and goes, and takes and gives back a slot.
        if (i % 17 == thread) std::thread{[&] { in.record(); }}.join();
    }
}

std::string status_of(::pid_t child) {
    int status = 0;
    if (::waitpid(child, &status, 0) != child) return "was not waited for";
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? "hung" : "died of signal " + std::to_string(WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? "" : "found something wrong";
}

// A program may have handlers of its own, which run while the library waits for the fork: they may record.
struct handled {
    tacho::registry registry;
    tacho::counter<"forks", tacho::label<"handler", int>, tacho::series_limit<100'000>> forks{registry};
};
handled& by_handlers() {
    static handled& instance = *new handled;
    return instance;
}
int handler_calls = 0;
void record_in_handler() {
    by_handlers().forks(++handler_calls).inc();  // a new series, under the table's mutex
}

// Forks while a thread begins to use the library, at the n-th moment that it asks for memory: with whatever it has
// taken, and whatever it has changed by half.
struct first_use {
    std::atomic<bool> begun{false};
    std::atomic<bool> stopped{false};  // at that moment, or done without another one
    std::atomic<bool> forked{false};
    int moments = 0;  // left until it stops
};
first_use at_first;
thread_local bool is_first_thread = false;

void maybe_stop() noexcept {
    if (!is_first_thread || at_first.moments == 0 || --at_first.moments != 0) return;
    at_first.stopped = true;
    // A fork waits for the end of a change, and for nothing else.
    while (!at_first.forked && !(tacho::detail::gate.closed && tacho::detail::changes_begun != 0))
        std::this_thread::yield();
}

// Before the library's own handler, since handlers run in the reverse order; if there is none yet, then in its place.
void begin_first_use() {
    at_first.begun = true;
    while (!at_first.stopped) std::this_thread::yield();
}

void record_first() {
    tacho::counter<"c", tacho::label<"a">> c;
    c("1").inc();
}

// The status of a process in which nobody has used the library: 2 when there are fewer moments.
int fork_beside_first_use(int moment) {
    failures = 0;
    at_first.moments = moment;
    std::thread first{[] {
        while (!at_first.begun) std::this_thread::yield();
        is_first_thread = true;
        record_first();
        is_first_thread = false;
        at_first.stopped = true;
        while (!at_first.forked) std::this_thread::yield();  // ThreadSanitizer takes one that ended for a leak
    }};
    ::pthread_atfork(&begin_first_use, nullptr, nullptr);
    auto const child = ::fork();
    if (child == 0) {
        ::alarm(20);
        record_first();
        ::_exit(0);
    }
    at_first.forked = true;
    auto const status = status_of(child);
    first.join();
    expect(status.empty(), "a child beside moment " + std::to_string(moment) + " of the first use " + status);
    return failures != 0 ? 1 : at_first.moments != 0 ? 2 : 0;
}

}  // namespace

bool test::may_have_memory() noexcept {
    maybe_stop();
    return true;
}

int main() {
    // Each in a process of its own, which has no registry yet.
    for (int moment = 1, status = 0; status == 0; ++moment) {
        auto const child = ::fork();
        if (child == 0) ::_exit(fork_beside_first_use(moment));
        int how = 0;
        ::waitpid(child, &how, 0);
        status = WIFEXITED(how) ? WEXITSTATUS(how) : 1;
        expect(status != 1, "a process that forks beside its first use");
        expect(status != 2 || moment > 20, "the first use asks for memory");
    }
    ::pthread_atfork(&record_in_handler, &record_in_handler, &record_in_handler);

    if (auto const* const slots = std::getenv("TACHO_TEST_SLOTS"))
        expect(tacho::set_slot_count(static_cast<std::size_t>(std::atoi(slots))), "slots are set");
    tacho::set_error_hook(nullptr);  // overflows and failed flushes are part of it

    auto& in = running();
    in.level.set(7);
    in.build.set("1");
    exported.emplace(
        tacho::telemetry::start(in.registry, pushes_and_answers(), tacho::memory_transport{}, tacho::own_server{}));

    std::atomic<bool> ends{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) threads.emplace_back(hammer, std::ref(in), t, std::cref(ends));
    // One that is in the midst of writing an exemplar most of the time.
    threads.emplace_back([&] {
        while (!ends) in.traced.inc(1, {{"by", "a thread that does nothing else, and takes its time"}});
    });

    constexpr int forks = 200;
    for (int i = 0; i < forks && failures == 0; ++i) {
        auto const now = tacho::system_clock::now();
        auto const child = ::fork();
        if (child == 0) {
            failures = 0;  // those of the parent are told by the parent
            be_a_child(i % 4 != 0, now);
            std::exit(failures == 0 ? 0 : 1);
        }
        auto const status = status_of(child);
        expect(status.empty(), "child " + std::to_string(i) + " " + status);
    }
    ends = true;
    for (auto& t : threads) t.join();
    expect(has(in.page(), "\nlevel 7\n"), "the parent goes on");
    expect(handler_calls == 2 * forks, "handlers ran before and after each fork");
    if (failures == 0) std::puts("passed");
    return failures == 0 ? 0 : 1;
}
