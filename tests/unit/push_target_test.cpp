// SPDX-License-Identifier: MIT
// The parts of the URL that a push goes to.
#include "tacho/export/push_target.hpp"

#include <gtest/gtest.h>

namespace {

using tacho::detail::push_target_of;

// CONFORMANCE 158: nothing is changed but an empty path.
TEST(a_push_target, has_the_path_and_the_query_as_they_are_written) {
    EXPECT_EQ(push_target_of("http://c:4318/a/./b//c/")->path, "/a/./b//c/");
    EXPECT_EQ(push_target_of("http://c/%41+b?d=%2F#e")->path, "/%41+b?d=%2F");
    EXPECT_EQ(push_target_of("http://c")->path, "/");
    EXPECT_EQ(push_target_of("http://c?d")->path, "/?d");
    EXPECT_EQ(push_target_of("http://c#e")->path, "/");
}

// CONFORMANCE 159
TEST(a_push_target, has_the_port_of_its_scheme_when_it_names_none) {
    EXPECT_EQ(push_target_of("http://c/")->port, 80);
    EXPECT_EQ(push_target_of("HTTPS://c/")->port, 443);
    EXPECT_EQ(push_target_of("HTTPS://c/")->scheme, "https");
    EXPECT_EQ(push_target_of("https://c:4318/")->port, 4318);
    EXPECT_EQ(push_target_of("https://c:/")->port, 443);
}

TEST(a_push_target, names_its_host_as_a_request_does) {
    EXPECT_EQ(push_target_of("http://c.example:/")->named, "c.example");
    EXPECT_EQ(push_target_of("http://c.example:4318/")->named, "c.example:4318");
    auto const v6 = push_target_of("http://[2001:db8::a]:4318/");
    EXPECT_EQ(v6->host, "2001:db8::a");
    EXPECT_EQ(v6->named, "[2001:db8::a]:4318");
    EXPECT_EQ(v6->port, 4318);
    EXPECT_EQ(push_target_of("http://[::1]/")->named, "[::1]");
    EXPECT_EQ(push_target_of("http://[::1]/")->port, 80);
    // RFC 6874: how a zone is written in a URL; it means nothing to the host that is reached.
    auto const zone = push_target_of("http://[fe80::1%25eth0]:4318/");
    EXPECT_EQ(zone->host, "fe80::1%eth0");
    EXPECT_EQ(zone->named, "[fe80::1]:4318");
}

TEST(a_push_target, has_a_name_and_a_password_without_their_escapes) {
    auto const both = push_target_of("http://me:p%40%3As:s@c:4318/x");
    EXPECT_EQ(both->user, "me");
    EXPECT_EQ(both->password, "p@:s:s");
    EXPECT_EQ(both->host, "c");
    EXPECT_EQ(both->named, "c:4318");
    EXPECT_EQ(both->origin, "http://me:p%40%3As:s@c:4318");
    EXPECT_EQ(push_target_of("http://me@c")->user, "me");
    EXPECT_EQ(push_target_of("http://me@c")->password, "");
}

TEST(a_push_target, is_none_for_a_url_that_is_none) {
    for (auto const url : {"", "c:4318", "http://", "http://:80", "http://c:port", "http://c:65536", "http://c:0",
                           "http://c:80x", "http://c:-1", "http://[::1", "http://[::1]x", "http://[]", "http://me%4@c",
                           "http://me:%zz@c", "http://c/a b"})
        EXPECT_FALSE(push_target_of(url)) << url;
}

}  // namespace
