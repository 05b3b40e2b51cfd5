// tacho: the numbers of a registry as an OTLP export request in JSON.
// Rule: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/core/resource.hpp"
#include "tacho/core/temporality.hpp"
#include "tacho/encode/json_text.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/registry/registry.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace tacho::inline v0 {

/// A visitor that writes one `ExportMetricsServiceRequest`, for `registry.visit()` and `snapshot.visit()` with
/// order::by_scope. Call finish() at the end. As a plain visitor it writes cumulative values; whoever keeps a memory of
/// earlier ones gives temporality and start with each. One thread at a time.
template <sink Sink>
class otlp_json_encoder {
public:
    /// `time` is the moment of the collection, the same for all points.
    otlp_json_encoder(Sink& to, resource const& about, unix_nanos time) noexcept
        : out_(to), resource_(about), time_(time) {}

    void number(family const& of, series const& s, tacho::number value) noexcept {
        number(of, s, value, of.start_of(s), temporality::cumulative);
    }
    void number(family const& of, series const& s, tacho::number value, unix_nanos start, temporality t) noexcept {
        begin_point(of, s, start, t);
        char room[detail::number_room];
        // An integer above 2^63-1 has no place in `asInt`.
        bool const integer = value.kind == number_kind::signed_integer ||
                             (value.kind == number_kind::unsigned_integer &&
                              value.as_unsigned() <= std::uint64_t{(std::numeric_limits<std::int64_t>::max)()});
        if (integer) {
            auto const text = view(room, detail::write_integer(value.as_signed(), room));
            out_.text(",\"asInt\":\"", text, "\"}");
        } else {
            out_.text(",\"asDouble\":", json_double(value.as_double(), room), "}");
        }
    }

    /// A point for each state, whose name is the value of the attribute that is called like the metric.
    void states(family const& of, series const& s, states_value value) noexcept {
        auto const& d = of.describe();
        for (std::size_t i = 0; i < d.states.size(); ++i) {
            begin_point(of, s, s.birth(), temporality::cumulative, d.states[i]);
            out_.text(",\"asInt\":\"", value.is_on(i) ? "1" : "0", "\"}");
        }
    }

    void histogram(family const& of, series const& s, histogram_value const& value) noexcept {
        histogram(of, s, value, s.birth(), temporality::cumulative);
    }
    void histogram(family const& of, series const& s, histogram_value const& value, unix_nanos start,
                   temporality t) noexcept {
        begin_point(of, s, start, t);
        auto const& bounds = of.describe().bounds;
        out_.write((2 * value.buckets.size() + 4) * (detail::number_room + 8), [&](char* out) {
            out = out_.copy(",\"count\":\"", out);
            out = out_.copy("\"", detail::write_integer(value.count, out));
            // Where values may be negative, a sum that goes up and down says nothing; the protocol wants it left out.
            if ((bounds.empty() || bounds.front() >= 0) && value.sum >= 0) {
                out = out_.copy(",\"sum\":", out);
                char room[detail::number_room];
                out = out_.copy(json_double(value.sum, room), out);
            }
            out = out_.copy(",\"bucketCounts\":[\"", out);
            for (auto const count : value.buckets) out = out_.copy("\",\"", detail::write_integer(count, out));
            out = out_.copy("],\"explicitBounds\":[", out - 2);  // in place of the last `,"`
            for (std::size_t i = 0; i < bounds.size(); ++i) {
                if (i != 0) *out++ = ',';
                // A broken number's text is ready; a whole one's differs in Prometheus from 10^6 on.
                out = bounds[i] == std::trunc(bounds[i]) ? detail::write_double(bounds[i], out)
                                                         : out_.copy(of.bucket_text(i).number(), out);
            }
            return out_.copy("]}", out);
        });
    }

    void exponential_histogram(family const& of, series const& s, exponential_value const& value) noexcept {
        exponential_histogram(of, s, value, s.birth(), temporality::cumulative);
    }
    void exponential_histogram(family const& of, series const& s, exponential_value const& value, unix_nanos start,
                               temporality t) noexcept {
        begin_point(of, s, start, t);
        char room[detail::number_room];
        out_.text(",\"count\":\"", view(room, detail::write_integer(value.count, room)), "\"");
        // As for a histogram: no sum where negative values were seen.
        if (value.negative.counts.empty() && value.sum >= 0) out_.text(",\"sum\":", json_double(value.sum, room));
        out_.text(",\"scale\":", view(room, detail::write_integer(std::int64_t{value.scale}, room)));
        out_.text(",\"zeroCount\":\"", view(room, detail::write_integer(value.zero_count, room)), "\"");
        exponential_buckets_of(",\"positive\":{\"offset\":", value.positive);
        exponential_buckets_of(",\"negative\":{\"offset\":", value.negative);
        out_.text(",\"zeroThreshold\":", json_double(of.describe().shape.zero_threshold, room), "}");
    }

    /// Ends the request; `{}` when there was no point to write. False when the sink had no room for all of it.
    [[nodiscard]] bool finish() noexcept {
        if (family_ == nullptr)
            out_.text("{}");
        else
            out_.text("]}}]}]}]}");  // points, sum, metric, metrics, scope, scopes, resource, resources, request
        return !out_.failed();
    }

    /// Points written so far.
    [[nodiscard]] std::size_t points() const noexcept { return points_; }

private:
    static std::string_view view(char const* begin, char const* end) noexcept {
        return {begin, static_cast<std::size_t>(end - begin)};
    }

    // JSON has no word for what isn't finite; proto3's JSON mapping writes these as strings.
    static std::string_view json_double(double value, char* room) noexcept {
        if (std::isnan(value)) return "\"NaN\"";
        if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
        return view(room, detail::write_double(value, room));
    }

    void exponential_buckets_of(std::string_view begin, exponential_buckets const& side) noexcept {
        char room[detail::number_room];
        out_.text(begin, view(room, detail::write_integer(std::int64_t{side.offset}, room)));
        char const* before = ",\"bucketCounts\":[\"";
        for (auto const count : side.counts) {
            out_.text(before, view(room, detail::write_integer(count, room)), "\"");
            before = ",\"";
        }
        out_.text(side.counts.empty() ? ",\"bucketCounts\":[]}" : "]}");
    }

    void begin_point(family const& of, series const& s, unix_nanos start, temporality t,
                     std::string_view state = {}) noexcept {
        bool const first = family_ != &of && begin_metric(of, t);
        ++points_;
        // What has been removed ends then, so that what took its place doesn't begin before. What was born after the
        // collection began must not start after its end.
        auto const ended = of.end_of(s);
        auto const end = ended != 0 ? (std::min)(ended, time_) : time_;
        // In one piece: asking the sink for room before each of a point's many little texts takes as long as they do.
        out_.write(point_room(of, s, state), [&](char* out) {
            if (!first) *out++ = ',';
            out = out_.copy("{\"startTimeUnixNano\":\"", out);
            out = detail::write_integer((std::min)(start, end), out);
            out = out_.copy("\",\"timeUnixNano\":\"", out);
            out = detail::write_integer(end, out);
            *out++ = '"';
            return attributes(of, s, state, out);
        });
    }

    // Of what begin_point() writes.
    [[nodiscard]] static std::size_t point_room(family const& of, series const& s, std::string_view state) noexcept {
        constexpr std::size_t label = 48;  // beside its name and its value
        std::size_t room = 256;
        for (auto const& fixed : of.schema().fixed)
            room += fixed.name.size() + detail::json_string_room(fixed.value.size()) + label;
        for (std::size_t i = 0; i < of.schema().keys.size() && !s.is_overflow(); ++i)
            room += of.schema().keys[i].name.size() + detail::json_string_room(s.value(i).size()) + label;
        if (!state.empty()) room += of.describe().name.size() + detail::json_string_room(state.size()) + label;
        return room;
    }

    // Names of labels and instruments have no character to escape.
    char* attributes(family const& of, series const& s, std::string_view state, char* out) noexcept {
        bool any = s.is_overflow();
        if (any)
            out = out_.copy(",\"attributes\":[{\"key\":\"otel.metric.overflow\",\"value\":{\"boolValue\":true}}", out);
        auto const key = [&](std::string_view name) {
            out = out_.copy(any ? ",{\"key\":\"" : ",\"attributes\":[{\"key\":\"", out);
            out = out_.copy(name, out);
            any = true;
        };
        auto const text = [&](std::string_view value) {
            out = out_.copy("\",\"value\":{\"stringValue\":", out);
            out = out_.copy("}}", detail::write_json_string(value, out));
        };
        for (auto const& fixed : of.schema().fixed) {
            if (fixed.name.empty() || fixed.value.empty()) continue;  // what belongs to the scope stands there
            key(fixed.name);
            text(fixed.value);
        }
        auto const& keys = of.schema().keys;
        for (std::size_t i = 0; i < keys.size() && !s.is_overflow(); ++i) {
            auto const value = s.value(i);
            if (value.empty()) continue;
            key(keys[i].name);
            switch (keys[i].type) {
                case label_type::text: text(value); break;
                case label_type::integer:
                    out = out_.copy("\",\"value\":{\"intValue\":\"", out);
                    out = out_.copy("\"}}", out_.copy(value, out));
                    break;
                case label_type::boolean:
                    out = out_.copy("\",\"value\":{\"boolValue\":", out);
                    out = out_.copy("}}", out_.copy(value, out));
                    break;
            }
        }
        if (!state.empty()) {
            key(of.describe().name);
            text(state);
        }
        if (any) *out++ = ']';
        return out;
    }

    // False when its points go on with those of the one before: families that differ in constant labels alone are one
    // metric.
    bool begin_metric(family const& of, temporality t) noexcept {
        descriptor const& d = of.describe();
        auto const* const before = std::exchange(family_, &of);
        if (before != nullptr && is_one_metric(before->describe(), d)) return false;
        if (before == nullptr) {
            begin_request();
            begin_scope(d.scope);
        } else if (before->describe().scope != d.scope) {
            out_.text("]}}]},");  // points, sum, metric, metrics, scope
            begin_scope(d.scope);
        } else {
            out_.text("]}},");  // points, sum, metric
        }
        out_.text("{\"name\":");
        detail::write_json_string(out_, d.name);
        if (!d.description.empty()) {
            out_.text(",\"description\":");
            detail::write_json_string(out_, d.description);
        }
        if (!d.unit.empty()) {
            out_.text(",\"unit\":");
            detail::write_json_string(out_, d.unit);
        }
        char const number_of_temporality[] = {static_cast<char>('0' + static_cast<int>(t)), '\0'};
        switch (d.kind) {
            case instrument_kind::counter:
            case instrument_kind::up_down_counter:
            case instrument_kind::info:
            case instrument_kind::state_set:
                out_.text(",\"sum\":{\"aggregationTemporality\":", number_of_temporality,
                          ",\"isMonotonic\":", d.is_monotonic() ? "true" : "false", ",\"dataPoints\":[");
                break;
            case instrument_kind::gauge: out_.text(",\"gauge\":{\"dataPoints\":["); break;
            case instrument_kind::histogram:
                out_.text(",\"histogram\":{\"aggregationTemporality\":", number_of_temporality, ",\"dataPoints\":[");
                break;
            case instrument_kind::exponential_histogram:
                out_.text(",\"exponentialHistogram\":{\"aggregationTemporality\":", number_of_temporality,
                          ",\"dataPoints\":[");
                break;
        }
        return true;
    }

    [[nodiscard]] static bool is_one_metric(descriptor const& a, descriptor const& b) noexcept {
        return a.scope == b.scope && a.name == b.name && detail::is_same_metric(a, b);
    }

    void begin_request() noexcept {
        out_.text("{\"resourceMetrics\":[{\"resource\":{\"attributes\":[");
        bool first = true;
        for (std::size_t i = 0; i < resource_.size(); ++i) {
            std::string_view const key = resource_[i].key, value = resource_[i].value;
            // Keys are unique (of several the last one counts) as they are shown: as valid UTF-8.
            bool const again = std::any_of(resource_.begin() + static_cast<std::ptrdiff_t>(i) + 1, resource_.end(),
                                           [&](attribute const& a) { return is_same_as_utf8(a.key, key); });
            if (again || key.empty()) continue;
            out_.text(first ? "{\"key\":" : ",{\"key\":");
            detail::write_json_string(out_, key);
            out_.text(",\"value\":{\"stringValue\":");
            detail::write_json_string(out_, value);
            out_.text("}}");
            first = false;
        }
        out_.text("]},\"scopeMetrics\":[");
    }

    void begin_scope(scope_info const& scope) noexcept {
        out_.text("{\"scope\":{\"name\":");
        detail::write_json_string(out_, scope.name);
        if (!scope.version.empty()) {
            out_.text(",\"version\":");
            detail::write_json_string(out_, scope.version);
        }
        out_.text("},\"metrics\":[");
    }

    detail::sink_writer<Sink> out_;
    resource const& resource_;
    family const* family_ = nullptr;
    std::size_t points_ = 0;
    unix_nanos time_;
};

}  // namespace tacho::inline v0
