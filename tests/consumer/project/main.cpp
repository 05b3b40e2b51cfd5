// SPDX-License-Identifier: MIT
// A program of somebody else's, as small as it can be.
#include <tacho/tacho.hpp>

// Names that the library has for local variables, which g++ warns of where it is not in a system's folder.
[[maybe_unused]] static int at, c, i, of, out, s, size, to;

int main() {
    tacho::counter<"requests"> requests{"Requests so far"};
    requests.inc();
    tacho::endpoint endpoint{tacho::default_registry()};
    return endpoint.respond({}).body().find("requests_total 1\n") != std::string_view::npos ? 0 : 1;
}
