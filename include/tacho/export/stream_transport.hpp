// SPDX-License-Identifier: MIT
// tacho: a transport that writes each request as a line: to a terminal, a file or a pipe.
// Rule: https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
#pragma once

#include "tacho/core/compilation.hpp"
#include "tacho/export/transport.hpp"
#include "tacho/version.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#if TACHO_BODIES
#include <cerrno>
#include <system_error>
#endif

namespace tacho::inline TACHO_ABI {

/// Writes each request as a line of JSON, whole and at once, as OpenTelemetry's file exporter does: what the
/// Collector's otlpjsonfile receiver reads. Blocks while the stream does: a deadline can't interrupt it. Copies share
/// the stream.
class stream_transport {
public:
    /// To a stream that stays open as long as anything pushes; by default to the standard output.
    explicit stream_transport(std::FILE* to = stdout);

    /// To the end of a file, which is made if it isn't there; what can't be opened is said by each push.
    [[nodiscard]] static stream_transport to_file(std::string const& path);

    /// Any scheme: it sends to no URL.
    static bool can_send(std::string_view) noexcept { return true; }
    /// The path of a file, or which stream.
    [[nodiscard]] std::string destination() const { return name_.empty() ? "a file without a name" : name_; }

    /// Writes a line and flushes it. A failed write is a problem, and not tried again.
    http_outcome post(http_post const& sent, deadline const& until) const;

private:
    std::shared_ptr<std::FILE> to_;
    std::string name_ = "the stream";
    std::string problem_;
    std::string mutable line_;
    bool mutable broke_off_ = false;
};

static_assert(transport<stream_transport>);

#if TACHO_BODIES

TACHO_FUNCTION stream_transport::stream_transport(std::FILE* to) : to_(to, [](std::FILE*) {}) {
    if (to == stdout) name_ = "the standard output";
    if (to == stderr) name_ = "the standard error";
}

TACHO_FUNCTION stream_transport stream_transport::to_file(std::string const& path) {
    stream_transport made{nullptr};
    if (std::FILE* const file = std::fopen(path.c_str(), "ab"))
        made.to_ = {file, [](std::FILE* f) { std::fclose(f); }};
    else
        made.problem_ = "can't open " + path + ": " + std::generic_category().message(errno);
    made.name_ = path;
    return made;
}

TACHO_FUNCTION http_outcome stream_transport::post(http_post const& sent, deadline const&) const {
    if (to_ == nullptr) return {.problem = problem_};
    for (auto const& [name, value] : sent.headers)
        if (name == "Content-Encoding") return {.problem = "a line can't be compressed; leave compress_with out"};
    // In one call, during which the stream is locked: others may write to it as well. What failed may have been
    // written in part, and must not spoil what follows.
    line_.assign(broke_off_ ? "\n" : "").append(sent.body);
    line_ += '\n';
    broke_off_ = false;
    if (std::fwrite(line_.data(), 1, line_.size(), to_.get()) != line_.size() || std::fflush(to_.get()) != 0) {
        std::string why = std::generic_category().message(errno);
        broke_off_ = true;
        std::clearerr(to_.get());
        return {.problem = "can't write to " + name_ + ": " + why};
    }
    return {.status = 200};
}

#endif

}  // namespace tacho::inline TACHO_ABI
