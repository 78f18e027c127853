#include "render-worker/server/render_queue.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <chrono>
#include <exception>
#include <utility>
#include <variant>

namespace kpm::render {

RenderQueue::RenderQueue(boost::asio::io_context& io, const ServerOptions& options, const Protocol& protocol,
                         GenomeLoader& loader, EngineFactory factory, Events events)
    : io_(io),
      options_(options),
      protocol_(protocol),
      factory_(std::move(factory)),
      events_(std::move(events)),
      fetcher_(std::in_place, loader, options.fetch_threads),
      thread_([this] { work(); }) {}

RenderQueue::~RenderQueue() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        waiting_.clear();
        if (running_) *running_ = true;
    }
    wake_.notify_one();
    thread_.join();
    fetcher_.reset();
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
            return refused({ErrorCode::Unavailable,
                            fmt::format("cannot take the job: the worker is busy, {} jobs are waiting",
                                        waiting_.size())});
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
    }
    counters_.cancelled += dropped;
    if (dropped > 0) finished(dropped);
}

std::size_t RenderQueue::running() const {
    const std::lock_guard lock(mutex_);
    return running_ ? 1 : 0;
}

void RenderQueue::finished(std::size_t count) {
    load_ -= count;
    events_.load(load_);
}

template <class Call>
void RenderQueue::post(Call call) {
    boost::asio::post(io_, std::move(call));
}

std::shared_ptr<RenderQueue::Work> RenderQueue::next() {
    std::unique_lock lock(mutex_);
    running_.reset();
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return nullptr;
    std::shared_ptr<Work> work = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= work->bytes;
    running_ = work->job.cancelled;
    return work;
}

void RenderQueue::work() {
    auto made = factory_();
    if (const EngineFailure* failure = std::get_if<EngineFailure>(&made)) {
        post([this, failure = *failure] { events_.failed(failure); });
        return;
    }
    const auto& engine = std::get<std::unique_ptr<RenderEngine>>(made);
    post([this, text = engine->description()] { events_.ready(text); });
    while (const std::shared_ptr<Work> work = next())
        if (std::optional<JobResult> result = run(*engine, work)) end(work, *std::move(result));
}

void RenderQueue::end(const std::shared_ptr<Work>& work, JobResult result) {
    work->job.message.clear();
    work->task.reset();
    post([this, work, result = std::move(result)]() mutable {
        const bool is_cancelled = *work->job.cancelled;
        if (!is_cancelled) work->job.answer(std::move(result.reply));
        ++(is_cancelled                        ? counters_.cancelled
           : result.outcome == Outcome::Failed ? counters_.failed
                                               : counters_.done);
        counters_.render_seconds += result.render_seconds;
        counters_.audio_seconds += result.audio_seconds;
        finished(1);
    });
}

std::optional<RenderQueue::JobResult> RenderQueue::run(RenderEngine& engine,
                                                       const std::shared_ptr<Work>& work) {
    const CancelFlag& cancelled = *work->job.cancelled;
    if (cancelled) return JobResult{};
    if (lost_) return JobResult{protocol_.refusal(work->job.message, *lost_), Outcome::Failed};
    // One client's message must not end the worker, whatever it makes a library throw (also: out of memory).
    try {
        if (work->task) return render(engine, *work->task, cancelled);
        std::variant<RenderTask, Reply> read = protocol_.read(work->job.message);
        if (Reply* reply = std::get_if<Reply>(&read)) return JobResult{std::move(*reply), Outcome::Failed};
        RenderTask& task = std::get<RenderTask>(read);
        if (!task.address) return render(engine, task, cancelled);
        GenomeAddress address = *task.address;
        work->task = std::move(task);
        fetcher_->fetch(std::move(address), work->job.cancelled,
                        [this, work](Result<std::string> genome) { fetched(work, std::move(genome)); });
        return std::nullopt;
    } catch (const std::exception& error) {
        const Error failure{ErrorCode::Io, fmt::format("cannot render 'genome': {}", error.what())};
        return JobResult{protocol_.refusal(work->job.message, failure), Outcome::Failed};
    }
}

RenderQueue::JobResult RenderQueue::render(RenderEngine& engine, const RenderTask& task,
                                           const CancelFlag& cancelled) {
    JobResult result;
    const auto begin = std::chrono::steady_clock::now();
    Result<RenderedSound> sound = engine.render(task, cancelled);
    result.render_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (sound) {
        result.audio_seconds = static_cast<double>(sound->samples.size()) / sound->sample_rate;
        result.reply = protocol_.sound(task, *std::move(sound));
        return result;
    }
    if (sound.error().code == ErrorCode::Unavailable && !cancelled) {
        lost_ = sound.error();
        post([this, failure = EngineFailure{*lost_, engine.exit_code_when_lost()}] {
            events_.device_lost(failure);
        });
    }
    result.reply = protocol_.failure(task, sound.error());
    result.outcome = Outcome::Failed;
    return result;
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
        if (stopping_) return;
        if (waiting_.empty() || waiting_bytes_ + bytes <= options_.max_queue_bytes) {
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
