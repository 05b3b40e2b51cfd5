// SPDX-License-Identifier: MIT
// tacho: the place of one exemplar, which is written in one go and read in one piece.
#pragma once

#include "tacho/cell/arena.hpp"
#include "tacho/core/exemplar.hpp"
#include "tacho/version.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tacho::inline TACHO_ABI::detail {

// A sequence lock of atomic words. Its turn is odd while somebody writes. Whoever finds it so lets go of what he has:
// the other's measurement is as good an example.
class exemplar_slot {
public:
    exemplar_slot() = default;
    exemplar_slot(exemplar_slot const&) = delete;
    exemplar_slot& operator=(exemplar_slot const&) = delete;

    // False when it is busy. Neither waits nor allocates.
    bool write(exemplar const& e) noexcept {
        auto turn = turn_.load(std::memory_order_relaxed);
        // Acquire: what the last writer stored comes before what is stored here.
        if (turn % 2 != 0 ||
            !turn_.compare_exchange_strong(turn, turn + 1, std::memory_order_acquire, std::memory_order_relaxed))
            return false;
        // Each a release: who reads one of them sees the odd turn afterwards, or a later one.
        std::uint64_t head[head_words] = {e.bits, e.time, 0, 0, 0, e.labels.size()};
        std::memcpy(head + 2, e.trace.trace_id.data(), 16);
        std::memcpy(head + 4, e.trace.span_id.data(), 8);
        for (std::size_t i = 0; i < head_words; ++i) words_[i].store(head[i], std::memory_order_release);
        for (std::size_t at = 0; at < e.labels.size(); at += 8) {
            std::uint64_t text = 0;
            std::memcpy(&text, e.labels.data() + at, e.labels.size() - at < 8 ? e.labels.size() - at : 8);
            words_[head_words + at / 8].store(text, std::memory_order_release);
        }
        turn_.store(turn + 2, std::memory_order_release);
        return true;
    }

    // False when there is none, or when one is being written.
    bool read(exemplar& into) const noexcept {
        constexpr int tries = 8;
        for (int attempt = 0; attempt < tries; ++attempt) {
            auto const turn = turn_.load(std::memory_order_acquire);
            if (turn == 0 || turn % 2 != 0) return false;
            // Each an acquire: had it seen anything of a later turn, that turn would be seen below.
            std::uint64_t head[head_words];
            for (std::size_t i = 0; i < head_words; ++i) head[i] = words_[i].load(std::memory_order_acquire);
            into.bits = head[0];
            into.time = head[1];
            std::memcpy(into.trace.trace_id.data(), head + 2, 16);
            std::memcpy(into.trace.span_id.data(), head + 4, 8);
            char* const labels = into.labels.restore(static_cast<std::size_t>(head[5]));
            for (std::size_t at = 0; at < into.labels.size(); at += 8) {
                auto const text = words_[head_words + at / 8].load(std::memory_order_acquire);
                std::memcpy(labels + at, &text, 8);
            }
            if (turn_.load(std::memory_order_relaxed) == turn) return true;
        }
        return false;
    }

    // While there is one thread, in a child of fork(): nobody here ends what a thread of the parent had begun.
    void repair() noexcept {
        if (turn_.load(std::memory_order_relaxed) % 2 != 0) clear();
    }
    void clear() noexcept { turn_.store(0, std::memory_order_relaxed); }

private:
    static constexpr std::size_t head_words = 6, text_words = exemplar_labels::most / 8;
    static_assert(exemplar_labels::most % 8 == 0);

    word turn_{0};
    word words_[head_words + text_words]{};
};
static_assert(sizeof(exemplar_slot) == 176);  // as is said of the option

}  // namespace tacho::inline TACHO_ABI::detail
