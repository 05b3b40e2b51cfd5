// SPDX-License-Identifier: MIT
// tacho: what the points of a series begin with in OTLP JSON, kept from one request to the next.
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/clock.hpp"
#include "tacho/core/number_text.hpp"
#include "tacho/encode/sink.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <string_view>
#include <vector>

namespace tacho::inline TACHO_ABI {

namespace detail {

// As all times from 2001 to 2286 have, so that one can be written over another.
[[nodiscard]] constexpr bool has_nineteen_digits(unix_nanos time) noexcept {
    return time - 1'000'000'000'000'000'000u < 9'000'000'000'000'000'000u;
}

// The text of a time of nineteen digits, which usually is that of the point before.
class time_text {
public:
    void write(unix_nanos time, char* out) noexcept {
        if (time != time_) {
            time_ = time;
            write_integer(time, text_);
        }
        std::memcpy(out, text_, 19);
    }

private:
    unix_nanos time_ = 0;
    char text_[number_room];
};

}  // namespace detail

/// Remembers the text that doesn't change from request to request: of each series its attributes and its start. Given
/// to one otlp_json_encoder after the other, it makes them four times as fast, and takes about as much memory as the
/// request that is written. What isn't shown any more is forgotten in time: never is there more than twice of what was
/// shown last, and 24 bytes for each series that lived at the same time. One thread at a time.
class otlp_points {
public:
    otlp_points() = default;
    otlp_points(otlp_points const&) = delete;
    otlp_points& operator=(otlp_points const&) = delete;

    /// Those of one family.
    class of_family {
    public:
        /// What the points of a series begin with.
        struct point {
            char const* text;  ///< nullptr when it isn't known
            std::size_t size;  ///< 0 when it isn't known
            unix_nanos start;  ///< in the text

            /// Empty when it isn't known.
            [[nodiscard]] std::string_view view() const noexcept { return {text, size}; }
        };

        /// Points are shown in this request.
        void count(std::size_t points) noexcept { shown_ += points; }

        /// What is remembered of a series. Allocates nothing.
        [[nodiscard]] point find(series const& s) const noexcept {
            if (s.ordinal() >= entries_.size()) return {nullptr, 0, 0};
            auto const& known = entries_[s.ordinal()];
            // Another series may have had the place before.
            auto const size = known.generation == s.generation() ? known.size : 0;
            return {texts_.view().data() + known.at, size, known.start};
        }

        /// Remembers what write(char*) writes, at most `room` bytes; not without memory.
        template <class Write>
        [[nodiscard]] point add(series const& s, unix_nanos start, std::size_t room, Write&& write) noexcept {
            bool const has_room = detail::attempt([&] {
                if (s.ordinal() >= entries_.size()) entries_.resize(s.ordinal() + std::size_t{1});
            });
            char* const text = has_room ? texts_.window(room) : nullptr;
            if (text == nullptr) return {nullptr, 0, 0};
            auto const size = static_cast<std::size_t>(write(text) - text);
            entries_[s.ordinal()] = {start, texts_.view().size(), static_cast<std::uint32_t>(size), s.generation()};
            texts_.commit(size);
            ++added_;
            return {text, size, start};
        }

    private:
        friend class otlp_points;

        struct entry {
            unix_nanos start = 0;
            std::size_t at = 0;
            std::uint32_t size = 0;  // 0: not known
            std::uint32_t generation = 0;
        };
        std::vector<entry> entries_;  // by the ordinals of series
        byte_buffer texts_;           // one behind the other, because they are read in this order
        std::size_t added_ = 0;       // texts, also those that are not needed any more
        std::size_t shown_ = 0;       // in this request
    };

    /// nullptr without memory.
    [[nodiscard]] of_family* find(std::uint64_t id) noexcept {
        of_family* found = nullptr;
        detail::attempt([&] { found = &families_[id]; });
        return found;
    }

    /// Forgets what the request that ends did not show. A family is forgotten as a whole: what it still shows is made
    /// anew, which happens after at least as many series as these have come or gone.
    void end_request() noexcept {
        for (auto at = families_.begin(); at != families_.end();) {
            auto& family = at->second;
            bool const is_old = family.shown_ == 0 || family.added_ / 2 > family.shown_ + 32;
            family.shown_ = 0;
            at = is_old ? families_.erase(at) : std::next(at);
        }
    }

    /// How much is remembered.
    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t sum = 0;
        for (auto const& [id, family] : families_)
            sum += family.texts_.view().size() + family.entries_.size() * sizeof(of_family::entry);
        return sum;
    }

private:
    std::map<std::uint64_t, of_family> families_;  // by their ids; nodes don't move
};

}  // namespace tacho::inline TACHO_ABI
