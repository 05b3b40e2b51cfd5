// SPDX-License-Identifier: MIT
// What the fuzzers know is tried on every build: tests/fuzz/corpus/<subject>/ has what they began with, and the
// smallest of what they found.
#if defined(__cpp_exceptions)
#include "fuzz/accept.hpp"
#include "fuzz/accept_encoding.hpp"
#include "fuzz/addresses.hpp"
#include "fuzz/answers.hpp"
#include "fuzz/environment.hpp"
#include "fuzz/heads.hpp"
#include "fuzz/methods.hpp"
#include "fuzz/numbers.hpp"
#include "fuzz/query.hpp"
#include "fuzz/routes.hpp"
#include "fuzz/texts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace {

template <class Subject>
void expect_right(std::string_view name, Subject&& subject) {
    auto const folder = std::filesystem::path{TACHO_FUZZ_CORPUS} / name;
    std::size_t tried = 0;
    for (auto const& file : std::filesystem::directory_iterator{folder}) {
        std::ifstream in{file.path(), std::ios::binary};
        std::string const read{std::istreambuf_iterator<char>{in}, {}};
        // In memory of just their size, so that a sanitizer sees what is read behind them.
        auto const bytes = std::make_unique<char[]>(read.size());
        std::copy(read.begin(), read.end(), bytes.get());
        ++tried;
        try {
            subject(std::string_view{bytes.get(), read.size()});
        } catch (std::exception const& e) {
            ADD_FAILURE() << file.path() << ": " << e.what();
        }
    }
    EXPECT_GE(tried, 10u) << folder << " is not whole";
}

TEST(the_corpus, of_accept_headers_gets_the_format_that_is_asked_for) {
    expect_right("accept", fuzz::accept);
}

TEST(the_corpus, of_accept_encoding_headers_is_compressed_for_who_wants_it) {
    expect_right("accept_encoding", fuzz::accept_encoding);
}

TEST(the_corpus, of_addresses_is_taken_apart_and_tells_no_password) {
    expect_right("addresses", fuzz::addresses);
}

TEST(the_corpus, of_answers_says_what_was_rejected_and_how_long_to_wait) {
    expect_right("answers", fuzz::answers);
}

TEST(the_corpus, of_environments_becomes_settings_that_tell_no_secret) {
    expect_right("environment", fuzz::environment);
}

TEST(the_corpus, of_heads_says_where_they_end_and_when_to_try_again) {
    expect_right("heads", fuzz::heads);
}

TEST(the_corpus, of_methods_shows_those_that_are_known) {
    expect_right("methods", fuzz::methods);
}

TEST(the_corpus, of_numbers_is_a_time_to_scrape_in_and_facts_of_the_process) {
    expect_right("numbers", fuzz::numbers);
}

TEST(the_corpus, of_queries_gets_the_families_that_are_asked_for) {
    expect_right("query", fuzz::query);
}

TEST(the_corpus, of_routes_finds_what_trying_one_after_the_other_finds) {
    expect_right("routes", fuzz::routes);
}

TEST(the_corpus, of_texts_is_read_back_in_each_format_and_escaping) {
    expect_right("texts", fuzz::texts);
}

}  // namespace
#endif
