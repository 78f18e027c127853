#pragma once

namespace kpm::test {

// A TCP port that nobody uses. Below the range from which the kernel takes the ports of clients: those of a
// load test, or of a download beside it, would come to use it before the server does. At random, because
// tests run beside each other.
int free_port();

}  // namespace kpm::test
