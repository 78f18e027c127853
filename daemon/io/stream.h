#pragma once
// A connected Unix stream on a loop: reads are given to a callback, writes go through a bounded queue, so
// that a peer that does not read costs a fixed amount of memory. The owner may destroy it at any time, in its
// callbacks too; what is still queued then is lost.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/io/loop.h"
#include "daemon/io/uv_owned.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class Stream {
public:
    // Bytes that all receivers of one event share.
    using Bytes = std::shared_ptr<const std::string>;

    enum class Overflow {
        Close,  // a write beyond the bound answers Closed; the owner should drop the connection
        Drop,   // it is dropped whole and counted; on_recovered tells when there is room again
    };
    enum class Written { Queued, Dropped, Closed };

    struct Options {
        std::size_t max_queued = 0;  // bytes; a write to an empty queue is always taken
        Overflow overflow = Overflow::Close;
        std::function<void(std::string_view bytes)> on_data = {};
        // Called once, at EOF (nullopt) or on a failure. The stream is then dead; destroy it.
        std::function<void(std::optional<Error> reason)> on_end = {};
        // Only with Overflow::Drop: the queue has fallen to half after `dropped` writes were lost.
        std::function<void(std::uint64_t dropped)> on_recovered = {};
    };

    static Result<Stream> open(Loop& loop, UniqueFd socket, Options options);

    // Never calls back into the owner.
    Written write(Bytes bytes) { return write_all({std::move(bytes), nullptr, nullptr}); }
    // One after the other, taken or refused as one; null: nothing.
    Written write_all(std::array<Bytes, 3> parts);
    Written write(std::string bytes) { return write(std::make_shared<const std::string>(std::move(bytes))); }

    // Stops and resumes on_data = {}; while paused the peer is held back by its socket's buffer.
    void pause();
    void resume();

    std::size_t queued() const;     // bytes that the kernel has not taken
    std::uint64_t dropped() const;  // writes lost, in all

private:
    struct Box;
    struct CloseBox {
        void operator()(Box* box) const;
    };
    explicit Stream(Box* box) : box_(box) {}

    std::unique_ptr<Box, CloseBox> box_;
};

}  // namespace kpm::io
