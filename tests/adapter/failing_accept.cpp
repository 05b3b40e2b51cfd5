// SPDX-License-Identifier: MIT
#include "adapter/failing_accept.hpp"

#include "support/wait.hpp"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <cerrno>

#include <dlfcn.h>
#include <sys/socket.h>

namespace {

std::atomic<int> left{0};

bool has_to_fail() noexcept {
    for (int n = left.load(); n > 0;)
        if (left.compare_exchange_weak(n, n - 1)) return true;
    return false;
}

template <class Function, class... Arguments>
int next(char const* name, Arguments... arguments) noexcept {
    if (has_to_fail()) {
        errno = ENFILE;
        return -1;
    }
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name))(arguments...);
}

}  // namespace

namespace test {

void let_accept_fail(int port) {
    left = 1;
    // One that waits already has to be left first. Who connects may be answered, or not.
    static_cast<void>(httplib::Client("127.0.0.1", port).Get("/"));
    EXPECT_TRUE(wait_until([] { return left == 0; }));
}

}  // namespace test

// What cpp-httplib calls, the older and the newer one.
extern "C" int accept(int socket, sockaddr* from, socklen_t* size) {
    return next<int(int, sockaddr*, socklen_t*)>("accept", socket, from, size);
}
extern "C" int accept4(int socket, sockaddr* from, socklen_t* size, int flags) {
    return next<int(int, sockaddr*, socklen_t*, int)>("accept4", socket, from, size, flags);
}
