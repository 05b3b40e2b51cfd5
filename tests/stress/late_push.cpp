// SPDX-License-Identifier: MIT
// A program whose telemetry is static, so that its last push is made after main(): for exits_test.py. It pushes by
// libcurl to where the environment says, and ends with status 0 if the first push is taken; the error hook prints what
// is wrong.
#include <tacho/adapter/curl.hpp>
#include <tacho/tacho.hpp>

#include <chrono>

int main() {
    static auto telemetry = tacho::telemetry::start(tacho::default_registry(), tacho::settings::from_environment(),
                                                    tacho::curl_transport{});
    static tacho::counter<"hits">& hits = *new tacho::counter<"hits">;  // there to the end
    hits.inc();
    bool const taken = telemetry.flush(std::chrono::hours{1});
    hits.inc(2);
    return taken ? 0 : 1;
}
