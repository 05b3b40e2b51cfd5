// SPDX-License-Identifier: MIT
// tacho: one series: its label values, its ready-made text and its cells.
#pragma once

#include "tacho/cell/arena.hpp"
#include "tacho/cell/exemplar_slot.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/escaping.hpp"
#include "tacho/core/label_text.hpp"
#include "tacho/series/hash.hpp"
#include "tacho/series/label_schema.hpp"
#include "tacho/series/series_life.hpp"
#include "tacho/series/series_memory.hpp"
#include "tacho/series/series_storage.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// One series of a family. Its labels, text and times are written once, before any other thread can see it, and never
/// change. A removed one is found and shown no more; its memory is given to another only when neither a handle nor a
/// look can see it, and the readers who collect deltas have had its last values.
class series {
public:
    /// When it was first recorded.
    [[nodiscard]] unix_nanos birth() const noexcept { return life().birth(); }
    /// When it was removed; 0 while it is not.
    [[nodiscard]] unix_nanos end() const noexcept { return life().end(); }
    /// Its place among the series of its family, which another may have after it.
    [[nodiscard]] std::uint32_t ordinal() const noexcept { return life().ordinal(); }
    /// How many had that place before it: place and generation together are never given twice.
    [[nodiscard]] std::uint32_t generation() const noexcept { return life().generation(); }
    /// Whether it stands for all series beyond the limit. It then has no label values.
    [[nodiscard]] bool is_overflow() const noexcept { return overflow_ != 0; }
    /// When it was made, by the reader clock; 0 where no series of its family had been removed before, so that none can
    /// have had the same label values.
    [[nodiscard]] std::uint64_t made() const noexcept {
        return late_ == 0
                   ? 0
                   : *reinterpret_cast<std::uint64_t const*>(reinterpret_cast<char const*>(this) + end_of_text());
    }
    /// Where its numbers are; not to be written to once it may be another's.
    [[nodiscard]] detail::word* cells() const noexcept { return cells_; }

    /// The value of the label that was declared at `index`; empty when it is missing, and in the overflow series.
    [[nodiscard]] std::string_view value(std::size_t index) const noexcept {
        return index < label_count() ? own_value(index) : std::string_view{};
    }

    /// Whether these are its label values, in the order of declaration. Not of the overflow series.
    template <std::size_t Count>
    [[nodiscard]] bool has(std::span<std::string_view const, Count> wanted) const noexcept {
        if constexpr (Count == std::dynamic_extent) {
            for (std::size_t i = 0; i < wanted.size(); ++i)
                if (!has_at(i, wanted[i])) return false;
            return true;
        } else {
            return [&]<std::size_t... At>(std::index_sequence<At...>) {
                return (has_at(At, wanted[At]) && ...);
            }
            (std::make_index_sequence<Count>{});
        }
    }
    /// hash_of() its label values.
    [[nodiscard]] std::uint64_t hash() const noexcept {
        std::string_view values[max_labels];
        auto const count = label_count();
        for (std::size_t i = 0; i < count; ++i) values[i] = own_value(i);
        return detail::hash_of(std::span<std::string_view const>{values, count});
    }

    /// What begins its line in Prometheus' formats: `name{a="1",b="2"} `, or for a histogram `{a="1",b="2"} `, and just
    /// `name ` or a space without labels. Names that are not legal everywhere are in quotes: `{"na.me","a.b"="1"} `.
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<char const*>(this) + text_at_, text_size_};
    }

    /// Where it keeps an exemplar, of a family whose series keep more than `i` of them.
    [[nodiscard]] detail::exemplar_slot& exemplar_at(std::size_t i) const noexcept {
        return reinterpret_cast<detail::exemplar_slot*>(&life() + 1)[i];
    }

    /// Where a series of a family that lets series expire, and keeps so many exemplars of each, has when it was seen in
    /// use: in seconds since 1970. One thread at a time.
    [[nodiscard]] std::uint32_t& seen_in_use(std::size_t exemplars) const noexcept {
        return *reinterpret_cast<std::uint32_t*>(&exemplar_at(exemplars));
    }

    /// Keep it while it is bound: release() what was held once.
    void hold() const noexcept { life().hold(); }
    /// See hold().
    void release() const noexcept { life().release(); }

    /// What the library keeps of it beside what is shown.
    [[nodiscard]] detail::series_life& life() const noexcept {
        return *reinterpret_cast<detail::series_life*>(reinterpret_cast<char*>(const_cast<series*>(this)) + to_life_);
    }

private:
    friend class series_table;

    series() = default;

    // Where a label value is: mostly in the text.
    struct place {
        std::uint32_t at : 21;  // bytes from the series
        std::uint32_t size : 11;
    };
    static_assert(max_label_value < 1u << 11 && (2 * max_labels + 3) * 3 * max_label_value < 1u << 20);

    // Behind the object, in the same piece of memory: the places of the values, the text, the values that are written
    // otherwise there, and when it was made, if that is told.
    [[nodiscard]] place const* places() const noexcept { return reinterpret_cast<place const*>(this + 1); }
    [[nodiscard]] std::size_t label_count() const noexcept { return (text_at_ - sizeof(series)) / sizeof(place); }

    [[nodiscard]] static series* make(detail::series_memory& memory, label_schema const& schema,
                                      std::span<std::string_view const> values, bool overflow, std::uint32_t ordinal,
                                      std::uint32_t generation, std::uint64_t made, detail::word* cells,
                                      series_storage const& storage) noexcept;
    // Bytes from here to the end of what has a value, rounded up to where a number may be.
    [[nodiscard]] std::size_t end_of_text() const noexcept;
    void destroy(detail::series_memory& memory) noexcept;

    // Of a label that it has.
    [[nodiscard]] std::string_view own_value(std::size_t index) const noexcept {
        auto const where = places()[index];
        return {reinterpret_cast<char const*>(this) + where.at, where.size};
    }

    [[nodiscard, gnu::always_inline]] bool has_at(std::size_t index, std::string_view wanted) const noexcept {
        auto const own = own_value(index);
        return own.size() == wanted.size() && detail::is_same_text(own.data(), wanted.data(), own.size());
    }

    // Little, because a scrape reads it with each text.
    detail::word* cells_;
    std::uint32_t to_life_;  // bytes from here
    std::uint32_t text_size_ : 21;
    std::uint32_t overflow_ : 1;
    std::uint32_t late_ : 1;
    std::uint32_t : 1;
    std::uint32_t text_at_ : 8;  // bytes from here: a byte of its own, which a scrape reads with each text
};

#if TACHO_BODIES

TACHO_FUNCTION std::size_t series::end_of_text() const noexcept {
    auto end = static_cast<std::size_t>(text().data() + text().size() - reinterpret_cast<char const*>(this));
    for (std::size_t i = 0; i < label_count(); ++i)  // those that are kept beside the text are behind it
        end = (std::max)(end, std::size_t{places()[i].at} + places()[i].size);
    return (end + 7) & ~std::size_t{7};
}

TACHO_FUNCTION void series::destroy(detail::series_memory& memory) noexcept {
    memory.release(this, end_of_text() + (late_ != 0 ? sizeof(std::uint64_t) : 0), life());
}

TACHO_FUNCTION series* series::make(detail::series_memory& memory, label_schema const& schema,
                                    std::span<std::string_view const> values, bool overflow, std::uint32_t ordinal,
                                    std::uint32_t generation, std::uint64_t made_at, detail::word* cells,
                                    series_storage const& storage) noexcept {
    detail::shown_labels shown{schema, values};
    if (overflow) shown.add({"otel_metric_overflow", "true"});

    // Where all names are legal they need not be looked at one by one.
    auto const in_quotes = [&](std::string_view name) { return !schema.plain && !detail::is_plain_name(name); };
    bool const named_within = schema.line_name.starts_with('{');
    bool const braces = named_within || !shown.view().empty();

    std::size_t text_size = schema.line_name.size() + 1;
    for (auto const& label : shown.view())
        text_size += label.name.size() + detail::escaped_size(label.value) + (in_quotes(label.name) ? 6 : 4);
    if (braces) ++text_size;  // each label brings `="",` with its comma or brace; `}` is left
    std::size_t escaped = 0;  // of values that are kept beside the text
    for (auto const& value : values)
        if (detail::escaped_size(value) != value.size()) escaped += value.size();

    if (text_size > 1u << 20) return nullptr;  // the name of a scope takes a megabyte, too much for a `place`
    auto const all = (sizeof(series) + values.size() * sizeof(place) + text_size + escaped + 7) & ~std::size_t{7};
    auto const room = memory.allocate(made_at == 0 ? all : all + sizeof made_at);
    if (room.series == nullptr) return nullptr;
    auto const birth = storage.now();
    auto* const life = new (room.life) detail::series_life{birth, ordinal, generation, room.in_block};
    auto* const exemplars = reinterpret_cast<detail::exemplar_slot*>(life + 1);
    for (std::size_t i = 0; i < storage.exemplars; ++i) new (exemplars + i) detail::exemplar_slot;
    if (storage.expire_after != 0) new (exemplars + storage.exemplars) std::uint32_t{detail::second_at(birth)};
    auto* const made = new (room.series) series;
    made->cells_ = cells;
    made->to_life_ = static_cast<std::uint32_t>(static_cast<char*>(room.life) - static_cast<char*>(room.series));
    made->text_size_ = static_cast<std::uint32_t>(text_size) & 0x1FFFFFu;
    static_assert(sizeof(series) + max_labels * sizeof(place) < 1u << 8);
    made->text_at_ = static_cast<std::uint32_t>(sizeof(series) + values.size() * sizeof(place)) & 0xFFu;
    made->overflow_ = overflow ? 1 : 0;
    made->late_ = made_at != 0 ? 1 : 0;
    if (made_at != 0) new (static_cast<char*>(room.series) + all) std::uint64_t{made_at};

    auto* const places = reinterpret_cast<place*>(made + 1);
    auto const place_of = [&](char const* at, std::string_view value) {
        return place{static_cast<std::uint32_t>(at - reinterpret_cast<char const*>(made)) & 0x1FFFFFu,
                     static_cast<std::uint32_t>(value.size()) & 0x7FFu};
    };
    char* out = reinterpret_cast<char*>(places + values.size());
    char* beside = out + text_size;
    for (std::size_t i = 0; i < values.size(); ++i) {
        places[i] = place_of(beside, values[i]);
        if (detail::escaped_size(values[i]) != values[i].size()) beside = detail::write_text(values[i], beside);
    }
    out = detail::write_text(schema.line_name, out);
    char opening = named_within ? ',' : '{';
    for (auto const& label : shown.view()) {
        *out++ = opening;
        opening = ',';
        auto const quote = in_quotes(label.name) ? std::string_view{"\""} : std::string_view{};
        for (auto const part : {quote, label.name, quote, std::string_view{"=\""}}) out = detail::write_text(part, out);
        if (label.index < values.size() && detail::escaped_size(label.value) == label.value.size())
            places[label.index] = place_of(out, label.value);
        out = detail::write_escaped(label.value, out);
        *out++ = '"';
    }
    if (braces) *out++ = '}';
    *out++ = ' ';
    return made;
}

#endif

}  // namespace tacho::inline TACHO_ABI
