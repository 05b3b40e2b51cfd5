// SPDX-License-Identifier: MIT
// tacho: an instrument's identity and all its series.
#pragma once

#include "tacho/cell/bucket_table.hpp"
#include "tacho/cell/cells.hpp"
#include "tacho/cell/exponential_cells.hpp"
#include "tacho/cell/histogram_cells.hpp"
#include "tacho/cell/observed_cells.hpp"
#include "tacho/core/bounds.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/escaping.hpp"
#include "tacho/core/exponential_counts.hpp"
#include "tacho/core/fork.hpp"
#include "tacho/core/label_text.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/registry/bound_label.hpp"
#include "tacho/registry/descriptor.hpp"
#include "tacho/registry/exemplar_view.hpp"
#include "tacho/registry/values.hpp"
#include "tacho/series/series_table_changes.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

class [[gnu::visibility("default")]] family;  // the program's, in a plug-in too

/// One instrument as the registry holds it, or several with the same identity. Shared by those instruments, by handles
/// and by whoever reads it, and gone with the last of them.
class family final : public detail::fork_witness {
public:
    using overflow_hook = void (*)(descriptor const&) noexcept;  ///< see registry_options::on_overflow

    /// Made by the registry. Allocates.
    family(std::uint64_t id, descriptor describe, label_schema schema, series_storage const& storage,
           overflow_hook on_overflow = nullptr);
    family(family const&) = delete;
    family& operator=(family const&) = delete;

    /// When it was registered.
    [[nodiscard]] unix_nanos birth() const noexcept { return birth_; }
    /// Never given to another family of the process.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] descriptor const& describe() const noexcept { return descriptor_; }      ///< never changes
    [[nodiscard]] label_schema const& schema() const noexcept { return table_.schema(); }  ///< never changes
    [[nodiscard]] series_table& table() noexcept { return table_; }                        ///< its series
    [[nodiscard]] series_table const& table() const noexcept { return table_; }            ///< the same
    [[nodiscard]] bool is_sharded() const noexcept { return table_.storage().sharded; }    ///< by thread

    /// Of a series that was shown: its text takes no more bytes.
    [[nodiscard]] std::size_t longest_text() const noexcept { return table_.longest_text(); }

    /// Of a histogram: the bucket that counts this value. Not for NaN.
    [[nodiscard]] std::size_t bucket_of(double value) const noexcept { return buckets_.find(value); }

    /// `le="0.5"} ` of each bucket, in text and in OpenMetrics.
    [[nodiscard]] bound_label const& bucket_text(std::size_t i) const noexcept { return bucket_texts_[i].text; }
    /// The same as OpenMetrics has it.
    [[nodiscard]] bound_label const& bucket_openmetrics(std::size_t i) const noexcept {
        return bucket_texts_[i].openmetrics;
    }

    /// `job_state="idle"} ` of each state, in Prometheus' formats.
    [[nodiscard]] std::string_view state_text(std::size_t i) const noexcept { return state_texts_[i]; }

    // Each by the values that its instrument is given, also of labels that a view leaves out; see series_table. Whoever
    // finds a series is `looking`.
    /// See series_table::find_or_create(): of the labels that views leave.
    template <std::size_t Count>
    [[nodiscard]] series* find_or_create(std::span<std::string_view const, Count> values) noexcept {
        return schema().with_kept(values, [this](auto kept) { return table_.find_or_create(kept); });
    }
    /// See series_table::hold().
    [[nodiscard]] series* hold(std::span<std::string_view const> values) noexcept {
        return schema().with_kept(values, [this](auto kept) { return table_.hold(kept); });
    }
    /// See series_table::remove().
    bool remove(std::span<std::string_view const> values) noexcept {
        return schema().with_kept(values, [this](auto kept) { return table_.remove(kept); });
    }

    /// No instrument has it any more.
    void end() noexcept { end_.store(table_.storage().now(), std::memory_order_relaxed); }
    /// When a series was removed, or its family ended; 0 for what lives. An info and what is observed are only shown as
    /// of a moment at which they lived.
    [[nodiscard]] unix_nanos end_of(series const& s) const noexcept {
        auto const own = descriptor_.observable || descriptor_.kind == instrument_kind::info ? 0 : s.end();
        return own != 0 ? own : end_.load(std::memory_order_relaxed);
    }

    /// Whether each series counts since its birth, and ends when it is removed, if it is.
    [[nodiscard]] bool has_times_of_series() const noexcept {
        return !descriptor_.observable && descriptor_.kind != instrument_kind::info &&
               end_.load(std::memory_order_relaxed) == 0;
    }
    /// Since when a series of numbers counts.
    [[nodiscard]] unix_nanos start_of(series const& s) const noexcept {
        return descriptor_.observable ? detail::observed_start(s.cells()) : s.birth();
    }

    /// A round of callbacks begins, or has begun, to observe it. By the thread of the round only, as observed_rounds().
    void begin_round(std::uint64_t round) noexcept;
    [[nodiscard]] detail::observed_rounds& observed_rounds() noexcept { return rounds_; }  ///< see there

    /// Calls v.number(family, series, number), v.histogram(family, series, histogram_value), v.states(family, series,
    /// states_value) or v.exponential_histogram(family, series, exponential_value) for each series that is shown, and
    /// for those that were removed after the stamp `since` of the reader clock; if they are observable, only for those
    /// that `round` or a later round of callbacks observed. A visitor that lacks one of the latter two isn't shown such
    /// series; for the last, v.left_out(family) is called in its place if there is that. A
    /// visitor may take several numbers at a time, by v.numbers(family, std::span<series* const>, number_kind,
    /// std::uint64_t const* bits). One with v.exemplars(exemplar_view) is given those of a series before its value,
    /// where its instrument keeps any. Lock-free; allocates nothing.
    template <class Visitor>
    void visit(Visitor& v, std::uint64_t round, std::uint64_t since = series_table::present) const {
        detail::looking const look;
        switch (descriptor_.kind) {
            case instrument_kind::histogram: return visit_histograms(v, since);
            case instrument_kind::info: return visit_info(v);
            case instrument_kind::state_set: return visit_states(v, since);
            case instrument_kind::exponential_histogram: return visit_exponential(v, since);
            case instrument_kind::counter:
            case instrument_kind::up_down_counter:
            case instrument_kind::gauge: break;
        }
        auto const end = detail::end_of_slots(is_sharded());
        table_.for_each_strip(
            [&](series const& s) { return !descriptor_.observable || detail::was_observed(s.cells(), round); },
            [&](std::span<series* const> strip, detail::word* cells) { show(v, strip, cells, end); }, since);
    }

    /// Counts a measurement that no format can carry, and reports the first: what a histogram, a counter or an up-down
    /// counter was given. Cold.
    void drop_measurement(std::string_view what) noexcept;

    /// Reports that the overflow series is in use, the first time.
    void say_overflow() noexcept;

    /// Reports that a text format has no place for an exponential histogram, the first time.
    void say_left_out() const noexcept;

    /// Measurements, since it was made.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
    /// Readings, since it was made.
    [[nodiscard]] std::uint64_t torn() const noexcept { return torn_.load(std::memory_order_relaxed); }

    // What is added up over processes begins at zero in a child, what tells a state is what it was.
    /// Hears of forks.
    TACHO_FUNCTION void on_fork(detail::fork_event what) noexcept override;

private:
    struct bucket_label {
        bound_label text, openmetrics;
    };

    template <class Visitor>
    void visit_histograms(Visitor& v, std::uint64_t since) const {
        std::uint64_t buckets[max_bounds + 1];
        std::span<std::uint64_t> const used{buckets, descriptor_.bounds.size() + 1};
        table_.for_each(
            [&](series const& s) {
                auto const read = detail::read_histogram(s.cells(), is_sharded(), used);
                if (read.torn_slots != 0) torn_.fetch_add(1, std::memory_order_relaxed);
                show_exemplars(v, s);
                v.histogram(*this, s, histogram_value{used, read.count, read.sum});
            },
            since);
    }

    // The series with the highest turn, so that no reader sees two. It is there both times: a removed one stays listed
    // while those look who began before, and its place is taken by one that got its turn before that.
    template <class Visitor>
    void visit_info(Visitor& v) const {
        std::uint64_t latest = 1;  // 0 is the turn of a series that was never shown
        auto const turn_of = [](series const& s) { return s.cells()->load(std::memory_order_relaxed); };
        table_.for_each([&](series const& s) { latest = (std::max)(latest, turn_of(s)); }, series_table::gone_too);
        bool shown = false;
        table_.for_each(
            [&](series const& s) {
                // Not only the very turn: another may have been taken since.
                if (shown || turn_of(s) < latest) return;
                shown = true;
                v.number(*this, s, number{number_kind::unsigned_integer, 1});
            },
            series_table::gone_too);
    }

    template <class Visitor>
    void visit_states(Visitor& v, std::uint64_t since) const {
        if constexpr (requires(series const& s) { v.states(*this, s, states_value{0}); })
            table_.for_each(
                [&](series const& s) {
                    auto const bits = s.cells()->load(std::memory_order_relaxed);
                    if (bits != 0) v.states(*this, s, states_value{bits & ~(std::uint64_t{1} << max_states)});
                },
                since);
    }

    template <class Visitor>
    void visit_exponential(Visitor& v, std::uint64_t since) const {
        if constexpr (requires(series const& s, exponential_value const& x) { v.exponential_histogram(*this, s, x); })
            table_.for_each(
                [&](series const& s) {
                    auto const read = detail::read_exponential(s.cells(), is_sharded(), descriptor_.shape.max_buckets);
                    if (read.torn_slots != 0) torn_.fetch_add(1, std::memory_order_relaxed);
                    v.exponential_histogram(*this, s, read.value());
                },
                since);
        else if constexpr (requires { v.left_out(*this); })
            v.left_out(*this);
    }

    // Numbers of neighbours are read together, because that is faster.
    template <class Number>
    static void read(std::span<series* const> strip, detail::word* cells, std::size_t end,
                     std::uint64_t* bits) noexcept {
        if (cells != nullptr) [[likely]]
            return detail::read_cells<Number, detail::series_list::strip>(cells, end, bits);
        for (auto* const s : strip) detail::read_cells<Number, 1>(s->cells(), end, bits++);
    }

    template <class Visitor>
    void show(Visitor& v, std::span<series* const> run, detail::word* cells, std::size_t end) const {
        auto const kind = descriptor_.number;
        std::uint64_t bits[detail::series_list::strip];
        kind == number_kind::floating ? read<double>(run, cells, end, bits)
                                      : read<std::uint64_t>(run, cells, end, bits);
        if constexpr (requires { v.numbers(*this, run, kind, bits); })
            if (!detail::shows_exemplars<Visitor> || !descriptor_.exemplars) return v.numbers(*this, run, kind, bits);
        if constexpr (requires { v.number(*this, *run[0], number{kind, bits[0]}); })
            for (std::size_t i = 0; i < run.size(); ++i) {
                show_exemplars(v, *run[i]);
                v.number(*this, *run[i], number{kind, bits[i]});
            }
    }

    template <class Visitor>
    void show_exemplars(Visitor& v, series const& s) const {
        if constexpr (detail::shows_exemplars<Visitor>)
            if (descriptor_.exemplars) v.exemplars(exemplar_view{s, table_.storage().exemplars});
    }

    void add_bucket_text(double bound);

    void add_state_text(std::string_view state);

    std::uint64_t id_;
    unix_nanos birth_;
    std::atomic<unix_nanos> end_{0};
    descriptor descriptor_;
    detail::bucket_table buckets_{descriptor_.bounds};
    series_table table_;
    overflow_hook on_overflow_;
    detail::observed_rounds rounds_;
    std::vector<bucket_label> bucket_texts_;
    std::vector<std::string> state_texts_;
    std::atomic<std::uint64_t> dropped_{0};
    mutable std::atomic<std::uint64_t> torn_{0};
    std::atomic<bool> overflow_said_{false};
    mutable std::atomic<bool> left_out_said_{false};
    detail::fork_watch watch_{*this};
};

#if TACHO_BODIES

TACHO_FUNCTION family::family(std::uint64_t id, descriptor describe, label_schema schema, series_storage const& storage,
                              overflow_hook on_overflow)
    : id_(id),
      birth_(storage.now()),
      descriptor_(std::move(describe)),
      table_(std::move(schema), storage),
      on_overflow_(on_overflow) {
    for (double const bound : descriptor_.bounds) add_bucket_text(bound);
    if (descriptor_.is_histogram()) add_bucket_text(std::numeric_limits<double>::infinity());
    for (auto const& state : descriptor_.states) add_state_text(state);
}

TACHO_FUNCTION void family::begin_round(std::uint64_t round) noexcept {
    if (rounds_.begin(round)) table_.remove_unobserved(rounds_.complete());
}

TACHO_FUNCTION void family::drop_measurement(std::string_view what) noexcept {
    if (dropped_.fetch_add(1, std::memory_order_relaxed) == 0)
        detail::report_joined(severity::warning,
                              {"the ", to_string(descriptor_.kind), " \"", descriptor_.name, "\" was given ", what,
                               ", which it drops and counts; check where the value comes from (said once)"});
}

TACHO_FUNCTION void family::say_overflow() noexcept {
    if (overflow_said_.exchange(true, std::memory_order_relaxed)) return;
    if (on_overflow_ != nullptr) on_overflow_(descriptor_);
    detail::report_joined(
        severity::warning,
        {"the ", to_string(descriptor_.kind), " \"", descriptor_.name,
         "\" counts further label values together under otel.metric.overflow=true: its limit of series is "
         "reached, or a value is not among those listed for its label (in label_values() or one_of). Use fewer "
         "label values, a higher tacho::series_limit, or list the value (said once)"});
}

TACHO_FUNCTION void family::say_left_out() const noexcept {
    if (left_out_said_.exchange(true, std::memory_order_relaxed)) return;
    detail::report_joined(
        severity::warning,
        {"the exponential histogram \"", descriptor_.name,
         "\" is left out of scrapes: no text format can carry it. It is in what is pushed by OTLP; use a "
         "tacho::histogram to see it in both (said once)"});
}

TACHO_FUNCTION void family::on_fork(detail::fork_event what) noexcept {
    if (what == detail::fork_event::in_child) table_.repair_exemplars();
    if (what != detail::fork_event::start_anew) return;
    bool const is_state = descriptor_.kind == instrument_kind::gauge || descriptor_.kind == instrument_kind::info ||
                          descriptor_.kind == instrument_kind::state_set;
    birth_ = table_.storage().now();
    table_.start_anew(descriptor_.observable || !is_state);
    rounds_ = {};
    dropped_.store(0, std::memory_order_relaxed);
    torn_.store(0, std::memory_order_relaxed);
}

TACHO_FUNCTION void family::add_bucket_text(double bound) {
    bucket_texts_.push_back(
        {bound_label{bound, detail::write_canonical}, bound_label{bound, detail::write_openmetrics_bound}});
}

TACHO_FUNCTION void family::add_state_text(std::string_view state) {
    std::string escaped(detail::escaped_size(state), ' ');
    detail::write_escaped(state, escaped.data());
    auto const& name = descriptor_.prometheus_name;
    auto const quote = detail::is_plain_name(name) ? "" : "\"";
    state_texts_.push_back(quote + name + quote + "=\"" + escaped + "\"} ");
}

#endif

}  // namespace tacho::inline TACHO_ABI
