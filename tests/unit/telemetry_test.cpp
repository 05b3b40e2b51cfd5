// SPDX-License-Identifier: MIT
// Telemetry as a whole, without sockets.
#include "support/text.hpp"
#include "support/wait.hpp"

#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#if defined(__unix__)
#include <sys/stat.h>
#endif

namespace {

using test::count;

tacho::settings settings_by(std::map<std::string, std::string> variables) {
    return tacho::settings::from_environment({.prefix = "OGX", .service_name = "ogx"},
                                             tacho::env::source{std::move(variables)});
}

// CONFORMANCE 193: once by the hook, and once in the report.
TEST(a_warning, is_said_once_each_way_however_often_telemetry_is_started) {
    test::heard heard;
    tacho::registry registry;
    auto const s = settings_by({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                                {"OTEL_METRIC_EXPORT_INTERVAL", "soon"},
                                {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                {"OGX_PROMETHEUS_ENABLED", "1"},
                                {"OGX_METRICS_PORT", "x"}});
    auto const start = [&](tacho::settings const& by) {
        return tacho::telemetry::start(registry, by, tacho::memory_transport{}, tacho::no_listener{});
    };
    std::string_view const said_once[] = {"OTEL_METRIC_EXPORT_INTERVAL", "pushes are sent uncompressed",
                                          "not scrapable: the program has no listener"};
    auto first = start(s);
    auto const second = start(s);
    auto other = s;
    other.warnings = {"something else"};
    auto const third = start(other);
    for (auto const what : said_once) {
        EXPECT_EQ(count(heard.text(), what), 1u) << heard.text();
        // The push that it concerns goes on, and so does the warning.
        EXPECT_EQ(count(third.report().text(), what), 1u) << third.report().text();
    }
    EXPECT_EQ(count(heard.text(), "something else"), 1u);
    EXPECT_EQ(third.report().warnings.size(), 3u);

    first.stop();
    auto const anew = start(other);
    EXPECT_EQ(anew.report().warnings.size(), 2u) << anew.report().text();  // what was warned of before runs no more
    EXPECT_EQ(count(heard.text(), "something else"), 2u);
    EXPECT_EQ(count(heard.text(), "pushes are sent uncompressed"), 2u);
    EXPECT_EQ(count(heard.text(), "OTEL_METRIC_EXPORT_INTERVAL"), 1u);
}

struct accepting_transport {
    static bool can_send(std::string_view) noexcept { return true; }
    static tacho::http_outcome post(tacho::http_post const&, tacho::deadline const&) { return {.status = 200}; }
};
struct accepting_tls_transport : accepting_transport {
    explicit accepting_tls_transport(std::vector<tacho::tls_files>& by) : handed(&by) {}
    void use(tacho::tls_files const& files) { handed->push_back(files); }
    std::vector<tacho::tls_files>* handed;
};
static_assert(!tacho::takes_tls_files<accepting_transport> && tacho::takes_tls_files<accepting_tls_transport>);

std::map<std::string, std::string> files_for(char const* url, std::string const& folder = "") {
    return {{"OTEL_EXPORTER_OTLP_ENDPOINT", url},
            {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/all.pem"},
            {"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", folder + "/metrics.pem"},
            {"OTEL_EXPORTER_OTLP_CLIENT_KEY", folder + "/key.pem"}};
}

// CONFORMANCE 6.2: OTEL_EXPORTER_OTLP_[METRICS_]CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY
TEST(files_for_tls, are_handed_to_a_transport_that_takes_them) {
    test::heard heard;
    tacho::registry registry;
    std::vector<tacho::tls_files> handed;
    auto const folder = testing::TempDir() + "tacho_files_for_tls";
    std::filesystem::create_directories(folder);
    std::ofstream{folder + "/metrics.pem"} << "certificate";
    std::ofstream{folder + "/key.pem"} << "key";
    auto const t =
        tacho::telemetry::start(registry, settings_by(files_for("https://c", folder)), accepting_tls_transport{handed});
    ASSERT_EQ(handed.size(), 1u);
    EXPECT_EQ(handed[0].certificate, folder + "/metrics.pem");
    EXPECT_EQ(handed[0].client_certificate, "");
    EXPECT_EQ(handed[0].client_key, folder + "/key.pem");
    EXPECT_EQ(heard.text(), "");
    std::filesystem::remove_all(folder);
}

TEST(files_for_tls, that_can_not_be_read_are_said_at_the_start) {
    test::heard heard;
    tacho::registry registry;
    std::vector<tacho::tls_files> handed;
    auto const folder = testing::TempDir() + "tacho_files_unread";
    std::filesystem::create_directories(folder + "/key.pem");
    auto s = settings_by(files_for("https://c", folder));
    s.push.client_certificate = folder + "/empty.pem";
    std::ofstream{s.push.client_certificate};
    auto const t = tacho::telemetry::start(registry, s, accepting_tls_transport{handed});
    EXPECT_EQ(heard.text(), "warning: push.certificate=\"" + folder +
                                "/metrics.pem\" of OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: can't be read (No such file "
                                "or directory); pushes fail until it can\n"
                                "warning: push.client_certificate=\"" +
                                folder +
                                "/empty.pem\": can't be read (it is empty); pushes fail until it can\n"
                                "warning: push.client_key=\"" +
                                folder +
                                "/key.pem\" of OTEL_EXPORTER_OTLP_CLIENT_KEY: can't be read (Is a directory); pushes "
                                "fail until it can\n");
    EXPECT_TRUE(t.report().push.running);  // they may be there by the next push
    std::filesystem::remove_all(folder);
}

#if defined(__unix__)
// As a shell makes one of `<(...)`: it can be read once, by the transport.
TEST(files_for_tls, that_are_pipes_are_left_to_the_transport) {
    test::heard heard;
    tacho::registry registry;
    std::vector<tacho::tls_files> handed;
    auto const pipe = testing::TempDir() + "tacho_pipe_for_tls";
    std::filesystem::remove(pipe);  // of a run that was ended
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    auto s = settings_by({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c"}});
    s.push.certificate = pipe;
    auto const t =
        tacho::telemetry::start(registry, s, accepting_tls_transport{handed});  // waits for nobody who writes
    ASSERT_EQ(handed.size(), 1u);
    EXPECT_EQ(handed[0].certificate, pipe);
    EXPECT_EQ(heard.text(), "");
    std::filesystem::remove(pipe);
}
#endif

TEST(a_push, that_was_given_a_url_and_is_off_is_said_to_be) {
    tacho::registry registry, other;
    tacho::settings s;
    s.push.url = "http://c/v1/metrics";
    auto const forgotten = tacho::telemetry::start(registry, s, accepting_transport{});
    EXPECT_EQ(forgotten.report().push.words, "off: push.enabled is false, though a URL is set");
    auto const not_asked = tacho::telemetry::start(other, tacho::settings{}, accepting_transport{});
    EXPECT_EQ(not_asked.report().push.words, "off: no OTLP endpoint is set (OTEL_EXPORTER_OTLP_ENDPOINT)");
}

TEST(an_interval, without_pause_is_said_and_not_taken) {
    for (auto const interval : {std::chrono::milliseconds{0}, std::chrono::milliseconds{-5000}}) {
        test::heard heard;
        tacho::registry registry;
        auto s = settings_by({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}});
        s.push.interval = interval;
        auto const t = tacho::telemetry::start(registry, s, accepting_transport{});
        EXPECT_EQ(heard.text(), "warning: http://c/v1/metrics: an interval of " + std::to_string(interval.count()) +
                                    " ms would push without pause; 60000 ms is used instead\n");
        EXPECT_EQ(t.report().push.words, "pushing to http://c/v1/metrics every 60000 ms");
    }
}

class marks final : public tacho::compressor {
public:
    [[nodiscard]] std::string_view coding() const noexcept override { return "gzip"; }
    [[nodiscard]] bool compress(std::string_view, tacho::byte_buffer& to) noexcept override {
        char* const at = to.window(6);
        if (at == nullptr) return false;
        std::memcpy(at, "packed", 6);
        to.commit(6);
        return true;
    }
};

TEST(a_push_that_is_added, is_compressed_by_what_start_was_given) {
    test::heard heard;
    tacho::registry registry;
    tacho::counter<"c"> c{registry};
    tacho::memory_transport receiver;
    auto t = tacho::telemetry::start(registry, settings_by({}), tacho::no_transport{}, tacho::no_listener{},
                                     std::make_shared<marks>());
    t.add_push("b", {.enabled = true, .url = "http://b/v1/metrics", .compression = "gzip"}, receiver);
    EXPECT_TRUE(t.flush());
    ASSERT_FALSE(receiver.requests().empty());
    EXPECT_EQ(receiver.requests().front().body, "packed");
    EXPECT_EQ(count(heard.text(), "uncompressed"), 0u) << heard.text();
}

TEST(files_for_tls, that_a_transport_can_not_take_are_said_with_the_cure) {
    test::heard heard;
    tacho::registry registry;
    auto s = settings_by(files_for("HTTPS://c"));
    auto t = tacho::telemetry::start(registry, s, accepting_transport{});
    EXPECT_EQ(
        heard.text(),
        "warning: push.certificate=\"/metrics.pem\" of OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE, "
        "push.client_key=\"/key.pem\" of OTEL_EXPORTER_OTLP_CLIENT_KEY: not used, because the transport takes no "
        "PEM files. Use tacho::curl_transport, give yours a function use(tacho::tls_files const&), or empty these "
        "settings if it has the files already\n");
    ASSERT_EQ(t.report().warnings.size(), 1u);
    EXPECT_TRUE(t.report().push.running);

    // What the program has changed comes from no variable.
    heard.text().clear();
    s.push.certificate = "/other.pem";
    tacho::registry changed;
    auto const by_program = tacho::telemetry::start(changed, s, accepting_transport{});
    EXPECT_TRUE(heard.text().starts_with("warning: push.certificate=\"/other.pem\", push.client_key=")) << heard.text();

    // What the program has emptied is nobody's, and without TLS there is no use for any.
    heard.text().clear();
    s.push.certificate = s.push.client_key = "";
    tacho::registry emptied, plain;
    auto const no_files = tacho::telemetry::start(emptied, s, accepting_transport{});
    auto const no_tls = tacho::telemetry::start(plain, settings_by(files_for("http://c")), accepting_transport{});
    EXPECT_EQ(heard.text(), "");
}

tacho::settings pushing_to(char const* url) {
    auto s = settings_by({{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", url}});
    s.push.interval = std::chrono::hours{1};
    return s;
}

tacho::push_settings deltas_to(char const* url) {
    return {.enabled = true,
            .url = url,
            .headers = {{"tenant", "b"}},
            .interval = std::chrono::minutes{30},
            .temporality = tacho::temporality_preference::delta};
}

std::string last_value(tacho::memory_transport const& of) {
    auto const body = of.requests().back().body;
    auto const at = body.find("\"asInt\":\"") + 9;
    return body.substr(at, body.find('"', at) - at);
}

// CONFORMANCE 119, 132: readers of one registry, each with what it has delivered.
TEST(an_added_push, goes_its_own_way_beside_the_other_and_the_scrape) {
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    auto s = pushing_to("http://a/m");
    s.scrape.enabled = true;
    s.scrape.metrics = false;
    tacho::memory_transport totals, deltas;
    auto telemetry = tacho::telemetry::start(registry, s, totals, tacho::own_server{});
    telemetry.add_push("tenant b", deltas_to("http://me:secret@b/"), deltas);
    EXPECT_EQ(telemetry.report().text(),
              "push: pushing to http://a/m every 3600000 ms\n"
              "scrape: answered by the program's own web server\n"
              "push tenant b: pushing to http://***@b/ every 1800000 ms\n");
    hits.inc(5);
    EXPECT_TRUE(telemetry.flush());
    hits.inc(2);
    EXPECT_TRUE(telemetry.flush());
    EXPECT_EQ(last_value(totals), "7");
    EXPECT_EQ(last_value(deltas), "2");
    auto const sent = deltas.requests().back();
    EXPECT_EQ(sent.headers.back().key + "=" + sent.headers.back().value, "tenant=b");
    EXPECT_NE(sent.body.find("\"service.name\""), std::string::npos);  // who is measured is the same
    auto const besides = totals.requests().back();
    for (auto const& header : besides.headers) EXPECT_NE(header.key, "tenant");
    auto const page = telemetry.endpoint()->respond({.method = "GET"});
    EXPECT_EQ(test::value_of(std::string{page.body()}, "hits_total"), "7");

    // One that fails takes nothing from the other, and is heard of.
    test::heard heard;
    hits.inc();
    deltas.answer_with({.status = 400});
    EXPECT_FALSE(telemetry.flush());
    EXPECT_NE(heard.text().find("pushing to http://***@b/: answered 400"), std::string::npos) << heard.text();
    EXPECT_EQ(last_value(totals), "8");
    hits.inc();
    telemetry.stop();
    EXPECT_EQ(last_value(totals), "9");
    EXPECT_EQ(last_value(deltas), "2");
    EXPECT_NE(telemetry.report().text().find("push tenant b: stopped\n"), std::string::npos);
    EXPECT_FALSE(telemetry.flush());
}

TEST(an_added_push, of_a_name_that_runs_goes_on_and_counts_no_delta_twice) {
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::memory_transport totals, first, second;
    auto telemetry = tacho::telemetry::start(registry, pushing_to("http://a/m"), totals);
    telemetry.add_push("b", deltas_to("http://b/"), first);
    {
        auto other = tacho::telemetry::start(registry, pushing_to("http://a/m"), totals);
        other.add_push("b", deltas_to("http://c/"), second);
        EXPECT_EQ(other.report().added_pushes.at(0).words, "pushing to http://b/ every 1800000 ms");
    }
    EXPECT_EQ(telemetry.report().added_pushes.size(), 1u);
    hits.inc(3);
    telemetry.stop();
    EXPECT_EQ(last_value(first), "3");
    EXPECT_TRUE(second.requests().empty());
    hits.inc(4);
    telemetry = tacho::telemetry::start(registry, pushing_to("http://a/m"), totals);
    telemetry.add_push("b", deltas_to("http://c/"), second);
    EXPECT_TRUE(telemetry.flush());
    EXPECT_EQ(last_value(second), "4");
    EXPECT_EQ(first.requests().size(), 1u);
    EXPECT_TRUE(telemetry.report().added_pushes.at(0).running);
    // Each name has a memory of its own.
    tacho::memory_transport third;
    telemetry.add_push("d", deltas_to("http://d/"), third);
    EXPECT_TRUE(telemetry.flush());
    EXPECT_EQ(last_value(third), "7");
}

// What was delivered is known as long as the registry lives, by the name of the push.
TEST(a_push, that_is_started_when_all_have_ended_counts_no_delta_twice) {
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::memory_transport own, added;
    auto settings = pushing_to("http://a/m");
    settings.push.temporality = tacho::temporality_preference::delta;
    auto const start = [&] {
        auto telemetry = tacho::telemetry::start(registry, settings, own);
        telemetry.add_push("b", deltas_to("http://b/"), added);
        return telemetry;
    };
    hits.inc(5);
    static_cast<void>(start());
    EXPECT_EQ(last_value(own), "5");
    EXPECT_EQ(last_value(added), "5");
    hits.inc(1);
    static_cast<void>(start());
    EXPECT_EQ(last_value(own), "1");
    EXPECT_EQ(last_value(added), "1");
    static_cast<void>(start());  // no news
    EXPECT_EQ(own.requests().size(), 2u);
    // One that is added without a name is not the one of the settings.
    tacho::memory_transport nameless;
    start().add_push("", deltas_to("http://c/"), nameless);
    EXPECT_EQ(last_value(nameless), "6");
    // Another registry has delivered nothing.
    tacho::registry other;
    tacho::counter<"hits"> others{other};
    others.inc(7);
    static_cast<void>(tacho::telemetry::start(other, settings, own));
    EXPECT_EQ(last_value(own), "7");
}

// Takes what it is sent once another transport has been sent something.
struct second_transport {
    tacho::memory_transport before;

    static bool can_send(std::string_view) noexcept { return true; }
    tacho::http_outcome post(tacho::http_post const&, tacho::deadline const&) const {
        bool const came = test::wait_until([&] { return !before.requests().empty(); });
        return {.status = came ? 200 : 500};
    }
};

TEST(a_flush, asks_all_before_it_waits_for_one) {
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::memory_transport behind;
    auto telemetry = tacho::telemetry::start(registry, pushing_to("http://a/m"), second_transport{behind});
    telemetry.add_push("behind", deltas_to("http://c/"), behind);
    hits.inc(3);
    EXPECT_TRUE(telemetry.flush(std::chrono::minutes{1}));
    EXPECT_EQ(last_value(behind), "3");
}

// Takes nothing once it is too late.
struct punctual_transport {
    tacho::memory_transport to;

    static bool can_send(std::string_view) noexcept { return true; }
    tacho::http_outcome post(tacho::http_post const& request, tacho::deadline const& until) {
        if (until.passed()) return {.problem = "too late"};
        return to.post(request, until);
    }
};

TEST(an_added_push, delivers_its_last_though_another_one_hangs_until_the_limit) {
    test::heard const quiet;
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::memory_transport hangs;
    hangs.hold(true);
    punctual_transport before, behind;
    {
        auto telemetry = tacho::telemetry::start(registry, pushing_to("http://a/m"), before);
        telemetry.add_push("hangs", deltas_to("http://b/"), hangs);
        telemetry.add_push("behind", deltas_to("http://c/"), behind);
        hits.inc(3);
        auto const started = std::chrono::steady_clock::now();
        telemetry.stop(std::chrono::milliseconds{500});
        EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds{20});
        hangs.hold(false);
    }
    ASSERT_EQ(before.to.requests().size(), 1u);
    ASSERT_EQ(behind.to.requests().size(), 1u);
    EXPECT_EQ(last_value(behind.to), "3");
}

TEST(a_push, that_goes_on_to_another_receiver_than_is_asked_for_is_warned_of) {
    test::heard heard;
    tacho::registry registry;
    auto telemetry = tacho::telemetry::start(registry, pushing_to("http://a/m"), tacho::memory_transport{});
    telemetry.add_push("x", deltas_to("http://me:secret@b/"), tacho::memory_transport{});
    telemetry.add_push("x", deltas_to("http://you:secret@b/"), tacho::memory_transport{});
    static_cast<void>(tacho::telemetry::start(registry, pushing_to("http://a/m"), tacho::memory_transport{}));
    EXPECT_EQ(heard.count(), 0) << heard.text();
    for (int i = 0; i < 2; ++i) {
        telemetry.add_push("x", deltas_to("http://me:secret@c/"), tacho::memory_transport{});
        static_cast<void>(tacho::telemetry::start(registry, pushing_to("http://d/m"), tacho::memory_transport{}));
    }
    EXPECT_EQ(
        heard.text(),
        "warning: not pushing to http://***@c/: what was started before under this name goes on, to http://***@b/. "
        "Add it by add_push() under another name, or stop() first\n"
        "warning: not pushing to http://d/m: what was started before under this name goes on, to http://a/m. "
        "Add it by add_push() under another name, or stop() first\n");
    EXPECT_EQ(telemetry.report().warnings.size(), 2u);
    auto none = pushing_to("http://localhost:4318/v1/metrics");
    none.push.problem = "X=\"y\" is no URL";
    static_cast<void>(tacho::telemetry::start(registry, none, tacho::memory_transport{}));
    EXPECT_EQ(count(heard.text(), "warning: not pushing: X=\"y\" is no URL\n"), 1u) << heard.text();
}

TEST(a_push, with_a_header_that_can_not_be_sent_is_not_started) {
    test::heard heard;
    tacho::registry registry;
    auto s = pushing_to("http://a/m");
    s.push.headers = {{"x", "y\r\nInjected: 1"}};
    auto const telemetry = tacho::telemetry::start(registry, s, tacho::memory_transport{});
    EXPECT_EQ(heard.text(),
              "error: not pushing to http://a/m: the header \"x\" has a line end or a zero byte in it; take it out\n");
    EXPECT_FALSE(telemetry.report().push.running);
}

TEST(an_added_push, that_can_not_be_is_said_and_leaves_all_others_alone) {
    test::heard heard;
    tacho::registry registry;
    tacho::counter<"hits"> hits{registry};
    tacho::memory_transport totals;
    auto telemetry = tacho::telemetry::start(registry, pushing_to("http://a/m"), totals);
    telemetry.add_push("bad", deltas_to("nowhere"), tacho::memory_transport{});
    telemetry.add_push("none", deltas_to("http://b/"), tacho::no_transport{});
    auto secured = deltas_to("https://b/");
    secured.certificate = "/ca.pem";
    telemetry.add_push("secured", secured, accepting_transport{});
    telemetry.add_push("off", {.url = "http://c/"}, tacho::memory_transport{});
    auto const text = telemetry.report().text();
    EXPECT_NE(text.find("push bad: not pushing: \"nowhere\" is no URL"), std::string::npos) << text;
    EXPECT_NE(text.find("push none: not pushing to http://b/: the program has no transport"), std::string::npos);
    EXPECT_NE(text.find("push off: off: push.enabled is false, though a URL is set"), std::string::npos) << text;
    EXPECT_NE(text.find("warning: push.certificate=\"/ca.pem\": not used"), std::string::npos) << text;
    EXPECT_EQ(count(heard.text(), "not pushing"), 2u) << heard.text();
    EXPECT_FALSE(telemetry.flush());  // those that were refused took nothing
    EXPECT_EQ(totals.requests().size(), 1u);
    // The environment's word for all of metrics is one for these, too, where the program asks it.
    auto const disabled = settings_by({{"OTEL_SDK_DISABLED", "true"}});
    telemetry.add_push("disabled", {.enabled = disabled.push.enabled, .why_off = disabled.push.why_off}, totals);
    EXPECT_EQ(telemetry.report().added_pushes.back().words, "off: OTEL_SDK_DISABLED is true");
}

TEST(an_added_push, that_starts_after_a_stop_is_warned_of_as_long_as_it_runs) {
    test::heard heard;
    tacho::registry registry;
    auto first = pushing_to("http://a/");
    first.warnings = {"of before"};
    auto telemetry = tacho::telemetry::start(registry, first, tacho::memory_transport{});
    telemetry.stop();
    auto packed = deltas_to("http://b/");
    packed.compression = "gzip";
    telemetry.add_push("b", packed, tacho::memory_transport{});
    EXPECT_EQ(telemetry.report().warnings.size(), 1u) << telemetry.report().text();
    auto const again = tacho::telemetry::start(registry, pushing_to("http://a/"), tacho::memory_transport{});
    EXPECT_EQ(count(again.report().text(), "pushes are sent uncompressed"), 1u) << again.report().text();
}

// Instruments, readers and telemetry may outlive their registry object.
TEST(an_added_push, needs_the_registry_no_more) {
    tacho::memory_transport totals, deltas;
    auto telemetry = [&] {
        tacho::registry registry;
        return tacho::telemetry::start(registry, pushing_to("http://a/m"), totals);
    }();
    auto shown = deltas_to("http://b/");
    shown.metrics = true;
    telemetry.add_push("b", shown, deltas);
    EXPECT_TRUE(telemetry.flush() && telemetry.flush());
    ASSERT_EQ(deltas.requests().size(), 1u);  // the second one tells of the first
    EXPECT_NE(deltas.requests()[0].body.find("tacho.pushes"), std::string::npos);
}

// The hook is the program's own code. On a thread of its own, so that a test that fails doesn't wait for ever.
TEST(the_error_hook, may_ask_for_a_report_whatever_starts) {
    static std::atomic<bool> asked{false}, answered{false}, ended{false};
    static tacho::telemetry const* asks = nullptr;
    static tacho::registry& registry =
        *new tacho::registry{{.constant_labels = {{"outcome", "of pushes"}, {"code", "of scrapes"}}}};
    auto const before = tacho::set_error_hook([](tacho::severity, std::string_view what) noexcept {
        if (what.find("was not registered") == what.npos) return;
        asked = true;
        static_cast<void>(asks->report());
        answered = true;
    });
    std::thread starts{[] {
        auto& telemetry = *new auto(tacho::telemetry::start(registry, tacho::settings{}, tacho::memory_transport{}));
        asks = &telemetry;
        auto shown = deltas_to("http://b/");
        shown.metrics = true;
        telemetry.add_push("b", shown, tacho::memory_transport{});
        auto both = pushing_to("http://a/");
        both.push.metrics = both.scrape.enabled = true;
        static_cast<void>(tacho::telemetry::start(registry, both, tacho::memory_transport{}, tacho::own_server{}));
        telemetry.stop();
        ended = true;
    }};
    for (int i = 0; i < 500 && !ended; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    EXPECT_TRUE(asked && answered && ended);
    ended ? starts.join() : starts.detach();
    tacho::set_error_hook(before);
}

}  // namespace

// Each on the thread of its push, which neither may wait for. What it uses outlives the test, should it fail.
TEST(telemetry, may_be_stopped_by_the_error_hook_on_two_threads_at_once) {
    static std::atomic<int> came{0}, left{0};
    static tacho::telemetry* stops = nullptr;
    static tacho::registry& registry = *new tacho::registry;
    static tacho::memory_transport& refuses = *new tacho::memory_transport;
    for (int i = 0; i < 2; ++i) refuses.answer_with({.status = 400});
    auto& telemetry = *new auto(tacho::telemetry::start(registry, pushing_to("http://a/"), refuses));
    telemetry.add_push("b", deltas_to("http://b/"), refuses);
    stops = &telemetry;
    auto const before = tacho::set_error_hook([](tacho::severity, std::string_view) noexcept {
        ++came;
        test::wait_until([] { return came >= 2; });
        stops->stop(std::chrono::seconds{1});
        ++left;
    });
    tacho::counter<"hits"> hits{registry};
    hits.inc();
    std::thread flushes{[] { static_cast<void>(stops->flush()); }};
    bool const ended = test::wait_until([] { return left >= 2; });
    EXPECT_TRUE(ended);
    tacho::set_error_hook(before);
    ended ? flushes.join() : flushes.detach();
    if (!ended) return;
    telemetry.stop();
    delete &telemetry;
}

TEST(the_console, is_not_written_to_without_pause) {
    test::heard heard;
    tacho::registry registry;
    tacho::settings s;
    s.console = {.enabled = true, .interval = std::chrono::milliseconds{0}};
    auto telemetry = tacho::telemetry::start(registry, s, tacho::no_transport{});
    EXPECT_EQ(telemetry.report().console.words, "writing to the standard output every 10000 ms");
    EXPECT_EQ(count(heard.text(), "an interval of 0 ms would push without pause; 10000 ms is used instead"), 1u)
        << heard.text();
}

TEST(a_flush, is_true_where_nobody_is_to_be_pushed_to_and_false_where_a_push_was_refused) {
    test::heard heard;
    tacho::registry quiet, refused;
    EXPECT_TRUE(tacho::telemetry::start(quiet, tacho::settings{}, tacho::memory_transport{}).flush());
    EXPECT_FALSE(tacho::telemetry::start(refused, pushing_to("http://a/"), tacho::no_transport{}).flush());
    EXPECT_EQ(count(heard.text(), "not pushing to http://a/: the program has no transport"), 1u) << heard.text();
}

namespace {

struct bound_at_once {
    tacho::result<std::uint16_t> start(std::string const&, std::uint16_t port, std::shared_ptr<tacho::endpoint>) {
        return port;
    }
    void stop() noexcept {}
};

}  // namespace

// RFC 3986, section 3.2.2: what a person copies from the report has to be a URL.
TEST(a_listener_at_an_ipv6_address, is_reported_in_brackets) {
    tacho::registry registry;
    tacho::settings s;
    s.scrape.enabled = true;
    s.scrape.host = "::1";
    auto const t = tacho::telemetry::start(registry, s, tacho::no_transport{}, bound_at_once{});
    EXPECT_EQ(t.report().scrape.words, "listening on http://[::1]:9464/metrics");
}

// Where a listener answers, the program's own server has no such page, whoever starts telemetry once more, and in
// whichever order: it may be open to all.
TEST(the_mounted_endpoint, answers_only_where_no_listener_does) {
    test::heard const quiet;
    tacho::settings s;
    s.scrape.enabled = true;
    {
        tacho::registry registry;
        auto first = tacho::telemetry::start(registry, s, tacho::no_transport{}, bound_at_once{});
        EXPECT_EQ(first.endpoint()->respond({.method = "GET"}).status(), 404);
        auto const second = tacho::telemetry::start(registry, s, tacho::no_transport{});
        EXPECT_EQ(first.endpoint()->respond({.method = "GET"}).status(), 404);
        EXPECT_EQ(second.report().scrape.port, 9464);
        first.stop();
        EXPECT_EQ(second.report().scrape.port, 0);
        auto const third = tacho::telemetry::start(registry, s, tacho::no_transport{}, tacho::own_server{});
        EXPECT_EQ(third.endpoint()->respond({.method = "GET"}).status(), 200);
    }
    {
        tacho::registry registry;
        auto const first = tacho::telemetry::start(registry, s, tacho::no_transport{});
        EXPECT_EQ(first.endpoint()->respond({.method = "GET"}).status(), 200);
        auto const second = tacho::telemetry::start(registry, s, tacho::no_transport{}, bound_at_once{});
        EXPECT_EQ(first.endpoint()->respond({.method = "GET"}).status(), 404);
    }
    tacho::registry registry;
    auto const first = tacho::telemetry::start(registry, s, tacho::no_transport{}, tacho::own_server{});
    auto const second = tacho::telemetry::start(registry, s, tacho::no_transport{}, bound_at_once{});
    EXPECT_EQ(first.endpoint()->respond({.method = "GET"}).status(), 200);
}
