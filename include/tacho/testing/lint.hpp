// SPDX-License-Identifier: MIT
// tacho: a linter: what the conventions of Prometheus and OpenTelemetry would have otherwise in names, units and
// labels. Rule: https://prometheus.io/docs/practices/naming/ Rule:
// https://opentelemetry.io/docs/specs/semconv/general/naming/
#pragma once

#include "tacho/core/names.hpp"
#include "tacho/registry/registry.hpp"
#include "tacho/registry/view.hpp"
#include "tacho/testing/lint_words.hpp"
#include "tacho/version.hpp"

#include <algorithm>
#include <iosfwd>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tacho::inline TACHO_ABI {

/// What a convention would have otherwise in an instrument.
struct finding {
    std::string instrument;       ///< its name in OTLP
    std::string prometheus_name;  ///< in a scrape
    std::string wrong;            ///< a sentence
    std::string cure;             ///< what to write instead
    std::string_view source;      ///< where the rule stands

    /// All of it in a line.
    [[nodiscard]] std::string text() const {
        auto const names = instrument == prometheus_name ? instrument : instrument + " (" + prometheus_name + ")";
        return names + ": " + wrong + "; " + cure + " [" + std::string{source} + "]";
    }

    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& to, finding const& of) {
        return to << of.text();
    }
};

/// Which conventions count. Some contradict each other where a name is made for one of them: OpenTelemetry wants
/// neither `total` nor units in names, since they are appended for Prometheus.
struct lint_options {
    bool prometheus = true;                ///< those that promtool checks
    bool opentelemetry = true;             ///< those of its semantic conventions
    std::vector<std::string> except = {};  ///< instruments by their names in OTLP; `*` and `?` as in a shell
};

namespace detail {

namespace convention {

inline constexpr std::string_view names = "https://prometheus.io/docs/practices/naming/#metric-names";
inline constexpr std::string_view base_units = "https://prometheus.io/docs/practices/naming/#base-units";
inline constexpr std::string_view help =
    "https://prometheus.io/docs/instrumenting/writing_clientlibs/#metric-description-and-help";
inline constexpr std::string_view exporters = "https://prometheus.io/docs/instrumenting/writing_exporters/#naming";
inline constexpr std::string_view promtool =
    "promtool check metrics, https://prometheus.io/docs/prometheus/latest/command-line/promtool/";
inline constexpr std::string_view otel_names = "https://opentelemetry.io/docs/specs/semconv/general/naming/";
inline constexpr std::string_view otel_metrics = "https://opentelemetry.io/docs/specs/semconv/general/naming/#metrics";
inline constexpr std::string_view otel_units =
    "https://opentelemetry.io/docs/specs/semconv/general/metrics/#instrument-units";
inline constexpr std::string_view otel_namespaces =
    "https://github.com/open-telemetry/semantic-conventions/blob/v1.24.0/docs/general/attribute-naming.md";

}  // namespace convention

// Looks at one instrument after the other.
class linter {
public:
    explicit linter(std::vector<listed_instrument> const& all) : all_(all) {}

    void look_at(listed_instrument const& one, lint_options const& by) {
        of_ = &one.describe;
        labels_ = &one.labels;
        unit_said_ = false;
        if (by.prometheus) by_prometheus();
        if (by.opentelemetry) by_opentelemetry();
    }
    [[nodiscard]] std::vector<finding> take() { return std::move(found_); }

private:
    void find(std::string wrong, std::string cure, std::string_view source) {
        found_.push_back({of_->name, of_->prometheus_name, std::move(wrong), std::move(cure), source});
    }
    static std::string quoted(std::string_view text) { return '"' + std::string{text} + '"'; }

    // Of promtool and its reasons, by the name that a scrape shows.
    void by_prometheus() {
        std::string_view const name = of_->prometheus_name;
        bool const counts = of_->kind == instrument_kind::counter;
        if (of_->description.empty())
            find("it has no description", "give it one, which is its # HELP", convention::help);
        if (counts && !name.ends_with("_total"))
            find("a counter's name should end with _total",
                 "use a translation strategy with suffixes, or write it in the name", convention::names);
        if (!counts && name.ends_with("_total"))
            find("only a counter's name ends with _total",
                 "make it a counter, or name it " + quoted(without_last_word(of_->name)), convention::names);
        prometheus_units();
        prometheus_words();
        prometheus_labels();
    }

    void prometheus_units() {
        words_of const words{of_->prometheus_name};
        words.any([&](std::string_view part) {  // the first unit decides
            auto const base = base_unit_of(part);
            if (!base.empty() && base != part) {
                unit_said_ = true;
                find("its unit, " + std::string{part} + ", is no base unit",
                     "record " + std::string{base} + (base == "ratio" ? "s from 0 to 1" : ""), convention::base_units);
            }
            return !base.empty();
        });
        bool first = true;  // which may be a name
        words.any([&](std::string_view part) {
            auto const whole = replacement_of(unit_abbreviations, part);
            if (std::exchange(first, false) || whole.empty()) return false;
            find("its name abbreviates a unit, " + quoted(part),
                 whole == of_->unit_word
                     ? "leave it out: a scrape appends the unit"
                     : "give it the unit, which its name then shows, and record " + std::string{whole},
                 convention::promtool);
            return true;
        });
    }

    void prometheus_words() {
        std::string_view const name = of_->prometheus_name;
        words_of{name}.any([&](std::string_view part) {
            bool const is_type = std::find(std::begin(type_words), std::end(type_words), part) != std::end(type_words);
            if (is_type && name.size() != part.size())
                find("its name tells a type of metric, " + quoted(part), "leave the word out: # TYPE tells it",
                     convention::promtool);
            return false;
        });
        if (has_camel_case(name))
            find("its name is in camelCase", "name it " + quoted(snake_case_of(of_->name)), convention::exporters);
        if (of_->kind == instrument_kind::histogram) return;
        for (std::string_view const suffix : {"_bucket", "_count", "_sum"})
            if (name.ends_with(suffix))
                find("its name ends with " + std::string{suffix} + ", as samples of histograms do",
                     "name it " + quoted(without_last_word(of_->name)), convention::exporters);
        if (of_->kind != instrument_kind::info && name.ends_with("_info"))
            find("only an info's name ends with _info", "make it a tacho::info, or name it otherwise",
                 "https://prometheus.io/docs/specs/om/open_metrics_spec/#info");
    }

    void prometheus_labels() {
        for (auto const& label : *labels_) {
            if (has_camel_case(label))
                find("its label " + quoted(label) + " is in camelCase", "name it " + quoted(snake_case_of(label)),
                     convention::exporters);
            if (label == "le" || label == "quantile")
                find("its label " + quoted(label) + " is one that histograms and summaries have of their own",
                     "name it otherwise", "https://prometheus.io/docs/instrumenting/writing_clientlibs/#histogram");
        }
    }

    // By the name that OTLP shows.
    void by_opentelemetry() {
        std::string_view const name = of_->name;
        words_of const words{name};
        if (snake_case_of(name) != name)
            find("a name is in lower case, its words between _ and its namespaces between dots",
                 "name it " + quoted(snake_case_of(name)), convention::otel_names);
        if (name.find_last_of("._") == name.size() - 1 || has_two_in_a_row(name))
            find("a name has one delimiter at a time, and none at its end", "leave the others out",
                 convention::otel_names);
        if (name.find('.') == name.npos)
            find("its name has no namespace",
                 "put that of the program before it, as in \"shop." + std::string{name} + '"', convention::otel_names);
        auto const within = std::find_if(all_.begin(), all_.end(), [&](auto const& other) {
            return other.describe.name.starts_with(of_->name + ".");
        });
        if (within != all_.end())
            find("its name is also the namespace of " + within->describe.name, "rename one of them",
                 convention::otel_namespaces);
        if (words.last() == "total")
            find("its name ends with total",
                 "name it " + quoted(without_last_word(name)) +
                     (of_->kind == instrument_kind::counter ? ", to which a scrape appends _total" : ""),
                 convention::otel_metrics);
        opentelemetry_unit(words.last());
        opentelemetry_plural(words.last());
    }

    void opentelemetry_unit(std::string_view last) {
        std::string_view const unit = of_->unit;
        words_of const shown{of_->unit_word};
        bool const is_last = last == shown.last();
        auto const is_unit = [&](std::string_view part) { return part == of_->unit_word; };
        if (!of_->unit_word.empty() && (is_last || words_of{of_->name}.any(is_unit)))
            find("its name has its unit",
                 is_last ? "name it " + quoted(without_last_word(of_->name)) + ", to which a scrape appends it"
                         : "leave it out: a scrape appends the unit",
                 "https://opentelemetry.io/docs/specs/semconv/general/metrics/#units");
        if (auto const code = replacement_of(units_in_words, unit); !code.empty())
            find("its unit, " + quoted(unit) + ", is no code of UCUM", "write " + std::string{code},
                 convention::otel_units);
        if (auto const base = replacement_of(prefixed_units, unit); !base.empty() && !unit_said_)
            find("its unit, " + quoted(unit) + ", is a multiple of another one", "record " + std::string{base},
                 convention::otel_units);
        auto const brace = unit.find('{');
        if (brace == unit.npos) return;
        if (unit.starts_with("1{"))
            find("its unit counts, and needs no 1", "write " + quoted(unit.substr(1)), convention::otel_units);
        auto const remark = unit.substr(brace + 1, unit.find('}', brace) - brace - 1);
        if (looks_plural(words_of{remark}.last()))
            find("its unit says what is counted in the plural, " + quoted(unit), "write {" + singular_of(remark) + "}",
                 convention::otel_units);
    }

    void opentelemetry_plural(std::string_view last) {
        if (!looks_plural(last) || last == words_of{of_->unit_word}.last()) return;
        // OpenTelemetry's own, of https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
        if (of_->name == "http.server.active_requests" || of_->name == "http.client.active_requests") return;
        if (of_->kind == instrument_kind::up_down_counter)
            find("the name of an up-down counter is not a plural",
                 "say what of them there is, as in \"queue.length\" or \"request.active\"", convention::otel_metrics);
        else if (!of_->unit_word.empty() && of_->kind != instrument_kind::counter)
            find("the name of what has a unit is not a plural", "name it in the singular", convention::otel_metrics);
    }

    static bool has_two_in_a_row(std::string_view name) noexcept {
        auto const is_delimiter = [](char c) { return c == '.' || c == '_'; };
        return std::adjacent_find(name.begin(), name.end(),
                                  [&](char a, char b) { return is_delimiter(a) && is_delimiter(b); }) != name.end();
    }
    static std::string without_last_word(std::string_view name) {
        auto const before = name.find_last_of("._");
        return std::string{name.substr(0, before == name.npos ? name.size() : before)};
    }

    std::vector<listed_instrument> const& all_;
    descriptor const* of_ = nullptr;
    std::vector<std::string> const* labels_ = nullptr;
    bool unit_said_ = false;  // by Prometheus' rules
    std::vector<finding> found_;
};

}  // namespace detail

/// What the conventions of Prometheus, as promtool checks them, and of OpenTelemetry would have otherwise in the
/// instruments of a registry, in the order of their Prometheus names: `EXPECT_THAT(tacho::lint(registry), IsEmpty())`
/// in a test names them all. Empty is good. What is wrong beyond conventions doesn't compile or isn't registered;
/// registry.problems() says so. Allocates, and takes the registry's mutex for a moment.
[[nodiscard]] inline std::vector<finding> lint(registry const& in, lint_options const& by = {}) {
    auto const all = in.list();
    detail::linter linter{all};
    std::string_view last;
    for (auto const& one : all) {
        auto const& name = one.describe.name;
        if (std::exchange(last, name) == name) continue;  // neighbours of one name, in scopes of their own
        auto const is_excepted = [&](std::string const& pattern) { return detail::is_match(pattern, name); };
        if (std::none_of(by.except.begin(), by.except.end(), is_excepted)) linter.look_at(one, by);
    }
    return linter.take();
}

}  // namespace tacho::inline TACHO_ABI
