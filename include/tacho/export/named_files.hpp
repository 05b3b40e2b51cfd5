// tacho: the PEM files that settings name: what messages call them, and whether they can be read.
#pragma once

#include "tacho/env/reader.hpp"
#include "tacho/env/settings_values.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace tacho::inline v0::detail {

struct named_file {
    std::string name;            // `push.certificate="/ca.pem" of OTEL_EXPORTER_OTLP_CERTIFICATE`
    std::string why_unreadable;  // empty when it can be read
};

[[nodiscard]] inline std::string why_unreadable(std::string const& file) {
    errno = 0;
    std::FILE* const opened = std::fopen(file.c_str(), "rb");
    // Of a folder only reading fails.
    bool const is_read = opened != nullptr && std::fgetc(opened) != EOF;
    auto const why = errno;
    if (opened != nullptr) std::fclose(opened);
    if (is_read) return {};
    return why == 0 ? "it is empty" : std::generic_category().message(why);
}

[[nodiscard]] inline std::vector<named_file> files_of(push_settings const& push,
                                                      std::vector<setting_origin> const& as_read) {
    std::vector<named_file> files;
    auto const add = [&](std::string_view setting, std::string const& file) {
        if (file.empty()) return;
        auto name = std::string{setting}.append("=").append(env::in_quotes(file));
        for (auto const& read : as_read)
            if (read.setting == setting && read.value == env::in_quotes(file, file.size()))
                name.append(" of ").append(read.variable);
        files.push_back({std::move(name), why_unreadable(file)});
    };
    add("push.certificate", push.certificate);
    add("push.client_certificate", push.client_certificate);
    add("push.client_key", push.client_key);
    return files;
}

}  // namespace tacho::inline v0::detail
