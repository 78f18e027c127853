#pragma once
// The bounded queue of render jobs and the one thread that works on them, oldest first. A job is the client's
// message as it came: parsing (a hostile message can make it long), rendering and building the reply all
// happen on the render thread, so that the I/O thread always answers. A job whose genome has to be fetched
// waits for it aside and comes back as the oldest. All callbacks run on the I/O thread, through `io`; except
// where noted all methods belong to the I/O thread too.
//
// A job has ServerOptions::render_timeout. Then it is called off and answered with an error. If the render
// thread does not even react to that within stuck_grace (a driver that does not come back), all jobs are
// answered, the device counts as lost, and that thread is given up: the process can only be replaced. So it
// is when there is no engine within start_timeout.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "ipc/base/result.h"
#include "render-worker/server/genome_fetcher.h"
#include "render-worker/server/options.h"
#include "render-worker/server/protocol.h"
#include "render-worker/server/render_engine.h"
#include "render-worker/server/suspects.h"

namespace kpm::render {

struct RenderJob {
    std::string message;  // empty once it has become a task whose genome is being fetched
    std::shared_ptr<CancelFlag> cancelled;  // the client has left; shared by its jobs and the fetch threads
    std::function<void(Reply)> answer;      // not called for a cancelled job
};

// Since the start.
struct QueueCounters {
    std::uint64_t done = 0;
    std::uint64_t failed = 0;  // answered with an error
    std::uint64_t cancelled = 0;
    std::uint64_t refused = 0;  // not taken
    std::uint64_t genomes_fetched = 0;
    std::uint64_t genomes_missed = 0;
    double render_seconds = 0;  // that the renderer was at work
    double audio_seconds = 0;   // of the sounds that were sent
    EvaluationCounts evaluations;
    std::size_t gpu_bytes = 0;  // not since the start: that the renderer held after its last job
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
                GenomeLoader& loader, Suspects& suspects, EngineFactory factory, Events events);
    // Cancels what runs and waits for the render thread and the fetch threads.
    ~RenderQueue();
    // The same for the render thread, but waits no longer than `grace`. False: it is still at work, and
    // nothing is left but to end the process without the destructor.
    bool stop(std::chrono::milliseconds grace);

    // Unavailable when the queue is full or closed.
    // Takes the job's message only when it takes the job.
    Result<void> submit(RenderJob& job);
    // Forgets waiting jobs whose flag is set; the one that runs ends at its next chunk.
    void drop_cancelled();
    // From now on submit() answers with `reason`.
    void close(Error reason) { closed_ = std::move(reason); }

    std::size_t load() const { return load_; }
    bool is_full() const { return load_ > options_.queue; }
    // 0 or 1. From any thread.
    std::size_t running() const;
    // Grows with every job and every chunk that the render thread gets done. From any thread.
    std::uint64_t progress() const;
    // The render thread has been given up.
    bool is_stuck() const { return is_stuck_; }
    const QueueCounters& counters() const { return counters_; }

private:
    enum class Outcome { Done, Failed, Cancelled };
    struct Work {
        RenderJob job;
        std::optional<RenderTask> task;  // once its genome has been fetched
        std::size_t bytes = 0;           // of waiting_bytes_
        bool is_answered = false;        // I/O thread only
    };
    // One turn of the render thread.
    struct Turn {
        std::shared_ptr<Work> work;
        CancelFlag stop{false};             // the client has left, the time is up, or the worker ends
        std::atomic<bool> is_late = false;  // it is the time
    };
    struct JobResult {
        Reply reply;
        Outcome outcome = Outcome::Done;
        double render_seconds = 0;
        double audio_seconds = 0;
        EvaluationCounts evaluations;
        std::optional<std::size_t> gpu_bytes;  // none: it was not rendered
    };

    void work();
    std::shared_ptr<Turn> next();
    // nullopt: its genome is being fetched.
    std::optional<JobResult> run(RenderEngine& engine, Turn& turn);
    // `is_well`: it has become a sound.
    JobResult render(RenderEngine& engine, const RenderTask& task, const Turn& turn, bool& is_well);
    Error failure(RenderEngine& engine, Error error, const Turn& turn);
    void watch(const std::shared_ptr<Turn>& turn);
    void unwatch();
    void wait_for_end(std::chrono::milliseconds time, const std::shared_ptr<Turn>& turn,
                      void (RenderQueue::*then)(const std::shared_ptr<Turn>&));
    void call_off(const std::shared_ptr<Turn>& turn);
    void give_up(const std::shared_ptr<Turn>& turn);
    void give_up_start();
    Reply refusal(const Work& work, const Error& error) const;
    void answer(Work& work, JobResult result);
    void fetched(const std::shared_ptr<Work>& work, Result<std::string> genome);
    // Answers on the I/O thread.
    void end(const std::shared_ptr<Work>& work, JobResult result);
    void finished(std::size_t count);
    template <class Call>
    void post(Call call);

    boost::asio::io_context& io_;
    const ServerOptions& options_;
    const Protocol& protocol_;
    Suspects& suspects_;
    EngineFactory factory_;
    Events events_;
    std::size_t load_ = 0;
    QueueCounters counters_;
    std::optional<Error> closed_;
    std::shared_ptr<Turn> watched_;
    boost::asio::steady_timer deadline_;  // of the engine's making, then of watched_
    bool is_made_ = false;  // the engine, or that there is none is known
    bool is_stuck_ = false;
    std::optional<Error> lost_;  // render thread only

    mutable std::mutex mutex_;  // guards what follows, and message and task of what is in it
    std::condition_variable wake_;
    std::deque<std::shared_ptr<Work>> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::shared_ptr<Turn> running_;
    std::uint64_t turns_ = 0;
    std::uint64_t chunks_ = 0;  // of the turns before
    bool stopping_ = false;
    bool ended_ = false;  // the render thread has

    std::optional<GenomeFetcher> fetcher_;
    std::thread thread_;  // last: starts when the rest is there
};

}  // namespace kpm::render
