// SPDX-License-Identifier: MIT
// The one list of messages, tests/golden/messages.txt, compared section by section.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace test {

// The lines under `## title`.
inline std::string listed_messages(std::string const& title) {
    std::ifstream in{std::string{TACHO_GOLDEN_FOLDER} + "/messages.txt", std::ios::binary};
    std::string const all{std::istreambuf_iterator<char>{in}, {}};
    auto const heading = "## " + title + "\n";
    auto const at = all.find(heading);
    if (at == std::string::npos) return "there is no section of this title\n";
    auto const begin = at + heading.size();
    auto const end = all.find("\n## ", begin - 1);
    auto const section = all.substr(begin, end == std::string::npos ? end : end + 1 - begin);
    return section.ends_with("\n\n") ? section.substr(0, section.size() - 1) : section;
}

inline std::string without(std::string text, std::string const& varies, std::string_view placeholder) {
    for (std::size_t at = 0; !varies.empty() && (at = text.find(varies, at)) != std::string::npos;)
        text.replace(at, varies.size(), placeholder);
    return text;
}

// With TACHO_SHOW_MESSAGES set, prints what the section should be.
inline void expect_listed(std::string const& title, std::vector<std::string> const& messages) {
    std::string made;
    for (auto const& m : messages) made.append(m).append(m.ends_with('\n') ? "" : "\n");
    if (std::getenv("TACHO_SHOW_MESSAGES") != nullptr) std::cout << "## " << title << '\n' << made << '\n';
    EXPECT_EQ(made, listed_messages(title)) << "tests/golden/messages.txt, section " << title;
}

}  // namespace test
