// SPDX-License-Identifier: MIT
// tacho: an observation: one callable that gives the values of several observables at once.
#pragma once

#include "tacho/core/attempt.hpp"
#include "tacho/core/compilation.hpp"
#include "tacho/core/error_hook.hpp"
#include "tacho/instrument/named_observable.hpp"
#include "tacho/instrument/observable.hpp"
#include "tacho/instrument/refused.hpp"
#include "tacho/registry/callbacks.hpp"
#include "tacho/registry/collisions.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

namespace detail {

template <class T>
concept observable_of_any_kind = observable<T> || std::same_as<T, named_observable>;

}  // namespace detail

/// What the callable of an observation is given: `observe(instrument, value, label values...)`, in order and of the
/// labels' types; of an instrument named at run time `observe(instrument, value, {"mail"})`. For use within that call,
/// by its thread. A value for an instrument that the observation does not list is dropped and counted, and the error
/// hook hears of the first one; so is one with another number of label values, or not whole where integers are counted,
/// which the compiler finds out for typed instruments.
class observer {
public:
    observer(detail::observed_values& into, detail::callback const& in) noexcept : into_(into), in_(in) {}
    observer(observer const&) = delete;
    observer& operator=(observer const&) = delete;

    /// A value of a typed instrument that holds now, and its label values.
    template <detail::observable Instrument, class Value, class... Args>
        requires detail::observes<typename Instrument::traits, Value, Args...>
    void operator()(Instrument const& instrument, Value const& value, Args const&... labels) const noexcept {
        if (family* const of = listed(instrument.registration_))
            detail::observe_typed<typename Instrument::traits>(into_, *of, value, labels...);
    }

    /// The same of an instrument named at run time.
    template <class Value>
        requires detail::amount_for<Value, double>
    void operator()(named_observable const& instrument, Value value,
                    std::initializer_list<std::string_view> labels = {}) const noexcept {
        (*this)(instrument, value, std::span{labels.begin(), labels.size()});
    }
    /// The same from a span.
    template <class Value>
        requires detail::amount_for<Value, double>
    void operator()(named_observable const& instrument, Value value,
                    std::span<std::string_view const> labels) const noexcept {
        if (family* const of = listed(instrument.registration_)) detail::observe_named(into_, *of, value, labels);
    }

    template <class First, class... Args>
        requires(!std::same_as<First, named_observable>)
    detail::observe_takes_an_observable_then_a_number_then_its_label_values_in_order operator()(First const&,
                                                                                                Args const&...) const;

private:
    // The instrument's family; nullptr when it may not be observed here, or isn't registered, which was reported.
    [[nodiscard]] family* listed(registration const& instrument) const noexcept {
        auto const& of = instrument.held();
        if (of == nullptr) return nullptr;
        auto const& all = in_.families();
        if (std::find(all.begin(), all.end(), of) != all.end()) return of.get();
        of->drop_measurement("a value by an observation that does not list it");
        return nullptr;
    }

    detail::observed_values& into_;
    detail::callback const& in_;
};

namespace detail {

// The callable of several instruments.
template <class F>
class joint_callback final : public callback {
    static_assert(std::invocable<F&, observer&>,
                  "tacho: an observation's callable takes what it calls with each instrument, number and label values: "
                  "[&](tacho::observer& observe) { observe(used, 1); observe(idle, 2); }");

public:
    template <class G>
    joint_callback(std::vector<std::shared_ptr<family>> of, G&& callable)
        : callback(std::move(of)), callable_(std::forward<G>(callable)) {}

    void run(observed_values& into) override {
        observer observe{into, *this};
        callable_(observe);
    }

private:
    F callable_;
};

}  // namespace detail

/// Gives the values of all instruments that it lists, from one look at what they measure: `observation memory{
/// [&](tacho::observer& observe) { auto const m = measure(); observe(used, m.used); observe(idle, m.idle); }, used,
/// idle};`. The instruments, typed or named at run time, belong to one scope, are made without a callable and live
/// longer; beyond that, the callable runs as that of an observable_gauge, and the observation's end waits as a gauge's
/// does.
class observation {
public:
    /// Of these instruments. Allocates; without memory the error hook hears of it, and nothing is called.
    template <class F, detail::observable_of_any_kind... Instruments>
        requires(sizeof...(Instruments) != 0)
    explicit observation(F&& callable, Instruments const&... listed) noexcept {
        keep(std::forward<F>(callable), [&](auto&&... into) { (list(listed.registration_, into...), ...); });
    }
    /// Of as many instruments as only the running program knows. They may be moved afterwards.
    template <class F>
    observation(F&& callable, std::span<named_observable const> listed) noexcept {
        keep(std::forward<F>(callable), [&](auto&&... into) {
            for (auto const& instrument : listed) list(instrument.registration_, into...);
        });
    }
    observation(observation const&) = delete;
    observation& operator=(observation const&) = delete;

private:
    template <class F, class List>
    void keep(F&& callable, List&& list_all) noexcept {
        std::vector<std::shared_ptr<family>> families;
        bool const done = detail::attempt([&] {
            std::shared_ptr<detail::registry_core> core;
            list_all(families, core);
            if (families.empty()) return;
            using call = detail::joint_callback<std::decay_t<F>>;
            callback_ = {core, std::make_shared<call>(std::move(families), std::forward<F>(callable))};
        });
        if (done) return;
        if (families.empty())
            report(
                severity::error,
                "the callable of an observation is not called: there is no memory to keep it; allow the process more");
        else
            detail::report_uncalled(families.front()->describe());
    }

    // Lists an instrument. One that isn't registered is left out, and so is one of another scope or registry than the
    // first, which is a problem of the first one's registry.
    static void list(registration const& added, std::vector<std::shared_ptr<family>>& families,
                     std::shared_ptr<detail::registry_core>& core);

    detail::callback_registration callback_;
};

#if TACHO_BODIES

TACHO_FUNCTION void observation::list(registration const& added, std::vector<std::shared_ptr<family>>& families,
                                      std::shared_ptr<detail::registry_core>& core) {
    auto const& of = added.held();
    if (of == nullptr) return;
    if (families.empty()) core = added.core();
    bool const together =
        families.empty() || (added.core() == core && of->describe().scope == families.front()->describe().scope);
    if (together) return families.push_back(of);
    core->fail("an observation of " + detail::named(families.front()->describe()) + " also lists " +
               detail::named(of->describe()) +
               ", which is of another scope or registry and gets no values from it. Make an observation for each");
}

#endif

}  // namespace tacho::inline TACHO_ABI
