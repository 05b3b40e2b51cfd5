// SPDX-License-Identifier: MIT
// The reader of JSON that other tests trust: it finds what many readers accept.
#include "support/json_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using test::json;

#if defined(__cpp_exceptions)
std::string why_refused(std::string_view text) {
    return test::why_refused([&] { static_cast<void>(test::json_reader::read(text)); });
}

// RFC 8259
TEST(the_json_reader, refuses_what_is_wrong) {
    for (auto const text : {"",
                            " ",
                            "{",
                            "[",
                            "\"",
                            "{}{}",
                            "[1,]",
                            "[,1]",
                            "[1 2]",
                            "{\"a\":1,}",
                            "{\"a\" 1}",
                            "{a:1}",
                            "{\"a\":}",
                            "{1:1}",
                            "{\"a\":1,\"a\":1}",
                            "{\"a\":1,\"\\u0061\":1}",
                            "01",
                            "-",
                            "+1",
                            "1.",
                            ".5",
                            "1e",
                            "1e+",
                            "0x1",
                            "NaN",
                            "Infinity",
                            "-Infinity",
                            "nul",
                            "True",
                            "\"\\x\"",
                            "\"\\u12\"",
                            "\"\\u12g4\"",
                            "\"\\u+123\"",
                            "\"\n\"",
                            "\"\x1F\"",
                            "\"\xFF\"",
                            "\"\xED\xA0\x80\"",
                            "\"\\ud800\"",
                            "\"\\ud800\\n\"",
                            "\"\\ud800\\u0041\"",
                            "\"\\udc00\"",
                            "\"\\\"",
                            "'a'",
                            "[1]]",
                            "// a\n1"})
        EXPECT_NE(why_refused(text), "") << text;
}
#endif

// RFC 8259
TEST(the_json_reader, reads_what_is_right) {
    auto const all = test::json_reader::read(
        " { \"a\" : [ 1 , -0.5e+10 , 0 ] , \"b\" : { } , \"c\":[], \"d\":true,\"e\":false,\"f\":null,\n"
        "\"g\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\u65E5\\ud83d\\ude00\xC3\xA9\x7F\" }\t\r\n");
    ASSERT_EQ(all["a"].items.size(), 3u);
    EXPECT_EQ(all["a"].items[1].text, "-0.5e+10");
    EXPECT_EQ(all["a"].items[2].what, json::is::number);
    EXPECT_EQ(all["b"].what, json::is::object);
    EXPECT_EQ(all["c"].what, json::is::list);
    EXPECT_EQ(all["d"].what, json::is::yes);
    EXPECT_EQ(all["e"].what, json::is::no);
    EXPECT_EQ(all["f"].what, json::is::null);
    EXPECT_EQ(all.text_of("g"),
              (std::string{"\"\\/\b\f\n\r\t\0", 9} + "\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80\xC3\xA9\x7F"));
    EXPECT_EQ(all.text_of("h"), "");
#if defined(__cpp_exceptions)
    EXPECT_EQ(test::why_refused([&] { static_cast<void>(all["h"]); }), "there is no h");
#endif
}

}  // namespace
