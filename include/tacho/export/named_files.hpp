// SPDX-License-Identifier: MIT
// tacho: the PEM files that settings name: what messages call them, and whether they can be read.
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/env/reader.hpp"
#include "tacho/env/settings_values.hpp"
#include "tacho/export/named_settings.hpp"
#include "tacho/version.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace tacho::inline TACHO_ABI::detail {

#if TACHO_BODIES

struct named_file {
    std::string name;            // `push.certificate="/ca.pem" of OTEL_EXPORTER_OTLP_CERTIFICATE`
    std::string why_unreadable;  // empty when it can be read
};

[[nodiscard]] inline std::string why_unreadable(std::string const& file) {
    auto const why = [](int error) { return std::generic_category().message(error); };
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0) return why(errno);
    if ((about.st_mode & S_IFMT) == S_IFDIR) return why(EISDIR);
    // To open a pipe may wait for ever, and to read from it takes from the transport what is in it.
    if ((about.st_mode & S_IFMT) != S_IFREG) return {};
    if (about.st_size == 0) return "it is empty";
    std::FILE* const opened = std::fopen(file.c_str(), "rb");
    if (opened == nullptr) return why(errno);
    std::fclose(opened);
    return {};
}

[[nodiscard]] inline std::vector<named_file> files_of(push_settings const& push,
                                                      std::vector<setting_origin> const& as_read) {
    std::vector<named_file> files;
    auto const add = [&](std::string_view setting, std::string const& file) {
        if (!file.empty()) files.push_back({named_setting(setting, file, as_read), why_unreadable(file)});
    };
    add("push.certificate", push.certificate);
    add("push.client_certificate", push.client_certificate);
    add("push.client_key", push.client_key);
    return files;
}

#endif

}  // namespace tacho::inline TACHO_ABI::detail
