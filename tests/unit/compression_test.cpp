// SPDX-License-Identifier: MIT
// Which answers are compressed: what clients say, and what the endpoint makes of it with any compressor.
#include "support/response.hpp"
#include "support/text.hpp"

#include "tacho/export/accept_encoding.hpp"
#include "tacho/export/compressor.hpp"
#include "tacho/export/endpoint.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

bool wants_gzip(std::string_view accept_encoding) {
    return tacho::wants_coding(accept_encoding, "gzip");
}

// CONFORMANCE 84
TEST(compression, is_wanted_by_who_names_the_coding) {
    for (auto const wanting :
         {"gzip", "GZip", "x-gzip", "gzip, deflate, br", "deflate,gzip;q=1.0", " gzip ; q = 0.001 ", "br;q=0, gzip",
          "gzip;q=0.5, *;q=0.1", "gzip, *;q=0", "identity;q=0.5, gzip", "*, identity;q=0", "*;q=0.8,identity;q=0.7"})
        EXPECT_TRUE(wants_gzip(wanting)) << wanting;
}

// CONFORMANCE 84, 85
TEST(compression, is_for_nobody_else) {
    for (auto const content :
         {"", "identity", "deflate", "br, zstd", "gzipped", "gzi", "gzip;q=0", "gzip;q=0.000", "gzip; Q=0", "*;q=0",
          "gzip;q=0, *", "identity, *;q=0", "identity;q=0", "identity;q=0, *;q=0", ",,;;==", "\xFF", ";q=1", "q=1"})
        EXPECT_FALSE(wants_gzip(content)) << content;
}

// CONFORMANCE 85: by weight; of equals what is offered first, which is the page as it is.
TEST(compression, is_not_wanted_by_who_likes_it_no_better) {
    for (auto const content : {"*", "*;q=0.1", "gzip, identity", "identity, gzip", "gzip;q=0.5, *",
                               "gzip;q=0.5, identity;q=0.501", "identity, gzip;q=0.999"})
        EXPECT_FALSE(wants_gzip(content)) << content;
}

// CONFORMANCE 81: as for media types.
TEST(compression, is_excluded_by_a_weight_that_is_none) {
    for (auto const q : {"x", "", "2", "-1", "1.5", "0.1234", "1.001", ".5", "1e0"})
        EXPECT_FALSE(wants_gzip("gzip;q=" + std::string{q})) << q;
}

// CONFORMANCE 98
TEST(compression, survives_a_header_of_100_kilobytes) {
    EXPECT_FALSE(wants_gzip(std::string(100'000, 'a')));
    EXPECT_FALSE(wants_gzip(std::string(100'000, ',')));
    EXPECT_TRUE(wants_gzip("gzip," + std::string(100'000, 'b')));
    EXPECT_FALSE(wants_gzip(std::string(100'000, 'b') + ",gzip"));
    std::string many;
    while (many.size() < 100'000) many += "deflate;q=0.5,";
    EXPECT_FALSE(wants_gzip(many + "gzip"));
    EXPECT_FALSE(wants_gzip("gzip;q=0," + many));
}

// Turns letters around, and fails when it is told to.
class turner final : public tacho::compressor {
public:
    bool works = true;

    std::string_view coding() const noexcept override { return "turned"; }
    bool compress(std::string_view body, tacho::byte_buffer& into) noexcept override {
        char* const out = into.window(body.size());
        if (out == nullptr) return false;
        for (std::size_t i = 0; i < body.size(); ++i) out[i] = body[body.size() - 1 - i];
        into.commit(body.size());
        return works;
    }
};

struct compressing_shop {
    tacho::registry registry{test::fixed()};
    tacho::counter<"hits"> hits{registry};
    std::shared_ptr<turner> const turns = std::make_shared<turner>();
    tacho::endpoint endpoint{registry, {.compress_with = turns}};
};

std::string const page = "# TYPE hits_total counter\nhits_total 0\n";
std::string const turned{page.rbegin(), page.rend()};

// CONFORMANCE 84
TEST(an_endpoint, compresses_for_who_wants_it) {
    compressing_shop s;
    for (int i = 0; i < 3; ++i) {
        auto const answer = s.endpoint.respond({.accept_encoding = "turned"});
        EXPECT_EQ(answer.status(), 200);
        EXPECT_EQ(answer.body(), turned);
        EXPECT_EQ(test::header_of(answer, "Content-Encoding"), "turned");
        EXPECT_EQ(test::header_of(answer, "Vary"), "Accept, Accept-Encoding");
        EXPECT_EQ(answer.content_type(), "text/plain; version=0.0.4; charset=utf-8");
    }
}

// CONFORMANCE 83, 84
TEST(an_endpoint, says_that_it_varies_and_nothing_of_a_coding_when_it_does_not_compress) {
    compressing_shop s;
    for (auto const codings : {"", "gzip", "turned;q=0", "*;q=0"}) {
        auto const answer = s.endpoint.respond({.accept_encoding = codings});
        EXPECT_EQ(answer.body(), page) << codings;
        EXPECT_EQ(test::header_of(answer, "Content-Encoding"), "") << codings;
        EXPECT_EQ(test::header_of(answer, "Vary"), "Accept, Accept-Encoding");
    }
    // CONFORMANCE 87
    tacho::endpoint without{s.registry};
    EXPECT_EQ(without.respond({.accept_encoding = "gzip"}).body(), page);
}

// CONFORMANCE 85
TEST(an_endpoint, answers_uncompressed_when_compressing_fails) {
    compressing_shop s;
    s.turns->works = false;
    auto const answer = s.endpoint.respond({.accept_encoding = "turned"});
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body(), page);
    EXPECT_EQ(test::header_of(answer, "Content-Encoding"), "");
}

// CONFORMANCE 86
TEST(an_endpoint, compresses_nothing_but_pages) {
    compressing_shop s;
    for (auto const method : {"HEAD", "POST"})
        EXPECT_EQ(
            test::header_of(s.endpoint.respond({.method = method, .accept_encoding = "turned"}), "Content-Encoding"),
            "")
            << method;
    EXPECT_EQ(s.endpoint.respond({.method = "HEAD", .accept_encoding = "turned"}).body(), "");
    std::vector<tacho::scrape_response> held;
    for (int i = 0; i < 16; ++i) held.push_back(s.endpoint.respond({.accept_encoding = "turned"}));
    auto const busy = s.endpoint.respond({.accept_encoding = "turned"});
    EXPECT_EQ(busy.status(), 503);
    EXPECT_EQ(test::header_of(busy, "Content-Encoding"), "");
    for (auto const& answer : held) EXPECT_EQ(answer.body(), turned);
}

}  // namespace
