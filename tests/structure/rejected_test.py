# SPDX-License-Identifier: MIT
"""Compiles what must not compile, and beside it what it should have been, which must."""
import contextlib
import functools
import pathlib
import re
import shlex
import sys
import tempfile

from toolchain import FLAGS, INCLUDE, compile_text, report, run

BEFORE = '''
enum class verb { get, post };
consteval auto label_values(verb) { return tacho::labels<verb>({{verb::get, "GET"}, {verb::post, "POST"}}); }
enum class colour { red, blue };
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
namespace many_states {
enum class of_63 {};
enum class of_64 {};
template <class E, std::size_t N> consteval auto first() {
    tacho::enum_labels<E, N> out{};
    for (std::size_t i = 0; i < N; ++i) out.entries[i] = {static_cast<E>(i), letters.substr(i, 1)};
    return out;
}
consteval auto label_values(of_63) { return first<of_63, 63>(); }
consteval auto label_values(of_64) { return first<of_64, 64>(); }
}
using requests = tacho::counter<"requests", tacho::label<"verb", verb>, tacho::label<"code", int>>;
using plain = tacho::counter<"plain">;
using traced = tacho::counter<"traced", tacho::exemplars>;
using texts = tacho::counter<"texts", tacho::label<"text">>;
using queues = tacho::observable_gauge<"queues", tacho::label<"verb", verb>, tacho::label<"code", int>>;
using level = tacho::observable_gauge<"level">;
'''
def labels_of(count, *types):
    return ', '.join('tacho::label<' + ', '.join([f'"l{i}"', *types]) + '>' for i in range(count))


DISTINCT = 'label_texts_must_be_distinct_and_not_empty'
INCREASING = 'histogram_bounds_must_be_finite_and_strictly_increasing'

# What is wrong: words that the compiler's first error must say, the wrong code, the right code, and a header if
# record.hpp lacks it.
CASES = {
    'an exemplar\'s label with a dot': (
        'exemplar_label_must_have_a_name_of_prometheus', 'traced c; c.inc(1, {{"a.b", "1"}});',
        'traced c; c.inc(1, {{"a_b", "1"}});'),
    'an exemplar\'s label that is no literal': (
        'const', 'traced c; std::string name = "a"; c.inc(1, {{name.c_str(), "1"}});',
        'traced c; std::string value = "a"; c.inc(1, {{"a", value}});'),
    'an exemplar where none is kept': (
        'it_keeps_no_exemplars_so_add_tacho_exemplars_to_its_options', 'plain c; c.inc(1, {{"a", "1"}});', 'traced c; c.inc(1, {{"a", "1"}});'),
    'a gauge with exemplars': (
        'only counters and histograms with bounds keep exemplars', 'tacho::gauge<"g", tacho::exemplars> g;',
        'tacho::histogram<"g", tacho::exemplars> g;'),
    'a name that begins with a digit': (
        "an instrument's name begins with a letter", 'tacho::counter<"2nd"> c;', 'tacho::counter<"second"> c;'),
    'a name with a space': ("an instrument's name begins with a letter", 'tacho::gauge<"a b"> c;', 'tacho::gauge<"a.b"> c;'),
    'a label name with a space': (
        "a label's name begins with a letter", 'tacho::counter<"c", tacho::label<"a b">> c;',
        'tacho::counter<"c", tacho::label<"a_b">> c;'),
    'the same label twice': (
        'labels have distinct names', 'tacho::counter<"c", tacho::label<"a">, tacho::label<"a">> c;',
        'tacho::counter<"c", tacho::label<"a">, tacho::label<"b">> c;'),
    'too few label values': ('a_label_value_is_missing_so_give_one_for_each_label', 'requests c; c(verb::get).inc();', 'requests c; c(verb::get, 200).inc();'),
    'too many label values': (
        'there_are_more_label_values_than_labels_so_give_one_for_each_label', 'requests c; c(verb::get, 200, 1).inc();', 'requests c; c(verb::get, 200).inc();'),
    'label values in another order': (
        'label_at_place_takes_a_value_of_its_own_type_and_none_of_this<1,', 'requests c; c(200, verb::get).inc();', 'requests c; c(verb::get, 200).inc();'),
    'another enum': ('label_at_place_takes_a_value_of_its_own_type_and_none_of_this<1,', 'requests c; c(colour::red, 1).inc();', 'requests c; c(verb::get, 1).inc();'),
    'an integer that may not fit': (
        'label_at_place_takes_a_value_of_its_own_type_and_none_of_this<2,', 'requests c; c(verb::get, 200L).inc();', 'requests c; c(verb::get, short{200}).inc();'),
    'a fraction for an integer': (
        'label_at_place_takes_a_value_of_its_own_type_and_none_of_this<2,', 'requests c; c(verb::get, 2.5).inc();', 'requests c; c(verb::get, 2).inc();'),
    'nullptr for a text': ('label_at_place_takes_a_value_of_its_own_type_and_none_of_this<1,', 'texts c; c(nullptr).inc();', 'texts c; c("").inc();'),
    'an integer for a text': ('label_at_place_takes_a_value_of_its_own_type_and_none_of_this<1,', 'texts c; c(7).inc();', 'texts c; c("7").inc();'),
    'a handle of too few labels': (
        'a_label_value_is_missing_so_give_one_for_each_label', 'requests c; auto h = c.bind(verb::get); h.inc();',
        'requests c; auto h = c.bind(verb::get, 200); h.inc();'),
    'a kept look-up': (
        'it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place', 'texts c; auto&& s = c("a"); s.inc();', 'texts c; auto const s = c.bind("a"); s.inc();'),
    'the removal of what has other labels': (
        'label_at_place_takes_a_value_of_its_own_type_and_none_of_this<2,', 'requests c; c.remove(verb::get, "200");', 'requests c; c.remove(verb::get, 200);'),
    'expiry of what has no labels': (
        "the one series of an instrument without labels is always there", 'tacho::counter<"c", tacho::expire_after<5>> c;',
        'tacho::counter<"c", tacho::expire_after<5>, tacho::label<"a">> c;'),
    'an enum without label_values()': (
        "a label's values are text", 'tacho::counter<"c", tacho::label<"a", colour>> c; c(colour::red).inc();',
        'tacho::counter<"c", tacho::label<"a", verb>> c; c(verb::get).inc();'),
    'an empty text in a closed list': (
        'none of them empty', 'tacho::counter<"c", tacho::label<"a", tacho::one_of<"x", "">>> c; c("x").inc();',
        'tacho::counter<"c", tacho::label<"a", tacho::one_of<"x", "y">>> c; c("x").inc();'),
    'a counter with labels that is incremented': (
        'it_has_labels_so_look_up_a_series_first', 'requests c; c.inc();', 'requests c; c(verb::get, 200).inc();'),
    'a counter with labels that counts exceptions': (
        'it_has_labels_so_look_up_a_series_first', 'requests c; auto const g = c.count_exceptions();',
        'requests c; auto const g = c(verb::get, 200).count_exceptions();'),
    'a batch of a counter with labels': (
        'it_has_labels_so_look_up_a_series_first', 'requests c; auto b = c.batch();',
        'requests c; auto const h = c.bind(verb::get, 200); auto b = h.batch();'),
    'a gauge with labels that is set': (
        'it_has_labels_so_look_up_a_series_first', 'tacho::gauge<"g", tacho::label<"a">> g; g.set(1);',
        'tacho::gauge<"g", tacho::label<"a">> g; g("x").set(1);'),
    'an up-down counter with labels that is tracked': (
        'it_has_labels_so_look_up_a_series_first', 'tacho::up_down_counter<"u", tacho::label<"a">> u; auto const t = u.track();',
        'tacho::up_down_counter<"u", tacho::label<"a">> u; auto const t = u("x").track();'),
    'a histogram with labels that observes': (
        'it_has_labels_so_look_up_a_series_first', 'tacho::histogram<"h", tacho::label<"a">> h; h.observe(1);',
        'tacho::histogram<"h", tacho::label<"a">> h; h("x").observe(1);'),
    'an exponential histogram with labels that observes': (
        'it_has_labels_so_look_up_a_series_first', 'tacho::exponential_histogram<"h", tacho::label<"a">> h; h.observe(1);',
        'tacho::exponential_histogram<"h", tacho::label<"a">> h; h("x").observe(1);'),
    'a state set with labels that is set': (
        'it_has_labels_so_look_up_a_series_first', 'tacho::state_set<"s", verb, tacho::label<"a">> s; s.set(verb::get);',
        'tacho::state_set<"s", verb, tacho::label<"a">> s; s("x").set(verb::get);'),
    'a time for a histogram of bytes': (
        'its_unit_is_none_of_time_so_give_it_tacho_unit_seconds', 'tacho::histogram<"h", tacho::unit::bytes> h; h.observe(std::chrono::seconds{1});',
        'tacho::histogram<"h", tacho::unit::seconds> h; h.observe(std::chrono::seconds{1});'),
    'a time for a handle of bytes': (
        'its_unit_is_none_of_time_so_give_it_tacho_unit_seconds',
        'tacho::exponential_histogram<"h", tacho::unit::bytes> h; h.bind().observe(std::chrono::seconds{1});',
        'tacho::exponential_histogram<"h", tacho::unit::seconds> h; h.bind().observe(std::chrono::seconds{1});'),
    'a timer of a look-up of bytes': (
        'its_unit_is_none_of_time_so_give_it_tacho_unit_seconds',
        'tacho::histogram<"h", tacho::unit::bytes, tacho::label<"a">> h; auto const t = h("x").time();',
        'tacho::histogram<"h", tacho::unit::seconds, tacho::label<"a">> h; auto const t = h("x").time();'),
    'a fraction for a handle of integers': (
        'it_counts_whole_numbers_so_add_the_option_double', 'plain c; c.bind().inc(0.5);', 'plain c; c.bind().inc(5);'),
    'a fraction for a look-up of integers': (
        'it_counts_whole_numbers_so_add_the_option_double', 'texts c; c("a").inc(0.5);', 'texts c; c("a").inc(5);'),
    'a fraction for an up-down counter of integers': (
        'it_counts_whole_numbers_so_add_the_option_double', 'tacho::up_down_counter<"u"> u; u.dec(0.5);',
        'tacho::up_down_counter<"u", double> u; u.dec(0.5);'),
    'a fraction for a look-up of an up-down counter': (
        'it_counts_whole_numbers_so_add_the_option_double',
        'tacho::up_down_counter<"u", tacho::label<"a">> u; u("x").inc(0.5);',
        'tacho::up_down_counter<"u", double, tacho::label<"a">> u; u("x").inc(0.5);'),
    'a fraction for a handle of an up-down counter': (
        'it_counts_whole_numbers_so_add_the_option_double', 'tacho::up_down_counter<"u"> u; u.bind().inc(0.5f);',
        'tacho::up_down_counter<"u"> u; u.bind().inc(-5);'),
    'a fraction for a gauge of integers': (
        'its_values_are_whole_numbers_so_round_them_or_leave_out_its_option',
        'tacho::gauge<"g", std::int64_t> g; g.set(0.5);', 'tacho::gauge<"g"> g; g.set(0.5); g.set(5);'),
    'a fraction for a look-up of a gauge of integers': (
        'its_values_are_whole_numbers_so_round_them_or_leave_out_its_option',
        'tacho::gauge<"g", std::int64_t, tacho::label<"a">> g; g("x").inc(0.5);',
        'tacho::gauge<"g", std::int64_t, tacho::label<"a">> g; g("x").inc(5);'),
    'a fraction for a handle of a gauge of integers': (
        'its_values_are_whole_numbers_so_round_them_or_leave_out_its_option',
        'tacho::gauge<"g", std::int64_t> g; g.bind().dec(0.5);', 'tacho::gauge<"g", std::int64_t> g; g.bind().dec(5u);'),
    'a text for a counter of doubles': (
        'it_counts_numbers_so_give_it_one', 'tacho::counter<"c", double> c; c.inc("1");',
        'tacho::counter<"c", double> c; c.inc(1);'),
    'a kept look-up of a gauge': (
        'it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place',
        'tacho::gauge<"g", tacho::label<"a">> g; auto&& s = g("a"); s.set(1);',
        'tacho::gauge<"g", tacho::label<"a">> g; auto const s = g.bind("a"); s.set(1);'),
    'a kept look-up of a histogram': (
        'it_is_for_use_at_once_so_keep_what_bind_gives_in_its_place',
        'tacho::histogram<"h", tacho::label<"a">> h; auto&& s = h("a"); s.observe(1);',
        'tacho::histogram<"h", tacho::label<"a">> h; auto const s = h.bind("a"); s.observe(1);'),
    'a copied instrument': ('deleted', 'plain c; plain d{c};', 'plain c; plain& d{c}; d.inc();'),
    'a fraction for a counter of integers': ('it_counts_whole_numbers_so_add_the_option_double', 'plain c; c.inc(0.5);',
                                             'tacho::counter<"c", double> c; c.inc(0.5);'),
    'bounds that fall': (INCREASING, 'tacho::histogram<"h"> h{r, "", {2, 1}};',
                         'tacho::histogram<"h"> h{r, "", {1, 2}};'),
    'a bound twice': (INCREASING, 'tacho::histogram<"h"> h{r, "", {1, 1}};', 'tacho::histogram<"h"> h{r, "", {1}};'),
    'a gauge with cells of one\'s own': (
        "only counters and up-down counters take a cell policy of one's own",
        'struct own : tacho::cells::shared {}; tacho::gauge<"g", own> g;',
        'struct own : tacho::cells::shared {}; tacho::counter<"g", own> g;'),
    'cells that may throw': (
        "an instrument's options are",
        'struct own : tacho::cells::shared { static void add(std::atomic<std::uint64_t>*, double) {} }; '
        'tacho::counter<"c", own> c;',
        'struct own : tacho::cells::shared { static void add(std::atomic<std::uint64_t>*, double) noexcept {} }; '
        'tacho::counter<"c", own> c;'),
    'an observable with cells of one\'s own': (
        "an observable can't be sharded",
        'struct own : tacho::cells::shared {}; tacho::observable_counter<"c", own> c{r};',
        'tacho::observable_counter<"c", tacho::cells::shared> c{r};'),
    'a sharded gauge': ("a gauge can't be sharded", 'tacho::gauge<"g", tacho::cells::sharded> g;',
                        'tacho::gauge<"g", tacho::cells::shared> g;'),
    'an enum value without a text': (
        DISTINCT, 'constexpr auto l = tacho::labels<colour>({{colour::red, ""}}); static_cast<void>(l);',
        'constexpr auto l = tacho::labels<colour>({{colour::red, "red"}}); static_cast<void>(l);'),
    'two enum values with one text': (
        DISTINCT, 'constexpr auto l = tacho::labels<colour>({{colour::red, "r"}, {colour::blue, "r"}});',
        'constexpr auto l = tacho::labels<colour>({{colour::red, "r"}, {colour::blue, "b"}}); static_cast<void>(l);'),
    'an info of no labels': ('an info has labels', 'tacho::info<"i"> i;', 'tacho::info<"i", tacho::label<"a">> i;'),
    'an info with a unit': (
        "an info's value is always 1", 'tacho::info<"i", tacho::label<"a">, tacho::unit::seconds> i;',
        'tacho::info<"i", tacho::label<"a">> i; i.set("x");'),
    'an info that expires': (
        'an info shows what was set last', 'tacho::info<"i", tacho::label<"a">, tacho::expire_after<60>> i;',
        'tacho::info<"i", tacho::label<"a">, tacho::series_limit<60>> i;'),
    'too few values of an info': (
        'a_label_value_is_missing_so_give_one_for_each_label', 'tacho::info<"i", tacho::label<"a">, tacho::label<"b">> i; i.set("x");',
        'tacho::info<"i", tacho::label<"a">, tacho::label<"b">> i; i.set("x", "y");'),
    'the look-up of an info': (
        'inaccessible|private|protected', 'tacho::info<"i", tacho::label<"a">> i; static_cast<void>(i("x"));',
        'tacho::info<"i", tacho::label<"a">> i; i.set("x");'),
    'a state set of an enum without label values': (
        'constraint', 'tacho::state_set<"s", colour> s;', 'tacho::state_set<"s", verb> s;'),
    'a state set with a unit': (
        "a state set's values are 0 and 1", 'tacho::state_set<"s", verb, tacho::unit::seconds> s;',
        'tacho::state_set<"s", verb> s; s.set(verb::get, true);'),
    'a state set with a label of its own name': (
        "a state set's name is also the label", 'tacho::state_set<"s.t", verb, tacho::label<"s_t">> s;',
        'tacho::state_set<"s.t", verb, tacho::label<"s_u">> s; s("a").set(verb::get);'),
    'a state set called as a label of the scope': (
        "none of OpenTelemetry's own", 'tacho::state_set<"otel.scope.name", verb> s;',
        'tacho::state_set<"scope.name", verb> s;'),
    'a state set of 64 states': (
        'at most 63 states', 'tacho::state_set<"s", many_states::of_64> s;', 'tacho::state_set<"s", many_states::of_63> s;'),
    'a state of another enum': (
        'set', 'tacho::state_set<"s", verb> s; s.set(colour::red);', 'tacho::state_set<"s", verb> s; s.set(verb::get);'),
    'a zero threshold below zero': (
        'zero_threshold_must_be_finite_and_not_negative',
        'tacho::exponential_histogram<"e"> e{r, "", tacho::zero_threshold{-1}};',
        'tacho::exponential_histogram<"e"> e{r, "", tacho::zero_threshold{1}};'),
    'more buckets than an exponential histogram can have': (
        '4 to 168 buckets', 'tacho::exponential_histogram<"e", tacho::max_buckets<169>> e;',
        'tacho::exponential_histogram<"e", tacho::max_buckets<168>> e;'),
    'buckets for another instrument': (
        "an instrument's options are", 'tacho::histogram<"e", tacho::max_buckets<100>> e;',
        'tacho::exponential_histogram<"e", tacho::max_buckets<100>> e;'),
    'two numbers of buckets': (
        'has one max_buckets', 'tacho::exponential_histogram<"e", tacho::max_buckets<9>, tacho::max_buckets<9>> e;',
        'tacho::exponential_histogram<"e", tacho::unit::seconds, tacho::max_buckets<9>> e;'),
    'bounds of an exponential histogram': (
        'no matching|no known conversion', 'tacho::exponential_histogram<"e"> e{r, "", tacho::bounds{1, 2}};',
        'tacho::exponential_histogram<"e"> e{r, "", tacho::zero_threshold{0.5}};'),
    'an exponential histogram of integers': (
        'an exponential histogram observes doubles', 'tacho::exponential_histogram<"e", std::int64_t> e;',
        'tacho::exponential_histogram<"e", double> e;'),
    'the time of what has no unit of time': (
        'its_unit_is_none_of_time_so_give_it_tacho_unit_seconds', 'tacho::histogram<"h", tacho::unit::bytes> h; auto t = h.time();',
        'tacho::histogram<"h", tacho::unit::seconds> h; auto t = h.time();'),
    'observed label values in another order': (
        'observe_takes_a_number_then_one_value_for_each_label_in_order', 'queues q{r, "", [](auto& observe) { observe(1, 200, verb::get); }};',
        'queues q{r, "", [](auto& observe) { observe(1, verb::get, 200); }};'),
    'an observed value without its labels': (
        'observe_takes_a_number_then_one_value_for_each_label_in_order', 'queues q{r, "", [](auto& observe) { observe(1); }};',
        'queues q{r, "", [](auto& observe) { observe(1, verb::get, 200); }};'),
    'an observed value that is no number': (
        'observe_takes_a_number_then_one_value_for_each_label_in_order', 'level l{r, "", [](auto& observe) { observe("1"); }};',
        'level l{r, "", [](auto& observe) { observe(1); }};'),
    'an observed fraction of an integer': (
        "what an observable's callable returns is a number of its own type",
        'tacho::observable_counter<"c"> c{r, "", [] { return 0.5; }};',
        'tacho::observable_counter<"c", double> c{r, "", [] { return 0.5; }};'),
    'a callable that gives one value where there are labels': (
        "an observable's callable returns a number", 'queues q{r, "", [] { return 1; }};',
        'queues q{r, "", [](auto& observe) { observe(1, verb::post, 1); }};'),
    'an observable that is incremented': ('inc', 'level l{r}; l.inc();', 'tacho::gauge<"level"> l{r}; l.inc();'),
    'a sharded observable': (
        "an observable can't be sharded", 'tacho::observable_counter<"c", tacho::cells::sharded> c{r};',
        'tacho::observable_counter<"c", tacho::cells::shared> c{r};'),
    'an observable counter of signed integers': (
        'a counter counts std::uint64_t', 'tacho::observable_counter<"c", std::int64_t> c{r};',
        'tacho::observable_counter<"c", std::uint64_t> c{r};'),
    'an observation of label values in another order': (
        'observe_takes_an_observable_then_a_number_then_its_label_values_in_order', 'queues q{r}; tacho::observation o{[&](tacho::observer& see) { see(q, 1, 200, verb::get); }, q};',
        'queues q{r}; tacho::observation o{[&](tacho::observer& see) { see(q, 1, verb::get, 200); }, q};'),
    'an observation that gives an instrument named at run time text for a number': (
        'no match|no matching', 'auto n = tacho::add_observable_gauge(r, {.name = "n", .labels = {"a"}}); '
        'tacho::observation o{[&](tacho::observer& see) { see(n, "mail", {"mail"}); }, n};',
        'auto n = tacho::add_observable_gauge(r, {.name = "n", .labels = {"a"}}); '
        'tacho::observation o{[&](tacho::observer& see) { see(n, 1, {"mail"}); }, n};'),
    'an observation of what records': (
        'observation', 'plain c; tacho::observation o{[](tacho::observer&) {}, c};',
        'level l{r}; tacho::observation o{[](tacho::observer&) {}, l};'),
    'an observation of nothing': (
        'observation', 'tacho::observation o{[](tacho::observer&) {}};',
        'level l{r}; tacho::observation o{[](tacho::observer&) {}, l};'),
    'an observation whose callable takes nothing': (
        "an observation's callable takes", 'level l{r}; tacho::observation o{[] { return 1; }, l};',
        'level l{r}; tacho::observation o{[&](auto& see) { see(l, 1); }, l};'),
    'a histogram of integers': (
        'a histogram observes doubles', 'tacho::histogram<"h", std::int64_t> h;', 'tacho::histogram<"h", double> h;'),
    'a gauge of unsigned integers': (
        'a gauge holds a double', 'tacho::gauge<"g", std::uint64_t> g;', 'tacho::gauge<"g", std::int64_t> g;'),
    'an up-down counter of unsigned integers': (
        'an up-down counter counts', 'tacho::up_down_counter<"u", std::uint64_t> u;',
        'tacho::up_down_counter<"u", std::int64_t> u;'),
    'a unit of 64 characters': (
        'a unit has at most 63 characters', 'tacho::gauge<"g", tacho::unit::of<"' + 'u' * 64 + '">> g;',
        'tacho::gauge<"g", tacho::unit::of<"' + 'u' * 63 + '">> g;'),
    'a limit of no series': (
        'a series limit is at least 1', 'tacho::counter<"c", tacho::label<"a">, tacho::series_limit<0>> c;',
        'tacho::counter<"c", tacho::label<"a">, tacho::series_limit<1>> c;'),
    'expiry at once': (
        'a series expires after one second', 'tacho::counter<"c", tacho::label<"a">, tacho::expire_after<0>> c;',
        'tacho::counter<"c", tacho::label<"a">, tacho::expire_after<1>> c;'),
    'a unit with a blank': (
        'a unit is a UCUM code, of ASCII without blanks', 'tacho::gauge<"g", tacho::unit::of<"per second">> g;',
        'tacho::gauge<"g", tacho::unit::of<"By/s">> g;'),
    'two units': (
        'an instrument has one unit', 'tacho::gauge<"g", tacho::unit::seconds, tacho::unit::bytes> g;',
        'tacho::gauge<"g", tacho::unit::seconds> g;'),
    '17 labels': ('at most 16 labels', f'tacho::counter<"c", {labels_of(17)}> c;', f'tacho::counter<"c", {labels_of(16)}> c;'),
    'a transport that can not send': (
        'a transport has http_outcome post', 'auto t = tacho::telemetry::start(r, {}, 1, tacho::no_listener{}); t.stop();',
        'auto t = tacho::telemetry::start(r, {}, tacho::no_transport{}, tacho::no_listener{}); t.stop();', 'tacho/tacho.hpp'),
    # At a place from the 3rd on; up to that all values are right.
    **{f'a text at the place of the {place} number': (
        f'label_at_place_takes_a_value_of_its_own_type_and_none_of_this<{place},',
        'tacho::counter<"c", ' + labels_of(place, 'int') + '> c; c(' + '1, ' * (place - 1) + '"1").inc();',
        'tacho::counter<"c", ' + labels_of(place, 'int') + '> c; c(' + '1, ' * (place - 1) + '1).inc();')
       for place in (*range(3, 10), 16)},
}


def function(body, number=0):
    return f'void f{number}(tacho::registry& r);\nvoid f{number}([[maybe_unused]] tacho::registry& r) {{ {body} }}\n'


class Prepared:
    """A header, and what all cases have in common behind it, read once by a compiler and not by each case anew."""

    def __init__(self, compiler, header, folder):
        self.compiler, self.folder = compiler, pathlib.Path(folder)
        self.is_clang = 'clang' in compiler
        # To save time alone: bodies of what is no template are left out, and clang instantiates templates once, here.
        self.flags = [f'-I{INCLUDE}', '-DTACHO_SEPARATE_COMPILATION']
        if self.is_clang:
            self.flags += ['-fpch-instantiate-templates']
        self.common = self.folder / 'common.hpp'
        self.common.write_text(f'#include "{header}"\n' + BEFORE)
        self.made = self.folder / ('common.pch' if self.is_clang else 'common.hpp.gch')
        self.wrong = ''
        status, said = run(*shlex.split(compiler), *FLAGS, *self.flags, '-x', 'c++-header', self.common, '-o', self.made)
        if status != 0:
            self.wrong = f'{header} and what the cases have in common: {said}'

    def compile(self, *bodies):
        if self.wrong:
            return self.wrong
        with_it = (['-ferror-limit=0', '-include-pch', self.made] if self.is_clang
                   else ['-Winvalid-pch', '-include', self.common])
        return compile_text(self.compiler, ''.join(function(body, i) for i, body in enumerate(bodies)), *self.flags,
                            *map(str, with_it))


def rejected(prepared, words, wrong):
    said = prepared.compile(wrong)
    if not said:
        return 'it compiles'
    first = (re.split(r'^(?=.*error: )', said, flags=re.M) + [''])[1]
    # Of what is wrong in a constant expression clang's error says only that it is none; a note of it says the rest.
    where = first if '_must_' in words else first.splitlines()[0] if first else ''
    return '' if any(word in where for word in words.split('|')) else f'its first error does not say "{words}": {said}'


def main(compilers):
    checks = []
    with contextlib.ExitStack() as folders:
        for compiler in compilers:
            name = pathlib.Path(shlex.split(compiler)[-1]).name
            headers = {header: Prepared(compiler, header, folders.enter_context(tempfile.TemporaryDirectory()))
                       for header in ('tacho/record.hpp', 'tacho/tacho.hpp')}
            # The right ones in one file: one that is wrong fails them all, and the compiler says which.
            checks.append((f'what is right compiles, {name}', functools.partial(
                headers['tacho/tacho.hpp'].compile, *(case[2] for case in CASES.values()))))
            checks += [(f'{what} does not compile, {name}', functools.partial(
                           rejected, headers[header[0] if header else 'tacho/record.hpp'], words, wrong))
                       for what, (words, wrong, _, *header) in CASES.items()]
        report(checks)


if __name__ == '__main__':
    main(sys.argv[1:])
