// SPDX-License-Identifier: MIT
// For tests: what an encoder writes, as a string.
#pragma once

#include "tacho/encode/otlp_json.hpp"
#include "tacho/encode/prometheus.hpp"
#include "tacho/record.hpp"

#include <string>
#include <string_view>

namespace test {

inline constexpr tacho::unix_nanos now = 1'700'000'000'000'000'000u;
inline tacho::unix_nanos fixed_time() noexcept {
    return now;
}
inline tacho::registry_options fixed(bool scope_labels = true) {
    return {.scope_labels = scope_labels, .now = &fixed_time};
}

template <class Source>
std::string as_text(Source const& from, tacho::text_format format = tacho::text_format::prometheus_0_0_4,
                    std::string_view target = {}) {
    tacho::byte_buffer buffer;
    tacho::prometheus_encoder encoder{buffer, format, target};
    from.visit(encoder);
    return encoder.finish() ? std::string{buffer.view()} : "failed";
}

template <class Source>
std::string as_openmetrics(Source const& from) {
    return as_text(from, tacho::text_format::openmetrics_1_0_0);
}

template <class Source>
std::string as_json(Source const& from, tacho::resource const& about = {{"service.name", "test"}}) {
    tacho::byte_buffer buffer;
    tacho::otlp_json_encoder encoder{buffer, about, now + 1'000'000'000u};
    from.visit(encoder, tacho::order::by_scope);
    return encoder.finish() ? std::string{buffer.view()} : "failed";
}

// The value of one line, as it was written; empty when there is no such line.
inline std::string value_of(std::string const& page, std::string const& name_and_labels) {
    auto const start = name_and_labels + ' ';
    for (std::size_t at = 0; at < page.size();) {
        auto const end = page.find('\n', at);
        auto const line = std::string_view{page}.substr(at, end - at);
        if (line.starts_with(start)) return std::string{line.substr(start.size())};
        at = end + 1;
    }
    return {};
}

// How often something is in a text.
inline std::size_t count(std::string_view in, std::string_view what) {
    std::size_t found = 0;
    for (auto at = in.find(what); at != in.npos; at = in.find(what, at + 1)) ++found;
    return found;
}

// Remembers what the error hook is told while it lives.
class heard {
public:
    heard() {
        text().clear();
        count() = 0;
        before_ = tacho::set_error_hook([](tacho::severity s, std::string_view message) noexcept {
            text().append(tacho::to_string(s)).append(": ").append(message).append("\n");
            ++count();
        });
    }
    heard(heard const&) = delete;
    heard& operator=(heard const&) = delete;
    ~heard() { tacho::set_error_hook(before_); }

    static std::string& text() {
        static std::string all;
        return all;
    }
    static int& count() {
        static int calls = 0;
        return calls;
    }

private:
    tacho::error_hook before_;
};

}  // namespace test
