#pragma once
// The bounded queue of render jobs and the one thread that works on them, oldest first. A job is the client's
// message as it came: parsing (a hostile message can make it long), rendering and building the reply all
// happen on the render thread, so that the I/O thread always answers. All callbacks run on the I/O thread,
// through `io`; except where noted all methods belong to the I/O thread too.

#include <boost/asio/io_context.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "ipc/base/result.h"
#include "render-worker/server/options.h"
#include "render-worker/server/protocol.h"
#include "render-worker/server/render_engine.h"

namespace kpm::render {

struct RenderJob {
    std::string message;
    std::shared_ptr<CancelFlag> cancelled;  // shared by the client's jobs and the render thread
    std::function<void(Reply)> answer;      // not called for a cancelled job
};

class RenderQueue {
public:
    struct Events {
        std::function<void(std::string)> ready;          // the engine's description
        std::function<void(EngineFailure)> failed;       // there is no engine: the process cannot work
        std::function<void(EngineFailure)> device_lost;  // once; every later job is answered with its error
        std::function<void(std::size_t)> load;           // jobs queued and running, whenever that changes
    };

    RenderQueue(boost::asio::io_context& io, const ServerOptions& options, const Protocol& protocol,
                EngineFactory factory, Events events);
    // Cancels what runs and waits for the render thread.
    ~RenderQueue();

    // Unavailable when the queue is full or closed.
    Result<void> submit(RenderJob job);
    // Forgets waiting jobs whose flag is set; the one that runs ends by itself at its next chunk.
    void drop_cancelled();
    // From now on submit() answers with `reason`.
    void close(Error reason) { closed_ = std::move(reason); }
    std::size_t load() const { return load_; }

private:
    void work();
    std::optional<RenderJob> next();
    Reply run(RenderEngine& engine, const RenderJob& job);
    void finished(std::size_t count);
    template <class Call>
    void post(Call call);

    boost::asio::io_context& io_;
    const ServerOptions& options_;
    const Protocol& protocol_;
    EngineFactory factory_;
    Events events_;
    std::size_t load_ = 0;
    std::optional<Error> closed_;
    std::optional<Error> lost_;  // render thread only

    std::mutex mutex_;  // guards what follows
    std::condition_variable wake_;
    std::deque<RenderJob> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::shared_ptr<CancelFlag> running_;
    bool stopping_ = false;

    std::thread thread_;  // last: starts when the rest is there
};

}  // namespace kpm::render
