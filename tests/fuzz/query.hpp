// SPDX-License-Identifier: MIT
// A fuzzer's subject: which families a query asks for (CONFORMANCE 90, 98).
#pragma once

#include "fuzz/input.hpp"
#include "support/text.hpp"

#include "tacho/export/endpoint.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

enum class lamp { red, green };
consteval auto label_values(lamp) {
    return tacho::labels<lamp>({{lamp::red, "red"}, {lamp::green, "green"}});
}

// Instruments of each kind, and by which names each is found.
struct shop {
    tacho::registry registry{
        {.translation = tacho::translation_strategy::no_utf8_escaping_with_suffixes, .now = &test::fixed_time}};
    tacho::counter<"hits"> hits{registry};
    tacho::gauge<"level"> level{registry};
    tacho::histogram<"took"> took{registry, "", tacho::bounds{1}};
    tacho::info<"build", tacho::label<"version">> build{registry};
    tacho::state_set<"lamp", lamp> lamps{registry};
    tacho::up_down_counter<"a.b"> kept{registry};
    tacho::endpoint endpoint{registry, {.about = {{"x", "y"}}}};

    shop() {
        build.set("2");
        lamps.set(lamp::green);
    }
};

inline constexpr std::string_view page_order[] = {"target_info", "a.b",   "build_info", "hits_total",
                                                  "lamp",        "level", "took"};

// With dots as the escaping.
inline std::map<std::string, std::string_view> const& families_by_name() {
    static std::map<std::string, std::string_view> const all{{"target_info", "target_info"},
                                                             {"target", "target_info"},
                                                             {"a.b", "a.b"},
                                                             {"a_dot_b", "a.b"},
                                                             {"build_info", "build_info"},
                                                             {"build", "build_info"},
                                                             {"hits_total", "hits_total"},
                                                             {"hits", "hits_total"},
                                                             {"hits_created", "hits_total"},
                                                             {"lamp", "lamp"},
                                                             {"level", "level"},
                                                             {"took", "took"},
                                                             {"took_bucket", "took"},
                                                             {"took_sum", "took"},
                                                             {"took_count", "took"},
                                                             {"took_created", "took"}};
    return all;
}

inline std::optional<std::string> decoded(std::string_view text) {
    static std::string const digits = "0123456789abcdef0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        auto const high = digits.find(text[i + 1]), low = digits.find(text[i + 2]);
        if (high == digits.npos || low == digits.npos) return std::nullopt;
        out += static_cast<char>(static_cast<unsigned char>(high % 16 * 16 + low % 16));
        i += 2;
    }
    return out;
}

struct asked {
    int status = 200;
    bool everything = true;
    std::set<std::string_view> families;
    std::string again;  // the same query with every character but `=` and `&` escaped
};

inline asked what_is_asked(std::string_view query) {
    asked out;
    if (query.size() > 8192) {
        out.status = 414;
        return out;
    }
    std::vector<std::string_view> pairs;
    for (std::size_t at = 0; at <= query.size();) {
        auto const end = std::min(query.find('&', at), query.size());
        pairs.push_back(query.substr(at, end - at));
        at = end + 1;
    }
    std::size_t names = 0;
    for (auto const pair : pairs) {
        auto const at = pair.find('=');
        auto const key = decoded(pair.substr(0, at));
        auto const value = decoded(at == pair.npos ? std::string_view{} : pair.substr(at + 1));
        // The first thing that is wrong decides.
        if (!key || !value || (*key == "name[]" && ++names > 100)) {
            out.status = 400;
            return out;
        }
        auto const escape = [&](std::string const& text) {
            for (char const c : text) {
                static constexpr std::string_view digits = "0123456789aBcDeF";
                auto const byte = static_cast<unsigned char>(c);
                out.again.append({'%', digits[byte / 16], digits[byte % 16]});
            }
        };
        if (!out.again.empty()) out.again += '&';
        escape(*key);
        out.again += '=';
        escape(*value);
        if (*key != "name[]") continue;
        out.everything = false;
        if (auto const found = families_by_name().find(*value); found != families_by_name().end())
            out.families.insert(found->second);
    }
    return out;
}

inline void query(std::string_view bytes) {
    static shop of;
    static auto const page_of = [](std::string_view text) {
        auto const answer = of.endpoint.respond({.accept = "text/plain;version=1.0.0;escaping=dots", .query = text});
        return std::pair{answer.status(), std::string{answer.body()}};
    };
    // Each family's lines, cut out of the whole page where its first comment or its only type line begins.
    static auto const pieces = [] {
        std::map<std::string_view, std::string> all;
        auto const [status, page] = page_of("");
        static constexpr std::string_view begins[] = {"# HELP target_info", "# TYPE a_dot_b", "# TYPE build_info",
                                                      "# TYPE hits_total",  "# TYPE lamp",    "# TYPE level",
                                                      "# TYPE took"};
        for (std::size_t i = 0; i < std::size(begins); ++i) {
            auto const from = page.find(begins[i]);
            auto const to = i + 1 < std::size(begins) ? page.find(begins[i + 1]) : page.size();
            need(status == 200 && from < to && to <= page.size(), "the shop has another page:\n" + page);
            all[page_order[i]] = page.substr(from, to - from);
        }
        return all;
    }();

    auto const asked = what_is_asked(bytes);
    auto const [status, page] = page_of(bytes);
    need(status == asked.status, "status " + std::to_string(status) + " instead of " + std::to_string(asked.status));
    if (status != 200) return;
    std::string expected;
    for (auto const name : page_order)
        if (asked.everything || asked.families.contains(name)) expected += pieces.at(name);
    need(page == expected, "another page:\n" + page + "instead of\n" + expected);
    if (asked.again.size() <= 8192) need(page_of(asked.again) == std::pair{status, page}, "escapes make a difference");
}

}  // namespace fuzz
