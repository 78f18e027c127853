#include "render-worker/server/render_queue.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <exception>
#include <utility>
#include <variant>

namespace kpm::render {

RenderQueue::RenderQueue(boost::asio::io_context& io, const ServerOptions& options, const Protocol& protocol,
                         EngineFactory factory, Events events)
    : io_(io),
      options_(options),
      protocol_(protocol),
      factory_(std::move(factory)),
      events_(std::move(events)),
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
}

Result<void> RenderQueue::submit(RenderJob job) {
    if (closed_) return *closed_;
    {
        const std::lock_guard lock(mutex_);
        const bool too_many = load_ > options_.queue;
        const bool too_large =
            !waiting_.empty() && waiting_bytes_ + job.message.size() > options_.max_queue_bytes;
        if (too_many || too_large)
            return Error{
                ErrorCode::Unavailable,
                fmt::format("cannot take the job: the worker is busy, {} jobs are waiting", waiting_.size())};
        waiting_bytes_ += job.message.size();
        waiting_.push_back(std::move(job));
    }
    wake_.notify_one();
    events_.load(++load_);
    return {};
}

void RenderQueue::drop_cancelled() {
    std::size_t dropped = 0;
    {
        const std::lock_guard lock(mutex_);
        dropped = std::erase_if(waiting_, [this](const RenderJob& job) {
            if (!*job.cancelled) return false;
            waiting_bytes_ -= job.message.size();
            return true;
        });
    }
    if (dropped > 0) finished(dropped);
}

void RenderQueue::finished(std::size_t count) {
    load_ -= count;
    events_.load(load_);
}

template <class Call>
void RenderQueue::post(Call call) {
    boost::asio::post(io_, std::move(call));
}

std::optional<RenderJob> RenderQueue::next() {
    std::unique_lock lock(mutex_);
    running_.reset();
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return std::nullopt;
    RenderJob job = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= job.message.size();
    running_ = job.cancelled;
    return job;
}

void RenderQueue::work() {
    auto made = factory_();
    if (const EngineFailure* failure = std::get_if<EngineFailure>(&made)) {
        post([this, failure = *failure] { events_.failed(failure); });
        return;
    }
    const auto& engine = std::get<std::unique_ptr<RenderEngine>>(made);
    post([this, text = engine->description()] { events_.ready(text); });
    while (std::optional<RenderJob> job = next()) {
        Reply reply = run(*engine, *job);
        job->message.clear();
        post([this, job = std::move(*job), reply = std::move(reply)]() mutable {
            if (!*job.cancelled) job.answer(std::move(reply));
            finished(1);
        });
    }
}

Reply RenderQueue::run(RenderEngine& engine, const RenderJob& job) {
    if (*job.cancelled) return {};
    if (lost_) return protocol_.failure(nullptr, *lost_);
    // One client's message must not end the worker, whatever it makes a library throw (also: out of memory).
    try {
        const std::variant<RenderTask, Reply> read = protocol_.read(job.message);
        if (const Reply* reply = std::get_if<Reply>(&read)) return *reply;
        const RenderTask& task = std::get<RenderTask>(read);
        const Result<RenderedSound> sound = engine.render(task, *job.cancelled);
        if (sound) return protocol_.sound(task, *sound);
        if (sound.error().code == ErrorCode::Unavailable && !*job.cancelled) {
            lost_ = sound.error();
            post([this, failure = EngineFailure{*lost_, engine.exit_code_when_lost()}] {
                events_.device_lost(failure);
            });
        }
        return protocol_.failure(&task, sound.error());
    } catch (const std::exception& error) {
        return protocol_.failure(nullptr,
                                 {ErrorCode::Io, fmt::format("cannot render 'genome': {}", error.what())});
    }
}

}  // namespace kpm::render
