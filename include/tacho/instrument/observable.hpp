// SPDX-License-Identifier: MIT
// tacho: observables: instruments whose values a callable of the program gives when somebody collects them.
// Rule: https://opentelemetry.io/docs/specs/otel/metrics/api/#asynchronous-instrument-api
#pragma once

#include "tacho/cell/epoch.hpp"
#include "tacho/core/attempt.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/core/floating.hpp"
#include "tacho/instrument/counter.hpp"
#include "tacho/instrument/options.hpp"
#include "tacho/instrument/refused.hpp"
#include "tacho/instrument/registration.hpp"
#include "tacho/instrument/typed.hpp"
#include "tacho/registry/callbacks.hpp"
#include "tacho/series/held_series.hpp"
#include "tacho/version.hpp"

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

class observation;
class observer;

namespace detail {

// Why an instrument can't have this value; empty when it can.
template <class Number, class Value>
[[nodiscard]] constexpr std::string_view why_unfit(instrument_kind kind, Value value) noexcept {
    if constexpr (!std::same_as<Number, double>) {
        if (!std::in_range<Number>(value))
            return std::same_as<Number, std::uint64_t> ? "a negative value" : "a value above 2^63-1";
    } else if (kind == instrument_kind::counter) {
        auto const number = static_cast<double>(value);
        if (!(number >= 0 && number <= (std::numeric_limits<double>::max)()))
            return "a negative, infinite or NaN value";
    } else if (kind == instrument_kind::up_down_counter) {
        if (!is_finite(static_cast<double>(value))) return "an infinite or NaN value";
    }
    return {};
}

template <class Value, class Arg>
[[nodiscard]] constexpr bool is_listed(Arg const& arg) noexcept {
    constexpr auto cardinality = label_value<Value>::cardinality;
    if constexpr (cardinality == 0)
        return true;
    else
        return label_value<Value>::index(checked_label<Value>(arg)) < cardinality;
}

// The series with these label values, held; nullptr when memory can't be had. One that exists is found without lock.
template <class... Labels, class... Args>
[[nodiscard]] series* find_series(family& of, std::tuple<Labels...> const*, Args const&... args) noexcept {
    if (!(is_listed<typename Labels::value_type>(args) && ...)) {
        series* const beyond = of.table().overflow();
        if (beyond != nullptr) beyond->hold();
        return beyond;
    }
    [[maybe_unused]] std::array<label_scratch, sizeof...(Labels)> scratch;
    [[maybe_unused]] std::size_t i = 0;
    std::array<std::string_view, sizeof...(Labels)> const values{label_value<typename Labels::value_type>::text(
        checked_label<typename Labels::value_type>(args), scratch[i++])...};
    return of.hold(values);
}

// One value, as a callback gives it, of the series that `find()` finds and holds.
template <class Number, class Value, class Find>
void observe_into(observed_values& into, family& of, Value value, Find find) noexcept {
    if (auto const why = why_unfit<Number>(of.describe().kind, value); !why.empty()) return of.drop_measurement(why);
    looking const look;
    series* const found = find();
    if (found == nullptr) return of.drop_measurement("a value that there is no memory for");
    if (found->is_overflow()) of.say_overflow();
    into.add(of, held_series{found}, {of.describe().number, std::bit_cast<std::uint64_t>(static_cast<Number>(value))});
}

// The same by the label values of a typed instrument.
template <class Traits, class Value, class... Args>
void observe_typed(observed_values& into, family& of, Value value, Args const&... labels) noexcept {
    observe_into<typename Traits::number_type>(into, of, value, [&] {
        return find_series(of, static_cast<typename Traits::labels const*>(nullptr), labels...);
    });
}

// Whether this is a value for an instrument, and values for its labels, one for one.
template <class Traits, class Value, class... Args>
concept observes = amount_for<Value, typename Traits::number_type> && are_values_of<typename Traits::labels, Args...>;

// Without memory.
inline void report_uncalled(descriptor const& of) noexcept {
    report_joined(severity::error, {"the callable of the observable ", to_string(of.kind), " \"", of.name,
                                    "\" is not called: there is no memory to keep it; allow the process more"});
}

// Keeps a callback registered. Its end waits until the callback does not run, except from within it.
class callback_registration {
public:
    callback_registration() = default;
    callback_registration(std::shared_ptr<registry_core> const& in, std::shared_ptr<callback> call) noexcept;
    callback_registration(callback_registration&&) noexcept = default;
    callback_registration& operator=(callback_registration&& other) noexcept {
        std::swap(core_, other.core_);
        std::swap(call_, other.call_);
        return *this;
    }
    ~callback_registration();

private:
    std::shared_ptr<registry_core> core_;
    std::shared_ptr<callback> call_;
};

#if TACHO_BODIES

TACHO_FUNCTION callback_registration::callback_registration(std::shared_ptr<registry_core> const& in,
                                                            std::shared_ptr<callback> call) noexcept {
    if (!in->callbacks.add(call)) {
        report_uncalled(call->families().front()->describe());
        return;
    }
    core_ = in;
    call_ = std::move(call);
}

TACHO_FUNCTION callback_registration::~callback_registration() {
    if (call_ != nullptr) core_->callbacks.remove(*call_);
}

#endif

}  // namespace detail

/// What the callable of one observable is given: `observe(value, label values...)`, in order and of the labels' types.
/// For use within that call, by its thread. Of several values for the same label values the last one counts. Takes no
/// lock and allocates nothing for a series that exists.
template <class Traits>
class series_observer {
public:
    /// Whether the callable may just return a number.
    static constexpr bool takes_just_values = Traits::label_count == 0;

    series_observer(detail::observed_values& into, family& of) noexcept : into_(into), of_(of) {}
    series_observer(series_observer const&) = delete;
    series_observer& operator=(series_observer const&) = delete;

    /// Whether it may return this.
    template <class Value>
    static constexpr bool takes = detail::amount_for<std::remove_cvref_t<Value>, typename Traits::number_type>;

    /// A value that holds now, and its label values.
    template <class Value, class... Args>
        requires detail::observes<Traits, Value, Args...>
    void operator()(Value const& value, Args const&... labels) const noexcept {
        detail::observe_typed<Traits>(into_, of_, value, labels...);
    }
    template <class... Args>
    detail::observe_takes_a_number_then_one_value_for_each_label_in_order operator()(Args const&...) const;

private:
    detail::observed_values& into_;
    family& of_;
};

namespace detail {

// In place of a callable that takes what it calls.
using no_value = void (*)();

// The callable of one instrument.
template <class Observer, class F>
class own_callback final : public callback {
    static constexpr bool gives_a_value = Observer::takes_just_values && std::invocable<F&>;
    static_assert(
        gives_a_value || std::invocable<F&, Observer&>,
        "tacho: an observable's callable returns a number if there are no labels, or takes what it calls with "
        "each number and its label values: [](auto& observe) { observe(3, \"mail\"); }");
    static_assert(
        !gives_a_value ||
            Observer::template takes<std::invoke_result_t<std::conditional_t<gives_a_value, F&, no_value>>>,
        "tacho: what an observable's callable returns is a number of its own type: a whole one, unless it has the "
        "option double");

public:
    template <class G>
    own_callback(std::shared_ptr<family> const& of, G&& callable)
        : callback({of}), callable_(std::forward<G>(callable)) {}

    void run(observed_values& into) override {
        Observer observe{into, *this->families().front()};
        if constexpr (gives_a_value)
            observe(callable_());
        else
            callable_(observe);
    }

private:
    F callable_;
};

// Has an instrument's callable called, if the instrument is registered.
template <class Observer, class F>
[[nodiscard]] callback_registration register_callback(registration const& own, F&& callable) noexcept {
    callback_registration made;
    if (own.held() == nullptr) return made;
    bool const done = attempt([&] {
        using call = own_callback<Observer, std::decay_t<F>>;
        made = {own.core(), std::make_shared<call>(own.held(), std::forward<F>(callable))};
    });
    if (!done) report_uncalled(own.held()->describe());
    return made;
}

// What all observables do alike. Immovable: observations refer to it.
template <class Traits>
class observable_instrument {
    static_assert(std::same_as<typename Traits::cells_type, cells::shared>,
                  "tacho: an observable can't be sharded; its cells are shared");

public:
    using traits = Traits;  ///< what its template arguments say

    /// In the default registry, without a callable: an observation gives the values.
    explicit observable_instrument(std::string_view description = {})
        : observable_instrument(default_registry(), description) {}
    /// In a registry or a scope of one, without a callable. What fails is told to the error hook.
    explicit observable_instrument(scope const& in, std::string_view description = {}) noexcept
        : registration_(in, spec(description)) {}
    /// In the default registry. The callable lives as long as this, and is called once a collection, under no lock.
    template <class F>
    observable_instrument(std::string_view description, F&& callable)
        : observable_instrument(default_registry(), description, std::forward<F>(callable)) {}
    /// The same in a registry or a scope of one.
    template <class F>
    observable_instrument(scope const& in, std::string_view description, F&& callable) noexcept
        : observable_instrument(in, description) {
        callback_ = register_callback<series_observer<Traits>>(registration_, std::forward<F>(callable));
    }
    observable_instrument(observable_instrument const&) = delete;
    observable_instrument& operator=(observable_instrument const&) = delete;

    /// Whether it is registered. If not, its callable is not called; registry.problems() says why.
    [[nodiscard]] bool ok() const noexcept { return registration_.ok(); }

protected:
    ~observable_instrument() = default;

private:
    friend class tacho::observation;
    friend class tacho::observer;

    static constexpr instrument_spec spec(std::string_view description) noexcept {
        auto s = Traits::spec(description);
        s.observable = true;
        return s;
    }

    registration registration_;
    callback_registration callback_;  // ends first
};

template <class T>
concept observable = requires {
    typename T::traits;
}
&&std::derived_from<T, observable_instrument<typename T::traits>>;

template <instrument_kind Kind, fixed_string Name, class Number, class... Options>
using observable_front = observable_instrument<instrument_traits<Kind, Name, Number, cells::shared, Options...>>;

}  // namespace detail

/// Shows values that are looked up when somebody collects: `observable_gauge<"room.temperature", unit::celsius>
/// t{scope,
/// "...", [] { return 21.5; }}`, or with labels `observable_gauge<"queue.length", label<"queue">> q{scope, "...",
/// [&](auto& observe) { observe(3, "mail"); observe(5, "print"); }}`. Holds doubles; with the option std::int64_t,
/// integers. Without a callable, an observation gives its values.
///
/// The callable runs once in each collection (a scrape, a push, a visit, a snapshot), on the collecting thread, one at
/// a time in a registry, and under no lock of the library: it may record, register and remove instruments, end its own,
/// and collect, which then shows the values before. What it does not observe is not shown, also if it was before. When
/// it throws, or takes longer than registry_options::callback_timeout, nothing that it observed in that call is shown;
/// registry.health() counts it, and the error hook hears of the first time.
///
/// Label values may come and go for ever, in bounded memory: the series limit is for what one round observes. Of more
/// than that, those shown before stay, then the first new ones, and the others are counted together. As long as there
/// are no more series than the limit, one that was left out for some rounds goes on where it was; beyond that, those
/// that the last round did not observe are forgotten, and start anew when they are observed again. A round in which the
/// callable failed forgets none.
///
/// The instrument's end waits until the callable does not run, except from within it; the callable is then destroyed
/// after it returns. So it may use whatever lives longer than the instrument, and must not wait for the thread that
/// ends it.
template <fixed_string Name, class... Options>
class observable_gauge : public detail::observable_front<instrument_kind::gauge, Name, double, Options...> {
    using base = detail::observable_front<instrument_kind::gauge, Name, double, Options...>;
    static_assert(!std::same_as<typename base::traits::number_type, std::uint64_t>,
                  "tacho: a gauge holds a double or std::int64_t");

public:
    using base::base;
};

/// The same for a total that only grows, such as the processor time used. The callable gives the total itself, not what
/// was added: std::uint64_t, or with the option double, doubles. Negative, infinite and NaN totals are dropped and
/// counted. One that is lower than before has begun anew: its start time is then that of the collection before.
template <fixed_string Name, class... Options>
class observable_counter : public detail::observable_front<instrument_kind::counter, Name, std::uint64_t, Options...> {
    using base = detail::observable_front<instrument_kind::counter, Name, std::uint64_t, Options...>;
    static_assert(!std::same_as<typename base::traits::number_type, std::int64_t>,
                  "tacho: a counter counts std::uint64_t or double");

public:
    using base::base;
};

/// The same for an amount that can be added up over its series and may go down, such as the memory in use:
/// std::int64_t, or with the option double, doubles. The callable gives the amount itself. Infinite and NaN ones are
/// dropped.
template <fixed_string Name, class... Options>
class observable_up_down_counter
    : public detail::observable_front<instrument_kind::up_down_counter, Name, std::int64_t, Options...> {
    using base = detail::observable_front<instrument_kind::up_down_counter, Name, std::int64_t, Options...>;
    static_assert(!std::same_as<typename base::traits::number_type, std::uint64_t>,
                  "tacho: an up-down counter counts std::int64_t or double");

public:
    using base::base;
};

}  // namespace tacho::inline TACHO_ABI
