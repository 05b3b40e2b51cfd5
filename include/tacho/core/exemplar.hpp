// SPDX-License-Identifier: MIT
// tacho: exemplars: single measurements that are shown beside a number, with the trace in which each was made.
// Rule: https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars and
// https://opentelemetry.io/docs/specs/otel/metrics/sdk/#exemplar
#pragma once

#include "tacho/core/clock.hpp"
#include "tacho/core/names.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/version.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tacho::inline TACHO_ABI {

/// The span of a distributed trace in which something is measured (https://www.w3.org/TR/trace-context/).
struct trace_context {
    std::array<std::uint8_t, 16> trace_id{};  ///< bytes in the order of the header
    std::array<std::uint8_t, 8> span_id{};    ///< the same
    bool sampled = false;                     ///< the trace is kept, so that somebody can look at it

    /// No id is all zeros.
    [[nodiscard]] constexpr bool is_valid() const noexcept {
        return trace_id != decltype(trace_id){} && span_id != decltype(span_id){};
    }
};

/// Tells in which span the calling thread is: the one place where a tracing library is asked. Called by any thread in
/// the midst of recording; must neither throw nor record.
using trace_context_hook = trace_context (*)() noexcept;

/// Which measurements become exemplars, of the instruments that keep any.
enum class exemplar_filter : unsigned char {
    always_off,
    trace_based,  ///< those within a sampled span
    always_on
};

namespace detail {

// Default visibility: one hook a process, in plug-ins too.
[[gnu::visibility("default")]] inline constinit std::atomic<trace_context_hook> installed_trace_hook{nullptr};

inline void exemplar_label_must_have_a_name_of_prometheus() noexcept {}  // not constexpr: reaching it doesn't compile

[[nodiscard]] constexpr bool is_exemplar_label_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 64 || is_digit(name.front())) return false;
    for (char const c : name)
        if (!is_letter(c) && !is_digit(c) && c != '_') return false;
    return true;
}

}  // namespace detail

/// Installs a hook for the whole process and returns the one before; nullptr, as at first, for none. Thread-safe.
///
///     tacho::set_trace_context_hook([]() noexcept -> tacho::trace_context {
///         auto const& span = my_tracer::current_span();
///         return {span.trace_id(), span.span_id(), span.is_sampled()};
///     });
inline trace_context_hook set_trace_context_hook(trace_context_hook hook) noexcept {
    // Release and acquire: whatever the program set up before installing its hook is seen by the hook.
    return detail::installed_trace_hook.exchange(hook, std::memory_order_acq_rel);
}

/// The name of an exemplar's label: a literal of at most 64 letters, digits and `_`. Another one doesn't compile.
class exemplar_name {
public:
    /// Implicit, so that it is written `{"order", id}`.
    consteval exemplar_name(char const* literal) : text_(literal) {  // implicit: `{"order", id}`
        if (!detail::is_exemplar_label_name(text_)) detail::exemplar_label_must_have_a_name_of_prometheus();
    }
    /// The literal.
    [[nodiscard]] constexpr std::string_view view() const noexcept { return text_; }

private:
    std::string_view text_;
};

/// What is told of one measurement beside its trace: `requests.inc(1, {{"order", id}})`. The value may be any bytes.
/// All of them go into OTLP; OpenMetrics leaves out a label with one of `"`, `\`, `}` or a line feed in its value,
/// because widespread readers get it wrong, or refuse the page.
struct exemplar_label {
    exemplar_name name;      ///< a literal
    std::string_view value;  ///< any bytes; valid while the measurement is made
};

/// The most characters in an exemplar's names and values together, the 63 of `trace_id` and `span_id` included.
inline constexpr std::size_t max_exemplar_characters = 128;

namespace detail {

// Labels of one exemplar in one piece: for each the length of its name, the name, the length of its value, the value.
class exemplar_labels {
public:
    // As many bytes as an exemplar may have characters, but for two words of a slot's.
    static constexpr std::size_t most = 120;

    exemplar_labels() noexcept {}  // leaves the text as it is: only what was written is read

    // All of them, as valid UTF-8, or none when they have more than `characters` or than fits. An empty value is no
    // label, and of two labels with one name the first one counts; beside a trace `trace_id` and `span_id` are its own.
    void put(std::span<exemplar_label const> labels, bool has_trace) noexcept {
        size_ = 0;
        std::size_t left = max_exemplar_characters - (has_trace ? 63u : 0u);
        for (auto const& label : labels) {
            auto const name = label.name.view();
            if (label.value.empty() || has(name) || (has_trace && (name == "trace_id" || name == "span_id"))) continue;
            if (!append(name, label.value, left)) {
                size_ = 0;
                return;
            }
        }
    }

    // Calls f(name, value).
    template <class F>
    void for_each(F&& f) const {
        for (std::size_t at = 0; at < size_;) {
            auto const name = piece(at), value = piece(at);
            f(name, value);
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] char const* data() const noexcept { return text_; }
    // For who has a copy of it.
    char* restore(std::size_t size) noexcept {
        size_ = size < most ? size : most;
        return text_;
    }

private:
    [[nodiscard]] std::string_view piece(std::size_t& at) const noexcept {
        auto const size = static_cast<unsigned char>(text_[at]);
        std::string_view const found{text_ + at + 1, size};
        at += std::size_t{1} + size;
        return found;
    }
    [[nodiscard]] bool has(std::string_view name) const noexcept {
        bool found = false;
        for_each([&](std::string_view other, std::string_view) { found |= other == name; });
        return found;
    }
    bool append(std::string_view name, std::string_view value, std::size_t& characters) noexcept {
        if (name.size() + 2 > most - size_) return false;
        char* const out = text_ + size_;
        std::size_t const room = most - size_ - name.size() - 2;
        out[0] = static_cast<char>(name.size());
        std::memcpy(out + 1, name.data(), name.size());
        char* const shown = out + name.size() + 2;
        std::size_t count = name.size(), size = 0;
        for (std::size_t i = 0; i < value.size(); ++count) {
            auto const step = next_utf8(value, i);
            auto const written = copy_as_utf8(value.substr(i, step.size), shown + size, room - size);
            if (written == 0) return false;
            size += written;
            i += step.size;
        }
        if (count > characters) return false;
        characters -= count;
        shown[-1] = static_cast<char>(size);
        size_ += name.size() + 2 + size;
        return true;
    }

    std::size_t size_ = 0;
    char text_[most];
};

}  // namespace detail

/// A measurement that stands for others: what it was, when and in which span it was made, and what was told beside it.
struct exemplar {
    std::uint64_t bits;              ///< of a number of its instrument's kind: what was added or observed
    unix_nanos time;                 ///< when it was measured
    trace_context trace;             ///< not valid when there was none; `sampled` is not kept
    detail::exemplar_labels labels;  ///< see for_each_label()

    /// Calls f(name, value) for each label, in valid UTF-8.
    template <class F>
    void for_each_label(F&& f) const {
        labels.for_each(f);
    }
};

}  // namespace tacho::inline TACHO_ABI
