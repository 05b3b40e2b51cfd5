// SPDX-License-Identifier: MIT
// Series whose label values have the same hash: what happens when it tells nothing apart.
#include "support/text.hpp"
#include "tacho/record.hpp"
#include "tacho/series/hash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using pair = std::array<std::string, 2>;

std::uint64_t hash_of(pair const& values) {
    std::array<std::string_view, 2> const views{values[0], values[1]};
    return tacho::detail::hash_of(std::span{views});
}

// What hash_of() mixes in for a value of eight bytes.
std::uint64_t bits_of(std::string const& eight) {
    return tacho::detail::load<std::uint64_t>(eight.data());
}
std::string text_of(std::uint64_t bits) {
    std::string text(8, ' ');
    std::memcpy(text.data(), &bits, 8);
    return text;
}

// Pairs of values that all have one hash: for any first value there is one second value that takes the hash where
// another pair takes it, because a round adds the value's bits. It counts when it is printable.
std::vector<pair> colliding(std::size_t count) {
    std::mt19937_64 random{1};
    auto const letters = [&] {
        std::string text(8, ' ');
        for (auto& c : text) c = static_cast<char>('a' + random() % 26);
        return text;
    };
    auto const after_first = [](std::string const& first) {
        return tacho::detail::mix(0x9E3779B97F4A7C15u, std::string_view{first});
    };
    std::vector<pair> found{{letters(), letters()}};
    auto const target = after_first(found[0][0]) + bits_of(found[0][1]);
    while (found.size() < count) {
        auto first = letters();
        auto second = text_of(target - after_first(first));
        bool printable = true;
        for (char const c : second) printable &= c >= ' ' && c <= '~' && c != '"' && c != '\\';
        if (printable) found.push_back({std::move(first), std::move(second)});
    }
    return found;
}

struct collision {
    std::vector<pair> const keys = colliding(64);
    tacho::registry registry;
    tacho::counter<"hits", tacho::label<"a">, tacho::label<"b">> hits{registry};

    [[nodiscard]] std::string count_of(pair const& key) const {
        return test::value_of(test::as_text(registry), "hits_total{a=\"" + key[0] + "\",b=\"" + key[1] + "\"}");
    }
};

TEST(label_values_of_one_hash, are_what_the_test_makes) {
    collision c;
    std::set<pair> const different(c.keys.begin(), c.keys.end());
    EXPECT_EQ(different.size(), c.keys.size());
    for (auto const& key : c.keys) EXPECT_EQ(hash_of(key), hash_of(c.keys[0]));
}

// Each byte of a value counts, whatever its length: in the comparison, which the hash mostly hides, and in the hash.
TEST(label_values_of_one_hash, are_compared_to_the_last_byte) {
    for (std::size_t size = 0; size <= 40; ++size) {
        std::string const text(size, 'a');
        std::string other = text;  // of its own, so that nothing is compared with itself
        EXPECT_TRUE(tacho::detail::is_same_text(text.data(), other.data(), size)) << size;
        for (std::size_t i = 0; i < size; ++i) {
            other[i] = 'b';
            EXPECT_FALSE(tacho::detail::is_same_text(text.data(), other.data(), size)) << size << " " << i;
            EXPECT_NE(hash_of({text, "x"}), hash_of({other, "x"})) << size << " " << i;
            other[i] = 'a';
        }
    }
}

// Of keys as programs have them, which differ in few bits: in a table of four places a key, as many in one place as if
// thrown at random, and no two of the same 64 bits.
TEST(label_values_of_one_hash, are_not_what_programs_have) {
    constexpr std::size_t count = 1 << 16;
    auto const expect_spread = [&](std::string const& what, auto const& key_of) {
        std::set<std::uint64_t> different;
        std::vector<std::size_t> places(4 * count);
        std::size_t taken = 0, tags[16]{};
        for (std::size_t i = 0; i < count; ++i) {
            auto const hash = hash_of(key_of(i));
            different.insert(hash);
            if (places[static_cast<std::size_t>(hash % places.size())]++ == 0) ++taken;
            ++tags[hash >> 60];
        }
        EXPECT_EQ(different.size(), count) << what;
        EXPECT_NEAR(static_cast<double>(taken), 0.8848 * count, 0.02 * count) << what;  // 4 (1 - e^(-1/4))
        for (auto const n : tags) EXPECT_NEAR(static_cast<double>(n), count / 16.0, 0.1 * count / 16) << what;
    };
    auto const number = [](std::size_t i) { return std::to_string(i); };
    expect_spread("a number", [&](std::size_t i) { return pair{number(i), "GET"}; });
    expect_spread("a number behind", [&](std::size_t i) { return pair{"GET", number(i)}; });
    expect_spread("two numbers", [&](std::size_t i) { return pair{number(i / 256), number(i % 256)}; });
    expect_spread("a path", [&](std::size_t i) { return pair{"/v1/models/" + number(i) + "/versions", "200"}; });
    expect_spread("a long path", [&](std::size_t i) { return pair{std::string(100, '/') + number(i), "200"}; });
    expect_spread("a byte", [&](std::size_t i) {
        return pair{std::string(1 + i % 256, 'a'), std::string(1 + i / 256, 'a')};
    });
    expect_spread("four letters", [&](std::size_t i) {
        std::string text;
        for (std::size_t left = i; text.size() < 4; left /= 16) text += static_cast<char>('a' + left % 16);
        return pair{text, text};
    });
    auto const letters = [](std::size_t i) {
        return std::string{static_cast<char>('a' + i / 16 % 16), static_cast<char>('a' + i % 16)};
    };
    expect_spread("last letters", [&](std::size_t i) { return pair{"sh-" + letters(i / 256), "zn-" + letters(i)}; });
    expect_spread("last letters of long ones", [&](std::size_t i) {
        return pair{"consumer-group-" + letters(i / 256), "/topics/partition-" + letters(i)};
    });
    expect_spread("an address", [&](std::size_t i) {
        return pair{"10.0." + number(i / 256) + "." + number(i % 256), ""};
    });
}

TEST(label_values_of_one_hash, are_different_series) {
    collision c;
    for (std::size_t round = 0; round < 2; ++round)
        for (std::size_t i = 0; i < c.keys.size(); ++i) c.hits(c.keys[i][0], c.keys[i][1]).inc(i + 1);
    for (std::size_t i = 0; i < c.keys.size(); ++i) EXPECT_EQ(c.count_of(c.keys[i]), std::to_string(2 * (i + 1)));
}

TEST(label_values_of_one_hash, are_removed_one_by_one) {
    collision c;
    for (auto const& key : c.keys) c.hits(key[0], key[1]).inc(7);
    for (std::size_t i = 0; i < c.keys.size(); i += 2) EXPECT_TRUE(c.hits.remove(c.keys[i][0], c.keys[i][1]));
    for (std::size_t i = 0; i < c.keys.size(); i += 2) EXPECT_FALSE(c.hits.remove(c.keys[i][0], c.keys[i][1]));
    for (std::size_t i = 0; i < c.keys.size(); ++i) c.hits(c.keys[i][0], c.keys[i][1]).inc();
    for (std::size_t i = 0; i < c.keys.size(); ++i) EXPECT_EQ(c.count_of(c.keys[i]), i % 2 == 0 ? "1" : "8");
}

}  // namespace
