// SPDX-License-Identifier: MIT
// Real sockets: what only libcurl does.
#include "adapter/receiver.hpp"

#include "tacho/adapter/curl.hpp"

#include <cstdlib>

namespace {

using test::post;

TEST(a_curl_transport, takes_no_proxy_from_the_environment_unless_told) {
    test::receiver<> r{test::answer_ok};
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    ::setenv("all_proxy", "http://127.0.0.1:1", 1);
    ::unsetenv("no_proxy");
    ::unsetenv("NO_PROXY");
    tacho::curl_transport direct, by_proxy{{.use_proxy = true}};
    EXPECT_EQ(post(direct, r.url()).status, 200);
    EXPECT_EQ(post(by_proxy, r.url()).status, 0);
    ::unsetenv("http_proxy");
    ::unsetenv("all_proxy");
}

}  // namespace
