// Random registries: whatever they are called and whatever they hold, each format is read back as exactly what was
// recorded. Read by rules that forbid what real readers accept in silence (CONFORMANCE 45).
#include "support/text.hpp"
#include "tacho/core/escaping.hpp"
#include "tacho/core/translation.hpp"
#include "tacho/core/utf8.hpp"
#include "tacho/export/endpoint.hpp"
#include "tacho/instrument/named.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using tacho::escaping;
using tacho::instrument_kind;
using tacho::text_format;
using tacho::translation_strategy;
using tacho::detail::escaped_name;

using labels = std::map<std::string, std::string>;
using lines = std::map<std::pair<std::string, labels>, std::string>;  // of a page: values as they are written

// ---- A page, read.

struct malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class page_reader {
public:
    page_reader(std::string_view page, bool openmetrics) : rest_(page), openmetrics_(openmetrics) {
        while (!rest_.empty() && !ended_) line();
        need(rest_.empty(), "there is more behind # EOF");
        need(ended_ == openmetrics_, "# EOF");
    }
    lines samples;
    std::map<std::string, std::string> types, helps;

private:
    static void need(bool holds, std::string const& what) {
        if (!holds) throw malformed{what};
    }

    void line() {
        auto const end = rest_.find('\n');
        need(end != rest_.npos, "a line without an end");
        auto const text = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        if (text == "# EOF")
            ended_ = true;
        else if (text.starts_with("# "))
            comment(text.substr(2));
        else
            sample(text);
    }

    void comment(std::string_view text) {
        auto const word = text.substr(0, text.find(' '));
        text.remove_prefix(word.size() + 1);
        auto const family = name(text);
        need(!text.empty() && text.front() == ' ', "a comment with nothing behind the name");
        text.remove_prefix(1);
        // 45: a family's words come once, before all of its lines, and its lines in one piece.
        if (family != family_) {
            need(families_.insert(family).second, "the family is split: " + family);
            family_ = family;
            has_lines_ = false;
        }
        need(!has_lines_, "words behind the lines of " + family);
        if (word == "TYPE")
            need(types.emplace(family, text).second, "two types of " + family);
        else if (word == "HELP")
            need(helps.emplace(family, unescaped(text, openmetrics_)).second, "two helps of " + family);
        else
            need(word == "UNIT" && openmetrics_ && family.ends_with("_" + std::string{text}), "UNIT of " + family);
    }

    void sample(std::string_view text) {
        std::string called;
        labels of;
        bool const within = text.starts_with('{');
        if (!within) called = name(text);
        if (text.starts_with('{')) {
            do {
                text.remove_prefix(1);
                bool const first = called.empty();
                auto key = name(text);
                if (first) {
                    called = std::move(key);
                    continue;
                }
                need(text.starts_with("=\""), "a label without a value");
                text.remove_prefix(1);
                auto const [at, added] = of.emplace(std::move(key), in_quotes(text));
                need(added, "a label twice: " + at->first);
                need(!at->second.empty(), "a label with nothing in it");
            } while (text.starts_with(','));
            need(text.starts_with('}'), "labels without an end");
            text.remove_prefix(1);
        }
        need(text.starts_with(' ') && text.size() > 1 && text.find(' ', 1) == text.npos, "the number");
        has_lines_ = true;
        need(belongs(called), called + " does not belong to " + family_);
        need(samples.emplace(std::pair{called, of}, text.substr(1)).second, "a series twice: " + called);
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

    // A name, in quotes or not; takes it off.
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
    bool ended_ = false, has_lines_ = false;
    std::string family_;
    std::set<std::string> families_;
};

// ---- A registry, and what should be read of it.

double read(std::string const& text) {
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "+Inf" || text == "-Inf")
        return text[0] == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    double value = -1;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) throw malformed{"no number: " + text};
    return value;
}

class random_registry {
public:
    explicit random_registry(std::uint64_t seed) : random_(seed), how_(static_cast<translation_strategy>(pick(4))) {
        for (auto n = 1 + pick(6); n != 0; --n) add();
    }

    [[nodiscard]] tacho::registry& registry() { return registry_; }
    [[nodiscard]] std::size_t registered() const { return registered_; }

    // The values of lines, as numbers.
    [[nodiscard]] std::map<std::pair<std::string, labels>, double> expected(bool openmetrics, escaping names,
                                                                            bool created) const {
        std::map<std::pair<std::string, labels>, double> out;
        for (auto const& [key, s] : series_) {
            auto const name = escaped_name(key.first, names);
            labels of;
            for (auto const& [label, value] : key.second) of[escaped_name(label, names)] = value;
            bool const dated = openmetrics && created;
            if (s.kind != instrument_kind::histogram) {
                out[{name, of}] = s.value;
                if (dated && s.kind == instrument_kind::counter && name.ends_with("_total"))
                    out[{name.substr(0, name.size() - 6) + "_created", of}] = 1.7e9;
                continue;
            }
            double up_to = 0;
            for (std::size_t i = 0; i <= s.bounds.size(); ++i) {
                up_to += s.buckets[i];
                auto with = of;
                char text[40];
                auto* const write =
                    openmetrics ? tacho::detail::write_openmetrics_bound : tacho::detail::write_canonical;
                auto const bound = i < s.bounds.size() ? s.bounds[i] : std::numeric_limits<double>::infinity();
                with["le"] = std::string{text, write(bound, text)};
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

private:
    struct series {
        instrument_kind kind;
        double value = 0;  // of a histogram: its sum
        std::vector<double> bounds, buckets;
    };

    std::size_t pick(std::size_t of) { return static_cast<std::size_t>(random_() % of); }

    // Few characters, so that names clash, with one another and with what escapings make of them.
    std::string some_name() {
        static constexpr std::string_view first = "aUl", more = "a_..-/2eU";
        static constexpr std::string_view ends[] = {"",     "",        "",       "_total",  ".total",
                                                    "_sum", ".bucket", "_bytes", "_created"};
        std::string name{first[pick(first.size())]};
        for (auto n = pick(5); n != 0; --n) name += more[pick(more.size())];
        return name.append(ends[pick(std::size(ends))]);
    }
    // Anything: quotes, backslashes, ends of lines, any plane of Unicode, and bytes that are no text.
    std::string some_text() {
        static constexpr std::string_view pieces[] = {"a",
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
        std::string text;
        for (auto n = pick(6); n != 0; --n) text += pieces[pick(std::size(pieces))];
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

    void add() {
        static constexpr std::string_view units[] = {"", "", "s", "By", "1", "{thing}", "%"};
        auto const name = some_name(), help = some_text();
        std::vector<std::string> keys;
        for (auto n = pick(3); n != 0; --n) keys.push_back(some_name());
        tacho::instrument_options options{.name = name, .description = help, .unit = units[pick(std::size(units))]};
        for (auto const& key : keys) options.labels.push_back(key);
        switch (pick(3)) {
            case 0: return record(tacho::add_counter(registry_, options), options, instrument_kind::counter);
            case 1: return record(tacho::add_gauge(registry_, options), options, instrument_kind::gauge);
            default:
                for (double bound = static_cast<double>(pick(4)) - 1; options.bounds.size() < 1 + pick(6);
                     bound += 0.125 + static_cast<double>(pick(64)))
                    options.bounds.push_back(bound);
                return record(tacho::add_histogram(registry_, options), options, instrument_kind::histogram);
        }
    }

    template <class Instrument>
    void record(Instrument made, tacho::instrument_options const& o, instrument_kind kind) {
        if (!made.ok()) return;
        ++registered_;
        std::string const shown{tacho::prometheus_name(o.name, o.unit, kind, how_).view()};
        for (auto n = o.labels.empty() ? 1 : 1 + pick(3); n != 0; --n) {
            std::vector<std::string> values;
            labels of;
            for (auto const& label : o.labels) {
                values.push_back(some_text());
                auto const clean = tacho::to_utf8(values.back());
                if (!clean.empty()) of[std::string{tacho::prometheus_label_name(label, how_).view()}] = clean;
            }
            std::vector<std::string_view> const views{values.begin(), values.end()};
            auto& s = series_.try_emplace({shown, of}, series{kind, 0, o.bounds, {}}).first->second;
            s.buckets.resize(o.bounds.size() + 1);
            auto const handle = made.bind(views);
            if constexpr (requires { handle.set(1.0); }) {
                s.value = some_double();
                handle.set(s.value);
            } else if constexpr (requires { handle.inc(1u); }) {
                std::uint64_t const by = random_() >> (11 + pick(53));
                handle.inc(by);
                s.value += static_cast<double>(by);
            } else {
                for (auto k = pick(5); k != 0; --k) {
                    auto const value = static_cast<double>(pick(1600)) / 8 - (pick(4) == 0 ? 2 : 0);
                    handle.observe(value);
                    s.value += value;
                    auto const at = std::lower_bound(o.bounds.begin(), o.bounds.end(), value) - o.bounds.begin();
                    ++s.buckets[static_cast<std::size_t>(at)];
                }
            }
        }
        made_.push_back(std::make_shared<Instrument>(std::move(made)));
    }

    std::mt19937_64 random_;
    translation_strategy how_;
    std::size_t registered_ = 0;
    tacho::registry registry_{tacho::registry_options{.translation = how_, .now = &test::fixed_time}};
    std::map<std::pair<std::string, labels>, series> series_;
    std::vector<std::shared_ptr<void>> made_;
};

bool is_same(double a, double b) {
    return (std::isnan(a) && std::isnan(b)) || a == b;
}

void expect_read_back(std::uint64_t seed, std::size_t& registered) {
    random_registry some{seed};
    registered += some.registered();
    for (bool const created : {false, true}) {
        tacho::endpoint endpoint{some.registry(), {.about = {{"service.name", "x"}}, .created = created}};
        for (auto const format :
             {"text/plain;version=0.0.4", "text/plain;version=1.0.0", "application/openmetrics-text;version=1.0.0"})
            for (auto const names : {escaping::underscores, escaping::allow_utf_8, escaping::dots, escaping::values}) {
                bool const openmetrics = std::string_view{format}.starts_with("app");
                auto const accept = std::string{format} + ";escaping=" + std::string{to_string(names)};
                auto const answer = endpoint.respond({.accept = accept});
                std::string const page{answer.body()};
                SCOPED_TRACE(accept + " of seed " + std::to_string(seed) + "\n" + page);
                ASSERT_NE(answer.content_type().find(std::string_view{format}.substr(0, 10)), std::string_view::npos);
                try {
                    page_reader got{page, openmetrics};
                    auto const expected = some.expected(openmetrics, names, created);
                    std::size_t of_resource = 0;
                    for (auto const& [key, text] : got.samples) {
                        if (key.first == "target_info") {
                            ++of_resource;
                            continue;
                        }
                        auto const at = expected.find(key);
                        ASSERT_NE(at, expected.end()) << key.first << " was not recorded";
                        EXPECT_TRUE(is_same(read(text), at->second)) << key.first << ' ' << text;
                        // Whole counts are written in full, never with an exponent.
                        if (key.first.ends_with("_count")) {
                            EXPECT_EQ(text.find_first_of(".e"), text.npos);
                        }
                    }
                    EXPECT_EQ(of_resource, 1u);
                    EXPECT_EQ(got.samples.size() - of_resource, expected.size());
                } catch (std::exception const& e) {
                    FAIL() << e.what();
                }
            }
    }
}

// CONFORMANCE 1.9, 26, 29, 30, 34, 37, 45, 62, 63
TEST(any_registry, is_read_back_as_it_was_recorded_in_each_format_and_escaping) {
    test::heard const quiet;  // names that clash are refused, and said
    std::size_t registered = 0;
    for (std::uint64_t seed = 0; seed < 1000 && !HasFatalFailure() && !HasNonfatalFailure(); ++seed)
        expect_read_back(seed, registered);
    EXPECT_GT(registered, 2000u);
}

// The reader itself finds what real readers accept.
TEST(the_reader, refuses_what_is_wrong) {
    auto const is_wrong = [](std::string_view page, bool openmetrics = false) {
        try {
            page_reader const read{page, openmetrics};
            return false;
        } catch (malformed const&) {
            return true;
        }
    };
    EXPECT_FALSE(is_wrong("# TYPE a gauge\na 1\na{b=\"1\"} 2\n"));
    EXPECT_FALSE(is_wrong("# TYPE a counter\na_total 1\n# EOF\n", true));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\na 1\na 1\n"));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n"));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\na{b=\"\"} 1\n"));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\na 1\n# HELP a x\n"));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na{c=\"1\"} 1\n"));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\nb 1\n"));
    EXPECT_TRUE(is_wrong("# TYPE a counter\na 1\n# EOF\n", true));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\na 1\n", true));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\na 1\n# EOF\na{b=\"1\"} 1\n", true));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\n{\"a\"} 1\n"));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\na{b=\"\\x\"} 1\n"));
    EXPECT_TRUE(is_wrong("# TYPE a gauge\na 1"));
}

}  // namespace
