// tacho: the text formats that a scrape can be answered in.
#pragma once

namespace tacho::inline v0 {

/// A text exposition. 1.0.0 is 0.0.4 with a say in how names are escaped.
enum class text_format : unsigned char { prometheus_0_0_4, prometheus_1_0_0, openmetrics_1_0_0 };

}  // namespace tacho::inline v0
