#include "daemon/commands/inspect_commands.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/commands/arguments.h"
#include "daemon/core/row_text.h"
#include "ipc/base/keeper_version.h"
#include "ipc/protocol.h"

namespace kpm::core {
namespace {

template <class Value>
Json value_or_null(const std::optional<Value>& value) {
    return value ? Json(*value) : Json();
}

Json gpu_list(Supervisor& supervisor) {
    const auto text_or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    Json list = Json::array();
    for (const GpuReport& gpu : supervisor.gpu_report()) {
        Json workers = Json::array();
        for (const int pm_id : gpu.workers) {
            const Slot& slot = *supervisor.find(pm_id);
            const GpuUsage used = supervisor.gpu_usage(slot).value_or(GpuUsage{});
            workers.push_back({{"pm_id", pm_id},
                               {"name", slot.config->name},
                               {"status", public_name(slot.current.life.state())},
                               {"gpu_percent", value_or_null(used.percent)},
                               {"memory_bytes", value_or_null(used.memory)}});
        }
        const GpuReadings& readings = gpu.device.readings;
        list.push_back({{"pci", gpu.device.pci},
                        {"uuid", gpu.device.uuid.empty() ? Json() : Json("GPU-" + gpu.device.uuid)},
                        {"render_node", text_or_null(gpu.device.render_node)},
                        {"vendor", gpu.device.vendor},
                        {"driver", text_or_null(gpu.device.driver)},
                        {"name", gpu.device.name},
                        {"health", to_text(gpu.health)},
                        {"percent", value_or_null(readings.percent)},
                        {"memory_total_bytes", value_or_null(readings.memory_total)},
                        {"memory_used_bytes", value_or_null(readings.memory_used)},
                        {"temperature_celsius", value_or_null(readings.temperature)},
                        {"power_watts", value_or_null(readings.power)},
                        {"mig", value_or_null(readings.mig)},
                        {"workers", std::move(workers)}});
    }
    return list;
}

// `workers`: what the balancer knows of them.
std::string list_text(Supervisor& supervisor, Environment environment, std::vector<WorkerFigures> workers) {
    std::ranges::sort(workers, {}, &WorkerFigures::key);
    // Measured before the rows are made: what the host remembers of it would lie between their memory and
    // keep that from being given back.
    std::vector<Usage> usages;
    usages.reserve(supervisor.slots().size());
    for (const auto& [pm_id, slot] : supervisor.slots()) {
        const LifecycleData& life = slot.current.life.data();
        const bool is_measured = life.state == State::Online && life.pid != 0;
        usages.push_back(is_measured ? supervisor.host().usage(measured_instead(slot).value_or(life.pid))
                                     : Usage{});
        usages.back().gpu = supervisor.gpu_usage(slot);
        const auto worker = std::ranges::lower_bound(workers, slot.key(), {}, &WorkerFigures::key);
        if (worker != workers.end() && worker->key == slot.key())
            usages.back().connections = worker->connections;
    }
    RowTexts& texts = supervisor.row_texts();
    texts.prepare(usages.size());
    std::string rows = "[";
    auto usage = usages.begin();
    for (const auto& [pm_id, slot] : supervisor.slots()) {
        if (rows.size() > 1) rows += ',';
        texts.append(rows, slot, *usage++, environment);
        // The others are about as long as the first: grown by doubling, all would be copied again.
        if (usage == usages.begin() + 1) rows.reserve(rows.size() * (usages.size() + usages.size() / 8 + 1));
    }
    rows += ']';
    return rows;
}

}  // namespace

void ping(Supervisor&, const Json&, Answer answer) {
    answer(Json{{"msg", "pong"}});
}

void get_version(Supervisor&, const Json&, Answer answer) {
    answer(Json(ipc::kPm2Version));
}

void monitor_data(Supervisor& supervisor, const Json& args, TextAnswer answer) {
    const Json& options = argument(args, 0);
    const auto wants = options.is_object() ? options.find(ipc::kEnvironmentOption) : options.end();
    const bool is_brief = options.is_object() && wants != options.end() && *wants == false;
    if (is_brief) return answer(list_text(supervisor, Environment::LeftOut, {}));
    // Another thread counts: it is only asked, and waited for, where there are workers.
    if (!supervisor.has_workers()) return answer(list_text(supervisor, Environment::Shown, {}));
    supervisor.host().worker_stats(
        [&supervisor, answer = std::move(answer)](std::vector<WorkerFigures> workers) {
            supervisor.post([&supervisor, answer, workers = std::move(workers)]() mutable {
                answer(list_text(supervisor, Environment::Shown, std::move(workers)));
            });
        });
}

void get_system_data(Supervisor& supervisor, const Json&, Answer answer) {
    supervisor.host().system_data([answer = std::move(answer)](Json data) { answer(std::move(data)); });
}

void get_report(Supervisor& supervisor, const Json&, Answer answer) {
    const Settings& settings = supervisor.settings();
    answer(Json{{"pm2_version", ipc::kPm2Version},
                {"node_version", "N/A"},
                {"node_path", "N/A"},
                {"argv0", "kpmd"},
                {"argv", Json::array({"kpmd", "--home", settings.home})},
                {"user", settings.user},
                {"uid", settings.uid},
                {"gid", settings.gid},
                {"managed_apps", supervisor.slots().size()},
                {"started_at", settings.started_at.since_epoch}});
}

void hello(Supervisor& supervisor, const Json&, Answer answer) {
    answer(Json{{"kpm", KPM_VERSION},
                {"protocol", ipc::kProtocolVersion},
                {"pid", supervisor.settings().pid},
                {"home", supervisor.settings().home},
                {"cpus", supervisor.settings().cpus},
                {"keeper", kKeeperVersion}});
}

void workers(Supervisor& supervisor, const Json&, Answer answer) {
    supervisor.host().worker_stats([answer = std::move(answer)](const std::vector<WorkerFigures>& workers) {
        Json list = Json::array();
        for (const WorkerFigures& worker : workers) {
            Json row{{"pm_id", worker.key.pm_id}, {"serving", worker.serving}, {"draining", worker.draining}};
            row.update(connections_json(worker.connections));
            row["load"] = worker.load;
            list.push_back(std::move(row));
        }
        answer(std::move(list));
    });
}

void gpus(Supervisor& supervisor, const Json&, Answer answer) {
    if (!supervisor.has_workers_on_gpus()) return answer(gpu_list(supervisor));
    supervisor.host().refresh_gpu_figures([&supervisor, answer = std::move(answer)] {
        supervisor.post([&supervisor, answer] { answer(gpu_list(supervisor)); });
    });
}

void exits(Supervisor& supervisor, const Json& args, Answer answer) {
    const auto id = id_or_member(argument(args, 0), "id");
    const Slot* slot = id ? supervisor.find(*id) : nullptr;
    if (!slot) return answer(Error{ErrorCode::NotFound, shown(argument(args, 0)) + " id unknown"});
    const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    Json list = Json::array();
    for (const ProcessEnd& end : slot->ends.ends()) {
        const auto& client = end.cause.client;
        list.push_back({{"at", end.at.since_epoch},
                        {"uptime", end.uptime.count()},
                        {"pid", end.pid != 0 ? Json(end.pid) : Json()},
                        {"exit_code", end.code ? Json(*end.code) : Json()},
                        {"exit_signal", end.signal != 0 ? Json(end.signal) : Json()},
                        {"killed", end.is_killed},
                        {"failure", or_null(end.failure)},
                        {"reason", reason_word(end)},
                        {"detail", or_null(end.cause.detail)},
                        {"client", client ? Json{{"pid", client->pid}, {"uid", client->uid}} : Json()}});
    }
    answer(std::move(list));
}

}  // namespace kpm::core
