#include "daemon/io/data_plane.h"

#include <map>
#include <utility>
#include <variant>

#include "daemon/io/connection_pool.h"
#include "daemon/io/loop_thread.h"

namespace kpm::io {
namespace {

struct AddPool {
    PoolId pool = 0;
    std::vector<UniqueFd> listeners;
    PoolOptions options;
};
struct RemovePool {
    PoolId pool = 0;
};
struct AddWorker {
    PoolId pool = 0;
    WorkerId worker;
    UniqueFd channel;
    bool resumed = false;
};
struct SetServing {
    WorkerId worker;
    bool serving = false;
};
struct Drain {
    WorkerId worker;
};
struct RemoveWorker {
    WorkerId worker;
};
struct RequestStats {
    std::function<void(PlaneStats)> answer;
};
using Command = std::variant<AddPool, RemovePool, AddWorker, SetServing, Drain, RemoveWorker, RequestStats>;

class Pools {
public:
    Pools(Loop& loop, DataPlane::Sink sink) : loop_(loop), sink_(std::move(sink)) {}

    void execute(AddPool& command) {
        pools_[command.pool] = std::make_unique<ConnectionPool>(
            loop_, command.pool, std::move(command.listeners), command.options,
            [this](PlaneEvent event) { report(std::move(event)); });
    }
    void execute(const RemovePool& command) {
        pools_.erase(command.pool);
        std::erase_if(homes_, [&](const auto& home) { return home.second == command.pool; });
    }
    void execute(AddWorker& command) {
        const auto pool = pools_.find(command.pool);
        if (pool == pools_.end()) {
            sink_(WorkerGone{command.worker, "its pool has been removed"});
            return;
        }
        homes_[command.worker] = command.pool;
        pool->second->add_worker(command.worker, std::move(command.channel), command.resumed);
    }
    void execute(const SetServing& command) {
        if (auto* const pool = home_of(command.worker)) pool->set_serving(command.worker, command.serving);
    }
    void execute(const Drain& command) {
        if (auto* const pool = home_of(command.worker)) pool->drain(command.worker);
    }
    void execute(const RemoveWorker& command) {
        if (auto* const pool = home_of(command.worker)) pool->remove_worker(command.worker);
        homes_.erase(command.worker);
    }
    void execute(const RequestStats& command) {
        PlaneStats stats;
        for (const auto& [id, pool] : pools_) pool->add_stats(stats);
        command.answer(std::move(stats));
    }
    void finish() {}

private:
    ConnectionPool* home_of(const WorkerId& worker) {
        const auto home = homes_.find(worker);
        return home == homes_.end() ? nullptr : pools_.at(home->second).get();
    }
    void report(PlaneEvent event) {
        if (const auto* gone = std::get_if<WorkerGone>(&event)) homes_.erase(gone->worker);
        sink_(std::move(event));
    }

    Loop& loop_;
    DataPlane::Sink sink_;
    std::map<PoolId, std::unique_ptr<ConnectionPool>> pools_;
    std::map<WorkerId, PoolId> homes_;
};

}  // namespace

class DataPlane::Thread : public LoopThread<Pools, Command> {
    using LoopThread::LoopThread;
};

DataPlane::DataPlane(Sink sink) : thread_(std::make_unique<Thread>(std::move(sink))) {}
DataPlane::~DataPlane() = default;

void DataPlane::add_pool(PoolId pool, std::vector<UniqueFd> listeners, const PoolOptions& options) {
    thread_->send(AddPool{pool, std::move(listeners), options});
}
void DataPlane::remove_pool(PoolId pool) {
    thread_->send(RemovePool{pool});
}
void DataPlane::add_worker(PoolId pool, WorkerId worker, UniqueFd channel, bool resumed) {
    thread_->send(AddWorker{pool, worker, std::move(channel), resumed});
}
void DataPlane::set_serving(WorkerId worker, bool serving) {
    thread_->send(SetServing{worker, serving});
}
void DataPlane::drain(WorkerId worker) {
    thread_->send(Drain{worker});
}
void DataPlane::remove_worker(WorkerId worker) {
    thread_->send(RemoveWorker{worker});
}
void DataPlane::request_stats(std::function<void(PlaneStats)> answer) {
    thread_->send(RequestStats{std::move(answer)});
}

}  // namespace kpm::io
