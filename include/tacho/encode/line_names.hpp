// SPDX-License-Identifier: MIT
// tacho: names and labels of lines that no series has ready: in another escaping, with a suffix, inside of braces.
// Rule: https://prometheus.io/docs/instrumenting/escaping_schemes/
#pragma once

#include "tacho/core/escaping.hpp"
#include "tacho/registry/family.hpp"
#include "tacho/version.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>

namespace tacho::inline TACHO_ABI::detail {

// The names of a family's lines in one escaping: a few instructions for each character, and no memory.
class line_names {
public:
    line_names(family const& of, escaping names) noexcept
        : family_(of),
          name_(of.describe().prometheus_name),
          names_(names),
          within_(names == escaping::allow_utf_8 && !is_plain_name(name_)) {}

    // The labels of a series, as its ready-made text has them: `a="1","b.c"="2"`.
    [[nodiscard]] std::string_view labels_of(series const& s) const noexcept {
        auto text = s.text();  // after the name `{...} `, `,...} `, `} ` or a space
        text.remove_prefix(family_.schema().line_name.size());
        text.remove_suffix(1);
        if (text.ends_with('}')) text.remove_suffix(1);
        if (!text.empty()) text.remove_prefix(1);
        return text;
    }

    // What a line takes, without its numbers: escaping makes up to five characters of one.
    [[nodiscard]] std::size_t room(std::string_view labels) const noexcept {
        return escaped_name_room(name_.size()) + 5 * labels.size() + 64;
    }

    // A line up to its last label: `name_suffix{a="1"`, with `within` braces `{"na.me_suffix",a="1"`. The last `cut`
    // characters of the name are left out.
    char* begin(std::string_view labels, std::string_view suffix, char* out, std::size_t cut = 0) const noexcept {
        if (within_) out = copy("{\"", out);
        out = write_escaped_name(name_, names_, out) - cut;
        out = copy(suffix, out);
        if (within_) *out++ = '"';
        if (!labels.empty()) *out++ = within_ ? ',' : '{';
        return write_labels(labels, out);
    }
    // What follows the last label: another one, or the number.
    char* go_on(std::string_view labels, char* out) const noexcept {
        *out++ = within_ || !labels.empty() ? ',' : '{';
        return out;
    }
    char* end(std::string_view labels, char* out) const noexcept {
        return copy(within_ || !labels.empty() ? "} " : " ", out);
    }

    // Labels as a series has them, with the names of this escaping; up to 5 times as long.
    char* write_labels(std::string_view labels, char* out) const noexcept {
        if (names_ == escaping::allow_utf_8 || family_.schema().plain) return copy(labels, out);
        while (!labels.empty()) {
            // No name has a quote or a backslash in it.
            std::size_t const quote = labels.front() == '"' ? 1 : 0;
            auto const name = labels.substr(quote, labels.find(quote != 0 ? '"' : '=', quote) - quote);
            out = write_escaped_name(name, names_, out);
            labels.remove_prefix(name.size() + 2 * quote);
            std::size_t at = 2;  // behind `="`
            while (labels[at] != '"') at += labels[at] == '\\' ? 2u : 1u;
            at += at + 1 < labels.size() ? 2u : 1u;  // the quote, and the comma before another label
            out = copy(labels.substr(0, at), out);
            labels.remove_prefix(at);
        }
        return out;
    }

    static char* copy(std::string_view from, char* out) noexcept {
        if (!from.empty()) std::memcpy(out, from.data(), from.size());
        return out + from.size();
    }

private:
    family const& family_;
    std::string_view name_;
    escaping names_;
    bool within_;  // the name is in quotes, so that it stands inside of the braces
};

}  // namespace tacho::inline TACHO_ABI::detail
