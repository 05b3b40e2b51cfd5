// SPDX-License-Identifier: MIT
// The lines of numbers and of buckets, of which two are written at a time.
#include "support/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace {

using lines = tacho::counter<"lines", tacho::label<"of">>;

// So many that some are written eight at a time and some by less, down to a single one.
constexpr std::size_t series = 19;

// Numbers that grow from page to page, as a counter's do. Each is in the first or second place of a pair, by `first`.
void expect_each_in_its_line(std::vector<std::uint64_t> const& ascending, std::size_t first) {
    tacho::registry registry;
    lines counter{registry};
    std::vector<decltype(counter.bind(""))> handles;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < series; ++i) {
        auto const label = std::string(i + 1, 'x');
        handles.push_back(counter.bind(label));
        texts.push_back("lines_total{of=\"" + label + "\"} ");
    }
    std::array<std::uint64_t, series> now{};
    for (std::size_t at = first; at + series <= ascending.size(); at += series) {
        std::string expected = "# TYPE lines_total counter\n";
        for (std::size_t i = 0; i < series; ++i) {
            handles[i].inc(ascending[at + i] - now[i]);
            now[i] = ascending[at + i];
            expected += texts[i] + std::to_string(now[i]) + '\n';
        }
        ASSERT_EQ(test::as_text(registry), expected);
    }
}
void expect_all(std::vector<std::uint64_t> values) {
    std::sort(values.begin(), values.end());
    values.insert(values.end(), series, values.back());  // so that none is left over
    expect_each_in_its_line(values, 0);
    expect_each_in_its_line(values, 1);
}

// In four digits lie all the carries that a pair or a half can have.
TEST(lines_of_numbers, are_right_in_each_half_of_eight_digits) {
    std::vector<std::uint64_t> values;
    for (std::uint64_t half = 0; half < 10'000; ++half)
        for (std::uint64_t const value : {half, half * 10'000, half * 10'000 + 9'999, 99'990'000 + half})
            values.push_back(value);
    expect_all(values);
}

TEST(lines_of_numbers, are_right_beside_numbers_of_any_length) {
    std::vector<std::uint64_t> values{std::numeric_limits<std::uint64_t>::max()};
    std::uint64_t power = 1;
    for (int i = 0; i < 20; ++i, power *= 10)
        for (std::uint64_t const value : {power - 1, power, power + 1, 9 * (power / 10)}) values.push_back(value);
    for (int i = 0; i < 64; ++i)
        for (std::uint64_t const more : {0u, 1u, 2u}) values.push_back((std::uint64_t{1} << i) - 1 + more);
    std::mt19937_64 random{5};
    for (int i = 0; i < 20'000; ++i) values.push_back(random() >> random() % 64);
    expect_all(values);
}

// Up to where a text is copied without a loop, as far as a page is not asked for room by each text, and beyond.
TEST(lines_of_numbers, have_texts_of_any_length) {
    for (std::size_t longest = 1; longest < 330; longest += 3) {
        tacho::registry registry;
        lines counter{registry};
        std::string expected = "# TYPE lines_total counter\n";
        for (std::size_t i = 0; i < series; ++i) {
            std::string label(longest + i, '.');
            for (std::size_t k = 0; k < label.size(); ++k) label[k] = static_cast<char>('a' + (k + i) % 26);
            counter(label).inc(i * i * i * i * i * i * i);
            expected += "lines_total{of=\"" + label + "\"} " + std::to_string(i * i * i * i * i * i * i) + '\n';
        }
        ASSERT_EQ(test::as_text(registry), expected);
        // No byte is written beyond what was asked for.
        for (std::size_t const less : {1u, 100u}) {
            std::string room(expected.size() + series * 400 + 64, '#');
            tacho::span_sink sink{std::span{room}.first(expected.size() - less)};
            tacho::prometheus_encoder encoder{sink, tacho::text_format::prometheus_0_0_4};
            registry.visit(encoder);
            EXPECT_FALSE(encoder.finish());
            EXPECT_EQ(room.find_first_not_of('#', expected.size() - less), std::string::npos);
        }
    }
}

// Gives just what is asked for, and sees what is written beyond.
class exact_sink {
public:
    char* window(std::size_t n) noexcept {
        asked_ = n;
        room_.assign(n + guard, '#');
        return room_.data();
    }
    void commit(std::size_t n) noexcept {
        holds = holds && n <= asked_ && room_.find_first_not_of('#', asked_) == std::string::npos;
        text.append(room_, 0, n);
    }

    std::string text;
    bool holds = true;

private:
    static constexpr std::size_t guard = 64;
    std::string room_;
    std::size_t asked_ = 0;
};

TEST(lines_of_numbers, have_room_for_the_longest_text_with_the_longest_number) {
    for (std::size_t length = 1; length < 330; ++length) {
        tacho::registry registry;
        lines counter{registry};
        for (std::size_t i = 0; i < series; ++i) {
            std::string label(length, 'l');
            label[0] = static_cast<char>('a' + i);
            counter(label).inc(std::numeric_limits<std::uint64_t>::max());
        }
        exact_sink sink;
        tacho::prometheus_encoder encoder{sink, tacho::text_format::prometheus_0_0_4};
        registry.visit(encoder);
        ASSERT_TRUE(encoder.finish());
        EXPECT_TRUE(sink.holds) << length;
        EXPECT_EQ(sink.text, test::as_text(registry));
    }
}

// The bounds 1, 2, ... up to `many`.
std::vector<double> first_bounds(std::size_t many) {
    std::vector<double> bounds(many);
    std::iota(bounds.begin(), bounds.end(), 1.0);
    return bounds;
}

TEST(lines_of_buckets, are_as_many_as_there_are_bounds_and_one_more) {
    for (std::size_t many = 1; many < 14; ++many) {
        tacho::registry registry;
        auto const instrument = tacho::add_histogram(registry, {.name = "h", .bounds = first_bounds(many)});
        auto const histogram = instrument.bind();
        std::string text = "# TYPE h histogram\n", openmetrics = text;
        std::size_t count = 0, sum = 0;
        for (std::size_t i = 1; i <= many + 1; ++i) {
            for (std::size_t k = 0; k < i; ++k) histogram.observe(static_cast<double>(i));
            count += i;
            sum += i * i;
            auto const bound = i <= many ? std::to_string(i) : "+Inf";
            text += "h_bucket{le=\"" + bound + "\"} " + std::to_string(count) + '\n';
            openmetrics += "h_bucket{le=\"" + bound + (i <= many ? ".0" : "") + "\"} " + std::to_string(count) + '\n';
        }
        auto const rest = "h_sum " + std::to_string(sum) + "\nh_count " + std::to_string(count) + '\n';
        ASSERT_EQ(test::as_text(registry), text + rest);
        ASSERT_EQ(test::as_openmetrics(registry), openmetrics + rest + "# EOF\n");
    }
}

TEST(lines_of_buckets, are_right_for_numbers_of_any_length) {
    std::mt19937_64 random{7};
    for (std::size_t many = 1; many < 14; ++many) {
        tacho::registry registry;
        auto const histogram = tacho::add_histogram(registry, {.name = "h", .bounds = first_bounds(many)});
        struct shown {
            tacho::family const* family = nullptr;
            void number(tacho::family const&, tacho::series const&, tacho::number) {}
            void histogram(tacho::family const& of, tacho::series const&, tacho::histogram_value) { family = &of; }
        } visitor;
        registry.visit(visitor);
        ASSERT_NE(visitor.family, nullptr);
        for (int i = 0; i < 2'000; ++i) {
            std::string const begun = "name_bucket{l=\"" + std::string(random() % 100, 'l') + "\",";
            std::vector<std::uint64_t> counts;
            for (std::size_t k = 0; k <= many; ++k) counts.push_back(random() >> (4 + random() % 60));
            std::string expected, room(10'000, '#');
            std::uint64_t up_to = 0;
            for (std::size_t k = 0; k <= many; ++k) {
                auto const bound = k < many ? std::to_string(k + 1) : "+Inf";
                expected += begun + "le=\"" + bound + "\"} " + std::to_string(up_to += counts[k]) + '\n';
            }
            char* const behind = std::copy(begun.begin(), begun.end(), room.data());
            char* const end =
                tacho::detail::write_bucket_lines(*visitor.family, false, counts, {room.data(), begun.size()}, behind);
            ASSERT_EQ(std::string_view(room.data(), static_cast<std::size_t>(end - room.data())), expected);
        }
    }
}

// They take the memory and the places of others, of which some had longer texts than all that are left.
TEST(lines_of_numbers, have_room_whatever_came_and_went) {
    tacho::registry registry;
    lines counter{registry};
    counter("stays").inc();
    std::mt19937_64 random{9};
    for (int i = 0; i < 200; ++i) {
        std::string const label(1 + random() % (i % 10 == 0 ? 1000 : 100), 'l');
        counter(label).inc(random());
        ASSERT_EQ(test::count(test::as_text(registry), "\nlines_total{of=\"" + label + "\"} "), 1u);
        counter.remove(label);
        ASSERT_EQ(test::as_text(registry), "# TYPE lines_total counter\nlines_total{of=\"stays\"} 1\n");
    }
}

}  // namespace
