// SPDX-License-Identifier: MIT
// A fuzzer's subject: registries with any bytes as names, labels, values, descriptions, scopes and resource. Each
// format and escaping is read back as what was put in, after the mending and cutting that is promised (CONFORMANCE
// 19-28, 45, 62-65). What should be read is worked out anew here, not by the library.
#pragma once

#include "fuzz/input.hpp"
#include "support/json_reader.hpp"
#include "support/page_reader.hpp"
#include "support/text.hpp"

#include "tacho/export/endpoint.hpp"
#include "tacho/instrument/named.hpp"
#include "tacho/instrument/named_others.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace fuzz {

using tacho::escaping;
using tacho::instrument_kind;
using tacho::translation_strategy;

inline constexpr std::array<escaping, 4> every_escaping{escaping::underscores, escaping::allow_utf_8, escaping::dots,
                                                        escaping::values};

// ---- What becomes of a text.

// Code points, each ill-formed sequence as U+FFFD: as the table 3-7 of the Unicode standard has them, one row each.
inline std::vector<std::string> code_points(std::string_view text) {
    struct row {
        unsigned first, last, low, high, more;  // of the first byte, of the second, and how many follow in all
    };
    static constexpr row rows[] = {
        {0x00, 0x7F, 0, 0, 0},       {0xC2, 0xDF, 0x80, 0xBF, 1}, {0xE0, 0xE0, 0xA0, 0xBF, 2},
        {0xE1, 0xEC, 0x80, 0xBF, 2}, {0xED, 0xED, 0x80, 0x9F, 2}, {0xEE, 0xEF, 0x80, 0xBF, 2},
        {0xF0, 0xF0, 0x90, 0xBF, 3}, {0xF1, 0xF3, 0x80, 0xBF, 3}, {0xF4, 0xF4, 0x80, 0x8F, 3}};
    auto const byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(text[at])); };
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        auto const is_row = [&](row const& r) { return byte(at) >= r.first && byte(at) <= r.last; };
        auto const* const of = std::find_if(std::begin(rows), std::end(rows), is_row);
        std::size_t size = 1;
        bool good = of != std::end(rows);
        for (std::size_t i = 1; good && i <= of->more; ++i) {
            auto const low = i == 1 ? of->low : 0x80u, high = i == 1 ? of->high : 0xBFu;
            good = at + i < text.size() && byte(at + i) >= low && byte(at + i) <= high;
            if (good) ++size;
        }
        out.push_back(good ? std::string{text.substr(at, size)} : "\xEF\xBF\xBD");
        at += size;
    }
    return out;
}

inline std::string mended(std::string_view text, std::size_t most = ~std::size_t{0}) {
    std::string out;
    for (auto const& one : code_points(text)) {
        if (out.size() + one.size() > most) break;
        out += one;
    }
    return out;
}

// Of a label value: what its instruments keep of it.
inline std::string kept(std::string_view text) {
    return mended(text, 1024);
}

// ---- What becomes of a name.

inline bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

inline bool is_name(std::string_view name) {
    if (name.empty() || name.size() > 255 || !is_letter_or_digit(name[0]) || (name[0] >= '0' && name[0] <= '9'))
        return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-' || c == '/'; });
}

inline std::string with_underscores(std::string_view name) {
    std::string out;
    for (char const c : name)
        if (is_letter_or_digit(c))
            out += c;
        else if (!out.ends_with('_'))
            out += '_';
    return out;
}

// 55-58: by a strategy; without a unit.
inline std::string shown_name(std::string_view name, instrument_kind kind, translation_strategy how) {
    std::string const suffix = kind == instrument_kind::counter ? "_total"
                               : kind == instrument_kind::info  ? "_info"
                                                                : "";
    switch (how) {
        case translation_strategy::no_translation: return std::string{name};
        case translation_strategy::underscore_escaping_without_suffixes: return with_underscores(name);
        case translation_strategy::no_utf8_escaping_with_suffixes: {
            std::string out{name};
            auto const word = suffix.empty() ? 0 : suffix.size();
            if (word != 0 && out.size() > word && out.ends_with(suffix.substr(1)) &&
                !is_letter_or_digit(out[out.size() - word]))
                out.resize(out.size() - word);
            return out + suffix;
        }
        case translation_strategy::underscore_escaping_with_suffixes: break;
    }
    auto out = with_underscores(name);
    if (!suffix.empty() && out.size() > suffix.size() && out.ends_with(suffix)) out.resize(out.size() - suffix.size());
    if (out.ends_with('_') && !suffix.empty()) out.pop_back();
    return out + suffix;
}

inline std::string shown_label(std::string_view name, translation_strategy how) {
    return tacho::keeps_characters(how) ? std::string{name} : with_underscores(name);
}

// 62-64.
inline std::string escaped(std::string_view name, escaping names) {
    auto const plain = [](std::string const& c, bool first) {
        return c.size() == 1 && (c == "_" || (is_letter_or_digit(c[0]) && !(first && c[0] <= '9')));
    };
    auto const points = code_points(name);
    bool all = !points.empty();
    for (std::size_t i = 0; i < points.size(); ++i) all = all && plain(points[i], i == 0);
    if (all || names == escaping::allow_utf_8) return std::string{name};
    std::string out = names == escaping::values ? "U__" : "";
    for (std::size_t i = 0; i < points.size(); ++i) {
        auto const& c = points[i];
        if (c == "_" && names != escaping::underscores)
            out += "__";
        else if (plain(c, i == 0))
            out += c;
        else if (names == escaping::dots)
            out += c == "." ? "_dot_" : "__";
        else if (names == escaping::underscores)
            out += "_";
        else {
            unsigned code = static_cast<unsigned char>(c[0]);
            if (c.size() > 1) code &= 0x3Fu >> (c.size() - 1);
            for (char const more : c.substr(1)) code = code * 64 + (static_cast<unsigned char>(more) & 63u);
            char digits[12];
            std::snprintf(digits, sizeof digits, "_%x_", code);
            out += digits;
        }
    }
    return out;
}

// The labels of target_info.
inline test::labels resource_labels(tacho::resource const& of, translation_strategy how, escaping names) {
    std::map<std::string, std::string> last;  // of a key; as OTLP takes it
    for (auto const& [key, value] : of) last[mended(key)] = mended(value);
    test::labels all;
    std::set<std::string> named;
    for (auto const& [key, value] : last) {
        std::string name;
        if (tacho::keeps_characters(how)) {
            name = key;
            std::replace(name.begin(), name.end(), '\0', '_');
            name = escaped(name, names);
        } else {
            name = with_underscores(key);
            if (!name.empty() && name[0] >= '0' && name[0] <= '9') name = "key_" + name;
        }
        if (name.starts_with('_')) name = "key" + name;
        if (name.empty()) continue;
        auto& text = all[name];
        if (!named.insert(name).second) text += ';';
        text += value;
    }
    std::erase_if(all, [](auto const& label) { return label.second.empty(); });
    return all;
}

// ---- A registry from bytes.

class registry_of_texts {
public:
    explicit registry_of_texts(input bytes) : bytes_(bytes), how_(static_cast<translation_strategy>(bytes_.pick(4))) {
        for (auto n = bytes_.pick(4); n != 0; --n) {
            auto key = bytes_.text(), value = bytes_.text();
            about_.push_back({std::move(key), std::move(value)});
        }
        scope_name_ = bytes_.text();
        scope_version_ = bytes_.text();
        for (int n = 0; n < 4 && (n == 0 || !bytes_.is_at_end()); ++n) add(n == 0);
    }

    void check_pages() {
        for (bool const openmetrics : {false, true})
            for (auto const names : every_escaping) {
                tacho::endpoint endpoint{registry_, {.about = about_}};
                auto const accept = std::string{openmetrics ? "application/openmetrics-text" : "text/plain"} +
                                    ";version=1.0.0;escaping=" + std::string{to_string(names)};
                auto const answer = endpoint.respond({.accept = accept});
                try {
                    check_page({answer.body(), openmetrics}, openmetrics, names);
                } catch (std::exception const& e) {
                    throw wrong{std::string{e.what()} + " in " + accept + ":\n" + std::string{answer.body()}};
                }
            }
    }

    void check_json() {
        auto const text = test::as_json(registry_, about_);
        try {
            check_json(test::json_reader::read(text));
        } catch (std::exception const& e) {
            throw wrong{std::string{e.what()} + " in " + text};
        }
    }

private:
    struct made {
        std::string name, shown, help;
        instrument_kind kind;
        std::vector<std::string> keys;
        // By the labels as OTLP has them: a number, or the states that are on.
        std::map<test::labels, double> series;
        std::vector<std::string> states;
    };

    // Any bytes, or most often what is a name, so that others have something to be seen beside.
    std::string name() {
        bool const any = bytes_.pick(8) == 7;
        auto text = bytes_.text();
        if (any) return text;
        static constexpr std::string_view legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/";
        for (char& c : text)
            if (legal.find(c) == legal.npos) c = legal[static_cast<unsigned char>(c) % legal.size()];
        return text.empty() || !is_name(text.substr(0, 1)) ? "a" + text : text;
    }

    void add(bool first) {
        made one;
        static constexpr std::array kinds{instrument_kind::counter,   instrument_kind::gauge,
                                          instrument_kind::histogram, instrument_kind::info,
                                          instrument_kind::state_set, instrument_kind::up_down_counter};
        one.kind = bytes_.pick(kinds);
        one.name = name();
        one.help = bytes_.text();
        for (auto n = bytes_.pick(4); n != 0; --n) one.keys.push_back(name());
        one.shown = shown_name(one.name, one.kind, how_);
        tacho::instrument_options o{.name = one.name, .description = one.help};
        for (auto const& key : one.keys) o.labels.push_back(key);
        auto const in = registry_.scope(scope_name_, scope_version_);
        bool const may_be = is_possible(one);
        auto const record = [&](auto instrument) {
            need(!instrument.ok() || may_be, "registered: " + one.name);
            // Of several, two may clash.
            need(instrument.ok() || !may_be || !first, "not registered: " + one.name);
            if (!instrument.ok()) return;
            // One that is the same as another is the same instrument. Of one name and another kind it is another one,
            // if Prometheus has different names for both.
            auto const same = std::find_if(made_.begin(), made_.end(),
                                           [&](made const& m) { return m.name == one.name && m.kind == one.kind; });
            auto& of = same != made_.end() ? *same : made_.emplace_back(std::move(one));
            measure(of, instrument);
            held_.push_back(std::make_shared<decltype(instrument)>(std::move(instrument)));
        };
        switch (one.kind) {
            case instrument_kind::counter: return record(tacho::add_counter(in, o));
            case instrument_kind::gauge: return record(tacho::add_gauge(in, o));
            case instrument_kind::up_down_counter: return record(tacho::add_up_down_counter(in, o));
            case instrument_kind::info: return record(tacho::add_info(in, o));
            case instrument_kind::state_set: {
                std::set<std::string> distinct;
                for (auto n = 1 + bytes_.pick(3); n != 0; --n)
                    if (auto text = bytes_.text(); !text.empty() && distinct.insert(mended(text)).second)
                        one.states.push_back(std::move(text));
                if (one.states.empty()) one.states.push_back("on");
                std::vector<std::string_view> const states{one.states.begin(), one.states.end()};
                return record(tacho::add_state_set(in, o, states));
            }
            case instrument_kind::histogram:
            case instrument_kind::exponential_histogram: break;
        }
        o.bounds = {1};
        record(tacho::add_histogram(in, o));
    }

    // Whether an instrument can be registered beside nothing else.
    [[nodiscard]] bool is_possible(made const& one) const {
        if (!is_name(one.name) || (one.kind == instrument_kind::info && one.keys.empty())) return false;
        auto labels = one.keys;
        if (one.kind == instrument_kind::state_set) labels.push_back(one.name);
        for (auto const& label : labels) {
            auto const shown = with_underscores(label);
            if (!is_name(label) || shown.starts_with("otel_scope_") || shown == "otel_metric_overflow") return false;
        }
        for (auto const names : every_escaping) {
            // Those of the resource.
            auto const name = escaped(one.shown, names);
            if (name == "target" || name == "target_info") return false;
            if (one.kind == instrument_kind::counter && name == "target_total") return false;
            std::set<std::string> distinct;
            if (one.kind == instrument_kind::histogram) distinct.insert("le");
            // A typed instrument's labels have to be distinct by the usual strategy, too.
            std::set<std::string> usual = distinct;
            for (auto const& label : labels)
                if (!distinct.insert(escaped(shown_label(label, how_), names)).second ||
                    !usual.insert(with_underscores(label)).second)
                    return false;
        }
        return true;
    }

    template <class Instrument>
    void measure(made& one, Instrument const& in) {
        auto const times = one.keys.empty() ? 1 : 1 + bytes_.pick(3);
        for (std::size_t n = 1; n <= times; ++n) {
            std::vector<std::string> values;
            test::labels of;
            for (auto const& key : one.keys) {
                values.push_back(bytes_.text());
                if (auto text = kept(values.back()); !text.empty()) of[key] = text;
            }
            std::vector<std::string_view> const views{values.begin(), values.end()};
            auto const amount = static_cast<unsigned>(n);
            if constexpr (requires { in.bind(views); }) {
                auto const to = in.bind(views);
                if constexpr (requires { to.set(1.0); }) {
                    to.set(amount);
                    one.series[of] = amount;
                } else if constexpr (requires { to.observe(1.0); }) {
                    for (unsigned i = 0; i < amount; ++i) to.observe(0.5);
                    one.series[of] += amount;
                } else if constexpr (requires { to.inc(1); }) {
                    to.inc(amount);
                    one.series[of] += amount;
                } else {
                    to.set(mended(one.states.front()));
                    one.series[of] = 1;
                }
            } else {
                in.set(views);
                one.series = {{of, 1}};
            }
        }
    }

    // The labels as a page shows them.
    [[nodiscard]] test::labels shown(test::labels const& of, escaping names) const {
        test::labels out;
        for (auto const& [key, value] : of) out[escaped(shown_label(key, how_), names)] = value;
        if (auto name = mended(scope_name_); !name.empty()) out["otel_scope_name"] = name;
        if (auto version = mended(scope_version_); !version.empty()) out["otel_scope_version"] = version;
        return out;
    }

    void check_page(test::page_reader const& page, bool openmetrics, escaping names) const {
        std::map<test::series_name, double> expected;
        for (auto const& one : made_) {
            auto const name = escaped(one.shown, names);
            auto family = name;
            std::string const suffix = one.kind == instrument_kind::counter ? "_total"
                                       : one.kind == instrument_kind::info  ? "_info"
                                                                            : "";
            if (openmetrics && name.ends_with(suffix)) family.resize(family.size() - suffix.size());
            auto const help = page.helps.find(family);
            need((help == page.helps.end() ? "" : help->second) == mended(one.help), "the description of " + family);
            for (auto const& [of, value] : one.series) {
                auto const labels = shown(of, names);
                if (one.kind == instrument_kind::histogram) {
                    auto with = labels;
                    with["le"] = openmetrics ? "1.0" : "1";
                    expected[{name + "_bucket", with}] = value;
                    with["le"] = "+Inf";
                    expected[{name + "_bucket", with}] = value;
                    expected[{name + "_count", labels}] = value;
                    expected[{name + "_sum", labels}] = value / 2;
                } else if (one.kind == instrument_kind::state_set) {
                    for (auto const& state : one.states) {
                        auto with = labels;
                        with[name] = mended(state);
                        expected[{name, with}] = state == one.states.front() ? 1 : 0;
                    }
                } else
                    expected[{name, labels}] = value;
            }
        }
        if (auto const resource = resource_labels(about_, how_, names); !resource.empty())
            expected[{"target_info", resource}] = 1;
        for (auto const& [key, value] : expected) {
            auto const at = page.samples.find(key);
            need(at != page.samples.end() && test::number_of(at->second) == value, key.first + " is not as recorded");
        }
        need(page.samples.size() == expected.size(), "more than was recorded");
    }

    static test::labels attributes(test::json const& of) {
        test::labels out;
        if (!of.has("attributes")) return out;
        for (auto const& one : of["attributes"].items) {
            need(one["value"].members.size() == 1, "an attribute with two values");
            need(out.emplace(one["key"].text, one["value"]["stringValue"].text).second, "an attribute twice");
        }
        return out;
    }

    // A point: its metric's name, description and kind, its attributes, and its value.
    using point = std::tuple<std::string, std::string, std::string, test::labels, double>;

    [[nodiscard]] std::vector<point> recorded_points() const {
        std::vector<point> all;
        for (auto const& one : made_)
            for (auto const& [of, value] : one.series) {
                std::string const field = one.kind == instrument_kind::histogram ? "histogram"
                                          : one.kind == instrument_kind::gauge   ? "gauge"
                                                                                 : "sum";
                if (one.kind != instrument_kind::state_set)
                    all.emplace_back(one.name, mended(one.help), field, of, value);
                for (auto const& state : one.states) {
                    auto labels = of;
                    labels[one.name] = mended(state);
                    all.emplace_back(one.name, mended(one.help), field, labels, state == one.states.front() ? 1 : 0);
                }
            }
        std::sort(all.begin(), all.end());
        return all;
    }

    void check_json(test::json const& request) const {
        auto const recorded = recorded_points();
        if (recorded.empty()) return need(request.members.empty(), "points of nothing");

        auto const& all = request["resourceMetrics"].items.at(0);
        test::labels about;
        for (auto const& [key, value] : about_)
            if (!key.empty()) about[mended(key)] = mended(value);
        need(attributes(all["resource"]) == about, "another resource");
        need(all["scopeMetrics"].items.size() == 1, "another number of scopes");
        auto const& in = all["scopeMetrics"].items[0];
        need(in["scope"].text_of("name") == mended(scope_name_), "another scope");
        need(in["scope"].text_of("version") == mended(scope_version_), "another version");
        std::vector<point> sent;
        for (auto const& metric : in["metrics"].items)
            for (auto const& [field, value] :
                 {std::pair{"histogram", "count"}, {"gauge", "asDouble"}, {"sum", "asInt"}})
                if (metric.has(field))
                    for (auto const& of : metric[field]["dataPoints"].items)
                        sent.emplace_back(metric["name"].text, metric.text_of("description"), field, attributes(of),
                                          test::number_of(of[value].text));
        std::sort(sent.begin(), sent.end());
        need(sent == recorded, "other points than were recorded");
    }

    input bytes_;
    translation_strategy how_;
    tacho::resource about_;
    std::string scope_name_, scope_version_;
    tacho::registry registry_{{.translation = how_, .now = &test::fixed_time}};
    std::vector<made> made_;
    std::vector<std::shared_ptr<void>> held_;
};

inline void texts(std::string_view bytes) {
    test::heard const quiet;  // what is refused is said
    registry_of_texts some{input{bytes}};
    some.check_pages();
    some.check_json();
}

}  // namespace fuzz
