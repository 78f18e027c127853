#pragma once
// WebSocket as bytes, for tests that write the frames themselves: a client that breaks the rules, or one that
// costs a test no more than its descriptor.

#include <cstddef>
#include <cstdint>
#include <string>

namespace kpm::test {

inline const std::string kUpgrade =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// A frame of a client, masked with zeros; `size` is what it says of itself.
inline std::string frame(unsigned char first, const std::string& payload, std::uint64_t size) {
    std::string bytes(1, static_cast<char>(first));
    if (size < 126) {
        bytes += static_cast<char>(0x80 | size);
    } else {
        bytes += static_cast<char>(0x80 | 127);
        for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
    }
    return bytes + std::string(4, '\0') + payload;
}

}  // namespace kpm::test
