// SPDX-License-Identifier: MIT
// tacho: which handler a path belongs to, so that requests are counted by operation and not by path.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/result.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI::http {

/// A path without its query, `?` and what follows.
[[nodiscard]] constexpr std::string_view without_query(std::string_view target) noexcept {
    return target.substr(0, target.find('?'));
}

/// Paths that are left out of all counting: each excludes itself and whole segments below it, so that `/docs` excludes
/// `/docs` and `/docs/a` and not `/docs-internal`. One that ends with a slash excludes what begins with it; `/` is just
/// that path. Any number of threads may ask at once.
class excluded_paths {
public:
    /// These; none by default.
    explicit excluded_paths(std::vector<std::string> paths = {});

    /// Whether a request's target is left out. In proportion to the number of paths; allocates nothing.
    [[nodiscard]] bool contains(std::string_view path) const noexcept;

private:
    std::vector<std::string> paths_;
};

/// For who excludes nothing; lives as long as the program.
[[nodiscard]] excluded_paths const& nothing_excluded();

#if TACHO_BODIES

TACHO_FUNCTION excluded_paths::excluded_paths(std::vector<std::string> paths) : paths_(std::move(paths)) {}

TACHO_FUNCTION bool excluded_paths::contains(std::string_view path) const noexcept {
    path = without_query(path);
    return std::any_of(paths_.begin(), paths_.end(), [&](std::string const& excluded) {
        if (excluded.empty() || !path.starts_with(excluded)) return false;  // one that is empty is none
        if (path.size() == excluded.size()) return true;
        return excluded != "/" && (excluded.back() == '/' || path[excluded.size()] == '/');
    });
}

TACHO_FUNCTION excluded_paths const& nothing_excluded() {
    // Never destroyed: a server may still answer while the program ends.
    static auto const& none = *new excluded_paths;
    return none;
}

#endif

/// What operation_metrics tell of a route. The server_metrics of OpenTelemetry tell its pattern, and need neither.
struct measured_route {
    std::string api = "unknown";     ///< the part of the program that it belongs to
    std::string method = "unknown";  ///< the name of the handler
};

/// From verb and path to what is known of a route. Patterns are made of literal segments, parameters that match one
/// segment that is not empty, and at their end a rest that matches one or more: `/v1/models`, `/v1/models/{id}`,
/// `/static/{path...}`. A literal goes before a parameter and that before a rest, segment by segment, whatever the
/// order of addition. Paths are compared byte by byte: `%41` is not `A`, `%2F` parts no segments, and a trailing slash
/// makes another path. Fill it before it is used; then any number of threads may look at once, which allocates nothing
/// and visits each node of the tree at most once.
template <class Route = measured_route>
class route_table {
public:
    static constexpr std::size_t most_segments = 64;  ///< of a pattern

    /// A route as it was added.
    struct entry {
        std::string verb;     ///< such as GET
        std::string pattern;  ///< such as /v1/models/{id}
        Route route;          ///< what was said of it
    };

    route_table() : nodes_(1) {}

    /// Adds a route. An error when the pattern is not one, or stands in the table with this verb already.
    result<bool> add(std::string_view verb, std::string_view pattern, Route route = {}) {
        auto const refused = [&](std::string_view why) {
            return error{"the route " + std::string{verb} + " " + std::string{pattern} +
                         " was not added: " + std::string{why}};
        };
        if (!pattern.starts_with('/')) return refused("its pattern should begin with /");
        if (std::count(pattern.begin(), pattern.end(), '/') > static_cast<std::ptrdiff_t>(most_segments))
            return refused("it has more than 64 segments; end it with {name...}");
        // Looked at as a whole first, so that a bad pattern leaves nothing behind.
        for (auto rest = std::optional{pattern.substr(1)}; rest;) {
            auto const segment = take_segment(rest);
            auto const kind = kind_of(segment);
            if (!kind)
                return refused("its segment \"" + std::string{segment} +
                               "\" is neither literal text nor {name} nor, at the end, {name...}");
            if (*kind == segment_kind::rest && rest)
                return refused("its segment \"" + std::string{segment} +
                               "\" is not its last one; only that can have ...");
        }
        std::size_t at = 0;
        for (auto rest = std::optional{pattern.substr(1)}; rest;) at = child(at, take_segment(rest));
        for (auto const& known : nodes_[at].routes)
            if (known.verb == verb)
                return refused("the one of " + known.pattern + " matches the same; remove one of them");
        nodes_[at].routes.push_back({std::string{verb}, std::string{pattern}, std::move(route)});
        return true;
    }

    /// The route with its pattern, or nullptr when no pattern with this verb matches. A query is left out of account.
    [[nodiscard]] entry const* find(std::string_view verb, std::string_view target) const noexcept {
        entry const* found = nullptr;
        each_node(target, [&](node const& at) {
            for (auto const& known : at.routes)
                if (known.verb == verb) found = &known;
            return found != nullptr;
        });
        return found;
    }

    /// The same without its pattern.
    [[nodiscard]] Route const* match(std::string_view verb, std::string_view target) const noexcept {
        auto const* const found = find(verb, target);
        return found != nullptr ? &found->route : nullptr;
    }

    /// Whether the path matches with any verb: if so, what find() knows nothing of is answered 405, and not 404.
    [[nodiscard]] bool has_path(std::string_view target) const noexcept {
        return each_node(target, [](node const& at) { return !at.routes.empty(); });
    }

    /// All verbs with which the path matches, as the header Allow of a 405 lists them: `GET, POST`. Allocates.
    [[nodiscard]] std::string allowed(std::string_view target) const {
        std::vector<std::string_view> verbs;
        each_node(target, [&](node const& at) {
            for (auto const& known : at.routes) verbs.push_back(known.verb);
            return false;
        });
        std::sort(verbs.begin(), verbs.end());
        verbs.erase(std::unique(verbs.begin(), verbs.end()), verbs.end());
        std::string list;
        for (auto const verb : verbs) list.append(list.empty() ? "" : ", ").append(verb);
        return list;
    }

private:
    enum class segment_kind : unsigned char { literal, parameter, rest };

    struct node {
        std::vector<std::pair<std::string, std::size_t>> literals;  // sorted
        std::size_t parameter = 0;                                  // 0, the root, is nobody's child
        std::size_t rest = 0;
        std::vector<entry> routes;
    };

    // Takes a segment off; what is left is nothing after the last one.
    static std::string_view take_segment(std::optional<std::string_view>& rest) noexcept {
        auto const text = *rest;
        auto const slash = text.find('/');
        rest = slash == std::string_view::npos ? std::nullopt : std::optional{text.substr(slash + 1)};
        return text.substr(0, slash);
    }

    static std::optional<segment_kind> kind_of(std::string_view segment) noexcept {
        if (segment.find_first_of("{}?#") == std::string_view::npos) return segment_kind::literal;
        if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}') return {};
        auto name = segment.substr(1, segment.size() - 2);
        bool const rest = name.ends_with("...");
        if (rest) name.remove_suffix(3);
        if (name.empty() || name.find_first_of("{}?#.") != std::string_view::npos) return {};
        return rest ? segment_kind::rest : segment_kind::parameter;
    }

    std::size_t child(std::size_t parent, std::string_view segment) {
        auto const kind = *kind_of(segment);
        auto const add_node = [&] {
            nodes_.emplace_back();
            return nodes_.size() - 1;
        };
        if (kind == segment_kind::literal) {
            auto const at = [&] { return lower_bound(nodes_[parent], segment); };
            if (auto const found = at(); found != nodes_[parent].literals.end() && found->first == segment)
                return found->second;
            auto const added = add_node();
            nodes_[parent].literals.insert(at(), {std::string{segment}, added});
            return added;
        }
        auto const which = kind == segment_kind::parameter ? &node::parameter : &node::rest;
        if (nodes_[parent].*which == 0) {
            auto const added = add_node();
            nodes_[parent].*which = added;
        }
        return nodes_[parent].*which;
    }

    static auto lower_bound(node const& in, std::string_view segment) noexcept {
        return std::lower_bound(in.literals.begin(), in.literals.end(), segment,
                                [](auto const& entry, std::string_view wanted) { return entry.first < wanted; });
    }

    // Has `visit` look at the nodes that a path leads to, the best match first, until it returns true.
    template <class Visit>
    bool each_node(std::string_view target, Visit const& visit) const {
        auto const path = without_query(target);
        return path.starts_with('/') && descend(0, path.substr(1), visit);
    }

    // A tree: each node has one way to it, so trying literal, parameter and rest in turn visits each node once at most.
    // The depth is that of the longest pattern.
    template <class Visit>
    bool descend(std::size_t at, std::optional<std::string_view> rest, Visit const& visit) const {
        node const& here = nodes_[at];
        if (!rest) return visit(here);
        auto below = rest;
        auto const segment = take_segment(below);
        if (auto const found = lower_bound(here, segment); found != here.literals.end() && found->first == segment)
            if (descend(found->second, below, visit)) return true;
        if (segment.empty()) return false;
        if (here.parameter != 0 && descend(here.parameter, below, visit)) return true;
        return here.rest != 0 && visit(nodes_[here.rest]);
    }

    std::vector<node> nodes_;
};

}  // namespace tacho::inline TACHO_ABI::http
