// For tests: the doubles that are no numbers, or larger than any.
#pragma once

#include <limits>

namespace test {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace test
