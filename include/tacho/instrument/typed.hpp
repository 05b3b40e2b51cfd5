// tacho: what all typed instruments do alike: register, and find the cells of label values.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "tacho/instrument/options.hpp"
#include "tacho/instrument/registration.hpp"

namespace tacho::inline v0::detail {

// Whether these arguments are values of these labels, one for one.
template <class Labels, class... Args>
inline constexpr bool are_values_of = false;
template <class... Labels, class... Args>
    requires(sizeof...(Labels) == sizeof...(Args))
inline constexpr bool are_values_of<std::tuple<Labels...>, Args...> = (takes<Labels, Args> && ...);

// Immovable: the registry, and whoever looks series up, may hold on to it while it lives.
template <class Traits>
class typed_instrument {
public:
    typed_instrument(typed_instrument const&) = delete;
    typed_instrument& operator=(typed_instrument const&) = delete;

    /// Whether it is registered. If not, it works and counts for nothing; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.held() != nullptr; }

protected:
    typed_instrument(scope const& in, instrument_spec const& spec) noexcept : registration_(in, spec) {
        if constexpr (Traits::label_count == 0) only_ = registration_.cells({});
    }
    ~typed_instrument() = default;

    [[nodiscard]] std::shared_ptr<family> const& held() const noexcept { return registration_.held(); }

    // The cells of the one series of an instrument without labels, which exists from the start.
    [[nodiscard]] word* only() const noexcept { return only_; }

    template <class... Args>
    [[nodiscard]] word* cells(Args const&... args) const noexcept {
        if constexpr (Traits::label_count == 0) {
            return only_;
        } else {
            return find(std::index_sequence_for<Args...>{}, args...);
        }
    }

private:
    template <std::size_t I>
    using value_at = typename std::tuple_element_t<I, typename Traits::labels>::value_type;

    template <std::size_t... I, class... Args>
    [[nodiscard]] word* find(std::index_sequence<I...>, Args const&... args) const noexcept {
        std::array<label_scratch, sizeof...(I)> scratch;
        std::array<std::string_view, sizeof...(I)> const values{
            label_value<value_at<I>>::text(checked_label<value_at<I>>(args), scratch[I])...};
        std::size_t dense_index = 0;
        bool listed = true;
        (number_label<value_at<I>>(checked_label<value_at<I>>(args), dense_index, listed), ...);
        if (!listed) [[unlikely]] return registration_.overflow_cells();
        if constexpr (Traits::dense != 0) return registration_.dense_cells(dense_index, values);
        return registration_.cells(values);
    }

    // Mixed-radix digits: the values of the last label are neighbours.
    template <class Value>
    static void number_label(Value const& value, std::size_t& index, bool& listed) noexcept {
        constexpr auto cardinality = label_value<Value>::cardinality;
        if constexpr (cardinality != 0) {
            auto const own = label_value<Value>::index(value);
            listed &= own < cardinality;
            index = index * cardinality + own;
        }
    }

    registration registration_;
    word* only_ = nullptr;
};

}  // namespace tacho::inline v0::detail
