// SPDX-License-Identifier: MIT
// tacho: what callbacks observe in one round, until it is shown.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/sdk/#asynchronous-instrument-cardinality-limits
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/cell/observed_cells.hpp"
#include "tacho/core/attempt.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/series/held_series.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI::detail {

// What one call of a callback observes. It is shown when the callback has ended well and in time, and otherwise never.
// Totals that a series gets from several places are shown when the round ends, as a whole: one of which only a part is
// new would seem to have fallen.
class observed_values {
public:
    // Of several values of a series the last one stands. Those that share it because they are beyond the limit of
    // series, or because a view leaves out what tells them apart, are added up where that has a meaning.
    void add(family& of, held_series in, number value) noexcept;

    void clear() noexcept { list_.clear(); }  // keeps its memory for the next call
    [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }

    // Shows all of it but what is added up. `before` is when the round before this one began: what is seen first counts
    // since then, or since its instrument was registered (CONFORMANCE 134). Where there are more series than the limit
    // allows, those that are shown already go before new ones, and then the first before the last (CONFORMANCE 145).
    void publish(std::vector<std::shared_ptr<family>> const& of, std::uint64_t round, unix_nanos before) noexcept;

    // Shows what is added up. Families may end with it.
    void finish_round(std::uint64_t round, unix_nanos before) noexcept;

private:
    struct observed {
        family* of;
        held_series in;  // it must not be removed before it is published
        number value;
        bool is_new;
        std::size_t turn;  // the first ones go first
    };

    [[nodiscard]] static bool has_sum(family const& of) noexcept {
        return of.describe().kind != instrument_kind::gauge;
    }
    // Whether there may be others of the same series in this round.
    [[nodiscard]] static bool is_part(observed const& v) noexcept {
        return has_sum(*v.of) && ((*v.in).is_overflow() || v.of->schema().left_out != 0);
    }

    // Those for which f(observed): as far as the limit allows.
    template <class F>
    void show_admitted(std::vector<observed> const& list, std::uint64_t round, unix_nanos before, F&& f) noexcept {
        auto const size = list.size();
        for (bool const is_new : {false, true})
            for (std::size_t i = 0; i < size; ++i) {
                if (list[i].is_new != is_new || !f(list[i])) continue;
                if ((*list[i].in).is_overflow()) continue;
                if (is_admitted(list[i], round))
                    show(list[i], round, before);
                else if (!has_sum(*list[i].of) || !attempt([&] { beyond_.push_back(i); }))
                    put_beyond(i);
            }
        put_last_ones_beyond();
        for (auto const& v : list)  // of gauges, of which the last one stands
            if ((*v.in).is_overflow() && f(v)) show(v, round, before);
    }

    static bool is_admitted(observed const& v, std::uint64_t round) noexcept;

    // Counts a value in the overflow series after all. Its own series is not shown.
    void put_beyond(std::size_t i) noexcept;

    // Of what is beyond the limit the last value of each series, in the order in which they were observed.
    void put_last_ones_beyond() noexcept;

    static void show(observed const& v, std::uint64_t round, unix_nanos before) noexcept;

    static number sum(number a, number b) noexcept;

    std::vector<observed> list_;
    std::vector<observed> parts_;                  // of this round
    std::vector<std::shared_ptr<family>> owners_;  // of the parts
    std::vector<std::size_t> beyond_;              // the limit: places in the list
};

#if TACHO_BODIES

TACHO_FUNCTION void observed_values::add(family& of, held_series in, number value) noexcept {
    if ((*in).is_overflow() && has_sum(of)) {
        auto const is_known = [&](auto const& v) { return &*v.in == &*in; };
        auto const known = std::find_if(list_.rbegin(), list_.rend(), is_known);
        if (known != list_.rend()) {
            known->value = sum(known->value, value);
            return;
        }
    }
    bool const is_new = !was_observed((*in).cells(), of.observed_rounds().complete());
    if (!attempt([&] { list_.push_back({&of, std::move(in), value, is_new, list_.size()}); }))
        of.drop_measurement("a value that there is no memory for");
}

TACHO_FUNCTION void observed_values::publish(std::vector<std::shared_ptr<family>> const& of, std::uint64_t round,
                                             unix_nanos before) noexcept {
    show_admitted(list_, round, before, [](observed const& v) { return !is_part(v); });
    bool const has_parts = std::any_of(list_.begin(), list_.end(), is_part);
    bool const kept = !has_parts || attempt([&] { owners_.insert(owners_.end(), of.begin(), of.end()); });
    for (auto& v : list_) {
        v.turn = parts_.size();
        if (is_part(v) && !(kept && attempt([&] { parts_.push_back(std::move(v)); })))
            v.of->drop_measurement("a value that there is no memory for");
    }
}

TACHO_FUNCTION void observed_values::finish_round(std::uint64_t round, unix_nanos before) noexcept {
    std::sort(parts_.begin(), parts_.end(), [](observed const& a, observed const& b) {
        return std::pair{&*a.in, a.turn} < std::pair{&*b.in, b.turn};
    });
    std::swap(list_, parts_);
    for (auto& v : list_)
        if (!parts_.empty() && &*parts_.back().in == &*v.in)
            parts_.back().value = sum(parts_.back().value, v.value);
        else if (!attempt([&] { parts_.push_back(std::move(v)); }))
            v.of->drop_measurement("a value that there is no memory for");
    std::swap(list_, parts_);
    parts_.clear();
    std::sort(list_.begin(), list_.end(), [](observed const& a, observed const& b) { return a.turn < b.turn; });
    show_admitted(list_, round, before, [](observed const& v) { return !(*v.in).is_overflow(); });
    for (auto const& v : list_)
        if ((*v.in).is_overflow()) show(v, round, before);
    list_.clear();
    owners_.clear();
}

TACHO_FUNCTION bool observed_values::is_admitted(observed const& v, std::uint64_t round) noexcept {
    return was_observed((*v.in).cells(), round) || v.of->observed_rounds().admit(v.of->table().storage().limit);
}

TACHO_FUNCTION void observed_values::put_beyond(std::size_t i) noexcept {
    looking const look;
    family& of = *list_[i].of;
    series* const beyond = of.table().overflow();
    if (beyond == nullptr) return of.drop_measurement("a value that there is no memory for");
    of.say_overflow();
    beyond->hold();
    held_series in{beyond};
    if (!has_sum(of))
        list_[i].in = std::move(in);  // in its place: the last one stands
    else
        add(of, std::move(in), list_[i].value);
}

TACHO_FUNCTION void observed_values::put_last_ones_beyond() noexcept {
    auto const series_at = [this](std::size_t i) { return &*list_[i].in; };
    std::sort(beyond_.begin(), beyond_.end(), [&](std::size_t a, std::size_t b) {
        return std::pair{series_at(a), a} < std::pair{series_at(b), b};
    });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < beyond_.size(); ++i)
        if (i + 1 == beyond_.size() || series_at(beyond_[i]) != series_at(beyond_[i + 1])) beyond_[kept++] = beyond_[i];
    beyond_.resize(kept);
    std::sort(beyond_.begin(), beyond_.end());
    for (auto const i : beyond_) put_beyond(i);
    beyond_.clear();
}

TACHO_FUNCTION void observed_values::show(observed const& v, std::uint64_t round, unix_nanos before) noexcept {
    detail::publish((*v.in).cells(), v.value, v.of->describe().is_monotonic(), (std::max)(v.of->birth(), before),
                    round);
}

TACHO_FUNCTION number observed_values::sum(number a, number b) noexcept {
    if (a.kind == number_kind::floating) return {a.kind, std::bit_cast<std::uint64_t>(a.as_double() + b.as_double())};
    return {a.kind, a.bits + b.bits};
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
