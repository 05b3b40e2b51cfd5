// SPDX-License-Identifier: MIT
// A system that lets nobody in, as when its table of files is full: accept() fails when it is told to, in the place of
// the C library's own.
#pragma once

namespace test {

// Has accept() fail once for who listens at this port of 127.0.0.1, and returns when it has.
void let_accept_fail(int port);

}  // namespace test
