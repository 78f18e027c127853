#include "daemon/core/snapshot.h"

#include <fmt/format.h>

#include "daemon/core/launch.h"
#include "ecosystem/dump_app.h"
#include "ecosystem/parse_app.h"

namespace kpm::core {
namespace {

Json from_time(TimePoint time) {
    return time.time_since_epoch().count();
}
TimePoint to_time(const Json& json) {
    return TimePoint{Duration{json.get<std::int64_t>()}};
}

Json from_life(const LifecycleData& life) {
    Json json{{"state", static_cast<int>(life.state)},
              {"goal", static_cast<int>(life.goal)},
              {"pid", life.pid},
              {"launched_at", from_time(life.launched_at)},
              {"restart_time", life.restart_time},
              {"automatic", life.automatic},
              {"backoff", life.history.backoff.count()},
              {"exit_signal", life.exit_signal}};
    if (life.watchdog > Duration{0}) json["watchdog"] = life.watchdog.count();
    if (life.is_leaving) json["leaving"] = true;
    if (life.deadline) json["deadline"] = from_time(*life.deadline);
    if (life.exit_code) json["exit_code"] = *life.exit_code;
    if (!life.failure.empty()) json["failure"] = life.failure;
    for (const TimePoint time : life.history.early_exits) json["early_exits"].push_back(from_time(time));
    return json;
}

LifecycleData to_life(const Json& json) {
    LifecycleData life;
    const int state = json.at("state").get<int>();
    const int goal = json.at("goal").get<int>();
    if (state < 0 || state > static_cast<int>(State::Errored) || goal < 0 || goal > 2)
        throw std::out_of_range("unknown state");
    life.state = static_cast<State>(state);
    life.goal = static_cast<LifecycleData::Goal>(goal);
    life.pid = json.value("pid", 0);
    life.launched_at = to_time(json.at("launched_at"));
    life.restart_time = json.value("restart_time", 0);
    life.automatic = json.value("automatic", false);
    life.watchdog = Duration{json.value("watchdog", std::int64_t{0})};
    life.is_leaving = json.value("leaving", false);
    life.history.backoff = Duration{json.value("backoff", std::int64_t{0})};
    life.exit_signal = json.value("exit_signal", 0);
    if (json.contains("deadline")) life.deadline = to_time(json["deadline"]);
    if (json.contains("exit_code")) life.exit_code = json["exit_code"].get<int>();
    life.failure = json.value("failure", "");
    if (json.contains("early_exits"))
        for (const Json& time : json["early_exits"]) life.history.early_exits.push_back(to_time(time));
    return life;
}

Json from_instance(const Instance& instance) {
    return {{"incarnation", instance.incarnation},
            {"launched", instance.launched.since_epoch},
            {"life", from_life(instance.life.data())}};
}

Instance to_instance(const Json& json, const LifecyclePolicy& policy) {
    return {json.at("incarnation").get<std::uint64_t>(), EpochTime{json.at("launched").get<std::int64_t>()},
            false, Lifecycle(policy, to_life(json.at("life")))};
}

std::unique_ptr<Instance> to_optional_instance(const Json& run, const char* key,
                                               const LifecyclePolicy& policy) {
    if (!run.contains(key)) return nullptr;
    return std::make_unique<Instance>(to_instance(run[key], policy));
}

}  // namespace

std::string app_state_key(int pm_id) {
    return fmt::format("app/{}", pm_id);
}
std::string run_state_key(int pm_id) {
    return fmt::format("run/{}", pm_id);
}
std::string told_state_key(int pm_id) {
    return fmt::format("told/{}", pm_id);
}

Json told_state(const Told& told) {
    return {{"axm_actions", told.axm_actions},
            {"axm_options", told.axm_options},
            {"node_version", told.node_version}};
}

Told restore_told(const Json& state) {
    Told told;
    if (!state.is_object()) return told;
    if (state.contains("axm_actions") && state["axm_actions"].is_array())
        told.axm_actions = state["axm_actions"];
    if (state.contains("axm_options") && state["axm_options"].is_object())
        told.axm_options = state["axm_options"];
    if (state.contains("node_version") && state["node_version"].is_string())
        told.node_version = state["node_version"];
    return told;
}

Json app_state(const Slot& slot) {
    return {{"config", ecosystem::dump_wire(slot.config.whole())},
            {"instance_index", slot.instance_index},
            {"unique_id", slot.unique_id}};
}

Json run_state(const Slot& slot) {
    Json json{{"current", from_instance(slot.current)}, {"doomed", slot.doomed}};
    if (!slot.version.empty()) json["version"] = slot.version;
    if (slot.told && !slot.told->status_text.empty()) json["status_text"] = slot.told->status_text;
    if (slot.is_wanted) json["wanted"] = true;
    if (slot.created_at) json["created_at"] = slot.created_at->since_epoch;
    if (slot.incoming) json["incoming"] = from_instance(*slot.incoming);
    if (slot.outgoing) json["outgoing"] = from_instance(*slot.outgoing);
    return json;
}

Result<Slot> restore_slot(int pm_id, const Json& app, const Json& run, const Settings& settings,
                          const SlotConfig* like) {
    try {
        auto config = ecosystem::parse_wire(app.at("config"));
        if (!config) return config.error();
        const LifecyclePolicy policy = lifecycle_policy(*config, settings);
        Slot slot;
        slot.pm_id = pm_id;
        slot.current = to_instance(run.at("current"), policy);
        slot.incoming = to_optional_instance(run, "incoming", incoming_policy(*config, settings));
        slot.outgoing = to_optional_instance(run, "outgoing", policy);
        slot.config = SlotConfig(std::move(*config), like);
        slot.instance_index = app.value("instance_index", 0);
        slot.unique_id = app.value("unique_id", "");
        if (run.contains("created_at")) slot.created_at = EpochTime{run["created_at"].get<std::int64_t>()};
        slot.doomed = run.value("doomed", false);
        slot.version = run.value("version", "");
        if (auto text = run.value("status_text", ""); !text.empty())
            slot.tell().status_text = std::move(text);
        slot.is_wanted = run.value("wanted", false);
        return slot;
    } catch (const std::exception& error) {
        return Error{ErrorCode::Invalid, fmt::format("cannot restore 'app {}': {}", pm_id, error.what())};
    }
}

}  // namespace kpm::core
