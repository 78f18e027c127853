#include "daemon/io/state_memfd.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/io/state_log_format.h"

namespace kpm::io {
namespace {

constexpr std::size_t kToleratedGarbage = 1 << 20;

Error state_error(std::string_view verb, int error_number) {
    return os_error(verb, "state memfd", error_number);
}

}  // namespace

Result<StateMemfd> StateMemfd::create() {
    StateMemfd state;
    state.memfd_.reset(::memfd_create("kpm-state", MFD_CLOEXEC));
    if (!state.memfd_) return state_error("create", errno);
    if (auto written = state.append(kStateLogMagic); !written) return written.error();
    state.live_ = state.size_;
    return state;
}

Result<StateMemfd> StateMemfd::adopt(UniqueFd memfd) {
    StateMemfd state;
    state.memfd_ = std::move(memfd);
    struct stat status {};
    if (::fstat(state.memfd_.get(), &status) < 0) return state_error("read", errno);
    const auto log = state.read(0, static_cast<std::size_t>(status.st_size));
    if (!log) return log.error();

    StateLogReader reader(*log);
    if (reader.offset() == 0)
        return Error{ErrorCode::Invalid, "cannot read 'state memfd': it is no state log"};
    state.live_ = reader.offset();
    while (const auto record = reader.next()) {
        state.forget(record->key);
        if (record->is_erase) continue;
        state.places_[std::string(record->key)] = {reader.offset() - record->size, record->size};
        state.live_ += record->size;
    }
    state.size_ = reader.offset();
    if (reader.is_torn() && ::ftruncate(state.memfd_.get(), static_cast<off_t>(state.size_)) < 0)
        return state_error("cut", errno);
    return state;
}

Result<std::map<std::string, std::string>> StateMemfd::read_all() const {
    const auto log = read(0, size_);
    if (!log) return log.error();
    std::map<std::string, std::string> values;
    StateLogReader reader(*log);
    while (const auto record = reader.next()) {
        if (record->is_erase)
            values.erase(std::string(record->key));
        else
            values[std::string(record->key)] = record->value;
    }
    return values;
}

Result<bool> StateMemfd::put(std::string_view key, std::string_view value) {
    if (key.size() + value.size() > kLargestStateRecord)
        return Error{ErrorCode::Invalid, "cannot write 'state memfd': the value is too large"};
    const std::string record = encode_put(key, value);
    if (auto written = append(record); !written) return written.error();
    forget(key);
    places_[std::string(key)] = {size_ - record.size(), record.size()};
    live_ += record.size();
    return compact_if_due();
}

Result<bool> StateMemfd::erase(std::string_view key) {
    if (!places_.contains(key)) return false;
    if (auto written = append(encode_erase(key)); !written) return written.error();
    forget(key);
    return compact_if_due();
}

Result<void> StateMemfd::append(std::string_view bytes) {
    const std::size_t start = size_;
    for (std::size_t written = 0; written < bytes.size();) {
        const ssize_t count = ::pwrite(memfd_.get(), bytes.data() + written, bytes.size() - written,
                                       static_cast<off_t>(start + written));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const int error_number = errno;
            (void)!::ftruncate(memfd_.get(), static_cast<off_t>(start));
            return state_error("write", error_number);
        }
        written += static_cast<std::size_t>(count);
    }
    size_ += bytes.size();
    return {};
}

Result<std::string> StateMemfd::read(std::size_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    for (std::size_t done = 0; done < size;) {
        const ssize_t count =
            ::pread(memfd_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return state_error("read", count < 0 ? errno : EIO);
        done += static_cast<std::size_t>(count);
    }
    return bytes;
}

void StateMemfd::forget(std::string_view key) {
    const auto place = places_.find(key);
    if (place == places_.end()) return;
    live_ -= place->second.size;
    places_.erase(place);
}

Result<bool> StateMemfd::compact_if_due() {
    if (garbage() <= live_ + kToleratedGarbage) return false;
    if (auto compacted = compact(); !compacted) return compacted.error();
    return true;
}

Result<void> StateMemfd::compact() {
    auto fresh = create();
    if (!fresh) return fresh.error();
    for (const auto& [key, place] : places_) {
        const auto record = read(place.offset, place.size);
        if (!record) return record.error();
        fresh->places_[key] = {fresh->size_, place.size};
        if (auto written = fresh->append(*record); !written) return written.error();
        fresh->live_ += place.size;
    }
    *this = std::move(*fresh);
    return {};
}

}  // namespace kpm::io
