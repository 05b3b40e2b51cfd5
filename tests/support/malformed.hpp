// SPDX-License-Identifier: MIT
// For tests: how a reader says what is wrong with what it reads. Without exceptions it can't, and go on: it ends the
// program, with these words.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace test {

struct malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] inline void refuse(std::string const& why) {
#if defined(__cpp_exceptions)
    throw malformed{why};
#else
    std::fprintf(stderr, "%s\n", why.c_str());
    std::abort();
#endif
}

// Does something; why what it reads is malformed, or nothing when it isn't.
template <class F>
std::string why_refused(F&& reads) {
#if defined(__cpp_exceptions)
    try {
        reads();
    } catch (malformed const& why) {
        return why.what();
    }
#else
    reads();
#endif
    return {};
}

}  // namespace test
