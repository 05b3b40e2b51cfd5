// SPDX-License-Identifier: MIT
// tacho: what a registry, its instruments and its readers share.
#pragma once

#include "tacho/cell/forked_cells.hpp"
#include "tacho/core/attempt.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/registry/callbacks.hpp"
#include "tacho/registry/collisions.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/registry/family_list.hpp"
#include "tacho/registry/health.hpp"
#include "tacho/registry/library_copy.hpp"
#include "tacho/registry/options.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if TACHO_BODIES
#include <unordered_map>
#endif

namespace tacho::inline TACHO_ABI {

namespace detail {

struct [[gnu::visibility("default")]] registry_core;  // the program's, in a plug-in too

// The core, or in a module that can't use it an empty one, which shows what is recorded there to nobody.
[[nodiscard]] std::shared_ptr<registry_core> const& usable(std::shared_ptr<registry_core> const& core);

#if TACHO_BODIES

// A family whose last instrument is gone, kept for the readers who have not collected since.
struct retired_family {
    std::shared_ptr<family> gone;
    std::uint64_t removed_at;
};

// What a registry, its instruments and its readers share, so that each may outlive the others.
struct registry_core final : fork_witness {
    explicit registry_core(registry_options o);

    struct entry {
        std::shared_ptr<family> shown;
        std::size_t instruments;         // that have this identity
        std::vector<std::string> names;  // those it has in used_names
    };

    std::vector<std::string> problems;  // under the mutex, once it is made
    registry_options const options;
    std::vector<fixed_label> constant_labels;  // never changed once it is made
    callback_list callbacks;
    gated_mutex mutex;  // guards all below; recording, creating a series and visiting don't need it
    std::unordered_map<family const*, entry> entries;
    std::unordered_multimap<std::string, family*> used_names;  // names of families and samples, to whoever uses them
    std::shared_ptr<family_list const> published = std::make_shared<family_list const>();
    std::vector<retired_family> retired;
    std::vector<std::uint64_t> readers;  // where the clock stood at each reader's last collection
    static constexpr std::uint64_t gone_reader = ~std::uint64_t{0};
    std::shared_ptr<reader_clock> const clock = std::make_shared<reader_clock>();
    std::shared_ptr<std::atomic<exemplar_filter>> const filter =
        std::make_shared<std::atomic<exemplar_filter>>(options.exemplars);
    std::uint64_t failed = 0;
    library_copy const belongs_to{};
    fork_watch watch{*this};

    std::shared_ptr<family_list const> families();

    registry_health health();

    // Adds a family, or finds the one with the same identity; nullptr, and a problem, when it can't be.
    std::shared_ptr<family> add(descriptor describe, label_schema schema, series_storage const& storage);
    void fail(std::string why);
    void note(severity how, std::string what);
    void note_once(severity how, std::string what);
    static registry_options checked(registry_options o, std::vector<std::string>& problems);
    void drop(family const& gone) noexcept;
    void forget(family const& gone) noexcept;
    void forget_retired();
    TACHO_FUNCTION void on_fork(fork_event what) noexcept override;
};

TACHO_FUNCTION registry_core::registry_core(registry_options o)
    : options(checked(std::move(o), problems)), callbacks(options.callback_timeout, options.now) {
    watch_cells_at_fork();
    add_constant_labels(constant_labels, options.constant_labels, options.translation, problems);
    for (auto const& problem : problems) report(severity::warning, problem);
}

TACHO_FUNCTION std::shared_ptr<family_list const> registry_core::families() {
    std::lock_guard const lock{mutex};  // only to copy the pointer
    return published;
}

TACHO_FUNCTION registry_health registry_core::health() {
    auto sum = health_of(*families(), callbacks.troubles());
    std::lock_guard const lock{mutex};
    sum.failed_registrations = failed;
    return sum;
}

TACHO_FUNCTION std::shared_ptr<family> registry_core::add(descriptor describe, label_schema schema,
                                                          series_storage const& storage) {
    auto names = names_in_use(describe.prometheus_name, describe.kind, keeps_characters(options.translation));
    auto why = why_reserved(describe, names);
    if (why.empty()) why = why_labels_collide(describe, schema);
    std::shared_ptr<family> made, other;
    {
        std::lock_guard const lock{mutex};
        for (auto const& name : names)
            for (auto [at, end] = used_names.equal_range(name); at != end; ++at) {
                family const& present = *at->second;
                if (is_same_instrument(present, describe, schema, storage.sharded)) {
                    entry& shared = entries.at(&present);
                    ++shared.instruments;
                    return shared.shown;
                }
                if (why.empty()) why = why_they_collide(present, describe, schema, name);
            }
        if (why.empty()) {
            other = namesake(*published, describe);
            // Relaxed: only the number has to be unique.
            auto const id = belongs_to.ids->fetch_add(1, std::memory_order_relaxed);
            made = belongs_to.make(id, std::move(describe), std::move(schema), storage, options.on_overflow);
            bool const done = attempt([&] {
                auto list = with(*published, made);
                auto const& kept = entries.emplace(made.get(), entry{made, 1, std::move(names)}).first->second.names;
                for (auto const& name : kept) used_names.emplace(name, made.get());
                published = std::move(list);
            });
            if (!done) {
                forget(*made);
                why =
                    named(made->describe()) + " was not registered: there is no memory for it; allow the process more";
                made.reset();
            }
        }
    }
    if (!made)
        fail(std::move(why));
    else if (other)
        // It is registered, even if there is no memory to say this.
        attempt([&] { note_once(severity::warning, why_two_metrics(other->describe(), made->describe())); });
    return made;
}

TACHO_FUNCTION void registry_core::fail(std::string why) {
    note(severity::error, std::move(why));
    std::lock_guard const lock{mutex};
    ++failed;
}
TACHO_FUNCTION void registry_core::note(severity how, std::string what) {
    report(how, what);  // outside the mutex: the hook is the program's own code
    std::lock_guard const lock{mutex};
    if (problems.size() < 1000) problems.push_back(std::move(what));
}

// What would be said again by each instrument that comes and goes.
TACHO_FUNCTION void registry_core::note_once(severity how, std::string what) {
    {
        std::lock_guard const lock{mutex};
        if (std::find(problems.begin(), problems.end(), what) != problems.end()) return;
    }
    note(how, std::move(what));
}

// Without the views that can't be.
TACHO_FUNCTION registry_options registry_core::checked(registry_options o, std::vector<std::string>& problems) {
    std::size_t place = 0;
    std::erase_if(o.views, [&](view const& v) {
        auto const why = why_no_view(v);
        if (!why.empty()) problems.push_back("views[" + std::to_string(place) + "] is ignored: " + why);
        ++place;
        return !why.empty();
    });
    return o;
}

// One instrument less. Out of memory, its family stays in the list, which is harmless.
TACHO_FUNCTION void registry_core::drop(family const& gone) noexcept {
    std::lock_guard const lock{mutex};
    auto const at = entries.find(&gone);
    if (at == entries.end() || --at->second.instruments != 0) return;
    attempt([&] {
        auto list = without(*published, gone);
        if (!readers.empty()) retired.push_back({at->second.shown, clock->next()});
        at->second.shown->end();
        published = std::move(list);
        forget(gone);
        forget_retired();  // at once, where all readers have ended
    });
}

// Under the mutex: as if it had never been registered.
TACHO_FUNCTION void registry_core::forget(family const& gone) noexcept {
    auto const known = entries.find(&gone);
    if (known == entries.end()) return;
    for (auto const& name : known->second.names)
        for (auto [at, end] = used_names.equal_range(name); at != end;)
            at = at->second == &gone ? used_names.erase(at) : std::next(at);
    entries.erase(known);
}

// Under the mutex: lets go of what every reader has collected.
TACHO_FUNCTION void registry_core::forget_retired() {
    auto const oldest = readers.empty() ? gone_reader : *std::min_element(readers.begin(), readers.end());
    // Release: who sees it knows that the readers are done with what was removed before.
    clock->settled.store(oldest, std::memory_order_release);
    std::erase_if(retired, [&](auto const& r) { return r.removed_at <= oldest; });
}

// A child has none of the parent's readers, but for those that its own thread had, which are there again once they
// commit. Removed series need not wait for the others.
TACHO_FUNCTION void registry_core::on_fork(fork_event what) noexcept {
    if (what != fork_event::start_anew) return;
    failed = 0;
    readers.assign(readers.size(), gone_reader);
    clock->settled.store(gone_reader, std::memory_order_relaxed);
}

[[nodiscard]] inline std::shared_ptr<registry_core> const& core_of_module() {
    static constinit std::atomic<bool> said{false};
    auto const& none = []() -> auto const& {
        changing const guarded;  // no child has the guard taken and waits for it
        static auto const& made = *new auto(std::make_shared<registry_core>(registry_options{}));
        return made;
    }
    ();
    // No change: the error hook is the program's own code. Relaxed: whoever is first says it.
    if (!said.exchange(true, std::memory_order_relaxed)) none->fail(std::string{foreign_registry});
    return none;
}

TACHO_FUNCTION std::shared_ptr<registry_core> const& usable(std::shared_ptr<registry_core> const& core) {
    return core->belongs_to.is_here() ? core : core_of_module();
}

#endif

}  // namespace detail

}  // namespace tacho::inline TACHO_ABI
