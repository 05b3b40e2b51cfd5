// SPDX-License-Identifier: MIT
// tacho: the attributes of a series' points in OTLP JSON.
// Rule: https://opentelemetry.io/docs/specs/otel/common/#attribute
#pragma once

#include "tacho/core/label.hpp"
#include "tacho/core/label_text.hpp"
#include "tacho/encode/json_text.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// The most that write_otlp_attributes() writes.
[[nodiscard]] inline std::size_t otlp_attributes_room(family const& of, series const& s,
                                                      std::string_view state) noexcept {
    constexpr std::size_t beside = 48;  // a name and its value
    std::size_t room = 128;             // the list, and the mark of the overflow series
    for (auto const& fixed : of.schema().fixed)
        room += fixed.name.size() + json_string_room(fixed.value.size()) + beside;
    for (std::size_t i = 0; i < of.schema().keys.size() && !s.is_overflow(); ++i)
        room += of.schema().keys[i].name.size() + json_string_room(s.value(i).size()) + beside;
    if (!state.empty()) room += of.describe().name.size() + json_string_room(state.size()) + beside;
    return room;
}

// Whether an integer's text is one of 64 bits with a sign, as OTLP has them.
inline bool is_signed_integer(std::string_view text) noexcept {
    constexpr std::string_view most = "9223372036854775807";
    return text.size() < most.size() || text.starts_with('-') || (text.size() == most.size() && text <= most);
}

// Writes `,"attributes":[...]`, or nothing without any: the mark of an overflow series, constant labels, then labels as
// they were declared, and the state that a point is about. Names have no character to escape. Returns the end.
inline char* write_otlp_attributes(family const& of, series const& s, std::string_view state, char* out) noexcept {
    bool any = s.is_overflow();
    if (any)
        out = write_text(",\"attributes\":[{\"key\":\"otel.metric.overflow\",\"value\":{\"boolValue\":true}}", out);
    auto const key = [&](std::string_view name) {
        out = write_text(any ? ",{\"key\":\"" : ",\"attributes\":[{\"key\":\"", out);
        out = write_text(name, out);
        any = true;
    };
    auto const text = [&](std::string_view value) {
        out = write_text("\",\"value\":{\"stringValue\":", out);
        out = write_text("}}", write_json_string(value, out));
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
                if (!is_signed_integer(value)) {  // a larger one is a text
                    text(value);
                    break;
                }
                out = write_text("\",\"value\":{\"intValue\":\"", out);
                out = write_text("\"}}", write_text(value, out));
                break;
            case label_type::boolean:
                out = write_text("\",\"value\":{\"boolValue\":", out);
                out = write_text("}}", write_text(value, out));
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

}  // namespace tacho::inline TACHO_ABI::detail
