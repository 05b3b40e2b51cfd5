// SPDX-License-Identifier: MIT
// tacho: a copy of a registry's numbers.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/series/held_series.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

class instrument_reading;  // of tacho/testing.hpp

/// All numbers of a registry at about one moment: each series is one consistent reading, different series may be
/// microseconds apart. Holds the families it shows alive. Reading it is safe from several threads.
class snapshot {
public:
    /// Of these families, with what `round` of callbacks observed.
    snapshot(std::shared_ptr<family_list const> families, std::uint64_t round);
    /// As registry::snapshot().
    explicit snapshot(registry const& of);
    /// Copies numbers; allocates.
    snapshot(snapshot const&) = default;
    /// Leaves one that may only be assigned to, or end.
    snapshot(snapshot&&) noexcept = default;
    /// By swapping: member by member, the families would go before their series are let go.
    snapshot& operator=(snapshot other) noexcept {
        families_.swap(other.families_);
        readings_.swap(other.readings_);
        ends_.swap(other.ends_);
        words_.swap(other.words_);
        exemplars_.swap(other.exemplars_);
        return *this;
    }
    ~snapshot() = default;

    /// For tests, which include tacho/testing.hpp: the series of an instrument, by its name in OTLP or in Prometheus.
    /// `snapshot(registry)["http.requests"]({{"verb", "GET"}, {"code", 200}}).value() == 3`. Copies them.
    [[nodiscard]] instrument_reading operator[](std::string_view name) const;

    /// As registry::visit().
    template <class Visitor>
    void visit(Visitor&& visitor, order in = order::by_name) const {
        for (std::size_t i = 0; i < families_->by_name.size(); ++i)
            visit_family(visitor, in == order::by_name ? i : families_->by_scope[i]);
    }

private:
    using held_series = detail::held_series;

    static held_series hold(series const& s) noexcept {
        s.hold();
        return held_series{&s};
    }

    struct reading {
        held_series from;
        std::size_t first;  // of its words
        std::uint64_t count;
        double sum;
        std::size_t exemplars = 0;  // the place of its first
    };

    struct collector;

    [[nodiscard]] std::pair<std::size_t, std::size_t> readings_of(std::size_t place) const noexcept;
    [[nodiscard]] histogram_value histogram_of(descriptor const& d, reading const& r) const noexcept;
    [[nodiscard]] exponential_value exponential_of(reading const& r) const noexcept;
    [[nodiscard]] exemplar_view exemplars_of(family const& of, reading const& r) const noexcept;

    template <class Visitor>
    void visit_family(Visitor& visitor, std::size_t place) const {
        family const& of = *families_->by_name[place];
        descriptor const& d = of.describe();
        if (d.kind == instrument_kind::exponential_histogram) return visit_exponential(visitor, of, place);
        for (auto [i, end] = readings_of(place); i != end; ++i) {
            auto const& r = readings_[i];
            if constexpr (detail::shows_exemplars<Visitor>)
                if (d.exemplars) visitor.exemplars(exemplars_of(of, r));
            if (d.is_histogram()) {
                visitor.histogram(of, *r.from, histogram_of(d, r));
            } else if (d.kind == instrument_kind::state_set) {
                states_value const value{words_[r.first]};
                if constexpr (requires { visitor.states(of, *r.from, value); }) visitor.states(of, *r.from, value);
            } else {
                visitor.number(of, *r.from, number{d.number, words_[r.first]});
            }
        }
    }

    template <class Visitor>
    void visit_exponential(Visitor& visitor, family const& of, std::size_t place) const {
        if constexpr (requires(series const& s, exponential_value const& x) {
                          visitor.exponential_histogram(of, s, x);
                      })
            for (auto [i, end] = readings_of(place); i != end; ++i)
                visitor.exponential_histogram(of, *readings_[i].from, exponential_of(readings_[i]));
        else if constexpr (requires { visitor.left_out(of); })
            visitor.left_out(of);
    }

    std::shared_ptr<family_list const> families_;
    std::vector<reading> readings_;
    std::vector<std::size_t> ends_;  // of each family's readings
    std::vector<std::uint64_t> words_;
    std::vector<exemplar> exemplars_;
};

#if TACHO_BODIES

struct snapshot::collector {
    snapshot& into;
    std::size_t exemplars_at = 0;  // of the next series, where it has any
    void exemplars(exemplar_view const& of) {
        exemplars_at = into.exemplars_.size();
        into.exemplars_.resize(exemplars_at + of.size());
        for (std::size_t i = 0; i < of.size(); ++i)
            if (auto& e = into.exemplars_[exemplars_at + i]; !of.read(i, e)) e.time = 0;
    }
    void number(family const&, series const& from, tacho::number value) {
        into.readings_.push_back({hold(from), into.words_.size(), 0, 0, exemplars_at});
        into.words_.push_back(value.bits);
    }
    void histogram(family const&, series const& from, histogram_value const& value) {
        into.readings_.push_back({hold(from), into.words_.size(), value.count, value.sum, exemplars_at});
        into.words_.insert(into.words_.end(), value.buckets.begin(), value.buckets.end());
    }
    void states(family const&, series const& from, states_value value) {
        into.readings_.push_back({hold(from), into.words_.size(), 0, 0});
        into.words_.push_back(value.bits);
    }
    void exponential_histogram(family const&, series const& from, exponential_value const& value) {
        into.readings_.push_back({hold(from), into.words_.size(), value.count, value.sum});
        auto& words = into.words_;
        words.push_back(value.zero_count);
        words.push_back(static_cast<std::uint64_t>(value.scale));
        for (auto const* const side : {&value.positive, &value.negative}) {
            words.push_back(static_cast<std::uint64_t>(side->offset));
            words.push_back(side->counts.size());
            words.insert(words.end(), side->counts.begin(), side->counts.end());
        }
    }
};

TACHO_FUNCTION snapshot::snapshot(std::shared_ptr<family_list const> families, std::uint64_t round)
    : families_(std::move(families)) {
    collector collect{*this};
    for (auto const& f : families_->by_name) {
        std::as_const(*f).visit(collect, round);
        ends_.push_back(readings_.size());
    }
}

TACHO_FUNCTION snapshot::snapshot(registry const& of) : snapshot(of.snapshot()) {}

TACHO_FUNCTION std::pair<std::size_t, std::size_t> snapshot::readings_of(std::size_t place) const noexcept {
    return {place == 0 ? 0 : ends_[place - 1], ends_[place]};
}

TACHO_FUNCTION histogram_value snapshot::histogram_of(descriptor const& d, reading const& r) const noexcept {
    return {std::span{words_}.subspan(r.first, d.bounds.size() + 1), r.count, r.sum};
}

TACHO_FUNCTION exponential_value snapshot::exponential_of(reading const& r) const noexcept {
    auto const* word = words_.data() + r.first;
    exponential_value value{r.count, r.sum, word[0], static_cast<int>(word[1]), {}, {}};
    word += 2;
    for (auto* const side : {&value.positive, &value.negative}) {
        *side = {static_cast<std::int32_t>(word[0]), {word + 2, static_cast<std::size_t>(word[1])}};
        word += 2 + side->counts.size();
    }
    return value;
}

TACHO_FUNCTION exemplar_view snapshot::exemplars_of(family const& of, reading const& r) const noexcept {
    return exemplar_view{*r.from, std::span{exemplars_}.subspan(r.exemplars, of.table().storage().exemplars)};
}

TACHO_FUNCTION snapshot registry::snapshot() const {
    auto all = collect();
    return {std::move(all.families), all.round};
}

#endif

}  // namespace tacho::inline TACHO_ABI
