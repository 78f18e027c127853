#include "daemon/core/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

#include "daemon/core/config_text.h"
#include "daemon/core/launch.h"
#include "daemon/core/record.h"
#include "ecosystem/parse_app.h"
#include "ipc/base/json_text.h"

namespace kpm::core {
namespace {

constexpr std::string_view kCurrent = "current.";
constexpr std::string_view kIncoming = "incoming.";
constexpr std::string_view kOutgoing = "outgoing.";
constexpr std::string_view kGpu = "gpu.";
constexpr std::string_view kReload = "reload.";

std::string as_text(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TimePoint to_time(std::int64_t count) {
    return TimePoint{Duration{count}};
}

// Of the times that these are: "12 34 56".
std::string from_times(const std::vector<TimePoint>& times) {
    return fmt::format("{}", fmt::join(times | std::views::transform([](TimePoint time) {
                                           return time.time_since_epoch().count();
                                       }),
                                       " "));
}

std::vector<TimePoint> to_times(std::string_view text) {
    std::vector<TimePoint> times;
    std::int64_t count = 0;
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
        const auto [rest, error] = std::from_chars(at, end, count);
        if (error != std::errc{}) break;
        times.push_back(to_time(count));
        at = rest == end ? end : rest + 1;
    }
    return times;
}

void put(RecordWriter& record, const LifecycleData& life) {
    record.put("state", static_cast<int>(life.state));
    record.put("goal", static_cast<int>(life.goal));
    record.put("pid", life.pid);
    record.put("launched_at", life.launched_at.time_since_epoch().count());
    record.put("restart_time", life.restart_time);
    if (life.automatic) record.put("automatic", 1);
    if (life.watchdog > Duration{0}) record.put("watchdog", life.watchdog.count());
    if (life.is_leaving) record.put("leaving", 1);
    if (life.is_ready) record.put("ready", 1);
    if (life.deadline) record.put("deadline", life.deadline->time_since_epoch().count());
    if (life.exit_code) record.put("exit_code", *life.exit_code);
    if (life.exit_signal != 0) record.put("exit_signal", life.exit_signal);
    if (!life.failure.empty()) record.put("failure", life.failure);
    if (life.history.backoff > Duration{0}) record.put("backoff", life.history.backoff.count());
    if (!life.history.early_exits.empty()) record.put("early_exits", from_times(life.history.early_exits));
}

Result<LifecycleData> to_life(const RecordReader& record) {
    LifecycleData life;
    const std::int64_t state = record.number_or("state", -1);
    const std::int64_t goal = record.number_or("goal", -1);
    if (state < 0 || state > static_cast<int>(State::Errored) || goal < 0 || goal > 2)
        return Error{ErrorCode::Invalid, "unknown state"};
    life.state = static_cast<State>(state);
    life.goal = static_cast<LifecycleData::Goal>(goal);
    life.pid = static_cast<int>(record.number_or("pid", 0));
    life.launched_at = to_time(record.number_or("launched_at", 0));
    life.restart_time = static_cast<int>(record.number_or("restart_time", 0));
    life.automatic = record.number_or("automatic", 0) != 0;
    life.watchdog = Duration{record.number_or("watchdog", 0)};
    life.is_leaving = record.number_or("leaving", 0) != 0;
    life.is_ready = record.number_or("ready", 0) != 0;
    if (const auto deadline = record.number("deadline")) life.deadline = to_time(*deadline);
    if (const auto code = record.number("exit_code")) life.exit_code = static_cast<int>(*code);
    life.exit_signal = static_cast<int>(record.number_or("exit_signal", 0));
    life.failure = record.text("failure").value_or("");
    life.history.backoff = Duration{record.number_or("backoff", 0)};
    life.history.early_exits = to_times(record.text("early_exits").value_or(""));
    return life;
}

void put(RecordWriter& record, std::string_view prefix, const Instance& instance) {
    record.set_prefix(prefix);
    record.put("incarnation", static_cast<std::int64_t>(instance.incarnation));
    record.put("launched", instance.launched.since_epoch);
    put(record, instance.life.data());
    if (instance.health) {
        record.put("health", static_cast<int>(instance.health->check.state()));
        if (instance.health->has_word) record.put("word", 1);
    }
    if (instance.asked) put(record, instance.asked->cause);
    record.set_prefix({});
}

void put(RecordWriter& record, const GpuPlacement& gpu) {
    record.set_prefix(kGpu);
    record.put("kind", static_cast<int>(gpu.kind));
    if (!gpu.pci.empty()) record.put("pci", gpu.pci);
    if (!gpu.uuid.empty()) record.put("uuid", gpu.uuid);
    if (!gpu.name.empty()) record.put("name", gpu.name);
    if (!gpu.egl_file.empty()) record.put("egl_file", gpu.egl_file);
    record.set_prefix({});
}

// Null: it has none.
std::unique_ptr<SlotGpu> to_gpu(RecordReader& record) {
    record.set_prefix(kGpu);
    const auto kind = record.number("kind");
    if (!kind || *kind < 0 || *kind > static_cast<int>(GpuPlacement::Kind::Gpu)) return nullptr;
    auto gpu = std::make_unique<SlotGpu>();
    gpu->placement = {.kind = static_cast<GpuPlacement::Kind>(*kind),
                      .pci = record.text("pci").value_or(""),
                      .uuid = record.text("uuid").value_or(""),
                      .name = record.text("name").value_or(""),
                      .egl_file = record.text("egl_file").value_or("")};
    return gpu;
}

// Null without an error: the record has none of this prefix.
Result<std::unique_ptr<Instance>> to_instance(RecordReader& record, std::string_view prefix,
                                              const LifecyclePolicy& policy) {
    record.set_prefix(prefix);
    const auto incarnation = record.number("incarnation");
    if (!incarnation) return std::unique_ptr<Instance>{};
    auto life = to_life(record);
    if (!life) return life.error();
    auto instance =
        std::make_unique<Instance>(Instance{.incarnation = static_cast<std::uint64_t>(*incarnation),
                                            .launched = EpochTime{record.number_or("launched", 0)},
                                            .life = Lifecycle(policy, std::move(*life))});
    if (auto cause = to_cause(record)) instance->asked = std::make_unique<AskedEnd>(std::move(*cause));
    if (const auto health = record.number("health")) {
        // Its rules come with the adoption.
        instance->health = std::make_unique<ProcessHealth>();
        instance->health->remembered = static_cast<HealthCheck::State>(
            std::clamp<std::int64_t>(*health, 0, static_cast<int>(HealthCheck::State::Unready)));
        instance->health->has_word = record.number_or("word", 0) != 0;
    }
    return instance;
}

// What app_state() wrote.
struct AppState {
    ecosystem::AppConfig config;
    std::optional<ecosystem::AppConfig> before;
    int instance_index = 0;
    std::string unique_id;
};

Result<AppState> to_app(const std::string& text) {
    const Json app = parse_json(text);
    if (!app.is_object() || !app.contains("config") || !app["config"].is_object())
        return Error{ErrorCode::Invalid, "no configuration"};
    auto config = ecosystem::parse_saved(app["config"]);
    if (!config) return config.error();
    std::optional<ecosystem::AppConfig> before;
    if (const auto it = app.find("before"); it != app.end()) {
        auto parsed = ecosystem::parse_saved(*it);
        if (!parsed) return parsed.error();
        before = std::move(*parsed);
    }
    const auto index = app.find("instance_index");
    const auto id = app.find("unique_id");
    return AppState{std::move(*config), std::move(before),
                    index != app.end() && index->is_number_integer() ? index->get<int>() : 0,
                    id != app.end() && id->is_string() ? id->get<std::string>() : ""};
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
std::string incoming_told_state_key(int pm_id) {
    return fmt::format("told/{}/incoming", pm_id);
}
std::string ends_state_key(int pm_id) {
    return fmt::format("ends/{}", pm_id);
}

std::string told_state(const Told& told) {
    return as_text({{"axm_actions", told.axm_actions},
                    {"axm_options", told.axm_options},
                    {"node_version", told.node_version}});
}

Told restore_told(const std::string& text) {
    Told told;
    const Json state = parse_json(text);
    if (!state.is_object()) return told;
    if (state.contains("axm_actions") && state["axm_actions"].is_array())
        for (const Json& action : state["axm_actions"]) add_action(told, action);
    if (state.contains("axm_options") && state["axm_options"].is_object())
        told.axm_options = state["axm_options"];
    if (state.contains("node_version")) set_node_version(told, state["node_version"]);
    return told;
}

std::string app_state(const Slot& slot) {
    std::string text = R"({"config":)";
    append_config(text, slot.config);
    text += R"(,"instance_index":)" + std::to_string(slot.instance_index);
    append_key(text, "unique_id");
    append_json(text, std::string_view(slot.unique_id));
    if (slot.before) {
        append_key(text, "before");
        append_config(text, *slot.before);
    }
    text += '}';
    return text;
}

std::string run_state(const Slot& slot) {
    RecordWriter record;
    put(record, kCurrent, slot.current);
    if (slot.doomed) record.put("doomed", 1);
    if (slot.is_wanted) record.put("wanted", 1);
    if (slot.created_at) record.put("created_at", slot.created_at->since_epoch);
    if (!slot.version.empty()) record.put("version", slot.version);
    if (slot.told && !slot.told->status_text.empty()) record.put("status_text", slot.told->status_text);
    if (slot.cron) record.put("cron_next", slot.cron->next.since_epoch);
    if (slot.gpu) put(record, slot.gpu->placement);
    if (slot.incoming) put(record, kIncoming, *slot.incoming);
    if (slot.outgoing) put(record, kOutgoing, *slot.outgoing);
    if (slot.incoming && slot.reload_cause) {
        record.set_prefix(kReload);
        put(record, *slot.reload_cause);
    }
    return record.take();
}

std::optional<EpochTime> restore_cron(const std::string& run) {
    const auto next = RecordReader(run).number("cron_next");
    return next ? std::optional(EpochTime{*next}) : std::nullopt;
}

Result<Slot> restore_slot(int pm_id, const std::string& app_text, const std::string& run_text,
                          const Settings& settings, const SlotConfig* like) {
    const auto failed = [pm_id](const Error& error) {
        return Error{ErrorCode::Invalid, fmt::format("cannot restore 'app {}': {}", pm_id, error.message)};
    };
    auto app = to_app(app_text);
    if (!app) return failed(app.error());
    RecordReader record(run_text);
    const LifecyclePolicy policy = lifecycle_policy(app->config, settings);
    auto current = to_instance(record, kCurrent, policy);
    auto incoming = to_instance(record, kIncoming, incoming_policy(app->config, settings));
    auto outgoing = to_instance(record, kOutgoing, policy);
    for (const auto* instance : {&current, &incoming, &outgoing})
        if (!*instance) return failed(instance->error());
    if (!*current) return failed({ErrorCode::Invalid, "no state of its process"});
    auto gpu = to_gpu(record);
    record.set_prefix(kReload);
    auto reload_cause = to_cause(record);
    record.set_prefix({});
    // The daemon died before it began, or after it had failed.
    if (!*incoming && app->before) app->config = *std::exchange(app->before, std::nullopt);
    Slot slot;
    slot.pm_id = pm_id;
    slot.current = std::move(**current);
    slot.incoming = std::move(*incoming);
    slot.outgoing = std::move(*outgoing);
    if (slot.incoming && reload_cause)
        slot.reload_cause = std::make_unique<EndCause>(std::move(*reload_cause));
    slot.config = SlotConfig(std::move(app->config), pm_id, {like});
    if (app->before) slot.before = std::make_unique<SlotConfig>(std::move(*app->before), pm_id);
    slot.gpu = std::move(gpu);
    slot.instance_index = app->instance_index;
    slot.unique_id = std::move(app->unique_id);
    if (const auto created = record.number("created_at")) slot.created_at = EpochTime{*created};
    slot.doomed = record.number_or("doomed", 0) != 0;
    slot.is_wanted = record.number_or("wanted", 0) != 0;
    slot.version = record.text("version").value_or("");
    if (auto text = record.text("status_text")) slot.tell().status_text = std::move(*text);
    return slot;
}

}  // namespace kpm::core
