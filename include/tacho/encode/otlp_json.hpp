// SPDX-License-Identifier: MIT
// tacho: the numbers of a registry as an OTLP export request in JSON.
// Rule: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/floating.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/temporality.hpp"
#include "tacho/encode/exemplar_text.hpp"
#include "tacho/encode/json_text.hpp"
#include "tacho/encode/otlp_attributes.hpp"
#include "tacho/encode/otlp_frame.hpp"
#include "tacho/encode/otlp_points.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// Where a request ends, of several that are written behind each other: bytes and points from the beginning.
struct otlp_request_end {
    std::size_t at = 0;        ///< the end of the interval, of all its points
    std::uint64_t points = 0;  ///< that the request has
};

/// A visitor that writes one `ExportMetricsServiceRequest`, for `registry.visit()` and `snapshot.visit()` with
/// order::by_scope. Call finish() at the end. As a plain visitor it writes cumulative values; whoever keeps a memory of
/// earlier ones gives temporality and start with each. One thread at a time.
template <sink Sink>
class otlp_json_encoder {
public:
    /// `time` is the moment of the collection, the same for all points. What `known` remembers of earlier requests
    /// isn't made again; without it nothing is allocated.
    otlp_json_encoder(Sink& to, resource const& about, unix_nanos time, otlp_points* known = nullptr) noexcept
        : out_(to), resource_(about), known_(known), time_(time) {}

    /// Ends a request behind the point with which it takes more than `bytes`, and begins another one. Where each ends
    /// in the sink, the last one included, is added to `ends` by finish(); with nothing to write, none is.
    void split_above(std::size_t bytes, std::vector<otlp_request_end>& ends) noexcept {
        split_ = bytes;
        ends_ = &ends;
    }

    /// Of the series that is shown next.
    void exemplars(exemplar_view const& of) noexcept { exemplars_ = of; }

    /// A point of a sum or gauge, since the birth of its series.
    void number(family const& of, series const& s, tacho::number value) noexcept {
        number(of, s, value, of.start_of(s), temporality::cumulative);
    }
    /// The same from `start` on, as a delta or a total.
    void number(family const& of, series const& s, tacho::number value, unix_nanos start, temporality t) noexcept {
        // An integer above 2^63-1 has no place in `asInt`.
        bool const is_integer = value.kind == number_kind::signed_integer ||
                                (value.kind == number_kind::unsigned_integer &&
                                 value.as_unsigned() <= std::uint64_t{(std::numeric_limits<std::int64_t>::max)()});
        bool const with_exemplars = exemplars_.belongs_to(of.describe(), s);
        point(of, s, start, t, number_room, [&](char* out) {
            if (is_integer) {
                out = integer(value.bits, value.kind == number_kind::signed_integer, out);
            } else {
                char room[detail::number_room];
                out = out_.copy(",\"asDouble\":", out);
                out = out_.copy("}", out_.copy(detail::json_number(value.as_double(), room), out));
            }
            return with_exemplars ? out - 1 : out;
        });
        if (with_exemplars) [[unlikely]]
            end_with_exemplars(of, s, start, {&value.bits, 1});
    }

    /// Several of one family, cumulative. At once only where all is as in the last request but the numbers.
    void numbers(family const& of, std::span<series* const> from, number_kind kind,
                 std::uint64_t const* bits) noexcept {
        split_where_due();
        constexpr std::size_t most = 8;
        otlp_points::of_family::point known[most];
        std::size_t room = 0;
        bool usual = family_ == &of && known_family_ != nullptr && from.size() <= most &&
                     detail::has_nineteen_digits(time_) && kind != number_kind::floating && of.has_times_of_series();
        for (std::size_t i = 0; usual && i < from.size(); ++i) {
            series const& s = *from[i];
            known[i] = known_family_->find(s);
            room += known[i].size + number_room;
            usual = known[i].size != 0 && known[i].start == s.birth() && known[i].start <= time_ && s.end() == 0 &&
                    (kind == number_kind::signed_integer || bits[i] >> 63 == 0);
        }
        for (std::size_t i = 0; !usual && i < from.size(); ++i) number(of, *from[i], {kind, bits[i]});
        if (!usual) return;
        points_ += from.size();
        known_family_->count(from.size());
        bool const has_sign = kind == number_kind::signed_integer;
        out_.write(room, [&](char* out) {
            for (std::size_t i = 0; i < from.size(); ++i) {
                char* const end = out + end_at;
                out = out_.copy(known[i].view(), out);
                end_.write(time_, end);
                out = end_integer(bits[i], has_sign, out);
            }
            return out;
        });
    }

    /// A point for each state, whose name is the value of the attribute that is called like the metric.
    void states(family const& of, series const& s, states_value value) noexcept {
        auto const& d = of.describe();
        for (std::size_t i = 0; i < d.states.size(); ++i) {
            auto const number = [&](char* out) { return integer(value.is_on(i) ? 1 : 0, false, out); };
            point(of, s, s.birth(), temporality::cumulative, number_room, number, d.states[i]);
        }
    }

    /// A point with explicit bounds, since the birth of its series.
    void histogram(family const& of, series const& s, histogram_value const& value) noexcept {
        histogram(of, s, value, s.birth(), temporality::cumulative);
    }
    /// The same from `start` on, as a delta or a total.
    void histogram(family const& of, series const& s, histogram_value const& value, unix_nanos start,
                   temporality t) noexcept {
        auto const& bounds = of.describe().bounds;
        bool const with_exemplars = exemplars_.belongs_to(of.describe(), s);
        point(of, s, start, t, (2 * value.buckets.size() + 4) * (detail::number_room + 8), [&](char* out) {
            out = out_.copy(",\"count\":\"", out);
            out = out_.copy("\"", detail::write_integer(value.count, out));
            // Where values may be negative, a sum that goes up and down says nothing; the protocol wants it left out.
            if ((bounds.empty() || bounds.front() >= 0) && value.sum >= 0) {
                out = out_.copy(",\"sum\":", out);
                char room[detail::number_room];
                out = out_.copy(detail::json_number(value.sum, room), out);
            }
            out = out_.copy(",\"bucketCounts\":[\"", out);
            for (auto const count : value.buckets) out = out_.copy("\",\"", detail::write_integer(count, out));
            out = out_.copy("],\"explicitBounds\":[", out - 2);  // in place of the last `,"`
            for (std::size_t i = 0; i < bounds.size(); ++i) {
                if (i != 0) *out++ = ',';
                // A broken number's text is ready; a whole one's differs in Prometheus from 10^6 on.
                out = detail::is_whole(bounds[i]) ? detail::write_double(bounds[i], out)
                                                  : out_.copy(of.bucket_text(i).number(), out);
            }
            return out_.copy(with_exemplars ? "]" : "]}", out);
        });
        if (with_exemplars) [[unlikely]]
            end_with_exemplars(of, s, start, value.buckets);
    }

    /// A point with exponential buckets, since the birth of its series.
    void exponential_histogram(family const& of, series const& s, exponential_value const& value) noexcept {
        exponential_histogram(of, s, value, s.birth(), temporality::cumulative);
    }
    /// The same from `start` on, as a delta or a total.
    void exponential_histogram(family const& of, series const& s, exponential_value const& value, unix_nanos start,
                               temporality t) noexcept {
        point(of, s, start, t, 0, [](char* out) { return out; });
        char room[detail::number_room];
        out_.text(",\"count\":\"", detail::text_between(room, detail::write_integer(value.count, room)), "\"");
        // As for a histogram: no sum where negative values were seen.
        if (value.negative.counts.empty() && value.sum >= 0)
            out_.text(",\"sum\":", detail::json_number(value.sum, room));
        out_.text(",\"scale\":", detail::text_between(room, detail::write_integer(std::int64_t{value.scale}, room)));
        out_.text(",\"zeroCount\":\"", detail::text_between(room, detail::write_integer(value.zero_count, room)), "\"");
        exponential_buckets_of(",\"positive\":{\"offset\":", value.positive);
        exponential_buckets_of(",\"negative\":{\"offset\":", value.negative);
        out_.text(",\"zeroThreshold\":", detail::json_number(of.describe().shape.zero_threshold, room), "}");
    }

    /// Ends the request; `{}` when there was no point to write. False when the sink had no room for all of it.
    [[nodiscard]] bool finish() noexcept {
        if (family_ != nullptr)
            end_request();
        else if (ends_ == nullptr)
            out_.text("{}");
        if (known_ != nullptr) known_->end_request();
        return !out_.failed();
    }

    /// Points written so far.
    [[nodiscard]] std::size_t points() const noexcept { return points_; }

private:
    // Without memory to say where it ends, all of it has failed.
    void end_request() noexcept {
        out_.text("]}}]}]}]}");  // points, sum, metric, metrics, scope, scopes, resource, resources, request
        if (ends_ != nullptr && !detail::attempt([&] { ends_->push_back({out_.written(), points_}); })) out_.fail();
        begun_at_ = out_.written();
        family_ = nullptr;
    }
    void split_where_due() noexcept {
        if (ends_ != nullptr && family_ != nullptr && out_.written() - begun_at_ > split_) [[unlikely]]
            end_request();
    }

    // Of what follows a point's attributes.
    static constexpr std::size_t number_room = detail::number_room + 16;

    // Those of a point that ends here, one for each of `counts`. What these don't count has no example, and neither has
    // one that was made before the point's start or after its end.
    [[gnu::noinline]] void end_with_exemplars(family const& of, series const& s, unix_nanos start,
                                              std::span<std::uint64_t const> counts) noexcept {
        auto const ended = of.end_of(s);
        auto const end = ended != 0 ? (std::min)(ended, time_) : time_;
        exemplar e;
        bool any = false;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            if (counts[i] == 0 || !exemplars_.read(i, e) || e.time < start || e.time > end) continue;
            out_.text(any ? "," : ",\"exemplars\":[");
            out_.write(detail::otlp_exemplar_room,
                       [&](char* out) { return detail::write_otlp_exemplar(e, of.describe().number, out); });
            any = true;
        }
        out_.text(any ? "]}" : "}");
    }

    static constexpr std::string_view before_integer = ",\"asInt\":\"";

    char* integer(std::uint64_t bits, bool has_sign, char* out) noexcept {
        return end_integer(bits, has_sign, out_.copy(before_integer, out));
    }
    char* end_integer(std::uint64_t bits, bool has_sign, char* out) noexcept {
        out = has_sign ? detail::write_integer(static_cast<std::int64_t>(bits), out) : detail::write_integer(bits, out);
        return out_.copy("\"}", out);
    }

    void exponential_buckets_of(std::string_view begin, exponential_buckets const& side) noexcept {
        char room[detail::number_room];
        out_.text(begin, detail::text_between(room, detail::write_integer(std::int64_t{side.offset}, room)));
        char const* before = ",\"bucketCounts\":[\"";
        for (auto const count : side.counts) {
            out_.text(before, detail::text_between(room, detail::write_integer(count, room)), "\"");
            before = ",\"";
        }
        out_.text(side.counts.empty() ? ",\"bucketCounts\":[]}" : "]}");
    }

    // A point that ends with what rest(char*) writes into `room`. In one piece: asking the sink for room before each of
    // a point's many little texts takes as long as they do.
    template <class Rest>
    void point(family const& of, series const& s, unix_nanos start, temporality t, std::size_t room, Rest&& rest,
               std::string_view state = {}) noexcept {
        split_where_due();
        bool const first = family_ != &of && begin_metric(of, t);
        ++points_;
        // What has been removed ends then, so that what took its place doesn't begin before. What was born after the
        // collection began must not start after its end.
        auto const ended = of.end_of(s);
        auto const end = ended != 0 ? (std::min)(ended, time_) : time_;
        start = (std::min)(start, end);
        auto const without_comma = std::size_t{first};
        if (known_family_ != nullptr) known_family_->count(1);
        if (known_family_ != nullptr && state.empty() && detail::has_nineteen_digits(start) &&
            detail::has_nineteen_digits(end)) {
            auto known = known_family_->find(s);
            if (known.size == 0) [[unlikely]]
                known = known_family_->add(s, start, point_room(of, s, state) + before_integer.size(), [&](char* out) {
                    return out_.copy(before_integer, begin(of, s, start, end, state, out));
                });
            if (known.size != 0) [[likely]]
                return out_.write(known.size + room, [&](char* const out) {
                    // All but the times is as it was.
                    auto begun = known.view().substr(without_comma);
                    begun.remove_suffix(before_integer.size());  // which rest() writes, if it wants it
                    char* const behind = out_.copy(begun, out);
                    if (start != known.start) start_.write(start, out + start_at - without_comma);
                    end_.write(end, out + end_at - without_comma);
                    return rest(behind);
                });
        }
        out_.write(point_room(of, s, state) + room,
                   [&](char* out) { return rest(begin(of, s, start, end, state, out, without_comma)); });
    }

    // Where times stand in what begin() writes.
    static constexpr std::string_view before_start = ",{\"startTimeUnixNano\":\"",
                                      before_end = "\",\"timeUnixNano\":\"";
    static constexpr std::size_t start_at = before_start.size(), end_at = start_at + 19 + before_end.size();

    char* begin(family const& of, series const& s, unix_nanos start, unix_nanos end, std::string_view state, char* out,
                std::size_t without_comma = 0) noexcept {
        out = detail::write_integer(start, out_.copy(before_start.substr(without_comma), out));
        out = detail::write_integer(end, out_.copy(before_end, out));
        *out++ = '"';
        return detail::write_otlp_attributes(of, s, state, out);
    }

    // Of what begin() writes.
    [[nodiscard]] static std::size_t point_room(family const& of, series const& s, std::string_view state) noexcept {
        constexpr std::size_t times = before_start.size() + before_end.size() + 2 * detail::number_room;
        return times + detail::otlp_attributes_room(of, s, state);
    }

    // False when its points go on with those of the one before: families that differ in constant labels alone are one
    // metric.
    bool begin_metric(family const& of, temporality t) noexcept {
        descriptor const& d = of.describe();
        auto const* const before = std::exchange(family_, &of);
        known_family_ = known_ != nullptr ? known_->find(of.id()) : nullptr;
        if (before != nullptr && is_one_metric(before->describe(), d)) return false;
        if (before == nullptr) {
            detail::write_otlp_resource(out_, resource_);
            detail::write_otlp_scope(out_, d.scope);
        } else if (before->describe().scope != d.scope) {
            out_.text("]}}]},");  // points, sum, metric, metrics, scope
            detail::write_otlp_scope(out_, d.scope);
        } else {
            out_.text("]}},");  // points, sum, metric
        }
        detail::write_otlp_metric(out_, d, t);
        return true;
    }

    [[nodiscard]] static bool is_one_metric(descriptor const& a, descriptor const& b) noexcept {
        return a.scope == b.scope && a.name == b.name && detail::is_same_metric(a, b);
    }

    detail::sink_writer<Sink> out_;
    exemplar_view exemplars_;
    resource const& resource_;
    otlp_points* known_;
    otlp_points::of_family* known_family_ = nullptr;
    std::vector<otlp_request_end>* ends_ = nullptr;  // if requests are split
    std::size_t split_ = 0, begun_at_ = 0;
    family const* family_ = nullptr;
    std::size_t points_ = 0;
    unix_nanos time_;
    detail::time_text start_, end_;
};

}  // namespace tacho::inline TACHO_ABI
