#pragma once
// kpmd's state that survives kpmd: a key-value log (state_log_format.h) in a memfd whose other holder is the
// keeper. A put is one append; nothing is written to a disk. When more than half of the log (and more than 1
// MiB) is superseded, the live part is copied to a new memfd, which the owner gives to the keeper in the old
// one's place.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class StateMemfd {
public:
    static Result<StateMemfd> create();
    // What an earlier kpmd wrote; a record that it could not finish is cut off. Invalid: it is no log.
    static Result<StateMemfd> adopt(UniqueFd memfd);

    int fd() const { return memfd_.get(); }
    Result<std::map<std::string, std::string>> read_all() const;

    // true: the log has moved to a new memfd; give fd() to the keeper before anything else is put.
    // Error: nothing has changed.
    Result<bool> put(std::string_view key, std::string_view value);
    Result<bool> erase(std::string_view key);

    std::size_t size() const { return size_; }
    std::size_t garbage() const { return size_ - live_; }

private:
    struct Place {
        std::size_t offset = 0;
        std::size_t size = 0;
    };

    // One that the map does not keep beside each key.
    struct KeyHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const noexcept {
            return std::hash<std::string_view>{}(key);
        }
    };

    StateMemfd() = default;
    Result<void> append(std::string_view bytes);
    Result<std::string> read(std::size_t offset, std::size_t size) const;
    void forget(std::string_view key);
    Result<bool> compact_if_due();
    Result<void> compact();

    UniqueFd memfd_;
    std::unordered_map<std::string, Place, KeyHash, std::equal_to<>> places_;
    std::size_t size_ = 0;
    std::size_t live_ = 0;  // header and the records in places_
};

}  // namespace kpm::io
