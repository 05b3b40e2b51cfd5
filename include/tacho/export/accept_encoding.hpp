// SPDX-License-Identifier: MIT
// tacho: whether a client wants an answer compressed, by what its Accept-Encoding header says.
// Rule: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
#pragma once

#include "tacho/core/text.hpp"
#include "tacho/export/accept.hpp"
#include "tacho/version.hpp"

#include <string_view>

namespace tacho::inline TACHO_ABI {

/// Whether an answer is better sent in this content coding, such as `gzip`, than as it is: when the client gives the
/// coding more weight than `identity`. `*` is the weight of both where it names them not, so that alone it asks for
/// nothing; who names just the coding wants it. Sent as it is what the client refuses in any form (`identity;q=0`),
/// too. Looks at the first 4 KiB and 64 codings; allocates nothing.
[[nodiscard]] constexpr bool wants_coding(std::string_view accept_encoding, std::string_view coding) noexcept {
    // What the limit would cut in half is not looked at.
    if (accept_encoding.size() > detail::longest_accept)
        accept_encoding = accept_encoding.substr(0, accept_encoding.substr(0, detail::longest_accept).rfind(','));
    if (accept_encoding.size() > detail::longest_accept) return false;
    int own = -1, identity = -1, others = -1;  // in thousandths; below 0: not named
    for (int i = 0; i < detail::most_ranges && !accept_encoding.empty(); ++i) {
        auto parameters = detail::cut(accept_encoding, ',');
        auto const name = detail::cut(parameters, ';');
        int weight = 1000;
        while (!parameters.empty()) {
            auto value = detail::cut(parameters, ';');
            if (detail::equals_ignoring_case(detail::cut(value, '='), "q"))
                weight = detail::weight_of(detail::trimmed(value));
        }
        // Named twice, the first one counts, as it does for media types. The alias is RFC 9110's.
        auto const keep = [weight](int& as) { as = as < 0 ? weight : as; };
        if (name == "*")
            keep(others);
        else if (detail::equals_ignoring_case(name, "identity"))
            keep(identity);
        else if (detail::equals_ignoring_case(name, coding) ||
                 (coding == "gzip" && detail::equals_ignoring_case(name, "x-gzip")))
            keep(own);
    }
    auto const or_others = [others](int weight) { return weight >= 0 ? weight : others >= 0 ? others : 0; };
    return or_others(own) > or_others(identity);
}

}  // namespace tacho::inline TACHO_ABI
