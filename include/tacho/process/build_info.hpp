// SPDX-License-Identifier: MIT
// tacho: which build of a program runs, as `<program>_build_info`.
// Rule: https://www.robustperception.io/exposing-the-software-version-to-prometheus/
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/label.hpp"
#include "tacho/instrument/named_others.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <string>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// What a build says of itself. The text is copied; what is empty isn't shown.
struct build_facts {
    std::string_view program = {};   ///< begins the metric's name: "shop" gives shop_build_info, none just build_info
    std::string_view version = {};   ///< such as "1.4.2"
    std::string_view revision = {};  ///< of the source: a commit
    std::string_view branch = {};    ///< that the revision is of
    /// Which compiler made the file that says so.
#if defined(__clang__)
    std::string_view compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
    std::string_view compiler = "gcc " __VERSION__;
#elif defined(_MSC_VER)
    std::string_view compiler = "MSVC";
#else
    std::string_view compiler = {};
#endif
};

/// Shows which build runs, while it lives: `tacho::build_info const build{registry, {.program = "shop", .version =
/// "1.4.2", .revision = "d5c4f2"}};` is `shop_build_info{compiler="gcc 12.2.0",revision="d5c4f2",version="1.4.2"} 1`,
/// to be joined with other metrics, or to see what runs where. (The version of what is measured as a whole, with its
/// name, is also `service.version` of the resource, which OTLP and target_info show.)
///
/// A program's name that can't begin that of a metric is refused: ok() is false, and registry.problems() says why.
class build_info {
public:
    /// In the default registry. Allocates.
    explicit build_info(build_facts const& facts) : build_info(default_registry(), facts) {}
    /// In this registry, or scope of one. Allocates.
    build_info(scope const& in, build_facts const& facts);
    build_info(build_info const&) = delete;
    build_info& operator=(build_info const&) = delete;

    /// Whether it is registered.
    [[nodiscard]] bool ok() const noexcept { return shown_.ok(); }

private:
    named_info shown_;
};

#if TACHO_BODIES

TACHO_FUNCTION build_info::build_info(scope const& in, build_facts const& facts)
    : shown_{add_info(in, {.name = facts.program.empty() ? "build" : std::string{facts.program} + ".build",
                           .description = "Which build runs; always 1",
                           .labels = {"version", "revision", "branch", "compiler"}})} {
    shown_.set({facts.version, facts.revision, facts.branch, facts.compiler});
}

#endif

}  // namespace tacho::inline TACHO_ABI
