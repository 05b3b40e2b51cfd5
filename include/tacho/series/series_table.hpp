// tacho: all series of one family: found by label values, listed in order of birth, limited in number.
#pragma once

#include "tacho/cell/arena.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/series/hash.hpp"
#include "tacho/series/series.hpp"
#include "tacho/series/series_index.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>

namespace tacho::inline v0 {

/// How a family stores its series.
struct series_storage {
    std::size_t cells = 1;  ///< cells of one series
    bool sharded = true;
    std::size_t limit = 2000;  ///< series, the overflow series not counted
    unix_nanos (*now)() noexcept = &system_clock::now;
};

/// The series of one family. Look-ups and listings are lock-free and allocate nothing; creating a series takes a mutex
/// that neither of them needs.
class series_table {
public:
    series_table(label_schema schema, series_storage storage) : schema_(std::move(schema)), storage_(storage) {}
    series_table(series_table const&) = delete;
    series_table& operator=(series_table const&) = delete;
    ~series_table() {
        for_each([this](series& s) { destroy(&s); });
        for (auto& block : blocks_) std::free(block.load(std::memory_order_relaxed));
    }

    /// The series with these label values, in the order of declaration; made when it is new, the overflow series when
    /// the limit is reached, nullptr when memory can't be had. Values may be any bytes of any length.
    [[nodiscard]] series* find_or_create(std::span<std::string_view const> values) noexcept {
        bool short_enough = true;
        for (auto const& value : values) short_enough &= value.size() <= max_label_value;
        if (short_enough) {
            auto const hash = detail::hash_of(values);
            if (series* const found = index_.find(hash, values)) return found;
        }
        return create_normalized(values);
    }

    /// The series that counts what is beyond the limit; nullptr when memory can't be had. Each call is counted.
    [[nodiscard]] series* overflow() noexcept {
        overflowed_.fetch_add(1, std::memory_order_relaxed);  // a count, which orders nothing
        if (series* const found = overflow_.load(std::memory_order_acquire)) return found;
        std::lock_guard const lock{mutex_};
        if (series* const found = overflow_.load(std::memory_order_relaxed)) return found;
        series* const made = add({});
        overflow_.store(made, std::memory_order_release);
        return made;
    }

    /// Calls f(series&) for each series in order of birth. Series born meanwhile may be missed.
    template <class F>
    void for_each(F&& f) const {
        auto const size = size_.load(std::memory_order_acquire);
        for (std::size_t i = 0; i < size;) {
            auto const [block, at] = place_of(i);
            series* const* const list = blocks_[block].load(std::memory_order_relaxed);
            for (std::size_t k = at; k < block_size(block) && i < size; ++k, ++i) f(*list[k]);
        }
    }

    /// How often the overflow series was given in place of a series.
    [[nodiscard]] std::uint64_t overflowed() const noexcept { return overflowed_.load(std::memory_order_relaxed); }

    [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
    [[nodiscard]] label_schema const& schema() const noexcept { return schema_; }
    [[nodiscard]] series_storage const& storage() const noexcept { return storage_; }

private:
    static constexpr std::size_t first_block = 8;
    static constexpr std::size_t block_size(std::size_t block) noexcept { return first_block << block; }
    static std::pair<std::size_t, std::size_t> place_of(std::size_t i) noexcept {
        auto const block = static_cast<std::size_t>(std::bit_width(i / first_block + 1)) - 1;
        return {block, i - first_block * ((std::size_t{1} << block) - 1)};
    }

    // Identity is decided on valid UTF-8 of bounded length, so that two spellings of one broken value are one series.
    [[nodiscard]] series* create_normalized(std::span<std::string_view const> values) noexcept {
        bool clean = true;
        for (auto const& value : values) clean &= value.size() <= max_label_value && is_valid_utf8(value);
        if (clean) return create(values);

        std::array<char, max_labels * max_label_value> room;  // on the stack: a look-up that hits allocates nothing
        std::array<std::string_view, max_labels> mended;
        char* at = room.data();
        for (std::size_t i = 0; i < values.size(); ++i) {
            // What is beyond the limit is not even looked at; a code point that it would cut is left out.
            auto const size = copy_as_utf8(values[i].substr(0, max_label_value + 3), at, max_label_value);
            mended[i] = {at, size};
            at += size;
        }
        std::span<std::string_view const> const valid{mended.data(), values.size()};
        if (series* const found = index_.find(detail::hash_of(valid), valid)) return found;
        return create(valid);
    }

    [[nodiscard]] series* create(std::span<std::string_view const> values) noexcept {
        // Relaxed: once reached, the limit stays reached; before, the count is looked at again under the mutex.
        if (regular_.load(std::memory_order_relaxed) >= storage_.limit) return overflow();
        auto const hash = detail::hash_of(values);
        {
            std::lock_guard const lock{mutex_};
            if (series* const found = index_.find(hash, values)) return found;
            auto const count = regular_.load(std::memory_order_relaxed);
            if (count < storage_.limit) {
                if (!index_.make_room()) return nullptr;
                series* const made = add(values);
                if (made == nullptr) return nullptr;
                index_.insert(hash, made);
                regular_.store(count + 1, std::memory_order_relaxed);
                return made;
            }
        }
        return overflow();
    }

    // Makes a series and lists it. Under the mutex.
    [[nodiscard]] series* add(std::span<std::string_view const> values) noexcept {
        auto const ordinal = size_.load(std::memory_order_relaxed);
        auto const [block, at] = place_of(ordinal);
        if (block >= blocks_.size()) return nullptr;
        series** list = blocks_[block].load(std::memory_order_relaxed);
        if (list == nullptr) {
            list = static_cast<series**>(std::malloc(block_size(block) * sizeof(series*)));
            if (list == nullptr) return nullptr;
            blocks_[block].store(list, std::memory_order_relaxed);  // published by size_ below
        }
        detail::word* const cells = arena().allocate(storage_.cells);
        if (cells == nullptr) return nullptr;
        series* const made = series::make(schema_, values, static_cast<std::uint32_t>(ordinal), storage_.now(), cells);
        if (made == nullptr) {
            arena().release(cells, storage_.cells);
            return nullptr;
        }
        list[at] = made;
        size_.store(ordinal + 1, std::memory_order_release);  // publishes the series to for_each
        return made;
    }

    void destroy(series* s) noexcept {
        arena().release(s->cells(), storage_.cells);
        std::free(s);
    }

    [[nodiscard]] detail::arena& arena() const noexcept {
        return storage_.sharded ? detail::sharded_arena : detail::shared_arena;
    }

    label_schema schema_;
    series_storage storage_;
    detail::series_index index_;
    std::atomic<series*> overflow_{nullptr};
    std::atomic<std::uint64_t> overflowed_{0};
    std::atomic<std::size_t> size_{0};     // listed, the overflow series included
    std::atomic<std::size_t> regular_{0};  // found by label values
    std::array<std::atomic<series**>, 28> blocks_{};
    std::mutex mutex_;  // one creator at a time
};

}  // namespace tacho::inline v0
