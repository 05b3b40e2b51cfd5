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
#include "tacho/series/reader_clock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

namespace tacho::inline v0 {

namespace detail {
class idle_series;
class removed_series;
class series_list;
}  // namespace detail

/// One series of a family. Its labels, text and times are written once, before any other thread can see it, and never
/// change. A removed one is found and shown no more; its memory is given to another only when neither a handle nor a
/// look can see it, and the readers who collect deltas have had its last values.
class series {
public:
    /// When it was first recorded.
    [[nodiscard]] unix_nanos birth() const noexcept { return birth_; }
    /// When it was removed; 0 while it is not.
    [[nodiscard]] unix_nanos end() const noexcept { return end_.load(std::memory_order_relaxed); }
    /// Its place among the series of its family, which another may have after it.
    [[nodiscard]] std::uint32_t ordinal() const noexcept { return ordinal_; }
    /// How many had that place before it: place and generation together are never given twice.
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }
    /// Whether it stands for all series beyond the limit. It then has no label values.
    [[nodiscard]] bool is_overflow() const noexcept { return overflow_; }
    [[nodiscard]] detail::word* cells() const noexcept { return cells_; }

    /// The value of the label that was declared at `index`; empty when it is missing.
    [[nodiscard]] std::string_view value(std::size_t index) const noexcept {
        auto const where = places()[index];
        return {reinterpret_cast<char const*>(this) + where.at, where.size};
    }

    /// Whether these are its label values, in the order of declaration.
    [[nodiscard]] bool has(std::span<std::string_view const> wanted) const noexcept {
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            auto const own = value(i);
            if (own.size() != wanted[i].size()) return false;
            if (!detail::is_same_text(own.data(), wanted[i].data(), own.size())) return false;
        }
        return true;
    }
    /// hash_of() its label values.
    [[nodiscard]] std::uint64_t hash() const noexcept {
        std::string_view values[max_labels];
        for (std::size_t i = 0; i < label_count_; ++i) values[i] = value(i);
        return detail::hash_of({values, label_count_});
    }

    /// What begins its line in Prometheus' formats: `name{a="1",b="2"} `, or for a histogram `{a="1",b="2"} `, and just
    /// `name ` or a space without labels. Names that are not legal everywhere are in quotes: `{"na.me","a.b"="1"} `.
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<char const*>(places() + label_count_), text_size_};
    }

    /// Where it keeps an exemplar, of a family whose series keep more than `i` of them.
    [[nodiscard]] detail::exemplar_slot& exemplar_at(std::size_t i) const noexcept {
        // They lie before it, so that a series without any has nothing to say of them.
        return *(reinterpret_cast<detail::exemplar_slot*>(const_cast<series*>(this)) - 1 - i);
    }

    /// Keep it while it is bound: release() what was held once.
    void hold() const noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }  // by somebody who has it already
    void release() const noexcept {
        // Release: what was recorded through a handle happened before the memory is somebody else's.
        holders_.fetch_sub(1, std::memory_order_release);
    }

private:
    friend class series_table;
    friend class detail::removed_series;
    friend class detail::idle_series;
    friend class detail::series_list;

    // Recorded since it was last looked after, not recorded since, or removed for good. Only families whose series
    // expire tell the first two apart.
    enum class life : std::uint8_t { touched, idle, removed };
    static constexpr std::uint64_t never = ~std::uint64_t{0};  // no reader has collected that far

    series() = default;

    [[nodiscard]] bool is_removed(std::memory_order order = std::memory_order_acquire) const noexcept {
        return life_.load(order) == life::removed;
    }
    [[nodiscard]] bool is_held() const noexcept { return holders_.load(std::memory_order_acquire) != 0; }

    // Notes that it is in use; false when it has been removed.
    bool touch() noexcept {
        auto seen = life_.load(std::memory_order_relaxed);
        while (seen == life::idle)
            if (life_.compare_exchange_weak(seen, life::touched, std::memory_order_relaxed)) return true;
        return seen == life::touched;
    }

    // Removes it, with `when_idle` unless it was touched meanwhile. False when it was not this call that removed it.
    // Only the one call that did says when. The stamp is taken afterwards: a reader whose collection began at that
    // stamp or later has seen it removed, with its last values. Until then it counts as removed just now.
    bool remove(detail::reader_clock& readers, unix_nanos now, bool when_idle) noexcept;
    // Whether it was touched since the last call.
    bool was_touched() noexcept {
        auto seen = life::touched;
        return life_.compare_exchange_strong(seen, life::idle, std::memory_order_relaxed);
    }
    [[nodiscard]] bool was_removed_by(std::uint64_t stamp) const noexcept {
        return removed_at_.load(std::memory_order_acquire) <= stamp;
    }
    // Whether it is removed, and was not yet at the stamp `since`.
    [[nodiscard]] bool was_removed_since(std::uint64_t since) const noexcept {
        return is_removed() && removed_at_.load(std::memory_order_relaxed) > since;
    }

    // Where a label value is: mostly in the text.
    struct place {
        std::uint32_t at : 21;  // bytes from the series
        std::uint32_t size : 11;
    };
    static_assert(max_label_value < 1u << 11 && (2 * max_labels + 3) * 3 * max_label_value < 1u << 20);

    // Behind the object, in the same piece of memory: the places of the values, the text, and the values that are
    // written otherwise there.
    [[nodiscard]] place const* places() const noexcept { return reinterpret_cast<place const*>(this + 1); }

    [[nodiscard]] static series* make(label_schema const& schema, std::span<std::string_view const> values,
                                      bool overflow, std::uint32_t ordinal, std::uint32_t generation, unix_nanos birth,
                                      detail::word* cells, std::size_t exemplars) noexcept;
    void destroy(std::size_t exemplars) noexcept;

    unix_nanos birth_ = 0;
    std::atomic<unix_nanos> end_{0};
    std::atomic<std::uint64_t> removed_at_{never};
    mutable std::atomic<std::uint32_t> holders_{0};
    std::uint32_t seen_ = 0;  // in use, in seconds since 1970; of families whose series expire
    std::uint32_t ordinal_ = 0;
    std::uint32_t generation_ = 0;
    // What a look-up and a scrape read comes last, so that it shares a cache line with the values behind it.
    detail::word* cells_ = nullptr;
    std::uint32_t text_size_ = 0;
    std::uint8_t label_count_ = 0;
    bool overflow_ = false;
    bool linked_ = true;                  // can be found; under the table's mutex
    std::atomic<life> life_{life::idle};  // its birth is its first use
};

#if TACHO_BODIES

TACHO_FUNCTION void series::destroy(std::size_t exemplars) noexcept {
    std::free(reinterpret_cast<char*>(this) - exemplars * sizeof(detail::exemplar_slot));
}

TACHO_FUNCTION bool series::remove(detail::reader_clock& readers, unix_nanos now, bool when_idle) noexcept {
    auto seen = life_.load(std::memory_order_relaxed);
    do {
        if (seen == life::removed || (when_idle && seen != life::idle)) return false;
        // A release, matched by the acquire in is_removed(), and in one order with what series_list::join() does.
    } while (!life_.compare_exchange_weak(seen, life::removed, std::memory_order_seq_cst, std::memory_order_relaxed));
    end_.store(now, std::memory_order_relaxed);
    // Release: who knows that it was removed by then knows when it ended.
    removed_at_.store(readers.next(), std::memory_order_release);
    return true;
}

#endif

#if TACHO_BODIES

TACHO_FUNCTION series* series::make(label_schema const& schema, std::span<std::string_view const> values, bool overflow,
                                    std::uint32_t ordinal, std::uint32_t generation, unix_nanos birth,
                                    detail::word* cells, std::size_t exemplars) noexcept {
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
    std::size_t const before = exemplars * sizeof(detail::exemplar_slot);
    void* const all = std::malloc(before + sizeof(series) + values.size() * sizeof(place) + text_size + escaped);
    if (all == nullptr) return nullptr;
    void* const memory = static_cast<char*>(all) + before;
    for (std::size_t i = 0; i < exemplars; ++i)
        new (static_cast<detail::exemplar_slot*>(all) + i) detail::exemplar_slot;
    auto* const made = new (memory) series;
    made->cells_ = cells;
    made->birth_ = birth;
    made->ordinal_ = ordinal;
    made->generation_ = generation;
    made->seen_ = static_cast<std::uint32_t>(birth / 1'000'000'000u);
    made->text_size_ = static_cast<std::uint32_t>(text_size);
    made->label_count_ = static_cast<std::uint8_t>(values.size());
    made->overflow_ = overflow;

    auto* const places = reinterpret_cast<place*>(made + 1);
    auto const place_of = [&](char const* at, std::string_view value) {
        return place{static_cast<std::uint32_t>(at - static_cast<char const*>(memory)) & 0x1FFFFFu,
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

}  // namespace tacho::inline v0
