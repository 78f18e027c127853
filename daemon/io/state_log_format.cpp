#include "daemon/io/state_log_format.h"

#include <zlib.h>

#include <cassert>
#include <cstring>

namespace kpm::io {
namespace {

enum class RecordKind : std::uint8_t { Put = 1, Erase = 2 };

constexpr std::size_t kHeaderSize = 8;
constexpr std::size_t kBodyHeaderSize = 5;

void append_number(std::string& bytes, std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((number >> shift) & 0xff);
}

std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i)
        number |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
    return number;
}

std::uint32_t checksum(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string encode(RecordKind kind, std::string_view key, std::string_view value) {
    assert(key.size() + value.size() <= kLargestStateRecord);
    std::string body;
    body.reserve(kBodyHeaderSize + key.size() + value.size());
    body += static_cast<char>(kind);
    append_number(body, static_cast<std::uint32_t>(key.size()));
    body += key;
    body += value;
    std::string record;
    record.reserve(kHeaderSize + body.size());
    append_number(record, static_cast<std::uint32_t>(body.size()));
    append_number(record, checksum(body));
    record += body;
    return record;
}

}  // namespace

std::string encode_put(std::string_view key, std::string_view value) {
    return encode(RecordKind::Put, key, value);
}
std::string encode_erase(std::string_view key) {
    return encode(RecordKind::Erase, key, {});
}

StateLogReader::StateLogReader(std::string_view log) : log_(log) {
    if (log.starts_with(kStateLogMagic)) offset_ = kStateLogMagic.size();
}

std::optional<StateRecord> StateLogReader::next() {
    if (offset_ == 0 || log_.size() - offset_ < kHeaderSize) return std::nullopt;
    const std::size_t body_size = number_at(log_, offset_);
    const std::string_view rest = log_.substr(offset_ + kHeaderSize);
    if (body_size < kBodyHeaderSize || body_size > rest.size()) return std::nullopt;
    const std::string_view body = rest.substr(0, body_size);
    const std::size_t key_size = number_at(body, 1);
    const auto kind = static_cast<RecordKind>(body[0]);
    if (checksum(body) != number_at(log_, offset_ + 4) || key_size > body_size - kBodyHeaderSize ||
        (kind != RecordKind::Put && kind != RecordKind::Erase))
        return std::nullopt;
    offset_ += kHeaderSize + body_size;
    return StateRecord{kind == RecordKind::Erase, body.substr(kBodyHeaderSize, key_size),
                       body.substr(kBodyHeaderSize + key_size), kHeaderSize + body_size};
}

}  // namespace kpm::io
