// SPDX-License-Identifier: MIT
// For tests: an environment variable of the process, while this lives.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>

namespace test {

class variable {
public:
    variable(std::string name, char const* value) : name_(std::move(name)) { set(value); }
    variable(variable const&) = delete;
    variable& operator=(variable const&) = delete;
    ~variable() { set(""); }

private:
    // An empty one is unset.
    void set(char const* value) const {
#if defined(_WIN32)
        ::_putenv_s(name_.c_str(), value);
#else
        if (*value != '\0')
            ::setenv(name_.c_str(), value, 1);
        else
            ::unsetenv(name_.c_str());
#endif
    }

    std::string name_;
};

}  // namespace test
