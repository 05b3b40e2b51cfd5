// SPDX-License-Identifier: MIT
// tacho: an instrument's place in a registry, taken when it is made and given back when it ends.
#pragma once

#include "tacho/cell/cells.hpp"
#include "tacho/cell/epoch.hpp"
#include "tacho/cell/exponential_cells.hpp"
#include "tacho/cell/histogram_cells.hpp"
#include "tacho/cell/observed_cells.hpp"
#include "tacho/core/attempt.hpp"
#include "tacho/core/bounds.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/escaping.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/translation.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/instrument/bound_series.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

namespace detail {

struct label_spec {
    std::string_view name;
    label_type type = label_type::text;
};

// An instrument as its maker describes it; typed instruments have checked most of it while compiling.
struct instrument_spec {
    std::string_view name;
    std::string_view prometheus_name;
    std::string_view description;
    std::string_view unit;
    instrument_kind kind = instrument_kind::counter;
    number_kind number = number_kind::unsigned_integer;
    bool sharded = true;
    bool observable = false;
    std::size_t limit = 0;           // 0: the registry's
    std::uint32_t expire_after = 0;  // seconds; 0: never
    std::span<label_spec const> labels;
    std::span<double const> bounds;
    std::span<std::string_view const> states = {};
    exponential_shape shape = {};
    bool exemplars = false;
};

}  // namespace detail

/// Holds an instrument's family. Movable, so that instruments named at run time can be kept in containers.
class registration {
public:
    registration() = default;
    registration(registration&& other) noexcept = default;
    registration& operator=(registration&& other) noexcept {
        std::swap(core_, other.core_);
        std::swap(family_, other.family_);
        std::swap(cache_, other.cache_);
        std::swap(dropped_, other.dropped_);
        return *this;
    }
    ~registration();

    /// Registers; on failure the error hook has been called and `held()` is nullptr.
    registration(scope const& in, detail::instrument_spec const& spec) noexcept;

    /// Registers nothing, and says why: for what can only be found out at run time.
    static registration refused(scope const& in, std::string why) noexcept;

    /// Whether it is registered, or a view drops it: all is as somebody wants it.
    [[nodiscard]] bool ok() const noexcept { return family_ != nullptr || dropped_; }
    /// The family; nullptr when it isn't registered.
    [[nodiscard]] std::shared_ptr<family> const& held() const noexcept { return family_; }
    /// What it is registered in.
    [[nodiscard]] std::shared_ptr<detail::registry_core> const& core() const noexcept { return core_; }

    /// The series with these label values, for those who are looking.
    template <std::size_t Count>
    [[nodiscard]] detail::found_series find(std::span<std::string_view const, Count> values) const noexcept {
        return found(family_ == nullptr ? nullptr : family_->find_or_create(values));
    }
    /// Has series kept in places of the instrument's own, which outlives this: where labels have few known values, of
    /// which it numbers the combinations. The numbers are its own: another instrument with the same identity may have
    /// its labels' values elsewhere. Without memory all places stay empty.
    void keep_in(detail::series_cache cache) noexcept;
    /// The series with these label values, found and put in its place.
    [[nodiscard]] detail::found_series find_and_cache(std::size_t index,
                                                      std::span<std::string_view const> values) const noexcept;
    /// The overflow series, for those who are looking.
    [[nodiscard]] detail::found_series find_overflow() const noexcept;

    /// The series with these label values, to keep. Without memory there is none, and a measurement is dropped: one,
    /// however often the handle is used.
    [[nodiscard]] detail::bound_series bind(std::span<std::string_view const> values) const noexcept;

    /// The one series of an instrument without labels, made for all its time. Without memory the instrument is not
    /// registered after all, and the error hook hears of it.
    [[nodiscard]] detail::bound_series bind_only() noexcept;

    /// The overflow series, to keep.
    [[nodiscard]] detail::bound_series bind_overflow() const noexcept;

    /// See typed_instrument::remove().
    bool remove(std::span<std::string_view const> values) const noexcept;
    /// See typed_instrument::clear().
    void clear() const noexcept;

private:
    [[nodiscard]] detail::found_series found(series* s) const noexcept {
        if (s == nullptr) [[unlikely]] {
            if (family_ != nullptr) family_->drop_measurement("a value that there is no memory for");
            return {detail::discard_cells(), family_, nullptr};
        }
        if (s->is_overflow()) [[unlikely]]
            family_->say_overflow();
        return {s->cells(), family_, s};
    }

    // Later views over earlier ones, and all over the instrument's own.
    static detail::stream seen_by_views(scope const& in, detail::instrument_spec const& spec) noexcept;
    static detail::viewed_instrument viewed(scope const& in, detail::instrument_spec const& spec) noexcept;

    static descriptor describe(scope const& in, detail::instrument_spec const& spec, detail::stream const& views,
                               std::string_view prometheus);

    static label_schema schema(scope const& in, detail::instrument_spec const& spec, std::string_view prometheus);

    [[nodiscard]] series_storage storage(detail::instrument_spec const& spec, detail::stream const& views) const;

    static void say_without_memory(instrument_kind kind, std::string_view name) noexcept;

    std::shared_ptr<detail::registry_core> core_;
    std::shared_ptr<family> family_;
    detail::series_cache cache_{};
    bool dropped_ = false;  // by a view
};

#if TACHO_BODIES

TACHO_FUNCTION registration::~registration() {
    if (!cache_.cells.empty()) family_->table().drop_cache(cache_);
    if (family_ != nullptr) core_->drop(*family_);
}

TACHO_FUNCTION registration::registration(scope const& in, detail::instrument_spec const& spec) noexcept
    : core_(in.core()) {
    dropped_ = !detail::recording;  // as a view would
    if (dropped_) return;
    if (!are_bounds(spec.bounds)) {
        detail::attempt([&] {
            core_->fail("the histogram \"" + std::string{spec.name} +
                        "\" was not registered: its bounds should be finite, strictly increasing and at most 256");
        });
        return;
    }
    auto const views = seen_by_views(in, spec);
    dropped_ = views.dropped;
    if (dropped_) return;
    bool const done = detail::attempt([&] {
        // What was made while compiling is for the usual strategy, and the instrument's own name.
        auto const how = in.core()->options.translation;
        bool const is_usual = how == translation_strategy::underscore_escaping_with_suffixes;
        prometheus_text made;
        bool const anew = views.name != spec.name || !is_usual;
        if (anew) made = prometheus_name(views.name, spec.unit, spec.kind, how);
        auto const name = anew ? made.view() : spec.prometheus_name;
        family_ = core_->add(describe(in, spec, views, name), schema(in, spec, name), storage(spec, views));
    });
    if (!done) say_without_memory(spec.kind, spec.name);
}

TACHO_FUNCTION void registration::say_without_memory(instrument_kind kind, std::string_view name) noexcept {
    detail::report_joined(severity::error,
                          {"the ", to_string(kind), " \"", name,
                           "\" was not registered: there is no memory for it; allow the process more"});
}

TACHO_FUNCTION registration registration::refused(scope const& in, std::string why) noexcept {
    registration none;
    detail::attempt([&] { in.core()->fail(std::move(why)); });
    return none;
}

[[gnu::noinline]] TACHO_FUNCTION detail::found_series registration::find_and_cache(
    std::size_t index, std::span<std::string_view const> values) const noexcept {
    detail::looking const look;
    auto const by_values = find(values);
    // The overflow series is asked for anew each time, which counts it.
    if (auto* const s = by_values.at(); !cache_.cells.empty() && s != nullptr && !s->is_overflow())
        family_->table().fill_cache(cache_, index, *s);
    return by_values;
}

TACHO_FUNCTION detail::bound_series registration::bind(std::span<std::string_view const> values) const noexcept {
    detail::looking const look;
    series* const s = family_ == nullptr ? nullptr : family_->hold(values);
    auto const to = found(s);
    if (s == nullptr) return {to.cells, nullptr, {}};
    return {to.cells, to.of, detail::held_series{s}};
}

TACHO_FUNCTION detail::bound_series registration::bind_only() noexcept {
    if (family_ == nullptr) return {detail::discard_cells(), nullptr, {}};
    {
        detail::looking const look;
        if (series* const s = family_->hold({})) return {s->cells(), family_, detail::held_series{s}};
    }
    say_without_memory(family_->describe().kind, family_->describe().name);
    registration ended;  // and takes it out of the registry
    ended.core_ = core_;
    std::swap(family_, ended.family_);
    std::swap(cache_, ended.cache_);
    return {detail::discard_cells(), nullptr, {}};
}

// Not inlined, since a look-up that hits would have fewer registers.
[[gnu::noinline, gnu::cold]] TACHO_FUNCTION detail::found_series registration::find_overflow() const noexcept {
    return found(family_ == nullptr ? nullptr : family_->table().overflow());
}

TACHO_FUNCTION detail::bound_series registration::bind_overflow() const noexcept {
    detail::looking const look;
    return find_overflow().bind();
}

TACHO_FUNCTION bool registration::remove(std::span<std::string_view const> values) const noexcept {
    return family_ != nullptr && !values.empty() && family_->remove(values);
}

TACHO_FUNCTION void registration::clear() const noexcept {
    if (family_ != nullptr && family_->schema().given != 0) family_->table().clear();
}

TACHO_FUNCTION void registration::keep_in(detail::series_cache cache) noexcept {
    if (family_ == nullptr) return;
    family_->table().keep_removed();
    // Where series expire, each look-up has to be seen: also when it was another instrument that wanted it so.
    if (family_->table().storage().expire_after == 0 && family_->table().add_cache(cache)) cache_ = cache;
}

TACHO_FUNCTION detail::stream registration::seen_by_views(scope const& in,
                                                          detail::instrument_spec const& spec) noexcept {
    detail::stream as{spec.name, spec.description, spec.bounds, spec.limit};
    for (auto const& v : in.core()->options.views)
        if (detail::selects(v, viewed(in, spec))) detail::apply(v, as);
    return as;
}

TACHO_FUNCTION detail::viewed_instrument registration::viewed(scope const& in,
                                                              detail::instrument_spec const& spec) noexcept {
    return {spec.name, in.info().name, in.info().version, spec.unit, spec.kind};
}

TACHO_FUNCTION descriptor registration::describe(scope const& in, detail::instrument_spec const& spec,
                                                 detail::stream const& views, std::string_view prometheus) {
    descriptor d;
    d.scope = in.info();
    d.name = views.name;
    d.prometheus_name = prometheus;
    d.unit_word = unit_word(spec.unit).view();
    d.description = to_utf8(views.description);
    d.unit = to_utf8(spec.unit);
    d.kind = spec.kind;
    d.number = spec.number;
    d.observable = spec.observable;
    if (d.is_histogram()) d.bounds.assign(views.bounds.begin(), views.bounds.end());
    for (auto const state : spec.states) d.states.push_back(to_utf8(state));
    d.shape = spec.shape;
    d.exemplars = spec.exemplars;
    return d;
}

TACHO_FUNCTION label_schema registration::schema(scope const& in, detail::instrument_spec const& spec,
                                                 std::string_view prometheus) {
    label_schema s;
    auto const how = in.core()->options.translation;
    s.given = spec.labels.size();
    auto const as = viewed(in, spec);
    for (std::size_t i = 0; i < spec.labels.size(); ++i) {
        auto const& label = spec.labels[i];
        auto const leaves_it_out = [&](view const& v) {
            return detail::selects(v, as) && detail::leaves_out(v, label.name);
        };
        auto const& views = in.core()->options.views;
        if (std::any_of(views.begin(), views.end(), leaves_it_out))
            s.left_out |= std::uint32_t{1} << i;
        else
            s.keys.push_back(
                {std::string{label.name}, std::string{prometheus_label_name(label.name, how).view()}, label.type});
    }
    s.fixed = in.labels();
    if (in.core()->options.scope_labels) {
        s.fixed.push_back({"", "otel_scope_name", to_utf8(in.info().name)});
        s.fixed.push_back({"", "otel_scope_version", to_utf8(in.info().version)});
    }
    auto const is_plain = [](auto const& label) { return detail::is_plain_name(label.prometheus_name); };
    s.plain = detail::is_plain_name(prometheus) && std::all_of(s.keys.begin(), s.keys.end(), is_plain) &&
              std::all_of(s.fixed.begin(), s.fixed.end(), is_plain);
    if (spec.kind == instrument_kind::histogram) return s;
    bool const in_quotes = !detail::is_plain_name(prometheus);
    s.line_name.append(in_quotes ? "{\"" : "").append(prometheus).append(in_quotes ? "\"" : "");
    return s;
}

TACHO_FUNCTION series_storage registration::storage(detail::instrument_spec const& spec,
                                                    detail::stream const& views) const {
    // Settles how many slots this process can have, before anybody looks up what has no use for them and gets one.
    static_cast<void>(detail::discard_cells());
    std::size_t cells = spec.observable ? detail::observed_cell_count : 1;
    if (spec.kind == instrument_kind::histogram) cells = detail::histogram_cell_count(views.bounds.size());
    if (spec.kind == instrument_kind::exponential_histogram)
        cells = detail::exponential_cell_count(spec.shape.max_buckets);
    auto limit = (std::max)(views.limit != 0 ? views.limit : core_->options.series_limit, std::size_t{1});
    if (spec.kind == instrument_kind::info) limit = (std::max)(limit, std::size_t{2});  // the next beside the last
    bool const has_buckets = spec.kind == instrument_kind::histogram;
    return {.cells = cells,
            .sharded = spec.sharded,
            .limit = limit,
            .expire_after = spec.expire_after,
            .exemplars = !spec.exemplars ? 0
                         : has_buckets   ? views.bounds.size() + 1
                                         : 1,
            .observed = spec.observable,
            .now = core_->options.now,
            .readers = core_->clock,
            .filter = core_->filter};
}

#endif

}  // namespace tacho::inline TACHO_ABI
