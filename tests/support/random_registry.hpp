// SPDX-License-Identifier: MIT
// For tests: registries of any content, and what should be read of their pages.
#pragma once

#include "support/page_reader.hpp"
#include "support/text.hpp"

#include "tacho/core/escaping.hpp"
#include "tacho/core/exemplar.hpp"
#include "tacho/core/translation.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/instrument/named.hpp"
#include "tacho/instrument/named_others.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace test {

// Pieces of text that are hard to write: quotes, backslashes, ends of lines, any plane of Unicode, and bytes that are
// no text.
inline constexpr std::string_view pieces_of_text[] = {"a",
                                                      "\"",
                                                      "\\",
                                                      "\n",
                                                      "\r",
                                                      "{",
                                                      "}",
                                                      "=",
                                                      ",",
                                                      " ",
                                                      "\t",
                                                      "#",
                                                      "\xC3\xA9",
                                                      "\xE6\x97\xA5",
                                                      "\xF0\x9F\x98\x80",
                                                      "\xFF",
                                                      "\xC3",
                                                      "\xED\xA0\x80",
                                                      "\xE2\x80\xA8",
                                                      "\x7F",
                                                      "\x01",
                                                      "n",
                                                      "\\n"};

class random_registry {
public:
    using numbers = std::map<series_name, double>;

    struct family {
        std::string type;
        std::set<std::string> helps;  // of all that share the name: the page has one of them
    };

    explicit random_registry(std::uint64_t seed)
        : random_(seed),
          how_(static_cast<tacho::translation_strategy>(pick(4))),
          filter_(static_cast<tacho::exemplar_filter>(pick(3))) {
        for (auto n = 1 + pick(6); n != 0; --n) add();
    }

    [[nodiscard]] tacho::registry& registry() { return registry_; }
    [[nodiscard]] std::map<tacho::instrument_kind, std::size_t> const& registered() const { return registered_; }

    // The values of all lines but those of the resource.
    [[nodiscard]] numbers expected(bool openmetrics, tacho::escaping names, bool created) const {
        numbers out;
        for (auto const& [key, s] : series_) {
            auto const name = tacho::detail::escaped_name(key.first, names);
            labels of;
            for (auto const& [label, value] : key.second) of[tacho::detail::escaped_name(label, names)] = value;
            bool const dated = openmetrics && created;
            if (s.kind != tacho::instrument_kind::histogram) {
                out[{name, of}] = s.value;
                if (dated && s.kind == tacho::instrument_kind::counter && name.ends_with("_total"))
                    out[{name.substr(0, name.size() - 6) + "_created", of}] = 1.7e9;
                continue;
            }
            double up_to = 0;
            for (std::size_t i = 0; i <= s.bounds.size(); ++i) {
                up_to += s.buckets[i];
                auto with = of;
                with["le"] = bound_text(
                    s, i, openmetrics ? tacho::detail::write_openmetrics_bound : tacho::detail::write_canonical);
                out[{name + "_bucket", with}] = up_to;
            }
            if (!openmetrics || (s.bounds.front() >= 0 && s.value >= 0)) {
                out[{name + "_sum", of}] = s.value;
                out[{name + "_count", of}] = up_to;
            }
            if (dated) out[{name + "_created", of}] = 1.7e9;
        }
        return out;
    }

    // Those of OpenMetrics' lines.
    [[nodiscard]] std::map<series_name, exemplar> expected_exemplars(tacho::escaping names) const {
        std::map<series_name, exemplar> out;
        for (auto const& [key, s] : series_) {
            auto const name = tacho::detail::escaped_name(key.first, names);
            labels of;
            for (auto const& [label, value] : key.second) of[tacho::detail::escaped_name(label, names)] = value;
            for (std::size_t i = 0; i < s.examples.size(); ++i) {
                // 67: of what OpenMetrics calls a counter; and of what has counted anything.
                if (!s.examples[i] || (s.kind == kind_of::counter && (!name.ends_with("_total") || s.value == 0)))
                    continue;
                auto with = of;
                if (s.kind == kind_of::histogram) with["le"] = bound_text(s, i, tacho::detail::write_openmetrics_bound);
                out[{s.kind == kind_of::histogram ? name + "_bucket" : name, with}] = *s.examples[i];
            }
        }
        return out;
    }

    // The families of these lines.
    [[nodiscard]] std::map<std::string, family> expected_families(bool openmetrics, tacho::escaping names) const {
        std::map<std::string, family> out;
        for (auto const& [key, s] : series_) {
            auto name = tacho::detail::escaped_name(key.first, names);
            auto const type = openmetrics ? type_in_openmetrics(s.kind, name) : type_in_text(s.kind);
            out[name].type = type;
            for (auto const& help : helps_.at(key.first)) out[name].helps.insert(help);
        }
        return out;
    }

private:
    using kind_of = tacho::instrument_kind;

    struct series {
        kind_of kind;
        double value = 0;  // of a histogram: its sum
        std::vector<double> bounds, buckets;
        std::vector<std::optional<exemplar>> examples = {};  // of its number, or of each bucket
    };

    static std::string bound_text(series const& s, std::size_t i, char* (*write)(double, char*) noexcept) {
        char text[40];
        return {text, write(i < s.bounds.size() ? s.bounds[i] : std::numeric_limits<double>::infinity(), text)};
    }

    static std::string type_in_text(kind_of kind) {
        return kind == kind_of::counter ? "counter" : kind == kind_of::histogram ? "histogram" : "gauge";
    }
    // 51, 58: what has not the suffix of its kind is not called so. Takes it off the name.
    static std::string type_in_openmetrics(kind_of kind, std::string& name) {
        auto const is_called = [&](std::string_view suffix) {
            if (!name.ends_with(suffix)) return false;
            name.resize(name.size() - suffix.size());
            return true;
        };
        if (kind == kind_of::counter) return is_called("_total") ? "counter" : "unknown";
        if (kind == kind_of::info) return is_called("_info") ? "info" : "gauge";
        return kind == kind_of::histogram ? "histogram" : kind == kind_of::state_set ? "stateset" : "gauge";
    }

    std::size_t pick(std::size_t of) { return static_cast<std::size_t>(random_() % of); }

    // Few characters, so that names clash, with one another and with what escapings make of them.
    std::string some_name() {
        static constexpr std::string_view first = "aUl", more = "a_..-/2eU";
        static constexpr std::string_view ends[] = {"",        "",       "",         "_total", ".total", "_sum",
                                                    ".bucket", "_bytes", "_created", "_info",  ".info"};
        std::string name{first[pick(first.size())]};
        for (auto n = pick(5); n != 0; --n) name += more[pick(more.size())];
        return name.append(ends[pick(std::size(ends))]);
    }
    std::string some_text() {
        std::string text;
        for (auto n = pick(6); n != 0; --n) text += pieces_of_text[pick(std::size(pieces_of_text))];
        if (pick(20) == 0) text += '\0';
        return text;
    }
    double some_double() {
        switch (pick(8)) {
            case 0: return std::numeric_limits<double>::quiet_NaN();
            case 1: return std::numeric_limits<double>::infinity();
            case 2: return -std::numeric_limits<double>::infinity();
            case 3: return std::numeric_limits<double>::denorm_min();
            case 4: return -0.0;
            case 5: return static_cast<double>(pick(1000));
            default: return std::ldexp(static_cast<double>(random_() >> 11), static_cast<int>(pick(2000)) - 1050);
        }
    }
    // Few, so that several instruments are of one: none, or what is unlike it only in bytes that are no text, too.
    tacho::scope some_scope() {
        switch (pick(6)) {
            case 0: return registry_.scope("s", some_text());
            case 1: return registry_.scope(some_text());
            case 2: return registry_.scope(pick(2) == 0 ? "\xFE" : "\xFF", "1");
            default: return registry_;
        }
    }

    void add() {
        static constexpr std::string_view units[] = {"", "", "s", "By", "1", "{thing}", "%"};
        auto const name = some_name(), help = some_text();
        auto const in = some_scope();
        std::vector<std::string> keys;
        for (auto n = pick(3); n != 0; --n) keys.push_back(some_name());
        tacho::instrument_options o{.name = name, .description = help, .unit = units[pick(std::size(units))]};
        for (auto const& key : keys) o.labels.push_back(key);
        switch (pick(6)) {
            case 0:
                if (pick(2) == 0) return record(in, tacho::add_counter(in, o), o, kind_of::counter);
                return record(in, tacho::add_exemplar_counter(in, o), o, kind_of::counter);
            case 1: return record(in, tacho::add_gauge(in, o), o, kind_of::gauge);
            case 2: return record(in, tacho::add_up_down_counter(in, o), o, kind_of::up_down_counter);
            case 3: o.unit = {}; return record(in, tacho::add_info(in, o), o, kind_of::info);
            case 4: {
                o.unit = {};
                std::vector<std::string> states;
                for (auto n = 1 + pick(4); n != 0; --n) states.push_back(some_text() + std::to_string(n));
                return record(in, tacho::add_state_set(in, o, views(states)), o, kind_of::state_set, states);
            }
            default:
                for (double bound = static_cast<double>(pick(4)) - 1; o.bounds.size() < 1 + pick(6);
                     bound += 0.125 + static_cast<double>(pick(64)))
                    o.bounds.push_back(bound);
                if (pick(2) == 0) return record(in, tacho::add_histogram(in, o), o, kind_of::histogram);
                return record(in, tacho::add_exemplar_histogram(in, o), o, kind_of::histogram);
        }
    }

    static std::vector<std::string_view> views(std::vector<std::string> const& of) { return {of.begin(), of.end()}; }

    template <class Instrument>
    void record(tacho::scope const& in, Instrument made, tacho::instrument_options const& o, kind_of kind,
                std::vector<std::string> const& states = {}) {
        if (!made.ok()) return;
        ++registered_[kind];
        std::string const shown{tacho::prometheus_name(o.name, o.unit, kind, how_).view()};
        helps_[shown].insert(tacho::to_utf8(o.description));
        for (auto n = o.labels.empty() ? 1 : 1 + pick(3); n != 0; --n) {
            std::vector<std::string> values;
            labels of;
            for (auto const& label : o.labels) {
                values.push_back(some_text());
                auto const clean = tacho::to_utf8(values.back());
                if (!clean.empty()) of[std::string{tacho::prometheus_label_name(label, how_).view()}] = clean;
            }
            auto const& scope = in.info();
            if (!scope.name.empty()) of["otel_scope_name"] = scope.name;
            if (!scope.version.empty()) of["otel_scope_version"] = scope.version;
            if constexpr (requires { made.clear(); })
                measure(made.bind(views(values)), shown, of, o, kind, states);
            else {
                // An info: what was set before is gone.
                made.set(views(values));
                for (auto const& other : infos_[{shown, scope.name, scope.version}]) series_.erase(other);
                infos_[{shown, scope.name, scope.version}] = {{shown, of}};
                series_[{shown, of}] = {kind, 1, {}, {}};
            }
        }
        made_.push_back(std::make_shared<Instrument>(std::move(made)));
    }

    template <class Handle>
    void measure(Handle const& to, std::string const& shown, labels const& of, tacho::instrument_options const& o,
                 kind_of kind, std::vector<std::string> const& states) {
        if (kind == kind_of::state_set) return set_states(to, shown, of, states);
        auto& s = series_.try_emplace({shown, of}, series{kind, 0, o.bounds, {}}).first->second;
        s.buckets.resize(o.bounds.size() + 1);
        if constexpr (requires { to.set(1.0); }) {
            s.value = some_double();
            to.set(s.value);
        } else if constexpr (requires { to.dec(); }) {
            auto const by =
                static_cast<std::int64_t>(random_() >> (13 + pick(51))) - static_cast<std::int64_t>(pick(1000));
            to.inc(by);
            s.value += static_cast<double>(by);
        } else if constexpr (requires { to.inc(1u); }) {
            s.examples.resize(1);
            std::uint64_t const by = random_() >> (13 + pick(51));
            traced(
                s.examples[0],
                static_cast<double>(by), [&](auto... told) requires requires(Handle const& h) { h.inc(1u, told...); } {
                    to.inc(by, told...);
                });
            s.value += static_cast<double>(by);
        } else if constexpr (requires { to.observe(1.0); }) {
            s.examples.resize(o.bounds.size() + 1);
            for (auto k = pick(5); k != 0; --k) {
                auto const value = static_cast<double>(pick(1600)) / 8 - (pick(4) == 0 ? 2 : 0);
                auto const at = static_cast<std::size_t>(std::lower_bound(o.bounds.begin(), o.bounds.end(), value) -
                                                         o.bounds.begin());
                traced(
                    s.examples[at],
                    value, [&](auto... told) requires requires(Handle const& h) { h.observe(1.0, told...); } {
                        to.observe(value, told...);
                    });
                s.value += value;
                ++s.buckets[at];
            }
        }
    }

    // ---- Exemplars.

    static inline tacho::trace_context span;    // in which this thread is
    static inline tacho::unix_nanos later = 0;  // than all else
    static tacho::unix_nanos clock() noexcept { return now + later; }

    static std::string hex_of(std::span<std::uint8_t const> bytes) {
        std::string out;
        for (auto const byte : bytes)
            for (unsigned const half : {byte / 16u, byte % 16u})
                out += static_cast<char>(half + (half < 10 ? '0' : 'a' - 10));
        return out;
    }
    // 69: in seconds, with as many digits as say all.
    static std::string seconds_of(tacho::unix_nanos time) {
        auto text = std::to_string(time);
        text.insert(text.size() - 9, 1, '.');
        while (text.ends_with('0') && !text.ends_with(".0")) text.pop_back();
        return text;
    }

    // Records in a span or in none, with labels or without; what should be shown of it stands in `shown` then.
    template <class Record>
    void traced(std::optional<exemplar>& shown, double value, Record const& record) {
        static constexpr tacho::exemplar_name names[] = {
            "a",       "_9",    "trace_id",
            "span_id", "Order", "n23456789012345678901234567890123456789012345678901234567890_234"};
        span = {};
        if (pick(3) != 0)
            for (auto& byte : span.trace_id) byte = static_cast<std::uint8_t>(pick(256));
        if (pick(4) != 0)
            for (auto& byte : span.span_id) byte = static_cast<std::uint8_t>(pick(256));
        span.sampled = pick(2) == 0;
        later = pick(3) == 0 ? 0 : random_() % 2'000'000'000u / (pick(2) == 0 ? 1 : 1'000'000u) * 1'000u;

        std::array<std::string, 3> texts;
        std::array<std::size_t, 3> which;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            which[i] = pick(std::size(names));
            texts[i] = some_text();
            if (pick(6) == 0) texts[i] += std::string(pick(100), 'x');
        }
        bool const with_labels = pick(2) == 0;
        auto const before = tacho::set_trace_context_hook([]() noexcept { return span; });
        if constexpr (requires(std::initializer_list<tacho::exemplar_label> told) { record(told); }) {
            using list = std::initializer_list<tacho::exemplar_label>;
            if (with_labels)
                record(list{{names[which[0]], texts[0]}, {names[which[1]], texts[1]}, {names[which[2]], texts[2]}});
            else
                record();
            if (is_exemplar(with_labels))
                shown = exemplar_with(value, with_labels ? texts.size() : 0, names, which, texts);
        } else {
            record();
        }
        tacho::set_trace_context_hook(before);
        later = 0;
    }

    [[nodiscard]] bool is_linked() const {
        return span.is_valid() && (span.sampled || filter_ == tacho::exemplar_filter::always_on);
    }
    // 148
    [[nodiscard]] bool is_exemplar(bool has_labels) const {
        return filter_ == tacho::exemplar_filter::always_on ||
               (filter_ == tacho::exemplar_filter::trace_based && (has_labels || is_linked()));
    }
    // As docs/formats.md has it: each name once, none that is empty or the trace's own, and all or none of them.
    exemplar exemplar_with(double value, std::size_t count, std::span<tacho::exemplar_name const> names,
                           std::span<std::size_t const> which, std::span<std::string const> texts) const {
        exemplar out{{}, value, seconds_of(clock())};
        std::size_t bytes = 0, characters = is_linked() ? 63 : 0;
        labels given;
        for (std::size_t i = 0; i < count; ++i) {
            std::string const name{names[which[i]].view()}, text = tacho::to_utf8(texts[i]);
            if (text.empty() || (is_linked() && (name == "trace_id" || name == "span_id"))) continue;
            if (!given.emplace(name, text).second) continue;
            bytes += name.size() + text.size() + 2;
            for (char const c : name + text) characters += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u ? 1u : 0u;
        }
        if (bytes <= 120 && characters <= 128)
            for (auto const& [name, text] : given)
                if (text.find_first_of("\"\\}\n") == text.npos) out.of[name] = text;
        if (is_linked()) {
            out.of["trace_id"] = hex_of(span.trace_id);
            out.of["span_id"] = hex_of(span.span_id);
        }
        return out;
    }

    template <class Handle>
    void set_states(Handle const& to, std::string const& shown, labels const& of,
                    std::vector<std::string> const& states) {
        if constexpr (requires { to.set("a", true); }) {
            auto const one = pick(states.size());
            bool const alone = pick(2) == 0, on = pick(2) == 0;
            alone ? to.set(tacho::to_utf8(states[one])) : to.set(tacho::to_utf8(states[one]), on);
            for (std::size_t i = 0; i < states.size(); ++i) {
                auto with = of;
                with[shown] = tacho::to_utf8(states[i]);
                auto& s = series_.try_emplace({shown, with}, series{kind_of::state_set, 0, {}, {}}).first->second;
                if (alone || i == one) s.value = i == one && (alone || on) ? 1 : 0;
            }
        }
    }

    struct info_name {
        std::string shown, scope, version;
        friend bool operator<(info_name const& a, info_name const& b) {
            return std::tie(a.shown, a.scope, a.version) < std::tie(b.shown, b.scope, b.version);
        }
    };

    std::mt19937_64 random_;
    tacho::translation_strategy how_;
    tacho::exemplar_filter filter_;
    std::map<kind_of, std::size_t> registered_;
    tacho::registry registry_{tacho::registry_options{.translation = how_, .now = &clock, .exemplars = filter_}};
    std::map<series_name, series> series_;
    std::map<std::string, std::set<std::string>> helps_;
    std::map<info_name, std::set<series_name>> infos_;
    std::vector<std::shared_ptr<void>> made_;
};

}  // namespace test
