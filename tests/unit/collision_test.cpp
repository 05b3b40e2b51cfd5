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
#include <string>
#include <string_view>
#include <vector>

namespace {

using pair = std::array<std::string, 2>;

std::uint64_t hash_of(pair const& values) {
    std::array<std::string_view, 2> const views{values[0], values[1]};
    return tacho::detail::hash_of(views);
}

// What hash_of() mixes in for a value of eight bytes.
std::uint64_t bits_of(std::string const& eight) {
    return tacho::detail::load_short(eight.data(), 8) + std::uint64_t{8} * 0x9E3779B97F4A7C15u;
}
std::string text_of(std::uint64_t bits) {
    bits -= std::uint64_t{8} * 0x9E3779B97F4A7C15u;
    std::string text(8, ' ');
    for (std::size_t half = 0; half < 2; ++half) {
        auto const four = static_cast<std::uint32_t>(bits >> (32 * half));
        std::memcpy(text.data() + 4 * half, &four, 4);
    }
    return text;
}

// Pairs of values that all have one hash: for any first value there is one second value that takes the hash where
// another pair takes it, because a round xors the value's bits in. It counts when it is printable.
std::vector<pair> colliding(std::size_t count) {
    std::mt19937_64 random{1};
    auto const letters = [&] {
        std::string text(8, ' ');
        for (auto& c : text) c = static_cast<char>('a' + random() % 26);
        return text;
    };
    auto const after_first = [](std::string const& first) {
        return tacho::detail::mix(0x9E3779B97F4A7C15u, bits_of(first));
    };
    std::vector<pair> found{{letters(), letters()}};
    auto const target = after_first(found[0][0]) ^ bits_of(found[0][1]);
    while (found.size() < count) {
        auto first = letters();
        auto second = text_of(after_first(first) ^ target);
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
