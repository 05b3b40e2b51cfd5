// SPDX-License-Identifier: MIT
// What zlib makes of a page is read by zlib again.
#include "support/response.hpp"
#include "support/text.hpp"

#include "tacho/adapter/zlib.hpp"
#include "tacho/export/memory_transport.hpp"
#include "tacho/tacho.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <zlib.h>

namespace {

// What is in one gzip member with nothing behind it; nothing when that isn't what it is given.
std::optional<std::string> unpacked(std::string_view packed) {
    z_stream z{};
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) return {};
    std::string const in{packed};
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = static_cast<uInt>(in.size());
    std::string out;
    std::string piece(100'000, '\0');
    int status = Z_OK;
    while (status == Z_OK) {
        z.next_out = reinterpret_cast<Bytef*>(piece.data());
        z.avail_out = static_cast<uInt>(piece.size());
        status = inflate(&z, Z_NO_FLUSH);
        out.append(piece, 0, piece.size() - z.avail_out);
    }
    bool const whole = status == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    return whole ? std::optional{out} : std::nullopt;
}

struct packed_shop {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits", tacho::label<"page", int>> hits{registry, "Hits"};
    std::shared_ptr<tacho::compressor> const by = tacho::gzip();
    tacho::endpoint endpoint{registry, {.compress_with = by}};

    packed_shop() {
        for (int i = 0; i < 1000; ++i) hits(i).inc();
    }
};

// CONFORMANCE 84, 86
TEST(a_gzip_page, is_one_member_that_holds_the_page) {
    packed_shop s;
    for (auto const accept : {"text/plain", "application/openmetrics-text"}) {
        auto const plain = s.endpoint.respond({.accept = accept});
        auto const packed = s.endpoint.respond({.accept = accept, .accept_encoding = "gzip"});
        EXPECT_EQ(test::header_of(packed, "Content-Encoding"), "gzip");
        EXPECT_EQ(test::header_of(packed, "Vary"), "Accept, Accept-Encoding");
        EXPECT_EQ(packed.content_type(), plain.content_type());
        EXPECT_LT(packed.body().size() * 5, plain.body().size());
        EXPECT_EQ(unpacked(packed.body()), plain.body());
    }
}

// CONFORMANCE 85
TEST(a_gzip_page, is_sent_to_who_asks_and_to_nobody_else) {
    packed_shop s;
    for (auto const codings : {"", "gzip;q=0", "identity", "*", "*;q=0", "br"}) {
        auto const answer = s.endpoint.respond({.accept_encoding = codings});
        EXPECT_EQ(test::header_of(answer, "Content-Encoding"), "") << codings;
        EXPECT_TRUE(answer.body().starts_with("# HELP hits_total")) << codings;
    }
}

// CONFORMANCE 86
TEST(gzip, makes_one_member_of_anything_behind_what_is_there) {
    std::string noise;
    for (unsigned i = 0; noise.size() < 300'000; i = i * 1664525 + 1013904223) noise += static_cast<char>(i >> 24);
    auto const by = tacho::gzip();
    for (std::string const& body : {std::string{}, std::string{"a"}, std::string(1'000'000, 'a'), noise}) {
        tacho::byte_buffer into;
        static_cast<void>(into.window(3));
        into.commit(3);
        ASSERT_TRUE(by->compress(body, into));
        EXPECT_EQ(unpacked(into.view().substr(3)), body);
    }
}

TEST(gzip, compresses_at_the_level_it_is_told) {
    std::string body;
    for (int i = 0; i < 5000; ++i) body += "hits_total{page=\"" + std::to_string(i * 7919 % 5000) + "\"} 1\n";
    std::size_t before = body.size();
    for (int const level : {1, 9}) {
        tacho::byte_buffer into;
        ASSERT_TRUE(tacho::gzip(level)->compress(body, into));
        EXPECT_EQ(into.view()[8], level == 1 ? 4 : 2);  // RFC 1952: the fastest algorithm, and the slowest
        EXPECT_LT(into.view().size(), before);
        before = into.view().size();
    }
    for (int const level : {-100, 0, 10, 1000}) {
        tacho::byte_buffer into;
        EXPECT_TRUE(tacho::gzip(level)->compress(body, into));
    }
}

TEST(gzip, says_when_there_is_no_room) {
    tacho::byte_buffer small{100};
    EXPECT_FALSE(tacho::gzip()->compress(std::string(1000, 'a'), small));
    tacho::byte_buffer large;
    EXPECT_TRUE(tacho::gzip()->compress(std::string(1000, 'a'), large));
}

// CONFORMANCE 96
TEST(gzip, is_used_by_many_at_the_same_time) {
    packed_shop s;
    auto const page = std::string{s.endpoint.respond({}).body()};
    std::barrier together{4};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                together.arrive_and_wait();
                auto const answer = s.endpoint.respond({.accept_encoding = "gzip"});
                EXPECT_EQ(unpacked(answer.body()), page);
            }
        });
    for (auto& t : threads) t.join();
}

// What a pusher sends: pairs of Content-Encoding and body.
std::vector<std::pair<std::string, std::string>> sent_by(tacho::memory_transport const& transport) {
    std::vector<std::pair<std::string, std::string>> out;
    for (auto const& request : transport.requests()) {
        std::string coding;
        for (auto const& [name, value] : request.headers)
            if (name == "Content-Encoding") coding += value;
        out.emplace_back(coding, request.body);
    }
    return out;
}

// CONFORMANCE 161
TEST(a_gzip_push, holds_the_request_and_is_retried_as_it_is) {
    packed_shop s;
    tacho::memory_transport plain, packed;
    tacho::pusher as_it_is{s.registry, {}, plain};
    tacho::pusher by_gzip{s.registry, {.compress_with = s.by}, packed};
    packed.answer_with({.status = 503});
    ASSERT_TRUE(as_it_is.flush());
    ASSERT_TRUE(by_gzip.flush());
    s.hits(0).inc();
    ASSERT_TRUE(as_it_is.flush());
    ASSERT_TRUE(by_gzip.flush());
    auto const expected = sent_by(plain), got = sent_by(packed);
    ASSERT_EQ(expected.size(), 2u);
    ASSERT_EQ(got.size(), 3u);
    EXPECT_EQ(got[0], got[1]);
    for (auto const& [coding, body] : got) EXPECT_EQ(coding, "gzip");
    EXPECT_EQ(unpacked(got[1].second), expected[0].second);
    EXPECT_EQ(unpacked(got[2].second), expected[1].second);
    EXPECT_EQ(expected[0].first, "");
    EXPECT_LT(got[0].second.size() * 5, expected[0].second.size());
}

TEST(a_push, is_sent_as_it_is_when_it_can_not_be_compressed) {
    struct refuses final : tacho::compressor {
        std::string_view coding() const noexcept override { return "gzip"; }
        bool compress(std::string_view, tacho::byte_buffer& into) noexcept override {
            if (char* const room = into.window(4)) std::memcpy(room, "half", 4), into.commit(4);
            return false;
        }
    };
    packed_shop s;
    tacho::memory_transport transport;
    tacho::pusher pusher{s.registry, {.compress_with = std::make_shared<refuses>()}, transport};
    ASSERT_TRUE(pusher.flush());
    auto const sent = sent_by(transport);
    EXPECT_EQ(sent.at(0).first, "");
    EXPECT_TRUE(sent.at(0).second.starts_with("{\"resourceMetrics\""));
}

// CONFORMANCE 6.2: OTEL_EXPORTER_OTLP_COMPRESSION
TEST(telemetry, compresses_pushes_when_the_settings_ask_for_it_and_says_when_it_can_not) {
    auto const pushed = [](std::string_view compression, std::shared_ptr<tacho::compressor> by) {
        tacho::registry registry{test::fixed()};
        tacho::counter<"hits"> hits{registry};
        tacho::memory_transport transport;
        tacho::settings settings;
        settings.push.enabled = true;
        settings.push.compression = compression;
        auto telemetry = tacho::telemetry::start(registry, settings, transport, tacho::own_server{}, by);
        EXPECT_TRUE(telemetry.flush());
        return std::pair{sent_by(transport).at(0).first, telemetry.report().text()};
    };
    EXPECT_EQ(pushed("gzip", tacho::gzip()).first, "gzip");
    EXPECT_EQ(pushed("gzip", tacho::gzip()).second.find("warning"), std::string::npos);
    EXPECT_EQ(pushed("", tacho::gzip()).first, "");
    auto const [coding, report] = pushed("gzip", nullptr);
    EXPECT_EQ(coding, "");
    EXPECT_NE(report.find(
                  "warning: pushes are sent uncompressed: the program has no compressor for push.compression=\"gzip\""),
              std::string::npos);
}

TEST(telemetry, compresses_scrapes_for_who_asks) {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
    tacho::settings settings;
    settings.scrape.enabled = true;
    settings.scrape.metrics = false;  // two pages are compared
    auto const telemetry =
        tacho::telemetry::start(registry, settings, tacho::no_transport{}, tacho::own_server{}, tacho::gzip());
    auto const packed = telemetry.endpoint()->respond({.accept_encoding = "gzip"});
    EXPECT_EQ(unpacked(packed.body()), telemetry.endpoint()->respond({}).body());
}

}  // namespace
