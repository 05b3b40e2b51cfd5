// SPDX-License-Identifier: MIT
// Pushes that are written as lines, and several pushers of one registry.
#include "support/text.hpp"

#include "tacho/export/memory_transport.hpp"
#include "tacho/export/pusher.hpp"
#include "tacho/export/stream_transport.hpp"
#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <string>
#include <vector>

#if defined(__unix__)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace {

using namespace std::chrono_literals;

// A folder that is gone afterwards.
struct folder {
    std::string path = [] {
        std::random_device number;
        for (;;) {
            auto const tried = std::filesystem::temp_directory_path() / ("tacho-lines-" + std::to_string(number()));
            if (std::filesystem::create_directory(tried)) return tried.string();  // else it was there
        }
    }();
    folder() = default;
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;
    ~folder() { std::filesystem::remove_all(path); }
};

std::vector<std::string> lines_of(std::string const& path) {
    std::vector<std::string> lines;
    std::ifstream in{path};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

TEST(lines, are_requests_one_behind_the_other) {
    folder in;
    auto const path = in.path + "/metrics.jsonl";
    for (std::size_t run = 1; run <= 2; ++run) {  // the second one goes on behind the first
        tacho::registry registry{test::fixed()};
        tacho::counter<"hits"> hits{registry, "with\na line end"};
        tacho::pusher pusher{registry, {.interval = 1h}, tacho::stream_transport::to_file(path)};
        hits.inc(7);
        EXPECT_TRUE(pusher.flush());
        hits.inc();
        EXPECT_TRUE(pusher.flush());
        pusher.stop();
        auto const lines = lines_of(path);
        ASSERT_EQ(lines.size(), run * 3);
        for (auto const& line : lines)
            EXPECT_TRUE(line.starts_with("{\"resourceMetrics\":[") && line.ends_with("]}")) << line;
        EXPECT_NE(lines[lines.size() - 3].find("\"asInt\":\"7\""), std::string::npos);
        EXPECT_NE(lines.back().find("\"asInt\":\"8\""), std::string::npos);
    }
}

TEST(lines, say_why_they_can_not_be_written) {
    test::heard heard;
    folder in;
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    {
        tacho::pusher pusher{registry, {.interval = 1h}, tacho::stream_transport::to_file(in.path)};
        EXPECT_FALSE(pusher.flush());
    }
#if defined(_WIN32)
    std::string const why = "Permission denied";  // so it says of folders
#else
    std::string const why = "Is a directory";
#endif
    EXPECT_NE(heard.text().find("can't open " + in.path + ": " + why), std::string::npos) << heard.text();

#if defined(__linux__)
    heard.text().clear();
    std::FILE* const full = std::fopen("/dev/full", "w");
    ASSERT_NE(full, nullptr);
    {
        tacho::pusher pusher{registry, {.interval = 1h}, tacho::stream_transport{full}};
        EXPECT_FALSE(pusher.flush());
    }
    std::fclose(full);
    EXPECT_NE(heard.text().find("No space left on device"), std::string::npos) << heard.text();
#endif
}

// The URL of the settings is not where they go.
TEST(lines, are_said_to_go_where_they_go) {
    test::heard heard;
    folder in;
    auto const path = in.path + "/metrics.jsonl";
    tacho::registry registry;
    tacho::settings s;
    s.push.enabled = true;
    auto const t = tacho::telemetry::start(registry, s, tacho::stream_transport::to_file(path));
    EXPECT_EQ(t.report().push.words, "pushing to " + path + " every 60000 ms");
    auto const again = tacho::telemetry::start(registry, s, tacho::stream_transport::to_file(path));
    EXPECT_EQ(heard.text(), "");
    auto const other = tacho::telemetry::start(registry, s, tacho::stream_transport::to_file(path + "2"));
    EXPECT_EQ(heard.text(), "warning: not pushing to " + path +
                                "2: what was started before under this name goes on, to " + path +
                                ". Add it by add_push() under another name, or stop() first\n");
    heard.text().clear();
    s.push.url = "http://c/v1/metrics";
    auto const elsewhere = tacho::telemetry::start(registry, s, tacho::memory_transport{});
    EXPECT_EQ(heard.text(),
              "warning: not pushing to http://c/v1/metrics: what was started before under this name goes "
              "on, to " +
                  path + ". Add it by add_push() under another name, or stop() first\n");

    tacho::registry apart;
    s.push.url = "nowhere";  // it is not looked at
    auto const without_url = tacho::telemetry::start(apart, s, tacho::stream_transport::to_file(path));
    EXPECT_EQ(without_url.report().push.words, "pushing to " + path + " every 60000 ms");

    EXPECT_EQ(tacho::stream_transport{}.destination(), "the standard output");
    EXPECT_EQ(tacho::stream_transport{stderr}.destination(), "the standard error");
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(tacho::stream_transport{file}.destination(), "the stream");
    std::fclose(file);
}

#if defined(__unix__)
// A pipe that doesn't block takes the beginning of a long line and refuses the rest.
TEST(lines, begin_anew_behind_one_that_broke_off) {
    test::heard const quiet;
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(::fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    ASSERT_EQ(::fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    std::FILE* const to = ::fdopen(ends[1], "w");
    ASSERT_NE(to, nullptr);
    std::string read;
    auto const drain = [&] {
        char some[4096];
        for (::ssize_t n; (n = ::read(ends[0], some, sizeof some)) > 0;) read.append(some, static_cast<std::size_t>(n));
    };
    tacho::stream_transport const transport{to};
    tacho::deadline const until{tacho::deadline::clock::now()};
    auto const post = [&](std::string const& body) { return transport.post({"", body, {}}, until).status; };
    EXPECT_EQ(post(std::string(1u << 22, 'x')), 0);
    drain();
    EXPECT_GT(read.size(), 0u);  // else nothing broke off
    EXPECT_EQ(read.find('\n'), std::string::npos);
    read.clear();
    EXPECT_EQ(post("{}"), 200);
    EXPECT_EQ(post("{}"), 200);
    drain();
    EXPECT_EQ(read, "\n{}\n{}\n");
    std::fclose(to);
    ::close(ends[0]);
}
#endif

tacho::settings to_console(std::chrono::milliseconds interval) {
    tacho::settings s;
    s.console.enabled = true;
    s.console.interval = interval;
    return s;
}

#if defined(__unix__)
// As behind `| head -1`: the push fails, and the program goes on.
TEST(lines, that_nobody_reads_end_no_program) {
    test::heard heard;
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ::close(ends[0]);
    std::FILE* const to = ::fdopen(ends[1], "w");
    ASSERT_EQ(std::signal(SIGPIPE, SIG_DFL), SIG_DFL);
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    {
        tacho::pusher push{registry, {}, tacho::stream_transport{to}};
        EXPECT_FALSE(push.flush());
    }
    std::fclose(to);
    EXPECT_NE(heard.text().find("can't write to the stream: Broken pipe"), std::string::npos) << heard.text();
}
#endif

TEST(the_console, is_waited_for_as_long_as_is_asked_for) {
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    auto telemetry = tacho::telemetry::start(registry, to_console(1h));
    hits.inc();
    EXPECT_TRUE(telemetry.flush((std::chrono::milliseconds::max)()));
    telemetry.stop((std::chrono::milliseconds::max)());
    EXPECT_FALSE(telemetry.report().console.running);
    telemetry = tacho::telemetry::start(registry, to_console(1h));
    EXPECT_TRUE(telemetry.flush());
}

// On its own thread nobody can wait for its end, so that another one would have to wait for itself.
TEST(the_console, is_not_started_anew_by_a_callback_of_its_own) {
    test::heard const quiet;
    tacho::registry registry;
    std::atomic<tacho::telemetry*> running{nullptr};
    std::promise<std::string> said;
    tacho::observable_gauge<"g"> g{
        registry, "", [&] {
            if (auto* const telemetry = running.exchange(nullptr)) {
                telemetry->stop();
                said.set_value(tacho::telemetry::start(registry, to_console(1h)).report().console.words);
            }
            return 1.0;
        }};
    auto telemetry = tacho::telemetry::start(registry, to_console(1ms));
    running = &telemetry;
    auto const words = said.get_future().get();
    EXPECT_NE(words.find("has not ended yet"), std::string::npos) << words;
    telemetry.stop();
    telemetry = tacho::telemetry::start(registry, to_console(1h));
    EXPECT_TRUE(telemetry.report().console.running) << telemetry.report().text();
}

// CONFORMANCE 119, 132: each with a memory of its own.
TEST(several_pushers, of_one_registry_each_deliver_all_in_their_own_way) {
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::memory_transport to_totals, to_deltas;
    tacho::pusher totals{registry, {.interval = 1h}, to_totals};
    tacho::pusher deltas{registry, {.interval = 1h, .temporality = tacho::temporality_preference::delta}, to_deltas};
    auto const last = [](tacho::memory_transport const& of) {
        auto const body = of.requests().back().body;
        auto const at = body.find("\"asInt\":\"") + 9;
        return body.substr(at, body.find('"', at) - at);
    };
    hits.inc(5);
    EXPECT_TRUE(totals.flush() && deltas.flush());
    EXPECT_EQ(last(to_totals), "5");
    EXPECT_EQ(last(to_deltas), "5");
    hits.inc(2);
    EXPECT_TRUE(totals.flush());
    EXPECT_EQ(last(to_totals), "7");
    // One that fails takes nothing from the other.
    to_deltas.answer_with({.status = 400});
    tacho::set_error_hook(nullptr);
    EXPECT_FALSE(deltas.flush());
    tacho::set_error_hook(&tacho::print_to_stderr);
    hits.inc(10);
    EXPECT_TRUE(deltas.flush() && totals.flush());
    EXPECT_EQ(last(to_deltas), "12");
    EXPECT_EQ(last(to_totals), "17");
    EXPECT_NE(test::as_text(registry).find("hits_total 17\n"), std::string::npos);
}

}  // namespace
