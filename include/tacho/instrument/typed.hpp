// SPDX-License-Identifier: MIT
// tacho: what all typed instruments do alike: register, and find the cells of label values.
#pragma once

#include "tacho/instrument/options.hpp"
#include "tacho/instrument/refused.hpp"
#include "tacho/instrument/registration.hpp"
#include "tacho/version.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

namespace tacho::inline TACHO_ABI::detail {

// `Series` is what a look-up gives for immediate use, `Handle` what is kept; both are made of a series' cells and its
// family. Immovable: whoever uses a look-up's result refers to the instrument.
template <class Traits, class Series, class Handle>
class typed_instrument {
public:
    typed_instrument(typed_instrument const&) = delete;
    typed_instrument& operator=(typed_instrument const&) = delete;

    /// Whether it is registered. If not, it works and counts for nothing; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.ok(); }

    /// The series with these label values, for use at once. A series that exists is found without lock or allocation.
    template <class... Args>
        requires(are_values_of<typename Traits::labels, Args...> && sizeof...(Args) != 0)
    [[nodiscard]] Series operator()(Args const&... values) noexcept {
        if constexpr (!recording) {
            return Series{found_series{nullptr, held(), nullptr}, looking{nullptr}};
        } else if constexpr (Traits::dense != 0) {
            return Series{find(values...), looking{nullptr}};  // its series are kept as long as it
        } else {
            looking look;
            return Series{find(values...), std::move(look)};
        }
    }
    /// What is no value of these labels doesn't compile, and says why; so below.
    template <class... Args>
        requires(!are_values_of<typename Traits::labels, Args...>)
    label_values_that_do_not_fit<typename Traits::labels, Args...>
    operator()(Args const&...) noexcept;

    /// The same, to keep: the fastest way to record.
    template <class... Args>
        requires(are_values_of<typename Traits::labels, Args...>)
    [[nodiscard]] Handle bind(Args const&... values) noexcept {
        if constexpr (!recording) {
            return Handle{bound_series{nullptr, nullptr, {}}};
        } else {
            if (std::size_t unused = 0; !number(unused, values...)) [[unlikely]]
                return Handle{registration_.bind_overflow()};
            return Handle{with_texts([this](auto in_order) { return registration_.bind(in_order); }, values...)};
        }
    }
    /// See above.
    template <class... Args>
        requires(!are_values_of<typename Traits::labels, Args...>)
    label_values_that_do_not_fit<typename Traits::labels, Args...> bind(Args const&...)
    noexcept;

    /// Removes the series with these label values; false when there is none, or when as many removed ones as the limit
    /// allows are still held by handles or not yet collected by every reader. Where all labels are enums, closed lists
    /// or booleans, removed series are kept until the last instrument ends, so there it is that many in all. Handles to
    /// it stay safe, and record for nobody. The same values make a new series, which starts anew. Takes the mutex that
    /// creating a series takes; where there is no room for one more removed series, it waits up to 0.2 s for those who
    /// look series up or list them.
    template <class... Args>
        requires(are_values_of<typename Traits::labels, Args...> && sizeof...(Args) != 0)
    bool remove(Args const&... values) noexcept {
        std::size_t unused = 0;
        return recording && number(unused, values...) &&
               with_texts([this](auto in_order) { return registration_.remove(in_order); }, values...);
    }
    /// See above.
    template <class... Args>
        requires(!are_values_of<typename Traits::labels, Args...>)
    label_values_that_do_not_fit<typename Traits::labels, Args...> remove(Args const&...)
    noexcept;

    /// Removes all series, as far as remove() could remove each.
    void clear() noexcept requires(Traits::label_count != 0) {
        if constexpr (recording) registration_.clear();
    }

protected:
    typed_instrument(scope const& in, instrument_spec const& spec) noexcept : registration_(in, spec) {
        if constexpr (Traits::dense != 0) registration_.keep_in({cached_cells_, cached_series_});
        if constexpr (recording && Traits::label_count == 0) {
            auto const only = registration_.bind_only();  // which is never removed
            only_ = only.cells;
            only_series_ = only.at();
        }
    }
    ~typed_instrument() = default;

    // Nobody where nothing is recorded.
    [[nodiscard]] family* own_family() const noexcept { return recording ? held().get() : nullptr; }

    // The cells of the one series of an instrument without labels, which exists from the start.
    [[nodiscard]] word* only() const noexcept { return only_; }
    // The same, to be recorded in.
    struct only_series {
        word* cells;
        std::shared_ptr<family> const& of;
        series const* shown;
        [[nodiscard]] series const* at() const noexcept { return shown; }
    };
    [[nodiscard]] auto place() const noexcept {
        if constexpr (recording)
            return only_series{only_, held(), only_series_};
        else
            return found_series{nullptr, held(), nullptr};
    }

private:
    [[nodiscard]] std::shared_ptr<family> const& held() const noexcept { return registration_.held(); }

    template <std::size_t At>
    using value_at = typename std::tuple_element_t<At, typename Traits::labels>::value_type;

    // Calls f with the text of each value, in their order.
    template <class F, class... Args>
    static auto with_texts(F&& f, Args const&... args) noexcept {
        return [&]<std::size_t... At>(std::index_sequence<At...>) {
            [[maybe_unused]] std::array<label_scratch, sizeof...(At)> scratch;
            std::array<std::string_view, sizeof...(At)> const texts_in_order{
                label_value<value_at<At>>::text(checked_label<value_at<At>>(args), scratch[At])...};
            return f(std::span{texts_in_order});
        }
        (std::index_sequence_for<Args...>{});
    }

    template <class... Args>
    [[nodiscard]] found_series find(Args const&... args) const noexcept {
        std::size_t index = 0;
        if (!number(index, args...)) [[unlikely]]
            return registration_.find_overflow();
        if constexpr (Traits::dense != 0) {
            // Acquire: the series was written before its cells were published. By a pointer: g++ 12 adds where the
            // array lies to each index otherwise.
            auto const* const place = cached_cells_.data() + index;
            if (word* const cells = place->load(std::memory_order_acquire); cells != nullptr) [[likely]]
                return {cells, held(), nullptr, &cached_series_[index]};
            return find_and_cache(index);
        } else {
            return with_texts([&](auto in_order) { return registration_.find(in_order); }, args...);
        }
    }

    // Not inlined, and by the number alone: inlined, or with the values, it makes the look-up that hits keep them, and
    // take longer.
    [[nodiscard, gnu::noinline, gnu::cold]] found_series find_and_cache(std::size_t index) const noexcept {
        return [&]<std::size_t... At>(std::index_sequence<At...>) {
            std::array<std::string_view, sizeof...(At)> texts_in_order;
            std::size_t left = index;  // its last digit is that of the last label
            ((texts_in_order[sizeof...(At) - 1 - At] = text_of_digit<sizeof...(At) - 1 - At>(left)), ...);
            return registration_.find_and_cache(index, texts_in_order);
        }
        (std::make_index_sequence<Traits::label_count>{});
    }
    // Takes the digit off.
    template <std::size_t At>
    static std::string_view text_of_digit(std::size_t& index) noexcept {
        using value = label_value<value_at<At>>;
        auto const digit = index % value::cardinality;
        index /= value::cardinality;
        return value::text_at(digit);
    }

    // The number of a combination of label values; false when there is an enumerator that is not listed.
    template <class... Args>
    static bool number(std::size_t& index, Args const&... args) noexcept {
        return [&]<std::size_t... At>(std::index_sequence<At...>) {
            return (number_label<value_at<At>>(checked_label<value_at<At>>(args), index) && ...);
        }
        (std::index_sequence_for<Args...>{});
    }

    // Mixed-radix digits: the values of the last label are neighbours.
    template <class Value>
    static bool number_label(Value const& value, std::size_t& index) noexcept {
        constexpr auto cardinality = label_value<Value>::cardinality;
        if constexpr (cardinality != 0) {
            auto const own = label_value<Value>::index(value);
            index = index * cardinality + own;
            return own < cardinality;
        }
        return true;
    }

    // By the numbers of combinations; they outlive the registration, which others know them by.
    [[no_unique_address]] std::array<std::atomic<word*>, Traits::dense> cached_cells_{};
    [[no_unique_address]] std::array<std::atomic<series*>, Traits::dense> cached_series_{};
    registration registration_;
    word* only_ = nullptr;
    series const* only_series_ = nullptr;
};

}  // namespace tacho::inline TACHO_ABI::detail
