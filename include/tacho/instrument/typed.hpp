// tacho: what all typed instruments do alike: register, and find the cells of label values.
#pragma once

#include "tacho/instrument/options.hpp"
#include "tacho/instrument/registration.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

namespace tacho::inline v0::detail {

// Whether these arguments are values of these labels, one for one.
template <class Labels, class... Args>
inline constexpr bool are_values_of = false;
template <class... Labels, class... Args>
    requires(sizeof...(Labels) == sizeof...(Args))
inline constexpr bool are_values_of<std::tuple<Labels...>, Args...> = (takes<Labels, Args> && ...);

// `Series` is what a look-up gives for immediate use, `Handle` what is kept; both are made of a series' cells and its
// family. Immovable: whoever uses a look-up's result refers to the instrument.
template <class Traits, class Series, class Handle>
class typed_instrument {
public:
    typed_instrument(typed_instrument const&) = delete;
    typed_instrument& operator=(typed_instrument const&) = delete;

    /// Whether it is registered. If not, it works and counts for nothing; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.held() != nullptr; }

    /// The series with these label values, for use at once. A series that exists is found without lock or allocation.
    template <class... Args>
        requires(are_values_of<typename Traits::labels, Args...> && sizeof...(Args) != 0)
    [[nodiscard]] Series operator()(Args const&... values) noexcept { return Series{cells(values...), held()}; }
    template <class... Args>
    void operator()(Args const&...) = delete;  // give one value for each label, in their order, of the label's type

    /// The same, to keep: the fastest way to record.
    template <class... Args>
        requires(are_values_of<typename Traits::labels, Args...>)
    [[nodiscard]] Handle bind(Args const&... values) noexcept { return Handle{cells(values...), held()}; }
    template <class... Args>
    void bind(Args const&...) = delete;  // give one value for each label, in their order, of the label's type

protected:
    typed_instrument(scope const& in, instrument_spec const& spec) noexcept : registration_(in, spec) {
        if constexpr (Traits::label_count == 0) only_ = registration_.cells({});
    }
    ~typed_instrument() = default;

    [[nodiscard]] std::shared_ptr<family> const& held() const noexcept { return registration_.held(); }

    // The cells of the one series of an instrument without labels, which exists from the start.
    [[nodiscard]] word* only() const noexcept { return only_; }

private:
    template <class... Args>
    [[nodiscard]] word* cells(Args const&... args) const noexcept {
        if constexpr (Traits::label_count == 0) {
            return only_;
        } else {
            return find(std::index_sequence_for<Args...>{}, args...);
        }
    }

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
        if (!listed) [[unlikely]]
            return registration_.overflow_cells();
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
