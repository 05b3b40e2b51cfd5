// SPDX-License-Identifier: MIT
// A page compressed for who asks.
#include <tacho/adapter/zlib.hpp>
#include <tacho/tacho.hpp>

int main() {
    tacho::counter<"requests"> requests{"Requests so far"};
    requests.inc();

    tacho::endpoint endpoint{tacho::default_registry(), {.compress_with = tacho::gzip()}};
    auto const page = endpoint.respond({.accept_encoding = "gzip"});
    return page.body().starts_with("\x1F\x8B") ? 0 : 1;
}
