// SPDX-License-Identifier: MIT
// tacho: which families a scrape asks for, by the `name[]` of its query.
// Rule: https://url.spec.whatwg.org/#urlencoded-parsing and
// https://prometheus.io/docs/specs/om/open_metrics_spec/#suffixes
#pragma once

#include "tacho/core/escaping.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/text.hpp"
#include "tacho/registry/descriptor.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

inline constexpr std::size_t longest_query = 8192;  // bytes
inline constexpr std::size_t most_names = 100;

// Whether `name` is that of a family or of one of its samples, in any format.
constexpr bool is_name_of(std::string_view name, std::string_view prometheus_name, instrument_kind kind) noexcept {
    if (name == prometheus_name) return true;
    // Without its suffix, which some strategies don't give it, it is none of the kinds that have one.
    auto const own = kind_suffix(kind);
    if (!prometheus_name.ends_with(own)) return false;
    auto const family = prometheus_name.substr(0, prometheus_name.size() - own.size());
    if (!name.starts_with(family)) return false;
    auto const suffix = name.substr(family.size());
    switch (kind) {
        case instrument_kind::counter: return suffix.empty() || suffix == "_created";
        case instrument_kind::info: return suffix.empty();
        case instrument_kind::histogram:
            return suffix == "_bucket" || suffix == "_sum" || suffix == "_count" || suffix == "_created";
        case instrument_kind::up_down_counter:
        case instrument_kind::gauge:
        case instrument_kind::state_set:
        case instrument_kind::exponential_histogram: break;
    }
    return false;
}

// The names that a query asks for, and their text: 10 KB, for the stack.
class name_filter {
public:
    enum class outcome : unsigned char { everything, some, malformed, too_many };

    name_filter() noexcept {}  // leaves the text as it is: only what was written is read
    name_filter(name_filter const&) = delete;
    name_filter& operator=(name_filter const&) = delete;

    // Once. `some` when there is a `name[]`, be it empty; other parameters are decoded and passed over. A query of at
    // most longest_query bytes.
    [[nodiscard]] outcome read(std::string_view query) noexcept {
        while (!query.empty()) {
            auto const pair = query.substr(0, query.find('&'));
            query.remove_prefix((std::min)(pair.size() + 1, query.size()));
            auto const key = pair.substr(0, pair.find('='));
            char* const key_end = decode(key, end_);
            if (key_end == nullptr) return outcome::malformed;
            char* const end = decode(pair.substr((std::min)(key.size() + 1, pair.size())), key_end);
            if (end == nullptr) return outcome::malformed;
            if (between(end_, key_end) != "name[]") continue;
            if (count_ == names_.size()) return outcome::too_many;
            names_[count_++] = between(key_end, end);
            end_ = end;
        }
        return count_ == 0 ? outcome::everything : outcome::some;
    }

    [[nodiscard]] bool shows(std::string_view prometheus_name, instrument_kind kind) const noexcept {
        return std::any_of(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(count_),
                           [&](std::string_view name) { return is_name_of(name, prometheus_name, kind); });
    }
    // By its name as it is kept, or as this client is shown it.
    [[nodiscard]] bool shows(descriptor const& d, escaping names) const noexcept {
        if (shows(d.prometheus_name, d.kind)) return true;
        if (is_plain_name(d.prometheus_name)) return false;
        char room[escaped_name_room(prometheus_text::most)];
        return shows(between(room, write_escaped_name(d.prometheus_name, names, room)), d.kind);
    }

private:
    static std::string_view between(char const* begin, char const* end) noexcept {
        return {begin, static_cast<std::size_t>(end - begin)};
    }

    // The end of the text, which is no longer than what it is made from; null when an escape is none.
    [[nodiscard]] static char* decode(std::string_view from, char* out) noexcept {
        for (std::size_t i = 0; i < from.size(); ++i) {
            char c = from[i] == '+' ? ' ' : from[i];
            if (c == '%') {
                int const high = from.size() - i > 2 ? hex_digit(from[i + 1]) : -1;
                int const low = high >= 0 ? hex_digit(from[i + 2]) : -1;
                if (low < 0) return nullptr;
                c = static_cast<char>(static_cast<unsigned char>(high * 16 + low));
                i += 2;
            }
            *out++ = c;
        }
        return out;
    }

    std::array<char, longest_query> text_;
    char* end_ = text_.data();  // of the names so far
    std::array<std::string_view, most_names> names_;
    std::size_t count_ = 0;
};

}  // namespace tacho::inline TACHO_ABI::detail
