// tacho: an instrument's identity and all its series.
#pragma once

#include "tacho/cell/cells.hpp"
#include "tacho/cell/histogram_cells.hpp"
#include "tacho/cell/observed_cells.hpp"
#include "tacho/core/bounds.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/series/series_table.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline v0 {

/// Who made an instrument: a library or a part of the program, and its version. Travels with every metric.
struct scope_info {
    std::string name;
    std::string version;

    friend bool operator==(scope_info const&, scope_info const&) = default;
};

/// What identifies a family, and how it is shown. Text is valid UTF-8.
struct descriptor {
    scope_info scope;
    std::string name;             ///< as OTLP shows it
    std::string prometheus_name;  ///< with unit and `_total`
    std::string unit_word;        ///< the unit in `prometheus_name`; empty when there is none
    std::string description;
    std::string unit;  ///< UCUM
    instrument_kind kind = instrument_kind::counter;
    number_kind number = number_kind::unsigned_integer;
    std::vector<double> bounds;  ///< of a histogram
    bool observable = false;     ///< its values come from callbacks

    [[nodiscard]] bool is_histogram() const noexcept { return kind == instrument_kind::histogram; }
    /// Whether its values never go down.
    [[nodiscard]] bool is_monotonic() const noexcept { return kind == instrument_kind::counter; }
};

/// What a histogram counted, at one moment.
struct histogram_value {
    std::span<std::uint64_t const> buckets;  ///< not cumulative; one more than there are bounds
    std::uint64_t count;                     ///< always the sum of the buckets
    double sum;
};

/// One instrument as the registry holds it, or several with the same identity. Shared by those instruments, by handles
/// and by whoever reads it, and gone with the last of them.
class family {
public:
    family(std::uint64_t id, descriptor describe, label_schema schema, series_storage storage)
        : id_(id), birth_(storage.now()), descriptor_(std::move(describe)), table_(std::move(schema), storage) {
        for (double const bound : descriptor_.bounds) add_bucket_text(bound);
        if (descriptor_.is_histogram()) add_bucket_text(std::numeric_limits<double>::infinity());
    }
    family(family const&) = delete;
    family& operator=(family const&) = delete;

    /// When it was registered.
    [[nodiscard]] unix_nanos birth() const noexcept { return birth_; }
    /// Never given to another family of the process.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] descriptor const& describe() const noexcept { return descriptor_; }
    [[nodiscard]] label_schema const& schema() const noexcept { return table_.schema(); }
    [[nodiscard]] series_table& table() noexcept { return table_; }
    [[nodiscard]] series_table const& table() const noexcept { return table_; }
    [[nodiscard]] bool is_sharded() const noexcept { return table_.storage().sharded; }

    /// `le="0.5"} ` of each bucket, in text and in OpenMetrics.
    [[nodiscard]] std::string_view bucket_text(std::size_t i) const noexcept { return bucket_texts_[i].text; }
    [[nodiscard]] std::string_view bucket_openmetrics(std::size_t i) const noexcept {
        return bucket_texts_[i].openmetrics;
    }

    /// No instrument has it any more.
    void end() noexcept { end_.store(table_.storage().now(), std::memory_order_relaxed); }
    /// When a series was removed, or its family ended; 0 for what lives.
    [[nodiscard]] unix_nanos end_of(series const& s) const noexcept {
        auto const own = s.end();
        return own != 0 ? own : end_.load(std::memory_order_relaxed);
    }

    /// Since when a series of numbers counts.
    [[nodiscard]] unix_nanos start_of(series const& s) const noexcept {
        return descriptor_.observable ? detail::observed_start(s.cells()) : s.birth();
    }

    /// Calls v.number(family, series, number) or v.histogram(family, series, histogram_value) for each series, and for
    /// those that were removed after the stamp `since` of the reader clock; if they are observable, only for those that
    /// `round` or a later round of callbacks observed. Lock-free; allocates nothing.
    template <class Visitor>
    void visit(Visitor& v, std::uint64_t round, std::uint64_t since = series_table::present) const {
        detail::looking const look;
        if (descriptor_.is_histogram()) {
            std::uint64_t buckets[max_bounds + 1];
            std::span<std::uint64_t> const used{buckets, descriptor_.bounds.size() + 1};
            table_.for_each(
                [&](series const& s) {
                    auto const read = detail::read_histogram(s.cells(), is_sharded(), used);
                    if (read.torn_slots != 0) torn_.fetch_add(1, std::memory_order_relaxed);
                    v.histogram(*this, s, histogram_value{used, read.count, read.sum});
                },
                since);
        } else {
            table_.for_each(
                [&](series const& s) {
                    if (!descriptor_.observable || detail::was_observed(s.cells(), round)) v.number(*this, s, read(s));
                },
                since);
        }
    }

    /// Counts a measurement that no format can carry, and reports the first: what a histogram, a counter or an up-down
    /// counter was given. Cold.
    void drop_measurement(std::string_view what) noexcept {
        if (dropped_.fetch_add(1, std::memory_order_relaxed) == 0)
            report_once({"the ", to_string(descriptor_.kind), " \"", descriptor_.name, "\" was given ", what,
                         ", which it drops and counts; check where the value comes from (said once)"});
    }

    /// Reports that the overflow series is in use, the first time.
    void say_overflow() noexcept {
        if (overflow_said_.exchange(true, std::memory_order_relaxed)) return;
        report_once({"the ", to_string(descriptor_.kind), " \"", descriptor_.name,
                     "\" counts further label values together under otel.metric.overflow=true: its limit of series is "
                     "reached, or an enumerator is not in label_values(). Use fewer label values, a higher "
                     "tacho::series_limit, or list the enumerator (said once)"});
    }

    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t torn() const noexcept { return torn_.load(std::memory_order_relaxed); }

private:
    struct bucket_label {
        std::string text, openmetrics;
    };

    [[nodiscard]] number read(series const& s) const noexcept {
        auto const kind = descriptor_.number;
        auto const bits = kind == number_kind::floating
                              ? std::bit_cast<std::uint64_t>(detail::read_cell<double>(s.cells(), is_sharded()))
                              : detail::read_cell<std::uint64_t>(s.cells(), is_sharded());
        return {kind, bits};
    }

    void add_bucket_text(double bound) {
        char room[detail::number_room];
        auto const label = [](char const* begin, char const* end) {
            return std::string{"le=\""}.append(begin, end).append("\"} ");
        };
        std::string text = label(room, detail::write_canonical(bound, room));
        bucket_texts_.push_back({std::move(text), label(room, detail::write_openmetrics_bound(bound, room))});
    }

    // Joins without allocating; a longer message is cut off.
    static void report_once(std::initializer_list<std::string_view> parts) noexcept {
        char message[640];
        std::size_t size = 0;
        for (auto const& part : parts)
            for (char const c : part)
                if (size < sizeof message) message[size++] = c;
        report(severity::warning, {message, size});
    }

    std::uint64_t id_;
    unix_nanos birth_;
    std::atomic<unix_nanos> end_{0};
    descriptor descriptor_;
    series_table table_;
    std::vector<bucket_label> bucket_texts_;
    std::atomic<std::uint64_t> dropped_{0};
    mutable std::atomic<std::uint64_t> torn_{0};
    std::atomic<bool> overflow_said_{false};
};

}  // namespace tacho::inline v0
