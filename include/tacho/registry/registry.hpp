// SPDX-License-Identifier: MIT
// tacho: the registry: it knows all instruments, and shows their numbers to whoever visits.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/core/deadline.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/registry/descriptor.hpp"
#include "tacho/registry/family_list.hpp"
#include "tacho/registry/health.hpp"
#include "tacho/registry/options.hpp"
#include "tacho/registry/registry_core.hpp"
#include "tacho/series/label_schema.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

class registry;
class snapshot;

/// Where instruments register: a registry, and who makes them. A value; outlives its registry without harm.
class scope {
public:
    /// The unnamed scope of a registry: what an instrument uses that is given just the registry.
    scope(registry& in);  // implicit: `counter requests{registry, "..."}`
    scope(std::shared_ptr<detail::registry_core> core, scope_info info);

    /// The same scope with labels that each series of its instruments carries, beside those of the registry and those
    /// that it has already. One that is named like another, or is no label, is left out: registry.problems() says so.
    [[nodiscard]] scope with_labels(std::vector<attribute> const& labels) const;

    /// Its name and version; empty for the unnamed one.
    [[nodiscard]] scope_info const& info() const noexcept { return info_; }
    /// All constant labels of its instruments.
    [[nodiscard]] std::vector<fixed_label> const& labels() const noexcept { return labels_; }
    /// What it belongs to: for the library, and for tests of it.
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return detail::usable(core_); }

private:
    std::shared_ptr<detail::registry_core> core_;
    scope_info info_;
    std::vector<fixed_label> labels_;
};

#if TACHO_BODIES

TACHO_FUNCTION scope::scope(std::shared_ptr<detail::registry_core> core, scope_info info)
    : core_(std::move(core)), info_(std::move(info)), labels_(core_->constant_labels) {}

TACHO_FUNCTION scope scope::with_labels(std::vector<attribute> const& labels) const {
    scope made = *this;
    std::vector<std::string> problems;
    detail::add_constant_labels(made.labels_, labels, core_->options.translation, problems);
    for (auto& problem : problems) core_->note(severity::warning, std::move(problem));
    return made;
}

#endif

/// A set of instruments and their numbers. Instruments, handles, snapshots and readers may outlive it. All members may
/// be called by any thread at any time.
class registry {
public:
    /// Without instruments. Allocates.
    explicit registry(registry_options options = {});
    registry(registry const&) = delete;
    registry& operator=(registry const&) = delete;

    /// Another object for the same registry, for who may have to use it when the first one is gone.
    [[nodiscard]] static registry sharing(std::shared_ptr<detail::registry_core> core) noexcept {
        return registry{std::move(core), 0};
    }

    /// A scope of instruments, such as a library and its version.
    [[nodiscard]] tacho::scope scope(std::string_view name, std::string_view its_version = {});

    /// Runs the callbacks of observables, and shows every series to `visitor`: calls `number(family, series, number)`
    /// and `histogram(family, series, histogram_value)`. Takes no lock that recording or creating a series needs, and
    /// allocates nothing.
    template <class Visitor>
    void visit(Visitor&& visitor, order in = order::by_name) const {
        auto const all = collect();
        detail::visit_all(*all.families, visitor, in, all.round);
    }

    /// A copy of all numbers at about one moment, which the same visitors can visit, as often as they like. Runs the
    /// callbacks of observables.
    [[nodiscard]] tacho::snapshot snapshot() const;

    /// All instruments that are registered, with what the last round of callbacks showed of observables, in the order
    /// of their Prometheus names. Those that a view drops are not.
    [[nodiscard]] std::vector<listed_instrument> list() const;

    /// Why instruments were not registered, which views and constant labels are ignored, and which instruments are
    /// registered although OTLP has others of their name, a sentence each: the first 1000. How many were not
    /// registered, health().failed_registrations tells.
    [[nodiscard]] std::vector<std::string> problems() const;

    /// Sums over all instruments. Takes the registry's mutex for a moment, and allocates nothing per series.
    [[nodiscard]] registry_health health() const;

    /// Which measurements become exemplars from now on.
    void filter_exemplars(exemplar_filter by) noexcept;

    /// As they were given.
    [[nodiscard]] registry_options const& options() const noexcept;
    /// What outlives it: for the library, and for tests of it.
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return detail::usable(core_); }

private:
    registry(std::shared_ptr<detail::registry_core> core, int) noexcept : core_(std::move(core)) {}

    // All families, after a round of callbacks.
    struct collection {
        std::shared_ptr<family_list const> families;
        std::uint64_t round;
    };
    [[nodiscard]] collection collect() const;

    std::shared_ptr<detail::registry_core> core_;
};

#if TACHO_BODIES

TACHO_FUNCTION scope::scope(registry& in) : core_(in.core()), labels_(core_->constant_labels) {}

TACHO_FUNCTION registry::registry(registry_options options)
    : core_(std::make_shared<detail::registry_core>(std::move(options))) {}

TACHO_FUNCTION tacho::scope registry::scope(std::string_view name, std::string_view its_version) {
    return {core(), scope_info{to_utf8(name), to_utf8(its_version)}};
}

TACHO_FUNCTION std::vector<listed_instrument> registry::list() const {
    std::vector<listed_instrument> all;
    auto const round = core()->callbacks.finished();
    auto const families = core()->families();
    all.reserve(families->by_name.size());
    for (auto const& f : families->by_name) all.push_back(detail::listed(*f, round));
    return all;
}

TACHO_FUNCTION std::vector<std::string> registry::problems() const {
    std::lock_guard const lock{core()->mutex};
    return core()->problems;
}

TACHO_FUNCTION registry_health registry::health() const {
    return core()->health();
}

TACHO_FUNCTION void registry::filter_exemplars(exemplar_filter by) noexcept {
    core()->filter->store(by, std::memory_order_relaxed);  // orders nothing
}

TACHO_FUNCTION registry_options const& registry::options() const noexcept {
    return core_->options;
}

TACHO_FUNCTION registry::collection registry::collect() const {
    auto const round = core()->callbacks.collect();
    return {core()->families(), round};
}

#endif

/// The registry of instruments that are given none. Never destroyed, so that static destructors may still record.
[[nodiscard, gnu::visibility("default")]] registry& default_registry();
#if TACHO_BODIES
TACHO_FUNCTION registry& default_registry() {
    // No static object with a guard: a child of fork() would wait for ever for a thread that was making it.
    auto& instance = detail::made_default_registry;
    // Acquire and release: who finds it finds it made.
    if (auto* const made = instance.load(std::memory_order_acquire)) return *made;
    auto* const own = new registry;
    registry* other = nullptr;
    if (instance.compare_exchange_strong(other, own, std::memory_order_acq_rel)) return *own;
    delete own;
    return *other;
}
#endif

/// Sees each series that lived since its last commit(), also one that was removed and those of a family whose
/// instruments are gone: for a reader who reports what happened in between. One thread at a time.
class reader {
public:
    /// Begins now: what was removed before is not shown. Takes the registry's mutex.
    explicit reader(registry& in);
    reader(reader const&) = delete;
    reader& operator=(reader const&) = delete;
    ~reader();

    /// As registry::visit() by scope, retired families last; callbacks have until `until`, also if that is brought
    /// forward meanwhile. A visitor with a member lives(family) first hears of each registered observable, shown or
    /// not. Allocates a list of retired families.
    template <class Visitor>
    void visit(Visitor&& visitor, deadline const& until = deadline{(deadline::clock::time_point::max)()}) {
        auto const all = collect(until);
        if constexpr (requires { visitor.lives(*all.families->by_name.front()); })
            for (auto const& f : all.families->by_name)
                if (f->describe().observable) visitor.lives(*f);
        detail::visit_all(*all.families, visitor, order::by_scope, all.round, all.since);
        for (auto const& f : all.retired) f->visit(visitor, all.round, all.since);
    }

    /// What the last visit() showed has arrived where it should: retired families in it are not shown again.
    void commit();

private:
    // All families, after a round of callbacks, and those that have gone since the last commit().
    struct collection {
        std::shared_ptr<family_list const> families;
        std::vector<std::shared_ptr<family const>> retired;
        std::uint64_t round, since;
    };
    [[nodiscard]] collection collect(deadline const& until);

    std::shared_ptr<detail::registry_core> core_;
    std::size_t place_ = 0;
    std::uint64_t seen_ = 0;  // by the last visit, or when there was none, before it was made
};

#if TACHO_BODIES

TACHO_FUNCTION reader::reader(registry& in) : core_(in.core()) {
    std::lock_guard const lock{core_->mutex};
    place_ = core_->readers.size();
    seen_ = core_->clock->now.load(std::memory_order_acquire);
    core_->readers.push_back(seen_);
    core_->forget_retired();
}

TACHO_FUNCTION reader::~reader() {
    std::lock_guard const lock{core_->mutex};
    core_->readers[place_] = detail::registry_core::gone_reader;  // places are not reused: few readers ever exist
    core_->forget_retired();
}

TACHO_FUNCTION reader::collection reader::collect(deadline const& until) {
    auto const round = core_->callbacks.collect(until);
    std::lock_guard const lock{core_->mutex};
    collection all{core_->published, {}, round, core_->readers[place_]};
    // Acquire: all that was removed by then is seen as removed, with its last values.
    seen_ = core_->clock->now.load(std::memory_order_acquire);
    for (auto const& r : core_->retired)
        if (r.removed_at > all.since) all.retired.push_back(r.gone);
    return all;
}

TACHO_FUNCTION void reader::commit() {
    std::lock_guard const lock{core_->mutex};
    core_->readers[place_] = seen_;
    core_->forget_retired();
}

#endif

}  // namespace tacho::inline TACHO_ABI
