// SPDX-License-Identifier: MIT
// A fuzzer of one subject, whose name TACHO_FUZZ is: with libFuzzer, which looks for bytes that it throws at.
#include "fuzz/accept.hpp"
#include "fuzz/accept_encoding.hpp"
#include "fuzz/addresses.hpp"
#include "fuzz/answers.hpp"
#include "fuzz/environment.hpp"
#include "fuzz/heads.hpp"
#include "fuzz/methods.hpp"
#include "fuzz/numbers.hpp"
#include "fuzz/query.hpp"
#include "fuzz/routes.hpp"
#include "fuzz/texts.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::TACHO_FUZZ({reinterpret_cast<char const*>(data), size});
    return 0;
}
