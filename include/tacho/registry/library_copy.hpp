// SPDX-License-Identifier: MIT
// tacho: which copy of the library's variables a registry belongs to, where a program and its plug-ins may have
// several.
#pragma once

#include "tacho/cell/arena.hpp"
#include "tacho/cell/epoch.hpp"
#include "tacho/cell/slots.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/exemplar.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace tacho::inline TACHO_ABI {

class registry;

namespace detail {

struct running_list;  // of telemetry

// Not within the functions that use them: where each module has these compiled, each would have variables of its own.
// A name may be reused by another registry, an id never: whoever remembers values by id can't mix two families up.
[[gnu::visibility("default")]] inline constinit std::atomic<std::uint64_t> family_ids{0};
[[gnu::visibility("default")]] inline constinit std::atomic<registry*> made_default_registry{nullptr};
// Never destroyed, so that a static telemetry object may end late. See all_running().
[[gnu::visibility("default")]] inline constinit std::atomic<running_list*> newest_list{nullptr};

// Default visibility, as for the function below: what is kept as a pointer is the program's, and stays when a plug-in
// goes.
[[gnu::visibility("default")]] std::shared_ptr<family> make_family(std::uint64_t id, descriptor&& describe,
                                                                   label_schema&& schema, series_storage const& storage,
                                                                   family::overflow_hook on_overflow);
#if TACHO_BODIES
TACHO_FUNCTION std::shared_ptr<family> make_family(std::uint64_t id, descriptor&& describe, label_schema&& schema,
                                                   series_storage const& storage, family::overflow_hook on_overflow) {
    return std::make_shared<family>(id, std::move(describe), std::move(schema), storage, on_overflow);
}
#endif
[[gnu::visibility("default")]] inline std::size_t* own_offset_of_thread() noexcept {
    return &own_offset;
}

// Numbers are exact because a thread has one slot in the process, and safe to remove because whoever looks is known to
// all: which is so while all who use a registry have the same variables. A shared object finds those of the program if
// the program exports them, and has its own if not. A registry keeps where those of its maker are, which also makes
// them part of that module, whatever else it uses of the library, so that they are there to be found.
struct library_copy {
    slot_table* threads = &thread_slots;
    epoch_table* looks = &epochs;
    looking_record* lookers = looking_slots.data();
    arena* sharded = &sharded_arena;
    arena* shared = &shared_arena;
    fork_gate* forks = &gate;
    std::atomic<error_hook>* hook = &installed_hook;
    std::atomic<trace_context_hook>* trace_hook = &installed_trace_hook;
    std::atomic<registry*>* default_one = &made_default_registry;
    std::atomic<std::uint64_t>* ids = &family_ids;
    std::atomic<running_list*>* exports = &newest_list;
    // Called, not compared: each thread has another.
    std::size_t* (*own)() noexcept = &own_offset_of_thread;
    std::size_t (*claim)() noexcept = &claim_slot;

    // By the code of whoever made the registry: a family may outlive the plug-in whose instrument it is.
    std::shared_ptr<family> (*make)(std::uint64_t, descriptor&&, label_schema&&, series_storage const&,
                                    family::overflow_hook) = &make_family;

    // Whether the module that asks has the same ones.
    [[nodiscard]] bool is_here() const noexcept {
        return threads == &thread_slots && looks == &epochs && lookers == looking_slots.data() &&
               sharded == &sharded_arena && shared == &shared_arena && own() == &own_offset;
    }
};

inline constexpr std::string_view foreign_registry =
    "a shared object uses a registry of the program, and has variables of the library of its own: nothing that it "
    "records there is shown. Let the program export them (link it with -rdynamic; export_dynamic in Meson, "
    "ENABLE_EXPORTS in CMake), and link the shared object without -Bsymbolic";

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
