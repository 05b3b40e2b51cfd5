// SPDX-License-Identifier: MIT
// tacho: what one pusher has already delivered, so that it can report what came since.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#sums-delta-to-cumulative
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/exponential_counts.hpp"
#include "tacho/core/temporality.hpp"
#include "tacho/export/unsent_requests.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

class [[gnu::visibility("default")]] delta_memory;  // the program's, in a plug-in too

/// Turns totals into deltas. Values that were shown but not committed are shown again next time, together with what
/// came since, and from the same start: nothing is lost and nothing counted twice. One thread at a time.
class delta_memory {
public:
    /// Nothing has been delivered yet.
    delta_memory();
    delta_memory(delta_memory const&) = delete;
    delta_memory& operator=(delta_memory const&) = delete;
    ~delta_memory();

    /// By a pusher, while it lives.
    class in_use {
    public:
        /// Of this memory, from now on.
        explicit in_use(delta_memory& of) noexcept : of_(of) { of_.users_.fetch_add(1, std::memory_order_relaxed); }
        in_use(in_use const&) = delete;
        in_use& operator=(in_use const&) = delete;
        ~in_use() { of_.users_.fetch_sub(1, std::memory_order_release); }  // whoever sees it sees what was delivered

    private:
        delta_memory& of_;
    };
    /// Whether a pusher lives that uses it: no other may begin to. By any thread.
    [[nodiscard]] bool is_in_use() const noexcept {
        return users_.load(std::memory_order_acquire) != 0;  // see ~in_use()
    }

    /// A visitor that passes totals on to `encoder`, as deltas where these are preferred. A series without news has no
    /// delta, and is left out; so is a state set or an exponential histogram for which the encoder has no function.
    template <class Encoder>
    class stage {
    public:
        /// Both must live longer.
        stage(delta_memory& memory, Encoder& encoder, temporality_preference preferred) noexcept
            : memory_(memory), encoder_(encoder), preferred_(preferred) {}

        /// Passes them on.
        void exemplars(exemplar_view const& of) requires(requires(Encoder& e) { e.exemplars(of); }) {
            encoder_.exemplars(of);
        }

        /// Passes a number on as the change since what was committed, where deltas are preferred.
        void number(family const& of, series const& s, tacho::number total) {
            bool const observable = of.describe().observable;
            if (temporality_of(of.describe().kind, preferred_, observable) == temporality::cumulative)
                return encoder_.number(of, s, total, of.start_of(s), temporality::cumulative);
            auto const [before, now] = memory_.words(of, s, 1);
            now[0] = total.bits;
            if (before[0] == now[0]) return;
            // An observed total that is lower than before began anew at zero.
            auto const from = observable && detail::fell(total, before[0]) ? 0 : before[0];
            total.bits = total.kind == number_kind::floating ? difference<double>(now[0], from) : now[0] - from;
            encoder_.number(of, s, total, memory_.start_of(of, s), temporality::delta);
        }

        /// The same of several series with one number each.
        void numbers(family const& of, std::span<series* const> from, number_kind kind, std::uint64_t const* bits) {
            if constexpr (requires { encoder_.numbers(of, from, kind, bits); })
                if (temporality_of(of.describe().kind, preferred_, of.describe().observable) == temporality::cumulative)
                    return encoder_.numbers(of, from, kind, bits);
            for (std::size_t i = 0; i < from.size(); ++i) number(of, *from[i], {kind, bits[i]});
        }

        /// The same of each bucket, the count and the sum.
        void histogram(family const& of, series const& s, histogram_value const& total) {
            if (temporality_of(of.describe().kind, preferred_) == temporality::cumulative)
                return encoder_.histogram(of, s, total, s.birth(), temporality::cumulative);
            auto const buckets = total.buckets.size();
            auto const [before, now] = memory_.words(of, s, buckets + 1);
            std::uint64_t since[max_bounds + 1];
            std::uint64_t count = 0;
            for (std::size_t i = 0; i < buckets; ++i) {
                now[i] = total.buckets[i];
                since[i] = now[i] - before[i];
                count += since[i];
            }
            now[buckets] = std::bit_cast<std::uint64_t>(total.sum);
            if (count == 0) {
                now[buckets] = before[buckets];  // a sum ahead of its bucket comes with the bucket
                return;
            }
            auto const sum = std::bit_cast<double>(difference<double>(now[buckets], before[buckets]));
            encoder_.histogram(of, s, histogram_value{{since, buckets}, count, sum}, memory_.start_of(of, s),
                               temporality::delta);
        }

        /// The same; buckets that have become wider since are compared as the wider ones.
        void exponential_histogram(family const& of, series const& s,
                                   exponential_value const& total) requires(requires(Encoder& e) {
            e.exponential_histogram(of, s, total, s.birth(), temporality::delta);
        }) {
            if (temporality_of(of.describe().kind, preferred_) == temporality::cumulative)
                return encoder_.exponential_histogram(of, s, total, s.birth(), temporality::cumulative);
            auto const most = of.describe().shape.max_buckets;
            auto const [before, now] = memory_.words(of, s, exponential_words + 2 * most);
            now[0] = std::bit_cast<std::uint64_t>(total.sum);
            now[1] = total.zero_count;
            now[2] = static_cast<std::uint64_t>(max_exponential_scale - total.scale);
            remember(now, 3, total.positive, exponential_words);
            remember(now, 5, total.negative, exponential_words + most);

            // Values may have spread since, and the buckets become wider; subtract() compares the wider ones.
            int const coarse = static_cast<int>(now[2]), coarse_before = static_cast<int>(before[2]);
            detail::exponential_counts positive{coarse, total.positive}, negative{coarse, total.negative};
            positive.subtract({coarse_before, remembered_side(before, 3, exponential_words)});
            negative.subtract({coarse_before, remembered_side(before, 5, exponential_words + most)});
            auto const zeros = now[1] - before[1];
            auto const count = zeros + positive.total() + negative.total();
            if (count == 0) {
                now[0] = before[0];  // a sum ahead of its bucket comes with the bucket
                return;
            }
            auto const sum = std::bit_cast<double>(difference<double>(now[0], before[0]));
            auto const scale = max_exponential_scale - (std::max)(positive.coarse(), negative.coarse());
            encoder_.exponential_histogram(
                of, s, exponential_value{count, sum, zeros, scale, positive.view(), negative.view()},
                memory_.start_of(of, s), temporality::delta);
        }

        /// Passes a state set on: states have no deltas.
        void states(family const& of, series const& s,
                    states_value value) requires(requires(Encoder& e) { e.states(of, s, value); }) {
            encoder_.states(of, s, value);
        }

        /// Hears of an observable that is registered, before any of its series is shown. What was delivered of it
        /// counts on, though its callback may fail this time; what was shown of it and not committed does not.
        void lives(family const& of) { memory_.lives(of); }

    private:
        template <class Number>
        static std::uint64_t difference(std::uint64_t now, std::uint64_t before) noexcept {
            return std::bit_cast<std::uint64_t>(std::bit_cast<Number>(now) - std::bit_cast<Number>(before));
        }

        // Sum, zeros, 20 less the scale, and of each sign offset and size; then the buckets of either sign.
        static constexpr std::size_t exponential_words = 7;

        static void remember(std::span<std::uint64_t> words, std::size_t at, exponential_buckets const& side,
                             std::size_t first) noexcept {
            words[at] = static_cast<std::uint64_t>(side.offset);
            words[at + 1] = side.counts.size();
            std::copy(side.counts.begin(), side.counts.end(), words.begin() + static_cast<std::ptrdiff_t>(first));
        }
        static exponential_buckets remembered_side(std::span<std::uint64_t const> words, std::size_t at,
                                                   std::size_t first) noexcept {
            return {static_cast<std::int32_t>(words[at]),
                    words.subspan(first, static_cast<std::size_t>(words[at + 1]))};
        }

        delta_memory& memory_;
        Encoder& encoder_;
        temporality_preference preferred_;
    };

    /// What was shown since the last commit() has been delivered; `time` is when it was collected. Forgets families
    /// that were not shown.
    void commit(unix_nanos time);

    /// What a pusher that ends has left of a collection of which a part has arrived: who goes on sends it first, and
    /// commits it then. Else that part would be shown again.
    void leave(unsent_requests rest) noexcept { left_ = std::move(rest); }
    /// What a request that was cut off has left, for the next push; empty afterwards.
    [[nodiscard]] unsent_requests take_what_was_left() noexcept { return std::exchange(left_, {}); }

private:
    struct remembered {
        std::vector<std::uint64_t> delivered, latest;  // the words of each series, by its ordinal
        std::vector<std::uint32_t> generations;        // of the series whose words they are
        bool shown = false;
    };

    void lives(family const& of);
    // Families are shown one after the other, all series of each.
    [[nodiscard]] remembered& remembered_of(std::uint64_t id);
    // The words of one series: those delivered, and where to put the present ones.
    std::pair<std::span<std::uint64_t const>, std::span<std::uint64_t>> words(family const& of, series const& s,
                                                                              std::size_t size);

    // Where series were removed in between, others with their labels may have begun: these begin at their birth. Not so
    // what is observed: who is shown the new one was not shown the old one, and the total comes from the program.
    [[nodiscard]] unix_nanos start_of(family const& of, series const& s) const noexcept {
        auto const start = start_of(of);
        if (of.describe().observable) return start;
        return of.table().kept() != 0 && s.birth() > start ? s.birth() : start;
    }
    // All deltas of an instrument begin where the last delivered ones ended, the first at its registration.
    [[nodiscard]] unix_nanos start_of(family const& of) const noexcept {
        return of.birth() > delivered_until_ ? of.birth() : delivered_until_;
    }

    std::map<std::uint64_t, remembered> families_;  // by their ids; nodes don't move
    remembered* last_ = nullptr;
    std::uint64_t last_id_ = 0;
    unix_nanos delivered_until_ = 0;
    unsent_requests left_;
    std::atomic<int> users_{0};
};

#if TACHO_BODIES

TACHO_FUNCTION delta_memory::delta_memory() = default;
TACHO_FUNCTION delta_memory::~delta_memory() = default;

TACHO_FUNCTION void delta_memory::commit(unix_nanos time) {
    std::erase_if(families_, [](auto const& entry) { return !entry.second.shown; });
    last_ = nullptr;
    for (auto& [id, f] : families_) {
        f.delivered = f.latest;
        f.shown = false;
    }
    delivered_until_ = time;
}

TACHO_FUNCTION void delta_memory::lives(family const& of) {
    auto const at = families_.find(of.id());
    if (at == families_.end()) return;
    at->second.shown = true;
    at->second.latest = at->second.delivered;
}

TACHO_FUNCTION delta_memory::remembered& delta_memory::remembered_of(std::uint64_t id) {
    if (last_ == nullptr || last_id_ != id) {
        last_ = &families_[id];
        last_id_ = id;
    }
    return *last_;
}

TACHO_FUNCTION std::pair<std::span<std::uint64_t const>, std::span<std::uint64_t>> delta_memory::words(
    family const& of, series const& s, std::size_t size) {
    auto& f = remembered_of(of.id());
    f.shown = true;
    auto const first = s.ordinal() * size;
    if (f.latest.size() < first + size) {  // that one last: without memory for another all are tried again
        f.generations.resize(s.ordinal() + std::size_t{1});
        f.delivered.resize(first + size);
        f.latest.resize(first + size);
    }
    // Another series has taken the place of one that was removed: nothing of it has been delivered.
    if (f.generations[s.ordinal()] != s.generation()) {
        f.generations[s.ordinal()] = s.generation();
        std::fill_n(f.delivered.begin() + static_cast<std::ptrdiff_t>(first), size, std::uint64_t{0});
    }
    return {std::span{f.delivered}.subspan(first, size), std::span{f.latest}.subspan(first, size)};
}

#endif

}  // namespace tacho::inline TACHO_ABI
