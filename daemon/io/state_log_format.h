#pragma once
// A key-value log as bytes: what kpmd's state looks like in its memfd. Only appended to, so a kpmd that is
// killed in the middle of a write leaves all records before it readable. Pure.
//
// log    = "kpmlog1\n" record…
// record = u32 body size, u32 CRC-32 (zlib's) of the body, body
// body   = u8 kind (1 put, 2 erase), u32 key size, key, value
// Little endian, unaligned. A reader stops at the first record that is cut or damaged. Fixed, never renumber.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kpm::io {

inline constexpr std::string_view kStateLogMagic = "kpmlog1\n";
inline constexpr std::size_t kLargestStateRecord = 256u << 20;

struct StateRecord {
    bool is_erase = false;
    std::string_view key;
    std::string_view value;
    std::size_t size = 0;  // of the whole record in the log
};

// `key` and `value` together are at most kLargestStateRecord.
std::string encode_put(std::string_view key, std::string_view value);
std::string encode_erase(std::string_view key);

// Over bytes that outlive it and its records.
class StateLogReader {
public:
    explicit StateLogReader(std::string_view log);

    // nullopt: the end, or the first damaged record.
    std::optional<StateRecord> next();
    // Behind the last good record: where to append. 0: it is no log at all.
    std::size_t offset() const { return offset_; }
    // After the last next(): something follows that is no record.
    bool is_torn() const { return offset_ != log_.size(); }

private:
    std::string_view log_;
    std::size_t offset_ = 0;
};

}  // namespace kpm::io
