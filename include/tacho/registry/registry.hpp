// tacho: the registry: it knows all instruments, and shows their numbers to whoever visits.
#pragma once

#include "tacho/cell/forked_cells.hpp"
#include "tacho/core/attempt.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/registry/callbacks.hpp"
#include "tacho/registry/collisions.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/registry/family_list.hpp"
#include "tacho/registry/health.hpp"
#include "tacho/registry/options.hpp"

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
#include <unordered_map>
#include <utility>
#include <vector>

namespace tacho::inline v0 {

namespace detail {

// A family whose last instrument is gone, kept for the readers who have not collected since.
struct retired_family {
    std::shared_ptr<family> gone;
    std::uint64_t removed_at;
};

struct [[gnu::visibility("default")]] registry_core;  // the program's, in a plug-in too

// What a registry, its instruments and its readers share, so that each may outlive the others.
struct registry_core final : fork_witness {
    explicit registry_core(registry_options o)
        : options(checked(std::move(o), problems)), callbacks(options.callback_timeout, options.now) {
        watch_cells_at_fork();
        add_constant_labels(constant_labels, options.constant_labels, problems);
        for (auto const& problem : problems) report(severity::warning, problem);
    }

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
    std::uint64_t failed = 0;
    fork_watch watch{*this};

    std::shared_ptr<family_list const> families() {
        std::lock_guard const lock{mutex};  // only to copy the pointer
        return published;
    }

    registry_health health() {
        auto sum = health_of(*families(), callbacks.troubles());
        std::lock_guard const lock{mutex};
        sum.failed_registrations = failed;
        return sum;
    }

    // Adds a family, or finds the one with the same identity; nullptr, and a problem, when it can't be.
    std::shared_ptr<family> add(descriptor describe, label_schema schema, series_storage storage);
    void fail(std::string why);
    void note(severity how, std::string what);
    static registry_options checked(registry_options o, std::vector<std::string>& problems);
    void drop(family const& gone) noexcept;
    void forget(family const& gone) noexcept;
    void forget_retired();
    void on_fork(fork_event what) noexcept override;
};

inline std::shared_ptr<family> registry_core::add(descriptor describe, label_schema schema, series_storage storage) {
    // A name may be reused by another registry, an id never: whoever remembers values by id can't mix two families up.
    static constinit std::atomic<std::uint64_t> ids{0};
    auto names = names_in_use(describe.prometheus_name, describe.kind);
    auto why = why_reserved(describe, names);
    if (why.empty()) why = why_labels_collide(describe, schema);
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
            // Relaxed: only the number has to be unique.
            auto const id = ids.fetch_add(1, std::memory_order_relaxed);
            auto made =
                std::make_shared<family>(id, std::move(describe), std::move(schema), storage, options.on_overflow);
            bool const done = attempt([&] {
                auto list = with(*published, made);
                auto const& kept = entries.emplace(made.get(), entry{made, 1, std::move(names)}).first->second.names;
                for (auto const& name : kept) used_names.emplace(name, made.get());
                published = std::move(list);
            });
            if (done) return made;
            forget(*made);
            why = "there is no memory to register another instrument; it is discarded";
        }
    }
    fail(std::move(why));
    return nullptr;
}

inline void registry_core::fail(std::string why) {
    note(severity::error, std::move(why));
    std::lock_guard const lock{mutex};
    ++failed;
}
inline void registry_core::note(severity how, std::string what) {
    report(how, what);  // outside the mutex: the hook is the program's own code
    std::lock_guard const lock{mutex};
    if (problems.size() < 1000) problems.push_back(std::move(what));
}

// Without the views that can't be.
inline registry_options registry_core::checked(registry_options o, std::vector<std::string>& problems) {
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
inline void registry_core::drop(family const& gone) noexcept {
    std::lock_guard const lock{mutex};
    auto const at = entries.find(&gone);
    if (at == entries.end() || --at->second.instruments != 0) return;
    attempt([&] {
        auto list = without(*published, gone);
        if (!readers.empty()) retired.push_back({at->second.shown, clock->next()});
        at->second.shown->end();
        published = std::move(list);
        forget(gone);
    });
}

// Under the mutex: as if it had never been registered.
inline void registry_core::forget(family const& gone) noexcept {
    auto const known = entries.find(&gone);
    if (known == entries.end()) return;
    for (auto const& name : known->second.names)
        for (auto [at, end] = used_names.equal_range(name); at != end;)
            at = at->second == &gone ? used_names.erase(at) : std::next(at);
    entries.erase(known);
}

// Under the mutex: lets go of what every reader has collected.
inline void registry_core::forget_retired() {
    auto const oldest = readers.empty() ? gone_reader : *std::min_element(readers.begin(), readers.end());
    // Release: who sees it knows that the readers are done with what was removed before.
    clock->settled.store(oldest, std::memory_order_release);
    std::erase_if(retired, [&](auto const& r) { return r.removed_at <= oldest; });
}

// A child has none of the parent's readers, but for those that its own thread had, which are there again once they
// commit. Removed series need not wait for the others.
inline void registry_core::on_fork(fork_event what) noexcept {
    if (what != fork_event::start_anew) return;
    readers.assign(readers.size(), gone_reader);
    clock->settled.store(gone_reader, std::memory_order_relaxed);
}

}  // namespace detail

class registry;
class snapshot;

/// Where instruments register: a registry, and who makes them. A value; outlives its registry without harm.
class scope {
public:
    /// The unnamed scope of a registry: what an instrument uses that is given just the registry.
    scope(registry& in);  // implicit: `counter requests{registry, "..."}`
    scope(std::shared_ptr<detail::registry_core> core, scope_info info)
        : core_(std::move(core)), info_(std::move(info)), labels_(core_->constant_labels) {}

    /// The same scope with labels that each series of its instruments carries, beside those of the registry and those
    /// that it has already. One that is named like another, or is no label, is left out: registry.problems() says so.
    [[nodiscard]] scope with_labels(std::vector<attribute> const& labels) const {
        scope made = *this;
        std::vector<std::string> problems;
        detail::add_constant_labels(made.labels_, labels, problems);
        for (auto& problem : problems) core_->note(severity::warning, std::move(problem));
        return made;
    }

    [[nodiscard]] scope_info const& info() const noexcept { return info_; }
    /// All constant labels of its instruments.
    [[nodiscard]] std::vector<fixed_label> const& labels() const noexcept { return labels_; }
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return core_; }

private:
    std::shared_ptr<detail::registry_core> core_;
    scope_info info_;
    std::vector<fixed_label> labels_;
};

/// A set of instruments and their numbers. Instruments, handles, snapshots and readers may outlive it. All members may
/// be called by any thread at any time.
class registry {
public:
    explicit registry(registry_options options = {})
        : core_(std::make_shared<detail::registry_core>(std::move(options))) {}
    registry(registry const&) = delete;
    registry& operator=(registry const&) = delete;

    /// A scope of instruments, such as a library and its version.
    [[nodiscard]] tacho::scope scope(std::string_view name, std::string_view its_version = {}) {
        return {core(), scope_info{to_utf8(name), to_utf8(its_version)}};
    }

    /// Runs the callbacks of observables, and shows every series to `visitor`: calls `number(family, series, number)`
    /// and `histogram(family, series, histogram_value)`. Takes no lock that recording or creating a series needs, and
    /// allocates nothing.
    template <class Visitor>
    void visit(Visitor&& visitor, order in = order::by_name) const {
        auto const round = core()->callbacks.collect();
        detail::visit_all(*core()->families(), visitor, in, round);
    }

    /// A copy of all numbers at about one moment, which the same visitors can visit, as often as they like. Runs the
    /// callbacks of observables.
    [[nodiscard]] tacho::snapshot snapshot() const;

    /// All instruments that are registered, in the order of their Prometheus names. Those that a view drops are not.
    [[nodiscard]] std::vector<listed_instrument> list() const {
        std::vector<listed_instrument> all;
        auto const families = core()->families();
        all.reserve(families->by_name.size());
        for (auto const& f : families->by_name) all.push_back(detail::listed(*f));
        return all;
    }

    /// Why instruments were not registered, and which views and constant labels are ignored, a sentence each.
    [[nodiscard]] std::vector<std::string> problems() const {
        std::lock_guard const lock{core()->mutex};
        return core()->problems;
    }

    [[nodiscard]] registry_health health() const { return core()->health(); }

    [[nodiscard]] registry_options const& options() const noexcept { return core_->options; }
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return core_; }

private:
    std::shared_ptr<detail::registry_core> core_;
};

inline scope::scope(registry& in) : core_(in.core()), labels_(core_->constant_labels) {}

/// The registry of instruments that are given none. Never destroyed, so that static destructors may still record.
[[nodiscard, gnu::visibility("default")]] inline registry& default_registry() {
    static registry& instance = *new registry;
    return instance;
}

/// Sees each series that lived since its last commit(), also one that was removed and those of a family whose
/// instruments are gone: for a reader who reports what happened in between. One thread at a time.
class reader {
public:
    explicit reader(registry& in) : core_(in.core()) {
        std::lock_guard const lock{core_->mutex};
        place_ = core_->readers.size();
        core_->readers.push_back(core_->clock->now.load(std::memory_order_acquire));
        core_->forget_retired();
    }
    reader(reader const&) = delete;
    reader& operator=(reader const&) = delete;
    ~reader() {
        std::lock_guard const lock{core_->mutex};
        core_->readers[place_] = detail::registry_core::gone_reader;  // places are not reused: few readers ever exist
        core_->forget_retired();
    }

    /// As registry::visit() by scope, retired families last; callbacks have until `until`. A visitor with a member
    /// lives(family) first hears of each registered observable, shown or not. Allocates a list of retired families.
    template <class Visitor>
    void visit(Visitor&& visitor,
               std::chrono::steady_clock::time_point until = (std::chrono::steady_clock::time_point::max)()) {
        auto const round = core_->callbacks.collect(until);
        std::shared_ptr<family_list const> families;
        std::vector<std::shared_ptr<family const>> retired;
        std::uint64_t since = 0;
        {
            std::lock_guard const lock{core_->mutex};
            families = core_->published;
            // Acquire: all that was removed by then is seen as removed, with its last values.
            seen_ = core_->clock->now.load(std::memory_order_acquire);
            since = core_->readers[place_];
            for (auto const& r : core_->retired)
                if (r.removed_at > since) retired.push_back(r.gone);
        }
        if constexpr (requires { visitor.lives(*families->by_name.front()); })
            for (auto const& f : families->by_name)
                if (f->describe().observable) visitor.lives(*f);
        detail::visit_all(*families, visitor, order::by_scope, round, since);
        for (auto const& f : retired) f->visit(visitor, round, since);
    }

    /// What the last visit() showed has arrived where it should: retired families in it are not shown again.
    void commit() {
        std::lock_guard const lock{core_->mutex};
        core_->readers[place_] = seen_;
        core_->forget_retired();
    }

private:
    std::shared_ptr<detail::registry_core> core_;
    std::size_t place_ = 0;
    std::uint64_t seen_ = 0;
};

}  // namespace tacho::inline v0
