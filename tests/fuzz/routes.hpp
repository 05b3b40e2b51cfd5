// SPDX-License-Identifier: MIT
// A fuzzer's subject: which route a path belongs to, and which paths are left out.
#pragma once

#include "fuzz/input.hpp"

#include "tacho/http/route_table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

inline std::vector<std::string> segments_of(std::string_view path) {
    std::vector<std::string> out{""};
    for (char const c : path.substr(1))
        if (c == '/')
            out.emplace_back();
        else
            out.back() += c;
    return out;
}

// What the text of a table's documentation says, by trying one pattern after the other.
struct plain_route {
    std::string verb, pattern;
    std::string shape{};  // of its segments: in the order in which they go before each other
    std::vector<std::string> segments{};

    // Nothing where it is no pattern.
    static std::optional<plain_route> of(std::string const& verb, std::string const& pattern) {
        plain_route out{.verb = verb, .pattern = pattern};
        if (pattern.empty() || pattern.front() != '/') return {};
        out.segments = segments_of(pattern);
        if (out.segments.size() > 64) return {};
        for (auto const& segment : out.segments) {
            if (out.shape.ends_with('3')) return {};  // after the rest comes nothing
            auto const inner = segment.size() > 2 ? segment.substr(1, segment.size() - 2) : "";
            bool const in_braces = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
            bool const is_rest = in_braces && inner.ends_with("...");
            auto const name = is_rest ? inner.substr(0, inner.size() - 3) : inner;
            if (segment.find_first_of("{}?#") == segment.npos)
                out.shape += '1';
            else if (in_braces && !name.empty() && name.find_first_of("{}?#.") == name.npos)
                out.shape += is_rest ? '3' : '2';
            else
                return {};
        }
        return out;
    }

    [[nodiscard]] bool matches_as(plain_route const& other) const {
        if (shape != other.shape) return false;
        for (std::size_t i = 0; i < segments.size(); ++i)
            if (shape[i] == '1' && segments[i] != other.segments[i]) return false;
        return true;
    }

    [[nodiscard]] bool matches(std::vector<std::string> const& path) const {
        bool const has_rest = shape.back() == '3';
        if (has_rest ? path.size() < segments.size() : path.size() != segments.size()) return false;
        for (std::size_t i = 0; i < segments.size(); ++i)
            if (shape[i] == '1' ? path[i] != segments[i] : path[i].empty()) return false;
        return true;
    }
};

inline std::string path_of(input& bytes, bool is_pattern) {
    static constexpr std::array<std::string_view, 12> parts{"a",  "b", "",      "{id}", "{other}", "{rest...}",
                                                            "ab", "{", "{...}", "a{b}", "{a.b}",   "%2F"};
    std::string out;
    auto const how = bytes.pick(16);
    if (how == 15) return bytes.text();
    if (how == 14)
        for (int n = 0; n < 62; ++n) out += "/a";
    for (auto n = how % 6 + 1; n > 0; --n) {
        auto const part = bytes.pick(parts);
        out.append("/").append(is_pattern || part.find('{') == part.npos ? part : "x");
    }
    return out;
}

inline void routes_of_a_table(input bytes) {
    static constexpr std::array<std::string_view, 3> verbs{"GET", "POST", ""};
    tacho::http::route_table<std::size_t> table;
    std::vector<plain_route> plain;
    for (std::size_t n = 0; n < 12 && !bytes.is_at_end(); ++n) {
        std::string const verb{bytes.pick(verbs)};
        auto const pattern = path_of(bytes, true);
        auto const added = table.add(verb, pattern, plain.size());
        auto const one = plain_route::of(verb, pattern);
        bool const is_new = one && std::none_of(plain.begin(), plain.end(), [&](plain_route const& known) {
                                return known.verb == verb && known.matches_as(*one);
                            });
        need(added.has_value() == is_new, "a route is taken or refused wrongly: " + verb + " " + pattern);
        if (is_new) plain.push_back(*one);
    }
    for (int n = 0; n < 6; ++n) {
        auto const path = path_of(bytes, false);
        auto const target = path + (bytes.pick(2) == 1 ? "?a=/b" : "");
        auto const bare = target.substr(0, target.find('?'));
        std::vector<plain_route const*> matching;
        if (bare.starts_with('/'))
            for (auto const& known : plain)
                if (known.matches(segments_of(bare))) matching.push_back(&known);
        need(table.has_path(target) == !matching.empty(), "a path is known or not, wrongly: " + target);
        std::set<std::string> allowed;
        for (auto const* known : matching) allowed.insert(known->verb);
        std::string list;
        for (auto const& verb : allowed) list += (list.empty() ? "" : ", ") + verb;
        need(table.allowed(target) == list, "other verbs are allowed: " + target);
        for (auto const verb : verbs) {
            plain_route const* best = nullptr;
            for (auto const* known : matching)
                if (known->verb == verb && (best == nullptr || known->shape < best->shape)) best = known;
            auto const* const found = table.find(verb, target);
            need((found == nullptr) == (best == nullptr), "a route is found or not, wrongly: " + target);
            need(found == nullptr || (found->pattern == best->pattern && found->verb == verb &&
                                      found->route == static_cast<std::size_t>(best - plain.data())),
                 "another route is found: " + target);
            need(table.match(verb, target) == (found == nullptr ? nullptr : &found->route), "match() is not find()");
        }
    }
}

// A path is left out by itself and by each of its beginnings that ends before a slash, or with one.
inline void routes_left_out(input bytes) {
    std::vector<std::string> left_out;
    for (auto n = bytes.pick(4); n > 0; --n) left_out.push_back(path_of(bytes, false));
    tacho::http::excluded_paths const excluded{left_out};
    for (int n = 0; n < 4; ++n) {
        auto const path = path_of(bytes, false);
        auto const bare = path.substr(0, path.find('?'));
        std::set<std::string> beginnings{bare};
        for (std::size_t i = 1; i < bare.size(); ++i)
            if (bare[i] == '/') {
                if (i != 1) beginnings.insert(bare.substr(0, i));  // `/` is just that path
                beginnings.insert(bare.substr(0, i + 1));
            }
        beginnings.erase("");
        bool const wanted = std::any_of(left_out.begin(), left_out.end(),
                                        [&](std::string const& one) { return beginnings.contains(one); });
        need(excluded.contains(path) == wanted && excluded.contains(bare + "?/x") == wanted,
             "a path is left out or not, wrongly: " + path);
    }
}

inline void routes(std::string_view bytes) {
    routes_of_a_table(input{bytes});
    routes_left_out(input{bytes});
}

}  // namespace fuzz
