#include "render-worker/server/render_queue.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <chrono>
#include <exception>
#include <utility>
#include <variant>
#include <vector>

#include "render-worker/server/job_key.h"
#include "render-worker/server/kept_memory.h"

namespace kpm::render {
namespace {

constexpr int kStuckExitCode = 76;  // as for a GPU that does not answer in time (docs/gpu.md)

}  // namespace

RenderQueue::RenderQueue(boost::asio::io_context& io, const ServerOptions& options, const Protocol& protocol,
                         GenomeLoader& loader, Suspects& suspects, EngineFactory factory, Events events)
    : io_(io),
      options_(options),
      protocol_(protocol),
      suspects_(suspects),
      factory_(std::move(factory)),
      events_(std::move(events)),
      deadline_(io),
      fetcher_(std::in_place, loader, options.fetch_threads),
      thread_([this] {
          work();
          const std::lock_guard lock(mutex_);
          ended_ = true;
          wake_.notify_all();
      }) {
    if (options_.start_timeout.count() == 0) return;
    deadline_.expires_after(options_.start_timeout);
    deadline_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !is_made_) give_up_start();
    });
}

RenderQueue::~RenderQueue() {
    stop(std::chrono::milliseconds{0});
    thread_.join();
    fetcher_.reset();
}

bool RenderQueue::stop(std::chrono::milliseconds grace) {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    if (running_) running_->stop.store(true);
    wake_.notify_all();
    return wake_.wait_for(lock, grace, [this] { return ended_; });
}

Result<void> RenderQueue::submit(RenderJob& job) {
    const auto refused = [this](Error reason) {
        ++counters_.refused;
        return reason;
    };
    if (closed_) return refused(*closed_);
    {
        const std::lock_guard lock(mutex_);
        const bool is_too_large =
            !waiting_.empty() && waiting_bytes_ + job.message.size() > options_.max_queue_bytes;
        if (is_full() || is_too_large)
            return refused(
                {ErrorCode::Unavailable,
                 fmt::format("cannot take the job: the worker is busy, {} jobs{} are waiting",
                             waiting_.size(), is_full() ? "" : fmt::format(" of {} bytes", waiting_bytes_))});
        const std::size_t bytes = job.message.size();
        waiting_bytes_ += bytes;
        waiting_.push_back(std::make_shared<Work>(Work{std::move(job), std::nullopt, bytes}));
    }
    wake_.notify_one();
    events_.load(++load_);
    return {};
}

void RenderQueue::drop_cancelled() {
    std::size_t dropped = 0;
    {
        const std::lock_guard lock(mutex_);
        dropped = std::erase_if(waiting_, [this](const std::shared_ptr<Work>& work) {
            if (!*work->job.cancelled) return false;
            waiting_bytes_ -= work->bytes;
            return true;
        });
        if (running_ && *running_->work->job.cancelled) running_->stop.store(true);
    }
    counters_.cancelled += dropped;
    if (dropped > 0) finished(dropped);
}

std::size_t RenderQueue::running() const {
    const std::lock_guard lock(mutex_);
    return running_ ? 1 : 0;
}

std::uint64_t RenderQueue::progress() const {
    const std::lock_guard lock(mutex_);
    return turns_ + chunks_ + (running_ ? running_->stop.questions() : 0);
}

void RenderQueue::finished(std::size_t count) {
    load_ -= count;
    events_.load(load_);
}

template <class Call>
void RenderQueue::post(Call call) {
    boost::asio::post(io_, std::move(call));
}

std::shared_ptr<RenderQueue::Turn> RenderQueue::next() {
    std::unique_lock lock(mutex_);
    if (running_) chunks_ += running_->stop.questions();
    running_.reset();
    const auto is_due = [this] { return stopping_ || !waiting_.empty(); };
    if (!wake_.wait_for(lock, kMemoryKept, is_due)) {
        lock.unlock();  // submit() does not wait for it
        give_back_freed_memory();
        lock.lock();
        wake_.wait(lock, is_due);
    }
    if (stopping_) return nullptr;
    running_ = std::make_shared<Turn>();
    running_->work = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= running_->work->bytes;
    ++turns_;
    return running_;
}

void RenderQueue::watch(const std::shared_ptr<Turn>& turn) {
    watched_ = turn;
    wait_for_end(options_.render_timeout, turn, &RenderQueue::call_off);
}

void RenderQueue::unwatch() {
    watched_.reset();
    deadline_.cancel();
}

void RenderQueue::wait_for_end(std::chrono::milliseconds time, const std::shared_ptr<Turn>& turn,
                               void (RenderQueue::*then)(const std::shared_ptr<Turn>&)) {
    deadline_.expires_after(time);
    // A wait that is over is not cancelled any more, hence the question which turn it was for.
    deadline_.async_wait([this, turn, then](const boost::system::error_code& error) {
        if (!error && watched_ == turn) (this->*then)(turn);
    });
}

void RenderQueue::call_off(const std::shared_ptr<Turn>& turn) {
    turn->is_late = true;
    turn->stop.store(true);
    wait_for_end(options_.stuck_grace, turn, &RenderQueue::give_up);
}

// The thread may come back at any time: what it works with stays as it is.
void RenderQueue::give_up(const std::shared_ptr<Turn>& turn) {
    is_stuck_ = true;
    suspects_.strike();
    const Error error{ErrorCode::Unavailable,
                      fmt::format("cannot render 'genome': the worker has been stuck for {} ms",
                                  (options_.render_timeout + options_.stuck_grace).count())};
    close(error);
    std::vector<std::pair<std::shared_ptr<Work>, Reply>> abandoned;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        waiting_.push_front(turn->work);
        for (const std::shared_ptr<Work>& work : waiting_)
            abandoned.emplace_back(work, refusal(*work, error));
        waiting_.clear();
    }
    for (auto& [work, reply] : abandoned) answer(*work, {std::move(reply), Outcome::Failed});
    events_.device_lost({error, kStuckExitCode});
}

// A driver that hangs before there is any work: who waits for it would wait for ever.
void RenderQueue::give_up_start() {
    is_stuck_ = true;
    events_.failed(
        {{ErrorCode::Unavailable, fmt::format("cannot start 'renderer': it is not there after {} ms",
                                              options_.start_timeout.count())},
         kStuckExitCode});
}

Reply RenderQueue::refusal(const Work& work, const Error& error) const {
    return work.task ? protocol_.failure(*work.task, error) : protocol_.refusal(work.job.message, error);
}

void RenderQueue::work() {
    auto made = factory_();
    if (const EngineFailure* failure = std::get_if<EngineFailure>(&made)) {
        post([this, failure = *failure] {
            is_made_ = true;
            events_.failed(failure);
        });
        return;
    }
    const auto& engine = std::get<std::unique_ptr<RenderEngine>>(made);
    post([this, text = engine->description()] {
        is_made_ = true;
        deadline_.cancel();
        events_.ready(text);
    });
    const bool has_deadline = options_.render_timeout.count() > 0;
    while (const std::shared_ptr<Turn> turn = next()) {
        if (has_deadline) post([this, turn] { watch(turn); });
        std::optional<JobResult> result = run(*engine, *turn);
        if (has_deadline) post([this] { unwatch(); });
        if (result) end(turn->work, *std::move(result));
    }
}

void RenderQueue::end(const std::shared_ptr<Work>& work, JobResult result) {
    {
        const std::lock_guard lock(mutex_);
        work->task.reset();
    }
    post([this, work, result = std::move(result)]() mutable { answer(*work, std::move(result)); });
}

void RenderQueue::answer(Work& work, JobResult result) {
    if (std::exchange(work.is_answered, true)) return;
    const bool is_cancelled = *work.job.cancelled;
    if (!is_cancelled) work.job.answer(std::move(result.reply));
    ++(is_cancelled                        ? counters_.cancelled
       : result.outcome == Outcome::Failed ? counters_.failed
                                           : counters_.done);
    counters_.render_seconds += result.render_seconds;
    counters_.audio_seconds += result.audio_seconds;
    counters_.evaluations.cpu += result.evaluations.cpu;
    counters_.evaluations.gpu += result.evaluations.gpu;
    counters_.gpu_bytes = result.gpu_bytes.value_or(counters_.gpu_bytes);
    finished(1);
}

std::optional<RenderQueue::JobResult> RenderQueue::run(RenderEngine& engine, Turn& turn) {
    const std::shared_ptr<Work>& work = turn.work;
    if (*work->job.cancelled) return JobResult{};
    if (lost_) return JobResult{refusal(*work, *lost_), Outcome::Failed};
    bool is_well = false;
    auto over = [&](void*) { suspects_.end(is_well); };
    const std::unique_ptr<void, decltype(over)> at_end(this, over);  // also when something throws
    // One client's message must not end the worker, whatever it makes a library throw (also: out of memory).
    try {
        if (work->task) return render(engine, *work->task, turn, is_well);
        // Reading it can end the worker, too: there may be no memory for what it becomes.
        const Result<void> allowed = suspects_.begin(message_key(work->job.message));
        if (!allowed)
            return JobResult{protocol_.refusal(work->job.message, allowed.error()), Outcome::Failed};
        std::variant<RenderTask, Reply> read = protocol_.read(work->job.message);
        is_well = true;
        if (Reply* reply = std::get_if<Reply>(&read)) return JobResult{std::move(*reply), Outcome::Failed};
        RenderTask& task = std::get<RenderTask>(read);
        if (!task.address) return render(engine, task, turn, is_well);
        GenomeAddress address = *task.address;
        {
            // As many may wait for a genome as for the renderer, and nobody counts their bytes meanwhile.
            const std::lock_guard lock(mutex_);
            work->task = std::move(task);
            work->job.message.clear();
            work->job.message.shrink_to_fit();
        }
        fetcher_->fetch(std::move(address), work->job.cancelled,
                        [this, work](Result<std::string> genome) { fetched(work, std::move(genome)); });
        return std::nullopt;
    } catch (const std::exception& error) {
        const Error failure{ErrorCode::Io, fmt::format("cannot render 'genome': {}", error.what())};
        return JobResult{refusal(*work, failure), Outcome::Failed};
    }
}

RenderQueue::JobResult RenderQueue::render(RenderEngine& engine, const RenderTask& task, const Turn& turn,
                                           bool& is_well) {
    const JobKey key = job_key(task);
    is_well = false;
    if (const Result<void> allowed = suspects_.begin(key); !allowed)
        return {protocol_.failure(task, allowed.error()), Outcome::Failed};

    JobResult result;
    const auto begin = std::chrono::steady_clock::now();
    Result<RenderedSound> sound = engine.render(task, turn.stop);
    result.render_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    result.evaluations = engine.take_evaluations();
    result.gpu_bytes = engine.gpu_bytes();
    if (sound) {
        is_well = true;
        result.audio_seconds = static_cast<double>(sound->samples.size()) / sound->sample_rate;
        result.reply = protocol_.sound(task, *std::move(sound));
        return result;
    }
    result.reply = protocol_.failure(task, failure(engine, std::move(sound).error(), turn));
    result.outcome = Outcome::Failed;
    return result;
}

// What the client is told; whether it may try again depends on whether it did so before.
Error RenderQueue::failure(RenderEngine& engine, Error error, const Turn& turn) {
    if (error.code != ErrorCode::Unavailable) return error;
    if (turn.is_late) {
        error.message =
            fmt::format("cannot render 'genome': it takes longer than the {} ms that a job may take",
                        options_.render_timeout.count());
    } else if (turn.stop) {
        return error;  // nobody will read it
    } else {
        lost_ = error;
        post([this, failure = EngineFailure{error, engine.exit_code_when_lost()}] {
            events_.device_lost(failure);
        });
        if (engine.is_innocent()) return error;
    }
    if (suspects_.strike() >= Suspects::kStrikesToRefuse) error.code = ErrorCode::Denied;
    return error;
}

// On a fetch thread.
void RenderQueue::fetched(const std::shared_ptr<Work>& work, Result<std::string> genome) {
    const bool is_there = genome.has_value();
    post([this, is_there] { ++(is_there ? counters_.genomes_fetched : counters_.genomes_missed); });
    if (*work->job.cancelled) return end(work, {});
    Error reason{ErrorCode::Unavailable, "cannot take the job: the worker is busy"};
    if (genome) {
        const std::size_t bytes = genome->size();
        work->task->genome = *std::move(genome);
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            reason = {ErrorCode::Unavailable, "cannot take the job: the worker stops"};
        } else if (waiting_.empty() || waiting_bytes_ + bytes <= options_.max_queue_bytes) {
            work->bytes = bytes;
            waiting_bytes_ += bytes;
            waiting_.push_front(work);
            wake_.notify_one();
            return;
        }
    } else {
        reason = genome.error();
    }
    end(work, {protocol_.failure(*work->task, reason), Outcome::Failed});
}

}  // namespace kpm::render
