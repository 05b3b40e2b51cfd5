// tacho: a gauge: a value that is set, such as a temperature or the size of a queue.
#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>

#include "tacho/instrument/typed.hpp"

namespace tacho::inline v0 {

/// One series of a gauge, to keep. A copyable value that keeps its series alive, whatever becomes of instrument and
/// registry. Its members may be called by any thread at any time, and neither lock nor allocate; set() is one store.
template <class Number>
class gauge_handle {
public:
    gauge_handle(detail::word* cell, std::shared_ptr<family> of) noexcept : cell_(cell), of_(std::move(of)) {}

    void set(Number value) const noexcept { cells::shared::set(cell_, value); }
    void inc(Number amount = 1) const noexcept { cells::shared::add(cell_, amount); }
    void dec(Number amount = 1) const noexcept { cells::shared::add(cell_, static_cast<Number>(-amount)); }

private:
    detail::word* cell_;
    std::shared_ptr<family> of_;
};

/// The result of a look-up, for use in the same expression: `temperature("kitchen").set(21.5);`
template <class Number>
class gauge_series {
public:
    explicit gauge_series(detail::word* cell) noexcept : cell_(cell) {}
    gauge_series(gauge_series const&) = delete;
    gauge_series& operator=(gauge_series const&) = delete;

    void set(Number value) && noexcept { cells::shared::set(cell_, value); }
    void inc(Number amount = 1) && noexcept { cells::shared::add(cell_, amount); }
    void dec(Number amount = 1) && noexcept { cells::shared::add(cell_, static_cast<Number>(-amount)); }

private:
    detail::word* cell_;
};

/// Shows the last value set: `gauge<"room.temperature", unit::celsius, label<"room">>`. Holds a double; with the option
/// std::int64_t, an integer. One shared atomic: "the last value" has no meaning for values that each thread sets apart.
template <fixed_string Name, class... Options>
class gauge : public detail::typed_instrument<
                  detail::instrument_traits<instrument_kind::gauge, Name, double, cells::shared, Options...>> {
    using traits = detail::instrument_traits<instrument_kind::gauge, Name, double, cells::shared, Options...>;
    using base = detail::typed_instrument<traits>;
    using number_type = typename traits::number_type;
    static_assert(!std::same_as<number_type, std::uint64_t>, "tacho: a gauge holds a double or std::int64_t");
    static_assert(!traits::cells_type::is_sharded, "tacho: a gauge can't be sharded; its cells are shared");

public:
    using handle = gauge_handle<number_type>;

    explicit gauge(std::string_view description = {}) : gauge(default_registry(), description) {}
    explicit gauge(scope const& in, std::string_view description = {}) noexcept : base(in, traits::spec(description)) {}

    void set(number_type value) noexcept
        requires(traits::label_count == 0)
    {
        cells::shared::set(this->only(), value);
    }
    void inc(number_type amount = 1) noexcept
        requires(traits::label_count == 0)
    {
        cells::shared::add(this->only(), amount);
    }
    void dec(number_type amount = 1) noexcept
        requires(traits::label_count == 0)
    {
        cells::shared::add(this->only(), static_cast<number_type>(-amount));
    }

    /// The series with these label values, for use at once. A series that exists is found without lock or allocation.
    template <class... Args>
        requires(detail::are_values_of<typename traits::labels, Args...> && sizeof...(Args) != 0)
    [[nodiscard]] gauge_series<number_type> operator()(Args const&... values) noexcept {
        return gauge_series<number_type>{this->cells(values...)};
    }
    template <class... Args>
    void operator()(Args const&...) = delete;  // one value for each label, in their order, of the label's type

    /// The same, to keep.
    template <class... Args>
        requires(detail::are_values_of<typename traits::labels, Args...>)
    [[nodiscard]] handle bind(Args const&... values) noexcept {
        return {this->cells(values...), this->held()};
    }
    template <class... Args>
    void bind(Args const&...) = delete;  // one value for each label, in their order, of the label's type
};

}  // namespace tacho::inline v0
