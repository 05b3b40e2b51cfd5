// SPDX-License-Identifier: MIT
// tacho: labels with typed values: text, enums, booleans and integers, any of them optional.
#pragma once

#include "tacho/core/fixed_string.hpp"
#include "tacho/core/names.hpp"
#include "tacho/version.hpp"

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

namespace tacho::inline TACHO_ABI {

/// A label of an instrument and the type of its values: `label<"api">` takes text, `label<"verb", verb>` an enum,
/// `label<"code", int>` an integer, `label<"cached", bool>` a boolean, and `label<"mode", std::optional<T>>` any of
/// these or nothing. A missing or empty value is left out in every format.
template <fixed_string Name, class Value = std::string_view>
struct label {
    static_assert(is_label_name(Name.view()),
                  "tacho: a label's name begins with a letter, goes on with letters, digits and _ . - / and is none of "
                  "OpenTelemetry's own: otel.scope.* and otel.metric.overflow");
    static constexpr std::string_view name = Name.view();  ///< as OTLP shows it
    /// What its values are made of.
    using value_type = Value;
};

/// An enumerator and its text as a label value.
template <class Enum>
struct enum_label {
    Enum value;             ///< the enumerator
    std::string_view text;  ///< its label value: distinct, not empty, in static storage
};

/// The texts of an enum; made by `labels<E>`, found through a function `label_values(E)` in the enum's namespace.
template <class Enum, std::size_t N>
struct enum_labels {
    std::array<enum_label<Enum>, N> entries;  ///< in the order of the list

    /// Whether the enumerators are listed in their order from 0, which is usual: an entry's index is then its value.
    [[nodiscard]] constexpr bool is_in_order() const noexcept {
        for (std::size_t i = 0; i < N; ++i)
            if (static_cast<std::size_t>(entries[i].value) != i) return false;
        return true;
    }

    /// The entry's index; N for an enumerator that isn't listed.
    [[nodiscard]] constexpr std::size_t index_of(Enum value) const noexcept {
        for (std::size_t i = 0; i < N; ++i)
            if (entries[i].value == value) return i;
        return N;
    }
};

namespace detail {
inline void label_texts_must_be_distinct_and_not_empty() noexcept {}  // not constexpr: reaching it doesn't compile
}  // namespace detail

/// Lists the label values of an enum:
/// `consteval auto label_values(verb) { return tacho::labels<verb>({{verb::get, "GET"}, {verb::post, "POST"}}); }`
/// A value that isn't listed is counted in the overflow series.
template <class Enum, std::size_t N>
    requires std::is_enum_v<Enum>
[[nodiscard]] consteval enum_labels<Enum, N> labels(enum_label<Enum> const (&list)[N]) {
    enum_labels<Enum, N> out{};
    for (std::size_t i = 0; i < N; ++i) {
        out.entries[i] = list[i];
        if (list[i].text.empty()) detail::label_texts_must_be_distinct_and_not_empty();
        for (std::size_t j = 0; j < i; ++j)
            if (list[i].text == list[j].text || list[i].value == list[j].value)
                detail::label_texts_must_be_distinct_and_not_empty();
    }
    return out;
}

/// Label values from a closed list of texts: `label<"method", one_of<"GET", "POST", "other">>` takes any text, and
/// counts one that isn't listed in the overflow series. As cheap as an enum where there is none.
template <fixed_string... Texts>
struct one_of {
    static_assert(sizeof...(Texts) != 0 && ((Texts.size() != 0) && ...),
                  "tacho: a closed list has texts, none of them empty");

    /// Compares with each text; what is none of them is past the end.
    constexpr explicit one_of(std::string_view text) noexcept {
        static_cast<void>(((Texts.view() == text || (static_cast<void>(++index), false)) || ...));
    }
    std::size_t index = 0;  ///< the number of texts for one that isn't listed
};

/// How a label's values are written where a format knows types, as OTLP does.
enum class label_type : unsigned char { text, integer, boolean };

namespace detail {

template <class Enum>
concept listed_enum = std::is_enum_v<Enum> && requires(Enum e) {
    label_values(e).entries;
};

template <class T>
concept character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
concept plain_integer = std::integral<T> && !std::same_as<T, bool> && !character<T>;

template <class To, class From>
concept keeps_value_of = plain_integer<To> && plain_integer<From> &&
                             std::numeric_limits<To>::digits >= std::numeric_limits<From>::digits &&
                         (std::is_signed_v<To> || !std::is_signed_v<From>);

// Room for an integer's text, which must outlive the look-up that uses it.
using label_scratch = std::array<char, 24>;

// What each type of label value accepts, how many values it has when they are known (`cardinality`, else 0), and the
// text of a value. A missing or unknown value has an empty text; the index of an unknown one is `cardinality` or more.
template <class Value>
struct label_value {
    static_assert(
        sizeof(Value) == 0,
        "tacho: a label's values are text (std::string_view), a bool, an integer, one_of<...>, an enum for which "
        "there is a `consteval auto label_values(Enum)`, or std::optional of one of these");
    static constexpr label_type type = label_type::text;
    static constexpr std::size_t cardinality = 0;
    template <class Arg>
    static constexpr bool accepts = true;
    static std::string_view text(Value const&, label_scratch&) noexcept { return {}; }
};

template <>
struct label_value<std::string_view> {
    static constexpr label_type type = label_type::text;
    static constexpr std::size_t cardinality = 0;
    template <class Arg>
    static constexpr bool accepts = std::convertible_to<Arg, std::string_view> && !std::same_as<Arg, std::nullptr_t>;
    static std::string_view text(std::string_view value, label_scratch&) noexcept { return value; }
};

template <plain_integer Value>
struct label_value<Value> {
    static constexpr label_type type = label_type::integer;
    static constexpr std::size_t cardinality = 0;
    template <class Arg>
    static constexpr bool accepts = keeps_value_of<Value, Arg>;
    static std::string_view text(Value value, label_scratch& scratch) noexcept {
        auto const end = std::to_chars(scratch.data(), scratch.data() + scratch.size(), value).ptr;
        return {scratch.data(), static_cast<std::size_t>(end - scratch.data())};
    }
};

template <>
struct label_value<bool> {
    static constexpr label_type type = label_type::boolean;
    static constexpr std::size_t cardinality = 2;
    template <class Arg>
    static constexpr bool accepts = std::same_as<Arg, bool>;
    static constexpr std::size_t index(bool value) noexcept { return value ? 1 : 0; }
    static std::string_view text(bool value, label_scratch&) noexcept { return text_at(index(value)); }
    // Of what has this index.
    static std::string_view text_at(std::size_t i) noexcept { return i != 0 ? "true" : "false"; }
};

template <listed_enum Value>
struct label_value<Value> {
    static constexpr auto list = label_values(Value{});
    static constexpr label_type type = label_type::text;
    static constexpr std::size_t cardinality = list.entries.size();
    template <class Arg>
    static constexpr bool accepts = std::same_as<Arg, Value>;
    static constexpr std::size_t index(Value value) noexcept {
        if constexpr (list.is_in_order())
            return static_cast<std::size_t>(value);
        else
            return list.index_of(value);
    }
    static std::string_view text(Value value, label_scratch&) noexcept { return text_at(index(value)); }
    static std::string_view text_at(std::size_t i) noexcept {
        return i < cardinality ? list.entries[i].text : std::string_view{};
    }
};

template <fixed_string... Texts>
struct label_value<one_of<Texts...>> {
    static constexpr label_type type = label_type::text;
    static constexpr std::size_t cardinality = sizeof...(Texts);
    template <class Arg>
    static constexpr bool accepts = label_value<std::string_view>::accepts<Arg>;
    static constexpr std::size_t index(one_of<Texts...> value) noexcept { return value.index; }
    static std::string_view text(one_of<Texts...> value, label_scratch&) noexcept { return text_at(value.index); }
    static std::string_view text_at(std::size_t i) noexcept {
        constexpr std::array<std::string_view, cardinality + 1> texts{Texts.view()..., ""};
        return texts[i];
    }
};

// The last index is the missing value; an enumerator that isn't listed has the index after it.
template <class Value>
struct label_value<std::optional<Value>> {
    using present = label_value<Value>;
    static constexpr label_type type = present::type;
    static constexpr std::size_t cardinality = present::cardinality == 0 ? 0 : present::cardinality + 1;
    template <class Arg>
    static constexpr bool accepts =
        std::same_as<Arg, std::nullopt_t> || std::same_as<Arg, std::optional<Value>> || present::template accepts<Arg>;
    static constexpr std::size_t index(std::optional<Value> value) noexcept {
        if (!value) return present::cardinality;
        auto const i = present::index(*value);
        return i < present::cardinality ? i : cardinality;
    }
    static std::string_view text(std::optional<Value> value, label_scratch& scratch) noexcept {
        return value ? present::text(*value, scratch) : std::string_view{};
    }
    static std::string_view text_at(std::size_t i) noexcept requires(cardinality != 0) {
        return i < present::cardinality ? present::text_at(i) : std::string_view{};
    }
};

}  // namespace detail

/// Whether a label takes an argument of this type: exactly its type for enums and booleans, any integer whose every
/// value it can hold for integers, anything that becomes a std::string_view for text.
template <class Label, class Arg>
concept takes = detail::label_value<typename Label::value_type>::template accepts<std::remove_cvref_t<Arg>>;

}  // namespace tacho::inline TACHO_ABI
