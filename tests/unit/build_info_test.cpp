// SPDX-License-Identifier: MIT
// Which build runs, as an info.
#include "tacho/process/build_info.hpp"
#include "support/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using test::as_text;

TEST(a_build_info, begins_with_the_programs_name) {
    tacho::registry registry;
    tacho::build_info const build{
        registry, {.program = "shop", .version = "1.4.2", .revision = "d5c4f2", .branch = "main", .compiler = "c"}};
    EXPECT_TRUE(build.ok());
    EXPECT_EQ(as_text(registry),
              "# HELP shop_build_info Which build runs; always 1\n# TYPE shop_build_info gauge\n"
              "shop_build_info{branch=\"main\",compiler=\"c\",revision=\"d5c4f2\",version=\"1.4.2\"} 1\n");
    EXPECT_NE(as_text(registry, tacho::text_format::openmetrics_1_0_0).find("# TYPE shop_build info\n"),
              std::string::npos);
}

TEST(a_build_info, leaves_out_what_is_not_told_and_knows_its_compiler) {
    tacho::registry registry;
    tacho::build_info const build{registry, {.version = "2"}};
    auto const page = as_text(registry);
#if defined(__clang__)
    EXPECT_NE(page.find("build_info{compiler=\"clang "), page.npos) << page;
#else
    EXPECT_NE(page.find("build_info{compiler=\"gcc "), page.npos) << page;
#endif
    EXPECT_NE(page.find("\",version=\"2\"} 1\n"), page.npos) << page;
    EXPECT_EQ(page.find("revision"), page.npos) << page;
}

TEST(a_build_info, ends_with_its_object) {
    tacho::registry registry;
    { tacho::build_info const build{registry, {.program = "shop"}}; }
    EXPECT_EQ(as_text(registry), "");
}

TEST(a_build_info, of_a_program_that_no_metric_can_be_called_after_says_so) {
    test::heard const heard;
    tacho::registry registry;
    tacho::build_info const build{registry, {.program = "2nd shop"}};
    EXPECT_FALSE(build.ok());
    EXPECT_NE(heard.text().find("\"2nd shop.build\" was not registered: a name begins with a letter"),
              std::string::npos)
        << heard.text();
    EXPECT_EQ(as_text(registry), "");
}

}  // namespace
