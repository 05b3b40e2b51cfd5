// tacho: the registry: it knows all instruments, and shows their numbers to whoever visits.
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/registry/callbacks.hpp"
#include "tacho/registry/collisions.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/registry/family_list.hpp"

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

struct registry_options {
    std::size_t series_limit = 2000;  ///< of each instrument that names none of its own
    bool scope_labels = true;         ///< show `otel_scope_name` and `otel_scope_version` where a scope is named
    unix_nanos (*now)() noexcept = &system_clock::now;  ///< when a series is born
    /// How long a callback may take before what it observes is dropped, and how long a collection waits for another one
    /// that runs the callbacks.
    std::chrono::milliseconds callback_timeout{1000};
};

/// What went wrong in recording, since the registry was made; of instruments that are still registered.
struct registry_health {
    std::uint64_t dropped_measurements = 0;     ///< NaN, infinite or negative where that has no meaning, and those
                                                ///< of failed and late callbacks
    std::uint64_t overflowed_measurements = 0;  ///< counted in an overflow series
    std::uint64_t torn_reads = 0;               ///< histogram readings whose sum may be ahead of the buckets
    std::uint64_t failed_registrations = 0;
    std::uint64_t failed_callbacks = 0;  ///< calls that threw
    std::uint64_t late_callbacks = 0;    ///< calls that took longer than they may, or that there was no time for
    std::size_t kept_series = 0;         ///< removed, but still held by a handle, or not yet collected by every reader
};

namespace detail {

// A family whose last instrument is gone, kept for the readers who have not collected since.
struct retired_family {
    std::shared_ptr<family> gone;
    std::uint64_t removed_at;
};

// What a registry, its instruments and its readers share, so that each may outlive the others.
struct registry_core {
    explicit registry_core(registry_options o) : options(o), callbacks(o.callback_timeout, o.now) {}

    struct entry {
        std::shared_ptr<family> shown;
        std::size_t instruments;         // that have this identity
        std::vector<std::string> names;  // those it has in used_names
    };

    registry_options const options;
    callback_list callbacks;
    std::mutex mutex;  // guards all below; recording, creating a series and visiting don't need it
    std::unordered_map<family const*, entry> entries;
    std::unordered_multimap<std::string, family*> used_names;  // names of families and samples, to whoever uses them
    std::shared_ptr<family_list const> published = std::make_shared<family_list const>();
    std::vector<std::string> problems;
    std::vector<retired_family> retired;
    std::vector<std::uint64_t> readers;  // where the clock stood at each reader's last collection
    static constexpr std::uint64_t gone_reader = ~std::uint64_t{0};
    std::shared_ptr<reader_clock> const clock = std::make_shared<reader_clock>();
    std::uint64_t failed = 0;

    std::shared_ptr<family_list const> families() {
        std::lock_guard const lock{mutex};  // only to copy the pointer
        return published;
    }

    // Adds a family, or finds the one with the same identity; nullptr, and a problem, when it can't be.
    std::shared_ptr<family> add(descriptor describe, label_schema schema, series_storage storage);
    void fail(std::string why);
    void drop(family const& gone) noexcept;
    void forget(family const& gone) noexcept;
    void forget_retired();
};

inline std::shared_ptr<family> registry_core::add(descriptor describe, label_schema schema, series_storage storage) {
    // A name may be reused by another registry, an id never: whoever remembers values by id can't mix two families up.
    static constinit std::atomic<std::uint64_t> ids{0};
    auto names = names_in_use(describe.prometheus_name, describe.kind);
    auto why = why_reserved(describe, names);
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
                if (why.empty()) why = why_they_collide(present.describe(), describe, name, options.scope_labels);
            }
        if (why.empty()) {
            // Relaxed: only the number has to be unique.
            auto const id = ids.fetch_add(1, std::memory_order_relaxed);
            auto made = std::make_shared<family>(id, std::move(describe), std::move(schema), storage);
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

// Outside the mutex: the hook is the program's own code.
inline void registry_core::fail(std::string why) {
    report(severity::error, why);
    std::lock_guard const lock{mutex};
    ++failed;
    if (problems.size() < 1000) problems.push_back(std::move(why));
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

}  // namespace detail

class registry;
class snapshot;

/// Where instruments register: a registry, and who makes them. A value; outlives its registry without harm.
class scope {
public:
    /// The unnamed scope of a registry: what an instrument uses that is given just the registry.
    scope(registry& in) noexcept;  // implicit: `counter requests{registry, "..."}`
    scope(std::shared_ptr<detail::registry_core> core, scope_info info)
        : core_(std::move(core)), info_(std::move(info)) {}

    [[nodiscard]] scope_info const& info() const noexcept { return info_; }
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return core_; }

private:
    std::shared_ptr<detail::registry_core> core_;
    scope_info info_;
};

/// A set of instruments and their numbers. Instruments, handles, snapshots and readers may outlive it. All members may
/// be called by any thread at any time.
class registry {
public:
    explicit registry(registry_options options = {}) : core_(std::make_shared<detail::registry_core>(options)) {}
    registry(registry const&) = delete;
    registry& operator=(registry const&) = delete;

    /// A scope of instruments, such as a library and its version.
    [[nodiscard]] tacho::scope scope(std::string_view name, std::string_view its_version = {}) {
        return {core_, scope_info{to_utf8(name), to_utf8(its_version)}};
    }

    /// Runs the callbacks of observables, and shows every series to `visitor`: calls `number(family, series, number)`
    /// and `histogram(family, series, histogram_value)`. Takes no lock that recording or creating a series needs, and
    /// allocates nothing.
    template <class Visitor>
    void visit(Visitor&& visitor, order in = order::by_name) const {
        auto const round = core_->callbacks.collect();
        detail::visit_all(*core_->families(), visitor, in, round);
    }

    /// A copy of all numbers at about one moment, which the same visitors can visit, as often as they like. Runs the
    /// callbacks of observables.
    [[nodiscard]] tacho::snapshot snapshot() const;

    /// Why instruments were not registered, a sentence each.
    [[nodiscard]] std::vector<std::string> problems() const {
        std::lock_guard const lock{core_->mutex};
        return core_->problems;
    }

    [[nodiscard]] registry_health health() const {
        registry_health sum;
        {
            std::lock_guard const lock{core_->mutex};
            sum.failed_registrations = core_->failed;
        }
        auto const families = core_->families();
        for (auto const& f : families->by_name) {
            sum.dropped_measurements += f->dropped();
            sum.overflowed_measurements += f->table().overflowed();
            sum.torn_reads += f->torn();
            sum.kept_series += f->table().kept();
        }
        auto const troubles = core_->callbacks.troubles();
        sum.dropped_measurements += troubles.lost_values;
        sum.failed_callbacks = troubles.failed;
        sum.late_callbacks = troubles.late;
        return sum;
    }

    [[nodiscard]] registry_options const& options() const noexcept { return core_->options; }
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return core_; }

private:
    std::shared_ptr<detail::registry_core> core_;
};

inline scope::scope(registry& in) noexcept : core_(in.core()) {}

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
