#pragma once
// Builds TZif files (RFC 8536) for tests. The defaults are a zone without changes.

#include <cstdint>
#include <string>
#include <vector>

namespace kpm::test {

struct TzifBytes {
    char version = '2';
    std::vector<std::int64_t> times;     // of the transitions
    std::vector<unsigned char> indices;  // into `offsets`, one per transition
    std::vector<std::int32_t> offsets{0};
    std::string rule;
    unsigned leaps = 0;

    std::string build() const {
        if (version == 0) return block(4);
        return TzifBytes{.version = version}.block(4) + block(8) + '\n' + rule + '\n';
    }

    // Header and body with times of 4 or 8 bytes.
    std::string block(int time_size) const {
        std::string bytes = "TZif";
        bytes += version;
        bytes.append(15, '\0');
        put(bytes, 0, 4);
        put(bytes, 0, 4);
        put(bytes, leaps, 4);
        put(bytes, static_cast<std::int64_t>(times.size()), 4);
        put(bytes, static_cast<std::int64_t>(offsets.size()), 4);
        put(bytes, 4, 4);
        for (const std::int64_t time : times) put(bytes, time, time_size);
        bytes.append(indices.begin(), indices.end());
        for (const std::int32_t offset : offsets) {
            put(bytes, offset, 4);
            bytes.append(2, '\0');
        }
        bytes += std::string("ABC") + '\0';
        bytes.append(leaps * (static_cast<std::size_t>(time_size) + 4), '\0');
        return bytes;
    }

private:
    static void put(std::string& bytes, std::int64_t value, int size) {
        for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
            bytes += static_cast<char>(value >> shift & 0xff);
    }
};

}  // namespace kpm::test
