// SPDX-License-Identifier: MIT
// The answer to a request that Boost.Beast has read.
#include <tacho/adapter/beast.hpp>
#include <tacho/tacho.hpp>

#include <boost/beast/http/empty_body.hpp>

#include <string>

int main() {
    tacho::counter<"requests"> requests{"Requests so far"};
    requests.inc();

    namespace http = boost::beast::http;
    tacho::endpoint endpoint{tacho::default_registry()};
    auto const page = tacho::respond(endpoint, http::request<http::empty_body>{http::verb::get, "/metrics", 11});
    return page.body().find("requests_total 1\n") != std::string::npos ? 0 : 1;
}
