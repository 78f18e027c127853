#include "daemon/io/stream.h"

#include <array>
#include <cerrno>
#include <utility>

namespace kpm::io {
namespace {

constexpr std::size_t kReadChunk = std::size_t{64} << 10;

Error failure(int status) {
    return os_error("read from", "the connection", -status);
}

}  // namespace

struct Stream::Box {
    uv_pipe_t handle;
    Options options;
    bool is_reading = false;
    bool has_ended = false;
    bool is_losing = false;  // writes were dropped and nobody has been told yet
    std::uint64_t lost = 0;  // since the last on_recovered
    std::uint64_t dropped = 0;

    uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle); }
    std::size_t queued() const { return handle.write_queue_size; }
    bool is_closing() const { return uv_is_closing(reinterpret_cast<const uv_handle_t*>(&handle)) != 0; }

    void end(std::optional<Error> reason) {
        if (std::exchange(has_ended, true)) return;
        if (std::exchange(is_reading, false)) uv_read_stop(stream());
        if (options.on_end) options.on_end(std::move(reason));
    }

    void start_reading() {
        if (std::exchange(is_reading, true)) return;
        uv_read_start(stream(), &Box::allocate, &Box::read);
    }

    static void allocate(uv_handle_t*, std::size_t, uv_buf_t* buffer) noexcept {
        // libuv fills the buffer and calls read() before it asks for the next one, so a thread needs only
        // one. Not an array: that would lie, zeroed, in the memory of threads that have no streams.
        thread_local const auto chunk = std::make_unique_for_overwrite<char[]>(kReadChunk);
        *buffer = uv_buf_init(chunk.get(), static_cast<unsigned>(kReadChunk));
    }

    static void read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) noexcept {
        Box& box = *static_cast<Box*>(stream->data);
        if (size > 0) {
            if (box.options.on_data) box.options.on_data({buffer->base, static_cast<std::size_t>(size)});
        } else if (size == UV_EOF || size == UV_ECONNRESET) {
            box.end(std::nullopt);
        } else if (size < 0) {
            box.end(failure(static_cast<int>(size)));
        }
    }

    struct Write {
        uv_write_t request;
        std::array<Bytes, 3> parts;
    };

    static void written(uv_write_t* request, int status) noexcept {
        const std::unique_ptr<Write> write(static_cast<Write*>(request->data));
        Box& box = *static_cast<Box*>(request->handle->data);
        // Writes that were pending at the close come back here; then the owner is gone.
        if (box.is_closing()) return;
        if (status != 0)
            return box.end(status == UV_EPIPE || status == UV_ECONNRESET ? std::nullopt
                                                                         : std::optional(failure(status)));
        if (box.is_losing && box.queued() <= box.options.max_queued / 2) {
            box.is_losing = false;
            const std::uint64_t lost = std::exchange(box.lost, 0);
            if (box.options.on_recovered) box.options.on_recovered(lost);
        }
    }
};

void Stream::CloseBox::operator()(Box* box) const {
    CloseThenDelete{}(box);
}

Result<Stream> Stream::open(Loop& loop, UniqueFd socket, Options options) {
    auto plain = std::make_unique<Box>();
    plain->options = std::move(options);
    uv_pipe_init(loop.raw(), &plain->handle, 0);  // cannot fail
    UvOwned<Box> owned = own(std::move(plain));
    if (const int status = uv_pipe_open(&owned->handle, socket.get()); status != 0)
        return os_error("open", "a stream", -status);
    socket.release();
    owned->start_reading();
    return Stream(owned.release());
}

Stream::Written Stream::write_all(std::array<Bytes, 3> parts) {
    Box& box = *box_;
    if (box.has_ended) return Written::Closed;
    const std::size_t waiting = box.queued();
    std::size_t size = 0;
    for (const Bytes& part : parts) size += part ? part->size() : 0;
    if (waiting != 0 && waiting + size > box.options.max_queued) {
        if (box.options.overflow == Overflow::Close) return Written::Closed;
        box.is_losing = true;
        ++box.lost;
        ++box.dropped;
        return Written::Dropped;
    }
    auto write = std::make_unique<Box::Write>();
    write->parts = std::move(parts);
    write->request.data = write.get();
    std::array<uv_buf_t, 3> buffers;
    unsigned count = 0;
    // libuv does not write to the buffers; its type has no const.
    for (const Bytes& part : write->parts)
        if (part)
            buffers[count++] =
                uv_buf_init(const_cast<char*>(part->data()), static_cast<unsigned>(part->size()));
    if (uv_write(&write->request, box.stream(), buffers.data(), count, &Box::written) != 0)
        return Written::Closed;
    static_cast<void>(write.release());
    return Written::Queued;
}

void Stream::pause() {
    if (std::exchange(box_->is_reading, false)) uv_read_stop(box_->stream());
}

void Stream::resume() {
    if (!box_->has_ended) box_->start_reading();
}

std::size_t Stream::queued() const {
    return box_->queued();
}

std::uint64_t Stream::dropped() const {
    return box_->dropped;
}

}  // namespace kpm::io
