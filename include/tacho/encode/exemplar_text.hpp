// SPDX-License-Identifier: MIT
// tacho: exemplars as they are written in OpenMetrics and in OTLP JSON.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars and
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
#pragma once

#include "tacho/core/exemplar.hpp"
#include "tacho/core/label_text.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/encode/json_text.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

inline char* write_hex(std::span<std::uint8_t const> bytes, char* out) noexcept {
    constexpr char digits[] = "0123456789abcdef";
    for (auto const byte : bytes) {
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
    }
    return out;
}

// A time in seconds, in full: `1700000000.123`. A double would not hold all of it, and an exponent is hard to read.
// Writes at most 32 characters.
inline char* write_seconds(unix_nanos time, char* out) noexcept {
    out = write_integer(time / 1'000'000'000u, out);
    *out++ = '.';
    auto rest = static_cast<unsigned>(time % 1'000'000'000u);
    unsigned place = 100'000'000u;
    do {
        *out++ = static_cast<char>('0' + rest / place);
        rest %= place;
        place /= 10;
    } while (rest != 0);
    return out;
}

// Of what write_openmetrics_exemplar() writes: two ids, two numbers, the labels, and four characters more for each of
// them, of which none takes less than four.
inline constexpr std::size_t openmetrics_exemplar_room = 128 + 2 * number_room + 2 * exemplar_labels::most;

// Whether readers understand a label's value. They should unescape it as they do others. But Prometheus (2.42, 3.16)
// keeps the backslashes of an exemplar, and prometheus_client refuses the whole page: 0.16 for a brace, 0.26 for a
// quote.
[[nodiscard]] inline bool is_read_in_exemplars(std::string_view value) noexcept {
    return value.find_first_of("\"\\\n}") == std::string_view::npos;
}

// Behind a sample's number: ` # {trace_id="...",span_id="...",order="17"} 0.25 1700000000.123`.
inline char* write_openmetrics_exemplar(exemplar const& e, number_kind kind, char* out) noexcept {
    out = write_text(" # {", out);
    char const* before = "";
    auto const begin = [&](std::string_view name) {
        out = write_text(before, out);
        before = ",";
        out = write_text("=\"", write_text(name, out));
    };
    if (e.trace.is_valid()) {
        begin("trace_id");
        out = write_text("\"", write_hex(e.trace.trace_id, out));
        begin("span_id");
        out = write_text("\"", write_hex(e.trace.span_id, out));
    }
    e.for_each_label([&](std::string_view name, std::string_view value) {
        if (!is_read_in_exemplars(value)) return;
        begin(name);
        out = write_text("\"", write_text(value, out));
    });
    out = write_number({kind, e.bits}, write_text("} ", out));
    *out++ = ' ';
    return write_seconds(e.time, out);
}

// Of what write_otlp_exemplar() writes.
inline constexpr std::size_t otlp_exemplar_room =
    256 + 2 * number_room + 6 * exemplar_labels::most + exemplar_labels::most / 3 * 48;

// One element of `exemplars`. Names have no character to escape.
inline char* write_otlp_exemplar(exemplar const& e, number_kind kind, char* out) noexcept {
    *out++ = '{';
    char const* before = "\"filteredAttributes\":[{\"key\":\"";
    e.for_each_label([&](std::string_view name, std::string_view value) {
        out = write_text(before, out);
        before = ",{\"key\":\"";
        out = write_text("\",\"value\":{\"stringValue\":", write_text(name, out));
        out = write_text("}}", write_json_string(value, out));
    });
    if (e.labels.size() != 0) out = write_text("],", out);
    out = write_text("\"timeUnixNano\":\"", out);
    out = write_integer(e.time, out);
    // As in a point: an integer above 2^63-1 has no place in `asInt`.
    if (kind != number_kind::floating && e.bits >> 63 == 0) {
        out = write_integer(e.bits, write_text("\",\"asInt\":\"", out));
        *out++ = '"';
    } else {
        char room[number_room];
        out = write_text(json_number(number{kind, e.bits}.as_double(), room), write_text("\",\"asDouble\":", out));
    }
    if (e.trace.is_valid()) {
        out = write_hex(e.trace.span_id, write_text(",\"spanId\":\"", out));
        out = write_hex(e.trace.trace_id, write_text("\",\"traceId\":\"", out));
        *out++ = '"';
    }
    *out++ = '}';
    return out;
}

}  // namespace tacho::inline TACHO_ABI::detail
