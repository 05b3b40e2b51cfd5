// SPDX-License-Identifier: MIT
// Prints pages of random registries for readers that others have written, each as a line of JSON with what should be
// read of it: random_pages FIRST COUNT, of seeds.
#include "support/random_registry.hpp"

#include <tacho/tacho.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using tacho::escaping;

// Not the library's own: what it writes is what is tested.
std::string quoted(std::string_view text) {
    std::string out{'"'};
    for (char const c : text) {
        char control[8];
        if (c == '"' || c == '\\')
            out.append({'\\', c});
        else if (static_cast<unsigned char>(c) < 0x20) {
            std::snprintf(control, sizeof control, "\\u%04x", static_cast<unsigned>(c));
            out.append(control);
        } else
            out += c;
    }
    return out + '"';
}

// As Python's float() reads it.
std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    return quoted(text);
}

std::string object(test::labels const& of) {
    std::string out{'{'};
    for (auto const& [key, value] : of) out.append(out.size() > 1 ? "," : "").append(quoted(key) + ":" + quoted(value));
    return out + '}';
}

void print(test::random_registry& from, std::uint64_t seed, bool openmetrics, escaping names, bool created) {
    tacho::endpoint endpoint{from.registry(), {.about = {{"service.name", "x"}}, .created = created}};
    auto const accept =
        std::string{openmetrics ? "application/openmetrics-text;version=1.0.0" : "text/plain;version=1.0.0"} +
        ";escaping=" + std::string{to_string(names)};
    auto const answer = endpoint.respond({.accept = accept});
    std::string samples, families;
    for (auto const& [key, value] : from.expected(openmetrics, names, created))
        samples.append(samples.empty() ? "" : ",")
            .append("[" + quoted(key.first) + "," + object(key.second) + "," + number(value) + "]");
    // 66: none in text.
    std::string exemplars;
    for (auto const& [key, e] : from.expected_exemplars(names))
        if (openmetrics)
            exemplars.append(exemplars.empty() ? "" : ",")
                .append("[" + quoted(key.first) + "," + object(key.second) + "," + object(e.of) + "," +
                        number(e.value) + "," + quoted(e.time) + "]");
    for (auto const& [name, family] : from.expected_families(openmetrics, names)) {
        std::string helps;
        for (auto const& help : family.helps) helps.append(helps.empty() ? "" : ",").append(quoted(help));
        families.append(families.empty() ? "" : ",")
            .append(quoted(name) + ":[" + quoted(family.type) + ",[" + helps + "]]");
    }
    std::printf(
        "{\"seed\":%llu,\"form\":\"%s\",\"escaping\":\"%s\",\"samples\":[%s],\"exemplars\":[%s],\"families\":{%s},"
        "\"page\":%s}\n",
        static_cast<unsigned long long>(seed), openmetrics ? "openmetrics" : "text",
        std::string{to_string(names)}.c_str(), samples.c_str(), exemplars.c_str(), families.c_str(),
        quoted(answer.body()).c_str());
}

}  // namespace

int main(int count, char** args) {
    if (count != 3) {
        std::fputs("usage: random_pages FIRST COUNT\n", stderr);
        return 2;
    }
    tacho::set_error_hook([](tacho::severity, std::string_view) noexcept {});  // names that clash are refused
    auto const first = std::strtoull(args[1], nullptr, 10), pages = std::strtoull(args[2], nullptr, 10);
    for (auto seed = first; seed < first + pages; ++seed) {
        test::random_registry from{seed};
        for (bool const openmetrics : {false, true})
            for (auto const names : {escaping::underscores, escaping::allow_utf_8, escaping::dots, escaping::values})
                print(from, seed, openmetrics, names, seed % 2 == 0);
    }
}
