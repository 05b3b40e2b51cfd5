// SPDX-License-Identifier: MIT
// Prints numbers and texts that are hard to write, in the format asked for, for readers that others have written:
//     gallery text|text-1.0.0|openmetrics|otlp|otlp-again|otlp-delta PAGE
// What `kinds` should be worth is listed in gallery.py. The series of `numbers` and `texts` say it themselves, in their
// labels, in hexadecimal digits. otlp-again and otlp-delta record everything twice, and print the second push. What is
// refused at registration is said on stderr.
#include "kinds.hpp"

#include <tacho/tacho.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using gallery::double_limits;
using tacho::label;

constexpr tacho::unix_nanos birth = 1'700'000'000'000'000'000u;
tacho::unix_nanos now = birth;
tacho::registry_options options() {
    return {.series_limit = 10'000, .now = []() noexcept { return now; }};
}

// Each one once: what is recorded twice is worth twice as much.
template <class T>
void make_distinct(std::vector<T>& all) {
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
}

// A page: the registry it shows, and what is recorded in it.
struct page {
    tacho::registry registry{options()};
    tacho::resource about{{"service.name", "gallery"}};
    page() = default;
    page(page const&) = delete;
    page& operator=(page const&) = delete;
    virtual ~page() = default;
    virtual void record() = 0;
};

struct empty final : page {
    empty() { about.clear(); }
    void record() override {}
};

// Two scopes that are different only in bytes that no format can carry.
struct broken_scopes final : page {
    tacho::counter<"twin"> one{registry.scope("\xFE"), "Twins"}, other{registry.scope("\xFF"), "Twins"};
    void record() override {
        one.inc(1);
        other.inc(2);
    }
};

// The same of the resource.
struct broken_resource final : page {
    tacho::counter<"single"> single{registry, "Something to push"};
    broken_resource() {
        about.push_back({"\xFE", "1"});
        about.push_back({"\xFF", "2"});
    }
    void record() override { single.inc(); }
};

// Instruments that are called like their units.
struct bare_units final : page {
    tacho::gauge<"seconds", tacho::unit::seconds> seconds{registry, "Seconds in seconds"};
    tacho::counter<"bytes", tacho::unit::bytes> bytes{registry, "Bytes in bytes"};
    void record() override {
        seconds.set(1.5);
        bytes.inc(2);
    }
};

// An instrument that ends and is made again between two pushes, and a series that is removed and made again.
struct reborn final : page {
    std::optional<tacho::counter<"instrument">> instrument;
    tacho::counter<"series", label<"name">> series{registry, "Has one series at a time"};
    void record() override {
        if (instrument) {
            instrument->inc(1);
            series("a").inc(1);
        }
        instrument.reset();
        instrument.emplace(registry, "Lives twice");
        instrument->inc(5);
        series.remove("a");
        series("a").inc(5);
    }
};

// Instruments with the names of what is shown besides them.
struct reserved final : page {
    tacho::gauge<"target"> target{registry, "In OpenMetrics the name of target_info"};
    tacho::gauge<"target.info"> info{registry, "In text"};
    void record() override {
        target.set(2);
        info.set(3);
    }
};

// Every kind of instrument, label and unit.
struct kinds final : page {
    gallery::every_kind all{registry};
    void record() override { all.record(); }
};

// The bytes of a text: `61 62*3` for "abbb", so that a long text has a short name.
std::string hex(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size();) {
        auto const run = std::min(bytes.find_first_not_of(bytes[i], i), bytes.size()) - i;
        for (int const shift : {4, 0}) out += "0123456789abcdef"[(static_cast<unsigned char>(bytes[i]) >> shift) & 15];
        if (run > 1) out += '*' + std::to_string(run);
        out += ' ';
        i += run;
    }
    return out;
}
std::string hex(std::uint64_t bits) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(bits));
    return text;
}

// The label `bits` of each series says what its number, or the one observation in it, should be.
struct numbers final : page {
    std::vector<std::uint64_t> words;
    tacho::gauge<"gauge.double", label<"bits">> gauge_double{registry, "Doubles"};
    tacho::gauge<"gauge.integer", std::int64_t, label<"bits">> gauge_integer{registry, "Integers"};
    tacho::counter<"counter.integer", label<"bits">> counter_integer{registry, "Unsigned integers"};
    tacho::counter<"counter.double", double, label<"bits">> counter_double{registry, "Doubles that are not negative"};
    tacho::histogram<"histogram", label<"bits">> histogram{
        registry, "The same", {5e-324, 1e-300, 0.1, 0.3, 1, 1.5, 123456.789, 1e6, 1e21, 1e300}};

    numbers() {
        for (double const d : {0.0,
                               -0.0,
                               0.1,
                               0.3,
                               1.0,
                               1.5,
                               1e5,
                               999999.0,
                               1e6,
                               1234567.0,
                               1e15,
                               1e16,
                               9007199254740991.0,
                               9007199254740992.0,
                               9007199254740994.0,
                               1e21,
                               1e22,
                               1e23,
                               1e-4,
                               1e-5,
                               5e-324,
                               2.2250738585072014e-308,
                               double_limits::max(),
                               double_limits::infinity(),
                               double_limits::quiet_NaN(),
                               0.1 + 0.2,
                               100.0,
                               123456.789,
                               1e300}) {
            words.push_back(std::bit_cast<std::uint64_t>(d));
            words.push_back(std::bit_cast<std::uint64_t>(-d));
        }
        for (int i = 0; i < 64; ++i)
            for (std::uint64_t const near : {0u, 1u, 2u}) words.push_back((std::uint64_t{1} << i) + near - 1);
        std::mt19937_64 random{1};
        for (int i = 0; i < 500; ++i) words.push_back(random());
        for (int i = 0; i < 500; ++i)  // of a size that people measure
            words.push_back(std::bit_cast<std::uint64_t>(
                std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 100) - 80)));
        make_distinct(words);
    }
    void record() override {
        for (auto const w : words) {
            auto const bits = hex(w);
            auto const d = std::bit_cast<double>(w);
            gauge_double(bits).set(d);
            gauge_integer(bits).set(std::bit_cast<std::int64_t>(w));
            counter_integer(bits).inc(w);
            counter_double(bits).inc(d);  // dropped unless it is finite and not negative
            histogram(bits).observe(d);
        }
    }
};

// The label `hex` of each series says the bytes of its label `text`, its description or its scope, and of an attribute
// of the resource.
struct texts final : page {
    std::vector<std::string> all{"",
                                 " ",
                                 " blanks around ",
                                 "\\",
                                 "\\\\n",
                                 "\\n",
                                 "\"",
                                 "\\\"",
                                 "\n",
                                 "\n\n",
                                 "\r\n",
                                 "\t",
                                 std::string{"\0", 1},
                                 std::string{"a\0b", 3},
                                 "{}",
                                 "a=\"b\",c=\"d\"",
                                 "} 1",
                                 " # {} 1",
                                 "# EOF",
                                 "\x7F",
                                 "\x01\x1F",
                                 "NaN",
                                 "\xC3\xA9",
                                 "e\xCC\x81",
                                 "\xE6\x97\xA5\xE6\x9C\xAC",
                                 "\xF0\x9F\x98\x80",
                                 "\xF4\x8F\xBF\xBF",
                                 "\xEF\xBF\xBD",
                                 "\xEF\xBB\xBF",
                                 "\xE2\x80\xA8\xE2\x80\xAE\xC2\x85",
                                 "\xFF",
                                 "\x80",
                                 "\xC3",
                                 "\xC0\xAF",
                                 "\xE0\x80\x80",
                                 "\xED\xA0\x80",
                                 "\xF4\x90\x80\x80",
                                 "\xE6\x97",
                                 "\xF0\x9F\x98",
                                 "a\xF0\x9F\x98\xC3\xA9",
                                 "\xC3\"",
                                 "\xE6\x97\\",
                                 std::string(1024, 'x'),
                                 std::string(1025, 'x'),
                                 std::string(1023, 'x') + "\xC3\xA9",
                                 std::string(5000, '"'),
                                 std::string(2000, '\xFF'),
                                 std::string(1022, 'x') + "\xF0\x9F\x98\x80\xF0\x9F\x98\x80"};
    tacho::counter<"text", label<"hex">, label<"text">> text{registry, "Label values"};
    std::deque<std::string> names;
    std::vector<tacho::named_gauge> described, scoped;

    texts() {
        std::mt19937_64 random{2};
        using namespace std::string_view_literals;
        constexpr auto alphabet = "\\\"\n\r\t\0 {},=#ae\xC3\xA9\x9F\x98\xF0\xE6\x97\xA5\xFF\x80"sv;
        for (int i = 0; i < 300; ++i) {
            std::string made;
            for (auto size = random() % 20; size != 0; --size) made += alphabet[random() % alphabet.size()];
            all.push_back(std::move(made));
        }
        make_distinct(all);
        for (auto const& t : all) {
            auto const n = std::to_string(names.size());
            auto const& name = names.emplace_back("n" + n);
            described.push_back(tacho::add_gauge(registry, {.name = name, .description = t, .labels = {"hex"}}));
            auto const scope = registry.scope(t, t);
            scoped.push_back(tacho::add_gauge(scope, {.name = "s" + n, .description = "s", .labels = {"hex"}}));
            about.push_back({"r" + n, t});
        }
    }
    void record() override {
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto const digits = hex(all[i]);
            text(digits, all[i]).inc();
            described[i].bind({digits}).set(1);
            scoped[i].bind({digits}).set(1);
        }
    }
};

constexpr tacho::unix_nanos second = 1'000'000'000u;

std::string push(page& of, int pushes, tacho::temporality_preference preferred) {
    std::string out;
    tacho::byte_buffer buffer;
    tacho::reader reader{of.registry};
    tacho::delta_memory memory;
    for (int i = 0; i < pushes; ++i) {
        of.record();
        now += second;
        buffer.clear();
        tacho::otlp_json_encoder encoder{buffer, of.about, now};
        tacho::delta_memory::stage<decltype(encoder)> stage{memory, encoder, preferred};
        reader.visit(stage);
        out = encoder.finish() ? std::string{buffer.view()} : "no room";
        memory.commit(now);
        reader.commit();
        now += second;  // what is recorded next is recorded later
    }
    return out;
}

std::string scrape(page& of, tacho::text_format format) {
    of.record();
    auto const target = tacho::target_info_labels(of.about);
    tacho::byte_buffer buffer;
    tacho::prometheus_encoder encoder{buffer, format, target};
    of.registry.visit(encoder);
    return encoder.finish() ? std::string{buffer.view()} : "no room";
}

// Exemplars of each kind; what they should be is listed in exemplars_test.py.
struct exemplified final : page {
    tacho::counter<"traced", label<"a">, tacho::exemplars> traced{registry, "Whole numbers"};
    tacho::counter<"spent", double, tacho::unit::seconds, tacho::exemplars> spent{registry, "Broken ones"};
    tacho::histogram<"took", tacho::unit::seconds, label<"a">, tacho::exemplars> took{
        registry, "In each bucket", {1, 2}};
    tacho::counter<"plain"> plain{registry, "None"};

    void record() override {
        plain.inc();
        traced("none").inc();
        traced("labels").inc(
            2, {{"order", "17"}, {"_user9", "P'/\xC3\xA9\xF0\x9F\x98\x80 # {=, 1"}, {"left_out", "\"\\\n}"}});
        traced("bare").inc(3, {{"long", std::string(120, 'x')}});
        took("idle").observe(0.5);
        tacho::set_trace_context_hook([]() noexcept -> tacho::trace_context {
            return {{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36},
                    {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7},
                    true};
        });
        now += 123'000'000u;
        traced("span").inc(4);
        traced("both").inc(5, {{"order", std::string(60, 'y')}});
        spent.inc(0.1);
        for (double const value : {1.0, 1.5, 2.5}) took("x").observe(value);
        took("x").observe(1.25, {{"order", "18"}});
        tacho::set_trace_context_hook(nullptr);
    }
};

std::unique_ptr<page> page_named(std::string_view name) {
    if (name == "kinds") return std::make_unique<kinds>();
    if (name == "numbers") return std::make_unique<numbers>();
    if (name == "texts") return std::make_unique<texts>();
    if (name == "exemplars") return std::make_unique<exemplified>();
    if (name == "empty") return std::make_unique<empty>();
    if (name == "broken-scopes") return std::make_unique<broken_scopes>();
    if (name == "broken-resource") return std::make_unique<broken_resource>();
    if (name == "reserved") return std::make_unique<reserved>();
    if (name == "bare-units") return std::make_unique<bare_units>();
    if (name == "reborn") return std::make_unique<reborn>();
    return nullptr;
}

std::optional<std::string> write(page& of, std::string_view format) {
    using tacho::temporality_preference;
    using tacho::text_format;
    if (format == "text") return scrape(of, text_format::prometheus_0_0_4);
    if (format == "text-1.0.0") return scrape(of, text_format::prometheus_1_0_0);
    if (format == "openmetrics") return scrape(of, text_format::openmetrics_1_0_0);
    if (format == "otlp") return push(of, 1, temporality_preference::cumulative);
    if (format == "otlp-again") return push(of, 2, temporality_preference::cumulative);
    if (format == "otlp-delta") return push(of, 2, temporality_preference::delta);
    return {};
}

}  // namespace

int main(int count, char** values) {
    tacho::set_error_hook(nullptr);  // what is dropped or refused here is so on purpose
    auto const shown = count == 3 ? page_named(values[2]) : nullptr;
    auto const text = shown != nullptr ? write(*shown, values[1]) : std::nullopt;
    if (!text) {
        std::fputs("usage: gallery text|text-1.0.0|openmetrics|otlp|otlp-again|otlp-delta PAGE\n", stderr);
        return 2;
    }
    for (auto const& problem : shown->registry.problems()) std::fprintf(stderr, "%s\n", problem.c_str());
    std::fwrite(text->data(), 1, text->size(), stdout);
    return 0;
}
