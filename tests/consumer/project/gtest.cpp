// SPDX-License-Identifier: MIT
// A test of what a program records.
#include <tacho/adapter/gtest.hpp>
#include <tacho/tacho.hpp>

#include <gtest/gtest.h>

TEST(a_program, counts_its_requests) {
    tacho::registry registry;
    tacho::counter<"requests"> requests{registry, "Requests so far"};
    requests.inc();
    EXPECT_THAT(registry, tacho::has_series("requests", {}, 1));
}
