// SPDX-License-Identifier: MIT
// tacho: the text formats that a scrape can be answered in.
#pragma once

#include "tacho/core/escaping.hpp"
#include "tacho/version.hpp"

namespace tacho::inline TACHO_ABI {

/// A text exposition. 1.0.0 is 0.0.4 with a say in how names are escaped.
enum class text_format : unsigned char { prometheus_0_0_4, prometheus_1_0_0, openmetrics_1_0_0 };

/// How a text is written. A format is one, with nothing but what every client can read.
struct text_style {
    /// Implicit: a format is a style.
    constexpr text_style(text_format as, escaping with = escaping::underscores, bool dated = false) noexcept
        : format(as), names(with), created(dated) {}

    text_format format;  ///< which lines there are
    escaping names;      ///< how names are written that are not legal everywhere
    bool created;        ///< in OpenMetrics, when each series of a counter or histogram began, as `_created`
};

}  // namespace tacho::inline TACHO_ABI
