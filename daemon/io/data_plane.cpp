#include "daemon/io/data_plane.h"

#include <map>
#include <utility>
#include <variant>

#include "daemon/io/connection_pool.h"
#include "daemon/io/loop_thread.h"
#include "daemon/io/node_pool.h"

namespace kpm::io {
namespace {

struct AddPool {
    PoolId pool = 0;
    std::vector<UniqueFd> listeners;
    PoolOptions options;
};
struct ChangePool {
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
struct AddNodePool {
    PoolId pool = 0;
    PoolOptions options;
};
struct AddNodeSlot {
    PoolId pool = 0;
    std::string key;
    int slot = 0;
    UniqueFd listener;
};
struct AddNodeWorker {
    PoolId pool = 0;
    WorkerId worker;
    int slot = 0;
    UniqueFd channel;
    std::vector<std::string> keys;
    bool counts = false;
};
struct AnswerNode {
    WorkerId worker;
    NodeAnswer answer;
};
struct AddNodeSocket {
    PoolId pool = 0;
    std::string key;
    UniqueFd listener;
};
struct RemoveNodeSocket {
    PoolId pool = 0;
    std::string key;
};
struct SayToNode {
    WorkerId worker;
    std::string line;
};
struct DrainNodeQuietly {
    WorkerId worker;
};
struct FinishNode {
    WorkerId worker;
};
using Command = std::variant<AddPool, ChangePool, RemovePool, AddWorker, SetServing, Drain, RemoveWorker,
                             RequestStats, AddNodePool, AddNodeSlot, AddNodeWorker, AnswerNode, AddNodeSocket,
                             RemoveNodeSocket, SayToNode, DrainNodeQuietly, FinishNode>;

class Pools {
public:
    Pools(Loop& loop, DataPlane::Sink sink) : loop_(loop), sink_(std::move(sink)) {}

    void execute(AddPool& command) {
        pools_[command.pool] = std::make_unique<ConnectionPool>(
            loop_, command.pool, std::move(command.listeners), command.options, reporter());
    }
    void execute(ChangePool& command) {
        const auto pool = pools_.find(command.pool);
        if (pool != pools_.end()) pool->second->change(std::move(command.listeners), command.options);
    }
    void execute(const RemovePool& command) {
        pools_.erase(command.pool);
        node_pools_.erase(command.pool);
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
        for (const auto& [id, pool] : node_pools_) pool->add_stats(stats);
        command.answer(std::move(stats));
    }

    void execute(const AddNodePool& command) {
        node_pools_[command.pool] =
            std::make_unique<NodePool>(loop_, command.pool, command.options, reporter());
    }
    void execute(AddNodeWorker& command) {
        const auto pool = node_pools_.find(command.pool);
        if (pool == node_pools_.end()) {
            sink_(WorkerGone{command.worker, "its pool has been removed"});
            return;
        }
        homes_[command.worker] = command.pool;
        pool->second->add_worker(command.worker, command.slot, std::move(command.channel), command.keys,
                                 command.counts);
    }
    void execute(AnswerNode& command) {
        if (auto* const pool = node_home_of(command.worker))
            pool->answer(command.worker, std::move(command.answer));
    }
    void execute(AddNodeSocket& command) {
        const auto pool = node_pools_.find(command.pool);
        if (pool != node_pools_.end()) pool->second->add_socket(command.key, std::move(command.listener));
    }
    void execute(AddNodeSlot& command) {
        const auto pool = node_pools_.find(command.pool);
        if (pool == node_pools_.end()) return;
        pool->second->add_slot(command.key, command.slot, std::move(command.listener));
    }
    void execute(const RemoveNodeSocket& command) {
        const auto pool = node_pools_.find(command.pool);
        if (pool != node_pools_.end()) pool->second->remove_socket(command.key);
    }
    void execute(SayToNode& command) {
        if (auto* const pool = node_home_of(command.worker))
            pool->say(command.worker, std::move(command.line));
    }
    void execute(const DrainNodeQuietly& command) {
        if (auto* const pool = node_home_of(command.worker)) pool->drain_quietly(command.worker);
    }
    void execute(const FinishNode& command) {
        if (auto* const pool = node_home_of(command.worker))
            pool->finish_worker(command.worker);
        else
            sink_(WorkerGone{command.worker, "the process has ended"});
    }
    void finish() {}

private:
    WorkerPool* home_of(const WorkerId& worker) {
        if (NodePool* const pool = node_home_of(worker)) return pool;
        const auto home = homes_.find(worker);
        return home == homes_.end() ? nullptr : pools_.at(home->second).get();
    }
    NodePool* node_home_of(const WorkerId& worker) {
        const auto home = homes_.find(worker);
        if (home == homes_.end()) return nullptr;
        const auto pool = node_pools_.find(home->second);
        return pool == node_pools_.end() ? nullptr : pool->second.get();
    }
    DataPlane::Sink reporter() {
        return [this](PlaneEvent event) { report(std::move(event)); };
    }
    void report(PlaneEvent event) {
        if (const auto* gone = std::get_if<WorkerGone>(&event)) homes_.erase(gone->worker);
        sink_(std::move(event));
    }

    Loop& loop_;
    DataPlane::Sink sink_;
    std::map<PoolId, std::unique_ptr<ConnectionPool>> pools_;
    std::map<PoolId, std::unique_ptr<NodePool>> node_pools_;
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
void DataPlane::change_pool(PoolId pool, std::vector<UniqueFd> listeners, const PoolOptions& options) {
    thread_->send(ChangePool{pool, std::move(listeners), options});
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
void DataPlane::add_node_pool(PoolId pool, const PoolOptions& options) {
    thread_->send(AddNodePool{pool, options});
}
void DataPlane::add_node_slot(PoolId pool, const std::string& key, int slot, UniqueFd listener) {
    thread_->send(AddNodeSlot{pool, key, slot, std::move(listener)});
}
void DataPlane::add_node_socket(PoolId pool, const std::string& key, UniqueFd listener) {
    thread_->send(AddNodeSocket{pool, key, std::move(listener)});
}
void DataPlane::remove_node_socket(PoolId pool, const std::string& key) {
    thread_->send(RemoveNodeSocket{pool, key});
}
void DataPlane::add_node_worker(PoolId pool, WorkerId worker, int slot, UniqueFd channel,
                                std::vector<std::string> keys, bool counts) {
    thread_->send(AddNodeWorker{pool, worker, slot, std::move(channel), std::move(keys), counts});
}
void DataPlane::answer_node(WorkerId worker, NodeAnswer answer) {
    thread_->send(AnswerNode{worker, std::move(answer)});
}
void DataPlane::say_to_node(WorkerId worker, std::string line) {
    thread_->send(SayToNode{worker, std::move(line)});
}
void DataPlane::drain_node_quietly(WorkerId worker) {
    thread_->send(DrainNodeQuietly{worker});
}
void DataPlane::finish_node(WorkerId worker) {
    thread_->send(FinishNode{worker});
}
void DataPlane::request_stats(std::function<void(PlaneStats)> answer) {
    thread_->send(RequestStats{std::move(answer)});
}

}  // namespace kpm::io
