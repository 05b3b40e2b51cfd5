// SPDX-License-Identifier: MIT
// For tests: reads a page by rules that forbid what real readers accept in silence (CONFORMANCE 45).
#pragma once

#include "support/malformed.hpp"
#include "support/numbers.hpp"
#include "tacho/core/escaping.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace test {

using labels = std::map<std::string, std::string>;
using series_name = std::pair<std::string, labels>;

// What a number is, written in decimal digits or in one of the three words for what isn't finite (29, 36).
inline double number_of(std::string_view text) {
    if (text == "NaN") return nan;
    if (text == "+Inf") return infinity;
    if (text == "-Inf") return -infinity;
    auto const value = parsed(text);
    // It knows other words, too.
    if (text.find_first_not_of("0123456789.e+-") != text.npos || !value) refuse("no number: " + std::string{text});
    return *value;
}

struct exemplar {
    labels of;
    double value = 0;
    std::string time;  // as it is written; empty when it has none
    friend bool operator==(exemplar const&, exemplar const&) = default;
};

class page_reader {
public:
    page_reader(std::string_view page, bool openmetrics) : rest_(page), openmetrics_(openmetrics) {
        while (!rest_.empty() && !ended_) line();
        need(rest_.empty(), "there is more behind # EOF");
        need(ended_ == openmetrics_, "# EOF");
        end_family();
    }
    std::map<series_name, std::string> samples;  // values as they are written
    std::map<series_name, exemplar> exemplars;
    std::map<std::string, std::string> types, helps, units;

private:
    static void need(bool holds, std::string const& what) {
        if (!holds) refuse(what);
    }

    void line() {
        auto const end = rest_.find('\n');
        need(end != rest_.npos, "a line without an end");
        auto const text = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        if (openmetrics_ && text == "# EOF")
            ended_ = true;
        else if (text.starts_with('#'))
            comment(text);
        else
            sample(text);
    }

    void comment(std::string_view text) {
        auto const word = text.substr(0, (std::min)(text.find(' ', 2), text.size()));
        text.remove_prefix(word.size());
        need(take(text, ' '), "a comment with nothing in it");
        auto const family = name(text);
        need(take(text, ' '), "a comment with nothing behind the name");
        // 45: a family's words come once, before all of its lines, and its lines in one piece.
        if (family != family_) {
            end_family();
            need(families_.insert(family).second, "the family is split: " + family);
            family_ = family;
        }
        need(!has_lines_, "words behind the lines of " + family);
        if (word == "# TYPE") {
            static std::set<std::string_view> const both{"counter", "gauge", "histogram", "summary"},
                others{"unknown", "info", "stateset", "gaugehistogram"};
            need(both.contains(text) || (openmetrics_ ? others.contains(text) : text == "untyped"),
                 "a type that is none");
            need(types.emplace(family, text).second, "two types of " + family);
        } else if (word == "# HELP")
            need(helps.emplace(family, unescaped(text, openmetrics_)).second, "two helps of " + family);
        else {
            need(word == "# UNIT" && openmetrics_, "a comment that is none of TYPE, HELP and UNIT");
            need(!text.empty() && family.ends_with("_" + std::string{text}), "UNIT of " + family);
            need(units.emplace(family, text).second, "two units of " + family);
        }
    }

    void end_family() {
        need(family_.empty() || has_lines_, "a family without lines: " + family_);
        end_series();
        ended_series_.clear();
        has_lines_ = false;
    }

    void sample(std::string_view text) {
        std::string called;
        labels of;
        if (!text.starts_with('{')) called = name(text);
        if (text.starts_with('{')) of = in_braces(text, called);
        need(take(text, ' '), "no number");
        std::string const value{text.substr(0, text.find(' '))};
        text.remove_prefix(value.size());
        auto const number = number_of(value);
        has_lines_ = true;
        need(belongs(called), called + " does not belong to " + family_);
        series_name const name{called, of};
        need(samples.emplace(name, value).second, "a series twice: " + called);

        auto const suffix = std::string_view{called}.substr(family_.size());
        auto const& type = types.at(family_);
        need(type != "counter" || (number >= 0 && std::isfinite(number)), "no count: " + called);  // 50
        need(type != "info" || number == 1, "an info that is not 1: " + called);                   // 58
        need(type != "stateset" || number == 0 || number == 1, "a state that is neither on nor off: " + called);
        if (type == "histogram")
            line_of_histogram(suffix, of, number);
        else if (type == "counter" || type == "stateset") {
            if (type == "stateset") need(of.erase(family_) == 1, "a state without its name: " + family_);
            line_of_series(of);
        }
        // 38: no line has a time of its own, so what follows is an exemplar.
        if (!text.empty()) exemplars.emplace(name, exemplar_of(text, suffix));
    }

    // ---- The lines of one series: together (42).

    bool line_of_series(labels const& of) {
        if (in_series_ && of == series_) return false;
        end_series();
        need(!ended_series_.contains(of), "the lines of one series are not together: " + family_);
        series_ = of;
        in_series_ = true;
        return true;
    }

    void end_series() {
        if (!in_series_) return;
        ended_series_.insert(series_);
        in_series_ = false;
        if (types.at(family_) != "histogram") return;
        need(std::isinf(last_bound_) && last_bound_ > 0, "no bucket up to +Inf: " + family_);
        need(has_sum_ == has_count_ && (openmetrics_ || has_sum_), "not a sum and a count, nor neither: " + family_);
    }

    // 53, 54: counts that only go up, along bounds that only go up to +Inf, and which the count is equal to.
    void line_of_histogram(std::string_view suffix, labels of, double number) {
        std::string bound;
        if (auto const at = of.find("le"); at != of.end()) {
            bound = at->second;
            of.erase(at);
        }
        need(bound.empty() == (suffix != "_bucket"), "le is the label of buckets, and of nothing else: " + family_);
        if (line_of_series(of)) {
            need(suffix == "_bucket", "lines before the buckets: " + family_);
            last_bound_ = -infinity;
            last_count_ = 0;
            has_sum_ = has_count_ = false;
        }
        if (suffix == "_bucket") {
            auto const up_to = number_of(bound);
            below_ = last_bound_;
            need(up_to > last_bound_, "bounds that do not go up: " + family_);
            need(number >= last_count_ && number == std::trunc(number), "no cumulative counts: " + family_);
            last_bound_ = up_to;
            last_count_ = number;
            return;
        }
        need(std::isinf(last_bound_) && last_bound_ > 0, "no bucket up to +Inf: " + family_);
        if (suffix == "_sum") has_sum_ = true;
        if (suffix == "_count") {
            has_count_ = true;
            need(number == last_count_, "a count that is not that of +Inf: " + family_);
        }
    }

    // ---- Exemplars.

    // ` # {trace_id="1"} 0.5 1700000000.5`, in the last bucket that was read.
    exemplar exemplar_of(std::string_view text, std::string_view suffix) const {
        need(openmetrics_, "an exemplar, or a time, where there is no place for it: " + family_);  // 66
        need(text.starts_with(" # {"), "no exemplar, for which there is the place: " + family_);
        auto const& type = types.at(family_);
        need((type == "counter" && suffix == "_total") || (type == "histogram" && suffix == "_bucket"),
             "an exemplar of what has none: " + family_ + std::string{suffix});  // 67
        text.remove_prefix(3);
        exemplar one;
        std::string none;
        one.of = in_braces(text, none);
        need(none.empty(), "an exemplar with a name");
        need(take(text, ' '), "an exemplar without a value");
        one.value = number_of(text.substr(0, text.find(' ')));
        text.remove_prefix((std::min)(text.find(' '), text.size()));
        if (take(text, ' ')) {
            one.time = text;
            need(std::isfinite(number_of(text)), "an exemplar at no time: " + family_);  // 69
        } else
            need(text.empty(), "text behind an exemplar: " + family_);
        std::size_t characters = 0;  // 68: code points, of which UTF-8 has but one byte each that does not go on
        for (auto const& [key, value] : one.of)
            for (char const c : key + value) characters += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u ? 1u : 0u;
        need(characters <= 128, "an exemplar whose labels are too long: " + family_);
        need(type != "histogram" || (one.value > below_ && one.value <= last_bound_),
             "an exemplar outside of its bucket: " + family_);  // 69
        return one;
    }

    [[nodiscard]] bool belongs(std::string_view called) const {
        if (!called.starts_with(family_) || !types.contains(family_)) return false;
        auto const suffix = called.substr(family_.size());
        auto const& type = types.at(family_);
        if (type == "histogram")
            return suffix == "_bucket" || suffix == "_sum" || suffix == "_count" ||
                   (openmetrics_ && suffix == "_created");
        if (type == "counter" && openmetrics_) return suffix == "_total" || suffix == "_created";
        return suffix == (type == "info" ? "_info" : "");
    }

    // ---- The pieces of a line. Each takes off what it has read.

    static bool take(std::string_view& text, char c) {
        if (!text.starts_with(c)) return false;
        text.remove_prefix(1);
        return true;
    }

    // `{a="1","b.c"="2"}`. The first one may be a name with no value, which then is that of the line.
    static labels in_braces(std::string_view& text, std::string& called) {
        labels of;
        if (text.starts_with("{}")) {
            need(called.empty(), "labels that are none");
            text.remove_prefix(2);
            return of;
        }
        bool first = true;
        do {
            text.remove_prefix(1);
            auto key = name(text);
            if (std::exchange(first, false) && called.empty() && !text.starts_with('=')) {
                called = std::move(key);
                continue;
            }
            need(text.starts_with("=\""), "a label without a value");
            text.remove_prefix(1);
            auto const [at, added] = of.emplace(std::move(key), in_quotes(text));
            need(added, "a label twice: " + at->first);
            need(!at->second.empty(), "a label with nothing in it");
        } while (text.starts_with(','));
        need(take(text, '}'), "labels without an end");
        return of;
    }

    // In quotes or not.
    static std::string name(std::string_view& text) {
        if (text.starts_with('"')) {
            auto quoted = in_quotes(text);
            need(!tacho::detail::is_plain_name(quoted), "quotes that nobody needs: " + quoted);
            return quoted;
        }
        std::size_t size = 0;
        while (size < text.size() && tacho::detail::is_plain_character(text[size], size == 0)) ++size;
        need(size != 0, "a name");
        std::string plain{text.substr(0, size)};
        text.remove_prefix(size);
        return plain;
    }

    static std::string in_quotes(std::string_view& text) {
        std::size_t end = 1;
        while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2u : 1u;
        need(end < text.size(), "quotes without an end");
        auto inside = unescaped(text.substr(1, end - 1), true);
        text.remove_prefix(end + 1);
        return inside;
    }

    // 26: no escapes but these exist; a quote in older texts' help has none.
    static std::string unescaped(std::string_view text, bool quotes_too) {
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '\\') {
                need(!quotes_too || text[i] != '"', "a quote without a backslash");
                out += text[i];
                continue;
            }
            need(++i < text.size(), "a backslash at the end");
            need(text[i] == '\\' || text[i] == 'n' || (quotes_too && text[i] == '"'), "an unknown escape");
            out += text[i] == 'n' ? '\n' : text[i];
        }
        return out;
    }

    std::string_view rest_;
    bool openmetrics_;
    bool ended_ = false;
    std::string family_;
    bool has_lines_ = false;
    std::set<std::string> families_;
    // Of the family: the series whose lines are being read, and those that have been.
    labels series_;
    bool in_series_ = false, has_sum_ = false, has_count_ = false;
    std::set<labels> ended_series_;
    double below_ = 0, last_bound_ = 0, last_count_ = 0;
};

}  // namespace test
