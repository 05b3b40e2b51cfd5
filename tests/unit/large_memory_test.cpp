// SPDX-License-Identifier: MIT
// What is written to and kept in memory by the mebibyte, which comes in huge pages where the system has them.
#include "support/text.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/instrument/counter.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <set>
#include <string>

namespace {

// Writes pieces of sizes that differ; false once there is no room.
bool write(tacho::byte_buffer& to, std::string& copy, std::size_t size) {
    char* const window = to.window(size);
    if (window == nullptr) return false;
    std::memset(window, static_cast<char>('a' + copy.size() % 26), size);
    to.commit(size);
    copy.append(size, static_cast<char>('a' + copy.size() % 26));
    return true;
}

TEST(a_byte_buffer, keeps_what_it_has_while_it_grows_to_many_mebibytes) {
    tacho::byte_buffer buffer;
    std::string copy;
    for (std::size_t size = 1; copy.size() < 20u << 20; size = size * 3 % 100'003)
        ASSERT_TRUE(write(buffer, copy, size));
    EXPECT_TRUE(buffer.view() == copy);
    buffer.clear();
    EXPECT_EQ(buffer.view(), "");
    copy.clear();
    ASSERT_TRUE(write(buffer, copy, 5'000'000));  // more at once than it would grow by
    EXPECT_TRUE(buffer.view() == copy);
}

TEST(a_byte_buffer, refuses_what_is_beyond_its_limit_where_its_memory_is_larger) {
    for (std::size_t const limit : {1'048'575u, 1'048'576u, 2'097'152u, 2'097'153u, 3'000'000u}) {
        tacho::byte_buffer buffer{limit}, at_once{limit};
        std::string copy;
        while (copy.size() + 1000 <= limit) ASSERT_TRUE(write(buffer, copy, 1000)) << limit;
        EXPECT_FALSE(write(buffer, copy, limit - copy.size() + 1)) << limit;
        EXPECT_TRUE(write(buffer, copy, limit - copy.size())) << limit;
        EXPECT_EQ(buffer.window(1), nullptr) << limit;
        EXPECT_TRUE(buffer.view() == copy) << limit;
        EXPECT_EQ(at_once.window(limit + 1), nullptr) << limit;
        EXPECT_NE(at_once.window(limit), nullptr) << limit;
    }
}

// So many, of so many bytes each, that their family puts them into huge pages.
TEST(series_of_many_mebibytes, are_shown_and_go_as_others_do) {
    tacho::registry registry;
    tacho::counter<"large", tacho::label<"a">, tacho::label<"b">, tacho::label<"c">, tacho::label<"d">,
                   tacho::series_limit<6000>>
        large{registry};
    auto const text = [](int i) { return std::to_string(i) + std::string(900 + static_cast<std::size_t>(i) % 7, '.'); };
    auto const of = [&](int i) { return large(text(i), text(i + 1), text(i + 2), text(i + 3)); };
    auto const line = [&](int i) {
        return "large_total{a=\"" + text(i) + "\",b=\"" + text(i + 1) + "\",c=\"" + text(i + 2) + "\",d=\"" +
               text(i + 3) + "\"} " + std::to_string(i + 1) + '\n';
    };
    int const first = 5500, all = 7000;
    auto const lines = [&](auto is_there) {
        std::set<std::string> out;
        for (int i = 0; i < all; ++i)
            if (is_there(i)) out.insert(line(i));
        return out;
    };
    auto const shown = [&] {
        std::set<std::string> out;
        auto const page = test::as_text(registry);
        for (std::size_t at = page.find('\n') + 1, end = 0; at < page.size(); at = end) {
            end = page.find('\n', at) + 1;
            out.insert(page.substr(at, end - at));
        }
        return out;
    };
    for (int i = 0; i < first; ++i) of(i).inc(i + 1);
    EXPECT_TRUE(shown() == lines([&](int i) { return i < first; }));
    for (int i = 0; i < first; ++i)
        if (i % 3 != 0) {
            EXPECT_TRUE(large.remove(text(i), text(i + 1), text(i + 2), text(i + 3)));
        }
    EXPECT_TRUE(shown() == lines([&](int i) { return i < first && i % 3 == 0; }));
    for (int i = first; i < all; ++i) of(i).inc(i + 1);  // some of them in the places of those
    EXPECT_TRUE(shown() == lines([&](int i) { return i >= first || i % 3 == 0; }));
}

}  // namespace
