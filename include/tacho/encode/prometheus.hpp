// SPDX-License-Identifier: MIT
// tacho: the numbers of a registry as Prometheus text or OpenMetrics.
// Rule: https://prometheus.io/docs/instrumenting/exposition_formats/ and
// https://prometheus.io/docs/specs/om/open_metrics_spec/
#pragma once

#include "tacho/core/escaping.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/core/unit.hpp"
#include "tacho/encode/exemplar_text.hpp"
#include "tacho/encode/line_names.hpp"
#include "tacho/encode/number_lines.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/encode/text_format.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tacho::inline TACHO_ABI {

namespace detail {

// OpenMetrics calls nothing a counter or an info that has not the suffix of one.
[[nodiscard]] constexpr std::string_view prometheus_type(instrument_kind kind, bool openmetrics,
                                                         bool suffixed = true) noexcept {
    if (openmetrics && !suffixed) return kind == instrument_kind::counter ? "unknown" : "gauge";
    switch (kind) {
        case instrument_kind::counter: return "counter";
        case instrument_kind::histogram: return "histogram";
        case instrument_kind::info: return openmetrics ? "info" : "gauge";
        case instrument_kind::state_set: return openmetrics ? "stateset" : "gauge";
        case instrument_kind::up_down_counter:
        case instrument_kind::gauge:
        case instrument_kind::exponential_histogram: break;
    }
    return "gauge";
}

}  // namespace detail

/// A visitor that writes what it is shown, for `registry.visit()` and `snapshot.visit()`. Call finish() at the end; the
/// text is whole only if it returns true. Allocates nothing of its own. One thread at a time.
template <sink Sink>
class prometheus_encoder {
public:
    /// `target_labels` are those of `target_info`, ready-made (see target_info_labels()); empty for none.
    prometheus_encoder(Sink& to, text_style style, std::string_view target_labels = {}) noexcept
        : out_(to),
          openmetrics_(style.format == text_format::openmetrics_1_0_0),
          created_(openmetrics_ && style.created),
          names_(style.names) {
        if (target_labels.empty()) return;
        out_.text(openmetrics_ ? "# TYPE target info\n# HELP target Target metadata\n"
                               : "# HELP target_info Target metadata\n# TYPE target_info gauge\n",
                  "target_info", target_labels, " 1\n");
    }

    /// OpenMetrics shows a counter's and a bucket's.
    void exemplars(exemplar_view const& of) noexcept {
        if (openmetrics_) exemplars_ = of;
    }

    /// Writes the line of a number, and before the first of a family its HELP and TYPE.
    void number(family const& of, series const& s, tacho::number value) noexcept {
        begin(of);
        if (composed_ || exemplars_.belongs_to(of.describe(), s)) [[unlikely]]
            return compose_number(of, s, value);
        out_.write(s.text().size() + detail::number_room + 1, [&](char* out) {
            out = detail::write_number(value, out_.copy(s.text(), out));
            *out++ = '\n';
            return out;
        });
    }
    /// Several of one family.
    void numbers(family const& of, std::span<series* const> from, number_kind kind,
                 std::uint64_t const* bits) noexcept {
        begin(of);
        if (composed_) [[unlikely]] {
            for (std::size_t i = 0; i < from.size(); ++i) compose_number(of, *from[i], tacho::number{kind, bits[i]});
            return;
        }
        out_.write(detail::number_lines_room(of, from),
                   [&](char* out) { return detail::write_number_lines(from, kind, bits, out); });
    }

    /// Writes a line for each bucket, cumulative, then sum and count.
    void histogram(family const& of, series const& s, histogram_value const& value) noexcept {
        begin(of);
        if (composed_ || exemplars_.belongs_to(of.describe(), s)) [[unlikely]]
            return compose_histogram(of, s, value);
        auto const& d = of.describe();
        std::string_view const name = d.prometheus_name;
        std::string_view const labels = s.text();  // `{a="1"} `, or a space
        // `_bucket{a="1",le="0.5"} 7`: the labels stay open for the bound.
        auto const open = labels.size() > 1 ? labels.substr(0, labels.size() - 2) : std::string_view{};
        std::size_t const line = name.size() + labels.size() + longest_suffix + 2 * detail::number_room;
        out_.write(line * (value.buckets.size() + 2), [&](char* const begin) {
            char* out = out_.copy(name, begin);
            out = out_.copy(open.empty() ? "_bucket{" : "_bucket", out);
            out = out_.copy(open, out);
            if (!open.empty()) *out++ = ',';
            // Every other line takes this much from the first: one piece instead of four.
            std::string_view const bucket{begin, static_cast<std::size_t>(out - begin)};
            out = detail::write_bucket_lines(of, openmetrics_, value.buckets, bucket, out);
            if (openmetrics_ && !may_have_sum(d, value.sum)) return out;
            out = out_.copy(name, out);
            out = out_.copy("_sum", out);
            out = out_.copy(labels, out);
            out = detail::write_double(value.sum, out);
            *out++ = '\n';
            out = out_.copy(name, out);
            out = out_.copy("_count", out);
            out = out_.copy(labels, out);
            out = detail::write_integer(value.count, out);
            *out++ = '\n';
            return out;
        });
    }

    /// A line for each state, whose name is the value of the label that is called like the family. It comes last, as
    /// `le` does: it tells the lines of one series apart.
    void states(family const& of, series const& s, states_value value) noexcept {
        begin(of);
        if (composed_) [[unlikely]]
            return compose_states(of, s, value);
        std::string_view open = s.text();  // `name{a="1"} `, or `name `
        open.remove_suffix(1);
        bool const labelled = open.ends_with('}');
        if (labelled) open.remove_suffix(1);
        for (std::size_t i = 0; i < of.describe().states.size(); ++i)
            out_.text(open, labelled ? "," : "{", of.state_text(i), value.is_on(i) ? "1\n" : "0\n");
    }

    /// No text format can carry an exponential histogram.
    void left_out(family const& of) noexcept { of.say_left_out(); }

    /// Ends the text. False when the sink had no room for all of it.
    [[nodiscard]] bool finish() noexcept {
        if (openmetrics_) out_.text("# EOF\n");
        return !out_.failed();
    }

private:
    // What stands behind a sample: its exemplar, if it has one. `counted` is what it counts without the buckets below.
    char* exemplar_of(family const& of, series const& s, std::size_t place, std::uint64_t counted,
                      char* out) const noexcept {
        exemplar e;
        // The number was read before: what it doesn't count yet has no example.
        if (!exemplars_.belongs_to(of.describe(), s) || counted == 0 || !exemplars_.read(place, e)) return out;
        return detail::write_openmetrics_exemplar(e, of.describe().number, out);
    }

    // Of `_bucket{`, `,le="..."} ` and a line feed, numbers not counted.
    static constexpr std::size_t longest_suffix = 24;

    // OpenMetrics calls a sum that may go down no sum, and wants the count to be left out with it.
    [[nodiscard]] static bool may_have_sum(descriptor const& d, double sum) noexcept {
        return (d.bounds.empty() || d.bounds.front() >= 0) && sum >= 0;
    }

    // Writes what stands before the first line of a name. Two scopes may share one, and then the first one's words
    // stand.
    void begin(family const& of) noexcept {
        if (last_ != &of) [[unlikely]]
            begin_family(of);
    }
    [[gnu::noinline]] void begin_family(family const& of) noexcept {
        auto const& d = of.describe();
        bool const shared = last_ != nullptr && last_->describe().prometheus_name == d.prometheus_name;
        last_ = &of;
        composed_ = dated_ = false;
        suffixed_ = d.prometheus_name.ends_with(kind_suffix(d.kind));
        if (!of.schema().plain || created_) [[unlikely]]
            return begin_composed(of, shared);
        if (!shared) heading(d, d.prometheus_name, "");
    }

    void heading(descriptor const& d, std::string_view name, std::string_view quote) noexcept {
        auto const suffix = kind_suffix(d.kind);
        bool const suffixed = name.ends_with(suffix);
        auto const type = detail::prometheus_type(d.kind, openmetrics_, suffixed);
        if (openmetrics_) {
            if (suffixed) name.remove_suffix(suffix.size());
            out_.text("# TYPE ", quote, name, quote, " ", type, "\n");
            // A unit may be named only where the name goes on before it.
            auto const& unit = d.unit_word;
            if (!unit.empty() && name.size() > unit.size() && ends_with_word(name, unit))
                out_.text("# UNIT ", quote, name, quote, " ", unit, "\n");
            help(name, quote, d.description);
        } else {
            help(name, quote, d.description);
            out_.text("# TYPE ", quote, name, quote, " ", type, "\n");
        }
    }

    // OpenMetrics escapes quotes too; the older text formats would show the backslash.
    void help(std::string_view name, std::string_view quote, std::string_view description) noexcept {
        if (description.empty()) return;
        out_.text("# HELP ", quote, name, quote, " ");
        out_.write(description.size() * 2 + 1, [&](char* out) {
            for (char const c : description) {
                if (c == '\\' || c == '\n' || (openmetrics_ && c == '"')) *out++ = '\\';
                *out++ = c == '\n' ? 'n' : c;
            }
            *out++ = '\n';
            return out;
        });
    }

    // ---- What the ready-made texts don't have: names in another escaping, `_created`, or exemplars.

    [[gnu::noinline]] void begin_composed(family const& of, bool shared) noexcept {
        auto const& d = of.describe();
        bool const in_quotes = names_ == escaping::allow_utf_8 && !detail::is_plain_name(d.prometheus_name);
        char name[detail::escaped_name_room(prometheus_text::most)];
        auto const size = detail::write_escaped_name(d.prometheus_name, names_, name) - name;
        std::string_view const shown{name, static_cast<std::size_t>(size)};
        suffixed_ = shown.ends_with(kind_suffix(d.kind));
        dated_ = created_ && (d.is_histogram() || (d.is_monotonic() && suffixed_));
        // A histogram's series have no name, to which the ready-made lines only append.
        composed_ = dated_ || (!of.schema().plain && (names_ != escaping::allow_utf_8 || d.is_histogram()));
        if (!shared) heading(d, shown, in_quotes ? "\"" : "");
    }

    [[gnu::noinline]] void compose_number(family const& of, series const& s, tacho::number value) noexcept {
        detail::line_names const names{of, names_};
        auto const labels = names.labels_of(s);
        auto const room = 2 * (names.room(labels) + detail::number_room) + detail::openmetrics_exemplar_room;
        out_.write(room, [&](char* out) {
            out = names.end(labels, names.begin(labels, "", out));
            out = detail::write_number(value, out);
            // Without its suffix it is no counter in OpenMetrics, and then has none.
            if (suffixed_) out = exemplar_of(of, s, 0, value.bits, out);
            *out++ = '\n';
            return dated_ ? compose_created(names, of, s, kind_suffix(of.describe().kind).size(), out) : out;
        });
    }

    [[gnu::noinline]] void compose_histogram(family const& of, series const& s, histogram_value const& value) noexcept {
        detail::line_names const names{of, names_};
        auto const labels = names.labels_of(s);
        std::size_t line = names.room(labels) + bound_label::room + detail::number_room;
        if (exemplars_.belongs_to(of.describe(), s)) line += detail::openmetrics_exemplar_room;
        out_.write(line * (value.buckets.size() + 3), [&](char* const begin) {
            char* out = names.go_on(labels, names.begin(labels, "_bucket", begin));
            std::string_view const bucket{begin, static_cast<std::size_t>(out - begin)};
            std::uint64_t up_to = 0;
            for (std::size_t i = 0; i < value.buckets.size(); ++i) {
                if (i != 0) out = out_.copy(bucket, out);
                up_to += value.buckets[i];
                out = (openmetrics_ ? of.bucket_openmetrics(i) : of.bucket_text(i)).write(out);
                out = exemplar_of(of, s, i, value.buckets[i], detail::write_integer(up_to, out));
                *out++ = '\n';
            }
            if (!openmetrics_ || may_have_sum(of.describe(), value.sum)) {
                out = names.end(labels, names.begin(labels, "_sum", out));
                out = detail::write_double(value.sum, out);
                *out++ = '\n';
                out = names.end(labels, names.begin(labels, "_count", out));
                out = detail::write_integer(value.count, out);
                *out++ = '\n';
            }
            return dated_ ? compose_created(names, of, s, 0, out) : out;
        });
    }

    // `_created` in the place of the last `cut` characters of the name.
    static char* compose_created(detail::line_names const& names, family const& of, series const& s, std::size_t cut,
                                 char* out) noexcept {
        auto const labels = names.labels_of(s);
        out = names.end(labels, names.begin(labels, "_created", out, cut));
        out = detail::write_seconds(of.start_of(s), out);
        *out++ = '\n';
        return out;
    }

    [[gnu::noinline]] void compose_states(family const& of, series const& s, states_value value) noexcept {
        detail::line_names const names{of, names_};
        auto const labels = names.labels_of(s);
        for (std::size_t i = 0; i < of.describe().states.size(); ++i) {
            auto state = of.state_text(i);
            state.remove_suffix(2);  // `} `
            out_.write(names.room(labels) + 5 * state.size() + 8, [&](char* out) {
                out = names.write_labels(state, names.go_on(labels, names.begin(labels, "", out)));
                return out_.copy(value.is_on(i) ? "} 1\n" : "} 0\n", out);
            });
        }
    }

    detail::sink_writer<Sink> out_;
    family const* last_ = nullptr;
    exemplar_view exemplars_;
    bool openmetrics_;
    bool created_;
    bool composed_ = false;  // the family's lines are not in its series' ready-made texts
    bool dated_ = false;     // and tell when each began
    bool suffixed_ = true;   // its name ends as OpenMetrics wants it of its kind
    escaping names_;
};

}  // namespace tacho::inline TACHO_ABI
