// tacho: text as a JSON string.
// Rule: https://www.rfc-editor.org/rfc/rfc8259#section-7
#pragma once

#include "tacho/core/utf8.hpp"
#include "tacho/encode/sink.hpp"

#include <cstddef>
#include <string_view>

namespace tacho::inline v0::detail {

// Writes `text` in quotes. Ill-formed UTF-8 becomes U+FFFD, because a resource or a scope may bring any bytes.
template <class Writer>
void write_json_string(Writer& to, std::string_view text) noexcept {
    to.write(text.size() * 6 + 2, [&](char* out) {  // 6: a control character, as \u001f
        *out++ = '"';
        for (std::size_t i = 0; i < text.size();) {
            auto const c = static_cast<unsigned char>(text[i]);
            if (c >= 0x80) {
                auto const step = next_utf8(text, i);
                out = to.copy(step.valid ? text.substr(i, step.size) : std::string_view{"\xEF\xBF\xBD"}, out);
                i += step.size;
                continue;
            }
            if (c == '"' || c == '\\') {
                *out++ = '\\';
                *out++ = text[i];
            } else if (c < 0x20) {
                constexpr char hex[] = "0123456789abcdef";
                out = to.copy("\\u00", out);
                *out++ = hex[c >> 4];
                *out++ = hex[c & 15];
            } else {
                *out++ = text[i];
            }
            ++i;
        }
        *out++ = '"';
        return out;
    });
}

}  // namespace tacho::inline v0::detail
